"""Laws that hold in every network: mass, energy, monotony, batches, scaling."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rackloom.physics.hydraulics import solve_hydraulics
from rackloom.physics.hydraulics_heat import solve_temperatures
from rackloom.physics.hydraulics_network import Network

CP, DENSITY = 4000.0, 1014.5


def rack(seed, designs=0, branches=4, worse=None, valves=()):
    """A closed loop: two pumps, a manifold of branches, a cross tie; some branches shut."""
    rng = np.random.default_rng(seed)

    def vary(value):
        factor = rng.uniform(0.5, 2.0, designs) if designs else rng.uniform(0.5, 2.0)
        return value * factor

    net = Network(DENSITY, 1.3e-3).node("r0", pressure_pa=1e5)
    net.pump("p1", "r0", "s0", power=(vary(2e5), 2e10, 2.0)).pump("p2", "r0", "s0", flows_m3_s=[0.0, 2e-3, 4e-3], lifts_pa=[1.5e5, 1.2e5, 0.2e5])
    for k in range(branches):
        net.pipe(f"s{k}", f"s{k}", f"s{k + 1}", length_m=0.1, diameter_m=vary(0.03), roughness_m=1e-5)
        net.pipe(f"r{k}", f"r{k + 1}", f"r{k}", length_m=0.1, diameter_m=vary(0.03), roughness_m=1e-5)
        net.valve(f"v{k}", f"s{k + 1}", f"a{k}", kv_m3_h=vary(1.0), open_fraction=0.0 if k in valves else 1.0)
        net.pipe(f"h{k}", f"a{k}", f"b{k}", length_m=vary(1.0), diameter_m=vary(0.008))
        more = 3.0 if worse == k else 1.0
        net.resistance(f"plate{k}", f"b{k}", f"r{k + 1}", linear_pa_s_m3=vary(1e8) * more, quadratic_pa_s2_m6=vary(3e11) * more)
    return net.pipe("tie", "a0", f"a{branches - 1}", length_m=1.0, diameter_m=0.006)


def imbalance(net, flows):
    out = {name: np.asarray(node.demand_m3_s, dtype=float) for name, node in net.nodes.items()}
    for name, edge in net.edges.items():
        out[edge.start] = out[edge.start] + flows.flow(name)
        out[edge.end] = out[edge.end] - flows.flow(name)
    return max(float(np.max(np.abs(value))) for name, value in out.items() if net.nodes[name].pressure_pa is None)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.sets(st.integers(0, 3), max_size=3))
def test_mass_balances_at_each_node_and_pressures_around_each_loop(seed, valves):
    net = rack(seed, valves=tuple(valves))
    flows = solve_hydraulics(net, refuse=False)
    assert not [fault for fault in flows.faults if "beyond" not in fault.what]
    assert imbalance(net, flows) < 1e-9
    for name, edge in net.edges.items():
        assert float(flows.pressure(edge.start) - flows.pressure(edge.end)) == pytest.approx(float(flows.drop(name)), abs=1e-3)
    for k in range(4):  # the drop of a plate is its own law's at its flow
        a, b, q = net.edges[f"plate{k}"].values["linear_pa_s_m3"], net.edges[f"plate{k}"].values["quadratic_pa_s2_m6"], float(flows.flow(f"plate{k}"))
        assert a * q + b * q * abs(q) == pytest.approx(float(flows.drop(f"plate{k}")), rel=1e-5, abs=0.5)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6), st.integers(0, 3))
def test_more_resistance_never_raises_the_flow_there(seed, branch):
    before, after = (solve_hydraulics(rack(seed, worse=worse), refuse=False) for worse in (None, branch))
    assert after.flow(f"plate{branch}") <= before.flow(f"plate{branch}") * (1 + 1e-7)
    assert after.flow("p1") + after.flow("p2") <= (before.flow("p1") + before.flow("p2")) * (1 + 1e-7)


@pytest.mark.parametrize("designs", [3, 40])
def test_a_batch_equals_one_by_one(designs):
    many = rack(1, designs, valves=(2,))
    flows = solve_hydraulics(many, refuse=False)
    assert flows.flow_m3_s.shape == (designs, len(many.edges))
    for k in range(0, designs, 7):
        one = Network(many.density_kg_m3, many.viscosity_pa_s, nodes=dict(many.nodes))
        for edge in many.edges.values():
            values = {}
            for key, value in edge.values.items():
                if isinstance(value, list | tuple):
                    values[key] = [v[k] if np.ndim(v) else v for v in value]
                else:
                    values[key] = value[k] if np.ndim(value) else value
            one.edge(edge.name, edge.kind, edge.start, edge.end, **values)
        alone = solve_hydraulics(one, refuse=False)
        assert flows.flow_m3_s[k] == pytest.approx(alone.flow_m3_s, rel=1e-7, abs=1e-11)
        assert flows.pressure_pa[k] == pytest.approx(alone.pressure_pa, rel=1e-7)


@settings(deadline=None, max_examples=20)
@given(st.floats(0.01, 100.0), st.floats(1e3, 1e6))
def test_square_networks_scale_with_the_root_of_the_head(factor, head):
    def solved(high):
        net = Network().node("in", pressure_pa=high).node("out", pressure_pa=0.0)
        return solve_hydraulics(net.coupling("a", "in", "m", kv_m3_h=2.0).coupling("b", "m", "out", kv_m3_h=1.0).coupling("c", "m", "out", kv_m3_h=3.0)).flow_m3_s

    assert solved(head * factor) == pytest.approx(solved(head) * np.sqrt(factor), rel=1e-6)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6), st.floats(0.0, 5.0))
def test_energy_balances(seed, ua):
    net = rack(seed, valves=(1,))
    flows = solve_hydraulics(net, refuse=False)
    heat = {f"plate{k}": 500.0 * (k + 1) for k in (0, 2, 3)}
    found = solve_temperatures(net, flows, heat_capacity_j_kg_k=CP, outlet_c={"p1": 30.0, "p2": 30.0}, heat_w=heat, ua_w_k={"r1": ua, "h2": ua}, ambient_c=22.0, refuse=False)
    total = DENSITY * CP * float(flows.flow("p1") + flows.flow("p2"))
    assert total * (float(found.at("r0")) - 30.0) == pytest.approx(sum(heat.values()) - float(found.loss_w.sum()), rel=1e-6)
    assert found.loss_w.sum() >= 0.0
    assert np.isnan(found.into("v1"))  # a shut branch has no temperature of its own


def test_mixing_by_hand_and_batches_of_heat():
    # 1 L/min of 20 C and 3 L/min of 40 C mix to 35 C
    net = Network(1000.0).node("cold", demand_m3_s=-1 / 6e4).node("hot", demand_m3_s=-3 / 6e4).node("out", pressure_pa=0.0)
    net.resistance("a", "cold", "m", linear_pa_s_m3=1e8).resistance("b", "hot", "m", linear_pa_s_m3=1e8).resistance("c", "m", "out", linear_pa_s_m3=1e8)
    flows = solve_hydraulics(net)
    assert solve_temperatures(net, flows, heat_capacity_j_kg_k=4000.0, inlet_c={"cold": 20.0, "hot": 40.0}).at("out") == pytest.approx(35.0)
    warmed = solve_temperatures(net, flows, heat_capacity_j_kg_k=4000.0, inlet_c=20.0, heat_w={"c": 4 / 60 * 4000.0})
    assert warmed.out_of("c") - warmed.into("c") == pytest.approx(1.0)


def test_a_long_pipe_cools_to_its_surroundings():
    # (T - ambient) falls by exp(-UA / m cp): UA = m cp ln 2 halves it
    net = Network(1000.0).node("in", demand_m3_s=-1e-4).node("out", pressure_pa=0.0).resistance("p", "in", "out", linear_pa_s_m3=1e8)
    found = solve_temperatures(net, solve_hydraulics(net), heat_capacity_j_kg_k=4000.0, inlet_c=60.0, ua_w_k={"p": 400.0 * np.log(2.0)}, ambient_c=20.0)
    assert found.out_of("p") == pytest.approx(40.0)
    assert found.loss_w[0] == pytest.approx(400.0 * 20.0)


def test_opposite_flows_across_a_batch():
    net = Network().node("a", pressure_pa=np.array([2e5, 1e5])).node("b", pressure_pa=np.array([1e5, 2e5])).resistance("r", "a", "b", linear_pa_s_m3=1e9)
    flows = solve_hydraulics(net)
    found = solve_temperatures(net, flows, heat_capacity_j_kg_k=4000.0, inlet_c={"a": 20.0, "b": 50.0})
    assert flows.flow("r").tolist() == pytest.approx([1e-4, -1e-4])
    assert found.into("r").tolist() == pytest.approx([20.0, 50.0])


def tangle(seed):
    """Check valves, pumps on and off, shut valves and pipes, joined at random: worse than any rack."""
    rng = np.random.default_rng(seed)
    net, count = Network(1000.0, 1e-3).node("n0", pressure_pa=1e5), 9
    net.pump("first", "n0", "n1", power=(2e5, 1e10, 2.0))
    for e in range(13):
        a, b = (e + 2, int(rng.integers(0, e + 2))) if e < count - 2 else rng.choice(count, 2, replace=False)
        ends = (f"n{a}", f"n{b}") if rng.random() < 0.5 else (f"n{b}", f"n{a}")
        kind = rng.integers(0, 5)
        if kind == 0:
            net.check_valve(f"e{e}", *ends, kv_m3_h=10 ** rng.uniform(-1, 1))
        elif kind == 1:
            net.pump(f"e{e}", *ends, power=(10 ** rng.uniform(4, 5.5), 10 ** rng.uniform(9, 12), 2.0), speed=max(0.0, rng.uniform(-0.3, 1.2)))
        elif kind == 2:
            net.valve(f"e{e}", *ends, kv_m3_h=10 ** rng.uniform(-1, 1), open_fraction=max(0.0, rng.uniform(-0.5, 1.0)))
        else:
            net.pipe(f"e{e}", *ends, length_m=10 ** rng.uniform(-1, 1.5), diameter_m=10 ** rng.uniform(-2.5, -1))
    return net


@pytest.mark.parametrize("seed", range(30))
def test_tangles_of_one_way_parts_are_solved_and_balance(seed):
    net = tangle(seed)
    flows = solve_hydraulics(net, refuse=False)
    assert not [fault for fault in flows.faults if "beyond" not in fault.what]
    assert imbalance(net, flows) < 1e-8
    for name, edge in net.edges.items():
        if edge.values.get("one_way"):
            assert flows.flow(name) >= 0.0
