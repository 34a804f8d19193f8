"""Markdown tables, and numbers in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rackloom.report.numbers import scale_of


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; a bar inside a cell is escaped. Raises ValueError for a row that is not as long as the head."""
    lines = [tuple(head), ("---",) * len(head)]
    for row in rows:
        if len(row) != len(head):
            raise ValueError(f"a row of {len(row)} cells under a head of {len(head)}: {row}")
        lines.append(tuple(cell.replace("|", "\\|") for cell in row))
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def percent(value: float | None, *, sign: bool = False) -> str:
    """A share as '10.6 %', or '+10.6 %' where its sign matters; '' for None."""
    return "" if value is None else f"{100.0 * value:{'+' if sign else ''}.1f} %"


def seconds(value: float | None) -> str:
    """A time with four significant digits; '' for None."""
    return "" if value is None else f"{value:#.4g}".rstrip(".")


def quantity(value: float, unit: str, low: float | None = None, high: float | None = None) -> str:
    """A figure with four significant digits in the field's units, with its interval where it has one: '129.8 kW (120.3 to 139.9)'."""
    factor, word = scale_of(value, unit)
    head = f"{value * factor:.4g} {word}".rstrip()
    return head if low is None or high is None else f"{head} ({low * factor:.4g} to {high * factor:.4g})"
