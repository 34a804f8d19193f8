"""Judgements of coolant against limits that are data: chemistry, filters, wetted metals. Pass, fail, or unknown where something is not stated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ..draws import Number

PASS, FAIL, UNKNOWN = "pass", "fail", "unknown"
# Names that say one metal; a permitted 'SS304' also admits 'stainless 304'
_SAME = {"stainless steel": "stainless", "aluminium": "aluminum", "ss": "stainless"}


def judge_limits(value: Number | None, low: Number | None = None, high: Number | None = None) -> np.ndarray:
    """Whether a value keeps to its limits, both inclusive; of their broadcast shape (0-d for single numbers).

    None, or a number that is none, is not known: without the value, or without any limit, the answer is 'unknown'. A value
    past a limit that is known fails, whatever else is missing.
    """
    given, least, most = np.broadcast_arrays(*(np.asarray(np.nan if each is None else each, dtype=float) for each in (value, low, high)))
    slack = 1e-12 * np.abs(given)  # 25 um as the quotient of two units is still 25 um
    fails = (given < least - slack) | (given > most + slack)
    unknown = np.isnan(given) | (np.isnan(least) & np.isnan(most))
    return np.where(fails, FAIL, np.where(unknown, UNKNOWN, PASS))


def judge_metals(wetted: Sequence[str] | None, permitted: Sequence[str] | None) -> tuple[str, tuple[str, ...]]:
    """Whether every wetted material stands in a permitted list, and those that do not.

    Without either list, or with an empty one of what is wetted, the answer is 'unknown': nothing stated is not nothing wrong.
    """
    if not wetted or not permitted:
        return UNKNOWN, ()
    known = {metal_name(name) for name in permitted}
    strange = tuple(name for name in wetted if metal_name(name) not in known)
    return (FAIL if strange else PASS), strange


def metal_name(text: str) -> str:
    """A material's name in one spelling: 'Stainless steel 304L' and 'SS304L' are the same.

    >>> metal_name("SS304L"), metal_name("Stainless steel 304L"), metal_name(" Copper ")
    ('stainless 304l', 'stainless 304l', 'copper')
    """
    word = " ".join(text.lower().replace("-", " ").split())
    for name, short in _SAME.items():
        if word == name or word.startswith((name + " ", name + "3", name + "4")):
            rest = word[len(name) :].strip()
            return f"{short} {rest}".strip()
    return word


def worst_of(verdicts: Iterable[np.ndarray | str]) -> np.ndarray:
    """The worst of several verdicts, element by element: fail, then unknown, then pass; 'unknown' of none at all."""
    rows = [np.asarray(each) for each in verdicts]
    if not rows:
        return np.asarray(UNKNOWN)
    stacked = np.stack(np.broadcast_arrays(*rows))
    return np.where(np.any(stacked == FAIL, axis=0), FAIL, np.where(np.any(stacked == UNKNOWN, axis=0), UNKNOWN, PASS))
