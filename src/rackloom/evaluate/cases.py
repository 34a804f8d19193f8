"""Published measurements in our own form: a YAML mapping with a list of `cases`.

    cases:
    - {id: NAME, kind: rack, design: gb200-nvl72, measured: {power_load_w: "120 kW"}, source: {title: ..., url: ...}, grade: B}
    - {id: NAME, kind: training, model: ..., system: ..., measured: {step_s: 19.3}, source: ..., grade: B}

A measured value is text with its unit, a range ("132 to 140 kW"), or a bare number in the unit that its name carries.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import Fault
from ..figures import GRADES, Range, read_range
from ..reading import Document, read_yaml
from .results import Case, FaultList, Measurement, Results
from .units import is_safe_text, unit_of_quantity

WANTED = ("id", "kind", "measured", "source", "grade")


def read_cases(path: Path) -> Results:
    """The cases of a YAML file. Faulty rows and values are listed; the rest is read. Raises BadInput for what is no YAML mapping."""
    document = read_yaml(path)
    faults = FaultList()
    rows = document.value.get("cases")
    if not isinstance(rows, list):
        faults.add(Fault("the file has no list of 'cases'", document.place(()), mend="Write 'cases:' and under it a list of mappings."))
        rows = []
    elif not rows:
        faults.add(Fault("'cases' is empty", document.place(("cases",)), mend="Add a case, or remove the file."))
    cases: list[Case] = []
    measurements: list[Measurement] = []
    seen: set[str] = set()
    for index, row in enumerate(rows):
        found = _case(document, index, row, seen, faults)
        if found is not None:
            seen.add(found.id)
            cases.append(found)
            measurements += _measured(document, index, found, faults)
    return Results(path.name, "cases", tuple(measurements), tuple(cases), (), tuple(faults.kept), faults.total, 0, len(document.lines))


def _case(document: Document, index: int, row: Any, seen: set[str], faults: FaultList) -> Case | None:
    at = ("cases", index)
    if not isinstance(row, dict):
        faults.add(Fault("a case that is not a mapping", document.place(at), mend="Write '- {id: ..., kind: ..., measured: {...}, source: ..., grade: ...}'."))
        return None
    missing = [key for key in WANTED if row.get(key) in (None, "", {}, [])]
    if missing:
        faults.add(
            Fault(f"case '{row.get('id', index)}' does not say {', '.join(missing)}", document.place(at), mend="Every measurement carries what was run, its source and its grade.")
        )
        return None
    problems = [f"its id '{row['id']}' is given twice"] if str(row["id"]) in seen else []
    problems += [f"grade '{row['grade']}' is not on the ladder {', '.join(GRADES)}"] if row["grade"] not in GRADES else []
    problems += ["'measured' is not a mapping"] if not isinstance(row["measured"], dict) else []
    for problem in problems:
        faults.add(Fault(f"case '{row['id']}': {problem}", document.place(at), mend="Correct it; the case is left out."))
    return None if problems else Case(str(row["id"]), str(row["kind"]), row, document.where(at))


def _measured(document: Document, index: int, case: Case, faults: FaultList) -> list[Measurement]:
    out = []
    for name, written in case.row["measured"].items():
        at = ("cases", index, "measured", name)
        unit = unit_of_quantity(name)
        if unit is None:
            faults.add(Fault(f"case '{case.id}': '{name}' does not say its unit", document.place(at, key=True), mend="End the name in its unit, such as power_load_w or step_s."))
            continue
        try:
            span = _span(written, unit)
        except ValueError as error:
            faults.add(Fault(f"case '{case.id}': {name}: {error}", document.place(at)))
            continue
        low, high = (None, None) if span.low == span.high else (span.low, span.high)
        design = str(case.row.get("design") or case.row.get("system") or "")
        out.append(Measurement(case.id, name, span.middle, unit, case.kind, low, high, 1, design, "", _source(case.row["source"]), case.row["grade"], document.where(at)))
    return out


def _span(written: object, unit: str) -> Range:
    """A measured value: a number in `unit`, or text with a unit of its own."""
    if isinstance(written, (int, float)) and not isinstance(written, bool):
        value = float(written)
        span = Range(value, value)
    elif isinstance(written, str) and is_safe_text(written):
        span = read_range(written, unit)
    else:
        raise ValueError(f"'{str(written)[:40]}' is not a quantity in {unit}, such as '120 kW' or a bare number in {unit}")
    if not all(abs(x) < 1e300 for x in (span.low, span.high)):  # false for nan and infinity, too
        raise ValueError(f"'{str(written)[:40]}' is not a finite number")
    return span


def _source(source: object) -> str:
    if isinstance(source, dict):
        parts = [str(source[key]) for key in ("title", "publisher", "date", "url", "ref", "where") if source.get(key)]
        return ", ".join(parts) or ", ".join(f"{key} {value}" for key, value in source.items())
    return str(source)
