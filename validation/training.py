"""Published training runs against predictions: the rows, their summary, and what the late changes of the model do to it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from rackloom.catalog import Catalog, load_catalog
from rackloom.draws import Draws, central
from rackloom.evaluate import Comparison, ComparisonRow, Results, compare, predict_cases, read_results
from rackloom.performance import predict_training_case
from validation.markdown import percent, seconds, table

CASES = Path(__file__).parent / "cases" / "training.yaml"
SEED, DRAWS = 1, 256
OTHER_SEEDS = (2, 3, 4, 5)
HEAD = ("case", "system", "accelerators", "precision", "predicted step_s", "80 % interval", "measured step_s", "error", "inside", "grade", "taken at the best that fits")
LEFT_OPEN = "settings that the row leaves open, taken at the best that fits: "


def draws_of(catalog: Catalog, *, seed: int = SEED, count: int = DRAWS) -> Draws:
    """Seeded draws with the catalogue's widths by grade, as a plan takes them."""
    item = catalog.item("uncertainty")
    widths = {grade: item.figure(f"grade_{grade.lower()}_share").value for grade in "ABCDE"}
    return Draws(seed, count, widths, item.figure("announced_ratio").value)


@dataclass(frozen=True)
class Summary:
    """How good predictions are in the mean. Errors are predicted over measured, less 1."""

    rows: int
    mape: float  # mean of absolute errors
    median_ape: float
    bias: float  # mean of errors
    inside: int
    with_interval: int

    @property
    def coverage(self) -> float | None:
        """Share of the rows with an 80 % interval whose measured value lies in it."""
        return self.inside / self.with_interval if self.with_interval else None


def summary_of(errors: Sequence[float], inside: Sequence[bool | None]) -> Summary:
    """The summary of some rows. Raises ValueError without any: no row, no figure."""
    if not errors:
        raise ValueError("a summary of no rows")
    held = [each for each in inside if each is not None]
    size = np.abs(errors)
    return Summary(len(errors), float(np.mean(size)), float(np.median(size)), float(np.mean(errors)), sum(held), len(held))


def summarise(rows: Iterable[ComparisonRow]) -> Summary:
    """The summary of compared rows that have a relative error."""
    scored = [row for row in rows if row.error is not None]
    return summary_of([row.error for row in scored if row.error is not None], [row.inside for row in scored])


def compare_cases(results: Results, catalog: Catalog, *, seed: int = SEED, change: Callable[[Mapping[str, Any]], Mapping[str, Any]] = dict) -> tuple[Comparison, dict[str, str]]:
    """Every case against its prediction, and what each left open. `change` edits a case's row before it is predicted."""
    draws = draws_of(catalog, seed=seed)
    still_open: dict[str, str] = {}

    def predict(row: Mapping[str, Any]) -> Any:
        estimate = predict_training_case(change(row), catalog=catalog, draws=draws)
        said = next((text for text in estimate.left_out if text.startswith(LEFT_OPEN)), "")
        still_open[str(row["id"])] = said.removeprefix(LEFT_OPEN)
        return estimate

    return compare(predict_cases(results, predict), results, draws=draws), still_open


def fixed(catalog: Catalog, item: str, name: str, value: float) -> Catalog:
    """The catalogue with one figure set to a value without a spread."""
    old = catalog.item(item)
    figure = replace(old.figure(name), value=value, low=value, high=value)
    return replace(catalog, items={**catalog.items, item: replace(old, figures={**old.figures, name: figure})})


def _gradients_of_32_bits(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**row, "strategy": {"gradients": "fp32", **(row.get("strategy") or {})}}


def without_late_changes(results: Results, catalog: Catalog) -> list[tuple[str, Summary]]:
    """The summary with each change that can be switched off taken out, and with all of them taken out."""
    plain = fixed(catalog, "performance-software", "time_ratio", 1.0)
    usual = fixed(catalog, "performance-software", "time_ratio", 1.05)
    at_once = fixed(catalog, "performance-collectives", "start_s", 0.0)
    neither = fixed(plain, "performance-collectives", "start_s", 0.0)
    trials: tuple[tuple[str, Catalog, Callable[[Mapping[str, Any]], Mapping[str, Any]]], ...] = (
        ("as it is", catalog, dict), ("software factor 1", plain, dict), ("software factor 1.05, the median of published pairs", usual, dict), ("collectives start at once", at_once, dict),
        ("32-bit gradients where the row does not say", catalog, _gradients_of_32_bits), ("factor 1, at once and 32-bit gradients", neither, _gradients_of_32_bits),
    )  # fmt: skip
    return [(name, summarise(compare_cases(results, known, change=change)[0].rows)) for name, known, change in trials]


def source_of(row: Mapping[str, Any]) -> str:
    """Where a case was read, in short: title up to its first comma, and who published it."""
    source = row["source"]
    if not isinstance(source, Mapping):
        return str(source)
    title = str(source.get("title") or "").split(",")[0].removesuffix(" result logs")
    return f"{title} ({publisher})" if (publisher := str(source.get("publisher") or "").split(";", 1)[-1].strip()) else title


def groups_of(rows: Iterable[ComparisonRow], name_of: Mapping[str, str]) -> list[tuple[str, Summary]]:
    """A summary for each group, in order of first use. `name_of` gives a case's group."""
    found: dict[str, list[ComparisonRow]] = {}
    for row in rows:
        found.setdefault(name_of[row.id], []).append(row)
    return [(name, summarise(group)) for name, group in found.items()]


def summary_table(first: str, rows: Iterable[tuple[str, Summary]]) -> str:
    """Summaries as Markdown, each with the number of rows behind it."""
    head = (first, "rows", "MAPE", "median", "bias", "inside the 80 % interval", "coverage")
    return table(
        head, [(name, str(s.rows), percent(s.mape), percent(s.median_ape), percent(s.bias, sign=True), f"{s.inside} of {s.with_interval}", percent(s.coverage)) for name, s in rows]
    )


def coverage_table(all_rows: Sequence[ComparisonRow]) -> str:
    """On which side the measured values lie that no interval holds."""
    above = sum(row.predicted_high is not None and row.inside is False and row.measured > row.predicted_high for row in all_rows)
    below = sum(row.predicted_low is not None and row.inside is False and row.measured < row.predicted_low for row in all_rows)
    return f"Measured values outside their interval: {above} above it (prediction too fast), {below} below it (too slow)."


def rows_table(rows: Iterable[ComparisonRow], cases: Mapping[str, Mapping[str, Any]], still_open: Mapping[str, str]) -> str:
    """One line a case."""
    out = []
    for row in rows:
        case = cases[row.id]
        span = f"{seconds(row.predicted_low)} to {seconds(row.predicted_high)}" if row.predicted_low is not None else ""
        inside = {True: "yes", False: "no", None: ""}[row.inside]
        out.append((
            row.id, str(case["system"]), str(case["accelerators"]), str(case["precision"]), seconds(central(row.predicted)), span, seconds(row.measured),
            percent(row.error, sign=True), inside, row.grade, still_open.get(row.id, ""),
        ))  # fmt: skip
    return table(HEAD, out)


def page(results: Results | None = None, catalog: Catalog | None = None) -> str:
    """The whole of training.md. Raises ValueError when a case is left without a prediction: it must be told, not lost."""
    results, catalog = results or read_results(CASES), catalog or load_catalog()
    comparison, still_open = compare_cases(results, catalog)
    if comparison.skipped or results.faults:
        raise ValueError(f"not compared: {[(each.id, each.reason) for each in comparison.skipped] + [fault.what for fault in results.faults]}")
    order = {case.id: index for index, case in enumerate(results.cases)}
    rows = sorted(comparison.rows, key=lambda row: order[row.id])
    cases = {case.id: case.row for case in results.cases}
    every = summarise(rows)
    if not (math.isclose(every.mape, comparison.mape or 0.0) and math.isclose(every.bias, comparison.bias or 0.0)):
        raise ValueError("the summary here and that of the program differ")
    groups = groups_of(rows, {name: source_of(row) for name, row in cases.items()})
    systems = groups_of(rows, {name: f"{row['system']}, {row['precision']}" for name, row in cases.items()})
    seeds = [(str(seed), summarise(compare_cases(results, catalog, seed=seed)[0].rows)) for seed in (SEED, *OTHER_SEEDS)]
    parts = [
        "# Training steps, predicted against published",
        f"Written by `make validate`; seed {SEED}, {DRAWS} draws. Error is predicted over measured, less 1: above 0 the prediction is too slow. "
        "These cases are not a blind test: see the README beside this page.",
        "## Summary by source",
        summary_table("source", [*groups, ("**all**", every)]),
        coverage_table(rows),
        "Rows of one source are not independent: many are one model and one recipe at another number of accelerators.",
        "## Summary by system and precision",
        summary_table("system, precision", systems),
        "## Cases",
        rows_table(rows, cases, still_open),
        "## Other seeds",
        "Central values do not depend on the seed; whether a measured value near the end of an interval lies inside does.",
        summary_table("seed", seeds),
        "## Without the late changes",
        "What the model had not at first, switched off again. 8-bit saved activations are part of the model and have no switch.",
        summary_table("model", without_late_changes(results, catalog)),
    ]
    return "\n\n".join(parts) + "\n"
