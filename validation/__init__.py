"""Predictions held against what others published; `python validation/run.py` writes the tables."""
