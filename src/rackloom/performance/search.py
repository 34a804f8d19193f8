"""Search over strategies of training: every one of a stated space, at central values, ranked by tokens a second.

The formulas are those of `training`; only the numbers are grids in place of one strategy. Serving: `serving_search`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ..catalog import Catalog, System
from ..errors import Unknown
from ..ledger import Ledger
from ..needs.model import Model
from .columns import Columns
from .jobs import Candidate, Search, TrainingJob, as_mapping
from .machine import Machine, make_machine
from .memory import training_memory
from .space import EVERY, USUAL, Grid, Space, grids, placements
from .training import step_times

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


def pareto(values: np.ndarray) -> np.ndarray:
    """Places of the rows that no other row beats, from the largest first column down: every column is to be large.

    values: shape (rows, columns). Of equal rows the first is kept.
    """
    if values.shape[1] == 2:  # from the largest first column down, those above all before them in the second
        order = np.lexsort(-values.T[::-1])
        second = values[order, 1]
        before = np.concatenate([[-np.inf], np.maximum.accumulate(second)[:-1]])
        return order[second > before]
    kept: list[int] = []
    for row in np.lexsort(-values.T[::-1]):
        if not np.any(np.all(values[kept] >= values[row], axis=1)):
            kept.append(int(row))
    return np.array(kept, dtype=np.int64)
