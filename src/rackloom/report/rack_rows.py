"""Whole racks, predicted against published, as rows of text for a terminal or a page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .numbers import scale_of

if TYPE_CHECKING:
    from ..evaluate import RackRow

HEAD = ("case", "quantity", "predicted (80 % interval)", "published", "error", "within 10 %", "trust, grade, source", "scored", "inputs of the prediction")


def rack_rows_table(rows: Iterable[RackRow]) -> tuple[tuple[str, ...], list[list[str]]]:
    """Head and rows; the inputs of a prediction are counted, not listed."""
    return HEAD, [_cells(row, listed=False) for row in rows]


def rack_rows_markdown(rows: Iterable[RackRow]) -> str:
    """A Markdown table; every input of a prediction is listed with its grade."""
    lines = [f"| {' | '.join(HEAD)} |", f"| {' | '.join('---' for _ in HEAD)} |"]
    lines += [f"| {' | '.join(cell.replace('|', '/') for cell in _cells(row, listed=True))} |" for row in rows]
    return "\n".join(lines)


def _cells(row: RackRow, *, listed: bool) -> list[str]:
    figure = row.published
    published = (
        _quantity(figure.value, row.unit)
        if figure.low is None or figure.high is None or figure.low == figure.high
        else f"{_quantity(figure.low, row.unit)} to {_quantity(figure.high, row.unit)}"
    )
    inputs = ", ".join(row.inputs) if listed else f"{len(row.inputs)}, {sum(name.endswith(' E') for name in row.inputs)} assumed"
    own = row.skipped.startswith("the prediction takes")
    scored = f"no: {row.skipped}" if row.skipped else "yes" + (f"; {row.note}" if row.note and listed else "")
    basis = f", {figure.basis}" if figure.basis else ""
    return [
        row.id, row.quantity, _quantity(row.predicted, row.unit, row.low, row.high), published + basis, "" if own else f"{row.error:+.1%}".replace("%", " %"),
        "" if row.skipped else ("yes" if row.is_close else "no"), ", ".join(word for word in (row.trust, figure.grade, figure.source) if word), scored,
        (inputs if row.inputs else "counts of the design") if not row.skipped.startswith("another") else "as above",
    ]  # fmt: skip


def _quantity(value: float, unit: str, low: float | None = None, high: float | None = None) -> str:
    """Four significant digits in the field's units, with the interval where there is one."""
    factor, word = scale_of(value, unit)
    head = f"{value * factor:.4g} {word}".rstrip()
    return head if low is None or high is None else f"{head} ({low * factor:.4g} to {high * factor:.4g})"
