"""Conductors, contacts and feeds by hand and as documents print them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rackloom.errors import BadInput, OutOfRange
from rackloom.physics import (
    breaker_continuous,
    conductor_resistance,
    joule_loss,
    phase_currents,
    rating_at_ambient,
    rating_by_airflow,
    rise_at_current,
    single_phase_current,
    smallest_breaker,
    spread_over_phases,
    three_phase_current,
    two_bus,
    whip_drop,
)

IACS = 58.0e6  # S/m of annealed copper at 20 C by definition (IEC 60028: 1/58 ohm mm2/m), its coefficient 0.00393 /K
ORV3_CONNECTOR = [(0.0, 360.0), (1.524, 500.0)]  # OCP ORv3 48 V output connector Rev 2.0: 360 A in still air, 500 A at 300 LFM, 45 C


def test_resistance_of_a_bar_by_hand():
    assert conductor_resistance(1.0, 1e-6, IACS) == pytest.approx(0.01724138, rel=1e-6)  # 1/58 ohm for 1 m of 1 mm2
    assert conductor_resistance(2.0, 50e-6, IACS, 0.00393, 353.15, legs=2) == pytest.approx(2 * 2 / (58e6 * 50e-6) * 1.2358, rel=1e-9)  # 1 + 0.00393 x 60
    assert joule_loss(2400.0, 1e-5) == pytest.approx(57.6)
    for bad in ({"area_m2": 0.0}, {"conductivity_s_per_m": -1.0}, {"temperature_k": 20.0}):
        with pytest.raises(OutOfRange):
            conductor_resistance(**{"length_m": 1.0, "area_m2": 1e-4, "conductivity_s_per_m": IACS, "temperature_coefficient_per_k": 0.00393, **bad})


def test_two_bus_refuses_what_no_voltage_carries():
    assert float(two_bus(40.0, 100.0, 4.0)[1]) == pytest.approx(20.0)  # V^2 / 4R, at half the voltage
    with pytest.raises(OutOfRange, match=r"V0\^2 / \(4 R\)"):
        two_bus(40.0, 100.1, 4.0)


@given(st.floats(1.0, 3.0), st.floats(10.0, 3000.0), st.floats(275.0, 370.0))
def test_a_rating_in_another_ambient_meets_the_same_limit(exponent, amperes, ambient):
    there = rating_at_ambient(amperes, 318.15, 378.15, ambient, exponent)
    assert ambient + rise_at_current(there, amperes, 60.0, exponent) == pytest.approx(378.15, rel=1e-9)


def test_ratings_and_rises():
    assert rise_at_current(np.array([700.0, 1400.0]), 1400.0, 30.0, 1.8).tolist() == pytest.approx([30.0 * 0.5**1.8, 30.0])
    assert rating_at_ambient(500.0, 318.15, 378.15, 400.0) == 0.0
    assert rating_by_airflow(np.array([0.0, 1.5, 1.524, 3.0]), ORV3_CONNECTOR).tolist() == [360.0, 360.0, 500.0, 500.0]
    with pytest.raises(OutOfRange, match="slowest"):
        rating_by_airflow(0.5, ORV3_CONNECTOR[1:])
    with pytest.raises(OutOfRange, match="exponent"):
        rise_at_current(1.0, 1.0, 1.0, 0.5)


def test_an_18_kw_shelf_is_too_much_for_its_connector_in_still_air():
    amperes = single_phase_current(18e3, 47.5)
    assert amperes == pytest.approx(379.2, rel=1e-3)  # as OCP ORv3 prints it
    assert rating_by_airflow(0.0, ORV3_CONNECTOR) < amperes < rating_by_airflow(1.524, ORV3_CONNECTOR)


def test_six_units_balance_and_five_do_not():
    words = spread_over_phases(6)
    assert words == ("AN", "BN", "CN", "AN", "BN", "CN")
    whole = phase_currents(np.full(6, 5500.0), words, 415.0)
    np.testing.assert_allclose(whole.line_a, three_phase_current(33e3, 415.0), rtol=1e-12)
    assert float(whole.neutral_a) == pytest.approx(0.0, abs=1e-9)
    one = 5500.0 * 3**0.5 / 415.0
    lost = phase_currents(np.array([5500.0] * 5 + [0.0]), words, 415.0)
    np.testing.assert_allclose(lost.line_a, [2 * one, 2 * one, one], rtol=1e-12)
    assert float(lost.neutral_a) == pytest.approx(one, rel=1e-12)  # what is missing of the third phase
    assert float(lost.unbalance_share) == pytest.approx(0.4, rel=1e-12)  # mean 5/3, least 1: (5/3 - 1) / (5/3)


def test_units_between_lines_by_hand():
    one = phase_currents(np.array([5500.0]), ["AB"], 240.0)
    np.testing.assert_allclose(one.line_a, [5500 / 240, 5500 / 240, 0.0], rtol=1e-12)
    three = phase_currents(np.full(3, 5500.0), spread_over_phases(3, line_to_line=True), 240.0)
    np.testing.assert_allclose(three.line_a, 3**0.5 * 5500 / 240, rtol=1e-12)
    two = phase_currents(np.full(2, 5500.0), ["AB", "BC"], 240.0)  # B carries the sum of two at 60 degrees
    np.testing.assert_allclose(two.line_a, np.array([1.0, 3**0.5, 1.0]) * 5500 / 240, rtol=1e-12)


@given(st.tuples(*[st.floats(0.0, 1e4)] * 3), st.floats(0.5, 1.0))
def test_the_neutral_is_the_closed_form_of_three_unequal_phases(watts, factor):
    """|a + b w + c w^2|^2 = a^2 + b^2 + c^2 - ab - bc - ca, w a third of a turn; and a batch is as one by one."""
    a, b, c = (power * 3**0.5 / (400.0 * factor) for power in watts)
    found = phase_currents(np.array([watts, watts[::-1]]), ["AN", "BN", "CN"], np.array([400.0, 400.0]), factor)
    np.testing.assert_allclose(found.line_a[0], [a, b, c], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found.neutral_a, max(a**2 + b**2 + c**2 - a * b - b * c - c * a, 0.0) ** 0.5, atol=1e-5)


def test_breakers_at_nec_and_iec_sites():
    assert breaker_continuous(60.0, "nec-80") == pytest.approx(48.0)  # OCP HPR V2: a 60 A feed is 48 A continuous
    assert (breaker_continuous(60.0, "nec-100"), breaker_continuous(63.0, "iec", derating_share=0.9)) == (60.0, pytest.approx(56.7))
    assert smallest_breaker(46.3, [30.0, 60.0, 50.0], "nec-80") == 60.0
    assert smallest_breaker(46.3, [30.0, 60.0, 50.0], "nec-100") == 50.0
    with pytest.raises(OutOfRange, match="largest breaker"):
        smallest_breaker(49.0, [60.0], "nec-80")
    with pytest.raises(BadInput, match="nearest: 'nec-80'"):
        breaker_continuous(60.0, "nec80")


def test_drop_of_a_whip_by_hand():
    assert whip_drop(100.0, 10.0, 1e-3, phases=1) == pytest.approx(2.0)
    assert whip_drop(100.0, 10.0, 1e-3, 1e-4, 0.8) == pytest.approx(3**0.5 * 100 * 10 * (0.8e-3 + 0.6e-4))
    with pytest.raises(BadInput, match="AX"):
        phase_currents(np.ones(1), ["AX"], 400.0)
    with pytest.raises(BadInput, match="2 connections"):
        phase_currents(np.ones(1), ["AN", "BN"], 400.0)
