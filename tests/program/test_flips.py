"""Flips: on a linear outcome the crossing is known by hand."""

from __future__ import annotations

import pytest

from rackloom.draws import Draws
from rackloom.figures import Figure
from rackloom.ledger import Ledger
from rackloom.program.flips import Outcome, find_flips


def ledger() -> Ledger:
    book = Ledger(Draws(5, 4000, {"E": 0.2}))
    a = book.take(Figure("catalog.a.x_w", 10.0, "W", "s", "E", low=8.0, high=12.0))
    b = book.take(Figure("catalog.b.x_w", 5.0, "W", "s", "E", low=4.9, high=5.1))
    c = book.take(Figure("catalog.c.x_w", 7.0, "W", "s", "E"))
    book.put("sum_w", 2.0 * a + b, "W", "2 a + b", ["catalog.a.x_w", "catalog.b.x_w"])
    book.put("other_w", c, "W", "c", ["catalog.c.x_w"])
    return book


def test_the_crossing_of_a_line_is_where_arithmetic_says():
    # 2 a + 5 = 26 at a = 10.5; a is uniform on 8..12, standard deviation 4 / sqrt(12) = 1.1547, so 0.433 spreads away
    flips = find_flips(ledger(), [Outcome("sum_w", 26.0, "the sum is too large")])
    assert flips[0].key == "catalog.a.x_w"
    assert flips[0].at == pytest.approx(10.5, rel=1e-3)
    assert flips[0].spreads == pytest.approx(0.5 / 1.1547, rel=0.03)


def test_far_and_faint_inputs_are_not_named():
    assert [flip.key for flip in find_flips(ledger(), [Outcome("sum_w", 26.0, "x")])] == ["catalog.a.x_w"]  # b moves the sum by 0.1 at most
    assert find_flips(ledger(), [Outcome("sum_w", 60.0, "x")]) == []


def test_the_nearest_comes_first_and_each_input_once():
    flips = find_flips(ledger(), [Outcome("sum_w", 28.0, "x"), Outcome("sum_w", 26.0, "y"), Outcome("other_w", 7.01, "z"), Outcome("nowhere_w", 1.0, "w")])
    assert [flip.key for flip in flips] == ["catalog.c.x_w", "catalog.a.x_w"]
    assert flips[1].what == "y"
