"""Predictions against published measurements: per row, and in the mean of groups."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..catalog import Catalog, draws_from, load_catalog
from ..errors import BadInput, OutOfRange, Unknown
from ..performance import NotScored, Prediction, predict_row
from .published import PublishedRow, read_published
from .scores import Score, error_of, group_names, score_groups

NOT_VERIFIED = "not verified at its source: recalled"
AS_TOKENS = ("tflops_per_gpu", "mfu", "hfu")  # rates of FLOPs are compared as tokens/s, by the source's rule of counting

Predict = Callable[[Mapping[str, Any], Mapping[str, Any]], tuple[Prediction, ...]]


@dataclass(frozen=True)
class ValidatedCase:
    """One row: its prediction, or why it has none."""

    id: str
    source: str
    quantity: str  # "" where neither prediction nor row tells
    prediction: Prediction | None
    skipped: str = ""  # the reason
    place: str = ""

    @property
    def error(self) -> float | None:
        """Predicted over measured, less 1."""
        return None if self.prediction is None else error_of(self.prediction)


@dataclass(frozen=True)
class Validation:
    """All rows in their files' order, the score of each group (`scores.group_names`), and the sources by key."""

    cases: tuple[ValidatedCase, ...]
    groups: Mapping[str, Score]
    sources: Mapping[str, Mapping[str, Any]]

    @property
    def scored(self) -> tuple[ValidatedCase, ...]:
        """Rows with a prediction."""
        return tuple(case for case in self.cases if case.prediction is not None)

    @property
    def skipped(self) -> Mapping[str, tuple[ValidatedCase, ...]]:
        """Rows without one, by reason, the most frequent first."""
        found: dict[str, list[ValidatedCase]] = {}
        for case in self.cases:
            if case.prediction is None:
                found.setdefault(case.skipped, []).append(case)
        return {reason: tuple(found[reason]) for reason in sorted(found, key=lambda reason: (-len(found[reason]), reason))}

    def worst(self, count: int = 10) -> tuple[ValidatedCase, ...]:
        """Rows that are furthest off, as a factor either way."""
        return tuple(sorted(self.scored, key=lambda case: -abs(math.log1p(case.error or 0.0)))[:count])


def validate_cases(path: str | Path | Iterable[str | Path], predict: Predict, *, sources: Sequence[str] = (), progress: Callable[[int, int], None] | None = None) -> Validation:
    """Predict every published row of one or several files, and score the predictions.

    Parameters
    ----------
    path : str, Path, or several of them
        files in the collectors' or in our own form; '-' is standard input
    predict : callable
        takes a row and its source, gives a `performance.Prediction` for each quantity; such as `row_predictor()`
    sources : sequence of str
        keys of the sources that are looked at; all without any
    progress : callable, optional
        told how many rows are done, of how many

    A row that is not verified at its source is never scored; one that `predict` cannot answer (NotScored, BadInput,
    Unknown, OutOfRange) is skipped with the reason. Raises BadInput for faulty files, Unknown for a source that none has.
    """
    given = read_published(path)
    for key in sources:
        if key not in given.sources:
            raise Unknown("source", key, given.sources, mend=f"Sources: {', '.join(given.sources)}.")
    rows = [row for row in given.rows if not sources or row.source in sources]
    cases = []
    for done, row in enumerate(rows, start=1):
        cases += _cases(row, predict)
        if progress:
            progress(done, len(rows))
    return Validation(tuple(cases), score_groups(_with_groups(cases)), {key: source for key, source in given.sources.items() if not sources or key in sources})


def row_predictor(*, catalog: Catalog | None = None, seed: int = 1, count: int = 256) -> Predict:
    """Predictions by `performance.predict_row` with joint seeded draws, widths by grade as the catalogue has them."""
    known = catalog or load_catalog()
    draws = draws_from(known, seed=seed, count=count)
    return lambda row, source: predict_row(row, source, catalog=known, draws=draws)


def validation_data(validation: Validation) -> dict[str, Any]:
    """A validation as plain values for JSON: what is not known, and what is infinite, is null."""
    groups = {name: {key: _finite(value) for key, value in vars(score).items()} for name, score in validation.groups.items()}
    return {"groups": groups, "cases": [_case_data(case) for case in validation.cases]}


def _case_data(case: ValidatedCase) -> dict[str, Any]:
    found = case.prediction
    figures = (found.measured, found.value, found.low, found.high, case.error) if found else (None,) * 5
    named = zip(("measured", "predicted", "low", "high", "error"), map(_finite, figures), strict=True)
    return {"id": case.id, "source": case.source, "quantity": case.quantity or None, **dict(named), "skipped": case.skipped or None}


def _finite(value: float | None) -> float | None:
    return value if value is None or math.isfinite(value) else None


def _cases(row: PublishedRow, predict: Predict) -> list[ValidatedCase]:
    """A case for each quantity of the row; one where it is skipped."""
    case = ValidatedCase(row.id, row.source, quantity_of(row.row), None, place=row.place)
    if row.row.get("verified") is False:
        return [replace(case, skipped=NOT_VERIFIED)]
    if row.fault:
        return [replace(case, skipped=row.fault)]
    try:
        found = predict(row.row, row.told)
    except (NotScored, BadInput, Unknown, OutOfRange) as error:
        return [replace(case, skipped=reason_of(error))]
    return [_checked(replace(case, quantity=each.quantity), each) for each in found]


def _checked(case: ValidatedCase, found: Prediction) -> ValidatedCase:
    if not (math.isfinite(found.value) and found.value > 0.0):
        return replace(case, skipped="the prediction is not a finite number above 0")
    return replace(case, prediction=found)


def reason_of(error: Exception) -> str:
    """An error in one line: what is wrong, without the place that it was found at."""
    if isinstance(error, BadInput):
        return "; ".join(dict.fromkeys(fault.what for fault in error.faults))
    return error.fault.what if isinstance(error, Unknown) else " ".join(str(error).split())


def quantity_of(row: Mapping[str, Any]) -> str:
    """The quantity that a row would be compared in, as far as the row tells: a step's time, else tokens/s, else its first figure."""
    measured = [key for key, value in row["measured"].items() if isinstance(value, (int, float)) and not isinstance(value, bool)]
    first = next((key for key in ("seconds_per_iteration", "tokens_per_s_per_gpu") if key in measured), "")
    return first or next(("tokens_per_s_per_gpu" if key in AS_TOKENS else key for key in measured), "")


def _with_groups(cases: Iterable[ValidatedCase]) -> Iterable[tuple[list[str], Prediction | None]]:
    for case in cases:
        found = case.prediction
        yield group_names(case.source, found.kind if found else "", found.machine if found else "", case.quantity), found
