"""Checks of the distribution unit and the loop as a vessel: heat, head, pumps lost, pressures, suction, coolant, time after a loss of flow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..catalog import coolant_table
from ..draws import Number, central
from ..errors import OutOfRange
from ..figures import Figure
from ..ledger import Ledger
from ..physics import (
    FAIL,
    CduRating,
    capacity_within,
    coolant_at,
    judge_metals,
    least_suction_pressure,
    plain,
    stored_seconds,
)  # fmt: skip
from .loop import head_of, rated_flow
from .nouns import Check
from .rule import Ask, Facts, at_least, at_most, not_checkable, on_assumption, smallest, when, where_known, without_network
from .states import NORMAL, cdu_of, pumps_of, racks_on

HEAD_MARGIN = 0.1  # of the unit's head that a loop leaves unused
ATMOSPHERE_PA = 101_325.0
LEAST_BURST = 3.0  # times the largest working pressure
LEAST_HEAT_W = 1e-3  # a rack that draws nothing warms its coolant for ever
FLOOR_GAUGE_PA = 20e3  # practice: no air is drawn in while the suction stays this far above the hall


def unit_heat(facts: Facts, book: Ledger) -> list[Check]:
    """Heat of all racks of the unit against what it takes at this site's approach, all well and with a pump lost."""
    unit = cdu_of(facts.design)
    if unit is None or facts.design.coolant is None:
        return []
    ask = Ask(
        "cdu-heat", "Does the coolant distribution unit take the heat of its racks at this approach?", "W", unit.say("document") or unit.title,
        "Use a larger unit or fewer racks on it; ratings at approaches of 3, 4 and 5 K are not comparable.",
    )  # fmt: skip
    rating = unit.get("heat_w")
    if rating is None:
        return [not_checkable(ask, "heat rating of the unit")]
    racks = racks_on(facts.design)
    key = facts.key("cdu_heat_w")
    book.put(key, facts.liquid_w * racks, "W", f"heat to the coolant of {racks} racks like this one", [facts.key("heat_liquid_w")])
    capacity, inputs, words = _capacity(facts, book, facts.flow_m3_per_s, lost=False)
    rows = [at_most(ask, facts, book, facts.liquid_w * racks, capacity, f"heat; limit: {words}", [key, *inputs], lacking=facts.lacking)]
    for state in facts.states(electric=False) if facts.loop else []:
        if facts.loop is None or not facts.loop.states[state].pumps_lost or state == facts.state:
            continue
        given = facts.loop.given_m3_s[facts.loop.at(state)]
        less, more, told = _capacity(facts, book, plain(given), lost=True)
        mine = replace(ask, id=f"cdu-heat-{state}", question=f"Does it still take the heat at the same approach{when(facts, state)}?")
        rows.append(
            at_most(
                mine,
                facts,
                book,
                facts.liquid_w * racks,
                less,
                f"heat; limit: {told}, with what flow is left",
                [key, *more, *facts.loop.keys],
                lacking=facts.lacking,
            )
        )
    return rows


def _capacity(facts: Facts, book: Ledger, flow: Number | None, *, lost: bool) -> tuple[Number, list[str], str]:
    """What the unit takes [W]: its rating where neither approach nor flow is another one, else by its exchanger and by what the flow carries."""
    unit, loop = cdu_of(facts.design), facts.design.coolant
    assert unit is not None
    assert loop is not None
    rating, rated_approach, facility = unit.figure("heat_w"), unit.get("approach_k"), loop.facility_temperature_k
    whole, flow_keys = rated_flow(facts.design, book, facts.liquid.density_kg_per_m3 if facts.liquid else 1000.0)
    rated = (book.take(rating), [rating.key], "rating of the unit")
    if rated_approach is None or whole is None or facts.liquid is None or facts.supply_k is None or flow is None or (facility is None and not lost):
        return rated
    supply = loop.supply_temperature_k
    asked = book.take(rated_approach) if facility is None or supply is None else np.asarray(facts.supply_k) - book.take(facility)
    nothing = np.asarray(asked) <= 0.0
    if np.all(nothing):
        return (0.0 if not np.ndim(asked) else np.zeros(np.shape(asked))), [rating.key], "nothing: the facility's water is no colder than the supply"
    hot_share, exponent = (facts.design.catalog.figure("rack-assumptions", name) for name in ("exchanger_hot_share", "exchanger_exponent_ratio"))
    hot = whole * racks_on(facts.design) * facts.liquid.density_kg_per_m3 * facts.liquid.cp_j_per_kg_k
    share = book.take(hot_share)
    exchanger = CduRating(book.take(rating), book.take(rated_approach), hot, hot, share, share, book.take(exponent))
    top = loop.return_max_temperature_k or facts.design.catalog.item("pg25-limits").figure("max_temperature_k")
    room = np.maximum(np.asarray(book.take(top)) - facts.supply_k, 1e-3)
    keys = [rating.key, rated_approach.key, top.key, *flow_keys, hot_share.key, exponent.key, *([facility.key, supply.key] if facility and supply else [])]
    try:
        found = plain(np.where(nothing, 0.0, capacity_within(exchanger, np.where(nothing, 1.0, asked), room, np.maximum(np.asarray(flow) / whole, 1e-6))))
    except OutOfRange:
        return rated[0], keys, "rating of the unit: its rating needs more than equal flows on both sides"
    return found, keys, f"capacity at an approach of {central(asked):.1f} K, the facility's flow taken as the racks'"


def unit_flow(facts: Facts, book: Ledger) -> Check | None:
    """The flow of the racks against the unit's."""
    unit = cdu_of(facts.design)
    if unit is None or facts.flow_m3_per_s is None or facts.liquid is None:
        return None
    ask = Ask("cdu-flow", "Does the unit give the flow of its racks?", "m3/s", unit.say("document") or unit.title, "Use a larger unit or fewer racks on it.")
    rated, keys = rated_flow(facts.design, book, facts.liquid.density_kg_per_m3)
    if rated is None:
        return not_checkable(ask, "rated flow of the unit")
    return at_most(
        ask, facts, book, facts.flow_m3_per_s, rated, "flow of the rack; limit: its part of the unit's", [facts.key("coolant_flow_m3_per_s"), *keys], lacking=facts.lacking
    )


def unit_head(facts: Facts, book: Ledger) -> Check | None:
    """Drop of the loop at its flow against the head that the pumps give there, with a margin on the curve."""
    ask = Ask(
        "cdu-head",
        f"Do the pumps keep {HEAD_MARGIN:.0%} of their head at the flow that the rack needs?",
        "Pa",
        "pump curve through the rated point",
        "Use wider hoses and couplings, or a unit with more head.",
    )
    if facts.loop is None:
        return without_network(facts, ask)
    key = facts.key("loop_drop_pa")
    drop = plain(facts.loop.needed_pa)
    book.put(
        key,
        drop,
        "Pa",
        "drop of hoses, manifolds, couplings and trays at the rack's flow, network solved",
        facts.loop.keys,
        note=f"assumed: {', '.join(facts.loop.assumed)}" if facts.loop.assumed else "",
    )
    if facts.loop.head_pa is None:
        return replace(not_checkable(ask, "unit that drives the loop ('coolant: cdu:') with its head, or the head at the rack ('head:')"), value=drop, key=key)
    limit = (1.0 - HEAD_MARGIN) * np.asarray(facts.loop.head_pa)
    if np.any(limit <= 0.0):
        limit = np.where(limit > 0.0, limit, np.nan)
    row = at_most(ask, facts, book, drop, plain(limit), "drop of the loop; limit: head at that flow less its margin", [key], lacking=facts.lacking)
    return on_assumption(row, *(word for word in ("drop of the trays",) if word in facts.loop.assumed))


def pressures(facts: Facts, book: Ledger) -> list[Check]:
    """The loop as a vessel: the head alone, the working pressure and that with all valves closed against the weakest part, and its burst pressure."""
    loop = facts.design.coolant
    if loop is None or not (loop.fluid or facts.loop):
        return []
    ratings = pressure_ratings(facts)
    weakest = min(ratings, key=lambda pair: pair[1].value) if ratings else None
    head = head_of(facts.design)
    document = "; ".join(
        dict.fromkeys(
            facts.design.catalog.items[name].say("document") for name, _ in ratings if name in facts.design.catalog.items and facts.design.catalog.items[name].say("document")
        )
    )
    mend = "Limit the unit's head by a relief valve or speed, or use parts for more pressure."
    rows = []
    asks = (("pressure-head", "Does the head of the pumps alone stay below what the weakest part stands?"), ("pressure-working", "Does the working pressure stay below it?"),
            ("pressure-shut-off", "Does the pressure with every valve closed stay below it?"))  # fmt: skip
    values = (
        (book.take(head), [head.key], "head of the unit; the pressure at its suction comes on top") if head else None,
        (facts.loop.supply_pa, list(facts.loop.keys), "gauge pressure at the foot of the supply manifold, network solved") if facts.loop else None,
        (facts.loop.shut_pa, list(facts.loop.keys), "suction + shut-off head: what every part sees with all valves closed")
        if facts.loop and facts.loop.shut_pa is not None
        else None,
    )
    missing = (
        "head of the unit that drives the loop ('coolant: cdu:' or 'head:')",
        "a network: couplings and the power of the trays",
        "pump curve of the unit: its rated head and flow",
    )
    for (name, question), found, lack in zip(asks, values, missing, strict=True):
        ask = Ask(name, question, "Pa", document, mend)
        if found is None or weakest is None:
            rows.append(not_checkable(ask, *([lack] if found is None else []), *(["pressure rating of any part of the loop"] if weakest is None else [])))
            continue
        value, inputs, words = found
        value = plain(value)
        key = facts.key(f"{name.replace('-', '_')}_pa")
        book.put(key, value, "Pa", words, inputs)
        row = at_most(ask, facts, book, value, smallest([book.take(figure) for _, figure in ratings]), f"{words}; limit: {weakest[0]}", [key, weakest[1].key])
        rows.append(on_assumption(row, *(["pressure at the suction ('coolant: static:')"] if name != "pressure-head" and loop.static_pa is None else [])))
    return [*rows, *_burst(facts, book, ratings)]


def pressure_ratings(facts: Facts) -> list[tuple[str, Figure]]:
    """What each part of the loop stands, gauge: fixtures, couplings, and the rack itself where its maker says."""
    catalog = facts.design.catalog
    names = [name for _, name in facts.design.fixtures] + [connection.via for connection in facts.design.connections if connection.via]
    found = [(name, figure) for name in dict.fromkeys(names) if name in catalog.items and (figure := catalog.items[name].get("max_pressure_pa"))]
    if any(name.startswith("uqd") for name in names):
        found.append(("uqd-limits", catalog.figure("uqd-limits", "max_pressure_pa")))
    own = facts.design.coolant.pressure_max_pa if facts.design.coolant else None
    return [*found, *([("the rack as its maker says", own)] if own else [])]


def _burst(facts: Facts, book: Ledger, ratings: list[tuple[str, Figure]]) -> list[Check]:
    ask = Ask(
        "burst",
        f"Does each part burst only above {LEAST_BURST:g} times what it may work at?",
        "Pa",
        "OCP rack manifold requirements and qualification v3",
        "Use parts with a higher burst pressure.",
    )
    catalog = facts.design.catalog
    pairs = [
        (name, rating, figure)
        for name, rating in ratings
        if name in catalog.items and (figure := catalog.items[name].get("burst_pressure_pa") or catalog.items[name].get("hydrostatic_pressure_pa"))
    ]
    if not pairs:
        return [not_checkable(ask, "burst pressure of the parts")]
    name, rating, burst = min(pairs, key=lambda pair: pair[2].value / pair[1].value)
    for figure in (rating, burst):
        book.take(figure)
    return [
        at_least(
            ask,
            facts,
            book,
            burst.value,
            LEAST_BURST * rating.value,
            f"burst pressure of {name}, both as rated; limit: {LEAST_BURST:g} x its working pressure",
            [burst.key, rating.key],
        )
    ]


def suction(facts: Facts, book: Ledger) -> Check | None:
    """The pressure before the pumps against what keeps them from boiling the coolant, and air out."""
    if facts.design.coolant is None:
        return None
    required = facts.design.catalog.figure("rack-assumptions", "pump_suction_required_m")
    hot = facts.return_k
    share = glycol_share(facts, book)
    ask = Ask(
        "suction-pressure",
        "Is the pressure before the pumps high enough that nothing boils and no air comes in?",
        "Pa",
        "net positive suction head (definition)",
        "Fill the loop to a higher pressure.",
    )
    if facts.loop is None:
        return without_network(facts, ask)
    if share is None or hot is None or not np.all(np.isfinite(np.asarray(hot))):
        return not_checkable(ask, "share of glycol ('coolant: glycol_share:')" if share is None else "return temperature: nothing flows")
    known = coolant_table("coolant-pg")
    lies = np.asarray((known.glycol_share[0] <= np.asarray(share)) & (np.asarray(share) <= known.glycol_share[-1]))
    beyond = f"vapour pressure of a coolant with {central(share):.0%} glycol"
    if not lies.any():
        return not_checkable(ask, beyond)
    share = plain(np.clip(share, known.glycol_share[0], known.glycol_share[-1]))
    coolant = coolant_at(known, np.minimum(np.asarray(hot, dtype=float), known.temperature_k[-1]), share)  # beyond it the return itself fails its check
    least = np.asarray(least_suction_pressure(book.take(required), coolant.vapour_pressure_pa, coolant.density_kg_per_m3)) - ATMOSPHERE_PA
    limit = np.maximum(least, FLOOR_GAUGE_PA)
    key = facts.key("suction_least_pa")
    book.put(
        key,
        plain(limit),
        "Pa",
        "vapour pressure at the return + rho g x required head, less the atmosphere; at least 20 kPa gauge",
        [required.key, facts.key("coolant_return_temperature_k")],
    )
    pressure = facts.loop.suction_pa
    static = facts.design.coolant.static_pa or facts.design.catalog.figure("rack-assumptions", "static_pressure_pa")
    row = at_least(ask, facts, book, pressure, plain(limit), "gauge pressure at the suction; limit: least", [static.key, key])
    return where_known(on_assumption(row, *(["pressure at the suction ('coolant: static:')"] if facts.design.coolant.static_pa is None else [])), lies, beyond)


def glycol_share(facts: Facts, book: Ledger) -> Number | None:
    """Glycol by volume: stated, or by the name of the fluid; None for a fluid without a table."""
    loop = facts.design.coolant
    if loop is None:
        return None
    if loop.glycol_share is not None:
        return book.take(loop.glycol_share)
    return {"pg25": 0.25, "pg25-airedale": 0.25}.get(loop.fluid)


def chemistry(facts: Facts, book: Ledger) -> list[Check]:
    """Glycol, pH, filter and wetted metals against the guideline of the coolant."""
    loop = facts.design.coolant
    if loop is None or not loop.fluid:
        return []
    limits = facts.design.catalog.item("pg25-limits" if "pg25" in loop.fluid else "treated-water-limits")
    document = limits.say("document") or limits.title
    rows: list[Check] = []
    for name, own, figure, what in (
        ("glycol-share", loop.glycol_share, limits.get("glycol_share"), "share of glycol ('coolant: glycol_share:')"),
        ("coolant-ph", loop.ph_level, limits.get("ph_level"), "pH of the coolant ('coolant: ph:')"),
    ):
        question = "Is there as much glycol as keeps microbes down, and no more?" if name == "glycol-share" else "Is the pH within what metals and inhibitors stand?"
        ask = Ask(name, question, "1", document, "Correct the coolant.")
        if own is None or figure is None or figure.low is None or figure.high is None:
            rows.append(not_checkable(ask, what))
            continue
        book.take(figure)
        value, middle, half = book.take(own), (figure.low + figure.high) / 2.0, (figure.high - figure.low) / 2.0
        away = np.abs(np.asarray(value) - middle)
        key = facts.key(f"{name.replace('-', '_')}_distance_ratio")
        book.put(key, plain(away), "1", f"distance from the middle of {figure.low:g} to {figure.high:g}", [own.key, figure.key])
        rows.append(at_most(ask, facts, book, plain(away), half, "distance from the middle of the band; limit: half of the band", [key]))
    return [*rows, _filter(facts, book), _metals(facts, document)]


def _filter(facts: Facts, book: Ledger) -> Check:
    loop = facts.design.coolant
    assert loop is not None
    limit = loop.filter_max_m or facts.design.catalog.figure("filtration", "secondary_max_m")
    ask = Ask("filter", "Does the filter keep back what would block a cold plate?", "m", "OCP L-L CDU (secondary filter); the rack's maker where it says", "Use a finer filter.")
    unit = cdu_of(facts.design)
    own = loop.filter_m or (unit.get("filter_m") if unit else None)
    if own is None:
        return not_checkable(ask, "filter of the loop ('coolant: filter:')")
    return at_most(ask, facts, book, book.take(own), book.take(limit), "filter; limit: coarsest", [own.key, limit.key])


def _metals(facts: Facts, document: str) -> Check:
    loop = facts.design.coolant
    assert loop is not None
    permitted = facts.design.catalog.item("manifold-eia").say("materials").replace(" or ", ", ").split(", ")
    ask = Ask(
        "wetted-metals",
        "May everything that the coolant wets be wetted by it?",
        "1",
        facts.design.catalog.item("manifold-eia").say("document") or document,
        "Replace what is not on the list.",
    )
    if not loop.wetted:
        return not_checkable(ask, "materials that the coolant touches ('coolant: wetted:')")
    verdict, strange = judge_metals(loop.wetted, permitted)
    if verdict == FAIL:
        question = f"{ask.question[:-1]}: not {', '.join(strange)}?"
        return Check(ask.id, question, float(len(strange)), 0.0, "1", -1.0, "fail", (), ask.document, mend=ask.mend)
    return Check(ask.id, ask.question, 0.0, 0.0, "1", 0.0, "pass", (), ask.document)


def ride_time(facts: Facts, book: Ledger) -> Check | None:
    """How long the coolant in the rack takes up the heat when no pump runs, against the failover that units are qualified for."""
    loop = facts.design.coolant
    if loop is None or facts.supply_k is None:
        return None
    limit = facts.design.catalog.figure("cdu-nvidia-selfqual", "pump_failover_max_s")
    ask = Ask(
        "ride-through",
        "Does the coolant in the rack take up the heat until another pump runs?",
        "s",
        "NVIDIA DA-12515-001 (failover of pumps)",
        "Hold more coolant in the rack, or shed load when the flow is lost.",
    )
    top = loop.return_max_temperature_k or facts.design.catalog.item("pg25-limits").get("max_temperature_k")
    if loop.volume_m3 is None or facts.return_k is None or facts.liquid is None or top is None:
        return not_checkable(ask, "coolant in the rack ('coolant: volume:')" if loop.volume_m3 is None else "flow at this supply temperature")
    # all of it stands between supply and return on the mean; it may warm up until the hottest part, at the return, is at the limit
    room = np.maximum(np.asarray(book.take(top)) - facts.return_k, 0.0)
    seconds = stored_seconds(
        book.take(loop.volume_m3), facts.liquid.density_kg_per_m3 * facts.liquid.cp_j_per_kg_k, np.maximum(room, 1e-9), np.maximum(facts.liquid_w, LEAST_HEAT_W)
    )
    key = facts.key("ride_through_s")
    inputs = [loop.volume_m3.key, facts.key("heat_liquid_w"), facts.key("coolant_return_temperature_k"), top.key]
    book.put(key, seconds, "s", "rho V cp (limit - return) / heat: standing coolant, all of it warmed alike", inputs)
    return at_least(ask, facts, book, seconds, book.take(limit), "time until the limit; limit: failover", [key, limit.key], lacking=facts.lacking)


def has_spare_pump(facts: Facts, book: Ledger) -> Check | None:
    """A loop that one pump drives stops with it."""
    pumps = pumps_of(facts.design)
    ask = Ask("pump-spare", "Does the loop keep its flow with one pump lost?", "m3/s", "OCP L-L CDU test methodology (N+1 pumps)", "Add a pump beside those that carry the loop.")
    if facts.loop is None:
        return without_network(facts, ask)
    if pumps is None:
        return not_checkable(ask, "pumps of the unit ('coolant: pumps: 1+1')")
    given = facts.loop.given_m3_s[facts.loop.at("pump-loss")]
    key = facts.key("pump_loss_flow_m3_per_s")
    value = plain(given)
    book.put(key, value, "m3/s", f"flow with {sum(pumps) - 1} of {sum(pumps)} pumps, curve against the loop", facts.loop.keys)
    needed = facts.loop.given_m3_s[facts.loop.at(NORMAL)]
    return at_least(ask, facts, book, value, plain(needed), "flow with a pump lost; limit: flow needed", [key])
