"""What is left to air, by hand."""

from __future__ import annotations

import pytest

from rackloom.draws import central
from rackloom.figures import convert

from .racks import WHOLE, checked


def test_air_for_the_residual_heat_at_a_height(tmp_path):
    """Heat / (rho cp dT): rho of 25 C at 2000 m is 79 495 Pa / (287.05 x 298.15) = 0.9288 kg/m3, dT 12.5 K."""
    row = checked(tmp_path, "environment.altitude=2000 m")["airflow"]
    heat = 16132 / 0.975 - 0.85 * 16132
    assert central(row.value) == pytest.approx(heat / (0.9288 * 1006.0 * 12.5), rel=1e-3)
    assert convert(central(row.limit), "m3/s", "cfm") == pytest.approx(150 * heat / 1000, rel=1e-6)


def test_the_inlet_may_be_a_kelvin_less_for_each_175_m_above_900(tmp_path):
    for metres, limit in ((-100, 35.0), (900, 35.0), (1075, 34.0), (2650, 25.0)):
        row = checked(tmp_path, f"environment.altitude={metres} m")["inlet-air"]
        assert central(row.limit) - 273.15 == pytest.approx(limit)
    assert checked(tmp_path, "environment.altitude=2825 m")["inlet-air"].verdict == "fail"


def test_heat_that_coolant_does_not_take_goes_to_air(tmp_path):
    rows = checked(tmp_path, "coolant.liquid_share=100 %")
    assert central(rows["air-heat"].value) == pytest.approx(16132 * (1 / 0.975 - 1), rel=1e-6)
    air = checked(tmp_path, text="height: 20\nslots: {u1-u8: node}\nassemblies: {node: {height: 8, parts: [8 x b200], power: 50 kW}}\n")["air-heat"]
    assert (air.verdict, central(air.value)) == ("fail", pytest.approx(50e3 / 0.96, rel=1e-6))


def test_no_height_no_verdict(tmp_path):
    row = checked(tmp_path, text=WHOLE.replace(", altitude: 200 m", ""))
    assert row["inlet-air"].verdict == "not checkable"
    assert row["airflow"].verdict == "pass"  # at sea level
