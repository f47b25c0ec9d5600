"""Measurements as ratios; `python -m benchmarks` prints the tables of docs/benchmarks.md."""
