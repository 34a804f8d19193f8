"""Whole racks: what is computed of the shipped designs against what was published of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rackloom.catalog import Catalog, draws_from, load_catalog
from rackloom.figures import Figure
from rackloom.rack import RackAnswer, describe_rack, load_design, shipped_designs
from rackloom.reading import read_yaml
from validation.markdown import percent, quantity, table
from validation.summary import Summary, summary_of

CASES = Path(__file__).parent / "cases" / "racks.yaml"
OWN = "the prediction takes this figure as its input"
SAME = "another figure for the quantity above"
HEAD = ("design", "quantity", "predicted (80 % interval)", "published", "grade, source", "error", "inside", "scored", "inputs of the prediction")
NAMES = {"power_load_w": "load", "power_firm_w": "supply after the planned loss", "power_peak_w": "peak", "power_input_w": "input power", "heat_liquid_w": "heat to coolant",
         "heat_air_w": "heat to air", "coolant_flow_m3_per_s": "coolant flow", "mass_kg": "mass", "compute.power_w": "compute tray", "cables.backplane_count": "backplane cables"}  # fmt: skip


@dataclass(frozen=True)
class RackRow:
    """One published figure with the prediction of it, both in `unit`. `reason` says why it is not scored; '' where it is."""

    design: str
    quantity: str
    unit: str
    predicted: float
    low: float | None  # 80 % interval
    high: float | None
    published: Figure
    inputs: tuple[str, ...]  # keys with grades, of all that the prediction rests on
    reason: str = ""
    note: str = ""

    @property
    def error(self) -> float:
        """Predicted over published, less 1; of a published range the middle counts."""
        return self.predicted / self.published.value - 1.0

    @property
    def inside(self) -> bool | None:
        """The interval holds the published value, or meets the published range."""
        if self.low is None or self.high is None:
            return None
        low, high = (self.published.value if end is None else end for end in (self.published.low, self.published.high))
        return self.low <= high and low <= self.high


def rack_rows(cases: Iterable[Mapping[str, Any]], catalog: Catalog) -> list[RackRow]:
    """A row for each published value of each case, in order."""
    answers: dict[str, RackAnswer] = {}
    rows: list[RackRow] = []
    for case in cases:
        name = str(case["design"])
        if name not in answers:
            answers[name] = describe_rack(load_design(name, catalog=catalog), name=name, draws=draws_from(catalog))
        rows += _rows(case, answers[name], catalog)
    return rows


def _rows(case: Mapping[str, Any], answer: RackAnswer, catalog: Catalog) -> list[RackRow]:
    item, _, name = str(case["figure"]).partition(".")
    picked = catalog.figure(item, name)
    ledger = answer.ledger
    key = f"designs.{answer.name}.{case['quantity']}"
    own = ledger[key]
    roots = ledger.roots_of(key)
    inputs = tuple(f"{row.key.removeprefix('catalog.')} {row.grade}" for row in roots)
    reason = str(case.get("not_scored") or "")
    if any(row.key == picked.key for row in roots):
        reason = OWN
    out = []
    for published in (picked, *picked.others):
        why = reason or ("" if published is picked else SAME)
        out.append(RackRow(answer.name, str(case["quantity"]), own.unit, own.value, own.low, own.high, published, inputs, why, str(case.get("note") or "")))
    return out


def summary(rows: Iterable[RackRow]) -> Summary | None:
    """The summary of the scored rows; None without any."""
    scored = [row for row in rows if not row.reason]
    return summary_of([row.error for row in scored], [row.inside for row in scored]) if scored else None


def rows_table(rows: Iterable[RackRow]) -> str:
    """One line a published value; inputs are listed once for a prediction."""
    out = []
    for row in rows:
        figure = row.published
        span = quantity(figure.value, row.unit) if figure.low is None or figure.high is None else f"{quantity(figure.low, row.unit)} to {quantity(figure.high, row.unit)}"
        basis = f", {figure.basis}" if figure.basis else ""
        scored = f"not scored: {row.reason}" if row.reason else "yes" + (f"; {row.note}" if row.note else "")
        inside = {True: "yes", False: "no", None: ""}[row.inside]
        listed = ", ".join(row.inputs) if row.reason != SAME else "as above"
        out.append((
            row.design, NAMES[row.quantity], quantity(row.predicted, row.unit, row.low, row.high), span + basis, f"{figure.grade}, {figure.source}",
            "" if row.reason == OWN else percent(row.error, sign=True), "" if row.reason else inside, scored, listed or "counts of the design",
        ))  # fmt: skip
    return table(HEAD, out)


def unused(cases: Iterable[Mapping[str, Any]], catalog: Catalog) -> list[str]:
    """Observed racks that no case uses: no design of them ships."""
    used = {str(case["figure"]).partition(".")[0] for case in cases}
    return [item.title for item in catalog.of_kind("observed_rack") if item.name not in used]


def page(catalog: Catalog | None = None) -> str:
    """The whole of racks.md."""
    catalog = catalog or load_catalog()
    cases = read_yaml(CASES).value["cases"]
    rows = rack_rows(cases, catalog)
    scored = [row for row in rows if not row.reason]
    found = summary(rows)
    left = [name for name in shipped_designs() if name not in {row.design for row in rows}]
    parts = [
        "# Racks, predicted against published",
        "Written by `make validate`; seed 1, 256 draws. Error is predicted over published, less 1. A row is scored where the prediction does not take the published figure "
        "as its input; of several published values of one quantity the one that the catalogue picks is scored. An input is named with its grade (E: our assumption).",
        rows_table(rows),
    ]
    if found:
        parts.append(
            f"Scored: {found.rows} rows of {len(rows)}. Mean absolute error {percent(found.mape)}, median {percent(found.median_ape)}, bias {percent(found.bias, sign=True)}; "
            f"{found.inside} of {found.with_interval} intervals hold what was published. These are {found.rows} figures of {len({row.design for row in scored})} designs, published "
            f"with grades {', '.join(sorted({row.published.grade for row in scored}))}: too few, and too uncertain themselves, to say how good the model is."
        )
    if left:
        parts.append(f"Designs without a published figure: {', '.join(left)}.")
    parts += [
        "Return temperatures: none was published as measured at a stated flow and heat, so none is scored.",
        f"Published racks of which no design ships: {', '.join(unused(cases, catalog))}.",
    ]
    return "\n\n".join(parts) + "\n"
