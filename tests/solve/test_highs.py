"""Small programs whose optimum is known by hand, and the words for those that have none."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rackloom.errors import BadInput
from rackloom.solve import Constraint, Linear, Variable, solve_linear


def test_a_linear_program_of_two_variables():
    # max 3x + 5y, x <= 4, 2y <= 12, 3x + 2y <= 18: optimum 36 at (2, 6) (Hillier and Lieberman, the Wyndor Glass example)
    problem = Linear(
        (Variable("x", cost=-3.0), Variable("y", cost=-5.0)),
        (Constraint("a", (("x", 1.0),), high=4.0), Constraint("b", (("y", 2.0),), high=12.0), Constraint("c", (("x", 3.0), ("y", 2.0)), high=18.0)),
    )
    found = solve_linear(problem)
    assert found.status == "optimal"
    assert found.objective == pytest.approx(-36.0)
    assert found.values == pytest.approx({"x": 2.0, "y": 6.0})


def test_words_for_no_solution():
    assert solve_linear(Linear((Variable("x", high=1.0),), (Constraint("a", (("x", 1.0),), low=2.0),))).status == "infeasible"
    assert solve_linear(Linear((Variable("x", cost=-1.0),), (Constraint("a", (("x", 1.0),), low=2.0),))).status == "unbounded"


def test_a_malformed_program_names_all_faults():
    with pytest.raises(BadInput) as caught:
        Linear((Variable("x", low=2.0, high=1.0), Variable("y"), Variable("y")), (Constraint("a", (("xx", 1.0), ("y", math.nan))),))
    assert len(caught.value.faults) == 4
    assert "names no variable 'xx'" in str(caught.value)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 20), st.integers(1, 12)), min_size=1, max_size=7), st.integers(5, 40))
def test_knapsack_equals_enumeration(items, room):
    variables = tuple(Variable(f"x{i}", high=1.0, cost=-float(worth), integer=True) for i, (worth, _) in enumerate(items))
    problem = Linear(variables, (Constraint("room", tuple((f"x{i}", float(size)) for i, (_, size) in enumerate(items)), high=float(room)),))
    best = max(
        sum(worth for (worth, _), take in zip(items, choice, strict=True) if take)
        for choice in itertools.product((0, 1), repeat=len(items))
        if sum(size for (_, size), take in zip(items, choice, strict=True) if take) <= room
    )
    found = solve_linear(problem)
    assert found.status == "optimal"
    assert -found.objective == pytest.approx(best)
    assert found.bound <= found.objective + 1e-6
    assert set(found.values.values()) <= {0.0, 1.0}
