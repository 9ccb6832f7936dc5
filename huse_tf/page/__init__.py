"""A local web page to search a trained run's catalogue on."""
