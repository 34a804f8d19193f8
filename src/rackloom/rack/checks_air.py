"""Checks of what is left to air: heat, airflow, altitude."""

from __future__ import annotations

import numpy as np

from ..draws import Number
from ..ledger import Ledger
from ..physics import airflow_for_heat, derated_inlet
from .nouns import Check
from .rule import Ask, Facts, at_most, not_checkable

FROM_M = 900.0  # above it the inlet limit falls
SEA_LEVEL = 0.0


def air_heat(facts: Facts, book: Ledger) -> Check:
    """Heat left to air against what a rack can be cooled with."""
    ask = Ask(
        "air-heat", "Is the heat left to air within what a rack can be cooled with by air?", "W", "AMD data centre guide (liquid recommended above)",
        "Take more of the heat by coolant, or spread the nodes over more racks.",
    )  # fmt: skip
    limit = facts.design.catalog.figure("observed-mi355x-liquid", "air_limit_rack_power_w")
    return at_most(
        ask, facts, book, facts.air_w, book.take(limit), "heat to air; limit: practical limit of air cooling a rack", [facts.key("heat_air_w"), limit.key], lacking=facts.lacking
    )


def airflow(facts: Facts, book: Ledger) -> Check:
    """Air that the residual heat asks for at this inlet and altitude, against what the hall's rule gives it."""
    rule = facts.design.catalog.figure("flow-rules", "cabinet_air_m3_per_s_per_w")
    rise = facts.design.catalog.figure("rack-assumptions", "air_rise_k")
    place = facts.design.environment
    ask = Ask(
        "airflow",
        "Does the hall's rule of airflow carry the heat left to air?",
        "m3/s",
        "NVIDIA DSX Facilities Guide (150 CFM/kW)",
        "Give the rack more air, let it warm up further, or cool more by liquid.",
    )
    inlet = place.air_temperature_k
    if inlet is None:
        return not_checkable(ask, "temperature of the air that enters ('environment: air:')")
    altitude = book.take(place.altitude_m) if place.altitude_m is not None else SEA_LEVEL
    needed = airflow_for_heat(facts.air_w, book.take(rise), book.take(inlet), altitude)
    key = facts.key("airflow_m3_per_s")
    inputs = [facts.key("heat_air_w"), rise.key, inlet.key, *([place.altitude_m.key] if place.altitude_m else [])]
    book.put(key, needed, "m3/s", "heat / (rho cp rise), air of the standard atmosphere at this altitude", inputs)
    return at_most(ask, facts, book, needed, facts.air_w * book.take(rule), "air needed; limit: 150 CFM a kW", [key, facts.key("heat_air_w"), rule.key], lacking=facts.lacking)


def altitude(facts: Facts, book: Ledger) -> Check | None:
    """The inlet of the air against its limit, which falls with altitude."""
    place = facts.design.environment
    ask = Ask(
        "inlet-air",
        "Is the air that enters cool enough at this altitude?",
        "temperature_k",
        "NVIDIA Vera Rubin NVL72 thermal model (1 C for each 175 m above 900 m)",
        "Cool the hall, or take load off.",
    )
    asked = (
        ("temperature of the air that enters ('environment: air:')", place.air_temperature_k), ("altitude ('environment: altitude:')", place.altitude_m),
        ("highest inlet at sea level ('environment: air_max:')", place.air_max_temperature_k),
    )  # fmt: skip
    if place.air_temperature_k is None or place.altitude_m is None or place.air_max_temperature_k is None:
        return not_checkable(ask, *(word for word, have in asked if have is None))
    step = facts.design.catalog.figure("observed-vr-nvl72", "air_derate_height_m")
    top = place.air_max_temperature_k
    limit: Number = derated_inlet(book.take(top), np.maximum(np.asarray(book.take(place.altitude_m)), 0.0), from_m=FROM_M, height_per_kelvin_m=step.value)
    book.take(step)
    return at_most(
        ask, facts, book, book.take(place.air_temperature_k), limit, "inlet of the air; limit: by altitude", [place.air_temperature_k.key, place.altitude_m.key, step.key, top.key]
    )
