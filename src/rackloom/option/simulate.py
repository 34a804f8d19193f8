"""The same right by simulation: least-squares Monte Carlo (Longstaff and Schwartz 2001), an independent check of the lattice.

One set of paths teaches when to exercise (a regression of what waiting paid on the worth, date by date, backwards); a second,
independent set is exercised by that rule. A rule that is not the best one can only lose, so the estimate is biased low,
and its standard error is honest. Paths of the first set are drawn backwards by a Brownian bridge: memory does not grow with
the number of dates.

References
----------
F. A. Longstaff, E. S. Schwartz, Review of Financial Studies 14(1), 2001, pp. 113-147.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..errors import OutOfRange
from .closed import sign_of

DEGREE = 4  # of the polynomial in worth over price
MIN_PATHS = 100
_FEW = 4 * (DEGREE + 1)  # with fewer paths in the money than this, nothing is learned at a date: the rule is to wait


@dataclass(frozen=True)
class Simulated:
    """Low-biased estimate of a right's value."""

    value: float
    standard_error: float
    probability: float  # share of paths on which it is exercised
    paths: int
    dates: int  # exercise dates; the lattice allows every step


def simulate_option(
    kind: str,
    spot: float,
    strike: float,
    rate: float,
    dividend: float,
    volatility: float,
    time: float,
    *,
    first_exercise: float = 0.0,
    dates: int = 50,
    paths: int = 4096,
    seed: int = 1,
) -> Simulated:
    """Value of a right that may be exercised on `dates` evenly spaced dates from `first_exercise` to `time`.

    Parameters
    ----------
    kind, spot, strike, rate, dividend, volatility, time, first_exercise : as `american_option`, floats only
    dates : int
        exercise dates; with first_exercise == time there is one
    paths : int
        in each of the two sets; antithetic, so an even number is used
    seed : int

    Raises OutOfRange for fewer than 100 paths, or for worths and prices that are not above 0.
    """
    sign = sign_of(kind)
    if paths < MIN_PATHS or dates < 1:
        raise OutOfRange(f"paths={paths}, dates={dates}: at least {MIN_PATHS} paths and one date.")
    if spot <= 0.0 or strike <= 0.0 or volatility < 0.0 or not 0.0 <= first_exercise <= time:
        raise OutOfRange("worth and price are above 0, volatility 0 or more, and the window starts at 0 or later and ends no earlier than it starts.")
    half = (paths + 1) // 2
    times = _exercise_times(first_exercise, time, dates)
    drift = rate - dividend - 0.5 * volatility**2
    teach, judge = (np.random.Generator(np.random.PCG64(stream)) for stream in np.random.SeedSequence([seed, 0x0F7]).spawn(2))

    def payoff(shock: np.ndarray, t: float) -> np.ndarray:
        return sign * (spot * np.exp(drift * t + volatility * shock) - strike)

    rules = _learn(payoff, times, rate, strike, half, teach)
    return _judge(payoff, times, rules, rate, strike, half, judge)


def _exercise_times(first: float, last: float, dates: int) -> np.ndarray:
    if last <= first:
        return np.array([last])
    if first == 0.0:  # today is judged apart, after the dates to come
        return np.linspace(0.0, last, dates + 1)
    return np.linspace(first, last, max(dates, 2))


def _basis(payoff: np.ndarray, strike: float) -> np.ndarray:
    x = payoff / strike
    return np.stack([x**power for power in range(DEGREE + 1)], axis=1)


def _learn(payoff, times: np.ndarray, rate: float, strike: float, half: int, rng: np.random.Generator) -> list[np.ndarray | None]:  # type: ignore[no-untyped-def]
    """Coefficients of the worth of waiting at each date but the last; None where nothing is learned."""
    shock = math.sqrt(times[-1]) * _antithetic(rng, half)
    cash = np.maximum(payoff(shock, times[-1]), 0.0)
    rules: list[np.ndarray | None] = [None] * len(times)
    for index in range(len(times) - 2, -1, -1):
        now, later = times[index], times[index + 1]
        cash = cash * math.exp(-rate * (later - now))
        # Brownian bridge from (later, shock) back to time 0: mean shock*now/later, variance now*(later - now)/later
        shock = shock * (now / later) + math.sqrt(now * (later - now) / later) * _antithetic(rng, half)
        gain = payoff(shock, now)
        if now == 0.0:
            rules[index] = np.array([float(np.mean(cash))])
            break
        inside = gain > 0.0
        if np.count_nonzero(inside) < _FEW:
            continue
        basis = _basis(gain[inside], strike)
        rules[index], *_ = np.linalg.lstsq(basis, cash[inside], rcond=None)
        better = gain[inside] >= basis @ rules[index]
        cash[np.flatnonzero(inside)[better]] = gain[inside][better]
    return rules


def _judge(payoff, times: np.ndarray, rules: list[np.ndarray | None], rate: float, strike: float, half: int, rng: np.random.Generator) -> Simulated:  # type: ignore[no-untyped-def]
    """Exercise fresh paths by the learned rules."""
    shock = np.zeros(2 * half)
    waiting = np.ones(2 * half, dtype=bool)
    cash = np.zeros(2 * half)
    before = 0.0
    for index, now in enumerate(times):
        if now > before:
            shock = shock + math.sqrt(now - before) * _antithetic(rng, half)
        before = float(now)
        gain = payoff(shock, now)
        taken = waiting & (gain > 0.0)
        rule = rules[index]
        if index < len(times) - 1:
            if rule is None:
                continue
            worth_of_waiting = np.full(gain.shape, rule[0]) if now == 0.0 else _basis(gain, strike) @ rule
            taken &= gain >= worth_of_waiting
        cash[taken] = gain[taken] * math.exp(-rate * now)
        waiting &= ~taken
    pairs = 0.5 * (cash[:half] + cash[half:])  # a path and its mirror are one independent sample
    error = float(np.std(pairs, ddof=1)) / math.sqrt(half)
    return Simulated(float(np.mean(pairs)), error, float(np.mean(~waiting)), 2 * half, len(times) if times[0] > 0.0 else len(times) - 1)


def _antithetic(rng: np.random.Generator, half: int) -> np.ndarray:
    draw = rng.standard_normal(half)
    return np.concatenate([draw, -draw])
