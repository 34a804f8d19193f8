"""What is wrong with a network is told by the part's name."""

from __future__ import annotations

import numpy as np
import pytest

from rackloom.errors import BadInput, OutOfRange, Unknown
from rackloom.physics.hydraulics import solve_hydraulics
from rackloom.physics.hydraulics_friction import friction_factor
from rackloom.physics.hydraulics_heat import solve_temperatures
from rackloom.physics.hydraulics_network import Network


def loop():
    return Network().node("tank", pressure_pa=1e5).pump("pump", "tank", "a", power=(3e5, 1e11, 2.0), runout_m3_s=1.2e-3)


@pytest.mark.parametrize(
    ("add", "said"),
    [
        (lambda n: n.resistance("plate", "a", "tank"), "'plate' has zero resistance"),
        (lambda n: n.resistance("plate", "a", "tank", linear_pa_s_m3=-1.0), "'plate': linear_pa_s_m3 is -1, below 0"),
        (lambda n: n.pipe("hose", "a", "tank", length_m=1.0, diameter_m=0.0), "'hose': diameter_m is 0, not above 0"),
        (lambda n: n.pipe("hose", "a", "tank", length_m=float("nan"), diameter_m=0.01), "'hose': length_m is not a number"),
        (lambda n: n.pipe("hose", "a", "tank", length_m=1.0, diameter_m=0.01, friction="moody"), "no friction law 'moody'"),
        (lambda n: n.pipe("hose", "a", "tank", length_m=1.0, diameter_m=0.01, roughness_m=1.5), "'hose': its roughness"),
        (lambda n: n.pipe("hose", "a", "tank", length_m=1.0, diameter_m=0.01, viscosity_pa_s=0.0), "viscosity_pa_s is 0"),
        (lambda n: n.coupling("qd", "a", "", cv_us=1.0), "'qd' is joined with nothing"),
        (lambda n: n.coupling("qd", "a", "tank", cv_us=-1.0), "'qd': kv_m3_h is"),
        (lambda n: n.coupling("qd", "a", "tank"), "'qd' needs its Kv or its Cv"),
        (lambda n: n.valve("v", "a", "tank", kv_m3_h=1.0, open_fraction=1.5), "'v': open_fraction is 1.5, above 1"),
        (lambda n: n.coupling("qd", "a", "a", cv_us=1.0), "'qd' begins and ends at 'a'"),
        (lambda n: n.node("alone"), "node 'alone' is joined with nothing"),
        (lambda n: n.resistance("island", "x", "y", linear_pa_s_m3=1e8), "with 'island' is cut off from every fixed pressure"),
        (lambda n: n.pump("p2", "tank", "a", flows_m3_s=[0.0, 1e-3], lifts_pa=[1e5, 2e5]), "'p2': its lift does not fall"),
        (lambda n: n.pump("pump", "tank", "a", power=(1.0, 1.0, 1.0)), "'pump' is given twice"),
        (lambda n: n.node("tank"), "'tank' is given twice"),
    ],
)  # fmt: skip
def test_bad_numbers_and_joints(add, said):
    with pytest.raises(BadInput, match=said):
        solve_hydraulics(add(loop()))


def test_all_faults_at_once():
    with pytest.raises(BadInput) as refused:
        solve_hydraulics(loop().resistance("one", "a", "tank").pipe("two", "a", "tank", length_m=-1.0, diameter_m=-1.0))
    assert len(refused.value.faults) == 3


def test_a_loop_without_a_pump():
    net = Network().node("tank", pressure_pa=1e5).resistance("supply", "tank", "a", linear_pa_s_m3=1e8).resistance("return", "a", "tank", linear_pa_s_m3=1e8)
    with pytest.raises(BadInput, match="'supply' is a loop without a pump"):
        solve_hydraulics(net)


def test_run_out_names_pump_and_design():
    with pytest.raises(BadInput, match=r"pump 'pump' runs at 0\.001\d+ m3/s, beyond the end of its curve"):
        solve_hydraulics(loop().resistance("load", "a", "tank", quadratic_pa_s2_m6=1e10))
    many = loop().resistance("load", "a", "tank", quadratic_pa_s2_m6=np.array([2e11, 1e10]))
    with pytest.raises(BadInput, match=r"\(design 1\)"):
        solve_hydraulics(many)
    told = solve_hydraulics(many, refuse=False)
    assert told.faulty.tolist() == [False, True]
    assert told.flow("load")[0] == pytest.approx(1e-3)


def test_demand_behind_a_closed_valve():
    net = Network().node("tank", pressure_pa=1e5).node("b", demand_m3_s=1e-4).valve("v", "tank", "b", kv_m3_h=2.0, open_fraction=0.0)
    with pytest.raises(BadInput, match="node 'b' is cut off from every fixed pressure by closed parts"):
        solve_hydraulics(net)


def test_liquid_between_two_closed_valves_is_marked():
    net = Network().node("t", pressure_pa=1e5).node("u", pressure_pa=2e5).valve("v", "t", "b", kv_m3_h=2.0, open_fraction=0.0).valve("w", "b", "u", kv_m3_h=2.0, open_fraction=0.0)
    flows = solve_hydraulics(net)
    assert flows.isolated[flows.nodes.index("b")]
    assert not flows.isolated[flows.nodes.index("t")]


def test_two_sizes_of_batch():
    net = loop().resistance("x", "a", "b", linear_pa_s_m3=np.ones(3)).resistance("y", "b", "tank", linear_pa_s_m3=np.ones(2))
    with pytest.raises(BadInput, match=r"arrays of \[2, 3\] designs"):
        solve_hydraulics(net)


def test_names_that_are_not_there():
    flows = solve_hydraulics(loop().resistance("plate-1", "a", "tank", quadratic_pa_s2_m6=2e11))
    with pytest.raises(Unknown, match="nearest: 'plate-1'"):
        flows.flow("plate-2")


def test_friction_outside_its_range():
    with pytest.raises(OutOfRange):
        friction_factor(-1.0, 0.0)
    with pytest.raises(OutOfRange):
        friction_factor(1e4, 0.5)


def test_heat_without_flow_and_boiling():
    net = loop().resistance("plate", "a", "tank", quadratic_pa_s2_m6=2e11).valve("v", "a", "b", kv_m3_h=1.0, open_fraction=0.0).resistance("dead", "b", "tank", linear_pa_s_m3=1e8)
    flows = solve_hydraulics(net)
    with pytest.raises(BadInput, match="'dead' takes 100 W and no liquid flows"):
        solve_temperatures(net, flows, heat_capacity_j_kg_k=4182.0, outlet_c={"pump": 20.0}, heat_w={"dead": 100.0})
    with pytest.raises(BadInput, match="'plate' would let its liquid out at"):
        solve_temperatures(net, flows, heat_capacity_j_kg_k=4182.0, outlet_c={"pump": 20.0}, heat_w={"plate": 1e6})
    with pytest.raises(BadInput, match="nothing that takes it away"):
        solve_temperatures(net, flows, heat_capacity_j_kg_k=4182.0, heat_w={"plate": 1e3})
    with pytest.raises(Unknown, match="nearest: 'plate'"):
        solve_temperatures(net, flows, heat_capacity_j_kg_k=4182.0, heat_w={"plates": 1e3})
