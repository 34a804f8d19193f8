"""Quick disconnects, valves, hoses and tubes: flow coefficients and velocities. Floats or arrays, SI."""

from __future__ import annotations

import math

import numpy as np

from ..draws import Number
from .guards import not_negative, plain, positive

GPM = 3.785411784e-3 / 60.0  # US gallon a minute [m3/s]
PSI = 6894.757293168361  # [Pa]
WATER_60F = 999.016  # kg/m3, of the water that the coefficients are told for (60 F)
AREA_PER_CV = GPM / math.sqrt(PSI / WATER_60F)  # m2: V = area sqrt(dp / rho)
AREA_PER_KV = (1.0 / 3600.0) / math.sqrt(1e5 / 1000.0)  # of m3/h at 1 bar of water of 1000 kg/m3


def kv_of_cv(cv: Number) -> Number:
    """Kv [m3/h at 1 bar] of a Cv [US gpm at 1 psi].

    >>> round(kv_of_cv(1.0), 3)
    0.865
    """
    return cv * (AREA_PER_CV / AREA_PER_KV)


def cv_of_kv(kv: Number) -> Number:
    """Cv [US gpm at 1 psi] of a Kv [m3/h at 1 bar]."""
    return kv * (AREA_PER_KV / AREA_PER_CV)


def coupling_drop(cv: Number, flow_m3_per_s: Number, density_kg_per_m3: Number = WATER_60F) -> Number:
    """Pressure drop of one coupling [Pa]: (Q/Cv)^2 times the density over that of water, Q in gpm and the drop in psi.

    Definition of the flow coefficient, for turbulent flow (ANSI/ISA-75.01.01; clause not read). A tray has a pair: twice it.

    >>> round(coupling_drop(0.8, 1.7 * GPM) / 1000, 1)  # UQD size 04 at its rated flow
    31.1
    """
    positive(cv=cv, density_kg_per_m3=density_kg_per_m3)
    not_negative(flow_m3_per_s=flow_m3_per_s)
    return plain(density_kg_per_m3 * (flow_m3_per_s / (cv * AREA_PER_CV)) ** 2)


def coupling_flow(cv: Number, drop_pa: Number, density_kg_per_m3: Number = WATER_60F) -> Number:
    """Flow through one coupling at a pressure drop [m3/s]."""
    positive(cv=cv, density_kg_per_m3=density_kg_per_m3)
    not_negative(drop_pa=drop_pa)
    return plain(cv * AREA_PER_CV * np.sqrt(drop_pa / density_kg_per_m3))


def couplings_in_series(*cvs: Number) -> Number:
    """Cv of couplings one after another: 1/Cv^2 is the sum of theirs, as their drops add up at one flow."""
    positive(**{f"cv{index}": cv for index, cv in enumerate(cvs)})
    return plain(1.0 / np.sqrt(sum(1.0 / np.asarray(cv, dtype=float) ** 2 for cv in cvs)))


def bore_velocity(flow_m3_per_s: Number, inner_diameter_m: Number) -> Number:
    """Mean velocity in a round bore [m/s]."""
    positive(inner_diameter_m=inner_diameter_m)
    return 4.0 * flow_m3_per_s / (np.pi * inner_diameter_m**2)


def bore_for_velocity(flow_m3_per_s: Number, velocity_m_per_s: Number) -> Number:
    """Inner diameter at which a flow has a velocity [m]: the least bore under a limit of velocity."""
    positive(velocity_m_per_s=velocity_m_per_s)
    not_negative(flow_m3_per_s=flow_m3_per_s)
    return plain(np.sqrt(4.0 * flow_m3_per_s / (np.pi * velocity_m_per_s)))
