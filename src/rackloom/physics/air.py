"""Air: moisture and dew point, density by height, the air that a heat needs. Floats or arrays, SI; temperatures in kelvin."""

from __future__ import annotations

import numpy as np

from ..draws import Number
from .guards import not_negative, plain, positive, refuse

ICE_K = 273.15
# Magnus form of the vapour pressure over water, p = 610.94 exp(17.625 t / (t + 243.04)) Pa, t in C: within 0.4 % from -40 to 50 C
# (Alduchov and Eskridge, J. Appl. Meteorol. 35, 1996, pp. 601-609; clause not read)
MAGNUS_PA, MAGNUS_SLOPE, MAGNUS_C = 610.94, 17.625, 243.04
MAGNUS_RANGE_K = (ICE_K - 40.0, ICE_K + 50.0)
# International Standard Atmosphere in its lowest layer (ISO 2533:1975; clause not read)
ISA_PA, ISA_K, ISA_K_PER_M, GRAVITY, AIR_J_PER_KG_K = 101325.0, 288.15, 0.0065, 9.80665, 287.05287
AIR_CP = 1006.0  # J/(kg K), dry air near 300 K; it changes by 0.2 % from 0 to 60 C
ISA_RANGE_M = (-1000.0, 11000.0)


def saturation_pressure(temperature_k: Number) -> Number:
    """Vapour pressure of water in saturated air [Pa], by the Magnus form. Raises OutOfRange outside -40 to 50 C.

    >>> round(saturation_pressure(293.15))
    2333
    """
    low, high = MAGNUS_RANGE_K
    temperature = np.asarray(temperature_k, dtype=float)
    refuse((temperature < low) | (temperature > high), temperature, lambda t: f"moist air at {t - ICE_K:.1f} C: the Magnus form holds from -40 to 50 C")
    celsius = temperature - ICE_K
    return plain(MAGNUS_PA * np.exp(MAGNUS_SLOPE * celsius / (celsius + MAGNUS_C)))


def dew_point(temperature_k: Number, relative_humidity: Number) -> Number:
    """Dew point of air [K], the Magnus form turned round; relative humidity above 0 and at most 1.

    >>> round(dew_point(298.15, 0.5) - 273.15, 1)
    13.9
    """
    humidity = np.asarray(relative_humidity, dtype=float)
    refuse((humidity <= 0.0) | (humidity > 1.0), humidity, lambda h: f"relative_humidity={h:g}: above 0 and at most 1 (1 is saturated)")
    log = np.log(humidity * saturation_pressure(temperature_k) / MAGNUS_PA)
    return plain(MAGNUS_C * log / (MAGNUS_SLOPE - log) + ICE_K)


def condensation_margin(surface_temperature_k: Number, air_temperature_k: Number, relative_humidity: Number) -> Number:
    """Surface less dew point [K]: at 0 and below, water settles on it. The coldest surface is the coolant supply."""
    return plain(surface_temperature_k - np.asarray(dew_point(air_temperature_k, relative_humidity)))


def air_pressure(height_m: Number) -> Number:
    """Pressure of the standard atmosphere at a height above the sea [Pa]. Raises OutOfRange outside -1000 to 11000 m.

    >>> round(air_pressure(1500.0))
    84556
    """
    low, high = ISA_RANGE_M
    height = np.asarray(height_m, dtype=float)
    refuse((height < low) | (height > high), height, lambda h: f"a height of {h:g} m: the standard atmosphere is used from {low:g} to {high:g} m")
    return plain(ISA_PA * (1.0 - ISA_K_PER_M * height / ISA_K) ** (GRAVITY / (AIR_J_PER_KG_K * ISA_K_PER_M)))


def air_density(temperature_k: Number, height_m: Number = 0.0) -> Number:
    """Density of dry air at its own temperature and the pressure of a height [kg/m3]: p / (R T). Moist air is up to 1 % lighter below 30 C.

    >>> round(air_density(293.15), 3)
    1.204
    """
    positive(temperature_k=temperature_k)
    return plain(np.asarray(air_pressure(height_m)) / (AIR_J_PER_KG_K * np.asarray(temperature_k, dtype=float)))


def airflow_for_heat(heat_w: Number, rise_k: Number, inlet_temperature_k: Number, height_m: Number = 0.0) -> Number:
    """Air at the inlet that carries a heat at a rise [m3/s]: V = Q / (rho cp dT), rho at the inlet.

    >>> round(airflow_for_heat(1000.0, 12.0, 293.15) / 0.00047194745, 0)  # cfm
    146.0
    """
    positive(rise_k=rise_k)
    not_negative(heat_w=heat_w)
    return plain(heat_w / (air_density(inlet_temperature_k, height_m) * AIR_CP * np.asarray(rise_k, dtype=float)))


def air_rise(heat_w: Number, airflow_m3_per_s: Number, inlet_temperature_k: Number, height_m: Number = 0.0) -> Number:
    """Rise of an airflow that takes up a heat [K]; the airflow is that at the inlet, above 0."""
    positive(airflow_m3_per_s=airflow_m3_per_s)
    return plain(heat_w / (air_density(inlet_temperature_k, height_m) * AIR_CP * np.asarray(airflow_m3_per_s, dtype=float)))


def derated_inlet(limit_temperature_k: Number, height_m: Number, *, from_m: Number, height_per_kelvin_m: Number) -> Number:
    """Highest air inlet temperature at a height [K]: a kelvin less for each `height_per_kelvin_m` above `from_m`, both as the maker states."""
    positive(height_per_kelvin_m=height_per_kelvin_m)
    return plain(limit_temperature_k - np.maximum(0.0, np.asarray(height_m, dtype=float) - from_m) / height_per_kelvin_m)
