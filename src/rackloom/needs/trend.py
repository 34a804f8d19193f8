"""Trends through dated observations: level and growth a year as ranges, and which observations stood at the frontier.

The frontier: an observation whose size is at least half of the largest up to its month. Through the logarithms of a quantity over
these runs a straight line by least squares. Growth: the slope within its 80 % interval (Student's t, n - 2 degrees of freedom).
Level at a date: the line within the 80 % interval of one more observation there, since a need is one model and not a mean. Growth
changes: both ranges may be widened to hold the line through the last years alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

YEAR_DAYS = 365.25
NEAR_SHARE = 0.5  # of the largest so far
FEWEST = 4  # observations that a line is drawn through


@dataclass(frozen=True)
class Observed:
    """One dated figure; `size` decides whether it stood at the frontier."""

    name: str
    day: date
    size: float
    value: float


@dataclass(frozen=True)
class Trend:
    """Level at a date and growth a year [-], each with the ends of its 80 % interval; the observations that it is drawn through.

    `recent_level` and `recent_growth` are of the line through the last years alone; 0 where these were not asked for or are too few.
    """

    at: date
    level: float
    level_low: float
    level_high: float
    growth: float
    growth_low: float
    growth_high: float
    through: tuple[Observed, ...]
    recent_level: float = 0.0
    recent_growth: float = 0.0


def years_between(first: date, last: date) -> float:
    """Years from one day to another [yr]."""
    return (last - first).days / YEAR_DAYS


def frontier(observed: Sequence[Observed]) -> tuple[Observed, ...]:
    """Those whose size is at least NEAR_SHARE of the largest up to their day, by day."""
    ordered = sorted(observed, key=lambda each: (each.day, each.name))
    return tuple(each for each in ordered if each.size >= NEAR_SHARE * max(other.size for other in ordered if other.day <= each.day))


def fit_trend(observed: Sequence[Observed], at: date, *, recent_years: float | None = None) -> Trend:
    """A line through the logarithms of the values; with `recent_years` its ranges hold the line through the last years alone, where there are FEWEST.

    Raises ValueError for fewer than FEWEST observations or values that are not above 0.
    """
    whole = _line(observed, at)
    last = max(each.day for each in observed)
    late = [each for each in observed if recent_years is not None and years_between(each.day, last) <= recent_years]
    if len(late) < FEWEST or len({each.day for each in late}) < 2:
        return whole
    recent = _line(late, at)
    return replace(
        whole, level_low=min(whole.level_low, recent.level), level_high=max(whole.level_high, recent.level), growth_low=min(whole.growth_low, recent.growth),
        growth_high=max(whole.growth_high, recent.growth), recent_level=recent.level, recent_growth=recent.growth,
    )  # fmt: skip


def _line(observed: Sequence[Observed], at: date) -> Trend:
    from scipy.stats import t as student

    if len(observed) < FEWEST or any(each.value <= 0.0 for each in observed):
        raise ValueError(f"a trend is drawn through {FEWEST} values above 0 or more")
    x = np.array([years_between(at, each.day) for each in observed])
    y = np.log([each.value for each in observed])
    spread = float(np.sum((x - x.mean()) ** 2))
    slope = float(np.sum((x - x.mean()) * (y - y.mean())) / spread)
    level = float(y.mean() - slope * x.mean())
    residual = y - level - slope * x
    sigma = float(np.sqrt(np.sum(residual**2) / (len(x) - 2)))
    wide = float(student.ppf(0.9, len(x) - 2))
    slope_wide = wide * sigma / np.sqrt(spread)
    level_wide = wide * sigma * np.sqrt(1.0 + 1.0 / len(x) + x.mean() ** 2 / spread)
    low, high, slower, faster = (float(np.exp(value)) for value in (level - level_wide, level + level_wide, slope - slope_wide, slope + slope_wide))
    return Trend(at, float(np.exp(level)), low, high, float(np.exp(slope)), slower, faster, tuple(observed))
