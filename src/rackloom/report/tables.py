"""The tables of a plan: one place from which page, terminal and CSV read them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..figures import GRADES
from .numbers import THIN, field_text, number_text

MARKED = ("C", "D", "E")
Data = Mapping[str, Any]


@dataclass(frozen=True)
class Cell:
    """One cell: its text, the ledger key that opens its story, and the mark of a weak grade."""

    text: str
    key: str = ""
    mark: str = ""

    @property
    def mark_title(self) -> str:
        """What the mark says when it is looked at."""
        return f"rests on grade {self.mark}: {GRADES[self.mark]}" if self.mark else ""


@dataclass(frozen=True)
class Column:
    """A column; numbers stand right."""

    name: str
    right: bool = False


@dataclass(frozen=True)
class Line:
    """A row of cells; `tone` is pass, fail or unknown."""

    cells: tuple[Cell, ...]
    tone: str = ""


@dataclass(frozen=True)
class Table:
    """A table with a title and, where it needs one, a note. A wide one is `turned` on the page: its columns become rows."""

    id: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Line, ...]
    note: str = ""
    turned: bool = False


@dataclass(frozen=True)
class Plot:
    """An inline SVG with its caption."""

    svg: str
    caption: str


@dataclass(frozen=True)
class Section:
    """A stage of the plan as it is read."""

    id: str
    title: str
    lead: str = ""
    tables: tuple[Table, ...] = ()
    plots: tuple[Plot, ...] = ()
    drawings: tuple[tuple[str, str], ...] = ()  # title, text of fixed pitch
    left_out: tuple[str, ...] = ()
    skipped: str = ""


@dataclass
class Book:
    """A plan's ledger rows by key, with the weakest grade under each, worked out once."""

    rows: Mapping[str, Data]
    _weakest: dict[str, str] = field(default_factory=dict)

    def grade(self, key: str) -> str:
        """The weakest grade that a figure rests on."""
        if key not in self._weakest:
            self._weakest[key] = self._walk(key)
        return self._weakest[key]

    def _walk(self, key: str) -> str:
        worst, stack, seen = "A", [key], set()
        while stack:
            name = stack.pop()
            row = self.rows.get(name)
            if row is None or name in seen:
                continue
            seen.add(name)
            worst = max(worst, row.get("grade") or "A")
            stack.extend(row.get("inputs", ()))
        return worst

    def cell(self, key: str, *, name: str = "") -> Cell:
        """A figure of the ledger; '–' where the stage did not write it."""
        row = self.rows.get(key)
        if row is None:
            return Cell("–")
        grade = self.grade(key)
        text = number_text(row["value"], row["unit"], row.get("low"), row.get("high"), name=name or key.rpartition(".")[2])
        return Cell(text, key, grade if grade in MARKED else "")


def columns(*names: str, right: Iterable[int] = ()) -> tuple[Column, ...]:
    """Columns by name; those of numbers by index."""
    numbers = set(right)
    return tuple(Column(name, index in numbers) for index, name in enumerate(names))


def line(*cells: Cell | str, tone: str = "") -> Line:
    """A row; plain text becomes a cell."""
    return Line(tuple(cell if isinstance(cell, Cell) else Cell(str(cell)) for cell in cells), tone)


def value_of(entry: Any) -> float | None:
    """Central value of a number of plan.json."""
    return entry.get("value") if isinstance(entry, Mapping) else entry


def share_text(entry: Any) -> str:
    """A fraction as per cent; two digits are enough for one without an interval, and the last thousandth is said as such."""
    if entry is None or isinstance(entry, (Mapping, str)):
        return "–" if entry is None else field_text("share", entry, "1")
    share = 100.0 * float(entry)
    if 0.0 < abs(share) < 0.1:
        return f"< 0.1{THIN}%"
    return f"{share:.0f}{THIN}%" if abs(share) >= 9.95 or share == 0.0 else f"{share:.1f}".removesuffix(".0") + f"{THIN}%"


def all_sections(data: Data) -> list[Section]:
    """Every stage's section, in the order in which work flows."""
    from .stage_tables import sections

    return sections(data, Book({row["key"]: row for row in data["ledger"]}))


def table_rows(table: Table) -> tuple[list[str], list[list[str]]]:
    """A table as plain text, for CSV and terminal. A lone carriage return becomes a line end: CSV writers quote only the latter."""
    return [column.name for column in table.columns], [[re.sub(r"\r\n?", "\n", cell.text) for cell in row.cells] for row in table.rows]


def note_list(*groups: Sequence[str]) -> tuple[str, ...]:
    """Sentences, each once, in order."""
    return tuple(dict.fromkeys(sentence for group in groups for sentence in group))
