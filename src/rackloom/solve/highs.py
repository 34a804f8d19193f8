"""Linear and mixed-integer programs by HiGHS, as scipy carries it: the only file that imports it.

scipy's copy is linked in statically. The separate package of HiGHS and OR-tools each bring a shared library of the same
name, and whichever is loaded second fails; this program needs both solvers in one process (docs/decisions/0005).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import Unfinished
from .problem import Linear, Solved


def solve_linear(problem: Linear, *, node_limit: int | None = None, gap: float = 0.0) -> Solved:
    """Solve a (mixed-integer) linear program, reproducibly.

    Parameters
    ----------
    problem : Linear
    node_limit : int, optional
        branch-and-bound nodes after which the search stops with what it has; never a clock
    gap : float
        relative gap between objective and bound at which a solution counts as optimal [-]
    """
    from scipy.optimize import Bounds, LinearConstraint, milp

    variables = problem.variables
    is_mip = any(v.integer for v in variables)
    bounds = Bounds([v.low for v in variables], [v.high for v in variables])
    rules = [LinearConstraint(_matrix(problem), [c.low for c in problem.constraints], [c.high for c in problem.constraints])] if problem.constraints else []
    options: dict[str, Any] = {"mip_rel_gap": gap}
    if node_limit is not None and is_mip:
        options["node_limit"] = node_limit
    found = milp([v.cost for v in variables], integrality=[int(v.integer) for v in variables], bounds=bounds, constraints=rules, options=options)
    return _answer(problem, found, is_mip)


def _matrix(problem: Linear) -> Any:
    from scipy.sparse import csr_array

    index = {variable.name: i for i, variable in enumerate(problem.variables)}
    rows, columns, values = [], [], []
    for row, constraint in enumerate(problem.constraints):
        for name, coefficient in constraint.terms:
            rows.append(row)
            columns.append(index[name])
            values.append(coefficient)
    return csr_array((np.array(values, dtype=float), (rows, columns)), shape=(len(problem.constraints), len(problem.variables)))


def _answer(problem: Linear, found: Any, is_mip: bool) -> Solved:
    nodes = int(found.mip_node_count or 0) if is_mip else 0
    if found.status == 2 or (found.status == 4 and "infeasible" in str(found.message).lower()):
        return Solved("infeasible", math.inf, math.inf, {}, nodes)
    if found.status == 3:
        return Solved("unbounded", -math.inf, -math.inf, {}, nodes)
    if found.status not in (0, 1):
        raise Unfinished(f"HiGHS stopped: {found.message}")
    bound = float(found.mip_dual_bound) + problem.offset if is_mip and found.mip_dual_bound is not None else -math.inf
    if found.x is None:
        return Solved("stopped", math.inf, bound, {}, nodes)
    objective = float(found.fun) + problem.offset
    values = {v.name: (float(round(x)) if v.integer else float(x)) for v, x in zip(problem.variables, found.x, strict=True)}
    return Solved("optimal" if found.status == 0 else "stopped", objective, bound if is_mip else objective, values, nodes)
