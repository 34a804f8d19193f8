"""Predictions of published rows, for those who compare them with what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..catalog import Catalog, load_catalog
from ..draws import Draws, Number, interval, shown
from ..ledger import Numbers
from .columns import columns_of
from .machine import make_machine
from .rows import NotScored, Reading, read_row
from .runs import settle
from .training import step_times

SERVED = ("isl", "osl", "engine", "concurrency")  # keys that only a row of serving has


@dataclass(frozen=True)
class Prediction:
    """One row: what was measured and what is predicted, in the same quantity, with the 80 % interval.

    `kind` is dense or moe, `machine` the accelerator's generation, `system` the accelerator as the row names it;
    `open_settings` are those that the row leaves open, predicted at the fastest that fits.
    """

    quantity: str
    measured: float
    value: float
    low: float
    high: float
    kind: str
    machine: str
    model: str
    system: str
    open_settings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def predict_row(row: Mapping[str, Any], source: Mapping[str, Any], *, catalog: Catalog | None = None, draws: Draws | None = None) -> Prediction:
    """The prediction of one published training run.

    Raises NotScored where the row says too little or is of a kind that is not predicted, BadInput and Unknown for what is
    wrong in it.
    """
    if any(key in row for key in SERVED) or "parallelism" not in row:
        raise NotScored("a row of serving: predictions of serving are not compared yet")
    known = catalog or load_catalog()
    reading = read_row(row, source, known)
    run = reading.run
    strategy = settle(run, make_machine(run.system, Numbers(), catalog=known, software_date=run.job.software_date))
    machine = make_machine(run.system, Numbers(draws), catalog=known, software_date=run.job.software_date)
    step = step_times(machine, run.model, run.job, columns_of(strategy)).step_s
    return _compared(reading, step, str((row.get("hardware") or {}).get("accelerator", "")))


def _compared(reading: Reading, step_s: Number, accelerator: str) -> Prediction:
    run = reading.run
    rate = run.job.global_batch * run.job.sequence / step_s / run.accelerators
    value = step_s if reading.quantity == "seconds_per_iteration" else rate
    middle = shown(value)
    low, high = interval(value) or (middle, middle)
    kind = "moe" if run.model.is_moe else "dense"
    settled = tuple(name for name in run.open_settings if name != "gradients")
    return Prediction(reading.quantity, reading.measured, middle, low, high, kind, reading.machine, run.model.name, accelerator, settled, reading.notes)
