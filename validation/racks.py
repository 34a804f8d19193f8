"""Whole racks: what is computed of the shipped designs against what was published of them."""

from __future__ import annotations

from pathlib import Path

from rackloom.catalog import Catalog, load_catalog
from rackloom.evaluate import RackRow, rack_score, validate_racks
from rackloom.rack import shipped_designs
from rackloom.reading import read_yaml
from rackloom.report import rack_rows_markdown
from validation.markdown import percent

CASES = Path(__file__).parent / "cases" / "racks.yaml"


def rows(catalog: Catalog) -> tuple[RackRow, ...]:
    """Every row of the cases."""
    return validate_racks([read_yaml(CASES, name=CASES.name)], catalog=catalog).rows


def unused(catalog: Catalog) -> list[str]:
    """Observed racks that no case uses: no design of them ships."""
    used = {str(figure).partition(".")[0] for case in read_yaml(CASES).value["cases"] for figure in case["measured"].values()}
    return [item.title for item in catalog.of_kind("observed_rack") if item.name not in used]


def page(catalog: Catalog | None = None) -> str:
    """The whole of racks.md."""
    catalog = catalog or load_catalog()
    found = rows(catalog)
    scored = [row for row in found if not row.skipped and not row.is_count]
    counts = [row for row in found if not row.skipped and row.is_count]
    score = rack_score(scored)
    left = [name for name in shipped_designs() if name not in {row.design for row in found}]
    flows = [row for row in scored if row.quantity == "coolant_flow_m3_per_s"]
    powers = [row for row in scored if row.unit == "W"]
    parts = [
        "# Racks, predicted against published",
        "Written by `make validate`; seed 1, 256 draws; the same by `rackloom validate validation/cases/racks.yaml`. Error is predicted over published, less 1. A row is scored where "
        "the prediction does not take the published figure as its input and the row is not of low trust; of several published values of one quantity the one that the catalogue picks "
        "is scored. An input is named with its grade (E: our assumption).",
        rack_rows_markdown(found),
        f"Scored: {score['rows']} rows of {len(found)}; {score['close']} within 10 % or the published range (power: {sum(row.is_close for row in powers)} of {len(powers)}; coolant "
        f"flow: {sum(row.is_close for row in flows)} of {len(flows)}). Mean absolute error {percent(score['mape'])}, median {percent(score['median_ape'])}, bias "
        f"{percent(score['bias'], sign=True)}; {score['inside']} of {score['with_interval']} intervals hold what was published. These are {score['rows']} figures of "
        f"{len({row.design for row in scored})} designs, published with grades {', '.join(sorted({row.published.grade for row in scored}))}: too few, and too uncertain themselves, to say "
        "how good the model is. Laws of flow, pressure and plates are held against published tables in cooling.md.",
        f"Counts that the bill of materials adds up to: {sum(row.predicted == row.published.value for row in counts)} of {len(counts)} exactly as published, the {next(row.predicted for row in counts if 'backplane' in row.quantity):,.0f} cables of the NVL72 backplane among them. "
        "Mass: every published mass is the design's own input, since nobody publishes what its parts weigh; none is scored.",
        f"Designs without a published figure: {', '.join(left)}." if left else "",
        "Return temperatures: none was published as measured at a stated flow and heat, so none is scored.",
        f"Published racks of which no design ships: {', '.join(unused(catalog))}.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"
