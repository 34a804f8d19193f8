"""Numbers as people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rackloom.report.numbers import THIN, number_text


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((187e3, "W", 171e3, 204e3), "187 kW (171–204)"),
        ((4.1e6, "USD", 3.6e6, 4.8e6), "$4.1M (3.6–4.8)"),
        ((-5e6, "USD"), "−$5M"),
        ((0.00333, "m3/s"), "200 L/min"),
        ((313.15, "temperature_k"), "40 °C"),
        ((186e9, "byte"), "186 GB"),
        ((2.5e15, "FLOP/s"), "2.50 PFLOP/s"),
        ((72.0, "1"), "72"),
        ((5184.0, "1"), "5 184"),
        ((0.034, "s"), "34 ms"),
        ((90 * 86400.0, "s"), "90 d"),
        ((None, "W"), "unknown"),
        ((11.2, "rack/wk", 9.0, 13.0), "11.2 racks/wk (9.0–13.0)"),
        ((-0.76, "d", -57.8, 54.0), "0 d (−60 to 50)"),
        ((2e6, "token/s"), "2 Mtok/s"),
        ((3343.4, "token/s", 2800.0, 3800.0), "3 300 tok/s (2 800–3 800)"),
    ],
)
def test_numbers_read_as_the_field_writes_them(arguments, text):
    assert number_text(*arguments).replace(THIN, " ") == text


def test_shares_are_per_cent_by_name():
    assert number_text(0.65, "1", name="threshold_share").replace(THIN, " ") == "65 %"
    assert number_text(0.41, "1", 0.3, 0.5, name="content_share").replace(THIN, " ") == "41 % (30–50)"


@given(st.floats(1e-9, 1e18), st.floats(0.001, 0.9), st.sampled_from(["W", "byte", "USD", "s", "m3/s", "kg", "1", "token/s"]))
def test_an_interval_is_never_shown_wider_or_narrower_than_a_digit(value, spread, unit):
    text = number_text(value, unit, value * (1 - spread), value * (1 + spread))
    assert "(" in text
    assert "e" not in text.split("(")[1]
