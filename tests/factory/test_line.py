import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rackloom.draws import Draws
from rackloom.errors import BadInput
from rackloom.factory import load_line_preset, run_line
from rackloom.figures import Figure

from .lines import RACK, toy

DRAWS = Draws(7, 64, {"E": 0.3})


def test_a_line_by_hand():
    """Two stations, 4 cells.

    Assembly: frame 30, trays 18 x 5 = 90 in two lots of 45, pipe 20, close 10 min: 150 min in all, 75 min a station at best;
    frame + one lot = 75 and the rest = 45 + 20 + 10 = 75, so the cycle is 75 min = 4500 s.
    40 h/wk x 0.9 / 1.25 h = 28.8 racks/wk.
    Test: T = 4 + 48 = 52 h; y = 0.8: (1 - 0.8)/0.8 = 0.25 repairs a rack, each 6 h + 0.5 x 52 h = 32 h: 52 + 8 = 60 h.
    Hall: floor(1000 kW / 120 kW) = 8 > 4 cells. 4 x 168 h/wk / 60 h = 11.2 racks/wk: the cells are the bottleneck.
    Work: 0.5 h x 2 + 1.5 h x 2 + 1/3 h + 1/6 h + 4 h x 1 + 48 h x 0 = 8.5 h of people. Hall: 4 x 120 kW = 480 kW.
    """
    made = run_line(toy(), {"now": RACK}).generations["now"]
    assert made.cycle_time_s == pytest.approx(4500.0)
    assert made.assembly_racks_per_week == pytest.approx(28.8)
    assert made.test_hours == pytest.approx(60.0)
    assert made.test_racks_per_week == pytest.approx(11.2)
    assert made.racks_per_week == pytest.approx(11.2)
    assert made.work_content_hours == pytest.approx(8.5)
    assert made.hall_power_w == pytest.approx(480_000.0)
    assert made.bottleneck == "test cells"
    assert made.proved
    assert made.people == 2 + 2 + 1  # the largest crew of each station, and one person for four cells


def test_hall_power_limits_the_cells():
    # floor(300 kW / 120 kW) = 2 cells: 2 x 168 / 60 = 5.6 racks/wk
    made = run_line(toy(hall_w=300_000.0), {"now": RACK}).generations["now"]
    assert (made.cells, made.bottleneck) == (2, "test hall power")
    assert made.racks_per_week == pytest.approx(5.6)


def test_the_slowest_station_is_named():
    # 20 cells of which the hall feeds 8: 8 x 168 / 60 = 22.4 racks/wk; one station: 36 h / 2.5 h = 14.4 racks/wk
    made = run_line(toy(stations=1, cells=20), {"now": RACK}).generations["now"]
    assert made.racks_per_week == pytest.approx(14.4)
    assert made.bottleneck.startswith("assembly station 1: frame, ")


def test_what_a_rack_lacks_is_skipped_and_said():
    # air-cooled, no manifold: T = 48 h, 48 + 0.25 x (6 + 24) = 55.5 h; the order frame -> trays -> close still holds
    rack = {"compute_tray": 18.0, "power_load_w": 40_000.0, "is_liquid_cooled": 0.0}
    made = run_line(toy(), {"air": rack}).generations["air"]
    assert made.skipped == ("pipe", "leak")
    assert made.test_hours == pytest.approx(55.5)
    assert [name.split()[0] for station in made.stations for name in station.operations] == ["frame", "tray", "tray", "close"]


def test_a_skipped_operation_hands_on_its_order():
    rack = {key: value for key, value in RACK.items() if key != "compute_tray"}
    made = run_line(toy(stations=3), {"bare": rack}).generations["bare"]
    assert [name for station in made.stations for name in station.operations] == ["frame", "pipe", "close"]


def test_targets():
    asked = Figure("program.line.racks_per_week", 11.0, "rack/wk", "program.yaml:9", "A")
    answer = run_line(toy(), {"now": RACK, "next": RACK}, targets={"now": asked, "next": None})
    assert answer.generations["now"].meets is True
    assert answer.generations["next"].meets is None
    assert answer.ledger.value("factory.now.margin_racks_per_week") == pytest.approx(0.2)
    assert "factory.next.target_racks_per_week" not in answer.ledger
    assert dict(answer.racks_per_week) == pytest.approx({"now": 11.2, "next": 11.2})


def test_the_ledger_is_whole_and_draws_start_at_the_centre():
    answer = run_line(toy(spread=0.2), {"now": RACK}, draws=DRAWS)
    assert answer.ledger.dangling() == []
    plain = run_line(toy(spread=0.2), {"now": RACK}).generations["now"]
    drawn = answer.generations["now"]
    for name in ("racks_per_week", "cycle_time_s", "test_hours", "work_content_hours", "people", "hall_power_w"):
        assert np.asarray(getattr(drawn, name)).reshape(-1)[0] == pytest.approx(float(getattr(plain, name))), name
    assert np.all(np.asarray(drawn.racks_per_week) <= np.asarray(drawn.assembly_racks_per_week) + 1e-12)
    roots = {row.key for row in answer.ledger.roots_of("factory.now.racks_per_week")}
    assert {"preset.toy.burn_minutes", "preset.toy.first_pass_share", "preset.toy.hall_power_w", "preset.toy.uptime_share"} <= roots


def test_a_rack_without_power_or_above_the_hall_is_refused_all_at_once():
    racks = {"big": {**RACK, "power_load_w": 1_200_000.0}, "dark": {k: v for k, v in RACK.items() if k != "power_load_w"}, "fine": RACK}
    with pytest.raises(BadInput) as caught:
        run_line(toy(), racks)
    text = str(caught.value)
    assert len(caught.value.faults) == 2
    assert "'big': one rack draws 1200 kW" in text
    assert "'dark'" in text


def test_what_a_rate_takes_by_hand():
    """14 racks a week of the line of `test_a_line_by_hand`, which makes 11.2.

    Takt: 40 h x 3600 x 0.9 / 14 = 9257.14 s = 154 min, and the work is 150 min: one station. Cells: 14 x 60 h / 168 h = 5,
    of 120 kW each. At 60 a week the takt is 36 min, less than the 45 min of a lot of trays: no number of stations in a row does it.
    """
    asked = {name: Figure(f"program.demand.{name}", value, "rack/wk", "program.yaml:9", "A") for name, value in (("now", 14.0), ("far", 60.0), ("none", 0.0))}
    answer = run_line(toy(), dict.fromkeys(asked, RACK), targets=asked)
    now, far, none = (answer.generations[name] for name in ("now", "far", "none"))
    assert not now.meets
    assert now.takt_s == pytest.approx(40 * 3600 * 0.9 / 14)
    assert (now.stations_needed, now.cells_needed, now.hall_power_needed_w) == (1, 5.0, 600_000.0)
    assert (far.stations_needed, far.cells_needed) == (None, 22.0)  # 60 x 60 / 168 = 21.4
    assert (none.takt_s, none.meets) == (None, True)
    enough = run_line(toy(stations=1, cells=5), {"now": RACK}, targets=asked).generations["now"]
    assert enough.meets
    assert answer.ledger.dangling() == []


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 4), st.integers(1, 12), st.floats(0.3, 1.0))
def test_more_of_anything_never_makes_fewer_racks(stations, cells, passed):
    here = run_line(toy(stations=stations, cells=cells, first_pass=passed), {"now": RACK}).generations["now"]
    for more in ({"stations": stations + 1, "cells": cells}, {"stations": stations, "cells": cells + 1}):
        there = run_line(toy(first_pass=passed, **more), {"now": RACK}).generations["now"]
        assert there.racks_per_week >= here.racks_per_week - 1e-9
    assert here.bound_s <= here.cycle_time_s + 1e-9


def test_the_shipped_preset_runs_a_shipped_rack():
    """One station holds all the work, so the cycle is the sum of the middles of the preset, counted by hand for an NVL72 rack.

    Minutes: frame 27.5, busbar 30, manifold 52.5 + 40, backplane 82.5, shelves 8 x 8.5 = 68, feeds 8 x 14 = 112, switch trays
    9 x 10 = 90, compute trays 18 x 10 = 180, switches 2 x 17.5 = 35, couplings 54 x 1.25 = 67.5, cards (72 + 36) x 2 = 216,
    cords (18 + 9 + 2) x 4 = 116, connectors 27 x 4 = 108, safety 27.5, close 35: 1287.5 min.
    """
    counts = {"busbar": 1, "manifold": 1, "nvl72-spine": 1, "power_shelf": 8, "switch_tray": 9, "compute_tray": 18, "switch-management": 2, "quick_disconnect": 54, "nic": 108}
    rack = {**{key: float(value) for key, value in counts.items()}, "power_load_w": 130_000.0, "is_liquid_cooled": 1.0}
    answer = run_line(load_line_preset("l11-basic", stations=1), {"now": rack}, draws=DRAWS)
    made = answer.generations["now"]
    assert made.cycle_time_s[0] == pytest.approx(1287.5 * 60.0)
    # dock 1 h, leak 4 h, functional 15 h, burn-in 48 h, drain 2 h: 70 h; y = 0.7: 3/7 x (7 h + 0.65 x 70 h) = 22.5 h
    assert made.test_hours[0] == pytest.approx(92.5)
    assert made.skipped == ("fit power distribution units", "seat air-cooled nodes")
    assert answer.ledger.dangling() == []
