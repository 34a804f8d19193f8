"""Load, supply and their story: against published racks, by hand, and as laws."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rackloom.draws import Draws, central
from rackloom.rack import bill_of_materials, describe_rack, load_design
from tests.published.load import published

WIDTHS = {"A": 0.01, "B": 0.03, "C": 0.1, "D": 0.2, "E": 0.3}


def described(tmp_path_factory, text, draws=None):
    path = tmp_path_factory.mktemp("rack") / "rack.yaml"
    path.write_text(text)
    return describe_rack(load_design(path), name="now", draws=draws)


@lru_cache
def shipped(name):
    return describe_rack(load_design(name))


@pytest.mark.parametrize("case", published("racks"), ids=lambda case: case["id"])
def test_published_racks(case):
    ours = central(getattr(shipped(case["design"]), case["figure"]))
    assert ours / case["expected"] - 1.0 == pytest.approx(case["away"], abs=5e-4), case["source"]
    assert abs(case["away"]) < 0.10


def test_gb300_published_load_lies_within_our_interval():
    draws = Draws(7, 512, WIDTHS, 2.0)
    load = np.asarray(describe_rack(load_design("gb300-nvl72"), draws=draws).power_load_w)
    low, high = np.quantile(load[1:], [0.1, 0.9])
    assert low < 135_000 < high


def test_a_battery_is_no_supply_and_no_load(tmp_path_factory):
    base = "frame: orv3\nslots: {{{}}}\nassemblies: {{tray: {{parts: [4 x b300], power: 9 kW}}}}\npower: {{redundancy: N+1, bus: 50 V}}\n"
    without = described(tmp_path_factory, base.format("u1: shelf-18kw, u5: tray"))
    with_one = described(tmp_path_factory, base.format("u1: shelf-18kw, u2-u3: bbu-15kw, u5: tray"))
    for name in ("power_load_w", "power_supply_w", "power_firm_w"):
        assert getattr(with_one, name) == getattr(without, name)
    assert (without.power_supply_w, without.power_firm_w) == (18_000.0, 15_000.0)  # OCP ORv3 shelf: 6 x 3 kW, N+1
    assert with_one.ledger.value("designs.now.busbar_segment_a") == pytest.approx(9_000 / 50, rel=1e-4)


def test_segment_current_walks_to_the_trays(tmp_path_factory):
    answer = described(tmp_path_factory, "like: gb200-nvl72\n")
    roots = {row.key for row in answer.ledger.roots_of("designs.now.busbar_segment_a")}
    assert {"catalog.gb200.tdp_w", "catalog.nvswitch-tray-gb200.power_w"} <= roots
    assert answer.ledger.value("designs.now.busbar_total_a") == pytest.approx(central(answer.power_load_w) / 50.0)


@settings(max_examples=25, deadline=None)
@given(st.floats(20.0, 300.0), st.floats(1.05, 3.0))
def test_more_flow_never_warms_the_return(tmp_path_factory, litres, factor):
    text = "like: gb200-nvl72\ncoolant: {{flow: {:.4f} L/min}}\n"
    less, more = described(tmp_path_factory, text.format(litres)), described(tmp_path_factory, text.format(litres * factor))
    assert central(more.coolant_return_temperature_k) < central(less.coolant_return_temperature_k)
    assert central(more.heat_liquid_w) == central(less.heat_liquid_w)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=4))
def test_bill_is_the_product_of_counts_down_the_tree(tmp_path_factory, trays):
    lines, slots, first, expected = [], [], 1, {}
    for index, (count, boards, chips) in enumerate(trays):
        slots.append(f"u{first}-u{first + count - 1}: {count} x tray{index}")
        first += count
        lines += [f"  tray{index}: {{parts: [{boards} x board{index}, grace]}}", f"  board{index}: {{level: L6, parts: [{chips} x b300]}}"]
        expected["b300"] = expected.get("b300", 0) + count * boards * chips
        expected["grace"] = expected.get("grace", 0) + count
        expected[f"board{index}"] = count * boards
    path = tmp_path_factory.mktemp("rack") / "rack.yaml"
    path.write_text(f"frame: orv3\nslots: {{{', '.join(slots)}}}\nassemblies:\n" + "\n".join(lines) + "\n")
    totals = bill_of_materials(load_design(path)).totals()
    assert {name: totals[name] for name in expected} == expected
