"""Explanations as terminal text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..figures import GRADES
from ..ledger import Row
from ..program.explaining import Explanation
from .numbers import number_text


def row_text(row: Row) -> str:
    """A ledger row's number with its interval."""
    return number_text(row.value, row.unit, row.low, row.high, name=row.key.rpartition(".")[2])


def source_text(key: str, sources: Mapping[str, Any]) -> str:
    """A source in words; a line of a user's own file stands for itself."""
    found = sources.get(key)
    if not found:
        return key.removeprefix("own:").strip() if key.startswith("own:") else key
    parts = [str(found.get("title") or key), str(found.get("publisher") or ""), str(found.get("date") or ""), str(found.get("url") or "")]
    return "; ".join(part for part in parts if part)


def explain_text(answer: Explanation, sources: Mapping[str, Any]) -> str:
    """Formula by formula down to the sources, as indented lines."""
    lines = []
    for step in answer.steps:
        pad = "  " * step.depth
        row = step.row
        lines.append(f"{pad}{row.key} = {row_text(row)}")
        if step.again:
            lines.append(f"{pad}  (shown above)")
            continue
        if row.formula:
            lines.append(f"{pad}  formula: {row.formula}")
        else:
            mark = f"ASSUMPTION (grade E: {GRADES['E']})" if row.grade == "E" else f"grade {row.grade}: {GRADES.get(row.grade, '')}"
            basis = f", {row.basis}" if row.basis else ""
            announced = ", announced, not yet measured" if row.announced else ""
            lines.append(f"{pad}  source: {'; '.join(source_text(key, sources) for key in row.sources)} [{mark}{basis}{announced}]")
            lines += [f"{pad}  passed over: {other}" for other in row.passed_over]
        if row.note:
            lines.append(f"{pad}  note: {row.note}")
    guessed = len(answer.assumptions)
    lines.append("")
    lines.append(f"Rests on {len(answer.roots)} inputs, {guessed} of them estimates or assumptions; the weakest is grade {answer.weakest}.")
    return "\n".join(lines)
