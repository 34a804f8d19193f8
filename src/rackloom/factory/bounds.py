"""Lower bounds of the balancing problems, each with its proof in a line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .graph import Tasks, bits


def stations_for(times: Iterable[int], cycle: int) -> int:
    """Fewest stations that any set of tasks needs, precedence left aside [stations].

    The largest of three counts (Scholl and Becker, European Journal of Operational Research 168, 2006, LM1 to LM3): the sum
    of times over the cycle; tasks longer than half a cycle, of which no two share a station; the same by thirds.
    """
    whole = halves = sixths = 0
    for time in times:
        whole += time
        halves += 2 if 2 * time > cycle else 1 if 2 * time == cycle else 0
        if 3 * time > 2 * cycle:
            sixths += 6
        elif 3 * time == 2 * cycle:
            sixths += 4
        elif 3 * time > cycle:
            sixths += 3
        elif 3 * time == cycle:
            sixths += 2
    return max(-(-whole // cycle), -(-halves // 2), -(-sixths // 6))


@dataclass(frozen=True)
class Windows:
    """For each task the first station it can stand in (from 0), and how many stations its tasks and those after it take."""

    heads: tuple[int, ...]
    tails: tuple[int, ...]

    @property
    def stations(self) -> int:
        """Fewest stations that any one task asks for, with what comes before and after it."""
        return max(head + tail for head, tail in zip(self.heads, self.tails, strict=True))

    def span(self, task: int, stations: int) -> range:
        """The stations that a task can stand in when there are so many."""
        return range(self.heads[task], stations - self.tails[task] + 1)


def windows(tasks: Tasks, cycle: int) -> Windows:
    """Earliest and latest stations at a cycle time; every task must fit in it."""
    return Windows(_heads(tasks, cycle), tuple(head + 1 for head in _heads(tasks.turned, cycle)))


def _heads(tasks: Tasks, cycle: int) -> tuple[int, ...]:
    heads = [0] * len(tasks.times)
    for j in tasks.order:
        need = max(0, stations_for((tasks.times[i] for i in (j, *bits(tasks.before[j]))), cycle) - 1)  # work that takes no time stands in the first
        for i, together in tasks.stretches[j]:  # where they and all between them do not fit in one station, they stand in two
            need = max(need, heads[i] + (together > cycle))
        heads[j] = need
    return tuple(heads)


def fewest_stations(tasks: Tasks, cycle: int) -> int:
    """Proven lower bound of the stations at a cycle time [stations]."""
    return max(1, stations_for(tasks.times, cycle), windows(tasks, cycle).stations)


def least_cycle(tasks: Tasks, stations: int) -> int:
    """Proven lower bound of the cycle time with so many stations [grid].

    First the work over the stations, the longest task, and k + 1 tasks of the k x stations + 1 longest that must meet in one
    station; then every cycle time is refuted at which more stations would be needed.
    """
    long_first = sorted(tasks.times, reverse=True)
    low = max(-(-sum(long_first) // stations), long_first[0], _meeting(long_first, stations))
    high = max(low, sum(long_first))
    while low < high:  # feasible at a cycle time, then at every longer one: each refutation lifts the bound
        middle = (low + high) // 2
        if fewest_stations(tasks, middle) > stations:
            low = middle + 1
        else:
            high = middle
    return low


def _meeting(long_first: Sequence[int], stations: int) -> int:
    best = 0
    for k in range(1, (len(long_first) - 1) // stations + 1):
        last = k * stations  # index of the (k m + 1)-th longest
        best = max(best, sum(long_first[last - k : last + 1]))
    return best
