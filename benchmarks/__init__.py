"""Timings of the program; `python benchmarks/run.py` prints them."""
