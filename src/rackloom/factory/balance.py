"""Simple assembly line balancing, exact: fewest stations at a cycle time, or least cycle time over stations."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..errors import BadInput, Fault
from ..solve import Constraint, Linear, Solved, Variable, solve_integer
from .bounds import fewest_stations, least_cycle, windows
from .graph import Tasks, read_tasks
from .rules import Stations, by_rules, by_rules_within, longest

_CYCLE = "cycle time"
_CUTS = 200_000  # precedence rows of the strong form; beyond them the short form is used


@dataclass(frozen=True)
class Balance:
    """Tasks by station, and how good that is.

    `cycle_time` and `loads` are in the unit of the durations. `bound` is proven: stations where the cycle time was given,
    cycle time where stations were. `efficiency` is work over (stations x cycle time) [-]; `smoothness` is the root of the
    summed squares of what each station has less than the fullest (Helgeson and Birnie's index; unit of the durations).
    """

    assignment: tuple[tuple[str, ...], ...]
    cycle_time: float
    stations: int
    bound: float
    proved: bool
    status: str  # optimal, stopped
    loads: tuple[float, ...]
    efficiency: float
    smoothness: float
    solver: str  # what closed it: rules (their answer meets the bound) or cp-sat


def balance_line(
    durations: Mapping[str, float] | Sequence[float], precedence: Iterable[tuple[object, object]], *, cycle_time: float | None = None, stations: int | None = None,
    limit: float = 60.0, workers: int = 1,
) -> Balance:  # fmt: skip
    """Balance a line of single-model stations in series (SALBP-1 with `cycle_time`, SALBP-2 with `stations`).

    Parameters
    ----------
    durations : mapping of task to time, or sequence of times (tasks are then "1", "2", ...)
        any one unit, 0 or more; exact as written, or to 1e-9 of their sum where they have more than nine decimals
    precedence : pairs (earlier task, later task)
    cycle_time : float
        given: the fewest stations are sought
    stations : int
        given: the least cycle time is sought
    limit : float
        deterministic time of the solver, near a second of one core, but no clock: the same input gives the same answer
    workers : int
        threads of the solver; part of the input in that sense

    Raises BadInput with every fault: a cycle in precedence, an unknown task, a negative duration, a task longer than the
    cycle time, both or none of `cycle_time` and `stations`.
    """
    faults: list[Fault] = []
    _check_question(cycle_time, stations, limit, faults)
    is_time = cycle_time is not None and math.isfinite(cycle_time) and cycle_time > 0.0
    tasks = read_tasks(durations, precedence, faults, also=cycle_time if is_time else None)
    cycle = 0
    if tasks is not None and cycle_time is not None and is_time:
        cycle = math.floor(cycle_time / tasks.grid + 1e-6)  # the grid holds the cycle time itself; this takes its rounding away
        faults += [Fault(f"task '{name}' takes {time * tasks.grid:g}, longer than the cycle time {cycle_time:g}", mend="Lengthen the cycle, split the task, or set stations in parallel.") for name, time in zip(tasks.names, tasks.times, strict=True) if time > cycle]  # fmt: skip
    if faults or tasks is None:
        raise BadInput(faults)
    if stations is None:
        return _fewest(tasks, cycle, float(cycle_time or 0.0), limit, workers)
    return _least(tasks, stations, limit, workers)


def _check_question(cycle_time: float | None, stations: int | None, limit: float, faults: list[Fault]) -> None:
    if (cycle_time is None) == (stations is None):
        faults.append(Fault("give either cycle_time or stations" + (", not both" if stations is not None else ""), mend="cycle_time: fewest stations; stations: least cycle time."))
    if cycle_time is not None and not (math.isfinite(cycle_time) and cycle_time > 0.0):
        faults.append(Fault(f"cycle_time={cycle_time} is not a time above 0"))
    if stations is not None and (isinstance(stations, bool) or not isinstance(stations, int) or stations < 1):
        faults.append(Fault(f"stations={stations} is not a count of 1 or more"))
    if not limit >= 0.0:
        faults.append(Fault(f"limit={limit} is not a time of 0 or more"))


def _fewest(tasks: Tasks, cycle: int, cycle_time: float, limit: float, workers: int) -> Balance:
    """SALBP-1: the rules' answer, unless the solver finds one with fewer stations or proves that there is none."""
    best = by_rules(tasks, cycle)
    bound = fewest_stations(tasks, cycle)
    solver = "rules"
    if len(best) > bound:
        solver = "cp-sat"
        found = solve_integer(_station_model(tasks, len(best) - 1, cycle, bound), limit=limit, workers=workers)
        best, bound = _taken(tasks, found, best, bound, len(best))
    return _balance(tasks, best, cycle_time, len(best), float(bound), bound >= len(best), solver)


def _least(tasks: Tasks, stations: int, limit: float, workers: int) -> Balance:
    """SALBP-2: the same for the cycle time."""
    bound = least_cycle(tasks, stations)
    best = by_rules_within(tasks, stations, bound)
    solver = "rules"
    if longest(tasks, best) > bound:
        solver = "cp-sat"
        found = solve_integer(_cycle_model(tasks, stations, longest(tasks, best) - 1, bound), limit=limit, workers=workers)
        best, bound = _taken(tasks, found, best, bound, longest(tasks, best))
    best = best + [[] for _ in range(stations - len(best))]
    reached = longest(tasks, best)
    return _balance(tasks, best, reached * tasks.grid, stations, bound * tasks.grid, bound >= reached, solver)


def _taken(tasks: Tasks, found: Solved, best: Stations, bound: int, reached: int) -> tuple[Stations, int]:
    """What the solver adds: a better balance, or the proof that nothing is better than what is there (`reached`)."""
    if found.status == "infeasible":
        return best, reached
    lower = max(bound, math.ceil(found.bound - 1e-6)) if math.isfinite(found.bound) else bound
    if not found.values:
        return best, min(lower, reached)
    stations: Stations = []
    for index, task in ((int(name.split()[1]), int(name.split()[0])) for name, value in found.values.items() if value > 0.5 and not name.startswith(_CYCLE)):
        stations += [[] for _ in range(index + 1 - len(stations))]
        stations[index].append(task)
    return [sorted(station, key=tasks.order.index) for station in stations], min(lower, round(found.objective))


def _balance(tasks: Tasks, stations: Stations, cycle_time: float, count: int, bound: float, proved: bool, solver: str) -> Balance:
    loads = tuple(sum(tasks.times[i] for i in station) * tasks.grid for station in stations)
    full = max(loads)
    efficiency = sum(loads) / (count * cycle_time) if cycle_time > 0.0 else 1.0
    smoothness = math.sqrt(sum((full - load) ** 2 for load in loads))
    assignment = tuple(tuple(tasks.names[i] for i in station) for station in stations)
    return Balance(assignment, cycle_time, count, bound, proved, "optimal" if proved else "stopped", loads, efficiency, smoothness, solver)


# --- the integer programs ---------------------------------------------------------------------------------------


def _station_model(tasks: Tasks, stations: int, cycle: int, bound: int) -> Linear:
    """Fewest of at most `stations` stations: an opened station costs one; they open from the first on."""
    variables, rows, spans = _placing(tasks, stations, cycle)
    opened = [Variable(f"{_CYCLE} {k}", low=float(k < bound), high=1.0, cost=1.0, integer=True) for k in range(stations)]
    rows += [Constraint(f"load {k}", (*_load(tasks, spans, k), (f"{_CYCLE} {k}", float(-cycle))), high=0.0) for k in range(stations)]
    rows += [Constraint(f"order {k}", ((f"{_CYCLE} {k}", 1.0), (f"{_CYCLE} {k - 1}", -1.0)), high=0.0) for k in range(1, stations)]
    return Linear((*variables, *opened), tuple(rows))


def _cycle_model(tasks: Tasks, stations: int, high: int, bound: int) -> Linear:
    """Least cycle time from `bound` to `high` over so many stations."""
    variables, rows, spans = _placing(tasks, stations, high)
    rows += [Constraint(f"load {k}", (*_load(tasks, spans, k), (_CYCLE, -1.0)), high=0.0) for k in range(stations)]
    return Linear((*variables, Variable(_CYCLE, low=float(bound), high=float(high), cost=1.0, integer=True)), tuple(rows))


def _placing(tasks: Tasks, stations: int, cycle: int) -> tuple[list[Variable], list[Constraint], list[range]]:
    """A binary 'i k' where task i may stand in station k; each task stands once; no task before one that it follows."""
    window = windows(tasks, cycle)
    spans = [window.span(i, stations) for i in range(len(tasks.times))]
    variables = [Variable(f"{i} {k}", high=1.0, integer=True) for i, span in enumerate(spans) for k in span]
    rows = [Constraint(f"once {i}", tuple((f"{i} {k}", 1.0) for k in span), low=1.0, high=1.0) for i, span in enumerate(spans)]
    is_strong = len(tasks.arcs) * stations**2 <= _CUTS
    for i, j in tasks.arcs:
        if spans[i] and spans[j] and spans[i][-1] <= spans[j][0]:
            continue
        rows += _cuts(i, j, spans, stations) if is_strong else [_by_number(i, j, spans)]
    return variables, rows, spans


def _cuts(i: int, j: int, spans: list[range], stations: int) -> list[Constraint]:
    """For each station k: j stands up to k only if i does. The relaxation is tighter than with station numbers."""
    out = []
    for k in range(stations):
        later = tuple((f"{j} {l}", 1.0) for l in spans[j] if l <= k)
        sooner = tuple((f"{i} {l}", -1.0) for l in spans[i] if l <= k)
        if later and len(sooner) < len(spans[i]):
            out.append(Constraint(f"{i} before {j} at {k}", (*later, *sooner), high=0.0))
    return out


def _by_number(i: int, j: int, spans: list[range]) -> Constraint:
    return Constraint(f"{i} before {j}", (*((f"{i} {k}", float(k)) for k in spans[i]), *((f"{j} {k}", float(-k)) for k in spans[j])), high=0.0)


def _load(tasks: Tasks, spans: list[range], station: int) -> tuple[tuple[str, float], ...]:
    return tuple((f"{i} {station}", float(time)) for i, time in enumerate(tasks.times) if time and station in spans[i])
