"""The power flow of a direct-current network: the stable root, or a named collapse; one network or a batch.

Unknowns are node voltages V and source currents I. At each node Kirchhoff's current law, F(V) = G V - I + i(V) = 0, with
i(V) = P/V + J + V/R of the loads; for each source its droop line or its share. F is convex in V and its derivative has
no positive entry off the diagonal. Newton's method started at the no-load voltages, which lie above every solution, then
falls monotonically to the highest solution, the stable one, as long as a solution exists (Ortega and Rheinboldt, Iterative
Solution of Nonlinear Equations, 1970, section 13.3: monotone Newton; text not read here). A step that raises a voltage, or
reaches 0 V, proves that there is none. Sources that would take current are cut off within each step (ORing): each cut
raises voltages, so the set only grows. Active sharing loses the sign structure: there the root is taken only where the
voltages' response to load, R diag(P/V^2), has no eigenvalue of real part 1 or more, the side of no load.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .dc import DcNetwork, PowerFlow, batch_shape, check_network, stack

STEPS = 80  # near the largest load that is carried a step only halves the distance: 80 halvings pass double precision
BLOCK = 4096  # states solved together: bounds memory, and keeps sums in one order
TOLERANCE = 1e-13  # of the largest set point


@dataclass
class _Arrays:
    """The network as arrays of one block; rows are states."""

    conductance: np.ndarray  # (B, S)
    ends: np.ndarray  # (S, 2)
    at_load: np.ndarray  # (L,)
    at_source: np.ndarray  # (M,)
    power: np.ndarray  # (B, N), of constant-power loads by node
    drawn: np.ndarray  # (B, N), of constant-current loads by node
    leak: np.ndarray  # (B, N), conductance of constant-resistance loads by node
    set_point: np.ndarray  # (B, M)
    droop: np.ndarray  # (B, M)
    live: np.ndarray  # (B, M)
    weight: np.ndarray  # (B, M)
    group: np.ndarray  # (M,), -1 for droop alone
    island: np.ndarray  # (B, N)
    fed: np.ndarray  # (B, N)
    noise_a: np.ndarray  # (B,), currents that rounding alone can make


def solve_dc(network: DcNetwork) -> PowerFlow:
    """The power flow of a network, or of a batch of networks of one shape.

    Parameters
    ----------
    network : properties are floats or arrays that broadcast to one leading shape

    Returns
    -------
    PowerFlow, arrays of that leading shape and then parts. Collapse, unfed loads and overloads are marked, state by state

    Raises
    ------
    BadInput : all faults of the network, by name (a segment without resistance, an ideal source, a load at no node ...)

    Kirchhoff's laws; method in the head of this file. Equations written here from first principles. Double precision holds for
    resistances of one network up to about 1e8 apart; the largest load that is carried is met to about 1e-12 of it, to 1e-8
    under active sharing.

    >>> from rackloom.physics.dc import DcLoad, DcNetwork, DcSource, Segment
    >>> bus = DcNetwork((Segment("bar", "shelf", "tray", 0.0005),), (DcLoad("tray", "tray", 5500.0),), (DcSource("shelf", "shelf", 54.0, 0.0005),))
    >>> round(float(solve_dc(bus).voltage_at("tray")), 6)  # 0.5 mohm of droop and 0.5 mohm of busbar
    53.897955
    """
    check_network(network)
    shape = batch_shape(network)
    count = int(np.prod(shape, dtype=int))
    columns = {name: value.reshape(count, value.shape[-1]) for name, value in _columns(network, shape).items()}
    blocks = [_block(network, {name: value[first : first + BLOCK] for name, value in columns.items()}) for first in range(0, count, BLOCK)]
    nodes, loads, sources = len(network.nodes), len(network.loads), len(network.sources)
    if not blocks:
        blocks = [(np.zeros((0, nodes)), np.zeros((0, sources)), np.zeros(0, bool), np.zeros(0, int), np.zeros((0, loads), bool))]
    voltage, current, collapsed, weakest, unfed = (np.concatenate([block[i] for block in blocks]) for i in range(5))
    return _answer(network, shape, columns, voltage, current, collapsed, weakest, unfed)


def _columns(network: DcNetwork, shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    segments, loads, sources = network.segments, network.loads, network.sources
    return {
        "resistance": stack((s.resistance_ohm for s in segments), shape), "closed": stack((s.closed for s in segments), shape, bool), "rating": stack((s.rating_a for s in segments), shape),
        "power": stack((d.power_w for d in loads), shape), "drawn": stack((d.current_a for d in loads), shape), "load_resistance": stack((d.resistance_ohm for d in loads), shape),
        "on": stack((d.on for d in loads), shape, bool), "set_point": stack((s.set_point_v for s in sources), shape), "droop": stack((s.droop_ohm for s in sources), shape),
        "limit_a": stack((s.limit_a for s in sources), shape), "limit_w": stack((s.limit_w for s in sources), shape), "live": stack((s.live for s in sources), shape, bool),
        "weight": stack((s.share_weight for s in sources), shape),
    }  # fmt: skip


def _arrays(network: DcNetwork, c: dict[str, np.ndarray]) -> _Arrays:
    place = {node: index for index, node in enumerate(network.nodes)}
    ends = np.array([(place[s.start], place[s.end]) for s in network.segments], dtype=int).reshape(-1, 2)
    at_load = np.array([place[d.node] for d in network.loads], dtype=int)
    at_source = np.array([place[s.node] for s in network.sources], dtype=int)
    groups = list(dict.fromkeys(s.share_group for s in network.sources if s.share_group))
    group = np.array([groups.index(s.share_group) if s.share_group else -1 for s in network.sources], dtype=int)
    conductance = np.where(c["closed"], 1.0 / c["resistance"], 0.0)
    island = _islands(c["closed"], ends, len(place))
    fed = np.zeros(island.shape, dtype=bool)
    for m, node in enumerate(at_source):
        fed |= c["live"][:, m, None] & (island == island[:, node, None])
    by_node = np.zeros((len(at_load), len(place)))
    by_node[np.arange(len(at_load)), at_load] = 1.0
    power, drawn, leak = (np.where(c["on"], value, 0.0) @ by_node * fed for value in (c["power"], c["drawn"], 1.0 / c["load_resistance"]))
    stiffest = np.maximum(conductance.max(axis=1, initial=0.0), np.where(c["droop"] > 0.0, 1.0 / np.where(c["droop"] > 0.0, c["droop"], 1.0), 0.0).max(axis=1))
    noise = 1e-13 * c["set_point"].max(axis=1) * stiffest
    return _Arrays(conductance, ends, at_load, at_source, power, drawn, leak, c["set_point"], c["droop"], c["live"], c["weight"], group, island, fed, noise)


def _islands(closed: np.ndarray, ends: np.ndarray, nodes: int) -> np.ndarray:
    """The lowest node that each node is connected to, (B, nodes)."""
    island = np.broadcast_to(np.arange(nodes), (len(closed), nodes)).copy()
    for _ in range(nodes):
        before = island.copy()
        for s, (a, b) in enumerate(ends):
            low = np.minimum(island[:, a], island[:, b])
            island[:, a] = np.where(closed[:, s], low, island[:, a])
            island[:, b] = np.where(closed[:, s], low, island[:, b])
        if np.array_equal(before, island):
            break
    return island


def _block(network: DcNetwork, columns: dict[str, np.ndarray]) -> tuple[np.ndarray, ...]:
    a = _arrays(network, columns)
    voltage, current, collapsed, weakest_node = _newton(a)
    has = np.where(columns["on"], np.maximum(columns["power"], columns["drawn"]), 0.0) > 0.0
    has |= columns["on"] & np.isfinite(columns["load_resistance"])
    unfed = has & ~a.fed[:, a.at_load]
    # the load whose voltage fell furthest when the solution was lost; the lowest node itself carries one, as voltage falls towards loads
    weakest = np.argmin(weakest_node[:, a.at_load], axis=1) if len(a.at_load) else np.zeros(len(voltage), dtype=int)
    return voltage, current, collapsed, weakest, unfed


def _newton(a: _Arrays) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Voltages, source currents, collapsed, and the voltages when a state was given up; (B, .)."""
    states, sources = len(a.power), a.at_source.size
    base = _kirchhoff(a)
    scale = a.set_point.max(axis=1)
    is_active = (a.group >= 0).any()
    zero = np.zeros_like(a.power)
    voltage, current = _step(a, base, np.arange(states), zero, zero)
    voltage = np.where(a.fed, voltage, 0.0)
    collapsed, last = ~np.isfinite(voltage).all(axis=1), voltage.copy()  # at no load only where two groups hold one node at two voltages
    left = np.flatnonzero((a.power + a.drawn + a.leak).any(axis=1) & ~collapsed)
    for _ in range(STEPS):
        if not left.size:
            break
        v = np.where(a.fed[left], voltage[left], 1.0)
        power = a.power[left]
        slope = a.leak[left] - power / v**2
        intercept = a.drawn[left] + 2.0 * power / v
        new, amperes = _step(a, base, left, slope, intercept)
        drop = np.where(a.fed[left], v - new, 0.0)
        bound = 1e-9 * scale[left]
        lost = ~np.isfinite(new).all(axis=1) | (np.where(a.fed[left], new, 1.0) <= 0.0).any(axis=1)
        if not is_active:
            lost |= (drop < -bound[:, None]).any(axis=1)
        last[left[lost]] = np.where(np.isfinite(new[lost]), new[lost], 0.0)
        collapsed[left[lost]] = True
        keep = ~lost
        voltage[left[keep]], current[left[keep]] = np.where(a.fed[left[keep]], new[keep], 0.0), amperes[keep]
        last[left[keep]] = voltage[left[keep]]
        moving = np.abs(drop).max(axis=1) > TOLERANCE * scale[left]
        left = left[keep & moving]
    for state in left.tolist():  # did not settle: at the very edge of what is carried, or beyond it
        collapsed[state] |= bool(np.abs(_residual(a, base, state, voltage[state], current[state])).max() > 1e-9 * max(a.power[state].sum() / scale[state], 1.0))
    if is_active:
        collapsed |= _is_unstable(a, base, voltage, collapsed)
    voltage[collapsed], current[collapsed] = np.nan, np.nan
    return voltage, current.reshape(states, sources), collapsed, np.where(a.fed, last, np.inf)


def _kirchhoff(a: _Arrays) -> np.ndarray:
    """Conductance matrix of the segments, (B, N, N); unfed nodes are held at 0."""
    states, nodes = a.power.shape
    out = np.zeros((states, nodes, nodes))
    for s, (one, two) in enumerate(a.ends):
        g = a.conductance[:, s]
        out[:, one, one] += g
        out[:, two, two] += g
        out[:, one, two] -= g
        out[:, two, one] -= g
    dead = ~a.fed
    out[dead] = 0.0
    out[:, np.arange(nodes), np.arange(nodes)] += dead
    return out


def _step(a: _Arrays, base: np.ndarray, rows: np.ndarray, slope: np.ndarray, intercept: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Solve the network with load currents slope x V + intercept; sources that would take current are cut off."""
    conducts = a.live[rows].copy()
    matrix, right = _bordered(a, base, rows, conducts, slope, intercept)
    x = _linear(matrix, right)
    nodes = base.shape[1]
    left = np.arange(len(rows))
    for _ in range(a.at_source.size):
        takes = conducts[left] & (x[left, nodes:] < -a.noise_a[rows[left], None])
        left = left[takes.any(axis=1)]
        if not left.size:
            break
        conducts[left] &= ~takes[takes.any(axis=1)]
        matrix, right = _bordered(a, base, rows[left], conducts[left], slope[left], intercept[left])
        x[left] = _linear(matrix, right)
    return x[:, :nodes], x[:, nodes:]


def _bordered(a: _Arrays, base: np.ndarray, rows: np.ndarray, conducts: np.ndarray, slope: np.ndarray, intercept: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Matrix and right-hand side for node voltages and source currents."""
    states, nodes, sources = len(rows), base.shape[1], a.at_source.size
    matrix = np.zeros((states, nodes + sources, nodes + sources))
    right = np.zeros((states, nodes + sources))
    matrix[:, :nodes, :nodes] = base[rows]
    matrix[:, np.arange(nodes), np.arange(nodes)] += slope * a.fed[rows]
    right[:, :nodes] = -intercept * a.fed[rows]
    for m, node in enumerate(a.at_source):
        row, gives = nodes + m, conducts[:, m]
        matrix[:, node, row] = -gives.astype(float)
        if a.group[m] < 0:  # its droop line, or no current
            matrix[:, row, node] = gives
            matrix[:, row, row] = np.where(gives, a.droop[rows, m], 1.0)
            right[:, row] = np.where(gives, a.set_point[rows, m], 0.0)
            continue
        peers = [k for k in range(sources) if a.group[k] == a.group[m]]
        joined = np.stack([conducts[:, k] & (a.island[rows, a.at_source[k]] == a.island[rows, node]) for k in peers], axis=1)
        leader = np.array(peers)[np.argmax(joined, axis=1)]
        leads, follows = gives & (leader == m), gives & (leader != m)
        matrix[:, row, row] = np.where(follows, 1.0 / a.weight[rows, m], np.where(gives, 0.0, 1.0))
        for column, k in enumerate(peers):  # the leader carries the mean of the droop lines, the others its share
            mean = leads & joined[:, column]
            matrix[:, row, a.at_source[k]] += mean
            matrix[:, row, nodes + k] += np.where(mean, a.droop[rows, k], 0.0) - np.where(follows & (leader == k), 1.0 / a.weight[rows, k], 0.0)
            right[:, row] += np.where(mean, a.set_point[rows, k], 0.0)
    return matrix, right


def _linear(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solve each state; NaN where its matrix is singular."""
    try:
        return np.linalg.solve(matrix, right[..., None])[..., 0]
    except np.linalg.LinAlgError:
        out = np.full(right.shape, np.nan)
        for state in range(len(right)):
            try:
                out[state] = np.linalg.solve(matrix[state], right[state])
            except np.linalg.LinAlgError:
                continue
        return out


def _residual(a: _Arrays, base: np.ndarray, state: int, voltage: np.ndarray, current: np.ndarray) -> np.ndarray:
    """What Kirchhoff's current law leaves at each fed node of a state [A]."""
    fed = a.fed[state]
    v = np.where(fed, voltage, 1.0)
    out = base[state] @ np.where(fed, voltage, 0.0) + (a.power[state] / v + a.drawn[state] + a.leak[state] * v)
    np.subtract.at(out, a.at_source, current)
    return np.where(fed, out, 0.0)


def _is_unstable(a: _Arrays, base: np.ndarray, voltage: np.ndarray, skip: np.ndarray) -> np.ndarray:
    """True where the root is not on the side of no load: an eigenvalue of R diag(P/V^2) of real part 1 or more."""
    states, nodes = a.power.shape
    out = np.zeros(states, dtype=bool)
    rows = np.flatnonzero(~skip & a.power.any(axis=1))
    if not rows.size:
        return out
    matrix, _ = _bordered(a, base, rows, a.live[rows], a.leak[rows], np.zeros((rows.size, nodes)))
    unit = np.zeros((rows.size, matrix.shape[1], nodes))
    unit[:, np.arange(nodes), np.arange(nodes)] = a.fed[rows]
    response = np.linalg.solve(matrix, unit)[:, :nodes] * (a.power[rows] / np.where(a.fed[rows], voltage[rows], 1.0) ** 2)[:, None, :]
    doubtful = np.abs(response).sum(axis=2).max(axis=1) >= 1.0  # below 1 no eigenvalue reaches 1
    if doubtful.any():
        out[rows[doubtful]] = np.linalg.eigvals(response[doubtful]).real.max(axis=1) >= 1.0
    return out


def _answer(
    network: DcNetwork, shape: tuple[int, ...], c: dict[str, np.ndarray], voltage: np.ndarray, current: np.ndarray, collapsed: np.ndarray, weakest: np.ndarray, unfed: np.ndarray
) -> PowerFlow:
    place = {node: index for index, node in enumerate(network.nodes)}
    start, end = ([place[getattr(s, side)] for s in network.segments] for side in ("start", "end"))
    segment_a = np.where(c["closed"], (voltage[:, start] - voltage[:, end]) / c["resistance"], 0.0)
    loss = segment_a**2 * c["resistance"]
    source_v = voltage[:, [place[s.node] for s in network.sources]]
    load_v = voltage[:, [place[d.node] for d in network.loads]]
    on = c["on"] & ~unfed
    with np.errstate(divide="ignore", invalid="ignore"):
        load_a = np.where(on, np.where(load_v == 0.0, 0.0, c["power"] / np.where(load_v == 0.0, 1.0, load_v)) + c["drawn"] + load_v / c["load_resistance"], 0.0)
    for part in (segment_a, loss, load_a):
        part[collapsed] = np.nan
    source_w, load_w = source_v * current, load_v * load_a
    slack = 1.0 + 1e-9  # a source exactly at its limit is not overloaded
    over = (current > c["limit_a"] * slack) | (source_w > c["limit_w"] * slack)
    with np.errstate(invalid="ignore"):
        balance = source_w.sum(axis=1) - loss.sum(axis=1) - load_w.sum(axis=1)
        hot = np.abs(segment_a) > c["rating"] * slack

    def shaped(x: np.ndarray) -> np.ndarray:
        return x.reshape((*shape, *x.shape[1:]))

    return PowerFlow(
        network, shaped(voltage), shaped(segment_a), shaped(loss), shaped(current), shaped(source_w), shaped(load_a), shaped(load_w), shaped(collapsed), shaped(weakest), shaped(unfed),
        shaped(over), shaped(hot), shaped(balance),
    )  # fmt: skip
