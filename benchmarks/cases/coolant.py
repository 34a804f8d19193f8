"""Properties of PG25 from our tables against CoolProp, at the same temperatures."""

from __future__ import annotations

import numpy as np

from benchmarks.clock import timing
from benchmarks.registry import Case, Outcome
from rackloom.catalog import load_catalog, table
from rackloom.physics import interpolate_table

FLUID, PRESSURE_PA = "INCOMP::APG[0.25]", 2e5
WANTED = (("density", "kg_per_m3", "D"), ("cp", "j_per_kg_k", "C"))


def run(smoke: bool) -> Outcome:
    at = np.random.default_rng(1).uniform(293.15, 333.15, 50 if smoke else 10_000)
    item = load_catalog().item("pg25", "fluid")
    tables = []
    for name, suffix, _ in WANTED:
        points, figures = table(item, name, suffix)
        tables.append((points, [figure.value for figure in figures]))

    def ours() -> list[np.ndarray]:
        return [np.asarray(interpolate_table(points, values, at)) for points, values in tables]

    wanted = 1 if smoke else 5
    own = timing(ours, wanted=wanted, repeat=1 if smoke else 200)
    facts: dict[str, float | int | str] = {"temperatures": len(at)}
    try:
        from CoolProp.CoolProp import PropsSI
    except ImportError:
        return Outcome({"tables": own}, None, {**facts, "peer": "CoolProp is not installed: no comparison"})

    def theirs() -> list[np.ndarray]:
        return [np.asarray(PropsSI(letter, "T", at, "P", PRESSURE_PA, FLUID)) for _, _, letter in WANTED]

    for (name, _, _), mine, peer in zip(WANTED, ours(), theirs(), strict=True):
        facts[f"{name}_largest_difference_share"] = difference = float(np.max(np.abs(mine / peer - 1.0)))
        assert difference < 0.01, f"{name} is {100 * difference:.2f} % from CoolProp's"
    return Outcome({"tables": own, "CoolProp": timing(theirs, wanted=wanted)}, ("tables", "CoolProp"), facts)


CASE = Case("coolant", "density and heat capacity of PG25 at 10,000 temperatures; ratio: our tables over CoolProp", run)
