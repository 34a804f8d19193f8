"""Rackloom."""
