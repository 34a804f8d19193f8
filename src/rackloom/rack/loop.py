"""The coolant network of a rack, built from its design and solved in every state: flow, pressure and temperature of each branch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ..catalog import Catalog, table
from ..draws import Number, central
from ..figures import Figure
from ..ledger import Ledger
from ..physics import MachineCurve, interpolate_table, kv_of_cv
from .bill import parts_in
from .nouns import Connection, Design
from .states import Place, State, cdu_of, places_of, pumps_of, racks_on, states_of

if TYPE_CHECKING:
    from ..physics import Flows, Network

AIR_KG_M3 = 1.2
ROUGHNESS_M = 15e-6  # drawn stainless tube and lined hose; smooth walls change a rack's drop by less than a percent
BENDS = 1.5  # loss coefficients of a hose with its two ends
PASSES = 4  # of fitting the trays' drop to the drop stated for the whole rack
LEAST_SHARE = 0.05  # of a branch's drop that its tray keeps where the couplings alone take more than is stated
STILL_M3_S = 1e-9  # what a closed branch still lets by in the solution is no flow
PA_PER_CV = 1e5 / 1000.0  # dp = 1e5 Pa (rho / 1000) (Q / Kv)^2, Kv in m3/h


@dataclass(frozen=True)
class Branch:
    """One tray on the manifolds."""

    place: Place
    coupling: str
    pairs: int
    cv: Number


@dataclass(frozen=True)
class Loop:
    """The coolant network in all states. Arrays: states, then draws where there are, then branches."""

    design: Design = field(repr=False)
    states: Mapping[str, State]
    branches: tuple[Branch, ...]
    flow_m3_s: np.ndarray = field(repr=False)  # of each branch
    drop_pa: Number = field(repr=False)  # of the whole rack between its ports, all well
    needed_pa: Number = field(repr=False)  # lift that the pumps give, hoses included, all well
    given_m3_s: np.ndarray = field(repr=False)  # flow of the rack in each state
    coupling_pa: np.ndarray = field(repr=False)  # drop of one coupling of each branch, all well
    supply_pa: Number = field(repr=False)  # gauge pressure at the foot of the supply manifold, all well
    shut_pa: Number | None = field(repr=False)  # the same with every valve closed; None without a pump's curve
    suction_pa: Number = field(repr=False)  # gauge
    manifold_m_s: Number = field(repr=False)
    hose_m_s: Number = field(repr=False)
    return_k: np.ndarray = field(repr=False)  # return of the rack in each state; inf where nothing flows
    outlet_k: np.ndarray = field(repr=False)  # of each branch
    heat_w: np.ndarray = field(repr=False)  # of each branch
    curve: MachineCurve | None
    head_pa: Number | None = field(repr=False)  # available at the needed flow
    keys: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()  # what keeps the network from a solution, by part

    def at(self, state: str) -> int:
        """Index of a state."""
        return list(self.states).index(state)

    def spread(self, state: str) -> Number:
        """How far the worst branch of a kind is from the mean of its kind, over all kinds [-]."""
        flows = self.flow_m3_s[self.at(state)]
        worst = np.zeros(flows.shape[:-1])
        for name in dict.fromkeys(branch.place.name for branch in self.branches):
            mine = flows[..., [k for k, branch in enumerate(self.branches) if branch.place.name == name]]
            mean = np.mean(mine, axis=-1)
            worst = np.maximum(worst, np.max(np.abs(mine - mean[..., None]), axis=-1) / np.where(mean > 0.0, mean, 1.0))
        return worst if worst.ndim else float(worst)

    def of(self, name: str, values: np.ndarray) -> np.ndarray:
        """The branches of one kind of tray, on the last axis."""
        return values[..., [k for k, branch in enumerate(self.branches) if branch.place.name == name]]


@dataclass(frozen=True)
class Given:
    """What the loop is solved with: flow and heat of the rack, coolant at its supply temperature."""

    flow_m3_s: Number
    heat_w: Number
    supply_k: Number
    density: Number
    cp: Number
    viscosity: Number
    drop_pa: Number | None
    tray_heat_w: Mapping[str, Number]
    keys: tuple[str, ...]


def branches_of(design: Design, book: Ledger) -> list[Branch]:
    """Trays that coolant enters, from the bottom; empty where a coupling's Cv or its size is not known."""
    joined = {connection.target: connection for connection in design.connections if connection.target_port == "coolant" and connection.via}
    out = []
    for place in places_of(design):
        connection = joined.get(place.name)
        if connection is None:
            continue
        cv = design.catalog.item(connection.via).get("cv_ratio")
        if cv is None:
            return []
        out.append(Branch(place, connection.via, pairs_of(design, connection), book.take(cv)))
    return out


def pairs_of(design: Design, connection: Connection) -> int:
    """Pairs of couplings, one in and one out, with which a thing joins the manifolds."""
    return max(1, sum(number for number, item in parts_in(design, connection.target) if item.name == connection.via) // 2)


def solve_loop(design: Design, book: Ledger, given: Given) -> Loop | None:
    """The loop in every state; None where the rack's branches are not known well enough to be a network.

    The trays are taken as their maker balances them: at the rack's flow each gets the part that its heat asks for. What the
    manifolds do to that, and what a lost pump or a shut branch does, is solved.
    """
    branches = branches_of(design, book)
    loop = design.coolant
    if not branches or loop is None or any(branch.place.name not in given.tray_heat_w for branch in branches):
        return None
    sizes = _Sizes(design, book)
    states = states_of(design)
    heat = _stack([given.tray_heat_w[branch.place.name] for branch in branches])
    total = np.sum(heat, axis=-1, keepdims=True)
    part = np.where(total > 0.0, heat, 1.0) / np.where(total > 0.0, total, float(len(branches)))  # a rack that draws nothing is fed alike
    heat, aim = part * np.asarray(given.heat_w)[..., None], part * np.asarray(given.flow_m3_s)[..., None]
    coefficient = _tray_coefficients(design, book, given, branches, aim, sizes)
    normal = _solve(design, given, branches, sizes, coefficient, given.flow_m3_s)
    if loop.drop_table is not None or loop.drop_pa is not None:
        for _ in range(PASSES):
            assert given.drop_pa is not None
            factor = np.maximum(1.0 + (np.asarray(given.drop_pa) - _rack_drop(normal)) / _tray_drop(normal, branches), LEAST_SHARE)
            coefficient = coefficient * np.asarray(factor)[..., None]
            normal = _solve(design, given, branches, sizes, coefficient, given.flow_m3_s)
    needed = -normal.drop("pumps")
    curve, head, curve_keys = _curve(design, book, given)
    flows: list[np.ndarray] = []
    totals: list[np.ndarray] = []
    for state in states.values():
        total = _flow_left(design, state, given, curve, needed)
        closed = np.array([state.closed == ("*",) or (branch.place.name in state.closed and k == _first(branches, branch.place.name)) for k, branch in enumerate(branches)])
        if closed.all() or not np.any(np.asarray(total) > 0.0):
            flows.append(np.zeros(len(branches)))
            totals.append(np.zeros(()))
            continue
        same = not closed.any() and total is given.flow_m3_s
        solved = normal if same else _solve(design, given, branches, sizes, coefficient, total, closed)
        flows.append(np.stack([solved.flow(f"tray {k}") for k in range(len(branches))], axis=-1))
        totals.append(np.asarray(total))
    batch = np.broadcast_shapes(heat.shape[:-1], aim.shape[:-1], np.shape(given.supply_k), *(one.shape[:-1] for one in flows), *(one.shape for one in totals))
    flow = np.stack([np.broadcast_to(one, (*batch, len(branches))) for one in flows])
    flow = np.where(np.abs(flow) < STILL_M3_S, 0.0, flow)
    with np.errstate(divide="ignore", invalid="ignore"):
        outlet = np.asarray(given.supply_k)[..., None] + heat / (np.asarray(given.density * given.cp)[..., None] * flow)
    total_flow = np.stack([np.broadcast_to(one, batch) for one in totals])
    heat_carried = np.sum(np.where(flow > 0.0, heat, 0.0), axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        back = np.where(total_flow > 0.0, given.supply_k + heat_carried / (given.density * given.cp * total_flow), np.inf)
    static = sizes.static
    shut = static + curve.shutoff_pa if curve is not None else (static + book.take(loop.head_pa) if loop.head_pa is not None else None)
    keys = tuple(dict.fromkeys([*given.keys, *sizes.keys, *curve_keys]))
    couplings = np.stack([np.abs(normal.drop(f"coupling in {k}")) for k in range(len(branches))], axis=-1)
    return Loop(
        design, states, tuple(branches), flow, _rack_drop(normal), needed, total_flow, couplings, normal.pressure("supply 0"), shut, static,
        _velocity(given.flow_m3_s, sizes.manifold), _velocity(given.flow_m3_s, sizes.hose), back, outlet, heat, curve, head, keys, tuple(sizes.assumed), tuple(fault.what for fault in normal.faults),
    )  # fmt: skip


class _Sizes:
    """Bores, lengths and the static pressure: the design's, or our assumptions, which are named."""

    def __init__(self, design: Design, book: Ledger):
        loop = design.coolant
        assert loop is not None
        self.keys: list[str] = []
        self.assumed: list[str] = []
        self.manifold = self._take(design.catalog, book, loop.manifold_diameter_m, "manifold_diameter_m")
        self.hose = self._take(design.catalog, book, loop.hose_diameter_m, "hose_diameter_m")
        self.length = self._take(design.catalog, book, loop.hose_length_m, "hose_length_m")
        self.static = self._take(design.catalog, book, loop.static_pa, "static_pressure_pa")
        pitch = design.frame.get("unit_pitch_m") if design.frame else None
        self.pitch: Number = book.take(pitch) if pitch else 0.0445

    def _take(self, catalog: Catalog, book: Ledger, own: Figure | None, name: str) -> Number:
        figure = own or catalog.figure("rack-assumptions", name)
        if own is None:
            self.assumed.append(name.rpartition("_")[0].replace("_", " "))
        self.keys.append(figure.key)
        return book.take(figure)


def _tray_coefficients(design: Design, book: Ledger, given: Given, branches: Sequence[Branch], aim: np.ndarray, sizes: _Sizes) -> np.ndarray:
    """Drop of each tray's inside over the square of its flow [Pa s2/m6], such that all branches balance at their parts of the flow."""
    out = []
    couplings = [2.0 * PA_PER_CV * given.density * (3600.0 * aim[..., k] / branch.pairs / kv_of_cv(branch.cv)) ** 2 for k, branch in enumerate(branches)]
    for k, branch in enumerate(branches):
        assembly = design.assemblies.get(branch.place.name)
        own = assembly.cooling if assembly else None
        if own is not None and own.drop_pa is not None:
            at = book.take(own.drop_flow_m3_per_s) if own.drop_flow_m3_per_s is not None else aim[..., k]
            sizes.keys += [figure.key for figure in (own.drop_pa, own.drop_flow_m3_per_s) if figure is not None]
            out.append(book.take(own.drop_pa) / np.asarray(at) ** 2)
            continue
        if given.drop_pa is None:
            figure = design.catalog.figure("rack-assumptions", "tray_drop_pa")
            sizes.keys.append(figure.key)
            sizes.assumed.append("drop of the trays")
            highest = max(couplings, key=lambda drop: central(drop))
            target = np.asarray(book.take(figure)) + highest
        else:
            target = np.asarray(given.drop_pa)
        out.append(np.maximum(target - couplings[k], LEAST_SHARE * target) / aim[..., k] ** 2)
    return _stack(out)


def _network(design: Design, given: Given, branches: Sequence[Branch], sizes: _Sizes, coefficient: np.ndarray, flow: Number, closed: np.ndarray) -> Network:
    """Pumps, hoses, manifolds and branches; every property is a float or an array over the draws."""
    loop = design.coolant
    assert loop is not None
    from ..physics import Network  # at first use: the solver loads scipy

    net = Network(_flat(given.density), _flat(given.viscosity), AIR_KG_M3)
    net.node("suction", pressure_pa=_flat(sizes.static))
    net.push("pumps", "suction", "discharge", flow_m3_s=_flat(flow))
    heights = [branch.place.unit for branch in branches]
    reverse = loop.manifold_return == "reverse"
    for k, height in enumerate(heights):
        for side in ("supply", "return"):
            net.node(f"{side} {k}", height_m=_flat(height * np.asarray(sizes.pitch)))
    net.pipe("supply hose", "discharge", "supply 0", length_m=_flat(sizes.length), diameter_m=_flat(sizes.hose), roughness_m=ROUGHNESS_M, loss=BENDS)
    for k in range(len(branches) - 1):
        long = _flat(np.asarray(sizes.pitch) * max(heights[k + 1] - heights[k], 0.25))
        net.pipe(f"supply {k} to {k + 1}", f"supply {k}", f"supply {k + 1}", length_m=long, diameter_m=_flat(sizes.manifold), roughness_m=ROUGHNESS_M)
        net.pipe(f"return {k + 1} to {k}", f"return {k + 1}", f"return {k}", length_m=long, diameter_m=_flat(sizes.manifold), roughness_m=ROUGHNESS_M)
    for k, branch in enumerate(branches):
        cv = _flat(np.asarray(branch.cv) * branch.pairs)
        net.coupling(f"coupling in {k}", f"supply {k}", f"tray {k} in", cv_us=cv, closed=bool(closed[k]))
        net.resistance(f"tray {k}", f"tray {k} in", f"tray {k} out", quadratic_pa_s2_m6=_flat(coefficient[..., k]))
        net.coupling(f"coupling out {k}", f"tray {k} out", f"return {k}", cv_us=cv)
    last = len(branches) - 1 if reverse else 0
    net.pipe("return hose", f"return {last}", "suction", length_m=_flat(sizes.length), diameter_m=_flat(sizes.hose), roughness_m=ROUGHNESS_M, loss=BENDS)
    return net


def _solve(design: Design, given: Given, branches: Sequence[Branch], sizes: _Sizes, coefficient: np.ndarray, flow: Number, closed: np.ndarray | None = None) -> Flows:
    shut = np.zeros(len(branches), dtype=bool) if closed is None else closed

    from ..physics import solve_hydraulics

    return solve_hydraulics(_network(design, given, branches, sizes, coefficient, flow, shut), refuse=False)


def _flat(value: Number) -> Number:
    array = np.asarray(value, dtype=float)
    return array if array.ndim else float(array)


def _rack_drop(solved: Flows) -> np.ndarray:
    """Drop between the rack's ports: what the pumps give less the two hoses [Pa]."""
    return np.asarray(-solved.drop("pumps") - solved.drop("supply hose") - solved.drop("return hose"))


def _tray_drop(solved: Flows, branches: Sequence[Branch]) -> np.ndarray:
    return np.asarray(np.mean([solved.drop(f"tray {k}") for k in range(len(branches))], axis=0))


def _curve(design: Design, book: Ledger, given: Given) -> tuple[MachineCurve | None, Number | None, list[str]]:
    """The rack's part of the unit's pumps as one curve through its rated point, the head that it leaves at the needed flow, and the keys."""
    loop, unit = design.coolant, cdu_of(design)
    assert loop is not None
    if loop.head_pa is not None and unit is None:
        return None, book.take(loop.head_pa), [loop.head_pa.key]
    head = head_of(design)
    flow, flow_keys = rated_flow(design, book, given.density)
    if head is None or flow is None:
        return None, (book.take(head) if head is not None else None), [head.key] if head is not None else []
    ratio = design.catalog.figure("rack-assumptions", "pump_shutoff_ratio")
    at_rating, over = np.asarray(book.take(head)), np.asarray(book.take(ratio))
    shutoff = over * at_rating
    curve = MachineCurve(_flat(shutoff), _flat(np.asarray(flow) / np.sqrt(1.0 - 1.0 / over)))
    at_flow = shutoff * (1.0 - (np.asarray(given.flow_m3_s) / curve.free_m3_per_s) ** 2)
    return curve, _flat(at_flow), [head.key, ratio.key, *flow_keys]


def head_of(design: Design) -> Figure | None:
    """The pressure that drives the loop: stated at the rack's ports, else the unit's."""
    unit, own = cdu_of(design), design.coolant.head_pa if design.coolant else None
    return own or (unit.get("head_pa") if unit else None) or (unit.get("it_pressure_drop_pa") if unit else None)


def rated_flow(design: Design, book: Ledger, density: Number) -> tuple[Number | None, list[str]]:
    """The rack's part of the unit's rated flow [m3/s]."""
    unit, loop = cdu_of(design), design.coolant
    if unit is None or loop is None:
        return None, []
    if (volume := unit.get("flow_m3_per_s")) is not None:
        return book.take(volume) / racks_on(design), [volume.key]
    if (mass := unit.get("flow_kg_per_s")) is not None:
        return book.take(mass) / density / racks_on(design), [mass.key]
    return None, []


def _flow_left(design: Design, state: State, given: Given, curve: MachineCurve | None, needed: Number) -> Number:
    """Flow of the rack in a state [m3/s]: what it needs, or what the pumps that are left give against its drop."""
    pumps = pumps_of(design)
    if not state.pumps_lost or pumps is None:
        return given.flow_m3_s
    left = sum(pumps) - state.pumps_lost
    if left <= 0:
        return np.zeros(np.shape(given.flow_m3_s)) if np.ndim(given.flow_m3_s) else 0.0
    if left >= pumps[0]:
        return given.flow_m3_s  # those that stand by take over
    if curve is None:
        return np.asarray(given.flow_m3_s) * left / pumps[0]
    part = left / pumps[0]
    resistance = np.asarray(needed) / np.asarray(given.flow_m3_s) ** 2
    # shutoff (1 - (Q / (part free))^2) = resistance Q^2
    found = np.sqrt(np.asarray(curve.shutoff_pa) / (resistance + np.asarray(curve.shutoff_pa) / (part * np.asarray(curve.free_m3_per_s)) ** 2))
    return np.minimum(found, given.flow_m3_s)


def _first(branches: Sequence[Branch], name: str) -> int:
    return next(k for k, branch in enumerate(branches) if branch.place.name == name)


def _velocity(flow: Number, bore: Number) -> Number:
    return np.asarray(flow) / (np.pi / 4.0 * np.asarray(bore) ** 2)


def table_at(catalog: Catalog, book: Ledger, item: str, name: str, suffix: str, temperature_k: Number) -> Number:
    """A table of the catalogue at a temperature."""
    points, figures = table(catalog.item(item), name, suffix)
    return interpolate_table(points, [book.take(figure) for figure in figures], temperature_k)


def _stack(values: Sequence[Number]) -> np.ndarray:
    return np.stack(np.broadcast_arrays(*(np.asarray(value, dtype=float) for value in values)), axis=-1)
