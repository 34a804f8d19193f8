"""Currents of feeds and busbars. Floats or arrays, SI."""

from __future__ import annotations

import numpy as np

from ..draws import Number
from ..errors import OutOfRange


def three_phase_current(power_w: Number, line_v: Number, power_factor: Number = 1.0) -> Number:
    """Line current of a balanced three-phase load [A]: I = P / (sqrt(3) V pf).

    Definition of real power in a balanced system (Glover, Overbye, Sarma, Power System Analysis and Design, 6th ed.,
    section 2.5). `line_v` is line to line.

    >>> round(three_phase_current(33_000.0, 415.0), 2)
    45.91
    """
    if np.any(np.asarray(line_v) <= 0.0) or np.any(np.asarray(power_factor) <= 0.0) or np.any(np.asarray(power_factor) > 1.0):
        raise OutOfRange("a voltage is above 0, a power factor above 0 and at most 1")
    return power_w / (np.sqrt(3.0) * line_v * power_factor)


def busbar_segment_currents(injected_a: np.ndarray) -> np.ndarray:
    """Current in each segment of a straight busbar from what flows in (+) and out (-) at its nodes [A].

    Kirchhoff's current law along a line: the current after node k is the sum of all injections up to it. The injections
    sum to zero; `injected_a` has nodes on its last axis, the answer one segment fewer.
    """
    total = np.sum(injected_a, axis=-1)
    scale = np.sum(np.abs(injected_a), axis=-1)
    if np.any(np.abs(total) > 1e-9 * np.maximum(scale, 1.0)):
        raise OutOfRange("what flows into a busbar flows out of it: the injections do not sum to zero")
    return np.cumsum(injected_a, axis=-1)[..., :-1]
