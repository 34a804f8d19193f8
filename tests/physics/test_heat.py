"""Tables read at a point: by hand, against numpy, and against CoolProp for the coolant that ships."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rackloom.catalog import load_catalog, table
from rackloom.physics import interpolate_table, neighbours

POINTS = [0.0, 10.0, 20.0]
VALUES = [1.0, 3.0, 0.0]


@pytest.mark.parametrize(("at", "expected"), [(-5.0, 1.0), (0.0, 1.0), (5.0, 2.0), (10.0, 3.0), (15.0, 1.5), (20.0, 0.0), (99.0, 0.0)])
def test_readings_by_hand(at, expected):
    assert interpolate_table(POINTS, VALUES, at) == pytest.approx(expected)


def test_a_table_of_one_point_is_level():
    assert interpolate_table([5.0], [7.0], 100.0) == 7.0
    assert neighbours([5.0], 100.0) == [0]


@given(st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=3), st.lists(st.floats(-30.0, 50.0), min_size=1, max_size=9))
def test_readings_equal_numpys(values, at):
    assert interpolate_table(POINTS, values, np.array(at)) == pytest.approx(np.interp(at, POINTS, values), abs=1e-9)


@given(st.lists(st.floats(0.1, 1e3), min_size=12, max_size=12), st.lists(st.floats(-30.0, 50.0), min_size=4, max_size=4))
def test_arrays_equal_scalars_draw_by_draw(values, at):
    rows = [np.array(values[4 * i : 4 * i + 4]) for i in range(3)]
    together = interpolate_table(POINTS, rows, np.array(at))
    assert together == pytest.approx([interpolate_table(POINTS, [float(row[k]) for row in rows], at[k]) for k in range(4)])
    assert interpolate_table(POINTS, rows, at[0]) == pytest.approx([interpolate_table(POINTS, [float(row[k]) for row in rows], at[0]) for k in range(4)])


def test_neighbours_are_the_points_that_are_read():
    assert neighbours(POINTS, 3.0) == [0, 1]
    assert neighbours(POINTS, 10.0) == [0, 1]
    assert neighbours(POINTS, 40.0) == [1, 2]
    assert neighbours(POINTS, np.array([3.0, 17.0])) == [0, 1, 2]


@pytest.mark.parametrize(("name", "suffix", "letter"), [("density", "kg_per_m3", "D"), ("cp", "j_per_kg_k", "C"), ("viscosity", "pa_s", "V"), ("conductivity", "w_per_m_k", "L")])
@pytest.mark.parametrize("celsius", [20.0, 27.5, 33.0, 40.0, 47.5, 58.0])
def test_pg25_lies_within_one_percent_of_coolprop(name, suffix, letter, celsius):
    coolprop = pytest.importorskip("CoolProp.CoolProp")
    points, figures = table(load_catalog().item("pg25", "fluid"), name, suffix)
    ours = interpolate_table(points, [figure.value for figure in figures], celsius + 273.15)
    assert ours == pytest.approx(coolprop.PropsSI(letter, "T", celsius + 273.15, "P", 2e5, "INCOMP::APG[0.25]"), rel=0.01)
