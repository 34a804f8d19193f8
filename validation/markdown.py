"""Markdown tables, and numbers in them."""

from __future__ import annotations

from rackloom.evaluate.validation_tables import markdown_table as table
from rackloom.evaluate.validation_tables import percent
from rackloom.report.numbers import scale_of

__all__ = ["percent", "quantity", "table"]


def quantity(value: float, unit: str, low: float | None = None, high: float | None = None) -> str:
    """A figure with four significant digits in the field's units, with its interval where it has one: '129.8 kW (120.3 to 139.9)'."""
    factor, word = scale_of(value, unit)
    head = f"{value * factor:.4g} {word}".rstrip()
    return head if low is None or high is None else f"{head} ({low * factor:.4g} to {high * factor:.4g})"
