"""Heat carried by flows, against figures worked by hand and published ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rackloom.errors import OutOfRange
from rackloom.physics import temperature_rise, volume_flow_for_heat
from tests.published.load import published


@pytest.mark.parametrize("case", published("cooling"), ids=lambda case: case["id"])
def test_published_flows(case):
    assert volume_flow_for_heat(**case["inputs"]) * 60e3 == pytest.approx(case["expected_l_per_min"], rel=case["rel"]), case["source"]


def test_without_rise_or_flow_no_heat_is_carried():
    with pytest.raises(OutOfRange, match="temperature rise is above 0"):
        volume_flow_for_heat(1000.0, 1000.0, 4000.0, 0.0)
    with pytest.raises(OutOfRange, match="a flow is above 0"):
        temperature_rise(1000.0, 0.0, 1000.0, 4000.0)


@given(st.floats(1.0, 1e6), st.floats(500.0, 1500.0), st.floats(1000.0, 5000.0), st.floats(0.1, 50.0))
def test_energy_balance_closes(heat, density, cp, rise):
    assert temperature_rise(heat, volume_flow_for_heat(heat, density, cp, rise), density, cp) == pytest.approx(rise, rel=1e-12)


@given(st.floats(1.0, 1e6), st.floats(1e-5, 1.0), st.floats(1.01, 10.0))
def test_more_flow_never_raises_the_return(heat, flow, factor):
    assert temperature_rise(heat, flow * factor, 1000.0, 4000.0) < temperature_rise(heat, flow, 1000.0, 4000.0)


def test_arrays_equal_scalars():
    heats = np.array([1e3, 2e3, 5e4])
    assert volume_flow_for_heat(heats, 1014.5, 3962.2, 10.0) == pytest.approx([volume_flow_for_heat(h, 1014.5, 3962.2, 10.0) for h in heats])
