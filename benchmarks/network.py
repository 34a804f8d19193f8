"""Networks against known closed forms: `python benchmarks/network.py --instances DIR [--known FILE] [--json]`.

DIR holds `known.yaml` (or --known names such a file) with blocks `fat_tree_closed_form` (values by k: hosts and switches of two and
three levels, half of the hosts across), `dragonfly_closed_form` (values by p: hosts of the balanced one), `ring_allreduce_closed_form`
(values: n, S_bytes, alpha_s, B_Bps, T_s) and `bus_bandwidth_factor` (by collective a formula in n). Other blocks are counted as not
read, by name. A case is one value row, or one collective. `proved` counts those where a second way of our own agrees: what was
built with the formula, a ring step by step. There is no peer in the folder: `peer_seconds` and `ratio` are null. Exit status 1 where a case differs from
what is known, 2 where nothing was found.
"""

from __future__ import annotations

import argparse
import ast
import json
import operator
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])  # started as a script: the repository in place of this folder

from rackloom.errors import RackloomError
from rackloom.performance.collectives import wire_bytes
from rackloom.rack.fabric_counts import count_dragonfly, count_fat_tree
from rackloom.rack.fabric_cuts import bisection
from rackloom.rack.fabric_groups import dragonfly
from rackloom.rack.fabric_trees import fat_tree
from rackloom.reading import parse_yaml

KINDS = {"allreduce": "all_reduce", "reducescatter": "reduce_scatter", "allgather": "all_gather", "alltoall": "all_to_all", "broadcast": "broadcast"}
RANKS = (2, 3, 8, 72, 4096)  # where a formula in n is compared
TOLERANCE = 1e-9
_SIGNS: dict[type[ast.operator], Callable[[float, float], float]] = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}
Case = tuple[str, list[tuple[float, float]], bool | None]  # name, (ours, known), whether a second way of our own agrees; None: there is none


def value_of(formula: str, n: float) -> float:
    """A formula in n: numbers, n, + - * / and brackets, and nothing else."""

    def walk(node: ast.expr) -> float:
        if isinstance(node, ast.BinOp) and type(node.op) in _SIGNS:
            return _SIGNS[type(node.op)](walk(node.left), walk(node.right))
        if isinstance(node, ast.Name) and node.id == "n":
            return n
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            return float(node.value)
        raise ValueError(f"'{formula}' is no formula in n")

    return walk(ast.parse(formula, mode="eval").body)


def fat_trees(block: dict[str, Any]) -> Iterator[Case]:
    """By k: hosts and switches of full trees, counted on the built ones, and what flows between halves."""
    for row in block["values"]:
        k, pairs, proved = int(row["k"]), [], True
        for levels, word in ((2, "two"), (3, "three")):
            hosts = int(row[f"{word}_level_hosts"])
            built = fat_tree(levels, k, hosts)
            switches = sum(len(names) for names in built.switches.values())
            counted = count_fat_tree(hosts, k, levels=levels)
            full = _largest(levels, k)
            pairs += [(float(full), float(hosts)), (float(switches), float(row[f"{word}_level_switches"])), (bisection(built), hosts / 2.0)]
            proved &= counted.switches_count == switches and counted.bisection_links == pairs[-1][0]
        yield f"fat tree, k={k}", pairs, proved


def _largest(levels: int, k: int) -> int:
    """The most hosts that a tree holds, by asking."""
    low, high = 1, k**levels
    while low < high:
        middle = (low + high + 1) // 2
        fits = count_fat_tree(middle, k, levels=levels).hosts_count == middle
        low, high = (middle, high) if fits else (low, middle - 1)
    return low


def dragonflies(block: dict[str, Any]) -> Iterator[Case]:
    """By p: hosts of the balanced dragonfly, a = 2p = 2h, built."""
    for row in block["values"]:
        p = int(row["p"])
        hosts = float(len(dragonfly(p, 2 * p, p).hosts))
        yield f"dragonfly, p={p}", [(hosts, float(row["hosts"]))], count_dragonfly(p, 2 * p, p).hosts_count == hosts


def rings(block: dict[str, Any]) -> Iterator[Case]:
    """A ring all-reduce: 2 (n - 1) messages one after the other, and the bytes that the program's collectives send."""
    for row in block["values"]:
        n, size, alpha, rate = int(row["n"]), float(row["S_bytes"]), float(row["alpha_s"]), float(row["B_Bps"])
        sent = float(wire_bytes("all_reduce", size, (n, 1))[0])
        seconds = 2 * (n - 1) * alpha + sent / rate
        step_by_step = sum(alpha + size / n / rate for _ in range(2 * (n - 1)))  # every message carries one n-th
        yield f"ring all-reduce, n={n}", [(seconds, float(row["T_s"]))], abs(step_by_step / seconds - 1.0) < TOLERANCE


def factors(block: dict[str, Any]) -> Iterator[Case]:
    """Bus bandwidth over algorithm bandwidth: bytes on the wire over bytes of the message."""
    for name, formula in block.items():
        if name in KINDS:
            pairs = [(float(wire_bytes(KINDS[name], 1.0, (n, 1))[0]), value_of(str(formula), float(n))) for n in RANKS]
            yield f"bus bandwidth, {name}", pairs, None


READERS: dict[str, Callable[[dict[str, Any]], Iterator[Case]]] = {
    "fat_tree_closed_form": fat_trees, "dragonfly_closed_form": dragonflies, "ring_allreduce_closed_form": rings, "bus_bandwidth_factor": factors,
}  # fmt: skip


def main(arguments: list[str]) -> int:
    """Run; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instances", type=Path, help="folder with known.yaml")
    parser.add_argument("--known", type=Path, help="a file of that layout in place of it")
    parser.add_argument("--json", action="store_true", help="print nothing but the line of JSON")
    chosen = parser.parse_args(arguments)
    path = chosen.known or (chosen.instances / "known.yaml" if chosen.instances else None)
    try:
        known = parse_yaml(path.read_text(encoding="utf-8"), path.name).value if path is not None else {}
    except (OSError, RackloomError) as fault:
        print(fault, file=sys.stderr)
        return 2
    if not any(name in known for name in READERS):
        print(f"no block of {', '.join(READERS)}: name a folder with --instances, or a file with --known", file=sys.stderr)
        return 2
    others = [name for name in known if name not in READERS]
    others += [f"bus_bandwidth_factor: {name}" for name in known.get("bus_bandwidth_factor", {}) if name not in KINDS and name != "source"]
    bisection(fat_tree(2, 4, 8))  # first use loads libraries
    began = time.perf_counter()
    cases = [case for name, reader in READERS.items() if name in known for case in reader(known[name])]
    seconds = time.perf_counter() - began
    errors = [max(abs(ours - other) / max(abs(other), 1e-300) for ours, other in pairs) for _, pairs, _ in cases]
    if not chosen.json:
        for (name, pairs, proved), error in zip(cases, errors, strict=True):
            print(f"{name}: {len(pairs)} values within {error:.1e} of the known ones{'; our own two ways differ' if proved is False else ''}")
        for name in others:
            print(f"{name}: not read")
    worse = sum(error > TOLERANCE for error in errors)
    print(json.dumps({
        "cases": len(cases), "proved": sum(proved is True for *_, proved in cases), "equal_to_known": len(cases) - worse, "worse_than_known": worse,
        "mean_excess_percent": 100.0 * sum(errors) / len(errors), "not_read": others, "seconds": seconds, "peer_seconds": None, "ratio": None,
    }))  # fmt: skip
    return 1 if worse or any(proved is False for *_, proved in cases) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
