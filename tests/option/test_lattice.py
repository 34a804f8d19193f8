"""The lattice against published values, closed forms and the laws of options."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rackloom.errors import OutOfRange
from rackloom.option import american_option, european_option, exercise_boundary
from tests.published.load import published

spots = st.floats(0.3, 3.0)  # the price is 1
rates = st.floats(-0.1, 0.3)
yields = st.floats(-0.1, 0.6)
volatilities = st.floats(0.0, 1.0)
times = st.floats(0.05, 4.0)
kinds = st.sampled_from(["call", "put"])
few = settings(max_examples=40, deadline=None)


@pytest.mark.parametrize("case", published("options_american"), ids=lambda case: case["id"])
def test_american_matches_published(case):
    got = american_option(case["kind"], case["spot"], case["strike"], case["rate"], case["dividend"], case["volatility"], case["time"])
    assert got.value == pytest.approx(case["expected"], abs=case["tolerance"]), case["source"]


@pytest.mark.parametrize("case", published("options_european"), ids=lambda case: case["id"])
def test_one_date_is_european(case):
    inputs = (case["kind"], case["spot"], case["strike"], case["rate"], case["dividend"], case["volatility"], case["time"])
    got = american_option(*inputs, first_exercise=case["time"])
    assert got.value == pytest.approx(case["expected"], abs=case["tolerance"])
    assert got.steps == 0
    assert got.exercise_now is False


def test_american_call_without_yield_is_european():
    """Merton 1973: with nothing to gain from holding the thing itself, a call is never exercised early."""
    for spot in (80.0, 100.0, 130.0):
        expected = european_option("call", spot, 100.0, 0.06, 0.0, 0.3, 1.5)
        assert american_option("call", spot, 100.0, 0.06, 0.0, 0.3, 1.5).value == pytest.approx(expected, rel=1e-4)


def test_a_flat_boundary_bounds_it_from_below():
    """Bjerksund and Stensland 1993 give 5.2704 for this case (Haug 1998, p. 27); their flat boundary is not the best one."""
    got = american_option("call", 42.0, 40.0, 0.04, 0.08, 0.35, 0.75).value
    assert 5.2704 <= got <= 5.2704 * 1.01


def test_a_right_that_hardly_ends_nears_the_perpetual_one():
    """Rate = yield = 4 %, volatility 20 %, price 1: F(V) = V^2/4, so 0.25 at V = 1 (McDonald and Siegel 1986)."""
    assert american_option("call", 1.0, 1.0, 0.04, 0.04, 0.2, 200.0, steps=400).value == pytest.approx(0.25, rel=0.01)


def test_two_steps_by_hand():
    """Plain tree, put, price 1, worth 1, no rate or yield, volatility 0.2, two steps of half a year.

    s = 0.2 sqrt(0.5) = 0.141421, tanh s = 0.140486: worths 1.140486 and 0.859514, then 0.738764, 0.980264, 1.300708.
    Payoffs at the end 0.261236, 0.019736, 0; half of each pair: 0.140486 and 0.009868; their mean 0.075177.
    """
    got = american_option("put", 1.0, 1.0, 0.0, 0.0, 0.2, 1.0, steps=2, smooth=False)
    assert got.value == pytest.approx(0.075177, abs=1e-6)


def test_arrays_equal_scalars():
    spot = np.array([0.7, 1.0, 1.4, 2.5])
    volatility = np.array([0.1, 0.3, 0.5, 0.2])
    together = american_option("call", spot, 1.0, 0.05, 0.3, volatility, 2.0, first_exercise=0.4)
    for index in range(4):
        alone = american_option("call", float(spot[index]), 1.0, 0.05, 0.3, float(volatility[index]), 2.0, first_exercise=0.4)
        assert isinstance(alone.value, float)
        assert together.value[index] == pytest.approx(alone.value, rel=1e-12)
        assert together.probability[index] == pytest.approx(alone.probability, rel=1e-12)


@few
@given(kinds, spots, rates, yields, volatilities, times)
def test_never_less_than_nothing_or_than_exercise_now(kind, spot, rate, dividend, volatility, time):
    got = american_option(kind, spot, 1.0, rate, dividend, volatility, time, steps=60)
    payoff = spot - 1.0 if kind == "call" else 1.0 - spot
    assert got.value >= max(payoff, 0.0)
    assert 0.0 <= got.probability <= 1.0 + 1e-12
    if got.exercise_now:
        assert got.value == pytest.approx(payoff)


@few
@given(kinds, spots, rates, yields, volatilities, volatilities, times)
def test_plain_tree_never_falls_with_volatility(kind, spot, rate, dividend, one, other, time):
    low, high = sorted((one, other))
    values = [american_option(kind, spot, 1.0, rate, dividend, v, time, steps=40, smooth=False).value for v in (low, high)]
    assert values[1] >= values[0] - 1e-12


@few
@given(kinds, spots, rates, yields, volatilities, st.integers(1, 60), st.integers(1, 40))
def test_plain_tree_never_falls_with_a_later_end(kind, spot, rate, dividend, volatility, steps, more):
    """On one tree (the same step), every exercise rule for the shorter window also serves the longer one."""
    dt = 0.05
    short, long = (american_option(kind, spot, 1.0, rate, dividend, volatility, n * dt, steps=n, smooth=False).value for n in (max(steps, 2), max(steps, 2) + more))
    assert long >= short - 1e-12


@few
@given(kinds, spots, rates, yields, volatilities, times, st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_an_earlier_opening_never_lowers_it(kind, spot, rate, dividend, volatility, time, one, other):
    """With the smoothed tree, up to its error; the plain tree of one size has the same nodes for every opening at its steps."""
    early, late = sorted((round(40 * one), round(40 * other)))
    assume(late < 40)
    values = [american_option(kind, spot, 1.0, rate, dividend, volatility, time, first_exercise=k / 40 * time, steps=40, smooth=False).value for k in (early, late)]
    assert values[0] >= values[1] - 1e-12
    smooth = [american_option(kind, spot, 1.0, rate, dividend, volatility, time, first_exercise=k / 40 * time, steps=80).value for k in (early, late)]
    assert smooth[0] >= smooth[1] - 5e-3


def test_doubling_the_steps_changes_little():
    inputs = ("call", 4.6, 3.9, 0.0677, 0.4243, 0.35, 1.35)
    assert american_option(*inputs, first_exercise=0.27, steps=200).value == pytest.approx(american_option(*inputs, first_exercise=0.27, steps=1600).value, rel=2e-3)


def test_probability_of_one_step_by_hand():
    """One date, no drift, at the price: N(d2) = N(-0.15) = 0.4404 for a spread of 0.3."""
    assert american_option("call", 1.0, 1.0, 0.0, 0.0, 0.3, 1.0, first_exercise=1.0).probability == pytest.approx(0.4404, abs=1e-4)


def test_on_the_last_day_it_is_the_payoff():
    assert american_option("call", 1.2, 1.0, 0.05, 0.3, 0.4, 0.0).value == pytest.approx(0.2)
    assert american_option("call", 1.2, 1.0, 0.05, 0.3, 0.4, 0.0).exercise_now is True
    assert american_option("call", 0.8, 1.0, 0.05, 0.3, 0.4, 0.0).value == 0.0
    assert american_option("call", 0.8, 1.0, 0.05, 0.3, 0.4, 0.0).exercise_now is False


def test_boundary_nears_the_perpetual_one_and_ends_at_the_price():
    edge = exercise_boundary("call", 1.0, 0.04, 0.04, 0.2, 150.0, np.array([0.0, 149.9, 150.0]), steps=3000)
    assert edge[0] == pytest.approx(2.0, rel=0.02)
    assert 1.0 < edge[1] < 1.2
    assert edge[2] == 1.0


def test_boundary_is_where_the_value_meets_the_payoff():
    edge = float(exercise_boundary("call", 1.0, 0.07, 0.3, 0.35, 2.0, np.array([0.5]))[0])
    below, above = (american_option("call", edge * f, 1.0, 0.07, 0.3, 0.35, 1.5, steps=400) for f in (0.97, 1.03))
    assert not below.exercise_now
    assert below.value > edge * 0.97 - 1.0
    assert above.exercise_now


def test_boundary_of_a_put_lies_between_its_limits():
    edge = exercise_boundary("put", 40.0, 0.06, 0.0, 0.2, 1.0, np.linspace(0.0, 1.0, 6))
    assert np.all(np.diff(edge) >= 0.0)
    assert 30.0 < edge[0] < 36.0  # above the perpetual 30; at 36 (Longstaff-Schwartz 4.478 > 4) waiting is still better


def test_no_boundary_before_the_window_or_where_waiting_is_free():
    edge = exercise_boundary("call", 1.0, 0.05, 0.3, 0.3, 2.0, np.array([0.5, 1.5]), first_exercise=1.0)
    assert math.isnan(edge[0])
    assert edge[1] > 1.0
    assert np.isnan(exercise_boundary("call", 1.0, 0.05, 0.0, 0.3, 2.0, np.array([0.0, 1.0]))).all()


def test_boundary_without_volatility_is_the_drift_s():
    assert exercise_boundary("call", 1.0, 0.08, 0.04, 0.0, 2.0, np.array([0.0]))[0] == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"spot": 0.0}, "above 0"),
        ({"spot": math.nan}, "finite"),
        ({"strike": -1.0}, "above 0"),
        ({"volatility": -0.1}, "volatility is 0 or more"),
        ({"volatility": 30.0}, "shorten the window"),
        ({"first_exercise": 2.0}, "ends no earlier"),
        ({"time": math.inf}, "ends no earlier"),
        ({"steps": 1}, "2 steps or more"),
        ({"rate": 300.0}, "fractions a year"),
    ],
)
def test_out_of_range_is_told(change, message):
    inputs = {"kind": "call", "spot": 1.0, "strike": 1.0, "rate": 0.05, "dividend": 0.1, "volatility": 0.3, "time": 1.0} | change
    with pytest.raises(OutOfRange, match=message):
        american_option(**inputs)
