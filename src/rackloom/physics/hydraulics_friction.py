"""Friction factors of pipes, by the name of the law. Arrays of any one shape; all numbers dimensionless.

Each law gives the Darcy factor and how it changes, so that a solver can step by Newton's method.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..errors import OutOfRange, Unknown

LAMINAR_TO = 2300.0  # Re below which pipe flow is laminar (Moody 1944; Incropera et al., 7th ed., section 8.1)
TURBULENT_FROM = 4000.0  # Re above which it is turbulent
SMALLEST_RE = 1e-6  # under it the factor stands still, and the drop is a straight line through zero
_C = 2.0 / np.log(10.0)
_SPAN = 3.71  # of the fully rough law in its form 1/sqrt(f) = 2 lg(d/k) + 1.14, to which Colebrook's tends; others round it to 3.7

Factor = tuple[np.ndarray, np.ndarray]  # Darcy factor, Reynolds number times its derivative


def _laminar(re: np.ndarray) -> Factor:
    factor = 64.0 / re
    return factor, -factor


def _colebrook(re: np.ndarray, rough: np.ndarray) -> Factor:
    """Colebrook's equation for x = 1/sqrt(f): from x near 7, one turn of the equation, one step of Halley's and one of Newton's.

    In place: for many designs the time is that of walking through memory.
    """
    a, b = rough / _SPAN, 2.51 / re
    x = 7.0 * b
    x += a
    x = np.log(x, out=x)
    x *= -_C
    inner = b * x
    inner += a
    ratio = b / inner
    ratio *= _C
    value = np.log(inner, out=inner)
    value *= _C
    value += x
    bend = ratio * ratio  # the second derivative is -ratio^2 / C
    bend *= value
    bend *= 0.5 / _C
    ratio += 1.0  # now the slope
    value *= ratio
    ratio *= ratio
    ratio += bend
    value /= ratio
    x -= value
    inner = np.multiply(b, x, out=value)
    inner += a
    b *= _C
    late = np.log(inner, out=bend)
    late *= _C
    late += x
    late *= inner
    late /= np.add(inner, b, out=ratio)
    x -= late
    inner = np.divide(b, _C, out=inner)
    inner *= x
    inner += a
    inner += b
    b /= inner  # Re dx/dRe, over x
    factor = np.multiply(x, x, out=x)
    factor = np.divide(1.0, factor, out=factor)
    b *= factor
    b *= -2.0
    return factor, b


def _swamee_jain(re: np.ndarray, rough: np.ndarray) -> Factor:
    tail = 5.74 / re**0.9
    inner = rough / 3.7 + tail
    x = -_C * np.log(inner)
    factor = 1.0 / (x * x)
    return factor, -2.0 * factor * (_C * 0.9 * tail / inner) / x


def _larger(law: Callable[[np.ndarray, np.ndarray], Factor]) -> Callable[[np.ndarray, np.ndarray], Factor]:
    """A turbulent law, or the laminar one where that is larger: they cross near Re = 1100, so nothing jumps."""

    def both(re: np.ndarray, rough: np.ndarray) -> Factor:
        if re.size and re.min() >= LAMINAR_TO:  # the turbulent law is the larger one for any roughness
            return law(re, rough)
        slow, slow_move = _laminar(re)
        fast, fast_move = law(np.maximum(re, 500.0), rough)
        take = (re < 500.0) | (slow > fast)
        return np.where(take, slow, fast), np.where(take, slow_move, fast_move)

    return both


def _nikuradse(re: np.ndarray, rough: np.ndarray) -> Factor:
    """Laminar plus fully rough, the two added."""
    slow, move = _laminar(re)
    with np.errstate(divide="ignore"):
        rest = 1.0 / (_C * np.log(np.maximum(rough, 1e-300) / _SPAN)) ** 2
    return slow + rest, move


def _three_regimes(re: np.ndarray, rough: np.ndarray) -> Factor:
    """Hagen-Poiseuille to Re 2300, Colebrook from 4000, and between them a cubic smooth step from one to the other."""
    slow, slow_move = _laminar(re)
    if np.all(re <= LAMINAR_TO):
        return slow, slow_move
    fast, fast_move = _colebrook(np.maximum(re, LAMINAR_TO), rough)
    t = np.clip((re - LAMINAR_TO) / (TURBULENT_FROM - LAMINAR_TO), 0.0, 1.0)
    share, rate = t * t * (3.0 - 2.0 * t), 6.0 * t * (1.0 - t) * re / (TURBULENT_FROM - LAMINAR_TO)
    return slow + share * (fast - slow), slow_move + share * (fast_move - slow_move) + rate * (fast - slow)


def _dunlop(re: np.ndarray, rough: np.ndarray) -> Factor:
    """Laminar to Re 2000, Swamee-Jain from 4000, Dunlop's cubic between (as EPANET's Darcy-Weisbach)."""
    slow, slow_move = _laminar(re)
    fast, fast_move = _swamee_jain(np.maximum(re, 2000.0), rough)
    y2 = rough / 3.7 + 5.74 / 4000.0**0.9
    y3 = -_C * np.log(y2)
    fa = y3**-2.0
    fb = fa * (2.0 - 0.00514215 / (y2 * y3))
    r = np.clip(re, 2000.0, 4000.0) / 2000.0
    x1, x2, x3, x4 = 7.0 * fa - fb, 0.128 - 17.0 * fa + 2.5 * fb, -0.128 + 13.0 * fa - 2.0 * fb, 0.032 - 3.0 * fa + 0.5 * fb
    mid, mid_move = x1 + r * (x2 + r * (x3 + r * x4)), r * (x2 + r * (2.0 * x3 + 3.0 * r * x4))
    low, high = re < 2000.0, re > 4000.0
    return np.where(low, slow, np.where(high, fast, mid)), np.where(low, slow_move, np.where(high, fast_move, mid_move))


LAWS: dict[str, Callable[[np.ndarray, np.ndarray], Factor]] = {
    "nikuradse": _nikuradse,
    "colebrook": _larger(_colebrook),
    "swamee-jain": _larger(_swamee_jain),
    "swamee-jain-dunlop": _dunlop,
    "laminar-transition-turbulent": _three_regimes,
}


def friction_factor(reynolds: np.ndarray | float, relative_roughness: np.ndarray | float, law: str = "laminar-transition-turbulent") -> np.ndarray | float:
    """Darcy friction factor of a round pipe.

    Parameters
    ----------
    reynolds : above 0 [-]
    relative_roughness : wall roughness over inner diameter, 0 to 0.1 [-]
    law : a key of `LAWS`:
        `laminar-transition-turbulent` 64/Re to 2300, Colebrook from 4000, a cubic smooth step between (our own);
        `colebrook`, `swamee-jain` the turbulent formula, or 64/Re where larger;
        `swamee-jain-dunlop` 64/Re to 2000, Swamee-Jain from 4000, Dunlop's cubic between;
        `nikuradse` 64/Re plus the fully rough factor (2 lg(d/k) + 1.14)^-2.

    Returns
    -------
    float, or ndarray of the common shape

    Raises OutOfRange outside these ranges, Unknown for another law.

    References
    ----------
    Colebrook, J. ICE 11 (1939) 133-156; Swamee and Jain, J. Hydraul. Div. ASCE 102 (1976) 657-664; Nikuradse, VDI-Forschungsheft
    361 (1933); Dunlop's cubic as in the EPANET 2 manual (Rossman 2000), appendix D. Texts not read here: no clauses.

    >>> round(float(friction_factor(1e5, 1e-4)), 7)
    0.0185139
    """
    if law not in LAWS:
        raise Unknown("friction law", law, LAWS)
    re, rough = np.broadcast_arrays(np.asarray(reynolds, dtype=float), np.asarray(relative_roughness, dtype=float))
    if not np.all(re > 0.0) or not np.all((rough >= 0.0) & (rough <= 0.1)):
        raise OutOfRange("a Reynolds number is above 0 and a relative roughness between 0 and 0.1")
    out = LAWS[law](np.maximum(np.atleast_1d(re), SMALLEST_RE), np.atleast_1d(rough))[0]
    return out if re.ndim else float(out[0])
