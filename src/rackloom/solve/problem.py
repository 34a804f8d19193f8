"""Problems and answers as values: what stages build and read, whoever solves."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import BadInput, Fault, nearest


@dataclass(frozen=True)
class Variable:
    """A variable with bounds and its cost in the objective."""

    name: str
    low: float = 0.0
    high: float = math.inf
    cost: float = 0.0
    integer: bool = False


@dataclass(frozen=True)
class Constraint:
    """`low <= sum of coefficient x variable <= high`."""

    name: str
    terms: tuple[tuple[str, float], ...]
    low: float = -math.inf
    high: float = math.inf


@dataclass(frozen=True)
class Linear:
    """Minimise the cost of the variables plus `offset`, subject to the constraints. Raises BadInput when it is not well formed."""

    variables: tuple[Variable, ...]
    constraints: tuple[Constraint, ...]
    offset: float = 0.0

    def __post_init__(self) -> None:
        names = [variable.name for variable in self.variables]
        known = set(names)
        faults = [Fault(f"variable '{name}' stands twice") for name in sorted({name for name in names if names.count(name) > 1})] if len(known) < len(names) else []
        faults += [Fault(f"variable '{v.name}': low {v.low:g} is above high {v.high:g}") for v in self.variables if v.low > v.high]
        for constraint in self.constraints:
            faults += [Fault(f"constraint '{constraint.name}' names no variable '{name}'", nearest=nearest(name, names)) for name, _ in constraint.terms if name not in known]
            if any(not math.isfinite(coefficient) for _, coefficient in constraint.terms):
                faults.append(Fault(f"constraint '{constraint.name}' has a coefficient that is no number"))
        if faults:
            raise BadInput(faults)


@dataclass(frozen=True)
class Solved:
    """What a solver found. `bound` is proven; objective and bound are equal within the gap when the status is 'optimal'."""

    status: str  # optimal, infeasible, unbounded, stopped
    objective: float
    bound: float
    values: Mapping[str, float]
    nodes: int = 0
