"""Heat exchangers: by hand, against one published unit, and laws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rackloom.catalog import coolant_table, load_catalog
from rackloom.errors import OutOfRange
from rackloom.physics import (
    CduRating,
    MachineCurve,
    approach_for,
    capacity_at,
    capacity_within,
    conductance,
    coolant_at,
    effectiveness_counterflow,
    exchange,
    flow_ratio_after_loss,
    rated_conductance,
    transfer_units_for,
)

units, ratios = st.floats(0.0, 12.0), st.floats(0.0, 1.0)
# 1200 kW at 4 K, both sides warmed by 10 K: 120 kW/K each, so NTU / (1 + NTU) = 10 / 14 and NTU = 2.5
UNIT = CduRating(1.2e6, 4.0, 120e3, 120e3, 0.45, 0.45, 0.7)


@pytest.mark.parametrize(("ntu", "ratio", "expected"), [(0.0, 0.3, 0.0), (1.0, 0.0, 0.63212), (1.0, 0.5, 0.56473), (2.5, 1.0, 0.71429), (3.0, 0.8, 0.80433)])
def test_effectiveness_by_hand(ntu, ratio, expected):
    assert effectiveness_counterflow(ntu, ratio) == pytest.approx(expected, rel=1e-5, abs=1e-12)


@given(units, ratios, st.floats(0.01, 3.0))
def test_effectiveness_lies_in_0_to_1_and_rises_with_area(ntu, ratio, more):
    small, large = effectiveness_counterflow(ntu, ratio), effectiveness_counterflow(ntu + more, ratio)
    assert 0.0 <= small <= large <= 1.0
    assert effectiveness_counterflow(ntu, ratio) <= effectiveness_counterflow(ntu, 0.0) + 1e-12  # a like stream is the worst partner
    if small < 0.999:
        assert transfer_units_for(small, ratio) == pytest.approx(ntu, rel=1e-6, abs=1e-9)


@given(units, st.floats(1e-15, 1e-6))
def test_all_but_alike_streams_keep_their_digits(ntu, apart):
    assert effectiveness_counterflow(ntu, 1.0 - apart) == pytest.approx(effectiveness_counterflow(ntu, 1.0), abs=1e-5)


@given(st.floats(1e2, 1e6), st.floats(1e2, 1e6), st.floats(1e2, 1e6), st.floats(280.0, 340.0), st.floats(280.0, 340.0))
def test_energy_closes_and_streams_do_not_cross(ua, hot, cold, hot_in, cold_in):
    found = exchange(ua, hot, cold, hot_in, cold_in)
    assert hot * (hot_in - found.hot_outlet_temperature_k) == pytest.approx(found.heat_w, rel=1e-6, abs=1e-6 * hot)
    assert cold * (found.cold_outlet_temperature_k - cold_in) == pytest.approx(found.heat_w, rel=1e-6, abs=1e-6 * cold)
    low, high = sorted((hot_in, cold_in))
    assert low - 1e-9 <= found.hot_outlet_temperature_k <= high + 1e-9
    assert low - 1e-9 <= found.cold_outlet_temperature_k <= high + 1e-9


def test_a_published_unit_closes():
    # STULZ SCR 14103 W: 1200 kW, facility 36 to 46 C, racks 50 to 40 C, 103.8 m3/h of water: with UA from heat and approach, the outlets are the sheet's
    item = load_catalog().item("cdu-stulz-scr14103", "cdu")
    at = {name: item.figure(name).value for name in item.figures}
    water = coolant_at(coolant_table(), 0.5 * (at["tcs_supply_temperature_k"] + at["tcs_return_temperature_k"]))
    rate = at["flow_m3_per_s"] * water.heat_capacity_j_per_m3_k
    rating = CduRating(at["heat_w"], at["approach_k"], rate, rate, 0.5, 0.5, 0.0)
    found = exchange(rated_conductance(rating), rate, rate, at["tcs_return_temperature_k"], at["facility_supply_temperature_k"])
    assert found.hot_outlet_temperature_k == pytest.approx(at["tcs_supply_temperature_k"], abs=0.1)
    assert found.cold_outlet_temperature_k == pytest.approx(at["facility_return_temperature_k"], abs=0.1)


def test_rating_by_hand():
    assert rated_conductance(UNIT) == pytest.approx(300e3)  # NTU 2.5 x 120 kW/K; 1.2 MW over a mean difference of 4 K
    assert capacity_at(UNIT, 4.0) == pytest.approx(1.2e6)
    assert capacity_at(UNIT, 3.0) == pytest.approx(0.9e6)  # in proportion to the approach
    assert approach_for(UNIT, 1.2e6) == pytest.approx(4.0)
    assert conductance(UNIT, 0.5, 1.0) == pytest.approx(300e3 / (0.45 * 2.0**0.7 + 0.55))
    assert conductance(replace(UNIT, exponent=0.0), 0.5, 0.2) == pytest.approx(300e3)


def test_a_pump_lost_by_hand():
    # half the racks' flow, UA as rated: C_min 60 kW/K on the hot side, C 0.5, NTU 5
    held = replace(UNIT, exponent=0.0)
    share = (1.0 - np.exp(-2.5)) / (1.0 - 0.5 * np.exp(-2.5))
    assert capacity_at(held, 4.0, 0.5) == pytest.approx(share * 60e3 * 4.0 / (1.0 - share))


def test_a_unit_with_a_pump_lost_takes_less_within_the_same_rise():
    # two pumps on a square law, one lost: the flow falls to sqrt(1.25 / 2) of both
    ratio = flow_ratio_after_loss(MachineCurve(400e3, 0.02), 1e9, count=2)
    assert ratio == pytest.approx(np.sqrt(0.625))
    assert capacity_within(UNIT, 4.0, 10.0) == pytest.approx(1.2e6)
    assert capacity_within(UNIT, 4.0, 10.0, ratio) == pytest.approx(ratio * 1.2e6)  # the flow is the limit
    assert capacity_within(UNIT, 3.0, 10.0) == pytest.approx(0.9e6)  # the exchanger is
    assert capacity_at(UNIT, 4.0, ratio) > 1.2e6  # with the return left free it passes more
    assert approach_for(UNIT, 1.2e6, ratio) < 4.0


@given(st.floats(0.2, 1.5), st.floats(0.2, 1.5), st.floats(1.01, 3.0))
def test_more_facility_water_never_takes_less_and_heat_gives_back_its_approach(hot, cold, more):
    assert capacity_at(UNIT, 4.0, hot, cold * more) >= capacity_at(UNIT, 4.0, hot, cold)
    assert approach_for(UNIT, capacity_at(UNIT, 5.0, hot, cold), hot, cold) == pytest.approx(5.0)
    # what the approach says holds in the exchanger itself
    heat = capacity_at(UNIT, 4.0, hot, cold)
    inlet = 300.0
    found = exchange(conductance(UNIT, hot, cold), 120e3 * hot, 120e3 * cold, inlet + 4.0 + heat / (120e3 * hot), inlet)
    assert found.heat_w == pytest.approx(heat, rel=1e-9)
    assert found.hot_outlet_temperature_k == pytest.approx(inlet + 4.0)


def test_arrays_equal_scalars():
    ratio = np.array([0.3, 0.7, 1.0])
    assert capacity_at(UNIT, 4.0, ratio) == pytest.approx([capacity_at(UNIT, 4.0, each) for each in ratio])


def test_refusals():
    with pytest.raises(OutOfRange, match=r"capacity_ratio=1.2"):
        effectiveness_counterflow(1.0, 1.2)
    with pytest.raises(OutOfRange, match="lies in 0 to below 1"):
        rated_conductance(replace(UNIT, cold_w_per_k=50e3))  # the facility's water cannot carry 1.2 MW at these temperatures
    with pytest.raises(OutOfRange, match=r"leave -0\.2 for the wall"):
        conductance(replace(UNIT, hot_share=0.6, cold_share=0.6))
