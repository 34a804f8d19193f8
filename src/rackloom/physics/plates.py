"""Cold plates: thermal resistance and pressure drop against flow, temperatures in parallel and in series. Floats or arrays, SI."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..draws import Number
from ..errors import OutOfRange
from .guards import bisect, plain, positive, refuse

LITRE_PER_MIN = 1e-3 / 60.0
EXPONENTS = (0.2, 3.0)  # within which a fit looks; 1 is heat that the flow carries, below it what the wall passes on


@dataclass(frozen=True)
class PlateLaw:
    """Resistance of a plate from its case to the coolant at its inlet, base + slope (V / reference)^-exponent [K/W].

    What does not hang on the flow (spreading, fully developed laminar channels) is the base; the slope holds the warming of
    the coolant and what the flow thins.
    """

    base_k_per_w: Number
    slope_k_per_w: Number  # at the reference flow
    exponent: Number
    reference_m3_per_s: float = LITRE_PER_MIN


def plate_resistance(law: PlateLaw, flow_m3_per_s: Number) -> Number:
    """Resistance from case to coolant at the inlet [K/W]; the flow is above 0.

    >>> round(plate_resistance(PlateLaw(0.0174, 0.007, 1.2), 2.0 * LITRE_PER_MIN), 4)
    0.0204
    """
    positive(flow_m3_per_s=flow_m3_per_s)
    return plain(law.base_k_per_w + law.slope_k_per_w * (np.asarray(flow_m3_per_s) / law.reference_m3_per_s) ** -law.exponent)


def plate_flow(law: PlateLaw, resistance_k_per_w: Number) -> Number:
    """Flow at which a plate has a resistance [m3/s]; inf where no flow reaches it, because its base is as large."""
    left = np.asarray(resistance_k_per_w, dtype=float) - law.base_k_per_w
    with np.errstate(divide="ignore", invalid="ignore"):
        flow = law.reference_m3_per_s * (law.slope_k_per_w / np.maximum(left, 0.0)) ** (1.0 / np.asarray(law.exponent, dtype=float))
    return plain(np.where(left > 0.0, flow, np.inf))


def fit_plate(flow_m3_per_s: np.ndarray, resistance_k_per_w: np.ndarray, *, exponent: float | None = None) -> PlateLaw:
    """The law through points of a plate: least squares of the relative errors; three points are met exactly.

    Parameters
    ----------
    flow_m3_per_s, resistance_k_per_w : shape (points,)
    exponent : float, optional
        stated instead of fitted; two points are then enough

    Raises OutOfRange for too few points, or where resistance does not fall with flow.
    """
    flow, resistance = np.asarray(flow_m3_per_s, dtype=float), np.asarray(resistance_k_per_w, dtype=float)
    positive(flow_m3_per_s=flow, resistance_k_per_w=resistance)
    least = 3 if exponent is None else 2
    if len(np.unique(flow)) < least:
        raise OutOfRange(f"{least} flows at least give the law of a plate, not {len(np.unique(flow))}: add points" + ("" if exponent else " or state the exponent"))
    ratio = flow / LITRE_PER_MIN

    def terms(power: float) -> tuple[np.ndarray, float]:
        matrix = np.stack([np.ones_like(ratio), ratio**-power], axis=1) / resistance[:, None]
        found, *_ = np.linalg.lstsq(matrix, np.ones_like(ratio), rcond=None)
        return found, float(np.sum((matrix @ found - 1.0) ** 2))

    power = exponent if exponent is not None else _least(lambda p: terms(p)[1])
    base, slope = terms(power)[0]
    if slope <= 0.0 or base < 0.0:
        raise OutOfRange(
            f"the points give a base of {base:.3g} and a slope of {slope:.3g} K/W: the resistance of a plate falls with flow towards a base of 0 or more; check the points"
        )
    return PlateLaw(float(base), float(slope), float(power))


def _least(error: object) -> float:
    from scipy.optimize import minimize_scalar

    return float(minimize_scalar(error, bounds=EXPONENTS, method="bounded", options={"xatol": 1e-10}).x)


def case_temperature(inlet_temperature_k: Number, heat_w: Number, resistance_k_per_w: Number) -> Number:
    """Temperature of a case [K]: T_inlet + P R, R from case to the coolant at the inlet of its plate.

    >>> case_temperature(313.15, 1000.0, 0.02)
    333.15
    """
    return inlet_temperature_k + heat_w * resistance_k_per_w


def junction_temperature(case_temperature_k: Number, heat_w: Number, junction_k_per_w: Number) -> Number:
    """Temperature of a junction [K]: T_case + P R, R from junction to case, which its maker states."""
    return case_temperature_k + heat_w * junction_k_per_w


def flow_for_case(law: PlateLaw, heat_w: Number, inlet_temperature_k: Number, case_limit_temperature_k: Number) -> Number:
    """Flow of one plate that keeps its case at a limit [m3/s]; inf where no flow does.

    P (base + slope (V / reference)^-exponent) = T_limit - T_inlet, solved for V.
    """
    positive(heat_w=heat_w)
    return plate_flow(law, (np.asarray(case_limit_temperature_k, dtype=float) - inlet_temperature_k) / heat_w)


@dataclass(frozen=True)
class SeriesTemperatures:
    """Plates one after another; the last axis is the plate, in the direction of flow."""

    inlet_temperature_k: np.ndarray
    case_temperature_k: np.ndarray
    outlet_temperature_k: Number  # of the last


def series_temperatures(laws: tuple[PlateLaw, ...], heat_w: np.ndarray, inlet_temperature_k: Number, flow_m3_per_s: Number, heat_capacity_j_per_m3_k: Number) -> SeriesTemperatures:
    """Plates in series: each is fed with what those before it have warmed.

    Parameters
    ----------
    laws : one a plate, in the direction of flow
    heat_w : shape (..., plates)
    inlet_temperature_k, flow_m3_per_s, heat_capacity_j_per_m3_k : shape (...)
        rho cp of the coolant; the flow is above 0

    T_inlet,k = T_inlet + sum of the heats before k over rho cp V (energy balance); T_case,k as in `case_temperature`.
    """
    heat = np.asarray(heat_w, dtype=float)
    if heat.shape[-1] != len(laws):
        raise OutOfRange(f"{len(laws)} plates in series and {heat.shape[-1]} heats: give a heat a plate")
    positive(flow_m3_per_s=flow_m3_per_s, heat_capacity_j_per_m3_k=heat_capacity_j_per_m3_k)
    rate = np.asarray(flow_m3_per_s * heat_capacity_j_per_m3_k, dtype=float)[..., None]
    warmed = np.asarray(inlet_temperature_k, dtype=float)[..., None] + np.cumsum(heat, axis=-1) / rate
    inlet = warmed - heat / rate
    resistance = np.stack(np.broadcast_arrays(*(np.asarray(plate_resistance(law, flow_m3_per_s), dtype=float) for law in laws)), axis=-1)
    return SeriesTemperatures(inlet, inlet + heat * resistance, plain(warmed[..., -1]))


def flow_for_series(
    laws: tuple[PlateLaw, ...],
    heat_w: np.ndarray,
    inlet_temperature_k: Number,
    case_limit_temperature_k: np.ndarray | float,
    heat_capacity_j_per_m3_k: Number,
    *,
    largest_m3_per_s: float,
) -> Number:
    """Least flow through plates in series that keeps every case at its limit [m3/s]; inf where even the largest flow does not.

    Parameters as `series_temperatures`; `case_limit_temperature_k` has a shape that broadcasts to (..., plates).
    More flow never makes a case hotter, so halving the span in its logarithm finds the flow.
    """
    positive(largest_m3_per_s=largest_m3_per_s)

    def excess(log_flow: np.ndarray) -> np.ndarray:
        found = series_temperatures(laws, heat_w, inlet_temperature_k, np.exp(log_flow), heat_capacity_j_per_m3_k)
        return np.max(found.case_temperature_k - case_limit_temperature_k, axis=-1)  # type: ignore[no-any-return]

    shape = np.broadcast_shapes(np.shape(heat_w)[:-1], np.shape(inlet_temperature_k), np.shape(heat_capacity_j_per_m3_k), np.shape(case_limit_temperature_k)[:-1])
    top = np.full(shape, np.log(largest_m3_per_s))
    flow = np.exp(bisect(excess, top - 20.0, top))
    return plain(np.where(excess(top) > 0.0, np.inf, flow))


@dataclass(frozen=True)
class DropLaw:
    """Pressure drop of a part at a point, and how it bends: dp = drop (V/V0)^m (rho/rho0)^(m-1) (mu/mu0)^(2-m).

    So that dp / (rho V^2) is a power of Reynolds alone: m = 1 is laminar, 2 a sharp throttle, 1.75 a smooth turbulent channel.
    """

    drop_pa: Number
    flow_m3_per_s: Number
    exponent: Number
    density_kg_per_m3: Number
    viscosity_pa_s: Number


def pressure_drop(law: DropLaw, flow_m3_per_s: Number, density_kg_per_m3: Number, viscosity_pa_s: Number) -> Number:
    """Pressure drop at a flow of a coolant [Pa]; the flow is 0 or more."""
    refuse(np.asarray(flow_m3_per_s) < 0.0, flow_m3_per_s, lambda v: f"flow_m3_per_s={v:g}: a drop is told for a flow of 0 or more")
    m = law.exponent
    fluid = (density_kg_per_m3 / law.density_kg_per_m3) ** (m - 1.0) * (viscosity_pa_s / law.viscosity_pa_s) ** (2.0 - m)
    return plain(law.drop_pa * (flow_m3_per_s / law.flow_m3_per_s) ** m * fluid)


def flow_for_drop(law: DropLaw, drop_pa: Number, density_kg_per_m3: Number, viscosity_pa_s: Number) -> Number:
    """Flow at a pressure drop [m3/s], the inverse of `pressure_drop`."""
    refuse(np.asarray(drop_pa) < 0.0, drop_pa, lambda v: f"drop_pa={v:g}: a flow is told for a drop of 0 or more")
    return plain(law.flow_m3_per_s * (drop_pa / pressure_drop(law, law.flow_m3_per_s, density_kg_per_m3, viscosity_pa_s)) ** (1.0 / np.asarray(law.exponent)))


def fit_drop(flow_m3_per_s: np.ndarray, drop_pa: np.ndarray, density_kg_per_m3: np.ndarray | float, viscosity_pa_s: np.ndarray | float) -> DropLaw:
    """The law through two or more points, each with the coolant it was taken with: least squares of the logarithms.

    In logarithms the law is a straight line: ln(dp rho / mu^2) = ln a + m ln(V rho / mu).
    """
    flow, drop, density, viscosity = (np.asarray(values, dtype=float) for values in np.broadcast_arrays(flow_m3_per_s, drop_pa, density_kg_per_m3, viscosity_pa_s))
    positive(flow_m3_per_s=flow, drop_pa=drop, density_kg_per_m3=density, viscosity_pa_s=viscosity)
    if flow.ndim != 1 or len(np.unique(flow)) < 2:
        raise OutOfRange("two flows at least give the law of a pressure drop: add points")
    m, constant = np.polyfit(np.log(flow * density / viscosity), np.log(drop * density / viscosity**2), 1)
    if not 0.9 <= m <= 2.1:  # rounding of what was published may push it a little past its ends
        raise OutOfRange(f"the points give a drop that grows with the power {m:.2f} of the flow: between 1 (laminar) and 2 (throttle) is possible; check the points")
    at = float(np.exp(constant) * (flow[0] * density[0] / viscosity[0]) ** m * viscosity[0] ** 2 / density[0])
    return DropLaw(at, float(flow[0]), float(m), float(density[0]), float(viscosity[0]))
