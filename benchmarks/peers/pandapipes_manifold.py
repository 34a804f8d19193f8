"""Solve a manifold with pandapipes: parts as JSON on standard input; flows and seconds of a solve as JSON on standard output.

Runs in an environment of pandapipes' own. Seconds are of `pipeflow` alone, without building the net, after a first run that
compiles.
"""

from __future__ import annotations

import json
import sys
import time

import pandapipes


def main() -> None:
    asked = json.load(sys.stdin)
    net = pandapipes.create_empty_network(add_stdtypes=False)
    net["fluid"] = pandapipes.create_constant_fluid("coolant", "liquid", density=asked["density_kg_m3"], viscosity=asked["viscosity_pa_s"], heat_capacity=4000.0)
    nodes = {name: pandapipes.create_junction(net, pn_bar=1.0, tfluid_k=293.15, name=name) for name in asked["nodes"]}
    for name, bar in asked["fixed_bar"].items():
        pandapipes.create_ext_grid(net, nodes[name], p_bar=bar, t_k=293.15)
    made = []
    for part in asked["parts"]:
        a, b, bore = nodes[part["start"]], nodes[part["end"]], part["diameter_m"]
        if part["kind"] == "pipe":
            k = pandapipes.create_pipe_from_parameters(net, a, b, length_km=part["length_m"] / 1e3, inner_diameter_mm=bore * 1e3, k_mm=part["roughness_m"] * 1e3)
            made.append(("res_pipe", k))
        else:
            k = pandapipes.create_heat_exchanger(net, a, b, inner_diameter_mm=bore * 1e3, qext_w=0.0, loss_coefficient=part["loss"])
            made.append(("res_heat_exchanger", k))

    def solve() -> None:
        pandapipes.pipeflow(net, friction_model="colebrook", tol_p=1e-7, tol_m=1e-7, iter=100)

    solve()
    times = []
    for _ in range(asked["repeats"]):
        wall, cpu = time.perf_counter(), time.process_time()
        solve()
        times.append({"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu})
    flows = [float(net[table].at[k, "mdot_from_kg_per_s"]) / asked["density_kg_m3"] for table, k in made]
    print(json.dumps({"version": pandapipes.__version__, "flows_m3_s": flows, "times": times}))


if __name__ == "__main__":
    main()
