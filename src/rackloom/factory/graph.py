"""Tasks and what must come before what: read, checked, and closed under 'before'."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property, reduce

from ..errors import Fault, nearest

GRID = 1e9  # where times have no short decimal form, they are read to this fraction of their sum


@dataclass(frozen=True)
class Tasks:
    """Tasks with integer times, in the order given. Sets of tasks are bit masks.

    `times` are multiples of `grid` (the unit of the durations given); `before[j]` holds all tasks before j, `after[j]`
    all after it; `arcs` are the direct ones only; `order` is topological.
    """

    names: tuple[str, ...]
    times: tuple[int, ...]
    grid: float
    before: tuple[int, ...]
    after: tuple[int, ...]
    arcs: tuple[tuple[int, int], ...]
    order: tuple[int, ...]

    @cached_property
    def turned(self) -> Tasks:
        """The same tasks done backwards: what holds for one holds for the other."""
        return Tasks(self.names, self.times, self.grid, self.after, self.before, tuple((j, i) for i, j in self.arcs), self.order[::-1])

    def total(self, members: int) -> int:
        """Sum of the times of a set."""
        return sum(self.times[i] for i in bits(members))

    @cached_property
    def following(self) -> tuple[int, ...]:
        """For each task the time of all after it."""
        return tuple(self.total(members) for members in self.after)

    @cached_property
    def stretches(self) -> tuple[tuple[tuple[int, int], ...], ...]:
        """For each task j and each task i before it: i, and the time of both and of all that must come between."""
        return tuple(tuple((i, self.times[i] + self.times[j] + self.total(self.before[j] & self.after[i])) for i in bits(self.before[j])) for j in range(len(self.times)))


def bits(members: int) -> Iterable[int]:
    """The tasks in a set, ascending."""
    while members:
        low = members & -members
        yield low.bit_length() - 1
        members ^= low


def read_tasks(durations: Mapping[str, float] | Sequence[float], precedence: Iterable[tuple[object, object]], faults: list[Fault], *, also: float | None = None) -> Tasks | None:
    """Durations and pairs as Tasks; `also` is one more time to bring on the same grid. Faults are appended; None when there are any.

    A sequence names its tasks "1", "2", ... as the literature does.
    """
    named = {str(name): time for name, time in durations.items()} if isinstance(durations, Mapping) else {str(i): time for i, time in enumerate(durations, start=1)}
    before = len(faults)
    if not named:
        faults.append(Fault("a line without tasks", mend="Give at least one task with its duration."))
    for name, time in named.items():
        if isinstance(time, bool) or not isinstance(time, (int, float)) or not math.isfinite(time) or time < 0.0:
            faults.append(Fault(f"task '{name}': duration {time} is not a time of 0 or more"))
    index = {name: i for i, name in enumerate(named)}
    pairs = []
    for first, second in precedence:
        unknown = [str(name) for name in (first, second) if str(name) not in index]
        faults += [Fault(f"precedence {first} -> {second}: no task '{name}'", nearest=nearest(name, index)) for name in unknown]
        if not unknown:
            pairs.append((index[str(first)], index[str(second)]))
    names = tuple(named)
    order = _topological(len(names), pairs)
    if order is None:
        loop = _cycle(len(names), pairs)
        faults.append(Fault("a cycle in precedence: " + " -> ".join(names[i] for i in (*loop, loop[0])), mend="Remove one of these pairs."))
    if len(faults) > before or order is None:
        return None
    times, grid = _integers([float(time) for time in named.values()], also)
    return _closed(names, times, grid, pairs, order)


def _topological(count: int, pairs: list[tuple[int, int]]) -> tuple[int, ...] | None:
    """Each task after those before it, else in the order given; None where they go in a circle."""
    waiting = [0] * count
    following: list[list[int]] = [[] for _ in range(count)]
    for i, j in dict.fromkeys(pairs):
        waiting[j] += 1
        following[i].append(j)
    ready = [i for i in range(count) if not waiting[i]]
    order = []
    while ready:
        i = min(ready)
        ready.remove(i)
        order.append(i)
        for j in following[i]:
            waiting[j] -= 1
            if not waiting[j]:
                ready.append(j)
    return tuple(order) if len(order) == count else None


def _cycle(count: int, pairs: list[tuple[int, int]]) -> list[int]:
    """One circle of tasks, in order. There must be one."""
    remaining = set(range(count))
    while True:  # strip what no task comes before, until only circles and what follows them are left
        free = {i for i in remaining if not any(j == i and k in remaining for k, j in pairs)}
        if not free:
            break
        remaining -= free
    path = [min(remaining)]
    while True:  # walk backwards: everything left has a task before it that is left
        here = path[-1]
        earlier = min(k for k, j in pairs if j == here and k in remaining)
        if earlier in path:
            loop = path[path.index(earlier) :][::-1]
            first = loop.index(min(loop))  # told from the task that was given first
            return loop[first:] + loop[:first]
        path.append(earlier)


def _integers(values: list[float], also: float | None) -> tuple[list[int], float]:
    """Times as whole multiples of a grid: exact where they have a short decimal form, else rounded to sum / 1e9."""
    shown = [Decimal(repr(value)) for value in (*values, *([also] if also is not None else []))]
    places = max(0, *(-int(number.normalize().as_tuple().exponent) for number in shown))
    if places <= 9 and sum(shown) * 10**places < 10**13:
        whole = [int(number * 10**places) for number in shown]
        step = reduce(math.gcd, whole, 0) or 1
        return [number // step for number in whole[: len(values)]], float(Decimal(step) / 10**places)
    grid = max(sum(values), also or 0.0) / GRID
    return [round(value / grid) for value in values], grid


def _closed(names: tuple[str, ...], times: list[int], grid: float, pairs: list[tuple[int, int]], order: tuple[int, ...]) -> Tasks:
    count = len(names)
    before, after = [0] * count, [0] * count
    direct = [0] * count
    for i, j in pairs:
        direct[j] |= 1 << i
    for j in order:
        for i in bits(direct[j]):
            before[j] |= before[i] | 1 << i
    for j in range(count):
        for i in bits(before[j]):
            after[i] |= 1 << j
    arcs = tuple((i, j) for j in range(count) for i in bits(direct[j]) if not before[j] & after[i])  # nothing between them
    return Tasks(names, tuple(times), grid, tuple(before), tuple(after), arcs, order)
