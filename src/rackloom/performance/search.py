"""Search over strategies: every one of a stated space, at central values, ranked by tokens a second.

The formulas are those of `training` and `serving`; only the numbers are grids in place of one strategy.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..catalog import Catalog, System
from ..draws import Number
from ..errors import Unknown
from ..ledger import Ledger
from ..needs.model import Model, is_moe
from .columns import Columns
from .jobs import Candidate, Search, ServingStrategy, Slo, Traffic, TrainingJob, as_mapping
from .machine import Machine, make_machine
from .memory import serving_memory, training_memory
from .serving import ServeColumns, ServeTimes, serve_times
from .space import EVERY, USUAL, Grid, Space, grids, placements
from .training import step_times

TENSOR = tuple(2**i for i in range(7))
GROUP_BATCHES = tuple(sorted({int(step * 2**power) for power in range(13) for step in (1, 1.25, 1.5, 1.75)}))
KEPT = 20  # ranked strategies that an answer holds
SPACES = {"usual": USUAL, "every": EVERY}


def seconds_and_memory(machine: Machine, model: Model, job: TrainingJob, c: Columns) -> tuple[np.ndarray, np.ndarray]:
    """Seconds of a step and bytes of memory of each strategy of the columns, in their shape."""
    seconds = np.asarray(step_times(machine, model, job, c).step_s, dtype=float)
    return seconds, np.asarray(sum(training_memory(model, job, c).values()), dtype=float)


def search_training(
    model: Model, system: System, job: TrainingJob, *, accelerators: int, space: str = "usual", catalog: Catalog | None = None, progress: Callable[[int, int], None] | None = None
) -> Search:
    """Every strategy of a space for a job on so many accelerators, those that fit ranked by speed: the best of each placement.

    Parameters
    ----------
    space : str
        "usual": tensor ranks 1 to 64 (within a scale-up domain or 8), pipeline 1 to 64, context 1 to 8, experts 1 to 64,
        micro batch 1 to 4, chunks 1 to 8, recomputation none or full, ZeRO 0, 1 and 3. "every": all of `space.EVERY`,
        millions of strategies: also other divisors, zero-bubble and DualPipe, ZeRO-2, overlap on and off, offload
    progress : callable, optional
        told how many placements are done, and of how many

    Raises Unknown for a space that is not known.
    """
    if space not in SPACES:
        raise Unknown("space of strategies", space, SPACES, mend=f"Known: {', '.join(SPACES)}.")
    return rank_training(make_machine(system, Ledger(), catalog=catalog), model, system, job, accelerators, space=SPACES[space], progress=progress)


@dataclass(frozen=True)
class _Place:
    """A strategy of a grid: seconds of its step, the number of its placement, where it stands, its memory."""

    seconds: float
    number: int
    memory: float
    columns: Columns
    index: int

    def candidate(self, tokens: float) -> Candidate:
        """As an answer holds it; `tokens` are those of a step for each accelerator."""
        return Candidate(as_mapping(self.columns.at(self.index)), tokens / self.seconds, self.memory, step_s=self.seconds)


@dataclass
class _Found:
    """What a search has seen so far: the best strategy of each placement, and the leanest of all while none fits."""

    visited: int = 0
    feasible: int = 0
    best: list[_Place] = field(default_factory=list)
    least: _Place | None = None

    def look(self, grid: Grid, seconds: np.ndarray, memory: np.ndarray, usable: float) -> None:
        """Take one grid's results in."""
        fits = grid.valid & (memory <= usable)
        self.visited += grid.visited
        self.feasible += int(np.count_nonzero(fits))
        rows = np.where(fits, seconds, np.inf).reshape(len(seconds), -1)
        places = rows.argmin(axis=1)
        for row in np.flatnonzero(np.isfinite(rows[np.arange(len(rows)), places])):
            index = int(row) * rows.shape[1] + int(places[row])
            self.best.append(_Place(float(seconds.flat[index]), int(grid.numbers[row]), float(memory.flat[index]), grid.columns, index))
        if not self.best and grid.visited:
            leanest = int(np.argmin(np.where(grid.valid, memory, np.inf)))
            if self.least is None or memory.flat[leanest] < self.least.memory:
                self.least = _Place(float(seconds.flat[leanest]), 0, float(memory.flat[leanest]), grid.columns, leanest)


def rank_training(
    machine: Machine, model: Model, system: System, job: TrainingJob, accelerators: int, *, kept: int = KEPT, space: Space = USUAL,
    progress: Callable[[int, int], None] | None = None,
) -> Search:  # fmt: skip
    """As `search_training`, with the machine's numbers at hand (floats)."""
    places = placements(model, system, job, accelerators, space)
    usable = float(machine.memory_usable_bytes)
    found = _Found()
    done = 0
    for grid in grids(model, job, places, space):
        seconds, memory = seconds_and_memory(machine, model, job, grid.columns)
        shape = grid.columns.shape
        found.look(grid, np.broadcast_to(seconds, shape), np.broadcast_to(memory, shape), usable)
        done += shape[0]
        if progress:
            progress(done, len(places))
    found.best.sort(key=lambda place: (place.seconds, place.number))
    tokens = job.global_batch * job.sequence / accelerators
    ranked = tuple(place.candidate(tokens) for place in found.best[:kept])
    least = ranked[0] if ranked else found.least.candidate(tokens) if found.least else None
    return Search("training", system.name, accelerators, ranked, found.visited, found.feasible, "" if ranked else _nothing(found, usable, accelerators, job), least)


def _nothing(found: _Found, usable: float, accelerators: int, job: TrainingJob) -> str:
    if found.least is None:
        return f"no strategy of the space divides {accelerators} accelerators with a batch of {job.global_batch} sequences"
    return f"no strategy fits: the leanest takes {found.least.memory / 1e9:.4g} GB of {usable / 1e9:.4g} GB usable memory of an accelerator"


def _order(rate: np.ndarray, fits: np.ndarray, kept: int) -> list[int]:
    """Indices of those that fit, fastest first; equal ones in grid order."""
    order = np.argsort(np.where(fits, -rate, np.inf), kind="stable")[: min(kept, int(fits.sum()))]
    return [int(i) for i in order]


def pareto(values: np.ndarray) -> np.ndarray:
    """Places of the rows that no other row beats, from the largest first column down: every column is to be large.

    values: shape (rows, columns). Of equal rows the first is kept.
    """
    kept: list[int] = []
    for row in np.lexsort(-values.T[::-1]):
        if not np.any(np.all(values[kept] >= values[row], axis=1)):
            kept.append(int(row))
    return np.array(kept, dtype=np.int64)


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
    good = np.flatnonzero(fits & meets)
    front = good[pareto(np.column_stack([-tpot[good], rate[good]]))] if good.size else good
    return Search(
        "serving",
        system.name,
        accelerators or most,
        tuple(candidate(i) for i in order),
        int(rate.size),
        int(good.size),
        why,
        candidate(least),
        tuple(candidate(int(i)) for i in front),
    )


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
