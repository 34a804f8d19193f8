"""Checks of the rack as a body: depth, payload, braces, shelf sets, floor, rolling, tipping, shipping."""

from __future__ import annotations

import numpy as np

from ..draws import Number
from ..figures import Figure
from ..ledger import Ledger
from ..physics import floor_pressure, foot_loads, on_three_feet, plain, tipping_angle
from .mechanics import Body, body_of, thing_depth, thing_mass
from .nouns import Check
from .rule import Ask, Facts, at_least, at_most, largest, not_checkable, on_assumption
from .states import places_of

RAMP_DEG = 10.0  # that a loaded rack is rolled over


def depth(facts: Facts, book: Ledger) -> Check:
    """What stands front and rear of the same units, with what lies behind it and the doors, against the frame."""
    design, standing = facts.design, facts.design.standing
    ask = Ask("depth", "Do the trays fit the depth of the frame?", "m", design.frame.say("document") if design.frame else "", "Use shorter trays or a deeper frame.")
    frame = design.frame.get("depth_m") if design.frame else None
    lacking = [f"depth of {name}" for name in dict.fromkeys(place.name for place in places_of(design)) if thing_depth(design, name) is None]
    lacking += [
        word for word, figure in (("depth behind the trays ('standing: rear:')", standing.rear_m), ("depth of the doors ('standing: door:')", standing.door_m)) if figure is None
    ]
    needed: list[Number] = []
    inputs: list[str] = []
    fronts = [place for place in places_of(design, faces=("front",)) if thing_depth(design, place.name) is not None]
    rears = [place for place in places_of(design, faces=("rear",)) if thing_depth(design, place.name) is not None]
    pairs = [(one, next((other for other in rears if other.first <= one.last and one.first <= other.last), None)) for one in fronts] + [(one, None) for one in rears]
    for one, other in pairs:
        figures = [figure for place in (one, other) if place is not None and (figure := thing_depth(design, place.name))]
        needed.append(plain(sum((np.asarray(book.take(figure)) for figure in figures), np.zeros(()))))
        inputs += [figure.key for figure in figures]
    if frame is None or not needed:
        return not_checkable(ask, *(["depth of the frame"] if frame is None else []), *(lacking if not needed else []))
    beyond = [figure for figure in (standing.rear_m, standing.door_m) if figure is not None]
    value = plain(np.asarray(largest(needed)) + sum((np.asarray(book.take(figure)) for figure in beyond), np.zeros(())))
    key = facts.key("depth_needed_m")
    book.put(key, value, "m", "deepest of what stands front, and rear, in the same units; what lies behind it; doors", list(dict.fromkeys([*inputs, *(f.key for f in beyond)])))
    return at_most(ask, facts, book, value, book.take(frame), "depth needed; limit: depth of the frame", [key, frame.key], lacking=tuple(lacking))


def whole_mass(facts: Facts, book: Ledger) -> tuple[Number | None, str, tuple[str, ...]]:
    """Mass of the rack as it stands, its key, and what it lacks; with the empty frame where that is stated apart."""
    lacking = ("mass of what else is in the rack",) if facts.mass_at_least else ()
    frame = facts.design.standing.frame_kg
    if facts.mass_kg is None:
        return None, "", lacking
    if frame is None or facts.design.mass_kg is not None:
        return facts.mass_kg, facts.key("mass_kg"), lacking
    key = facts.key("standing_kg")
    if key not in book:
        book.put(key, plain(np.asarray(facts.mass_kg) + np.asarray(book.take(frame))), "kg", "what it holds + the empty frame", [facts.key("mass_kg"), frame.key])
    return book.value(key), key, lacking


def payload(facts: Facts, book: Ledger) -> list[Check]:
    """Mass against what the frame carries, and against what it carries without braces."""
    frame, document = facts.design.frame, facts.design.frame.say("document") if facts.design.frame else ""
    lacking = ("mass of what else is in the rack",) if facts.mass_at_least else ()
    rows = []
    for name, question, word, mend in (
        ("payload", "Does the frame carry the mass?", "payload_kg", "Take mass out, or use a stronger frame."), ("brace", "Does the frame carry the mass without cross braces, or are they fitted?", "cross_brace_above_kg", "Fit cross braces."),
    ):  # fmt: skip
        limit = frame.get(word) if frame else None
        ask = Ask(name, question, "kg", document, mend)
        if name == "brace" and (limit is None or facts.design.standing.braced):
            continue
        if facts.mass_kg is None or limit is None:
            rows.append(not_checkable(ask, *(["mass of the rack"] if facts.mass_kg is None else []), *(["payload of the frame"] if limit is None else [])))
            continue
        row = at_most(
            ask,
            facts,
            book,
            facts.mass_kg,
            book.take(limit),
            f"mass; limit: {'payload of the frame' if name == 'payload' else 'what needs braces'}",
            [facts.key("mass_kg"), limit.key],
            lacking=lacking,
        )
        rows.append(on_assumption(row, "no braces: say 'standing: braced:'") if name == "brace" and facts.design.standing.braced is None else row)
    return rows


def shelf_set(facts: Facts, book: Ledger) -> Check | None:
    """The heaviest thing on one set of shelves against what a set carries."""
    frame = facts.design.frame
    limit = frame.get("shelf_set_kg") if frame else None
    if frame is None or limit is None:
        return None
    ask = Ask("shelf-set", "Does a set of shelves carry the heaviest thing?", "kg", frame.say("document"), "Spread it over two sets, or make it lighter.")
    known: dict[str, tuple[Number, list[str]]] = {}
    lacking = []
    for name in facts.placed:
        figures, whole = thing_mass(facts.design, name)
        if figures:
            known[name] = plain(sum((count * np.asarray(book.take(figure)) for count, figure in figures), np.zeros(()))), [figure.key for _, figure in figures]
        if not whole:
            lacking.append(f"mass of {name}")
    if not known:
        return not_checkable(ask, *lacking)
    key = facts.key("heaviest_kg")
    book.put(key, largest([value for value, _ in known.values()]), "kg", "heaviest thing in a slot", list(dict.fromkeys(one for _, keys in known.values() for one in keys)))
    return at_most(ask, facts, book, book.value(key), book.take(limit), "heaviest thing; limit: what a set of shelves carries", [key, limit.key], lacking=tuple(lacking))


def _feet(facts: Facts, book: Ledger) -> tuple[Number, Number, list[str], tuple[str, ...]] | None:
    """Distance between the feet, across and along; the frame's outside where they are not known, which is the best case."""
    standing, frame = facts.design.standing, facts.design.frame
    wide, deep = standing.feet_width_m or (frame.get("width_m") if frame else None), standing.feet_depth_m or (frame.get("depth_m") if frame else None)
    if wide is None or deep is None:
        return None
    lacking = () if standing.feet_width_m and standing.feet_depth_m else ("distance of the feet ('standing: feet_width:', 'feet_depth:')",)
    return book.take(wide), book.take(deep), [wide.key, deep.key], lacking


def floor_spread(facts: Facts, book: Ledger) -> Check:
    """Mean pressure on the floor under the rack."""
    ask = Ask("floor-spread", "Does the floor bear the rack, spread over its footprint?", "Pa", "site", "Spread the load over more floor.")
    limit, frame = facts.design.standing.floor_pa, facts.design.frame
    wide, deep = (frame.get(name) if frame else None for name in ("width_m", "depth_m"))
    mass, mass_key, lacking = whole_mass(facts, book)
    missing = [
        word
        for word, have in (("mass of the rack", mass), ("width and depth of the frame", wide and deep), ("pressure that the floor bears ('standing: floor:')", limit))
        if have is None
    ]
    if mass is None or wide is None or deep is None:
        return not_checkable(ask, *missing)
    key = facts.key("floor_pa")
    value = floor_pressure(mass, book.take(wide), book.take(deep))
    book.put(key, value, "Pa", "mass x g over width x depth of the frame", [mass_key, wide.key, deep.key])
    if limit is None:
        return not_checkable(ask, *missing)
    return at_most(ask, facts, book, value, book.take(limit), "pressure; limit: what the floor bears", [key, limit.key], lacking=lacking)


def feet(facts: Facts, book: Ledger) -> list[Check]:
    """The heaviest foot at rest, and the heaviest caster while another hangs free on its way."""
    standing, body, base = facts.design.standing, body_of(facts.design, book), _feet(facts, book)
    mass, mass_key, lacking = whole_mass(facts, book)
    rows = []
    asks = (
        (Ask("floor-foot", "Does the floor bear the heaviest foot?", "kg", "site", "Put plates under the feet."), standing.foot_kg, "mass under one foot that the floor bears ('standing: foot:')"),
        (Ask("rolling", "Does the route bear the heaviest caster, one of the others hanging free?", "kg", "site", "Lay plates on the route, or move it in parts."), standing.rolling_kg, "mass under one caster that the route bears ('standing: rolling:')"),
    )  # fmt: skip
    centred = body is None or bool(body.lacking)
    for ask, limit, word in asks:
        missing = [*([] if limit else [word]), *(["mass of the rack"] if mass is None else []), *(["distance of the feet"] if base is None else [])]
        if missing or mass is None or base is None or limit is None:
            rows.append(not_checkable(ask, *missing))
            continue
        centre = np.zeros(3) if centred or body is None else body.centre_m
        value = plain(np.max(foot_loads(mass, centre, base[0], base[1]), axis=-1)) if ask.id == "floor-foot" else on_three_feet(mass, centre, base[0], base[1])
        key = facts.key(f"{ask.id.replace('-', '_')}_kg")
        how = "centre of gravity over the middle" if centred else "by its centre of gravity"
        words = f"heaviest of four feet, {how}" if ask.id == "floor-foot" else f"heaviest foot while one hangs free, {how}"
        book.put(key, value, "kg", words, [mass_key, *base[2], *(body.keys if body is not None and not centred else ())])
        short = (*lacking, *base[3], *(("where the mass sits",) if centred else ()))
        rows.append(at_most(ask, facts, book, value, book.take(limit), f"{words}; limit: {'floor' if ask.id == 'floor-foot' else 'route'}", [key, limit.key], lacking=short))
    return rows


def tipping(facts: Facts, book: Ledger) -> list[Check]:
    """The tilt at which the rack tips against the ramp on its way, and against what it is held to in transit."""
    standing, frame = facts.design.standing, facts.design.frame
    ramp = standing.ramp_deg or (frame.get("ramp_deg") if frame else None)
    document = frame.say("document") if frame else ""
    body, base = body_of(facts.design, book), _feet(facts, book)
    asks: list[tuple[Ask, Figure | None]] = [
        (Ask("tipping", "Does it stand on the ramp that it is rolled over?", "deg", document, "Put heavy things lower, widen the base, or fit outriggers."), ramp),
    ]
    if standing.ship_tilt_deg is not None:
        asks.append(
            (Ask("shipping-tilt", "Does it stand at the tilt that it meets in transit?", "deg", "carrier", "Lash it, or ship it on a wider pallet."), standing.ship_tilt_deg)
        )
    rows = []
    for ask, limit in asks:
        if body is None or body.lacking or base is None:  # what is not known may lower the centre of gravity as well as raise it
            missing = ["mass of anything in the rack"] if body is None else list(body.lacking)
            rows.append(not_checkable(ask, *missing, *(["distance of the feet"] if base is None else [])))
            continue
        angle = plain(np.degrees(np.asarray(tipping_angle(body.centre_m, base[0], base[1]))))
        key = facts.key("tipping_deg")
        if key not in book:
            book.put(facts.key("centre_height_m"), plain(body.centre_m[..., 2]), "m", "sum of mass x height over mass, of what is known", body.keys)
            book.put(key, angle, "deg", "atan(distance from the centre of gravity to the nearest edge of the feet / its height)", [*body.keys, *base[2]])
        lacking = base[3]
        wanted = book.take(limit) if limit is not None else RAMP_DEG
        row = at_least(
            ask,
            facts,
            book,
            angle,
            wanted,
            "tilt at which it tips; limit: ramp" if ask.id == "tipping" else "tilt at which it tips; limit: in transit",
            [key, *([limit.key] if limit else [])],
            lacking=lacking,
        )
        rows.append(on_assumption(row, *body.assumed) if row.verdict == "pass" and _turns_on(body, row) else row)
    return rows


def _turns_on(body: Body, row: Check) -> bool:
    """Whether a verdict would change with our own assumption of where unit 1 begins: only near its limit."""
    return bool(body.assumed) and row.margin is not None and float(np.asarray(row.margin).reshape(-1)[0]) < 0.1


def shipping(facts: Facts, book: Ledger) -> Check:
    """The packed rack against what carrier and dock take."""
    standing = facts.design.standing
    ask = Ask("shipping-mass", "Do carrier and dock take the packed rack?", "kg", "carrier", "Ship it in parts, or drained.")
    mass, mass_key, lacking = whole_mass(facts, book)
    if standing.ship_max_kg is None or mass is None:
        return not_checkable(
            ask, *(["mass that carrier and dock take ('standing: ship_max:')"] if standing.ship_max_kg is None else []), *(["mass of the rack"] if mass is None else [])
        )
    pack = standing.pack_kg
    key = facts.key("packed_kg")
    book.put(
        key,
        plain(np.asarray(mass) + np.asarray(book.take(pack) if pack else 0.0)),
        "kg",
        "rack + crate and pallet" if pack else "rack alone",
        [mass_key, *([pack.key] if pack else [])],
    )
    short = (*lacking, *(() if pack else ("mass of crate and pallet ('standing: pack:')",)))
    return at_most(
        ask, facts, book, book.value(key), book.take(standing.ship_max_kg), "packed rack; limit: what carrier and dock take", [key, standing.ship_max_kg.key], lacking=short
    )
