"""Predicted against measured: each measurement with the prediction that answers to it, its error, in or out of the interval."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from ..draws import Draws, Number, central, interval
from ..errors import RackloomError
from ..figures import Figure
from ..ledger import Ledger
from .results import Case, Measurement, Results
from .units import stem_of, to_unit, unit_of_quantity

# What test programs call a thing whose prediction has another name (unit left off on both sides).
ALIASES: Mapping[str, tuple[str, ...]] = {
    "rack_power": ("power_load",), "rack_mass": ("mass",), "coolant_flow": ("coolant_flow", "flow"), "supply_temperature": ("coolant_supply_temperature",),
    "return_temperature": ("coolant_return_temperature",), "inlet_temperature": ("coolant_supply_temperature",), "outlet_temperature": ("coolant_return_temperature",),
    "step_time": ("step",),
}  # fmt: skip

LEFT_OUT = (
    "Errors of measurement are taken as nil where the file gives no spread; of a range the middle is compared.",
    "Nothing is calibrated on these results and no unit is accepted or refused on them; outliers and weak links are not looked for.",
    "Errors of temperatures are told in kelvin and stay out of the mean of relative errors.",
)


class Prediction(NamedTuple):
    """What a stage says a measurement will be. With `reason`, there is no prediction, and that is why."""

    value: Number
    unit: str
    reason: str = ""
    key: str = ""  # of the ledger row it stands in
    ledger: Ledger | None = None


@dataclass(frozen=True)
class ComparisonRow:
    """One measurement with its prediction, both in `unit`."""

    id: str
    kind: str
    quantity: str
    unit: str
    predicted: Number
    predicted_low: float | None  # 80 % interval; None for a prediction without draws
    predicted_high: float | None
    measured: float
    measured_low: float | None
    measured_high: float | None
    samples: int
    error: float | None  # predicted over measured, less 1; None for temperatures and for a measured 0
    difference: float  # predicted less measured, in `unit`
    inside: bool | None  # measured lies in the predicted interval; None where there is none
    source: str
    grade: str
    place: str
    unit_under_test: str
    key: str  # ledger row of the prediction compared


@dataclass(frozen=True)
class Skipped:
    """Measurements that nothing was compared with, and why."""

    id: str  # of the first one
    quantity: str
    reason: str
    count: int = 1


@dataclass(frozen=True)
class Comparison:
    """Predictions against results: rows worst first, and how good the predictions are in the mean."""

    rows: tuple[ComparisonRow, ...]
    scored: int  # rows with a relative error
    skipped: tuple[Skipped, ...]
    mape: float | None  # mean of absolute relative errors
    median_ape: float | None
    bias: float | None  # mean of relative errors; above 0 where predictions are too high
    coverage_80: float | None  # share of rows whose 80 % interval holds the measured value; of rows that have one
    files: tuple[str, ...]
    unread: Mapping[str, int]  # file -> lines or rows that could not be read
    ledger: Ledger = field(repr=False)
    left_out: tuple[str, ...] = LEFT_OUT


def predict_cases(results: Results, predict: Callable[[Mapping[str, Any]], Any], *, kinds: Iterable[str] = ("training",)) -> dict[str, Prediction]:
    """Predictions of published cases, by 'CASE.QUANTITY', for `compare`.

    Parameters
    ----------
    results : Results
    predict : callable
        takes a case's row as it stands in the file and gives an estimate: an object with the measured quantities as
        attributes (`step_s`, ...) or in its `ledger` under its `prefix`. Where it raises one of our errors, or says that the
        job does not fit, the reason is kept in place of a value.
    kinds : iterable of str
        kinds of case that it can predict
    """
    wanted = set(kinds)
    found: dict[str, Prediction] = {}
    for case in results.cases:
        if case.kind not in wanted:
            continue
        names = [m.quantity for m in results.measurements if m.id == case.id]
        try:
            estimate = predict(case.row)
        except RackloomError as error:
            found |= {f"{case.id}.{name}": Prediction(math.nan, "", f"not predicted: {str(error).splitlines()[0]}") for name in names}
            continue
        found |= {f"{case.id}.{name}": _from_estimate(case, estimate, name) for name in names}
    return found


def _from_estimate(case: Case, estimate: Any, name: str) -> Prediction:
    if not getattr(estimate, "fits", True):
        return Prediction(math.nan, "", f"predicted not to fit: {getattr(estimate, 'why_not', '')}")
    ledger = getattr(estimate, "ledger", None)
    prefix = getattr(estimate, "prefix", "") or case.id
    key = f"{prefix}.{name}" if ledger is not None and f"{prefix}.{name}" in ledger else ""
    value = getattr(estimate, name, None)
    value = ledger.value(key) if value is None and key and ledger is not None else value
    if value is None:
        return Prediction(math.nan, "", f"the estimate holds no {name}")
    return Prediction(value, unit_of_quantity(name) or "1", "", key, ledger if key else None)


def compare(
    predictions: Mapping[str, Number | tuple[Number, str] | Prediction],
    results: Results | Iterable[Results],
    *,
    draws: Draws | None = None,
    designs: Mapping[str, str] | None = None,
) -> Comparison:
    """Each measurement with its prediction.

    Parameters
    ----------
    predictions : mapping
        by 'CASE.QUANTITY' (see `predict_cases`) or by ledger key ('designs.now.power_load_w'); a number in the unit that
        the name carries, a pair (number, unit), or a Prediction
    results : Results, or several
    draws : Draws, optional
        for the ledger; intervals come with the predictions
    designs : mapping, optional
        generation -> name of its design, so that a rack measured as 'gb200-nvl72' finds 'designs.now....'

    A measurement is compared where its name equals a prediction's key, or the key's last part with or without its unit.
    Everything that is not compared is told, with the reason.
    """
    several = (results,) if isinstance(results, Results) else tuple(results)
    book = Ledger(draws)
    index = _Index(predictions, designs or {})
    rows: list[ComparisonRow] = []
    skipped: dict[tuple[str, str, str], Skipped] = {}
    for one in several:
        for measured in one.measurements:
            try:
                rows.append(_row(book, index, measured))
            except _NotComparedError as error:
                key = (one.file, measured.quantity, str(error))
                skipped[key] = replace(skipped[key], count=skipped[key].count + 1) if key in skipped else Skipped(measured.id, measured.quantity, str(error))
    rows.sort(key=lambda row: -abs(row.error) if row.error is not None else 1.0)
    mape, median, bias, coverage = _summary(book, rows)
    unread = {one.file: one.faults_in_all for one in several if one.faults_in_all}
    scored = sum(row.error is not None for row in rows)
    return Comparison(tuple(rows), scored, tuple(skipped.values()), mape, median, bias, coverage, tuple(one.file for one in several), unread, book)


class _NotComparedError(Exception):
    """A measurement without a prediction; its text is the reason."""


class _Index:
    """Predictions by name, by the last part of their key, and by that part without its unit."""

    def __init__(self, predictions: Mapping[str, Any], designs: Mapping[str, str]):
        self.predictions = predictions
        self.designs = designs
        self.by_last: dict[str, list[str]] = {}
        self.by_stem: dict[str, list[str]] = {}
        for key in predictions:
            last = key.rpartition(".")[2]
            self.by_last.setdefault(last, []).append(key)
            self.by_stem.setdefault(stem_of(last), []).append(key)

    def find(self, measured: Measurement) -> str:
        """Key of the prediction that answers to a measurement. Raises _NotComparedError."""
        for key in (f"{measured.id}.{measured.quantity}", measured.quantity):
            if key in self.predictions:
                return key
        name = _plain(measured.quantity)
        stems = [stem for alias in (name, stem_of(name)) for stem in (alias, *ALIASES.get(alias, ()))]
        found = self.by_last.get(name) or next((self.by_stem[stem] for stem in stems if stem in self.by_stem), [])
        if not found:
            raise _NotComparedError(f"nothing predicted is called '{measured.quantity}'")
        return self.of_design(measured, found)

    def of_design(self, measured: Measurement, keys: list[str]) -> str:
        """Of predictions of one name, that of the design measured."""
        names = {measured.design, *(generation for generation, design in self.designs.items() if measured.design == design)} - {""}
        own = [key for key in keys if names & set(key.split(".")[:-1])]
        if not own and measured.kind != "test":
            raise _NotComparedError(f"'{measured.quantity}' is predicted, but not for '{measured.design}'")
        chosen = own or keys
        shortest = min(key.count(".") for key in chosen)
        best = [key for key in chosen if key.count(".") == shortest]  # the whole before its parts
        if len(best) > 1 and not own:
            mend = "name the design or generation in the run's parameters ('design: ...')"
            raise _NotComparedError(f"{len(best)} predictions are called '{measured.quantity}': {mend}")
        return best[0]


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _row(book: Ledger, index: _Index, measured: Measurement) -> ComparisonRow:
    key = index.find(measured)
    prediction = _prediction(index.predictions[key])
    if prediction.reason:
        raise _NotComparedError(prediction.reason)
    quantity = key.rpartition(".")[2]
    unit = unit_of_quantity(quantity) or prediction.unit
    value, low, high = (_in(unit, measured, each) for each in (measured.value, measured.low, measured.high))
    assert value is not None
    predicted = prediction.value
    if not np.all(np.isfinite(central(predicted))):
        raise _NotComparedError("the prediction is not a finite number")
    label = _label(book, measured.id, quantity)
    behind = _story(book, key, prediction, unit)
    own = book.put(f"evaluation.{label}.{quantity}", predicted, unit, "prediction for what was measured", (behind,))
    seen = Figure(f"evaluation.{label}.measured_{quantity}", value, unit, measured.place or "results", measured.grade, low=value, high=value, note=measured.source)
    book.take(seen)
    relative = None if unit == "temperature_k" or value == 0.0 else own / value - 1.0
    if relative is not None:
        book.put(f"evaluation.{label}.{stem_of(quantity)}_error_share", relative, "1", "predicted over measured, less 1", (f"evaluation.{label}.{quantity}", seen.key))
    ends = interval(predicted)
    bottom, top = ends or (None, None)
    slack = 1e-9 * abs(value)
    return ComparisonRow(
        measured.id, measured.kind, quantity, unit, predicted, bottom, top, value, low, high, measured.samples, None if relative is None else central(relative),
        central(predicted) - value, None if ends is None else bool(ends[0] - slack <= value <= ends[1] + slack), measured.source, measured.grade, measured.place,
        measured.unit_under_test, f"evaluation.{label}.{quantity}",
    )  # fmt: skip


def _prediction(given: Any) -> Prediction:
    if isinstance(given, Prediction):
        return given
    return Prediction(*given) if isinstance(given, tuple) else Prediction(given, "1")


def _in(unit: str, measured: Measurement, value: float | None) -> float | None:
    """A measured value in the prediction's unit. Raises _NotComparedError with the reason."""
    if value is None or (measured.is_si and measured.unit == unit):
        return value
    if not measured.unit and unit != "1":
        raise _NotComparedError(f"'{measured.quantity}' is measured without a unit")
    try:
        return to_unit(value, "K" if measured.unit == "temperature_k" else measured.unit, unit)
    except ValueError as error:
        raise _NotComparedError(f"'{measured.quantity}': {error}") from None


def _label(book: Ledger, name: str, quantity: str) -> str:
    """A name that a ledger key can hold, and that is not taken yet."""
    label = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-") or "unnamed"
    number = 1
    while f"evaluation.{label}{f'-{number}' if number > 1 else ''}.{quantity}" in book:
        number += 1
    return f"{label}-{number}" if number > 1 else label


def _story(book: Ledger, key: str, prediction: Prediction, unit: str) -> str:
    """The prediction's row and those it rests on, written down; its key."""
    row_key = prediction.key or key
    if prediction.ledger is not None and row_key in prediction.ledger:
        book.add(_behind(prediction.ledger, row_key))
        if book[row_key].value == prediction.ledger[row_key].value:
            return row_key
        row_key = f"{key}.{row_key.rpartition('.')[2]}"  # two cases under one key: the second stands alone
    if row_key not in book:
        book.put(row_key, prediction.value, unit, "computed by the stage that the key names")
    return row_key


def _behind(ledger: Ledger, key: str) -> Ledger:
    """A row and all that it rests on, as a ledger of its own."""
    wanted, stack = set(), [key]
    while stack:
        name = stack.pop()
        if name not in wanted and name in ledger:
            wanted.add(name)
            stack += ledger[name].inputs
    return Ledger.from_rows(row for row in ledger if row.key in wanted)


def _summary(book: Ledger, rows: list[ComparisonRow]) -> tuple[float | None, float | None, float | None, float | None]:
    """(mean and median absolute error, bias, coverage); None where no row has one."""
    scored = [row for row in rows if row.error is not None]
    held = [row for row in rows if row.inside is not None]
    errors = np.array([row.error for row in scored], dtype=float)
    keys = [f"{row.key.rpartition('.')[0]}.{stem_of(row.quantity)}_error_share" for row in scored]
    found: list[float | None] = [None, None, None, None]
    if scored:
        found[0] = float(book.put("evaluation.mean_absolute_error_share", float(np.mean(np.abs(errors))), "1", f"mean of the absolute errors of {len(scored)} rows", keys))
        found[1] = float(book.put("evaluation.median_absolute_error_share", float(np.median(np.abs(errors))), "1", f"median of the absolute errors of {len(scored)} rows", keys))
        found[2] = float(book.put("evaluation.bias_share", float(np.mean(errors)), "1", f"mean of the errors of {len(scored)} rows", keys))
    if held:
        share = float(np.mean([bool(row.inside) for row in held]))
        pairs = [key for row in held for key in (row.key, f"{row.key.rpartition('.')[0]}.measured_{row.quantity}")]
        found[3] = float(book.put("evaluation.coverage_share", share, "1", f"share of {len(held)} rows whose 80 % interval holds the measured value", pairs))
    return found[0], found[1], found[2], found[3]
