"""The bill of a rack with costs: parts, labour of assembly, duty at the border, from the leaves up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from ..catalog import Catalog
from ..draws import Number, central
from ..ledger import Ledger
from .duty import duty_rates, exact
from .nouns import Component, SourcedLine
from .offers import LABOUR, LEVELS, Offer
from .tree import ABROAD, ASSEMBLED, US, Market, Node

CLASSES: Mapping[str, str] = {  # kind of part -> class that a reader sums by
    "accelerator": "accelerators", "host": "hosts", "memory": "hosts", "storage": "storage", "ssd": "storage", "nic": "network", "dpu": "network", "switch": "network",
    "switch_chip": "network", "cable": "cables", "spine": "cables", "power_shelf": "power", "psu": "power", "bbu": "power", "busbar": "power", "power_whip": "power", "pdu": "power",
    "capacitor_shelf": "power", "power_board": "power", "cold_plate": "cooling", "manifold": "cooling", "quick_disconnect": "cooling", "hose": "cooling", "cdu": "cooling",
    "fan": "cooling", "rear_door": "cooling", "leak_sensor": "cooling", "frame": "structure", "chassis": "structure", "tray_chassis": "structure", "rails": "structure", "sheet_metal": "structure",
    "structure": "structure", "board": "boards", "pcb": "boards",
}  # fmt: skip


@dataclass(frozen=True)
class Taken:
    """A part's chosen offer and the share of the need that it serves; above 1 in sum where a surplus is forced."""

    offer: Offer
    share: float
    key: str  # ledger row of the share
    why: str


@dataclass(frozen=True)
class Spent:
    """Money for one rack that goes to one offer, before duty [USD], and the ledger rows that hold it."""

    cost_class: str
    offer: Offer
    value_usd: Number
    keys: tuple[str, ...]


Mix = Mapping[str, tuple[Taken, ...]]  # by part, 'labour:L10' and the like included


def us_share(mix: tuple[Taken, ...]) -> float:
    """Share of what was taken that is made in the United States."""
    total = sum(taken.share for taken in mix)
    return sum(taken.share for taken in mix if taken.offer.country == US) / total if total > 0.0 else 0.0


def assembled_in_us(level: str, mix: Mix, enter_as: str) -> float | None:
    """Share of the assemblies of a level that are put together in the United States; None for a kit, which is where its parent is."""
    if level not in LEVELS[:-1]:
        return None
    if taken := mix.get(LABOUR + level):
        return us_share(taken)
    return 1.0 if ASSEMBLED[enter_as].get(level) == US else 0.0


class Pricer:
    """Prices one generation's tree into components and lines; writes their rows."""

    def __init__(self, generation: str, mix: Mix, market: Market, catalog: Catalog, book: Ledger, as_of: date):
        self.generation = generation
        self.mix = mix
        self.market = market
        self.catalog = catalog
        self.book = book
        self.as_of = as_of
        self.components: list[Component] = []
        self.values: list[Spent] = []
        self.duty_keys: list[str] = []
        self.undutied: dict[str, None] = {}
        self._lines: dict[tuple[str, str], list[SourcedLine]] = {}

    def price(self, node: Node, parent_us: float) -> Component:
        """Component of a node, and of all under it; `parent_us` is the share of it that enters the United States by itself."""
        slot = len(self.components)
        self.components.append(None)  # type: ignore[arg-type]  # keeps the order of the bill: parents stand above their parts
        work = {"bought": self._bought, "assembled": self._assembled}.get(node.how, self._missing)
        self.components[slot] = made = work(node, parent_us)
        return made

    def lines(self) -> tuple[SourcedLine, ...]:
        """One line a part and offer, pieces and costs summed over the places where it sits in the rack."""
        out = []
        for found in self._lines.values():
            first = found[0]
            cost, duty = sum((line.cost_usd for line in found[1:]), first.cost_usd), sum((line.duty_usd for line in found[1:]), first.duty_usd)
            out.append(SourcedLine(**{**vars(first), "total": sum(line.total for line in found), "cost_usd": cost, "duty_usd": duty}))
        return tuple(out)

    # --- kinds of node ------------------------------------------------------------------------------------------

    def _bought(self, node: Node, parent_us: float) -> Component:
        line, mix = node.line, self.mix[node.line.item]
        value: Number = 0.0
        domestic: Number = 0.0
        duty: Number = 0.0
        keys: list[str] = []
        rate_keys: list[str] = []
        for taken in mix:
            part = line.total * taken.share * self.book.take(taken.offer.price_usd)
            rate, found = self._rate(taken.offer, line.item, parent_us)
            value, duty = value + part, duty + part * rate * parent_us
            domestic = domestic + (part if taken.offer.country == US else 0.0)
            keys += [taken.key, taken.offer.price_usd.key]
            rate_keys += found
            self._note_line(node, taken, part, part * rate * parent_us)
        duty_key = self._put_duty(node, duty, [*keys, *rate_keys])
        key = self._put(node, value + duty, f"{line.total} x taken share x price{' + duty' if duty_key else ''}, summed over offers", [*keys, *duty_key])
        cost_class = CLASSES.get(line.kind, line.kind.replace("_", " ") or "other")
        for taken in mix:
            self.values.append(Spent(cost_class, taken.offer, line.total * taken.share * self.book.take(taken.offer.price_usd), (key, *duty_key)))
        return self._component(node, value + duty, domestic, duty, 0.0, _origin(mix), "; ".join(taken.why for taken in mix), (), key)

    def _assembled(self, node: Node, parent_us: float) -> Component:
        line = node.line
        here = assembled_in_us(line.level, self.mix, self.market.enter_as)
        inside = parent_us if here is None else here  # a kit is put together with its parent
        kids = [self.price(child, inside) for child in node.children]
        mix = self.mix.get(LABOUR + line.level, ()) if here is not None else ()
        labour, labour_key = self._labour(node, mix)
        value = sum((kid.cost_usd for kid in kids), labour)
        below = [*(kid.key for kid in kids if kid.key), *labour_key]
        duty, rate_keys = self._entry_duty(mix, value, line.item, parent_us)
        duty_key = self._put_duty(node, duty, [*below, *rate_keys])
        key = self._put(node, value + duty, "parts with their duty, plus labour of assembly and test, plus duty when it enters", [*below, *duty_key])
        self.values += [Spent("labour", taken.offer, line.total * taken.share * self.book.take(taken.offer.price_usd), labour_key) for taken in mix]
        domestic = sum((kid.domestic_usd for kid in kids), 0.0) if here is None else here * value
        unpriced = tuple(dict.fromkeys(name for kid in kids for name in kid.unpriced))
        if not mix and here is not None:
            unpriced = (*unpriced, LABOUR + line.level)
        return self._component(node, value + duty, domestic, duty, labour, *self._made_where(node, mix, here), unpriced, key)

    def _missing(self, node: Node, _: float) -> Component:
        line = node.line
        waiting = self.market.waiting(line.item, line.kind)
        why = f"no qualified offer; not yet qualified: {', '.join(offer.supplier for offer in waiting)}" if waiting else "no offer"
        return self._component(node, 0.0, 0.0, 0.0, 0.0, "?", why, (line.item,), "")

    # --- pieces -------------------------------------------------------------------------------------------------

    def _note_line(self, node: Node, taken: Taken, value: Number, duty: Number) -> None:
        line, offer = node.line, taken.offer
        lead = self.book.take(offer.lead_time_days) if offer.lead_time_days else None
        self._lines.setdefault((line.item, offer.id), []).append(
            SourcedLine(
                line.item, line.title, line.kind, line.total, offer.id, offer.supplier, offer.site, offer.country, taken.share, self.book.take(offer.price_usd), value + duty, duty,
                lead, offer.grade, offer.controlled_by, taken.why, offer.price_usd.key,
            )
        )  # fmt: skip

    def _labour(self, node: Node, mix: tuple[Taken, ...]) -> tuple[Number, tuple[str, ...]]:
        if not mix:
            return 0.0, ()
        cost: Number = 0.0
        for taken in mix:
            cost = cost + node.line.total * taken.share * self.book.take(taken.offer.price_usd)
        key = self._row(node, "labour_usd")
        self.book.put(
            key,
            cost,
            "USD",
            f"{node.line.total} x taken share x price of assembly and test, summed over offers",
            [k for t in mix for k in (t.key, t.offer.price_usd.key)],
            note="for one rack",
        )
        return cost, (key,)

    def _entry_duty(self, mix: tuple[Taken, ...], value: Number, item: str, parent_us: float) -> tuple[Number, list[str]]:
        """Duty on an assembly that enters the country, on its whole value."""
        duty: Number = 0.0
        keys: list[str] = []
        total = sum(taken.share for taken in mix)
        for taken in mix:
            rate, rate_keys = self._rate(taken.offer, item, parent_us)
            duty = duty + value * (taken.share / total) * rate * parent_us
            keys += rate_keys
        return duty, keys

    def _rate(self, offer: Offer, item: str, parent_us: float) -> tuple[Number, list[str]]:
        if parent_us <= 0.0 or offer.country == US:
            return 0.0, []
        if not offer.hts:
            self.undutied[item] = None
        rate: Number = 0.0
        keys = []
        for figure in duty_rates(offer, self.catalog, self.as_of):
            rate = rate + self.book.take(exact(figure))
            keys.append(figure.key)
        return rate, keys

    def _made_where(self, node: Node, mix: tuple[Taken, ...], here: float | None) -> tuple[str, str]:
        if here is None:
            return "?", "a kit of parts, put together with its parent"
        if mix:
            return _origin(mix), f"assembled by {', '.join(taken.offer.supplier for taken in mix)}"
        side = ASSEMBLED[self.market.enter_as].get(node.line.level)
        return (US if side == US else "?"), f"assembled {'in the United States' if side == US else ABROAD}, by nobody that the offers name"

    def _component(self, node: Node, cost: Number, domestic: Number, duty: Number, labour: Number, origin: str, why: str, unpriced: tuple[str, ...], key: str) -> Component:
        line = node.line
        return Component(node.path, line.depth, line.level, line.item, line.title, line.kind, line.total, cost, domestic, duty, labour, origin, node.how, why, unpriced, key)

    def _row(self, node: Node, name: str) -> str:
        return f"supply.{self.generation}.bill.{key_part(node.path)}.{name}"

    def _put(self, node: Node, value: Number, formula: str, inputs: Iterable[str]) -> str:
        key = self._row(node, "cost_usd")
        self.book.put(key, value, "USD", formula, inputs, note="for one rack")
        return key

    def _put_duty(self, node: Node, duty: Number, inputs: Iterable[str]) -> tuple[str, ...]:
        if not central(duty):
            return ()
        key = self._row(node, "duty_usd")
        self.book.put(key, duty, "USD", "value at entry x rate of its tariff line", inputs, note="for one rack")
        self.duty_keys.append(key)
        return (key,)


def key_part(text: str) -> str:
    """A path of items as a part of a ledger key."""
    return ".".join(re.sub(r"[^A-Za-z0-9_~-]+", "-", step) for step in text.split("/"))


def _origin(mix: tuple[Taken, ...]) -> str:
    shares: dict[str, float] = {}
    total = sum(taken.share for taken in mix) or 1.0
    for taken in mix:
        shares[taken.offer.country] = shares.get(taken.offer.country, 0.0) + taken.share / total
    if len(shares) == 1:
        return next(iter(shares))
    return ", ".join(f"{country} {100.0 * share:.0f} %" for country, share in shares.items())
