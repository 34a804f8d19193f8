"""Predictions of published rows, for those who compare them with what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..catalog import Catalog, load_catalog
from ..draws import Draws, Number, interval, shown
from ..ledger import Numbers
from .columns import columns_of
from .machine import make_machine
from .rows import NotScored, Reading, read_row
from .runs import settle
from .serving_predictions import Prediction, predict_serving
from .serving_rows import is_serving
from .training import step_times


def predict_row(row: Mapping[str, Any], source: Mapping[str, Any], *, catalog: Catalog | None = None, draws: Draws | None = None) -> tuple[Prediction, ...]:
    """The predictions of one published run: one of a training run, one for each quantity of a serving run.

    Raises NotScored where the row says too little or is of a kind that is not predicted, BadInput and Unknown for what is
    wrong in it.
    """
    known = catalog or load_catalog()
    if is_serving(row):
        return predict_serving(row, source, known, draws)
    if "parallelism" not in row:
        raise NotScored("neither a row of training nor one of serving: it has no 'parallelism'")
    reading = read_row(row, source, known)
    run = reading.run
    strategy = settle(run, make_machine(run.system, Numbers(), catalog=known, software_date=run.job.software_date))
    machine = make_machine(run.system, Numbers(draws), catalog=known, software_date=run.job.software_date)
    step = step_times(machine, run.model, run.job, columns_of(strategy)).step_s
    return (_compared(reading, step, str((row.get("hardware") or {}).get("accelerator", ""))),)


def _compared(reading: Reading, step_s: Number, accelerator: str) -> Prediction:
    run = reading.run
    rate = run.job.global_batch * run.job.sequence / step_s / run.accelerators
    value = step_s if reading.quantity == "seconds_per_iteration" else rate
    middle = shown(value)
    low, high = interval(value) or (middle, middle)
    kind = "moe" if run.model.is_moe else "dense"
    settled = tuple(name for name in run.open_settings if name != "gradients")
    return Prediction(reading.quantity, reading.measured, middle, low, high, kind, reading.machine, run.model.name, accelerator, settled, reading.notes)
