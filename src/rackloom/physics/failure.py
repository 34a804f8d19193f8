"""Statistics of failure: rates from counts, groups with spares, availability, stocks of spares, time lost to interruptions.

Failures come at constant rates and one by one (Poisson). Functions take floats or arrays over designs; rates and times share one unit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..draws import Number
from ..errors import OutOfRange
from .guards import not_negative, plain, positive

MOST_SPARES = 1_000_000


@dataclass(frozen=True)
class Rate:
    """Failures by time, with the interval at a confidence."""

    value: float
    low: float
    high: float


def rate_of(failures: float, exposure: float, *, confidence: float = 0.8) -> Rate:
    """Rate of failures seen over an exposure (units x time), with its exact two-sided interval.

    n failures in T: n / T between chi2((1-c)/2; 2n) / 2T and chi2((1+c)/2; 2n+2) / 2T (Garwood 1936; text not read: no clause).
    With none seen the value is 0 and the lower end 0.

    >>> found = rate_of(0, 1000.0)
    >>> found.value, found.low, round(found.high, 6)  # -ln(0.1) / 1000
    (0.0, 0.0, 0.002303)
    """
    from scipy.stats import chi2  # at first use: it takes its time to load

    not_negative(failures=failures)
    positive(exposure=exposure)
    if not 0.0 < confidence < 1.0:
        raise OutOfRange(f"confidence={confidence:g}: it lies between 0 and 1")
    low = 0.0 if failures == 0 else float(chi2.ppf((1.0 - confidence) / 2.0, 2.0 * failures)) / (2.0 * exposure)
    return Rate(failures / exposure, low, float(chi2.ppf((1.0 + confidence) / 2.0, 2.0 * failures + 2.0)) / (2.0 * exposure))


def availability(rate: Number, repair: Number) -> Number:
    """Share of time that a thing runs which fails at a rate while it runs and is repaired in a mean time: 1 / (1 + rate x repair).

    >>> availability(0.01, 10.0)
    0.9090909090909091
    """
    not_negative(rate=rate, repair=repair)
    return plain(1.0 / (1.0 + np.asarray(rate, dtype=float) * np.asarray(repair, dtype=float)))


def group_availability(needed: int, have: int, rate: Number, repair: Number) -> Number:
    """Share of time that `needed` of `have` like things run, each repaired by itself: the binomial sum over the one's availability."""
    _group(needed, have)
    one = np.asarray(availability(rate, repair), dtype=float)
    return plain(sum((_choose(have, up) * one**up * (1.0 - one) ** (have - up) for up in range(needed, have + 1)), np.zeros(())))


def group_rate(needed: int, have: int, rate: Number, repair: Number) -> Number:
    """How often, by time in which it runs, a group falls below what is needed: the flow out of its last good state over its availability.

    Birth and death with each thing repaired by itself: P(needed up) x needed x rate / availability of the group.

    >>> round(group_rate(1, 2, 0.001, 10.0), 12)  # about 2 x rate^2 x repair
    1.9608e-05
    """
    _group(needed, have)
    one = np.asarray(availability(rate, repair), dtype=float)
    last = _choose(have, needed) * one**needed * (1.0 - one) ** (have - needed)
    return plain(last * needed * np.asarray(rate, dtype=float) / np.asarray(group_availability(needed, have, rate, repair)))


def _group(needed: int, have: int) -> None:
    if not 1 <= needed <= have:
        raise OutOfRange(f"{needed} of {have} needed: at least 1, and no more than there are")


def _choose(n: int, k: int) -> float:
    from math import comb

    return float(comb(n, k))


def stock_level(stock: Number, demand: Number) -> Number:
    """Share of times that a spare is there when it is asked for: P(demand while one is on order <= stock - 1), Poisson; 0 without stock.

    >>> round(stock_level(3, 1.0), 4)  # e^-1 (1 + 1 + 1/2)
    0.9197
    """
    from scipy.stats import poisson

    not_negative(stock=stock, demand=demand)
    return plain(poisson.cdf(np.asarray(stock, dtype=float) - 1.0, np.asarray(demand, dtype=float)))


def spares_needed(demand: Number, level: Number) -> Number:
    """Fewest spares with which one is there at least that share of times, for a mean demand while one is on order."""
    from scipy.stats import poisson

    not_negative(demand=demand)
    if np.any(np.asarray(level) <= 0.0) or np.any(np.asarray(level) >= 1.0):
        raise OutOfRange("a level lies between 0 and 1")
    return plain(np.where(np.asarray(demand) > 0.0, poisson.ppf(np.asarray(level, dtype=float), np.asarray(demand, dtype=float)) + 1.0, 0.0))


def checkpointed_share(between_checkpoints: Number, checkpoint: Number, restart: Number, between_failures: Number) -> Number:
    """Useful share of the time of a job that writes checkpoints and fails at a constant rate (Daly 2006, its exact form; text not read: no clause).

    tau useful time between checkpoints, d for one, R to restart, M between failures: tau e^(-R/M) / (M (e^((tau+d)/M) - 1)).
    Failures strike checkpoints and restarts too.
    """
    positive(between_checkpoints=between_checkpoints, between_failures=between_failures)
    not_negative(checkpoint=checkpoint, restart=restart)
    tau, d, back, mean = (np.asarray(one, dtype=float) for one in (between_checkpoints, checkpoint, restart, between_failures))
    with np.errstate(over="ignore"):
        return plain(tau * np.exp(-back / mean) / (mean * np.expm1((tau + d) / mean)))


def best_checkpoint(checkpoint: Number, between_failures: Number) -> Number:
    """Time between checkpoints that loses least: M (1 + W(-e^(-1-d/M))), W Lambert's function; where the derivative of `checkpointed_share` is 0.

    Near sqrt(2 d M) of Young (1974) while d is small against M.
    """
    from scipy.special import lambertw

    positive(checkpoint=checkpoint, between_failures=between_failures)
    mean = np.asarray(between_failures, dtype=float)
    return plain(mean * (1.0 + np.real(lambertw(-np.exp(-1.0 - np.asarray(checkpoint, dtype=float) / mean)))))
