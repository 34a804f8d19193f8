"""Solve ladders with pandapower, timed; run by the Python of an environment that has pandapower (3.x from PyPI).

Reads one JSON document from standard input: `bars`, a list of {segment_ohm, load_w, shelf_node, set_point_v, droop_ohm},
each a straight bar with shelves behind their droops. Prints {"version", "seconds", "cpu_s", "load", "node_v"}: seconds are of
`runpp` alone, the network being built before. A three-phase line without reactance at power factor 1 obeys V (V0 - V) / R = P with V line
to line and P of all phases: the equation of direct current with the same R.
"""

from __future__ import annotations

import json
import os
import sys
import time

TOLERANCE = 1e-8  # of the load: rounding alone leaves about 1e-9 where segments are of microohms


def build(bar):
    import pandapower as pp

    net = pp.create_empty_network(sn_mva=bar["set_point_v"][0] ** 2 / 1e6)  # 1 ohm is 1 per unit
    kilovolts = bar["set_point_v"][0] / 1e3
    nodes = [pp.create_bus(net, kilovolts) for _ in bar["load_w"]]

    def line(a, b, ohm):
        pp.create_line_from_parameters(net, a, b, 1.0, r_ohm_per_km=ohm, x_ohm_per_km=0.0, c_nf_per_km=0.0, max_i_ka=1e3)

    for k, ohm in enumerate(bar["segment_ohm"]):
        line(nodes[k], nodes[k + 1], ohm)
    for node, volts, ohm in zip(bar["shelf_node"], bar["set_point_v"], bar["droop_ohm"], strict=True):
        ideal = pp.create_bus(net, kilovolts)
        pp.create_ext_grid(net, ideal, vm_pu=volts / 1e3 / kilovolts)
        line(ideal, nodes[node], ohm)
    for node, watts in zip(nodes, bar["load_w"], strict=True):
        if watts:
            pp.create_load(net, node, p_mw=watts / 1e6)
    return net, nodes, kilovolts


def main() -> None:
    import pandapower as pp

    asked = json.load(sys.stdin)
    seconds, cpu, load, answers = [], [], [], []
    for bar in asked["bars"]:
        net, nodes, kilovolts = build(bar)
        load.append(os.getloadavg()[0])
        began, used = time.perf_counter(), time.process_time()
        pp.runpp(net, init="flat", tolerance_mva=TOLERANCE * sum(bar["load_w"]) / 1e6, max_iteration=50, numba=False)
        seconds.append(time.perf_counter() - began)
        cpu.append(time.process_time() - used)
        answers.append([float(net.res_bus.vm_pu[node]) * kilovolts * 1e3 for node in nodes])
    print(json.dumps({"version": pp.__version__, "seconds": seconds, "cpu_s": cpu, "load": load, "node_v": answers}))


if __name__ == "__main__":
    main()
