"""Strict reading, with places and bounds, against PyYAML's safe_load of the same file."""

from __future__ import annotations

from pathlib import Path

import yaml

from benchmarks.clock import ratio, timing
from benchmarks.registry import Case, Outcome
from rackloom.catalog.store import data_folder
from rackloom.reading import read_yaml

SMALL = Path(__file__).resolve().parents[2] / "examples" / "frontier" / "program.yaml"


def run(smoke: bool) -> Outcome:
    path = SMALL if smoke else max(sorted(data_folder().glob("*.yaml")), key=lambda each: each.stat().st_size)
    text = path.read_text(encoding="utf-8")
    assert list(read_yaml(path).value) == [str(key) for key in yaml.safe_load(text)]
    wanted = 1 if smoke else 5
    timings = {
        "strict": timing(lambda: read_yaml(path), wanted=wanted),
        "safe_load": timing(lambda: yaml.safe_load(path.read_text(encoding="utf-8")), wanted=wanted),
    }
    facts: dict[str, float | int | str] = {"file": path.name, "bytes": len(text.encode())}
    if hasattr(yaml, "CSafeLoader"):  # ours parses in C too: this is what places and bounds cost
        timings["safe_load in C"] = timing(lambda: yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader), wanted=wanted)
        facts["strict over safe_load in C"] = ratio(timings["strict"], timings["safe_load in C"]) or "no accepted sample"
    return Outcome(timings, ("strict", "safe_load"), facts)


CASE = Case("yaml", "strict reading of the catalogue's largest file; ratio: over PyYAML's safe_load, which parses in Python", run)
