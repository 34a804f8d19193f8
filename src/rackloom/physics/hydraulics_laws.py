"""The drop of every edge and its slope at a flow, for all edges and designs at once. Inside: edges on axis 0, designs on axis 1."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .hydraulics_friction import LAWS, SMALLEST_RE
from .hydraulics_network import GRAVITY_M_PER_S2, Edge, Network

WALL_PA_S_M3 = 1e16  # a closed part: what the law still lets by (1e-10 m3/s at 10 bar) is not told as flow
LEAST_PA_S_M3 = 1.0  # a passage without any resistance: 1 Pa at 1 m3/s
LARGEST_LIFT_PA = 1e9  # of a pump that does a stated work, at next to no flow
HAZEN_WILLIAMS = 4.727 * 0.3048**4.871 / 0.3048 ** (3.0 * 1.852)  # from ft and cfs, as the EPANET 2 manual has it: 10.667
KV_PA = 1e5 * 3600.0**2 / 1000.0  # dp = KV_PA rho (Q / Kv)^2, by the definition of Kv: 1 m3/h of 1000 kg/m3 at 1 bar

PLAIN = (float, int, bool)

Law = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def column(values: Iterable[Any]) -> np.ndarray:
    """Numbers of several parts on axis 0, designs on axis 1 (one column where no part differs between designs)."""
    given = list(values)
    if all(type(value) in PLAIN for value in given):  # one array rather than one a number: most of the time of making a network ready
        return np.array(given, dtype=float).reshape(-1, 1)
    return np.array(np.broadcast_arrays(*(np.atleast_1d(np.asarray(value, dtype=float)) for value in given)))


def of(edges: Sequence[Edge], key: str, default: Any = 0.0) -> np.ndarray:
    """One value of each of several edges."""
    return column(edge.values.get(key, default) for edge in edges)


def curve_of(edge: Edge) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A pump's curve as (flows, lifts) at full speed with its run-out flow and shut-off lift, each (points, n) or (n,)."""
    values = edge.values
    if "lifts" in values:
        flows, lifts = column(values["flows"]), column(values["lifts"])
        return flows, lifts, np.atleast_1d(values.get("runout_m3_s", flows[-1])), lifts[0]
    if "power" in values:
        h0, r, m = column(values["power"])
        return np.empty(0), np.empty(0), np.atleast_1d(values.get("runout_m3_s", (h0 / r) ** (1.0 / m))), h0
    if "work_w" in values:
        endless = np.atleast_1d(np.asarray(values.get("runout_m3_s", np.inf), dtype=float))
        return np.empty(0), np.empty(0), endless, np.atleast_1d(np.inf)
    coefficients = column(values["polynomial"])
    return np.empty(0), np.empty(0), np.atleast_1d(values["runout_m3_s"] if "runout_m3_s" in values else _first_zero(coefficients)), coefficients[0]


def _first_zero(coefficients: np.ndarray) -> np.ndarray:
    """Least positive flow at which each polynomial is 0; infinite where it has none."""
    out = np.full(coefficients.shape[1], np.inf)
    for k, each in enumerate(coefficients.T):
        roots = np.roots(each[::-1])
        good = roots.real[(np.abs(roots.imag) < 1e-9 * np.abs(roots)) & (roots.real > 0.0)]
        out[k] = good.min() if len(good) else np.inf
    return out


def pump_lift(edge: Edge) -> Law:
    """Lift of a pump and its slope at a flow (n,), at its speed. A stopped pump lifts nothing and resists by its curve."""
    flows, lifts, runout, shutoff = curve_of(edge)
    speed = np.atleast_1d(np.asarray(edge.values.get("speed", 1.0), dtype=float))
    stopped = speed <= 0.0
    s = np.where(stopped, 1.0, speed)

    def full_speed(q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        forward = np.maximum(q, 0.0)
        if len(flows):
            return _along(flows, lifts, forward)
        if "power" in edge.values:
            h0, r, m = column(edge.values["power"])
            return h0 - r * forward**m, -r * m * forward ** (m - 1.0)
        if "work_w" in edge.values:
            work = np.atleast_1d(np.asarray(edge.values["work_w"], dtype=float))
            flow = np.maximum(forward, work / LARGEST_LIFT_PA)
            return work / flow, -work / flow**2
        c = column(edge.values["polynomial"])
        value, slope = np.zeros(np.broadcast_shapes(q.shape, c[0].shape)), np.zeros(np.broadcast_shapes(q.shape, c[0].shape))
        for each in c[::-1]:
            slope = slope * forward + value
            value = value * forward + each
        return value, np.minimum(slope, 0.0)

    def law(q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        lift, slope = full_speed(q / s)
        fall = shutoff / np.where(np.isfinite(runout), runout, 1.0) ** 2
        return np.where(stopped, -fall * q * np.abs(q), s * s * lift), np.where(stopped, -2.0 * fall * np.abs(q), s * slope)

    return law


def _along(flows: np.ndarray, lifts: np.ndarray, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A curve of straight lines and its slope; past the last point the last line goes on."""
    steps = np.diff(lifts, axis=0) / np.diff(flows, axis=0)
    place = np.clip(np.sum(q[None, :] >= flows[:, :], axis=0) - 1, 0, len(flows) - 2)
    each = np.zeros_like(place) if flows.shape[1] == 1 else np.arange(len(place))
    slope = steps[place, each]
    return lifts[place, each] + slope * (q - flows[place, each]), slope


@dataclass
class Laws:
    """The compiled edges of a network: `drop(q)` gives drops and slopes, both (edges, designs)."""

    edges: list[Edge]
    designs: int
    order: np.ndarray  # edge places as the groups below follow each other
    groups: list[tuple[slice, Law]]
    guess: np.ndarray  # flows to start from, (E, 1) or (E, n)
    area: np.ndarray  # bore of each edge, NaN where none is stated
    per_re: np.ndarray  # Reynolds number per m3/s, NaN likewise
    lift: np.ndarray  # constant part of the drop: stated lifts, and heights are added by the solver
    density: np.ndarray
    one_way: np.ndarray = field(default_factory=lambda: np.empty(0))
    closed: np.ndarray = field(default_factory=lambda: np.empty(0))
    cap: np.ndarray = field(default_factory=lambda: np.empty(0))
    push: np.ndarray = field(default_factory=lambda: np.empty(0))
    guarded: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=int))  # edges with any of these

    def drop(self, q: np.ndarray, columns: slice = slice(None), wall: float = WALL_PA_S_M3) -> tuple[np.ndarray, np.ndarray]:
        """Drops [Pa] and slopes [Pa s/m3] at flows q (E, m) of the designs in `columns`, in this object's edge order."""
        value, slope = np.empty_like(q), np.empty_like(q)
        for rows, law in self.groups:
            value[rows], slope[rows] = law(q[rows], columns)  # type: ignore[call-arg]
        if len(self.guarded):
            self._guard(q, value, slope, columns, wall)
        return value, slope

    def _guard(self, q: np.ndarray, value: np.ndarray, slope: np.ndarray, columns: slice, wall: float) -> None:
        """Walls: nothing back, nothing through a closed part, no more than a cap, a pushed flow."""
        g = self.guarded
        flow, cap = q[g], cut(self.cap, columns)
        low = np.where(cut(self.one_way, columns) > 0.0, 0.0, -np.inf)
        over, under = np.maximum(flow - cap, 0.0), np.minimum(flow - low, 0.0)
        extra = np.where(np.isfinite(cap), over, 0.0) + np.where(np.isfinite(low), under, 0.0)
        value[g] += wall * extra
        slope[g] += np.where(extra != 0.0, wall, 0.0)
        shut, push = cut(self.closed, columns) > 0.0, cut(self.push, columns)
        pushed = np.isfinite(push)
        value[g] = np.where(shut, wall * flow, np.where(pushed, wall * (flow - np.where(pushed, push, 0.0)), value[g]))
        slope[g] = np.where(shut | pushed, wall, slope[g])


def cut(values: np.ndarray, columns: slice) -> np.ndarray:
    """The designs of a slice; a column that serves all stays as it is."""
    return values if values.shape[-1] == 1 else values[..., columns]


@dataclass(frozen=True, eq=False)
class Quadratic:
    """Drops a Q + b Q|Q| of several parts; a, b (edges, 1) or (edges, n)."""

    linear: np.ndarray
    square: np.ndarray

    def __call__(self, q: np.ndarray, columns: slice = slice(None)) -> tuple[np.ndarray, np.ndarray]:
        """Drops and slopes at flows (edges, m) of the designs in `columns`."""
        size, lin, quad = np.abs(q), cut(self.linear, columns), cut(self.square, columns)
        return (lin + quad * size) * q, np.maximum(lin + 2.0 * quad * size, LEAST_PA_S_M3)


def _quadratic(a: np.ndarray, b: np.ndarray) -> Quadratic:
    return Quadratic(np.maximum(a, np.where(b > 0.0, 0.0, LEAST_PA_S_M3)), np.broadcast_to(b, np.broadcast_shapes(a.shape, b.shape)))


@dataclass(frozen=True, eq=False)
class Pipes:
    """Drops (long f(Re) + loss) Q|Q| of several pipes under one friction law."""

    friction: str
    long: np.ndarray
    loss: np.ndarray
    per_re: np.ndarray
    rough: np.ndarray

    def __call__(self, q: np.ndarray, columns: slice = slice(None)) -> tuple[np.ndarray, np.ndarray]:
        """Drops and slopes at flows (edges, m) of the designs in `columns`."""
        scale, long, loss = cut(self.per_re, columns), cut(self.long, columns), cut(self.loss, columns)
        size = np.maximum(np.abs(q), SMALLEST_RE / scale)
        factor, move = LAWS[self.friction](scale * size, cut(self.rough, columns))
        k = long * factor + loss
        return k * size * q, (2.0 * k + long * move) * size


def _power(r: np.ndarray, loss: np.ndarray, m: float) -> Law:
    def law(q: np.ndarray, columns: slice = slice(None)) -> tuple[np.ndarray, np.ndarray]:
        size, rr, kk = np.abs(q), cut(r, columns), cut(loss, columns)
        k = rr * size ** (m - 1.0) + kk * size
        return k * q, np.maximum(m * k + (2.0 - m) * kk * size, LEAST_PA_S_M3)

    return law


def _pumps(edges: Sequence[Edge]) -> Law:
    laws = [pump_lift(edge) for edge in edges]

    def law(q: np.ndarray, columns: slice = slice(None)) -> tuple[np.ndarray, np.ndarray]:
        value, slope = np.empty_like(q), np.empty_like(q)
        for k, each in enumerate(laws):
            whole = q[k]
            if columns != slice(None) and any(np.ndim(v) or isinstance(v, list | tuple) for v in edges[k].values.values()):
                lift, fall = _of_columns(edges[k], columns)(whole)
            else:
                lift, fall = each(whole)
            value[k], slope[k] = -lift, np.maximum(-fall, LEAST_PA_S_M3)
        return value, slope

    return law


def _of_columns(edge: Edge, columns: slice) -> Law:
    """The law of a pump for some of the designs."""

    def part(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return [part(each) for each in value]
        return value[columns] if isinstance(value, np.ndarray) and value.ndim else value

    return pump_lift(Edge(edge.name, edge.kind, edge.start, edge.end, {key: part(value) for key, value in edge.values.items()}))


def designs_of(network: Network) -> int:
    """How many designs the network's arrays hold; 1 when all are plain numbers."""
    counts = {
        np.asarray(v).shape[0]
        for owner in network.edges.values()
        for value in owner.values.values()
        for v in (value if isinstance(value, list | tuple) else (value,))
        if type(v) not in (*PLAIN, str) and np.ndim(v)
    }
    counts |= {np.asarray(v).shape[0] for n in network.nodes.values() for v in (n.height_m, n.demand_m3_s, n.pressure_pa) if v is not None and np.ndim(v)}
    counts |= {np.asarray(v).shape[0] for v in (network.density_kg_m3, network.viscosity_pa_s) if np.ndim(v)}
    counts.discard(1)
    if len(counts) > 1:
        raise ValueError(f"arrays of {sorted(counts)} designs in one network")
    return counts.pop() if counts else 1


def compile_laws(network: Network) -> Laws:
    """Group a network's edges by law and stack their numbers."""
    by_group: dict[tuple[str, str], list[Edge]] = {}
    for edge in network.edges.values():
        kind = {"coupling": "quadratic", "valve": "quadratic", "resistance": "quadratic", "throttle": "quadratic", "lift": "quadratic", "push": "quadratic",
                "reducing": "quadratic", "sustaining": "quadratic"}.get(edge.kind, edge.kind)  # fmt: skip
        by_group.setdefault((kind, edge.values.get("friction", "")), []).append(edge)
    edges = [edge for group in by_group.values() for edge in group]
    place = {name: k for k, name in enumerate(network.edges)}
    density = of(edges, "density_kg_m3", network.density_kg_m3)
    viscosity = of(edges, "viscosity_pa_s", network.viscosity_pa_s)
    bore = of(edges, "diameter_m", np.nan)
    area = np.pi / 4.0 * bore**2
    per_re = density * bore / (area * viscosity)
    groups: list[tuple[slice, Law]] = []
    guesses: list[np.ndarray] = []
    at = 0
    for (kind, friction), members in by_group.items():
        rows = slice(at, at + len(members))
        at += len(members)
        law, guess = _group(kind, friction, members, density[rows], area[rows], bore[rows], per_re[rows])
        groups.append((rows, law))
        guesses.append(guess)
    laws = Laws(edges, designs_of(network), np.array([place[edge.name] for edge in edges], dtype=int), groups, _stack(guesses), area, per_re, -of(edges, "lift_pa"), density)
    _walls(laws)
    return laws


def _stack(parts: list[np.ndarray]) -> np.ndarray:
    wide = max((part.shape[1] for part in parts), default=1)
    return np.concatenate([np.broadcast_to(part, (len(part), wide)) for part in parts]) if parts else np.zeros((0, 1))


def _group(kind: str, friction: str, members: list[Edge], density: np.ndarray, area: np.ndarray, bore: np.ndarray, per_re: np.ndarray) -> tuple[Law, np.ndarray]:
    """The law of one group and flows to start from (0.3 m/s, 0.1 bar, or the middle of a pump's curve)."""
    kinetic = density / (2.0 * area**2)
    if kind == "pipe":
        law = Pipes(friction, kinetic * of(members, "length_m") / bore, kinetic * of(members, "loss"), per_re, of(members, "roughness_m") / bore)
        return law, 0.3 * area
    if kind == "hazen-williams":
        r = density * GRAVITY_M_PER_S2 * HAZEN_WILLIAMS * of(members, "length_m") / (of(members, "coefficient") ** 1.852 * bore**4.871)
        return _power(r, kinetic * of(members, "loss"), 1.852), 0.3 * area
    if kind == "pump":
        # half of the run-out; under stated work, the flow at 100 bar: from below, lift = work / Q is met without overshoot
        starts = [edge.values["work_w"] / 1e7 if "work_w" in edge.values else 0.5 * curve_of(edge)[2] for edge in members]
        first = _stack([np.atleast_2d(np.asarray(each, dtype=float)) for each in starts])
        return _pumps(members), np.where(np.isfinite(first), first, 1e-3)
    a, b = of(members, "linear_pa_s_m3"), of(members, "quadratic_pa_s2_m6")
    kv = of(members, "kv_m3_h", np.inf) * of(members, "open_fraction", 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        b = b + np.where(kv > 0.0, KV_PA * density / kv**2, 0.0) + np.where(np.isfinite(bore), kinetic * of(members, "loss"), 0.0)
        guess = np.where(b > 0.0, np.sqrt(1e4 / b), np.where(a > 0.0, 1e4 / a, 1e-3))
    return _quadratic(a, b), guess


def _walls(laws: Laws) -> None:
    edges = laws.edges
    one_way = column(bool(edge.values.get("one_way")) or edge.kind in ("reducing", "sustaining") for edge in edges)
    closed = of(edges, "closed", False)
    shut = of(edges, "open_fraction", 1.0) <= 0.0
    stopped = column((np.asarray(edge.values.get("speed", 1.0), dtype=float) <= 0.0) if edge.values.get("one_way") else False for edge in edges)
    closed = np.maximum(np.maximum(closed, shut), stopped)
    cap, push = of(edges, "cap_m3_s", np.inf), column(edge.values["flow_m3_s"] if edge.kind == "push" else np.nan for edge in edges)
    busy = np.any(one_way > 0, axis=1) | np.any(closed > 0, axis=1) | np.any(np.isfinite(cap), axis=1) | np.any(np.isfinite(push), axis=1)
    g = np.flatnonzero(busy)
    laws.guarded, laws.one_way, laws.closed, laws.cap, laws.push = g, one_way[g], closed[g], cap[g], push[g]
