"""One small network, solved again and again with changed numbers: Newton's method on the flows of its loops.

A spanning tree of parts with little resistance leaves one part over for each loop. All flows follow from those of the parts left
over, x, by q = q0 + C x, so the mass balance holds by itself, and what is left is C' (f(q) - K) = 0: as many equations as loops, 20 for
a rack's manifold. All parts go through one expression on plain arrays, f = (a + (k + L / X^2) |q|) q, where X stands for a pipe's
1/sqrt(friction factor) and is bettered by one step of Colebrook's equation beside each step of the flows.

`None` from anything here means that this way does not apply or did not settle: the general solver then answers. That holds for
batches, closed parts, stated flows, regulating valves, check valves that would shut, pumps beyond their curves.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.linalg.lapack import dposv

from .hydraulics_friction import _SPAN, LAWS, SMALLEST_RE, TURBULENT_FROM
from .hydraulics_laws import KV_PA, LEAST_PA_S_M3, Law, curve_of
from .hydraulics_network import Edge

if TYPE_CHECKING:
    from .hydraulics_solve import Prepared

LARGEST, LOOPS = 500, 60  # parts and loops up to which dense arrays are quicker than the general solver
STEPS = 15  # more are not worth it: the general solver cuts its steps back
SETTLED = 1e-5  # a step of this share of a flow leaves about its square as the error
QUIET = 1e-11  # share of the flows' root sum of squares under which a flow may still be anything
_C = 2.0 / math.log(10.0)  # X = x / C turns Colebrook's x = -C ln(a + b x) into X + ln(a + C b X) = 0
_IDLE, _NO_PIPE = 7.0, math.exp(-7.0)  # X and constant part of what is no pipe: with b = 0 this X stays
# Re from which a law is Colebrook's alone. `colebrook` takes 64/Re where larger: never above 1500, where the smooth factor is 0.054.
_COLEBROOK_FROM = {"colebrook": 1500.0, "laminar-transition-turbulent": TURBULENT_FROM}
_QUADRATIC = ("resistance", "coupling", "valve", "throttle", "lift")
_MAY_BE_ZERO = ("loss", "linear_pa_s_m3", "quadratic_pa_s2_m6", "lift_pa", "roughness_m")
_CHANGES = (*_MAY_BE_ZERO, "kv_m3_h", "length_m", "open_fraction")  # numbers of parts that are changed here; others go to the general solver


@dataclass(frozen=True)
class Numbers:
    """What a change may change, in this file's order of parts."""

    table: np.ndarray  # (7, parts): a, k, L, of Colebrook's equation its constant part and C b |q|, a again as of a slope, never 0, and the lift
    constant: np.ndarray  # (parts,) pressure that drives: heights, stated lifts, held pressures
    fed: np.ndarray  # (parts,) q0, the flows that meet the demands with none in the loops
    pressure: np.ndarray  # (nodes,) held pressures


@dataclass(frozen=True)
class Solved:
    """Flows and drops in the order of the network's parts; pressures of its nodes."""

    flow: np.ndarray
    pressure: np.ndarray
    drop: np.ndarray
    steps: int


class Small:
    """A prepared network of one design as loops. `start` holds flows and X of the network as it was prepared."""

    def __init__(self, prepared: Prepared, tree: np.ndarray):
        laws, system = prepared.laws, prepared.system
        incidence = system.incidence.toarray()
        count, parts = incidence.shape
        rest = np.setdiff1d(np.arange(parts), tree)
        inverse = np.rint(np.linalg.inv(incidence[:, tree]))  # of a tree: only -1, 0, 1
        loops = np.zeros((parts, len(rest)))
        loops[rest, np.arange(len(rest))] = 1.0
        loops[tree] = -inverse @ incidence[:, rest]
        # parts in series have the same row up to its sign: put next to each other, their slopes are added before the product
        leading = np.take_along_axis(loops, np.argmax(loops != 0.0, axis=1)[:, None], axis=1)
        chains, chain = np.unique(np.where(leading < 0.0, -loops, loops), axis=0, return_inverse=True)
        order = np.argsort(chain.ravel(), kind="stable")
        place = np.argsort(order)
        self.firsts = np.searchsorted(chain.ravel()[order], np.arange(len(chains)))
        self.shape = len(rest), len(rest)
        self.products = np.ascontiguousarray((chains[:, :, None] * chains[:, None, :]).reshape(len(chains), -1).T)
        self.loops, self.loops_t, self.rest = np.ascontiguousarray(loops[order]), np.ascontiguousarray(loops[order].T), place[rest]
        self.feed = np.zeros((parts, count))  # q0 = feed demand
        self.feed[place[tree]] = -inverse
        self.lines = np.ascontiguousarray(-self.feed.T)  # pressures = lines (f - K)
        self.edges, self.unknown = [laws.edges[k] for k in order], prepared.unknown
        self.density, self.per_re, self.guess = (np.broadcast_to(each, (parts, 1))[order, 0] for each in (laws.density, laws.per_re, laws.guess))
        self.pushes = np.zeros((len(prepared.pressure), parts))  # how a held pressure drives each part
        self.pushes[prepared.start[order], np.arange(parts)] += 1.0
        self.pushes[prepared.end[order], np.arange(parts)] -= 1.0
        self.pipes: list[tuple[np.ndarray, str]] = []
        self.others: list[tuple[np.ndarray, Law]] = []  # pumps and Hazen-Williams pipes keep the general solver's functions
        for rows, law in laws.groups:
            first = laws.edges[rows.start]
            if first.kind == "pipe":
                self.pipes.append((place[rows], first.values["friction"]))
            elif first.kind not in _QUADRATIC:
                self.others.append((place[rows], law))
        self._names(prepared, place)
        self._limits(prepared, place)
        self.demand = prepared.demand[:, 0]
        table = np.array([self._terms(k, edge.values) for k, edge in enumerate(self.edges)]).T.copy()
        self.numbers = Numbers(table, np.broadcast_to(prepared.constant, (parts, 1))[order, 0], self.feed @ self.demand, prepared.pressure[:, 0])
        self.start: tuple[np.ndarray, np.ndarray | None] | None = None

    def _names(self, prepared: Prepared, place: np.ndarray) -> None:
        """Places by name, and the network's own order."""
        laws, network = prepared.laws, prepared.network
        back_to = np.argsort(laws.order)
        self.back = place[back_to]
        self.place = dict(zip(network.edges, self.back.tolist(), strict=True))
        self.node = {name: k for k, name in enumerate(network.nodes)}
        self.unheld = {int(k): n for n, k in enumerate(prepared.unknown)}
        self.area, self.re = laws.area[back_to, 0], laws.per_re[back_to, 0]
        self.names = (tuple(network.nodes), tuple(network.edges), self.node, {name: k for k, name in enumerate(network.edges)})

    def _limits(self, prepared: Prepared, place: np.ndarray) -> None:
        """Flows between which no wall of a law is met, and those from which Colebrook's equation is a pipe's only law."""
        laws, parts = prepared.laws, len(place)
        low, high = np.full(parts, -np.inf), np.full(parts, np.inf)
        guarded = place[laws.guarded]
        low[guarded], high[guarded] = np.where(laws.one_way[:, 0] > 0.0, 0.0, -np.inf), laws.cap[:, 0]
        for k, edge in enumerate(laws.edges):
            if edge.kind == "pump":
                high[place[k]] = min(high[place[k]], float(curve_of(edge)[2][0]) * float(edge.values.get("speed", 1.0)))
        self.limits = (low, high) if np.isfinite(low).any() or np.isfinite(high).any() else None
        self.turbulent = np.zeros(parts)
        self.least = np.zeros(parts)
        for rows, friction in self.pipes:
            self.turbulent[rows] = _COLEBROOK_FROM.get(friction, math.inf) / self.per_re[rows]
            self.least[rows] = SMALLEST_RE / self.per_re[rows]

    def _terms(self, k: int, values: Mapping[str, Any]) -> tuple[float, ...]:
        """A column of `Numbers.table` from a part's values, by the formulas of hydraulics_laws."""
        density, bore = self.density[k], values.get("diameter_m", 0.0)
        kinetic = density / (2.0 * (math.pi / 4.0 * bore * bore) ** 2) if bore else 0.0
        quad = kinetic * values.get("loss", 0.0)
        if self.edges[k].kind == "pipe":
            return 0.0, quad, kinetic * values["length_m"] / (bore * _C * _C), values["roughness_m"] / (bore * _SPAN), _C * 2.51 / self.per_re[k], LEAST_PA_S_M3, 0.0
        quad += values.get("quadratic_pa_s2_m6", 0.0)
        if "kv_m3_h" in values:
            quad += KV_PA * density / (values["kv_m3_h"] * values.get("open_fraction", 1.0)) ** 2
        line = values.get("linear_pa_s_m3", 0.0)
        firm = max(line, LEAST_PA_S_M3)
        return line if quad > 0.0 else firm, quad, 0.0, _NO_PIPE, 0.0, firm, values.get("lift_pa", 0.0)

    def changed(self, changes: Mapping[str, Mapping[str, Any]]) -> Numbers | None:
        """The numbers with some changed; None where a change or its value is not one of the usual."""
        table, constant, pressure, demand = self.numbers.table.copy(), self.numbers.constant.copy(), self.numbers.pressure.copy(), None
        for name, new in changes.items():
            values = None
            for key, value in new.items():
                if type(value) not in (float, int) or not math.isfinite(value):
                    return None
                part, node = self.place.get(name, -1), self.node.get(name, -1)
                if key == "pressure_pa" and node >= 0 and node not in self.unheld:
                    constant += self.pushes[node] * (value - pressure[node])
                    pressure[node] = value
                elif key == "demand_m3_s" and node in self.unheld:
                    demand = self.demand.copy() if demand is None else demand
                    demand[self.unheld[node]] = value
                elif part >= 0 and _usual(self.edges[part], key, value):
                    values = dict(self.edges[part].values) if values is None else values
                    values[key] = value
                else:
                    return None
            if values is not None:
                table[:, part] = self._terms(part, values)
                constant[part] += table[6, part] - self.numbers.table[6, part]
        return Numbers(table, constant, self.numbers.fed if demand is None else self.feed @ demand, pressure)

    def solve(self, numbers: Numbers, afresh: bool = False) -> Solved | None:
        """Flows and pressures, from the flows of the network as prepared, or (`afresh`) from a flow guessed for each part."""
        with np.errstate(all="ignore"):
            found = self._newton(numbers, afresh or self.start is None)
        if found is None:
            return None
        flow, drop, _, steps = found
        pressure = numbers.pressure.copy()
        pressure[self.unknown] = self.lines.dot(drop - numbers.constant)
        return Solved(flow[self.back], pressure, (drop - numbers.table[6])[self.back], steps)

    def _newton(self, numbers: Numbers, afresh: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, int] | None:
        loops, loops_t, constant = self.loops, self.loops_t, numbers.constant
        flow, root = (self.guess, None) if self.start is None else self.start
        if afresh:
            flow = self.guess
            smooth = np.all(np.isfinite(self.turbulent)) if self.start is None else root is not None
            root = np.where(numbers.table[4] > 0.0, 7.0 / _C, _IDLE) if smooth else None
        balanced = not afresh and numbers.fed is self.numbers.fed
        free = not self.others and not numbers.fed.any()
        for step in range(1, STEPS + 1):
            scale = 1.0
            drop, slope, size, root = self._laws(numbers.table, flow, root)
            if free and step == (2 if afresh else 1):  # drops go nearly with the square of flows: raise or lower all until the work done is that given
                given, done = constant.dot(flow), drop.dot(flow)
                scale = math.sqrt(given / done) if given > 0.0 < done else 1.0
                flow, drop, slope, size = scale * flow, scale * scale * drop, scale * slope, scale * size
            off = constant - drop
            if not balanced:
                even = numbers.fed + loops.dot(flow[self.rest])
                off -= slope * (even - flow)
                flow = even
            _, turn, failed = dposv(self.products.dot(np.add.reduceat(slope, self.firsts)).reshape(self.shape), loops_t.dot(off))
            if failed:
                return None
            move = loops.dot(turn)
            norm = flow.dot(flow)
            small = balanced and abs(scale - 1.0) <= SETTLED and move.dot(move) <= SETTLED * SETTLED * norm  # a first look, without any array
            balanced = True
            flow = flow + move
            if not small or (np.abs(move) - SETTLED * size).max() > QUIET * math.sqrt(norm):
                continue
            if root is not None and (size < self.turbulent).any():
                root = None  # not all is turbulent: go on with the whole laws
            elif self.limits is None or ((flow > self.limits[0]) & (flow < self.limits[1])).all():
                return flow, drop + slope * move, root, step
            else:
                return None
        return None

    def _laws(self, table: np.ndarray, flow: np.ndarray, root: np.ndarray | None) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray | None]:
        """Drops, slopes, sizes of the flows, and the bettered X; without X by the whole friction laws."""
        line, quad, long, rough, b, firm, _ = table
        size = np.abs(flow)
        if root is not None:  # one step of Halley's method for X + ln(rough + b X / |q|) = 0
            part = b / size
            inner = rough + part * root
            ratio = part / inner
            value, rise = root + np.log(inner), 1.0 + ratio
            root = root - value * rise / (rise * rise + 0.5 * value * ratio * ratio)
            friction = long / (root * root)
            whole, half = quad + friction, quad + friction / rise
        else:
            whole, half, size = quad.copy(), quad.copy(), np.maximum(size, self.least)
            for rows, name in self.pipes:
                factor, change = LAWS[name](self.per_re[rows] * size[rows], _SPAN * rough[rows])
                scale = _C * _C * long[rows]
                whole[rows] += scale * factor
                half[rows] += scale * (factor + 0.5 * change)
        drop, slope = (line + whole * size) * flow, firm + half * (size + size)
        for rows, law in self.others:
            values, slopes = law(flow[rows][:, None])
            drop[rows], slope[rows] = values[:, 0], slopes[:, 0]
        return drop, slope, size, root


def _usual(edge: Edge, key: str, value: float) -> bool:
    """Whether a part's number is one that this file changes, with a value that no check would refuse."""
    if key not in edge.values or key not in _CHANGES or (edge.kind != "pipe" and edge.kind not in _QUADRATIC):
        return False
    if (edge.kind == "resistance" and key in ("linear_pa_s_m3", "quadratic_pa_s2_m6")) or key == "open_fraction":
        return value > 0.0 and (key != "open_fraction" or value <= 1.0)
    if key == "roughness_m":
        return 0.0 <= value <= 0.1 * edge.values["diameter_m"]
    return value >= 0.0 if key in _MAY_BE_ZERO else value > 0.0


def small_of(prepared: Prepared) -> Small | None:
    """The network as loops with a solution to start from; None where this way does not apply."""
    laws, parts = prepared.laws, len(prepared.laws.edges)
    loops = parts - len(prepared.unknown)
    if laws.designs != 1 or parts > LARGEST or not 0 < loops <= LOOPS or not len(prepared.unknown) or len(prepared.regulating):
        return None
    if np.any(laws.closed > 0.0) or np.any(np.isfinite(laws.push)):
        return None
    tree = _tree(prepared)
    if len(tree) < len(prepared.unknown):
        return None
    small = Small(prepared, tree)
    with np.errstate(all="ignore"):
        found = small._newton(small.numbers, afresh=True)
    if found is None:
        return None
    small.start = found[0], found[2]
    return small


def _tree(prepared: Prepared) -> np.ndarray:
    """Parts that join every unknown node to a held pressure, those of least resistance first (Kruskal)."""
    system, count = prepared.system, prepared.system.count
    leader = list(range(count + 1))  # the last stands for all held pressures

    def top(node: int) -> int:
        while leader[node] != node:
            leader[node] = node = leader[leader[node]]
        return node

    chosen = []
    slopes = prepared.laws.drop(prepared.laws.guess.copy())[1][:, 0]
    for k in np.argsort(slopes, kind="stable"):
        a, b = (top(int(ends[k]) if ends[k] >= 0 else count) for ends in (system.start, system.end))
        if a != b:
            leader[a] = b
            chosen.append(int(k))
    return np.array(chosen, dtype=int)
