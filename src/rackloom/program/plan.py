"""The whole engine, in the order in which work flows: each stage is a function of plain values from those above it.

A newcomer reads `make_plan` first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from .. import __version__
from ..catalog import Catalog, System, draws_from
from ..draws import Draws, Number, central
from ..errors import BadInput, Fault
from ..evaluate import compare, predict_cases
from ..factory import LineAnswer, run_line
from ..figures import Figure
from ..ledger import Ledger
from ..needs import Envelope, Estimate, Need, Released, build_envelope, envelope_of, estimate_from_table
from ..option import OptionValue, Terms, value_option
from ..performance import PowerAnswer, estimate_need, power_of, predict_training_case
from ..rack import RackAnswer, describe_rack, system_of
from ..roadmap import Roadmap, assess_generations
from ..supply import Sourcing, plan_sourcing
from .answer import compose_answer
from .load import Program
from .market import market_of
from .save import as_plain, ledger_from, ledger_rows, read_plan, to_json, write_text
from .store import Store

DRAWS = {"quick": 256, "full": 2048}
PATHS = {"quick": 4096, "full": 32768}
YEARS_AHEAD = 3  # the envelope and the roadmap look this many years past the first need
STAGES = ("racks", "needs", "supply", "factory", "roadmap", "evaluation", "option")

Progress = Callable[[str, int, int], None]  # stage, steps done, steps in all


@dataclass(frozen=True)
class Plan:
    """All stages' answers for one program: plain data, and the ledger behind every figure in it."""

    data: Mapping[str, Any]
    ledger: Ledger = field(repr=False)

    @property
    def line(self) -> str:
        """The answer in one line."""
        return str(self.data["answer"]["line"])

    @property
    def failed(self) -> bool:
        """True when something failed its check."""
        return bool(self.data["answer"]["failures"])

    def save(self, folder: str | Path) -> Path:
        """Write plan.json into a folder, beside and moved into place; `load_plan` reads it back."""
        target = Path(folder) / "plan.json"
        write_text(target, to_json(self.data) + "\n")
        return target


@dataclass
class _Stages:
    """What the stages answered; None where the program has no such section."""

    racks: dict[str, RackAnswer] = field(default_factory=dict)
    estimates: dict[tuple[str, str], Estimate] = field(default_factory=dict)
    powers: dict[tuple[str, str], PowerAnswer] = field(default_factory=dict)
    no_power: dict[tuple[str, str], str] = field(default_factory=dict)
    envelope: Envelope | None = None
    sourcing: Sourcing | None = None
    factory: LineAnswer | None = None
    roadmap: Roadmap | None = None
    comparison: Any = None
    option: OptionValue | None = None


def make_plan(program: Program, *, effort: str = "quick", engine: str = "local", progress: Progress | None = None, store: str | Path | None = None) -> Plan:
    """Every stage of a program.

    Parameters
    ----------
    program : Program
        as `load_program` read it
    effort : "quick" or "full"
        how many draws and paths; both are reproducible
    engine : "local"
        where evaluations run
    progress : callable(stage, done, total), optional
    store : folder, optional
        finished plans by their inputs, catalogue and code; the same question is answered from there
    """
    if effort not in DRAWS:
        raise BadInput(Fault(f"no effort '{effort}'", mend=f"Efforts: {', '.join(DRAWS)}."))
    if engine != "local":
        raise BadInput(Fault(f"no engine '{engine}'", mend="This release runs in this process: 'local'."))
    shelf = Store(store, program, effort) if store else None
    if shelf and (kept := shelf.find()):
        return _from_data(kept)
    tell = progress or (lambda stage, done, total: None)
    draws = draws_of(program, effort)
    stages = _Stages()
    run_racks(program, stages, draws, tell)
    run_needs(program, stages, draws, tell)
    run_supply(program, stages, draws, tell)
    run_factory(program, stages, draws, tell)
    run_roadmap(program, stages, draws, tell)
    run_evaluation(program, stages, draws, tell)
    run_option(program, stages, draws, effort, tell)
    plan = _gather(program, stages, draws, effort)
    if shelf:
        shelf.keep(plan.data)
    return plan


def draws_of(program: Program, effort: str) -> Draws:
    """The one seeded Draws value of a plan; widths by grade are an assumption of the catalogue."""
    return draws_from(program.catalog, seed=program.seed, count=DRAWS[effort])


def run_racks(program: Program, stages: _Stages, draws: Draws, tell: Progress) -> None:
    """Power, heat, flow, mass, checks and bill of each generation's rack."""
    for index, (name, design) in enumerate(program.designs.items()):
        tell("racks", index, len(program.designs))
        stages.racks[name] = describe_rack(design, name=name, catalog=program.catalog, draws=draws)
    tell("racks", len(program.designs), len(program.designs))


def run_needs(program: Program, stages: _Stages, draws: Draws, tell: Progress) -> None:
    """How fast each generation runs each need, and what the needs ask of a generation by year."""
    systems = [replace(system_of(design, catalog=program.catalog), name=name) for name, design in program.designs.items()]
    total = len(program.asks) * len(systems)
    if program.released is not None:
        stages.estimates = estimates_of(program.released, systems, draws)
        stages.envelope = envelope_of(program.released, draws=draws)
    stages.estimates |= estimate_needs(program.needs, systems, program.catalog, draws, lambda index: tell("needs", index, total))
    by_name = {system.name: system for system in systems}
    for (_, name), estimate in stages.estimates.items():
        run_power(program, stages, estimate, by_name[name])
    if program.needs:
        first = min(need.start.year for need in program.needs.values())
        last = max(need.start.year for need in program.needs.values()) + YEARS_AHEAD
        stages.envelope = build_envelope(program.needs, stages.estimates, years=range(first, last + 1), catalog=program.catalog, draws=draws)
    tell("needs", total, total)


def run_power(program: Program, stages: _Stages, estimate: Estimate, system: System) -> None:
    """What a run draws, written into the estimate's ledger; of a rack whose load and whose chips' power nobody publishes it stays open."""
    rack = stages.racks[system.name]
    key = f"designs.{system.name}.power_load_w"
    if not estimate.strategy or not central(rack.power_load_w) > 0.0:
        return
    estimate.ledger.add(rack.ledger)  # so that the load's own story goes on
    load = Figure(key, central(rack.power_load_w), "W", "the rack stage", "E")
    try:
        stages.powers[estimate.need, system.name] = power_of(estimate, replace(system, power_w=load), catalog=program.catalog)
    except BadInput as error:
        stages.no_power[estimate.need, system.name] = "; ".join(fault.what for fault in error.faults)


def estimates_of(released: Released, systems: Sequence[System], draws: Draws | None) -> dict[tuple[str, str], Estimate]:
    """How each system runs each released need, from its response table. Raises BadInput with every axis that a system is outside of."""
    out: dict[tuple[str, str], Estimate] = {}
    faults: list[Fault] = []
    for name, need in released.needs.items():
        for system in systems:
            try:
                out[name, system.name] = estimate_from_table(need.table, system, draws=draws)
            except BadInput as error:
                faults += error.faults
    if faults:
        raise BadInput(faults)
    return out


def estimate_needs(
    needs: Mapping[str, Need], systems: Sequence[System], catalog: Catalog, draws: Draws | None, tell: Callable[[int], None] = lambda index: None
) -> dict[tuple[str, str], Estimate]:
    """How each system runs each need, by (need, system)."""
    out = {}
    for index, (need, system) in enumerate((n, s) for n in needs.values() for s in systems):
        tell(index)
        out[need.name, system.name] = estimate_need(need, system, catalog=catalog, draws=draws)
    return out


def run_supply(program: Program, stages: _Stages, draws: Draws, tell: Progress) -> None:
    """Who makes what where, at what landed cost and domestic content."""
    if not program.has_supply or not stages.racks:
        return
    tell("supply", 0, 1)
    bills = {name: rack.bom for name, rack in stages.racks.items()}
    demand = {name: generation.demand for name, generation in program.generations.items() if generation.demand}
    stages.sourcing = plan_sourcing(bills, program.offers, demand, program.catalog, as_of=program.as_of, enter_as=program.enter_as, draws=draws)
    tell("supply", 1, 1)


def run_factory(program: Program, stages: _Stages, draws: Draws, tell: Progress) -> None:
    """The balanced line and its racks per week."""
    if program.line is None or not stages.racks:
        return
    tell("factory", 0, 1)
    racks = {name: line_facts(rack) for name, rack in stages.racks.items()}
    targets = {name: program.line_target or generation.demand for name, generation in program.generations.items()}
    stages.factory = run_line(program.line, racks, targets=targets, draws=draws)
    tell("factory", 1, 1)


def line_facts(rack: RackAnswer) -> dict[str, Number]:
    """What a line sees of a rack: how many of each assembly, and the power it draws under test."""
    counts: dict[str, Number] = {}
    for line in rack.bom.lines:
        for name in dict.fromkeys((line.item, line.kind) if line.level == "part" else (line.kind,)):  # an assembly's own name may be a kind of part
            counts[name] = counts.get(name, 0) + line.total
    counts["cables"] = sum(cable.count for cable in rack.cables)
    counts["accelerators"] = rack.accelerators
    counts["power_load_w"] = rack.power_load_w
    counts["is_liquid_cooled"] = float(central(rack.heat_liquid_w) > 0.0)
    return counts


def rack_rates(program: Program, stages: _Stages) -> dict[str, Number]:
    """Racks a week of each generation that arrive: what is asked for, as far as the line makes them."""
    rates: dict[str, Number] = {}
    for name, generation in program.generations.items():
        asked = stages_value(stages, f"program.demand.{name}", generation.demand)
        made = stages.factory.racks_per_week.get(name) if stages.factory else None
        if asked is not None and made is not None:
            rates[name] = np.minimum(asked, made)
        elif asked is not None or made is not None:
            rates[name] = asked if asked is not None else made  # type: ignore[assignment]
    return rates


def stages_value(stages: _Stages, key: str, figure: Figure | None) -> Number | None:
    """A program figure with the same draws as the stage that already took it."""
    if figure is None:
        return None
    for answer in (stages.sourcing, stages.factory):
        if answer is not None and key in answer.ledger:
            return answer.ledger.value(key)
    return figure.value


def run_roadmap(program: Program, stages: _Stages, draws: Draws, tell: Progress) -> None:
    """Which generation meets which need, and when."""
    if not program.asks or not stages.racks:
        return
    tell("roadmap", 0, 1)
    books = [answer.ledger for answer in (stages.sourcing, stages.factory) if answer is not None]
    stages.roadmap = assess_generations(
        program.asks, program.generations, stages.estimates, stages.racks, rack_rates(program, stages), as_of=program.as_of, draws=draws, books=books
    )
    tell("roadmap", 1, 1)


def run_evaluation(program: Program, stages: _Stages, draws: Draws, tell: Progress) -> None:
    """Predicted against measured."""
    if not program.results:
        return
    tell("evaluation", 0, 1)
    predictions: dict[str, Any] = {}
    for answer in stages.racks.values():
        predictions |= {row.key: (answer.ledger.value(row.key), row.unit) for row in answer.ledger if row.formula}
    for results in program.results:
        predictions |= predict_cases(results, lambda case: predict_training_case(case, catalog=program.catalog, draws=draws))
    designs = {name: generation.design for name, generation in program.generations.items()}
    stages.comparison = compare(predictions, program.results, draws=draws, designs=designs)
    tell("evaluation", 1, 1)


def run_option(program: Program, stages: _Stages, draws: Draws, effort: str, tell: Progress) -> None:
    """What the option to buy is worth, and whether to use it today."""
    if program.option is None:
        return
    tell("option", 0, 1)
    spec = program.option
    market = market_of(program, stages.racks, stages.estimates, stages.sourcing, draws)
    terms = Terms(spec.racks, (spec.window.first, spec.window.last), spec.price_usd, spec.deposit_usd, spec.generation, program.as_of, spec.source)
    stages.option = value_option(terms, market, paths=PATHS[effort], seed=program.seed, draws=draws)
    tell("option", 1, 1)


SKIPPED = {
    "needs": ("needs", "how fast each model runs on each generation, what the needs ask of a generation by year, and which generation meets which need, when"),
    "generations": ("designs", "power, cooling, mass, checks and the bill of materials of each rack"),
    "supply": ("supply", "who makes what where, the landed cost of a rack and its domestic content"),
    "line": ("factory", "a balanced line, its racks per week and its bottleneck"),
    "evaluation": ("evaluation", "predicted against measured"),
    "option": ("option", "what the right to buy is worth today, and whether to use it"),
}


def _gather(program: Program, stages: _Stages, draws: Draws, effort: str) -> Plan:
    """One ledger and one mapping of plain data from all stages."""
    ledger = Ledger(draws)
    parts = [*stages.racks.values(), *stages.estimates.values(), stages.envelope, stages.sourcing, stages.factory, stages.roadmap, stages.option, stages.comparison]
    for part in parts:
        if part is not None:
            ledger.add(part.ledger)
    answer = compose_answer(program, stages, ledger)
    present = {
        "needs": bool(program.asks), "generations": bool(program.designs), "supply": stages.sourcing is not None, "line": stages.factory is not None,
        "evaluation": stages.comparison is not None, "option": stages.option is not None,
    }  # fmt: skip
    data = {
        "version": 1,
        "program": {
            "rackloom": __version__, "name": program.name, "file": program.file, "as_of": program.as_of.isoformat(), "effort": effort, "seed": program.seed, "scenario": program.scenario,
            "parties": dict(program.parties), "digest": program.digest, "files": list(program.files), "echo": [list(line) for line in program.echo], "draws": draws.count,
            "generations": {name: {"design": g.design, "volume_from": g.volume_from.isoformat()} for name, g in program.generations.items()},
        },
        "answer": as_plain(answer),
        "needs": _needs_data(program, stages),
        "envelope": as_plain(stages.envelope) or {},
        "designs": as_plain(stages.racks),
        "roadmap": as_plain(stages.roadmap) or {},
        "supply": as_plain(stages.sourcing) or {},
        "factory": as_plain(stages.factory) or {},
        "evaluation": as_plain(stages.comparison) or {},
        "option": as_plain(stages.option) or {},
        "skipped": {section: f"Add '{section}:' to the program to see {what}." for section, (_, what) in SKIPPED.items() if not present[section]},
        "sources": sources_of(program.catalog, ledger),
        "ledger": ledger_rows(ledger),
    }  # fmt: skip
    return Plan(data, ledger)


def _needs_data(program: Program, stages: _Stages) -> dict[str, Any]:
    """Each need with its model in brief and its estimate on each generation."""
    out = {}
    for name, need in program.needs.items():
        model = need.model
        brief = {"name": model.name, "architecture": model.architecture, "parameters": model.parameters, "active_parameters": model.active_parameters, "source": model.source}
        stated = {key: as_plain(getattr(need, key)) for key in ("tokens", "within_s", "rate_tokens_per_s", "input_tokens", "output_tokens", "ttft_s", "tpot_s", "growth_per_year")}
        estimates = {system: _estimate_data(stages, name, system, estimate) for (of, system), estimate in stages.estimates.items() if of == name}
        out[name] = {"kind": need.kind, "start": need.start.isoformat(), "model": brief, "asks": {k: v for k, v in stated.items() if v is not None}, "estimates": estimates}
    return out | (_released_data(program.released, stages) if program.released is not None else {})


def _released_data(released: Released, stages: _Stages) -> dict[str, Any]:
    """Each released need with its estimates; of its model nothing is known."""
    out = {}
    for name, need in released.needs.items():
        stated = {"tokens_per_s": need.table.asked_tokens_per_s, "growth_per_year": need.growth_per_year}
        out[name] = {
            "kind": need.kind, "start": need.start.isoformat(), "model": None, "released": released.origin, "asks": {k: as_plain(v) for k, v in stated.items() if v is not None},
            "estimates": {system: as_plain(estimate) for (of, system), estimate in stages.estimates.items() if of == name},
        }  # fmt: skip
    return out


POWER_KEYS = ("joule_per_token", "unit_w", "swing_w", "tokens_per_s_per_w", "tokens_per_s_per_unit", "tokens_per_s_per_site_mw", "assumed")


def _estimate_data(stages: _Stages, need: str, system: str, estimate: Estimate) -> dict[str, Any]:
    """One estimate with what it draws, or why that is not known."""
    data = as_plain(estimate)
    power = stages.powers.get((need, system))
    if power is not None:
        data["power"] = {key: as_plain(getattr(power, key)) for key in POWER_KEYS}
    elif why := stages.no_power.get((need, system)):
        data["power_why_not"] = why
    return data


def sources_of(catalog: Catalog, ledger: Ledger) -> dict[str, Any]:
    """The sources that a ledger rests on, by key."""
    keys = sorted({key for row in ledger for key in row.sources})
    return {key: as_plain(source) for key in keys if (source := catalog.source(key)) is not None}


def _from_data(data: Mapping[str, Any]) -> Plan:
    return Plan(data, ledger_from(data["ledger"]))


def load_plan(path: str | Path) -> Plan:
    """A saved plan, from its folder or its plan.json; its ledger has central values and intervals, not the draws."""
    return _from_data(read_plan(Path(path)))
