"""Pure functions of physics on floats and arrays, SI in and out."""

from .electric import busbar_segment_currents, three_phase_current
from .flow import temperature_rise, volume_flow_for_heat
from .heat import interpolate_table, neighbours

__all__ = ["busbar_segment_currents", "interpolate_table", "neighbours", "temperature_rise", "three_phase_current", "volume_flow_for_heat"]
