"""What a fabric carries between halves, how far its hosts are apart, and what is lost with a switch or a cable.

The least cut of a graph into equal halves is hard to find (it is NP-hard), so none is promised. `bisection` is the greatest flow
from the first half of the hosts to the second, in order of place, with each host sending no more than its own cables carry. It is
the true bisection where the order of place is the worst half, as in full trees, dragonflies of whole groups and tori cut across
their longest even side; anywhere else it is an upper bound of it. `flow_between` takes any other halves.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..errors import BadInput, Fault, Unknown
from .fabric import Bundles, Fabric, Port

FLOW_BUNDLES = 400_000  # beyond them a flow takes minutes
HOPS_CELLS = 400_000_000  # sources x devices of a search by breadth; the same
_MOST = 2**31 - 1  # scipy's flow counts in 32 bits
_FINE = 1000.0  # parts of the slowest bundle that rates are rounded down to, where they are no multiples of it
_BLOCK = 256  # sources searched at once


def flow_between(fabric: Fabric, left: Sequence[int] | np.ndarray, right: Sequence[int] | np.ndarray, *, by_bytes: bool = False) -> float:
    """Greatest flow from some hosts to others, by their numbers: in cables, or with `by_bytes` in bytes/s each way.

    Routing is taken to be ideal. Rates that are no multiples of the slowest are rounded down to a thousandth of it. Raises BadInput
    where both hold a host, or the fabric is too large to solve.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import maximum_flow

    if len(np.intersect1d(left, right)):
        raise BadInput(Fault(f"{fabric.devices[int(np.intersect1d(left, right)[0])]} stands on both sides of the cut"))
    if len(fabric.bundles.count) > FLOW_BUNDLES:
        raise BadInput(Fault(f"{len(fabric.bundles.count)} bundles are too many for a flow: {FLOW_BUNDLES} at most", mend="Use the closed forms of fabric_counts."))
    if not len(left) or not len(right) or not len(fabric.bundles.count):
        return 0.0
    sizes, unit = _capacities(fabric, by_bytes)
    rows, columns, held, count = _edges(fabric, np.asarray(left), np.asarray(right), sizes)
    if held.sum() > _MOST:
        raise BadInput(Fault("the capacities of all cables are too many to count", mend="Ask for the flow in cables."))
    graph = coo_matrix((held.astype(np.int32), (rows, columns)), shape=(count + 2, count + 2)).tocsr()
    return float(maximum_flow(graph, count, count + 1).flow_value * unit)


def _capacities(fabric: Fabric, by_bytes: bool) -> tuple[np.ndarray, float]:
    """Capacity of each bundle in whole units, and the unit."""
    held = fabric.bundles
    if not by_bytes:
        return held.count, 1.0
    rates = np.array([tier.bytes_per_s for tier in fabric.tiers])
    unit = float(rates[np.unique(held.tier)].min())
    if np.any(np.abs(rates / unit - np.round(rates / unit)) > 1e-9):
        unit /= _FINE
    return held.count * np.floor(rates / unit + 1e-9).astype(np.int64)[held.tier], unit


def _edges(fabric: Fabric, left: np.ndarray, right: np.ndarray, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Edges (from, to, capacity) with source and sink as the last two nodes.

    Hosts that pass nothing on need no node: what they send enters the network at their switches.
    """
    near, far, count = fabric.bundles.near, fabric.bundles.far, len(fabric.devices)
    source, sink, side = count, count + 1, np.zeros(count, dtype=np.int8)
    side[left], side[right] = 1, 2
    ends, others, both = np.concatenate([near, far]), np.concatenate([far, near]), np.concatenate([sizes, sizes])
    if fabric.hosts_forward:
        own = np.bincount(ends, both, count).astype(np.int64)
        return (
            np.concatenate([ends, np.full(len(left), source), right]),
            np.concatenate([others, left, np.full(len(right), sink)]),
            np.concatenate([both, own[left], own[right]]),
            count,
        )
    inside = (fabric.level[ends] > 0) & (fabric.level[others] > 0)
    enters, leaves = (side[ends] == 1) & (fabric.level[others] > 0), (side[others] == 2) & (fabric.level[ends] > 0)
    rows = np.concatenate([ends[inside], np.full(int(enters.sum()), source), ends[leaves]])
    columns = np.concatenate([others[inside], others[enters], np.full(int(leaves.sum()), sink)])
    return rows, columns, np.concatenate([both[inside], both[enters], both[leaves]]), count


def bisection(fabric: Fabric, *, by_bytes: bool = False) -> float:
    """Greatest flow from the first half of the hosts to the second, in order of place; see the head of this module for what it bounds."""
    place = np.arange(len(fabric.hosts))
    return flow_between(fabric, place[: len(place) // 2], place[len(place) // 2 :], by_bytes=by_bytes)


def hops(fabric: Fabric) -> tuple[float, float]:
    """Cables on the shortest way between two hosts: the most, and the mean over all pairs; infinite where some do not meet.

    Hosts that hang on the same switches are searched once.
    """
    count = len(fabric.hosts)
    if count < 2:
        return 0.0, 0.0
    starts, weight, near = _sources(fabric)
    if starts.shape[1] * starts.shape[0] > HOPS_CELLS:
        raise BadInput(Fault(f"{starts.shape[1]} places of {starts.shape[0]} devices are too many for a search by breadth", mend="Use the closed forms of fabric_counts."))
    adjacency = _adjacency(fabric)
    longest, total = 0.0, 0.0
    for first in range(0, len(weight), _BLOCK):
        block = slice(first, first + _BLOCK)
        far = _distances(adjacency, starts[:, block].toarray() > 0)
        apart = np.stack([far[fabric_switches].min(axis=0) for fabric_switches in near]) + (0.0 if fabric.hosts_forward else 2.0)
        pairs = np.outer(weight, weight[block])
        pairs[np.arange(len(weight))[block], np.arange(pairs.shape[1])] -= weight[block]  # nobody is paired with itself
        longest = max(longest, float(apart[pairs > 0].max(initial=0.0)))
        total += float((apart * pairs)[pairs > 0].sum())
    return longest, total / (count * (count - 1.0))


def _adjacency(fabric: Fabric) -> Any:
    from scipy.sparse import coo_matrix

    near, far, count = fabric.bundles.near, fabric.bundles.far, len(fabric.devices)
    inside = np.ones(len(near), dtype=bool) if fabric.hosts_forward else (fabric.level[near] > 0) & (fabric.level[far] > 0)
    ends, others = np.concatenate([near[inside], far[inside]]), np.concatenate([far[inside], near[inside]])
    return coo_matrix((np.ones(len(ends), dtype=np.float32), (ends, others)), shape=(count, count)).tocsr()


def _sources(fabric: Fabric) -> tuple[Any, np.ndarray, list[np.ndarray]]:
    """Where searches start: (devices, sources), hosts of each source, and its devices."""
    from scipy.sparse import coo_matrix

    held, count = fabric.bundles, len(fabric.hosts)
    if fabric.hosts_forward:
        ways: dict[tuple[int, ...], int] = {(host,): 1 for host in range(count)}
    else:
        ways = {}
        order = np.argsort(held.near[held.near < count], kind="stable")
        near, far = held.near[held.near < count][order], held.far[held.near < count][order]
        cuts = np.searchsorted(near, np.arange(count + 1)).tolist()
        ends = far.tolist()
        for host in range(count):
            way = tuple(sorted(set(ends[cuts[host] : cuts[host + 1]])))
            ways[way] = ways.get(way, 0) + 1
    places = [np.array(way, dtype=np.int64) for way in ways]
    if any(not len(place) for place in places):
        raise BadInput(Fault("a host has no cable, so it is no hops from any other", mend="Leave it out of the fabric."))
    column = np.repeat(np.arange(len(places)), [len(place) for place in places])
    starts = coo_matrix((np.ones(len(column)), (np.concatenate(places), column)), shape=(len(fabric.devices), len(places))).tocsc()
    return starts, np.array(list(ways.values()), dtype=float), places


def _distances(adjacency: Any, starts: np.ndarray) -> np.ndarray:
    """Steps from each column's starting devices to every device; infinite where there is no way."""
    out = np.where(starts, 0.0, np.inf)
    frontier, step = starts, 0.0
    while frontier.any():
        step += 1.0
        frontier = (adjacency @ frontier.astype(np.float32) > 0.0) & np.isinf(out)
        out[frontier] = step
    return out


@dataclass(frozen=True)
class Loss:
    """What goes with a thing: cables and rate of the bisection, hosts without any cable, and the share that the worst other host keeps of its own."""

    lost: str
    bisection_links: float
    lost_links: float
    bisection_bytes_per_s: float
    lost_bytes_per_s: float
    hosts_cut_off: tuple[str, ...]
    least_host_share: float


def without(fabric: Fabric, *, switches: Iterable[str] = (), ports: Iterable[Port | tuple[str, int]] = ()) -> Fabric:
    """The fabric less the cables of some switches, and those that end in some ports. Raises Unknown for a name, BadInput for an empty port."""
    held = fabric.bundles
    dead = [_device(fabric, name) for name in switches]
    keep = ~(np.isin(held.near, dead) | np.isin(held.far, dead))
    table = np.stack([getattr(held, name)[keep] for name in Bundles.__dataclass_fields__])
    for port in ports:
        table = _pulled(fabric, table, Port(*port))
    return replace(fabric, bundles=Bundles(*table))


def _device(fabric: Fabric, name: str) -> int:
    if name not in fabric.number_of:
        raise Unknown("device", name, fabric.devices, mend="Names are those of the fabric's hosts and switches.")
    return fabric.number_of[name]


def _pulled(fabric: Fabric, table: np.ndarray, port: Port) -> np.ndarray:
    """The table of bundles without the cable in a port; what is left of its bundle is two bundles at most."""
    device = _device(fabric, port.device)
    _, near, far, near_port, far_port, count = table
    step = np.where((near == device) & (port.number >= near_port), port.number - near_port, np.where((far == device) & (port.number >= far_port), port.number - far_port, count))
    found = np.flatnonzero(step < count)
    if not len(found):
        raise BadInput(Fault(f"no cable in port {port.number} of {port.device}", mend=f"It has cables in {int(fabric.ports_used[device])} ports."))
    at = step[found[0]]
    first, rest = table[:, found[0]].copy(), table[:, found[0]].copy()
    first[5] = at
    rest[3:5] += at + 1
    rest[5] -= at + 1
    pieces = np.stack([piece for piece in (first, rest) if piece[5] > 0], axis=1) if count[found[0]] > 1 else np.zeros((6, 0), dtype=table.dtype)
    return np.concatenate([table[:, : found[0]], pieces, table[:, found[0] + 1 :]], axis=1)


def lose(fabric: Fabric, *, switch: str | None = None, port: Port | tuple[str, int] | None = None) -> Loss:
    """What one lost switch, or the cable in one port, takes."""
    if (switch is None) == (port is None):
        raise BadInput(Fault("name what is lost", mend="Give switch= or port=, one of them."))
    after = without(fabric, switches=[switch]) if switch is not None else without(fabric, ports=[port] if port is not None else [])
    links, rate = bisection(after), bisection(after, by_bytes=True)
    count = len(fabric.hosts)
    had, has = fabric.ports_used[:count], after.ports_used[:count]
    cut = (had > 0) & (has == 0)
    said = f"switch {switch}" if port is None else f"cable in {port[0]} port {port[1]}"
    least = float((has[~cut] / np.maximum(had[~cut], 1)).min(initial=1.0))
    return Loss(said, links, bisection(fabric) - links, rate, bisection(fabric, by_bytes=True) - rate, tuple(fabric.hosts[i] for i in np.flatnonzero(cut)), least)
