"""The option to buy racks without obligation: its terms, its value, whether to use it."""

from .closed import european_option, perpetual_boundary
from .lattice import American, american_option, exercise_boundary
from .simulate import Simulated, simulate_option
from .terms import ACTIONS, MEASURES, BoundaryPoint, Market, OptionValue, Terms
from .value import value_option

__all__ = [
    "ACTIONS", "MEASURES", "American", "BoundaryPoint", "Market", "OptionValue", "Simulated", "Terms", "american_option", "european_option", "exercise_boundary",
    "perpetual_boundary", "simulate_option", "value_option",
]  # fmt: skip
