"""Assignment of tasks to ordered stations by CP-SAT: the only file that imports it.

Durations are whole numbers here; whoever calls scales and says how. One worker, a fixed seed and a limit in CP-SAT's
deterministic time: the same problem gives the same answer on every run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..errors import BadInput, Fault, Unfinished

_SEED = 20_261_122


@dataclass(frozen=True)
class Stations:
    """Tasks 0..n-1 for stations 0..m-1; `before` holds pairs (i, j): i stands no later than j.

    With `cycle` given: the fewest stations of at most that load, `stations` being more than enough (SALBP-1). Without: the
    least load of the fullest of `stations` stations (SALBP-2). `low` and `high` bound the objective; `start` is a known
    assignment with objective `high`.
    """

    durations: tuple[int, ...]
    before: tuple[tuple[int, int], ...]
    stations: int
    low: int
    high: int
    cycle: int | None = None
    start: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        n = len(self.durations)
        faults = [Fault(f"task {i} has the negative duration {t}") for i, t in enumerate(self.durations) if t < 0]
        faults += [Fault(f"precedence ({i}, {j}) names no task") for i, j in self.before if not (0 <= i < n and 0 <= j < n)]
        if self.stations < 1 or self.low > self.high:
            faults.append(Fault(f"no room: {self.stations} stations, objective from {self.low} to {self.high}"))
        if faults:
            raise BadInput(faults)


@dataclass(frozen=True)
class Assigned:
    """Station of each task; `bound` is proven and equals `objective` when the status is 'optimal'."""

    status: str  # optimal, infeasible, stopped
    objective: int
    bound: int
    station_of: tuple[int, ...]


def solve_stations(problem: Stations, *, limit: float = 60.0, workers: int = 1) -> Assigned:
    """Solve an assignment to stations exactly, or stop with what was found and the bound reached.

    Parameters
    ----------
    problem : Stations
    limit : float
        deterministic time of CP-SAT [its own unit, near a second on an old core]; never a clock
    workers : int
        search threads; the answer is reproducible with 1 only
    """
    from ortools.sat.python import cp_model

    model, place = _model(problem, cp_model)
    solver = cp_model.CpSolver()
    solver.parameters.max_deterministic_time = limit
    solver.parameters.num_workers = workers
    solver.parameters.random_seed = _SEED
    status = solver.solve(model)
    if status == cp_model.INFEASIBLE:
        return Assigned("infeasible", problem.high, problem.low, ())
    if status == cp_model.MODEL_INVALID:
        raise Unfinished(f"CP-SAT refused the model: {model.validate()}")
    bound = max(problem.low, round(solver.best_objective_bound)) if status != cp_model.UNKNOWN else problem.low
    if status == cp_model.UNKNOWN:
        return Assigned("stopped", problem.high, bound, problem.start)
    chosen = tuple(next(k for k, x in row.items() if solver.boolean_value(x)) for row in place)
    return Assigned("optimal" if status == cp_model.OPTIMAL else "stopped", round(solver.objective_value), bound, chosen)


def _model(problem: Stations, cp_model: Any) -> tuple[Any, list[dict[int, Any]]]:
    model = cp_model.CpModel()
    last = (problem.high if problem.cycle is not None else problem.stations) - 1
    place: list[dict[int, Any]] = [{k: model.new_bool_var(f"x_{i}_{k}") for k in range(last + 1)} for i in range(len(problem.durations))]
    for row in place:
        model.add_exactly_one(row.values())
    where = [sum(k * x for k, x in row.items()) for row in place]
    for i, j in problem.before:
        model.add(where[i] <= where[j])
    objective = model.new_int_var(problem.low, problem.high, "objective")
    for k in range(last + 1):
        load = sum(t * row[k] for t, row in zip(problem.durations, place, strict=True))
        model.add(load <= (problem.cycle if problem.cycle is not None else objective))
    if problem.cycle is not None:
        for expression in where:
            model.add(expression + 1 <= objective)
    for row, k in zip(place, problem.start, strict=False):
        for station, x in row.items():
            model.add_hint(x, station == k)
    model.minimize(objective)
    return model, place
