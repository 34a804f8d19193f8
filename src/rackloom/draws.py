"""Uncertain inputs as joint, seeded draws.

A `Draws` value is made once, in `program`, and handed to every stage. Each figure has its own stream, keyed by the
figure's key, so the same figure has the same draws wherever it is used and the stages' intervals are joint.

An uncertain number is an array whose first entry is the central value and whose others are the draws; formulas written
for floats carry both at once. With `draws=None` stages work on plain floats: central values.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from .figures import Figure

Number = float | np.ndarray
Z80 = 1.2815515655446004  # half of a normal's central 80 % interval, in standard deviations


@dataclass(frozen=True)
class Draws:
    """How many draws, from which seed, and how wide each grade is.

    `widths` maps a grade to the half-width of the 80 % interval of a figure that states no spread, as a fraction
    (an assumption that the catalogue ships); `announced` multiplies it for figures of announced, unmeasured hardware.
    """

    seed: int
    count: int = 256
    widths: Mapping[str, float] = field(default_factory=dict)
    announced: float = 1.0
    only: Callable[[str], bool] | None = None  # keys that are drawn; the others stay at their central values

    def of(self, figure: Figure) -> np.ndarray:
        """Central value first, then `count` draws; shape (count + 1,). Counts of things have no spread."""
        out = np.full(self.count + 1, figure.value, dtype=float)
        if self.only is not None and not self.only(figure.key):
            return out
        rng = self.stream(figure.key)
        if figure.low is not None and figure.high is not None:
            if figure.high > figure.low:  # a stated span: nothing outside it, nothing in it preferred
                out[1:] = rng.uniform(figure.low, figure.high, self.count)
            return out
        width = self.width(figure)
        if width > 0.0 and figure.value != 0.0:
            sigma = np.log1p(width) / Z80
            factor = np.exp(sigma * rng.standard_normal(self.count))
            out[1:] = figure.value * factor
            if figure.unit == "1" and 0.0 < figure.value <= 1.0:  # shares and efficiencies end at 1
                out[1:] = np.minimum(out[1:], 1.0)
        return out

    def width(self, figure: Figure) -> float:
        """Half-width of the figure's 80 % interval, as a fraction."""
        if figure.key.rpartition("_")[2] in ("count", "ru", "ou", "level") or figure.unit in ("token", "rack", "temperature_k"):
            return 0.0  # things are counted, and a fraction of a temperature means nothing
        return self.widths.get(figure.grade, 0.0) * (self.announced if figure.announced else 1.0)

    def stream(self, key: str) -> np.random.Generator:
        """The random stream of one key; the same for the same seed and key, whatever else was drawn."""
        words = np.frombuffer(hashlib.sha256(key.encode()).digest()[:16], dtype=np.uint32)
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence([self.seed, *(int(w) for w in words)])))


def central(value: Number) -> float:
    """The central value of a number that may carry draws."""
    return float(np.asarray(value).reshape(-1)[0])


def shown(value: Number) -> float:
    """The value to show beside an interval: the central one, or the median of the draws where the central one lies outside.

    The largest of several uncertain times, for one, is longer in most draws than at the central times.
    """
    middle, ends = central(value), interval(value)
    if ends is None or ends[0] <= middle <= ends[1] or not all(np.isfinite(ends)):
        return middle
    return float(np.median(np.asarray(value)[1:]))


def interval(value: Number, low: float = 0.1, high: float = 0.9) -> tuple[float, float] | None:
    """The 80 % interval (or another one) of a number that carries draws; None for a plain one."""
    array = np.asarray(value)
    if array.ndim == 0 or array.size < 2:
        return None
    with np.errstate(invalid="ignore"):  # between two draws without end
        ends = np.quantile(array[1:], [low, high], method="linear")
    return float(ends[0]), float(ends[1])


def probability(condition: np.ndarray | bool) -> float:
    """Share of draws in which a condition holds; 0 or 1 for a plain truth value."""
    array = np.asarray(condition)
    return float(array) if array.ndim == 0 or array.size < 2 else float(np.mean(array[1:]))
