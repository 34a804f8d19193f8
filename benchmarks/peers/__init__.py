"""Programs of others that benchmarks run beside ours, where they are at hand."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any


def ask_pandapower(python: str, bars: list[dict[str, Any]]) -> dict[str, Any]:
    """pandapower's answer for some bars, by the Python named. Raises RuntimeError with its last words where it fails."""
    script = Path(__file__).resolve().parent / "pandapower_bars.py"
    done = subprocess.run([python, str(script)], input=json.dumps({"bars": bars}), capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"pandapower by {python} ended with {done.returncode}: {done.stderr.strip()[-300:]}")
    return json.loads(done.stdout.splitlines()[-1])
