"""Published data sets, as they lie on disk, to catalogue CSVs; one module a layout."""
