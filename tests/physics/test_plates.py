"""Cold plates: by hand, laws, and points of a published plate."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rackloom.errors import OutOfRange
from rackloom.physics import (
    DropLaw,
    PlateLaw,
    case_temperature,
    fit_drop,
    fit_plate,
    flow_for_case,
    flow_for_drop,
    flow_for_series,
    junction_temperature,
    plate_flow,
    plate_resistance,
    pressure_drop,
    series_temperatures,
)

LPM = 1e-3 / 60.0
LAW = PlateLaw(0.017, 0.0075, 1.0)
laws = st.builds(PlateLaw, st.floats(0.001, 0.1), st.floats(0.001, 0.1), st.floats(0.3, 1.5))
flows = st.floats(0.1 * LPM, 20.0 * LPM)


def test_resistance_by_hand():
    assert plate_resistance(LAW, LPM) == pytest.approx(0.0245)  # 0.017 + 0.0075 / 1
    assert plate_resistance(LAW, 2.0 * LPM) == pytest.approx(0.02075)
    assert plate_flow(LAW, 0.02075) == pytest.approx(2.0 * LPM)
    assert plate_flow(LAW, 0.017) == np.inf
    assert plate_flow(LAW, np.array([0.02075, 0.01])) == pytest.approx([2.0 * LPM, np.inf])


def test_temperatures_by_hand():
    assert case_temperature(313.15, 1000.0, 0.0245) == pytest.approx(313.15 + 24.5)
    assert junction_temperature(337.65, 1000.0, 0.02) == pytest.approx(357.65)
    assert flow_for_case(LAW, 1000.0, 313.15, 313.15 + 24.5) == pytest.approx(LPM)
    assert flow_for_case(LAW, 1000.0, 313.15, 313.15 + 17.0) == np.inf
    assert flow_for_case(LAW, 1000.0, 313.15, 300.0) == np.inf


def test_a_fit_meets_three_points_of_the_oam_plate():
    flow = np.array([0.4, 1.0, 2.4]) * LPM
    resistance = np.array([0.0389, 0.0245, 0.0197])  # OCP OAI System Liquid Cooling Guidelines (2023) Fig. 7, PG25, digitised
    assert plate_resistance(fit_plate(flow, resistance), flow) == pytest.approx(resistance, rel=1e-5)
    two = fit_plate(flow[:2], resistance[:2], exponent=1.0)
    assert two.base_k_per_w == pytest.approx(0.0149)  # 0.0245 - (0.0389 - 0.0245) / 1.5
    with pytest.raises(OutOfRange, match="3 flows at least"):
        fit_plate(flow[:2], resistance[:2])
    with pytest.raises(OutOfRange, match="falls with flow"):
        fit_plate(flow, resistance[::-1])


@given(laws, st.lists(flows, min_size=5, max_size=9, unique=True))
def test_a_fit_finds_the_law_it_was_made_with(law, at):
    flow = np.array(sorted(at))
    assume(flow[-1] / flow[0] > 4.0)
    assume(len(np.unique(np.round(np.log(flow), 1))) >= 4)
    resistance = plate_resistance(law, flow)
    assert plate_resistance(fit_plate(flow, resistance), flow) == pytest.approx(resistance, rel=2e-3)


@given(laws, flows, st.floats(1.001, 10.0))
def test_more_flow_never_heats_a_plate(law, flow, factor):
    assert plate_resistance(law, flow * factor) <= plate_resistance(law, flow)
    assert plate_flow(law, plate_resistance(law, flow)) == pytest.approx(flow, rel=1e-5)


def test_series_by_hand():
    # 1 L/min of a coolant with rho cp = 4e6 J/(m3 K) carries 66.67 W/K: 1000 W warm it by 15 K
    found = series_temperatures((LAW, LAW), np.array([1000.0, 500.0]), 300.0, LPM, 4e6)
    assert found.inlet_temperature_k == pytest.approx([300.0, 315.0])
    assert found.case_temperature_k == pytest.approx([324.5, 315.0 + 12.25])
    assert found.outlet_temperature_k == pytest.approx(322.5)
    with pytest.raises(OutOfRange, match="2 plates in series and 3 heats"):
        series_temperatures((LAW, LAW), np.ones(3), 300.0, LPM, 4e6)


@given(st.lists(st.floats(1.0, 2000.0), min_size=3, max_size=3), flows, st.floats(1.01, 5.0))
def test_series_keep_the_energy_and_more_flow_never_heats_a_case(heats, flow, factor):
    heat, line = np.array(heats), (LAW,) * 3
    less, more = (series_temperatures(line, heat, 300.0, v, 4e6) for v in (flow, flow * factor))
    assert (less.outlet_temperature_k - 300.0) * flow * 4e6 == pytest.approx(float(np.sum(heat)))
    assert np.all(more.case_temperature_k <= less.case_temperature_k)
    assert np.all(np.diff(less.inlet_temperature_k) > 0.0)


def test_flow_for_series_puts_the_hottest_case_at_its_limit():
    heat = np.array([[1000.0, 1000.0], [700.0, 300.0]])
    flow = flow_for_series((LAW, LAW), heat, 300.0, 340.0, 4e6, largest_m3_per_s=100.0 * LPM)
    found = series_temperatures((LAW, LAW), heat, 300.0, flow, 4e6)
    assert np.max(found.case_temperature_k, axis=-1) == pytest.approx([340.0, 340.0])
    assert flow_for_series((LAW,), np.array([1000.0]), 300.0, 316.0, 4e6, largest_m3_per_s=1.0) == np.inf
    single = [flow_for_series((LAW, LAW), row, 300.0, 340.0, 4e6, largest_m3_per_s=100.0 * LPM) for row in heat]
    assert flow == pytest.approx(single)


def test_pressure_drop_by_hand():
    law = DropLaw(10e3, LPM, 1.75, 1000.0, 1e-3)
    assert pressure_drop(law, 2.0 * LPM, 1000.0, 1e-3) == pytest.approx(10e3 * 2.0**1.75)
    assert pressure_drop(law, LPM, 1000.0, 2e-3) == pytest.approx(10e3 * 2.0**0.25)  # thicker
    assert pressure_drop(law, LPM, 1100.0, 1e-3) == pytest.approx(10e3 * 1.1**0.75)  # heavier
    assert pressure_drop(law, 0.0, 1000.0, 1e-3) == 0.0
    laminar = DropLaw(10e3, LPM, 1.0, 1000.0, 1e-3)
    assert pressure_drop(laminar, 3.0 * LPM, 1234.0, 2e-3) == pytest.approx(60e3)  # Hagen-Poiseuille: with flow and viscosity alone
    with pytest.raises(OutOfRange, match="0 or more"):
        pressure_drop(law, -LPM, 1000.0, 1e-3)


@given(st.floats(1.0, 2.0), flows, flows, st.floats(3e-4, 3e-3), st.floats(3e-4, 3e-3))
def test_a_drop_is_fitted_and_turned_round(m, one, other, thin, thick):
    assume(abs(np.log((one / thin) / (other / thick))) > 0.1)
    assume(one != other)
    law = DropLaw(20e3, LPM, m, 1010.0, 1e-3)
    flow, viscosity = np.array([one, other]), np.array([thin, thick])
    drop = pressure_drop(law, flow, 1010.0, viscosity)
    again = fit_drop(flow, drop, 1010.0, viscosity)
    assert again.exponent == pytest.approx(m, abs=1e-6)
    assert pressure_drop(again, flow, 1010.0, viscosity) == pytest.approx(drop, rel=1e-6)
    assert flow_for_drop(law, drop, 1010.0, viscosity) == pytest.approx(flow, rel=1e-9)


def test_points_that_no_part_has_are_refused():
    with pytest.raises(OutOfRange, match="two flows at least"):
        fit_drop(np.array([LPM, LPM]), np.array([1e3, 2e3]), 1000.0, 1e-3)
    with pytest.raises(OutOfRange, match=r"power 3.00 of the flow"):
        fit_drop(np.array([1.0, 2.0]), np.array([1.0, 8.0]), 1000.0, 1e-3)
    with pytest.raises(OutOfRange, match="flow_m3_per_s=0: it is above 0"):
        plate_resistance(LAW, 0.0)
