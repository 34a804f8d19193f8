"""The ledger: every figure of a plan with its formula, inputs and sources.

A stage writes down what it takes (`take`: a figure from the catalogue or the program) and what it computes (`put`).
`explain`, `diff`, tooltips, filters for a party and the share that rests on assumptions all read these rows; nobody
rebuilds a derivation elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .draws import Draws, Number, central, interval, shown
from .figures import GRADES, Figure


@dataclass(frozen=True)
class Row:
    """One line of the ledger. A row without formula is an input; its sources say where it was read."""

    key: str
    value: float
    unit: str
    low: float | None = None  # 80 % interval
    high: float | None = None
    formula: str = ""  # what was computed, in words or symbols, with its document where it has one
    inputs: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    grade: str = ""
    basis: str = ""
    note: str = ""
    announced: bool = False
    passed_over: tuple[str, ...] = ()  # conflicting figures that were not picked, as text


class Ledger:
    """Rows by key, in the order in which they were written."""

    def __init__(self, draws: Draws | None = None):
        self.draws = draws
        self._rows: dict[str, Row] = {}
        self._values: dict[str, Number] = {}

    def take(self, figure: Figure) -> Number:
        """Write down an input and return its number: a float, or central value and draws."""
        if figure.key not in self._rows:
            self._values[figure.key] = self._number(figure)
            ends = interval(self._values[figure.key]) or (None, None)
            others = tuple(f"{o.value:.6g} {o.unit} ({o.source}, grade {o.grade}{', ' + o.basis if o.basis else ''})" for o in figure.others)
            note = "; ".join(part for part in (figure.note, figure.rule if others else "") if part)
            self._rows[figure.key] = Row(
                figure.key, figure.value, figure.unit, *_spread(ends), sources=(figure.source,), grade=figure.grade, basis=figure.basis, note=note,
                announced=figure.announced, passed_over=others,
            )  # fmt: skip
        return self._values[figure.key]

    def _number(self, figure: Figure) -> Number:
        return self.draws.of(figure) if self.draws else figure.value

    def put(self, key: str, value: Number, unit: str, formula: str, inputs: Iterable[str] = (), *, note: str = "", basis: str = "") -> Number:
        """Write down a computed figure and return it. `inputs` are keys of rows it was computed from."""
        if not formula:
            raise ValueError(f"{key}: a computed figure names its formula")
        ends = interval(value) or (None, None)
        middle = shown(value)
        if middle != central(value):
            note = "; ".join(part for part in (note, f"median of the draws; central inputs give {central(value):.4g}") if part)
        self._rows[key] = Row(key, middle, unit, *_spread(ends), formula=formula, inputs=tuple(dict.fromkeys(inputs)), note=note, basis=basis)
        self._values[key] = value
        return value

    def add(self, other: Ledger) -> None:
        """Take over another ledger's rows; a row that is already here stays."""
        for key, row in other._rows.items():
            self._rows.setdefault(key, row)
            self._values.setdefault(key, other._values.get(key, row.value))

    def value(self, key: str) -> Number:
        """The number behind a row, with its draws."""
        return self._values[key]

    def row(self, key: str) -> Row | None:
        """A row, or None where the key is not written."""
        return self._rows.get(key)

    def __getitem__(self, key: str) -> Row:
        return self._rows[key]

    def __contains__(self, key: object) -> bool:
        return key in self._rows

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows.values())

    def __len__(self) -> int:
        return len(self._rows)

    def keys(self) -> list[str]:
        """All keys, in writing order."""
        return list(self._rows)

    def roots_of(self, key: str) -> list[Row]:
        """The inputs that a figure rests on in the end, each once, in order of first use."""
        found: dict[str, Row] = {}
        seen: set[str] = set()
        stack = [key]
        while stack:
            name = stack.pop()
            if name in seen or name not in self._rows:
                continue
            seen.add(name)
            row = self._rows[name]
            if not row.formula:
                found[name] = row
            stack.extend(reversed(row.inputs))
        return list(found.values())

    def dangling(self) -> list[str]:
        """Input keys that no row answers to: a hole in a derivation."""
        return sorted({name for row in self for name in row.inputs if name not in self._rows})

    @classmethod
    def from_rows(cls, rows: Iterable[Row]) -> Ledger:
        """A ledger read back from a saved plan; it has central values only."""
        out = cls()
        for row in rows:
            out._rows[row.key] = row
            out._values[row.key] = row.value
        return out


def _spread(ends: tuple[float | None, float | None]) -> tuple[float | None, float | None]:
    low, high = ends
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return None, None
    return low, high


def weakest_grade(rows: Iterable[Row]) -> str:
    """The lowest grade among input rows; 'A' when there is none."""
    order = list(GRADES)
    return max((row.grade for row in rows if row.grade), key=order.index, default="A")


class Numbers(Ledger):
    """A ledger that hands out numbers and writes no rows, for what is only tried."""

    def take(self, figure: Figure) -> Number:
        """The figure's number: a float, or central value and draws."""
        if figure.key not in self._values:
            self._values[figure.key] = self._number(figure)
        return self._values[figure.key]
