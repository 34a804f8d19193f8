"""Pumps and fans: curves in parallel against a system, suction, shut-off, ratings. Floats or arrays, SI."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..draws import Number
from ..errors import OutOfRange
from .guards import bisect, not_negative, plain, positive, refuse

GRAVITY = 9.80665  # m/s2


@dataclass(frozen=True)
class MachineCurve:
    """One pump or fan at its full speed: dp = shutoff (1 - (V / free)^exponent)."""

    shutoff_pa: Number
    free_m3_per_s: Number  # flow without any resistance
    exponent: Number = 2.0


def machine_pressure(curve: MachineCurve, flow_m3_per_s: Number, *, count: Number = 1.0, speed: Number = 1.0) -> Number:
    """Pressure that equal machines in parallel give at a flow of all of them [Pa]; below 0 beyond their free flow.

    Each carries its part of the flow. At another speed s flow goes with s and pressure with s^2 (affinity laws). Without a
    machine, or at rest, it is 0: a check valve is taken to close the way back.
    """
    not_negative(flow_m3_per_s=flow_m3_per_s, count=count, speed=speed)
    runs = (np.asarray(count) > 0.0) & (np.asarray(speed) > 0.0)
    top = np.where(runs, curve.free_m3_per_s * np.asarray(count, dtype=float) * speed, 1.0)
    return plain(np.where(runs, curve.shutoff_pa * np.asarray(speed, dtype=float) ** 2 * (1.0 - (flow_m3_per_s / top) ** curve.exponent), 0.0))


def fit_machine(points: tuple[tuple[float, float], tuple[float, float]], *, exponent: float = 2.0) -> MachineCurve:
    """The curve through two points (flow [m3/s], pressure [Pa]) of one machine: the larger flow has the lower pressure."""
    (low, high), (far, less) = sorted(points)
    not_negative(flow_m3_per_s=low)
    positive(pressure_pa=less)
    if not (far > low and high > less):
        raise OutOfRange("two points of a pump's curve: the larger flow has the lower pressure; check the points")
    bend = (high - less) / (far**exponent - low**exponent)
    shutoff = high + bend * low**exponent
    return MachineCurve(shutoff, (shutoff / bend) ** (1.0 / exponent), exponent)


def system_pressure(resistance: Number, flow_m3_per_s: Number, *, exponent: Number = 2.0, static_pa: Number = 0.0) -> Number:
    """Pressure that a system asks at a flow [Pa]: static + resistance V^exponent, resistance in Pa / (m3/s)^exponent."""
    return static_pa + resistance * flow_m3_per_s**exponent


def operating_flow(curve: MachineCurve, resistance: Number, *, count: Number = 1.0, speed: Number = 1.0, exponent: Number = 2.0, static_pa: Number = 0.0) -> Number:
    """Flow at which equal machines in parallel meet a system [m3/s]; 0 where none runs or the static part is above their shut-off.

    What they give falls with flow, what the system asks rises: one crossing, found by halving, for any batch at once.
    """
    positive(resistance=resistance)
    shape = np.broadcast_shapes(*(np.shape(value) for value in (curve.shutoff_pa, curve.free_m3_per_s, curve.exponent, resistance, count, speed, exponent, static_pa)))
    top = np.broadcast_to(np.asarray(curve.free_m3_per_s * np.asarray(count, dtype=float) * speed, dtype=float), shape)
    flow = bisect(
        lambda v: np.asarray(machine_pressure(curve, v, count=count, speed=speed) - system_pressure(resistance, v, exponent=exponent, static_pa=static_pa)), np.zeros(shape), top
    )
    able = np.asarray(machine_pressure(curve, 0.0, count=count, speed=speed)) > static_pa
    return plain(np.where(np.broadcast_to(able, shape), flow, 0.0))


def flow_ratio_after_loss(curve: MachineCurve, resistance: Number, *, count: int, lost: int = 1, speed: Number = 1.0, exponent: Number = 2.0, static_pa: Number = 0.0) -> Number:
    """Flow with some of the machines lost over the flow with all [-]; the lost ones are closed off by their check valves."""
    refuse(np.asarray(not 0 <= lost <= count), lost, lambda n: f"{n:g} of {count} machines lost: lose 0 to {count}")
    kept, whole = (operating_flow(curve, resistance, count=n, speed=speed, exponent=exponent, static_pa=static_pa) for n in (count - lost, count))
    refuse(np.asarray(whole) <= 0.0, whole, lambda _: "the machines cannot lift the static pressure even together: raise their shut-off pressure")
    return plain(kept / np.asarray(whole))


def shaft_power(flow_m3_per_s: Number, pressure_pa: Number, efficiency: Number) -> Number:
    """Power that a pump or fan draws [W]: V dp / efficiency, the efficiency of machine, motor and drive together in above 0 to 1."""
    refuse((np.asarray(efficiency) <= 0.0) | (np.asarray(efficiency) > 1.0), efficiency, lambda e: f"efficiency={e:g}: above 0 and at most 1")
    return plain(flow_m3_per_s * pressure_pa / np.asarray(efficiency, dtype=float))


@dataclass(frozen=True)
class Scaled:
    """A point of a pump or fan carried to another speed and density."""

    flow_m3_per_s: Number
    pressure_pa: Number
    power_w: Number


def affinity(flow_m3_per_s: Number, pressure_pa: Number, power_w: Number, *, speed_ratio: Number, density_ratio: Number = 1.0) -> Scaled:
    """Affinity (fan) laws on one system curve: flow with speed, pressure with its square, power with its cube; both latter with density.

    >>> affinity(1.0, 100.0, 200.0, speed_ratio=0.5)
    Scaled(flow_m3_per_s=0.5, pressure_pa=25.0, power_w=25.0)
    """
    not_negative(speed_ratio=speed_ratio)
    positive(density_ratio=density_ratio)
    return Scaled(flow_m3_per_s * speed_ratio, pressure_pa * speed_ratio**2 * density_ratio, power_w * speed_ratio**3 * density_ratio)


def suction_head_available(suction_pa: Number, vapour_pressure_pa: Number, density_kg_per_m3: Number, velocity_m_per_s: Number = 0.0) -> Number:
    """NPSH available at a pump's inlet [m]: (p - p_vapour) / (rho g) + v^2 / (2 g), pressures absolute. Compare with NPSH required by its maker.

    Below 0 the coolant boils before it reaches the pump.
    """
    positive(density_kg_per_m3=density_kg_per_m3)
    return plain((np.asarray(suction_pa, dtype=float) - vapour_pressure_pa) / (density_kg_per_m3 * GRAVITY) + np.asarray(velocity_m_per_s) ** 2 / (2.0 * GRAVITY))


def least_suction_pressure(required_m: Number, vapour_pressure_pa: Number, density_kg_per_m3: Number, velocity_m_per_s: Number = 0.0) -> Number:
    """Least absolute pressure at a pump's inlet for the NPSH that it requires [Pa]."""
    not_negative(required_m=required_m)
    return plain(vapour_pressure_pa + density_kg_per_m3 * (GRAVITY * np.asarray(required_m, dtype=float) - 0.5 * np.asarray(velocity_m_per_s) ** 2))


def closed_valve_pressure(curve: MachineCurve, fill_pa: Number, *, speed: Number = 1.0, below_m: Number = 0.0, density_kg_per_m3: Number = 0.0) -> Number:
    """Pressure behind a closed valve with pumps running [Pa, on the basis of `fill_pa`]: fill + shut-off, and the column above a part that lies below.

    Pumps in parallel do not add up here: at no flow each gives its shut-off pressure.
    """
    return plain(fill_pa + np.asarray(machine_pressure(curve, 0.0, speed=speed)) + density_kg_per_m3 * GRAVITY * np.asarray(below_m, dtype=float))


def weakest_rating(pressure_pa: Number, ratings_pa: Mapping[str, Number]) -> tuple[np.ndarray, Number]:
    """The part with the least rating, and the margin to it as a share of the rating (below 0: it is overpressed).

    Returns
    -------
    (names, margin) : (ndarray of str, float or ndarray), both of the broadcast shape; names of a single case is a 0-d array

    Raises OutOfRange without any rating: what is not known is not passed.
    """
    if not ratings_pa:
        raise OutOfRange("no part has a pressure rating: state at least one")
    positive(**{name.replace("-", "_"): rating for name, rating in ratings_pa.items()})
    stacked = np.stack(np.broadcast_arrays(*(np.asarray(rating, dtype=float) for rating in ratings_pa.values())))
    least = np.argmin(stacked, axis=0)
    rating = np.min(stacked, axis=0)
    names = np.array(list(ratings_pa))[least]
    return np.broadcast_to(names, np.broadcast_shapes(names.shape, np.shape(pressure_pa))), plain(1.0 - pressure_pa / rating)


def burst_ratio(burst_pa: Number, working_pa: Number) -> Number:
    """Burst pressure over the largest working pressure [-], both gauge."""
    positive(working_pa=working_pa)
    return plain(np.asarray(burst_pa, dtype=float) / working_pa)
