"""Short circuits, capacitors into a fault, touch voltage, poles to earth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from rackloom.errors import BadInput, OutOfRange
from rackloom.physics import battery_fault_current, capacitor_fault_peak, poles_to_earth, short_circuit, touch_voltage, transformer_impedance


def test_a_transformer_alone_gives_its_rated_current_over_its_impedance():
    """S / (sqrt(3) V u_k), the textbook bolted fault at the secondary terminals."""
    z = transformer_impedance(1e6, 415.0, 0.05, 0.2)
    assert float(short_circuit(415.0, z)) == pytest.approx(1e6 / (3**0.5 * 415.0 * 0.05))
    assert (z.real / z.imag, abs(z)) == (pytest.approx(0.2), pytest.approx(0.05 * 415.0**2 / 1e6))


def test_a_cable_lowers_the_fault_and_brings_it_within_a_rating():
    z = transformer_impedance(2.5e6, 415.0, 0.06, 0.15)
    cable = (0.6e-3 + 0.08e-3j) * np.array([0.0, 10.0, 50.0])  # ohm, 0.6 mohm/m and 0.08 mohm/m of reactance
    amperes = short_circuit(415.0, z, cable)
    assert (np.diff(amperes) < 0.0).all()
    assert amperes[0] > 25e3 > amperes[2]  # an HPR shelf stands 25 kA (OCP Rev 0.3)
    with pytest.raises(OutOfRange, match="without impedance"):
        short_circuit(415.0, 0.0)


def test_a_battery_by_ohms_law():
    assert battery_fault_current(54.0, 5e-3, 1e-3) == pytest.approx(9000.0)


@settings(deadline=None, max_examples=40)
@given(st.floats(1e-3, 0.1), st.floats(-1.5, 1.5))
def test_the_capacitors_peak_is_the_circuits(farads, log_ratio):
    """From ringing (0.03 of critical damping) to creeping (30 times), against an integrator."""
    inductance = 1e-6
    w0 = 1.0 / (inductance * farads) ** 0.5
    resistance = 2.0 * inductance * w0 * 10.0**log_ratio
    circuit = solve_ivp(
        lambda _, y: [y[1], (54.0 - y[0] / farads - resistance * y[1]) / inductance], (0.0, 3.0 / w0), [0.0, 0.0], method="LSODA", rtol=1e-9, atol=1e-12, dense_output=True
    )
    found = circuit.sol(np.concatenate([[0.0], np.geomspace(1e-4, 3.0, 20_000)]) / w0)[1].max()
    assert float(capacitor_fault_peak(54.0, farads, resistance, inductance)) == pytest.approx(found, rel=1e-4)


def test_the_capacitors_peak_at_critical_damping_is_v_over_e_a_l():
    inductance, farads = 1e-6, 0.01
    w0 = 1e4
    assert float(capacitor_fault_peak(54.0, farads, 2.0 * inductance * w0, inductance)) == pytest.approx(54.0 / (np.e * w0 * inductance), rel=1e-6)
    assert float(capacitor_fault_peak(54.0, farads, 1e-9, inductance)) == pytest.approx(54.0 * (farads / inductance) ** 0.5, rel=1e-6)  # V sqrt(C/L)


def test_touch_voltage_is_a_divider():
    assert float(touch_voltage(400.0, 0.1, 0.3)) == pytest.approx(100.0)
    assert touch_voltage(np.array([400.0, 800.0]), 0.1, 19_999.9).tolist() == pytest.approx([0.002, 0.004])
    with pytest.raises(OutOfRange):
        touch_voltage(400.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("grounding", "fault", "positive", "negative", "share"),
    [
        ("mid-point", "none", 400.0, -400.0, 0.0),
        ("mid-point", "positive", 0.0, -800.0, 0.5),
        ("mid-point", "negative", 800.0, 0.0, 0.5),
        ("negative-pole", "none", 800.0, 0.0, 0.0),
        ("negative-pole", "positive", 0.0, -800.0, 1.0),
        ("negative-pole", "negative", 800.0, 0.0, 0.0),
        ("positive-pole", "none", 0.0, -800.0, 0.0),
        ("positive-pole", "negative", 800.0, 0.0, 1.0),
    ],
)
def test_poles_to_earth_of_800_v(grounding, fault, positive, negative, share):
    found = poles_to_earth(800.0, grounding, 40e3, fault=fault)
    assert (float(found.positive_v), float(found.negative_v)) == (positive, negative)
    assert float(found.earth_current_a) == pytest.approx(share * 800.0 / 40e3)


@given(st.sampled_from(["mid-point", "negative-pole", "positive-pole"]), st.sampled_from(["positive", "negative"]), st.floats(1e-3, 1e5), st.floats(0.0, 1e5))
def test_poles_stay_the_whole_voltage_apart(grounding, fault, ground, resistance):
    found = poles_to_earth(np.array([800.0, 750.0]), grounding, ground, fault=fault, fault_ohm=resistance)
    np.testing.assert_allclose(found.positive_v - found.negative_v, [800.0, 750.0], rtol=1e-12)
    faulty = found.positive_v if fault == "positive" else found.negative_v
    np.testing.assert_allclose(np.abs(faulty), found.earth_current_a * resistance, atol=1e-9)


def test_unknown_words_are_named():
    with pytest.raises(BadInput, match="nearest: 'mid-point'"):
        poles_to_earth(800.0, "midpoint", 1.0)
    with pytest.raises(BadInput, match="both"):
        poles_to_earth(800.0, "mid-point", 1.0, fault="both")
