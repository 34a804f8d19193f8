"""Conductors and contacts: resistance at a temperature, temperature rise from a rated point, ratings elsewhere. Floats or arrays, SI."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..draws import Number
from ..errors import OutOfRange

REFERENCE_K = 293.15  # 20 C, at which conductivities of conductors are stated (IEC 60028; clause not read)


def conductor_resistance(
    length_m: Number, area_m2: Number, conductivity_s_per_m: Number, temperature_coefficient_per_k: Number = 0.0, temperature_k: Number = REFERENCE_K, *, legs: int = 1
) -> Number:
    """Resistance of a conductor [ohm]: R = legs x L / (kappa_20 A) x (1 + alpha (T - 293.15)).

    Ohm's law of a prism and the linear temperature law. `conductivity_s_per_m` and `temperature_coefficient_per_k` are those
    at 20 C. `legs` is 2 where go and return have the same section, as the two bars of a busbar. Raises OutOfRange where the
    law leaves no resistance, or for a section or conductivity of 0.

    >>> round(conductor_resistance(1.0, 100e-6, 58e6, 0.00393, 353.15) * 1e6, 2)  # 1 m of 100 mm2 of annealed copper at 80 C, in microohm
    213.07
    """
    _above_zero(area_m2=area_m2, conductivity_s_per_m=conductivity_s_per_m)
    warm = 1.0 + temperature_coefficient_per_k * (temperature_k - REFERENCE_K)
    if np.any(np.asarray(warm) <= 0.0) or np.any(np.asarray(temperature_k) <= 0.0):
        raise OutOfRange("a conductor so cold that the linear law leaves no resistance: give a temperature in kelvin")
    return legs * length_m / (conductivity_s_per_m * area_m2) * warm


def joule_loss(current_a: Number, resistance_ohm: Number) -> Number:
    """Heat of a current in a resistance [W]: I^2 R (Joule)."""
    return current_a**2 * resistance_ohm


def two_bus(source_v: Number, load_w: Number, loop_ohm: Number) -> tuple[Number, Number]:
    """Current [A] and voltage [V] of a constant-power load behind a resistance, the stable root.

    P = V (V0 - V) / R, of whose roots V = (V0 + sqrt(V0^2 - 4 R P)) / 2 continues no load (a quadratic; written here). Raises
    OutOfRange where the load is above V0^2 / (4 R), the most that the resistance lets through, or R is not above 0.

    >>> current, volts = two_bus(54.0, 5500.0, 0.0005)
    >>> round(float(current), 6), round(float(volts), 6)
    (101.948087, 53.949026)
    """
    _above_zero(source_v=source_v, loop_ohm=loop_ohm)
    room = np.asarray(source_v) ** 2 - 4.0 * np.asarray(loop_ohm) * np.asarray(load_w)
    if np.any(room < 0.0):
        raise OutOfRange("a load above V0^2 / (4 R): no voltage carries it; shorten or thicken the path, raise the voltage or lower the load")
    current = 2.0 * load_w / (source_v + np.sqrt(room))
    return current, source_v - loop_ohm * current


def rise_at_current(current_a: Number, rated_current_a: Number, rated_rise_k: Number, exponent: Number = 2.0) -> Number:
    """Temperature rise of a conductor or contact over its ambient [K]: dT = dT_rated (I / I_rated)^n.

    n = 2 where the heat transfer coefficient and the resistance do not change; below 2 where warmer surfaces cool better
    (IEEE C37.010 is cited with 1.8 for switchgear; clause not read). The rated point carries its own cooling: another airflow
    needs another point. Raises OutOfRange for a rated point of 0 or an exponent outside 1 to 3.

    >>> float(rise_at_current(700.0, 1400.0, 30.0))
    7.5
    """
    _above_zero(rated_current_a=rated_current_a, rated_rise_k=rated_rise_k)
    _exponent(exponent)
    return rated_rise_k * (np.abs(current_a) / rated_current_a) ** exponent


def rating_at_ambient(rated_current_a: Number, rated_ambient_k: Number, limit_k: Number, ambient_k: Number, exponent: Number = 2.0) -> Number:
    """Current that heats a part to the same limit in another ambient [A]: I = I_rated ((T_limit - T) / (T_limit - T_rated))^(1/n).

    The rise law above, solved for the current; 0 where the ambient is at or above the limit. In a cooler ambient it gives
    more than the rating: whether a maker allows that is for the caller.

    >>> round(float(rating_at_ambient(500.0, 318.15, 378.15, 333.15)), 1)  # 500 A at 45 C, limit 105 C, used at 60 C
    433.0
    """
    _above_zero(rated_current_a=rated_current_a)
    _exponent(exponent)
    if np.any(np.asarray(limit_k) <= np.asarray(rated_ambient_k)):
        raise OutOfRange("a temperature limit at or below the ambient of the rating: the rated point leaves no rise")
    return rated_current_a * (np.maximum(limit_k - ambient_k, 0.0) / (limit_k - rated_ambient_k)) ** (1.0 / exponent)


def rating_by_airflow(airflow_m_per_s: Number, points: Sequence[tuple[float, float]]) -> Number:
    """Rating of a connector at an airflow [A]: that of the fastest published airflow that is reached.

    `points` are (airflow [m/s], rating [A]) as published, still air as 0. Between two published conditions nothing is
    published, so nothing is interpolated. Raises OutOfRange for an airflow below the slowest point.

    >>> rating_by_airflow(1.0, [(0.0, 360.0), (1.524, 500.0)])  # 300 LFM is 1.524 m/s
    360.0
    """
    ordered = sorted(points)
    speeds = np.array([speed for speed, _ in ordered])
    ratings = np.maximum.accumulate(np.array([rating for _, rating in ordered]))
    place = np.searchsorted(speeds, np.asarray(airflow_m_per_s, dtype=float) + 1e-12, side="right") - 1
    if np.any(place < 0):
        raise OutOfRange(f"an airflow below {speeds[0]:g} m/s, the slowest for which this connector has a rating")
    out = ratings[place]
    return out if out.ndim else float(out)


def _exponent(exponent: Number) -> None:
    if np.any(np.asarray(exponent) < 1.0) or np.any(np.asarray(exponent) > 3.0):
        raise OutOfRange("the exponent of a temperature rise lies between 1 and 3: 2 for constant cooling")


def _above_zero(**values: Number) -> None:
    for name, value in values.items():
        if not np.all(np.asarray(value) > 0.0):
            raise OutOfRange(f"{name} is above 0, not {np.min(value):g}")
