"""One rack as figures: the door that the plan calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ..catalog import Catalog
from ..draws import Draws, Number, central
from ..errors import BadInput, Fault
from ..ledger import Ledger
from ..physics import plain
from . import power
from .bill import bill_of_materials, placed
from .build_nouns import PartSource
from .build_sheet import build_sheet
from .bus import Bus
from .cable_facts import Seen, media_that_reach
from .cable_map import cable_runs, cut_list
from .checks import run_checks
from .drawing import draw_coolant, draw_power
from .facts import facts_of
from .loop import Loop
from .nouns import CableLine, Checks, Design, Environment, RackAnswer, StateLine, Trace
from .reliability import reliability_of
from .states import NORMAL, states_of
from .system import accelerator_of
from .wiring import Wires

LEFT_OUT = (
    "Trays are taken as balanced by their maker: the drop inside a tray is that which gives it its part of the flow.",
    "Resistance of the busbar is that of one temperature; clips, tray connectors and cords are without resistance unless stated.",
    "Heat is split between coolant and air by one share for the whole rack.",
    "Where a port or a way is not known, a cable is at least as long as what is known of it.",
    "Person-hours are pieces times assumed times; learning, rework and waiting are not in them.",
)


def describe_rack(
    design: Design,
    *,
    name: str = "",
    catalog: Catalog | None = None,
    draws: Draws | None = None,
    case: str = NORMAL,
    load: Trace | None = None,
    sources: Mapping[str, PartSource] | None = None,
    seen: tuple[Seen, ...] | None = None,
) -> RackAnswer:
    """Power, heat, flow, mass, cables, checks, build sheet and bill of a rack.

    Parameters
    ----------
    design : Design
    name : str
        of the generation; ledger rows stand under 'designs.NAME.'
    catalog : Catalog, optional
        in place of the one that the design was read with
    draws : Draws, optional
    case : str
        the state that is looked at: 'normal', 'feed-a-lost', 'pump-loss', ...
    load : Trace, optional
        power over time, which the checks of swings take in place of an assumed one
    sources : mapping, optional
        who offers each part, as supply tells it
    seen : tuple of Seen, optional
        cables as a log tells them (`read_cable_log`)

    Raises BadInput for a rack without accelerator, Unknown for a case that it does not have.
    """
    name = name or design.name
    design = design if catalog is None else replace(design, catalog=catalog)
    prefix = f"designs.{name}"
    book = Ledger(draws)
    accelerator, count = accelerator_of(design)
    book.put(f"{prefix}.accelerators_count", count, "1", f"pieces of {accelerator} in the bill of materials")
    _put_counts(design, prefix, book)
    facts = facts_of(design, name, book, case, load, seen)
    cables = _cables(design, prefix, book, facts.wires)
    total = sum(cable.count for cable in cables)
    book.put(f"{prefix}.cables_count", total, "1", " + ".join(cable.count_text for cable in cables) or "no cables stated", [cable.key for cable in cables])
    sheet = build_sheet(facts, book, sources)
    stops = reliability_of(facts, book)
    checks = run_checks(replace(facts, build=sheet, reliability=stops), book)
    runs = cable_runs(design, facts.wires, book)
    pitch = design.frame.get("unit_pitch_m") if design.frame else None
    unknown = tuple(dict.fromkeys([*facts.missing, *(f"{word} of {a.title}" for a in design.assemblies.values() for word in a.unknown), *design.unknown]))
    figure = design.coolant.liquid_share if design.coolant else None
    return RackAnswer(
        name, design.name, design.title, design.status, design.layout, accelerator, count, facts.load_w, facts.input_w, facts.installed_w, facts.firm_w, facts.peak_w, facts.liquid_w,
        facts.air_w, facts.flow_m3_per_s, facts.supply_k, facts.return_k, facts.mass_kg, facts.mass_at_least, total, cables,
        power.slot_uses(design, prefix, book, book.take(figure) if figure else 0.0), design.height, checks.rows, bill_of_materials(design), unknown, design.notes, book, LEFT_OUT,
        case=facts.state, states=_state_lines(design, facts.bus, facts.loop), one_line=draw_power(facts), network=draw_coolant(facts), pitch_m=pitch.value if pitch else None, build=sheet, reliability=stops, fabric=facts.network.figures if facts.network else None,
        cable_runs=runs, cut_list=cut_list(runs),
    )  # fmt: skip


def check_design(design: Design, *, site: object = None, case: str | None = None, load: Trace | None = None, draws: Draws | None = None, name: str = "") -> Checks:
    """Every check of a rack, worst first.

    Parameters
    ----------
    site : Environment, optional
        in place of the design's own: air, dew point, altitude, electrical code
    case : str, optional
        the state that is looked at; 'normal' when absent
    load : Trace, optional
        power over time

    Raises BadInput for a site that is none, Unknown for a case that the rack does not have.
    """
    if site is not None and not isinstance(site, Environment):
        raise BadInput(
            Fault(
                f"a site is an Environment, not a {type(site).__name__}",
                mend="rackloom.rack.Environment(air_temperature_k=..., dew_point_temperature_k=..., altitude_m=..., code=...).",
            )
        )
    design = design if site is None else replace(design, environment=site)
    answer = describe_rack(design, name=name, draws=draws, case=case or NORMAL, load=load)
    return Checks(answer.checks, answer.ledger)


def _put_counts(design: Design, prefix: str, book: Ledger) -> None:
    """How many of each kind of part, and of each thing in a slot, the bill adds up to."""
    bill = bill_of_materials(design)
    for kind, many in (("host", "hosts"), ("nic", "nics"), ("power_shelf", "shelves")):
        lines = [line for line in bill.lines if line.level == "part" and line.kind == kind]
        if lines:
            book.put(f"{prefix}.{many}_count", sum(line.total for line in lines), "1", " + ".join(f"{line.total} x {line.item}" for line in lines))
    for thing, count in placed(design).items():
        book.put(f"{prefix}.{thing}.placed_count", count, "1", f"{thing} in slots")


def _state_lines(design: Design, bus: Bus | None, loop: Loop | None) -> tuple[StateLine, ...]:
    """Every state in a line."""
    lines = []
    for name, state in states_of(design).items():
        segment: tuple[Number | None, str, Number | None, Number | None, bool] = (None, "", None, None, True)
        if bus is not None:
            segment = (bus.segment_a(name), bus.worst_segment(name), bus.lowest_tray(name)[0], bus.fullest_shelf(name)[0], not bus.has_failed(name))
        flow, back = (plain(values[loop.at(name)]) for values in (loop.given_m3_s, loop.return_k)) if loop else (None, None)
        runs = loop is not None and bool(np.any(np.asarray(flow) > 0.0))
        lines.append(StateLine(name, state.text, state.planned, segment[0], segment[1], segment[2], segment[3], segment[4], flow if runs else None, back if runs else None))
    return tuple(lines)


def _cables(design: Design, prefix: str, book: Ledger, wires: tuple[Wires, ...]) -> tuple[CableLine, ...]:
    lines = []
    laid = {one.line.name: one for one in wires}
    for cable in design.cables:
        key = f"{prefix}.cables.{cable.name}_count"
        book.put(key, cable.count, "1", cable.count_text)
        medium = design.catalog.items[cable.medium]
        one = laid.get(cable.name)
        length = one.longest_m if one else book.take(cable.length_m) if cable.length_m else None
        ends = [f"{thing}.{port}" if port else thing for thing, port in ((cable.source, cable.source_port), (cable.target, cable.target_port))]
        lines.append(
            CableLine(
                cable.name, cable.medium, medium.title, cable.count, cable.count_text, ends[0], ends[1], length, key, one.total_m if one else None, one.at_least if one else (),
                one is not None, tuple(media_that_reach(design.catalog, one.medium, central(one.longest_m))) if one else (),
            )
        )  # fmt: skip
    return tuple(lines)
