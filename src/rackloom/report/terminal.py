"""A plan as terminal text: inputs, the answer, a table per stage, what failed, where the report lies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..program import Plan
from ..rack import RackAnswer
from .numbers import number_text
from .rack_sheet import print_sheet
from .tables import Section, Table, all_sections, table_rows

MOST_ROWS = 12
# The first table of each stage, with the columns that a terminal has room for.
SHOWN = {
    "needs-estimates": (0, 1, 2, 3, 4, 5, 6, 8), "racks": (0, 2, 3, 4, 5, 7, 8, 9, 11), "roadmap": (0, 1, 2, 3, 5, 6, 7), "supply": (0, 1, 4, 5, 8, 9, 10), "content": (0, 1, 2, 3, 5),
    "factory": (0, 1, 2, 3, 4, 10, 11), "evaluation": (0, 1, 2, 3, 4, 5), "option": (0, 1),
}  # fmt: skip


def print_plan(plan: Plan, console: Any, folder: Path | None) -> None:
    """Print a plan."""
    data = plan.data
    for label, text in data["program"]["echo"]:
        console.print(f"{label}: {text}", style="dim", markup=False)
    console.print()
    for section in all_sections(data):
        _section(section, console)
    for sentence in data["skipped"].values():
        console.print(f"Skipped. {sentence}", style="dim", markup=False)
    failures = data["answer"]["failures"]
    if failures:
        console.print("\nFails its check, worst first:", style="bold")
        for failure in failures[:MOST_ROWS]:
            detail = f": {failure['detail']}" if failure["detail"] else ""
            console.print(f"  {failure['what']} [{failure['stage']}]{detail}", markup=False)
        if len(failures) > MOST_ROWS:
            console.print(f"  and {len(failures) - MOST_ROWS} more, in the report", style="dim")
    console.print(f"\n{plan.line}", style="bold", markup=False)
    if folder is not None:
        console.print(f"Report: {folder / 'report.html'}", markup=False)


def _section(section: Section, console: Any) -> None:
    if section.lead:
        console.print(section.lead, markup=False)
    for table in section.tables:
        if table.id in SHOWN and table.rows:
            _table(table, SHOWN[table.id], console)


def _table(table: Table, picked: tuple[int, ...], console: Any) -> None:
    from rich import box
    from rich.table import Table as Rich

    names, rows = table_rows(table)
    out = Rich(title=table.title, box=box.SIMPLE_HEAD, title_justify="left", header_style="bold", pad_edge=False)
    for index in picked:
        out.add_column(names[index], justify="right" if table.columns[index].right else "left", overflow="fold")
    for row in rows[:MOST_ROWS]:
        out.add_row(*(row[index].strip() for index in picked))
    console.print(out)
    if len(rows) > MOST_ROWS:
        console.print(f"  {len(rows) - MOST_ROWS} more rows in the report", style="dim")


def print_rack(answer: RackAnswer, console: Any) -> None:
    """Print one rack: figures, the power one-line, the coolant network, then checks worst first."""
    from rich import box
    from rich.table import Table as Rich

    case = "" if answer.case == "normal" else f"; case {answer.case}"
    console.print(f"{answer.title} [{answer.status}; layout {answer.layout}], {answer.accelerators} x {answer.accelerator}{case}", style="bold", markup=False)
    for row in answer.ledger:
        if row.formula and row.key.count(".") == 2 and not row.key.endswith(("_count", "_share", "_ratio")):
            console.print(f"  {row.key.rpartition('.')[2]:<32} {number_text(row.value, row.unit, row.low, row.high):<28} {row.formula}", markup=False, soft_wrap=True)
    for title, lines in (("Power", answer.one_line), ("Coolant", answer.network)):
        if lines:
            console.print(f"{title}: {lines[0]}", style="bold", markup=False, soft_wrap=True, highlight=False)
            for line in lines[1:]:
                console.print(line, markup=False, soft_wrap=True, highlight=False)
    out = Rich(title="Checks, worst first", box=box.SIMPLE_HEAD, title_justify="left", header_style="bold", pad_edge=False)
    columns = (("verdict", "left"), ("check", "left"), ("question", "left"), ("value", "right"), ("limit", "right"), ("margin", "right"), ("missing, or the mend", "left"))
    for name, justify in columns:
        out.add_column(name, justify=justify, overflow="fold")  # type: ignore[arg-type]
    from ..draws import central

    for check in answer.checks:
        value = number_text(central(check.value), check.unit) if check.value is not None else "–"
        limit = number_text(central(check.limit), check.unit) if check.limit is not None else "–"
        margin = "–" if check.margin is None else f"{central(check.margin):+.0%}" if check.unit != "temperature_k" else f"{central(check.margin) * 100:+.0f} K"
        out.add_row(check.verdict, check.id, check.question, value, limit, margin, ", ".join(check.missing) or check.mend)
    console.print(out)
    if len(answer.states) > 1:
        _print_states(answer, console)
    print_sheet(answer, console)
    if answer.unknown:
        console.print(f"Unknown in public: {'; '.join(answer.unknown)}.", markup=False)


def _print_states(answer: RackAnswer, console: Any) -> None:
    """Every state that can be looked at with --case, in a line each."""
    from rich import box
    from rich.table import Table as Rich

    from ..draws import central

    out = Rich(title="Every state (--case)", box=box.SIMPLE_HEAD, title_justify="left", header_style="bold", pad_edge=False)
    for name, justify in (
        ("case", "left"),
        ("borne by design", "left"),
        ("segment", "right"),
        ("lowest tray", "right"),
        ("fullest shelf", "right"),
        ("flow", "right"),
        ("return", "right"),
    ):
        out.add_column(name, justify=justify, overflow="fold")  # type: ignore[arg-type]
    for line in answer.states:
        cells = (
            (line.segment_a, "A"),
            (line.lowest_tray_v, "V"),
            (line.fullest_shelf_share, "1"),
            (line.coolant_flow_m3_per_s, "m3/s"),
            (line.coolant_return_temperature_k, "temperature_k"),
        )
        told = ["–" if value is None else "no supply" if unit in ("A", "V", "1") and not line.trays_fed else number_text(central(value), unit) for value, unit in cells]
        out.add_row(line.name, "yes" if line.planned or line.name == "normal" else "", *told)
    console.print(out)
