"""The solver of direct-current networks: closed forms, ladders by hand, the stable root, collapse and faults by name."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rackloom.errors import BadInput
from rackloom.physics import DcLoad, DcNetwork, DcSource, Segment, solve_busbar, solve_dc, two_bus
from tests.published.load import published


def two_node(source_v, load_w, line_ohm, droop_ohm):
    return DcNetwork((Segment("cable", "shelf", "tray", line_ohm),), (DcLoad("tray", "tray", load_w),), (DcSource("shelf", "shelf", source_v, droop_ohm),))


@pytest.mark.parametrize("case", published("dc_two_bus"), ids=lambda case: case["id"])
def test_two_buses_as_published(case):
    volts, watts, loop = case["source_v"], case["load_w"], case["loop_ohm"]
    flow = solve_dc(two_node(volts, watts, 0.25 * loop, 0.75 * loop))  # droop and cable together are the loop
    assert float(flow.source_current_a[0]) == pytest.approx(case["expected_a"], abs=1e-6)
    assert float(flow.voltage_at("tray")) == pytest.approx(case["expected_v"], abs=1e-6)
    assert float(flow.segment_loss_w[0]) == pytest.approx(0.25 * case["expected_loss_w"], abs=1e-6)
    current, tray = two_bus(volts, watts, loop)
    assert (float(current), float(tray)) == (pytest.approx(case["expected_a"], abs=1e-6), pytest.approx(case["expected_v"], abs=1e-6))
    bar = solve_busbar(np.array([0.25 * loop]), np.array([0.0, watts]), np.array([0]), set_point_v=volts, droop_ohm=0.75 * loop)
    assert float(bar.voltage_v[1]) == pytest.approx(case["expected_v"], abs=1e-6)


def test_a_ladder_of_constant_currents_by_hand():
    """Two trays of 100 A and 200 A on 1 mohm pieces behind a 2 mohm shelf at 50 V: 300 A drop 0.6 V, 0.3 V and 0.2 V."""
    net = DcNetwork(
        (Segment("one", "s", "a", 1e-3), Segment("two", "a", "b", 1e-3)),
        (DcLoad("a", "a", current_a=100.0), DcLoad("b", "b", current_a=200.0)),
        (DcSource("s", "s", 50.0, 2e-3),),
    )
    flow = solve_dc(net)
    np.testing.assert_allclose(flow.voltage_v, [49.4, 49.1, 48.9], rtol=1e-12)
    np.testing.assert_allclose(flow.segment_current_a, [300.0, 200.0], rtol=1e-9)
    assert float(flow.segment_loss_w.sum()) == pytest.approx(300**2 * 1e-3 + 200**2 * 1e-3, rel=1e-9)


def test_constant_resistance_is_a_divider():
    net = DcNetwork((Segment("w", "s", "t", 1.0),), (DcLoad("t", "t", resistance_ohm=7.0),), (DcSource("s", "s", 50.0, 2.0),))
    assert float(solve_dc(net).voltage_at("t")) == pytest.approx(35.0, rel=1e-12)  # 50 x 7 / (1 + 2 + 7)


def test_a_ring_splits_by_conductance():
    """From s to t a path of 1 mohm and one of 2 + 1 mohm: 300 A split 225 to 75."""
    net = DcNetwork(
        (Segment("short", "s", "t", 1e-3), Segment("long", "s", "m", 2e-3), Segment("rest", "m", "t", 1e-3)),
        (DcLoad("t", "t", current_a=300.0),),
        (DcSource("s", "s", 50.0, 1e-3),),
    )
    np.testing.assert_allclose(solve_dc(net).segment_current_a, [225.0, 75.0, 75.0], rtol=1e-9)


def test_the_largest_load_and_one_watt_beyond():
    """40 V behind 4 ohm carries at most V^2 / 4R = 100 W, at 20 V; near it the higher root is taken."""
    flow = solve_dc(two_node(40.0, np.array([99.0, 99.999999, 100.000001, 1e6]), 1.0, 3.0))
    assert flow.collapsed.tolist() == [False, False, True, True]
    assert float(flow.voltage_at("tray")[0]) == pytest.approx((40 + math.sqrt(1600 - 16 * 99)) / 2, rel=1e-12)  # 22 V; the other root is 18 V
    assert np.isnan(flow.voltage_v[2]).all()
    assert "cannot carry" in flow.faults(2)[0]
    assert "'tray'" in flow.faults(2)[0]


def two_shelves(group, droop=1e-3, **changes):
    ends = [DcSource(name, node, 50.0, droop, share_group=group, **changes.get(name, {})) for name, node in (("low", "n0"), ("high", "n3"))]
    segments = tuple(Segment(f"b{k}", f"n{k}", f"n{k + 1}", 1e-4) for k in range(3))
    return DcNetwork(segments, (DcLoad("t1", "n1", 30e3), DcLoad("t2", "n2", 5e3)), tuple(ends))


def test_droop_leans_to_the_nearer_load_and_active_sharing_does_not():
    droop, active = solve_dc(two_shelves("")), solve_dc(two_shelves("bus"))
    assert droop.source_current_a[0] > droop.source_current_a[1] + 10.0
    assert active.source_current_a[0] == pytest.approx(active.source_current_a[1], rel=1e-12)
    ends = 0.5 * (active.voltage_at("n0") + active.voltage_at("n3"))
    assert float(ends) == pytest.approx(50.0 - 1e-3 * float(active.source_current_a[0]), rel=1e-12)
    held = solve_dc(two_shelves("bus", droop=0.0))  # no droop at all: the mean is the set point
    assert 0.5 * float(held.voltage_at("n0") + held.voltage_at("n3")) == pytest.approx(50.0, rel=1e-12)


def test_shares_by_weight():
    flow = solve_dc(two_shelves("bus", low={"share_weight": 2.0}))
    assert float(flow.source_current_a[0] / flow.source_current_a[1]) == pytest.approx(2.0, rel=1e-12)


@pytest.mark.parametrize("group", ["", "bus"])
def test_a_lost_shelf_is_carried_by_the_other_and_named_where_that_is_too_much(group):
    flow = solve_dc(two_shelves(group, low={"limit_a": 500.0}, high={"live": np.array([True, False])}))
    assert flow.source_current_a[1].tolist()[1] == 0.0
    assert flow.source_overloaded.tolist() == [[False, False], [True, False]]
    assert flow.faults(0) == ()
    assert flow.faults(1)[0].startswith("source 'low' is overloaded: 7")
    assert "limit 500 A" in flow.faults(1)[0]


def test_an_open_bar_shares_in_each_part_and_names_what_is_not_fed():
    open_bar = two_shelves("bus")
    cut = tuple(Segment(s.name, s.start, s.end, s.resistance_ohm, closed=s.name != "b1") for s in open_bar.segments)
    flow = solve_dc(DcNetwork(cut, open_bar.loads, open_bar.sources))
    assert float(flow.source_power_w[0]) == pytest.approx(30e3 + float(flow.segment_loss_w[0]), rel=1e-9)
    dark = DcNetwork(cut, open_bar.loads, (open_bar.sources[0],))
    flow = solve_dc(dark)
    assert flow.unfed.tolist() == [False, True]
    assert float(flow.voltage_at("n3")) == 0.0
    assert flow.faults() == ("load 't2' is not fed: no live source reaches node 'n2'",)
    assert abs(float(flow.balance_w)) < 1e-6


def test_nothing_live_feeds_nothing():
    flow = solve_dc(two_shelves("bus", low={"live": False}, high={"live": False}))
    assert flow.unfed.all()
    assert not flow.collapsed
    assert not flow.source_current_a.any()


def test_a_source_below_the_bar_gives_nothing_and_takes_nothing():
    """A battery shelf set at 48.5 V beside a 50 V shelf waits until the shelf is lost."""
    net = DcNetwork(
        (Segment("w", "s", "t", 1e-3),),
        (DcLoad("t", "t", 5e3),),
        (DcSource("shelf", "s", 50.0, 1e-3, live=np.array([True, False])), DcSource("battery", "s", 48.5, 1e-3)),
    )
    flow = solve_dc(net)
    assert flow.source_current_a[0, 1] == 0.0
    assert flow.source_current_a[1, 0] == 0.0
    alone = two_bus(48.5, 5e3, 2e-3)[0]
    assert flow.source_current_a[1, 1] == pytest.approx(float(alone), rel=1e-12)


def test_a_segment_beyond_its_rating_is_named():
    net = two_shelves("")
    rated = tuple(Segment(s.name, s.start, s.end, s.resistance_ohm, rating_a=300.0) for s in net.segments)
    said = solve_dc(DcNetwork(rated, net.loads, net.sources)).faults()
    assert said[0].startswith("segment 'b0' carries")
    assert said[0].endswith("rated 300 A")


def test_faults_are_told_all_at_once_by_name():
    bad = DcNetwork(
        (Segment("joint", "a", "b", 0.0), Segment("loop", "b", "b", 1.0), Segment("joint", "b", "c", 1.0)),
        (DcLoad("tray", "bb", 100.0), DcLoad("odd", "b", -1.0)),
        (DcSource("shelf", "a", 50.0, 0.0), DcSource("low", "a", -1.0, 1.0)),
    )
    with pytest.raises(BadInput) as caught:
        solve_dc(bad)
    said = str(caught.value)
    for words in ("segment 'joint' has a resistance of 0 ohm", "segment 'loop' begins and ends", "segment 'joint' stands twice", "load 'tray' hangs at node 'bb'", "nearest: 'b'",
                  "load 'odd' has power_w = -1", "source 'shelf' is ideal", "source 'low' has a set point of -1 V"):  # fmt: skip
        assert words in said
    with pytest.raises(BadInput, match="without a source"):
        solve_dc(DcNetwork((Segment("w", "a", "b", 1.0),), (), ()))
    with pytest.raises(BadInput, match="do not broadcast"):
        solve_dc(two_node(np.array([50.0, 51.0]), np.ones(3), 1.0, 1.0))
    with pytest.raises(BadInput, match="no node 'x'"):
        solve_dc(two_node(50.0, 1.0, 1.0, 1.0)).voltage_at("x")


def test_an_empty_batch_is_answered_with_an_empty_one():
    assert solve_dc(two_node(50.0, np.zeros(0), 1.0, 1.0)).voltage_v.shape == (0, 2)
