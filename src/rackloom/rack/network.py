"""The network that joins racks like this one: from what the rack file asks to its figures, for one design or many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..draws import Number
from ..ledger import Ledger
from ..physics import plain
from .bill import parts_in, pieces, placed
from .fabric import FabricFigures, Gear
from .fabric_counts import count_dragonfly, count_dragonfly_plus, count_fat_tree, count_rail_optimised, count_torus
from .nouns import Check, Design
from .outfit import FabricSpec
from .rule import Ask, Facts, at_most, not_checkable


@dataclass(frozen=True)
class NetworkAnswer:
    """Figures of the network that joins so many racks. A figure is None where it has no closed form or a part's power is not published."""

    kind: str
    racks: int
    switch: str
    figures: FabricFigures
    keys: tuple[str, ...]


def network_of(design: Design, prefix: str, book: Ledger) -> NetworkAnswer | None:
    """The network that 'network: fabric:' asks for; None without one. A design that does not fit its ports has figures of NaN."""
    spec = design.fabric
    if spec is None:
        return None
    item = design.catalog.items.get(spec.switch) if spec.switch else None
    ports, rate, watts = ((item.get(name) if item else None) for name in ("ports_count", "link_bytes_per_s", "max_w"))
    keys = [figure.key for figure in (ports, rate) if figure is not None]
    radix = plain(np.asarray(book.take(ports)) * spec.split) if ports is not None else float("nan")
    each = plain(np.asarray(book.take(rate)) / spec.split) if rate is not None else 50e9
    optic = design.catalog.items.get(spec.optic) if spec.optic else None
    module = optic.get("module_w") if optic else None
    gear = None
    if watts is not None and module is not None:
        gear = Gear(book.take(watts), plain(np.asarray(book.take(module)) / spec.split))
        keys += [watts.key, module.key]
    figures = _figures(design, spec, radix, each, gear)
    told = _put(prefix, book, figures, keys, spec)
    return NetworkAnswer(spec.kind, spec.racks, spec.switch, figures, tuple(told))


def _figures(design: Design, spec: FabricSpec, radix: Number, rate: Number, gear: Gear | None) -> FabricFigures:
    cards = pieces(design, "nic").get(design.scale_out, 0) * spec.racks
    if spec.kind == "fat-tree":
        return count_fat_tree(cards, radix, levels=spec.levels, oversubscription=spec.oversubscription, planes=spec.planes, bytes_per_s=rate, gear=gear)
    if spec.kind == "rail-optimised":
        rails = cards_of_a_node(design)
        return count_rail_optimised(
            cards / max(rails, 1), rails, radix, levels=spec.levels, oversubscription=spec.oversubscription, planes=spec.planes, bytes_per_s=rate, gear=gear
        )
    if spec.kind == "dragonfly":
        p, a, h = spec.numbers[:3]
        return count_dragonfly(p, a, h, groups=spec.numbers[3] if len(spec.numbers) > 3 else None, bytes_per_s=rate, gear=gear)
    if spec.kind == "dragonfly+":
        return count_dragonfly_plus(*spec.numbers[:5], bytes_per_s=rate, gear=gear)
    return count_torus(spec.numbers, bytes_per_s=rate, gear=gear)


def cards_of_a_node(design: Design) -> int:
    """Cards of the network that joins racks in one tray or node."""
    return max((sum(number for number, item in parts_in(design, name) if item.name == design.scale_out) for name in placed(design)), default=0)


def _put(prefix: str, book: Ledger, figures: FabricFigures, keys: list[str], spec: FabricSpec) -> list[str]:
    """Rows of the ledger for what is known of the network."""
    rows = {
        "network_hosts_count": (figures.hosts_count, "1", "cards that the network joins"), "network_switches_count": (figures.switches_count, "1", "switches of all tiers"),
        "network_links_count": (plain(sum((np.asarray(one, dtype=float) for one in figures.links_by_tier.values()), np.zeros(()))), "1", "cables of all tiers"),
        "network_bisection_bytes_per_s": (figures.bisection_bytes_per_s, "byte/s", "least that halves by place can say to each other"),
        "network_hops_mean_count": (figures.mean_hops, "1", "mean cables between two cards"), "network_optics_count": (figures.optics_count, "1", "optics, one at each end of an optical cable"),
        "network_switch_power_w": (figures.switch_power_w, "W", "switches at their largest draw"), "network_optics_power_w": (figures.optics_power_w, "W", "optics"),
    }  # fmt: skip
    out = []
    for name, (value, unit, words) in rows.items():
        if value is None:
            continue
        key = f"{prefix}.{name}"
        book.put(key, value, unit, f"{words}: {spec.kind} of {spec.racks} racks, counted in closed form", keys)
        out.append(key)
    return out


def fits(facts: Facts, book: Ledger) -> list[Check]:
    """The network that is asked for fits the ports of its switch, and carries what is meant."""
    spec, answer = facts.design.fabric, facts.network
    if spec is None or answer is None:
        return []
    item = facts.design.catalog.items.get(spec.switch) if spec.switch else None
    ask = Ask(
        "fabric-fits",
        f"Can {spec.switch or 'the switch'} build a {spec.kind} for {spec.racks} racks?",
        "1",
        "closed forms of the network",
        "Use more levels, or a switch with more ports.",
    )
    if item is not None and item.get("ports_count") is None:
        return [not_checkable(ask, f"ports of {spec.switch}")]
    hosts = np.asarray(answer.figures.switches_count, dtype=float)
    fit = np.isfinite(hosts)
    room = plain(np.where(fit, 0.0, -1.0))
    margin_key = f"{facts.prefix}.checks.{ask.id}_margin_ratio"
    book.put(margin_key, room, "1", "0 where it can be built, else -1", list(answer.keys))
    good = bool(fit.reshape(-1)[0])
    row = Check(ask.id, ask.question, plain(hosts), None, "1", room, "pass" if good else "fail", (), ask.document, mend="" if good else ask.mend, key=margin_key)
    ratios = [np.asarray(one, dtype=float) for one in answer.figures.oversubscription_by_tier.values()]
    worst = np.nanmax(np.stack(np.broadcast_arrays(*ratios)), axis=0) if ratios and any(np.isfinite(one).any() for one in ratios) else None
    if worst is None or not good:
        return [row]
    over = Ask("fabric-oversubscription", "Does no tier of the network take in more than it is meant to?", "1", "closed forms of the network", "Add spines.")
    key = facts.key("network_oversubscription_ratio")
    book.put(key, plain(worst), "1", "rate into a tier over rate out of it, the worst tier", list(answer.keys))
    return [row, at_most(over, facts, book, plain(worst), facts.design.oversubscription, "worst tier; limit: as meant", [key])]
