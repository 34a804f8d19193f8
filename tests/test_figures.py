"""Quantities as people write them. Expected values are worked by hand from the definitions of the units."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rackloom.errors import BadInput
from rackloom.everyday_units import FACTORS
from rackloom.figures import Figure, Range, _parsed_factor, convert, from_range, read_counted, read_quantity, read_range, unit_of


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("132 kW", "W", 132_000.0),
        ("1.5 L/min", "m3/s", 1.5e-3 / 60),
        ("40 C", "temperature_k", 313.15),
        ("10 K", "K", 10.0),
        ("15e12", "token", 15e12),
        (15e12, "token", 15e12),
        ("2e6 tok/s", "token/s", 2e6),
        ("200 racks/quarter", "rack/wk", 200 / (365.25 / 4 / 7)),
        ("3.9 MUSD", "USD", 3.9e6),
        ("0.072 USD/kWh", "USD/J", 0.072 / 3.6e6),
        ("41 %", "1", 0.41),
        ("400 Gb/s", "byte/s", 50e9),
        ("400 Gbps", "byte/s", 50e9),
        ("192 GiB", "byte", 192 * 2**30),
        ("50 psi", "Pa", 50 * 6894.757293168361),  # 1 psi = 6894.757 Pa, NIST SP 811 appendix B
        ("5 gpm", "m3/s", 5 * 3.785411784e-3 / 60),
        ("1,011,521 sqft", "m2", 1_011_521 * 0.3048**2),
        ("1.5 L/min/kW", "m3/s/W", 1.5e-3 / 60 / 1000),
        ("90 d", "s", 90 * 86400.0),
        ("2.5 PFLOP/s", "FLOP/s", 2.5e15),
        ("3000 lb", "kg", 3000 * 0.45359237),
    ],
)
def test_quantities_are_read_as_si(text, unit, expected):
    assert read_quantity(text, unit) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "unit", "words"),
    [
        (132, "W", "has no unit: expected a number with a unit, such as '132 kW'"),
        ("132", "W", "has no unit"),
        ("132 kw", "W", "nearest: 'kW'"),
        ("10 C", "K", "a temperature difference is written in K"),
        ("40 C", "W", "is a temperature"),
        ("5 kg", "W", "is not a unit for this"),
        ("40 kW", "temperature_k", "a temperature is written in C or K"),
        ("many", "W", "is not a quantity"),
        (True, "W", "is not a quantity"),
        (None, "token", "is not a quantity"),
        ("1 2**9**9**9", "kg", "unknown unit"),
        ("1 kg**99", "kg", "unknown unit"),
        ("1 __import__('os')", "kg", "unknown unit"),
    ],
)
def test_a_wrong_unit_says_what_was_expected(text, unit, words):
    with pytest.raises(ValueError, match=words.replace("(", r"\(")):
        read_quantity(text, unit)


def test_ranges_take_the_unit_of_their_end():
    assert read_range("100 to 400 W", "W") == Range(100.0, 400.0)
    assert read_range("1 kW to 2 MW", "W") == Range(1e3, 2e6)
    low, high = read_range("25 to 45 C", "temperature_k").low, read_range("25 to 45 C", "temperature_k").high
    assert (low, high) == pytest.approx((298.15, 318.15))
    assert read_range("7 W", "W") == Range(7.0, 7.0)
    with pytest.raises(ValueError, match="the first of a range is the smaller one"):
        read_range("45 to 25 C", "temperature_k")


def test_counted_things():
    assert read_counted("10 x compute") == (10, "compute")
    assert read_counted("compute") == (1, "compute")
    for text in ("0 x compute", "-2 x compute"):
        with pytest.raises(ValueError, match="a count is 1 or more"):
            read_counted(text)


def test_units_stand_in_names():
    assert unit_of("power_w") == "W"
    assert unit_of("coolant_supply_temperature_k") == "temperature_k"
    assert unit_of("approach_k") == "K"
    assert unit_of("scale_up_link_bytes_per_s") == "byte/s"
    with pytest.raises(ValueError, match="does not say its unit"):
        unit_of("power")


def test_convert_refuses_other_kinds():
    assert convert(60, "L/min", "m3/s") == pytest.approx(1e-3)
    with pytest.raises(BadInput, match="Expected a unit that converts to W"):
        convert(1, "kg", "W")


def test_a_figure_has_a_grade_on_the_ladder_and_an_ordered_span():
    with pytest.raises(ValueError, match="not on the ladder"):
        Figure("x_w", 1.0, "W", "s", "F")
    with pytest.raises(ValueError, match="above high"):
        Figure("x_w", 1.0, "W", "s", "A", low=2.0, high=1.0)
    own = from_range("x_w", Range(2.0, 4.0), "W", source="program.yaml:3")
    assert (own.value, own.low, own.high) == (3.0, 2.0, 4.0)


@given(st.floats(min_value=1e-6, max_value=1e12), st.sampled_from([("kW", "W", 1e3), ("GB", "byte", 1e9), ("min", "s", 60.0), ("mm", "m", 1e-3), ("MUSD", "USD", 1e6)]))
def test_scaling_is_linear(number, case):
    written, unit, factor = case
    assert read_quantity(f"{number!r} {written}", unit) == pytest.approx(number * factor, rel=1e-12)


def test_everyday_factors_are_those_of_the_definitions():
    """Each factor of the table, worked out by pint from the units' definitions."""
    assert len(FACTORS) > 50
    for (unit, into), factor in FACTORS.items():
        assert factor == _parsed_factor(unit, into), (unit, into)
