"""The facts of a rack: every figure that the checks read, and its networks solved in every state."""

from __future__ import annotations

import numpy as np

from ..catalog import Catalog, table, tables
from ..draws import Number, central
from ..ledger import Ledger
from ..physics import interpolate_table, neighbours, plain, temperature_rise, volume_flow_for_heat
from . import power
from .bus import solve_bus
from .cable_facts import Seen
from .loop import Given, Loop, solve_loop
from .network import network_of
from .nouns import Design, Trace
from .rule import Facts, Liquid
from .states import NORMAL, State, find_state
from .wiring import wires_of

END_OF_TABLE = "the supply temperature lies beyond the table of the coolant's properties: those of its nearest point are taken"


def facts_of(design: Design, name: str, book: Ledger, case: str = NORMAL, load: Trace | None = None, seen: tuple[Seen, ...] | None = None) -> Facts:
    """The facts of a rack in a state; figures stand under 'designs.NAME.'. Arrays of the ledger's draws pass through. Raises Unknown for a case that it does not have."""
    state = find_state(design, case)
    prefix = f"designs.{name}"
    load_w, missing = power.load(design, prefix, book)
    installed, firm = power.supply(design, prefix, book, state)
    input_w = power.input_power(design, prefix, book, load_w)
    peak_w = power.peak(design, prefix, book, load_w)
    liquid_w, air_w = _heat(design, prefix, book, load_w, input_w)
    supply_k, flow, back_k, fluid = _coolant(design, prefix, book, liquid_w)
    mass, at_least = _mass(design, prefix, book)
    bus = solve_bus(design, prefix, book, load_w)
    power.utility(design, prefix, book, load_w, input_w, bus_loss_w=plain(bus.flow.loss_w[bus.at(NORMAL)]) if bus else 0.0)
    loop = _loop(design, prefix, book, load_w, liquid_w, flow, supply_k, fluid)
    if loop is not None:
        flow, back_k = _in_state(prefix, book, loop, state, flow, back_k)
    return Facts(
        design,
        prefix,
        load_w,
        input_w,
        installed,
        firm,
        peak_w,
        liquid_w,
        air_w,
        flow,
        supply_k,
        back_k,
        mass,
        at_least,
        missing,
        state.name,
        bus,
        loop,
        fluid,
        load,
        wires_of(design, book),
        network_of(design, prefix, book),
        seen,
    )


def _heat(design: Design, prefix: str, book: Ledger, load_w: Number, input_w: Number) -> tuple[Number, Number]:
    figure = design.coolant.liquid_share if design.coolant else None
    share: Number = book.take(figure) if figure else 0.0
    liquid = book.put(
        f"{prefix}.heat_liquid_w",
        load_w * share,
        "W",
        "load x share taken by the coolant" if figure else "no coolant loop",
        [f"{prefix}.power_load_w", *([figure.key] if figure else [])],
    )
    formula = "input power less what the coolant takes: trays' air and the losses of conversion"
    air = book.put(f"{prefix}.heat_air_w", input_w - liquid, "W", formula, [f"{prefix}.power_input_w", f"{prefix}.heat_liquid_w"])
    return liquid, air


def _coolant(design: Design, prefix: str, book: Ledger, heat_w: Number) -> tuple[Number | None, Number | None, Number | None, Liquid | None]:
    """Supply temperature, flow, return temperature and the coolant; None without a loop or where the loop does not say enough."""
    loop = design.coolant
    if loop is None or not loop.fluid or loop.supply_temperature_k is None:
        return None, None, None, None
    supply_k = book.take(loop.supply_temperature_k)
    supply_key = loop.supply_temperature_k.key
    book.put(f"{prefix}.coolant_supply_temperature_k", supply_k, "temperature_k", "as stated", [supply_key])
    fluid = design.catalog.item(loop.fluid, "fluid")
    density, density_keys = _at(fluid.name, "density", "kg_per_m3", supply_k, book, design.catalog)
    cp, cp_keys = _at(fluid.name, "cp", "j_per_kg_k", supply_k, book, design.catalog)
    heat_key, property_keys = f"{prefix}.heat_liquid_w", [*density_keys, *cp_keys]
    viscosity, viscosity_keys = _at(fluid.name, "viscosity", "pa_s", supply_k, book, design.catalog) if ("viscosity", "pa_s") in tables(fluid) else (None, [])
    liquid = Liquid(density, cp, viscosity, (*property_keys, *viscosity_keys))
    if loop.flow_table is not None:
        if not _is_within(*loop.flow_table, "m3_per_s", supply_k, design.catalog):
            return supply_k, None, None, liquid  # a flow read beyond its table would be too small on the warm side
        flow, keys = _at(*loop.flow_table, "m3_per_s", supply_k, book, design.catalog)
        formula, inputs = f"published flow of {loop.flow_table[0]} at this supply temperature, linear between its points", [supply_key, *keys]
    elif loop.flow_m3_per_s is not None:
        flow, formula, inputs = book.take(loop.flow_m3_per_s), "flow as stated", [loop.flow_m3_per_s.key]
    elif loop.rise_k is not None:
        flow = volume_flow_for_heat(heat_w, density, cp, book.take(loop.rise_k))
        formula, inputs = "V = Q / (rho cp dT) at the stated rise, properties at the supply temperature", [heat_key, loop.rise_k.key, *property_keys]
    else:
        return supply_k, None, None, liquid
    book.put(f"{prefix}.coolant_flow_m3_per_s", flow, "m3/s", formula, inputs)
    beyond = not _is_within(fluid.name, "density", "kg_per_m3", supply_k, design.catalog)
    back = supply_k + temperature_rise(heat_w, flow, density, cp)
    inputs = [supply_key, heat_key, f"{prefix}.coolant_flow_m3_per_s", *property_keys]
    book.put(
        f"{prefix}.coolant_return_temperature_k",
        back,
        "temperature_k",
        "supply + Q / (rho V cp), properties at the supply temperature",
        inputs,
        note=END_OF_TABLE if beyond else "",
    )
    return supply_k, flow, back, liquid


def _loop(design: Design, prefix: str, book: Ledger, load_w: Number, heat_w: Number, flow: Number | None, supply_k: Number | None, fluid: Liquid | None) -> Loop | None:
    """The coolant network, where its branches are known."""
    loop = design.coolant
    if loop is None or flow is None or supply_k is None or fluid is None or fluid.viscosity_pa_s is None:
        return None
    trays, _, tray_keys = power.tray_powers(design, prefix, book, load_w)
    drop: Number | None = None
    drop_keys: list[str] = []
    if loop.drop_table is not None:
        if not _is_within(*loop.drop_table, "pa", supply_k, design.catalog):
            return None
        drop, drop_keys = _at(*loop.drop_table, "pa", supply_k, book, design.catalog)
    elif loop.drop_pa is not None:
        drop, drop_keys = book.take(loop.drop_pa), [loop.drop_pa.key]
    keys = (f"{prefix}.coolant_flow_m3_per_s", f"{prefix}.heat_liquid_w", *tray_keys, *fluid.keys, *drop_keys)
    given = Given(flow, heat_w, supply_k, fluid.density_kg_per_m3, fluid.cp_j_per_kg_k, fluid.viscosity_pa_s, drop, trays, keys)
    return solve_loop(design, book, given)


def _in_state(prefix: str, book: Ledger, loop: Loop, state: State, flow: Number | None, back_k: Number | None) -> tuple[Number | None, Number | None]:
    """Flow and return of the rack in the state that is looked at."""
    if state.name == NORMAL:
        return flow, back_k
    index = loop.at(state.name)
    given, back = (plain(values[index]) for values in (loop.given_m3_s, loop.return_k))
    if not np.any(np.asarray(given) > 0.0):
        return None, None
    book.put(f"{prefix}.coolant_flow_m3_per_s", given, "m3/s", f"{state.text}: what the pumps that are left give, network solved", loop.keys)
    book.put(f"{prefix}.coolant_return_temperature_k", back, "temperature_k", "supply + heat over rho V cp with that flow", loop.keys)
    return given, back


def _at(item: str, name: str, suffix: str, temperature_k: Number, book: Ledger, catalog: Catalog) -> tuple[Number, list[str]]:
    """A table of the catalogue at a temperature, with the keys of the points that it was read between."""
    points, figures = table(catalog.item(item), name, suffix)
    values = [book.take(figure) for figure in figures]
    return interpolate_table(points, values, temperature_k), [figures[i].key for i in neighbours(points, temperature_k)]


def _is_within(item: str, name: str, suffix: str, temperature_k: Number, catalog: Catalog) -> bool:
    """Whether the central temperature lies within a table."""
    points, _ = table(catalog.item(item), name, suffix)
    return bool(points[0] - 1e-9 <= central(temperature_k) <= points[-1] + 1e-9)


def _mass(design: Design, prefix: str, book: Ledger) -> tuple[Number | None, bool]:
    """Mass of the rack: as published for the whole, else the sum of what is known and 'at least'."""
    if design.mass_kg is not None:
        return book.put(f"{prefix}.mass_kg", book.take(design.mass_kg), "kg", "as published for the whole rack", [design.mass_kg.key]), False
    total: Number = 0.0
    inputs: list[str] = []
    lacking = False
    for name, count in [*power.placed(design).items(), *((name, count) for count, name in design.fixtures)]:
        figure = design.assemblies[name].mass_kg if name in design.assemblies else design.catalog.items[name].get("mass_kg")
        if figure is None:
            lacking = True
            continue
        total = total + count * book.take(figure)
        inputs.append(figure.key)
    if not inputs:
        return None, True
    return book.put(
        f"{prefix}.mass_kg", total, "kg", "sum of what is known", inputs, note="at least: the mass of the frame and of other things is not published" if lacking else ""
    ), lacking
