"""Air: against tables of steam and of the standard atmosphere, and laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rackloom.errors import OutOfRange
from rackloom.figures import convert
from rackloom.physics import air_density, air_pressure, air_rise, airflow_for_heat, condensation_margin, derated_inlet, dew_point, saturation_pressure


@pytest.mark.parametrize(("kelvin", "pascal"), [(280.0, 990.0), (290.0, 1917.0), (300.0, 3531.0), (310.0, 6221.0), (320.0, 10530.0)])
def test_saturation_pressure_of_the_steam_tables(kelvin, pascal):
    assert saturation_pressure(kelvin) == pytest.approx(pascal, rel=0.006)  # Incropera et al., table A.6; the Magnus form claims 0.4 %


def test_dew_point_by_hand():
    # 25 C, 50 %: ln 0.5 + 17.625 x 25 / 268.04 = 0.95071; 243.04 x 0.95071 / (17.625 - 0.95071) = 13.857
    assert dew_point(298.15, 0.5) == pytest.approx(273.15 + 13.857, abs=0.002)
    assert condensation_margin(290.15, 298.15, 0.5) == pytest.approx(17.0 - 13.857, abs=0.002)
    assert condensation_margin(286.15, 298.15, 0.5) < 0.0


@given(st.floats(275.0, 322.0), st.floats(0.05, 1.0), st.floats(0.0, 1.0))
def test_dew_point_is_never_above_the_air(kelvin, humidity, less):
    dew = dew_point(kelvin, humidity)
    assert dew <= kelvin + 1e-9
    if dew > 234.0:
        assert saturation_pressure(dew) == pytest.approx(humidity * saturation_pressure(kelvin), rel=1e-9)
    assert dew_point(kelvin, max(0.01, humidity * less)) <= dew + 1e-9


@pytest.mark.parametrize(("metres", "pascal"), [(0.0, 101325.0), (1000.0, 89874.6), (2000.0, 79495.2), (3000.0, 70108.5)])
def test_pressure_of_the_standard_atmosphere(metres, pascal):
    assert air_pressure(metres) == pytest.approx(pascal, rel=1e-5)  # ISO 2533:1975, table by geopotential height


def test_density_by_hand():
    assert air_density(288.15) == pytest.approx(1.225, abs=5e-5)  # standard atmosphere at the sea
    assert air_density(300.0) == pytest.approx(1.1614, rel=0.015)  # Incropera et al., table A.4, at 1 bar rather than 1 atm


def test_airflow_of_nvidias_rule():
    # NVIDIA DSX Facilities Guide v2.0: 150 cfm/kW; air at 20 C and the sea takes 1 kW in 11.7 K then
    assert air_rise(1000.0, convert(150.0, "cfm", "m3/s"), 293.15) == pytest.approx(11.66, abs=0.02)


@given(st.floats(1.0, 1e5), st.floats(0.5, 40.0), st.floats(273.0, 320.0), st.floats(0.0, 4000.0), st.floats(1.0, 2000.0))
def test_airflow_and_rise_turn_round_and_height_asks_for_more(heat, rise, inlet, height, higher):
    flow = airflow_for_heat(heat, rise, inlet, height)
    assert air_rise(heat, flow, inlet, height) == pytest.approx(rise, rel=1e-9)
    assert airflow_for_heat(heat, rise, inlet, height + higher) > flow


def test_height_takes_from_the_inlet_temperature():
    # Vera Rubin NVL72: a kelvin less for each 175 m above 900 m
    limit = derated_inlet(308.15, np.array([0.0, 900.0, 1075.0, 2650.0]), from_m=900.0, height_per_kelvin_m=175.0)
    assert limit == pytest.approx([308.15, 308.15, 307.15, 298.15])


def test_refusals():
    with pytest.raises(OutOfRange, match=r"relative_humidity=50: above 0 and at most 1"):
        dew_point(298.15, 50.0)
    with pytest.raises(OutOfRange, match="holds from -40 to 50 C"):
        dew_point(340.0, 0.5)
    with pytest.raises(OutOfRange, match="a height of 20000 m"):
        air_density(300.0, 20000.0)
    with pytest.raises(OutOfRange, match="rise_k=0: it is above 0"):
        airflow_for_heat(1000.0, 0.0, 293.15)
