"""Newton's method on flows and pressures together, over many designs at once (Todini's global gradient).

Each step keeps the mass balance exact and linearises the drops: q' = q + (p_i - p_j + K - f(q)) / f'(q), with K the weight of
the column and stated lifts. What is left to solve is a symmetric system of the unknown pressures. A step that overshoots the
least of the network's content (Collins et al. 1978: the drops are rising functions of flow, so the content is convex) is cut
back. Regulating valves, which hold a pressure and so have no such function, are open, closed or active in turn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import spsolve

from .hydraulics_laws import WALL_PA_S_M3, Laws, column, compile_laws, cut
from .hydraulics_linear import NodeSystem
from .hydraulics_network import GRAVITY_M_PER_S2, Network
from .hydraulics_small import Small

CHUNK = 1024  # designs solved together: what fits a processor's cache
STEPS, ROUNDS = 80, 60  # Newton steps in one state of the regulating valves; changes of state
TOLERANCE = 1e-7  # drops are right to this share of the largest before the last step, which squares the error
SOFT = tuple(10.0**k for k in range(8, 16))  # Pa s/m3 of walls on the way to hard ones
QUIET_M3_S = 1e-8  # moves that are no flow; a part about to open moves more in the next steps
CUTS = 8  # times that a step is cut back under soft walls
NEAR = 1e-3  # share of the largest drop from which a step is taken whole
CLOSED, OPEN, ACTIVE = 0, 1, 2
HOLD = 1.0  # m3/s that an active regulating valve moves for 1 Pa off its setting


@dataclass
class Prepared:
    """A network ready to be solved: the laws of its edges and the pattern of its nodes. Made once, solved often."""

    network: Network
    laws: Laws
    system: NodeSystem
    unknown: np.ndarray  # places of nodes without a held pressure
    start: np.ndarray  # node places of each edge's ends, edges in the order of `laws`
    end: np.ndarray
    constant: np.ndarray  # K and held pressures at the ends, (E, 1) or (E, n)
    demand: np.ndarray  # of unknown nodes
    pressure: np.ndarray  # held pressures; 0 where unknown
    regulating: np.ndarray  # places of regulating valves in `laws.edges`
    setting: np.ndarray
    small: Small | None = None  # the same as loops, where that way applies; made when first solved
    looked: bool = False  # whether it was tried


def prepare_hydraulics(network: Network) -> Prepared:
    """Check a network and compile it. Raises BadInput with all faults that show before solving."""
    from .hydraulics_faults import check_network

    check_network(network)
    laws = compile_laws(network)
    names = {name: k for k, name in enumerate(network.nodes)}
    start = np.array([names[edge.start] for edge in laws.edges], dtype=int)
    end = np.array([names[edge.end] for edge in laws.edges], dtype=int)
    nodes = list(network.nodes.values())
    held = np.array([node.pressure_pa is not None for node in nodes], dtype=bool)
    unknown = np.flatnonzero(~held)
    place = np.full(len(nodes), -1)
    place[unknown] = np.arange(len(unknown))
    height = column(node.height_m for node in nodes)
    pressure = column(0.0 if node.pressure_pa is None else node.pressure_pa for node in nodes)
    constant = (laws.density - np.atleast_1d(network.air_kg_m3)) * GRAVITY_M_PER_S2 * (height[start] - height[end]) - laws.lift + pressure[start] - pressure[end]
    demand = column(node.demand_m3_s for node in nodes)[unknown]
    system = NodeSystem(len(unknown), place[start], place[end])
    regulating = np.array([k for k, edge in enumerate(laws.edges) if edge.kind in ("reducing", "sustaining")], dtype=int)
    setting = column(laws.edges[k].values["setting_pa"] for k in regulating)
    return Prepared(network, laws, system, unknown, start, end, constant, demand, pressure, regulating, setting)


@dataclass
class Raw:
    """Solved flows (E, n) in the order of the laws, all node pressures (N, n), and which designs did not settle where."""

    flow: np.ndarray
    pressure: np.ndarray
    loose: np.ndarray  # (n,) place of the edge furthest from its law, -1 where all is well
    states: np.ndarray  # (valves, n)
    steps: int


def solve_prepared(prepared: Prepared) -> Raw:
    """Solve all designs, a chunk at a time."""
    n = prepared.laws.designs
    parts = [_Chunk(prepared, slice(at, min(at + CHUNK, n))).run() for at in range(0, n, CHUNK)]
    if len(parts) == 1:
        return parts[0]
    flow, pressure, states = (np.concatenate([getattr(part, key) for part in parts], axis=1) for key in ("flow", "pressure", "states"))
    return Raw(flow, pressure, np.concatenate([part.loose for part in parts]), states, max(part.steps for part in parts))


class _Chunk:
    """Some of the designs while they are solved."""

    def __init__(self, prepared: Prepared, columns: slice):
        self.p, self.columns = prepared, columns
        laws, width = prepared.laws, columns.stop - columns.start
        self.whole = slice(None) if laws.designs == width else columns
        self.flow = np.broadcast_to(cut(laws.guess, columns), (len(laws.edges), width)).copy()
        self.constant, self.demand = (cut(each, columns) for each in (prepared.constant, prepared.demand))
        self.setting = np.broadcast_to(cut(prepared.setting, columns), (len(prepared.regulating), width))
        self.states = np.full((len(prepared.regulating), width), ACTIVE)
        held = np.isfinite(prepared.laws.push)
        if held.any():
            rows = prepared.laws.guarded
            self.flow[rows] = np.where(np.broadcast_to(cut(held, columns), (len(rows), width)), np.nan_to_num(cut(prepared.laws.push, columns)), self.flow[rows])
        self.steps, self.wall = 0, WALL_PA_S_M3
        held_nodes = np.delete(np.arange(len(prepared.pressure)), prepared.unknown)
        self.lines = np.broadcast_to(cut(np.mean(prepared.pressure[held_nodes], axis=0), columns), (len(prepared.unknown), width)).copy()

    def run(self) -> Raw:
        loose = self.settle()
        for _ in range(ROUNDS if len(self.p.regulating) else 0):
            if not self.turn():
                break
            loose = self.settle()
        pressure = np.broadcast_to(cut(self.p.pressure, self.columns), (len(self.p.network.nodes), self.flow.shape[1])).copy()
        pressure[self.p.unknown] = self.lines
        return Raw(self.flow, pressure, loose, self.states, self.steps)

    def settle(self) -> np.ndarray:
        """Newton's method; designs in which walls set each other off begin anew with soft walls, made harder in turn."""
        begun, first = self.flow, self.lines
        loose = self.newton()
        if np.all(loose < 0) or not (len(self.p.laws.guarded) or len(self.p.regulating)):
            return loose
        good, flow, lines = loose < 0, self.flow, self.lines
        self.flow, self.lines = begun.copy(), first.copy()
        for self.wall in SOFT:
            again = self.newton()
            self.flow = np.where(np.isfinite(self.flow), self.flow, begun)
            self.lines = np.where(np.isfinite(self.lines), self.lines, first)
        self.wall = WALL_PA_S_M3
        again = self.newton()
        self.flow, self.lines = np.where(good, flow, self.flow), np.where(good, lines, self.lines)
        return np.where(good, -1, again)

    def newton(self) -> np.ndarray:
        """Step until every drop fits; the edge that fits worst in each design that never did, else -1."""
        flow, off = self.flow, np.zeros_like(self.flow)
        drop, slope = self.law(flow)
        balanced, quiet = False, np.zeros(flow.shape[1], dtype=int)
        for step in range(STEPS):
            self.steps += 1
            move, off = self.step(flow, drop, slope)
            scale = np.maximum(np.max(np.abs(self.across), axis=0), 1.0) if len(off) else np.ones(flow.shape[1])
            worst_off = np.max(np.abs(off), axis=0, initial=0.0)
            fits = worst_off <= TOLERANCE * scale
            quiet = np.where(np.max(np.abs(move), axis=0, initial=0.0) <= QUIET_M3_S, quiet + 1, 0)
            if len(self.p.laws.guarded):  # a last step that runs through a check valve is none
                g = self.p.laws.guarded
                through = (cut(self.p.laws.one_way, self.whole) > 0) & (flow[g] >= 0.0) & (flow[g] + move[g] < -1e-9)
                fits &= ~np.any(through, axis=0)
            done = (fits | (quiet >= 6)) & balanced  # flows at rest: only walls of a cut-off part still take turns
            if np.all(done):
                self.flow = flow + move
                return np.full(flow.shape[1], -1)
            new = flow + move
            new_drop, new_slope = self.law(new)
            if balanced and not np.all(np.isfinite(new_drop)):
                break
            if balanced and np.any(worst_off > NEAR * scale):
                taken = np.ones(flow.shape[1])
                for _ in range(CUTS if self.wall < WALL_PA_S_M3 else 1):
                    part = self.shorten(move, off, new_drop, slope, new_slope, step)
                    if not np.any(part < 1.0):
                        break
                    taken = taken * part
                    new = flow + taken * move
                    new_drop, new_slope = self.law(new)
            flow, drop, slope, balanced = new, new_drop, new_slope, True
        self.flow = flow
        with np.errstate(invalid="ignore"):
            worst = np.argmax(np.nan_to_num(np.abs(off), nan=np.inf), axis=0)
        return np.where(done, -1, worst)

    def law(self, flow: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        drop, slope = self.p.laws.drop(flow, self.whole, self.wall)
        if len(self.p.regulating):
            shut = self.states == CLOSED
            rows = self.p.regulating
            drop[rows] = np.where(shut, self.wall * flow[rows], drop[rows])
            slope[rows] = np.where(shut, self.wall, slope[rows])
        return drop, slope

    def step(self, flow: np.ndarray, drop: np.ndarray, slope: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The move of each flow, and how far each drop is from what its ends give."""
        system, p = self.p.system, self.p
        conductance = 1.0 / slope
        lead = flow + (self.constant - drop) * conductance
        active = self.states == ACTIVE if len(p.regulating) else np.zeros((0, 0), dtype=bool)
        if active.any():
            rows = p.regulating
            conductance[rows] = np.where(active, 0.0, conductance[rows])
            lead[rows] = np.where(active, 0.0, lead[rows])
            self.lines = self.solve_active(conductance, -self.demand - system.gather(lead), active)
        else:
            self.lines = system.solve(conductance, -self.demand - system.gather(lead), self.lines)
        self.across = self.constant + system.across(self.lines)
        off = self.across - drop
        move = off * conductance
        if active.any():
            at_valve = self.held_pressure()
            new = HOLD * (self.setting - at_valve) * self.sign()
            move[p.regulating] = np.where(active, new - flow[p.regulating], move[p.regulating])
            off[p.regulating] = np.where(active, 0.0, off[p.regulating])
        return move, off

    def sign(self) -> np.ndarray:
        """+1 where more flow comes with less pressure (a reducing valve), -1 for a sustaining one."""
        return np.array([[1.0 if self.p.laws.edges[k].kind == "reducing" else -1.0] for k in self.p.regulating])

    def held_node(self, valve: int) -> int:
        k = self.p.regulating[valve]
        ends = self.p.system.end if self.p.laws.edges[k].kind == "reducing" else self.p.system.start
        return int(ends[k])

    def held_pressure(self) -> np.ndarray:
        return np.stack([self.lines[self.held_node(v)] for v in range(len(self.p.regulating))])

    def solve_active(self, conductance: np.ndarray, right: np.ndarray, active: np.ndarray) -> np.ndarray:
        """With active valves the system is not symmetric: sparse LU, design by design."""
        s, out = self.p.system, np.empty_like(right)
        a, b = s.start, s.end
        both = (a >= 0) & (b >= 0)
        rows = np.concatenate([a[a >= 0], b[b >= 0], a[both], b[both]])
        cols = np.concatenate([a[a >= 0], b[b >= 0], b[both], a[both]])
        for k in range(right.shape[1]):
            c = conductance[:, k]
            data, extra_rows, extra_cols, extra = np.concatenate([c[a >= 0], c[b >= 0], -c[both], -c[both]]), [], [], []
            load = right[:, k].copy()
            for v in np.flatnonzero(active[:, k]):
                edge, held = self.p.regulating[v], self.held_node(int(v))
                g = HOLD if self.p.laws.edges[edge].kind == "reducing" else -HOLD
                for node, direction in ((a[edge], 1.0), (b[edge], -1.0)):  # what leaves: q = g (setting - p_held)
                    if node >= 0:
                        extra_rows.append(node)
                        extra_cols.append(held)
                        extra.append(-direction * g)
                        load[node] -= direction * g * self.setting[v, k]
            matrix = coo_matrix((np.concatenate([data, extra]), (np.concatenate([rows, extra_rows]), np.concatenate([cols, extra_cols]))), shape=(s.count, s.count)).tocsc()
            out[:, k] = spsolve(matrix, load)
        return out

    def shorten(self, move: np.ndarray, off: np.ndarray, new_drop: np.ndarray, slope: np.ndarray, new_slope: np.ndarray, step: int) -> np.ndarray:
        """How much of each design's move to take: all, unless the content rises at its end. Walls are met at full step."""
        hard = WALL_PA_S_M3 if self.wall < WALL_PA_S_M3 else 0.1 * WALL_PA_S_M3  # soft walls count as any part
        free = (new_slope < hard) & (slope < hard)
        if len(self.p.regulating):
            free[self.p.regulating] &= self.states != ACTIVE
        before = -np.sum(np.where(free, move * off, 0.0), axis=0)
        after = np.sum(np.where(free, move * (new_drop - self.across), 0.0), axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            part = np.where(after > -0.5 * before, np.clip(before / (before - after), 0.1, 1.0), 1.0)
        return np.where(np.isfinite(part), part, 1.0) * (0.6 if step > 20 and step % 2 and self.wall == WALL_PA_S_M3 else 1.0)

    def turn(self) -> bool:
        """Open, close or set to work the regulating valves by the solved pressures; whether any changed."""
        old = self.states.copy()
        held = self.p.pressure
        for v, k in enumerate(self.p.regulating):
            reducing = self.p.laws.edges[k].kind == "reducing"
            ends: list[Any] = []
            for nodes, places in ((self.p.system.start, self.p.start), (self.p.system.end, self.p.end)):
                ends.append(self.lines[nodes[k]] if nodes[k] >= 0 else np.broadcast_to(cut(held[places[k]][None, :], self.columns)[0], (self.flow.shape[1],)))
            push = self.across[k]  # what would drive the flow through
            watch = ends[1] if reducing else ends[0]
            excess = (watch - self.setting[v]) * (1.0 if reducing else -1.0)  # above 0: the valve has to throttle
            slack = 1.0 + 1e-7 * np.abs(self.setting[v])
            state, backward = old[v], self.flow[k] < -1e-9
            after_active = np.where(backward, CLOSED, np.where(push < -slack, OPEN, ACTIVE))
            after_open = np.where(backward, CLOSED, np.where(excess > slack, ACTIVE, OPEN))
            could = ends[0] if reducing else ends[1]
            fits = could > self.setting[v] if reducing else could < self.setting[v]
            after_closed = np.where(push <= slack, CLOSED, np.where(excess > slack, CLOSED, np.where(fits, ACTIVE, OPEN)))
            self.states[v] = np.where(state == ACTIVE, after_active, np.where(state == OPEN, after_open, after_closed))
        return bool(np.any(old != self.states))
