"""Linear and mixed-integer programs by HiGHS: the only file that imports it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import Unfinished
from .problem import Linear, Solved

_SEED = 20_261_122


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
    import highspy

    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("random_seed", _SEED)
    solver.setOptionValue("mip_rel_gap", gap)
    if node_limit is not None:
        solver.setOptionValue("mip_max_nodes", node_limit)
    solver.passModel(_model(problem, highspy))
    solver.run()
    return _answer(problem, solver, highspy)


def _model(problem: Linear, highspy: Any) -> Any:
    index = {variable.name: i for i, variable in enumerate(problem.variables)}
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(problem.variables), len(problem.constraints)
    lp.col_cost_ = np.array([v.cost for v in problem.variables], dtype=float)
    lp.col_lower_ = np.array([v.low for v in problem.variables], dtype=float)
    lp.col_upper_ = np.array([v.high for v in problem.variables], dtype=float)
    lp.row_lower_ = np.array([c.low for c in problem.constraints], dtype=float)
    lp.row_upper_ = np.array([c.high for c in problem.constraints], dtype=float)
    lp.offset_ = problem.offset
    starts, columns, values = [0], [], []
    for constraint in problem.constraints:
        row: dict[int, float] = {}
        for name, coefficient in constraint.terms:
            row[index[name]] = row.get(index[name], 0.0) + coefficient
        columns += list(row)
        values += list(row.values())
        starts.append(len(columns))
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = np.array(starts, dtype=np.int32)
    lp.a_matrix_.index_ = np.array(columns, dtype=np.int32)
    lp.a_matrix_.value_ = np.array(values, dtype=float)
    if any(v.integer for v in problem.variables):
        lp.integrality_ = [highspy.HighsVarType.kInteger if v.integer else highspy.HighsVarType.kContinuous for v in problem.variables]
    return lp


def _answer(problem: Linear, solver: Any, highspy: Any) -> Solved:
    status = solver.getModelStatus()
    info = solver.getInfo()
    states = highspy.HighsModelStatus
    is_mip = any(v.integer for v in problem.variables)
    nodes = int(max(0, info.mip_node_count)) if is_mip else 0
    if status in (states.kInfeasible, states.kUnboundedOrInfeasible):
        return Solved("infeasible", math.inf, math.inf, {}, nodes)
    if status == states.kUnbounded:
        return Solved("unbounded", -math.inf, -math.inf, {}, nodes)
    found = info.primal_solution_status == highspy.kSolutionStatusFeasible
    if status != states.kOptimal and status not in (states.kSolutionLimit, states.kIterationLimit, states.kTimeLimit, states.kInterrupt):
        raise Unfinished(f"HiGHS stopped with '{solver.modelStatusToString(status)}'.")
    bound = float(info.mip_dual_bound) if is_mip else float(info.objective_function_value)
    if not found:
        return Solved("stopped", math.inf, bound, {}, nodes)
    solution = solver.getSolution().col_value
    values = {v.name: (float(round(x)) if v.integer else float(x)) for v, x in zip(problem.variables, solution, strict=True)}
    return Solved("optimal" if status == states.kOptimal else "stopped", float(info.objective_function_value), bound, values, nodes)
