"""A rack's busbar in many designs and failure states at once, and pandapower on a sample of them.

Set PANDAPOWER to the Python of an environment with pandapower 3.x to compare: the ratio is our seconds a design over its
`runpp`, networks built beforehand, at equal voltages.
"""

from __future__ import annotations

import os

import numpy as np

from benchmarks.clock import Sample, Timing, timing
from benchmarks.peers import ask_pandapower
from benchmarks.registry import Case, Outcome
from rackloom.physics import busbar_network, solve_busbar, solve_dc

DESIGNS, NODES, PEER = 10_000, 30, 20  # designs x states, places along the bar, designs that the peer solves
SHELVES = np.array([0, 1, 2, 3, 26, 27, 28, 29])


def designs(count: int) -> dict[str, np.ndarray]:
    """Random bars with eight shelves, four at each end; in half of the states one feed, and so one end, is lost."""
    rng = np.random.default_rng(5)
    live = np.ones((count, len(SHELVES)), dtype=bool)
    live[1::2, :4] = False
    load = rng.uniform(3e3, 7e3, (count, NODES))
    load[:, SHELVES] = 0.0
    return {"segment_ohm": rng.uniform(1e-6, 4e-6, (count, NODES - 1)), "load_w": load, "live": live, "droop_ohm": np.broadcast_to(rng.uniform(2e-4, 1e-3, (count, 1)), live.shape)}


def check(made: dict[str, np.ndarray], volts: np.ndarray, count: int) -> float:
    """Largest relative difference from the general solver on the first designs; AssertionError beyond 1e-9."""
    first = {name: value[:count] for name, value in made.items()}
    names, shelves = tuple(f"n{k}" for k in range(NODES)), tuple(f"s{k}" for k in range(len(SHELVES)))
    full = {
        "set_point_v": np.full(first["live"].shape, 50.0),
        "share_weight": np.ones(first["live"].shape),
        "clip_ohm": np.zeros(first["live"].shape),
        "tap_ohm": np.zeros(first["load_w"].shape),
    }
    net = busbar_network(
        names,
        first["segment_ohm"],
        first["load_w"],
        shelves,
        SHELVES,
        droop_ohm=first["droop_ohm"],
        live=first["live"],
        closed=np.ones_like(first["segment_ohm"], dtype=bool),
        **full,
    )
    flow = solve_dc(net)
    worst = float(max(np.abs(flow.voltage_at(name) / volts[:count, k] - 1.0).max() for k, name in enumerate(names)))
    assert worst < 1e-9, f"busbar and network differ by {worst}"
    return worst


def run(smoke: bool) -> Outcome:
    made = designs(50 if smoke else DESIGNS)
    count = len(made["load_w"])

    def ours():
        return solve_busbar(made["segment_ohm"], made["load_w"], SHELVES, set_point_v=50.0, droop_ohm=made["droop_ohm"], live=made["live"])

    flow = ours()
    assert not flow.collapsed.any(), f"{int(flow.collapsed.sum())} of {count} bars collapsed"
    left = float(np.abs(flow.balance_w).max() / flow.shelf_power_w.sum(axis=1).max())
    assert left < 1e-9, f"energy does not balance: {left}"
    facts: dict[str, float | int | str] = {
        "designs x states": count,
        "largest difference from the network solver": check(made, flow.voltage_v, min(count, 50)),
        "largest imbalance of energy": left,
    }
    whole = timing(ours, wanted=1 if smoke else 5)
    facts["seconds for all"] = whole.seconds or 0.0
    timings = {"a design": Timing(tuple(Sample(s.wall_s / count, s.cpu_s / count, s.load) for s in whole.samples))}
    if not os.environ.get("PANDAPOWER") or smoke:
        return Outcome(timings, None, {**facts, "peer": "PANDAPOWER is not set: no comparison"})
    bars = []
    for index in range(PEER):
        lives = np.flatnonzero(made["live"][index])
        bars.append({
            "segment_ohm": made["segment_ohm"][index].tolist(), "load_w": made["load_w"][index].tolist(), "shelf_node": SHELVES[lives].tolist(),
            "set_point_v": [50.0] * len(lives), "droop_ohm": made["droop_ohm"][index, lives].tolist(),
        })  # fmt: skip
    peer = ask_pandapower(os.environ["PANDAPOWER"], bars)
    difference = float(np.abs(np.array(peer["node_v"]) / flow.voltage_v[:PEER] - 1.0).max())
    assert difference < 1e-6, f"pandapower's voltages differ by {difference}"
    facts |= {"pandapower": peer["version"], "largest difference from pandapower": difference}
    samples = [Sample(*each) for each in zip(peer["seconds"], peer["cpu_s"], peer["load"], strict=True)]
    timings["pandapower, a design"] = Timing(tuple(samples[1:]))  # by its own clock; the first loads libraries
    return Outcome(timings, ("a design", "pandapower, a design"), facts)


CASE = Case("busbar", "a busbar of 30 places and 8 shelves in 10,000 designs and failure states; ratio: ours over pandapower, a design", run)
