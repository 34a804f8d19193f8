"""Checks of cables: reach, lanes, bends, room in channel and tray, mass, ports and cages, rails, and cables that lie elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..draws import Number, central
from ..ledger import Ledger
from ..physics import plain
from .bill import placed
from .cable_facts import end_power, fullest, is_optic, lane_rate, leaves, media_that_reach, medium_of, misrouted
from .cables import ports_of
from .nouns import Check
from .rule import Ask, Facts, at_least, at_most, none_found, not_checkable, on_assumption
from .wiring import Wires

WAYS = "cable as laid: positions of ports, channel, tray"
NOT_LAID = "positions and ways ('ports: at:', 'cabling:')"


def reach(facts: Facts, book: Ledger) -> list[Check]:
    """The longest cable of each line against what its medium reaches at that rate."""
    rows = []
    for wires in facts.wires:
        name = wires.line.name
        ask = Ask(
            f"cable-reach-{name}", f"Does {wires.medium.name} reach as far as the longest cable of '{name}'?", "m", wires.medium.title,
            f"Move the ends nearer, or use what reaches with lanes as fast: {', '.join(_others(facts, wires)) or 'nothing in the catalogue'}.",
        )  # fmt: skip
        key = facts.key(f"cables.{name}.longest_m")
        book.put(key, wires.longest_m, "m", _laid(wires), wires.keys, note=_lacks(wires))
        figure = wires.medium.get("reach_m")
        if figure is None:
            rows.append(not_checkable(ask, f"reach of {wires.medium.name}"))
            continue
        rows.append(at_most(ask, facts, book, wires.longest_m, book.take(figure), "longest cable; limit: reach of its medium", [key, figure.key], lacking=wires.at_least))
    return rows


def _others(facts: Facts, wires: Wires) -> list[str]:
    """Media that reach as far as the longest cable of a line."""
    return media_that_reach(facts.design.catalog, wires.medium, central(wires.longest_m))


def _laid(wires: Wires) -> str:
    return (
        "length as stated"
        if wires.stated
        else "longest of its cables: across to the channel, along it, across to the other port, slack" + (", pull of the tray" if wires.line.loop else "")
    )


def _lacks(wires: Wires) -> str:
    return f"at least: without {', '.join(wires.at_least)}" if wires.at_least else ""


def stated_length(facts: Facts, book: Ledger) -> list[Check]:
    """A length that was bought against the way between its ports."""
    rows = []
    for wires in facts.wires:
        if not wires.stated:
            continue
        ask = Ask(f"cable-length-{wires.line.name}", f"Is each cable of '{wires.line.name}' longer than the straight line between its ports?", "m", WAYS, "Order longer ones.")
        shortest = plain(np.max(wires.straight_m, axis=-1))
        key = facts.key(f"cables.{wires.line.name}.straight_m")
        book.put(key, shortest, "m", "longest straight line between its ports, as far as positions are known", wires.keys)
        rows.append(
            at_least(ask, facts, book, wires.longest_m, shortest if np.any(np.asarray(shortest) > 0.0) else 1e-9, "length as stated; limit: straight line", [key, *wires.keys])
        )
    return rows


def lanes(facts: Facts, book: Ledger) -> list[Check]:
    """The rate of a lane of the ports against that of the medium."""
    rows = []
    for wires in facts.wires:
        ask = Ask(
            f"cable-lane-{wires.line.name}", f"Is {wires.medium.name} made for the lanes of the ports that '{wires.line.name}' joins?", "byte/s", wires.medium.title,
            "Use a cable for this lane rate.",
        )  # fmt: skip
        made = lane_rate(wires.medium)
        groups = [end.group for end in (wires.source, wires.target) if end.group is not None]
        rates = [(group.rate_bytes_per_s, group.lanes) for group in groups if group.rate_bytes_per_s is not None and group.lanes]
        if made is None or not rates:
            missing = [f"lane rate of {wires.medium.name}"] if made is None else []
            rows.append(not_checkable(ask, *missing, *([] if rates else ["rate and lanes of the ports ('ports: rate:', 'lanes:')"])))
            continue
        value = plain(
            np.maximum.reduce(np.broadcast_arrays(*(np.asarray(book.take(rate)) / count for rate, count in rates))) if len(rates) > 1 else book.take(rates[0][0]) / rates[0][1]
        )
        key = facts.key(f"cables.{wires.line.name}.lane_bytes_per_s")
        book.put(key, value, "byte/s", "rate of a port over its lanes, the faster end", [rate.key for rate, _ in rates])
        rows.append(at_most(ask, facts, book, value, book.take(made), "rate of a lane; limit: that of the medium", [key, made.key]))
    return rows


def rates(facts: Facts, book: Ledger) -> list[Check]:
    """Ports that a cable joins run at one rate: what a port is broken out into is no more than it carries."""
    rows = []
    for wires in facts.wires:
        one, other = (end.group for end in (wires.source, wires.target))
        if one is None or other is None or not wires.target.is_inside:
            continue
        split = wires.line.split
        ask = Ask(
            f"port-rate-{wires.line.name}", f"Do the ports that '{wires.line.name}' joins run at one rate?", "byte/s", "rack file: ports", "Break the faster port out, or join like ports.",
        )  # fmt: skip
        if one.rate_bytes_per_s is None or other.rate_bytes_per_s is None:
            rows.append(
                not_checkable(ask, *(f"rate of the ports of {end.thing} ('ports: rate:')" for end in (wires.source, wires.target) if end.group and not end.group.rate_bytes_per_s))
            )
            continue
        wanted = split * np.asarray(book.take(other.rate_bytes_per_s))
        key = facts.key(f"cables.{wires.line.name}.ends_bytes_per_s")
        book.put(key, plain(wanted), "byte/s", f"{split} x rate of a port of {wires.target.thing}", [other.rate_bytes_per_s.key])
        rows.append(at_most(ask, facts, book, plain(wanted), book.take(one.rate_bytes_per_s), "rates at the far ends; limit: rate of the port", [key, one.rate_bytes_per_s.key]))
    return rows


def breakout(facts: Facts, book: Ledger) -> list[Check]:
    """Ends that a port is broken out into against what it can be."""
    rows = []
    for wires in facts.wires:
        if wires.line.split == 1:
            continue
        ask = Ask(f"breakout-{wires.line.name}", f"Can a port of {wires.source.thing} be broken out into {wires.line.split}?", "1", "rack file: ports", "Use more ports.")
        if wires.source.group is None:
            rows.append(not_checkable(ask, f"ports of {wires.source.thing}"))
            continue
        key = facts.key(f"cables.{wires.line.name}.split_count")
        book.put(key, wires.line.split, "1", "ends of one port")
        rows.append(at_most(ask, facts, book, float(wires.line.split), float(wires.source.group.split), "ends of a port; limit: what it may be split into", [key]))
    return rows


def cages(facts: Facts, book: Ledger) -> list[Check]:
    """What an optic draws against what its cage cools."""
    rows = []
    for wires in facts.wires:
        draws = end_power(wires.medium)
        if not is_optic(wires.medium) or draws is None:
            continue
        for end in (wires.source, wires.target):
            if not end.is_inside:
                continue
            ask = Ask(
                f"cage-power-{wires.line.name}-{end.thing}", f"Does the cage of {end.thing} cool {wires.medium.name}?", "W", wires.medium.title, "Use an optic that draws less."
            )
            limit = end.group.cage_w if end.group else None
            if limit is None:
                rows.append(not_checkable(ask, f"power of a cage of {end.thing} ('ports: cage:')"))
            else:
                rows.append(at_most(ask, facts, book, book.take(draws), book.take(limit), "power of the optic; limit: that of the cage", [draws.key, limit.key]))
    return rows


def radix(facts: Facts, book: Ledger) -> list[Check]:
    """Ports in use against ports that there are, of each thing that cables end at."""
    used: dict[tuple[str, str], int] = {}
    for wires in facts.wires:
        for end in (wires.source, wires.target):
            if end.group is not None:
                used[end.thing, end.port] = used.get((end.thing, end.port), 0) + len(set(zip(end.which.tolist(), end.number.tolist(), strict=True)))
    rows = []
    for (thing, port), count in used.items():
        have = placed(facts.design)[thing] * ports_of(thing, facts.design.assemblies, facts.design.catalog)[port].count
        key = facts.key(f"{thing}.{port}_count")
        book.put(key, count, "1", f"ports '{port}' of all {thing} that cables end at")
        ask = Ask(f"ports-{thing}-{port}", f"Has {thing} enough ports '{port}'?", "1", "rack file: ports", "Add switches, or break ports out.")
        rows.append(at_most(ask, facts, book, float(count), float(have), "ports in use; limit: ports there are", [key]))
    return rows


def oversubscription(facts: Facts, book: Ledger) -> list[Check]:
    """What comes into a switch of the rack over what leaves it for the network."""
    inside: dict[str, Number] = {}
    out: dict[str, Number] = {}
    keys: dict[str, list[str]] = {}
    for wires in facts.wires:
        for end, far in ((wires.source, wires.target), (wires.target, wires.source)):
            item = facts.design.catalog.items.get(end.thing)
            kind = facts.design.assemblies[end.thing].kind if end.thing in facts.design.assemblies else item.kind if item else ""
            if end.group is None or end.group.rate_bytes_per_s is None or "switch" not in kind:
                continue
            count = len(set(zip(end.which.tolist(), end.number.tolist(), strict=True)))
            side = inside if far.is_inside else out
            side[end.thing] = side.get(end.thing, 0.0) + count * book.take(end.group.rate_bytes_per_s)
            keys.setdefault(end.thing, []).append(end.group.rate_bytes_per_s.key)
    rows = []
    for thing in inside:
        ask = Ask(
            f"oversubscription-{thing}",
            f"Do the ways out of {thing} carry what comes in?",
            "1",
            "rack file: cables",
            "Add ways out, or allow more with 'network: oversubscription:'.",
        )
        if thing not in out:
            rows.append(not_checkable(ask, f"cables from {thing} to the network"))
            continue
        ratio = plain(np.asarray(inside[thing]) / np.asarray(out[thing]))
        key = facts.key(f"{thing}.oversubscription_ratio")
        book.put(key, ratio, "1", "rate of the ports towards the rack over that of those towards the network", list(dict.fromkeys(keys[thing])))
        allowed = facts.design.oversubscription
        rows.append(at_most(ask, facts, book, ratio, allowed, f"rate in over rate out; limit: {allowed:g}, as meant", [key]))
    return rows


def bends(facts: Facts, book: Ledger) -> list[Check]:
    """The least radius that a cable may be bent to against the tightest bend of its way."""
    rows = []
    tightest = facts.design.cabling.bend_m
    for wires in facts.wires:
        ask = Ask(f"cable-bend-{wires.line.name}", f"Are the ways of '{wires.line.name}' wide enough to bend {wires.medium.name}?", "m", wires.medium.title, "Widen the bends.")
        body = medium_of(facts.design.catalog, wires.medium)
        least = plain(np.asarray(book.take(body.diameter_m)) * np.asarray(book.take(body.bend_ratio)))
        key = facts.key(f"cables.{wires.line.name}.bend_m")
        book.put(key, least, "m", "diameter x least radius over diameter", [body.diameter_m.key, body.bend_ratio.key])
        if tightest is None:
            rows.append(not_checkable(ask, "tightest bend of the ways ('cabling: bend:')"))
            continue
        row = at_most(ask, facts, book, least, book.take(tightest), "least bend of the cable; limit: tightest bend of its way", [key, tightest.key])
        rows.append(on_assumption(row, *(word for word in body.assumed if "mass" not in word)))
    return rows


def channel_fill(facts: Facts, book: Ledger) -> Check | None:
    """Cables side by side at the fullest place of the vertical channel against its room."""
    laid = [wires for wires in facts.wires if wires.line.route != "straight"]
    if not laid:
        return None
    ask = Ask("channel-fill", "Do the cables fit the rack's vertical channel?", "m2", "cross-section at the fullest unit", "Widen the channel, use both sides, or thinner cables.")
    ways = facts.design.cabling
    areas, keys, assumed = _areas(facts, book, laid)
    area, many = fullest(laid, areas)
    key = facts.key("channel_m2")
    book.put(key, plain(area), "m2", f"cross-section of the {many} cables at the fullest unit", keys)
    return _room(ask, facts, book, plain(area), key, (ways.channel_width_m, ways.channel_depth_m), "channel_width:', 'channel_depth:", assumed)


def tray_fill(facts: Facts, book: Ledger) -> list[Check]:
    """Cables that leave the rack against room and load of the tray over it."""
    laid = [wires for wires in facts.wires if leaves(wires)]
    if not laid:
        return []
    ways = facts.design.cabling
    fill = Ask("tray-fill", "Do the cables of this rack fit the tray over it?", "m2", "cross-section of what leaves the rack", "Widen the tray, or use thinner cables.")
    load = Ask("tray-load", "Does the tray over the rack bear its cables?", "kg/m", "mass of what leaves the rack", "Use a stronger tray, or lighter cables.")
    areas, keys, assumed = _areas(facts, book, laid)
    area = plain(sum((len(wires.source.which) * np.asarray(each) for wires, each in zip(laid, areas, strict=True)), np.zeros(())))
    key = facts.key("tray_m2")
    book.put(key, area, "m2", f"cross-section of the {sum(len(wires.source.which) for wires in laid)} cables that leave", keys)
    rows = [_room(fill, facts, book, area, key, (ways.tray_width_m, ways.tray_height_m), "tray_width:', 'tray_height:", assumed)]
    bodies = [medium_of(facts.design.catalog, wires.medium) for wires in laid]
    mass = plain(sum((len(wires.source.which) * np.asarray(book.take(body.mass_kg_per_m)) for wires, body in zip(laid, bodies, strict=True)), np.zeros(())))
    heavy = facts.key("tray_kg_per_m")
    book.put(heavy, mass, "kg/m", "mass a metre of the cables that leave", [body.mass_kg_per_m.key for body in bodies])
    if ways.tray_kg_per_m is None:
        return [*rows, not_checkable(load, "load of the tray ('cabling: tray_load:')")]
    row = at_most(load, facts, book, mass, book.take(ways.tray_kg_per_m), "mass a metre; limit: what the tray bears", [heavy, ways.tray_kg_per_m.key])
    return [*rows, on_assumption(row, *dict.fromkeys(word for body in bodies for word in body.assumed if "mass" in word))]


def _areas(facts: Facts, book: Ledger, laid: Sequence[Wires]) -> tuple[list[np.ndarray], list[str], list[str]]:
    """Cross-section of one cable of each line, with keys and what is assumed."""
    bodies = [medium_of(facts.design.catalog, wires.medium) for wires in laid]
    areas = [np.pi / 4.0 * np.asarray(book.take(body.diameter_m)) ** 2 for body in bodies]
    return areas, list(dict.fromkeys(body.diameter_m.key for body in bodies)), list(dict.fromkeys(word for body in bodies for word in body.assumed if "diameter" in word))


def _room(ask: Ask, facts: Facts, book: Ledger, area: Number, key: str, sizes: tuple, words: str, assumed: Sequence[str]) -> Check:  # type: ignore[type-arg]
    share = facts.design.cabling.fill_share or facts.design.catalog.figure("cable-assumptions", "fill_share")
    if any(size is None for size in sizes):
        return not_checkable(ask, f"its width and height ('cabling: {words}')")
    limit = plain(np.asarray(book.take(sizes[0])) * np.asarray(book.take(sizes[1])) * np.asarray(book.take(share)))
    row = at_most(ask, facts, book, area, limit, "cross-section of the cables; limit: width x height x share that may be filled", [key, sizes[0].key, sizes[1].key, share.key])
    return on_assumption(row, *assumed)


def rails(facts: Facts, book: Ledger) -> list[Check]:
    """Each card of a node goes to the switch of its rail."""
    rows = []
    for wires in facts.wires:
        if wires.line.map != "rail" or not wires.target.is_inside or wires.source.group is None:
            continue
        ask = Ask(
            f"rail-map-{wires.line.name}", f"Does port r of every {wires.source.thing} go to {wires.target.thing} r?", "1", "rail-optimised map", "Swap the cables that are named."
        )
        wrong = [k for k in range(len(wires.source.which)) if wires.target.which[k] != wires.source.number[k] % len(wires.target.places)]
        key = facts.key(f"cables.{wires.line.name}.wrong_rail_count")
        book.put(key, len(wrong), "1", "; ".join(f"{wires.source.label(k)} to {wires.target.label(k)}" for k in wrong[:8]) or "all on their rail")
        rows.append(none_found(ask, facts, book, len(wrong), key))
    return rows


def lying(facts: Facts, book: Ledger) -> list[Check]:
    """Cables where a log says they lie against where they are meant to."""
    if facts.seen is None:
        return []
    found = misrouted(facts.wires, facts.seen)
    told = f": {'; '.join(found[:3])}{' ...' if len(found) > 3 else ''}" if found else ""
    ask = Ask("cable-map", f"Does every cable lie where the map has it{told}?", "1", "log of cables", "Swap the cables that are named.")
    key = facts.key("misrouted_count")
    book.put(key, len(found), "1", "; ".join(found) or "every cable that the log has lies where it is meant to")
    return [none_found(ask, facts, book, len(found), key)]


def published_cables(facts: Facts, book: Ledger) -> Check | None:
    """Cables of the scale-up domain against what was published of this rack."""
    observed = facts.design.catalog.items.get(f"observed-{facts.design.name}")
    published = observed.get("nvlink_cables_count") if observed else None
    line = next((cable for cable in facts.design.cables if cable.name == "backplane"), None)
    if published is None or line is None:
        return None
    ask = Ask("published-cables", "Are there as many cables in the backplane as were published?", "1", "published count", "Look at the product of counts.")
    key = facts.key("cables_off_count")
    off = abs(line.count - published.value)
    book.take(published)
    book.put(key, off, "1", f"|{line.count_text} - published|", [published.key])
    return none_found(ask, facts, book, int(off), key)
