"""Refusals and shapes that the functions of physics share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..draws import Number
from ..errors import OutOfRange


def refuse(wrong: Any, values: Any, say: Callable[[float], str]) -> None:
    """Raise OutOfRange with the first value that is wrong, or not a number, in words."""
    bad, given = np.broadcast_arrays(np.asarray(wrong), np.asarray(values, dtype=float))
    bad = bad | np.isnan(given)
    if np.any(bad):
        raise OutOfRange(say(float(given[bad].flat[0])))


def positive(**named: Number) -> None:
    """Raise OutOfRange for the first named value that is not above 0."""
    for name, value in named.items():
        refuse(np.asarray(value) <= 0.0, value, lambda found, name=name: f"{name}={found:g}: it is above 0")  # type: ignore[misc]


def not_negative(**named: Number) -> None:
    """Raise OutOfRange for the first named value that is below 0."""
    for name, value in named.items():
        refuse(np.asarray(value) < 0.0, value, lambda found, name=name: f"{name}={found:g}: it is 0 or more")  # type: ignore[misc]


def plain(value: Any) -> Number:
    """A float where the shape is none, else the array."""
    array = np.asarray(value, dtype=float)
    return array if array.ndim else float(array)


def bisect(excess: Callable[[np.ndarray], np.ndarray], low: Any, high: Any, *, passes: int = 100) -> np.ndarray:
    """Where a falling function crosses zero between two ends, element by element; an end where it crosses outside them.

    Halving needs no slope and cannot run away; a hundred halvings of any span leave the last digit.
    """
    below, above = (np.array(end, dtype=float) for end in np.broadcast_arrays(low, high))
    for _ in range(passes):
        middle = 0.5 * (below + above)
        over = excess(middle) > 0.0
        below, above = np.where(over, middle, below), np.where(over, above, middle)
    return 0.5 * (below + above)
