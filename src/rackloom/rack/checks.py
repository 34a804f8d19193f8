"""Checks as rows: value, limit, margin, verdict, document, mend. Each is a function of the facts of a rack; arrays pass through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ..catalog import table
from ..draws import Number, central
from ..figures import Figure
from ..ledger import Ledger
from ..physics import interpolate_table, neighbours, three_phase_current
from . import power
from .bill import parts_in, pieces, placed
from .nouns import Check, Checks, Design
from .rule import Ask, Facts, at_most, margin_of, not_checkable

CONTINUOUS = 0.8  # share of a breaker that a continuous load may take


def run_checks(facts: Facts, book: Ledger) -> Checks:
    """All checks, worst first: failures by margin, then what cannot be checked, then passes by margin."""
    rows = [check for rule in RULES if (check := rule(facts, book)) is not None]
    order = {"fail": 0, "not checkable": 1, "pass": 2}
    rows.sort(key=lambda check: (order[check.verdict], margin_of(check), check.id))
    return Checks(tuple(rows), book)


def _load_firm(facts: Facts, book: Ledger) -> Check | None:
    ask = Ask(
        "load-firm",
        f"Do the shelves carry the load after the planned loss ({facts.design.power.redundancy})?",
        "W",
        "redundancy as stated in the rack file",
        "Add shelves, or state the redundancy that is meant.",
    )
    if facts.firm_w is None:
        return None
    inputs = [facts.key("power_load_w"), facts.key("power_firm_w")]
    return at_most(ask, facts, book, facts.load_w, facts.firm_w, "load of the rack; limit: supply after the planned loss", inputs, lacking=facts.lacking)


def _load_module_lost(facts: Facts, book: Ledger) -> Check | None:
    shelves = {name: count for name, count in placed(facts.design).items() if power.is_shelf(facts.design, name)}
    if not shelves:
        return None
    ask = Ask("module-lost", "Do the shelves carry the load with one module of each lost?", "W", "power shelf specification (firm output)", "Add a shelf.")
    figures = [facts.design.catalog.item(name).get("firm_output_w") for name in shelves]
    if any(figure is None for figure in figures):
        return not_checkable(ask, "firm output of the shelf with a module lost")
    limit: Number = sum(count * book.take(figure) for count, figure in zip(shelves.values(), figures, strict=True) if figure)
    inputs = [facts.key("power_load_w"), *(f.key for f in figures if f)]
    return at_most(ask, facts, book, facts.load_w, limit, "load; limit: shelves x firm output", inputs, lacking=facts.lacking)


def _peak(facts: Facts, book: Ledger) -> Check | None:
    if facts.installed_w is None:
        return None
    ask = Ask(
        "peak-pulse",
        "Do the shelves that carry the load ride through its short peaks?",
        "W",
        "power shelf specification (pulse load)",
        "Add shelves or storage, or smooth the load.",
    )
    items = [facts.design.catalog.item(name) for name in placed(facts.design) if power.is_shelf(facts.design, name)]
    ratios = [item.get("pulse_ratio") for item in items]
    if not ratios or any(ratio is None for ratio in ratios) or facts.firm_w is None:
        return not_checkable(ask, "pulse rating of the shelf")
    lowest = min((ratio for ratio in ratios if ratio), key=lambda ratio: ratio.value)
    limit = facts.firm_w * book.take(lowest)
    inputs = [facts.key("power_peak_w"), facts.key("power_firm_w"), lowest.key]
    return at_most(ask, facts, book, facts.peak_w, limit, "peak; limit: firm supply x pulse rating", inputs, lacking=facts.lacking)


def _connector(facts: Facts, book: Ledger) -> Check | None:
    """A shelf at its full output against what its output connector carries."""
    bus = facts.design.power.bus_v
    items = [facts.design.catalog.item(name) for name in placed(facts.design) if power.is_shelf(facts.design, name)]
    if bus is None or not items:
        return None
    document = "; ".join(dict.fromkeys(item.say("document") for item in items if item.say("document"))) or "power shelf specification"
    ask = Ask(
        "shelf-connector",
        "Does the output connector of a shelf carry its full output?",
        "A",
        document,
        "Raise the bus voltage, move air over the connector, or use a shelf with a stronger one.",
    )
    worst: Check | None = None
    for item in items:
        rating, output = next((figure for name in ("connector_a", "clip_a") if (figure := item.get(name))), None), item.figure("output_w")
        if rating is None:
            return not_checkable(ask, f"rating of the output connector of {item.name}")
        current = book.take(output) / book.take(bus)
        key = facts.key(f"{item.name}.full_output_a")
        book.put(key, current, "A", "full output over the voltage of the bus", [output.key, bus.key])
        check = at_most(
            replace(ask, id=f"shelf-connector-{item.name}"), facts, book, current, book.take(rating), "current of the shelf; limit: rating of its connector", [key, rating.key]
        )
        worst = check if worst is None or margin_of(check) < margin_of(worst) else worst
    return worst


def _paralleling(facts: Facts, book: Ledger) -> Check | None:
    """What shelves in parallel are counted for, where the frame says how much that may be."""
    frame = facts.design.frame
    allowed, most = (frame.get("three_sets_w"), frame.get("shelf_sets_count")) if frame else (None, None)
    if facts.installed_w is None or allowed is None or most is None or frame is None:
        return None
    shelves = sum(count for name, count in placed(facts.design).items() if power.is_shelf(facts.design, name))
    ask = Ask(
        "shelf-paralleling",
        "Are shelves in parallel counted for no more than they may give together?",
        "W",
        frame.say("document"),
        "Count them for what they may give together, or use larger shelves.",
    )
    limit = book.take(allowed) * (1.0 if shelves <= most.value else most.value / shelves)
    words = f"installed output of {shelves} shelves; limit: what {most.value:g} sets may give" + (
        f", x {most.value:g}/{shelves}: more sets than allowed" if shelves > most.value else ""
    )
    return at_most(ask, facts, book, facts.installed_w, limit, words, [facts.key("power_supply_w"), allowed.key])


def _tray_connector(facts: Facts, book: Ledger) -> Check | None:
    """The current of the hungriest tray against the connector of the frame."""
    bus, frame = facts.design.power.bus_v, facts.design.frame
    rating = frame.get("it_connector_a") if frame else None
    keys = {name: facts.key(f"{name}.power_w") for name in placed(facts.design) if facts.key(f"{name}.power_w") in book}
    if bus is None or frame is None or rating is None or not keys:
        return None
    ask = Ask("tray-connector", "Does the connector of a tray carry its current?", "A", frame.say("document"), "Fit a second connector, or raise the bus voltage.")
    name = max(keys, key=lambda one: central(book.value(keys[one])))
    key = facts.key(f"{name}.current_a")
    current = book.value(keys[name]) / book.take(bus)
    book.put(key, current, "A", "power of the hungriest tray over the voltage of the bus, one connector a tray", [keys[name], bus.key])
    return at_most(ask, facts, book, current, book.take(rating), f"current of one {name}; limit: rating of the connector", [key, rating.key], lacking=facts.lacking)


def _busbar(facts: Facts, book: Ledger) -> Check | None:
    frame = facts.design.frame
    ask = Ask(
        "busbar-segment",
        "Does every segment of the busbar stay within its rating?",
        "A",
        frame.say("document") if frame else "",
        "Spread the shelves along the busbar, raise its voltage, or use a stronger one.",
    )
    current, how, inputs = power.segment_current(facts.design, facts.prefix, book, facts.load_w)
    if current is None or facts.design.power.bus_v is None:
        return None
    rating = frame.get("busbar_a") if frame else None
    bus, key, total = facts.design.power.bus_v, facts.key("busbar_segment_a"), facts.key("busbar_total_a")
    book.put(key, current, "A", how, [*inputs, bus.key])
    book.put(total, facts.load_w / book.take(bus), "A", "load over the voltage of the bus: what one end would carry if it fed the whole rack", [facts.key("power_load_w"), bus.key])
    if rating is None:
        return replace(not_checkable(ask, "rating of the busbar"), value=current, key=key)
    return at_most(ask, facts, book, current, book.take(rating), how, [key, rating.key], lacking=facts.lacking)


def _feed(facts: Facts, book: Ledger) -> Check | None:
    spec = facts.design.power
    ask = Ask("feed-current", "Does each feed stay within 80 % of its breaker with the planned feeds lost?", "A", "NFPA 70 (continuous load)", "Add feeds or a larger breaker.")
    if spec.feeds == 0 or spec.feed_v is None:
        return not_checkable(ask, "number and voltage of the feeds")
    carrying = spec.feeds / 2 if spec.redundancy == "N+N" else spec.feeds
    current = three_phase_current(facts.input_w / carrying, book.take(spec.feed_v))
    key = f"{facts.prefix}.feed_a"
    inputs = [f"{facts.prefix}.power_input_w", spec.feed_v.key]
    book.put(key, current, "A", f"I = P / (sqrt(3) V) over the {carrying:g} of {spec.feeds} feeds that carry the rack, power factor 1", inputs)
    if spec.breaker_a is None:
        return replace(not_checkable(ask, "breaker of a feed"), value=current, key=key)
    limit = CONTINUOUS * book.take(spec.breaker_a)
    return at_most(ask, facts, book, current, limit, "current of a feed; limit: 80 % of the breaker", [key, spec.breaker_a.key], lacking=facts.lacking)


def _height(facts: Facts, book: Ledger) -> Check:
    ask = Ask(
        "units", "Does everything fit the height of the frame?", "1", facts.design.frame.say("document") if facts.design.frame else "", "Take something out, or use a taller frame."
    )
    used = sum(slot.last - slot.first + 1 for slot in facts.design.slots)
    key = f"{facts.prefix}.units_used_count"
    book.put(key, used, "1", "units taken by what stands in slots")
    return at_most(ask, facts, book, float(used), float(facts.design.height), "units taken; limit: units of the frame", [key])


def _depth(facts: Facts, book: Ledger) -> Check:
    ask = Ask("depth", "Do the trays fit the depth of the frame?", "m", facts.design.frame.say("document") if facts.design.frame else "")
    deepest = None
    for name in placed(facts.design):
        item = facts.design.catalog.items.get(name)
        figure = item.get("depth_m") if item and name not in facts.design.assemblies else None
        if figure is None:
            return not_checkable(ask, f"depth of {name}")
        deepest = figure if deepest is None or figure.value > deepest.value else deepest
    frame = facts.design.frame.get("depth_m") if facts.design.frame else None
    if frame is None or deepest is None:
        return not_checkable(ask, "depth of the frame")
    return at_most(ask, facts, book, book.take(deepest), book.take(frame), "deepest thing; limit: depth of the frame", [deepest.key, frame.key])


def _payload(facts: Facts, book: Ledger) -> Check:
    ask = Ask("payload", "Does the frame carry the mass?", "kg", facts.design.frame.say("document") if facts.design.frame else "", "Brace the frame or take mass out.")
    payload = facts.design.frame.get("payload_kg") if facts.design.frame else None
    if facts.mass_kg is None or payload is None:
        return not_checkable(ask, *(["mass of the rack"] if facts.mass_kg is None else []), *(["payload of the frame"] if payload is None else []))
    lacking = ("mass of what else is in the rack",) if facts.mass_at_least else ()
    return at_most(ask, facts, book, facts.mass_kg, book.take(payload), "mass; limit: payload of the frame", [facts.key("mass_kg"), payload.key], lacking=lacking)


def _supply_temperature(facts: Facts, book: Ledger) -> Check | None:
    if facts.supply_k is None or facts.design.coolant is None or facts.design.coolant.supply_temperature_k is None:
        return None
    ask = Ask(
        "supply-temperature", "Is the coolant cool enough for the accelerators?", "temperature_k", "NVIDIA DSX Facilities Guide (inlet classes)", "Lower the supply temperature."
    )
    limit = next((figure for name in pieces(facts.design, "accelerator") if (figure := _inlet_limit(facts.design, name))), None)
    if limit is None:
        return not_checkable(ask, "highest inlet temperature of the accelerator")
    return at_most(
        ask, facts, book, facts.supply_k, book.take(limit), "supply temperature; limit: highest inlet temperature", [facts.design.coolant.supply_temperature_k.key, limit.key]
    )


def _inlet_limit(design: Design, accelerator: str) -> Figure | None:
    item = design.catalog.item(accelerator)
    own = item.get("max_inlet_temperature_k")
    if own is not None:
        return own
    rules = design.catalog.item("flow-rules")
    words = item.title.lower()
    if any(word in words for word in ("b200", "b300")):
        return rules.get("blackwell_max_inlet_temperature_k")
    return rules.get("rubin_max_inlet_temperature_k") if "rubin" in words else None


def _return_temperature(facts: Facts, book: Ledger) -> Check | None:
    if facts.supply_k is None:
        return None
    ask = Ask(
        "return-temperature",
        "Does the coolant leave below its highest temperature?",
        "temperature_k",
        "OCP PG25 guideline (2022); quick disconnects, OCP UQD Rev 1.0",
        "Raise the flow or lower the supply temperature.",
    )
    if facts.return_k is None:
        return not_checkable(ask, "flow at this supply temperature")
    limits = [facts.design.catalog.item("pg25-limits").get("max_temperature_k")]
    if facts.design.coolant is not None:
        limits.append(facts.design.coolant.return_max_temperature_k)
    known = [limit for limit in limits if limit is not None]
    if not known:
        return not_checkable(ask, "highest temperature of the coolant")
    lowest = min(known, key=lambda figure: figure.value)
    return at_most(
        ask, facts, book, facts.return_k, book.take(lowest), "return temperature; limit: highest of coolant and rack", [f"{facts.prefix}.coolant_return_temperature_k", lowest.key]
    )


def _disconnects(facts: Facts, book: Ledger) -> Check | None:
    """The flow of a branch against what its disconnect is rated for; branches share the flow by their heat."""
    if facts.flow_m3_per_s is None:
        return None
    ask = Ask("disconnect-flow", "Does each quick disconnect carry no more than its rated flow?", "m3/s", "OCP UQD Rev 1.0 (rated flow)", "Use the next size, or two pairs a tray.")
    worst: Check | None = None
    powers = {name: book.value(f"{facts.prefix}.{name}.power_w") for name in placed(facts.design) if f"{facts.prefix}.{name}.power_w" in book}
    for connection in facts.design.connections:
        count = placed(facts.design).get(connection.target, 0)
        if connection.target_port != "coolant" or not connection.via or not count:
            continue
        rated = facts.design.catalog.item(connection.via).get("rated_flow_m3_per_s") or facts.design.catalog.item(connection.via).get("max_flow_m3_per_s")
        if rated is None:
            return not_checkable(ask, f"rated flow of {connection.via}")
        if connection.target not in powers or facts.design.power.load_w is not None:
            return not_checkable(ask, f"power, and so the share of the flow, of {connection.target}")
        pairs = max(1, sum(number for number, item in parts_in(facts.design, connection.target) if item.name == connection.via) // 2)  # one in, one out
        flow = facts.flow_m3_per_s * powers[connection.target] / facts.load_w / pairs
        key = f"{facts.prefix}.{connection.target}.flow_m3_per_s"
        inputs = [f"{facts.prefix}.coolant_flow_m3_per_s", f"{facts.prefix}.{connection.target}.power_w", f"{facts.prefix}.power_load_w"]
        book.put(key, flow, "m3/s", "flow of the rack in proportion to power" + (f", over {pairs} pairs" if pairs > 1 else ""), inputs)
        part = replace(ask, id=f"disconnect-flow-{connection.target}", question=f"Does {connection.via} of a {connection.target} carry no more than its rated flow?")
        check = at_most(part, facts, book, flow, book.take(rated), "flow of a pair; limit: rated flow", [key, rated.key], lacking=facts.lacking)
        worst = check if worst is None or margin_of(check) < margin_of(worst) else worst
    return worst


def _flow_rule(facts: Facts, book: Ledger) -> Check | None:
    """The flow that cooling units are qualified to give at this supply temperature, against the flow of the rack."""
    if facts.supply_k is None or facts.design.coolant is None or facts.design.coolant.supply_temperature_k is None:
        return None
    rule = facts.design.catalog.item("cdu-nvidia-selfqual")
    ask = Ask(
        "flow-for-supply",
        "Is the flow at least that which cooling units are qualified for at this supply temperature?",
        "m3/s",
        rule.say("document"),
        "Raise the flow or lower the supply temperature.",
    )
    points, figures = table(rule, "flow", "m3_per_s_per_w")
    if facts.flow_m3_per_s is None:
        return not_checkable(ask, "flow at this supply temperature")
    if not points[0] - 1e-9 <= central(facts.supply_k) <= points[-1] + 1e-9:
        return not_checkable(ask, f"a rule for this supply temperature; it holds from {points[0] - 273.15:.0f} to {points[-1] - 273.15:.0f} C")
    needed = facts.liquid_w * interpolate_table(points, [book.take(figure) for figure in figures], facts.supply_k)
    used = [figures[i].key for i in neighbours(points, facts.supply_k)]
    key = facts.key("coolant_rule_flow_m3_per_s")
    book.put(
        key, needed, "m3/s", "heat to the coolant x flow a watt at this supply temperature", [facts.key("heat_liquid_w"), facts.design.coolant.supply_temperature_k.key, *used]
    )
    return at_most(ask, facts, book, needed, facts.flow_m3_per_s, "flow by the rule; limit: flow of the rack", [key, facts.key("coolant_flow_m3_per_s")], lacking=facts.lacking)


def _cdu(facts: Facts, book: Ledger) -> Check | None:
    """The coolant distribution unit of the rack, where it has one of its own."""
    held = {**placed(facts.design), **{name: count for count, name in facts.design.fixtures}}
    units = [(facts.design.catalog.items[name], count) for name, count in held.items() if name in facts.design.catalog.items and facts.design.catalog.items[name].kind == "cdu"]
    if not units:
        return None
    ask = Ask(
        "cdu-heat",
        "Does the coolant distribution unit take the heat of the rack?",
        "W",
        units[0][0].say("document"),
        "Use a larger unit; ratings at approaches of 3, 4 and 5 K are not comparable.",
    )
    ratings = [unit.get("heat_w") for unit, _ in units]
    if any(rating is None for rating in ratings):
        return not_checkable(ask, "heat rating of the unit")
    limit: Number = sum(count * book.take(rating) for rating, (_, count) in zip(ratings, units, strict=True) if rating)
    inputs = [facts.key("heat_liquid_w"), *(rating.key for rating in ratings if rating)]
    return at_most(ask, facts, book, facts.liquid_w, limit, "heat to the coolant; limit: rating of the unit", inputs, lacking=facts.lacking)


def _module_envelope(facts: Facts, book: Ledger) -> Check | None:
    boards = {item.name for name in placed(facts.design) for _, item in parts_in(facts.design, name) if item.kind == "board_envelope"}
    if not boards:
        return None
    ask = Ask("module-envelope", "Does the accelerator stay within the envelope of its board?", "W", "OCP OAI-OAM base r2.0 v1.0", "Use a board for this power.")
    limit = facts.design.catalog.item("oam-2").figure("module_w")
    for name in pieces(facts.design, "accelerator"):
        tdp = facts.design.catalog.item(name).get("tdp_w")
        if tdp is None:
            return not_checkable(ask, f"TDP of {name}")
        return at_most(ask, facts, book, book.take(tdp), book.take(limit), "TDP of the accelerator; limit: module envelope", [tdp.key, limit.key])
    return None


def _air(facts: Facts, book: Ledger) -> Check:
    ask = Ask(
        "air-heat",
        "Is the heat left to air within what a rack can be cooled with by air?",
        "W",
        "AMD data centre guide (liquid recommended above)",
        "Take more of the heat by coolant, or spread the nodes over more racks.",
    )
    limit = facts.design.catalog.figure("observed-mi355x-liquid", "air_limit_rack_power_w")
    return at_most(
        ask, facts, book, facts.air_w, book.take(limit), "heat to air; limit: practical limit of air cooling a rack", [facts.key("heat_air_w"), limit.key], lacking=facts.lacking
    )


def _published_power(facts: Facts, book: Ledger) -> Check | None:
    """The load of the parts against what was published for the whole rack; only where the published figure is not its input."""
    observed = facts.design.catalog.items.get(f"observed-{facts.design.name}")
    published = observed.get("load_rack_power_w") if observed else None
    if published is None or facts.design.power.load_w is not None or facts.lacking:
        return None
    ask = Ask(
        "published-load",
        "Is the sum over parts within 10 % of the load published for the whole rack?",
        "1",
        "published load of the rack",
        "Look at the parts whose power is assumed.",
    )
    key = f"{facts.prefix}.published_load_share"
    away = np.abs(facts.load_w / book.take(published) - 1.0)
    book.put(key, away if np.asarray(away).ndim else float(away), "1", "|sum over parts / published load - 1|", [f"{facts.prefix}.power_load_w", published.key])
    return at_most(ask, facts, book, away, 0.1, "difference from the published load; limit: 10 %", [key])


def _unknown_power(facts: Facts, _book: Ledger) -> Check | None:
    if not facts.missing:
        return None
    ask = Ask("power-known", "Is the power of every part known?", "W", "data sheets of the parts")
    return not_checkable(ask, *facts.missing)


RULES: tuple[Callable[[Facts, Ledger], Check | None], ...] = (
    _load_firm, _load_module_lost, _peak, _connector, _paralleling, _tray_connector, _busbar, _feed, _height, _depth, _payload, _supply_temperature, _return_temperature, _flow_rule,
    _disconnects, _cdu, _module_envelope, _air, _published_power, _unknown_power,
)  # fmt: skip
