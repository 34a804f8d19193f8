"""American and Bermudan options on a lattice, for one set of inputs or for a whole array of draws at once.

The tree (after Cox, Ross and Rubinstein 1979) has equal probabilities (Jarrow and Rudd 1983): a step multiplies the worth
by F(1 + tanh s) or F(1 - tanh s), F its mean growth over the step and s the volatility times the root of the step. The mean
is exact, no volatility or drift breaks it, and because a larger s only spreads each step, the value of the plain tree
never falls with volatility. With `smooth` the last step is the closed form and two trees are extrapolated (Broadie and
Detemple 1996), which takes the sawtooth of plain trees away.

References
----------
J. C. Cox, S. A. Ross, M. Rubinstein, J. Financial Economics 7(3), 1979, pp. 229-263; R. Jarrow, A. Rudd, Option Pricing, 1983;
M. Broadie, J. Detemple, Review of Financial Studies 9(4), 1996, pp. 1211-1250.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..draws import Number
from ..errors import OutOfRange
from .closed import european_option, european_probability, final_boundary, perpetual_boundary, sign_of

STEPS = 200
MAX_SPREAD = 20.0  # volatility times root of time; beyond it the tree's ends leave the range of a float
_WIDEST = 500.0  # boundaries further than this many times from the price are told as 'never'
_MAX_NODES = 4000


@dataclass(frozen=True)
class American:
    """Answer of a lattice; floats for float inputs, arrays for arrays."""

    value: Number
    exercise_now: np.ndarray | bool  # exercising at time 0 is allowed and worth no less than keeping the right
    probability: Number  # that it is exercised by the end, under the drift rate - dividend
    steps: int  # of the finer tree


@dataclass(frozen=True)
class _Tree:
    """Inputs of one tree as columns of equal length."""

    sign: float
    spot: np.ndarray
    strike: np.ndarray
    rate: np.ndarray
    dividend: np.ndarray
    volatility: np.ndarray
    time: float
    opens: int  # first step at which exercise is allowed
    steps: int

    @property
    def dt(self) -> float:
        return self.time / self.steps

    @property
    def half_spread(self) -> np.ndarray:
        return self.volatility * math.sqrt(self.dt)

    def nodes(self, step: int, powers: np.ndarray) -> np.ndarray:
        """Worths at a step, lowest first; shape (step + 1, draws)."""
        s = self.half_spread
        lowest = np.log(self.spot) + step * ((self.rate - self.dividend) * self.dt - s - _log_cosh(s))
        return np.exp(lowest) * powers[: step + 1]

    def powers(self) -> np.ndarray:
        """Ratio of each node to the lowest one of its step; shape (steps + 1, draws)."""
        return np.exp(2.0 * np.arange(self.steps + 1)[:, None] * self.half_spread)


def american_option(
    kind: str,
    spot: Number,
    strike: Number,
    rate: Number,
    dividend: Number,
    volatility: Number,
    time: float,
    *,
    first_exercise: float = 0.0,
    steps: int = STEPS,
    smooth: bool = True,
) -> American:
    """Value of a right to buy (call) or sell (put) that may be exercised at any time from `first_exercise` to `time`.

    Parameters
    ----------
    kind : "call" or "put"
    spot, strike : float or array of shape (draws,)
        worth today and price at exercise, above 0
    rate, dividend : float or array
        continuously compounded discount rate and yield [1/yr]; the worth drifts at rate - dividend
    volatility : float or array
        per root of a year, 0 or more
    time, first_exercise : float
        end and start of the window from now [yr]; the same for all draws
    steps : int
        steps of the finer tree (even with `smooth`); the coarser one has half of them
    smooth : bool
        closed form in the last step, and extrapolation; False gives the plain tree, which obeys its laws to the last digit

    Raises OutOfRange where an input leaves the range in which the tree holds.
    """
    sign = sign_of(kind)
    columns = [np.atleast_1d(np.asarray(x, dtype=float)) for x in (spot, strike, rate, dividend, volatility)]
    _check(columns, time, first_exercise, steps)
    shape = np.broadcast_shapes(*(c.shape for c in columns))
    spot_, strike_, rate_, dividend_, volatility_ = (np.broadcast_to(c, shape) for c in columns)
    scalar = all(np.ndim(x) == 0 for x in (spot, strike, rate, dividend, volatility))
    now = sign * (spot_ - strike_)
    if time == 0.0:
        return _answer(np.maximum(now, 0.0), now > 0.0, (now > 0.0).astype(float), 0, scalar)
    if first_exercise == time:
        value = european_option(kind, spot_, strike_, rate_, dividend_, volatility_, time)
        chance = european_probability(kind, spot_, strike_, rate_, dividend_, volatility_, time)
        return _answer(np.atleast_1d(value), np.zeros(shape, bool), np.atleast_1d(chance), 0, scalar)
    coarse_steps, coarse_opens = _aligned(max(2, steps // 2), first_exercise / time) if smooth else _aligned(steps, first_exercise / time)
    coarse = _Tree(sign, spot_, strike_, rate_, dividend_, volatility_, time, coarse_opens, coarse_steps)
    if not smooth:
        value, at_once, chance = _roll_back(coarse, smooth=False)
        return _answer(value, at_once, chance, coarse_steps, scalar)
    fine = _Tree(sign, spot_, strike_, rate_, dividend_, volatility_, time, 2 * coarse_opens, 2 * coarse_steps)
    value, at_once, chance = _roll_back(fine, smooth=True)
    rough, _, _ = _roll_back(coarse, smooth=True)
    value = np.maximum(2.0 * value - rough, 0.0)
    if first_exercise == 0.0:
        value = np.where(at_once, now, np.maximum(value, now))
    return _answer(value, at_once, chance, fine.steps, scalar)


def exercise_boundary(
    kind: str, strike: float, rate: float, dividend: float, volatility: float, time: float, at: np.ndarray, *, first_exercise: float = 0.0, steps: int = 600
) -> np.ndarray:
    """Worth at which to exercise, at each of the times `at` [yr from now]; the call is exercised above it, the put below.

    Where exercise is not allowed, or no worth makes it better than waiting, the entry is nan (call) or 0 (put).
    The tree starts so wide that the boundary lies inside it at every time; between nodes it is interpolated, good to about 1 %.
    """
    sign = sign_of(kind)
    at = np.asarray(at, dtype=float)
    out = np.full(at.shape, math.nan if sign > 0 else 0.0)
    out[np.isclose(at, time)] = strike
    early = (at >= first_exercise - 1e-9) & (at < time - 1e-9)
    ends = (final_boundary(kind, strike, rate, dividend), perpetual_boundary(kind, strike, rate, dividend, volatility))
    if time == 0.0 or not early.any() or not all(strike / _WIDEST < end < strike * _WIDEST for end in ends):
        return out
    if volatility * math.sqrt(time) < 1e-3:  # nothing to wait for but the drift
        out[early] = ends[0]
        return out
    times, found = _boundary_by_step(sign, strike, rate, dividend, volatility, time, ends, steps)
    keep = np.isfinite(found)
    if keep.any():
        out[early] = np.interp(at[early], times[keep], _steady(found[keep], sign))
    return out


def _answer(value: np.ndarray, at_once: np.ndarray, chance: np.ndarray, steps: int, scalar: bool) -> American:
    if scalar:
        return American(float(value[0]), bool(at_once[0]), float(chance[0]), steps)
    return American(value, at_once, chance, steps)


def _check(columns: list[np.ndarray], time: float, first_exercise: float, steps: int) -> None:
    spot, strike, rate, dividend, volatility = columns
    if not all(np.all(np.isfinite(c)) for c in columns):
        raise OutOfRange("worth, price, rate, yield and volatility are finite numbers: one of them is not.")
    if np.any(spot <= 0.0) or np.any(strike <= 0.0):
        raise OutOfRange("worth and price are above 0: a worth that moves by shares of itself cannot be 0 or less.")
    if np.any(volatility < 0.0):
        raise OutOfRange("volatility is 0 or more.")
    if not (math.isfinite(time) and 0.0 <= first_exercise <= time):
        raise OutOfRange(f"a window from {first_exercise:g} to {time:g} years: it starts at 0 or later and ends no earlier than it starts.")
    if np.max(volatility) * math.sqrt(time) > MAX_SPREAD:
        raise OutOfRange(f"volatility times the root of time is above {MAX_SPREAD:g}: shorten the window or lower the volatility.")
    if np.max(np.abs(rate)) * time > 100.0 or np.max(np.abs(dividend)) * time > 100.0:
        raise OutOfRange("rate or yield times time is above 100: give them as fractions a year.")
    if steps < 2:
        raise OutOfRange("a tree has 2 steps or more.")


def _log_cosh(x: np.ndarray) -> np.ndarray:
    return x + np.log1p(np.exp(-2.0 * x)) - math.log(2.0)


def _aligned(steps: int, share: float) -> tuple[int, int]:
    """(steps, first exercise step): of some tens of trees from `steps` on, the one with a step nearest to the window's opening."""
    if share <= 0.0:
        return steps, 0
    tried = np.arange(steps, steps + max(8, steps // 4))
    opens = np.clip(np.round(tried * share), 1, tried - 1)
    best = int(np.argmin(np.abs(opens / tried - share)))
    return int(tried[best]), int(opens[best])


def _roll_back(tree: _Tree, *, smooth: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Value, 'exercise at once' and probability of exercise at the root; each of shape (draws,)."""
    kind = "call" if tree.sign > 0 else "put"
    powers = tree.powers()
    discount = 0.5 * np.exp(-tree.rate * tree.dt)
    if smooth:
        step = tree.steps - 1
        worth = tree.nodes(step, powers)
        inputs = (tree.strike, tree.rate, tree.dividend, tree.volatility, tree.dt)
        value = np.asarray(european_option(kind, worth, *inputs))
        chance = np.asarray(european_probability(kind, worth, *inputs))
    else:
        step = tree.steps
        payoff = tree.sign * (tree.nodes(step, powers) - tree.strike)
        value, chance = np.maximum(payoff, 0.0), (payoff > 0.0).astype(float)
    at_once = np.zeros(tree.spot.shape, dtype=bool)
    while True:
        if step >= tree.opens:
            payoff = tree.sign * (tree.nodes(step, powers) - tree.strike)
            taken = (payoff >= value) & (payoff > 0.0)
            value = np.where(taken, payoff, value)
            chance = np.where(taken, 1.0, chance)
            at_once = taken[0] if step == 0 else at_once
        if step == 0:
            return value[0], at_once, chance[0]
        value = discount * (value[1:] + value[:-1])
        chance = 0.5 * (chance[1:] + chance[:-1])
        step -= 1


def _boundary_by_step(
    sign: float, strike: float, rate: float, dividend: float, volatility: float, time: float, ends: tuple[float, float], steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """(times, boundary) at each step of a tree that is wide enough from the start to hold both ends of the boundary."""
    dt = time / steps
    s = volatility * math.sqrt(dt)
    reach = 0.5 * abs(math.log(ends[1] / ends[0])) + abs(rate - dividend) * time + 4.0 * s
    extra = min(2 * math.ceil(0.5 * reach / s) + 2, _MAX_NODES)
    log_cosh = float(_log_cosh(np.asarray(s)))
    centre = 0.5 * math.log(ends[0] * ends[1])
    ladder = s * (2.0 * np.arange(steps + extra + 1))
    discount = 0.5 * math.exp(-rate * dt)
    found = np.full(steps, math.nan)
    value = None
    for step in range(steps - 1, -1, -1):
        count = step + extra + 1
        lowest = centre + step * ((rate - dividend) * dt - log_cosh) - (step + extra) * s
        worth = np.exp(lowest + ladder[:count])
        kept = np.asarray(european_option("call" if sign > 0 else "put", worth, strike, rate, dividend, volatility, dt)) if value is None else discount * (value[1:] + value[:-1])
        gain = sign * (worth - strike) - kept
        found[step] = _crossing(worth, gain, sign)
        value = np.maximum(kept, kept + gain)
    return np.arange(steps) * dt, found


def _steady(found: np.ndarray, sign: float, width: int = 15) -> np.ndarray:
    """A boundary without the sawtooth of the nodes: a running mean, and never crossing back (it nears the price as time runs out)."""
    width = min(width, 2 * ((found.size - 1) // 2) + 1)
    edges = np.concatenate([np.full(width // 2, found[0]), found, np.full(width // 2, found[-1])])
    mean = np.convolve(edges, np.full(width, 1.0 / width), mode="valid")
    return sign * np.maximum.accumulate((sign * mean)[::-1])[::-1]


def _crossing(worth: np.ndarray, gain: np.ndarray, sign: float) -> float:
    """Worth at which the gain from exercising turns from loss to gain; nan when the nodes do not hold it."""
    taken = np.flatnonzero(gain >= 0.0)
    if taken.size == 0:
        return math.nan
    inside = int(taken[0] if sign > 0 else taken[-1])
    outside = inside - int(sign)
    if not 0 <= outside < worth.size:
        return math.nan
    share = gain[inside] / (gain[inside] - gain[outside])
    return float(worth[inside] + share * (worth[outside] - worth[inside]))
