"""The trainer on a real card: `python -m gpu_tests` (torch >= 2.11, transformers >= 5.17, peft).

Nothing here runs in CI. Results go to standard output and, as JSON, to `gpu_tests/results.json`.
"""
