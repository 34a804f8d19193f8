"""A rack's manifold of 20 branches: each a hose, a quick disconnect, cold plates, a quick disconnect and a hose.

Set PANDAPIPES to the `python` of an environment that pandapipes (0.16.0 from PyPI, with numba) is installed in to compare: the
ratio is our seconds for one manifold alone over its; `ratio_of_many` is for one of many solved at once. Its net and ours are made ready
once and solved again and again from the same cold start. Both solve the same parts with Colebrook's law; the
flows must agree within 0.1 %.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.clock import Sample, Timing, timing
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


def ask_peer(repeats: int) -> dict[str, Any]:
    """What pandapipes finds, and how long it takes."""
    asked = {
        "density_kg_m3": DENSITY, "viscosity_pa_s": VISCOSITY, "nodes": list(network().nodes), "fixed_bar": {"s0": 1.0 + HEAD_BAR, "r0": 1.0}, "parts": parts(),
        "repeats": repeats,
    }  # fmt: skip
    script = Path(__file__).parents[1] / "peers" / "pandapipes_manifold.py"
    done = subprocess.run([os.environ["PANDAPIPES"], str(script)], input=json.dumps(asked), capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def run(smoke: bool) -> Outcome:
    """One manifold, many manifolds, and the peer."""
    one, count = prepare_hydraulics(network()), 50 if smoke else DESIGNS
    many, wanted = network(count), 1 if smoke else 5
    flows = solve_hydraulics(one)
    last = [solve_hydraulics(many)]
    batch = timing(lambda: last.append(solve_hydraulics(many)), wanted=wanted)  # checks and preparation included
    single = timing(lambda: solve_hydraulics(one), wanted=wanted, repeat=1 if smoke else 100)
    assert not np.any(last[-1].faulty)
    each = Timing(tuple(Sample(s.wall_s / count, s.cpu_s / count, s.load) for s in batch.samples))
    timings = {"a design of many": each, "all designs": batch, "one alone": single}
    facts: dict[str, float | int | str] = {"designs": count, "total_l_per_min": float(flows.flow("0")) * 6e4}
    if not os.environ.get("PANDAPIPES"):
        return Outcome(timings, None, facts)
    found = ask_peer(1 if smoke else 20)
    facts["pandapipes_version"] = found["version"]
    facts["largest_flow_difference_share"] = off = float(np.max(np.abs(flows.flow_m3_s / np.array(found["flows_m3_s"]) - 1.0)))
    assert off < 1e-3, f"a flow is {100 * off:.3f} % from pandapipes'"
    peer = Timing(tuple(Sample(t["wall_s"], t["cpu_s"], os.getloadavg()[0]) for t in found["times"]))
    if peer.seconds and each.seconds:
        facts["ratio_of_many"] = each.seconds / peer.seconds
    return Outcome({**timings, "pandapipes": peer}, ("one alone", "pandapipes"), facts)


CASE = Case("manifold", "a rack manifold of 20 branches, alone and as one of 10,000 designs; ratio: one alone over pandapipes'", run)
