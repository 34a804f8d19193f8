"""Efficiency curves, the chain to the meter, redundancy and paralleling."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rackloom.errors import BadInput, OutOfRange
from rackloom.physics import (
    Stage,
    droop_spread,
    efficiency_at,
    efficiency_between,
    failure_states,
    fit_loss_curve,
    loss_chain,
    paralleled_capacity,
    shelf_of_modules,
    solve_busbar,
    state_capacity,
)

TITANIUM = ([0.1, 0.2, 0.5, 1.0], [0.90, 0.94, 0.96, 0.91])  # 80 PLUS Titanium, 230 V redundant, as Tom's Hardware prints the table


@settings(deadline=None)
@given(st.floats(0.001, 0.02), st.floats(0.0, 0.03), st.floats(0.001, 0.04))
def test_a_loss_polynomial_is_found_again(fixed, linear, square):
    loads = np.array([0.1, 0.3, 0.6, 1.0])
    curve = fit_loss_curve(loads, loads / (loads + fixed + linear * loads + square * loads**2))
    assert (curve.fixed_share, curve.linear_share, curve.square_share) == pytest.approx((fixed, linear, square), abs=1e-9)
    assert curve.largest_error_share < 1e-9
    peak = (fixed / square) ** 0.5  # fixed and square losses are equal where efficiency peaks
    if 0.1 <= peak <= 1.0:
        every = efficiency_at(curve, np.linspace(0.1, 1.0, 200))
        assert efficiency_at(curve, peak) >= every.max() - 1e-9


def test_published_points_are_met_and_losses_rise_between():
    for load, efficiency in zip(*TITANIUM, strict=True):
        assert float(efficiency_between(*TITANIUM, load)) == pytest.approx(efficiency, rel=1e-12)
    at = np.linspace(0.1, 1.0, 500)
    losses = at * (1.0 / efficiency_between(*TITANIUM, at) - 1.0)
    assert (np.diff(losses) >= 0.0).all()
    assert fit_loss_curve(*TITANIUM).largest_error_share > 0.003  # least efficiencies of a certificate are no converter's curve, and it says so


def test_beyond_the_points_is_refused():
    with pytest.raises(OutOfRange, match=r"5 % of rated lies outside the published points, 10 to 100 %"):
        efficiency_between(*TITANIUM, 0.05)
    with pytest.raises(BadInput, match="one peak figure is no curve"):
        fit_loss_curve([0.5], [0.975])
    with pytest.raises(BadInput, match="out of range"):
        efficiency_between([0.5, 0.5], [0.9, 0.9], 0.5)


def test_a_chain_by_hand():
    curve = fit_loss_curve([0.2, 0.5, 1.0], [0.94, 0.96, 0.955])
    chain = loss_chain(100.0, [Stage("shelf", curve=curve, rated_w=200.0), Stage("busway", 0.99), Stage("ups", 0.97), Stage("transformer", 0.99)])
    meter = 100.0 / 0.96 / 0.99 / 0.97 / 0.99
    assert chain.input_w[-1] == pytest.approx(meter, rel=1e-9)
    assert sum(chain.loss_w) == pytest.approx(meter - 100.0, rel=1e-9)
    assert sum(chain.loss_share) + chain.efficiency == pytest.approx(1.0, rel=1e-12)
    assert chain.loss_share[0] == pytest.approx((100.0 / 0.96 - 100.0) / meter, rel=1e-9)
    many = loss_chain(np.array([100.0, 150.0]), [Stage("shelf", curve=curve, rated_w=200.0)])
    assert many.input_w[0][0] == pytest.approx(chain.input_w[0])
    with pytest.raises(OutOfRange, match="stage 'shelf'"):
        loss_chain(250.0, [Stage("shelf", curve=curve, rated_w=200.0)])
    with pytest.raises(BadInput, match="stage 'ups' has neither"):
        loss_chain(1.0, [Stage("ups")])


def test_states_of_two_shelves_with_two_inputs_each():
    states = failure_states(["one", "two"], [["A"] * 3 + ["B"] * 3, ["A"] * 6])
    found = dict(zip(states.names, states.live_modules.tolist(), strict=True))
    assert found == {
        "all live": [6, 6],
        "feed A lost": [3, 0],
        "feed B lost": [3, 6],
        "one lost": [0, 6],
        "two lost": [6, 0],
        "a module of one lost": [5, 6],
        "a module of two lost": [6, 5],
    }
    assert states.live[1].tolist() == [True, False]
    assert failure_states(["one"], [["A"]], lost=()).names == ("all live",)
    with pytest.raises(BadInput, match="'one' stands twice"):
        failure_states(["one", "one"], [["A"], ["A"]])


def test_three_hpr_shelves_do_not_carry_99_kw():
    """OCP ORv3 HPR shelf Rev 0.3 (draft) as cited: 3 sets, 93.5 kW; 17 of 18 modules of 5.5 kW are that."""
    assert paralleled_capacity(3, 33e3, stated=93.5e3) == 93.5e3
    assert 17 * 5.5e3 == 93.5e3
    assert paralleled_capacity(3, 33e3, spread_share=99 / 93.5 - 1.0) == pytest.approx(93.5e3)
    assert paralleled_capacity(1, 33e3, spread_share=0.1) == 33e3
    assert paralleled_capacity(np.array([1, 2, 3]), 33e3, 0.1).tolist() == pytest.approx([33e3, 60e3, 90e3])


def test_n_plus_n_of_eight_shelves():
    """GB200 reference: 8 shelves of 6 x 5.5 kW, four on each feed; half of them carry 132 kW."""
    shelves = [f"s{k}" for k in range(8)]
    states = failure_states(shelves, [["A" if k < 4 else "B"] * 6 for k in range(8)])
    carried = dict(zip(states.names, state_capacity(states.live_modules, 5.5e3), strict=True))
    assert (carried["all live"], carried["feed A lost"], carried["s0 lost"], carried["a module of s0 lost"]) == (264e3, 132e3, 231e3, 258.5e3)
    assert state_capacity(states.live_modules, 5.5e3, 0.05)[1] == pytest.approx(132e3 / 1.05)


def test_a_shelf_with_a_module_lost_has_less_limit_and_more_droop():
    limit, droop = shelf_of_modules(np.array([6, 5, 0]), 5.5e3, 6e-3)
    assert limit.tolist() == [33e3, 27.5e3, 0.0]
    assert droop.tolist() == pytest.approx([1e-3, 1.2e-3, 6e-3])


@given(st.integers(2, 8), st.floats(0.001, 0.2), st.floats(2e-4, 5e-3))
def test_the_spread_of_set_points_is_what_the_solver_finds(units, tolerance, droop):
    set_points = np.full(units, 50.0 - tolerance)
    set_points[0] = 50.0 + tolerance
    flow = solve_busbar(np.full(1, 1e-6), np.array([units * 20e3, 0.0]), np.zeros(units, dtype=int), set_point_v=set_points, droop_ohm=droop)
    if flow.collapsed or flow.shelf_current_a.min() <= 0.0:
        return  # the low ones are pushed off the bar: the formula holds while all give
    mean = float(flow.shelf_current_a.mean())
    assert float(flow.shelf_current_a.max()) / mean - 1.0 == pytest.approx(droop_spread(tolerance, droop, units, mean), rel=1e-4)
