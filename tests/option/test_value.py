"""The door: action, value, boundary, regret, ledger."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rackloom.draws import Draws, central
from rackloom.errors import BadInput, OutOfRange
from rackloom.figures import Figure, Range, assumption
from rackloom.ledger import Ledger
from rackloom.option import ACTIONS, Market, Terms, value_option

DRAWS = Draws(5, 64, {"A": 0.0, "E": 0.3})
PRICE = Figure("program.option.price", 3.9e6, "USD", "program.yaml:21", "A", low=3.9e6, high=3.9e6)


def terms(as_of="2026-11-22", window=("2027-03-01", "2028-03-31"), racks=Range(0.0, 400.0), deposit=None, price=PRICE):
    return Terms(racks, (date.fromisoformat(window[0]), date.fromisoformat(window[1])), price, deposit, "next", date.fromisoformat(as_of))


def market(worth=4.6e6, decline=0.3, volatility=0.35, rate=0.07, **more):
    worth_usd = assumption("assumptions.worth_usd", worth, "USD") if isinstance(worth, float) else worth
    return Market(
        worth_usd, assumption("assumptions.decline_share", decline, "1"), assumption("assumptions.volatility_share", volatility, "1"),
        assumption("assumptions.rate_share", rate, "1"), **more,
    )  # fmt: skip


def value(t=None, m=None, draws=None, paths=400, **more):
    return value_option(t or terms(), m or market(), paths=paths, seed=1, draws=draws, **more)


def test_one_date_is_black_scholes_merton_by_hand():
    """Window of one day in exactly two years (731 days = 2.001369 yr), so the value is the closed form on rates of our definition.

    ln(1.07) = 0.0676586, -ln(0.7) = 0.3566749: yield 0.4243336. d2 = (ln(4.6/3.9) + (0.0676586 - 0.4243336) 2.001369)/s - s/2 with
    s = 0.35 sqrt(2.001369) = 0.4951441: (0.1650800 - 0.7138384)/0.4951441 - 0.2475720 = -1.3558523; d1 = -0.8607083.
    N(d1) = 0.194699, N(d2) = 0.0875726; C = 4.6e6 e^-0.8492480 0.194699 - 3.9e6 e^-0.1354098 0.0875726
      = 383 056 - 298 283 = 84 773.
    """
    got = value(terms(as_of="2026-03-01", window=("2028-03-01", "2028-03-01")))
    assert got.value_per_rack_usd == pytest.approx(84_773.0, rel=1e-3)
    assert got.value_usd == pytest.approx(400.0 * got.value_per_rack_usd)
    assert "Black, Scholes 1973" in got.methods[0]
    assert got.boundary[0].worth_usd == 3.9e6
    assert len(got.boundary) == 1


def test_actions_by_date_and_worth():
    assert value().action == "too early"
    assert value(terms(as_of="2027-06-01"), market(9.0e6)).action == "exercise"
    assert value(terms(as_of="2027-06-01"), market(3.0e6)).action == "wait"
    assert value(terms(as_of="2028-03-31"), market(3.0e6)).action == "let lapse"
    assert value(terms(as_of="2028-03-31"), market(4.0e6)).action == "exercise"
    assert value(terms(as_of="2028-04-01"), market(9.0e6)).action == "let lapse"
    assert {value(terms(as_of=day)).action for day in ("2026-11-22", "2027-06-01")} <= set(ACTIONS)


def test_on_the_last_day_the_arithmetic_is_plain():
    got = value(terms(as_of="2028-03-31"), market(4.4e6))
    assert got.value_per_rack_usd == pytest.approx(0.5e6)  # 4.4 - 3.9 M
    assert got.value_usd == pytest.approx(200e6)  # 400 racks
    assert got.exercise_now
    assert got.probability_of_exercise == 1.0
    assert got.simulated_value_per_rack_usd is None


def test_over_is_worth_nothing_whatever_racks_are_worth():
    got = value(terms(as_of="2029-01-01"), market(90e6), draws=DRAWS)
    assert np.all(np.asarray(got.value_usd) == 0.0)
    assert not got.exercise_now
    assert got.boundary == ()
    assert got.ledger.dangling() == []


def test_measures_differ_by_the_rate_in_the_drift():
    """Real world: the worth drifts at ln(1 - decline); risk-neutral: at ln(1 + rate) more, so the right is worth more."""
    real, neutral = value(), value(m=market(measure="risk-neutral"))
    assert neutral.value_per_rack_usd > real.value_per_rack_usd
    assert real.ledger["option.yield_per_year"].value == pytest.approx(np.log(1.07) - np.log(0.7))
    assert neutral.ledger["option.yield_per_year"].value == pytest.approx(-np.log(0.7))
    assert "real-world" in real.measure
    assert "risk-neutral" in neutral.measure


def test_regret_of_committing_by_hand():
    """First date 99 days on (0.271047 yr), no volatility to speak of: obligation = 4.6e6 exp(-0.4243336 t) - 3.9e6 exp(-0.0676586 t).

    4.6e6 * 0.891368 - 3.9e6 * 0.981829 = 4 100 293 - 3 829 133 = 271 160 a rack, 108.46 M for 400.
    """
    got = value()
    assert got.commit_value_usd == pytest.approx(108.46e6, rel=1e-3)
    assert got.regret_usd == pytest.approx(got.value_usd - got.commit_value_usd)
    assert got.regret_usd > 0.0


def test_in_the_window_committing_is_exercising():
    got = value(terms(as_of="2027-06-01"), market(9.0e6))
    assert got.regret_usd == pytest.approx(0.0, abs=1e-3)
    assert got.boundary[0].worth_usd < 9.0e6


def test_boundary_falls_to_the_price_and_lies_in_the_ledger():
    got = value()
    worths = [point.worth_usd for point in got.boundary]
    assert got.boundary[0].date == date(2027, 3, 1)
    assert got.boundary[-1].date == date(2028, 3, 31)
    assert worths == sorted(worths, reverse=True)
    assert worths[-1] == 3.9e6
    assert got.boundary_usd == got.ledger["option.boundary_usd"].value == got.ledger["option.boundary.2027-03-01.worth_usd"].value


def test_the_boundary_decides():
    edge = value(terms(as_of="2027-06-01")).boundary_usd
    assert value(terms(as_of="2027-06-01"), market(edge * 1.03)).action == "exercise"
    assert value(terms(as_of="2027-06-01"), market(edge * 0.97)).action == "wait"


def test_lattice_and_simulation_agree():
    got = value(paths=8192)
    assert got.simulated_value_per_rack_usd == pytest.approx(got.value_per_rack_usd, abs=4.0 * got.standard_error_per_rack_usd)
    assert got.standard_error_usd == pytest.approx(400.0 * got.standard_error_per_rack_usd)


def test_deposit_and_delivery():
    deposit = Figure("program.option.deposit", 50e6, "USD", "program.yaml:24", "A")
    got = value(terms(deposit=deposit))
    assert got.net_value_usd == pytest.approx(got.value_usd - 50e6)
    half = value(m=market(probability_of_delivery=assumption("assumptions.delivery_share", 0.5, "1")))
    assert half.value_usd == pytest.approx(0.5 * got.value_usd)
    assert half.regret_usd == pytest.approx(0.5 * got.regret_usd)


def test_ledger_is_whole_and_ends_in_inputs():
    got = value(terms(deposit=Figure("program.option.deposit", 50e6, "USD", "program.yaml:24", "A")), draws=DRAWS)
    assert got.ledger.dangling() == []
    roots = {row.key for row in got.ledger.roots_of("option.value_usd")}
    assert {"program.option.price", "assumptions.worth_usd", "assumptions.decline_share", "assumptions.volatility_share", "assumptions.rate_share"} <= roots
    row = got.ledger["option.value_usd"]
    assert row.low < row.value < row.high
    assert all(np.isfinite(r.value) for r in got.ledger)
    assert np.shape(got.value_usd) == (65,)


def test_a_worth_from_another_stage_keeps_its_story():
    book = Ledger(DRAWS)
    landed = book.put("supply.now.landed_cost_usd", 1.2 * book.take(assumption("assumptions.parts_usd", 3.8e6, "USD")), "USD", "parts and a fifth", ["assumptions.parts_usd"])
    got = value(m=market(landed, worth_inputs=("supply.now.landed_cost_usd",), worth_formula="landed cost of the other generation", ledger=book), draws=DRAWS)
    assert got.ledger.dangling() == []
    assert "assumptions.parts_usd" in {row.key for row in got.ledger.roots_of("option.value_usd")}
    assert central(got.worth_usd) == pytest.approx(4.56e6)


def test_draws_hold_the_central_answer_first():
    alone, drawn = value(), value(draws=DRAWS)
    assert central(drawn.value_usd) == pytest.approx(alone.value_usd, rel=1e-12)
    assert drawn.action == alone.action
    assert drawn.simulated_value_per_rack_usd == alone.simulated_value_per_rack_usd


def test_confidence_of_the_decision():
    """Worth just above the boundary: the action hangs on uncertain figures; far above, it does not."""
    edge = value(terms(as_of="2027-06-01")).boundary_usd
    near = value(terms(as_of="2027-06-01"), market(edge * 1.02), draws=DRAWS)
    far = value(terms(as_of="2027-06-01"), market(edge * 4.0), draws=DRAWS)
    assert near.action == far.action == "exercise"
    assert 0.2 < near.decision_share < 0.8 < far.decision_share


@settings(max_examples=15, deadline=None)
@given(st.floats(1.0, 12.0), st.floats(0.0, 0.6), st.floats(0.0, 0.8), st.floats(0.0, 0.2))
def test_laws_of_the_door(worth, decline, volatility, rate):
    held = market(worth * 1e6, decline, volatility, rate)
    open_now = value(terms(as_of="2027-06-01"), held, paths=100, steps=100)
    assert open_now.value_usd >= max(400.0 * (worth * 1e6 - 3.9e6), 0.0) - 1e-3
    assert open_now.regret_usd >= -1e-3
    more = value(terms(as_of="2027-06-01", racks=Range(0.0, 800.0)), held, paths=100, steps=100)
    assert more.value_usd == pytest.approx(2.0 * open_now.value_usd)
    longer = value(terms(as_of="2027-06-01", window=("2027-03-01", "2029-03-31")), held, paths=100, steps=100)
    assert longer.value_usd >= open_now.value_usd - 400.0 * 3.9e6 * 2e-3  # two trees, so up to their error
    calmer = value(terms(as_of="2027-06-01"), replace(held, volatility=assumption("assumptions.volatility_share", 0.5 * volatility, "1")), paths=100, steps=100)
    assert open_now.value_usd >= calmer.value_usd - 400.0 * 3.9e6 * 2e-3


def test_terms_that_cannot_be_are_refused_all_at_once():
    with pytest.raises(BadInput) as caught:
        terms(window=("2028-03-01", "2027-03-01"), racks=Range(-1.0, 0.0), price=replace(PRICE, value=0.0, low=0.0, high=0.0))
    assert len(caught.value.faults) == 3


def test_market_that_cannot_be_is_refused():
    with pytest.raises(BadInput, match="no measure 'guess'"):
        market(measure="guess")
    with pytest.raises(OutOfRange, match="falls by less than all of itself"):
        value(m=market(decline=1.0))
    with pytest.raises(OutOfRange, match="above 0"):
        value(m=market(0.0))
