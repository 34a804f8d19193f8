"""The figures that would flip the answer: inputs whose change, alone, carries an outcome over its threshold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ..ledger import Ledger

FAR = 4.0  # spreads of an input beyond which a crossing is no longer near enough to name
FAINT = 0.02  # share of the outcome's variance below which an input is not its cause


@dataclass(frozen=True)
class Outcome:
    """A figure of the plan with the threshold at which the answer changes."""

    key: str
    threshold: float
    what: str  # what happens beyond the threshold, as the end of a sentence


@dataclass(frozen=True)
class Flip:
    """An input, its value now and the value at which the outcome crosses its threshold."""

    key: str
    unit: str
    now: float
    at: float
    spreads: float  # how far that is, in standard deviations of the input's own draws
    outcome: str
    what: str


def find_flips(ledger: Ledger, outcomes: Iterable[Outcome], *, most: int = 5, each: int = 2) -> list[Flip]:
    """The nearest crossings, each input once and at most `each` an outcome, by linear regression over the joint draws."""
    best: dict[str, Flip] = {}
    for outcome in outcomes:
        if outcome.key not in ledger:
            continue
        target = np.asarray(ledger.value(outcome.key), dtype=float)
        if target.size < 8 or not np.all(np.isfinite(target)) or np.std(target[1:]) == 0.0:
            continue
        found = [flip for row in ledger.roots_of(outcome.key) if (flip := _crossing(ledger, row.key, row.unit, target, outcome))]
        for flip in sorted(found, key=lambda flip: (flip.spreads, flip.key))[:each]:
            if flip.key not in best or flip.spreads < best[flip.key].spreads:
                best[flip.key] = flip
    return sorted(best.values(), key=lambda flip: (flip.spreads, flip.key))[:most]


def _crossing(ledger: Ledger, key: str, unit: str, target: np.ndarray, outcome: Outcome) -> Flip | None:
    given = np.asarray(ledger.value(key), dtype=float)
    if given.size != target.size:
        return None
    spread = float(np.std(given[1:]))
    if spread == 0.0 or float(np.corrcoef(given[1:], target[1:])[0, 1]) ** 2 < FAINT:
        return None
    slope = float(np.cov(given[1:], target[1:], bias=True)[0, 1]) / spread**2
    change = (outcome.threshold - float(target[0])) / slope
    at = float(given[0]) + change
    spreads = abs(change) / spread
    if spreads > FAR or (given[0] > 0.0 and at <= 0.0) or (unit == "1" and key.endswith("_share") and at > 1.0):
        return None
    return Flip(key, unit, float(given[0]), at, spreads, outcome.key, outcome.what)
