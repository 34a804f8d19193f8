"""What a plan leaves on disk: report.html, plan.json, a CSV per table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import BadInput, Fault
from ..program import Plan, write_text
from ..program.save import csv_text
from .pages import page
from .tables import all_sections, table_rows


def write_report(plan: Plan, path: str | Path) -> Path:
    """Write the page of a plan; the file is moved into place when it is whole."""
    target = Path(path)
    write_text(target, page(plan.data))
    return target


def write_plan(plan: Plan, folder: str | Path) -> Path:
    """Write report.html, plan.json and tables/*.csv into a folder. Raises BadInput when it cannot be one."""
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise BadInput(Fault(f"'{folder}' is a file", mend="Give a folder with --out."))
    write_report(plan, folder / "report.html")
    plan.save(folder)
    for name, text in csv_tables(plan.data).items():
        write_text(folder / "tables" / f"{name}.csv", text)
    return folder


def csv_tables(data: Mapping[str, Any]) -> dict[str, str]:
    """Every table of a plan as CSV, and the ledger with plain numbers."""
    out = {table.id: csv_text(*table_rows(table)) for section in all_sections(data) for table in section.tables}
    names = ["key", "value", "unit", "low", "high", "formula", "inputs", "sources", "grade", "basis", "note"]
    rows = [[" ".join(row[name]) if isinstance(row.get(name), list) else row.get(name, "") for name in names] for row in data["ledger"]]
    out["ledger"] = csv_text(names, rows)
    return out
