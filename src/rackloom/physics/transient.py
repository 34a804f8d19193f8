"""What happens when a pump stops: chip, plate and the coolant in it warm up until a limit. Floats or arrays, SI; temperatures in kelvin.

Three masses in a row: the chip, which takes up the heat; the plate with its case; the coolant in the plate, fed from the
supply by a flow that dies with the pump and may come back with another. Left out: conduction through hoses and boards, and
that the coolant at rest takes heat from the wall a little worse than in laminar flow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..draws import Number
from ..errors import OutOfRange
from .guards import not_negative, plain, positive, refuse
from .plates import PlateLaw, plate_resistance

STABLE = 1.0  # step times the fastest rate; fourth order Runge-Kutta holds to 2.78, and is exact enough well below
MOST_STEPS = 200_000


@dataclass(frozen=True)
class ThermalMasses:
    """What stores heat, and what lies between; of one chip with its plate, or of all of a tray together."""

    chip_j_per_k: Number
    plate_j_per_k: Number
    coolant_j_per_k: Number  # rho cp times the volume in the plate
    chip_k_per_w: Number  # junction to case
    wall_k_per_w: Number  # case to the coolant's mean temperature


@dataclass(frozen=True)
class PumpLoss:
    """How the flow dies and comes back: V0 / (1 + t / coast), or a share of V0 from the moment that a standby pump has it."""

    coast_s: Number  # in which the flow falls to half; see `coast_time`
    standby_s: Number = np.inf  # when the standby pump gives its flow
    standby_share: Number = 0.0  # of the flow before
    remaining_share: Number = 0.0  # kept all along by other pumps


@dataclass(frozen=True)
class RideThrough:
    """What a loss of flow does; the times stand on the first axis of the traces."""

    seconds: Number  # until the case is at its limit; inf where it does not get there within the time looked at
    peak_case_temperature_k: Number  # within that time
    peak_coolant_temperature_k: Number  # mean in the plate, the same
    time_s: np.ndarray  # (steps,); only 0 where no trace was asked for
    case_temperature_k: np.ndarray  # (steps, ...)


def coast_time(inertia_kg_m2: Number, speed_rad_per_s: Number, shaft_w: Number) -> Number:
    """Time in which a pump without drive falls to half its speed, and the flow with it [s]: J omega^2 / P.

    The load of a pump goes with the square of its speed, J d(omega)/dt = -M omega^2 / omega0^2, so that omega = omega0 / (1 + t / T)
    with T = J omega0 / M = J omega0^2 / P. What the moving coolant stores is left out, which is on the safe side.
    """
    positive(shaft_w=shaft_w)
    return inertia_kg_m2 * speed_rad_per_s**2 / shaft_w


def wall_resistance(law: PlateLaw, flow_m3_per_s: Number, heat_capacity_j_per_m3_k: Number) -> Number:
    """Resistance of a plate from case to the mean temperature of its coolant [K/W]: R - 1 / (2 rho cp V), R to the inlet.

    Raises OutOfRange where R leaves nothing for the wall: the law then does not belong to this coolant or flow.
    """
    left = np.asarray(plate_resistance(law, flow_m3_per_s)) - 0.5 / (flow_m3_per_s * np.asarray(heat_capacity_j_per_m3_k, dtype=float))
    refuse(left <= 0.0, left, lambda r: f"the plate's resistance leaves {r:.3g} K/W between case and coolant: it is above 0; check flow and law")
    return plain(left)


def stored_seconds(volume_m3: Number, heat_capacity_j_per_m3_k: Number, rise_k: Number, heat_w: Number) -> Number:
    """Time in which a volume of coolant that circulates uncooled warms by a rise [s]: rho cp V dT / Q.

    Holds while pumps run and the facility's water has stopped; at rest, only what lies in the plates counts (`ride_through`).

    >>> round(stored_seconds(0.0336, 1014.5 * 3962.2, 10.0, 227e3), 2)
    5.95
    """
    positive(heat_w=heat_w)
    return volume_m3 * heat_capacity_j_per_m3_k * rise_k / heat_w


def ride_through(
    masses: ThermalMasses,
    loss: PumpLoss,
    *,
    heat_w: Number,
    supply_temperature_k: Number,
    flow_m3_per_s: Number,
    heat_capacity_j_per_m3_k: Number,
    case_limit_temperature_k: Number,
    horizon_s: float = 120.0,
    trace: bool = True,
) -> RideThrough:
    """Time from a loss of flow to the limit of the case, from the steady state before it.

    Parameters
    ----------
    masses, loss : fields broadcast with the rest
    heat_w, supply_temperature_k, flow_m3_per_s, heat_capacity_j_per_m3_k, case_limit_temperature_k : float or ndarray, broadcast together
        heat of the chip, and the coolant's flow through its plate before the loss
    horizon_s : time looked at
    trace : keep the case's temperature at every step; without it a million designs need no more memory than their states

    The coolant leaves at twice its mean less the supply, as it warms in a straight line: it carries 2 rho cp V (T_mean - T_supply).
    Integrated by Runge-Kutta of fourth order with one step for the batch, short against its fastest mass. Raises OutOfRange
    where masses are so unlike that this takes over 200,000 steps.
    """
    positive(**vars(masses), heat_w=heat_w, flow_m3_per_s=flow_m3_per_s, heat_capacity_j_per_m3_k=heat_capacity_j_per_m3_k, coast_s=loss.coast_s, horizon_s=horizon_s)
    not_negative(standby_s=loss.standby_s, standby_share=loss.standby_share, remaining_share=loss.remaining_share)
    carry = 2.0 * np.asarray(flow_m3_per_s * heat_capacity_j_per_m3_k, dtype=float)  # W/K at full flow
    state = _steady(masses, heat_w, supply_temperature_k, carry, case_limit_temperature_k, loss)
    count = _steps(masses, loss, carry, horizon_s)
    step = horizon_s / count
    limit = np.asarray(case_limit_temperature_k, dtype=float)

    def rate(time: float, now: np.ndarray) -> np.ndarray:
        chip, plate, coolant = now
        inward, onward = (chip - plate) / masses.chip_k_per_w, (plate - coolant) / masses.wall_k_per_w
        away = carry * _flow_share(loss, time) * (coolant - supply_temperature_k)
        return np.stack(np.broadcast_arrays((heat_w - inward) / masses.chip_j_per_k, (inward - onward) / masses.plate_j_per_k, (onward - away) / masses.coolant_j_per_k))

    kept = [state[1]]
    peak, hottest = state[1], state[2]
    seconds = np.where(state[1] >= limit, 0.0, np.inf)
    for index in range(count):
        time = index * step
        k1 = rate(time, state)
        k2 = rate(time + 0.5 * step, state + 0.5 * step * k1)
        k3 = rate(time + 0.5 * step, state + 0.5 * step * k2)
        before = state[1]
        state = state + step / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + rate(time + step, state + step * k3))
        after = state[1]
        peak, hottest = np.maximum(peak, after), np.maximum(hottest, state[2])
        if trace:
            kept.append(after)
        crosses = np.isinf(seconds) & (after >= limit)
        part = np.where(crosses, (limit - before) / np.where(after > before, after - before, 1.0), 0.0)
        seconds = np.where(crosses, time + step * part, seconds)
    times = np.linspace(0.0, horizon_s, count + 1) if trace else np.zeros(1)
    return RideThrough(plain(seconds), plain(peak), plain(hottest), times, np.stack(kept))


def _flow_share(loss: PumpLoss, time: float) -> np.ndarray:
    """Flow over the flow before the loss."""
    dying = np.maximum(1.0 / (1.0 + time / np.asarray(loss.coast_s, dtype=float)), loss.remaining_share)
    return np.maximum(dying, np.where(time >= np.asarray(loss.standby_s), loss.standby_share, 0.0))


def _steady(masses: ThermalMasses, heat_w: Number, supply_temperature_k: Number, carry: np.ndarray, limit: Number, loss: PumpLoss) -> np.ndarray:
    """Chip, plate and coolant before the loss; shape (3, ...) of everything broadcast."""
    coolant = supply_temperature_k + heat_w / carry
    plate = coolant + heat_w * masses.wall_k_per_w
    chip = plate + heat_w * masses.chip_k_per_w
    others = (*vars(masses).values(), *vars(loss).values(), limit)
    shape = np.broadcast_shapes(np.shape(chip), *(np.shape(other) for other in others))
    return np.stack([np.broadcast_to(np.asarray(value, dtype=float), shape) for value in (chip, plate, coolant)])


def _steps(masses: ThermalMasses, loss: PumpLoss, carry: np.ndarray, horizon_s: float) -> int:
    """Steps that keep the integration stable for the fastest mass of the batch: a rate is at most twice a mass's own."""
    inward, onward = 1.0 / np.asarray(masses.chip_k_per_w, dtype=float), 1.0 / np.asarray(masses.wall_k_per_w, dtype=float)
    most = np.maximum(1.0, np.maximum(loss.standby_share, loss.remaining_share))
    rates = (inward / masses.chip_j_per_k, (inward + onward) / masses.plate_j_per_k, (onward + carry * most) / masses.coolant_j_per_k, 5.0 / np.asarray(loss.coast_s, dtype=float))
    fastest = 2.0 * max(float(np.max(each)) for each in rates)
    count = int(np.ceil(max(horizon_s * fastest / STABLE, 200.0)))
    if count > MOST_STEPS:
        raise OutOfRange(
            f"{count} steps of {horizon_s / count:.2g} s would be needed: join the smallest mass or the shortest coasting time with its neighbour, or shorten the time"
        )
    return count
