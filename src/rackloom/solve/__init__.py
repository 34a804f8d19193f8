"""The solver boundary: problems as values, one file for each solver that is imported."""

from .highs import solve_linear
from .problem import Constraint, Linear, Solved, Variable

__all__ = ["Constraint", "Linear", "Solved", "Variable", "solve_linear"]
