"""Redundancy as failure states: which modules of which shelves live in each, what they carry, and what paralleling leaves of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..draws import Number
from ..errors import BadInput, Fault, OutOfRange


@dataclass(frozen=True)
class FailureStates:
    """Failure states of a rack's supply, the healthy one first. Arrays go as masks into `solve_dc` and `solve_busbar`."""

    names: tuple[str, ...]  # 'all live', 'feed A lost', 'shelf 2 lost', 'a module of shelf 2 lost'
    live_modules: np.ndarray  # (states, shelves), int

    @property
    def live(self) -> np.ndarray:
        """Shelves that still give anything, (states, shelves)."""
        return self.live_modules > 0


def failure_states(shelves: Sequence[str], module_feeds: Sequence[Sequence[str]], *, lost: Sequence[str] = ("feed", "shelf", "module")) -> FailureStates:
    """Every single failure of the kinds asked for, after the healthy state.

    Parameters
    ----------
    shelves : names, each once
    module_feeds : for each shelf the feed of each of its modules; a shelf on one feed repeats it, one with two inputs splits
    lost : kinds of failures: 'feed' takes every module on it, 'shelf' all of its modules, 'module' the one of a shelf whose
        feed is the first

    >>> states = failure_states(["s1", "s2"], [["A"] * 6, ["B"] * 6])
    >>> dict(zip(states.names, states.live_modules.tolist()))["feed A lost"]
    [0, 6]
    """
    faults = [Fault(f"shelf '{name}' stands twice", mend="Give each its own name.") for name in dict.fromkeys(shelves) if list(shelves).count(name) > 1]
    if len(shelves) != len(module_feeds) or not shelves:
        faults.append(Fault(f"{len(shelves)} shelves and feeds of {len(module_feeds)}", mend="Give the feeds of the modules of each shelf."))
    faults += [Fault(f"shelf '{name}' has no modules", mend="Name the feed of each of its modules.") for name, feeds in zip(shelves, module_feeds, strict=False) if not feeds]
    faults += [Fault(f"failures of the kind '{kind}'", mend="Say 'feed', 'shelf' or 'module'.") for kind in lost if kind not in ("feed", "shelf", "module")]
    if faults:
        raise BadInput(faults)
    whole = np.array([len(feeds) for feeds in module_feeds])
    names, rows = ["all live"], [whole]
    if "feed" in lost:
        for feed in dict.fromkeys(feed for feeds in module_feeds for feed in feeds):
            names.append(f"feed {feed} lost")
            rows.append(np.array([sum(one != feed for one in feeds) for feeds in module_feeds]))
    for kind, words in (("shelf", "{} lost"), ("module", "a module of {} lost")):
        if kind in lost:
            for index, name in enumerate(shelves):
                names.append(words.format(name))
                row = whole.copy()
                row[index] = 0 if kind == "shelf" else row[index] - 1
                rows.append(row)
    return FailureStates(tuple(names), np.stack(rows))


def shelf_of_modules(live_modules: np.ndarray | int, module_limit: Number, module_droop_ohm: Number) -> tuple[Number, Number]:
    """Limit and droop of a shelf with so many live modules: limits add, droops in parallel divide.

    `module_limit` in A or W, the answer in the same. A shelf without live modules has limit 0 and one module's droop: mask it.

    >>> shelf_of_modules(5, 5500.0, 0.005)
    (27500.0, 0.001)
    """
    live = np.asarray(live_modules)
    limit, droop = live * module_limit, module_droop_ohm / np.maximum(live, 1)
    return (limit, droop) if np.ndim(limit) or np.ndim(droop) else (float(limit), float(droop))


def paralleled_capacity(live_units: np.ndarray | int, unit: Number, spread_share: Number = 0.0, stated: Number = np.inf) -> Number:
    """What units in parallel carry before the fullest of them reaches its limit: n P / (1 + spread), at most what a document states.

    `spread_share` is how far the fullest unit lies above the mean of the live ones; one unit alone has none. Follows from the
    definition of the spread. A stated limit for a set in parallel rules over the sum: the ORv3 HPR 33 kW shelf (OCP Rev 0.3,
    draft; clause not read) is cited with 93.5 kW for three sets, which is 17 of their 18 modules of 5.5 kW, not 99.

    >>> round(paralleled_capacity(3, 33e3, 0.05), 3), paralleled_capacity(3, 33e3, stated=93.5e3), paralleled_capacity(1, 33e3, 0.05)
    (94285.714, 93500.0, 33000.0)
    """
    if np.any(np.asarray(spread_share) < 0.0):
        raise OutOfRange("a sharing spread is 0 or more: the fullest unit is not below the mean")
    live = np.asarray(live_units)
    out = np.minimum(live * unit / (1.0 + np.where(live > 1, spread_share, 0.0)), stated)
    return out if np.ndim(out) else float(out)


def droop_spread(set_point_tolerance_v: Number, droop_ohm: Number, units: np.ndarray | int, mean_current_a: Number) -> Number:
    """How far the fullest of n units that share by droop lies above the mean, as a share of it.

    Equal droops, one set point high by the tolerance and all others low by it: (I_max - I) = 2 dV (n - 1) / (n R). Solved here
    from the droop lines; resistances between the units are left out and narrow the spread.

    >>> round(float(droop_spread(0.05, 0.0012, 3, 600.0)), 4)
    0.0926
    """
    if np.any(np.asarray(droop_ohm) <= 0.0) or np.any(np.asarray(mean_current_a) <= 0.0):
        raise OutOfRange("a spread by droop needs a droop above 0 ohm and a mean current above 0 A")
    n = np.asarray(units)
    return 2.0 * set_point_tolerance_v * (n - 1) / (n * droop_ohm * mean_current_a)


def state_capacity(live_modules: np.ndarray, module: Number, spread_share: Number = 0.0, stated: Number = np.inf) -> np.ndarray:
    """What each failure state carries, all shelves on one bar: `live_modules` (..., shelves) of modules of one rating.

    The fullest shelf reaches its limit first: it carries its modules' part of the load times (1 + spread) where more than one
    shelf lives. `stated` is of the shape of the answer, (...): a document's limit for the number of shelves that live.
    """
    live = np.asarray(live_modules)
    several = (live > 0).sum(axis=-1) > 1
    return np.minimum(live.sum(axis=-1) * module / (1.0 + np.where(several, spread_share, 0.0)), stated)
