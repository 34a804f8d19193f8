"""Hold-up, batteries, swings and pulses: by hand, by integration, and as documents print them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from rackloom.errors import BadInput, OutOfRange
from rackloom.physics import (
    band_swing,
    battery_energy,
    battery_seconds,
    bridged,
    highest_rms,
    hold_up_capacitance,
    hold_up_seconds,
    peak_margin,
    pulse_limit,
    pulse_rms,
    smooth_trace,
    square_storage,
    step_storage,
    trace_harmonics,
)

HPR_V2 = [(0.0004, 1.6), (0.05, 1.4)]  # OCP HPR V2 72 kW shelf Rev 1.0: 140 % for 50 ms, 160 % for 0.4 ms


def test_hold_up_by_hand():
    assert hold_up_seconds(0.01, 400.0, 300.0, 10e3) == pytest.approx(0.035)  # 0.005 x (160000 - 90000) / 10000
    assert hold_up_seconds(0.01, 400.0, 300.0, 10e3, end_of_life_share=0.8, efficiency=0.5) == pytest.approx(0.014)
    assert hold_up_seconds(0.01, 300.0, 300.0, 10e3) == 0.0
    farads = hold_up_capacitance(0.02, 400.0, 300.0, np.array([1e3, 1e4]), end_of_life_share=0.8, efficiency=0.97)
    assert hold_up_seconds(farads, 400.0, 300.0, np.array([1e3, 1e4]), end_of_life_share=0.8, efficiency=0.97) == pytest.approx(0.02)


@settings(deadline=None, max_examples=25)
@given(st.floats(0.05, 1.0), st.floats(60.0, 90.0), st.floats(0.01, 0.4))
def test_hold_up_with_series_resistance_is_the_integral(farads, start, resistance):
    """C dv/dt = -i with P = i (v - R i), stopped where v - R i = 48 V, by an independent integrator."""

    def fall(_, v):
        return [-2.0 * 1e3 / (v[0] + np.sqrt(v[0] ** 2 - 4.0 * resistance * 1e3)) / farads]

    def spent(_, v):
        return v[0] - (48.0 + resistance * 1e3 / 48.0)

    spent.terminal = True
    expected = 0.0 if spent(0.0, [start]) <= 0.0 else solve_ivp(fall, (0.0, 10.0), [start], events=spent, rtol=1e-10, atol=1e-12).t_events[0][0]
    assert hold_up_seconds(farads, start, 48.0, 1e3, resistance_ohm=resistance) == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_hold_up_refuses_the_knee():
    with pytest.raises(OutOfRange, match="knee"):
        hold_up_seconds(1.0, 54.0, 10.0, 1e3, resistance_ohm=1.0)
    with pytest.raises(OutOfRange, match="end_of_life_share"):
        hold_up_seconds(1.0, 54.0, 48.0, 1e3, end_of_life_share=1.2)


def test_the_orv3_battery_at_its_end_of_life():
    """OCP ORv3 BBU module Rev 1.4: 15 kW for 240 s new and 90 s at the end of life; PSU hold-up 20 ms, battery on within 4 ms."""
    new = 15e3 * 240.0
    assert battery_seconds(new, 15e3, 15e3) == pytest.approx(240.0)
    assert battery_seconds(battery_energy(new, age_share=90.0 / 240.0), 15e3, 15e3) == pytest.approx(90.0)
    assert battery_seconds(battery_energy(new, age_share=0.375, temperature_share=0.8), np.array([15e3, 16e3]), 15e3).tolist() == pytest.approx([72.0, 0.0])
    assert bridged(0.020, 0.004, 90.0, 90.0)
    assert not bridged(0.003, 0.004, 90.0, 90.0)


def test_storage_of_a_step_and_of_a_square_wave_by_hand():
    assert step_storage(100e3, 20e3) == pytest.approx(250e3)  # half of 5 s x 100 kW
    assert square_storage(1000.0, 2.0, 0.5) == pytest.approx(500.0)
    assert square_storage(1000.0, 2.0, 0.25, np.array([0.0, 1000.0, 2000.0, 1e9])).tolist() == pytest.approx([375.0, 375.0, 250.0, 0.0005])


@settings(max_examples=60, deadline=None)
@given(st.floats(10.0, 1e5), st.floats(0.1, 20.0), st.floats(0.1, 0.9), st.floats(0.05, 1.0))
def test_a_trace_of_a_square_wave_gives_its_closed_form(swing, period, duty, part):
    ramp = swing / (part * min(duty, 1.0 - duty) * period)  # the ramp takes this part of the shorter block
    found = smooth_trace(np.array([0.0, duty * period, period]), np.array([swing + 7.0, 7.0, 7.0]), ramp_w_per_s=ramp)
    assert found.energy_j <= square_storage(swing, period, duty, ramp) * (1.0 + 1e-9)
    exact = smooth_trace(np.array([0.0, duty * period, period]), np.array([swing + 7.0, 7.0, 7.0]), ramp_w_per_s=0.0)
    assert exact.energy_j == pytest.approx(square_storage(swing, period, duty), rel=1e-9)
    assert exact.feed_swing_w == pytest.approx(0.0, abs=1e-6 * swing)
    assert found.window_s == pytest.approx(swing / ramp, rel=1e-9)
    assert found.energy_j == pytest.approx(square_storage(swing, period, duty, ramp), rel=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(0.05, 3.0), st.floats(0.0, 1e5)), min_size=2, max_size=6), st.floats(0.05, 1.5))
def test_any_trace_keeps_the_limits_and_a_fine_clock_agrees(blocks, part):
    lengths, powers = map(np.array, zip(*blocks, strict=True))
    times = np.concatenate([[0.0], np.cumsum(lengths)])
    swing = float(np.ptp(powers))
    if swing < 1.0:
        return
    ramp = swing / (part * times[-1])
    found = smooth_trace(times, np.append(powers, powers[-1]), ramp_w_per_s=ramp, band_w=0.8 * swing)
    assert found.feed_ramp_w_per_s <= ramp * (1.0 + 1e-6) + 1e-6 * swing
    assert found.feed_swing_w <= 0.8 * swing * (1.0 + 1e-6)
    fine = 40_000
    load = powers[np.minimum(np.searchsorted(times, (np.arange(fine) + 0.5) * times[-1] / fine, side="right") - 1, len(powers) - 1)]
    width = round(found.window_s / times[-1] * fine)
    summed = np.cumsum(np.concatenate([load, load]))
    feed = (summed[fine:] - summed[fine - width : 2 * fine - width]) / width
    assert np.ptp(np.cumsum(load - feed)) * times[-1] / fine == pytest.approx(found.energy_j, rel=0.01, abs=1e-3 * swing * times[-1])


def test_within_the_limits_no_storage_is_needed():
    found = smooth_trace(np.array([0.0, 1.0, 2.0]), np.array([10.0, 5.0, 5.0]), band_w=6.0)
    assert (found.energy_j, found.window_s) == (0.0, 0.0)
    assert smooth_trace(np.array([0.0, 1.0]), np.array([10.0, 10.0]), ramp_w_per_s=0.0).energy_j == 0.0
    with pytest.raises(BadInput, match="do not rise"):
        smooth_trace(np.array([0.0, 0.0]), np.array([1.0, 1.0]))


def test_harmonics_of_a_square_wave_are_fouriers():
    hertz, watts = trace_harmonics(np.array([0.0, 1.0, 2.0]), np.array([1000.0, 0.0, 0.0]), 5)
    assert hertz.tolist() == [0.5, 1.0, 1.5, 2.0, 2.5]
    np.testing.assert_allclose(watts, [2000 / np.pi, 0.0, 2000 / (3 * np.pi), 0.0, 2000 / (5 * np.pi)], atol=1e-9)
    everything = band_swing(np.array([0.0, 1.0, 2.0]), np.array([1000.0, 0.0, 0.0]), 0.0, 2000.0)
    assert everything == pytest.approx(500.0, rel=1e-3)  # the effective value of +/- 500 W (Parseval)
    assert band_swing(np.array([0.0, 1.0, 2.0]), np.array([1000.0, 0.0, 0.0]), 0.1, 0.4) == 0.0


def test_pulse_limits_as_published():
    assert pulse_limit(np.array([0.0, 0.0004, 0.0005, 0.05, 0.051]), HPR_V2).tolist() == [1.6, 1.6, 1.4, 1.4, 1.0]
    assert peak_margin(100e3, 0.02, 72e3, HPR_V2) == pytest.approx(800.0)
    with pytest.raises(BadInput, match="pulse limit"):
        pulse_limit(0.1, [(0.1, 1.2), (0.2, 1.4)])


def test_effective_values_of_pulses():
    assert pulse_rms(2.0, 0.0, 0.25) == pytest.approx(1.0)
    times, values = np.array([0.0, 0.05, 0.2]), np.array([2.0, 0.0, 0.0])
    assert highest_rms(times, values, 0.05) == pytest.approx(2.0)
    assert highest_rms(times, values, 0.1) == pytest.approx(2.0**0.5)
    assert highest_rms(times, values, 0.2) == pytest.approx(float(pulse_rms(2.0, 0.0, 0.25)))
    assert highest_rms(times, values, 0.25) == pytest.approx((4.0 * 0.1 / 0.25) ** 0.5)  # two pulses in a window longer than the period
