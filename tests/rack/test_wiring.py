"""Cables from port to port: lengths measured by hand, never shorter than the straight line, 'at least' where a position is unknown."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rackloom.errors import BadInput
from rackloom.ledger import Ledger
from rackloom.rack import check_many, describe_rack, design_with, load_design
from rackloom.rack.wiring import wires_of

from .layouts import LAYOUT, wires
from .racks import written


def test_lengths_by_hand_to_a_centimetre(tmp_path):
    """Left channel 40 mm outside the edge.

    node u10 nic 1: 400 mm across + 40, 8 units of 48 mm down, 40 + 60 mm across to leaf port 1: 440 + 384 + 100 = 924, slack 200.
    node u10 nic 2: 430 + 40 + 384 + 40 + 80 = 974 + 200. node u11: one unit more, ports 3 and 4: 440 + 432 + 140 and 470 + 432 + 160.
    """
    found = wires(tmp_path)["down"]
    assert found.length_m == pytest.approx([1.124, 1.174, 1.212, 1.262], abs=1e-9)
    assert found.at_least == ()
    assert found.straight_m[0] == pytest.approx(np.hypot(0.340, 0.384))


def test_what_leaves_goes_up_to_the_tray_and_along_it(tmp_path):
    """Leaf port 5 at 60 + 4 x 20 = 140 mm, its middle 1.5 units of 48 mm over unit 1, which begins 100 mm up: 172 mm; to 2.6 m: 2.428; 8 m along; 0.2 slack."""
    found = wires(tmp_path)["up"]
    assert found.source.number.tolist() == [4, 5]  # the ports that 'down' left
    assert found.length_m == pytest.approx([0.140 + 0.040 + 2.428 + 8.0 + 0.2, 0.160 + 0.040 + 2.428 + 8.0 + 0.2], abs=1e-9)


def test_the_nearer_and_the_right_side(tmp_path):
    """Right: 537 - 400 + 40 + 384 + 40 + 537 - 60: 1078 against 924 on the left."""
    assert wires(tmp_path, LAYOUT, "cabling.side=right")["down"].length_m[0] == pytest.approx(0.177 + 0.384 + 0.517 + 0.2)
    assert wires(tmp_path, LAYOUT, "cabling.side=nearest")["down"].length_m[0] == pytest.approx(1.124)


def test_to_the_rear_a_cable_goes_round_the_side(tmp_path):
    """node u10 to back u20: 400 + 40, 10 units, depth of 1068 mm, 40 + 100."""
    text = LAYOUT.replace("  down:", "  round: {medium: dac-100g-lane, count: 1, from: node.nic, to: back.port}\n  down:").replace(
        "count: 4, from: node.nic", "count: 3, from: node.nic"
    )
    assert wires(tmp_path, text)["round"].length_m[0] == pytest.approx(0.440 + 0.480 + 1.068 + 0.140 + 0.2)


def test_a_loop_is_longer_by_the_pull_and_orders_go_up_in_steps(tmp_path):
    text = LAYOUT.replace("to: leaf.port}", "to: leaf.port, loop: true}")
    assert wires(tmp_path, text)["down"].length_m[0] == pytest.approx(1.124 + 0.6)
    answer = describe_rack(design_with(written(tmp_path, text), []))
    assert [run.order_m for run in answer.cable_runs if run.line == "down"] == [2.0, 2.0, 2.0, 2.0]
    assert answer.cut_list[0].count == 4
    assert [(run.source, run.target) for run in answer.cable_runs][:2] == [("node u10 nic 1", "leaf u2 port 1"), ("node u10 nic 2", "leaf u2 port 2")]


@pytest.mark.parametrize(
    ("gone", "line", "lacks"),
    [("at: 400 mm, ", "down", "position of the ports of node"), (", spacing: 30 mm", "down", "spacing of the ports of node"), ("base: 100 mm, ", "up", "height of unit 1"),
     (", reach: {network: 8 m}", "up", "way along the tray to 'network'")],
)  # fmt: skip
def test_an_unknown_position_gives_at_least(tmp_path, gone, line, lacks):
    assert gone in LAYOUT
    known, short = wires(tmp_path)[line], wires(tmp_path, LAYOUT.replace(gone, ""))[line]
    assert any(lacks in word for word in short.at_least)
    assert np.all(short.length_m <= known.length_m + 1e-12)
    assert np.any(short.length_m < known.length_m)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(3, 40), st.floats(0.0, 0.5), st.floats(0.0, 0.5), st.floats(0.0, 0.1), st.sampled_from(["left", "right", "nearest"]), st.sampled_from(["channel", "straight"]),
    st.floats(0.0, 0.5), st.booleans(),
)  # fmt: skip
def test_no_cable_is_shorter_than_the_straight_line(tmp_path_factory, unit, one, other, channel, side, route, slack, rear):
    text = f"""\
frame: orv3
slots: {{u1: leaf, {"rear " if rear else ""}u{unit}: node}}
assemblies:
  leaf: {{power: 1 W, parts: [b200], ports: {{port: {{count: 1, at: {one!r} m}}}}}}
  node: {{power: 1 W, parts: [b200], ports: {{nic: {{count: 1, face: {"rear" if rear else "front"}, at: {other!r} m}}}}}}
cabling: {{channel: {channel!r} m, side: {side}, slack: {slack!r} m}}
cables: {{down: {{medium: dac-100g-lane, count: 1, from: node.nic, to: leaf.port, route: {route}}}}}
"""
    found = wires(tmp_path_factory.mktemp("wires"), text)["down"]
    truth = np.sqrt((one - other) ** 2 + (0.048 * (unit - 1)) ** 2 + (1.068 if rear else 0.0) ** 2)
    assert found.straight_m[0] == pytest.approx(truth)
    assert found.length_m[0] >= truth - 1e-12


def test_rails_take_port_r_to_switch_r(tmp_path):
    text = LAYOUT.replace("slots: {u2: leaf,", "slots: {u2-u3: 2 x leaf,").replace("to: leaf.port}", "to: leaf.port, map: rail}")
    found = wires(tmp_path, text)["down"]
    assert found.target.which.tolist() == [0, 1, 0, 1]
    assert found.target.number.tolist() == [0, 0, 1, 1]


def test_a_port_that_is_split_is_one_end_for_two_cables(tmp_path):
    text = LAYOUT.replace(
        "  down: {medium: dac-100g-lane, count: 4, from: node.nic, to: leaf.port}", "  down: {medium: dac-100g-lane, count: 4, from: leaf.port, to: node.nic, split: 2}"
    )
    assert wires(tmp_path, text)["down"].source.number.tolist() == [0, 0, 1, 1]


LINKS = "links: ['node[0].nic[0] -> leaf[0].port[7]', 'node[1].nic[1] -> leaf[0].port[0]']"


def test_links_are_laid_as_they_are_stated(tmp_path):
    found = wires(
        tmp_path, LAYOUT.replace("count: 4, from: node.nic, to: leaf.port}", LINKS + "}").replace("  up: {medium: osfp-800-sr8, count: 2, from: leaf.port, to: network}\n", "")
    )["down"]
    assert [found.source.label(k) + " - " + found.target.label(k) for k in (0, 1)] == ["node u10 nic 1 - leaf u2 port 8", "node u11 nic 2 - leaf u2 port 1"]


@pytest.mark.parametrize(
    ("old", "new", "said", "line"),
    [
        ("count: 4, from: node.nic", "count: 7, from: node.nic", "cables down: 7 ports 'nic' of node are asked for, there are 4", 10),
        ("count: 2, from: leaf.port", "count: 5, from: leaf.port", "cables down, up: 9 ports 'port' of leaf are asked for, there are 8: ports would be connected twice", 11),
        ("from: node.nic", "from: node.nik", "node has no ports 'nik'", 10),
        ("to: leaf.port", "to: leef.port", "nothing here is called 'leef'", 10),
        ("count: 4, from: node.nic, to: leaf.port", LINKS.replace("port[7]", "port[8]"), "ends at leaf[0].port[8], which is not there", 10),
        ("count: 4, from: node.nic, to: leaf.port", LINKS.replace("port[7]", "port[0]"), "leaf[0].port[0] is connected twice", 10),
        ("count: 4, from: node.nic, to: leaf.port", "links: ['leaf[0].port[0] -> node[0].nic[0]', 'leaf[0].port[0] -> node[0].nic[1]', 'leaf[0].port[0] -> node[1].nic[0]'], split: 2", "leaf[0].port[0] is broken out twice", 10),
        ("count: 4, from: node.nic, to: leaf.port", "links: [node to leaf]", "'node to leaf' is no link", 10),
        ("from: node.nic", "from: node nic", "'node nic' is no thing with its ports", 10),
    ],
)  # fmt: skip
def test_bad_ends_are_refused_at_their_line(tmp_path, old, new, said, line):
    assert old in LAYOUT
    with pytest.raises(BadInput) as caught:
        load_design(written(tmp_path, LAYOUT.replace(old, new, 1)))
    faults = [fault for fault in caught.value.faults if said in fault.what]
    assert faults, [fault.what for fault in caught.value.faults]
    assert all(fault.place.line == line and fault.mend for fault in faults)


def test_many_layouts_at_once_are_each_as_alone(tmp_path):
    design = design_with(written(tmp_path, LAYOUT), [])
    slack, at = np.array([0.0, 0.3, 1.0]), np.array([0.1, 0.2, 0.3])
    many = check_many(design, {"cabling.slack": slack, "assemblies.node.ports.nic.at": at})
    for k in range(3):
        words = [f"cabling.slack={float(slack[k])!r} m", f"assemblies.node.ports.nic.at={float(at[k])!r} m"]
        alone = wires_of(design_with(written(tmp_path, LAYOUT), words), Ledger())[0]
        assert many.value[many.ids.index("cable-reach-down"), k] == pytest.approx(float(alone.longest_m))
