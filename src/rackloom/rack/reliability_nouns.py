"""The nouns of a rack's reliability: failures by part, interruptions of jobs, spares."""

from __future__ import annotations

from dataclasses import dataclass

from ..draws import Number


@dataclass(frozen=True)
class FailureLine:
    """Failures of one part of the bill."""

    part: str
    title: str
    count: int  # in the rack
    each_per_year: Number
    failures_per_year: Number  # of all of them
    key: str


@dataclass(frozen=True)
class JobLine:
    """Mean time between interruptions of a job, with the exact 80 % interval of the record's count."""

    racks: int
    accelerators: int
    between_hours: float
    low_hours: float
    high_hours: float
    key: str


@dataclass(frozen=True)
class SpareLine:
    """Spares of one part for a fleet. `stock` and `level_share` are None where none is stated."""

    part: str
    demand_count: Number  # while one is on order
    needed_count: Number
    stock_count: int | None
    level_share: Number | None
    key: str


@dataclass(frozen=True)
class Reliability:
    """How often a rack stops. None where the rack file does not say enough ('service:')."""

    lines: tuple[FailureLine, ...]
    missing: tuple[str, ...]  # parts without a published rate
    failures_per_year: Number  # at least
    availability_share: Number | None
    jobs: tuple[JobLine, ...]
    useful_share: Number | None
    spares: tuple[SpareLine, ...]
