"""What sourcing answers: lines, the costed bill, shortages, single sources, domestic content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from ..draws import Number
from ..figures import Figure
from ..ledger import Ledger


@dataclass(frozen=True)
class SourcedLine:
    """One part of one generation from one offer. Costs are for one rack [USD]."""

    part: str
    title: str
    kind: str
    total: int  # pieces in a rack
    offer_id: str
    supplier: str
    site: str
    country: str
    share: float  # of the part's pieces that come from this offer; above 1 in sum where minimum orders force a surplus
    unit_price_usd: Number
    cost_usd: Number  # duty included
    duty_usd: Number
    lead_time_days: Number | None
    grade: str  # of the price
    controlled_by: str
    why: str  # this supplier
    key: str  # ledger row of the price


@dataclass(frozen=True)
class Component:
    """One line of the costed bill of a rack, indented like the bill of materials. Costs are for one rack [USD]."""

    path: str  # items from the rack down, joined by '/'
    depth: int
    level: str
    item: str
    title: str
    kind: str
    total: int
    cost_usd: Number  # at the door of its parent: parts, labour of its assembly, duty
    domestic_usd: Number  # of that cost, what counts as made in the United States when this is a component of its parent
    duty_usd: Number  # of that cost, the duty on this thing itself
    labour_usd: Number  # of that cost, its own assembly and test
    origin: str  # countries, as 'TW' or 'TW 60 %, US 40 %'; '?' where nobody says
    how: str  # bought, assembled, no offer
    why: str
    unpriced: tuple[str, ...] = ()  # parts in it that no offer prices
    key: str = ""


@dataclass(frozen=True)
class ContentLine:
    """One component of an end product and how the test counts it."""

    item: str
    title: str
    count: int  # in one end product
    cost_usd: Number  # in one end product
    domestic_usd: Number
    origin: str
    counted: str  # domestic, foreign, in part domestic, not priced
    why: str


@dataclass(frozen=True)
class ContentRule:
    """A threshold and the end product it is asked of."""

    level: str  # rack or tray
    threshold: Figure
    strict: bool  # the share must exceed the threshold, not only reach it
    name: str
    title: str
    document: str = "FAR 25.101"
    binds: str = ""  # on whom


@dataclass(frozen=True)
class Content:
    """Domestic content of an end product by a component test."""

    level: str
    end_product: str
    share: Number | None  # cost of domestic components over cost of all components, labour of the end product apart
    threshold: float
    made_in_us: bool
    passes: bool | None  # None where parts without price leave it open
    pass_probability: float | None  # share of draws that pass
    lines: tuple[ContentLine, ...]
    rule: str
    document: str
    note: str
    key: str = ""


@dataclass(frozen=True)
class Shortage:
    """A part that the qualified offers cannot supply at the rate asked for."""

    part: str
    title: str
    asked_per_week: float
    found_per_week: float
    why: str


@dataclass(frozen=True)
class SingleSource:
    """A part that stands on one qualified offer, one supplier or one country."""

    part: str
    title: str
    why: str


@dataclass(frozen=True)
class Supplied:
    """How one generation is supplied. Costs are for one rack [USD]."""

    generation: str
    design: str
    demand_per_week: Number  # racks
    lines: tuple[SourcedLine, ...]
    components: tuple[Component, ...]
    landed_cost_usd: Number
    cost_is_at_least: bool  # True where parts without offer are missing from it
    labour_usd: Number
    duty_usd: Number
    classes: Mapping[str, Number]  # cost by class of part, labour and duty apart; adds up to the landed cost
    lead_time_days: Number | None
    lead_time_part: str
    single_sources: tuple[SingleSource, ...]
    shortages: tuple[Shortage, ...]
    unpriced: tuple[str, ...]
    assumed_share: Number  # of the cost before duty, what rests on prices of grade E
    grades: Mapping[str, Number]  # share of the cost before duty by grade of its prices
    us_value_share: Number  # of the cost before duty, what is paid for parts and labour of the United States, at the level where they are bought
    us_reach_share: Number  # the same, were every part that has a qualified American offer bought from the cheapest of them
    us_reach_extra_usd: Number  # what that would add to the cost before duty; capacities are not looked at
    content: tuple[Content, ...] = ()
    notes: tuple[str, ...] = ()

    def content_of(self, level: str) -> Content | None:
        """The content at a level, 'rack' or 'tray'; None where that is not asked."""
        return next((content for content in self.content if content.level == level), None)


@dataclass(frozen=True)
class Sourcing:
    """The cheapest qualified supply of several generations together."""

    generations: Mapping[str, Supplied]
    as_of: date
    enter_as: str
    status: str  # of the solver: optimal, or stopped with a bound
    cost_per_week_usd: float  # what all racks of a week cost, central values
    bound_usd: float  # no supply from these offers is cheaper
    gap_share: float
    ledger: Ledger = field(repr=False)
    left_out: tuple[str, ...] = ()

    @property
    def failures(self) -> tuple[str, ...]:
        """What stops the supply, in words."""
        out = [f"{name}: {short.title}: {short.why}" for name, supplied in self.generations.items() for short in supplied.shortages]
        return (*out, *(f"{name}: no offer for {part}" for name, supplied in self.generations.items() for part in supplied.unpriced))
