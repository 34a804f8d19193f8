"""Strategies as columns: one strategy as plain numbers, or many as integer arrays that broadcast against each other.

The formulas of training are written once, for `Columns`. An estimate hands in one strategy (and a machine whose numbers
may carry draws); the search hands in a whole grid whose axes are separate: the micro batch varies along one axis, the
pipeline's chunks along another. What depends on few choices is then computed on small arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from ..draws import Number
from .jobs import ATTENTION, CONTEXT, GRADIENTS, RECOMPUTE, SCHEDULES, TrainingJob, TrainingStrategy


@dataclass(frozen=True)
class Columns:
    """The fields of TrainingStrategy as numbers, or as integer arrays that broadcast; choices by name are places in their lists."""

    tp: Number
    pp: Number
    cp: Number
    dp: Number
    ep: Number
    micro_batch: Number
    interleave: Number
    sequence_parallel: Number
    recompute: Number
    zero: Number
    schedule: Number
    ring: Number
    attention: Number
    gradient_bytes: Number
    tensor_overlap: Number
    data_overlap: Number
    offload_optimizer: Number
    offload_activations: Number

    @property
    def ranks(self) -> Number:
        """Accelerators at work."""
        return self.tp * self.pp * self.cp * self.dp

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the grid that the columns span."""
        return np.broadcast_shapes(*(np.shape(getattr(self, name)) for name in COLUMNS))

    def at(self, index: int) -> TrainingStrategy:
        """One of the strategies, by its place in the flattened grid."""
        shape = self.shape
        place = np.unravel_index(index, shape) if shape else ()
        v = {name: int(np.broadcast_to(getattr(self, name), shape)[place]) for name in COLUMNS}
        return TrainingStrategy(
            v["tp"], v["pp"], v["cp"], v["dp"], v["ep"], v["micro_batch"], v["interleave"], bool(v["sequence_parallel"]), RECOMPUTE[v["recompute"]], v["zero"],
            SCHEDULES[v["schedule"]], CONTEXT[0 if v["ring"] else 1], ATTENTION[v["attention"]],
            next(name for name, size in GRADIENTS.items() if size == v["gradient_bytes"]),
            bool(v["tensor_overlap"]), bool(v["data_overlap"]), bool(v["offload_optimizer"]), bool(v["offload_activations"]),
        )  # fmt: skip


COLUMNS = tuple(field.name for field in fields(Columns))


def columns_of(strategy: TrainingStrategy) -> Columns:
    """One strategy as columns of plain numbers."""
    s = strategy
    return Columns(
        s.tp, s.pp, s.cp, s.dp, s.ep, s.micro_batch, s.interleave, int(s.sequence_parallel), RECOMPUTE.index(s.recompute), s.zero, SCHEDULES.index(s.schedule),
        int(s.context == "ring"), ATTENTION.index(s.attention), GRADIENTS[s.gradients], int(s.tensor_overlap), int(s.data_overlap), int(s.offload_optimizer),
        int(s.offload_activations),
    )  # fmt: skip


def all_columns(strategies: Sequence[TrainingStrategy]) -> Columns:
    """Many strategies as columns of one axis."""
    each = [columns_of(s) for s in strategies]
    return Columns(*(np.array([getattr(c, name) for c in each]) for name in COLUMNS))


def yes(flag: Number) -> np.ndarray:
    """A column of 0 and 1 as factor."""
    return np.asarray(flag, dtype=float)


def micro_batches(job: TrainingJob, c: Columns) -> Number:
    """Micro batches of a replica in one step; the last one may be short, and takes as long."""
    return np.ceil(job.global_batch / (c.dp * c.micro_batch))
