"""Networks of pandapipes in the compact JSON of the hydraulics benchmark.

Every table and column that changes the flow is read or refused by name; nothing is guessed.
"""

from __future__ import annotations

from typing import Any

from rackloom.physics import hydraulics_network as hydraulic

READ = {"junction", "pipe", "ext_grid", "sink", "source", "valve", "pump", "heat_exchanger", "flow_control", "circ_pump_pressure", "circ_pump_mass"}
BAR_PA = 1e5
AIR_KG_M3 = 1.2  # at 20 C and sea level: pandapipes' pressures are gauge, against the air at each height


class NotHandled(Exception):
    """The file uses a feature that is not read."""


def rows(document: dict[str, Any], table: str) -> list[dict[str, Any]]:
    """The rows of a table in service, as mappings."""
    content = document["tables"].get(table, {"columns": [], "rows": []})
    named = [dict(zip(content["columns"], row, strict=True)) for row in content["rows"]]
    return [row for row in named if row.get("in_service", True) is not False]


def read(document: dict[str, Any]) -> hydraulic.Network:
    """The network of a document; nodes are 'j0', 'j1' ...; friction by the law that the document names."""
    unknown = sorted(name for name, content in document["tables"].items() if name not in READ and content["rows"])
    if unknown:
        raise NotHandled(f"table '{unknown[0]}'")
    fluid = document["fluid"]
    density = fluid["density_293K"]
    friction = document["peer"]["friction_model"]
    out = hydraulic.Network(density, fluid["viscosity_293K"], air_kg_m3=AIR_KG_M3)
    fixed = {row["junction"]: row["p_bar"] * BAR_PA for row in rows(document, "ext_grid") if "p" in row.get("type", "pt")}
    for row in rows(document, "circ_pump_pressure"):
        fixed[row["flow_junction"]] = row["p_flow_bar"] * BAR_PA
        fixed[row["return_junction"]] = (row["p_flow_bar"] - row["plift_bar"]) * BAR_PA
    for row in rows(document, "circ_pump_mass"):
        fixed[row["flow_junction"]] = row["p_flow_bar"] * BAR_PA
    demand: dict[int, float] = {}
    for table, sign in (("sink", 1.0), ("source", -1.0)):
        for row in rows(document, table):
            demand[row["junction"]] = demand.get(row["junction"], 0.0) + sign * row["mdot_kg_per_s"] * row.get("scaling", 1.0) / density
    for row in rows(document, "junction"):
        k = row["index"]
        out.node(f"j{k}", height_m=row.get("height_m", 0.0), demand_m3_s=demand.get(k, 0.0), pressure_pa=fixed.get(k))
    on_pipes = {}
    for row in rows(document, "valve"):
        if row.get("et", "ju") == "pi":
            on_pipes[row["element"]] = row
        elif row.get("et", "ju") == "ju":
            loss = row.get("loss_coefficient") or 0.0
            out.throttle(f"v{row['index']}", f"j{row['junction']}", f"j{row['element']}", diameter_m=row["inner_diameter_mm"] / 1e3, loss=loss, closed=not row["opened"])
        else:
            raise NotHandled(f"valve of et '{row['et']}'")
    for row in rows(document, "pipe"):
        valve = on_pipes.get(row["index"], {"opened": True, "loss_coefficient": 0.0})
        if valve.get("loss_coefficient"):
            raise NotHandled("a valve with a loss on a pipe")
        out.pipe(
            f"p{row['index']}", f"j{row['from_junction']}", f"j{row['to_junction']}", length_m=row["length_km"] * 1e3, diameter_m=row["inner_diameter_mm"] / 1e3,
            roughness_m=row["k_mm"] / 1e3, loss=row.get("loss_coefficient") or 0.0, friction=friction, closed=not valve["opened"],
        )  # fmt: skip
    for row in rows(document, "heat_exchanger"):
        bore, loss = row["inner_diameter_mm"] / 1e3, row.get("loss_coefficient") or 0.0
        out.throttle(f"h{row['index']}", f"j{row['from_junction']}", f"j{row['to_junction']}", diameter_m=bore, loss=loss)
    for row in rows(document, "circ_pump_mass"):
        out.push(f"c{row['index']}", f"j{row['return_junction']}", f"j{row['flow_junction']}", flow_m3_s=row["mdot_flow_kg_per_s"] / density)
    for row in rows(document, "flow_control"):
        if not row.get("control_active", True):
            raise NotHandled("a flow control that does not work")
        out.push(f"f{row['index']}", f"j{row['from_junction']}", f"j{row['to_junction']}", flow_m3_s=row["controlled_mdot_kg_per_s"] / density)
    for row in rows(document, "pump"):
        curve = document["pump_std"][row["std_type"]]["reg"][::-1]  # highest power first, bar against m3/h
        polynomial = [c * BAR_PA * 3600.0**power for power, c in enumerate(curve)]
        out.pump(f"u{row['index']}", f"j{row['from_junction']}", f"j{row['to_junction']}", polynomial=polynomial)
    return out


def references(document: dict[str, Any]) -> dict[str, float]:
    """Node name to the reference's pressure [Pa]: OpenModelica's or STANET's."""
    columns = [name for name in document["expected_columns"] if name.startswith("p_")]
    return {f"j{row['index']}": row[name] * BAR_PA for row in rows(document, "junction") for name in columns if row.get(name) is not None}
