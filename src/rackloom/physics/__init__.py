"""Pure functions of physics on floats and arrays, SI in and out."""

from .electric import busbar_segment_currents, three_phase_current
from .flow import temperature_rise, volume_flow_for_heat

__all__ = ["busbar_segment_currents", "temperature_rise", "three_phase_current", "volume_flow_for_heat"]
