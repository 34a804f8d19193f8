"""The build sheet, the cables and a comparison of racks as tables: for the terminal, and as files."""

from __future__ import annotations

import csv
import io
from typing import Any

from ..draws import central, interval
from ..rack import BuildSheet, Comparison, RackAnswer, Reliability
from .numbers import number_text

Rows = list[list[str]]


def build_rows(sheet: BuildSheet) -> Rows:
    """Operations with pieces, person-hours and connections by hand."""
    return [[one.title, str(one.count), _hours(one.hours), str(one.by_hand or "")] for one in sheet.operations]


def build_lines(sheet: BuildSheet) -> list[str]:
    """What the sheet adds up to, in sentences."""
    suppliers = "suppliers not known: name offers with --offers"
    if sheet.suppliers is not None and sheet.single_source is not None and sheet.us_parts is not None:
        single = (
            f", {len(sheet.single_source)} of a single source ({', '.join(sheet.single_source[:4])}{', ...' if len(sheet.single_source) > 4 else ''})"
            if sheet.single_source
            else ""
        )
        missing = f", {len(sheet.no_source)} that nobody offers ({', '.join(sheet.no_source[:4])})" if sheet.no_source else ""
        suppliers = f"{sheet.suppliers} suppliers{single}, {sheet.us_parts} parts with a US source{missing}"
    flow = f", {number_text(central(sheet.test_flow_m3_per_s), 'm3/s')} of coolant" if sheet.test_flow_m3_per_s is not None else ""
    lines = [
        f"{_hours(sheet.assembly_hours)} person-hours from tested trays; {sheet.hand_connections} connections by hand, {sheet.blind_connections} by sliding in; {sheet.cables_by_hand} cables laid one by one",
        f"{sheet.unique_parts} unique parts, {sheet.pieces} pieces; {suppliers}",
        f"test: {_hours(sheet.test_hours)} h in a cell at {number_text(central(sheet.test_power_w), 'W')}{flow}",
    ]
    if sheet.tray_hours is not None:
        lines.append(f"trays: {_hours(sheet.tray_hours)} person-hours to assemble them, as stated; not in the above")
    lines.append(f"all times rest on {len(sheet.assumed)} assumptions of grade E (`rackloom catalog show build-times`)")
    return lines


def cable_rows(answer: RackAnswer) -> Rows:
    """A line of cables each: medium, count, ends, length."""
    rows = []
    for line in answer.cables:
        length = "in one piece" if not line.laid else ("at least " if line.at_least else "") + (f"{central(line.length_m):.2f} m" if line.length_m is not None else "–")
        total = f"{central(line.total_m):.1f} m" if line.total_m is not None else "–"
        rows.append([line.name, line.medium, str(line.count), f"{line.source or 'not stated'} to {line.target or 'not stated'}", length, total, "; ".join(line.at_least)])
    return rows


def change_rows(found: Comparison) -> Rows:
    """Figures that differ, with what the second rack saves or costs."""
    rows = []
    for change in found.changes:
        if change.before is None and change.after is None:
            continue
        moved = "–" if change.change is None else _moved(change.change, change.unit)
        rows.append([change.title, _value(change.before, change.unit), _value(change.after, change.unit), moved])
    return rows


def files_of(answer: RackAnswer) -> dict[str, str]:
    """Tables as CSV, by file name."""
    assert answer.build is not None
    runs = [["line", "number", "medium", "from", "to", "length_m", "order_m", "at_least"]]
    runs += [[r.line, str(r.number), r.medium, r.source, r.target, f"{r.length_m:.3f}", f"{r.order_m:.3f}", "yes" if r.at_least else ""] for r in answer.cable_runs]
    cuts = [["medium", "order_m", "count", "at_least", "lines"]]
    cuts += [[c.medium, f"{c.order_m:.3f}", str(c.count), "yes" if c.at_least else "", " ".join(c.lines)] for c in answer.cut_list]
    build = [["operation", "title", "count", "person_hours", "low", "high", "by_hand"]]
    for one in answer.build.operations:
        low, high = interval(one.hours) or (central(one.hours), central(one.hours))
        build.append([one.name, one.title, str(one.count), f"{central(one.hours):.3f}", f"{low:.3f}", f"{high:.3f}", str(one.by_hand)])
    return {"cables.csv": _csv(runs), "cut-list.csv": _csv(cuts), "build.csv": _csv(build)}


def print_sheet(answer: RackAnswer, console: Any) -> None:
    """Cables and build sheet on a terminal."""
    if answer.cables:
        _print(
            "Cables",
            (("line", "left"), ("medium", "left"), ("count", "right"), ("ends", "left"), ("longest", "right"), ("together", "right"), ("not known", "left")),
            cable_rows(answer),
            console,
        )
    if answer.build is not None:
        _print(
            "Build sheet, from tested trays",
            (("operation", "left"), ("pieces", "right"), ("person-hours (80 %)", "right"), ("by hand", "right")),
            build_rows(answer.build),
            console,
        )
        for line in build_lines(answer.build):
            console.print(f"  {line}", markup=False, soft_wrap=True, highlight=False)
    if answer.reliability is not None:
        console.print("Reliability", style="bold")
        for line in reliability_lines(answer.reliability):
            console.print(f"  {line}", markup=False, soft_wrap=True, highlight=False)


def reliability_lines(stops: Reliability) -> list[str]:
    """How often the rack stops, in sentences."""
    short = f", without {', '.join(stops.missing)}" if stops.missing else ""
    lines = [f"at least {number_text(central(stops.failures_per_year), '1/yr')} of parts with a published rate{short}"]
    lines += [
        f"a job of {job.racks:,} such racks is interrupted every {job.between_hours:.3g} h ({job.low_hours:.3g}–{job.high_hours:.3g}), at the rate of the Llama 3 run's counts"
        for job in stops.jobs
    ]
    if stops.availability_share is not None:
        lines.append(f"available {central(stops.availability_share):.2%} of the time, any failed part stopping it")
    if stops.useful_share is not None:
        lines.append(f"{central(stops.useful_share):.1%} of a job's time is useful, checkpoints at their best interval")
    for spare in stops.spares:
        have = "" if spare.stock_count is None else f", {spare.stock_count} on site"
        lines.append(f"spares of {spare.part}: {central(spare.demand_count):.2g} asked for while one is on order, {central(spare.needed_count):.0f} needed{have}")
    return lines


def print_against(found: Comparison, console: Any) -> None:
    """What a change saves or costs."""
    columns = (("figure", "left"), (found.before, "right"), (found.after, "right"), ("change (80 %)", "right"))
    _print(f"{found.after} against {found.before}", columns, change_rows(found), console)
    if found.operations:
        rows = [[one.title, _value(one.before, "h"), _value(one.after, "h"), _moved(one.change, "h") if one.change is not None else "–"] for one in found.operations]
        _print("Operations that differ, person-hours", (("operation: pieces", "left"), *columns[1:]), rows, console)
    if found.verdicts:
        _print(
            "Checks with another verdict",
            (("check", "left"), (found.before, "left"), (found.after, "left")),
            [[name, one or "–", other or "–"] for name, one, other in found.verdicts],
            console,
        )
    if found.parts:
        _print(
            "Parts that differ, pieces",
            (("part", "left"), (found.before, "right"), (found.after, "right")),
            [[name, str(one), str(other)] for name, one, other in found.parts],
            console,
        )


def _print(title: str, columns: tuple[tuple[str, str], ...], rows: Rows, console: Any) -> None:
    from rich import box
    from rich.table import Table as Rich

    out = Rich(title=title, box=box.SIMPLE_HEAD, title_justify="left", header_style="bold", pad_edge=False)
    for name, justify in columns:
        out.add_column(name, justify=justify, overflow="fold")  # type: ignore[arg-type]
    for row in rows:
        out.add_row(*row)
    console.print(out, markup=False)


def _csv(rows: Rows) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(rows)
    return stream.getvalue()


def _hours(value: Any) -> str:
    ends = interval(value)
    middle = central(value)
    return f"{middle:.1f} ({ends[0]:.1f}–{ends[1]:.1f})" if ends else f"{middle:.1f}"


def _value(value: Any, unit: str) -> str:
    if value is None:
        return "–"
    return f"{central(value):,.0f}" if unit == "1" else number_text(central(value), unit)


def _moved(value: Any, unit: str) -> str:
    middle, ends = central(value), interval(value)
    if abs(middle) < 1e-12 and (ends is None or max(abs(ends[0]), abs(ends[1])) < 1e-12):
        return "same"
    told = f"{middle:+,.0f}" if unit == "1" else ("+" if middle > 0 else "−" if middle < 0 else "") + number_text(abs(middle), unit)
    return (
        told
        if ends is None or unit == "1" or ends[1] - ends[0] < 1e-9
        else f"{told} ({'+' if ends[0] > 0 else ''}{ends[0]:.3g} to {'+' if ends[1] > 0 else ''}{ends[1]:.3g})"
        if unit == "h"
        else told
    )
