"""A hydraulic network as nodes and edges, named by strings. One network, or a batch of the same shape.

Every number may be a float or an array of shape (n,): n designs, all arrays of one n. Flows are positive from an edge's first
node to its second. SI; pressures are gauge or absolute, as the caller keeps them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..draws import Number
from ..errors import BadInput, Fault, Unknown, nearest

GRAVITY_M_PER_S2 = 9.80665  # standard gravity (3rd CGPM, 1901)
CV_TO_KV = 0.8649777  # m3/h at 1 bar for a gal(US)/min at 1 psi: 0.2271247 x sqrt(14.5037738) (definitions of the units)

OF_NODES = ("height_m", "demand_m3_s", "pressure_pa")


@dataclass(frozen=True)
class Node:
    """A place where edges meet. `pressure_pa` holds it (a reservoir, an expansion vessel); `demand_m3_s` leaves there."""

    name: str
    height_m: Number = 0.0
    demand_m3_s: Number = 0.0
    pressure_pa: Number | None = None


@dataclass(frozen=True)
class Edge:
    """A part between two nodes: its kind, and what the kind needs (see the methods of `Network`)."""

    name: str
    kind: str
    start: str
    end: str
    values: dict[str, Any]


@dataclass
class Network:
    """Nodes and edges under their names, and the liquid of every edge that states no other.

    `air_kg_m3` is the density of the surrounding air: 0 for absolute pressures, near 1.2 for gauge pressures of parts at several
    heights, where each is told against the air around it. Give `density_kg_m3` and `viscosity_pa_s` to an edge for a liquid of another temperature there.
    """

    density_kg_m3: Number = 998.2
    viscosity_pa_s: Number = 1.0016e-3  # both: water at 20 C (IAPWS; NIST Chemistry WebBook)
    air_kg_m3: Number = 0.0
    nodes: dict[str, Node] = field(default_factory=dict)
    edges: dict[str, Edge] = field(default_factory=dict)

    def node(self, name: str, *, height_m: Number = 0.0, demand_m3_s: Number = 0.0, pressure_pa: Number | None = None) -> Network:
        """Add a node."""
        if name in self.nodes:
            raise BadInput(Fault(f"node '{name}' is given twice", mend="Give each node its own name."))
        self.nodes[name] = Node(name, height_m, demand_m3_s, pressure_pa)
        return self

    def edge(self, name: str, kind: str, start: str, end: str, **values: Any) -> Network:
        """Add an edge of a kind. Ends that are not yet nodes become plain ones at height 0."""
        if name in self.edges:
            raise BadInput(Fault(f"part '{name}' is given twice", mend="Give each part its own name."))
        ends = [end_name for end_name in (start, end) if not end_name]
        if ends:
            raise BadInput(Fault(f"'{name}' is joined with nothing at one end", mend="Name the node at each end, or take the part out."))
        for end_name in (start, end):
            self.nodes.setdefault(end_name, Node(end_name))
        self.edges[name] = Edge(name, kind, start, end, {key: value for key, value in values.items() if value is not None})
        return self

    def pipe(
        self, name: str, start: str, end: str, *, length_m: Number, diameter_m: Number, roughness_m: Number = 0.0, loss: Number | Sequence[Number] = 0.0,
        friction: str = "laminar-transition-turbulent", closed: Any = False, one_way: bool = False, **liquid: Number,
    ) -> Network:  # fmt: skip
        """A round pipe or hose: a friction law by name and the sum of minor losses K (drop K rho v^2 / 2)."""
        total = loss if isinstance(loss, int | float | np.ndarray) else sum(loss, start=0.0)
        values = {"length_m": length_m, "diameter_m": diameter_m, "roughness_m": roughness_m, "loss": total, "friction": friction}
        return self.edge(name, "pipe", start, end, **values, closed=closed, one_way=one_way, **liquid)

    def hazen_williams(
        self, name: str, start: str, end: str, *, length_m: Number, diameter_m: Number, coefficient: Number, loss: Number = 0.0, closed: Any = False, one_way: bool = False,
        **liquid: Number,
    ) -> Network:  # fmt: skip
        """A pipe of water by Hazen and Williams: head loss 10.667 L Q^1.852 / (C^1.852 d^4.871), in m and m3/s."""
        values = {"length_m": length_m, "diameter_m": diameter_m, "coefficient": coefficient, "loss": loss}
        return self.edge(name, "hazen-williams", start, end, **values, closed=closed, one_way=one_way, **liquid)

    def resistance(self, name: str, start: str, end: str, *, linear_pa_s_m3: Number = 0.0, quadratic_pa_s2_m6: Number = 0.0, closed: Any = False, **more: Any) -> Network:
        """A part whose drop is a Q + b Q|Q|, of its table: a cold plate, a hose, a strainer."""
        return self.edge(name, "resistance", start, end, linear_pa_s_m3=linear_pa_s_m3, quadratic_pa_s2_m6=quadratic_pa_s2_m6, closed=closed, **more)

    def coupling(self, name: str, start: str, end: str, *, kv_m3_h: Number | None = None, cv_us: Number | None = None, **more: Any) -> Network:
        """A quick disconnect by its Kv (m3/h at 1 bar of water) or Cv (gal(US)/min at 1 psi)."""
        return self.edge(name, "coupling", start, end, kv_m3_h=_kv(name, kv_m3_h, cv_us), **more)

    def valve(self, name: str, start: str, end: str, *, kv_m3_h: Number | None = None, cv_us: Number | None = None, open_fraction: Number = 1.0, **more: Any) -> Network:
        """A valve with its Kv or Cv wide open; partly open, Kv falls in proportion (linear characteristic); at 0 it is closed."""
        return self.edge(name, "valve", start, end, kv_m3_h=_kv(name, kv_m3_h, cv_us), open_fraction=open_fraction, **more)

    def throttle(self, name: str, start: str, end: str, *, diameter_m: Number, loss: Number = 0.0, **more: Any) -> Network:
        """A valve or fitting by its loss coefficient K on the velocity in a bore; K = 0 is a bare passage."""
        return self.edge(name, "throttle", start, end, diameter_m=diameter_m, loss=loss, **more)

    def check_valve(self, name: str, start: str, end: str, *, kv_m3_h: Number | None = None, cv_us: Number | None = None, **more: Any) -> Network:
        """A valve that lets nothing back."""
        return self.edge(name, "coupling", start, end, kv_m3_h=_kv(name, kv_m3_h, cv_us), one_way=True, **more)

    def reducing_valve(self, name: str, start: str, end: str, *, pressure_pa: Number, quadratic_pa_s2_m6: Number = 0.0, **more: Any) -> Network:
        """Holds the pressure behind it (at `end`) at or under a setting; lets nothing back. Open, its drop is b Q|Q|."""
        return self.edge(name, "reducing", start, end, setting_pa=pressure_pa, quadratic_pa_s2_m6=quadratic_pa_s2_m6, **more)

    def sustaining_valve(self, name: str, start: str, end: str, *, pressure_pa: Number, quadratic_pa_s2_m6: Number = 0.0, **more: Any) -> Network:
        """Holds the pressure before it (at `start`) at or above a setting; lets nothing back."""
        return self.edge(name, "sustaining", start, end, setting_pa=pressure_pa, quadratic_pa_s2_m6=quadratic_pa_s2_m6, **more)

    def flow_valve(self, name: str, start: str, end: str, *, flow_m3_s: Number, quadratic_pa_s2_m6: Number = 0.0, **more: Any) -> Network:
        """Lets no more than a flow through; below it the drop is b Q|Q|."""
        return self.edge(name, "resistance", start, end, linear_pa_s_m3=0.0, quadratic_pa_s2_m6=quadratic_pa_s2_m6, cap_m3_s=flow_m3_s, **more)

    def pump(
        self, name: str, start: str, end: str, *, flows_m3_s: Sequence[Number] | None = None, lifts_pa: Sequence[Number] | None = None, polynomial: Sequence[Number] | None = None,
        power: tuple[Number, Number, Number] | None = None, work_w: Number | None = None, runout_m3_s: Number | None = None, speed: Number = 1.0, check: bool = True, **more: Any,
    ) -> Network:  # fmt: skip
        """A pump with a falling curve, which speed scales by the affinity laws: lift = s^2 H(Q/s).

        The curve is one of: points `flows_m3_s` (from 0, rising) and `lifts_pa`, joined by straight lines; `polynomial`, lift
        in Pa by ascending powers of m3/s; `power` (h0, r, m), lift = h0 - r Q^m; `work_w`, lift = work / Q. `runout_m3_s` ends the curve at full speed
        (default: the last point, or where the lift is 0). Speed 0 is a stopped pump: closed behind its check valve
        (`check`), else a passage with the drop of the curve from shut-off to run-out.
        """
        given = [key for key, value in (("points", lifts_pa), ("polynomial", polynomial), ("power", power), ("work_w", work_w)) if value is not None]
        if len(given) != 1 or (lifts_pa is not None and (flows_m3_s is None or len(flows_m3_s) != len(lifts_pa) or len(lifts_pa) < 2)):
            raise BadInput(Fault(f"pump '{name}' has not one curve but {given or 'none'}", mend="Give two or more points, or a polynomial, or a power law."))
        curve = {"flows": flows_m3_s, "lifts": lifts_pa, "polynomial": polynomial, "power": power, "work_w": work_w, "runout_m3_s": runout_m3_s}
        return self.edge(name, "pump", start, end, **curve, speed=speed, one_way=check, **more)

    def lift(self, name: str, start: str, end: str, *, lift_pa: Number, **more: Any) -> Network:
        """A circulation pump that holds a stated lift, whatever the flow."""
        return self.edge(name, "lift", start, end, lift_pa=lift_pa, **more)

    def push(self, name: str, start: str, end: str, *, flow_m3_s: Number, **more: Any) -> Network:
        """A circulation pump that holds a stated flow, whatever the lift (the answer's `drop_pa` is less it)."""
        return self.edge(name, "push", start, end, flow_m3_s=flow_m3_s, **more)


def changed(network: Network, changes: Mapping[str, Mapping[str, Any]]) -> Network:
    """The network with some numbers of its nodes and parts changed. Raises BadInput with each name or number that it does not have."""
    nodes, edges, faults = dict(network.nodes), dict(network.edges), []
    for name, new in changes.items():
        for key, value in new.items():
            kind, owners = ("node", nodes) if key in OF_NODES else ("part", edges)
            if name not in owners:
                faults.append(Fault(f"no {kind} '{name}' whose {key} could change", nearest=nearest(name, owners)))
            elif name in nodes and kind == "node" and not (key == "pressure_pa" and nodes[name].pressure_pa is None):
                nodes[name] = replace(nodes[name], **{key: value})
            elif kind == "part" and key in edges[name].values:
                edges[name] = replace(edges[name], values={**edges[name].values, key: value})
            else:
                known = OF_NODES[:2] if kind == "node" else sorted(edges[name].values)
                faults.append(Fault(f"{kind} '{name}' has no {key} to change", nearest=nearest(key, known), mend=f"It has {', '.join(known)}."))
    if faults:
        raise BadInput(faults)
    return replace(network, nodes=nodes, edges=edges)


def _kv(name: str, kv: Number | None, cv: Number | None) -> Number:
    if (kv is None) == (cv is None):
        raise BadInput(Fault(f"'{name}' needs its Kv or its Cv, one of them", mend="Give kv_m3_h or cv_us."))
    return kv if kv is not None else CV_TO_KV * cv  # type: ignore[operator,return-value]


def find(kind: str, name: str, names: dict[str, int]) -> int:
    """The place of a name; Unknown, with the nearest, when there is none."""
    if name not in names:
        raise Unknown(kind, name, names)
    return names[name]
