"""The solver boundary: problems as values, one file for each solver that is imported."""

from .cpsat import solve_integer
from .highs import solve_linear
from .problem import Constraint, Linear, Solved, Variable

__all__ = ["Constraint", "Linear", "Solved", "Variable", "solve_integer", "solve_linear"]
