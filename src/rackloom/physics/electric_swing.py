"""Power swings of synchronous work against storage: ramps, bands and frequencies of a trace that repeats.

A trace is a square wave of blocks as `performance.power_trace` makes it: times [s], rising, and the power [W] that holds
from each to the next; the last time ends the period. Storage between load and feed lets the feed follow slowly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..draws import Number
from ..errors import BadInput, Fault, OutOfRange

WINDOWS = 400  # lengths of the averaging window that are tried, up to a period


@dataclass(frozen=True)
class Smoothing:
    """What storage makes of a trace. The feed sees the load's mean over `window_s`."""

    window_s: float
    energy_j: float  # between the fullest and the emptiest storage of a period, without its losses
    power_w: float  # most that the storage gives or takes
    feed_ramp_w_per_s: float
    feed_swing_w: float  # most less least of the feed


def step_storage(step_w: Number, ramp_w_per_s: Number) -> Number:
    """Energy that storage gives while a feed ramps up to one step of its load [J]: E = S^2 / (2 r), the triangle between them.

    >>> step_storage(100e3, 50e3)
    100000.0
    """
    if np.any(np.asarray(ramp_w_per_s) <= 0.0):
        raise OutOfRange("a ramp limit is above 0 W/s: with none the feed never follows")
    return step_w**2 / (2.0 * ramp_w_per_s)


def square_storage(swing_w: Number, period_s: Number, duty_share: Number, ramp_w_per_s: Number = 0.0) -> Number:
    """Storage that keeps a feed within a ramp under a square wave [J], the load's moving mean as the feed.

    With the ramp S/r no longer than the shorter block it is S^2/(2r), as for one step. With no ramp allowed the feed is the
    mean: S D (1 - D) T, the charge of one block. Between the two this gives the constant feed's figure too, which always
    suffices; `smooth_trace` gives the smaller one. Areas between load and feed, worked here.

    `duty_share` D is the part of the period at the high power, above 0 and below 1.

    >>> square_storage(1000.0, 2.0, 0.5), square_storage(1000.0, 2.0, 0.5, 2000.0)
    (500.0, 250.0)
    """
    if np.any(np.asarray(duty_share) <= 0.0) or np.any(np.asarray(duty_share) >= 1.0) or np.any(np.asarray(period_s) <= 0.0) or np.any(np.asarray(ramp_w_per_s) < 0.0):
        raise OutOfRange("a square wave has a duty above 0 and below 1, a period above 0 s, and a ramp limit of 0 W/s or more")
    constant = swing_w * duty_share * (1.0 - duty_share) * period_s
    ramp = np.asarray(ramp_w_per_s, dtype=float)
    following = np.asarray(swing_w, dtype=float) ** 2 / (2.0 * np.where(ramp > 0.0, ramp, 1.0))
    fits = (ramp > 0.0) & (np.asarray(swing_w) <= ramp * np.minimum(duty_share, 1.0 - np.asarray(duty_share)) * period_s)
    out = np.where(fits, np.minimum(following, constant), constant)
    return out if out.ndim else float(out)


def smooth_trace(times_s: np.ndarray, powers_w: np.ndarray, *, ramp_w_per_s: float = np.inf, band_w: float = np.inf) -> Smoothing:
    """Storage with which the feed of a repeating trace keeps within a ramp and a band.

    The feed follows the load's mean over the last `window_s`, which needs no foresight and leaves the storage as full after a
    period as before. Of the windows up to one period the shortest that keeps both limits is taken; over a whole period the
    feed is constant, so an answer exists. Energy, power and ramp are exact for the blocks of the trace. Another control
    may do with less. Raises BadInput for a trace that is none, OutOfRange for limits below 0.

    >>> answer = smooth_trace(np.array([0.0, 1.0, 2.0]), np.array([2000.0, 1000.0, 1000.0]), ramp_w_per_s=2000.0)
    >>> answer.window_s, answer.energy_j
    (0.5, 250.0)
    """
    times, powers = _trace(times_s, powers_w)
    if ramp_w_per_s < 0.0 or band_w < 0.0:
        raise OutOfRange("a ramp limit and a band are 0 or more")
    period, swing = times[-1], float(np.ptp(powers))
    windows = period * np.arange(1, WINDOWS + 1) / WINDOWS
    if ramp_w_per_s > 0.0 and np.isfinite(ramp_w_per_s) and 0.0 < swing / ramp_w_per_s < period:
        windows = np.union1d(windows, swing / ramp_w_per_s)  # enough for every step of the trace
    if (np.isinf(ramp_w_per_s) and swing <= band_w * (1.0 + 1e-12)) or swing == 0.0:
        return Smoothing(0.0, 0.0, 0.0, float("inf") if swing > 0.0 else 0.0, swing)
    for window in windows:
        found = _smoothed(times, powers, float(window))
        if found.feed_ramp_w_per_s <= ramp_w_per_s * (1.0 + 1e-9) + 1e-9 * swing / period and found.feed_swing_w <= band_w * (1.0 + 1e-9) + 1e-9 * swing:
            return found
    return found


def _smoothed(times: np.ndarray, powers: np.ndarray, window: float) -> Smoothing:
    """The mean over one window as the feed, exactly: between knots it is a straight line and the storage a parabola."""
    period = times[-1]
    knots = np.sort(np.concatenate([times, np.mod(times + window, period)]))
    knots = knots[np.concatenate([[True], np.diff(knots) > 1e-12 * period])]  # those that meet are one; none is moved
    knots[-1] = period
    energy = np.concatenate([[0.0], np.cumsum(powers * np.diff(times))])

    def used(t: np.ndarray) -> np.ndarray:
        turns = np.floor(t / period)
        return turns * energy[-1] + np.interp(t - turns * period, times, energy)

    feed = (used(knots) - used(knots - window)) / window
    middle = 0.5 * (knots[1:] + knots[:-1])
    load = powers[np.clip(np.searchsorted(times, middle, side="right") - 1, 0, len(powers) - 1)]
    before, after, length = load - feed[:-1], load - feed[1:], np.diff(knots)  # what storage gives at both ends of each piece
    given = np.concatenate([[0.0], np.cumsum(0.5 * (before + after) * length)])
    turning = before * after < 0.0
    apex = given[:-1][turning] + 0.5 * before[turning] ** 2 * length[turning] / (before[turning] - after[turning])
    every = np.concatenate([given, apex])
    ramp = float(np.max(np.abs(np.diff(feed) / length)))
    return Smoothing(window, float(np.ptp(every)), float(max(np.abs(before).max(), np.abs(after).max())), ramp, float(np.ptp(feed)))


def trace_harmonics(times_s: np.ndarray, powers_w: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies k/T [Hz] and amplitudes [W] of the first `count` harmonics of a repeating trace, exact for its blocks.

    Fourier's coefficients of a piecewise constant function: c_k = sum over blocks of P (e^(-jwa) - e^(-jwb)) / (jwT), amplitude 2 |c_k|.

    >>> hertz, watts = trace_harmonics(np.array([0.0, 1.0, 2.0]), np.array([1000.0, 0.0, 0.0]), 2)
    >>> hertz, watts.round(3)  # 2/pi of the swing, and no even ones
    (array([0.5, 1. ]), array([636.62,   0.  ]))
    """
    times, powers = _trace(times_s, powers_w)
    order = np.arange(1, count + 1)
    turn = np.exp(-2j * np.pi * order[:, None] * times / times[-1])
    coefficient = (powers * (turn[:, :-1] - turn[:, 1:])).sum(axis=1) / (2j * np.pi * order)
    return order / times[-1], 2.0 * np.abs(coefficient)


def band_swing(times_s: np.ndarray, powers_w: np.ndarray, low_hz: float, high_hz: float) -> float:
    """Effective (RMS) swing of a repeating trace between two frequencies [W]: the root of half the squares of its harmonics there (Parseval)."""
    if not 0.0 <= low_hz < high_hz:
        raise OutOfRange("a band of frequencies goes from 0 Hz or more up to a higher one")
    times, _ = _trace(times_s, powers_w)
    count = int(np.floor(high_hz * times[-1] * (1.0 + 1e-12)))
    if count < 1:
        return 0.0
    hertz, watts = trace_harmonics(times_s, powers_w, count)
    return float(np.sqrt(0.5 * (watts[hertz >= low_hz * (1.0 - 1e-12)] ** 2).sum()))


def _trace(times_s: np.ndarray, powers_w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Times from 0 to the period and the powers of the blocks between; the last power, which holds from the end, is dropped."""
    times, powers = np.asarray(times_s, dtype=float), np.asarray(powers_w, dtype=float)
    if times.ndim != 1 or times.shape != powers.shape or len(times) < 2 or np.any(np.diff(times) <= 0.0) or not np.isfinite(powers).all():
        raise BadInput(
            Fault("a power trace whose times do not rise, or that has not one power for each time", mend="Give times that rise, the last one the end, and as many powers.")
        )
    return times - times[0], powers[:-1]
