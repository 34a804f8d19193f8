"""Integer programs with known optima, the same answers as the other solver, and what is refused."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rackloom.errors import BadInput
from rackloom.solve import Constraint, Linear, Variable, solve_integer, solve_linear


def test_a_knapsack_by_hand():
    # worth 60, 100, 120 of size 10, 20, 30 in 50: the last two, 220 (the textbook example of Cormen et al.)
    items = ((60, 10), (100, 20), (120, 30))
    problem = Linear(tuple(Variable(f"x{i}", high=1.0, cost=-float(w), integer=True) for i, (w, _) in enumerate(items)),
                     (Constraint("room", tuple((f"x{i}", float(s)) for i, (_, s) in enumerate(items)), high=50.0),), offset=1.0)  # fmt: skip
    found = solve_integer(problem)
    assert (found.status, found.objective, found.bound) == ("optimal", -219.0, -219.0)
    assert found.values == {"x0": 0.0, "x1": 1.0, "x2": 1.0}


def test_words_for_no_solution():
    x = Variable("x", high=3.0, integer=True)
    assert solve_integer(Linear((x,), (Constraint("a", (("x", 2.0),), low=3.0, high=3.0),))).status == "infeasible"
    assert solve_integer(Linear((x,), (Constraint("empty", (), low=1.0),))).status == "infeasible"
    assert solve_integer(Linear((x,), (Constraint("empty", (), high=1.0),))).status == "optimal"


def test_stopping_at_once_is_no_answer():
    # an even sum asked to be odd, by parity infeasible, but nothing is done in no time
    variables = tuple(Variable(f"x{i}", high=50.0, cost=1.0, integer=True) for i in range(30))
    problem = Linear(variables, (Constraint("odd", tuple((v.name, float(2 + 2 * i)) for i, v in enumerate(variables)), low=101.0, high=9999.0),))
    found = solve_integer(problem, limit=0.0)
    assert found.status == "stopped"
    assert found.bound <= found.objective


def test_numbers_that_are_no_integers_are_refused():
    with pytest.raises(BadInput) as caught:
        solve_integer(Linear((Variable("x", integer=True), Variable("y", high=2.0)), (Constraint("a", (("y", 0.5),), low=0.5, high=0.5),)))
    assert len(caught.value.faults) == 4
    assert "'x'" in str(caught.value)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(1, 6), st.integers(-5, 5)), min_size=1, max_size=5), st.integers(-10, 30), st.integers(0, 8))
def test_both_solvers_agree(columns, high, gap):
    variables = tuple(Variable(f"x{i}", high=float(top), cost=float(cost), integer=True) for i, (cost, top, _) in enumerate(columns))
    problem = Linear(variables, (Constraint("row", tuple((f"x{i}", float(a)) for i, (_, _, a) in enumerate(columns)), low=float(high - gap), high=float(high)),))
    one, other = solve_integer(problem), solve_linear(problem)
    assert one.status == other.status
    assert one.objective == pytest.approx(other.objective) or (math.isinf(one.objective) and math.isinf(other.objective))


def test_the_worker_count_is_part_of_the_question_and_repeats():
    variables = tuple(Variable(f"x{i}", high=1.0, cost=float(-(3 + i * 5 % 7)), integer=True) for i in range(12))
    problem = Linear(variables, (Constraint("room", tuple((v.name, float(2 + i * 3 % 5)) for i, v in enumerate(variables)), high=17.0),))
    assert solve_integer(problem, workers=2) == solve_integer(problem, workers=2)
