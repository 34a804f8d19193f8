"""Sourcing: the cheapest qualified offers that serve all generations together, and what each rack then costs landed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from ..catalog import Catalog
from ..draws import Draws, Number, central
from ..errors import BadInput, Fault, OutOfRange
from ..figures import Figure, assumption
from ..ledger import Ledger
from .choose import ORDER_WEEKS, Choice, Want, choose_offers
from .content import content_rules, domestic_content
from .cost import Mix, Pricer, Taken, assembled_in_us, key_part
from .duty import duty_rates, law_notes
from .nouns import Shortage, SingleSource, Sourcing, Supplied
from .offers import KIND, LABOUR, LEVELS, Offer
from .tree import ASSEMBLED, US, Market, Node, tree_of

if TYPE_CHECKING:
    from ..rack import Bom

NO_DEMAND = 1.0  # rack/wk at which a generation without demand is priced

LEFT_OUT = (
    "prices are taken as delivered to the next place of work: freight, insurance, storage and cost of money are not added",
    "one price for each offer: no price breaks, no price moves after its date",
    "all generations are bought at the same time at their full rate: no ramps, no stock, no quarters",
    f"each offer takes one order in {ORDER_WEEKS:g} weeks; minimum orders and multiples apply to it, and a surplus that they force is paid",
    "an offer that states no capacity is taken to have no limit",
    "an offer for a whole rack is not used: racks are put together from what goes into them",
    "offers that are in progress or candidates are not bought from: qualifying them is not modelled",
    "an assembly's duty falls on its whole value; American parts in it are not taken out",
    "customs origin of an assembly is where it is put together (substantial transformation is not judged); free-trade rules and foreign-trade zones are not modelled",
    "component test: the United States are the fifty states; the off-the-shelf and the commercial-IT routes, under which the test is waived, are not applied",
)


def plan_sourcing(
    bills: Mapping[str, Bom], offers: tuple[Offer, ...], demand: Mapping[str, Figure], rules: Catalog, *, as_of: date, enter_as: str = "tray", draws: Draws | None = None,
    order_weeks: float = ORDER_WEEKS,
) -> Sourcing:  # fmt: skip
    """Choose offers for all parts of all generations, and price the racks.

    Parameters
    ----------
    bills : mapping generation -> Bom
        bills of materials
    offers : tuple of Offer
        who sells what; only qualified ones are bought from, and of a part whose source the buyer controls only controlled ones.
        Assumed offers (presets) stand aside where a stated offer for the part exists
    demand : mapping generation -> Figure
        racks a week [rack/wk]; a generation without demand is priced at one a week
    rules : Catalog
        tariff lines and the thresholds of the component test
    as_of : date
        at which law is read
    enter_as : "rack", "tray" or "parts"
        what crosses the border: where racks and trays are put together
    draws : Draws, optional
        the choice is made on central values, then evaluated under the draws
    order_weeks : float
        weeks that one order covers [wk]

    Returns
    -------
    Sourcing
        by generation, with shortages and parts without offer named; nothing is priced at zero in silence

    Raises BadInput: no bills, an unknown `enter_as`, two offers of one id. Costs are USD for one rack.
    """
    _check(bills, offers, demand, enter_as)
    book = Ledger(draws)
    market = Market(offers, enter_as)
    trees = {name: tree_of(bom, market) for name, bom in bills.items()}
    asked = {name: demand.get(name) or assumption(f"supply.{name}.assumed_demand_racks_per_week", NO_DEMAND, "rack/wk", note="no demand stated") for name in bills}
    for figure in asked.values():
        book.take(figure)
    labour = _labour_wants(trees, market, asked)
    labour_choice = choose_offers(labour, order_weeks=order_weeks)
    mix = _mix(labour, labour_choice, book, _askers(trees, asked, labour=True))
    parts = _part_wants(trees, market, asked, mix, rules, as_of)
    part_choice = choose_offers(parts, order_weeks=order_weeks)
    mix = {**mix, **_mix(parts, part_choice, book, _askers(trees, asked, labour=False))}
    short = {**labour_choice.short, **part_choice.short}
    wants = {want.part: want for want in labour + parts}
    work = {name: _Generation(name, bills[name], tree, asked[name], mix, market, rules, book, as_of) for name, tree in trees.items()}
    generations = {name: one.supplied(wants, short, name in demand) for name, one in work.items()}
    cost, bound = labour_choice.cost_per_week_usd + part_choice.cost_per_week_usd, labour_choice.bound_usd + part_choice.bound_usd
    undutied = tuple(dict.fromkeys(item for one in work.values() for item in one.pricer.undutied))
    left_out = (*law_notes(rules, as_of), *((f"no duty is counted where an offer from abroad names no tariff line: {', '.join(undutied)}",) if undutied else ()), *LEFT_OUT)
    status = "optimal" if {labour_choice.status, part_choice.status} == {"optimal"} else "stopped"
    return Sourcing(generations, as_of, enter_as, status, cost, bound, max(0.0, (cost - bound) / cost) if cost else 0.0, book, left_out)


# --- wants ---------------------------------------------------------------------------------------------------------


def _check(bills: Mapping[str, Bom], offers: tuple[Offer, ...], demand: Mapping[str, Figure], enter_as: str) -> None:
    faults = [] if bills else [Fault("no bills to source", mend="Name at least one generation.")]
    if enter_as not in ASSEMBLED:
        faults.append(Fault(f"enter_as '{enter_as}' is not known", mend=f"One of: {', '.join(ASSEMBLED)}."))
    seen: set[str] = set()
    for offer in offers:
        if offer.id in seen:
            faults.append(Fault(f"two offers are called '{offer.id}'", mend="Give each its own id."))
        seen.add(offer.id)
    faults += [Fault(f"demand for '{name}', which has no bill", mend=f"Bills: {', '.join(bills)}.") for name in demand if name not in bills]
    faults += [Fault(f"demand for '{name}' is not above zero", mend="Leave it out to price the rack alone.") for name, figure in demand.items() if figure.value <= 0.0]
    if faults:
        raise BadInput(faults)


def _labour_wants(trees: Mapping[str, Node], market: Market, asked: Mapping[str, Figure]) -> tuple[Want, ...]:
    """Assemblies a week by level, over all generations."""
    need: dict[str, float] = {}
    for name, tree in trees.items():
        for node in tree.walk():
            if node.how == "assembled" and node.line.level in LEVELS[:-1]:
                need[node.line.level] = need.get(node.line.level, 0.0) + asked[name].value * node.line.total
    return tuple(
        Want(LABOUR + level, count, tuple((offer, offer.price_usd.value) for offer in market.for_labour(level))) for level, count in need.items() if market.for_labour(level)
    )


def _part_wants(trees: Mapping[str, Node], market: Market, asked: Mapping[str, Figure], mix: Mix, rules: Catalog, as_of: date) -> tuple[Want, ...]:
    """Pieces a week by part, over all generations, each offer at its cost with the duty that falls on the pieces that enter by themselves."""
    need: dict[str, float] = {}
    entering: dict[str, float] = {}
    kinds: dict[str, str] = {}

    def visit(node: Node, parent_us: float, racks: float) -> None:
        line = node.line
        if node.how == "bought":
            kinds.setdefault(line.item, line.kind)
            need[line.item] = need.get(line.item, 0.0) + racks * line.total
            entering[line.item] = entering.get(line.item, 0.0) + racks * line.total * parent_us
        elif node.how == "assembled":
            here = assembled_in_us(line.level, mix, market.enter_as)
            for child in node.children:
                visit(child, parent_us if here is None else here, racks)

    for name, tree in trees.items():
        visit(tree, 1.0, asked[name].value)
    wants = []
    for item, count in need.items():
        share = entering[item] / count
        offered = [(offer, offer.price_usd.value * (1.0 + share * sum(rate.value for rate in duty_rates(offer, rules, as_of)))) for offer in market.for_part(item, kinds[item])]
        wants.append(Want(item, count, tuple(offered)))
    return tuple(wants)


def _askers(trees: Mapping[str, Node], asked: Mapping[str, Figure], *, labour: bool) -> Mapping[str, list[str]]:
    """By part (or 'labour:LEVEL') the ledger keys of the demands that want it."""
    out: dict[str, list[str]] = {}
    for name, tree in trees.items():
        for node in tree.walk():
            if node.how == ("assembled" if labour else "bought"):
                keys = out.setdefault(LABOUR + node.line.level if labour else node.line.item, [])
                if asked[name].key not in keys:
                    keys.append(asked[name].key)
    return out


def _mix(wants: tuple[Want, ...], choice: Choice, book: Ledger, askers: Mapping[str, list[str]]) -> dict[str, tuple[Taken, ...]]:
    """By part, the offers taken and their shares of the need, each with its row."""
    mix = {}
    for want in wants:
        if not want.offers:
            continue
        bought = {offer.id: choice.bought.get((want.part, offer.id), 0.0) for offer, _ in want.offers}
        found = sum(bought.values())
        if found <= 0.0:  # nothing can be had: the shortage is told, and the rack is priced as if the cheapest could
            cheapest = min(want.offers, key=lambda pair: pair[1])[0]
            bought[cheapest.id] = found = want.per_week
        base = min(found, want.per_week)
        inputs = (
            [figure.key for offer, _ in want.offers for figure in offer.figures()[:1]]
            + [o.capacity_per_week.key for o, _ in want.offers if o.capacity_per_week]
            + askers.get(want.part, [])
        )
        for offer, _ in want.offers:
            book.take(offer.price_usd)
            if offer.capacity_per_week:
                book.take(offer.capacity_per_week)
        taken = []
        for offer, cost in want.offers:
            if bought[offer.id] > 0.0:
                key = f"supply.split.{key_part(want.part)}.{key_part(offer.id)}.taken_share"
                share = bought[offer.id] / base
                book.put(key, share, "1", f"least cost among {len(want.offers)} qualified offers within capacity and orders (mixed-integer program)", inputs, note=want.part)
                taken.append(Taken(offer, share, key, _why(want, offer, cost, bought)))
        mix[want.part] = tuple(taken)
    return mix


def _why(want: Want, offer: Offer, cost: float, bought: Mapping[str, float]) -> str:
    """Why this supplier."""
    if offer.controlled_by != "maker":
        return f"{offer.supplier}: the source is {'directed by the buyer' if offer.controlled_by == 'buyer-directed' else 'consigned by the buyer'}"
    if len(want.offers) == 1:
        return f"{offer.supplier}: the only qualified offer"
    cheaper = [other for other, price in want.offers if price < cost]
    if not cheaper:
        return f"{offer.supplier}: cheapest of {len(want.offers)} qualified offers"
    full = [other.supplier for other in cheaper if bought[other.id] > 0.0]
    return f"{offer.supplier}: takes what {' and '.join(full)} cannot" if full else f"{offer.supplier}: cheaper offers do not fit by capacity or minimum order"


# --- one generation ------------------------------------------------------------------------------------------------


class _Generation:
    """Turns one priced tree into what is told of a generation."""

    def __init__(self, name: str, bom: Bom, tree: Node, asked: Figure, mix: Mix, market: Market, rules: Catalog, book: Ledger, as_of: date):
        self.name, self.bom, self.tree, self.asked, self.mix = name, bom, tree, asked, mix
        self.market, self.rules, self.book, self.as_of = market, rules, book, as_of
        self.pricer = Pricer(name, mix, market, rules, book, as_of)

    def supplied(self, wants: Mapping[str, Want], short: Mapping[str, float], has_demand: bool) -> Supplied:
        root = self.pricer.price(self.tree, 1.0)
        landed = self._put("landed_cost_usd", root.cost_usd, "USD", "cost of the rack: parts, labour of assembly and test, duty", [root.key])
        classes, labour, duty = self._classes()
        grades, assumed, home = self._shares()
        reach, extra = self._reach()
        lead, slowest = self._lead_time()
        notes = () if has_demand else (f"no demand stated: priced at {NO_DEMAND:g} rack a week",)
        out = Supplied(
            self.name, self.bom.design, self.book.take(self.asked), self.pricer.lines(), tuple(self.pricer.components), landed, bool(root.unpriced), labour, duty, classes, lead,
            slowest, self._single_sources(), self._shortages(wants, short), root.unpriced, assumed, grades, home, reach, extra, (), notes,
        )  # fmt: skip
        return self._with_content(out)

    def _put(self, name: str, value: Number, unit: str, formula: str, inputs: list[str], note: str = "for one rack") -> Number:
        return self.book.put(f"supply.{self.name}.{name}", value, unit, formula, inputs, note=note)

    def _classes(self) -> tuple[dict[str, Number], Number, Number]:
        """Cost before duty by class, labour, duty; they add up to the landed cost."""
        totals: dict[str, Number] = {}
        keys: dict[str, list[str]] = {}
        for spent in self.pricer.values:
            totals[spent.cost_class] = totals.get(spent.cost_class, 0.0) + spent.value_usd
            keys.setdefault(spent.cost_class, []).extend(spent.keys)
        duty: Number = 0.0
        for component in self.pricer.components:
            duty = duty + component.duty_usd
        labour = totals.pop("labour", 0.0)
        self._put("labour_usd", labour, "USD", "sum of labour of assembly and test, all levels", keys.pop("labour", []))
        self._put("duty_usd", duty, "USD", "sum of duties", self.pricer.duty_keys)
        for name, value in totals.items():
            self._put(f"classes.{key_part(name)}.cost_usd", value, "USD", f"sum over parts of the class '{name}', less their duty", keys[name])
        totals = dict(sorted(totals.items(), key=lambda pair: -central(pair[1])))
        return {**totals, "labour": labour, "duty": duty}, labour, duty

    def _shares(self) -> tuple[dict[str, Number], Number, Number]:
        """Shares of the cost before duty: by grade of the price, on assumptions, of the United States."""
        spent = self.pricer.values
        total = sum((one.value_usd for one in spent), 0.0)
        if central(total) <= 0.0:
            return {}, 0.0, 0.0
        keys = [key for one in spent for key in one.keys]
        grades: dict[str, Number] = {}
        for grade in sorted({one.offer.grade for one in spent}):
            share = sum((one.value_usd for one in spent if one.offer.grade == grade), 0.0) / total
            grades[grade] = self._put(f"grade_{grade.lower()}_share", share, "1", f"cost on prices of grade {grade} / cost before duty", keys)
        assumed = self._put(
            "assumed_share",
            grades.get("E", 0.0),
            "1",
            "cost on prices that are assumptions (grade E) / cost before duty",
            [f"supply.{self.name}.grade_e_share"] if "E" in grades else keys,
        )
        home = sum((one.value_usd for one in spent if one.offer.country == US), 0.0) / total
        self._put("us_value_share", home, "1", "parts and labour bought in the United States / cost before duty, each at the level where it is bought", keys)
        return grades, assumed, home

    def _reach(self) -> tuple[Number, Number]:
        """Share of the cost that American offers could carry, and what taking them would add, part by part."""
        home: Number = 0.0
        total: Number = 0.0
        extra: Number = 0.0
        keys: list[str] = []
        for node in self.tree.walk():
            labour = node.how == "assembled"
            mix = self.mix.get(LABOUR + node.line.level if labour else node.line.item, ()) if node.how in ("bought", "assembled") else ()
            if not mix:
                continue
            now = sum((node.line.total * taken.share * self.book.take(taken.offer.price_usd) for taken in mix), 0.0)
            offers = self.market.for_labour(node.line.level) if labour else self.market.for_part(node.line.item, node.line.kind)
            best = min((offer for offer in offers if offer.country == US), key=lambda offer: offer.price_usd.value, default=None)
            then = node.line.total * self.book.take(best.price_usd) if best else now
            home, total, extra = home + (then if best else 0.0), total + then, extra + then - now
            keys += [taken.key for taken in mix] + [taken.offer.price_usd.key for taken in mix] + ([best.price_usd.key] if best else [])
        words = "were each part with a qualified American offer bought from the cheapest of them, whatever its capacity"
        extra = self._put("us_reach_extra_usd", extra, "USD", f"change of the cost before duty, {words}", keys)
        return self._put("us_reach_share", home / total if central(total) else 0.0, "1", f"parts and labour of the United States / cost before duty, {words}", keys), extra

    def _lead_time(self) -> tuple[Number | None, str]:
        """The longest lead time of what is bought, and the part that has it on central values."""
        found = {
            taken.offer.id: (node.line.title, taken.offer.lead_time_days)
            for node in self.tree.walk()
            if node.how == "bought"
            for taken in self.mix[node.line.item]
            if taken.offer.lead_time_days
        }
        if not found:
            return None, ""
        days = np.stack(np.broadcast_arrays(*[np.asarray(self.book.take(figure), dtype=float) for _, figure in found.values()]))
        longest = days.max(axis=0)
        slowest = max(found.values(), key=lambda pair: pair[1].value)[0]
        value: Number = longest if longest.ndim else float(longest)
        keys = [figure.key for _, figure in found.values()]
        return self._put("lead_time_days", value, "d", "longest lead time among the offers taken; assembly and transport come after it", keys, note=f"longest: {slowest}"), slowest

    def _single_sources(self) -> tuple[SingleSource, ...]:
        out: dict[str, SingleSource] = {}
        for node in self.tree.walk():
            line = node.line
            if node.how != "bought" or line.item in out:
                continue
            offers = self.market.for_part(line.item, line.kind)
            countries = sorted({offer.country for offer in offers})
            suppliers = sorted({offer.supplier for offer in offers})
            by_kind = " (an offer for its kind)" if offers[0].part.startswith(KIND) else ""
            if len(offers) == 1:
                out[line.item] = SingleSource(line.item, line.title, f"one qualified offer: {suppliers[0]}, {countries[0]}{by_kind}")
            elif len(suppliers) == 1:
                out[line.item] = SingleSource(line.item, line.title, f"one qualified supplier: {suppliers[0]}, in {', '.join(countries)}{by_kind}")
            elif len(countries) == 1:
                out[line.item] = SingleSource(line.item, line.title, f"one country: {countries[0]}, {len(suppliers)} suppliers{by_kind}")
        return tuple(out.values())

    def _shortages(self, wants: Mapping[str, Want], short: Mapping[str, float]) -> tuple[Shortage, ...]:
        out: dict[str, Shortage] = {}
        for node in self.tree.walk():
            line = node.line
            name = line.item if node.how == "bought" else LABOUR + line.level if node.how == "assembled" else ""
            if name in short and name not in out:
                want = wants[name]
                title = line.title if node.how == "bought" else f"assembly and test, {line.level}"
                why = f"{want.per_week - short[name]:,.0f} of {want.per_week:,.0f} a week can be had from {len(want.offers)} qualified offer{'s' if len(want.offers) > 1 else ''}"
                out[name] = Shortage(name, title, want.per_week, want.per_week - short[name], why)
        return tuple(out.values())

    def _with_content(self, supplied: Supplied) -> Supplied:
        try:
            rules = content_rules(self.rules, self.as_of)
        except OutOfRange as error:
            return Supplied(**{**vars(supplied), "notes": (*supplied.notes, str(error))})
        content = tuple(domestic_content(self.bom, supplied, rule, book=self.book) for rule in rules)
        return Supplied(**{**vars(supplied), "content": content})
