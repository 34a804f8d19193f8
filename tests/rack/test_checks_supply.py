"""Shelves, supplies and batteries: worked by hand, on racks small enough for it."""

from __future__ import annotations

import pytest

from rackloom.catalog import load_catalog
from rackloom.draws import central
from rackloom.rack import check_design, describe_rack, load_design

from .racks import WHOLE, checked, written

OWN = """\
shelf-five:
  kind: power_shelf
  title: a shelf of five modules
  modules_count: {value: 5, source: "own: test", grade: E}
  output_w: {value: "15 kW", source: "own: test", grade: E}
  firm_output_w: {value: "12 kW", source: "own: test", grade: E}
  connector_a: {value: "360 A", source: "own: test", grade: E}
bbu-slow:
  kind: bbu
  title: a battery that gives late
  output_w: {value: "15 kW", source: "own: test", grade: E}
  start_s: {value: "25 ms", source: "own: test", grade: E}
psu-own:
  kind: psu
  title: a supply of 3 kW
  output_w: {value: "3 kW", source: "own: test", grade: E}
"""
NODE = "height: 20\nslots: {u1: node}\nassemblies: {node: {parts: [8 x b200, 6 x psu-own], power: 9 kW}}\npower: {feeds: 2 x 415 V, redundancy: N+N}\n"


def own(tmp_path, text, case="normal"):
    folder = tmp_path / "parts"
    folder.mkdir(exist_ok=True)
    (folder / "own.yaml").write_text(OWN)
    design = load_design(written(tmp_path, text), catalog=load_catalog(folder))
    return {check.id: check for check in check_design(design, case=case).rows}


def test_five_modules_on_three_phases_are_uneven_by_a_fifth(tmp_path):
    """2 + 2 + 1 modules: 5/3 on the mean phase, the one with 1 is 40 % below it, the others 20 % above."""
    uneven = own(tmp_path, "height: 9\nslots: {u1: shelf-five, u2: tray}\nassemblies: {tray: {parts: [2 x b200]}}\npower: {feeds: 2 x 415 V, bus: 50 V}\n")["phase-balance"]
    assert (uneven.verdict, central(uneven.value), uneven.limit) == ("fail", pytest.approx(0.4), 0.1)
    assert checked(tmp_path)["phase-balance"].verdict == "pass"  # six modules
    assert "phase-balance" not in checked(tmp_path, "power.kind=dc", "power.feeds=2 x 400 V")


def test_a_battery_that_gives_after_the_supplies_let_go(tmp_path):
    text = WHOLE.replace("bbu-15kw", "bbu-slow").replace("u3-u4", "u3").replace("u9-u10", "u9")
    late = own(tmp_path, text)["hold-up"]
    assert (late.verdict, central(late.value), central(late.limit)) == ("fail", 0.025, 0.02)
    soon = checked(tmp_path)["hold-up"]
    assert (soon.verdict, central(soon.value)) == ("pass", 0.004)
    assert checked(tmp_path, text=WHOLE.replace(", u3-u4: bbu-15kw", "").replace(", u9-u10: bbu-15kw", ""))["hold-up"].verdict == "not checkable"


def test_batteries_last_as_their_energy_over_the_load(tmp_path):
    """Two of 15 kW for 90 s at the end of life are 2.7 MJ: 135 s at 20 kW, and nothing above 30 kW."""
    row = checked(tmp_path, "power.load=20 kW", "power.bridge=130 s")["bbu-duration"]
    assert (row.verdict, central(row.value)) == ("pass", pytest.approx(135.0))
    assert central(checked(tmp_path, "power.load=31 kW")["bbu-duration"].value) == 0.0


def test_supplies_of_a_node_by_redundancy(tmp_path):
    """Six of 3 kW: with a feed lost three are left, 9 kW; with one lost five, 15 kW."""
    for watts, redundancy, verdict, limit in (("9 kW", "N+N", "pass", 9e3), ("9.1 kW", "N+N", "fail", 9e3), ("15 kW", "N+1", "pass", 15e3), ("15.1 kW", "N+1", "fail", 15e3)):
        row = own(tmp_path, NODE.replace("9 kW", watts).replace("redundancy: N+N", f"redundancy: {redundancy}"))["node-supplies-node"]
        assert (row.verdict, central(row.limit)) == (verdict, limit)
    missing = check_design(load_design("mi355x-liquid")).rows
    assert next(row for row in missing if row.id == "node-supplies-node").verdict == "not checkable"


def test_supplies_far_from_their_best_lose_it(tmp_path):
    """Titanium: 96 % at half load, 90 % at a tenth of it; 95 % of the best is 91.2 %."""
    idle = own(tmp_path, NODE.replace("9 kW", "1.8 kW"))["efficiency"]
    assert (idle.verdict, central(idle.value), central(idle.limit)) == ("fail", pytest.approx(0.90, abs=1e-6), pytest.approx(0.95 * 0.96))
    half = own(tmp_path, NODE)["efficiency"]
    assert (half.verdict, central(half.value)) == ("pass", pytest.approx(0.96, abs=1e-6))
    assert checked(tmp_path)["efficiency"].verdict == "not checkable"  # a shelf of which only the peak is published


def test_uneven_sides_do_not_hide_behind_half_of_the_shelves(tmp_path):
    """Three shelves on A, one on B, N+N: half of four carry 60 kW, and the one that is left on B does not."""
    text = WHOLE.replace("u2: shelf-33kw", "u2: shelf-33kw, u11: shelf-33kw, u12: shelf-33kw").replace("{A: u1, B: u2}", '{A: "u1-u2, u11", B: u12}').replace("N+1", "N+N")
    rows = checked(tmp_path, "power.load=60 kW", text=text)
    assert rows["load-firm"].verdict == "pass"
    assert rows["shelf-output-feed-a-lost"].verdict == "fail"
    assert central(rows["shelf-output-feed-a-lost"].value) == pytest.approx(60 / 33, rel=1e-3)
    lost = checked(tmp_path, "power.load=60 kW", text=text, case="feed-a-lost")["load-firm"]
    assert (lost.verdict, central(lost.limit)) == ("fail", 33e3)


def test_shelves_whose_feed_is_not_known_leave_n_plus_n_open(tmp_path):
    rows = checked(tmp_path, text=WHOLE.replace("{A: u1, B: u2}", "{A: u1}").replace("N+1", "N+N"))
    assert rows["feed-sides"].verdict == "not checkable"
    assert "shelf-33kw u2" in rows["feed-sides"].missing[0]
    assert "feed-sides" not in checked(tmp_path)


def test_a_peak_is_what_accelerators_draw_above_their_tdp(tmp_path):
    answer = describe_rack(load_design(written(tmp_path)))
    ratio = central(answer.ledger.value("catalog.power-transients.gpu_spike_ratio"))
    assert central(answer.power_peak_w) == pytest.approx(central(answer.power_load_w) + (ratio - 1.0) * 16 * 1000.0)


def test_a_shelf_loses_its_connector_before_its_volts(tmp_path):
    """33 kW / 49 V = 673 A of 700; an 18 kW shelf in moving air carries 500 A instead of 360."""
    row = checked(tmp_path)["shelf-connector-shelf-33kw"]
    assert (row.verdict, central(row.value), central(row.limit)) == ("pass", pytest.approx(33e3 / 49), 700.0)
    text = "frame: orv3\nslots: {u1: shelf-18kw, u5: tray}\nassemblies: {tray: {parts: [2 x b200]}}\npower: {bus: 47.5 V, connector_cooling: moving air}\n"
    moved = checked(tmp_path, text=text)["shelf-connector-shelf-18kw"]
    assert (moved.verdict, central(moved.limit)) == ("pass", 500.0)
