"""What every room stands on: errors, limits, the wire form, shipped data, progress, safe writing."""
