"""A line through dated observations: exact on a line, against another library's fit, and which stood at the frontier."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import linregress

from rackloom.catalog import load_catalog
from rackloom.needs.trend import Observed, fit_trend, frontier, years_between

AT = date(2026, 1, 1)


def observed(days: list[int], values: list[float]) -> list[Observed]:
    return [Observed(f"m{i}", AT - timedelta(days=day), value, value) for i, (day, value) in enumerate(zip(days, values, strict=True))]


def test_a_line_is_found_again():
    """Doubling each year from 8 on the reference date, without scatter: no width either."""
    days = [1461, 1096, 731, 365, 100]
    found = fit_trend(observed(days, [8.0 * 2.0 ** (-day / 365.25) for day in days]), AT)
    assert (found.level, found.growth) == pytest.approx((8.0, 2.0))
    assert (found.growth_low, found.growth_high) == pytest.approx((2.0, 2.0))


@given(st.lists(st.tuples(st.integers(0, 30), st.floats(0.1, 1e6)), min_size=4, max_size=12, unique_by=lambda each: each[0]))
def test_the_same_as_another_librarys_fit(rows):
    """On days 50 apart: within a week the slope a year is a difference of nearly equal numbers, and means nothing."""
    given = observed([50 * day for day, _ in rows], [value for _, value in rows])
    found = fit_trend(given, AT)
    peer = linregress([years_between(AT, each.day) for each in given], np.log([each.value for each in given]))
    assert np.log(found.growth) == pytest.approx(peer.slope, rel=1e-6, abs=1e-9)
    assert np.log(found.level) == pytest.approx(peer.intercept, rel=1e-6, abs=1e-9)
    from scipy.stats import t

    wide = t.ppf(0.9, len(given) - 2) * peer.stderr
    assert np.log(found.growth_high) - peer.slope == pytest.approx(wide, rel=1e-5, abs=1e-9)
    assert found.level_low <= found.level <= found.level_high


def test_the_frontier_is_half_of_the_largest_so_far():
    """1, 10, 4 (less than half of 10), 6, 30, 14 (less than half of 30)."""
    days = [600, 500, 400, 300, 200, 100]
    assert [each.value for each in frontier(observed(days, [1.0, 10.0, 4.0, 6.0, 30.0, 14.0]))] == [1.0, 10.0, 6.0, 30.0]


def test_ranges_hold_the_line_of_the_last_years():
    """Tenfold a year until two years ago, level since: the whole line still grows, and its range holds no growth at all."""
    days = [1826, 1461, 1096, 730, 500, 250, 20]
    given = observed(days, [1e-3, 1e-2, 1e-1, 1.0, 1.0, 1.0, 1.0])
    plain, wide = fit_trend(given, AT), fit_trend(given, AT, recent_years=2.0)
    assert (wide.level, wide.growth) == (plain.level, plain.growth)
    assert wide.recent_growth == pytest.approx(1.0)
    assert wide.growth_low == pytest.approx(1.0)
    assert plain.growth_low > 2.0
    assert (wide.growth_high, wide.level_low) == (plain.growth_high, min(plain.level_low, wide.recent_level))
    assert fit_trend(given[:5], AT, recent_years=0.5).recent_growth == 0.0


def test_growth_of_models_that_are_known():
    """From GPT-NeoX-20B (20.55e9, February 2022) to Kimi K2 (1.026e12, July 2025) 50 times in 3.41 years: 3.15 a year; the fitted range holds it."""
    growth = (1.026e12 / 20.55e9) ** (1 / 3.41)
    figure = load_catalog().figure("projection-frontier", "parameters_growth_ratio")
    assert figure.low < growth < figure.high


def test_too_little_is_no_trend():
    with pytest.raises(ValueError, match="4 values"):
        fit_trend(observed([3, 2, 1], [1.0, 2.0, 3.0]), AT)
    with pytest.raises(ValueError, match="above 0"):
        fit_trend(observed([4, 3, 2, 1], [1.0, 2.0, 0.0, 3.0]), AT)
