"""How good predictions are in the mean: figures of a group of rows, and the groups that rows fall into."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..performance import Prediction

FEWEST_RANKED = 3  # two rows are in order or not: that ranks nothing
ALL = "all"


@dataclass(frozen=True)
class Score:
    """A group's figures; errors are predicted over measured, less 1, as fractions. None where the group has nothing to tell.

    `bias` is the mean of errors, `mape` the mean of their sizes. `rank_correlation` is Spearman's, within rows of one
    model, system and quantity, averaged with the rows as weights. `coverage_80` is the share of measured values inside
    the predicted 80 % interval, `median_half_width` half of that interval over the prediction. `open` counts rows with
    settings that their source leaves open.
    """

    rows: int
    scored: int
    skipped: int
    mape: float | None
    median_ape: float | None
    bias: float | None
    rank_correlation: float | None
    coverage_80: float | None
    median_half_width: float | None
    open: int


def error_of(prediction: Prediction) -> float:
    """Predicted over measured, less 1."""
    return prediction.value / prediction.measured - 1.0


def is_inside(prediction: Prediction) -> bool:
    """Whether the measured value lies in the predicted 80 % interval."""
    return prediction.low <= prediction.measured <= prediction.high


def score_of(predictions: Sequence[Prediction | None]) -> Score:
    """The figures of a group; None stands for a row that was skipped."""
    scored = [each for each in predictions if each is not None]
    counts = (len(predictions), len(scored), len(predictions) - len(scored))
    if not scored:
        return Score(*counts, None, None, None, None, None, None, 0)
    errors = np.array([error_of(each) for each in scored])
    widths = [(each.high - each.low) / 2.0 / each.value for each in scored]
    return Score(
        *counts, mape=float(np.mean(np.abs(errors))), median_ape=float(np.median(np.abs(errors))), bias=float(np.mean(errors)), rank_correlation=rank_correlation(scored),
        coverage_80=float(np.mean([is_inside(each) for each in scored])), median_half_width=float(np.median(widths)), open=sum(bool(each.open_settings) for each in scored),
    )  # fmt: skip


def rank_correlation(scored: Iterable[Prediction]) -> float | None:
    """Spearman's correlation of predicted with measured, within rows of one model, system and quantity.

    Sets of fewer than three rows, and those in which all predictions or all measurements are equal, have none. The mean
    of the others is weighted by their rows; None where there is no other.
    """
    sets: dict[tuple[str, str, str], list[tuple[float, float]]] = {}
    for each in scored:
        sets.setdefault((each.model, each.system, each.quantity), []).append((each.value, each.measured))
    found = [(len(pairs), rho) for pairs in sets.values() if len(pairs) >= FEWEST_RANKED and (rho := _spearman(np.array(pairs))) is not None]
    rows = sum(count for count, _ in found)
    return sum(count * rho for count, rho in found) / rows if rows else None


def _spearman(pairs: np.ndarray) -> float | None:
    """Pearson's correlation of ranks, ties with their mean rank; `pairs` has shape (rows, 2)."""
    ranks = np.column_stack([_ranks(pairs[:, 0]), _ranks(pairs[:, 1])])
    centred = ranks - ranks.mean(axis=0)
    scale = math.sqrt(float(np.prod((centred**2).sum(axis=0))))
    return float((centred[:, 0] * centred[:, 1]).sum()) / scale if scale > 0.0 else None


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 1, ties with their mean."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return (last - (count - 1) / 2.0)[place]


def group_names(source: str, kind: str = "", machine: str = "", quantity: str = "") -> list[str]:
    """The groups of a row: all, each that it is known to belong to, and their pairs in this order; "" is not known."""
    families = {"source": source, "kind": kind, "machine": machine, "quantity": quantity}
    single = [f"{family}:{value}" for family, value in families.items() if value]
    return [ALL, *single, *(",".join(pair) for pair in combinations(single, 2))]


def score_groups(rows: Iterable[tuple[Sequence[str], Prediction | None]]) -> Mapping[str, Score]:
    """A score for each group: `all` first, single ones by family and name, then pairs."""
    members: dict[str, list[Prediction | None]] = {ALL: []}
    for names, prediction in rows:
        for name in names:
            members.setdefault(name, []).append(prediction)
    return {name: score_of(members[name]) for name in sorted(members, key=_order)}


def _order(name: str) -> tuple[int, list[int], str]:
    families = ["source", "kind", "machine", "quantity"]
    parts = [] if name == ALL else [families.index(part.partition(":")[0]) for part in name.split(",") if part.partition(":")[0] in families]
    return (len(parts), parts, name)
