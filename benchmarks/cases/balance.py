"""Line balancing: published lines to their known optima, proved."""

from __future__ import annotations

import math

from tests.published.load import published

from benchmarks.clock import timing
from benchmarks.registry import Case, Outcome
from rackloom.factory import balance_line


def solve_all(rows: list[dict]) -> int:
    """Balance every line. Raises AssertionError where the optimum is not the known one or is not proved; how many lines."""
    for row in rows:
        found = balance_line(row["durations"], row["precedence"], cycle_time=row.get("cycle_time"), stations=row.get("stations"))
        reached = found.stations if "cycle_time" in row else found.cycle_time
        assert found.proved, row["id"]
        assert math.isclose(reached, row["expected"], rel_tol=1e-9), f"{row['id']}: {reached}, known optimum {row['expected']}"
    return len(rows)


def run(smoke: bool) -> Outcome:
    rows = published("line_balancing")[: 2 if smoke else None]
    lines = solve_all(rows)
    return Outcome({"balance": timing(lambda: solve_all(rows), wanted=1 if smoke else 5)}, None, {"lines": lines, "optima": lines})


CASE = Case("balance", "line balancing to the known optima of tests/published/line_balancing.yaml, proved", run)
