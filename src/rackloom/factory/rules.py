"""Good balances without a solver: station after station by priority rules, forwards and backwards."""

from __future__ import annotations

from collections.abc import Callable

from .bounds import least_cycle
from .graph import Tasks

Stations = list[list[int]]  # tasks by station

# Largest first. Ranked positional weight: Helgeson and Birnie 1961; largest candidate: see Groover's textbook; the others mix both.
_RULES: tuple[Callable[[Tasks, int], tuple[int, ...]], ...] = (
    lambda t, i: (t.times[i] + t.following[i], t.times[i]),
    lambda t, i: (t.times[i], t.following[i]),
    lambda t, i: (t.after[i].bit_count(), t.times[i]),
    lambda t, i: (3 * t.times[i] + t.following[i], t.times[i]),
    lambda t, i: (t.times[i] * (1 + t.after[i].bit_count()), t.times[i]),
)


def by_rules(tasks: Tasks, cycle: int) -> Stations:
    """The balance with fewest stations that the rules find; every task must fit in the cycle time."""
    best: Stations = []
    for turned in (False, True):
        view = tasks.turned if turned else tasks
        for rule in _RULES:
            ranks = sorted(range(len(view.times)), key=lambda i: (*(-part for part in rule(view, i)), i))
            found = _fill(view, ranks, cycle)
            if not best or len(found) < len(best):
                best = found[::-1] if turned else found
    return best


def _fill(tasks: Tasks, ranks: list[int], cycle: int) -> Stations:
    done, left = 0, list(ranks)
    stations: Stations = []
    while left:
        room, here = cycle, []
        while (pick := next((i for i in left if tasks.times[i] <= room and not tasks.before[i] & ~done), None)) is not None:
            here.append(pick)
            left.remove(pick)
            done |= 1 << pick
            room -= tasks.times[pick]
        stations.append(here)
    return stations


def longest(tasks: Tasks, stations: Stations) -> int:
    """Time of the station with most work [grid]."""
    return max(sum(tasks.times[i] for i in station) for station in stations)


def by_rules_within(tasks: Tasks, stations: int, low: int | None = None) -> Stations:
    """The balance over at most so many stations with the least cycle time that halving the interval finds."""
    low = least_cycle(tasks, stations) if low is None else low
    best: Stations = [list(tasks.order)]
    high = sum(tasks.times)
    while low < high:
        middle = (low + high) // 2
        found = by_rules(tasks, middle)
        if len(found) <= stations:
            best, high = found, longest(tasks, found)
        else:
            low = middle + 1
    return best
