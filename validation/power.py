"""Power of runs, and speed under a cap, against what was published of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rackloom.catalog import Catalog, draws_from, load_catalog, system
from rackloom.draws import Number, central, interval
from rackloom.ledger import Ledger
from rackloom.needs import find_model
from rackloom.performance import PowerAnswer, ServingStrategy, Traffic, TrainingJob, estimate_serving, estimate_training, power_of, search_training
from rackloom.performance.power_caps import rates_under
from rackloom.performance.power_phases import ITEM, activity, phase_watts, unit_power
from rackloom.reading import read_yaml
from validation.markdown import percent, table
from validation.summary import summary_of

CASES = Path(__file__).parent / "cases" / "power.yaml"
SEED, DRAWS = 1, 256
HEAD = ("row", "quantity", "predicted (80 % interval)", "published", "error", "inside", "note")
QUANTITIES: Mapping[str, str] = {
    "accelerator_w": "mean power of an accelerator [W]", "joule_per_token": "J an output token, accelerators alone", "node_w": "mean power of the node [W]",
    "node_most_w": "most power of the node [W]",
}  # fmt: skip


@dataclass(frozen=True)
class PowerRow:
    """One published value with the prediction of it; `skipped` says why there is none."""

    name: str
    quantity: str
    predicted: Number
    published: float
    note: str = ""
    skipped: str = ""

    @property
    def error(self) -> float:
        """Predicted over published, less 1."""
        return central(self.predicted) / self.published - 1.0

    @property
    def inside(self) -> bool | None:
        """The interval holds what was published."""
        ends = interval(self.predicted)
        return None if ends is None else ends[0] <= self.published <= ends[1]


def page() -> str:
    """The whole of power.md."""
    cases, catalog = read_yaml(CASES).value, load_catalog()
    runs = [row for case in cases["runs"] for row in run_rows(case, catalog)]
    caps = [row for case in cases["caps"] for row in cap_rows(case, catalog)]
    phases = [phase_row(case, catalog) for case in cases["phases"]]
    between = [_between(case, catalog) for case in cases["between"]]
    parts = [
        "# Power, predicted against published",
        f"Written by `make validate`; seed {SEED}, {DRAWS} draws. Error is predicted over published, less 1. The assumptions of `performance-phase-power` were set in sight of these rows, so that "
        "they are no blind test; of whole runs there are too few to say how good the model is.",
        "## Whole runs", table(HEAD, [_cells(row) for row in runs]), _told(runs),
        "Serving at this point of the model has no measured speed behind it (docs/power.md): J a token is off by as much as tokens/s are.",
        "## Phases, measured apart",
        "Accelerators that do nothing but prompts, or nothing but decode. How decode rises with the requests on a chip was read off these rows.",
        table(HEAD, [_cells(row) for row in phases]), _told(phases),
        "## Speed under a cap over speed at the chip's own limit", table(HEAD, [_cells(row) for row in caps]), _told(caps),
        "## Between the phases", "Models that the catalogue lacks: the phase of memory and that of computation as predicted, and the mean that was measured.",
        table(("row", "what", "memory [W]", "computation [W]", "published [W]", "where"), between), "## Sources",
        "\n".join(f"- {key}: {said['title']}. {said['publisher']}{', ' + said['date'] if 'date' in said else ''}. {said['url']} (grade {said['grade']})" for key, said in cases["sources"].items()),
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def run_rows(case: Mapping[str, Any], catalog: Catalog) -> list[PowerRow]:
    """A row for each measured quantity of a run."""
    measured, note = case["measured"], str(case.get("note", ""))
    if "skipped" in case:
        return [PowerRow(case["id"], QUANTITIES[name], 0.0, float(value), note, case["skipped"]) for name, value in measured.items()]
    answer = _answer(case, catalog)
    found = {
        "accelerator_w": answer.accelerator_w, "joule_per_token": answer.accelerator_w / answer.tokens_per_s_per_accelerator, "node_w": answer.unit_w,
        "node_most_w": answer.phases[0].unit_w,
    }  # fmt: skip
    return [PowerRow(case["id"], QUANTITIES[name], found[name], float(value), note) for name, value in measured.items()]


def _answer(case: Mapping[str, Any], catalog: Catalog) -> PowerAnswer:
    model, machine, draws = find_model(case["model"]), system(case["system"], catalog=catalog), draws_from(catalog, seed=SEED, count=DRAWS)
    if case["kind"] == "serving":
        strategy = ServingStrategy(tp=case["tp"], batch=case["batch"], precision=case["precision"], kv_precision=case["precision"])
        estimate = estimate_serving(model, machine, Traffic(float(case["input_tokens"]), float(case["output_tokens"])), strategy, draws=draws, catalog=catalog)
    else:
        job = TrainingJob(128, 4096, "bf16")
        best = search_training(model, machine, job, accelerators=case["accelerators"], catalog=catalog).best
        if best is None:
            raise ValueError(f"{case['id']}: nothing fits")
        estimate = estimate_training(model, machine, job, best.strategy, draws=draws, catalog=catalog)
    return power_of(estimate, machine, catalog=catalog)


def cap_rows(case: Mapping[str, Any], catalog: Catalog) -> list[PowerRow]:
    """Speed at each cap over that at the limit."""
    book = Ledger(draws_from(catalog, seed=SEED, count=DRAWS))
    limit, speeds = float(case["limit_w"]), {float(cap): float(speed) for cap, speed in case["cap_w_tokens_per_s"]}
    idle = limit * book.take(catalog.figure(ITEM, "idle_share"))
    compute, memory = (idle + book.take(activity(phase, catalog)) * (limit - idle) for phase in ("compute", "memory"))
    rows = []
    for cap, speed in speeds.items():
        if cap < limit:
            left = rates_under(cap, compute, memory, idle, catalog, book)
            share = left.core_share if case["phase"] == "compute" else left.memory_share
            rows.append(
                PowerRow(f"{case['chip']}, {cap:g} of {limit:g} W", f"speed in the phase of {case['phase']} over that without cap", share, speed / speeds[limit], case["source"])
            )
    return rows


def phase_row(case: Mapping[str, Any], catalog: Catalog) -> PowerRow:
    """Power of one accelerator in one phase."""
    book, machine = Ledger(draws_from(catalog, seed=SEED, count=DRAWS)), system(case["system"], catalog=catalog)
    watts = phase_watts(unit_power(machine, catalog, book), catalog, book, requests_per_accelerator=case.get("a_chip"))
    note = f"{case['a_chip']:g} requests a chip" if "a_chip" in case else ""
    return PowerRow(case["id"], f"power in the phase of {case['phase']} [W]", watts[case["phase"]], float(case["measured_w"]), note)


def _between(case: Mapping[str, Any], catalog: Catalog) -> tuple[str, ...]:
    book, machine = Ledger(draws_from(catalog, seed=SEED, count=DRAWS)), system(case["accelerator"], catalog=catalog)
    watts = phase_watts(unit_power(machine, catalog, book), catalog, book, requests_per_accelerator=case.get("a_chip"))
    low, high, seen = central(watts["memory"]), central(watts["compute"]), float(case["measured_w"])
    ends = interval(watts["memory"]) or (low, low)
    where = "between" if low <= seen <= high else "within the interval of memory" if ends[0] <= seen <= ends[1] else "below" if seen < low else "above"
    return (case["id"], case["what"], _value(watts["memory"]), _value(watts["compute"]), f"{seen:.4g}", where)


def _value(value: Number) -> str:
    ends = interval(value)
    return f"{central(value):.4g}" + (f" ({ends[0]:.4g} to {ends[1]:.4g})" if ends else "")


def _cells(row: PowerRow) -> tuple[str, ...]:
    if row.skipped:
        return (row.name, row.quantity, "", f"{row.published:.4g}", "", "", f"not predicted: {row.skipped}")
    return (row.name, row.quantity, _value(row.predicted), f"{row.published:.4g}", percent(row.error, sign=True), "yes" if row.inside else "no", row.note)


def _told(rows: list[PowerRow]) -> str:
    scored = [row for row in rows if not row.skipped]
    found = summary_of([row.error for row in scored], [row.inside for row in scored])
    return (
        f"Predicted: {found.rows} of {len(rows)} values. Median absolute error {percent(found.median_ape)}, mean {percent(found.mape)}, bias {percent(found.bias, sign=True)}; "
        f"{found.inside} of {found.with_interval} intervals hold what was published."
    )
