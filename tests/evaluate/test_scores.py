"""Figures of a group against values computed by hand and by scipy; which groups a row falls into."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rackloom.evaluate.scores import group_names, rank_correlation, score_groups, score_of

from .cases_text import prediction

FOUR = [
    prediction(1.1, 1.0, low=0.9, high=1.3),  # +10 %, inside
    prediction(1.6, 2.0, low=1.5, high=1.7, open_settings=("pp",)),  # -20 %, outside
    prediction(5.2, 4.0, low=4.0, high=6.0),  # +30 %, on the edge: inside
    prediction(3.2, 8.0, low=3.0, high=3.4),  # -60 %, outside
]


def test_a_group_by_hand():
    found = score_of([*FOUR, None])
    assert (found.rows, found.scored, found.skipped, found.open) == (5, 4, 1, 1)
    assert found.mape == pytest.approx(0.3)  # (0.1 + 0.2 + 0.3 + 0.6) / 4
    assert found.median_ape == pytest.approx(0.25)  # between 0.2 and 0.3
    assert found.bias == pytest.approx(-0.1)  # (0.1 - 0.2 + 0.3 - 0.6) / 4
    assert found.coverage_80 == pytest.approx(0.5)
    # halves over the prediction: 0.2/1.1, 0.1/1.6, 1/5.2, 0.2/3.2 = 0.18182, 0.0625, 0.19231, 0.0625
    assert found.median_half_width == pytest.approx((0.2 / 1.1 + 0.0625) / 2)
    # measured ranks 1 2 3 4, predicted 1 2 4 3: rho = 1 - 6 (0 + 0 + 1 + 1) / (4 (16 - 1)) = 0.8
    assert found.rank_correlation == pytest.approx(0.8)


def test_a_group_without_a_scored_row_has_no_figures():
    found = score_of([None, None])
    assert (found.rows, found.scored, found.skipped) == (2, 0, 2)
    assert {found.mape, found.median_ape, found.bias, found.rank_correlation, found.coverage_80, found.median_half_width} == {None}


def test_ranks_hold_within_model_system_and_quantity_and_are_weighted_by_rows():
    right = [prediction(value, value) for value in (1.0, 2.0, 3.0)]  # rho 1, three rows
    wrong = [prediction(5.0 - value, value, model="Other") for value in (1.0, 2.0, 3.0, 4.0)]  # rho -1, four rows
    too_few = [prediction(1.0, 2.0, system="B200"), prediction(2.0, 1.0, system="B200")]
    all_alike = [prediction(1.0, value, quantity="tokens_per_s_per_gpu") for value in (1.0, 2.0, 3.0)]  # predictions that rank nothing
    assert rank_correlation(right) == pytest.approx(1.0)
    assert rank_correlation([*right, *wrong, *too_few, *all_alike]) == pytest.approx((3 * 1.0 + 4 * -1.0) / 7)
    assert rank_correlation([*too_few, *all_alike]) is None


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=3, max_size=30))
def test_ranks_against_scipy(pairs):
    """Ties too: whole numbers of 1 to 9."""
    mine = rank_correlation(prediction(float(value), float(measured)) for value, measured in pairs)
    if len({value for value, _ in pairs}) == 1 or len({measured for _, measured in pairs}) == 1:
        assert mine is None
    else:
        assert mine == pytest.approx(stats.spearmanr([value for value, _ in pairs], [measured for _, measured in pairs]).statistic, abs=1e-12)


@given(st.lists(st.floats(0.1, 10.0), min_size=1, max_size=20))
def test_laws_of_errors(ratios):
    found = score_of([prediction(ratio, 1.0) for ratio in ratios])
    assert abs(found.bias) <= found.mape + 1e-12
    assert min(ratios) - 1.0 - 1e-12 <= found.bias <= max(ratios) - 1.0 + 1e-12
    assert 0.0 <= found.coverage_80 <= 1.0
    assert found.median_half_width == pytest.approx(0.1)


def test_group_names_in_the_order_of_families():
    assert group_names("s", "moe", "hopper", "q") == [
        "all", "source:s", "kind:moe", "machine:hopper", "quantity:q", "source:s,kind:moe", "source:s,machine:hopper", "source:s,quantity:q", "kind:moe,machine:hopper",
        "kind:moe,quantity:q", "machine:hopper,quantity:q",
    ]  # fmt: skip
    assert group_names("s") == ["all", "source:s"]
    assert group_names("s", quantity="q") == ["all", "source:s", "quantity:q", "source:s,quantity:q"]


def test_groups_add_up():
    rows = [(group_names("s", "dense", "hopper", "q"), FOUR[0]), (group_names("s", "moe", "hopper", "q"), FOUR[1]), (group_names("t"), None)]
    found = score_groups(rows)
    assert list(found)[:6] == ["all", "source:s", "source:t", "kind:dense", "kind:moe", "machine:hopper"]
    assert found["all"].rows == found["source:s"].rows + found["source:t"].rows == 3
    assert found["kind:moe,machine:hopper"].mape == pytest.approx(0.2)
    assert found["all"].mape == pytest.approx(0.15)
    assert list(score_groups([])) == ["all"]
    assert math.isclose(found["source:s,quantity:q"].bias, -0.05)
