"""Closed forms: the European option on a worth that pays a yield, and the bound of a right that never ends.

All functions take floats or arrays that broadcast, and give a float for floats.
"""

from __future__ import annotations

import math

import numpy as np

from ..draws import Number
from ..errors import BadInput, Fault

KINDS = ("call", "put")
_SMALL = 1e-12  # a spread below this is none; keeps 0/0 out of the formulas
_ERFC = np.frompyfunc(math.erfc, 1, 1)


def normal_cdf(x: Number) -> Number:
    """Standard normal distribution function, from the complementary error function (exact to double precision)."""
    out = 0.5 * np.asarray(_ERFC(-np.asarray(x, dtype=float) / math.sqrt(2.0)), dtype=float)
    return float(out) if out.ndim == 0 else out


def sign_of(kind: str) -> float:
    """+1 for a call (right to buy), -1 for a put (right to sell). Raises BadInput for anything else."""
    if kind not in KINDS:
        raise BadInput(Fault(f"no kind of option '{kind}'", mend=f"Kinds: {', '.join(KINDS)}."))
    return 1.0 if kind == "call" else -1.0


def _d2(spot: Number, strike: Number, rate: Number, dividend: Number, volatility: Number, time: Number) -> tuple[np.ndarray, np.ndarray]:
    """(d2, spread) of Black-Scholes-Merton; spread is volatility times the root of time."""
    spread = np.maximum(np.asarray(volatility, dtype=float) * np.sqrt(time), _SMALL)
    forward_log = np.log(np.asarray(spot, dtype=float) / strike) + (np.asarray(rate, dtype=float) - dividend) * time
    return forward_log / spread - 0.5 * spread, spread


def european_option(kind: str, spot: Number, strike: Number, rate: Number, dividend: Number, volatility: Number, time: Number) -> Number:
    """Value of a European option on a worth with a continuous yield (Black and Scholes 1973, Merton 1973).

    Parameters
    ----------
    kind : "call" or "put"
    spot, strike : float or array
        worth today and price at exercise, in one currency, above 0
    rate, dividend : float or array
        continuously compounded discount rate and yield [1/yr]
    volatility : float or array
        per root of a year, 0 or more
    time : float or array
        to the exercise date [yr], 0 or more

    References
    ----------
    F. Black and M. Scholes, J. Political Economy 81(3), 1973, pp. 637-654; R. C. Merton, Bell J. Economics 4(1), 1973, pp. 141-183.
    """
    sign = sign_of(kind)
    d2, spread = _d2(spot, strike, rate, dividend, volatility, time)
    held = np.asarray(spot) * np.exp(-np.asarray(dividend) * time) * normal_cdf(sign * (d2 + spread))
    paid = np.asarray(strike) * np.exp(-np.asarray(rate) * time) * normal_cdf(sign * d2)
    out = np.maximum(sign * (held - paid), 0.0)
    return float(out) if np.ndim(out) == 0 else out


def european_probability(kind: str, spot: Number, strike: Number, rate: Number, dividend: Number, volatility: Number, time: Number) -> Number:
    """Probability that a European option ends worth exercising, under the drift rate - dividend: N(d2) for a call."""
    d2, _ = _d2(spot, strike, rate, dividend, volatility, time)
    return normal_cdf(sign_of(kind) * d2)


def perpetual_boundary(kind: str, strike: float, rate: float, dividend: float, volatility: float) -> float:
    """Worth at which a right that never ends is exercised (McKean 1965; McDonald and Siegel 1986).

    K b/(b - 1), b the root above 1 (call) or below 0 (put) of v^2 b(b-1)/2 + (rate - dividend) b - rate = 0.
    Infinite for a call and 0 for a put that are never worth exercising early.

    References
    ----------
    R. McDonald and D. Siegel, Quarterly J. Economics 101(4), 1986, pp. 707-727.
    """
    sign = sign_of(kind)
    never = math.inf if sign > 0 else 0.0
    variance = volatility**2
    if (dividend if sign > 0 else rate) <= 0.0:
        return never
    at_end = final_boundary(kind, strike, rate, dividend)
    if volatility < 1e-6:
        return at_end
    half = 0.5 - (rate - dividend) / variance
    root = half + sign * math.sqrt(half**2 + 2.0 * rate / variance)  # real, and beyond 1 or 0, because yield (rate, for a put) is above 0
    if root == 1.0:  # the yield is lost in rounding
        return never
    return strike * root / (root - 1.0)


def final_boundary(kind: str, strike: float, rate: float, dividend: float) -> float:
    """Limit of the exercise boundary just before the last date: K max(1, rate/dividend) for a call, K min(1, rate/dividend) for a put.

    Source: I. J. Kim, Review of Financial Studies 3(4), 1990, pp. 547-572.
    """
    sign = sign_of(kind)
    if dividend <= 0.0:
        return math.inf if sign > 0 else strike
    ratio = rate / dividend
    return strike * (max(1.0, ratio) if sign > 0 else min(1.0, max(ratio, 0.0)))
