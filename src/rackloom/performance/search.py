"""Search over strategies: every one of a stated grid, at central values, in whole columns; ranked by tokens a second.

The formulas are those of `training` and `serving`; only the numbers are columns instead of one strategy.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from ..catalog import Catalog, System
from ..draws import Number
from ..ledger import Ledger
from ..needs.model import Model, is_moe
from .jobs import Candidate, Search, ServingStrategy, Slo, Traffic, TrainingJob, as_mapping
from .machine import Machine, make_machine
from .memory import serving_memory, training_memory
from .serving import ServeColumns, ServeTimes, serve_times
from .training import Columns, step_times

TENSOR = tuple(2**i for i in range(7))
PIPELINE = (1, 2, 4, 8, 16, 32, 64)
CONTEXT = (1, 2, 4)
EXPERT = (1, 4, 8, 16, 32, 64)
MICRO = (1, 2, 4)
CHUNKS = (1, 2, 4, 8)
RECOMPUTED = (0, 2)  # none, full; selective makes no difference where attention is fused
GROUP_BATCHES = tuple(sorted({int(step * 2**power) for power in range(13) for step in (1, 1.25, 1.5, 1.75)}))
KEPT = 20  # ranked strategies that an answer holds


@lru_cache(maxsize=64)
def _grid(model: Model, wide: int) -> tuple[np.ndarray, ...]:
    """Columns (tp, pp, cp, ep, micro_batch, interleave, recompute) that divide the model."""
    heads = model.layers[0].attention.heads
    experts = max(layer.experts for layer in model.layers)
    tensors = [t for t in TENSOR if t <= wide and heads % t == 0]
    pipes = [p for p in PIPELINE if p <= len(model.layers)]
    spread = [e for e in EXPERT if experts % e == 0] if experts else [1]
    chunks = [(p, v) for p in pipes for v in CHUNKS if v == 1 or (p > 1 and p * v <= len(model.layers))]
    rows = [(t, p, cp, e, m, v, r) for t in tensors for (p, v) in chunks for cp in CONTEXT for e in spread for m in MICRO for r in RECOMPUTED]
    return tuple(np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))


def training_grid(model: Model, system: System, job: TrainingJob, accelerators: int) -> Columns:
    """All strategies of the grid on so many accelerators; what tp x pp x cp does not divide stays idle."""
    tp, pp, cp, ep, micro, chunks, recompute = _grid(model, max(system.tiers[0].size, 8))
    inner = tp * pp * cp
    dp = accelerators // inner
    keep = (dp >= 1) & (dp * micro <= job.global_batch)
    keep &= (tp * cp * dp) % ep == 0
    keep &= job.sequence % (cp * tp) == 0
    ones = np.ones(int(keep.sum()), dtype=np.int64)
    return Columns(tp[keep], pp[keep], cp[keep], dp[keep], ep[keep], micro[keep], chunks[keep], ones, recompute[keep], ones, True)


def training_rates(machine: Machine, model: Model, job: TrainingJob, c: Columns, accelerators: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(seconds of a step, tokens a second for each accelerator that was given, bytes of memory) of each strategy."""
    seconds = np.asarray(step_times(machine, model, job, c).step_s, dtype=float)
    rate = job.global_batch * job.sequence / seconds / accelerators
    memory = np.asarray(sum(training_memory(model, job, c).values()), dtype=float)
    return seconds, rate, memory


def search_training(model: Model, system: System, job: TrainingJob, *, accelerators: int, catalog: Catalog | None = None) -> Search:
    """Every strategy of the grid for a job on so many accelerators, those that fit ranked by speed.

    Grid: tensor ranks 1 to 64 (within a scale-up domain or 8), pipeline 1 to 64, context 1 to 4, experts 1 to 64,
    micro batch 1 to 4, chunks 1 to 8, recomputation none or full; sequence parallelism and shared optimizer state on.
    """
    return rank_training(make_machine(system, Ledger(), catalog=catalog), model, system, job, accelerators)


def rank_training(machine: Machine, model: Model, system: System, job: TrainingJob, accelerators: int, *, kept: int = KEPT) -> Search:
    """As `search_training`, with the machine's numbers at hand (floats)."""
    c = training_grid(model, system, job, accelerators)
    visited = int(np.asarray(c.tp).size)
    if not visited:
        return Search("training", system.name, accelerators, (), 0, 0, f"no strategy of the grid divides {accelerators} accelerators with a batch of {job.global_batch} sequences")
    seconds, rate, memory = training_rates(machine, model, job, c, accelerators)
    fits = memory <= float(machine.memory_usable_bytes)
    least = int(np.argmin(memory))

    def candidate(i: int) -> Candidate:
        return Candidate(as_mapping(c.at(i)), float(rate[i]), float(memory[i]), step_s=float(seconds[i]))

    order = _order(rate, fits, kept)
    why = "" if order else f"no strategy fits: the leanest takes {memory[least] / 1e9:.4g} GB of {float(machine.memory_usable_bytes) / 1e9:.4g} GB usable memory of an accelerator"
    return Search("training", system.name, accelerators, tuple(candidate(i) for i in order), visited, int(fits.sum()), why, candidate(least))


def _order(rate: np.ndarray, fits: np.ndarray, kept: int) -> list[int]:
    """Indices of those that fit, fastest first; equal ones in grid order."""
    order = np.argsort(np.where(fits, -rate, np.inf), kind="stable")[: min(kept, int(fits.sum()))]
    return [int(i) for i in order]


def serving_grid(model: Model, system: System, accelerators: int | None = None) -> ServeColumns:
    """All serving strategies of the grid: tensor ranks 1 to 64; for experts, groups that share them; batches from 1 to 7168 a group."""
    heads = model.layers[0].attention.heads
    most = min(accelerators or 10**9, max(system.tiers[0].size, 64))
    tensors = [t for t in TENSOR if heads % t == 0 and t <= most]
    groups: Sequence[int] = TENSOR if is_moe(model) else (1,)
    rows = [(t, d, b * d) for t, d in itertools.product(tensors, groups) if t * d <= most and _splits(model, t * d) for b in GROUP_BATCHES]
    tp, dp, batch = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    return ServeColumns(tp, dp, batch)


def _splits(model: Model, ranks: int) -> bool:
    return all(layer.experts % ranks == 0 for layer in model.layers if layer.experts)


def search_serving(
    model: Model, system: System, traffic: Traffic, slo: Slo, *, accelerators: int | None = None, precision: str | None = None, catalog: Catalog | None = None
) -> Search:
    """Every strategy of the grid for traffic under limits of service, ranked by output tokens a second for each accelerator.

    `accelerators` bounds a replica; `precision` is that of weights and products (fp8 where the system has it, else bf16).
    """
    machine = make_machine(system, Ledger(), catalog=catalog)
    return rank_serving(machine, model, system, traffic.input_tokens, traffic.output_tokens, slo, serving_precision(system, precision), accelerators)


def serving_precision(system: System, precision: str | None = None) -> str:
    """The precision asked for, else fp8 where the accelerator has it, else bf16."""
    return precision or ("fp8" if "fp8" in system.flop_per_s else "bf16")


def kv_precision(precision: str) -> str:
    """Precision of the cache that goes with a precision of the weights: 8 bits where the weights have 8 or fewer."""
    return "fp8" if precision in ("fp8", "fp4") else "bf16"


def rank_serving(
    machine: Machine, model: Model, system: System, prompt: float, answer: float, slo: Slo, precision: str, accelerators: int | None = None, *, kept: int = KEPT
) -> Search:
    """As `search_serving`, with the machine's numbers at hand (floats)."""
    c = serving_grid(model, system, accelerators)
    like = ServingStrategy(precision=precision, kv_precision=kv_precision(precision))
    times = serve_times(machine, model, like, c, prompt, answer)
    memory = np.asarray(sum(serving_memory(model, like, prompt + answer, c.tp, c.dp, c.batch).values()), dtype=float)
    rate = np.asarray(times.tokens_per_s_per_accelerator, dtype=float)
    fits = memory <= float(machine.memory_usable_bytes)
    meets = _meets(times, slo)
    least = int(np.argmin(np.where(fits, _excess(times, slo), np.inf) if fits.any() else memory))
    tp, dp, batch, ttft, tpot = (np.asarray(column) for column in (c.tp, c.dp, c.batch, times.ttft_s, times.tpot_s))

    def candidate(i: int) -> Candidate:
        strategy = ServingStrategy(int(tp[i]), int(dp[i]), int(batch[i]), precision, kv_precision(precision))
        return Candidate(as_mapping(strategy), float(rate[i]), float(memory[i]), ttft_s=float(ttft[i]), tpot_s=float(tpot[i]))

    order = _order(rate, fits & meets, kept)
    why = "" if order else _why_not(machine, memory, fits, candidate(least), slo)
    most = int(np.asarray(c.ranks).max())
    return Search("serving", system.name, accelerators or most, tuple(candidate(i) for i in order), int(rate.size), int((fits & meets).sum()), why, candidate(least))


def _meets(times: ServeTimes, slo: Slo) -> np.ndarray:
    return np.asarray(_excess(times, slo)) <= 1.0


def _excess(times: ServeTimes, slo: Slo) -> Number:
    """The larger of TTFT and TPOT over their limits; 0 where there is none."""
    worst = np.zeros_like(np.asarray(times.ttft_s))
    if slo.ttft_s is not None:
        worst = np.maximum(worst, times.ttft_s / slo.ttft_s)
    if slo.tpot_s is not None:
        worst = np.maximum(worst, times.tpot_s / slo.tpot_s)
    return worst


def _why_not(machine: Machine, memory: np.ndarray, fits: np.ndarray, nearest: Candidate, slo: Slo) -> str:
    if not fits.any():
        return f"no strategy fits: the leanest takes {memory.min() / 1e9:.4g} GB of {float(machine.memory_usable_bytes) / 1e9:.4g} GB usable memory of an accelerator"
    limits = [
        f"{name} {value:.3g} s of {limit:.3g} s"
        for name, value, limit in (("TTFT", nearest.ttft_s, slo.ttft_s), ("TPOT", nearest.tpot_s, slo.tpot_s))
        if limit is not None and value is not None
    ]
    return "no strategy meets the limits; the nearest has " + " and ".join(limits)
