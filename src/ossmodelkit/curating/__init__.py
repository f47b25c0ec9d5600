"""Is this data fit to train on? Formats, personal data, duplicates, contamination, balance."""
