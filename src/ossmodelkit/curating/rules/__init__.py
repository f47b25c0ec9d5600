"""What makes training data unfit, one rule a function; `catalog.py` lists them all."""
