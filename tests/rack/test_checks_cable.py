"""Checks of cables: each seen to pass on the layout measured by hand, and to fail on what it is there for."""

from __future__ import annotations

import numpy as np
import pytest

from rackloom.draws import central
from rackloom.errors import BadInput
from rackloom.rack import describe_rack, design_with, load_design, read_cable_log

from .layouts import LAYOUT, checks
from .racks import written


def test_the_layout_passes_what_can_be_judged(tmp_path):
    rows = checks(tmp_path)
    for name in ("cable-reach-down", "cable-reach-up", "cable-lane-down", "cable-lane-up", "port-rate-down", "cage-power-up-leaf", "ports-leaf-port", "ports-node-nic"):
        assert rows[name].verdict == "pass", name
    for name in ("channel-fill", "tray-fill", "tray-load", "cable-bend-down"):  # diameters are ours
        assert rows[name].verdict == "not checkable"
        assert "(assumed here)" in rows[name].missing[0]
        assert rows[name].value is not None


@pytest.mark.parametrize(
    ("old", "new", "check", "value", "limit"),
    [
        # a passive copper cable beyond its 2 m: 40 units of 48 mm, 440 + 100 mm across, 0.2 m slack
        ("u10-u11: 2 x node", "u42-u43: 2 x node", "cable-reach-down", 0.470 + 41 * 0.048 + 0.160 + 0.2, 2.0),
        ("rate: 800 Gbit/s, lanes: 8, split: 2", "rate: 800 Gbit/s, lanes: 4, split: 2", "cable-lane-down", 25e9, 12.5e9),
        ("lanes: 8, split: 2, cage: 18 W", "lanes: 8, split: 2, cage: 12 W", "cage-power-up-leaf", 15.0, 12.0),
        ("count: 4, from: node.nic, to: leaf.port}", "count: 4, from: leaf.port, to: node.nic, split: 4}", "breakout-down", 4.0, 2.0),
        ("count: 4, from: node.nic, to: leaf.port}", "count: 4, from: leaf.port, to: node.nic, split: 2}", "port-rate-down", 200e9, 100e9),
        ("to: leaf.port}", "to: leaf.port, length: 0.4 m}", "cable-length-down", 0.4, None),
        ("count: 2, from: leaf.port", "count: 1, from: leaf.port", "oversubscription-leaf", 4.0, 1.0),
    ],
)  # fmt: skip
def test_each_fails_on_what_it_is_there_for(tmp_path, old, new, check, value, limit):
    assert old in LAYOUT
    row = checks(tmp_path, LAYOUT.replace(old, new, 1))[check]
    assert row.verdict == "fail"
    assert central(row.value) == pytest.approx(value, rel=1e-9)
    if limit is not None:
        assert central(row.limit) == pytest.approx(limit, rel=1e-9)
    assert row.mend


def test_a_cable_too_long_for_its_medium_is_told_what_reaches(tmp_path):
    """2.76 m with lanes of 100 Gbit/s: linear active copper of 3 to 5 m, then optics; not the copper of 2 m, nor the slow or unstated ones."""
    row = checks(tmp_path, LAYOUT.replace("u10-u11: 2 x node", "u42-u43: 2 x node"))["cable-reach-down"]
    assert "lacc-100g-lane (4 m), osfp-400-sr4 (50 m), osfp-800-sr8 (50 m), osfp-800-dr8 (100 m)" in row.mend
    assert "dac-100g-lane" not in row.mend
    lines = {line.name: line for line in describe_rack(design_with(written(tmp_path, LAYOUT), [])).cables}
    assert lines["down"].media[0].startswith("dac-100g-lane")  # draws least, and reaches
    assert lines["up"].media == ("osfp-400-sr4 (50 m)", "osfp-800-sr8 (50 m)", "osfp-800-dr8 (100 m)")


def test_the_layout_is_oversubscribed_twice_and_may_be_meant_so(tmp_path):
    """Four ports of 800 Gbit/s towards the nodes, two towards the network."""
    row = checks(tmp_path)["oversubscription-leaf"]
    assert (row.verdict, central(row.value)) == ("fail", 2.0)
    assert checks(tmp_path, LAYOUT, "network.oversubscription=2")["oversubscription-leaf"].verdict == "pass"


def test_bodies_that_are_stated_give_a_verdict(tmp_path):
    """Six cables of 10 mm at most in the channel: 471 mm2 of 40 % of 60 x 80 = 1920; of 30 x 30 = 360."""
    parts = tmp_path / "parts"
    parts.mkdir()
    (parts / "cables.yaml").write_text(
        "thick:\n  kind: cable\n  title: a cable\n  medium: copper\n  reach_m: {value: '20 m', source: assumption, grade: E}\n"
        "  diameter_m: {value: '10 mm', source: assumption, grade: E}\n  mass_kg_per_m: {value: '0.2 kg/m', source: assumption, grade: E}\n"
        "  bend_ratio: {value: '8', source: assumption, grade: E}\n"
    )
    from rackloom.catalog import load_catalog

    text = LAYOUT.replace("dac-100g-lane", "thick").replace("osfp-800-sr8", "thick")

    def rows(*words):
        answer = describe_rack(design_with(written(tmp_path, text), words, catalog=load_catalog(str(parts))))
        return {check.id: check for check in answer.checks}

    good = rows()
    assert (good["channel-fill"].verdict, central(good["channel-fill"].value)) == ("pass", pytest.approx(6 * np.pi / 4 * 1e-4))
    assert central(good["tray-fill"].value) == pytest.approx(2 * np.pi / 4 * 1e-4)
    assert (good["tray-load"].verdict, central(good["tray-load"].value)) == ("pass", pytest.approx(0.4))
    assert (good["cable-bend-down"].verdict, central(good["cable-bend-down"].value)) == ("pass", pytest.approx(0.08))
    assert rows("cabling.channel_width=30 mm", "cabling.channel_depth=30 mm")["channel-fill"].verdict == "fail"
    assert rows("cabling.tray_width=10 mm", "cabling.tray_height=30 mm")["tray-fill"].verdict == "fail"
    assert rows("cabling.tray_load=0.3 kg/m")["tray-load"].verdict == "fail"
    assert rows("cabling.bend=70 mm")["cable-bend-down"].verdict == "fail"


RAILS = LAYOUT.replace("slots: {u2: leaf,", "slots: {u2-u3: 2 x leaf,")


def test_cables_on_a_wrong_rail_are_counted_and_named(tmp_path):
    good = RAILS.replace("to: leaf.port}", "to: leaf.port, map: rail}")
    assert checks(tmp_path, good)["rail-map-down"].verdict == "pass"
    links = ["node[0].nic[0] -> leaf[1].port[0]", "node[0].nic[1] -> leaf[0].port[0]", "node[1].nic[0] -> leaf[0].port[1]", "node[1].nic[1] -> leaf[1].port[1]"]
    bad = RAILS.replace("count: 4, from: node.nic, to: leaf.port}", f"map: rail, links: {links!r}}}".replace('"', "'"))
    row = checks(tmp_path, bad)["rail-map-down"]
    assert (row.verdict, row.value) == ("fail", 2.0)


def log(tmp_path, rows):
    path = tmp_path / "log.csv"
    path.write_text("from,to\n" + "".join(f"{one},{other}\n" for one, other in rows))
    return read_cable_log(path)


def test_swapped_cables_of_a_log_are_told_as_a_pair(tmp_path):
    design = design_with(written(tmp_path, LAYOUT), [])
    right = [(run.source, run.target) for run in describe_rack(design).cable_runs if run.line == "down"]
    said = {check.id: check for check in describe_rack(design, seen=log(tmp_path, right)).checks}["cable-map"]
    assert said.verdict == "pass"
    wrong = [(right[0][0], right[1][1]), (right[1][0], right[0][1]), *right[2:]]
    said = {check.id: check for check in describe_rack(design, seen=log(tmp_path, wrong)).checks}["cable-map"]
    assert (said.verdict, said.value) == ("fail", 1.0)
    assert "node u10 nic 1 and node u10 nic 2 are swapped" in said.question
    backwards = [(target, source) for source, target in right]
    assert {check.id: check for check in describe_rack(design, seen=log(tmp_path, backwards)).checks}["cable-map"].verdict == "pass"
    strange = {check.id: check for check in describe_rack(design, seen=log(tmp_path, [("spine 1", "leaf 9")])).checks}["cable-map"]
    assert "no port is labelled 'spine 1' or 'leaf 9'" in strange.question


def test_a_log_without_its_columns_is_refused_by_line(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(BadInput, match="no 'from' in this row"):
        read_cable_log(path)
    with pytest.raises(BadInput, match="no-such"):
        read_cable_log(tmp_path / "no-such.csv")


def test_the_backplane_has_the_published_5184_cables():
    answer = describe_rack(load_design("gb200-nvl72"))
    assert next(line.count for line in answer.cables if line.name == "backplane") == 5184
    assert next(check for check in answer.checks if check.id == "published-cables").verdict == "pass"
    off = {check.id: check for check in describe_rack(design_with("gb200-nvl72", ["cables.backplane.medium=nvl72-spine", "cables.backplane.count=72 x 18 x 2"])).checks}
    assert off["published-cables"].verdict == "fail"
