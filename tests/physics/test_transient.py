"""Loss of flow: closed forms, an independent integrator, and laws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from rackloom.errors import OutOfRange
from rackloom.physics import PlateLaw, PumpLoss, ThermalMasses, coast_time, plate_resistance, ride_through, stored_seconds, wall_resistance

LPM, RHO_CP = 1e-3 / 60.0, 1014.5 * 3962.2
CASE = {"heat_w": 1000.0, "supply_temperature_k": 313.15, "flow_m3_per_s": 1.5 * LPM, "heat_capacity_j_per_m3_k": RHO_CP, "case_limit_temperature_k": 353.15}
CHIP = ThermalMasses(20.0, 400.0, 0.06e-3 * RHO_CP, 0.01, 0.014)
LOST = PumpLoss(coast_s=1.0)


def steady_case(case) -> float:
    law = 1.0 / (2.0 * case["flow_m3_per_s"] * RHO_CP)
    return case["supply_temperature_k"] + case["heat_w"] * (CHIP.wall_k_per_w + law)


def test_nothing_lost_changes_nothing():
    found = ride_through(CHIP, PumpLoss(coast_s=1.0, remaining_share=1.0), **CASE)
    assert found.seconds == np.inf
    assert found.case_temperature_k == pytest.approx(np.full_like(found.time_s, steady_case(CASE)), abs=1e-6)


def test_without_flow_the_stored_heat_is_all():
    # flow gone at once, masses joined all but without resistance: t = C dT / P
    joined = ThermalMasses(50.0, 400.0, 250.0, 1e-3, 1e-3)
    case = {**CASE, "flow_m3_per_s": LPM}
    found = ride_through(joined, PumpLoss(coast_s=0.05), **case, horizon_s=40.0)
    start = 313.15 + 1000.0 * (1e-3 + 1.0 / (2.0 * LPM * RHO_CP))
    stored = 700.0 * (353.15 - start) / 1000.0
    # by hand: the dying flow carries 134 W/K x 0.05 s x (7.5 K x ln(1 + 22 / 0.05) + 1.43 K/s x 22 s) = 0.52 kJ away, and the coolant,
    # 1 K below the case at first and 0.36 K at last, takes 0.16 kJ more than its even share: 0.68 s at 1 kW
    assert found.seconds == pytest.approx(stored + 0.68, rel=2e-3)


def test_an_independent_integrator_agrees():
    found = ride_through(CHIP, replace(LOST, standby_s=8.0, standby_share=0.6), **CASE, horizon_s=30.0)

    def rate(time, now):
        chip, plate, coolant = now
        share = max(1.0 / (1.0 + time), 0.6 if time >= 8.0 else 0.0)
        away = 2.0 * CASE["flow_m3_per_s"] * RHO_CP * share * (coolant - 313.15)
        inward, onward = (chip - plate) / CHIP.chip_k_per_w, (plate - coolant) / CHIP.wall_k_per_w
        return [(1000.0 - inward) / CHIP.chip_j_per_k, (inward - onward) / CHIP.plate_j_per_k, (onward - away) / CHIP.coolant_j_per_k]

    plate = steady_case(CASE)
    peer = solve_ivp(rate, (0.0, 30.0), [plate + 10.0, plate, plate - 14.0], max_step=0.02, rtol=1e-9, atol=1e-9, t_eval=found.time_s)
    assert found.case_temperature_k == pytest.approx(peer.y[1], abs=0.02)


def test_coasting_by_hand():
    assert coast_time(0.05, 300.0, 3000.0) == pytest.approx(1.5)
    quick, slow = (ride_through(CHIP, PumpLoss(coast_s=t), **CASE).seconds for t in (0.5, 5.0))
    assert quick < slow < np.inf


def test_a_standby_pump_in_time_saves_the_case():
    alone = ride_through(CHIP, LOST, **CASE)
    assert 5.0 < alone.seconds < 60.0
    saved = ride_through(CHIP, replace(LOST, standby_s=5.0, standby_share=0.9), **CASE)  # NVIDIA DA-12515-001: failover in at most 5 s
    assert saved.seconds == np.inf
    assert saved.peak_case_temperature_k < alone.peak_case_temperature_k


def test_stored_heat_of_a_rack():
    # VR NVL72: 33.6 L; 227 kW warm it by 10 K in 33.6e-3 x 1014.5 x 3962.2 x 10 / 227e3 = 5.95 s
    assert stored_seconds(33.6e-3, RHO_CP, 10.0, 227e3) == pytest.approx(5.95, abs=0.005)


@settings(max_examples=15, deadline=None)
@given(st.floats(200.0, 1500.0), st.floats(1.0, 3.0), st.floats(1.05, 2.0))
def test_more_heat_never_lasts_longer_and_more_flow_never_shorter(heat, litres, factor):
    case = {**CASE, "heat_w": np.array([heat, heat * factor, heat]), "flow_m3_per_s": litres * LPM * np.array([1.0, 1.0, factor])}
    base, hotter, more = np.minimum(ride_through(CHIP, LOST, **case, horizon_s=60.0).seconds, 1e9)
    assert hotter <= base + 1e-9
    assert more >= base - 1e-9


def test_a_batch_equals_one_by_one():
    heats = np.array([600.0, 1000.0, 1400.0])
    together = ride_through(CHIP, LOST, **{**CASE, "heat_w": heats})
    single = [ride_through(CHIP, LOST, **{**CASE, "heat_w": float(heat)}) for heat in heats]
    assert together.seconds == pytest.approx([each.seconds for each in single], rel=1e-6)
    assert together.peak_coolant_temperature_k == pytest.approx([each.peak_coolant_temperature_k for each in single], rel=1e-6)
    assert together.case_temperature_k.shape == (len(together.time_s), 3)
    bare = ride_through(CHIP, LOST, **{**CASE, "heat_w": heats}, trace=False)
    assert (bare.seconds == together.seconds).all()
    assert (bare.peak_case_temperature_k == np.max(together.case_temperature_k, axis=0)).all()
    assert bare.case_temperature_k.shape == (1, 3)
    masses = replace(CHIP, plate_j_per_k=np.array([[200.0], [400.0]]))
    assert ride_through(masses, LOST, **{**CASE, "heat_w": heats}).seconds.shape == (2, 3)


def test_a_case_that_is_hot_at_once():
    assert ride_through(CHIP, LOST, **{**CASE, "case_limit_temperature_k": 320.0}).seconds == 0.0


def test_wall_resistance_leaves_the_coolants_own():
    law = PlateLaw(0.0174, 0.007, 1.2)
    wall = wall_resistance(law, 1.5 * LPM, RHO_CP)
    assert wall + 1.0 / (2.0 * 1.5 * LPM * RHO_CP) == pytest.approx(plate_resistance(law, 1.5 * LPM))
    with pytest.raises(OutOfRange, match=r"leaves .* between case and coolant"):
        wall_resistance(PlateLaw(0.0, 0.001, 1.0), 1.5 * LPM, RHO_CP)


def test_masses_too_unlike_are_refused():
    with pytest.raises(OutOfRange, match="join the smallest mass"):
        ride_through(replace(CHIP, chip_j_per_k=1e-4), LOST, **CASE)
    with pytest.raises(OutOfRange, match="plate_j_per_k=0: it is above 0"):
        ride_through(replace(CHIP, plate_j_per_k=0.0), LOST, **CASE)
