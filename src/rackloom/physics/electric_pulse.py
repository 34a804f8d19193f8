"""Peaks against pulse limits: overload factor by duration, effective values over windows. Floats or arrays, SI."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..draws import Number
from ..errors import BadInput, Fault, OutOfRange


def pulse_limit(duration_s: Number, points: Sequence[tuple[float, float]]) -> Number:
    """Overload that a shelf stands for a duration, as a factor of its rating.

    `points` are (duration [s], factor) as published, factors of 1 or more that fall with duration. A pulse is held against
    the shortest published duration that is at least as long; beyond the longest the factor is 1. Between points nothing is
    published, so nothing is interpolated.

    >>> [pulse_limit(t, [(0.0004, 1.6), (0.05, 1.4)]) for t in (0.0001, 0.001, 0.06)]
    [1.6, 1.4, 1.0]
    """
    ordered = sorted(points)
    seconds = np.array([time for time, _ in ordered])
    factors = np.array([factor for _, factor in ordered])
    if not len(ordered) or np.any(seconds <= 0.0) or np.any(np.diff(seconds) <= 0.0) or np.any(factors < 1.0) or np.any(np.diff(factors) > 0.0):
        raise BadInput(Fault(f"a pulse limit {ordered}", mend="Give durations above 0 s, each once, with factors of 1 or more that fall as pulses get longer."))
    if np.any(np.asarray(duration_s) < 0.0):
        raise OutOfRange("a pulse lasts 0 s or more")
    out = np.append(factors, 1.0)[np.searchsorted(seconds * (1.0 + 1e-12), duration_s)]
    return out if np.ndim(out) else float(out)


def pulse_rms(peak: Number, base: Number, duty_share: Number) -> Number:
    """Effective value of a rectangular pulse train: sqrt(D peak^2 + (1 - D) base^2), in the unit of its inputs.

    >>> round(float(pulse_rms(1.5, 0.8, 0.25)), 4)
    1.021
    """
    if np.any(np.asarray(duty_share) < 0.0) or np.any(np.asarray(duty_share) > 1.0):
        raise OutOfRange("a duty is a share from 0 to 1")
    return np.sqrt(duty_share * peak**2 + (1.0 - duty_share) * base**2)


def highest_rms(times_s: np.ndarray, values: np.ndarray, window_s: float) -> float:
    """The largest effective value over any window of a trace that repeats, in the unit of the trace.

    A trace as in electric_swing.py: times, and the value that holds from each to the next. The mean square over a window is
    a straight line between the moments at which an end of the window meets a step, so that looking at those is exact.

    >>> round(highest_rms(np.array([0.0, 0.05, 1.0]), np.array([2.0, 1.0, 1.0]), 0.05), 9)
    2.0
    """
    times, blocks = np.asarray(times_s, dtype=float), np.asarray(values, dtype=float)
    if times.ndim != 1 or times.shape != blocks.shape or len(times) < 2 or np.any(np.diff(times) <= 0.0):
        raise BadInput(Fault("a trace whose times do not rise, or that has not one value for each time", mend="Give times that rise, the last one the end, and as many values."))
    if window_s <= 0.0:
        raise OutOfRange("a window is longer than 0 s")
    times = times - times[0]
    period = times[-1]
    squares = np.concatenate([[0.0], np.cumsum(blocks[:-1] ** 2 * np.diff(times))])

    def summed(t: np.ndarray) -> np.ndarray:
        turns = np.floor(t / period)
        return turns * squares[-1] + np.interp(t - turns * period, times, squares)

    starts = np.concatenate([times, times - window_s])
    return float(np.sqrt(np.max((summed(starts + window_s) - summed(starts)) / window_s)))


def peak_margin(peak_w: Number, duration_s: Number, live_capacity_w: Number, points: Sequence[tuple[float, float]]) -> Number:
    """What is left of a shelf's pulse limit over a peak [W], below 0 where the peak is too high: capacity x factor(duration) - peak.

    >>> peak_margin(36e3, 0.02, 27.5e3, [(0.05, 1.4)])
    2500.0
    """
    return live_capacity_w * pulse_limit(duration_s, points) - peak_w
