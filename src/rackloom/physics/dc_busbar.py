"""A straight busbar with shelves and trays at several heights, for very many designs and failure states at once.

The same physics and the same root as `solve_dc`, in a form that a straight bar allows: the matrix of Newton's steps is
tridiagonal and is eliminated node by node over all designs together. It is a symmetric matrix whose pivots are all above 0
just where the network still has its stable root, so a pivot of 0 or less proves a collapse.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..draws import Number
from ..errors import BadInput, Fault
from .dc import DcLoad, DcNetwork, DcSource, Segment
from .dc_solve import solve_dc

Sharing = Literal["droop", "active"]
BLOCK = 16384  # designs eliminated together: fits caches, bounds memory
STEPS = 80
PASSES = 200  # of the substitution under active sharing, which gains 1.5 digits a pass where 3 % of the voltage is lost
TOLERANCE = 1e-13


@dataclass(frozen=True)
class BusbarFlow:
    """What flows on a busbar; leading shape of the designs, then nodes, segments or shelves. NaN where it collapsed."""

    voltage_v: np.ndarray  # (..., nodes), on the bar
    tray_voltage_v: np.ndarray  # (..., nodes), behind the tray's connector
    tray_current_a: np.ndarray  # (..., nodes)
    segment_current_a: np.ndarray  # (..., nodes - 1), above 0 towards the later node
    shelf_current_a: np.ndarray  # (..., shelves)
    shelf_power_w: np.ndarray  # (..., shelves), at the terminals, before the clip
    loss_w: np.ndarray  # (...), in segments, clips and taps
    collapsed: np.ndarray  # (...), bool: no solution, the bar cannot carry its load
    unfed: np.ndarray  # (..., nodes), bool: a load without a live shelf
    overloaded: np.ndarray  # (..., shelves), bool: beyond its current or power limit
    balance_w: np.ndarray  # (...), shelves - losses - loads: what rounding leaves


def solve_busbar(
    segment_ohm: Number, load_w: Number, shelf_node: np.ndarray, *, set_point_v: Number, droop_ohm: Number, live: np.ndarray | bool = True, sharing: Sharing = "droop",
    share_weight: Number = 1.0, clip_ohm: Number = 0.0, tap_ohm: Number = 0.0, limit_a: Number = np.inf, limit_w: Number = np.inf, closed: np.ndarray | bool = True,
) -> BusbarFlow:  # fmt: skip
    """The power flow of a straight busbar, or of a batch of them.

    Parameters
    ----------
    segment_ohm : (..., nodes - 1), above 0; go and return together [ohm]
    load_w : (..., nodes), constant power of the trays at each node, behind their tap; 0 where none hangs [W]
    shelf_node : (..., shelves) of int, where each shelf is clipped on; several may stand at one node
    set_point_v, droop_ohm : (..., shelves) or one for all; V = set_point_v - droop_ohm x I at a shelf's terminals
    live : (..., shelves) of bool, the failure state; or one for all
    sharing : 'droop', each by its own droop line; 'active', live shelves give currents in proportion to `share_weight` and
        the mean of their terminal voltages follows the mean droop line (droop may then be 0)
    clip_ohm, tap_ohm : resistance of a shelf's clip (..., shelves) and of a tray's connector (..., nodes) [ohm]
    limit_a, limit_w : of a shelf (..., shelves); they mark overload and change nothing in the flow
    closed : (..., nodes - 1) of bool, False for an open segment

    Raises
    ------
    BadInput : a segment without resistance, an ideal shelf, a shelf beyond the bar, by index

    Kirchhoff's laws; method in the heads of this file and of dc_solve.py. Shapes broadcast over the leading axes.

    >>> flow = solve_busbar(np.full(2, 1e-5), np.array([0.0, 10e3, 10e3]), np.array([0]), set_point_v=50.0, droop_ohm=1e-3)
    >>> flow.segment_current_a.round(3), round(float(flow.loss_w), 3)
    (array([403.294, 201.651]), 2.033)
    """
    arrays = {
        "r": np.atleast_1d(np.asarray(segment_ohm, float)), "p": np.atleast_1d(np.asarray(load_w, float)), "node": np.atleast_1d(np.asarray(shelf_node)),
        "set": np.atleast_1d(np.asarray(set_point_v, float)), "droop": np.atleast_1d(np.asarray(droop_ohm, float)), "live": np.atleast_1d(np.asarray(live, bool)),
        "weight": np.atleast_1d(np.asarray(share_weight, float)), "clip": np.atleast_1d(np.asarray(clip_ohm, float)), "tap": np.atleast_1d(np.asarray(tap_ohm, float)),
        "limit_a": np.atleast_1d(np.asarray(limit_a, float)), "limit_w": np.atleast_1d(np.asarray(limit_w, float)), "closed": np.atleast_1d(np.asarray(closed, bool)),
    }  # fmt: skip
    _check(arrays, sharing)
    nodes, shelves = int(arrays["p"].shape[-1]), int(arrays["node"].shape[-1])
    widths = dict.fromkeys(arrays, shelves) | {"r": nodes - 1, "p": nodes, "tap": nodes, "closed": nodes - 1}
    shape = np.broadcast_shapes(*(value.shape[:-1] for value in arrays.values()))
    count = int(np.prod(shape, dtype=int))
    wide = {name: np.broadcast_to(value, (*shape, widths[name])) for name, value in arrays.items()}
    flat = {name: value.reshape(count, value.shape[-1]) for name, value in wide.items()}
    parts = [_block({name: value[first : first + BLOCK].T for name, value in flat.items()}, sharing) for first in range(0, max(count, 1), BLOCK)]
    joined = [np.concatenate([part[i] for part in parts], axis=-1) for i in range(len(parts[0]))]
    return BusbarFlow(*(part.T.reshape((*shape, *part.T.shape[1:])) for part in joined))


def busbar_network(
    nodes: tuple[str, ...], segment_ohm: np.ndarray, load_w: np.ndarray, shelves: tuple[str, ...], shelf_node: np.ndarray, *, set_point_v: np.ndarray, droop_ohm: np.ndarray,
    live: np.ndarray, sharing: Sharing = "droop", share_weight: np.ndarray, clip_ohm: np.ndarray, tap_ohm: np.ndarray, closed: np.ndarray,
) -> DcNetwork:  # fmt: skip
    """The same busbar as a network of named parts, for `solve_dc`: one set of shelf positions, other arrays as above, full width.

    Clips and taps above 0 ohm become segments 'clip of SHELF' and 'tap of NODE'.
    """
    for kind, ohms in (("taps", tap_ohm), ("clips", clip_ohm)):
        if np.any(np.any(ohms > 0.0, axis=tuple(range(ohms.ndim - 1))) & ~np.all(ohms > 0.0, axis=tuple(range(ohms.ndim - 1)))):
            raise BadInput(Fault(f"{kind} of 0 ohm in some states and above 0 in others: those are two networks", mend="Give each a resistance above 0 in all states, or in none."))
    segments = [Segment(f"{nodes[k]} to {nodes[k + 1]}", nodes[k], nodes[k + 1], segment_ohm[..., k], closed[..., k]) for k in range(len(nodes) - 1)]
    loads, sources = [], []
    for k, node in enumerate(nodes):
        place = node
        if np.all(tap_ohm[..., k] > 0.0) and np.any(load_w[..., k] > 0.0):
            place = f"{node}, tray side"
            segments.append(Segment(f"tap of {node}", node, place, tap_ohm[..., k]))
        if np.any(load_w[..., k] > 0.0):
            loads.append(DcLoad(node, place, load_w[..., k]))
    for m, shelf in enumerate(shelves):
        place = nodes[int(shelf_node[m])]
        if np.all(clip_ohm[..., m] > 0.0):
            segments.append(Segment(f"clip of {shelf}", f"{shelf}, terminals", place, clip_ohm[..., m]))
            place = f"{shelf}, terminals"
        group = "shelves" if sharing == "active" else ""
        sources.append(DcSource(shelf, place, set_point_v[..., m], droop_ohm[..., m], live=live[..., m], share_group=group, share_weight=share_weight[..., m]))
    return DcNetwork(tuple(segments), tuple(loads), tuple(sources))


def _check(a: dict[str, np.ndarray], sharing: str) -> None:
    faults = []
    nodes = a["p"].shape[-1]

    def bad(name: str, is_good: np.ndarray, what: str, mend: str) -> None:
        if not np.all(is_good):
            where = tuple(int(i) for i in np.argwhere(~np.asarray(is_good))[0])
            faults.append(Fault(f"{what} {where[-1]} has {a[name][where]:g}", mend=mend))

    bad("r", (a["r"] > 0.0) & np.isfinite(a["r"]), "the resistance of busbar segment", "Give ohms above 0.")
    bad("p", (a["p"] >= 0.0) & np.isfinite(a["p"]), "the load at node", "Give watts, 0 or more.")
    bad("node", (a["node"] >= 0) & (a["node"] < nodes) & (a["node"] == np.floor(a["node"])), "the node of shelf", f"Give one of the {nodes} nodes, counted from 0.")
    bad("set", (a["set"] > 0.0) & np.isfinite(a["set"]), "the set point of shelf", "Give volts above 0.")
    bad("clip", (a["clip"] >= 0.0) & np.isfinite(a["clip"]), "the clip of shelf", "Give ohms, 0 or more.")
    bad("tap", (a["tap"] >= 0.0) & np.isfinite(a["tap"]), "the tap at node", "Give ohms, 0 or more.")
    bad("weight", (a["weight"] > 0.0) & np.isfinite(a["weight"]), "the share weight of shelf", "Give a weight above 0; one that is lost is not live.")
    droop = a["droop"]
    bad(
        "droop",
        ((droop > 0.0) if sharing == "droop" else (droop >= 0.0)) & np.isfinite(droop),
        "the droop of shelf",
        "A shelf is never ideal: give its droop above 0 ohm, or let shelves share actively.",
    )
    if sharing not in ("droop", "active"):
        faults.append(Fault(f"shelves that share by '{sharing}'", mend="Say 'droop' or 'active'."))
    if sharing == "active" and not a["closed"].all():
        faults.append(Fault("a busbar that is open somewhere, with shelves that share actively", mend="Use solve_dc, in which each part of the bar shares on its own."))
    if faults:
        raise BadInput(faults)


def _block(a: dict[str, np.ndarray], sharing: str) -> tuple[np.ndarray, ...]:
    """Solve a block; arrays with parts first and designs last."""
    conductance = np.where(a["closed"], 1.0 / a["r"], 0.0)
    has_shelf = np.zeros(a["p"].shape, dtype=bool)
    for m, node in enumerate(a["node"]):
        has_shelf[node, np.arange(node.size)] |= a["live"][m]
    fed = _fed(a["closed"], has_shelf)
    power = np.where(fed, a["p"], 0.0)
    if sharing == "active":
        voltage, shelf_a, collapsed = _active(a, power, fed)
    else:
        voltage, shelf_a, collapsed = _droop(a, conductance, power, fed)
    with np.errstate(invalid="ignore"):
        drawn, _ = _draw(power, a["tap"], np.where(fed, voltage, 1.0))
        segment_a = conductance * (voltage[:-1] - voltage[1:])
        terminal_v = np.take_along_axis(voltage, a["node"], axis=0) + a["clip"] * shelf_a
        shelf_w = terminal_v * shelf_a
        loss = (segment_a**2 * a["r"]).sum(axis=0) + (shelf_a**2 * a["clip"]).sum(axis=0) + (drawn**2 * a["tap"]).sum(axis=0)
        tray_v = np.where(fed, voltage - a["tap"] * drawn, 0.0)
        over = (shelf_a > a["limit_a"] * (1.0 + 1e-9)) | (shelf_w > a["limit_w"] * (1.0 + 1e-9))
        balance = shelf_w.sum(axis=0) - loss - power.sum(axis=0)
    return voltage, tray_v, drawn, segment_a, shelf_a, shelf_w, loss, collapsed, ~fed & (a["p"] > 0.0), over, balance


def _fed(closed: np.ndarray, has_shelf: np.ndarray) -> np.ndarray:
    """Nodes that a live shelf reaches: up the bar and down again."""
    fed = has_shelf.copy()
    for k in range(len(closed)):
        fed[k + 1] |= fed[k] & closed[k]
    for k in range(len(closed) - 1, -1, -1):
        fed[k] |= fed[k + 1] & closed[k]
    return fed


def _draw(power: np.ndarray, tap: np.ndarray, voltage: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Current of a constant power behind a tap [A] and its slope against the bar's voltage [S]; NaN where it cannot be drawn.

    P = i (V - r i), the smaller root: i = 2 P / (V + sqrt(V^2 - 4 r P)), di/dV = -i / (V - 2 r i).
    """
    root = np.sqrt(voltage**2 - 4.0 * tap * power)
    current = 2.0 * power / (voltage + root)
    return current, -current / root


def _droop(a: dict[str, np.ndarray], g: np.ndarray, power: np.ndarray, fed: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Newton from no load, every step one elimination; sources that would take current are cut off within the step."""
    y = 1.0 / (a["droop"] + a["clip"])
    scale = a["set"].max(axis=0)
    zero = np.zeros_like(power)
    voltage, shelf = _droop_step(a, g, y, fed, zero, zero)[:2]
    collapsed = np.zeros(power.shape[1], dtype=bool)
    left = np.flatnonzero(power.any(axis=0))
    part, gs, ys, feds, v, p = a, g, y, fed, voltage, power
    for _ in range(STEPS):
        if not left.size:
            break
        if len(left) < v.shape[1]:
            part = {name: value[:, left] for name, value in a.items()}
            gs, ys, feds = g[:, left], y[:, left], fed[:, left]
            v, p = voltage[:, left], power[:, left]
        with np.errstate(invalid="ignore", divide="ignore"):
            drawn, slope = _draw(p, part["tap"], np.where(feds, v, 1.0))
            new, amperes, is_lost = _droop_step(part, gs, ys, feds, slope, drawn - slope * v)
            is_lost |= ~np.isfinite(drawn).all(axis=0) | (np.where(feds, new, 1.0) <= 0.0).any(axis=0) | ~np.isfinite(new).all(axis=0)
            moving = np.abs(np.where(feds, new - v, 0.0)).max(axis=0) > TOLERANCE * scale[left]
        collapsed[left[is_lost]] = True
        voltage[:, left], shelf[:, left] = new, amperes
        v = new
        left = left[~is_lost & moving]
    voltage[:, collapsed], shelf[:, collapsed] = np.nan, np.nan
    return voltage, shelf, collapsed


def _droop_step(a: dict[str, np.ndarray], g: np.ndarray, y: np.ndarray, fed: np.ndarray, slope: np.ndarray, intercept: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Voltages, shelf currents, and where a pivot of 0 or less says that no stable root exists."""
    gives, every = a["live"].copy(), np.arange(y.shape[1])
    noise = 1e-13 * a["set"].max(axis=0) * np.maximum(g.max(axis=0, initial=0.0), y.max(axis=0))
    for _ in range(len(y) + 1):
        strength = np.where(gives, y, 0.0)
        diagonal = np.where(fed, slope, 1.0)
        right = np.where(fed, -intercept, 0.0)
        for m, node in enumerate(a["node"]):
            diagonal[node, every] += strength[m]
            right[node, every] += strength[m] * a["set"][m]
        voltage, is_lost = _eliminate(diagonal, g, right)
        current = strength * (a["set"] - np.take_along_axis(voltage, a["node"], axis=0))
        takes = gives & (current < -noise)
        if not takes.any():
            break
        gives &= ~takes
    return voltage, current, is_lost


def _eliminate(diagonal: np.ndarray, g: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Solve (diagonal + Laplacian of g) x = right along the bar, and tell where a pivot is 0 or less.

    The pivot less the conductance to the next node is carried in place of the pivot, so that nothing cancels: it is what the
    part of the bar behind offers to earth.
    """
    count = len(diagonal)
    x = right.copy()
    pivots = np.empty_like(diagonal)
    seen = diagonal[0].copy()
    is_lost = np.zeros(diagonal.shape[1], dtype=bool)
    for k in range(count):
        pivots[k] = seen + (g[k] if k < count - 1 else 0.0)
        is_lost |= pivots[k] <= 0.0
        if k < count - 1:
            share = g[k] / pivots[k]
            x[k + 1] += share * x[k]
            seen = diagonal[k + 1] + seen * share
    x[-1] /= pivots[-1]
    for k in range(count - 2, -1, -1):
        x[k] = (x[k] + g[k] * x[k + 1]) / pivots[k]
    return x, is_lost


def _active(a: dict[str, np.ndarray], power: np.ndarray, fed: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Substitution from no load: currents at given voltages, then voltages along the bar, with the mean of the live shelves held.

    It contracts where the voltages' response to load stays below 1, the side of no load; what has not settled goes to `solve_dc`.
    """
    weight = np.where(a["live"], a["weight"], 0.0)
    total = weight.sum(axis=0)
    share = weight / np.where(total > 0.0, total, 1.0)
    lives = np.maximum(a["live"].sum(axis=0), 1)
    held = np.where(a["live"], a["set"], 0.0).sum(axis=0) / lives
    voltage = np.where(fed, held, 0.0)
    shelf = np.zeros_like(share)
    scale, is_moving = held, np.ones(power.shape[1], dtype=bool)
    for _ in range(PASSES):
        with np.errstate(invalid="ignore", divide="ignore"):
            drawn, _ = _draw(power, a["tap"], np.where(fed, voltage, 1.0))
            shelf = share * drawn.sum(axis=0)
            into = -drawn
            for m, nodes in enumerate(a["node"]):
                into[nodes, np.arange(into.shape[1])] += shelf[m]
            along = np.concatenate([np.zeros((1, power.shape[1])), -np.cumsum(np.cumsum(into, axis=0)[:-1] * a["r"], axis=0)])
            reached = np.take_along_axis(along, a["node"], axis=0) + (a["clip"] + a["droop"]) * shelf
            new = np.where(fed, held + along - np.where(a["live"], reached, 0.0).sum(axis=0) / lives, 0.0)
            is_moving = ~(np.abs(new - voltage).max(axis=0) <= TOLERANCE * np.maximum(scale, 1.0))
        voltage = new
        if not is_moving.any():
            break
    collapsed = np.zeros(power.shape[1], dtype=bool)
    for index in np.flatnonzero(is_moving):
        voltage[:, index], shelf[:, index], collapsed[index] = _active_by_network({name: value[:, index] for name, value in a.items()}, power[:, index])
    return voltage, shelf, collapsed


def _active_by_network(a: dict[str, np.ndarray], power: np.ndarray) -> tuple[np.ndarray, np.ndarray, bool]:
    names = tuple(f"node {k}" for k in range(len(power)))
    shelves = tuple(f"shelf {m}" for m in range(len(a["node"])))
    flow = solve_dc(
        busbar_network(
            names, a["r"], power, shelves, a["node"], set_point_v=a["set"], droop_ohm=a["droop"], live=a["live"], sharing="active", share_weight=a["weight"], clip_ohm=a["clip"],
            tap_ohm=a["tap"], closed=a["closed"],
        )
    )  # fmt: skip
    return np.array([flow.voltage_at(name) for name in names]), flow.source_current_a, bool(flow.collapsed)
