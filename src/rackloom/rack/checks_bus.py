"""Checks of feeds, busbar and connectors, in the state that is looked at and in those that the redundancy promises to bear."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..draws import Number, central
from ..ledger import Ledger
from ..physics import breaker_continuous, phase_currents, plain, poles_to_earth, rise_at_current, spread_over_phases, three_phase_current, touch_voltage, whip_drop
from . import power
from .bus import busbar_rating
from .checks_supply import shelf_items
from .nouns import Check
from .rule import Ask, Facts, at_least, at_most, largest, not_checkable, smallest, suffix, when
from .states import side_of

LEAST_W = 1e-3  # a rack that draws nothing has an efficiency of some kind
SAFE_DC_V = 60.0  # above it a direct voltage may not be touched
WHIP_DROP = 0.03  # of the feed's voltage
UNBALANCE = 0.1  # of the mean phase current
BREAKERS = {("NEC", ""): "nec-80", ("NEC", "80 %"): "nec-80", ("NEC", "100 %"): "nec-100", ("IEC", ""): "iec", ("IEC", "80 %"): "nec-80", ("IEC", "100 %"): "iec"}
SPREAD_WORDS = "Spread the shelves along the busbar, raise its voltage, or use a stronger one."


def busbar(facts: Facts, book: Ledger) -> list[Check]:
    """The largest current of a segment against its rating, in every state that the rack is held to."""
    if facts.bus is None:
        return []
    frame = facts.design.frame
    document = frame.say("document") if frame else ""
    rating = busbar_rating(facts.design)
    total = facts.key("busbar_total_a")
    bus_v = facts.design.power.bus_v
    assert bus_v is not None
    book.put(
        total, facts.load_w / book.take(bus_v), "A", "load over the voltage of the bus: what one end would carry if it fed the whole rack", [facts.key("power_load_w"), bus_v.key]
    )
    bus, rows = facts.bus, []
    for group, states in facts.groups(modules=False).items():
        state = max(states, key=lambda one: np.nan_to_num(central(bus.segment_a(one)), nan=np.inf))
        ask = Ask(f"busbar-segment{suffix(group, facts)}", f"Does every segment of the busbar stay within its rating{when(facts, state)}?", "A", document, SPREAD_WORDS)
        current = largest([bus.segment_a(one) for one in states])
        key = facts.key("busbar_segment_a" if state == facts.state else f"{state}.busbar_segment_a")
        book.put(key, current, "A", f"largest current of a segment, between {bus.worst_segment(state)}; {bus.words}", bus.keys)
        if rating is None:
            rows.append(replace(not_checkable(ask, "rating of the busbar"), value=current, key=key))
            continue
        words = f"current between {bus.worst_segment(state)}; limit: rating of the busbar"
        rows.append(at_most(ask, facts, book, current, book.take(rating), words, [key, rating.key], lacking=facts.lacking))
    return rows


def busbar_rise(facts: Facts, book: Ledger) -> Check | None:
    """Temperature rise of the busbar in the worst state that it must bear."""
    if facts.bus is None:
        return None
    ask = Ask(
        "busbar-rise", "Does the busbar warm up by no more than it may, in the worst state that it must bear?", "K", facts.design.frame.say("document") if facts.design.frame else "",
        SPREAD_WORDS,
    )  # fmt: skip
    rating, own = busbar_rating(facts.design), facts.design.power.busbar.rise_k
    if rating is None:
        return not_checkable(ask, "rating of the busbar")
    rise = own or facts.design.catalog.figure("rack-assumptions", "busbar_rise_k")
    bus = facts.bus
    states = [state for state in facts.states(electric=True) if state == facts.state or not state.startswith("psu-")]
    state = max(states, key=lambda one: np.nan_to_num(central(bus.segment_a(one)), nan=np.inf))
    key = facts.key("busbar_rise_k")
    value = rise_at_current(largest([bus.segment_a(one) for one in states]), book.take(rating), book.take(rise))
    book.put(key, value, "K", f"rise at the rating x (current / rating)^2{when(facts, state)}", [*facts.bus.keys, rating.key, rise.key])
    return at_most(ask, facts, book, value, book.take(rise), f"rise{when(facts, state)}; limit: rise at the rating", [key, rise.key], lacking=facts.lacking)


def last_tray(facts: Facts, book: Ledger) -> list[Check]:
    """The voltage at the tray that gets the least, all well and in the worst state."""
    if facts.bus is None:
        return []
    frame = facts.design.frame
    band = frame.get("bus_v") if frame else None
    own = facts.design.power.busbar.lowest_v
    states = facts.states(electric=True)
    rows = []
    bus = facts.bus
    worst = min(states, key=lambda one: np.nan_to_num(central(bus.lowest_tray(one)[0]), nan=-np.inf))
    for state in dict.fromkeys([states[0], worst]):
        among = states if state == worst else [state]
        tray, volts = bus.lowest_tray(state)[1], smallest([bus.lowest_tray(one)[0] for one in among])
        ask = Ask(
            f"tray-voltage{'' if state == states[0] else '-worst'}", f"Does every tray get the voltage that it needs{when(facts, state)}?", "V", frame.say("document") if frame else "",
            "Shorten the busbar, put a shelf nearer, or reduce the droop.",
        )  # fmt: skip
        key = facts.key("last_tray_v" if state == facts.state else f"{state}.last_tray_v")
        book.put(key, volts, "V", f"voltage at {tray}; {facts.bus.words}", facts.bus.keys)
        if own is None and (band is None or band.low is None):
            rows.append(replace(not_checkable(ask, "lowest voltage at which a tray runs"), value=volts, key=key))
            continue
        lowest: Number = book.take(own) if own is not None else float(band.low) if band and band.low else 0.0
        source = own or band
        if own is None and band is not None:
            book.take(band)
        rows.append(at_least(ask, facts, book, volts, lowest, f"voltage at {tray}; limit: lowest of the band", [key, *([source.key] if source else [])], lacking=facts.lacking))
    return rows


def fed(facts: Facts, book: Ledger) -> list[Check]:
    """Every tray still has a supply, and the bar carries it."""
    if facts.bus is None:
        return []
    lost = [state for state in facts.states(electric=True) if facts.bus.has_failed(state)]
    count = plain(np.sum([facts.bus.failed(state) for state in facts.states(electric=True)], axis=0, dtype=float))
    key = facts.key("states_without_supply_count")
    book.put(key, count, "1", f"of {', '.join(facts.states(electric=True))}: those in which a tray has no supply or the bar collapses", facts.bus.keys)
    ask = Ask("trays-fed", "Is every tray fed in each state that the rack is held to?", "1", "busbar solved", "Feed the busbar from both sides, and from each end.")
    room = plain(np.where(np.asarray(count) > 0.0, -1.0, 0.0))
    margin_key = f"{facts.prefix}.checks.{ask.id}_margin_ratio"
    book.put(margin_key, room, "1", "0 where all trays are fed, else -1", [key])
    question = ask.question if not lost else f"{ask.question[:-1]}: not in {', '.join(lost)}?"
    return [Check(ask.id, question, count, 0.0, "1", room, "fail" if lost else "pass", (), ask.document, mend=ask.mend if lost else "", key=margin_key)]


def tray_connector(facts: Facts, book: Ledger) -> Check | None:
    """The current of the hungriest tray against the connector of the frame."""
    bus, frame = facts.design.power.bus_v, facts.design.frame
    rating = frame.get("it_connector_a") if frame else None
    if bus is None or frame is None or facts.bus is None:
        return None
    each, words, inputs = power.tray_powers(facts.design, facts.prefix, book, facts.load_w)
    connectors = {name: facts.design.assemblies[name].connectors if name in facts.design.assemblies else 1 for name in each}
    if not each:
        return None
    ask = Ask("tray-connector", "Does the connector of a tray carry its current?", "A", frame.say("document"), "Fit a second connector, or raise the bus voltage.")
    if rating is None:
        return not_checkable(ask, "rating of a tray's connector in this frame")
    name = max(each, key=lambda one: central(each[one]) / connectors[one])
    key = facts.key(f"{name}.current_a")
    current = largest([each[one] / connectors[one] for one in each]) / book.take(bus)
    many = f"{connectors[name]} connector{'s' if connectors[name] > 1 else ''} a tray"
    book.put(key, current, "A", f"power of the tray with the fullest connector over the voltage of the bus, {many}; {words}", [*inputs, bus.key])
    return at_most(ask, facts, book, current, book.take(rating), f"current of one {name}; limit: rating of the connector", [key, rating.key], lacking=facts.lacking)


def feed_current(facts: Facts, book: Ledger) -> list[Check]:
    """The current of a feed against what its breaker carries for hours."""
    spec = facts.design.power
    code = facts.design.environment.code
    kind = BREAKERS[code, spec.breaker_rated]
    share = float(breaker_continuous(1.0, kind))  # type: ignore[arg-type]
    document = "NFPA 70 (continuous load)" if code == "NEC" else "IEC 60364 (overload)"
    ask = Ask("feed-current", f"Does each feed stay within {share:.0%} of its breaker with the planned feeds lost?", "A", document, "Add feeds or a larger breaker.")
    if spec.feeds == 0 or spec.feed_v is None:
        return [not_checkable(ask, "number and voltage of the feeds")]
    lost = facts.bus.states[facts.state].feeds_lost if facts.bus is not None else ()
    live = 1.0 - len(lost) / len(spec.sides) if lost else 0.5 if spec.redundancy == "N+N" else 1.0  # sides have like numbers of feeds
    carrying = spec.feeds * live
    if carrying <= 0.0:
        return [not_checkable(ask, "a feed that is left")]
    direct = spec.kind == "dc"
    each = facts.input_w / carrying
    current = each / book.take(spec.feed_v) if direct else three_phase_current(each, book.take(spec.feed_v))
    key = f"{facts.prefix}.feed_a"
    inputs = [f"{facts.prefix}.power_input_w", spec.feed_v.key]
    law = "I = P / V" if direct else "I = P / (sqrt(3) V)"
    book.put(key, current, "A", f"{law} over the {carrying:g} of {spec.feeds} feeds that carry the rack, power factor 1", inputs)
    rows = _feed_states(facts, book, ask, share)
    if spec.breaker_a is None:
        return [replace(not_checkable(ask, "breaker of a feed"), value=current, key=key), *rows]
    limit = share * book.take(spec.breaker_a)
    words = f"current of a feed; limit: {share:.0%} of the breaker"
    return [at_most(ask, facts, book, current, limit, words, [key, spec.breaker_a.key], lacking=facts.lacking), *rows]


def whip(facts: Facts, book: Ledger) -> Check | None:
    """What a whip takes off the voltage of a feed."""
    spec = facts.design.power
    ask = Ask(
        "whip-drop",
        f"Does the whip take at most {WHIP_DROP:.0%} off the voltage of its feed?",
        "1",
        "NFPA 70 (informational note on voltage drop)",
        "Use a shorter whip or a thicker one.",
    )
    if spec.feed_v is None or spec.feeds == 0:
        return None
    if spec.whip_length_m is None or spec.whip_ohm_per_m is None or facts.key("feed_a") not in book:
        return not_checkable(ask, "length and resistance of the whip ('power: whip_length:', 'whip_resistance:')")
    key, feed = facts.key("whip_drop_share"), f"{facts.prefix}.feed_a"
    volts = whip_drop(book.value(feed), book.take(spec.whip_length_m), book.take(spec.whip_ohm_per_m), phases=1 if spec.kind == "dc" else 3)
    book.put(
        key,
        volts / book.take(spec.feed_v),
        "1",
        "drop along the whip with the planned feeds lost, over the feed's voltage",
        [feed, spec.whip_length_m.key, spec.whip_ohm_per_m.key, spec.feed_v.key],
    )
    return at_most(ask, facts, book, book.value(key), WHIP_DROP, "drop of the whip; limit: practice", [key], lacking=facts.lacking)


def _feed_states(facts: Facts, book: Ledger, ask: Ask, share: float) -> list[Check]:
    """The fullest feed in the states in which one is lost, as the busbar shares the load: each shelf on its own, or those of a side on that side's."""
    spec, bus = facts.design.power, facts.bus
    groups = _fed_together(facts)
    if bus is None or spec.feed_v is None or not groups:
        return []
    rows = []
    whose, fed = ("shelf", "one feed a shelf") if spec.feeds == len(bus.shelves) else ("side", f"{spec.feeds / len(groups):g} feeds a side")
    efficiency = facts.input_w / np.maximum(np.asarray(facts.load_w), LEAST_W)
    for state in facts.states(electric=True):
        if not bus.states[state].feeds_lost:
            continue
        given = bus.shelf_power_w(state)
        hardest = largest([np.sum(given[..., group], axis=-1) for group in groups]) * efficiency * len(groups) / spec.feeds
        current = hardest / book.take(spec.feed_v) if spec.kind == "dc" else three_phase_current(hardest, book.take(spec.feed_v))
        key = facts.key(f"{state}.feed_a")
        book.put(
            key,
            current,
            "A",
            f"input of the fullest {whose}, {fed}; output from the busbar solved",
            [*bus.keys, facts.key("power_input_w"), facts.key("power_load_w"), spec.feed_v.key],
        )
        part = replace(
            ask,
            id=f"feed-current{suffix(state, facts) or '-fullest'}",
            question=f"Does the feed of the fullest {whose} stay within {share:.0%} of its breaker{when(facts, state)}?",
        )
        if spec.breaker_a is None:
            rows.append(replace(not_checkable(part, "breaker of a feed"), value=current, key=key))
        else:
            rows.append(
                at_most(part, facts, book, current, share * book.take(spec.breaker_a), "current of that feed; limit: its breaker", [key, spec.breaker_a.key], lacking=facts.lacking)
            )
    return rows


def _fed_together(facts: Facts) -> list[list[int]]:
    """Places of the shelves that hang on like numbers of feeds: one by one, or by side; none where the rack file does not tell."""
    spec, bus = facts.design.power, facts.bus
    if bus is None or spec.feeds == 0:
        return []
    if spec.feeds == len(bus.shelves):
        return [[k] for k in range(len(bus.shelves))]
    groups = [[k for k, shelf in enumerate(bus.shelves) if side_of(facts.design, shelf) == side] for side in spec.sides]
    return groups if spec.sides and spec.feeds % len(spec.sides) == 0 and all(groups) else []


def phase_balance(facts: Facts, book: Ledger) -> Check | None:
    """Single-phase modules over the phases of a shelf's feed, all of them at work."""
    spec = facts.design.power
    shelves = shelf_items(facts.design)
    if spec.kind == "dc" or spec.feed_v is None or not shelves:
        return None
    ask = Ask(
        "phase-balance",
        f"Are the phases of a feed within {UNBALANCE:.0%} of their mean with all modules at work?",
        "1",
        "practice; no document read",
        "Use modules in multiples of three.",
    )
    counts = {name: facts.design.catalog.item(name).get("modules_count") for name in shelves}
    if any(count is None for count in counts.values()):
        return not_checkable(ask, "number of modules of the shelf")
    worst: Number = 0.0
    inputs = [spec.feed_v.key]
    for count in counts.values():
        assert count is not None
        pieces = int(book.take(count) if np.ndim(book.take(count)) == 0 else central(book.take(count)))
        found = phase_currents(np.ones(pieces), spread_over_phases(pieces), 1.0)
        worst = max(central(worst), round(central(found.unbalance_share), 9))
        inputs.append(count.key)
    key = facts.key("phase_unbalance_share")
    book.take(spec.feed_v)
    book.put(key, worst, "1", "modules put on the phases in turn: largest distance of a phase from the mean of three", inputs)
    return at_most(ask, facts, book, worst, UNBALANCE, "unbalance; limit: practice", [key])


def short_circuit(facts: Facts, book: Ledger) -> Check | None:
    """What the site can deliver into a fault against what the shelves stand."""
    if facts.installed_w is None:
        return None
    ask = Ask(
        "short-circuit",
        "Do the shelves stand the short-circuit current of the site?",
        "A",
        "power shelf specification (short-circuit rating)",
        "Limit the current upstream, or use shelves with a higher rating.",
    )
    ratings = [facts.design.catalog.item(name).get("fault_a") for name in shelf_items(facts.design)]
    known = [rating for rating in ratings if rating is not None]
    if facts.design.power.fault_current_a is None or len(known) < len(ratings) or not known:
        missing = ["short-circuit current of the site ('power: fault_current:')"] if facts.design.power.fault_current_a is None else []
        return not_checkable(ask, *missing, *(["short-circuit rating of the shelf"] if len(known) < len(ratings) else []))
    lowest = min(known, key=lambda figure: figure.value)
    current = facts.design.power.fault_current_a
    return at_most(ask, facts, book, book.take(current), book.take(lowest), "current that the site delivers; limit: rating of the shelf", [current.key, lowest.key])


def touch(facts: Facts, book: Ledger) -> list[Check]:
    """What a hand may meet: the bus itself, and a frame that a live pole of a high direct voltage touches."""
    return [row for row in (_bus_touch(facts, book), _frame_touch(facts, book)) if row is not None]


def _bus_touch(facts: Facts, book: Ledger) -> Check | None:
    bus = facts.design.power.bus_v
    if bus is None:
        return None
    ask = Ask("touch-voltage", f"May the bus be touched: at most {SAFE_DC_V:g} V direct?", "V", "IEC 62368-1 (ES1)", "Lower the voltage of the bus, or cover it.")
    return at_most(ask, facts, book, book.take(bus), SAFE_DC_V, "voltage of the bus, which is open to the touch; limit: 60 V direct", [bus.key])


def _frame_touch(facts: Facts, book: Ledger) -> Check | None:
    spec = facts.design.power
    high = spec.feed_v if spec.kind == "dc" and spec.feed_v is not None and spec.feed_v.value > SAFE_DC_V else None
    if high is None:
        return None
    ask = Ask(
        "touch-voltage-frame",
        f"May the frame be touched while a pole lies on it: at most {SAFE_DC_V:g} V direct?",
        "V",
        "IEC 62368-1 (ES1)",
        "Bond the frame with less resistance, or earth through a high one.",
    )
    if not spec.grounding or spec.grounding_ohm is None or spec.bond_ohm is None:
        missing = [
            word
            for word, have in (
                ("which point is earthed ('power: grounding:')", spec.grounding),
                ("its resistance ('grounding_resistance:')", spec.grounding_ohm),
                ("resistance of the bond ('bond_resistance:')", spec.bond_ohm),
            )
            if not have
        ]
        return not_checkable(ask, *missing)
    sound = poles_to_earth(book.take(high), spec.grounding, book.take(spec.grounding_ohm))  # type: ignore[arg-type]
    value = touch_voltage(sound.highest_v, book.take(spec.bond_ohm), book.take(spec.grounding_ohm))
    key = facts.key("touch_v")
    book.put(key, value, "V", "pole to earth x bond / (bond + grounding): a pole on the frame", [high.key, spec.grounding_ohm.key, spec.bond_ohm.key])
    return at_most(ask, facts, book, value, SAFE_DC_V, "voltage of the frame; limit: 60 V direct", [key])


def grounding(facts: Facts, book: Ledger) -> Check | None:
    """A feed of high direct voltage: how far its poles lie from earth."""
    spec = facts.design.power
    if spec.kind != "dc" or spec.feed_v is None or spec.feed_v.value <= SAFE_DC_V:
        return None
    limit = facts.design.catalog.figure("diablo-400", "pole_to_earth_v")
    ask = Ask(
        "dc-grounding",
        "Does each pole stay within the voltage to earth that converters are built for?",
        "V",
        "OCP Diablo 400 Rack and Power Base v0.7.0 (draft)",
        "Earth the mid-point.",
    )
    if not spec.grounding:
        return not_checkable(ask, "which point of the feed is earthed ('power: grounding:')")
    ohm = book.take(spec.grounding_ohm) if spec.grounding_ohm is not None else 1.0
    value = poles_to_earth(book.take(spec.feed_v), spec.grounding, ohm).highest_v  # type: ignore[arg-type]
    key = facts.key("pole_to_earth_v")
    book.put(key, value, "V", f"the farther pole from earth, {spec.grounding} earthed, in health", [spec.feed_v.key, *([spec.grounding_ohm.key] if spec.grounding_ohm else [])])
    return at_most(ask, facts, book, value, book.take(limit), "pole to earth; limit: what the supply is built for", [key, limit.key])


def sides(facts: Facts, _book: Ledger) -> Check | None:
    """Redundant feeds need to be told apart."""
    if facts.bus is None or facts.design.power.redundancy != "N+N":
        return None
    ask = Ask("feed-sides", "Is it known which shelf hangs on which feed?", "1", "rack file")
    loose = [shelf.label for shelf in facts.bus.shelves if not side_of(facts.design, shelf)]
    if not loose:
        return None
    return not_checkable(ask, f"the feed of {', '.join(loose)} ('power: sides:'): the states with a feed lost are not solved")
