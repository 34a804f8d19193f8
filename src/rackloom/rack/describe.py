"""One rack as figures: the door that the plan calls."""

from __future__ import annotations

from dataclasses import replace

from ..catalog import Catalog, table
from ..draws import Draws, Number, central
from ..errors import BadInput, Fault
from ..ledger import Ledger
from ..physics import interpolate_table, neighbours, temperature_rise, volume_flow_for_heat
from . import power
from .bill import bill_of_materials
from .checks import run_checks
from .nouns import CableLine, Checks, Design, RackAnswer
from .rule import Facts
from .system import accelerator_of

END_OF_TABLE = "the supply temperature lies beyond the table of the coolant's properties: those of its nearest point are taken"
LEFT_OUT = (
    "The coolant network is one balance: pressures, flow per branch, quick disconnects and the CDU are not solved.",
    "The busbar is a line with shelves sharing evenly: voltage drop, temperature and failure states are not solved.",
    "Heat is split between coolant and air by one share for the whole rack.",
    "Cable lengths, bend and fill, centre of gravity, failure rates and assembly hours are not computed.",
)


def describe_rack(design: Design, *, name: str = "", catalog: Catalog | None = None, draws: Draws | None = None) -> RackAnswer:
    """Power, heat, flow, mass, cables, checks and bill of a rack.

    Parameters
    ----------
    design : Design
    name : str
        of the generation; ledger rows stand under 'designs.NAME.'
    catalog : Catalog, optional
        in place of the one that the design was read with
    draws : Draws, optional

    Raises BadInput for a rack without accelerator.
    """
    name = name or design.name
    design = design if catalog is None else replace(design, catalog=catalog)
    prefix = f"designs.{name}"
    book = Ledger(draws)
    accelerator, count = accelerator_of(design)
    book.put(f"{prefix}.accelerators_count", count, "1", f"pieces of {accelerator} in the bill of materials")
    load_w, missing = power.load(design, prefix, book)
    installed, firm = power.supply(design, prefix, book)
    input_w = power.input_power(design, prefix, book, load_w)
    peak_w = power.peak(design, prefix, book, load_w)
    liquid, air, share = _heat(design, prefix, book, load_w, input_w)
    supply_k, flow, back_k = _coolant(design, prefix, book, liquid)
    mass, at_least = _mass(design, prefix, book)
    cables = _cables(design, prefix, book)
    total = sum(cable.count for cable in cables)
    book.put(f"{prefix}.cables_count", total, "1", " + ".join(cable.count_text for cable in cables) or "no cables stated", [cable.key for cable in cables])
    facts = Facts(design, prefix, load_w, input_w, installed, firm, peak_w, liquid, air, flow, supply_k, back_k, mass, at_least, missing)
    checks = run_checks(facts, book)
    unknown = tuple(dict.fromkeys([*missing, *(f"{word} of {a.title}" for a in design.assemblies.values() for word in a.unknown), *design.unknown]))
    return RackAnswer(
        name, design.name, design.title, design.status, design.layout, accelerator, count, load_w, input_w, installed, firm, peak_w, liquid, air, flow, supply_k, back_k, mass, at_least,
        total, cables, power.slot_uses(design, prefix, book, share), design.height, checks.rows, bill_of_materials(design), unknown, design.notes, book, LEFT_OUT,
    )  # fmt: skip


def check_design(design: Design, *, site: object = None, draws: Draws | None = None, name: str = "") -> Checks:
    """Every check of a rack, worst first. Raises BadInput for a site: no check reads one yet."""
    if site is not None:
        raise BadInput(Fault("no check reads a site yet", mend="Leave 'site' out; state feeds, breaker and coolant in the rack file."))
    answer = describe_rack(design, name=name, draws=draws)
    return Checks(answer.checks, answer.ledger)


def _heat(design: Design, prefix: str, book: Ledger, load_w: Number, input_w: Number) -> tuple[Number, Number, Number]:
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
    return liquid, air, share


def _coolant(design: Design, prefix: str, book: Ledger, heat_w: Number) -> tuple[Number | None, Number | None, Number | None]:
    """Supply temperature, flow and return temperature; None without a loop or where the loop does not say enough."""
    loop = design.coolant
    if loop is None or not loop.fluid or loop.supply_temperature_k is None:
        return None, None, None
    supply_k = book.take(loop.supply_temperature_k)
    supply_key = loop.supply_temperature_k.key
    book.put(f"{prefix}.coolant_supply_temperature_k", supply_k, "temperature_k", "as stated", [supply_key])
    fluid = design.catalog.item(loop.fluid, "fluid")
    density, density_keys = _at(fluid.name, "density", "kg_per_m3", supply_k, book, design.catalog)
    cp, cp_keys = _at(fluid.name, "cp", "j_per_kg_k", supply_k, book, design.catalog)
    heat_key, property_keys = f"{prefix}.heat_liquid_w", [*density_keys, *cp_keys]
    if loop.flow_table is not None:
        if not _is_within(*loop.flow_table, "m3_per_s", supply_k, design.catalog):
            return supply_k, None, None  # a flow read beyond its table would be too small on the warm side
        flow, keys = _at(*loop.flow_table, "m3_per_s", supply_k, book, design.catalog)
        formula, inputs = f"published flow of {loop.flow_table[0]} at this supply temperature, linear between its points", [supply_key, *keys]
    elif loop.flow_m3_per_s is not None:
        flow, formula, inputs = book.take(loop.flow_m3_per_s), "flow as stated", [loop.flow_m3_per_s.key]
    elif loop.rise_k is not None:
        flow = volume_flow_for_heat(heat_w, density, cp, book.take(loop.rise_k))
        formula, inputs = "V = Q / (rho cp dT) at the stated rise, properties at the supply temperature", [heat_key, loop.rise_k.key, *property_keys]
    else:
        return supply_k, None, None
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
    return supply_k, flow, back


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


def _cables(design: Design, prefix: str, book: Ledger) -> tuple[CableLine, ...]:
    lines = []
    for cable in design.cables:
        key = f"{prefix}.cables.{cable.name}_count"
        book.put(key, cable.count, "1", cable.count_text)
        medium = design.catalog.items[cable.medium]
        length = book.take(cable.length_m) if cable.length_m else None
        lines.append(CableLine(cable.name, cable.medium, medium.title, cable.count, cable.count_text, cable.source, cable.target, length, key))
    return tuple(lines)
