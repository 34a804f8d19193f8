"""A line as data: operations, stations, test cells. Named presets are assumptions of ours and belong to no real company."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from ..catalog import Catalog, data_folder
from ..errors import BadInput, Fault, Unknown, nearest
from ..figures import Figure, read_range
from ..reading import Document, read_yaml
from ..strict import Strict, build

_PREFIX = "line-"
_SETTINGS = {
    "stations": ("stations_count", "1"), "cells": ("cells_count", "1"), "hall_power": ("hall_power_w", "W"), "shift_hours": ("shift_hours_per_week", "h/wk"),
    "test_hours": ("test_hours_per_week", "h/wk"), "uptime": ("uptime_share", "1"), "test_uptime": ("test_uptime_share", "1"), "first_pass": ("first_pass_share", "1"),
    "retest": ("retest_share", "1"), "repair": ("repair_hours", "h"), "cells_per_person": ("cells_per_person_count", "1"),
}  # fmt: skip
Text = str | int | float


class OperationFile(Strict):
    """One operation as a preset writes it."""

    title: str
    stage: Literal["assembly", "test"] = "assembly"
    per: str | list[str] = Field("rack", description="'rack', or items and kinds of the bill of materials whose pieces are counted together")
    time: Text = Field(description="elapsed time of one piece with the crew given: '10 min to 25 min'")
    crew: Annotated[int, Field(ge=0)] = 1
    lots: Annotated[int, Field(gt=0)] = Field(1, description="parts into which the pieces may be divided among stations")
    after: list[str] = Field(default_factory=list)
    note: str = ""


class LineFile(Strict):
    """A preset of a line."""

    title: str
    notes: list[str] = Field(default_factory=list)
    stations: Text
    cells: Text
    hall_power: Text
    shift_hours: Text
    test_hours: Text
    uptime: Text
    test_uptime: Text
    first_pass: Text
    retest: Text
    repair: Text
    cells_per_person: Text
    operations: dict[str, OperationFile]


@dataclass(frozen=True)
class Operation:
    """One operation of a line: `time` is elapsed minutes of one piece with `crew` people."""

    name: str
    title: str
    stage: str  # assembly, test
    per: tuple[str, ...]  # 'rack', or keys of the counts of a rack that are added up
    time: Figure  # [min]
    crew: int
    lots: int
    after: tuple[str, ...]


@dataclass(frozen=True)
class Line:
    """A line: its operations and what they are done with. Shares are of 1."""

    name: str
    title: str
    operations: tuple[Operation, ...]
    stations: Figure  # assembly stations in a row [-]
    cells: Figure  # test cells, one rack each [-]
    hall_power_w: Figure  # power of the test hall for racks [W]
    shift_hours_per_week: Figure  # staffed hours of assembly [h/wk]
    test_hours_per_week: Figure  # hours in which cells run [h/wk]
    uptime: Figure  # share of the staffed hours in which the line moves [-]
    test_uptime: Figure  # share of the hours in which a cell can test [-]
    first_pass: Figure  # share of racks that pass one run of the tests [-]
    retest: Figure  # share of the test hours that a run after a repair takes [-]
    repair: Figure  # hours in the cell for one repair [h]
    cells_per_person: Figure  # cells that one person tends [-]
    notes: tuple[str, ...] = ()


def line_presets() -> list[str]:
    """Names of the presets that ship."""
    return sorted(path.stem.removeprefix(_PREFIX) for path in (data_folder() / "presets").glob(f"{_PREFIX}*.yaml"))


def load_line_preset(
    name: str,
    catalog: Catalog | None = None,
    *,
    stations: int | None = None,
    cells: int | None = None,
    hall_power_w: Figure | None = None,
    shift_hours_per_week: float | None = None,
) -> Line:
    """A preset, with what the user states laid over it.

    Parameters
    ----------
    name : str
        one of `line_presets()`
    catalog : Catalog, optional
        not read by the presets that ship: nobody publishes figures of such a line
    stations, cells : int, optional
    hall_power_w : Figure, optional
        power of the test hall [W]
    shift_hours_per_week : float, optional
        staffed hours of assembly [h/wk]

    Raises Unknown with the nearest name; BadInput for a count or time that cannot be.
    """
    del catalog
    known = line_presets()
    if name not in known:
        raise Unknown("line preset", name, known, mend=f"Presets: {', '.join(known)}.")
    line = read_line(data_folder() / "presets" / f"{_PREFIX}{name}.yaml")
    faults = [Fault(f"{count} {what}", mend="Give 1 or more.") for what, count in (("stations", stations), ("cells", cells)) if count is not None and count < 1]
    if shift_hours_per_week is not None and not 0.0 < shift_hours_per_week <= 168.0:
        faults.append(Fault(f"{shift_hours_per_week:g} staffed hours a week", mend="A week has 168 hours."))
    if hall_power_w is not None and hall_power_w.value <= 0.0:
        faults.append(Fault(f"a test hall of {hall_power_w.value:g} W", mend="Give its power for racks, such as '4 MW'."))
    if faults:
        raise BadInput(faults)
    said: dict[str, Any] = {}
    counted = (("stations", "stations_count", "1", stations), ("cells", "cells_count", "1", cells), ("shift_hours_per_week", "shift_hours_per_week", "h/wk", shift_hours_per_week))
    for field, key, unit, value in counted:
        if value is not None:
            said[field] = Figure(f"program.line.{key}", float(value), unit, "program", "A", low=float(value), high=float(value), note="as the program states it")
    if hall_power_w is not None:
        said["hall_power_w"] = hall_power_w
    return replace(line, **said)


def read_line(path: str | Path) -> Line:
    """A line from its YAML file. Raises BadInput with every fault at its place."""
    path = Path(path)
    document = read_yaml(path, name=path.name)
    raw = build(LineFile, document)
    assert raw is not None  # build raises where no list of faults is given
    name = path.stem.removeprefix(_PREFIX)
    faults: list[Fault] = []
    settings = {key: _figure(f"preset.{_PREFIX}{name}.{suffix}", getattr(raw, key), unit, document, (key,), faults) for key, (suffix, unit) in _SETTINGS.items()}
    operations = [_operation(name, key, operation, document, faults) for key, operation in raw.operations.items()]
    faults += _order_faults(raw, document)
    faults += [
        Fault(f"{key}: a share is above 0 and at most 1", document.place((key,)))
        for key in ("uptime", "test_uptime", "first_pass", "retest")
        if (figure := settings[key]) and not (0.0 < figure.value <= 1.0 or (key == "retest" and figure.value == 0.0))
    ]  # fmt: skip
    for stage in ("assembly", "test"):
        if not any(operation.stage == stage for operation in raw.operations.values()):
            faults.append(Fault(f"a line without an operation of {stage}", document.place(("operations",), key=True), mend=f"Add one with 'stage: {stage}'."))
    if faults:
        raise BadInput(faults)
    renamed = {"hall_power": "hall_power_w", "shift_hours": "shift_hours_per_week", "test_hours": "test_hours_per_week"}
    given: dict[str, Any] = {renamed.get(key, key): figure for key, figure in settings.items()}
    assert set(given) <= {field.name for field in fields(Line)}
    return Line(name=name, title=raw.title, operations=tuple(o for o in operations if o), notes=tuple(raw.notes), **given)


def _operation(line: str, name: str, raw: OperationFile, document: Document, faults: list[Fault]) -> Operation | None:
    figure = _figure(f"preset.{_PREFIX}{line}.{name}_minutes", raw.time, "min", document, ("operations", name, "time"), faults, raw.note)
    per = (raw.per,) if isinstance(raw.per, str) else tuple(raw.per)
    return Operation(name, raw.title, raw.stage, per, figure, raw.crew, raw.lots, tuple(raw.after)) if figure else None


def _order_faults(raw: LineFile, document: Document) -> list[Fault]:
    names = list(raw.operations)
    faults = [
        Fault(f"'{name}' comes after '{before}', which is no operation", document.place(("operations", name, "after")), nearest=nearest(before, names))
        for name, operation in raw.operations.items()
        for before in operation.after
        if before not in raw.operations
    ]
    faults += [
        Fault(f"'{name}' is assembly and comes after '{before}', a test", document.place(("operations", name, "after")), mend="Tests follow assembly.")
        for name, operation in raw.operations.items()
        for before in operation.after
        if operation.stage == "assembly" and before in raw.operations and raw.operations[before].stage == "test"
    ]
    path = _circle({name: operation.after for name, operation in raw.operations.items()})
    if path:
        faults.append(Fault(f"operations wait for each other: {' -> '.join(path)}", document.place(("operations", path[0])), mend="Remove one of these 'after'."))
    return faults


def _circle(after: dict[str, list[str]]) -> list[str]:
    """Operations that wait for each other, first and last the same; [] where there are none."""
    left = dict(after)
    while True:
        free = [name for name, before in left.items() if not any(other in left for other in before)]
        if not free:
            break
        for name in free:
            del left[name]
    path = [next(iter(left))] if left else []
    while path and path.count(path[-1]) < 2:  # every operation that is left waits for one that is left
        path.append(next(other for other in left[path[-1]] if other in left))
    return path[path.index(path[-1]) :][::-1] if path else []


def _figure(key: str, text: Text, unit: str, document: Document, path: tuple[str | int, ...], faults: list[Fault], note: str = "") -> Figure | None:
    try:
        span = read_range(text, unit)
    except ValueError as error:
        faults.append(Fault(f"{path[-1]}: {error}", document.place(path)))
        return None
    if span.low < 0.0:
        faults.append(Fault(f"{path[-1]}: '{text}' is below 0", document.place(path)))
        return None
    return Figure(key, span.middle, unit, "assumption", "E", low=span.low, high=span.high, note=note)
