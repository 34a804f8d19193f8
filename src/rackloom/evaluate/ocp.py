"""The log of a test program in the OCP Test and Validation output format 2.0: one JSON artifact a line.

Read as a stream: a line at a time, readings of one sensor taken together, so a log of a gigabyte needs no more memory than
one of a page. Artifacts may come in any order within their run. The form that came before 2.0 (`info` and `element`
inside `measurement`, a list in `dutInfo`), in which the sample logs of the specification's repository are written, is read too.

Source: opencomputeproject/ocp-diag-core, json_spec/README.md and json_spec/output/*.json (MIT licence).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from ..errors import Fault, Place
from .results import FaultList, Measurement, Results, Run
from .units import to_unit, unit_of_quantity

MAX_LINE = 4_000_000  # bytes; a longer line is skipped and told
MAX_SENSORS = 50_000  # different quantities of one file; further ones are told, not kept
MAX_TEXT = 120
_CHUNK = 1 << 20
_MEND = "The line is left out; the rest is read."


@dataclass
class _Readings:
    """Readings of one sensor, as they come."""

    line: int  # of the first one
    count: int = 0
    mean: float = 0.0
    low: float = float("inf")
    high: float = float("-inf")

    def add(self, value: float) -> None:
        self.count += 1
        self.mean += (value - self.mean) / self.count
        self.low, self.high = min(self.low, value), max(self.high, value)

    def join(self, other: _Readings) -> None:
        total = self.count + other.count
        self.mean += (other.mean - self.mean) * other.count / total
        self.count, self.line = total, min(self.line, other.line)
        self.low, self.high = min(self.low, other.low), max(self.high, other.high)


_Sensor = tuple[str, str, str, str]  # name, unit, hardware id, subcomponent


@dataclass
class _Series:
    """A series, whose start, elements and end may come in any order."""

    line: int
    readings: _Readings
    sensor: _Sensor | None = None
    came: int = 0
    says: int | None = None  # how many elements its end announces


@dataclass
class _OpenRun:
    name: str = ""
    dut: str = ""
    design: str = ""
    status: str = "no end"
    result: str = ""
    started: bool = False
    touched: bool = False
    last_line: int = 0
    hardware: dict[str, str] = field(default_factory=dict)
    sensors: dict[_Sensor, _Readings] = field(default_factory=dict)
    series: dict[tuple[str, str], _Series] = field(default_factory=dict)  # by step and id: logs before 2.0 use an id again in each step


def read_ocp(path: Path) -> Results:
    """The measurements of a log. Lines that cannot be read are listed, with their number; the rest is read."""
    reader = _Reader(path.name)
    with path.open("rb") as file:
        for number, line in _lines(file):
            reader.read(number, line)
    return reader.finish()


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Lines by number; None for one that is too long, of which no more than a chunk is ever held."""
    number = 0
    while line := file.readline(MAX_LINE + 1):
        number += 1
        if len(line) <= MAX_LINE:
            yield number, line
            continue
        while not line.endswith(b"\n") and (line := file.readline(_CHUNK)):
            pass
        yield number, None


class _Reader:
    """Holds what is open while the lines pass by."""

    def __init__(self, name: str):
        self.name = name
        self.faults = FaultList()
        self.measurements: list[Measurement] = []
        self.runs: list[Run] = []
        self.run = _OpenRun()
        self.version = ""
        self.not_numeric = 0
        self.line = 0
        self.sensors = 0

    # --- lines ----------------------------------------------------------------------------------------------------

    def read(self, number: int, line: bytes | None) -> None:
        """Take one line in; whatever is wrong with it becomes a fault."""
        self.line = number
        if line is None:
            self.fault(f"a line of more than {MAX_LINE:,} bytes")
            return
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        if not line.strip():
            return
        try:
            artifact = json.loads(line, parse_constant=_refuse)
        except UnicodeDecodeError:
            self.fault("not UTF-8 text")
            return
        except RecursionError:
            self.fault("nested too deeply")
            return
        except ValueError as error:  # JSONDecodeError is one; integers of thousands of digits raise another
            reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error).splitlines()[0][:MAX_TEXT]
            self.fault(f"not JSON: {reason}", getattr(error, "colno", 0))
            return
        self.artifact(artifact)

    def fault(self, what: str, column: int = 0, mend: str = _MEND, line: int | None = None) -> None:
        self.faults.add(Fault(what, Place(self.name, self.line if line is None else line, column), mend=mend))

    def artifact(self, artifact: Any) -> None:
        if not isinstance(artifact, dict):
            self.fault("not an artifact: expected a JSON object")
        elif isinstance(artifact.get("schemaVersion"), dict):
            self.schema(artifact["schemaVersion"])
        elif isinstance(artifact.get("testRunArtifact"), dict):
            self.run.touched, self.run.last_line = True, self.line
            self.run_artifact(artifact["testRunArtifact"])
        elif isinstance(artifact.get("testStepArtifact"), dict):
            self.run.touched, self.run.last_line = True, self.line
            self.step_artifact(artifact["testStepArtifact"])
        else:
            self.fault("no artifact of the OCP output format: expected schemaVersion, testRunArtifact or testStepArtifact")

    def schema(self, version: dict[str, Any]) -> None:
        self.version = f"{_text(version.get('major'))}.{_text(version.get('minor'))}"
        if version.get("major") != 2:
            self.fault(f"schema version {self.version}; this reader knows 2.0", mend="It is read as if it were 2.0.")

    # --- runs -----------------------------------------------------------------------------------------------------

    def run_artifact(self, body: dict[str, Any]) -> None:
        start, end = body.get("testRunStart"), body.get("testRunEnd")
        if isinstance(start, dict):
            if self.run.started:
                self.close()
                self.run.touched = True
            self.start(start)
        elif isinstance(end, dict):
            self.run.status, self.run.result = _text(end.get("status")) or "unstated", _text(end.get("result"))

    def start(self, body: dict[str, Any]) -> None:
        run = self.run
        run.started, run.last_line = True, self.line
        run.name = _text(body.get("name"))
        dut = body.get("dutInfo")
        dut = dut[0] if isinstance(dut, list) and dut else dut  # a list before 2.0
        dut = dut if isinstance(dut, dict) else {}
        run.dut = _text(dut.get("name") or dut.get("hostname") or dut.get("dutInfoId"))
        given = _dict(body.get("parameters")) | _dict(dut.get("metadata"))
        run.design = _text(given.get("design") or given.get("generation")) or run.dut
        for item in [*_list(dut.get("hardwareInfos")), *_list(dut.get("hardwareComponents"))]:
            if not isinstance(item, dict) or len(run.hardware) >= MAX_SENSORS:
                continue
            serial = _text(item.get("serialNumber") or _dict(item.get("fruLocation")).get("serialNumber"))
            where = _text(item.get("location"))
            run.hardware[_text(item.get("hardwareInfoId"))] = " ".join(part for part in (_text(item.get("name")), where, serial) if part)

    # --- measurements ---------------------------------------------------------------------------------------------

    def step_artifact(self, body: dict[str, Any]) -> None:
        for key in ("measurement", "measurementSeriesStart", "measurementSeriesElement", "measurementElement", "measurementSeriesEnd"):
            content = body.get(key)
            if content is None:
                continue
            if not isinstance(content, dict):
                self.fault(f"'{key}' is not an object")
            elif key == "measurement":
                self.single(content)
            else:
                self.series(key, content, _text(body.get("testStepId")))

    def single(self, body: dict[str, Any]) -> None:
        sensor = self.sensor(body)
        value = self.number(body["value"] if "value" in body else _dict(body.get("element")).get("value"), sensor[0] if sensor else "")
        if sensor is None or value is None:
            return
        readings = _Readings(self.line)
        readings.add(value)
        self.keep(self.run, sensor, readings)

    def series(self, kind: str, body: dict[str, Any], step: str) -> None:
        name = _text(body.get("measurementSeriesId"))
        if not name:
            self.fault("a measurement series without 'measurementSeriesId'")
            return
        key = (step, name)
        series = self.run.series.get(key)
        if series is not None and series.sensor is not None and kind == "measurementSeriesStart":
            self.join(self.run, self.run.series.pop(key), name)  # the id is used again
            series = None
        if series is None:
            if len(self.run.series) >= MAX_SENSORS:
                self.fault(f"more than {MAX_SENSORS:,} series open at once", mend="This one is left out.")
                return
            series = self.run.series[key] = _Series(self.line, _Readings(self.line))
        if kind == "measurementSeriesStart":
            series.sensor = self.sensor(body)
        elif kind == "measurementSeriesEnd":
            says = body.get("totalCount", body.get("totalMeasurementCount"))
            series.says = says if isinstance(says, int) and not isinstance(says, bool) else None
        else:
            series.came += 1
            value = self.number(body.get("value"), series.sensor[0] if series.sensor else "")
            if value is not None:
                series.readings.add(value)
        if series.sensor is not None and series.says == series.came:
            self.join(self.run, self.run.series.pop(key), name)

    def keep(self, run: _OpenRun, sensor: _Sensor, readings: _Readings) -> None:
        """Add readings to those of the same sensor."""
        if sensor in run.sensors:
            run.sensors[sensor].join(readings)
        elif self.sensors >= MAX_SENSORS:
            self.fault(f"more than {MAX_SENSORS:,} different quantities in one file", mend="Split the file; this one is left out.")
        else:
            self.sensors += 1
            run.sensors[sensor] = readings

    def sensor(self, body: dict[str, Any]) -> _Sensor | None:
        info = body.get("info") if isinstance(body.get("info"), dict) else body
        assert isinstance(info, dict)
        name = _text(info.get("name"))
        if not name:
            self.fault("a measurement without a name")
            return None
        hardware = info.get("hardwareInfoId")
        return name, _text(info.get("unit")), _text(hardware), _text(_dict(info.get("subcomponent")).get("name"))

    def number(self, value: Any, name: str) -> float | None:
        """A finite number, or None: text and truth values are counted, the rest is a fault."""
        if isinstance(value, (str, bool)):
            self.not_numeric += 1
            return None
        try:
            number = float(value)
        except (TypeError, OverflowError):
            self.fault(f"measurement '{name}' without a value that can be read")
            return None
        if not abs(number) < 1e300:
            self.fault(f"measurement '{name}' is not a finite number")
            return None
        return number

    # --- ends -----------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """End the open run: series joined to their sensors, sensors to measurements."""
        run, self.run = self.run, _OpenRun()
        if run.status == "no end":
            self.fault(f"run '{run.name or 'unnamed'}' has no testRunEnd", line=run.last_line, mend="The log may be cut short; what came is read.")
        for (_, name), series in run.series.items():
            self.join(run, series, name)
        number = len(self.runs) + 1
        self.runs.append(Run(run.name, run.dut, run.status, run.result, run.hardware))
        self.measurements += [self.measurement(run, number, sensor, readings) for sensor, readings in run.sensors.items()]

    def join(self, run: _OpenRun, series: _Series, name: str) -> None:
        """End a series: its readings go to the sensor that its start named."""
        if series.sensor is None:
            self.fault(f"measurement series '{name}' has no start that says what it measures", line=series.line, mend="Its elements are left out.")
            return
        if series.says is not None and series.says != series.came:
            self.fault(f"series '{name}' says {series.says} elements, {series.came} came", line=series.line, mend="Those that came are used.")
        if series.readings.count:
            self.keep(run, series.sensor, series.readings)

    def measurement(self, run: _OpenRun, number: int, sensor: _Sensor, readings: _Readings) -> Measurement:
        name, unit, hardware, part = sensor
        under_test = " ".join(word for word in (run.dut, run.hardware.get(hardware, hardware), part) if word)
        label = "-".join(word for word in (Path(self.name).stem, f"run{number}" if number > 1 else "", run.dut, hardware, part) if word)
        values, unit, is_si = _in_si(name, unit, (readings.mean, readings.low, readings.high))
        single = readings.count == 1
        return Measurement(
            label, name, values[0], unit, "test", None if single else values[1], None if single else values[2], readings.count, run.design, under_test,
            f"{run.name or 'test program'} on {under_test or 'an unnamed unit'}", "A", f"{self.name}:{readings.line}", is_si,
        )  # fmt: skip

    def finish(self) -> Results:
        if self.run.touched:
            self.close()
        elif self.line == 0:
            self.faults.add(Fault("the file is empty", Place(self.name), mend="Name a file that holds results."))
        form = f"ocp-{self.version}" if self.version else "ocp, version unstated"
        return Results(self.name, form, tuple(self.measurements), (), tuple(self.runs), tuple(self.faults.kept), self.faults.total, self.not_numeric, self.line)


def _in_si(name: str, unit: str, values: tuple[float, ...]) -> tuple[tuple[float, ...], str, bool]:
    """Values in the unit that the name carries; as they are where it carries none, or one that the file's unit does not fit."""
    into = unit_of_quantity(name)
    if into is None:
        return values, unit, False
    if not unit:
        return values, into, True
    try:
        return tuple(to_unit(value, unit, into) for value in values), into, True
    except ValueError:
        return values, unit, False


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not a JSON number")


def _text(value: Any) -> str:
    return str(value)[:MAX_TEXT] if isinstance(value, (str, int)) and not isinstance(value, bool) else ""


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
