"""A rack's manifold of 20 branches: each a hose, a quick disconnect, cold plates, a quick disconnect and a hose.

Set PANDAPIPES to the `python` of an environment that pandapipes (0.16.0 from PyPI, with numba) is installed in to compare: the
ratio is our seconds for one manifold alone over its. Both solve the same parts with Colebrook's law; all flows must agree within 0.1 %.

What is timed. Both are built once, and solved again and again with other numbers each time: the head, and the losses of two
branches' cold plates, each up to 20 % off. `one alone`: the door with its changes, from the flows of the manifold as it was built
(never from an answer to the same numbers), to all flows, pressures, velocities and Reynolds numbers. `one alone, afresh`: the same,
but from a flow guessed for each part. pandapipes: `pipeflow` alone, the changes not counted. `all designs`: 10,000 manifolds at once,
every bore, length and loss its own, checks and preparation included; `a design of many` is its share.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.clock import Sample, Timing, ratio, timing
from benchmarks.registry import Case, Outcome
from rackloom.physics.hydraulics import prepare_hydraulics, solve_hydraulics
from rackloom.physics.hydraulics_network import Network

BRANCHES, DESIGNS = 20, 10_000
DENSITY, VISCOSITY = 1014.5, 1.25e-3  # near PG25 at 40 C; any liquid would do
HEAD_BAR = 0.9
SPREAD = 0.2  # designs differ by up to this share in every bore, length and loss


def parts() -> list[dict[str, Any]]:
    """The manifold's parts, one mapping each."""
    out: list[dict[str, Any]] = []

    def add(kind: str, start: str, end: str, bore: float, **more: float) -> None:
        out.append({"kind": kind, "start": start, "end": end, "diameter_m": bore, **more})

    for k in range(BRANCHES):
        add("pipe", f"s{k}", f"s{k + 1}", 0.038, length_m=0.09, roughness_m=1.5e-6)
        add("pipe", f"r{k + 1}", f"r{k}", 0.038, length_m=0.09, roughness_m=1.5e-6)
        add("loss", f"s{k + 1}", f"a{k}", 0.010, loss=4.0)
        add("pipe", f"a{k}", f"b{k}", 0.010, length_m=0.5, roughness_m=5e-6)
        add("loss", f"b{k}", f"c{k}", 0.008, loss=12.0 + 0.2 * k)
        add("pipe", f"c{k}", f"d{k}", 0.010, length_m=0.5, roughness_m=5e-6)
        add("loss", f"d{k}", f"r{k + 1}", 0.010, loss=4.0)
    return out


def network(designs: int = 0) -> Network:
    """The manifold, or many with numbers of their own."""
    rng = np.random.default_rng(5)

    def vary(value: float) -> float | np.ndarray:
        return value * rng.uniform(1.0 - SPREAD, 1.0 + SPREAD, designs) if designs else value

    out = Network(DENSITY, VISCOSITY).node("s0", pressure_pa=vary(HEAD_BAR * 1e5) + 1e5).node("r0", pressure_pa=1e5)
    for k, part in enumerate(parts()):
        name, ends, bore = str(k), (part["start"], part["end"]), vary(part["diameter_m"])
        if part["kind"] == "pipe":
            out.pipe(name, *ends, length_m=vary(part["length_m"]), diameter_m=bore, roughness_m=part["roughness_m"], friction="colebrook")
        else:
            out.throttle(name, *ends, diameter_m=bore, loss=vary(part["loss"]))
    return out


def changes(count: int) -> list[dict[str, dict[str, float]]]:
    """Other numbers for some of the manifold: the head, and the losses of two branches."""
    rng = np.random.default_rng(7)
    made, losses = parts(), [str(k) for k, part in enumerate(parts()) if part.get("loss", 0.0) >= 12.0]
    out = []
    for _ in range(count):
        head, first, second = (float(factor) for factor in rng.uniform(1.0 - SPREAD, 1.0 + SPREAD, 3))
        one, other = (str(name) for name in rng.choice(losses, 2, replace=False))
        out.append({"s0": {"pressure_pa": 1e5 + HEAD_BAR * 1e5 * head}, one: {"loss": made[int(one)]["loss"] * first}, other: {"loss": made[int(other)]["loss"] * second}})
    return out


def ask_peer(asked_changes: list[dict[str, dict[str, float]]]) -> dict[str, Any]:
    """What pandapipes finds for each set of changes, and how long it takes."""
    asked = {
        "density_kg_m3": DENSITY, "viscosity_pa_s": VISCOSITY, "nodes": list(network().nodes), "fixed_bar": {"s0": 1.0 + HEAD_BAR, "r0": 1.0}, "parts": parts(),
        "changes": asked_changes,
    }  # fmt: skip
    script = Path(__file__).parents[1] / "peers" / "pandapipes_manifold.py"
    done = subprocess.run([os.environ["PANDAPIPES"], str(script)], input=json.dumps(asked), capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def run(smoke: bool) -> Outcome:
    """One manifold, many manifolds, and the peer."""
    one, count = prepare_hydraulics(network()), 50 if smoke else DESIGNS
    sets, wanted = changes(1 if smoke else 100), 1 if smoke else 5
    flows = solve_hydraulics(one)  # the first solution, of the numbers as they are built, is what `one alone` starts from
    found = [solve_hydraulics(one, changes=each) for each in sets]
    for each, quick in zip(sets[:5], found, strict=False):
        plain = solve_hydraulics(network(), changes=each)  # not prepared: the general solver
        assert float(np.max(np.abs(quick.flow_m3_s / plain.flow_m3_s - 1.0))) < 1e-9, "the quick way and the general solver differ"
    single, afresh = (
        timing(lambda cold=cold: [solve_hydraulics(one, changes=each, afresh=cold) for each in sets], wanted=wanted).shared(len(sets)) for cold in (False, True)
    )  # fmt: skip
    many = network(count)
    last = [solve_hydraulics(many)]
    batch = timing(lambda: last.append(solve_hydraulics(many)), wanted=wanted)
    assert not np.any(last[-1].faulty)
    each = batch.shared(count)
    timings = {"one alone": single, "one alone, afresh": afresh, "a design of many": each, "all designs": batch}
    facts: dict[str, float | int | str] = {
        "designs": count, "total_l_per_min": float(flows.flow("0")) * 6e4, "steps_of_one_alone": float(np.mean([quick.steps for quick in found])),
    }  # fmt: skip
    if not os.environ.get("PANDAPIPES"):
        return Outcome(timings, None, {**facts, "peer": "PANDAPIPES names no python: nothing to compare with"})
    told = ask_peer(sets[:20])
    facts["pandapipes_version"] = told["version"]
    off = max(float(np.max(np.abs(quick.flow_m3_s / np.array(theirs) - 1.0))) for quick, theirs in zip(found, told["flows_m3_s"], strict=False))
    facts["largest_flow_difference_share"] = off
    assert off < 1e-3, f"a flow is {100 * off:.3f} % from pandapipes'"
    peer = Timing(tuple(Sample(t["wall_s"], t["cpu_s"], os.getloadavg()[0]) for t in told["times"]))
    for name, ours in (("ratio_of_one_afresh", afresh), ("ratio_of_a_design_of_many", each)):
        if (share := ratio(ours, peer)) is not None:
            facts[name] = share
    return Outcome({**timings, "pandapipes": peer}, ("one alone", "pandapipes"), facts)


CASE = Case("manifold", "a rack manifold of 20 branches, alone and as one of 10,000 designs; ratio: one alone over pandapipes'", run)
