"""Timings that say how far they can be trusted: wall and processor time, and the load of the machine."""

from __future__ import annotations

import os
import resource
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

ONE_THREAD = (0.85, 1.1)  # processor time over wall time of a sample that ran on one thread, undisturbed


@dataclass(frozen=True)
class Sample:
    """One timing: seconds of wall and of processor time a repetition, and the load average over a minute when it began."""

    wall_s: float
    cpu_s: float
    load: float

    @property
    def threads(self) -> float:
        """Processor time over wall time: 1 for one busy thread, less where it waited, more where others worked too."""
        return self.cpu_s / self.wall_s if self.wall_s > 0.0 else 0.0

    @property
    def accepted(self) -> bool:
        """False where the work did not have one thread to itself: the machine was busy, or the work waited or spread."""
        return ONE_THREAD[0] <= self.threads <= ONE_THREAD[1]


@dataclass(frozen=True)
class Timing:
    """The samples of one piece of work. `seconds` is the median of the accepted ones, None where there is none."""

    samples: tuple[Sample, ...]

    @property
    def accepted(self) -> tuple[Sample, ...]:
        return tuple(sample for sample in self.samples if sample.accepted)

    @property
    def seconds(self) -> float | None:
        return statistics.median(sample.wall_s for sample in self.accepted) if self.accepted else None

    def shared(self, count: int) -> Timing:
        """The timing of one of `count` like pieces that the work consists of."""
        return Timing(tuple(Sample(sample.wall_s / count, sample.cpu_s / count, sample.load) for sample in self.samples))


def _cpu_s(*, of_children: bool) -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN if of_children else resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def sample(work: Callable[[], object], *, repeat: int = 1, of_children: bool = False) -> Sample:
    """Time `repeat` runs of some work. `of_children`: it runs in processes that it waits for."""
    load = os.getloadavg()[0]
    cpu, wall = _cpu_s(of_children=of_children), time.perf_counter()
    for _ in range(repeat):
        work()
    wall, cpu = time.perf_counter() - wall, _cpu_s(of_children=of_children) - cpu
    return Sample(wall / repeat, cpu / repeat, load)


def timing(work: Callable[[], object], *, wanted: int, repeat: int = 1, of_children: bool = False, tries: int | None = None) -> Timing:
    """Samples until `wanted` of them are accepted, at most `tries` (twice as many as wanted)."""
    taken: list[Sample] = []
    for _ in range(tries or 2 * wanted):
        taken.append(sample(work, repeat=repeat, of_children=of_children))
        if sum(each.accepted for each in taken) >= wanted:
            break
    return Timing(tuple(taken))


def ratio(ours: Timing, other: Timing) -> float | None:
    """Our time over the other's; None where either has no accepted sample."""
    return ours.seconds / other.seconds if ours.seconds and other.seconds else None


def rejected(timings: Iterable[Timing]) -> int:
    """How many samples were not taken for a timing."""
    return sum(len(each.samples) - len(each.accepted) for each in timings)
