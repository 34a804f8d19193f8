"""What can be traded: strategies that no other one beats in everything asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..catalog import Catalog, System
from ..draws import central
from ..ledger import Ledger
from ..needs.model import Model
from .jobs import Candidate, TrainingJob
from .machine import make_machine
from .search import pareto, rank_training


@dataclass(frozen=True)
class FrontPoint:
    """The best strategy on so many accelerators: tokens a second of all of them, their power, what their hours cost.

    `power_w` is that of the units at full load, None where the system states none; `usd_per_s` where a price was given.
    """

    accelerators: int
    tokens_per_s: float
    power_w: float | None
    usd_per_s: float | None
    candidate: Candidate


def front_training(
    model: Model, system: System, job: TrainingJob, units: Sequence[int], *, usd_per_accelerator_h: float | None = None, catalog: Catalog | None = None
) -> tuple[FrontPoint, ...]:
    """Tokens a second against power and cost over numbers of units (racks or nodes): the points that nothing beats, slowest first."""
    machine = make_machine(system, Ledger(), catalog=catalog, software_date=job.software_date)
    points = []
    for count in sorted(set(units)):
        accelerators = count * system.accelerators
        best = rank_training(machine, model, system, job, accelerators, kept=1).best
        if best is None:
            continue
        power = central(system.power_w.value) * count if system.power_w is not None else None
        cost = None if usd_per_accelerator_h is None else usd_per_accelerator_h * accelerators / 3600.0
        points.append(FrontPoint(accelerators, best.tokens_per_s_per_accelerator * accelerators, power, cost, best))
    if not points:
        return ()
    measures = np.array([[p.tokens_per_s, -(p.power_w if p.power_w is not None else p.accelerators), -(p.usd_per_s or 0.0)] for p in points])
    return tuple(points[i] for i in sorted(pareto(measures)))
