"""From bytes to rows: JSON Lines, JSON, CSV and Parquet, one row at a time, each with its line."""
