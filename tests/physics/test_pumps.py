"""Pumps and fans: curves and systems by hand, laws, suction and ratings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rackloom.errors import OutOfRange
from rackloom.physics import (
    MachineCurve,
    affinity,
    burst_ratio,
    closed_valve_pressure,
    fit_machine,
    flow_ratio_after_loss,
    least_suction_pressure,
    machine_pressure,
    operating_flow,
    shaft_power,
    suction_head_available,
    system_pressure,
    weakest_rating,
)

PSI = 6894.757293168361
PUMP = MachineCurve(400e3, 0.02)
curves = st.builds(MachineCurve, st.floats(1e4, 1e6), st.floats(1e-3, 0.1), st.floats(1.2, 3.0))


def test_curves_by_hand():
    assert machine_pressure(PUMP, 0.0) == 400e3
    assert machine_pressure(PUMP, 0.01) == pytest.approx(300e3)
    assert machine_pressure(PUMP, 0.02, count=2) == pytest.approx(300e3)  # each carries half
    assert machine_pressure(PUMP, 0.005, speed=0.5) == pytest.approx(75e3)  # a quarter of 300 kPa at half the flow
    assert machine_pressure(PUMP, 0.01, count=0) == 0.0
    assert fit_machine(((0.01, 300e3), (0.0, 400e3))) == MachineCurve(400e3, pytest.approx(0.02), 2.0)


def test_where_pumps_meet_a_system_by_hand():
    # 400e3 (1 - (V / 0.02)^2) = 1e9 V^2: V^2 = 400e3 / 2e9
    assert operating_flow(PUMP, 1e9) == pytest.approx(np.sqrt(2e-4))
    assert operating_flow(PUMP, 1e9, count=2) == pytest.approx(np.sqrt(400e3 / 1.25e9))
    assert operating_flow(PUMP, 1e9, count=0) == 0.0
    assert operating_flow(PUMP, 1e9, static_pa=500e3) == 0.0
    assert flow_ratio_after_loss(PUMP, 1e9, count=2) == pytest.approx(np.sqrt(1.25 / 2.0))
    assert flow_ratio_after_loss(PUMP, 1e9, count=2, lost=2) == 0.0


@given(curves, st.floats(1e5, 1e11), st.integers(1, 4), st.floats(0.3, 1.0), st.floats(1.0, 2.0))
def test_the_crossing_lies_on_both_curves(curve, resistance, count, speed, exponent):
    flow = operating_flow(curve, resistance, count=count, speed=speed, exponent=exponent)
    given_pa = machine_pressure(curve, flow, count=count, speed=speed)
    assert given_pa == pytest.approx(system_pressure(resistance, flow, exponent=exponent), rel=1e-6, abs=1e-6 * curve.shutoff_pa)
    assert operating_flow(curve, resistance, count=count + 1, speed=speed, exponent=exponent) >= flow * (1.0 - 1e-12)
    assert operating_flow(curve, 2.0 * resistance, count=count, speed=speed, exponent=exponent) <= flow * (1.0 + 1e-12)


def test_a_batch_equals_one_by_one():
    resistance, count = np.array([1e8, 1e9, 1e10]), np.array([1, 2, 0])
    together = operating_flow(PUMP, resistance, count=count)
    assert together == pytest.approx([operating_flow(PUMP, r, count=int(c)) for r, c in zip(resistance, count, strict=True)])
    assert operating_flow(PUMP, resistance[:, None], count=count).shape == (3, 3)


@given(st.floats(1e-4, 1.0), st.floats(1.0, 1e6), st.floats(1.0, 1e5), st.floats(0.1, 2.0))
def test_affinity_laws_are_the_curve_at_another_speed(flow, pressure, power, speed):
    moved = affinity(flow, pressure, power, speed_ratio=speed)
    assert moved.power_w / power == pytest.approx((moved.flow_m3_per_s * moved.pressure_pa) / (flow * pressure), rel=1e-9)
    resistance = pressure / flow**2
    assert moved.pressure_pa == pytest.approx(system_pressure(resistance, moved.flow_m3_per_s), rel=1e-9)


def test_shaft_power_by_hand():
    assert shaft_power(0.02, 250e3, 0.5) == pytest.approx(10e3)
    with pytest.raises(OutOfRange, match=r"efficiency=1.2"):
        shaft_power(0.02, 250e3, 1.2)


def test_suction_by_hand():
    # water at 40 C (992.3 kg/m3, 7.38 kPa) at 1 bar: (100000 - 7385) / (992.3 x 9.80665)
    assert suction_head_available(100e3, 7385.0, 992.3) == pytest.approx(9.517, abs=1e-3)
    assert suction_head_available(5e3, 7385.0, 992.3) < 0.0
    assert suction_head_available(least_suction_pressure(3.0, 7385.0, 992.3, 2.0), 7385.0, 992.3, 2.0) == pytest.approx(3.0)


def test_a_closed_valve_behind_a_strong_pump():
    # 90 psi of shut-off with nothing filled on top, on a 50 psig manifold: 80 % over
    pressure = closed_valve_pressure(MachineCurve(90.0 * PSI, 0.02), 0.0)
    name, margin = weakest_rating(pressure, {"uqd-04": 100.0 * PSI, "manifold": 50.0 * PSI, "hose": 200.0 * PSI})
    assert str(name) == "manifold"
    assert margin == pytest.approx(-0.8)
    assert closed_valve_pressure(PUMP, 100e3, below_m=2.0, density_kg_per_m3=1000.0) == pytest.approx(500e3 + 2.0 * 9806.65)


def test_the_weakest_part_by_design():
    names, margin = weakest_rating(np.array([30e3, 30e3]), {"a": np.array([60e3, 90e3]), "b": 75e3})
    assert list(names) == ["a", "b"]
    assert margin == pytest.approx([0.5, 0.6])
    assert burst_ratio(217.0, 72.0) == pytest.approx(3.014, abs=1e-3)  # VR NVL72: 72 psig and 217 psig
    with pytest.raises(OutOfRange, match="no part has a pressure rating"):
        weakest_rating(1.0, {})


def test_refusals():
    with pytest.raises(OutOfRange, match="the larger flow has the lower pressure"):
        fit_machine(((0.0, 300e3), (0.01, 400e3)))
    with pytest.raises(OutOfRange, match="3 of 2 machines lost"):
        flow_ratio_after_loss(PUMP, 1e9, count=2, lost=3)
    with pytest.raises(OutOfRange, match="cannot lift the static pressure"):
        flow_ratio_after_loss(PUMP, 1e9, count=2, static_pa=500e3)
    with pytest.raises(OutOfRange, match="resistance=0: it is above 0"):
        operating_flow(PUMP, 0.0)
