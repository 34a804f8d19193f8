"""The flow that a rack or a unit must have, by its supply temperature. Floats or arrays, SI; temperatures in kelvin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..draws import Number
from ..errors import OutOfRange
from .guards import plain, positive, refuse
from .plates import PlateLaw


@dataclass(frozen=True)
class FlowLaw:
    """Required flow V = flow (reference / (ceiling - T_supply))^exponent.

    It is the law of a plate turned round. A case at its limit says P (base + slope V^-m) = T_limit - T_supply, so that the
    ceiling is T_limit - P base, which no flow gets past, and the exponent is 1 / m. With m = 1 the flow carries a heat
    that warms it up to the ceiling, or a fixed part of the way.
    """

    ceiling_temperature_k: Number
    flow_m3_per_s: Number  # at the reference headroom; or flow a watt, where the law is of that
    exponent: Number = 1.0
    reference_k: float = 10.0


def required_flow(law: FlowLaw, supply_temperature_k: Number) -> Number:
    """Flow at a supply temperature [m3/s, or as the law's own]. Raises OutOfRange at or above the ceiling, where no flow is enough.

    >>> round(required_flow(FlowLaw(335.65, 1.0), 330.65), 6)
    2.0
    """
    supply, ceiling = np.broadcast_arrays(np.asarray(supply_temperature_k, dtype=float), np.asarray(law.ceiling_temperature_k, dtype=float))
    refuse(supply >= ceiling, supply, lambda t: f"no flow is enough at a supply of {t - 273.15:.1f} C: the law ends at {float(np.min(ceiling)) - 273.15:.1f} C; lower the supply")
    return plain(law.flow_m3_per_s * (law.reference_k / (ceiling - supply)) ** law.exponent)


def fit_flow_law(
    supply_temperature_k: tuple[float, float], flow_m3_per_s: tuple[float, float], *, exponent: float | None = None, ceiling_temperature_k: float | None = None
) -> FlowLaw:
    """The law through two supply temperatures, with either its exponent or its ceiling stated.

    Raises OutOfRange where the flow does not rise with the temperature, or the ceiling lies at or below it.
    """
    (cold, warm), (little, much) = sorted(supply_temperature_k), sorted(flow_m3_per_s)
    positive(flow_m3_per_s=little)
    if cold == warm or little == much or (supply_temperature_k[0] < supply_temperature_k[1]) != (flow_m3_per_s[0] < flow_m3_per_s[1]):
        raise OutOfRange("two supply temperatures apart, the warmer with the larger flow, give the law: check the points")
    if (exponent is None) == (ceiling_temperature_k is None):
        raise OutOfRange("two points give two parameters of three: state the exponent or the ceiling, not both or neither")
    if exponent is not None:
        positive(exponent=exponent)
        high, low = little ** (-1.0 / exponent), much ** (-1.0 / exponent)  # in proportion to ceiling - T
        ceiling = warm + (warm - cold) * low / (high - low)
        power = exponent
    else:
        ceiling = float(ceiling_temperature_k or 0.0)
        refuse(np.asarray(ceiling <= warm), ceiling, lambda t: f"a ceiling of {t - 273.15:.1f} C lies at or below a supply of {warm - 273.15:.1f} C: raise it")
        power = float(np.log(much / little) / np.log((ceiling - cold) / (ceiling - warm)))
    return FlowLaw(ceiling, little * ((ceiling - cold) / 10.0) ** power, power)


def flow_law_of_plates(law: PlateLaw, heat_w: Number, case_limit_temperature_k: Number, plates: Number = 1.0) -> FlowLaw:
    """The law of equal plates in parallel, each with a heat and its case at a limit; see `FlowLaw`.

    `heat_w` is that of one plate; the flow is that of all.
    """
    positive(heat_w=heat_w, plates=plates)
    power = 1.0 / np.asarray(law.exponent, dtype=float)
    at_reference = plates * law.reference_m3_per_s * (heat_w * law.slope_k_per_w / 10.0) ** power
    return FlowLaw(case_limit_temperature_k - heat_w * law.base_k_per_w, at_reference, power)
