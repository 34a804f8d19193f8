"""One small network by its loops: the same answers as the general solver, and a step back where that way does not apply."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rackloom.errors import BadInput
from rackloom.physics.hydraulics import prepare_hydraulics, solve_hydraulics
from rackloom.physics.hydraulics_friction import LAWS
from rackloom.physics.hydraulics_laws import compile_laws
from rackloom.physics.hydraulics_network import GRAVITY_M_PER_S2, Network, changed

PLATE = {"linear_pa_s_m3": 1e8, "quadratic_pa_s2_m6": 3e11}


def manifold(seed, branches=6, friction="laminar-transition-turbulent", head=9e4):
    """Two trunks and branches of a hose, a coupling, a plate and a hose, sizes spread by half."""
    rng = np.random.default_rng(seed)

    def vary(value):
        return float(value * rng.uniform(0.5, 1.5))

    net = Network(1014.5, 1.25e-3).node("in", pressure_pa=1e5 + head).node("out", pressure_pa=1e5)
    for k in range(branches):
        net.pipe(f"s{k}", "in" if k == 0 else f"s{k - 1}", f"s{k}", length_m=vary(0.1), diameter_m=vary(0.035), roughness_m=1.5e-6, friction=friction)
        net.pipe(f"r{k}", f"r{k}", "out" if k == 0 else f"r{k - 1}", length_m=vary(0.1), diameter_m=vary(0.035), roughness_m=1.5e-6, friction=friction)
        net.pipe(f"hose{k}", f"s{k}", f"a{k}", length_m=vary(1.0), diameter_m=vary(0.010), roughness_m=5e-6, loss=vary(2.0), friction=friction)
        net.coupling(f"qd{k}", f"a{k}", f"b{k}", kv_m3_h=vary(1.5))
        net.resistance(f"plate{k}", f"b{k}", f"c{k}", **{key: vary(value) for key, value in PLATE.items()})
        net.throttle(f"bend{k}", f"c{k}", f"r{k}", diameter_m=vary(0.010), loss=vary(3.0))
    return net


def meshed(seed):
    """A few nodes joined at random, with heights, demands, stated lifts, pumps, check valves, pipes of any law."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(3, 9))
    net = Network(1000.0, 1e-3).node("n0", pressure_pa=3e5)
    for k in range(1, count):
        if k == 1 and rng.random() < 0.5:
            net.node("n1", pressure_pa=2e5)
        else:
            net.node(f"n{k}", height_m=float(rng.uniform(-2, 2)), demand_m3_s=float(rng.choice([0.0, 1e-4])))
    net.lift("lift", "n0", f"n{count - 1}", lift_pa=3e4, quadratic_pa_s2_m6=1e10)
    for e in range(count + int(rng.integers(1, 5))):
        a, b = (e + 1, int(rng.integers(0, e + 1))) if e < count - 1 else rng.choice(count, 2, replace=False)
        ends, kind = (f"n{a}", f"n{b}"), rng.integers(0, 12)
        if kind < 2:
            net.coupling(f"e{e}", *ends, kv_m3_h=float(rng.uniform(0.5, 5.0)))
        elif kind < 4:
            net.resistance(f"e{e}", *ends, linear_pa_s_m3=float(10 ** rng.uniform(8, 10)))
        elif kind == 4:
            net.pump(f"e{e}", *ends, power=(float(rng.uniform(1e4, 1e5)), 1e10, 2.0), runout_m3_s=1.0)
        elif kind == 5:
            net.check_valve(f"e{e}", *ends, kv_m3_h=float(rng.uniform(0.5, 5.0)))
        else:
            law = str(rng.choice(sorted(LAWS)))
            net.pipe(f"e{e}", *ends, length_m=float(rng.uniform(1, 30)), diameter_m=float(rng.uniform(0.01, 0.05)), roughness_m=1e-5, friction=law)
    return net


def agree(quick, plain):
    """Within 1e-9 of the general solver's, or 4e-9 of the largest: its own pressures round off, and its friction factors end at 1e-9 in smooth pipes."""
    for key in ("flow_m3_s", "pressure_pa", "velocity_m_s", "reynolds", "drop_pa"):
        mine, theirs = getattr(quick, key), getattr(plain, key)
        assert mine == pytest.approx(theirs, rel=1e-9, abs=4e-9 * float(np.nanmax(np.abs(theirs), initial=0.0)), nan_ok=True), key
    assert (quick.nodes, quick.edges) == (plain.nodes, plain.edges)
    assert quick.isolated.tolist() == plain.isolated.tolist()
    assert bool(quick.faulty) is bool(plain.faulty) is False


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.integers(3, 20), st.sampled_from(sorted(LAWS)), st.floats(1e4, 3e5), st.floats(0.8, 1.2), st.floats(0.3, 3.0))
def test_manifolds_are_solved_as_by_the_general_solver(seed, branches, friction, head, more, factor):
    net = manifold(seed, branches, friction, head)
    ready = prepare_hydraulics(net)
    agree(solve_hydraulics(ready), solve_hydraulics(net))
    branch = branches - 1
    other = {
        "in": {"pressure_pa": 1e5 + head * more},
        f"plate{branch}": {key: value * factor for key, value in PLATE.items()},
        f"hose{branch}": {"loss": 2.0 * factor, "length_m": factor},
        f"qd{branch}": {"kv_m3_h": 1.5 / factor},
    }
    plain = solve_hydraulics(changed(net, other))
    agree(solve_hydraulics(ready, changes=other), plain)
    agree(solve_hydraulics(ready, changes=other, afresh=True), plain)
    assert ready.small is not None
    assert ready.small.changed(other) is not None
    agree(solve_hydraulics(ready), solve_hydraulics(net))  # the changes were for one solution alone


def test_the_quick_way_itself_answers_and_takes_few_steps():
    ready = prepare_hydraulics(manifold(3, 20, "colebrook"))
    solve_hydraulics(ready)
    small = ready.small
    found = [small.solve(small.changed({"in": {"pressure_pa": 1.9e5 * f}, "plate4": {"linear_pa_s_m3": 1e8 * f}}), afresh) for f in (0.9, 1.1) for afresh in (False, True)]
    assert all(each is not None and 2 <= each.steps <= 6 for each in found)
    assert found[0].flow[0] < found[2].flow[0]


@settings(deadline=None, max_examples=150)
@given(st.integers(0, 10**6))
def test_random_networks_are_solved_as_by_the_general_solver(seed):
    net = meshed(seed)
    plain = solve_hydraulics(net, refuse=False)
    ready = prepare_hydraulics(net)
    quick = solve_hydraulics(ready, refuse=False)
    assert [fault.what for fault in quick.faults] == [fault.what for fault in plain.faults]
    if plain.faults or ready.small is None:
        return
    for key in ("flow_m3_s", "pressure_pa"):  # with no flow in a bridge the general solver ends near 1e-9 m3/s
        assert getattr(quick, key) == pytest.approx(getattr(plain, key), rel=1e-6, abs=max(5e-9, 1e-6 * float(np.max(np.abs(getattr(plain, key))))))
    meets_its_laws(net, quick)


def meets_its_laws(net, flows):
    """Mass balances at each node, each drop is its law's at its flow and the difference of the pressures at its ends."""
    laws = compile_laws(net)
    told, flow = flows.drop_pa[laws.order], flows.flow_m3_s[laws.order]
    drop, slope = laws.drop(flow[:, None])
    largest = float(np.max(np.abs(told)))
    assert told - laws.lift[:, 0] == pytest.approx(drop[:, 0], abs=2e-9 * max(largest, float(np.max(np.abs(slope * flow[:, None])))))
    out = {name: float(node.demand_m3_s) for name, node in net.nodes.items()}
    for edge, each, lost in zip(laws.edges, flow, told, strict=True):
        out[edge.start] += each
        out[edge.end] -= each
        a, b = net.nodes[edge.start], net.nodes[edge.end]
        column = net.density_kg_m3 * GRAVITY_M_PER_S2 * (a.height_m - b.height_m)
        assert flows.pressure(edge.start) - flows.pressure(edge.end) + column == pytest.approx(lost, abs=1e-8 * max(largest, 1e5))
    assert max(abs(rest) for name, rest in out.items() if net.nodes[name].pressure_pa is None) < 1e-9 * max(1e-4, float(np.max(np.abs(flow))))


def test_most_random_networks_go_the_quick_way():
    ready = [prepare_hydraulics(meshed(seed)) for seed in range(60)]
    for each in ready:
        solve_hydraulics(each, refuse=False)
    assert sum(each.small is not None for each in ready) >= 25  # the others have no loop, or a valve that shuts


def test_a_demand_and_a_lift_change():
    net = (
        manifold(1)
        .lift("lift", "x", "in2", lift_pa=1e4, quadratic_pa_s2_m6=1e9)
        .pipe("p", "in", "x", length_m=1.0, diameter_m=0.02)
        .pipe("q", "in2", "s2", length_m=1.0, diameter_m=0.02)
    )
    ready = prepare_hydraulics(net)
    solve_hydraulics(ready)
    other = {"a1": {"demand_m3_s": 1e-4}, "lift": {"lift_pa": 3e4}, "hose2": {"roughness_m": 2e-5}}
    assert ready.small.changed(other) is not None
    for afresh in (False, True):
        agree(solve_hydraulics(ready, changes=other, afresh=afresh), solve_hydraulics(changed(net, other)))


@pytest.mark.parametrize(
    "unusual",
    [
        {"hose1": {"diameter_m": 0.012}},
        {"hose1": {"closed": True}},
        {"in": {"height_m": 1.0}},
        {"qd1": {"kv_m3_h": np.array([1.0, 2.0])}},
        {"plate1": {"linear_pa_s_m3": 0.0}},
    ],
    ids=str,
)
def test_unusual_changes_go_to_the_general_solver(unusual):
    net = manifold(2)
    ready = prepare_hydraulics(net)
    solve_hydraulics(ready)
    assert ready.small.changed(unusual) is None
    plain = solve_hydraulics(changed(net, unusual))
    assert solve_hydraulics(ready, changes=unusual).flow_m3_s == pytest.approx(plain.flow_m3_s, rel=1e-12)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"hose9": {"loss": 1.0}}, "no part 'hose9' whose loss could change"),
        ({"inn": {"pressure_pa": 1.0}}, "no node 'inn'"),
        ({"s1": {"pressure_pa": 1.0}}, "node 's1' has no pressure_pa to change"),
        ({"qd1": {"cv": 1.0}}, "part 'qd1' has no cv to change"),
        ({"hose1": {"loss": -1.0}}, "part 'hose1': loss is -1, below 0"),
        ({"hose1": {"length_m": float("nan")}}, "length_m is not a number"),
    ],
    ids=str,
)
def test_wrong_changes_are_refused_by_name(wrong, said):
    for network in (manifold(2), prepare_hydraulics(manifold(2))):
        with pytest.raises(BadInput, match=said):
            solve_hydraulics(network, changes=wrong)


def test_a_check_valve_that_shuts_under_changed_numbers_is_left_to_the_general_solver():
    net = manifold(4).check_valve("check", "s1", "s4", kv_m3_h=2.0)
    ready = prepare_hydraulics(net)
    open_flow = solve_hydraulics(ready).flow("check")
    assert ready.small is not None
    assert open_flow > 0.0
    other = {"in": {"pressure_pa": 0.5e5}}  # the manifold runs backward
    assert ready.small.solve(ready.small.changed(other)) is None
    assert solve_hydraulics(ready, changes=other).flow("check") == 0.0


def test_a_pump_beyond_its_curve_is_told():
    net = Network().node("r", pressure_pa=1e5).pump("pump", "r", "s", power=(1e5, 1e11, 2.0), runout_m3_s=5e-4)
    net.coupling("a", "s", "r", kv_m3_h=2.0).coupling("b", "s", "r", kv_m3_h=2.0)
    with pytest.raises(BadInput, match="beyond the end of its curve"):
        solve_hydraulics(prepare_hydraulics(net))


@pytest.mark.parametrize("part", ["closed", "push", "tree", "batch", "reducing"])
def test_what_the_quick_way_leaves(part):
    net = manifold(5)
    if part == "closed":
        net.valve("x", "s1", "r1", kv_m3_h=1.0, open_fraction=0.0)
    elif part == "push":
        net.push("x", "r1", "s1", flow_m3_s=1e-4)
    elif part == "tree":
        net = Network().node("in", pressure_pa=2e5).node("m", demand_m3_s=1e-4).coupling("a", "in", "m", kv_m3_h=1.0)
    elif part == "batch":
        net.coupling("x", "s1", "r1", kv_m3_h=np.array([1.0, 2.0]))
    else:
        net.reducing_valve("x", "s1", "r1", pressure_pa=1.2e5, quadratic_pa_s2_m6=1e9)
    ready = prepare_hydraulics(net)
    flows = solve_hydraulics(ready)
    assert ready.small is None
    assert flows.flow_m3_s == pytest.approx(solve_hydraulics(net).flow_m3_s, rel=1e-12)
