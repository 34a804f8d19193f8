"""Solve published networks and compare with known pressures and heads.

Usage: python benchmarks/hydraulics.py --instances DIR [--known CSV] [--json]

DIR holds `pandapipes/*.json` (nets with the results of OpenModelica or STANET, and the error of pandapipes against them) and
`epanet/*.inp`; CSV (default: DIR/epanet/known_t0.csv) has columns file, kind (head or flow), element, value. A pandapipes net is
`equal_to_known` where our error is at most the peer's, rounded to 1e-4 bar; an EPANET net where every known head is met within
1e-3 m. What is not read is refused by name and counted. `mean_excess_percent` has no meaning here and is null, and so are
`peer_seconds` and `ratio`: the folder holds the peer's errors, not its times (benchmarks/cases/manifold.py times it). `peer` names it.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))  # started as a script
if sys.path[0] == str(Path(__file__).parent):
    sys.path.pop(0)

from benchmarks.readers import epanet, pandapipes  # noqa: E402
from rackloom.errors import BadInput, RackloomError  # noqa: E402
from rackloom.physics.hydraulics import Flows, prepare_hydraulics, solve_hydraulics  # noqa: E402
from rackloom.physics.hydraulics_network import Network  # noqa: E402

HEAD_M, SAME_BAR = 1e-3, 1e-4
CONTROL_ROUNDS = 10  # controls by a junction's pressure may set each other off


def solve(network: Network) -> tuple[Flows, float]:
    """The flows, and the seconds of preparing and solving."""
    began = time.perf_counter()
    flows = solve_hydraulics(prepare_hydraulics(network), refuse=False)
    for fault in flows.faults:
        if "beyond the end" not in fault.what:  # the known programs run pumps past their curves and only warn
            raise BadInput(fault)
    return flows, time.perf_counter() - began


def run_pandapipes(path: Path) -> dict[str, Any]:
    """One net: our largest pressure error and the peer's [bar]."""
    document = json.loads(path.read_text(encoding="utf-8"))
    flows, seconds = solve(pandapipes.read(document))
    wanted = pandapipes.references(document)
    error = max(abs(float(flows.pressure(node)) - value) for node, value in wanted.items()) / pandapipes.BAR_PA
    peer = document["peer"].get("max_abs_pressure_error_bar")
    equal = peer is None or error <= peer + SAME_BAR
    return {
        "set": "pandapipes",
        "law": document["peer"]["friction_model"],
        "error_bar": error,
        "peer": document["peer"].get("tool"),
        "peer_error_bar": peer,
        "equal": equal,
        "seconds": seconds,
    }


def run_epanet(path: Path, known: list[dict[str, str]]) -> dict[str, Any]:
    """One net: the largest errors of heads [m] and flows [m3/s] at time 0."""
    read = epanet.parse(path.read_text(encoding="utf-8", errors="replace"))
    seconds = 0.0
    for _ in range(CONTROL_ROUNDS):
        read.reversed.clear()
        built = epanet.network(read)
        flows, took = solve(built)
        seconds += took
        if not epanet.pressed(read, {name: float(p) / (epanet.DENSITY * epanet.GRAVITY) for name, p in zip(flows.nodes, flows.pressure_pa, strict=True)}):
            break
    heads = epanet.heads(flows, built)
    errors = {"head": 0.0, "flow": 0.0}
    for row in known:
        name, value = row["element"], float(row["value"])
        found = heads[name] if row["kind"] == "head" else float(flows.flow(name)) * (-1.0 if name in read.reversed else 1.0)
        errors[row["kind"]] = max(errors[row["kind"]], abs(found - value))
    return {"set": "epanet", "head_error_m": errors["head"], "flow_error_m3_s": errors["flow"], "equal": errors["head"] <= HEAD_M, "known": len(known), "seconds": seconds}


def run_all(instances: Path, known: Path) -> list[dict[str, Any]]:
    """Every net of a folder, in order of names; a net that is not handled says why."""
    values: dict[str, list[dict[str, str]]] = {}
    if known.is_file():
        with known.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                values.setdefault(row["file"], []).append(row)
    out = []
    for path in sorted(instances.glob("**/*.json")) + sorted(instances.glob("**/*.inp")):
        try:
            found = run_pandapipes(path) if path.suffix == ".json" else run_epanet(path, values.get(path.name, []))
        except (pandapipes.NotHandled, RackloomError) as error:
            found = {"set": "epanet" if path.suffix == ".inp" else "pandapipes", "refused": str(error), "seconds": 0.0}
        except KeyError as error:
            found = {"set": "epanet" if path.suffix == ".inp" else "pandapipes", "refused": f"no entry {error}", "seconds": 0.0}
        out.append({"file": path.name, **found})
    return out


def summary(found: list[dict[str, Any]]) -> dict[str, Any]:
    """The last line: counts over all nets, and of each set what it is judged by."""
    done = [each for each in found if "refused" not in each]
    bars = [each for each in done if each["set"] == "pandapipes"]
    heads = [each for each in done if each["set"] == "epanet" and each["known"]]
    judged = bars + heads

    peers = sorted({each["peer"] for each in bars if each["peer"]})

    def within(key: str, bar: float) -> int:
        return sum(each[key] is not None and each[key] <= bar for each in bars)

    return {
        "cases": len(found), "proved": len(done), "equal_to_known": sum(each["equal"] for each in judged), "worse_than_known": sum(not each["equal"] for each in judged),
        "mean_excess_percent": None, "refused": len(found) - len(done), "within_0.001_bar": within("error_bar", 1e-3), "peer_within_0.001_bar": within("peer_error_bar", 1e-3),
        "within_0.01_bar": within("error_bar", 1e-2), "peer_within_0.01_bar": within("peer_error_bar", 1e-2), "epanet": len(heads),
        "epanet_within_0.001_m": sum(each["equal"] for each in heads), "largest_head_error_m": max((each["head_error_m"] for each in heads), default=None),
        "seconds": sum(each["seconds"] for each in found), "peer": ", ".join(peers) or None, "peer_seconds": None, "ratio": None,
    }  # fmt: skip


def main(arguments: list[str]) -> int:
    """Run the nets of a folder; the exit status: 2 where it holds none."""
    parser = argparse.ArgumentParser(description="Solve published hydraulic networks and compare with known results.")
    parser.add_argument("--instances", type=Path, required=True, help="folder with pandapipes/*.json and epanet/*.inp")
    parser.add_argument("--known", type=Path, help="CSV of known heads and flows (default: INSTANCES/epanet/known_t0.csv)")
    parser.add_argument("--json", action="store_true", help="print the nets as lines of JSON too")
    chosen = parser.parse_args(arguments)
    found = run_all(chosen.instances, chosen.known or chosen.instances / "epanet" / "known_t0.csv")
    if not found:
        print(f"no .json or .inp under {chosen.instances}", file=sys.stderr)
        return 2
    for each in found:
        if chosen.json:
            print(json.dumps(each))
        elif "refused" in each:
            print(f"{each['file']}: refused: {each['refused']}")
        elif each["set"] == "pandapipes":
            peer = "not told" if each["peer_error_bar"] is None else f"{each['peer_error_bar']:.5f}"
            print(f"{each['file']}: {each['error_bar']:.5f} bar off, {each['peer'] or 'the peer'} {peer} ({each['law']})")
        else:
            print(f"{each['file']}: heads {each['head_error_m']:.2e} m off, flows {each['flow_error_m3_s']:.2e} m3/s")
    said = summary(found)
    if not chosen.json:
        bars = sum(each["set"] == "pandapipes" and "refused" not in each for each in found)
        for bar in ("0.001", "0.01"):
            print(f"within {bar} bar: ours {said[f'within_{bar}_bar']} of {bars} nets, {said['peer'] or 'no peer'} {said[f'peer_within_{bar}_bar']}")
        print(f"EPANET heads within 0.001 m: {said['epanet_within_0.001_m']} of {said['epanet']} nets")
    print(json.dumps(said))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
