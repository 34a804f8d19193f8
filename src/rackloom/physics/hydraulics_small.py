"""One design of a small network, quickly: Newton's method on the flows around its loops.

A rack's manifold has some hundred parts and some twenty loops. With the flows written as q = q0 + C x, x the flows around the
loops of a spanning tree and C its cycle matrix, mass is balanced whatever x is, and what is left are as many equations as
there are loops: C^T (K - f(q)) = 0. For one design the time of a step is that of calling numpy, so the parts are two groups of plain
vectors: turbulent pipes, whose 1/sqrt(f) by Colebrook is stepped along with the flows, and parts that drop a Q + b Q|Q|. What does
not fit (walls, pumps, regulating valves, laminar pipes, another law) goes the general way.

Cross 1936, and Epp and Fowler 1970, for loop equations; texts not read: no clause.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .hydraulics_friction import _C, _SPAN, TURBULENT_FROM
from .hydraulics_laws import Pipes, Quadratic

if TYPE_CHECKING:
    from .hydraulics_solve import Prepared

MOST_EDGES, MOST_LOOPS = 400, 80
STEPS = 30
TOLERANCE = 1e-6  # of what drives the loops, before the last step, which squares the error
TURBULENT = {"colebrook": 2000.0, "laminar-transition-turbulent": TURBULENT_FROM}  # laws that are Colebrook's, for any roughness, above a Reynolds number


@dataclass(frozen=True, eq=False)
class Loops:
    """A network as loops. Edges are in the order of the laws: pipes first where there are some, then quadratic parts."""

    pipes: int  # how many of the edges are pipes
    rough: np.ndarray  # k / (3.71 d)
    smooth: np.ndarray  # 2.51 / Re for a flow of 1 m3/s
    least_m3_s: np.ndarray  # flow of a pipe under which its law is no longer Colebrook's
    long: np.ndarray
    loss: np.ndarray
    linear: np.ndarray
    square: np.ndarray
    start_m3_s: np.ndarray  # first flows, of the laws' guesses
    drive: np.ndarray  # heads and held pressures around each edge [Pa]
    balanced: np.ndarray  # q0
    cycles: np.ndarray  # C (edges, loops)
    turned: np.ndarray  # C^T
    to_pressure: np.ndarray  # pressures of unknown nodes from drive - drop (nodes, edges)
    # what the answer is told with, edges in the order of the network
    back_to: np.ndarray
    per_area: np.ndarray
    per_re: np.ndarray
    nowhere: np.ndarray
    nodes: tuple[str, ...]
    edges: tuple[str, ...]
    node_places: dict[str, int]
    edge_places: dict[str, int]


def loops_of(prepared: Prepared) -> Loops | None:
    """The network as loops; None where it is no small plain network of one design."""
    laws = prepared.laws
    edges, nodes = len(laws.edges), len(prepared.unknown)
    kinds = [law for _, law in laws.groups]
    plain = laws.designs == 1 and not len(laws.guarded) and not len(prepared.regulating) and edges <= MOST_EDGES and 0 < edges - nodes <= MOST_LOOPS
    if not plain or not all(isinstance(law, Quadratic) or (isinstance(law, Pipes) and law.friction in TURBULENT) for law in kinds):
        return None
    first = [law for law in kinds if isinstance(law, Pipes)]
    order = sorted(range(len(kinds)), key=lambda k: not isinstance(kinds[k], Pipes))
    if order != list(range(len(kinds))):
        return None
    incidence = np.zeros((nodes, edges))  # what leaves a node along an edge
    place = np.arange(edges)
    for ends, sign in ((prepared.system.start, 1.0), (prepared.system.end, -1.0)):
        inside = ends >= 0
        np.add.at(incidence, (ends[inside], place[inside]), sign)
    tree = _tree(prepared)
    if tree is None:
        return None
    chord = np.setdiff1d(place, tree)
    back = np.linalg.inv(incidence[:, tree])
    cycles, balanced = np.zeros((edges, len(chord))), np.zeros(edges)
    cycles[tree], cycles[chord] = -back @ incidence[:, chord], np.eye(len(chord))
    balanced[tree] = -back @ prepared.demand[:, 0]
    to_pressure = np.zeros((nodes, edges))
    to_pressure[:, tree] = -back.T

    def flat(parts: list[np.ndarray]) -> np.ndarray:
        return np.concatenate([part[:, 0] for part in parts]) if parts else np.zeros(0)

    others = [law for law in kinds if isinstance(law, Quadratic)]
    names = (tuple(prepared.network.nodes), tuple(prepared.network.edges))
    back_to = np.argsort(laws.order)
    return Loops(
        sum(len(law.long) for law in first), flat([law.rough for law in first]) / _SPAN, 2.51 / flat([law.per_re for law in first]),
        flat([TURBULENT[law.friction] / law.per_re for law in first]), flat([law.long for law in first]),
        flat([law.loss for law in first]), flat([law.linear for law in others]), flat([law.square for law in others]), laws.guess[:, 0].copy(), prepared.constant[:, 0].copy(),
        balanced, np.round(cycles), np.ascontiguousarray(np.round(cycles).T), to_pressure, back_to, 1.0 / laws.area[:, 0][back_to], laws.per_re[:, 0][back_to],
        np.zeros(len(names[0]), dtype=bool), *names, *({name: k for k, name in enumerate(each)} for each in names),
    )  # fmt: skip


def _tree(prepared: Prepared) -> np.ndarray | None:
    """Edges that join every node to a held one, one a node; None where some node is cut off."""
    parent = {-1: -1}

    def root(node: int) -> int:
        while parent.setdefault(node, node) != node:
            parent[node] = parent[parent[node]] if parent[node] in parent else parent[node]
            node = parent[node]
        return node

    tree = []
    for edge, (a, b) in enumerate(zip(prepared.system.start.tolist(), prepared.system.end.tolist(), strict=True)):
        one, two = root(a), root(b)
        if one != two:
            parent[max(one, two)] = min(one, two)
            tree.append(edge)
    return np.array(tree, dtype=int) if len(tree) == len(prepared.unknown) else None


def solve_loops(loops: Loops) -> tuple[np.ndarray, np.ndarray, np.ndarray, int] | None:
    """Flows of the edges [m3/s], their drops and the pressures of unknown nodes [Pa], and steps taken; None where it does not settle, or a pipe is not turbulent."""
    with np.errstate(all="ignore"):  # what runs off is seen by its not settling
        return _solve(loops)


def _solve(loops: Loops) -> tuple[np.ndarray, np.ndarray, np.ndarray, int] | None:
    from scipy.linalg.lapack import dposv  # at first use: scipy takes its time to load

    m, turned, cycles, drive = loops.pipes, loops.turned, loops.cycles, loops.drive
    long, loss, rough, smooth, linear, square = loops.long, loops.loss, loops.rough, loops.smooth, loops.linear, loops.square
    head, log = turned @ drive, np.log
    close = TOLERANCE**2 * (head @ head)
    slope, drop = np.empty_like(drive), np.empty_like(drive)
    size = loops.start_m3_s
    root = np.full(m, 7.0)  # 1/sqrt(f)
    root = -_C * log(rough + smooth / size[:m] * root)
    slope[:m] = (long / (root * root) + loss) * size[:m]  # secants: where the drops would be linear
    slope[m:] = linear + square * size[m:]
    _, x, info = dposv((turned * slope) @ cycles, head - turned @ (slope * loops.balanced))
    if info:
        return None
    for step in range(STEPS):
        flow = cycles @ x
        flow += loops.balanced
        size = abs(flow)
        b = smooth / size[:m]
        inner = b * root
        inner += rough
        root = -_C * log(inner)  # a turn of Colebrook's equation, and below a Newton step of it, along with one of the flows
        inner = b * root
        inner += rough
        b *= _C
        late = log(inner)
        late *= _C
        late += root
        root -= late * inner / (inner + b)
        k = long / (root * root)
        bend = k * b
        bend *= 2.0 / (inner + b)
        k += loss
        k *= size[:m]
        drop[:m] = k * flow[:m]
        k += k
        slope[:m] = k - bend * size[:m]
        rest = square * size[m:]
        drop[m:] = (linear + rest) * flow[m:]
        rest += rest
        slope[m:] = linear + rest
        around = turned @ drop
        if step == 0:  # drops go about with the square of the flows: meet the work that the drive does
            scale = (head @ x) / (around @ x)
            if not 0.0 < scale < 1e6:
                return None
            x *= scale**0.5
            slope *= scale**0.5
            drop *= scale
            around *= scale
        off = head - around
        _, move, info = dposv((turned * slope) @ cycles, off)
        if info:
            return None
        x += move
        if off @ off <= close and late @ late < 1e-8:
            break
    else:
        return None
    flow = loops.balanced + cycles @ x
    drop += slope * (cycles @ move)
    if m and not (abs(flow[:m]) >= loops.least_m3_s).all():
        return None
    return flow, drop, loops.to_pressure @ (drive - drop), step + 1
