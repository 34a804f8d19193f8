"""Balancing a line: which tasks stand at which station (SALBP-1 and SALBP-2), exactly, with a proven bound."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..errors import BadInput, Fault, nearest
from ..solve.cpsat import Stations, solve_stations

_FINE = 10_000_000  # steps of the longest task where durations are no round decimals
_DIGITS = 6
_EPS = 1e-9  # relative: rounding of sums of floats


@dataclass(frozen=True)
class Balance:
    """Tasks by station, in station order, and how good that is.

    `minimised` is what was minimised: 'stations' for a given cycle time, 'cycle_time' for given stations; `bound` is a
    proven lower bound of it. `proved` is True when no assignment is better (for durations that are no round decimals: by
    more than `tolerance`). `scale` is the number of whole steps in one unit of the durations. `efficiency` is work over
    stations x cycle time; `smoothness` is the root of the summed squared idle times (in the unit of the durations).
    """

    assignment: tuple[tuple[str, ...], ...]
    loads: tuple[float, ...]
    cycle_time: float
    stations: int
    minimised: str
    bound: float
    proved: bool
    status: str  # optimal, stopped
    efficiency: float
    smoothness: float
    scale: float
    tolerance: float


def balance_line(
    durations: Mapping[str, float],
    precedence: Iterable[tuple[str, str]],
    *,
    cycle_time: float | None = None,
    stations: int | None = None,
    limit: float = 60.0,
    workers: int = 1,
) -> Balance:
    """Assign tasks to stations: the fewest stations for a cycle time, or the least cycle time for a number of stations.

    Parameters
    ----------
    durations : mapping of task to float
        any one unit of time, 0 and up
    precedence : pairs (before, after) of tasks
        `before` stands at the same station as `after` or at an earlier one
    cycle_time : float, optional
        in the unit of the durations; asks for the fewest stations (SALBP-1)
    stations : int, optional
        asks for the least cycle time (SALBP-2)
    limit : float
        deterministic time of the solver, never a clock; past it the answer is the best found, with its bound
    workers : int
        search threads; reproducible with 1

    Raises BadInput with all faults: a cycle in the precedence, unknown tasks, negative durations, a task longer than the
    cycle, both or neither of `cycle_time` and `stations`.

    The problem is Baybars' simple assembly line balancing problem (Management Science 32(8), 1986, pp. 909-932,
    doi:10.1287/mnsc.32.8.909); the start is the ranked positional weight rule of Helgeson and Birnie (1961), and the
    solver is left out where that start meets the bound.

    >>> balance_line({"a": 3, "b": 2, "c": 4}, [("a", "b")], stations=2).cycle_time
    5.0
    """
    pairs = list(dict.fromkeys((str(a), str(b)) for a, b in precedence))
    _check(durations, pairs, cycle_time, stations)
    names = _ordered(list(durations), pairs)
    times = [float(durations[name]) for name in names]
    index = {name: i for i, name in enumerate(names)}
    before = [(index[a], index[b]) for a, b in pairs]
    if cycle_time is not None:
        return _fewest_stations(names, times, before, float(cycle_time), limit, workers)
    return _least_cycle(names, times, before, int(stations or 0), limit, workers)


def _check(durations: Mapping[str, float], pairs: list[tuple[str, str]], cycle_time: float | None, stations: int | None) -> None:
    faults: list[Fault] = []
    if (cycle_time is None) == (stations is None):
        faults.append(Fault("a line is balanced for a cycle time or for a number of stations", mend="Give exactly one of cycle_time and stations."))
    if not durations:
        faults.append(Fault("a line without tasks", mend="Give each task with its duration."))
    for name, time in durations.items():
        if not math.isfinite(time) or time < 0.0:
            faults.append(Fault(f"task '{name}' takes {time:g}", mend="A duration is a number, 0 or more."))
        elif cycle_time is not None and cycle_time > 0.0 and time > cycle_time * (1.0 + _EPS):
            faults.append(Fault(f"task '{name}' takes {time:g}, longer than the cycle of {cycle_time:g}", mend="Lengthen the cycle or split the task."))
    if cycle_time is not None and not (math.isfinite(cycle_time) and cycle_time > 0.0):
        faults.append(Fault(f"a cycle time of {cycle_time:g}", mend="A cycle time is above 0."))
    if stations is not None and stations < 1:
        faults.append(Fault(f"{stations} stations", mend="A line has 1 station or more."))
    known = list(durations)
    unknown = dict.fromkeys(name for pair in pairs for name in pair if name not in durations)
    faults += [Fault(f"precedence names '{name}', which is no task", nearest=nearest(name, known), mend=f"Tasks: {', '.join(known)}.") for name in unknown]
    path = find_cycle(pairs)
    if path:
        faults.append(Fault(f"tasks wait for each other: {' -> '.join(path)}", mend="Remove one of these precedences."))
    if faults:
        raise BadInput(faults)


def find_cycle(pairs: Iterable[tuple[str, str]]) -> list[str]:
    """A closed path in a precedence ('a', 'b', 'a'), or [] where there is none."""
    after: dict[str, list[str]] = {}
    for a, b in pairs:
        after.setdefault(a, []).append(b)
    done: set[str] = set()
    for root in after:
        path: list[str] = []
        stack = [(root, iter(after.get(root, ())))] if root not in done else []
        path += [root] if stack else []
        while stack:
            name, rest = stack[-1]
            step = next((child for child in rest if child not in done), None)
            if step is None:
                done.add(name)
                stack.pop()
                path.pop()
            elif step in path:
                return [*path[path.index(step) :], step]
            else:
                path.append(step)
                stack.append((step, iter(after.get(step, ()))))
    return []


def _ordered(names: list[str], pairs: list[tuple[str, str]]) -> list[str]:
    """Names so that each stands after those before it; otherwise as given."""
    waits = {name: {a for a, b in pairs if b == name} for name in names}
    out: list[str] = []
    while len(out) < len(names):
        ready = next(name for name in names if name not in out and waits[name] <= set(out))
        out.append(ready)
    return out


def _scaled(times: list[float], cycle: float | None) -> tuple[float, bool]:
    """Steps in a unit of time, and whether every time is a whole number of them."""
    every = [*times, *([cycle] if cycle is not None else [])]
    for digits in range(_DIGITS + 1):
        scale = 10.0**digits
        if all(abs(t * scale - round(t * scale)) <= _EPS * max(1.0, t * scale) for t in every):
            return scale, True
    return _FINE / max(every), False


def _down(value: float, scale: float, exact: bool) -> int:
    return round(value * scale) if exact else math.floor(value * scale)


def _up(value: float, scale: float, exact: bool) -> int:
    return round(value * scale) if exact else math.ceil(value * scale)


def _ranked(times: list[int], before: list[tuple[int, int]], cycle: int) -> list[int]:
    """Station of each task by ranked positional weight: the ready task with the most work behind it that still fits."""
    n = len(times)
    behind = [{i} for i in range(n)]
    for i in range(n - 1, -1, -1):  # tasks come in an order that the precedence allows
        for a, b in before:
            if a == i:
                behind[i] |= behind[b]
    weight = [sum(times[j] for j in behind[i]) for i in range(n)]
    waits = [{a for a, b in before if b == i} for i in range(n)]
    station_of = [-1] * n
    placed: set[int] = set()
    station, room = 0, cycle
    while len(placed) < n:
        ready = [i for i in range(n) if i not in placed and waits[i] <= placed and times[i] <= room]
        if not ready:
            station, room = station + 1, cycle
            continue
        i = max(ready, key=lambda i: (weight[i], -i))
        station_of[i], room = station, room - times[i]
        placed.add(i)
    return station_of


def _fewest_stations(names: list[str], times: list[float], before: list[tuple[int, int]], cycle: float, limit: float, workers: int) -> Balance:
    scale, exact = _scaled(times, cycle)
    tight = [_up(t, scale, exact) for t in times]  # rounded against us: what fits here fits in truth
    loose = [_down(t, scale, exact) for t in times]  # rounded for us: what this cannot do nothing can
    room = max(_down(cycle, scale, exact), max(tight))
    low = max(1, math.ceil(sum(times) / cycle * (1.0 - _EPS)))
    start = _ranked(tight, before, room)
    found, bound, status = start, low, "optimal"
    if max(start) + 1 > low:
        problem = Stations(tuple(loose), tuple(before), max(start) + 1, low, max(start) + 1, _up(cycle, scale, exact), tuple(start))
        best = solve_stations(problem, limit=limit, workers=workers)
        bound, status = best.bound, best.status
        if best.station_of and max(_loads(times, best.station_of, best.objective)) <= cycle * (1.0 + _EPS):
            found = list(best.station_of)
    used = max(found) + 1
    proved = used <= bound
    return _balance(names, times, found, used, cycle, "stations", float(bound), proved, status if proved else "stopped", scale, 0.0)


def _least_cycle(names: list[str], times: list[float], before: list[tuple[int, int]], stations: int, limit: float, workers: int) -> Balance:
    scale, exact = _scaled(times, None)
    whole = [_down(t, scale, exact) for t in times]
    low = max(max(whole), -(-sum(whole) // stations))
    start = _start_for_stations(whole, before, stations, low)
    high = max(_loads(whole, start, stations))
    found, bound, status = start, low, "optimal"
    if high > low:
        best = solve_stations(Stations(tuple(whole), tuple(before), stations, int(low), int(high), None, tuple(start)), limit=limit, workers=workers)
        bound, status = best.bound, best.status
        found = list(best.station_of) or start
    tolerance = 0.0 if exact else len(times) / scale
    cycle = max(_loads(times, found, stations))
    proven = max(bound / scale, max(times), sum(times) / stations)
    proved = cycle <= proven + tolerance + _EPS * cycle or status == "optimal"
    return _balance(names, times, found, stations, cycle, "cycle_time", min(proven, cycle), proved, status, scale, tolerance)


def _start_for_stations(times: list[int], before: list[tuple[int, int]], stations: int, low: int) -> list[int]:
    """The rule for the least cycle at which it fits, found by halving; the rule is not monotone, so this is a start only."""
    bad, good = low - 1, sum(times)
    while good - bad > 1:
        middle = (bad + good) // 2
        if max(_ranked(times, before, middle)) < stations:
            good = middle
        else:
            bad = middle
    return _ranked(times, before, good)


def _loads(times: list[float] | list[int], station_of: Iterable[int], stations: int) -> list[float]:
    loads = [0.0] * stations
    for time, station in zip(times, station_of, strict=True):
        loads[station] += time
    return loads


def _balance(
    names: list[str], times: list[float], station_of: list[int], stations: int, cycle: float, minimised: str, bound: float, proved: bool, status: str, scale: float, tolerance: float
) -> Balance:
    loads = tuple(_loads(times, station_of, stations))
    groups = tuple(tuple(name for name, station in zip(names, station_of, strict=True) if station == k) for k in range(stations))
    efficiency = sum(times) / (stations * cycle) if cycle > 0.0 else 1.0
    smoothness = math.sqrt(sum((cycle - load) ** 2 for load in loads))
    return Balance(groups, loads, float(cycle), stations, minimised, float(bound), proved, status, efficiency, smoothness, scale, tolerance)
