"""Heat carried by a flow. Floats or arrays, SI; temperatures in kelvin."""

from __future__ import annotations

import numpy as np

from ..draws import Number
from ..errors import OutOfRange


def volume_flow_for_heat(heat_w: Number, density_kg_per_m3: Number, cp_j_per_kg_k: Number, rise_k: Number) -> Number:
    """Volume flow that carries a heat at a temperature rise [m3/s].

    Energy balance of a steady flow without phase change, Q = rho V cp dT (first law; Incropera et al., Fundamentals of
    Heat and Mass Transfer, 7th ed., eq. 1.12e).

    Parameters
    ----------
    heat_w : heat taken up [W]
    density_kg_per_m3, cp_j_per_kg_k : of the fluid at its mean temperature
    rise_k : outlet less inlet temperature, above 0 [K]

    >>> round(volume_flow_for_heat(1000.0, 1014.5, 3962.2, 10.0) * 60e3, 3)  # 1 kW of PG25 at 40 C, in L/min
    1.493
    """
    if np.any(np.asarray(rise_k) <= 0.0):
        raise OutOfRange("a temperature rise is above 0 K: raise the return or lower the supply temperature")
    return heat_w / (density_kg_per_m3 * cp_j_per_kg_k * rise_k)


def temperature_rise(heat_w: Number, flow_m3_per_s: Number, density_kg_per_m3: Number, cp_j_per_kg_k: Number) -> Number:
    """Temperature rise of a flow that takes up a heat [K]: dT = Q / (rho V cp), as above; the flow is above 0."""
    if np.any(np.asarray(flow_m3_per_s) <= 0.0):
        raise OutOfRange("a flow is above 0: without flow the heat is not carried")
    return heat_w / (density_kg_per_m3 * flow_m3_per_s * cp_j_per_kg_k)
