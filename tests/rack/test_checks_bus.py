"""Feeds, busbar and connectors: bad racks with their value worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from rackloom.draws import central
from rackloom.rack import describe_rack, design_with

from .racks import WHOLE, checked, written

LONG = """\
frame: orv3
slots: {u1: shelf-18kw, u41: tray}
assemblies: {tray: {parts: [2 x b200], power: 4 kW}}
power: {feeds: 1 x 415 V, bus: 48 V, droop: 1 V, busbar: {rating: 500 A, resistance: 500 uohm/m}}
"""
TWO_KINDS = """\
frame: orv3
slots: {u1: shelf-18kw, u2: big, u3: small}
assemblies: {big: {parts: [2 x b200], power: 9 kW, connectors: 3}, small: {parts: [2 x connectx-7], power: 5.5 kW}}
power: {feeds: 1 x 415 V, bus: 50 V}
"""


def test_the_far_end_of_a_long_thin_busbar_is_starved(tmp_path):
    """40 units of 48 mm at 500 uohm/m are 0.96 mohm; set point 48 + 4/18 V, droop 1 V over 375 A: V I = 4 kW behind 3.627 mohm."""
    set_point, ohm = 48.0 + 4.0 / 18.0, 1.0 / 375.0 + 0.96e-3
    volts = (set_point + np.sqrt(set_point**2 - 4 * ohm * 4e3)) / 2
    row = checked(tmp_path, text=LONG)["tray-voltage"]
    assert (row.verdict, central(row.value), central(row.limit)) == ("pass", pytest.approx(volts, rel=1e-9), 46.0)
    ohm = 1.0 / 375.0 + 40 * 0.048 * 0.02
    volts = (set_point + np.sqrt(set_point**2 - 4 * ohm * 4e3)) / 2
    thin = checked(tmp_path, "power.busbar.resistance=20 mohm/m", text=LONG)
    assert (thin["tray-voltage"].verdict, central(thin["tray-voltage"].value)) == ("fail", pytest.approx(volts, rel=1e-9))
    assert central(thin["busbar-segment"].value) == pytest.approx(4e3 / volts, rel=1e-9)


def test_a_busbar_without_a_solution_fails_every_check_of_it(tmp_path):
    """More than V^2 / 4R = 48.2^2 / (4 x 0.195) = 2.97 kW cannot pass at all."""
    rows = checked(tmp_path, "power.busbar.resistance=100 mohm/m", text=LONG)
    assert {rows[name].verdict for name in ("busbar-segment", "busbar-rise", "tray-voltage", "shelf-output", "trays-fed")} == {"fail"}
    assert central(rows["tray-voltage"].margin) == -1.0


def test_rise_goes_with_the_square_of_the_current(tmp_path):
    row = checked(tmp_path)["busbar-rise"]
    current = central(checked(tmp_path)["busbar-segment"].value)
    assert central(row.value) == pytest.approx(30.0 * (current / 1400.0) ** 2, rel=1e-9)


def test_the_fullest_connector_counts_not_the_hungriest_tray(tmp_path):
    """9 kW over three connectors are 60 A each; 5.5 kW over one are 110."""
    row = checked(tmp_path, text=TWO_KINDS)["tray-connector"]
    assert (row.verdict, central(row.value), central(row.limit)) == ("fail", pytest.approx(110.0), 100.0)
    both = checked(tmp_path, "assemblies.small.connectors=2", text=TWO_KINDS)["tray-connector"]
    assert (both.verdict, central(both.value)) == ("pass", pytest.approx(60.0))


def test_a_connector_carries_what_the_stated_load_asks_of_it(tmp_path):
    """A load stated for the whole rack counts for its trays: 29 kW, shared as 9 to 5.5, are 11 kW at the small one."""
    row = checked(tmp_path, "power.load=29 kW", text=TWO_KINDS)["tray-connector"]
    assert (row.verdict, central(row.value)) == ("fail", pytest.approx(11e3 / 50.0))


def test_the_feeds_that_are_left_carry_the_rack_in_a_case(tmp_path):
    """Two feeds for four shelves: 60 kW / 0.975 over sqrt(3) x 415 V are 85.6 A on one, 42.8 on each of two."""
    text = WHOLE.replace("u2: shelf-33kw", "u2: shelf-33kw, u11: shelf-33kw, u12: shelf-33kw").replace("{A: u1, B: u2}", "{A: u1-u2, B: u11-u12}")
    both, one = (central(checked(tmp_path, "power.load=60 kW", text=text, case=case)["feed-current"].value) for case in ("normal", "feed-a-lost"))
    assert one == pytest.approx(60e3 / 0.975 / (np.sqrt(3) * 415), rel=1e-6)
    assert both == pytest.approx(one / 2)


def test_a_direct_feed_has_no_root_of_three(tmp_path):
    rows = checked(tmp_path, "power.kind=dc", "power.feeds=2 x 400 V", "power.load=20 kW")
    assert central(rows["feed-current"].value) == pytest.approx(20e3 / 0.975 / 400 / 2, rel=1e-6)


def test_a_30_a_breaker_under_each_code(tmp_path):
    """19.5 kW / 0.975 over two feeds: 13.9 A each; on one feed 27.8 A: beyond 80 % of 30 A, within all of it."""
    words = ["power.load=19.5 kW", "power.feeds=1 x 415 V", "power.breaker=30 A"]
    nec, iec, full = (checked(tmp_path, *words, *more)["feed-current"] for more in ([], ["environment.code=IEC"], ["power.breaker_rated=100 %"]))
    assert central(nec.value) == pytest.approx(20e3 / (np.sqrt(3) * 415), rel=1e-6)
    assert (nec.verdict, iec.verdict, full.verdict) == ("fail", "pass", "pass")
    assert central(nec.limit) == 24.0


def test_one_shelf_a_feed_is_judged_by_the_fullest(tmp_path):
    rows = checked(tmp_path, text=WHOLE.replace("N+1", "N+N"))
    lost = rows["feed-current-feed-a-lost"]
    assert central(lost.value) == pytest.approx(central(rows["feed-current"].value), rel=5e-3)  # one feed carries all either way; the bar's own loss on top


def test_losing_a_feed_never_lightens_the_fullest_shelf(tmp_path):
    answer = describe_rack(design_with(written(tmp_path), []))
    fullest = {line.name: central(line.fullest_shelf_share) for line in answer.states}
    for name in ("feed-a-lost", "feed-b-lost", "shelf-u1-lost", "psu-u1-lost"):
        assert fullest[name] >= fullest["normal"] - 1e-12
