"""The strategies that a training search looks at, as grids of columns with separate axes.

Axis 0 holds placements (tp, pp, cp, ep with the dp that remains); the other axes hold what varies on each of them. Two
strategies that are the same (sequence parallelism on one tensor rank, say) count once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from ..catalog import System
from ..needs.model import Model
from .columns import Columns
from .jobs import DUALPIPE, FULL, FUSED, NONE, ONE_F_ONE_B, OPERATORS, SELECTIVE, ZERO_BUBBLE, TrainingJob

CHUNK = 1 << 17  # strategies that are looked at in one go: their arrays stay in the processor's cache


@dataclass(frozen=True)
class Space:
    """What a search varies. Pairs: (schedule, chunks), (sequence_parallel, tensor_overlap), (zero, data_overlap), (offload_optimizer, offload_activations)."""

    tensor: tuple[int, ...]
    pipeline: tuple[int, ...]
    context: tuple[int, ...]
    expert: tuple[int, ...]
    micro: tuple[int, ...]
    pipes: tuple[tuple[int, int], ...]
    splits: tuple[tuple[int, int], ...]
    recompute: tuple[int, ...]
    sharing: tuple[tuple[int, int], ...]
    offload: tuple[tuple[int, int], ...]
    ring: tuple[int, ...]


USUAL = Space(
    tensor=(1, 2, 4, 8, 16, 32, 64), pipeline=(1, 2, 4, 8, 16, 32, 64), context=(1, 2, 4, 8), expert=(1, 4, 8, 16, 32, 64), micro=(1, 2, 4),
    pipes=((ONE_F_ONE_B, 1), (ONE_F_ONE_B, 2), (ONE_F_ONE_B, 4), (ONE_F_ONE_B, 8)), splits=((0, 0), (1, 1)), recompute=(NONE, FULL), sharing=((0, 0), (1, 1), (3, 1)),
    offload=((0, 0),), ring=(1,),
)  # fmt: skip
EVERY = Space(
    tensor=(1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 72), pipeline=(1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 36, 48, 56, 64, 72, 96, 128),
    context=(1, 2, 4, 8, 16), expert=(1, 2, 4, 8, 16, 32, 64, 72, 128, 256), micro=(1, 2, 3, 4, 6, 8, 12, 16),
    pipes=((ONE_F_ONE_B, 1), *((ONE_F_ONE_B, v) for v in (2, 3, 4, 5, 6, 8, 12, 16, 24)), (ZERO_BUBBLE, 1), (DUALPIPE, 1)), splits=((0, 0), (0, 1), (1, 0), (1, 1)),
    recompute=(NONE, SELECTIVE, OPERATORS, FULL), sharing=((0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1), (3, 0), (3, 1)), offload=((0, 0), (1, 0), (0, 1), (1, 1)), ring=(1, 0),
)  # fmt: skip


@dataclass(frozen=True)
class Grid:
    """Columns on separate axes, the numbers of the placements on axis 0, and which combinations are strategies of their own."""

    columns: Columns
    numbers: np.ndarray
    valid: np.ndarray

    @property
    def visited(self) -> int:
        """How many strategies it holds."""
        return int(np.count_nonzero(self.valid))


def placements(model: Model, system: System, job: TrainingJob, accelerators: int, space: Space) -> np.ndarray:
    """All placements on so many accelerators as columns (tp, pp, cp, ep, dp); what tp x pp x cp does not divide stays idle."""
    heads = model.layers[0].attention.heads
    experts = max(layer.experts for layer in model.layers)
    wide = max(system.tiers[0].size, 8)
    tensors = [t for t in space.tensor if t <= wide and heads % t == 0]
    pipes = [p for p in space.pipeline if p <= len(model.layers)]
    spread = [e for e in space.expert if experts % e == 0] if experts else [1]
    rows = np.array([(t, p, c, e) for t in tensors for p in pipes for c in space.context for e in spread], dtype=np.int64).reshape(-1, 4)
    tp, pp, cp, ep = rows.T
    dp = accelerators // (tp * pp * cp)
    keep = (dp >= 1) & (dp <= job.global_batch) & ((tp * cp * dp) % ep == 0) & (job.sequence % (cp * tp) == 0)
    return np.column_stack([rows, dp])[keep]


def grids(model: Model, job: TrainingJob, places: np.ndarray, space: Space) -> Iterator[Grid]:
    """The strategies of a space on these placements, some placements at a time; placements with the same choices go together."""
    if not len(places):
        return
    if len(places) * _size(space) <= CHUNK:
        yield _grid(model, job, places, np.arange(len(places)), space)
        return
    tp, pp, cp, _, dp = places.T
    kinds = np.column_stack([pp, tp > 1, cp > 1, dp * cp > 1])
    for kind in np.unique(kinds, axis=0):
        numbers = np.flatnonzero((kinds == kind).all(axis=1))
        narrow = _narrowed(space, len(model.layers), int(kind[0]), *(bool(k) for k in kind[1:]))
        step = max(1, CHUNK // _size(narrow))
        for first in range(0, len(numbers), step):
            some = numbers[first : first + step]
            yield _grid(model, job, places[some], some, narrow)


def _size(space: Space) -> int:
    """Choices on one placement."""
    return len(space.micro) * len(space.pipes) * len(space.splits) * len(space.recompute) * len(space.sharing) * len(space.offload) * len(space.ring)


def _narrowed(space: Space, layers: int, pp: int, splits: bool, around: bool, replicas: bool) -> Space:
    """The choices that a placement has: what makes no difference on it is taken once."""
    pipes = tuple((s, v) for s, v in space.pipes if pp * v <= layers and (s != DUALPIPE or 2 * pp <= layers)) if pp > 1 else ((ONE_F_ONE_B, 1),)
    return replace(
        space, pipes=pipes, splits=space.splits if splits else ((0, 0),), sharing=space.sharing if replicas else ((0, 0),), ring=space.ring if around else space.ring[:1]
    )


def _grid(model: Model, job: TrainingJob, places: np.ndarray, numbers: np.ndarray, space: Space) -> Grid:
    tp, pp, cp, ep, dp = (_along(column, 0) for column in places.T)
    micro = _along(space.micro, 1)
    schedule, chunks = (_along(column, 2) for column in zip(*space.pipes, strict=True))
    sequence, tensor_overlap = (_along(column, 3) for column in zip(*space.splits, strict=True))
    zero, data_overlap = (_along(column, 5) for column in zip(*space.sharing, strict=True))
    optimizer, activations = (_along(column, 6) for column in zip(*space.offload, strict=True))
    columns = Columns(
        tp, pp, cp, dp, ep, micro, chunks, sequence, _along(space.recompute, 4), zero, schedule, _along(space.ring, 7), FUSED, 4, tensor_overlap, data_overlap, optimizer, activations,
    )  # fmt: skip
    batches = -(-job.global_batch // (dp * micro))
    layers = len(model.layers)
    valid = (dp * micro <= job.global_batch) & ((chunks == 1) | (batches % pp == 0))  # chunks take turns in rounds of pp micro batches
    valid = valid & (pp * chunks <= layers) & ((schedule != DUALPIPE) | (2 * pp <= layers)) & ((pp > 1) | ((schedule == ONE_F_ONE_B) & (chunks == 1)))
    valid = valid & ((tp > 1) | ((sequence == 0) & (tensor_overlap == 0))) & ((cp > 1) | (columns.ring == space.ring[0]))
    valid = valid & ((dp * cp > 1) | ((zero == 0) & (data_overlap == 0)))
    return Grid(columns, numbers, np.broadcast_to(valid, columns.shape))


def _along(values: object, axis: int) -> np.ndarray:
    shape = [1] * 8
    shape[axis] = -1
    return np.asarray(values, dtype=np.int64).reshape(shape)
