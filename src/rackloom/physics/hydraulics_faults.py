"""What can be wrong with a network, told by the name of the part: before it is solved, and by what its solution shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from ..errors import BadInput, Fault
from .hydraulics_friction import LAWS
from .hydraulics_laws import column, curve_of, designs_of
from .hydraulics_network import Edge, Network
from .hydraulics_solve import Prepared, Raw

_ABOVE_ZERO = ("length_m", "diameter_m", "coefficient", "kv_m3_h", "density_kg_m3", "viscosity_pa_s", "cap_m3_s", "runout_m3_s", "work_w")
_NOT_BELOW_ZERO = ("roughness_m", "loss", "linear_pa_s_m3", "quadratic_pa_s2_m6", "speed", "open_fraction", "lift_pa")
_MENDS = {"density_kg_m3": "Liquids lie near 1000 kg/m3.", "viscosity_pa_s": "Liquids of racks lie between 0.3e-3 and 0.1 Pa s."}
_DRIVES = ("pump", "lift", "push")
SMALL_M3_S = 1e-9  # imbalance of a cut-off part that is no demand


def check_network(network: Network) -> None:
    """Raises BadInput with all faults of a network's numbers and of how its parts are joined."""
    faults = [fault for edge in network.edges.values() for fault in _of_edge(edge)]
    faults += list(_of_nodes(network))
    try:
        designs_of(network)
    except ValueError as error:
        faults.append(Fault(str(error), mend="Give every array the same number of designs."))
    for key in ("density_kg_m3", "viscosity_pa_s"):
        faults += list(_number("the network", key, getattr(network, key)))
    if not faults:
        faults = list(_of_joints(network))
    if faults:
        raise BadInput(faults)


def _number(owner: str, key: str, value: object) -> Iterator[Fault]:
    if type(value) is float and 0.0 < value <= 1.0:  # nothing below can be said of it; most numbers are such
        return
    numbers = np.asarray(value, dtype=float)
    if not np.all(np.isfinite(numbers)):
        yield Fault(f"{owner}: {key} is not a number", mend="Give a finite number.")
    elif key in _ABOVE_ZERO and np.any(numbers <= 0.0):
        yield Fault(f"{owner}: {key} is {np.min(numbers):g}, not above 0", mend=_MENDS.get(key, "Give its true size, or take the part out."))
    elif key in _NOT_BELOW_ZERO and np.any(numbers < 0.0):
        yield Fault(f"{owner}: {key} is {np.min(numbers):g}, below 0", mend="Turn the part round, or give its true size.")
    elif key == "open_fraction" and np.any(numbers > 1.0):
        yield Fault(f"{owner}: open_fraction is {np.max(numbers):g}, above 1", mend="Give 0 for closed to 1 for wide open.")


def _of_edge(edge: Edge) -> Iterator[Fault]:
    owner = f"part '{edge.name}'"
    for key, value in edge.values.items():
        if key in _ABOVE_ZERO or key in _NOT_BELOW_ZERO or key in ("setting_pa", "flow_m3_s"):
            yield from _number(owner, key, value)
    if edge.start == edge.end:
        yield Fault(f"{owner} begins and ends at '{edge.start}'", mend="Join its two ends to two nodes.")
    if edge.kind == "pipe" and edge.values["friction"] not in LAWS:
        yield Fault(f"{owner}: no friction law '{edge.values['friction']}'", mend=f"Use one of {', '.join(LAWS)}, or a hazen_williams part.")
    if edge.kind == "pipe" and np.all(np.asarray(edge.values["diameter_m"]) > 0.0) and np.any(np.asarray(edge.values["roughness_m"]) > 0.1 * np.asarray(edge.values["diameter_m"])):
        yield Fault(f"{owner}: its roughness is more than a tenth of its bore", mend="Check the units: both are metres.")
    if edge.kind == "resistance" and "cap_m3_s" not in edge.values:
        total = np.asarray(edge.values["linear_pa_s_m3"], dtype=float) + np.asarray(edge.values["quadratic_pa_s2_m6"], dtype=float)
        if np.any(total == 0.0):
            yield Fault(f"{owner} has zero resistance", mend="Give its drop, or join its two nodes into one.")
    if edge.kind == "pump":
        yield from _of_pump(edge, owner)


def _of_pump(edge: Edge, owner: str) -> Iterator[Fault]:
    values = edge.values
    if "lifts" in values:
        flows, lifts = column(values["flows"]), column(values["lifts"])
        if np.any(np.diff(flows, axis=0) <= 0.0) or np.any(flows[0] != 0.0):
            yield Fault(f"{owner}: the flows of its curve do not rise from 0", mend="Sort the points; begin with the shut-off lift at flow 0.")
        elif np.any(np.diff(lifts, axis=0) >= 0.0):
            yield Fault(f"{owner}: its lift does not fall with flow, so the flow is not settled", mend="Give a curve that falls from shut-off to run-out.")
    elif "power" in values:
        h0, r, m = column(values["power"])
        if np.any(h0 <= 0.0) or np.any(r <= 0.0) or np.any(m <= 0.0):
            yield Fault(f"{owner}: its curve h0 - r Q^m needs h0, r and m above 0", mend="Fit the curve anew.")
    elif "work_w" in values:
        yield from _number(owner, "work_w", values["work_w"])
    elif np.any(column(values["polynomial"])[0] <= 0.0):
        yield Fault(f"{owner}: its shut-off lift is not above 0", mend="Give the polynomial by ascending powers, in Pa and m3/s.")


def _of_nodes(network: Network) -> Iterator[Fault]:
    touched = {end for edge in network.edges.values() for end in (edge.start, edge.end)}
    for name, node in network.nodes.items():
        for key in ("height_m", "demand_m3_s", "pressure_pa"):
            if getattr(node, key) is not None:
                yield from _number(f"node '{name}'", key, getattr(node, key))
        if name not in touched:
            yield Fault(f"node '{name}' is joined with nothing", mend="Join a part to it, or take it out.")


def _of_joints(network: Network) -> Iterator[Fault]:
    """Parts of the network without a held pressure, and ones in which nothing drives a flow."""
    names = {name: k for k, name in enumerate(network.nodes)}
    ends = np.array([(names[edge.start], names[edge.end]) for edge in network.edges.values()], dtype=int).reshape(-1, 2)
    count, label = connected_components(coo_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(len(names), len(names))), directed=False)
    nodes, edges = list(network.nodes.values()), list(network.edges.values())
    for part in range(count):
        here = [nodes[k] for k in np.flatnonzero(label == part)]
        joined = [edge for edge, (a, _) in zip(edges, ends, strict=True) if label[a] == part]
        held = sum(node.pressure_pa is not None for node in here)
        named = f"the part of the network with '{joined[0].name if joined else here[0].name}'"
        if not held:
            yield Fault(f"{named} is cut off from every fixed pressure", mend="Hold the pressure at one node: a reservoir, or a loop's expansion vessel.")
        elif held == 1 and not any(edge.kind in _DRIVES for edge in joined) and not any(np.any(np.asarray(node.demand_m3_s) != 0.0) for node in here):
            yield Fault(
                f"{named} is a loop without a pump, a demand or a second fixed pressure: nothing drives a flow", mend="Add the pump, or the pressure or demand that drives it."
            )


def cut_off(prepared: Prepared, walled: np.ndarray, active: np.ndarray, flow: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nodes that no open part joins to a held pressure (N, n); and of each design one whose demand cannot be met, -1 if none."""
    count, designs = len(prepared.network.nodes), flow.shape[1]
    isolated, starved = np.zeros((count, designs), dtype=bool), np.full(designs, -1)
    if not walled.any():
        return isolated, starved
    held = np.ones(count, dtype=bool)
    held[prepared.unknown] = False
    demand = np.zeros((count, designs))
    demand[prepared.unknown] = prepared.demand
    patterns, which = np.unique(np.concatenate([walled, active]), axis=1, return_inverse=True)
    for k in range(patterns.shape[1]):
        here = np.flatnonzero(which.ravel() == k)
        shut, works = patterns[: len(walled), k], patterns[len(walled) :, k]
        open_edges = ~shut
        parts, label = connected_components(coo_matrix((np.ones(open_edges.sum()), (prepared.start[open_edges], prepared.end[open_edges])), shape=(count, count)), directed=False)
        reached = np.zeros(parts, dtype=bool)
        reached[label[held]] = True
        for v in np.flatnonzero(works):  # an active regulating valve holds the pressure on one side
            edge = prepared.regulating[v]
            reached[label[prepared.end[edge] if prepared.laws.edges[edge].kind == "reducing" else prepared.start[edge]]] = True
        if reached.all():
            continue
        isolated[np.ix_(np.flatnonzero(~reached[label]), here)] = True
        balance = np.zeros((parts, len(here)))
        np.add.at(balance, label, demand[:, here])
        np.add.at(balance, label[prepared.start[shut]], flow[np.ix_(shut, here)])
        np.subtract.at(balance, label[prepared.end[shut]], flow[np.ix_(shut, here)])
        for part in np.flatnonzero(~reached):
            bad = np.abs(balance[part]) > SMALL_M3_S
            node = np.flatnonzero(label == part)
            starved[here[bad]] = node[np.argmax(np.abs(demand[node][:, here]).max(axis=1))]
    return isolated, starved


def faults_of(prepared: Prepared, raw: Raw, flow: np.ndarray, starved: np.ndarray) -> tuple[list[Fault], np.ndarray]:
    """What a solution shows to be wrong, and in which designs."""
    faults: list[Fault] = []
    bad = (raw.loose >= 0) | (starved >= 0)
    where = _in_design(flow.shape[1])
    nodes, edges = list(prepared.network.nodes), prepared.laws.edges
    for node in np.unique(starved[starved >= 0]):
        k = int(np.flatnonzero(starved == node)[0])
        faults.append(
            Fault(
                f"node '{nodes[node]}' is cut off from every fixed pressure by closed parts, yet has to be fed{where(k)}", mend="Open a valve on its way, or take its demand away."
            )
        )
    for edge in np.unique(raw.loose[(raw.loose >= 0) & (starved < 0)]):
        k = int(np.flatnonzero(raw.loose == edge)[0])
        faults.append(Fault(f"the network has no solution: part '{edges[edge].name}' cannot meet its law{where(k)}", mend="Check that part's numbers and what it is joined to."))
    for k, edge in enumerate(edges):
        if edge.kind != "pump":
            continue
        end = np.broadcast_to(curve_of(edge)[2] * np.atleast_1d(np.asarray(edge.values.get("speed", 1.0), dtype=float)), flow[k].shape)
        beyond = (flow[k] > end * (1.0 + 1e-9)) & (end > 0.0) & ~bad
        if beyond.any():
            one = int(np.flatnonzero(beyond)[0])
            faults.append(
                Fault(
                    f"pump '{edge.name}' runs at {flow[k, one]:.4g} m3/s, beyond the end of its curve at {end[one]:.4g}{where(one)}",
                    mend="Throttle the loop, or take a larger pump.",
                )
            )
            bad = bad | beyond
    return faults, bad


def _in_design(count: int) -> Callable[[int], str]:
    return lambda k: f" (design {k})" if count > 1 else ""
