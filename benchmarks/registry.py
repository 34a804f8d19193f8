"""What a case is, and all of them: every module of benchmarks/cases names one."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks import cases
from benchmarks.clock import Timing, ratio


@dataclass(frozen=True)
class Outcome:
    """What a case found. The first timing is the program's; `compared` names the two whose ratio is told (ours over the other's)."""

    timings: dict[str, Timing]
    compared: tuple[str, str] | None = None
    facts: dict[str, float | int | str] = field(default_factory=dict)  # what was asserted or counted beside the clock

    @property
    def seconds(self) -> float | None:
        """Median seconds of the program's own work; None without an accepted sample."""
        return next(iter(self.timings.values())).seconds if self.timings else None

    @property
    def ratio(self) -> float | None:
        """Our time over the reference's; None without a reference."""
        return ratio(self.timings[self.compared[0]], self.timings[self.compared[1]]) if self.compared else None


@dataclass(frozen=True)
class Case:
    """A named benchmark. `run(smoke)` raises AssertionError when an answer is wrong; with smoke it runs once and tiny."""

    name: str
    title: str
    run: Callable[[bool], Outcome]


def all_cases() -> dict[str, Case]:
    """Every case by name, in order of names."""
    found = [importlib.import_module(f"benchmarks.cases.{module.name}").CASE for module in pkgutil.iter_modules(cases.__path__)]
    return {case.name: case for case in sorted(found, key=lambda case: case.name)}
