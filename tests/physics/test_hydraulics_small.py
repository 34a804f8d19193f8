"""Small networks by their loops: the general way's answer, or None where it does not apply."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.cases.manifold import network as manifold
from hypothesis import given, settings
from hypothesis import strategies as st

from rackloom.physics.hydraulics import prepare_hydraulics, solve_hydraulics
from rackloom.physics.hydraulics_network import Network
from rackloom.physics.hydraulics_small import solve_loops


def both_ways(network):
    prepared = prepare_hydraulics(network)
    quick = solve_hydraulics(prepared)
    used = prepared.loops is not None and solve_loops(prepared.loops) is not None
    prepared.loops = None
    return used, quick, solve_hydraulics(prepared)


def ladder(branches, head, bores, losses, law):
    net = Network(1014.5, 1.25e-3).node("s0", pressure_pa=head + 1e5).node("r0", pressure_pa=1e5)
    for k in range(branches):
        net.pipe(f"up {k}", f"s{k}", f"s{k + 1}", length_m=0.09, diameter_m=0.038, friction=law)
        net.pipe(f"down {k}", f"r{k + 1}", f"r{k}", length_m=0.09, diameter_m=0.038, friction=law)
        net.pipe(f"hose {k}", f"s{k + 1}", f"t{k}", length_m=0.6, diameter_m=bores[k], roughness_m=1e-5, friction=law)
        net.resistance(f"tray {k}", f"t{k}", f"r{k + 1}", linear_pa_s_m3=1e6, quadratic_pa_s2_m6=losses[k])
    return net


def test_a_rack_manifold_by_its_loops_is_the_general_answer():
    used, quick, general = both_ways(manifold())
    assert used
    for name in ("flow_m3_s", "pressure_pa", "drop_pa", "velocity_m_s", "reynolds"):
        assert np.allclose(getattr(quick, name), getattr(general, name), rtol=1e-9, atol=1e-12, equal_nan=True), name
    assert quick.nodes == general.nodes
    assert quick.steps < general.steps + 5
    assert not quick.faulty


@settings(max_examples=40, deadline=None)
@given(branches=st.integers(1, 12), head=st.floats(2e3, 3e5), law=st.sampled_from(["colebrook", "laminar-transition-turbulent", "nikuradse"]), data=st.data())
def test_any_ladder_comes_out_alike_both_ways(branches, head, law, data):
    bores = data.draw(st.lists(st.floats(0.006, 0.03), min_size=branches, max_size=branches))
    losses = data.draw(st.lists(st.floats(1e10, 1e13), min_size=branches, max_size=branches))
    _, quick, general = both_ways(ladder(branches, head, bores, losses, law))
    assert np.allclose(quick.flow_m3_s, general.flow_m3_s, rtol=1e-7, atol=1e-12)
    assert np.allclose(quick.pressure_pa, general.pressure_pa, rtol=1e-7)


@pytest.mark.parametrize("change", ["a laminar pipe", "a check valve", "a pump", "many designs"])
def test_what_does_not_fit_goes_the_general_way(change):
    net = ladder(3, 20.0 if change == "a laminar pipe" else 5e4, [0.01] * 3, [1e12] * 3, "colebrook")
    if change == "a check valve":
        net.check_valve("back", "s3", "r3", kv_m3_h=1.0)
    if change == "a pump":
        net.pump("pump", "r0", "s0", flows_m3_s=[0.0, 1e-3], lifts_pa=[8e4, 1e4])
    if change == "many designs":
        net.resistance("more", "s3", "r3", quadratic_pa_s2_m6=np.array([1e12, 2e12]))
    used, quick, general = both_ways(net)
    assert not used
    assert np.array_equal(quick.flow_m3_s, general.flow_m3_s)


def test_demands_leave_where_they_are_drawn():
    net = ladder(4, 5e4, [0.01] * 4, [1e12] * 4, "colebrook")
    net.nodes.pop("t2")
    net.node("t2", demand_m3_s=2e-5)
    used, quick, general = both_ways(net)
    assert used
    assert np.allclose(quick.flow_m3_s, general.flow_m3_s, rtol=1e-9)
    assert float(quick.flow("hose 2") - quick.flow("tray 2")) == pytest.approx(2e-5, rel=1e-9)
