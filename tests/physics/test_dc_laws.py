"""Laws of networks: Kirchhoff, energy, monotony, and that many at once are as one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rackloom.errors import BadInput
from rackloom.physics import DcLoad, DcNetwork, DcSource, Segment, busbar_network, solve_busbar, solve_dc

SEEDS = st.integers(0, 10_000)


def meshed(seed: int, *, group: str = "", states: int = 3, nodes: int = 7) -> DcNetwork:
    """A tree with some rings, mixed loads, and shelves of which the first always lives."""
    rng = np.random.default_rng(seed)
    segments = [Segment(f"s{k}", f"n{rng.integers(0, k)}", f"n{k}", rng.uniform(1e-5, 1e-3, states)) for k in range(1, nodes)]
    segments += [Segment(f"ring{k}", *(f"n{i}" for i in rng.choice(nodes, 2, replace=False)), float(rng.uniform(1e-5, 1e-3))) for k in range(2)]
    kinds = [{"power_w": rng.uniform(0, 9e3, states)}, {"current_a": rng.uniform(0, 100, states)}, {"resistance_ohm": float(rng.uniform(1, 10))}]
    loads = [DcLoad(f"d{k}", f"n{rng.integers(0, nodes)}", **kinds[k % 3]) for k in range(5)]
    sources = [
        DcSource(
            f"p{k}",
            f"n{rng.integers(0, nodes)}",
            50.0 + (0.0 if group else float(rng.normal(0, 0.1))),
            float(rng.uniform(1e-4, 1e-3)),
            live=(rng.random(states) < 0.7) | (k == 0),
            share_group=group,
        )
        for k in range(3)
    ]
    return DcNetwork(tuple(segments), tuple(loads), tuple(sources))


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.sampled_from(["", "bus"]))
def test_kirchhoff_at_each_node_and_energy_over_all(seed, group):
    net = meshed(seed, group=group)
    flow = solve_dc(net)
    assert not flow.collapsed.any()
    place = {node: k for k, node in enumerate(net.nodes)}
    left = np.zeros((3, len(place)))
    for k, s in enumerate(net.segments):
        left[:, place[s.start]] -= flow.segment_current_a[:, k]
        left[:, place[s.end]] += flow.segment_current_a[:, k]
        drop = flow.voltage_at(s.start) - flow.voltage_at(s.end)
        np.testing.assert_allclose(drop, flow.segment_current_a[:, k] * s.resistance_ohm, atol=1e-12)
    for k, s in enumerate(net.sources):
        left[:, place[s.node]] += flow.source_current_a[:, k]
    for k, d in enumerate(net.loads):
        left[:, place[d.node]] -= flow.load_current_a[:, k]
        asked = d.power_w + d.current_a * flow.voltage_at(d.node) + flow.voltage_at(d.node) ** 2 / d.resistance_ohm
        np.testing.assert_allclose(flow.load_power_w[:, k], asked, rtol=1e-9)
    total = flow.source_current_a.sum(axis=1)
    assert np.abs(left).max() < 1e-8 * total.max()
    assert np.abs(flow.balance_w).max() < 1e-8 * flow.source_power_w.sum(axis=1).max()
    assert (flow.segment_loss_w >= 0.0).all()


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_each_droop_source_stands_on_its_line_or_gives_nothing(seed):
    net = meshed(seed)
    flow = solve_dc(net)
    for k, s in enumerate(net.sources):
        volts, amperes, live = flow.voltage_at(s.node), flow.source_current_a[:, k], np.broadcast_to(s.live, 3)
        line = np.where(live, np.maximum((s.set_point_v - volts) / s.droop_ohm, 0.0), 0.0)
        np.testing.assert_allclose(amperes, line, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.sampled_from(["", "bus"]))
def test_a_batch_is_as_one_by_one(seed, group):
    net = meshed(seed, group=group)
    flow = solve_dc(net)

    def one(value, state):
        return np.broadcast_to(value, 3)[state]

    for state in range(3):
        alone = solve_dc(
            DcNetwork(
                tuple(Segment(s.name, s.start, s.end, one(s.resistance_ohm, state)) for s in net.segments),
                tuple(DcLoad(d.name, d.node, one(d.power_w, state), one(d.current_a, state), one(d.resistance_ohm, state)) for d in net.loads),
                tuple(DcSource(s.name, s.node, s.set_point_v, s.droop_ohm, live=one(s.live, state), share_group=s.share_group) for s in net.sources),
            )
        )
        np.testing.assert_allclose(alone.voltage_v, flow.voltage_v[state], rtol=1e-12)
        np.testing.assert_allclose(alone.source_current_a, flow.source_current_a[state], atol=1e-8)


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.sampled_from(["", "bus"]))
def test_the_order_of_parts_changes_nothing(seed, group):
    net = meshed(seed, group=group)
    turned = DcNetwork(net.segments[::-1], net.loads[::-1], net.sources[::-1])
    one, two = solve_dc(net), solve_dc(turned)
    for node in net.nodes:
        np.testing.assert_allclose(one.voltage_at(node), two.voltage_at(node), rtol=1e-11)
    np.testing.assert_allclose(one.source_current_a, two.source_current_a[:, ::-1], atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_one_more_shelf_of_any_set_point_never_lowers_a_voltage(seed):
    """Under droop, with ORing: a source gives current or nothing, and what is given raises voltages everywhere."""
    net = meshed(seed)
    more = DcNetwork(net.segments, net.loads, (*net.sources, DcSource("more", net.nodes[seed % len(net.nodes)], 49.5, 5e-4)))
    assert (solve_dc(more).voltage_v >= solve_dc(net).voltage_v - 1e-9).all()


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_more_load_never_raises_a_voltage_under_droop(seed):
    net = meshed(seed)
    heavier = DcNetwork(net.segments, tuple(DcLoad(d.name, d.node, d.power_w * 1.3, d.current_a * 1.1, d.resistance_ohm) for d in net.loads), net.sources)
    assert (solve_dc(heavier).voltage_v <= solve_dc(net).voltage_v + 1e-9).all()


def ladder(seed: int, sharing: str, states: int = 4, nodes: int = 9):
    rng = np.random.default_rng(seed)
    live = rng.random((states, 3)) < 0.7
    live[:, 0] = True
    arrays = {"segment_ohm": rng.uniform(1e-6, 2e-4, (states, nodes - 1)), "load_w": rng.uniform(0.0, 8e3, (states, nodes)), "shelf_node": rng.choice(nodes, 3)}
    keys = {"set_point_v": 50.0 + rng.normal(0, 0.2, (states, 3)), "droop_ohm": rng.uniform(1e-4, 1e-3, (states, 3)), "live": live, "share_weight": rng.uniform(0.5, 2.0, (states, 3)),
            "clip_ohm": np.full((states, 3), 3e-5), "tap_ohm": np.full((states, nodes), 2e-4), "closed": np.ones((states, nodes - 1), dtype=bool)}  # fmt: skip
    if sharing == "droop":
        keys["closed"][1:, nodes // 2] = False
    return arrays, {**keys, "sharing": sharing}


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.sampled_from(["droop", "active"]), st.sampled_from([1.0, 30.0]))
def test_the_straight_busbar_is_the_network(seed, sharing, heavier):
    """At 30 times the load many of these bars collapse: both solvers say the same of each."""
    arrays, keys = ladder(seed, sharing)
    arrays["load_w"] = arrays["load_w"] * heavier
    names, shelves = tuple(f"n{k}" for k in range(9)), ("a", "b", "c")
    bar = solve_busbar(**arrays, **keys)
    net = solve_dc(busbar_network(names, arrays["segment_ohm"], arrays["load_w"], shelves, arrays["shelf_node"], **keys))
    assert bar.collapsed.tolist() == net.collapsed.tolist()
    sound = ~bar.collapsed
    for k, name in enumerate(names):
        np.testing.assert_allclose(bar.voltage_v[sound, k], net.voltage_at(name)[sound], rtol=1e-9)
    np.testing.assert_allclose(bar.shelf_current_a[sound], net.source_current_a[sound], rtol=1e-6, atol=1e-5)
    np.testing.assert_allclose(bar.loss_w[sound], net.segment_loss_w[sound].sum(axis=1), rtol=1e-6)
    np.testing.assert_allclose(bar.shelf_power_w[sound], net.source_power_w[sound], rtol=1e-6, atol=1e-3)
    assert np.abs(bar.balance_w[sound]).max(initial=0.0) < 1e-3


@settings(max_examples=30, deadline=None)
@given(SEEDS)
def test_a_lost_feed_moves_current_to_live_shelves_only(seed):
    arrays, keys = ladder(seed, "active")
    keys["live"] = np.array([[True, True, True], [True, False, True]])
    keys = {name: value[:1] if name != "live" and isinstance(value, np.ndarray) else value for name, value in keys.items()}
    arrays = {name: value[:1] if value.ndim > 1 else value for name, value in arrays.items()}
    flow = solve_busbar(**arrays, **keys)
    assert flow.shelf_current_a[1, 1] == 0.0
    assert (flow.shelf_current_a[1, [0, 2]] > flow.shelf_current_a[0, [0, 2]]).all()


def test_120_kw_fed_from_one_end_and_from_both():
    """18 trays of 6,667 W along a bar at 50 V: 2,400 A and more at the only end, half of it with shelves at both."""
    load = np.concatenate([[0.0], np.full(18, 120e3 / 18), [0.0]])
    one, both = (
        solve_busbar(np.full(19, 2e-6), load, np.array([0, 19]), set_point_v=50.0, droop_ohm=0.0, sharing="active", live=np.array(live)) for live in ([True, False], [True, True])
    )
    assert np.abs(one.segment_current_a).max() > 2400.0
    assert np.abs(both.segment_current_a).max() == pytest.approx(1200.0, rel=0.02)
    assert float(both.shelf_power_w.sum()) == pytest.approx(120e3 + float(both.loss_w), rel=1e-9)


def test_a_bar_names_what_no_bar_has():
    good = {"segment_ohm": np.full(2, 1e-5), "load_w": np.ones(3), "shelf_node": np.array([0])}
    with pytest.raises(BadInput) as caught:
        solve_busbar(np.array([1e-5, 0.0]), np.array([1.0, -2.0, 1.0]), np.array([3]), set_point_v=50.0, droop_ohm=0.0)
    for words in ("busbar segment 1 has 0", "load at node 1 has -2", "node of shelf 0 has 3", "droop of shelf 0 has 0", "never ideal"):
        assert words in str(caught.value)
    with pytest.raises(BadInput, match="share by 'luck'"):
        solve_busbar(**good, set_point_v=50.0, droop_ohm=1e-3, sharing="luck")
    with pytest.raises(BadInput, match="open somewhere"):
        solve_busbar(**good, set_point_v=50.0, droop_ohm=1e-3, sharing="active", closed=np.array([True, False]))
    dark = solve_busbar(**good, set_point_v=50.0, droop_ohm=1e-3, closed=np.array([True, False]))
    assert dark.unfed.tolist() == [False, False, True]
    assert dark.tray_voltage_v[2] == 0.0


def test_what_is_beyond_a_limit_is_marked():
    flow = solve_busbar(np.full(1, 1e-5), np.array([0.0, 18e3]), np.array([0]), set_point_v=47.5, droop_ohm=1e-6, limit_a=np.array([[360.0], [400.0]]))
    assert flow.overloaded.tolist() == [[True], [False]]
    assert flow.shelf_current_a[0, 0] == pytest.approx(379.0, abs=0.5)


@pytest.mark.parametrize("share", [0.999999, 0.9, 0.5])
def test_near_the_edge_the_bar_finds_the_stable_root(share):
    """A tray behind a 1 ohm tap on a bar behind a 3 ohm shelf at 40 V: at most 100 W, the tray then at 20 V."""
    for sharing in ("droop", "active"):
        flow = solve_busbar(np.full(1, 1e-6), np.array([[0.0, 100.0 * share], [0.0, 100.2]]), np.array([0]), set_point_v=40.0, droop_ohm=3.0 - 1e-6, tap_ohm=1.0, sharing=sharing)
        assert flow.collapsed.tolist() == [False, True]
        assert flow.tray_voltage_v[0, 1] == pytest.approx(20.0 + 20.0 * np.sqrt(1.0 - share), rel=1e-6)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("group", ["", "bus"])
def test_where_it_says_collapse_the_curve_has_its_fold(seed, group):
    """Voltage against load ends like a square root: a hundred times nearer to its end it is ten times steeper."""
    rng = np.random.default_rng(seed)
    segments = tuple(Segment(f"s{k}", f"n{rng.integers(0, k)}", f"n{k}", float(rng.uniform(1e-4, 5e-3))) for k in range(1, 8))
    watts = rng.uniform(1e3, 1e4, 4)
    nodes = [f"n{k}" for k in rng.integers(0, 8, 4)]
    sources = tuple(DcSource(f"p{k}", f"n{rng.integers(0, 8)}", 50.0, float(rng.uniform(1e-4, 2e-3)), share_group=group) for k in range(3))

    def at(scales):
        loads = tuple(DcLoad(f"d{k}", node, watts[k] * np.asarray(scales)) for k, node in enumerate(nodes))
        return solve_dc(DcNetwork(segments, loads, sources))

    low, high = 1e-2, 1e4
    for _ in range(45):
        between = np.linspace(low, high, 10)
        lost = at(between).collapsed
        first = int(np.argmax(lost))
        assert lost[first:].all()  # no load above one that is lost is carried
        low, high = between[first - 1], between[first]
        if high - low < 2e-8 * high:  # nearer than that rounding decides
            break
    far, near = (at(low * (1.0 - gap * np.array([1.0, 1.001]))).voltage_v for gap in (1e-4, 1e-6))
    steeper = (np.abs(near[0] - near[1]).max() / 1e-9) / (np.abs(far[0] - far[1]).max() / 1e-7)
    assert steeper == pytest.approx(10.0, rel=0.05)
