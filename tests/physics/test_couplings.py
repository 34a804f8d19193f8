"""Couplings and bores: against the ratings of OCP couplings and the definitions of their coefficients."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rackloom.errors import OutOfRange
from rackloom.figures import convert
from rackloom.physics import bore_for_velocity, bore_velocity, coupling_drop, coupling_flow, couplings_in_series, cv_of_kv, kv_of_cv


def test_units_are_those_of_the_catalogue():
    assert coupling_drop(1.0, convert(1.0, "gpm", "m3/s")) == pytest.approx(convert(1.0, "psi", "Pa"), rel=1e-12)
    assert kv_of_cv(1.0) == pytest.approx(0.865, abs=5e-4)  # the usual factor, as in IEC 60534-1
    assert cv_of_kv(kv_of_cv(0.8)) == pytest.approx(0.8)


@pytest.mark.parametrize(("cv", "gpm", "kpa"), [(0.25, 0.55, 33.4), (0.8, 1.7, 31.1), (1.6, 3.0, 24.2), (2.5, 4.7, 24.4)])
def test_uqd_at_their_rated_flow(cv, gpm, kpa):
    # OCP UQD Rev 1.0: Cv and rated flow by size; (Q / Cv)^2 psi by hand
    assert coupling_drop(cv, convert(gpm, "gpm", "m3/s")) == pytest.approx(1e3 * kpa, abs=50.0)


def test_pg25_drops_more_than_water_by_its_density():
    assert coupling_drop(0.8, 1e-4, 1014.5) / coupling_drop(0.8, 1e-4, 999.016) == pytest.approx(1014.5 / 999.016)


def test_series_by_hand():
    assert couplings_in_series(0.8, 0.8) == pytest.approx(0.8 / np.sqrt(2.0))
    assert couplings_in_series(3.0, 4.0) == pytest.approx(2.4)


@given(st.floats(0.1, 10.0), st.floats(0.1, 10.0), st.floats(0.0, 1e-2), st.floats(900.0, 1100.0))
def test_flow_and_drop_turn_round_and_add_up(one, other, flow, density):
    both = couplings_in_series(one, other)
    drop = coupling_drop(both, flow, density)
    assert drop == pytest.approx(coupling_drop(one, flow, density) + coupling_drop(other, flow, density), rel=1e-9)
    assert coupling_flow(both, drop, density) == pytest.approx(flow, rel=1e-9, abs=1e-15)


@given(st.floats(1e-6, 0.1), st.floats(0.1, 5.0))
def test_bore_and_velocity_turn_round(flow, velocity):
    assert bore_velocity(flow, bore_for_velocity(flow, velocity)) == pytest.approx(velocity)


def test_refusals_name_what_is_wrong():
    with pytest.raises(OutOfRange, match="cv=0: it is above 0"):
        coupling_drop(0.0, 1e-4)
    with pytest.raises(OutOfRange, match="flow_m3_per_s=-1: it is 0 or more"):
        coupling_drop(1.0, np.array([1.0, -1.0]))
    with pytest.raises(OutOfRange, match="inner_diameter_m=0"):
        bore_velocity(1e-3, 0.0)
