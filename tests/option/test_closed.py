"""Closed forms against published values, parity and limits."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rackloom.errors import BadInput
from rackloom.option import european_option, perpetual_boundary
from rackloom.option.closed import european_probability, final_boundary, normal_cdf
from tests.published.load import published

positive = st.floats(0.1, 10.0)
shares = st.floats(-0.2, 0.5)


@pytest.mark.parametrize("case", published("options_european"), ids=lambda case: case["id"])
def test_european_matches_published(case):
    got = european_option(case["kind"], case["spot"], case["strike"], case["rate"], case["dividend"], case["volatility"], case["time"])
    assert got == pytest.approx(case["expected"], abs=case["tolerance"]), case["source"]


def test_normal_cdf_agrees_with_the_standard_library_and_serves_arrays():
    x = np.array([-8.0, -2.0, -0.5, 0.0, 1.3, 5.0])
    assert normal_cdf(x) == pytest.approx([NormalDist().cdf(v) for v in x], rel=1e-12)
    assert isinstance(normal_cdf(1.0), float)


@given(positive, positive, shares, shares, st.floats(0.0, 1.5), st.floats(0.0, 5.0))
def test_put_call_parity(spot, strike, rate, dividend, volatility, time):
    """C - P = S exp(-q t) - K exp(-r t), whatever the volatility."""
    call, put = (european_option(kind, spot, strike, rate, dividend, volatility, time) for kind in ("call", "put"))
    assert call - put == pytest.approx(spot * math.exp(-dividend * time) - strike * math.exp(-rate * time), abs=1e-9 * (spot + strike) * math.exp(1.0))


def test_without_volatility_it_is_the_discounted_difference():
    # S exp(-q t) - K exp(-r t) = 120 - 100 exp(-0.05) = 24.877
    assert european_option("call", 120.0, 100.0, 0.05, 0.0, 0.0, 1.0) == pytest.approx(24.8771, abs=1e-4)
    assert european_option("call", 80.0, 100.0, 0.05, 0.0, 0.0, 1.0) == 0.0
    assert european_probability("call", 120.0, 100.0, 0.05, 0.0, 0.0, 1.0) == 1.0


def test_perpetual_boundary_of_mcdonald_and_siegel():
    """Rate = yield = 4 %, volatility 20 %: b(b-1)/2 * 0.04 = 0.04, so b = 2 and the boundary is 2/(2-1) = twice the price."""
    assert perpetual_boundary("call", 1.0, 0.04, 0.04, 0.2) == pytest.approx(2.0)
    # put, no yield: b = -2r/v^2 = -3, boundary 40 * -3/(-3-1) = 30
    assert perpetual_boundary("put", 40.0, 0.06, 0.0, 0.2) == pytest.approx(30.0)


def test_boundaries_where_waiting_costs_nothing_or_only_the_drift():
    assert perpetual_boundary("call", 1.0, 0.05, 0.0, 0.3) == math.inf
    assert perpetual_boundary("put", 1.0, 0.0, 0.05, 0.3) == 0.0
    assert perpetual_boundary("call", 1.0, 0.0, 1e-71, 0.5) == math.inf  # a yield that rounding loses
    assert perpetual_boundary("call", 1.0, 0.08, 0.04, 0.0) == pytest.approx(2.0)  # exercise once q S > r K
    assert final_boundary("call", 1.0, 0.08, 0.04) == pytest.approx(2.0)
    assert final_boundary("call", 1.0, 0.02, 0.04) == 1.0
    assert final_boundary("put", 1.0, 0.02, 0.04) == pytest.approx(0.5)


def test_unknown_kind_is_refused():
    with pytest.raises(BadInput, match="no kind of option 'swap'"):
        european_option("swap", 1.0, 1.0, 0.0, 0.0, 0.2, 1.0)
