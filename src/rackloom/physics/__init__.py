"""Pure functions of physics on floats and arrays, SI in and out."""

from .air import air_density, air_pressure, air_rise, airflow_for_heat, condensation_margin, derated_inlet, dew_point, saturation_pressure
from .coolant import Coolant, CoolantTable, boiling_temperature, coolant_at
from .couplings import bore_for_velocity, bore_velocity, coupling_drop, coupling_flow, couplings_in_series, cv_of_kv, kv_of_cv
from .electric import busbar_segment_currents, three_phase_current
from .exchanger import CduRating, Exchange, approach_for, capacity_at, conductance, effectiveness_counterflow, exchange, rated_conductance, transfer_units_for
from .flow import temperature_rise, volume_flow_for_heat
from .heat import interpolate_table, neighbours
from .plates import (
    DropLaw,
    PlateLaw,
    SeriesTemperatures,
    case_temperature,
    fit_drop,
    fit_plate,
    flow_for_case,
    flow_for_drop,
    flow_for_series,
    junction_temperature,
    plate_flow,
    plate_resistance,
    pressure_drop,
    series_temperatures,
)
from .pumps import (
    MachineCurve,
    Scaled,
    affinity,
    burst_ratio,
    closed_valve_pressure,
    fit_machine,
    flow_ratio_after_loss,
    least_suction_pressure,
    machine_pressure,
    operating_flow,
    shaft_power,
    suction_head_available,
    system_pressure,
    weakest_rating,
)
from .quality import FAIL, PASS, UNKNOWN, judge_limits, judge_metals, metal_name, worst_of
from .required_flow import FlowLaw, fit_flow_law, flow_law_of_plates, required_flow
from .transient import PumpLoss, RideThrough, ThermalMasses, coast_time, ride_through, stored_seconds, wall_resistance

__all__ = [
    "FAIL", "PASS", "UNKNOWN", "CduRating", "Coolant", "CoolantTable", "DropLaw", "Exchange", "FlowLaw", "MachineCurve", "PlateLaw", "PumpLoss", "RideThrough", "Scaled",
    "SeriesTemperatures", "ThermalMasses", "affinity", "air_density", "air_pressure", "air_rise", "airflow_for_heat", "approach_for", "boiling_temperature", "bore_for_velocity",
    "bore_velocity", "burst_ratio", "busbar_segment_currents", "capacity_at", "case_temperature", "closed_valve_pressure", "coast_time", "condensation_margin", "conductance",
    "coolant_at", "coupling_drop", "coupling_flow", "couplings_in_series", "cv_of_kv", "derated_inlet", "dew_point", "effectiveness_counterflow", "exchange", "fit_drop",
    "fit_flow_law", "fit_machine", "fit_plate", "flow_for_case", "flow_for_drop", "flow_for_series", "flow_law_of_plates", "flow_ratio_after_loss", "interpolate_table",
    "judge_limits", "judge_metals", "junction_temperature", "kv_of_cv", "least_suction_pressure", "machine_pressure", "metal_name", "neighbours", "operating_flow", "plate_flow",
    "plate_resistance", "pressure_drop", "rated_conductance", "required_flow", "ride_through", "saturation_pressure", "series_temperatures", "shaft_power", "stored_seconds",
    "suction_head_available", "system_pressure", "temperature_rise", "three_phase_current", "transfer_units_for", "volume_flow_for_heat", "wall_resistance", "weakest_rating",
    "worst_of",
]  # fmt: skip
