"""A rack on its feet: sums by hand, and laws of statics."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rackloom.errors import OutOfRange
from rackloom.physics import centre_of_gravity, floor_pressure, foot_loads, on_three_feet, push_to_tip, tipping_angle

MASSES = st.lists(st.floats(0.1, 500.0), min_size=1, max_size=12)


def test_two_masses_balance_where_the_lever_says():
    """100 kg at 0.5 m and 300 kg at 1.5 m: (50 + 450) / 400 = 1.25 m."""
    at = np.array([[0.0, 0.0, 0.5], [0.2, -0.1, 1.5]])
    assert centre_of_gravity(np.array([100.0, 300.0]), at) == pytest.approx([0.15, -0.075, 1.25])


def test_a_rack_tips_where_its_centre_passes_its_edge():
    """0.3 m aside of 1.2 m up: atan(0.25) = 14.04 deg; moved 0.1 m to the edge: atan(0.2 / 1.2) = 9.46."""
    assert np.degrees(tipping_angle(np.array([0.0, 0.0, 1.2]), 0.6, 1.07)) == pytest.approx(14.036, abs=1e-3)
    assert np.degrees(tipping_angle(np.array([0.1, 0.0, 1.2]), 0.6, 1.07)) == pytest.approx(9.462, abs=1e-3)
    assert tipping_angle(np.array([0.4, 0.0, 1.2]), 0.6, 1.07) == 0.0


def test_a_push_at_a_height_tips_as_its_moment_does():
    """1000 kg, 0.3 m to the edge: 2941.995 N m; at 1.5 m 1961.33 N."""
    assert push_to_tip(1000.0, np.zeros(3), 0.6, 1.0, 1.5) == pytest.approx(1961.33)


def test_a_foot_that_hangs_free_leaves_half_and_more_to_one():
    """400 kg, u = 2 x 0.1/0.5 = 0.4, v = 2 x 0.1/1 = 0.2: 400 (1 + 0.2)/2."""
    assert on_three_feet(400.0, np.array([0.1, 0.1, 1.0]), 0.5, 1.0) == pytest.approx(240.0)


@given(st.floats(-0.99, 0.99), st.floats(-0.99, 0.99))
def test_three_feet_by_moments(u, v):
    """Solve the three feet for each one that may hang free; none left negative counts."""
    corners = np.array([(-1, -1), (1, -1), (-1, 1), (1, 1)], dtype=float)
    worst = 0.0
    for free in range(4):
        held = [k for k in range(4) if k != free]
        loads = np.linalg.solve(np.vstack([np.ones(3), corners[held].T]), np.array([1.0, u, v]))
        if loads.min() >= -1e-12:
            worst = max(worst, loads.max())
    assert on_three_feet(1.0, np.array([u * 0.3, v * 0.6, 1.0]), 0.6, 1.2) == pytest.approx(worst, rel=1e-9)


@given(MASSES, st.integers(0, 2**31))
def test_the_centre_lies_between_its_masses_and_feet_carry_them(masses, seed):
    rng = np.random.default_rng(seed)
    mass, at = np.array(masses), rng.uniform([-0.3, -0.6, 0.1], [0.3, 0.6, 2.3], (len(masses), 3))
    centre = centre_of_gravity(mass, at)
    assert np.all(at.min(axis=0) - 1e-9 <= centre)
    assert np.all(centre <= at.max(axis=0) + 1e-9)
    feet = foot_loads(mass.sum(), centre, 0.6, 1.2)
    assert feet.sum() == pytest.approx(mass.sum())
    x = np.array([-0.3, 0.3, -0.3, 0.3])
    y = np.array([-0.6, -0.6, 0.6, 0.6])
    assert feet @ x == pytest.approx(mass.sum() * centre[0], abs=1e-6)
    assert feet @ y == pytest.approx(mass.sum() * centre[1], abs=1e-6)


@given(st.floats(0.2, 2.0), st.floats(0.01, 1.0))
def test_a_higher_centre_tips_sooner(height, more):
    low, high = (tipping_angle(np.array([0.05, 0.1, z]), 0.6, 1.0) for z in (height, height + more))
    assert high < low


def test_many_designs_at_once_are_each_as_alone():
    mass, at = np.array([[100.0, 300.0], [200.0, 200.0]]), np.array([[0.0, 0.0, 0.5], [0.2, -0.1, 1.5]])
    both = centre_of_gravity(mass, at)
    assert both.shape == (2, 3)
    assert both[1] == pytest.approx(centre_of_gravity(mass[1], at))
    assert tipping_angle(both, np.array([0.6, 0.8]), 1.0)[1] == pytest.approx(tipping_angle(both[1], 0.8, 1.0))
    assert foot_loads(mass.sum(axis=-1), both, 0.6, 1.0).shape == (2, 4)
    assert floor_pressure(np.array([1000.0, 2000.0]), 0.6, 1.0)[1] == pytest.approx(2 * floor_pressure(1000.0, 0.6, 1.0))


def test_what_is_no_body_is_refused():
    with pytest.raises(OutOfRange, match="something weighs"):
        centre_of_gravity(np.zeros(2), np.zeros((2, 3)))
    with pytest.raises(OutOfRange, match="width_m=0"):
        tipping_angle(np.array([0.0, 0.0, 1.0]), 0.0, 1.0)
    with pytest.raises(OutOfRange, match="width_m"):
        foot_loads(100.0, np.zeros(3), 0.0, 1.0)
