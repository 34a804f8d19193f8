"""Draws are joint and seeded; the ledger walks every figure back to its inputs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rackloom.draws import Draws, central, interval, probability
from rackloom.figures import Figure
from rackloom.ledger import Ledger, weakest_grade

WIDTHS = {"A": 0.01, "B": 0.03, "C": 0.1, "D": 0.2, "E": 0.3}


def figure(key: str, value: float = 10.0, grade: str = "C", **more) -> Figure:
    return Figure(key, value, more.pop("unit", "W"), "somewhere", grade, **more)


def test_the_same_key_has_the_same_draws_whatever_else_was_drawn():
    first, second = Draws(7, 100, WIDTHS), Draws(7, 100, WIDTHS)
    second.of(figure("catalog.other.x_w"))
    assert np.array_equal(first.of(figure("catalog.a.x_w")), second.of(figure("catalog.a.x_w")))
    assert not np.array_equal(first.of(figure("catalog.a.x_w")), Draws(8, 100, WIDTHS).of(figure("catalog.a.x_w")))


def test_the_80_percent_interval_is_as_wide_as_the_grade_says():
    low, high = interval(Draws(1, 20_000, WIDTHS).of(figure("catalog.a.x_w")))
    assert low == pytest.approx(10 / 1.1, rel=0.01)  # 10th and 90th percentile of a lognormal with half-width 10 %
    assert high == pytest.approx(10 * 1.1, rel=0.01)


def test_announced_figures_are_wider_and_counts_are_exact():
    draws = Draws(1, 20_000, WIDTHS, announced=2.0)
    assert interval(draws.of(figure("catalog.a.x_w", announced=True)))[1] == pytest.approx(12.0, rel=0.01)
    assert np.all(draws.of(figure("catalog.a.gpus_count", unit="1")) == 10.0)


def test_a_stated_span_is_kept_whole():
    values = Draws(1, 20_000, WIDTHS).of(figure("program.x", 3.0, "E", low=2.0, high=4.0))
    assert values[0] == 3.0
    assert 2.0 <= values[1:].min() < 2.01
    assert 3.99 < values[1:].max() <= 4.0
    assert np.all(Draws(1, 10, WIDTHS).of(figure("program.y", 3.0, "E", low=3.0, high=3.0)) == 3.0)


def test_shares_end_at_one():
    values = Draws(1, 5_000, WIDTHS).of(figure("catalog.a.efficiency_share", 0.95, "E", unit="1"))
    assert values.max() == 1.0


def build(draws: Draws | None) -> Ledger:
    book = Ledger(draws)
    gpu, host = book.take(figure("catalog.gpu.tdp_w", 1000.0, "A")), book.take(figure("catalog.host.power_w", 400.0, "E"))
    tray = book.put("designs.x.tray_w", 4 * gpu + 2 * host, "W", "4 GPU + 2 hosts", ["catalog.gpu.tdp_w", "catalog.host.power_w"])
    book.put("designs.x.rack_w", 18 * tray, "W", "18 trays", ["designs.x.tray_w"])
    return book


def test_rows_carry_value_interval_formula_and_inputs():
    book = build(Draws(3, 400, WIDTHS))
    row = book["designs.x.rack_w"]
    assert row.value == 18 * (4 * 1000 + 2 * 400)
    assert row.low < row.value < row.high
    assert [r.key for r in book.roots_of("designs.x.rack_w")] == ["catalog.gpu.tdp_w", "catalog.host.power_w"]
    assert weakest_grade(book.roots_of("designs.x.rack_w")) == "E"
    assert book.dangling() == []


def test_central_values_do_not_depend_on_draws():
    plain, drawn = build(None), build(Draws(3, 50, WIDTHS))
    assert [row.value for row in plain] == [row.value for row in drawn]
    assert plain["designs.x.rack_w"].low is None


def test_a_computed_figure_names_its_formula_and_holes_are_found():
    book = Ledger()
    with pytest.raises(ValueError, match="names its formula"):
        book.put("x_w", 1.0, "W", "")
    book.put("x_w", 1.0, "W", "as given", ["nowhere.y_w"])
    assert book.dangling() == ["nowhere.y_w"]


def test_conflicting_figures_are_shown_beside_the_picked_one():
    picked = figure("catalog.a.x_w", others=(figure("catalog.a.x_w", 12.0, "D"),), rule="best grade")
    book = Ledger()
    book.take(picked)
    assert book["catalog.a.x_w"].passed_over == ("12 W (somewhere, grade D)",)
    assert "best grade" in book["catalog.a.x_w"].note


@given(st.floats(-1e6, 1e6), st.integers(2, 50))
def test_probability_and_central_of_plain_and_drawn(value, count):
    array = np.full(count, value)
    assert central(array) == central(value) == value
    assert probability(array >= value) == probability(value >= value) == 1.0
