"""The nouns of evaluation: a measurement, a published case, what a file of results held; and the door that reads one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import BadInput, Fault, nearest

MAX_FAULTS = 200  # kept; the rest is counted

YAML_ENDS = (".yaml", ".yml")
JSON_ENDS = (".jsonl", ".json", ".ndjson", ".ldjson", ".log")


@dataclass(frozen=True)
class Measurement:
    """One measured quantity, or the readings of one sensor taken together (mean, least, greatest).

    `value`, `low` and `high` are in `unit`, which is SI where the quantity's name says its unit, and as the file spells it
    where it does not.
    """

    id: str  # of the case, or of the unit under test
    quantity: str  # as the file names it
    value: float
    unit: str
    kind: str  # "training", "rack", ... or "test" for the log of a test program
    low: float | None = None
    high: float | None = None
    samples: int = 1
    design: str = ""  # the design or generation measured, where the file says
    unit_under_test: str = ""  # name and serial number of the thing measured
    source: str = ""  # in words
    grade: str = "A"
    place: str = ""  # "results.jsonl:14"
    is_si: bool = True  # `unit` is the one that the name carries


@dataclass(frozen=True)
class Case:
    """One published measurement of a whole thing, with what was run: the row as it was written."""

    id: str
    kind: str
    row: Mapping[str, Any] = field(repr=False)
    place: str = ""


@dataclass(frozen=True)
class Run:
    """One run of a test program."""

    name: str
    dut: str  # device under test
    status: str  # as the program said at its end; "no end" when it did not
    result: str
    hardware: Mapping[str, str] = field(default_factory=dict)  # id -> name and serial number


@dataclass(frozen=True)
class Results:
    """What one file held. `faults` are the lines or rows that could not be read; everything else was."""

    file: str
    format: str  # "cases" or "ocp-2.0"
    measurements: tuple[Measurement, ...] = ()
    cases: tuple[Case, ...] = ()
    runs: tuple[Run, ...] = ()
    faults: tuple[Fault, ...] = ()
    faults_in_all: int = 0  # `faults` keeps the first ones
    not_numeric: int = 0  # measurements of text or truth values, which nothing is predicted for
    lines: int = 0


class FaultList:
    """The first faults and how many there were: a broken file of a gigabyte must not fill the memory with complaints."""

    def __init__(self) -> None:
        self.kept: list[Fault] = []
        self.total = 0

    def add(self, fault: Fault) -> None:
        """Note one fault."""
        self.total += 1
        if len(self.kept) < MAX_FAULTS:
            self.kept.append(fault)


def read_results(path: str | Path) -> Results:
    """Read one file of results: our own YAML of published cases, or the JSON lines of an OCP test program.

    What cannot be read is listed by line in `faults`; the rest is read. Memory does not grow with the length of a log.
    Raises BadInput when there is no such file, it cannot be opened, or its YAML cannot be parsed at all.
    """
    from .cases import read_cases  # here, as both readers use the nouns above
    from .ocp import read_ocp

    path = Path(path)
    if path.is_dir():
        raise BadInput(Fault(f"'{path.name}' is a folder", mend="Name a file in it."))
    if not path.is_file():
        near = nearest(path.name, [p.name for p in path.parent.iterdir()]) if path.parent.is_dir() else ""
        raise BadInput(Fault(f"no file '{path.name}'", nearest=near, mend="Correct the name."))
    end = path.suffix.lower()
    try:
        return read_cases(path) if end in YAML_ENDS or (end not in JSON_ENDS and not _looks_like_json(path)) else read_ocp(path)
    except OSError as error:
        raise BadInput(Fault(f"{path.name}: {error.strerror or error}", mend="Make it readable.")) from None


def _looks_like_json(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4096).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")
