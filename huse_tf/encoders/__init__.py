"""From pictures and strings to features: one encoder a modality."""
