"""A direct-current network as data: nodes, resistive segments, loads, and sources that are never ideal; and its power flow.

Every numeric property is a float or an array; arrays broadcast to one leading batch shape (designs x failure states x
cases), so that many networks of one shape are one value. `solve_dc` (dc_solve.py) solves them; a straight busbar with very
many designs goes faster through `solve_busbar` (dc_busbar.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ..draws import Number
from ..errors import BadInput, Fault, nearest

Mask = bool | np.ndarray


@dataclass(frozen=True)
class Segment:
    """A conductor between two nodes: a piece of busbar (go and return together), a cable, a connector, a cord.

    `resistance_ohm` is that of the whole loop where the return is a conductor of its own. An open one (`closed` False)
    carries nothing: a breaker that tripped, a piece taken out.
    """

    name: str
    start: str
    end: str
    resistance_ohm: Number
    closed: Mask = True
    rating_a: Number = np.inf


@dataclass(frozen=True)
class DcLoad:
    """What draws at a node: constant power (converters), constant current and constant resistance, one or several of them."""

    name: str
    node: str
    power_w: Number = 0.0
    current_a: Number = 0.0
    resistance_ohm: Number = np.inf
    on: Mask = True


@dataclass(frozen=True)
class DcSource:
    """A shelf (or a battery shelf) at a node: a set point behind a droop, with limits; it gives and never takes current (ORing).

    Its voltage is V = set_point_v - droop_ohm x I. The droop is how it is regulated: no heat is lost in it. Sources that
    name the same `share_group` share actively: the live ones of a group that are connected give currents in proportion to
    `share_weight`, and the mean of their voltages follows the mean of their droop lines; there the droop may be 0. Beyond
    its limits a source is overloaded: the answer says so, and does not guess whether it folds back or trips.
    """

    name: str
    node: str
    set_point_v: Number
    droop_ohm: Number
    limit_a: Number = np.inf
    limit_w: Number = np.inf
    live: Mask = True
    share_group: str = ""
    share_weight: Number = 1.0


@dataclass(frozen=True)
class DcNetwork:
    """One network, or a batch of networks of one shape. `nodes` are named by segments, loads and sources."""

    segments: tuple[Segment, ...]
    loads: tuple[DcLoad, ...]
    sources: tuple[DcSource, ...]

    @property
    def nodes(self) -> tuple[str, ...]:
        """Nodes in the order in which segments, sources and loads name them first."""
        ends = [end for segment in self.segments for end in (segment.start, segment.end)]
        return tuple(dict.fromkeys([*ends, *(s.node for s in self.sources), *(load.node for load in self.loads)]))


@dataclass(frozen=True)
class PowerFlow:
    """Voltages, currents and powers of a network; a leading batch shape, then parts in the order of the network.

    Where a state has no solution (`collapsed`), every figure of it is NaN and `weakest` names the load whose voltage fell
    furthest before the solution was lost. Nodes that no live source reaches (`unfed` loads) are at 0 V.
    """

    network: DcNetwork
    voltage_v: np.ndarray  # (..., nodes)
    segment_current_a: np.ndarray  # (..., segments), above 0 from start to end
    segment_loss_w: np.ndarray  # (..., segments)
    source_current_a: np.ndarray  # (..., sources)
    source_power_w: np.ndarray  # (..., sources), at the terminals
    load_current_a: np.ndarray  # (..., loads)
    load_power_w: np.ndarray  # (..., loads)
    collapsed: np.ndarray  # (...), bool
    weakest: np.ndarray  # (...), index of a load
    unfed: np.ndarray  # (..., loads), bool
    source_overloaded: np.ndarray  # (..., sources), bool
    segment_overloaded: np.ndarray  # (..., segments), bool
    balance_w: np.ndarray  # (...), sources - losses - loads: what rounding leaves

    def voltage_at(self, node: str) -> np.ndarray:
        """Voltage of one node [V], over the batch. Raises BadInput for a node that the network lacks."""
        return self.voltage_v[..., _index(node, self.network.nodes, "node")]

    def faults(self, state: tuple[int, ...] | int = ()) -> tuple[str, ...]:
        """What is wrong in one state of the batch, a sentence each, naming parts: collapse, unfed loads, overloads."""
        net = self.network
        out = []
        if self.collapsed[state]:
            load = net.loads[int(self.weakest[state])]
            return (f"no solution: the network cannot carry its loads; '{load.name}' at node '{load.node}' fell furthest",)
        out += [f"load '{load.name}' is not fed: no live source reaches node '{load.node}'" for load, is_bad in zip(net.loads, self.unfed[state], strict=True) if is_bad]
        for index, source in enumerate(net.sources):
            if self.source_overloaded[state][index]:
                amperes, watts = self.source_current_a[state][index], self.source_power_w[state][index]
                limits = [
                    f"{at(value, self.collapsed.shape, state):.6g} {unit}"
                    for value, unit in ((source.limit_a, "A"), (source.limit_w, "W"))
                    if np.isfinite(at(value, self.collapsed.shape, state))
                ]
                out.append(f"source '{source.name}' is overloaded: {amperes:.6g} A and {watts:.6g} W, limit {' and '.join(limits)}")
        for index, segment in enumerate(net.segments):
            if self.segment_overloaded[state][index]:
                limit = at(segment.rating_a, self.collapsed.shape, state)
                out.append(f"segment '{segment.name}' carries {abs(self.segment_current_a[state][index]):.6g} A, rated {limit:.6g} A")
        return tuple(out)


def at(value: Number | Mask, shape: tuple[int, ...], state: tuple[int, ...] | int) -> float:
    """A property in one state of the batch."""
    return float(np.broadcast_to(np.asarray(value), shape)[state])


def stack(values: Iterable[Number | Mask], shape: tuple[int, ...], kind: type = float) -> np.ndarray:
    """Properties of several parts as one array, the batch first and the parts on the last axis."""
    rows: list[np.ndarray] = [np.broadcast_to(np.asarray(value, dtype=kind), shape) for value in values]
    return np.stack(rows, axis=-1) if rows else np.zeros((*shape, 0), dtype=kind)


def batch_shape(network: DcNetwork) -> tuple[int, ...]:
    """The leading shape to which all properties broadcast; BadInput where they do not."""
    values = [v for s in network.segments for v in (s.resistance_ohm, s.closed, s.rating_a)]
    values += [v for d in network.loads for v in (d.power_w, d.current_a, d.resistance_ohm, d.on)]
    values += [v for s in network.sources for v in (s.set_point_v, s.droop_ohm, s.limit_a, s.limit_w, s.live, s.share_weight)]
    shapes = sorted({np.shape(v) for v in values}, key=lambda shape: (len(shape), shape))
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise BadInput(
            Fault(f"the batch shapes of a network do not broadcast: {', '.join(map(str, shapes))}", mend="Give all properties one leading shape, or plain numbers.")
        ) from None


def check_network(network: DcNetwork) -> None:
    """Refuse, all at once and by name, what no network can have: BadInput."""
    faults: list[Fault] = [*_twice(network.segments, "segment"), *_twice(network.loads, "load"), *_twice(network.sources, "source")]
    for segment in network.segments:
        if not _all(segment.resistance_ohm, lambda r: (r > 0.0) & np.isfinite(r)):
            faults.append(
                Fault(f"segment '{segment.name}' has a resistance of {_worst(segment.resistance_ohm)} ohm", mend="Give one above 0: a joint without resistance is one node.")
            )
        if segment.start == segment.end:
            faults.append(Fault(f"segment '{segment.name}' begins and ends at node '{segment.start}'", mend="Name two nodes."))
        if not _all(segment.rating_a, lambda a: a > 0.0):
            faults.append(Fault(f"segment '{segment.name}' is rated {_worst(segment.rating_a)} A", mend="Give a rating above 0, or none."))
    ends = [end for segment in network.segments for end in (segment.start, segment.end)]
    placed = list(dict.fromkeys([*ends, *(source.node for source in network.sources)]))
    for load in network.loads:
        if load.node not in placed:
            faults.append(Fault(f"load '{load.name}' hangs at node '{load.node}', which no segment and no source reaches", nearest=nearest(load.node, placed)))
        for quantity, value in (("power_w", load.power_w), ("current_a", load.current_a)):
            if not _all(value, lambda v: (v >= 0.0) & np.isfinite(v)):
                faults.append(Fault(f"load '{load.name}' has {quantity} = {_worst(value)}", mend="A load draws 0 or more; what gives is a source."))
        if not _all(load.resistance_ohm, lambda r: r > 0.0):
            faults.append(
                Fault(f"load '{load.name}' has a resistance of {_worst(load.resistance_ohm)} ohm", mend="Give one above 0; a short circuit is a fault current, not a load.")
            )
    if not network.sources:
        faults.append(Fault("a network without a source", mend="Add a shelf: nothing feeds the loads."))
    for source in network.sources:
        faults += _source_faults(source)
    if faults:
        raise BadInput(faults)


def _source_faults(source: DcSource) -> list[Fault]:
    out = []
    if not _all(source.set_point_v, lambda v: (v > 0.0) & np.isfinite(v)):
        out.append(Fault(f"source '{source.name}' has a set point of {_worst(source.set_point_v)} V", mend="Give one above 0."))
    if not _all(source.droop_ohm, lambda r: (r >= 0.0) & np.isfinite(r)):
        out.append(Fault(f"source '{source.name}' has a droop of {_worst(source.droop_ohm)} ohm", mend="Give 0 or more: its voltage falls as its current rises."))
    elif not source.share_group and not _all(source.droop_ohm, lambda r: r > 0.0):
        out.append(Fault(f"source '{source.name}' is ideal: it has no droop and shares with no group", mend="Give its droop, or the group with which it shares actively."))
    if not _all(source.share_weight, lambda w: (w > 0.0) & np.isfinite(w)):
        out.append(Fault(f"source '{source.name}' shares with a weight of {_worst(source.share_weight)}", mend="Give a weight above 0; one that is lost is not live."))
    for limit, unit in ((source.limit_a, "A"), (source.limit_w, "W")):
        if not _all(limit, lambda v: v >= 0.0):
            out.append(Fault(f"source '{source.name}' has a limit of {_worst(limit)} {unit}", mend="Give 0 or more, or none."))
    return out


def _twice(parts: Sequence[Segment] | Sequence[DcLoad] | Sequence[DcSource], kind: str) -> list[Fault]:
    names = [part.name for part in parts]
    return [Fault(f"{kind} '{name}' stands twice in the network", mend="Give each its own name.") for name in dict.fromkeys(names) if names.count(name) > 1]


def _all(value: Number, test) -> bool:
    return bool(np.all(test(np.asarray(value, dtype=float))))


def _worst(value: Number) -> str:
    """The offending end of a property, for words."""
    flat = np.asarray(value, dtype=float).ravel()
    return f"{flat[np.argmax(~np.isfinite(flat))] if not np.isfinite(flat).all() else flat.min():g}"


def _index(name: str, names: Sequence[str], kind: str) -> int:
    if name not in names:
        raise BadInput(Fault(f"no {kind} '{name}' in the network", nearest=nearest(name, names)))
    return list(names).index(name)
