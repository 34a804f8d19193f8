"""Temperatures on solved flows: heat taken up in parts, lost through walls, mixed at nodes. Degrees Celsius, SI else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ..draws import Number
from ..errors import BadInput, Fault, Unknown
from .hydraulics import Flows
from .hydraulics_network import Network, find

STILL_M3_S = 1e-9  # flows under this carry no heat: what walls of the solver let by is less
BOUNDS_C = (-60.0, 200.0)  # what a liquid coolant of a rack can be; beyond it the heat has no flow to carry it


@dataclass(frozen=True)
class Temperatures:
    """Temperatures of a network: (nodes,) and (edges,) for one design, (n, nodes) and (n, edges) for n.

    `edge_in_c`, `edge_out_c` are at a part's inlet and outlet as the liquid flows; NaN where it stands, and at nodes that no
    flow reaches. `loss_w` is what a part gives to its surroundings.
    """

    nodes: tuple[str, ...]
    edges: tuple[str, ...]
    node_c: np.ndarray
    edge_in_c: np.ndarray
    edge_out_c: np.ndarray
    loss_w: np.ndarray
    _node: dict[str, int] = field(default_factory=dict, repr=False)
    _edge: dict[str, int] = field(default_factory=dict, repr=False)

    def at(self, node: str) -> np.ndarray:
        """Temperature of a node [C]."""
        return self.node_c[..., find("node", node, self._node)]

    def into(self, edge: str) -> np.ndarray:
        """Temperature of the liquid that enters a part [C]."""
        return self.edge_in_c[..., find("part", edge, self._edge)]

    def out_of(self, edge: str) -> np.ndarray:
        """Temperature of the liquid that leaves a part [C]."""
        return self.edge_out_c[..., find("part", edge, self._edge)]


def solve_temperatures(
    network: Network, flows: Flows, *, heat_capacity_j_kg_k: Number | Mapping[str, Number], inlet_c: Number | Mapping[str, Number] = 20.0,
    heat_w: Mapping[str, Number] | None = None, outlet_c: Mapping[str, Number] | None = None, ua_w_k: Mapping[str, Number] | None = None, ambient_c: Number = 25.0,
    refuse: bool = True,
) -> Temperatures:  # fmt: skip
    """Temperatures of every node and part.

    A part raises a flow m cp by Q / (m cp); with a conductance UA to air at `ambient_c` it ends at T_end + (T_in - T_end)
    exp(-UA / (m cp)), T_end = ambient + Q / UA (energy balance of a plug flow; Incropera et al., 7th ed., section 8.3). Flows
    that meet at a node mix: T = sum(m cp T) / sum(m cp).

    Parameters
    ----------
    network, flows : a network and its solution
    heat_capacity_j_kg_k : of the liquid, or of each part by name
    inlet_c : of liquid that enters at nodes (held pressures and demands below 0): one number, or by node
    heat_w : put into parts, by name, floats or (n,)
    outlet_c : of parts that hold their outlet temperature whatever enters, by name: a CDU under control
    ua_w_k : of parts to the surroundings, by name
    refuse : raise where a temperature cannot be (or liquid stands still in a heated part)

    Raises BadInput naming the part, Unknown for a name that is no part.
    """
    each = _Heat(network, flows)
    each.read(heat_capacity_j_kg_k, inlet_c, heat_w or {}, outlet_c or {}, ua_w_k or {}, ambient_c)
    return each.solve(refuse)


class _Heat:
    """Arrays of one solve: edges or nodes on axis 0, designs on axis 1."""

    def __init__(self, network: Network, flows: Flows):
        self.network, self.flows = network, flows
        self.single = flows.flow_m3_s.ndim == 1
        self.flow = np.atleast_2d(flows.flow_m3_s).T
        names = {name: k for k, name in enumerate(flows.nodes)}
        a = np.array([names[edge.start] for edge in network.edges.values()])
        b = np.array([names[edge.end] for edge in network.edges.values()])
        forward = self.flow >= 0.0
        self.start, self.end = np.where(forward, a[:, None], b[:, None]), np.where(forward, b[:, None], a[:, None])
        self.places = {name: k for k, name in enumerate(flows.edges)}
        self.names = names

    def rows(self, values: Mapping[str, Number], default: float, places: dict[str, int], kind: str) -> np.ndarray:
        """Named values as an array of all parts (or nodes) and designs."""
        out = np.full((len(places), self.flow.shape[1]), default)
        for name, value in values.items():
            if name not in places:
                raise Unknown(kind, name, places)
            out[places[name]] = value
        return out

    def read(
        self,
        capacity: Number | Mapping[str, Number],
        inlet: Number | Mapping[str, Number],
        heat: Mapping[str, Number],
        outlet: Mapping[str, Number],
        ua: Mapping[str, Number],
        ambient: Number,
    ) -> None:
        everything = dict.fromkeys(self.places, capacity) if not isinstance(capacity, Mapping) else capacity
        cp = self.rows(everything, np.nan, self.places, "part")
        wrong = [name for name, k in self.places.items() if not np.all(cp[k] > 0.0)]
        if wrong:
            raise BadInput(Fault(f"part '{wrong[0]}' has no heat capacity above 0", mend="Give heat_capacity_j_kg_k for every part (water: 4182)."))
        density = self.rows({name: edge.values.get("density_kg_m3", self.network.density_kg_m3) for name, edge in self.network.edges.items()}, np.nan, self.places, "part")
        self.stream = np.where(np.abs(self.flow) > STILL_M3_S, np.abs(self.flow) * density * cp, 0.0)
        self.heat, self.ua = self.rows(heat, 0.0, self.places, "part"), self.rows(ua, 0.0, self.places, "part")
        self.outlet = self.rows(outlet, np.nan, self.places, "part")
        if np.any(self.ua < 0.0):
            raise BadInput(Fault("a conductance to the surroundings is below 0", mend="Give UA in W/K, at least 0."))
        self.ambient = np.broadcast_to(np.asarray(ambient, dtype=float), (self.flow.shape[1],))
        named = inlet if isinstance(inlet, Mapping) else dict.fromkeys(self.names, inlet)
        self.inlet = self.rows(named, np.nan, self.names, "node")
        with np.errstate(divide="ignore", invalid="ignore"):
            ntu = np.where(self.stream > 0.0, self.ua / self.stream, 0.0)
            # mean of the wall's effect over the part: (1 - exp(-N)) / N, 1 without a wall
            self.keep, share = np.exp(-ntu), np.where(ntu > 1e-12, -np.expm1(-ntu) / np.where(ntu > 0.0, ntu, 1.0), 1.0)
            self.add = np.where(self.stream > 0.0, self.heat / self.stream * share, 0.0) + (1.0 - self.keep) * self.ambient
        held = np.isfinite(self.outlet)
        self.keep, self.add = np.where(held, 0.0, self.keep), np.where(held, self.outlet, self.add)

    def solve(self, refuse: bool) -> Temperatures:
        count, designs = len(self.names), self.flow.shape[1]
        columns = np.broadcast_to(np.arange(designs), self.flow.shape)
        inflow, outflow = np.zeros((count, designs)), np.zeros((count, designs))
        np.add.at(inflow, (self.end, columns), self.stream)
        np.add.at(outflow, (self.start, columns), self.stream)
        from_outside = np.maximum(outflow - inflow, 0.0)
        from_outside[from_outside < 1e-9 * np.maximum(np.max(outflow, axis=0), 1e-300)] = 0.0
        enters = np.isnan(self.inlet) & (from_outside > 0.0)
        if enters.any():
            k = int(np.argwhere(enters)[0][0])
            raise BadInput(Fault(f"liquid enters at node '{self.flows.nodes[k]}' and its temperature is not given", mend="Name the node in inlet_c."))
        node = np.full((count, designs), np.nan)
        patterns, which = np.unique(np.sign(np.where(self.stream > 0.0, self.flow, 0.0)), axis=1, return_inverse=True)
        for k in range(patterns.shape[1]):
            here = np.flatnonzero(which.ravel() == k)
            node[:, here] = self._mix(here, inflow, from_outside)
        entry = np.take_along_axis(node, self.start, axis=0)
        moving = self.stream > 0.0
        entry = np.where(moving, entry, np.nan)
        leave = self.keep * entry + self.add
        leave = np.where(np.isfinite(self.outlet) & moving, self.outlet, leave)
        loss = np.where(np.isfinite(self.outlet), 0.0, self.heat - self.stream * (leave - entry))
        loss = np.where(moving & (self.ua > 0.0), loss, 0.0)
        if refuse:
            self._refuse(leave)
        shape = (lambda x: x[:, 0]) if self.single else (lambda x: x.T)
        return Temperatures(self.flows.nodes, self.flows.edges, shape(node), shape(entry), shape(np.where(moving, leave, np.nan)), shape(loss), self.names, self.places)

    def _mix(self, here: np.ndarray, inflow: np.ndarray, from_outside: np.ndarray) -> np.ndarray:
        """Node temperatures of designs whose flows run the same way: node after node downstream, or all at once in a loop."""
        count, one = len(self.names), int(here[0])
        live = np.flatnonzero(self.stream[:, one] > 0.0)
        start, end = self.start[:, one], self.end[:, one]
        through = live[~np.isfinite(self.outlet[live, one])]  # a held outlet breaks the chain
        order = _downstream(count, start[through], end[through])
        total = inflow[:, here] + from_outside[:, here]
        right = from_outside[:, here] * np.nan_to_num(self.inlet[:, here])
        if order is None:
            return self._mix_loop(here, live, total, right)
        into: list[list[int]] = [[] for _ in range(count)]
        for part in live:
            into[end[part]].append(int(part))
        out = np.full((count, len(here)), np.nan)
        for k in order:
            sum_here = right[k].copy()
            for e in into[k]:
                entry = np.nan_to_num(out[start[e]])  # a held outlet does not ask what enters
                sum_here += self.stream[e, here] * (self.keep[e, here] * entry + self.add[e, here])
            with np.errstate(divide="ignore", invalid="ignore"):
                out[k] = np.where(total[k] > 0.0, sum_here / total[k], np.nan)
        return out

    def _mix_loop(self, here: np.ndarray, live: np.ndarray, total: np.ndarray, right: np.ndarray) -> np.ndarray:
        count, one = len(self.names), int(here[0])
        out = np.full((count, len(here)), np.nan)
        wet = np.flatnonzero(total[:, 0] > 0.0)
        for column, k in enumerate(int(place) for place in here):
            matrix, b = np.diag(np.where(total[:, column] > 0.0, total[:, column], 1.0)), right[:, column].copy()
            np.add.at(matrix, (self.end[live, one], self.start[live, one]), -self.stream[live, k] * self.keep[live, k])
            np.add.at(b, self.end[live, one], self.stream[live, k] * self.add[live, k])
            try:
                solved = np.linalg.solve(matrix, b)
            except np.linalg.LinAlgError:
                solved = np.full(count, np.inf)
            if not np.all(np.abs(solved[wet]) < 1e6):
                name = self.flows.edges[int(live[0])]
                raise BadInput(
                    Fault(f"the loop with part '{name}' has heat and nothing that takes it away", mend="Hold the outlet of the heat exchanger in outlet_c, or give its UA.")
                )
            out[wet, column] = solved[wet]
        return out

    def _refuse(self, leave: np.ndarray) -> None:
        still = (self.stream <= 0.0) & (self.heat != 0.0)
        faults = []
        for place in np.flatnonzero(still.any(axis=1)):
            k = int(place)
            faults.append(Fault(f"part '{self.flows.edges[k]}' takes {self.heat[k][still[k]][0]:g} W and no liquid flows through it", mend="Give it flow, or take its heat away."))
        with np.errstate(invalid="ignore"):
            wild = (leave < BOUNDS_C[0]) | (leave > BOUNDS_C[1])
        for place in np.flatnonzero(wild.any(axis=1)):
            k = int(place)
            faults.append(Fault(f"part '{self.flows.edges[k]}' would let its liquid out at {leave[k][wild[k]][0]:.4g} C", mend="Raise its flow or lower its heat."))
        if faults:
            raise BadInput(faults)


def _downstream(count: int, start: np.ndarray, end: np.ndarray) -> list[int] | None:
    """Nodes so that every edge runs from an earlier to a later one; None where edges run in a circle."""
    waits = np.bincount(end, minlength=count)
    after: list[list[int]] = [[] for _ in range(count)]
    for a, b in zip(start, end, strict=True):
        after[a].append(int(b))
    ready, out = [k for k in range(count) if not waits[k]], []
    while ready:
        k = ready.pop()
        out.append(k)
        for b in after[k]:
            waits[b] -= 1
            if not waits[b]:
                ready.append(b)
    return out if len(out) == count else None
