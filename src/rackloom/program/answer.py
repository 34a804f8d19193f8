"""The answer of a plan: one line, six tiles, what fails worst first, and the five figures that would flip it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from ..draws import central, shown
from ..ledger import Ledger, weakest_grade
from ..rack import Check
from .flips import Outcome, find_flips
from .load import Program
from .words import money_text, span_text


@dataclass(frozen=True)
class Failure:
    """Something that fails its check: what, in which stage, how bad (0 to 1 and beyond), and the mend."""

    what: str
    stage: str
    badness: float
    detail: str = ""
    mend: str = ""
    blocks: bool = True  # stands in the way of the answer; False where it fails a generation that the answer is not about


@dataclass(frozen=True)
class Tile:
    """One of six figures of the first screen; without key, what adding its section would answer."""

    label: str
    key: str = ""
    unit: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    text: str = ""  # in place of the number, where the answer is not one
    sub: str = ""
    grade: str = ""


@dataclass(frozen=True)
class Answer:
    """What the first screen and the terminal say."""

    verdict: str
    line: str
    chosen: str
    tiles: tuple[Tile, ...]
    failures: tuple[Failure, ...]
    flips: tuple[Any, ...] = field(default=())


def compose_answer(program: Program, stages: Any, ledger: Ledger) -> Answer:
    """Everything that is said in one breath, from the stages' answers and the ledger."""
    chosen = choose(program, stages)
    failures = tuple(sorted(find_failures(program, stages, chosen), key=lambda failure: (-failure.badness, failure.stage, failure.what)))
    blocking = any(failure.blocks for failure in failures)
    verdict = ("NOT YET" if blocking else "YES") if stages.roadmap else ("FAILS ITS CHECKS" if failures else "PASSES ITS CHECKS")
    flips = tuple(find_flips(ledger, outcomes_of(stages, chosen)))
    return Answer(verdict, f"{verdict}: {one_line(program, stages, chosen, failures)}", chosen, tuple(tiles(program, stages, chosen, ledger)), failures, flips)


def choose(program: Program, stages: Any) -> str:
    """The generation that the answer is about."""
    if stages.roadmap and stages.roadmap.chosen:
        return str(stages.roadmap.chosen)
    return next(iter(program.generations), "")


def quarter(day: date) -> str:
    """2027-Q4"""
    return f"{day.year}-Q{(day.month + 2) // 3}"


def one_line(program: Program, stages: Any, chosen: str, failures: tuple[Failure, ...]) -> str:
    """The answer as DESIGN shows it; parts whose stage was skipped are left out."""
    parts = []
    if chosen:
        generation, rack = program.generations[chosen], stages.racks[chosen]
        head = f"{chosen} ({generation.design}), {quarter(generation.volume_from)}"
        if stages.roadmap:
            # when the last of its needs has all its racks, in nine draws of ten
            late = [cell.ready_date_late for cell in stages.roadmap.cells if cell.generation == chosen and cell.ready_date_late is not None]
            head += f" (P90 {quarter(max(late))})" if late and quarter(max(late)) != quarter(generation.volume_from) else ""
            head += f", meets {stages.roadmap.needs_met.get(chosen, 0)} of {len(program.asks)} needs"
        parts += [head, f"{shown(rack.power_load_w) / 1e3:.0f} kW"]
    supplied = stages.sourcing.generations.get(chosen) if stages.sourcing else None
    if supplied is not None:
        parts.append(f"{money_text(shown(supplied.landed_cost_usd))} landed ({span_text(supplied.landed_cost_usd, 1e6)})")
        content = supplied.content_of("tray")
        if content is not None and content.share is not None:
            parts.append(f"{shown(content.share):.0%} US (FAR, tray)".replace("%", " %"))
    line = stages.factory.generations.get(chosen) if stages.factory else None
    if line is not None:
        parts.append(f"{shown(line.racks_per_week):.0f} racks/wk ({span_text(line.racks_per_week, 1.0)})")
    if stages.option is not None:
        parts.append(f"option {money_text(shown(stages.option.value_usd))}: {stages.option.action}")
    first = next((failure for failure in failures if failure.blocks), None)
    tail = f" Blocks: {first.what}." if first else ""
    return "; ".join(parts) + "." + tail


def find_failures(program: Program, stages: Any, chosen: str) -> Iterable[Failure]:
    """What fails, of every stage."""
    if stages.roadmap:
        yield from _needs_unmet(program, stages)
    for name, rack in stages.racks.items():
        failed = [check for check in rack.checks if check.verdict == "fail"]
        families = dict.fromkeys(_family(check) for check in failed)
        if "load-firm" in families:
            families.pop("shelf-output", None)  # all together fall short: the fullest one tells nothing new
        for family in families:
            same = [check for check in failed if _family(check) == family]
            yield _check_failure(name, same[0], len(same) - 1, is_chosen=name == chosen)
    if stages.sourcing:
        for name, supplied in stages.sourcing.generations.items():
            for short in supplied.shortages:
                share = 1.0 - short.found_per_week / short.asked_per_week if short.asked_per_week else 1.0
                yield Failure(
                    f"{name}: too few of {short.title}",
                    "supply",
                    (0.7 if name == chosen else 0.35) * share,
                    short.why,
                    "Add offers or capacity, or ask for fewer racks.",
                    name == chosen,
                )
            if supplied.unpriced:
                yield Failure(f"{name}: no offer for {', '.join(supplied.unpriced[:4])}", "supply", 0.6 if name == chosen else 0.3, "", "Add an offer for it.", name == chosen)
    if stages.factory:
        for name, line in stages.factory.generations.items():
            if line.meets is False:
                made, asked = shown(line.racks_per_week), shown(line.target_racks_per_week)
                detail = f"{made:.1f} racks a week of {asked:.1f} asked; the bottleneck is {line.bottleneck}"
                yield Failure(
                    f"{name}: the line falls short", "factory", (0.8 if name == chosen else 0.4) * (1.0 - made / asked), detail, "Add what the bottleneck names.", name == chosen
                )


def _needs_unmet(program: Program, stages: Any) -> Iterable[Failure]:
    for need in program.asks:
        cells = [cell for cell in stages.roadmap.cells if cell.need == need]
        if cells and not any(cell.meets for cell in cells):
            best = max(cells, key=lambda cell: (cell.fits, cell.probability, cell.generation))
            yield Failure(
                f"no generation meets {need} in time",
                "roadmap",
                1.0,
                f"nearest is {best.generation}: {best.reason}",
                "Ask for more racks a week, an earlier volume date, or a later start.",
            )


def _family(check: Check) -> str:
    """A check without the state that it was put to: 'busbar-segment-feed-a-lost' as 'busbar-segment'."""
    return re.sub(r"-(feed-\w+|shelf|psu|pump)-lost$|-pump-loss$|-worst$", "", check.id)


def _check_failure(name: str, check: Check, others: int, *, is_chosen: bool) -> Failure:
    """The worst of one check's states; how many others of it fail too is said."""
    short = -central(check.margin) if check.margin is not None else 0.0
    detail = f"{check.question} No, short by {100 * short:.1f} % of the limit." if check.unit != "temperature_k" else f"{check.question} No, {short * 100:.1f} K above the limit."
    of_figures = check.id.startswith(("published", "figures"))  # how well a rack is known stops no rack
    weight = (0.9 if is_chosen else 0.45) * (0.1 if of_figures else 1.0)
    detail += f" It fails in {others} more state{'s' if others > 1 else ''}." if others else ""
    return Failure(f"{name}: {check.id.replace('-', ' ')}", "rack", weight * min(1.0, 0.1 + short), detail, check.mend, is_chosen and not of_figures)


def tiles(program: Program, stages: Any, chosen: str, ledger: Ledger) -> Iterable[Tile]:
    """Six: needs met, power, landed cost, domestic content, racks per week, option."""
    if stages.roadmap and chosen:
        met = [need for need in program.asks if any(c.meets for c in stages.roadmap.cells if c.need == need and c.generation == chosen)]
        chance = [c.probability for c in stages.roadmap.cells if c.generation == chosen]
        sub = f"by {chosen}; likelihood {', '.join(f'{100 * p:.0f}' for p in chance)} %"
        yield Tile("Needs met in time", text=f"{len(met)} of {len(program.asks)}", sub=sub)
    else:
        yield Tile("Needs met in time", text="not asked", sub="add 'needs:' and 'generations:'")
    if chosen:
        yield _tile("Rack load", f"designs.{chosen}.power_load_w", ledger, f"{chosen}, at the busbar")
    else:
        yield Tile("Rack load", text="not asked", sub="add 'generations:'")
    if stages.sourcing and chosen in stages.sourcing.generations:
        yield _tile("Landed cost of a rack", f"supply.{chosen}.landed_cost_usd", ledger, f"{chosen}; {_assumed(stages, chosen)} of it rests on assumed prices")
        content = stages.sourcing.generations[chosen].content_of("tray")
        if content is not None and content.share is not None and content.key:
            yield _tile("US content, FAR test", content.key, ledger, f"compute tray as end product; threshold {content.threshold:.0%}".replace("%", " %"))
        else:
            yield Tile("US content, FAR test", text="open", sub="a component has no price")
    else:
        yield Tile("Landed cost of a rack", text="not asked", sub="add 'supply:'")
        yield Tile("US content, FAR test", text="not asked", sub="add 'supply:'")
    if stages.factory and chosen in stages.factory.generations:
        yield _tile("Racks per week", f"factory.{chosen}.racks_per_week", ledger, f"limit: {stages.factory.generations[chosen].bottleneck.partition(':')[0]}")
    else:
        yield Tile("Racks per week", text="not asked", sub="add 'line:'")
    if stages.option is not None:
        yield _tile("Option to buy", "option.value_usd", ledger, f"today: {stages.option.action}")
    else:
        yield Tile("Option to buy", text="not asked", sub="add 'option:'")


def _assumed(stages: Any, chosen: str) -> str:
    return f"{central(stages.sourcing.generations[chosen].assumed_share):.0%}".replace("%", " %")


def _tile(label: str, key: str, ledger: Ledger, sub: str) -> Tile:
    row = ledger[key]
    return Tile(label, key, row.unit, row.value, row.low, row.high, sub=sub, grade=weakest_grade(ledger.roots_of(key)))


def outcomes_of(stages: Any, chosen: str) -> list[Outcome]:
    """The figures on which the answer turns, with the threshold of each."""
    found: list[Outcome] = []
    if stages.roadmap:
        for cell in stages.roadmap.cells:
            if cell.generation == chosen and cell.fits:
                found.append(Outcome(f"roadmap.{cell.need}.{chosen}.slack_days", 0.0, f"{chosen} {'no longer meets' if cell.meets else 'meets'} {cell.need} in time"))
    if chosen:
        for check in stages.racks[chosen].checks:
            if check.margin is not None and np.asarray(check.margin).ndim:
                found.append(Outcome(check.key, 0.0, f"{chosen} {'passes' if check.verdict == 'fail' else 'fails'} its check '{check.id.replace('-', ' ')}'"))
    line = stages.factory.generations.get(chosen) if stages.factory else None
    if line is not None and line.target_racks_per_week is not None:
        found.append(Outcome(f"factory.{chosen}.margin_racks_per_week", 0.0, f"the line {'falls short of' if line.meets else 'makes'} its rate"))
    if stages.sourcing and chosen in stages.sourcing.generations:
        for content in stages.sourcing.generations[chosen].content:
            if content.key and content.share is not None:
                found.append(Outcome(content.key, content.threshold, f"the {content.level} {'misses' if content.passes else 'reaches'} the FAR threshold"))
    if stages.option is not None:
        found.append(Outcome("option.exercise_value_per_rack_usd", 0.0, "a rack is worth its option price today"))
    return found
