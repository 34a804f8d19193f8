"""Whole racks: what is computed of a design against what was published of it.

    cases:
    - {id: vr-flow, kind: rack, design: vr-nvl72, trust: medium, measured: {coolant_flow_m3_per_s: "250 L/min"}, at: {coolant.supply: 40 C},
       source: {title: ..., url: ...}, grade: B}
    - {id: gb200-load, kind: rack, design: gb200-nvl72, trust: high, measured: {power_load_w: observed-gb200-nvl72.load_rack_power_w}}

A measured value is text with its unit, a range, or a figure of the catalogue by name, which brings source and grade. `at` sets words
of the rack file for the case. A row is scored unless the prediction takes the published figure as an input, the row's trust is low,
or the case says why not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..catalog import Catalog, draws_from
from ..draws import Draws
from ..errors import BadInput, Fault, nearest
from ..figures import GRADES, Figure, from_range, read_range
from ..ledger import Row
from ..rack import RackAnswer, describe_rack, design_with
from ..reading import Document, read_yaml
from .units import unit_of_quantity

KIND = "rack"
ALLOWED = 0.1  # of the published value, or anywhere in a published range
TRUST = ("high", "medium", "low")
OWN = "the prediction takes this figure as its input"
SAME = "another figure for the quantity above"
LOW_TRUST = "trust of the row is low"
_REFERENCE = re.compile(r"^[a-z][a-z0-9-]*\.[a-z][a-z0-9_]*$")
_KEYS = ("id", "kind", "design", "measured", "at", "source", "grade", "trust", "note", "not_scored")


@dataclass(frozen=True)
class RackRow:
    """One published figure with the prediction of it, both in `unit`. `skipped` says why it is not scored; '' where it is."""

    id: str
    design: str
    quantity: str
    unit: str
    predicted: float
    low: float | None  # 80 % interval
    high: float | None
    published: Figure
    inputs: tuple[str, ...]  # keys with grades, of all that the prediction rests on
    trust: str = ""
    skipped: str = ""
    note: str = ""

    @property
    def error(self) -> float:
        """Predicted over published, less 1; of a published range the middle counts."""
        return self.predicted / self.published.value - 1.0

    @property
    def is_count(self) -> bool:
        """Pieces that a bill adds up to."""
        return self.quantity.endswith("_count")

    @property
    def is_close(self) -> bool:
        """Within 10 % of what was published, or inside the published range."""
        low, high = (self.published.value if end is None else end for end in (self.published.low, self.published.high))
        return low <= self.predicted <= high or abs(self.error) <= ALLOWED

    @property
    def inside(self) -> bool | None:
        """The interval holds the published value, or meets the published range; None without an interval."""
        if self.low is None or self.high is None:
            return None
        low, high = (self.published.value if end is None else end for end in (self.published.low, self.published.high))
        return self.low <= high and low <= self.high


@dataclass(frozen=True)
class RackValidation:
    """All rows, in order."""

    rows: tuple[RackRow, ...]

    @property
    def scored(self) -> tuple[RackRow, ...]:
        """Rows that test the prediction: figures, and counts apart, which would flatter them."""
        return tuple(row for row in self.rows if not row.skipped and not row.is_count)

    @property
    def counts(self) -> tuple[RackRow, ...]:
        """Rows of what the bill of materials adds up to."""
        return tuple(row for row in self.rows if not row.skipped and row.is_count)


@dataclass(frozen=True)
class _Case:
    id: str
    design: str
    quantity: str
    figures: tuple[Figure, ...]  # the one that counts first
    at: tuple[str, ...] = ()
    trust: str = ""
    skipped: str = ""
    note: str = ""
    place: str = field(default="", compare=False)


def is_rack_cases(document: Document) -> bool:
    """Whether a file holds cases, all of racks."""
    rows = document.value.get("cases")
    return isinstance(rows, list) and bool(rows) and all(isinstance(row, dict) and row.get("kind") == KIND for row in rows)


def validate_racks(paths: Iterable[str | Path | Document], *, catalog: Catalog, seed: int = 1) -> RackValidation:
    """Predict every published figure of whole racks in some files.

    Raises BadInput with every fault of the files at once.
    """
    faults: list[Fault] = []
    cases: list[_Case] = []
    for path in paths:
        document = path if isinstance(path, Document) else read_yaml(path)
        rows = document.value.get("cases")
        for index, row in enumerate(rows if isinstance(rows, list) else []):
            cases += _read(document, index, row, catalog, faults)
    if faults:
        raise BadInput(faults)
    draws = draws_from(catalog, seed=seed)
    answers: dict[tuple[str, tuple[str, ...]], RackAnswer] = {}
    found: list[RackRow] = []
    for case in cases:
        found += _predicted(case, answers, catalog, draws)
    return RackValidation(tuple(found))


def _read(document: Document, index: int, row: Any, catalog: Catalog, faults: list[Fault]) -> list[_Case]:
    at: tuple[str | int, ...] = ("cases", index)
    if not isinstance(row, dict) or row.get("kind") != KIND:
        faults.append(
            Fault(
                "not a case of kind rack",
                document.place(at),
                mend="Write '- {id: ..., kind: rack, design: ..., measured: {power_load_w: 120 kW}, source: {title: ...}, grade: B}'.",
            )
        )
        return []
    for key in row:
        if key not in _KEYS:
            faults.append(Fault(f"unknown key '{key}'", document.place((*at, key), key=True), nearest=nearest(key, _KEYS), mend=f"Keys: {', '.join(_KEYS)}."))
    measured = row.get("measured")
    if not isinstance(measured, dict) or not measured or not row.get("design"):
        faults.append(Fault(f"case '{row.get('id', index)}' names no design, or measures nothing", document.place(at), mend="Say 'design:' and 'measured:'."))
        return []
    trust = str(row.get("trust") or "")
    if trust and trust not in TRUST:
        faults.append(Fault(f"trust: '{trust}'", document.place((*at, "trust")), nearest=nearest(trust, TRUST), mend=f"One of {', '.join(TRUST)}."))
    settings = tuple(f"{key}={value}" for key, value in (row.get("at") or {}).items())
    out = []
    for quantity, written in measured.items():
        figures = _figures(document, (*at, "measured", quantity), row, str(quantity), written, catalog, faults)
        skipped = str(row.get("not_scored") or "") or (LOW_TRUST if trust == "low" else "")
        if figures:
            out.append(_Case(str(row.get("id") or index), str(row["design"]), str(quantity), figures, settings, trust, skipped, str(row.get("note") or ""), document.where(at)))
    return out


def _figures(document: Document, at: tuple[str | int, ...], row: Mapping[str, Any], quantity: str, written: Any, catalog: Catalog, faults: list[Fault]) -> tuple[Figure, ...]:
    """The published value, and others for the same quantity where the catalogue knows some."""
    if isinstance(written, str) and _REFERENCE.match(written):
        item, _, name = written.partition(".")
        figure = catalog.items[item].get(name) if item in catalog.items else None
        if figure is None:
            faults.append(
                Fault(f"no figure '{written}' in the catalogue", document.place(at), nearest=nearest(item, catalog.items), mend="`rackloom catalog show ITEM` lists figures.")
            )
            return ()
        return (figure, *figure.others)
    unit = unit_of_quantity(quantity)
    grade, source = row.get("grade"), row.get("source")
    if unit is None or grade not in GRADES or not source:
        what = f"'{quantity}' does not say its unit" if unit is None else "a measured value without source, or without a grade of the ladder"
        faults.append(Fault(what, document.place(at), mend=f"End the name in its unit, such as power_load_w; say 'source: {{title: ...}}' and 'grade:' ({', '.join(GRADES)})."))
        return ()
    try:
        span = read_range(written, unit)
    except ValueError as error:
        faults.append(Fault(f"{quantity}: {error}", document.place(at)))
        return ()
    title = str(source.get("title") or source.get("url") or source) if isinstance(source, dict) else str(source)
    return (from_range(f"case.{row.get('id')}.{quantity}", span, unit, source=title, grade=str(grade)),)


def _predicted(case: _Case, answers: dict[tuple[str, tuple[str, ...]], RackAnswer], catalog: Catalog, draws: Draws) -> list[RackRow]:
    setting = (case.design, case.at)
    if setting not in answers:
        answers[setting] = describe_rack(design_with(case.design, case.at, catalog=catalog), name=Path(case.design).stem, draws=draws)
    answer = answers[setting]
    ledger, key = answer.ledger, f"designs.{answer.name}.{case.quantity}"
    own = ledger.row(key)
    if own is None:
        known = [row.key.removeprefix(f"designs.{answer.name}.") for row in ledger if row.key.startswith(f"designs.{answer.name}.") and ".checks." not in row.key]
        raise BadInput(Fault(f"{case.place}: {case.design} has no figure '{case.quantity}'", nearest=nearest(case.quantity, known), mend=f"Figures: {', '.join(known[:40])}."))
    roots = ledger.roots_of(key)
    inputs = tuple(f"{row.key.removeprefix('catalog.')} {row.grade}" for row in roots)
    reason = case.skipped or (OWN if _is_among(case.figures[0], roots) else "")
    return [
        RackRow(case.id, answer.name, case.quantity, own.unit, own.value, own.low, own.high, figure, inputs, case.trust, reason if rank == 0 else reason or SAME, case.note)
        for rank, figure in enumerate(case.figures)
    ]  # fmt: skip


def _is_among(figure: Figure, roots: Sequence[Row]) -> bool:
    """The published figure, by its key or by its very value in its unit, is one of the inputs."""
    return any(row.key == figure.key or (row.unit == figure.unit and abs(row.value - figure.value) <= 5e-4 * abs(figure.value)) for row in roots)


def rack_validation_data(found: RackValidation) -> dict[str, Any]:
    """Rows and summary as plain data."""
    rows = [
        {
            "id": row.id, "design": row.design, "quantity": row.quantity, "unit": row.unit, "predicted": row.predicted, "low": row.low, "high": row.high, "published": row.published.value,
            "published_low": row.published.low, "published_high": row.published.high, "source": row.published.source, "grade": row.published.grade, "trust": row.trust, "error": row.error,
            "is_close": row.is_close, "is_inside": row.inside, "skipped": row.skipped, "inputs": list(row.inputs),
        }
        for row in found.rows
    ]  # fmt: skip
    return {"cases": rows, "groups": {name: rack_score(picked) for name, picked in _groups(found).items() if picked}}


def _groups(found: RackValidation) -> dict[str, list[RackRow]]:
    out: dict[str, list[RackRow]] = {"all": list(found.scored), "counts": list(found.counts)}
    for row in found.scored:
        out.setdefault(f"trust:{row.trust or 'not stated'}", []).append(row)
        out.setdefault(f"quantity:{row.quantity}", []).append(row)
    return out


def rack_score(rows: Sequence[RackRow]) -> dict[str, float]:
    """How good some rows are: how many, how many are within 10 % or the published range, mean and median absolute error, intervals that hold."""
    errors = sorted(abs(row.error) for row in rows)
    held = [row.inside for row in rows if row.inside is not None]
    middle = len(errors) // 2
    median = errors[middle] if len(errors) % 2 else (errors[middle - 1] + errors[middle]) / 2.0
    return {
        "rows": len(rows), "close": sum(row.is_close for row in rows), "mape": sum(errors) / len(errors), "median_ape": median,
        "bias": sum(row.error for row in rows) / len(rows), "inside": sum(held), "with_interval": len(held),
    }  # fmt: skip
