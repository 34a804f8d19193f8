"""Solve a manifold with pandapipes: parts and sets of changes as JSON on standard input; flows and seconds of each as JSON on standard output.

Runs in an environment of pandapipes' own. Seconds are of `pipeflow` alone, without building or changing the net, after a first
run that compiles.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import pandapipes


def main() -> None:
    asked = json.load(sys.stdin)
    net = pandapipes.create_empty_network(add_stdtypes=False)
    net["fluid"] = pandapipes.create_constant_fluid("coolant", "liquid", density=asked["density_kg_m3"], viscosity=asked["viscosity_pa_s"], heat_capacity=4000.0)
    nodes = {name: pandapipes.create_junction(net, pn_bar=1.0, tfluid_k=293.15, name=name) for name in asked["nodes"]}
    grids = {name: pandapipes.create_ext_grid(net, nodes[name], p_bar=bar, t_k=293.15) for name, bar in asked["fixed_bar"].items()}
    made = []
    for part in asked["parts"]:
        a, b, bore = nodes[part["start"]], nodes[part["end"]], part["diameter_m"]
        if part["kind"] == "pipe":
            k = pandapipes.create_pipe_from_parameters(net, a, b, length_km=part["length_m"] / 1e3, inner_diameter_mm=bore * 1e3, k_mm=part["roughness_m"] * 1e3)
            made.append(("pipe", k))
        else:
            k = pandapipes.create_heat_exchanger(net, a, b, inner_diameter_mm=bore * 1e3, qext_w=0.0, loss_coefficient=part["loss"])
            made.append(("heat_exchanger", k))

    def solve() -> None:
        pandapipes.pipeflow(net, friction_model="colebrook", tol_p=1e-7, tol_m=1e-7, iter=100)

    solve()
    times, flows = [], []
    for changes in asked["changes"]:
        change(net, grids, made, asked, changes)
        wall, cpu = time.perf_counter(), time.process_time()
        solve()
        times.append({"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu})
        flows.append([float(net[f"res_{table}"].at[k, "mdot_from_kg_per_s"]) / asked["density_kg_m3"] for table, k in made])
    print(json.dumps({"version": pandapipes.__version__, "flows_m3_s": flows, "times": times}))


def change(net: Any, grids: dict[str, int], made: list[tuple[str, int]], asked: dict[str, Any], changes: dict[str, dict[str, float]]) -> None:
    """The net as built but for some held pressures [Pa] and losses."""
    for name, bar in asked["fixed_bar"].items():
        net.ext_grid.at[grids[name], "p_bar"] = changes[name]["pressure_pa"] / 1e5 if name in changes else bar
    for place, ((table, k), part) in enumerate(zip(made, asked["parts"], strict=True)):
        if table == "heat_exchanger":
            net.heat_exchanger.at[k, "loss_coefficient"] = changes.get(str(place), part)["loss"]


if __name__ == "__main__":
    main()
