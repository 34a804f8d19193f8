"""Ride-through: hold-up from capacitors, battery shelves at their end of life. Floats or arrays, SI."""

from __future__ import annotations

import numpy as np

from ..draws import Number
from ..errors import OutOfRange


def hold_up_seconds(
    capacitance_f: Number, start_v: Number, least_v: Number, load_w: Number, *, end_of_life_share: Number = 1.0, efficiency: Number = 1.0, resistance_ohm: Number = 0.0
) -> Number:
    """How long capacitors carry a constant power, from their voltage at the loss of the feed down to the least one [s].

    Without series resistance t = C (V0^2 - V1^2) / (2 P), the energy between two voltages. With a resistance R (ESR and path)
    the converter sees V = (v + sqrt(v^2 - 4 R P)) / 2 and the bank is spent when V reaches `least_v`; the time is the integral
    of C dv / i between, which is closed:
    t = C [G(v0) - G(v1)], G(v) = (v^2 + v s)/(4P) - R ln(v + s), s = sqrt(v^2 - 4 R P), v1 = V1 + R P / V1 (derived here).

    Parameters
    ----------
    capacitance_f : new [F]; `end_of_life_share` is what is left of it (electrolytics are commonly called spent at 0.8)
    start_v, least_v : of the bank at the loss, of the converter's input at its end [V]
    load_w : at the converter's output; `efficiency` is that converter's

    Returns
    -------
    seconds : 0 where the bank starts at or below the least voltage under that load. Raises OutOfRange for a load of 0 or shares outside 0 to 1

    >>> round(hold_up_seconds(0.01, 400.0, 300.0, 10_000.0), 6)
    0.035
    """
    _share(end_of_life_share=end_of_life_share, efficiency=efficiency)
    if np.any(np.asarray(load_w) <= 0.0) or np.any(np.asarray(least_v) <= 0.0):
        raise OutOfRange("hold-up needs a load above 0 W and a least voltage above 0 V")
    power = np.asarray(load_w / efficiency, dtype=float)
    first = np.asarray(start_v, dtype=float)
    last = np.asarray(least_v + resistance_ohm * power / least_v, dtype=float)
    if np.any(np.asarray(least_v) ** 2 < resistance_ohm * power * (1.0 - 1e-12)):
        raise OutOfRange("the least voltage lies below the knee V = sqrt(R P): the bank cannot give that power there; raise it or lower the resistance")

    def spent(v: np.ndarray) -> np.ndarray:
        root = np.sqrt(np.maximum(v**2 - 4.0 * resistance_ohm * power, 0.0))
        return (v**2 + v * root) / (4.0 * power) - resistance_ohm * np.log(v + root)

    out = np.where(first > last, capacitance_f * end_of_life_share * (spent(np.maximum(first, last)) - spent(last)), 0.0)
    return out if out.ndim else float(out)


def hold_up_capacitance(seconds: Number, start_v: Number, least_v: Number, load_w: Number, *, end_of_life_share: Number = 1.0, efficiency: Number = 1.0) -> Number:
    """Capacitance, new, that still carries a constant power for a time at its end of life [F]: C = 2 P t / (V0^2 - V1^2).

    >>> round(hold_up_capacitance(0.02, 400.0, 300.0, 10_000.0, end_of_life_share=0.8) * 1e3, 3)  # mF
    7.143
    """
    _share(end_of_life_share=end_of_life_share, efficiency=efficiency)
    if np.any(np.asarray(start_v) <= np.asarray(least_v)):
        raise OutOfRange("capacitors give energy between two voltages: the least one lies below the one they start at")
    return 2.0 * load_w / efficiency * seconds / ((start_v**2 - least_v**2) * end_of_life_share)


def battery_energy(new_energy_j: Number, *, age_share: Number, temperature_share: Number = 1.0, discharge_efficiency: Number = 1.0) -> Number:
    """Energy that a battery shelf still gives at its terminals [J]: the new one times what age, cold and the converter leave.

    Each share is an input, of the maker's or stated as an assumption: they differ between cells. At the ORv3 battery shelf
    90 s at the end of life against 240 s new is an age share of 0.375.
    """
    _share(age_share=age_share, temperature_share=temperature_share, discharge_efficiency=discharge_efficiency)
    return new_energy_j * age_share * temperature_share * discharge_efficiency


def battery_seconds(energy_j: Number, load_w: Number, power_limit_w: Number = np.inf) -> Number:
    """How long a battery shelf carries a load [s]: E / P; 0 where the load is above what it can give at once.

    Energy at the terminals at that load, aged and derated by `battery_energy`; losses that grow with power are the caller's,
    in the discharge efficiency at this power.

    >>> battery_seconds(battery_energy(15e3 * 240.0, age_share=0.375), 15e3, 15e3)
    90.0
    """
    if np.any(np.asarray(load_w) <= 0.0):
        raise OutOfRange("the load of a battery shelf is above 0 W")
    out = np.where(np.asarray(load_w) > np.asarray(power_limit_w) * (1.0 + 1e-9), 0.0, np.asarray(energy_j) / load_w)
    return out if out.ndim else float(out)


def bridged(hold_up_s: Number, battery_start_s: Number, battery_s: Number, wanted_s: Number) -> np.ndarray | bool:
    """True where the load never drops: capacitors last until the battery gives, and the battery for the time wanted."""
    out = (np.asarray(hold_up_s) >= battery_start_s) & (np.asarray(battery_s) >= wanted_s)
    return out if out.ndim else bool(out)


def _share(**values: Number) -> None:
    for name, value in values.items():
        if not np.all((np.asarray(value) > 0.0) & (np.asarray(value) <= 1.0)):
            raise OutOfRange(f"{name} is a share above 0 and at most 1, not {np.asarray(value).ravel()[0]:g}")
