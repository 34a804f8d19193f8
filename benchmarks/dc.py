"""Direct-current power flow against known closed forms: `python benchmarks/dc.py --instances DIR [--known CSV] [--json]`.

DIR holds CSV files (or --known names one) with the columns source_V, load_W, loop_ohm, current_A, load_V, loss_W: a
constant-power load behind a resistance. Each row is solved as a network, as a busbar and in closed form. Rows of alternating-
current cases (a column `case`) are counted as not applicable, by name: the solver is for direct current. Set PANDAPOWER to
the Python of an environment with pandapower 3.x to solve the same rows with it, as lines without reactance. Exit status 1
where a row differs by more than 1e-6, 2 where nothing was found.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])  # started as a script: the repository in place of this folder

import numpy as np

from benchmarks.peers import ask_pandapower
from rackloom.physics import DcLoad, DcNetwork, DcSource, Segment, solve_busbar, solve_dc, two_bus

WANTED = ("source_V", "load_W", "loop_ohm", "current_A", "load_V", "loss_W")
TOLERANCE = 1e-6  # relative; absolute below 1, as the known values are printed to six decimals
DROOP = 0.25  # share of the loop that is the source's droop, the rest a cable: the sum is what the closed form sees


def read(folder: Path | None, known: Path | None) -> tuple[np.ndarray, list[str]]:
    """Rows of the closed form, (rows, 6), and the names of cases that do not apply."""
    paths = sorted({path.resolve() for path in [*(folder.glob("*.csv") if folder else []), *([known] if known else [])]})
    rows: list[list[float]] = []
    others: list[str] = []
    for path in paths:
        with path.open(encoding="utf-8", newline="") as file:
            for number, row in enumerate(csv.DictReader(file), 2):
                if all(row.get(name) for name in WANTED):
                    rows.append([float(row[name]) for name in WANTED])
                else:
                    others.append(row.get("case") or f"{path.name}:{number}")
    return np.array(rows).reshape(-1, len(WANTED)), others


def solve(volts: np.ndarray, watts: np.ndarray, ohms: np.ndarray) -> dict[str, np.ndarray]:
    """Current, voltage and loss of each row by each way, (rows, 3)."""
    cable, droop = (1.0 - DROOP) * ohms, DROOP * ohms
    net = solve_dc(DcNetwork((Segment("cable", "source", "load", cable),), (DcLoad("load", "load", watts),), (DcSource("source", "source", volts, droop),)))
    load = np.stack([np.zeros_like(watts), watts], axis=-1)
    bar = solve_busbar(cable[:, None], load, np.array([0]), set_point_v=volts[:, None], droop_ohm=droop[:, None])
    amperes, there = (np.asarray(value) for value in two_bus(volts, watts, ohms))
    ways = {"network": (net.source_current_a[:, 0], net.voltage_at("load")), "busbar": (bar.shelf_current_a[:, 0], bar.voltage_v[:, 1]), "closed form": (amperes, there)}
    return {name: np.stack([current, voltage, current**2 * ohms], axis=-1) for name, (current, voltage) in ways.items()}


def as_bars(volts: np.ndarray, watts: np.ndarray, ohms: np.ndarray) -> list[dict[str, Any]]:
    """The rows as ladders of two nodes."""
    return [
        {"segment_ohm": [(1.0 - DROOP) * ohm], "load_w": [0.0, watt], "shelf_node": [0], "set_point_v": [volt], "droop_ohm": [DROOP * ohm]}
        for volt, watt, ohm in zip(volts.tolist(), watts.tolist(), ohms.tolist(), strict=True)
    ]


def main(arguments: list[str]) -> int:
    """Run; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instances", type=Path, help="folder of CSV files")
    parser.add_argument("--known", type=Path, help="one CSV file of known values")
    parser.add_argument("--json", action="store_true", help="print nothing but the line of JSON")
    chosen = parser.parse_args(arguments)
    rows, others = read(chosen.instances, chosen.known)
    if not len(rows):
        print(
            f"no rows with the columns {', '.join(WANTED)}; not applicable: {', '.join(others) or 'nothing'}. Name a folder or file with --instances or --known.", file=sys.stderr
        )
        return 2
    volts, watts, ohms = rows[:, 0], rows[:, 1], rows[:, 2]
    solve(volts[:1], watts[:1], ohms[:1])  # first use loads libraries
    began = time.perf_counter()
    answers = solve(volts, watts, ohms)
    seconds = time.perf_counter() - began
    known = rows[:, 3:]
    errors = np.stack([np.abs(answer - known) / np.maximum(np.abs(known), 1.0) for answer in answers.values()])
    errors = np.where(np.isnan(errors), np.inf, errors).max(axis=(0, 2))
    is_equal = errors <= TOLERANCE
    is_proved = answers["network"][:, 1] > 0.5 * volts  # the stable one of the two roots, which add to the source's voltage
    said: dict[str, Any] = {
        "cases": len(rows), "proved": int(is_proved.sum()), "equal_to_known": int(is_equal.sum()), "worse_than_known": int((~is_equal).sum()),
        "mean_excess_percent": float(100.0 * errors.mean()), "largest_error": float(errors.max()), "not_applicable": others, "seconds": seconds,
    }  # fmt: skip
    if python := os.environ.get("PANDAPOWER"):
        peer = ask_pandapower(python, as_bars(volts, watts, ohms))
        theirs = np.array([found[-1] for found in peer["node_v"]])
        said |= {"peer": f"pandapower {peer['version']}", "peer_seconds": sum(peer["seconds"]), "ratio": seconds / sum(peer["seconds"])}
        said["peer_largest_difference"] = float(np.abs(theirs / answers["network"][:, 1] - 1.0).max())
    if not chosen.json:
        for row, error in zip(rows, errors, strict=True):
            print(f"{row[0]:g} V, {row[1]:g} W, {row[2]:g} ohm: within {error:.1e} of the known values")
        for name in others:
            print(f"{name}: not applicable, alternating current")
    print(json.dumps(said))
    return 0 if is_equal.all() and is_proved.all() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
