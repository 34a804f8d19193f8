"""Tables of coolants: read as arrays, and refused by place where their rows do not fit."""

from __future__ import annotations

import numpy as np
import pytest

from rackloom.catalog import coolant_table, load_catalog
from rackloom.errors import BadInput, Unknown

TABLE = """
coolant-x:
  kind: coolant_table
  source: "own: sheet"
  grade: A
  celsius: [0, 20, 40, 60]
  glycol_share: [0, 0.2, 0.4, 0.6]
  density_kg_per_m3: {grid}
  cp_j_per_kg_k: {grid}
  viscosity_pa_s: {grid}
  conductivity_w_per_m_k: {grid}
  water_vapour_pressure_pa: [1, 2, 3, 4]
  freezing_kelvin: [270, 260, 250, 240]
"""
GRID = [[1.0, 2.0, 3.0, 4.0]] * 4


def test_the_shipped_tables_name_their_source():
    catalog = load_catalog()
    for item in catalog.of_kind("coolant_table"):
        assert item.say("source") in catalog.sources
        assert item.say("grade") == "B"
        found = coolant_table(item.name)
        assert found.density_kg_per_m3.shape == (len(found.temperature_k), len(found.glycol_share)) == found.viscosity_pa_s.shape
        assert found.temperature_k[0] == 273.15
        assert np.all(found.viscosity_pa_s > 0.0)
    assert coolant_table("coolant-pg") is coolant_table("coolant-pg")


def test_a_table_of_ones_own(tmp_path):
    (tmp_path / "mine.yaml").write_text(TABLE.format(grid=GRID), encoding="utf-8")
    assert coolant_table("coolant-x", catalog=load_catalog(tmp_path)).density_kg_per_m3[0, 3] == 4.0


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("[0, 20, 40, 60]", "[0, 20, 10, 60]", "'celsius' does not ascend"),
        ("[0, 20, 40, 60]", "[0, 20]", "fewer than four points"),
        ("[1, 2, 3, 4]", "[1, 2, 3]", r"'water_vapour_pressure_pa' has the shape \(3,\), its axes say \(4,\)"),
        ("[270, 260, 250, 240]", "[270, cold, 250, 240]", "'freezing_kelvin' is not a table of numbers"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(tmp_path, old, new, says):
    (tmp_path / "mine.yaml").write_text(TABLE.format(grid=GRID).replace(old, new), encoding="utf-8")
    with pytest.raises(BadInput, match=says) as told:
        coolant_table("coolant-x", catalog=load_catalog(tmp_path))
    assert "mine.yaml:2" in str(told.value)


def test_a_name_that_is_none():
    with pytest.raises(Unknown, match="coolant-pg"):
        coolant_table("coolant-pp")
