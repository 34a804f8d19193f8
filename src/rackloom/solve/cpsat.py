"""Pure integer programs by CP-SAT: the only file that imports it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..errors import BadInput, Fault
from .problem import Linear, Solved

_SEED = 20_261_122
_LARGEST = 2**53  # above it a float no longer holds every integer


def solve_integer(problem: Linear, *, limit: float = 60.0, workers: int = 1) -> Solved:
    """Minimise a linear program whose variables, coefficients and finite bounds are all integers, reproducibly.

    Parameters
    ----------
    problem : Linear
        every variable integer with finite bounds; every coefficient and cost an integer. A row's bound may be infinite
    limit : float
        deterministic time after which the search stops with what it has; near a second of one core, but no clock [-]
    workers : int
        threads; the answer depends on their number and on nothing else

    `Solved.bound` is proven. Status 'stopped' with an infinite objective: nothing was found within the limit.
    Raises BadInput for a number that is no integer, or an unbounded variable.
    """
    _check(problem)
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    known = {v.name: model.new_int_var(int(v.low), int(v.high), v.name) for v in problem.variables}
    for row in problem.constraints:
        expression = sum((int(coefficient) * known[name] for name, coefficient in row.terms), start=0)
        if not row.terms:  # a row without variables holds or fails by itself
            model.add_bool_and([]) if row.low <= 0.0 <= row.high else model.add_bool_or([])
        elif row.low == row.high:
            model.add(expression == int(row.low))
        else:
            if row.low > -math.inf:
                model.add(expression >= math.ceil(row.low))
            if row.high < math.inf:
                model.add(expression <= math.floor(row.high))
    priced = [(int(v.cost), known[v.name]) for v in problem.variables if v.cost]
    if priced:
        model.minimize(sum((cost * variable for cost, variable in priced), start=0))
    return _answer(problem, known, _run(cp_model, model, limit, workers), has_objective=bool(priced))


def _run(cp_model: Any, model: Any, limit: float, workers: int) -> tuple[Any, str]:
    solver = cp_model.CpSolver()
    solver.parameters.random_seed = _SEED
    solver.parameters.num_workers = workers
    solver.parameters.interleave_search = workers > 1  # keeps several workers reproducible
    solver.parameters.max_deterministic_time = limit
    return solver, solver.status_name(solver.solve(model))


def _answer(problem: Linear, known: Mapping[str, Any], run: tuple[Any, str], *, has_objective: bool) -> Solved:
    solver, status = run
    if status == "INFEASIBLE":
        return Solved("infeasible", math.inf, math.inf, {}, solver.num_branches)
    if status == "MODEL_INVALID":
        raise BadInput(Fault("the numbers of this problem are too large for an integer solver", mend="Use a coarser unit."))
    bound = solver.best_objective_bound + problem.offset if has_objective else problem.offset
    if status == "UNKNOWN":
        return Solved("stopped", math.inf, bound if has_objective else -math.inf, {}, solver.num_branches)
    values = {name: float(solver.value(variable)) for name, variable in known.items()}
    objective = sum(v.cost * values[v.name] for v in problem.variables) + problem.offset
    return Solved("optimal" if status == "OPTIMAL" else "stopped", objective, objective if status == "OPTIMAL" else bound, values, solver.num_branches)


def _check(problem: Linear) -> None:
    faults = []
    for v in problem.variables:
        if not v.integer or not all(_whole(x) for x in (v.low, v.high, v.cost)):
            faults.append(Fault(f"variable '{v.name}' is not an integer with finite integer bounds and cost", mend="Give it both bounds, or use solve_linear."))
    for row in problem.constraints:
        if not all(_whole(coefficient) for _, coefficient in row.terms):
            faults.append(Fault(f"constraint '{row.name}' has a coefficient that is no integer", mend="Scale the row, or use solve_linear."))
        if row.low == row.high and not _whole(row.low):
            faults.append(Fault(f"constraint '{row.name}' asks for {row.low:g}, which no integers sum to"))
    if faults:
        raise BadInput(faults)


def _whole(value: float) -> bool:
    return math.isfinite(value) and value == int(value) and abs(value) <= _LARGEST
