"""Readers of other programs' networks, for benchmarks only."""
