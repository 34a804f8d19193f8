"""Flows and pressures of a hydraulic network, one or many of the same shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import BadInput, Fault
from .hydraulics_network import Network, changed, find
from .hydraulics_small import small_of
from .hydraulics_solve import ACTIVE, CLOSED, OPEN, Prepared, Raw, prepare_hydraulics, solve_prepared

__all__ = ["Flows", "prepare_hydraulics", "solve_hydraulics"]


@dataclass(frozen=True)
class Flows:
    """A solved network. Arrays are (edges,) or (nodes,) for one network, (n, edges) or (n, nodes) for n designs.

    `drop_pa` is what a part takes from the flow, heights left out; a pump's is below 0. `velocity_m_s` and `reynolds` are NaN
    for parts without a stated bore. `isolated` marks nodes that no open part joins to a held pressure: what is told of their
    pressure means nothing. `faults` says what is wrong in which design (see `faulty`), when the caller chose not to be refused.
    """

    nodes: tuple[str, ...]
    edges: tuple[str, ...]
    flow_m3_s: np.ndarray
    pressure_pa: np.ndarray
    drop_pa: np.ndarray
    velocity_m_s: np.ndarray
    reynolds: np.ndarray
    isolated: np.ndarray
    faulty: np.ndarray  # one truth value, or (n,)
    faults: tuple[Fault, ...] = ()
    steps: int = 0
    _node: dict[str, int] = field(default_factory=dict, repr=False)
    _edge: dict[str, int] = field(default_factory=dict, repr=False)

    def flow(self, edge: str) -> np.ndarray:
        """Flow through a part, from its first node to its second [m3/s]."""
        return self.flow_m3_s[..., find("part", edge, self._edge)]

    def drop(self, edge: str) -> np.ndarray:
        """Drop of a part [Pa]."""
        return self.drop_pa[..., find("part", edge, self._edge)]

    def velocity(self, edge: str) -> np.ndarray:
        """Mean velocity in a part's bore [m/s]."""
        return self.velocity_m_s[..., find("part", edge, self._edge)]

    def pressure(self, node: str) -> np.ndarray:
        """Pressure at a node [Pa]."""
        return self.pressure_pa[..., find("node", node, self._node)]


def solve_hydraulics(network: Network | Prepared, *, changes: Mapping[str, Mapping[str, Any]] | None = None, refuse: bool = True, afresh: bool = False) -> Flows:
    """Steady flows and pressures of a network.

    Parameters
    ----------
    network : a Network, or one made ready by `prepare_hydraulics` to be solved again and again (a single small one in a quick way of its own)
    changes : other numbers for this solution alone, by the name of a node or part and of its number, as {"s0": {"pressure_pa": 2e5}}
    refuse : raise for what a solution shows to be wrong in any design; otherwise it is told in the answer's `faults`
    afresh : a prepared network starts from its flows as prepared; `afresh` from a flow guessed for each part instead. The answer is the same

    Returns
    -------
    Flows, shaped (edges,) when no property of the network is an array, else (n, edges)

    Raises BadInput naming the part: numbers that cannot be, a part of the network without any held pressure, nothing that
    drives a flow, a pump beyond its run-out, demand behind closed valves, no solution.

    References
    ----------
    Todini and Pilati, A gradient method for the analysis of pipe networks (1987). Text not read here: no clause.

    >>> net = Network().node("in", pressure_pa=2e5).node("out", pressure_pa=1e5)
    >>> float(solve_hydraulics(net.resistance("plate", "in", "out", linear_pa_s_m3=1e9)).flow("plate"))
    0.0001
    """
    if isinstance(network, Prepared):
        quick = _quick(network, changes, afresh)
        if quick is not None:
            return quick
        prepared = prepare_hydraulics(changed(network.network, changes)) if changes else network
    else:
        prepared = prepare_hydraulics(changed(network, changes) if changes else network)
    raw = solve_prepared(prepared)
    return _told(prepared, raw, refuse)


def _quick(prepared: Prepared, changes: Mapping[str, Mapping[str, Any]] | None, afresh: bool) -> Flows | None:
    """The answer of `hydraulics_small`, which is without faults, or None where it has none."""
    if not prepared.looked:
        prepared.small, prepared.looked = small_of(prepared), True
    small = prepared.small
    if small is None:
        return None
    numbers = small.changed(changes) if changes else small.numbers
    solved = None if numbers is None else small.solve(numbers, afresh)
    if solved is None:
        return None
    nodes, edges, node, edge = small.names
    flow = solved.flow
    return Flows(
        nodes, edges, flow, solved.pressure, solved.drop, flow / small.area, small.re * np.abs(flow), np.zeros(len(nodes), dtype=bool), np.array(False), (), solved.steps, node, edge
    )  # fmt: skip


def _told(prepared: Prepared, raw: Raw, refuse: bool) -> Flows:
    from .hydraulics_faults import cut_off, faults_of

    laws, network = prepared.laws, prepared.network
    flow = raw.flow
    g = laws.guarded
    walled = np.zeros(flow.shape, dtype=bool)
    if len(g):
        pushed, shut, cap = (np.broadcast_to(each, flow[g].shape) for each in (laws.push, laws.closed > 0, laws.cap))
        back = (laws.one_way > 0) & (flow[g] <= 0.0)
        at_cap = flow[g] >= cap
        walled[g] = shut | back | at_cap | np.isfinite(pushed)
        flow[g] = np.where(shut | back, 0.0, np.where(np.isfinite(pushed), pushed, np.minimum(flow[g], cap)))
    if len(prepared.regulating):
        walled[prepared.regulating] |= raw.states != OPEN
        flow[prepared.regulating] = np.where(raw.states == CLOSED, 0.0, flow[prepared.regulating])
    isolated, starved = cut_off(prepared, walled, raw.states == ACTIVE, flow)
    faults, faulty = faults_of(prepared, raw, flow, starved)
    if faults and refuse:
        raise BadInput(faults)
    back_to = np.argsort(laws.order)
    across = prepared.constant + laws.lift + prepared.system.across(raw.pressure[prepared.unknown])
    with np.errstate(invalid="ignore"):
        velocity, reynolds = flow / laws.area, laws.per_re * np.abs(flow)

    def out(values: np.ndarray, order: np.ndarray | None = None) -> np.ndarray:
        wide = np.broadcast_to(values, (len(values), flow.shape[1]))
        wide = wide if order is None else wide[order]
        return wide[:, 0] if laws.designs == 1 else wide.T

    nodes, edges = tuple(network.nodes), tuple(network.edges)
    return Flows(
        nodes, edges, out(flow, back_to), out(raw.pressure), out(across, back_to), out(velocity, back_to), out(reynolds, back_to), out(isolated),
        faulty[0] if laws.designs == 1 else faulty, tuple(faults), raw.steps, {name: k for k, name in enumerate(nodes)}, {name: k for k, name in enumerate(edges)},
    )  # fmt: skip
