"""Hydraulic networks against closed forms and other programs' published results."""

from __future__ import annotations

import numpy as np
import pytest

from rackloom.physics.hydraulics import solve_hydraulics
from rackloom.physics.hydraulics_friction import LAWS, friction_factor
from rackloom.physics.hydraulics_network import CV_TO_KV, GRAVITY_M_PER_S2, Network
from tests.published.load import published

ROWS = published("hydraulics")
WATER, MU = 998.2, 1.0016e-3


def between(high=2e5, low=1e5, **liquid):
    return Network(**liquid).node("in", pressure_pa=high).node("out", pressure_pa=low)


@pytest.mark.parametrize("row", [r for r in ROWS if r["kind"] == "friction"], ids=lambda row: row["id"])
def test_published_friction_factors(row):
    assert friction_factor(**row["inputs"]) == pytest.approx(row["expected"], rel=row["rel"]), row["source"]


@pytest.mark.parametrize(("re", "rough"), [(4e3, 0.0), (1e4, 1e-3), (1e5, 1e-4), (1e7, 0.05), (1e8, 0.0)])
def test_colebrook_is_a_fixed_point_of_its_equation(re, rough):
    x = friction_factor(re, rough, "colebrook") ** -0.5
    assert x == pytest.approx(-2.0 * np.log10(rough / 3.71 + 2.51 * x / re), rel=1e-8)


@pytest.mark.parametrize("law", LAWS)
def test_slopes_are_the_derivatives_of_the_laws(law):
    re = np.array([50.0, 1500.0, 2100.0, 2600.0, 3300.0, 3900.0, 5e3, 1e5, 1e7])
    rough, step = np.full(len(re), 2e-3), 1e-5
    _, move = LAWS[law](re, rough)
    numeric = (LAWS[law](re * (1 + step), rough)[0] - LAWS[law](re * (1 - step), rough)[0]) / (2 * step)
    assert move == pytest.approx(numeric, rel=2e-4, abs=1e-7)


def test_hagen_poiseuille():
    length, bore = 2.0, 0.006
    flow = float(solve_hydraulics(between(1.005e5).pipe("p", "in", "out", length_m=length, diameter_m=bore)).flow("p"))
    assert 4 * WATER * flow / (np.pi * bore * MU) < 2300
    assert flow == pytest.approx(np.pi * bore**4 * 500.0 / (128 * MU * length), rel=1e-9)


def test_turbulent_pipe_with_minor_losses():
    net = between().pipe("p", "in", "out", length_m=30.0, diameter_m=0.04, roughness_m=5e-5, loss=[0.5, 1.0, 2.0])
    flows = solve_hydraulics(net)
    v, re = float(flows.velocity("p")), float(flows.reynolds[0])
    assert re == pytest.approx(WATER * v * 0.04 / MU)
    factor = friction_factor(re, 5e-5 / 0.04, "colebrook")
    assert (factor * 30.0 / 0.04 + 3.5) * WATER * v**2 / 2 == pytest.approx(1e5, rel=1e-7)


def test_linear_quadratic_and_parallel():
    net = between().resistance("p", "in", "out", linear_pa_s_m3=1e8, quadratic_pa_s2_m6=2e11)
    net.coupling("kv", "in", "out", kv_m3_h=2.0).coupling("cv", "in", "out", cv_us=2.0 / CV_TO_KV).valve("half", "in", "out", kv_m3_h=2.0, open_fraction=0.5)
    flows = solve_hydraulics(net)
    assert flows.flow("p") == pytest.approx((-1e8 + np.sqrt(1e16 + 4 * 2e11 * 1e5)) / (2 * 2e11))
    assert flows.flow("kv") == pytest.approx(2.0 / 3600 * np.sqrt(1000.0 / WATER))  # 1 bar
    assert flows.flow("cv") == pytest.approx(float(flows.flow("kv")))
    assert flows.flow("half") == pytest.approx(float(flows.flow("kv")) / 2)


def test_cv_by_hand():
    # 1 gal(US)/min is 6.30902e-5 m3/s; 1 psi is 6894.757 Pa; water of 1000 kg/m3
    net = between(6894.757, 0.0, density_kg_m3=1000.0).coupling("qd", "in", "out", cv_us=1.0)
    assert solve_hydraulics(net).flow("qd") == pytest.approx(6.30902e-5, rel=1e-5)


def test_pump_meets_system_curve():
    # 3e5 - 1e11 Q2 against 2e11 Q2: Q = 1e-3
    net = Network().node("tank", pressure_pa=1e5).pump("pump", "tank", "a", power=(3e5, 1e11, 2.0)).resistance("load", "a", "tank", quadratic_pa_s2_m6=2e11)
    flows = solve_hydraulics(net)
    assert flows.flow("pump") == pytest.approx(1e-3)
    assert flows.pressure("a") == pytest.approx(3e5)
    assert flows.drop("pump") == pytest.approx(-2e5)


@pytest.mark.parametrize("count", [2, 3])
def test_pumps_in_parallel_share_the_flow(count):
    net = Network().node("tank", pressure_pa=0.0).resistance("load", "a", "tank", quadratic_pa_s2_m6=2e11)
    for k in range(count):
        net.pump(f"pump{k}", "tank", "a", power=(3e5, 1e11, 2.0))
    flows = solve_hydraulics(net)
    total = np.sqrt(3e5 / (2e11 + 1e11 / count**2))
    assert flows.flow("load") == pytest.approx(total)
    assert flows.flow("pump0") == pytest.approx(total / count)


def test_a_stopped_pump_stands_behind_its_check_valve_or_bypasses():
    def net(check):
        out = Network().node("tank", pressure_pa=0.0).resistance("load", "a", "tank", quadratic_pa_s2_m6=2e11)
        return out.pump("on", "tank", "a", power=(3e5, 1e11, 2.0)).pump("off", "tank", "a", power=(3e5, 1e11, 2.0), speed=0.0, check=check)

    assert solve_hydraulics(net(True)).flow("off") == 0.0
    assert solve_hydraulics(net(True)).flow("load") == pytest.approx(1e-3)
    open_one = solve_hydraulics(net(False))
    assert open_one.flow("off") < 0.0  # backwards through the pump
    assert open_one.flow("load") < 1e-3


def test_affinity_laws_and_points():
    points = {"flows_m3_s": [0.0, 1e-3, 2e-3], "lifts_pa": [3e5, 2e5, 0.5e5]}
    net = Network().node("t", pressure_pa=0.0).pump("p", "t", "a", speed=0.8, **points).push("q", "a", "t", flow_m3_s=0.8e-3)
    assert solve_hydraulics(net).pressure("a") == pytest.approx(0.64 * 2e5, rel=1e-6)


def test_shut_off_pressure_stands_at_each_part_when_valves_close():
    net = Network().node("tank", pressure_pa=1e5).pump("pump", "tank", "a", power=(3e5, 1e11, 2.0)).valve("v", "b", "tank", kv_m3_h=3.0, open_fraction=0.0)
    net.pipe("hose", "a", "b", length_m=1.0, diameter_m=0.02)
    flows = solve_hydraulics(net)
    assert flows.flow("pump") == pytest.approx(0.0, abs=1e-9)
    assert flows.flow("v") == 0.0
    assert flows.pressure("a") == pytest.approx(4e5, rel=1e-6)
    assert flows.pressure("b") == pytest.approx(4e5, rel=1e-6)
    assert not flows.isolated.any()


def test_heights_and_check_valves():
    net = (
        Network()
        .node("low", pressure_pa=1e5)
        .node("high", pressure_pa=1e5, height_m=10.0)
        .check_valve("up", "low", "high", kv_m3_h=2.0)
        .check_valve("down", "high", "low", kv_m3_h=2.0)
    )
    flows = solve_hydraulics(net)
    assert flows.flow("up") == 0.0
    assert flows.drop("down") == pytest.approx(WATER * GRAVITY_M_PER_S2 * 10.0)


def test_gauge_pressures_leave_the_weight_of_air_out():
    def low(air):
        net = Network(air_kg_m3=air).node("high", pressure_pa=0.0, height_m=100.0).node("low", demand_m3_s=0.0).resistance("r", "high", "low", linear_pa_s_m3=1e6)
        return float(
            solve_hydraulics(
                net.node("sink").resistance("s", "high", "sink", linear_pa_s_m3=1e6).node("out", pressure_pa=0.0, height_m=100.0).resistance("o", "high", "out", linear_pa_s_m3=1e6)
            ).pressure("low")
        )

    assert low(0.0) - low(1.2) == pytest.approx(1.2 * GRAVITY_M_PER_S2 * 100.0)


def test_regulating_valves():
    def net(kind, setting):
        out = between(5e5, 0.0).resistance("before", "in", "a", quadratic_pa_s2_m6=1e11).resistance("after", "b", "out", quadratic_pa_s2_m6=1e11)
        return getattr(out, kind)("v", "a", "b", pressure_pa=setting)

    flows = solve_hydraulics(net("reducing_valve", 1e5))
    assert flows.pressure("b") == pytest.approx(1e5, abs=1.0)
    assert flows.flow("v") == pytest.approx(1e-3, rel=1e-4)
    assert solve_hydraulics(net("reducing_valve", 4e5)).flow("v") == pytest.approx(np.sqrt(5e5 / 2e11), rel=1e-4)  # wide open
    sustained = solve_hydraulics(net("sustaining_valve", 4e5))
    assert sustained.pressure("a") == pytest.approx(4e5, abs=1.0)
    assert sustained.flow("v") == pytest.approx(1e-3, rel=1e-4)
    capped = between(5e5, 0.0).flow_valve("v", "in", "a", flow_m3_s=1e-3).resistance("after", "a", "out", quadratic_pa_s2_m6=1e11)
    assert solve_hydraulics(capped).flow("after") == pytest.approx(1e-3)


def test_hazen_williams_by_hand():
    # 10.667 x 100 / (130^1.852 x 0.1^4.871) x 0.01^1.852 = 1.9018 m for 10 L/s in 100 m of 100 mm, C 130
    net = Network(1000.0).node("t", pressure_pa=0.0).node("end", demand_m3_s=0.01).hazen_williams("p", "t", "end", length_m=100.0, diameter_m=0.1, coefficient=130.0)
    by_hand = 10.667 * 100.0 / (130.0**1.852 * 0.1**4.871) * 0.01**1.852
    assert solve_hydraulics(net).drop("p") / (1000.0 * GRAVITY_M_PER_S2) == pytest.approx(by_hand, rel=1e-4)


@pytest.mark.parametrize("row", [r for r in ROWS if r["kind"] == "net"], ids=lambda row: row["id"])
def test_published_nets(row):
    net = Network(row["density_kg_m3"], row["viscosity_pa_s"])
    for name, bar in row["fixed_bar"].items():
        net.node(name, pressure_pa=bar * 1e5)
    for name, mass in row["demand_kg_s"].items():
        net.node(name, demand_m3_s=mass / row["density_kg_m3"])
    for k, (a, b) in enumerate(row["pipes"]):
        net.pipe(f"p{k}", a, b, length_m=row["length_m"], diameter_m=row["diameter_m"], roughness_m=row["roughness_m"], friction=row["friction"])
    a, b, bore, loss = row["valve"]
    flows = solve_hydraulics(net.throttle("valve", a, b, diameter_m=bore, loss=loss))
    for name, bar in row["expected_bar"].items():
        assert flows.pressure(name) / 1e5 == pytest.approx(bar, abs=row["abs"]), row["source"]


def test_net1_of_epanet():
    row = next(r for r in ROWS if r["kind"] == "net1")
    foot, gpm, pa = 0.3048, 6.30901964e-5, 998.2 * GRAVITY_M_PER_S2
    demands = {10: (710, 0), 11: (710, 150), 12: (700, 150), 13: (695, 100), 21: (700, 150), 22: (695, 200), 23: (690, 150), 31: (700, 100), 32: (710, 100)}
    pipes = [(10, 11, 10530, 18), (11, 12, 5280, 14), (12, 13, 5280, 10), (21, 22, 5280, 10), (22, 23, 5280, 12), (31, 32, 5280, 6), (2, 12, 200, 18), (11, 21, 5280, 10)]
    pipes += [(12, 22, 5280, 12), (13, 23, 5280, 8), (21, 31, 5280, 8), (22, 32, 5280, 6)]
    net = Network().node("9", height_m=800 * foot, pressure_pa=0.0).node("2", height_m=850 * foot, pressure_pa=120 * foot * pa)
    for name, (height, demand) in demands.items():
        net.node(str(name), height_m=height * foot, demand_m3_s=demand * gpm)
    for a, b, length, bore in pipes:
        net.hazen_williams(f"{a}-{b}", str(a), str(b), length_m=length * foot, diameter_m=bore * foot / 12, coefficient=100.0)
    q, h = 1500 * gpm, 250 * foot * pa  # one point: 4/3 of its lift at no flow, and a square law through it
    flows = solve_hydraulics(net.pump("pump", "9", "10", power=(4 / 3 * h, h / 3 / q**2, 2.0)))
    for name, head in row["expected_m"].items():
        assert float(flows.pressure(name)) / pa + demands[int(name)][0] * foot == pytest.approx(head, abs=row["abs"]), row["source"]
