"""Units as test programs spell them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rackloom.evaluate.units import is_safe_text, spelled, stem_of, to_unit, unit_of_quantity


@pytest.mark.parametrize(
    ("value", "unit", "into", "expected"),
    [
        (118.5, "kW", "W", 118_500.0),
        (3.3, "Volts", "V", 3.3),
        (46757.6, "MB/sec", "byte/s", 46_757.6e6),
        (89.0, "percent", "1", 0.89),
        (40.0, "Celsius", "temperature_k", 313.15),
        (104.0, "degF", "temperature_k", 313.15),  # (104 - 32)/1.8 = 40 C
        (313.15, "K", "temperature_k", 313.15),
        (90.0, "nanoseconds", "s", 90e-9),
        (85.0, "LPM", "m3/s", 85e-3 / 60.0),
        (400.0, "Gbps", "bit/s", 400e9),
        (250.0, "mW", "W", 0.25),
        (250.0, "MW", "W", 250e6),
        (1.5, "kilowatts", "W", 1500.0),
        (12.0, "tokens per second", "token/s", 12.0),
        (2.0, "GB", "byte", 2e9),
        (2.0, "KB", "byte", 2000.0),
        (7.0, "count", "1", 7.0),
        (989.4, "TFLOPS", "FLOP/s", 989.4e12),
        (1360.0, "kilograms", "kg", 1360.0),
        (6.0, "kPa", "Pa", 6000.0),
    ],
)
def test_to_unit_by_hand(value, unit, into, expected):
    assert to_unit(value, unit, into) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("unit", "into", "message"),
    [
        ("kW", "kg", "does not measure the same"),
        ("Celsius", "W", "is a temperature"),
        ("Celsius", "K", "is a temperature"),  # a difference is not a temperature
        ("kW", "temperature_k", "not a unit of temperature"),
        ("furlongs", "m", "does not measure the same"),
        ("9**9**9**9**9", "W", "is not a unit"),
        ("W" * 500, "W", "is not a unit"),
        ("__import__('os')", "W", "is not a unit"),
    ],
)
def test_what_does_not_fit_is_refused(unit, into, message):
    with pytest.raises(ValueError, match=message):
        to_unit(1.0, unit, into)


@given(st.text(max_size=40))
def test_any_text_is_a_unit_or_a_value_error(text):
    try:
        assert isinstance(spelled(text), str)
        to_unit(1.0, text, "W")
    except ValueError:
        pass


def test_names_carry_units():
    assert unit_of_quantity("power_load_w") == "W"
    assert unit_of_quantity("tokens_per_s_per_accelerator") == "token/s"
    assert unit_of_quantity("rack_power") is None
    assert stem_of("power_load_w") == "power_load"
    assert stem_of("coolant_flow_m3_per_s") == "coolant_flow"
    assert stem_of("coolant_supply_temperature_k") == "coolant_supply_temperature"
    assert stem_of("rack_power") == "rack_power"


def test_towers_of_powers_are_not_let_through():
    assert is_safe_text("132 to 140 kW")
    assert is_safe_text("1.2 kg/m^3")
    assert not is_safe_text("1 2**9**9**9")
    assert not is_safe_text("1 m3^9^9^9")
    assert not is_safe_text("1 (9)")
    assert not is_safe_text("1 kW" + " " * 100)
