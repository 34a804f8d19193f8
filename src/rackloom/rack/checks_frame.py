"""Checks of what stands where: units, depth, mass, envelopes of modules, boards and cards, and of how far the figures are known."""

from __future__ import annotations

import numpy as np

from ..figures import Figure
from ..ledger import Ledger
from . import power
from .bill import parts_in, pieces, placed
from .nouns import Check, Design
from .rule import Ask, Facts, at_most, not_checkable

MOST_ASSUMED = 0.5  # of the load


def height(facts: Facts, book: Ledger) -> Check:
    """Units taken against units of the frame."""
    ask = Ask(
        "units", "Does everything fit the height of the frame?", "1", facts.design.frame.say("document") if facts.design.frame else "", "Take something out, or use a taller frame."
    )
    used = sum(slot.last - slot.first + 1 for slot in facts.design.slots if slot.face == "front")
    key = f"{facts.prefix}.units_used_count"
    book.put(key, used, "1", "units taken by what stands in slots")
    return at_most(ask, facts, book, float(used), float(facts.design.height), "units taken; limit: units of the frame", [key])


def module_envelope(facts: Facts, book: Ledger) -> list[Check]:
    """Accelerators on a board of a standard: each module, and all of them on the board."""
    boards = {item.name: item for name in facts.placed for _, item in parts_in(facts.design, name) if item.kind == "board_envelope"}
    if not boards:
        return []
    ask = Ask("module-envelope", "Does the accelerator stay within the envelope of its slot?", "W", "OCP OAI-OAM base r2.0 v1.0", "Use a board for this power.")
    limit = next((figure for item in boards.values() if (figure := item.get("module_w"))), None) or facts.design.catalog.item("oam-2").figure("module_w")
    rows = []
    for name in pieces(facts.design, "accelerator"):
        tdp = facts.design.catalog.item(name).get("tdp_w")
        if tdp is None:
            rows.append(not_checkable(ask, f"TDP of {name}"))
            continue
        rows.append(at_most(ask, facts, book, book.take(tdp), book.take(limit), "TDP of the accelerator; limit: module envelope", [tdp.key, limit.key]))
    return [*rows, *_board(facts, book)]


def _board(facts: Facts, book: Ledger) -> list[Check]:
    """All modules of a board against what the board carries."""
    rows = []
    for name in facts.placed:
        inside = list(parts_in(facts.design, name))
        for boards, board in inside:
            limit = board.get("board_w") if board.kind == "board_envelope" else None
            modules = [(count, item) for count, item in inside if item.kind == "accelerator"]
            if limit is None or not modules:
                continue
            ask = Ask(
                "board-envelope", f"Do the modules on {board.name} stay within what the board carries?", "W", board.say("document") or board.title, "Use a board for this power."
            )
            tdps = [(count, item.get("tdp_w")) for count, item in modules]
            if any(tdp is None for _, tdp in tdps):
                rows.append(not_checkable(ask, "TDP of the modules"))
                continue
            total = sum(count * book.take(tdp) for count, tdp in tdps if tdp) / boards
            key = facts.key(f"{name}.board_w")
            inputs = [tdp.key for _, tdp in tdps if tdp]
            book.put(key, total, "W", "modules on one board at their TDP", inputs)
            rows.append(at_most(ask, facts, book, total, book.take(limit), "modules of one board; limit: its envelope", [key, limit.key]))
    return rows


def card_slots(facts: Facts, book: Ledger) -> list[Check]:
    """Network cards against what their slot gives."""
    rows: dict[str, Check] = {}
    slots = {name: facts.design.assemblies[name].card_slot_w for name in facts.placed if name in facts.design.assemblies}
    for name, own in sorted(slots.items(), key=lambda pair: pair[1].value if pair[1] else 0.0):  # of trays with one card that with the least, or none stated, decides
        for _, item in parts_in(facts.design, name):
            if item.kind != "nic" or item.name in rows:
                continue
            ask = Ask(
                f"card-slot-{item.name}",
                f"Does the slot give what {item.name} draws?",
                "W",
                "OCP NIC 3.0 (small form factor)" if own is None else "rack file",
                "Use a wider slot, or another card.",
            )
            draws = next((figure for key in ("max_w", "power_w", "tdp_w") if (figure := item.get(key))), None)
            if draws is None:
                rows[item.name] = not_checkable(ask, f"power of {item.name}")
            elif own is None:
                rows[item.name] = not_checkable(ask, f"slot of {item.name}: its card's form is not known ('assemblies: {name}: card_slot:')")
            else:
                rows[item.name] = at_most(ask, facts, book, book.take(draws), book.take(own), "largest draw of the card; limit: what the slot gives", [draws.key, own.key])
    return list(rows.values())


def published_power(facts: Facts, book: Ledger) -> Check | None:
    """The load of the parts against what was published for the whole rack; only where the published figure is not its input."""
    observed = facts.design.catalog.items.get(f"observed-{facts.design.name}")
    published = observed.get("load_rack_power_w") if observed else None
    if published is None or facts.design.power.load_w is not None or facts.lacking:
        return None
    ask = Ask(
        "published-load", "Is the sum over parts within 10 % of the load published for the whole rack?", "1", "published load of the rack", "Look at the parts whose power is assumed.",
    )  # fmt: skip
    key = f"{facts.prefix}.published_load_share"
    away = np.abs(facts.load_w / book.take(published) - 1.0)
    book.put(key, away if np.asarray(away).ndim else float(away), "1", "|sum over parts / published load - 1|", [f"{facts.prefix}.power_load_w", published.key])
    return at_most(ask, facts, book, away, 0.1, "difference from the published load; limit: 10 %", [key])


def unknown_power(facts: Facts, _book: Ledger) -> Check | None:
    """Parts whose power nobody published."""
    if not facts.missing:
        return None
    ask = Ask("power-known", "Is the power of every part known?", "W", "data sheets of the parts")
    return not_checkable(ask, *facts.missing)


def sources(facts: Facts, book: Ledger) -> Check:
    """How much of the load rests on assumptions, by what each part draws."""
    ask = Ask("figures-sourced", f"Does at most {MOST_ASSUMED:.0%} of the load rest on figures that nobody published?", "1", "catalogue", "Replace assumptions by data sheets.")
    whole, assumed, names, keys = 0.0, 0.0, [], []
    stated = facts.design.power.load_w
    for figure, watts in [(stated, stated.value)] if stated is not None else _drawn(facts.design):
        whole += watts
        keys.append(figure.key)
        book.take(figure)
        if figure.grade == "E":
            assumed += watts
            names.append(figure.key.removeprefix("catalog.").removeprefix(f"design.{facts.design.name}."))
    if whole <= 0.0:
        return not_checkable(ask, "any figure of power")
    key = facts.key("assumed_power_share")
    listed = ", ".join(dict.fromkeys(names)) or "none"
    book.put(key, assumed / whole, "1", f"what is drawn by figures that are assumptions over the load: {listed}", list(dict.fromkeys(keys)))
    return at_most(ask, facts, book, assumed / whole, MOST_ASSUMED, "share of the load; limit: half", [key])


def _drawn(design: Design) -> list[tuple[Figure, float]]:
    """Every figure of power with what it stands for in the rack [W], central."""
    out: list[tuple[Figure, float]] = []
    for name, count in placed(design).items():
        if not power.is_load(design, name):
            continue
        assembly = design.assemblies.get(name)
        if assembly is not None and assembly.power_w is not None:
            out.append((assembly.power_w, count * assembly.power_w.value))
            continue
        if assembly is not None and assembly.static_power_w is not None:
            out.append((assembly.static_power_w, count * assembly.static_power_w.value))
        for number, item in parts_in(design, name):
            figure, sockets = power.power_figure(item), item.get("sockets_count")
            if figure is not None:
                out.append((figure, count * number * (sockets.value if sockets else 1.0) * figure.value))
    return out
