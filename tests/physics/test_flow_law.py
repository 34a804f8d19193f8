"""The law of required flow: by hand, against a maker's own formula, and equal to the plates it comes from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rackloom.errors import OutOfRange
from rackloom.physics import FlowLaw, PlateLaw, fit_flow_law, flow_for_case, flow_law_of_plates, required_flow

ICE = 273.15


def test_by_hand():
    law = FlowLaw(ICE + 60.0, 2.0, 1.0)
    assert required_flow(law, ICE + 50.0) == pytest.approx(2.0)
    assert required_flow(law, ICE + 55.0) == pytest.approx(4.0)
    assert required_flow(law, np.array([ICE + 40.0, ICE + 55.0])) == pytest.approx([1.0, 4.0])
    with pytest.raises(OutOfRange, match=r"no flow is enough at a supply of 60.0 C: the law ends at 60.0 C"):
        required_flow(law, ICE + 60.0)


def test_a_makers_formula_is_of_this_form():
    # VR_NVL72_RackLevelThermalModel_v07, Max-P: L/min = (17370 / (57.2 - T))^0.796
    theirs = lambda celsius: (17370.0 / (57.2 - celsius)) ** 0.796  # noqa: E731
    law = fit_flow_law((ICE + 25.0, ICE + 45.0), (theirs(25.0), theirs(45.0)), ceiling_temperature_k=ICE + 57.2)
    assert law.exponent == pytest.approx(0.796)
    assert required_flow(law, ICE + 35.0) == pytest.approx(theirs(35.0))


@given(st.floats(10.0, 30.0), st.floats(1.0, 20.0), st.floats(1.0, 40.0), st.floats(0.3, 2.5), st.floats(1e-6, 1e3))
def test_two_points_give_back_the_law(cold, apart, above, exponent, flow):
    law = FlowLaw(ICE + cold + apart + above, flow, exponent)
    kelvin = (ICE + cold, ICE + cold + apart)
    points = tuple(float(required_flow(law, t)) for t in kelvin)
    for stated in ({"exponent": exponent}, {"ceiling_temperature_k": law.ceiling_temperature_k}):
        again = fit_flow_law(kelvin, points, **stated)
        assert again.ceiling_temperature_k == pytest.approx(law.ceiling_temperature_k, abs=1e-3)
        assert again.exponent == pytest.approx(exponent, rel=1e-6)
        assert required_flow(again, ICE + cold - 5.0) == pytest.approx(required_flow(law, ICE + cold - 5.0), rel=1e-4)


@given(st.floats(0.005, 0.03), st.floats(0.004, 0.03), st.floats(0.4, 1.5), st.floats(100.0, 1500.0), st.floats(280.0, 315.0))
def test_plates_and_their_law_agree(base, slope, exponent, heat, supply):
    plate = PlateLaw(base, slope, exponent)
    limit = supply + heat * (base + slope)
    assert required_flow(flow_law_of_plates(plate, heat, limit, 72), supply) == pytest.approx(72.0 * flow_for_case(plate, heat, supply, limit), rel=1e-9)


@given(st.floats(0.0, 50.0), st.floats(0.01, 5.0), st.floats(0.3, 3.0))
def test_a_warmer_supply_never_needs_less(celsius, step, exponent):
    law = FlowLaw(ICE + 60.0, 1.0, exponent)
    assert required_flow(law, ICE + celsius + step) > required_flow(law, ICE + celsius)


def test_points_that_give_no_law():
    with pytest.raises(OutOfRange, match="the warmer with the larger flow"):
        fit_flow_law((300.0, 310.0), (2.0, 1.0), exponent=1.0)
    with pytest.raises(OutOfRange, match="state the exponent or the ceiling"):
        fit_flow_law((300.0, 310.0), (1.0, 2.0))
    with pytest.raises(OutOfRange, match="lies at or below a supply"):
        fit_flow_law((300.0, 310.0), (1.0, 2.0), ceiling_temperature_k=305.0)
