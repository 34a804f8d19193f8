"""A run as somebody describes it: what is known of it, and the settings left open, taken at the fastest that fits."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..catalog import System
from ..errors import BadInput, Fault
from ..needs.model import Model, is_moe
from .columns import all_columns
from .jobs import GRADIENTS, TrainingJob, TrainingStrategy, training_strategy
from .machine import Machine
from .search import seconds_and_memory

SPLIT = ("tp", "pp", "cp", "ep")
RANKS = (1, 2, 4, 8, 16, 32, 64)
PIPELINE = (1, 2, 3, 4, 6, 7, 8, 12, 16, 20, 24, 32, 35, 64)
CHUNKS = (1, 2, 3, 4, 6, 8, 12)
MICRO = (1, 2, 3, 4, 6, 8, 12, 16)


@dataclass(frozen=True)
class Run:
    """One training run: `given` holds what is known of its strategy, `open_settings` names what is not.

    `model_parallel` is tp x pp x cp where only their product is known.
    """

    name: str
    model: Model
    system: System
    job: TrainingJob
    accelerators: int
    given: Mapping[str, Any]
    open_settings: tuple[str, ...] = ()
    model_parallel: int | None = None


def settle(run: Run, machine: Machine) -> TrainingStrategy:
    """The run's strategy: of those that agree with what is known, the fastest that fits; the leanest where none fits.

    `machine` holds central values. Raises BadInput where no strategy agrees.
    """
    found = list(_agreeing(run))
    if not found:
        raise BadInput(Fault(f"case '{run.name}': no strategy agrees with what it says on {run.accelerators} accelerators"))
    if len(found) == 1:
        return found[0]
    seconds, memory = seconds_and_memory(machine, run.model, run.job, all_columns(found))
    fits = memory <= float(machine.memory_usable_bytes)
    return found[int(np.argmin(np.where(fits, seconds, np.inf)) if fits.any() else np.argmin(memory))]


def _agreeing(run: Run) -> Iterable[TrainingStrategy]:
    known = training_strategy({**run.given, "ep": 1})
    options = {name: values for name in run.open_settings if name not in ("dp", *SPLIT) and (values := _choices(name))}
    for tp, pp, cp, ep in itertools.product(*(_values(run, name) for name in SPLIT)):
        if run.model_parallel is not None and tp * pp * cp != run.model_parallel:
            continue
        dp = run.given.get("dp") or run.accelerators // (tp * pp * cp)
        if dp < 1 or dp > run.job.global_batch or (tp * cp * dp) % ep or tp * pp * cp * dp > run.accelerators:
            continue
        for chosen in itertools.product(*options.values()):
            settings = dict(zip(options, chosen, strict=True))
            if _possible(run, known, pp, dp, settings):
                yield replace(known, tp=tp, pp=pp, cp=cp, dp=dp, ep=ep, **settings)


def _values(run: Run, name: str) -> tuple[int, ...]:
    """What one kind of ranks may be."""
    if name not in run.open_settings:
        return (int(run.given.get(name, 1)),)
    if name == "ep":
        experts = max(layer.experts for layer in run.model.layers)
        return tuple(e for e in RANKS if experts % e == 0 and e <= run.accelerators) if is_moe(run.model) else (1,)
    if name == "tp":
        heads = run.model.layers[0].attention.heads
        return tuple(t for t in RANKS if heads % t == 0 and t <= max(run.system.tiers[0].size, 8))
    return tuple(p for p in PIPELINE if p <= len(run.model.layers)) if name == "pp" else (1, 2, 4, 8)


def _choices(name: str) -> tuple[Any, ...]:
    return {
        "micro_batch": MICRO, "interleave": CHUNKS, "recompute": ("none", "selective", "full"), "gradients": tuple(GRADIENTS), "zero": (0, 1, 3),
        "sequence_parallel": (True, False),
    }[name]  # fmt: skip


def _possible(run: Run, known: TrainingStrategy, pp: int, dp: int, settings: Mapping[str, Any]) -> bool:
    micro, chunks = settings.get("micro_batch", known.micro_batch), settings.get("interleave", known.interleave)
    if dp * micro > run.job.global_batch:
        return micro == known.micro_batch and "micro_batch" not in settings
    if "interleave" in settings and chunks > 1 and (pp == 1 or pp * chunks > len(run.model.layers) + 2 or -(-run.job.global_batch // (dp * micro)) % pp):
        return False
    return not (settings.get("zero") == 3 and pp > 1)
