"""Tables gathered from figures whose names carry the abscissa."""

from __future__ import annotations

import numpy as np
import pytest

from rackloom.catalog import Item, load_catalog
from rackloom.catalog.tables import table, tables
from rackloom.errors import BadInput, Unknown
from rackloom.figures import Figure


def item(**values: float) -> Item:
    return Item("thing", "part", figures={name: Figure(f"catalog.thing.{name}", value, "1", "assumption", "E") for name, value in values.items()})


def test_points_are_sorted_and_in_si():
    x, figures = table(item(drop_at_40c_pa=3.0, drop_at_5c_pa=1.0, drop_at_25p5c_pa=2.0), "drop", "pa")
    assert x == pytest.approx([278.15, 298.65, 313.15])
    assert [figure.value for figure in figures] == [1.0, 2.0, 3.0]


def test_flow_and_load_abscissae():
    x, _ = table(item(r_at_0p6lpm_ratio=1.0, r_at_12lpm_ratio=2.0), "r", "ratio")
    assert x == pytest.approx([1.0e-5, 2.0e-4])  # 0.6e-3/60, 12e-3/60 m3/s
    x, _ = table(item(efficiency_at_100pct_share=0.9, efficiency_at_10pct_share=0.8), "efficiency", "share")
    assert x == pytest.approx([0.1, 1.0])


def test_neighbouring_names_stay_apart():
    thing = item(flow_at_20c_m3_per_s=1.0, flow_max_at_20c_m3_per_s=2.0, flow_at_20c_pa=3.0, flow_m3_per_s=4.0)
    assert [figure.value for figure in table(thing, "flow", "m3_per_s")[1]] == [1.0]
    assert tables(thing) == [("flow", "m3_per_s"), ("flow_max", "m3_per_s"), ("flow", "pa")]


def test_no_such_table_names_the_nearest():
    with pytest.raises(Unknown, match=r"nearest: 'density, kg_per_m3'"):
        table(load_catalog().item("pg25"), "densty", "kg_per_m3")
    with pytest.raises(Unknown):
        table(item(flow_m3_per_s=1.0), "flow", "m3_per_s")


def test_mixed_abscissae_are_refused():
    with pytest.raises(BadInput, match="mix abscissae"):
        table(item(r_at_2lpm_ratio=1.0, r_at_20c_ratio=2.0), "r", "ratio")


def test_cold_plates_resist_less_at_more_flow():
    for name in ("coldplate-oam-1kw-pg25", "coldplate-oam-1kw-water"):
        x, figures = table(load_catalog().item(name), "case", "thermal_resistance_k_per_w")
        assert np.all(np.diff(x) > 0)
        assert np.all(np.diff([figure.value for figure in figures]) < 0)
    assert x == pytest.approx(np.array([2.0, 3.0, 4.0, 5.0]) / 60000.0)


def test_each_point_keeps_its_source():
    _, figures = table(load_catalog().item("psu-titanium"), "efficiency", "share")
    assert [figure.value for figure in figures] == pytest.approx([0.90, 0.94, 0.96, 0.91])
    assert {(figure.source, figure.grade) for figure in figures} == {("toms_80plus", "C")}
