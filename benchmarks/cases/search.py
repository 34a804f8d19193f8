"""Every strategy of GPT-3 175B and Megatron-1T on 4,096 A100, one thread; Calculon's rate beside it where its checkout is at hand.

Set CALCULON to a checkout of calculon-ai/calculon to compare: the ratio is our time for one strategy over Calculon's.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from benchmarks.clock import Sample, Timing, timing
from benchmarks.registry import Case, Outcome
from rackloom.catalog import load_catalog, system
from rackloom.ledger import Ledger
from rackloom.needs import Model
from rackloom.performance import Search, TrainingJob, estimate_training
from rackloom.performance.machine import make_machine
from rackloom.performance.search import rank_training, seconds_and_memory
from rackloom.performance.shapes import model_of_shape
from rackloom.performance.space import EVERY, USUAL, grids, placements

ACCELERATORS = 4096
WANTED = 7_000_000  # strategies of each model; Calculon's exhaustive search has 7 126 368 and 7 276 848
MODELS = {
    "gpt3-175B": {"name": "GPT 175B", "layers": 96, "hidden": 12288, "heads": 96, "ffn": 49152, "vocab": 51200},
    "megatron-1T": {"name": "GPT 1T", "layers": 128, "hidden": 25600, "heads": 160, "ffn": 102400, "vocab": 51200},
}
CALCULON_S = 30.0
JOB = TrainingJob(4096, 2048, "bf16")


def search(model: Model, *, smoke: bool) -> Search:
    """The whole search: every effect and the memory check."""
    known = load_catalog()
    machine = make_machine(system("a100-hgx", catalog=known), Ledger(), catalog=known)
    return rank_training(machine, model, system("a100-hgx", catalog=known), JOB, ACCELERATORS, space=USUAL if smoke else EVERY)


def check(model: Model, found: Search, *, smoke: bool) -> float:
    """Raise AssertionError where the answer is wrong; the largest difference of the grid from the plain estimate on random strategies, relative."""
    assert smoke or found.visited >= WANTED, f"{found.visited} strategies, {WANTED} wanted"
    assert 0 < found.feasible < found.visited, f"{found.feasible} of {found.visited} fit"
    known = load_catalog()
    on = system("a100-hgx", catalog=known)
    best = estimate_training(model, on, JOB, found.best.strategy, catalog=known)
    assert best.fits
    worst = abs(best.step_s / found.best.step_s - 1.0)
    machine = make_machine(on, Ledger(), catalog=known)
    random = np.random.default_rng(11)
    every = list(grids(model, JOB, placements(model, on, JOB, ACCELERATORS, USUAL if smoke else EVERY), USUAL if smoke else EVERY))
    for number in random.choice(len(every), min(8, len(every)), replace=False):
        grid = every[number]
        seconds, memory = (np.broadcast_to(each, grid.columns.shape).ravel() for each in seconds_and_memory(machine, model, JOB, grid.columns))
        for index in random.choice(np.flatnonzero(grid.valid.ravel()), 5):
            plain = estimate_training(model, on, JOB, grid.columns.at(int(index)), catalog=known)
            worst = max(worst, abs(seconds[index] / plain.step_s - 1.0), abs(memory[index] / plain.memory_bytes - 1.0))
    assert worst < 1e-9, f"grid and plain estimate differ by {worst}"
    return worst


def calculon(name: str, seconds: float) -> dict[str, float]:
    """Calculon's rate on a sample of its own search, in a process of its own."""
    folder = Path(os.environ["CALCULON"])
    script = Path(__file__).resolve().parents[1] / "peers" / "calculon_rate.py"
    done = subprocess.run([sys.executable, str(script), str(folder), name, str(seconds)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def run(smoke: bool) -> Outcome:
    """Both models; the timing is of both searches together."""
    models = {name: model_of_shape(shape, []) for name, shape in MODELS.items()}
    facts: dict[str, float | int | str] = {}
    visited = 0
    for name, model in models.items():
        found = search(model, smoke=smoke)
        facts[f"{name} largest difference from the plain estimate"] = check(model, found, smoke=smoke)
        facts[f"{name} visited"], facts[f"{name} feasible"] = found.visited, found.feasible
        s = found.best.strategy
        ranks = " ".join(f"{key}{s[key]}" for key in ("tp", "pp", "cp", "dp"))
        facts[f"{name} best"] = (
            f"{found.best.step_s:.4g} s a step, {JOB.global_batch / found.best.step_s:.4g} samples/s: {ranks}, micro batch {s['micro_batch']}, chunks {s['interleave']}, {s['schedule']}, "
            f"recompute {s['recompute']}, ZeRO-{s['zero']}, offload of optimizer {s['offload_optimizer']}, of activations {s['offload_activations']}"
        )
        visited += found.visited
        one = timing(lambda model=model: search(model, smoke=smoke), wanted=1 if smoke else 3)
        facts[f"{name} seconds"] = one.seconds or 0.0
        facts[f"{name} strategies/s"] = found.visited / one.seconds if one.seconds else 0.0
    both = timing(lambda: [search(model, smoke=smoke) for model in models.values()], wanted=1 if smoke else 3)
    timings = {"search, a strategy": Timing(tuple(Sample(s.wall_s / visited, s.cpu_s / visited, s.load) for s in both.samples))}
    if not os.environ.get("CALCULON"):
        return Outcome(timings, None, facts)
    samples = []
    for name in models:
        peer = calculon(name, 2.0 if smoke else CALCULON_S)
        samples.append(Sample(peer["seconds"] / peer["evaluated"], peer["cpu_s"] / peer["evaluated"], os.getloadavg()[0]))
        facts[f"{name} Calculon"] = (
            f"{peer['evaluated'] / peer['seconds']:.4g} executions/s over {peer['tasks']} of {peer['of']} tasks, {peer['evaluated']} evaluated, {peer['fitting']} fit"
        )
    timings["Calculon, an execution"] = Timing(tuple(samples))
    return Outcome(timings, ("search, a strategy", "Calculon, an execution"), facts)


CASE = Case("search", "every training strategy of GPT-3 175B and Megatron-1T on 4,096 A100-80GB, one thread", run)
