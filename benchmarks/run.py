"""Time the program.

Usage: python benchmarks/run.py [--case NAME]... [--json] [--smoke]

A sample counts where processor time over wall time is that of one undisturbed thread; others are rejected, and said.
With --json the last line is one JSON document. Exit status 1 when a case fails or has no accepted sample (--smoke takes any).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))  # started as a script
if sys.path[0] == str(Path(__file__).parent):
    sys.path.pop(0)

from benchmarks.clock import ONE_THREAD, rejected  # noqa: E402
from benchmarks.registry import Outcome, all_cases  # noqa: E402


def as_plain(name: str, outcome: Outcome) -> dict[str, Any]:
    """A case's outcome for JSON."""
    timings = {
        label: {
            "seconds": timing.seconds, "rejected": rejected([timing]),
            "samples": [{"wall_s": s.wall_s, "cpu_s": s.cpu_s, "cpu_over_wall": s.threads, "load_average": s.load, "accepted": s.accepted} for s in timing.samples],
        }
        for label, timing in outcome.timings.items()
    }  # fmt: skip
    return {"name": name, "seconds": outcome.seconds, "ratio": outcome.ratio, "ratio_of": outcome.compared, "timings": timings, "facts": outcome.facts}


def print_outcome(title: str, outcome: Outcome) -> None:
    """A case in a few lines."""
    print(title)
    for label, timing in outcome.timings.items():
        said = "no accepted sample" if timing.seconds is None else f"{timing.seconds:.4g} s, median of {len(timing.accepted)}"
        threads = ", ".join(f"{sample.threads:.2f}" for sample in timing.samples)
        loads = ", ".join(f"{sample.load:.2f}" for sample in timing.samples)
        print(f"  {label:<16}{said}; cpu/wall {threads}; load average {loads}")
        if lost := rejected([timing]):
            print(f"  {'':<16}rejected {lost} of {len(timing.samples)}: cpu/wall is not within {ONE_THREAD[0]} to {ONE_THREAD[1]}, as one undisturbed thread has")
    if outcome.compared and outcome.ratio is not None:
        print(f"  ratio           {outcome.ratio:.3g} ({outcome.compared[0]} over {outcome.compared[1]})")
    for name, value in outcome.facts.items():
        print(f"  {name}: {value:.3g}" if isinstance(value, float) else f"  {name}: {value}")


def main(arguments: list[str]) -> int:
    """Run the cases; the exit status."""
    known = all_cases()
    parser = argparse.ArgumentParser(description="Time the program.")
    parser.add_argument("--case", action="append", choices=list(known), help="only this one; may be given more than once")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    parser.add_argument("--smoke", action="store_true", help="run each case once and tiny")
    chosen = parser.parse_args(arguments)
    print(f"{os.cpu_count()} processors, load average {os.getloadavg()[0]:.2f}")
    out, failures = [], []
    for name in chosen.case or known:
        try:
            outcome = known[name].run(chosen.smoke)
        except AssertionError as error:
            failures.append(f"{name}: {error}")
            print(f"{known[name].title}\n  FAILED: {error}")
            continue
        print_outcome(known[name].title, outcome)
        out.append(as_plain(name, outcome))
        if outcome.seconds is None and not chosen.smoke:
            failures.append(f"{name}: no accepted sample")
    if chosen.json:
        seconds, ratios = ({case["name"]: case[key] for case in out} for key in ("seconds", "ratio"))
        print(json.dumps({"cases": out, "seconds": seconds, "ratio": ratios, "failures": failures, "smoke": chosen.smoke}))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
