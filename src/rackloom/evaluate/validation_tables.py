"""A validation as Markdown: groups, an error a row for each source, and what was skipped for which reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from .scores import Score, is_inside
from .validation import ValidatedCase, Validation

GROUPS_HEAD = ("group", "rows", "scored", "mean error", "median error", "bias", "rank", "in 80 %", "half width", "open")
ROWS_HEAD = ("id", "measured", "predicted", "80 % interval", "error", "inside", "left open, taken at the best that fits")
WORDS: Mapping[str, str] = {"seconds_per_iteration": "s a step", "tokens_per_s_per_gpu": "tokens/s an accelerator"}


def percent(value: float | None, *, sign: bool = False) -> str:
    """A share as '10.6 %', or '+10.6 %' where its sign matters; '' for None."""
    return "" if value is None else f"{100.0 * value:{'+' if sign else ''}.1f} %"


def digits(value: float) -> str:
    """A figure with four significant digits."""
    return f"{value:,.0f}" if abs(value) >= 1000.0 else f"{value:#.4g}".rstrip(".")


def quantity_words(quantity: str) -> str:
    """A quantity in words, with its unit."""
    return WORDS.get(quantity, quantity)


def group_cells(name: str, score: Score) -> list[str]:
    """One group as cells under GROUPS_HEAD."""
    rank = "" if score.rank_correlation is None else f"{score.rank_correlation:.2f}"
    return [
        name, str(score.rows), str(score.scored), percent(score.mape), percent(score.median_ape), percent(score.bias, sign=True), rank, percent(score.coverage_80),
        percent(score.median_half_width), str(score.open),
    ]  # fmt: skip


def row_cells(case: ValidatedCase) -> list[str]:
    """One row as cells under ROWS_HEAD; of a skipped one, the reason stands where its figures would."""
    found = case.prediction
    if found is None:
        return [case.id, "", "", "", "", "", f"skipped: {case.skipped}"]
    span = f"{digits(found.low)} to {digits(found.high)}"
    inside = "yes" if is_inside(found) else "no"
    return [case.id, digits(found.measured), digits(found.value), span, percent(case.error, sign=True), inside, ", ".join(found.open_settings)]


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; a bar inside a cell is escaped. Raises ValueError for a row that is not as long as the head."""
    lines = [tuple(head), ("---",) * len(head)]
    for row in rows:
        if len(row) != len(head):
            raise ValueError(f"a row of {len(row)} cells under a head of {len(head)}: {row}")
        lines.append(tuple(cell.replace("|", "\\|").replace("\n", " ") for cell in row))
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def groups_table(groups: Mapping[str, Score], *, pairs: bool = False) -> str:
    """The groups with a row each; pairs of groups only where asked for."""
    return markdown_table(GROUPS_HEAD, [group_cells(name, score) for name, score in groups.items() if pairs or "," not in name])


def rows_table(cases: Iterable[ValidatedCase]) -> str:
    """A table of rows for each quantity that they are compared in, its name above it."""
    by_quantity: dict[str, list[ValidatedCase]] = {}
    for case in cases:
        by_quantity.setdefault(case.quantity, []).append(case)
    parts = [f"In {quantity_words(name) or 'no quantity that is known'}:\n\n{markdown_table(ROWS_HEAD, map(row_cells, rows))}" for name, rows in by_quantity.items()]
    return "\n\n".join(parts)


def skipped_table(validation: Validation) -> str:
    """Reasons why rows were skipped, with how many and which."""
    return markdown_table(("reason", "rows", "which"), [(reason, str(len(cases)), ", ".join(case.id for case in cases)) for reason, cases in validation.skipped.items()])


def source_page(validation: Validation, key: str, *, level: int = 2) -> str:
    """One source under a heading of a level: what it is, its score, and an error a row."""
    source, score = validation.sources[key], validation.groups.get(f"source:{key}")
    told = [f"{word}: {source[name]}" for name, word in (("ref", "address"), ("publisher", "publisher"), ("licence", "licence"), ("grade", "grade")) if source.get(name)]
    parts = [f"{'#' * level} {key}", str(source.get("title", key)), *([". ".join(told) + "."] if told else [])]
    parts += [groups_table({f"source:{key}": score})] if score else []
    return "\n\n".join([*parts, rows_table(case for case in validation.cases if case.source == key)])
