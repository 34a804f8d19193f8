"""Checks of keeping a rack running and of building it: pulling trays, swapping them, leaks, sources of its parts."""

from __future__ import annotations

from ..ledger import Ledger
from .nouns import Check
from .rule import Ask, Facts, at_least, at_most, none_found, not_checkable
from .states import kind_of, places_of


def tray_pull(facts: Facts, book: Ledger) -> list[Check]:
    """How far each thing slides out against the room before the rack."""
    aisle = facts.design.service.aisle_m
    rows = []
    for name in facts.placed:
        assembly = facts.design.assemblies.get(name)
        if assembly is None:
            continue
        ask = Ask(f"tray-pull-{name}", f"Is there room to slide a {name} out?", "m", "site", "Leave more room before the rack.")
        pull = assembly.pull_m
        if pull is None or aisle is None:
            missing = [f"how far a {name} slides out ('assemblies: {name}: pull:')"] if pull is None else []
            rows.append(not_checkable(ask, *missing, *(["room before the rack ('service: aisle:')"] if aisle is None else [])))
            continue
        rows.append(at_most(ask, facts, book, book.take(pull), book.take(aisle), "pull of the tray; limit: room before the rack", [pull.key, aisle.key]))
    return rows


def swap_order(facts: Facts, book: Ledger) -> list[Check]:
    """Cables of others that lie across the face of a thing have to be undone before it is pulled."""
    straight = [wires for wires in facts.wires if wires.line.route == "straight" and wires.source.is_inside and wires.target.is_inside]
    rows = []
    for name in facts.placed if straight else ():
        if name not in facts.design.assemblies:
            continue
        most, where = 0, ""
        for place in (one for one in places_of(facts.design) if one.name == name):
            across = 0
            for wires in straight:
                for k in range(len(wires.source.which)):
                    ends = sorted((wires.source.places[int(wires.source.which[k])], wires.target.places[int(wires.target.which[k])]), key=lambda one: one.unit)
                    across += ends[0].last < place.first and place.last < ends[1].first
            if across > most:
                most, where = across, place.label
        ask = Ask(f"swap-{name}", f"Can each {name} be pulled without undoing another's cables?", "1", "cable map", "Lay the cables by the side channel.")
        key = facts.key(f"{name}.cables_across_count")
        book.put(key, most, "1", f"cables of others that lie straight across the face of {where}" if where else "no cable of another lies across its face")
        rows.append(none_found(ask, facts, book, most, key))
    return rows


def leak_detection(facts: Facts, book: Ledger) -> Check | None:
    """Every place with a joint that coolant may leave by is watched."""
    design = facts.design
    if design.coolant is None:
        return None
    ask = Ask("leak-detection", "Does a sensor watch every place with coolant joints?", "1", "rack file", "Watch the places that are named.")
    if design.service.leak_sensors is None:
        return not_checkable(ask, "what leak sensors watch ('service: leak_sensors:')")
    joints = [connection.target for connection in design.connections if connection.target_port == "coolant"]
    joints += ["manifold"] if any(design.catalog.items[name].kind == "manifold" for _, name in design.fixtures if name in design.catalog.items) else []
    joints += ["hoses"]
    held = {design.catalog.items[name].kind if name in design.catalog.items else name for name in design.service.leak_sensors} | set(design.service.leak_sensors)
    blind = [name for name in dict.fromkeys(joints) if name not in held]
    key = facts.key("unwatched_joints_count")
    book.put(key, len(blind), "1", f"places with joints that no sensor watches: {', '.join(blind) or 'none'}")
    told = f": not {', '.join(blind)}" if blind else ""
    return none_found(Ask(ask.id, f"{ask.question[:-1]}{told}?", ask.unit, ask.document, ask.mend), facts, book, len(blind), key)


def drip_path(facts: Facts, book: Ledger) -> Check | None:
    """A drop from a joint falls on nothing that is live."""
    design = facts.design
    if design.coolant is None:
        return None
    ask = Ask("drip-path", "Does a drop from a joint miss what is live?", "1", "rack file", "Lead drops into a tray, away from busbar and shelves.")
    if not design.service.drip:
        return not_checkable(ask, "what a drop from a joint falls on ('service: drip:')")
    live = design.service.drip in ("busbar", "shelf")
    below = (
        [place.label for place in places_of(design) if kind_of(design, place.name) == "power_shelf" and _is_below_joint(facts, place.first)]
        if design.service.drip == "floor"
        else []
    )
    count = int(live) + len(below)
    key = facts.key("live_under_joints_count")
    words = f"drops fall on the {design.service.drip}" + (f", past {', '.join(below)}" if below else "")
    book.put(key, count, "1", words)
    told = f": {words}" if count else ""
    return none_found(Ask(ask.id, f"{ask.question[:-1]}{told}?", ask.unit, ask.document, ask.mend), facts, book, count, key)


def _is_below_joint(facts: Facts, unit: int) -> bool:
    joined = {connection.target for connection in facts.design.connections if connection.target_port == "coolant"}
    return any(place.first > unit for place in places_of(facts.design) if place.name in joined)


def spares(facts: Facts, book: Ledger) -> list[Check]:
    """Spares on site against how often one is asked for while another is on order."""
    service, stops = facts.design.service, facts.reliability
    rows = []
    ask = Ask("spares", "Are there spares enough for the fleet?", "1", "Poisson demand while a spare is on order", "Put more on site, or restock sooner.")
    if not service.spares or stops is None or not stops.spares or service.level_share is None:
        missing = [
            word for word, have in (
                ("racks that share the spares ('service: racks:')", service.racks), ("time to restock ('restock:')", service.restock_s), ("share of times that one is there ('level:')", service.level_share),
                ("spares on site ('spares:')", service.spares or None),
            ) if have is None
        ]  # fmt: skip
        return [not_checkable(ask, *(missing or ["any part with a published rate of failure"]))]
    known = {line.part: line for line in stops.spares}
    for name in service.spares:
        mine = Ask(f"spares-{name}", f"Is a spare {name} there as often as is asked?", ask.unit, ask.document, ask.mend)
        line = known.get(name)
        if line is None or line.level_share is None:
            rows.append(not_checkable(mine, f"rate of failure of {name}"))
            continue
        key = facts.key(f"reliability.{name}.level_share")
        book.put(key, line.level_share, "1", f"Poisson: at most {service.spares[name] - 1} asked for while one is on order", [line.key])
        rows.append(
            at_least(mine, facts, book, line.level_share, book.take(service.level_share), "share of times that one is there; limit: as asked", [key, service.level_share.key])
        )
    return rows


def single_source(facts: Facts, book: Ledger) -> Check | None:
    """Parts that one supplier alone offers hold up the rack when he does."""
    sheet = facts.build
    ask = Ask("single-source", "Is every part offered by two suppliers or more?", "1", "offers", "Qualify a second source of the parts that are named.")
    if sheet is None or sheet.single_source is None:
        return not_checkable(ask, "offers of the parts (--offers, or 'supply:' in a program)")
    names = sheet.single_source
    key = facts.key("single_source_count")
    book.put(key, len(names), "1", f"parts of a single source: {', '.join(names) or 'none'}")
    told = f": {len(names)} are not, {', '.join(names[:4])}{' ...' if len(names) > 4 else ''}" if names else ""
    return none_found(Ask(ask.id, f"{ask.question[:-1]}{told}?", ask.unit, ask.document, ask.mend), facts, book, len(names), key)
