"""The whole process: the frontier example from the command line to its JSON, with an empty store; and how quickly help appears."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.clock import timing
from benchmarks.registry import Case, Outcome

PROGRAM = Path(__file__).resolve().parents[2] / "examples" / "frontier" / "program.yaml"
RACKLOOM = [sys.executable, "-c", "from rackloom.cli import main; main()"]
STARTS = ("NOT YET", "YES")


def plan() -> str:
    """Run the plan in a folder of its own; its answer line. Raises AssertionError for an answer of another kind."""
    with tempfile.TemporaryDirectory() as folder:
        command = [*RACKLOOM, "plan", str(PROGRAM), "--json", "--store", str(Path(folder) / "store")]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr[-500:]
    line = str(json.loads(done.stdout)["answer"]["line"])
    assert line.startswith(STARTS), line
    return line


def _quiet(command: list[str]) -> None:
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)


def run(smoke: bool) -> Outcome:
    line = plan()  # fills the compiled caches; its time does not count
    wanted = 1 if smoke else 3
    timings = {
        "plan": timing(plan, wanted=wanted, of_children=True),
        "help": timing(lambda: _quiet([*RACKLOOM, "--help"]), wanted=wanted, of_children=True, repeat=1 if smoke else 5),
        "python": timing(lambda: _quiet([sys.executable, "-c", "pass"]), wanted=wanted, of_children=True, repeat=1 if smoke else 20),
    }
    return Outcome(timings, ("help", "python"), {"answer": line.split(":")[0].split(",")[0][:40]})


CASE = Case("plan", "`rackloom plan examples/frontier/program.yaml --json`, empty store; ratio: `rackloom --help` over `python -c pass`", run)
