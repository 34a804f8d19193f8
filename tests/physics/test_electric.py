"""Currents by hand and Kirchhoff's law as a property."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rackloom.errors import OutOfRange
from rackloom.physics import busbar_segment_currents, three_phase_current
from tests.published.load import published


def test_three_phase_current_by_hand():
    assert three_phase_current(33_000.0, 415.0) == pytest.approx(33_000 / (1.7320508 * 415), rel=1e-7)
    assert three_phase_current(10_000.0, 400.0, 0.9) == pytest.approx(16.0375, rel=1e-5)  # 10000 / (1.7320508 x 400 x 0.9)
    for bad in ((1.0, 0.0, 1.0), (1.0, 400.0, 0.0), (1.0, 400.0, 1.1)):
        with pytest.raises(OutOfRange):
            three_phase_current(*bad)


@pytest.mark.parametrize("case", [row for row in published("electric") if row["phases"] == 3], ids=lambda case: case["id"])
def test_published_currents(case):
    assert three_phase_current(case["watts"], case["volts"]) == pytest.approx(case["expected_a"], rel=case["rel"]), case["source"]


def test_a_busbar_fed_from_one_end_carries_all_of_it_and_from_both_ends_half():
    trays = [-600.0] * 4  # 2400 A, as 120 kW at 50 V
    assert np.max(np.abs(busbar_segment_currents(np.array([2400.0, *trays])))) == 2400.0
    assert np.max(np.abs(busbar_segment_currents(np.array([1200.0, *trays, 1200.0])))) == 1200.0


def test_currents_that_do_not_balance_are_refused():
    with pytest.raises(OutOfRange, match="do not sum to zero"):
        busbar_segment_currents(np.array([10.0, -9.0]))


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=12))
def test_each_node_obeys_kirchhoff(values):
    injected = np.array([*values, -math.fsum(values)])
    currents = busbar_segment_currents(injected)
    into = np.concatenate([[0.0], currents])
    out = np.concatenate([currents, [0.0]])
    assert into + injected == pytest.approx(out, abs=1e-9 * max(1.0, float(np.sum(np.abs(injected)))))
