"""Generations against needs: enough racks in time, within what the site gives a rack."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Protocol

import numpy as np

from ..draws import Draws, Number, central, probability
from ..errors import BadInput, Fault, nearest
from ..ledger import Ledger
from ..needs import Asks, Estimate
from .nouns import Generation, Roadmap, RoadmapCell

YEARS = 4  # the year of the start and the three after it
RULE = (
    "Best generation of a need: of those that meet it the one with the fewest racks at the start, then the earliest ready, then by name. "
    "Generation of the answer: most needs met, then the highest sum of probabilities, then the earliest volume, then by name."
)
LEFT_OUT = (
    "Racks go to one need at a time: the same deliveries are counted for each need, so needs that run side by side compete for them.",
    "Deliveries run at one steady rate from the start of volume, or from the date of the program where volume has begun: no ramp, no transit, no installation or acceptance time.",
    "The start of volume and the start of a need are taken as dates without uncertainty.",
    "A rack is taken to accept coolant up to the supply temperature of its design; what it would run at above that is not assessed.",
    "One generation carries a whole need: mixed fleets, and keeping older racks as new ones come, are not assessed.",
)


class Rack(Protocol):
    """What the roadmap reads of a rack's answer."""

    @property
    def accelerators(self) -> int: ...  # noqa: D102
    @property
    def power_load_w(self) -> Number: ...  # noqa: D102
    @property
    def coolant_supply_temperature_k(self) -> Number | None: ...  # noqa: D102
    @property
    def ledger(self) -> Ledger: ...  # noqa: D102


def assess_generations(
    needs: Mapping[str, Asks], generations: Mapping[str, Generation], estimates: Mapping[tuple[str, str], Estimate], racks: Mapping[str, Rack],
    rack_rate: Mapping[str, Number], *, as_of: date, draws: Draws | None = None, books: Iterable[Ledger] = (),
) -> Roadmap:  # fmt: skip
    """Which of the given generations meets which need, when.

    Parameters
    ----------
    needs, generations : by name
    estimates : by (need, generation)
        how each generation runs each need; its `accelerators` are those of the start
    racks : by generation
        accelerators in a rack, its power at load [W], its coolant supply temperature [K], its ledger
    rack_rate : by generation
        racks a week that arrive [rack/wk]; a generation without a rate delivers none that can be counted
    as_of : date
        the date of the program: nothing is delivered before it
    draws : Draws, optional
    books : ledgers, optional
        those that hold `factory.GENERATION.racks_per_week`, so that a rate made by a line is traced to it

    Formulas: racks = accelerators / accelerators in a rack; ready = first delivery + 7 d/wk x racks / rate, the first
    delivery being the later of the start of volume and `as_of`; slack = start of the need - ready. A need is met when the
    generation runs it, the slack is 0 or more, the rack draws no more than the need's limit and accepts the site's coolant.

    Raises BadInput when there is nothing to choose from, or an estimate or rack is missing.
    """
    _check(needs, generations, estimates, racks)
    book = Ledger(draws)
    for extra in books:
        book.add(extra)
    cells = []
    for need in needs.values():
        for generation in generations.values():
            estimate, rack = estimates[need.name, generation.name], racks[generation.name]
            book.add(estimate.ledger)
            book.add(rack.ledger)
            cells.append(_Cell(need, generation, estimate, rack, rack_rate.get(generation.name), as_of, book).assess())
    met = {name: sum(cell.meets for cell in cells if cell.generation == name) for name in generations}
    likely = {name: sum(cell.probability for cell in cells if cell.generation == name) for name in generations}
    chosen = min(generations.values(), key=lambda g: (-met[g.name], -round(likely[g.name], 12), g.volume_from, g.name)).name
    first, last = min(need.start.year for need in needs.values()), max(need.start.year for need in needs.values()) + YEARS - 1
    best = {name: _best([cell for cell in cells if cell.need == name]) for name in needs}
    return Roadmap(tuple(cells), best, chosen, met, len(needs), met[chosen] == len(needs), tuple(range(first, last + 1)), RULE, book, LEFT_OUT)


def _check(needs: Mapping[str, Asks], generations: Mapping[str, Generation], estimates: Mapping[tuple[str, str], Estimate], racks: Mapping[str, Rack]) -> None:
    faults = [Fault(f"a roadmap without {what}", mend=f"Add '{what}:'.") for what, given in (("needs", needs), ("generations", generations)) if not given]
    faults += [Fault(f"generation '{name}' has no rack", nearest=nearest(name, racks)) for name in generations if name not in racks]
    faults += [Fault(f"no estimate of need '{n}' on generation '{g}'") for n in needs for g in generations if (n, g) not in estimates]
    if faults:
        raise BadInput(faults)


def _best(cells: list[RoadmapCell]) -> str | None:
    meeting = [cell for cell in cells if cell.meets and cell.racks is not None and cell.ready_days is not None]
    if not meeting:
        return None
    return min(meeting, key=lambda cell: (central(cell.racks), central(cell.ready_days), cell.generation)).generation  # type: ignore[arg-type]


class _Cell:
    """One need on one generation; writes its rows as it goes."""

    def __init__(self, need: Asks, generation: Generation, estimate: Estimate, rack: Rack, rate: Number | None, as_of: date, book: Ledger):
        self.need, self.generation, self.estimate, self.rack, self.rate, self.as_of, self.book = need, generation, estimate, rack, rate, as_of, book
        self.base = f"roadmap.{need.name}.{generation.name}"
        self.design = f"designs.{generation.name}"
        self.first = max(generation.volume_from, as_of)
        self.met: np.ndarray | bool = True  # over the draws
        self.reasons: list[str] = []

    def put(self, key: str, value: Number, unit: str, formula: str, inputs: Iterable[str]) -> Number:
        with np.errstate(invalid="ignore"):  # draws in which no rack arrives are ready at infinity, and an interval between infinities is none
            return self.book.put(f"{self.base}.{key}", value, unit, formula, inputs)

    def require(self, holds: np.ndarray | bool, reason: str) -> None:
        """Note a condition, and its reason where it does not hold at central values."""
        self.met = np.logical_and(self.met, holds)
        if not np.asarray(holds).reshape(-1)[0]:
            self.reasons.append(reason)

    def assess(self) -> RoadmapCell:
        power, coolant = self.power(), self.coolant()
        if not self.estimate.fits or self.rack.accelerators <= 0:
            why = self.estimate.why_not if not self.estimate.fits else "its rack holds no accelerators"
            self.require(False, f"does not fit: {why or 'no reason given'}")
            return self.cell(power, coolant)
        rate_keys = self.rate_keys()
        racks = self.put(
            "racks_count", self.estimate.accelerators / float(self.rack.accelerators), "1", "accelerators at the start / accelerators in a rack",
            [f"{self.estimate.prefix}.accelerators_count", f"{self.design}.accelerators_count"],
        )  # fmt: skip
        years = range(self.need.start.year, self.need.start.year + YEARS)
        wanted = {year: self.racks_in(year, racks) for year in years}
        if self.rate is None or not central(self.rate) > 0.0:
            why = "nothing is asked for and no line is given" if self.rate is None else "the line makes none"
            self.require(False, f"no rate: {why}, so {_whole(racks)} racks have no date")
            return self.cell(power, coolant, racks=racks, racks_by_year=wanted)
        with np.errstate(divide="ignore"):
            weeks = racks / np.asarray(self.rate, dtype=float)
        ready = self.put(
            "ready_days",
            _plain((self.first - self.as_of).days + 7.0 * weeks),
            "d",
            f"days from {self.as_of} to {self.first}, the first delivery, + 7 d/wk x racks / racks a week",
            [f"{self.base}.racks_count", *rate_keys],
        )
        slack = self.put(
            "slack_days",
            (self.need.start - self.as_of).days - ready,
            "d",
            f"days from {self.as_of} to {self.need.start}, the start of the need, - days to readiness",
            [f"{self.base}.ready_days"],
        )
        self.require(np.asarray(slack) >= 0.0, f"late by {_span(-central(slack))}")
        delivered = {year: self.delivered_by(year, rate_keys) for year in years}
        return self.cell(power, coolant, racks=racks, ready_days=ready, slack_days=slack, racks_by_year=wanted, delivered_by_year=delivered)

    def cell(self, power: Number | None, coolant: Number | None, **numbers: object) -> RoadmapCell:
        ready = numbers.get("ready_days")
        likely = probability(self.met)
        meets = not self.reasons
        if meets:
            count = _whole(numbers["racks"])  # type: ignore[arg-type]
            before = _span(central(numbers["slack_days"]))  # type: ignore[arg-type]
            self.reasons.append(f"{count} rack{'' if count == '1' else 's'}, {before} before the start")
        return RoadmapCell(
            self.need.name, self.generation.name, self.estimate.fits, meets, likely, "; ".join(self.reasons), power_margin_w=power, coolant_margin_k=coolant,
            ready_date=self.day(central(ready)) if ready is not None else None,  # type: ignore[arg-type]
            ready_date_late=self.day(_late(ready)) if ready is not None else None,  # type: ignore[arg-type]
            **numbers,  # type: ignore[arg-type]
        )  # fmt: skip

    def day(self, days: float) -> date | None:
        """The day after so many days, a day begun counted whole; None beyond the calendar."""
        if not math.isfinite(days) or days > (date.max - self.as_of).days:
            return None
        return self.as_of + timedelta(days=math.ceil(days - 1e-9))

    def rate_keys(self) -> list[str]:
        """Rows that the rate rests on, and a row of the rate itself."""
        if self.rate is None:
            return []
        made, inputs = f"factory.{self.generation.name}.racks_per_week", []
        if self.generation.demand is not None:
            self.book.take(self.generation.demand)
            inputs.append(self.generation.demand.key)
        if made in self.book:
            inputs.append(made)
        key = f"roadmap.{self.generation.name}.rate_racks_per_week"
        if key not in self.book:
            self.book.put(key, self.rate, "rack/wk", "racks a week that arrive: those asked for, as far as the line makes them", inputs)
        return [key]

    def racks_in(self, year: int, racks: Number) -> Number:
        growth, since = self.need.growth_per_year, year - self.need.start.year
        factor: Number = self.book.take(growth) ** since if growth is not None else 1.0
        how = f"racks at the start x growth^{since}" if growth is not None else "racks at the start; the need states no growth"
        return self.put(f"racks_{year}_count", racks * factor, "1", how, [f"{self.base}.racks_count", *([growth.key] if growth is not None else [])])

    def delivered_by(self, year: int, rate_keys: list[str]) -> Number:
        days = max(0, (date(year + 1, 1, 1) - self.first).days)
        return self.put(
            f"delivered_{year}_count",
            _plain(np.asarray(self.rate, dtype=float) * (days / 7.0)),
            "1",
            f"{days} days from {self.first} to the end of {year} / 7 d/wk x racks a week",
            rate_keys,
        )

    def power(self) -> Number | None:
        limit = self.need.rack_power_limit_w
        if limit is None:
            return None
        most = self.book.take(limit)
        load = self.rack.power_load_w
        self.require(np.asarray(load) <= np.asarray(most), f"draws {central(load) / 1e3:.4g} kW of {central(most) / 1e3:.4g} kW")
        return self.put("power_margin_w", most - load, "W", "power that the site gives a rack - power of the rack at load", [limit.key, f"{self.design}.power_load_w"])

    def coolant(self) -> Number | None:
        site, own = self.need.coolant_supply_temperature_k, self.rack.coolant_supply_temperature_k
        if site is None or own is None:
            return None
        given = self.book.take(site)
        self.require(np.asarray(given) <= np.asarray(own) + 1e-9, f"takes coolant up to {central(own) - 273.15:.4g} C, the site gives {central(given) - 273.15:.4g} C")
        return self.put(
            "coolant_margin_k", own - given, "K", "coolant supply temperature of the design - that of the site", [site.key, f"{self.design}.coolant_supply_temperature_k"]
        )


def _plain(value: Number) -> Number:
    """A float where there are no draws."""
    return float(value) if np.ndim(value) == 0 else value


def _late(days: Number) -> float:
    array = np.asarray(days)
    return central(days) if array.size < 2 else float(np.quantile(array[1:], 0.9, method="higher"))


def _whole(racks: Number) -> str:
    return f"{math.ceil(central(racks) - 1e-9):,}"


def _span(days: float) -> str:
    weeks, whole = days / 7.0, math.ceil(days - 1e-9)
    return f"{weeks:.0f} weeks" if weeks >= 1.5 else f"{whole} day{'' if whole == 1 else 's'}"
