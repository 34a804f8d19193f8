"""Parameter counts of the shipped models against published ones."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from validation.markdown import table

HEAD = ("model", "count", "published", "ours", "difference", "source, and what is counted")


def _tool() -> ModuleType:
    """tools/parameter_table.py, which is a script beside the package."""
    path = Path(__file__).resolve().parents[1] / "tools" / "parameter_table.py"
    spec = importlib.util.spec_from_file_location("parameter_table", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def parameter_rows() -> list[dict[str, Any]]:
    """One mapping for each shipped model; cells are None where nobody published a count."""
    return list(_tool().parameter_table())


def _cells(row: Mapping[str, Any], what: str) -> tuple[str, ...]:
    published, ours = row[f"published_{what}"], row[what]
    told = [str(row[f"{what}_source"] or "")]
    if what == "active":
        told.append(row["convention"] + (f", published to {row['active_digit'] / 1e9:g} B" if row["active_digit"] else ""))
    difference = "" if published is None else f"{100.0 * (ours / published - 1.0):+.3f} %".replace("-0.000", "+0.000")
    return row["model"], what, "not listed" if published is None else f"{published:,.0f}", f"{ours:,.0f}", difference, "; ".join(part for part in told if part)


def rows_table(rows: Iterable[Mapping[str, Any]]) -> str:
    """Two lines for a mixture of experts, total and active; one for a dense model."""
    return table(HEAD, [_cells(row, what) for row in rows for what in ("total", "active") if what == "total" or row["convention"] != "dense"])


def page() -> str:
    """The whole of parameters.md."""
    rows = parameter_rows()
    totals = [row for row in rows if row["published_total"] is not None]
    actives = [row for row in rows if row["published_active"] is not None]
    worst = max(totals, key=lambda row: abs(row["total_difference"]))
    exact = sum(row["total"] == row["published_total"] for row in totals)
    within = sum(abs(row["active"] - row["published_active"]) <= max(0.005 * row["published_active"], 0.5 * (row["active_digit"] or 0.0)) for row in actives)
    return "\n\n".join([
        "# Parameters, published and ours",
        "Written by `make validate` from the counts of tests/published/parameters.yaml. Of several published totals the most exact one stands here.",
        rows_table(rows),
        f"Totals: {len(totals)} of {len(rows)} models have a published one; {exact} are equal to the unit, the largest difference is "
        f"{100.0 * abs(worst['total_difference']):.4f} % ({worst['model']}). Active counts: {len(actives)} published, {within} within 0.5 % or half of the last digit published.",
    ]) + "\n"  # fmt: skip
