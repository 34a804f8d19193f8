"""Print the table of parameter counts: model, published, ours, difference; total and active.

Usage: python tools/parameter_table.py [--markdown]
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from rackloom.needs.model import find_model, shipped_models
from rackloom.reading import read_yaml

PUBLISHED = Path(__file__).parents[1] / "tests" / "published" / "parameters.yaml"
HEAD = ("model", "published total", "ours", "difference", "published active", "ours", "difference", "how the active count counts")
COUNTED = {"active_parameters": "head, not embedding", "active_parameters_with_embedding": "head and embedding", "active_parameters_in_layers": "neither head nor embedding"}


def parameter_table() -> list[dict[str, Any]]:
    """One row for each shipped model; where nobody published a count, its cells are None.

    Of several published totals the most exact one stands in the table.
    """
    rows = read_yaml(PUBLISHED).value["rows"]
    out = []
    for name in shipped_models():
        model = find_model(name)
        totals = sorted((row for row in rows if row["model"] == name and row["quantity"] == "parameters"), key=lambda row: row.get("rel", 0.005))
        actives = [row for row in rows if row["model"] == name and row["quantity"] in COUNTED]
        total = totals[0] if totals else None
        active = actives[0] if actives else None
        ours_active = getattr(model, active["quantity"]) if active else model.active_parameters
        out.append({
            "model": name, "published_total": total and total["expected"], "total": model.parameters, "total_source": total and total["source"],
            "total_difference": total and model.parameters / total["expected"] - 1.0, "published_active": active and active["expected"], "active": ours_active,
            "active_difference": active and ours_active / active["expected"] - 1.0, "active_source": active and active["source"],
            "active_digit": active and active.get("digit"), "convention": COUNTED[active["quantity"]] if active else ("dense" if not model.is_moe else ""),
        })  # fmt: skip
    return out


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    def count(value: float | None) -> str:
        return "not listed" if value is None else f"{value / 1e9:.3f} B"

    def difference(value: float | None) -> str:
        return "" if value is None else f"{100.0 * value:+.3f} %"

    return (
        row["model"], count(row["published_total"]), count(row["total"]), difference(row["total_difference"]),
        "" if row["convention"] == "dense" else count(row["published_active"]), "" if row["convention"] == "dense" else count(row["active"]), difference(row["active_difference"]),
        row["convention"] + (f", published to {row['active_digit'] / 1e9:g} B" if row["active_digit"] else ""),
    )  # fmt: skip


def main(arguments: list[str]) -> None:
    rows = [HEAD, *(_cells(row) for row in parameter_table())]
    if "--markdown" in arguments:
        rows.insert(1, ("---",) * len(HEAD))
        print("\n".join("| " + " | ".join(row) + " |" for row in rows))
        return
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    for row in rows:
        print("  ".join(cell.ljust(width) if column in (0, 7) else cell.rjust(width) for column, (cell, width) in enumerate(zip(row, widths, strict=True))).rstrip())


if __name__ == "__main__":
    main(sys.argv[1:])
