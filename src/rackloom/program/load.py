"""From a program file to the nouns of the stages; every fault in it and in the files it names is reported at once."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from ..catalog import Catalog, Item, load_catalog
from ..errors import BadInput, Fault, RackloomError, nearest
from ..evaluate import Results, read_results
from ..exchange.tables import read_table
from ..factory import Line, line_presets, load_line_preset
from ..figures import Figure, Range, from_range, read_range
from ..needs import Asks, Model, Need, Released, find_model, projection_item, read_model, read_released, shipped_models
from ..rack import Design, RackFile, design_from, load_design, shipped_designs
from ..reading import Document, read_yaml
from ..roadmap import Generation
from ..strict import Strict, build, mended
from ..supply import Offer, load_supply_preset, read_offers, supply_presets
from .fields import Window
from .file import GenerationFile, LineFile, NeedFile, OptionFile, ProgramFile, SupplyFile
from .salvage import sound

T = TypeVar("T")
_SIGNED = ("1", "1/yr", "temperature_k", "USD")  # units of figures that may be below 0


@dataclass(frozen=True)
class OptionSpec:
    """Terms of the option as the program states them; figures carry the line they stand on."""

    racks: Range
    window: Window
    price_usd: Figure
    generation: str
    against: str
    against_price_usd: Figure | None
    decline_share: Figure
    volatility_share: Figure
    rate_share: Figure
    deposit_usd: Figure | None
    source: str = "program"  # where racks and window stand


@dataclass(frozen=True)
class Program:
    """Everything that a plan is computed from, read and checked."""

    name: str
    file: str
    as_of: date
    seed: int
    parties: Mapping[str, str]
    catalog: Catalog
    needs: Mapping[str, Need]
    generations: Mapping[str, Generation]
    designs: Mapping[str, Design]
    offers: tuple[Offer, ...] = ()
    offers_from: str = ""
    enter_as: str = "tray"
    line: Line | None = None
    line_site: str = ""
    line_target: Figure | None = None
    results: tuple[Results, ...] = ()
    option: OptionSpec | None = None
    scenario: str = ""
    released: Released | None = None  # a lab's release, in place of needs
    echo: tuple[tuple[str, str], ...] = ()  # the inputs in words, for the head of the report
    digest: str = ""  # of every file that was read for it
    files: tuple[str, ...] = field(default=())

    @property
    def asks(self) -> Mapping[str, Asks]:
        """What is asked of generations: the needs, or those of the lab's release."""
        return self.needs if self.released is None else self.released.needs

    @property
    def has_supply(self) -> bool:
        """True when the program says where parts come from."""
        return bool(self.offers_from)


def load_program(path: str | Path, *, scenario: str = "") -> Program:
    """Read a program and all that it names. Raises BadInput with every fault found.

    Parameters
    ----------
    path : str or Path
        the program file; files that it names are found relative to it
    scenario : str
        one of the program's own 'scenarios', whose assumptions are laid over its 'assumptions'
    """
    return _Loader(read_yaml(path), Path(path), scenario).load()


class _Loader:
    """Reads section by section, so that a fault in one does not hide the faults of another."""

    def __init__(self, document: Document, path: Path, scenario: str):
        self.document = document
        self.folder = path.parent
        self.scenario = scenario
        self.faults: list[Fault] = []
        self.is_whole = True  # False while only what is sound of a faulty program is checked
        self.read: dict[str, bytes] = {path.name: "\n".join(document.lines).encode()}

    def load(self) -> Program:
        whole = build(ProgramFile, self.document, faults=self.faults)
        file = whole or self.salvage()
        self.is_whole = whole is not None
        catalog = self.overlaid(file)
        needs = {name: need for name, raw in file.needs.items() if (need := self.need(name, raw, file.as_of, catalog))}
        released = self.released(file)
        designs = {name: design for name, raw in file.generations.items() if (design := self.design(name, raw, catalog))}
        generations = {name: self.generation(name, file) for name in designs}
        self.dangling_demand()
        offers, offers_from = self.offers(file.supply, catalog, designs)
        line, target = self.line(file.line, catalog)
        results = self.results(file.evaluation)
        option = self.option(file.option, self.written("generations"), catalog)
        if self.faults:
            raise BadInput(sorted(dict.fromkeys(mended(fault) for fault in self.faults), key=_by_place(self.document.name)))
        return Program(
            file.name or Path(self.document.name).stem, Path(self.document.name).name, file.as_of, file.seed, {str(party): name for party, name in file.parties.items()}, catalog, needs, generations, designs, offers,
            offers_from, file.supply.enter_as if file.supply else "tray", line, file.line.site if file.line else "", target, results, option, self.scenario, released, self.echo(),
            self.digest(), tuple(sorted(self.read)),
        )  # fmt: skip

    # --- pieces -------------------------------------------------------------------------------------------------

    def written(self, section: str) -> list[str]:
        """Names that stand in a section, faults or not."""
        value = self.document.value.get(section)
        return list(value) if isinstance(value, dict) else []

    def salvage(self) -> ProgramFile:
        """What is sound of a file with faults, key by key, so that its references are checked in the same run."""
        value = self.document.value
        kept: dict[str, Any] = {}
        entries: tuple[tuple[str, type[Strict], str], ...] = (("needs", NeedFile, "model"), ("generations", GenerationFile, "rack"))
        for section, model, needed in entries:
            found = {name: sound(model, value[section][name], (needed,)) for name in self.written(section)}
            kept[section] = {name: entry for name, entry in found.items() if entry is not None}
        whole: tuple[tuple[str, type[Strict], tuple[str, ...]], ...] = (("supply", SupplyFile, ()), ("line", LineFile, ("site", "use")), ("option", OptionFile, ()))
        for section, model, keys in whole:
            kept[section] = sound(model, value.get(section), keys)
        plain = sound(ProgramFile, {key: value[key] for key in ("as_of", "catalog", "assumptions", "demand", "evaluation", "scenarios", "envelope") if key in value})
        assert plain is not None  # nothing is needed
        return plain.model_copy(update={**kept, "as_of": plain.as_of or date(2000, 1, 1)})

    def guarded(self, work: Callable[[], T], path: tuple[str | int, ...]) -> T | None:
        """Run one reader; its faults join the others, those without a place get that of the program's line."""
        try:
            return work()
        except BadInput as error:
            self.faults += [fault if fault.place else replace(fault, place=self.document.place(path)) for fault in error.faults]
        except RackloomError as error:
            fault = getattr(error, "fault", None) or Fault(str(error))
            self.faults.append(replace(fault, place=self.document.place(path)))
        return None

    def own(self, path: tuple[str | int, ...], span: Range | None, unit: str, grade: str = "A") -> Figure | None:
        """A figure that the user states: what they say of their own undertaking is theirs to say."""
        if span is None:
            return None
        return from_range("program." + ".".join(str(step) for step in path), span, unit, source=self.document.where(path), grade=grade)

    def overlaid(self, file: ProgramFile) -> Catalog:
        folders = [file.catalog] if isinstance(file.catalog, str) else file.catalog
        paths = [self.folder / name for name in folders]
        for index, name in enumerate(folders):
            if not _is_folder(self.folder / name):
                self.faults.append(Fault(f"no catalogue folder '{name}'", self.document.place(("catalog", index)), mend="Correct the path; it is relative to this file."))
        here = [path for path in paths if _is_folder(path)]
        catalog = self.guarded(lambda: load_catalog(*here), ("catalog",)) or load_catalog()
        for path in here:
            self.note(*sorted(path.glob("*.yaml")))
        catalog = self.assume(catalog, ("assumptions",), file.assumptions)
        if self.scenario:
            known = self.written("scenarios")
            if self.scenario not in known:
                mend = f"Scenarios here: {', '.join(known)}." if known else "Add it under 'scenarios:'."
                self.faults.append(Fault(f"no scenario '{self.scenario}'", self.document.place(("scenarios",), key=True), nearest=nearest(self.scenario, known), mend=mend))
            elif self.scenario in file.scenarios:
                catalog = self.assume(catalog, ("scenarios", self.scenario), file.scenarios[self.scenario])
        return catalog

    def assume(self, catalog: Catalog, at: tuple[str, ...], values: Mapping[str, Any]) -> Catalog:
        """The catalogue with the user's own values in place of its figures; what they replace is kept beside them."""
        items = dict(catalog.items)
        for name, value in values.items():
            path = (*at, name)
            item_name, _, figure_name = name.rpartition(".")
            item: Item | None = items.get(item_name)
            old = item.get(figure_name) if item else None
            if item is None or old is None:
                names = [f"{item_name}.{known}" for known in item.figures] if item else [f"{i.name}.{f}" for i in catalog.items.values() for f in i.figures]
                mend = "Write 'item.figure_unit: value'; `rackloom catalog show ITEM` lists the figures of an item."
                self.faults.append(Fault(f"no figure '{name}' in the catalogue", self.document.place(path, key=True), nearest=nearest(name, names), mend=mend))
                continue
            try:
                span = read_range(value, old.unit)
            except ValueError as error:
                self.faults.append(Fault(f"{name}: {error}", self.document.place(path)))
                continue
            if not (math.isfinite(span.low) and math.isfinite(span.high)) or (span.low < 0.0 <= old.value and old.unit not in _SIGNED):
                wrong = "is below 0" if math.isfinite(span.low) and span.low < 0.0 else "is not finite"
                self.faults.append(Fault(f"{name}: '{value}' {wrong}", self.document.place(path), mend=f"It is {old.value:g} {old.unit} in the catalogue; write such a value."))
                continue
            own = from_range(old.key, span, old.unit, source=self.document.where(path), grade="E", note="set by the program")
            own = replace(own, basis=old.basis, others=(replace(old, others=()), *old.others), rule="the program's own value")
            items[item_name] = replace(item, figures={**item.figures, figure_name: own})
        return replace(catalog, items=items)

    def need(self, name: str, raw: NeedFile, as_of: date, catalog: Catalog) -> Need | None:
        at = ("needs", name)
        model = self.guarded(lambda: self.model(raw.model, (*at, "model")), (*at, "model"))
        if raw.projected is not None:
            named = raw.projected
            self.guarded(lambda: projection_item(catalog, named), (*at, "projected"))
        if model is None or not self.is_whole:
            return None
        return Need(
            name=name, kind="training" if raw.tokens is not None else "serving", model=model, start=raw.start or as_of,
            tokens=self.own((*at, "tokens"), raw.tokens, "token"), within_s=self.own((*at, "within"), raw.within, "s"),
            rate_tokens_per_s=self.own((*at, "rate"), raw.rate, "token/s"), input_tokens=self.own((*at, "input"), raw.input, "token"),
            output_tokens=self.own((*at, "output"), raw.output, "token"), ttft_s=self.own((*at, "ttft_p95"), raw.ttft_p95, "s"), tpot_s=self.own((*at, "tpot"), raw.tpot, "s"),
            ttft_share=0.95 if raw.ttft_p95 is not None else None, hit_share=self.own((*at, "prefix_hit"), raw.prefix_hit, "1"),
            hit_host_share=self.own((*at, "prefix_hit_host"), raw.prefix_hit_host, "1"), projection=raw.projected or "", spread=self.own((*at, "spread"), raw.spread, "1"),
            turns_count=self.own((*at, "turns"), _one(raw.turns), "1"), next_tokens=self.own((*at, "next"), raw.next, "token"), kept_share=self.own((*at, "kept"), raw.kept, "1"),
            draft_tokens=self.own((*at, "draft"), _one(raw.draft), "token"), accepted_share=self.own((*at, "accepted"), raw.accepted, "1"),
            growth_per_year=self.own((*at, "growth"), raw.growth, "1"), rack_power_limit_w=self.own((*at, "rack_power"), raw.rack_power, "W"),
            coolant_supply_temperature_k=self.own((*at, "coolant"), raw.coolant, "temperature_k"),
        )  # fmt: skip

    def released(self, file: ProgramFile) -> Released | None:
        """The release that stands in place of needs."""
        if file.envelope is None:
            return None
        if self.written("needs"):
            self.faults.append(
                Fault("a program has needs, or the envelope that a lab released, not both", self.document.place(("envelope",), key=True), mend="Remove one of them.")
            )
            return None
        target = self.folder / file.envelope
        if not _is_file(target):
            mend = "Give the path of a file that `rackloom envelope --release` wrote, relative to this file."
            self.faults.append(Fault(f"no file '{file.envelope}'", self.document.place(("envelope",)), nearest=self.nearest_file(file.envelope, ("*.yaml",)), mend=mend))
            return None
        self.note(target)
        return self.guarded(lambda: read_released(target), ("envelope",))

    def model(self, written: str, path: tuple[str | int, ...]) -> Model:
        """A shipped model by name, or a config.json beside the program."""
        is_file = written.endswith(".json") or "/" in written
        if not is_file:
            return find_model(written)
        target = self.folder / written
        if not _is_file(target):
            mend = f"Give the path of a config.json relative to this file, or a shipped model: {', '.join(shipped_models()[:6])}, ..."
            raise BadInput(Fault(f"no file '{written}'", self.document.place(path), nearest=self.nearest_file(written, ("*.json",)), mend=mend))
        self.note(target)
        return read_model(target)

    def design(self, name: str, raw: GenerationFile, catalog: Catalog) -> Design | None:
        path = ("generations", name, "rack")
        files: list[Path] = []
        try:
            return self.guarded(lambda: self.rack(name, raw.rack, path, catalog, files), path)
        finally:
            self.note(*files)

    def rack(self, name: str, written: str | RackFile, path: tuple[str, ...], catalog: Catalog, files: list[Path]) -> Design:
        """A shipped rack, a rack file, or the rack that stands in the program itself and is called as its generation."""
        if isinstance(written, RackFile):
            return design_from(self.document.view(path), name, self.folder, catalog=catalog, files=files)
        if not written.endswith((".yaml", ".yml")) and "/" not in written:
            return load_design(written, catalog=catalog)
        target = self.folder / written
        if not _is_file(target):
            mend = f"Give the path of a rack file relative to this file, or a shipped rack: {', '.join(shipped_designs())}."
            raise BadInput(Fault(f"no file '{written}'", self.document.place(path), nearest=self.nearest_file(written, ("*.yaml",)), mend=mend))
        return load_design(target, catalog=catalog, files=files)

    def nearest_file(self, written: str, patterns: tuple[str, ...]) -> str:
        """Of the files in the folder that a path names, the one whose name is nearest; '' when none is."""
        folder = (self.folder / written).parent
        names = [os.path.join(os.path.dirname(written), p.name) for pattern in patterns for p in sorted(folder.glob(pattern))] if _is_folder(folder) else []
        return nearest(written, names)

    def generation(self, name: str, file: ProgramFile) -> Generation:
        raw = file.generations[name]
        design = Path(raw.rack).stem if isinstance(raw.rack, str) else name
        return Generation(name=name, design=design, volume_from=raw.volume_from, demand=self.own(("demand", name), file.demand.get(name), "rack/wk"))

    def dangling_demand(self) -> None:
        known = self.written("generations")
        for name in self.written("demand"):
            if name not in known:
                mend = f"Generations here: {', '.join(known) or 'none'}."
                self.faults.append(Fault(f"demand for '{name}', which is no generation", self.document.place(("demand", name), key=True), nearest=nearest(name, known), mend=mend))

    def offers(self, raw: SupplyFile | None, catalog: Catalog, designs: Mapping[str, Design]) -> tuple[tuple[Offer, ...], str]:
        if raw is None:
            return (), ""
        found: list[Offer] = []
        named = []
        if raw.use is not None:
            use = raw.use
            if use not in supply_presets():
                self.no_preset("supply", "use", use, supply_presets())
            else:
                found += self.guarded(lambda: load_supply_preset(use, catalog), ("supply", "use")) or ()
            named.append(f"preset {use}")
        if raw.offers is not None:
            target = self.folder / raw.offers
            if not _is_file(target):
                mend, near = "Give a CSV or xlsx table relative to this file.", self.nearest_file(raw.offers, ("*.csv", "*.xlsx"))
                self.faults.append(Fault(f"no file '{raw.offers}'", self.document.place(("supply", "offers")), nearest=near, mend=mend))
            else:
                self.note(target)
                assemblies = [word for design in designs.values() for a in design.assemblies.values() for word in (a.name, a.kind)]
                own = self.guarded(lambda: read_offers(read_table(target), catalog=catalog, parts=assemblies), ("supply", "offers"))
                found += own or ()
                named.append(raw.offers)
        return tuple(found), ", ".join(named)

    def no_preset(self, section: str, key: str, name: str, known: list[str]) -> None:
        mend = f"Presets: {', '.join(known)}."
        self.faults.append(Fault(f"no {section} preset '{name}'", self.document.place((section, key)), nearest=nearest(name, known), mend=mend))

    def line(self, raw: LineFile | None, catalog: Catalog) -> tuple[Line | None, Figure | None]:
        if raw is None:
            return None, None
        self.guarded(lambda: catalog.item(raw.site, "site"), ("line", "site"))
        if raw.use not in line_presets():
            self.no_preset("line", "use", raw.use, line_presets())
            return None, None
        overrides: dict[str, Any] = {
            "stations": raw.stations, "cells": raw.cells, "hall_power_w": self.own(("line", "hall_power"), raw.hall_power, "W"),
            "shift_hours_per_week": raw.shift_hours_per_week,
        }  # fmt: skip
        given = {key: value for key, value in overrides.items() if value is not None}
        line = self.guarded(lambda: load_line_preset(raw.use, catalog, **given), ("line", "use"))
        return line, self.own(("line", "racks_per_week"), raw.racks_per_week, "rack/wk")

    def results(self, raw: list[str] | str) -> tuple[Results, ...]:
        patterns = [raw] if isinstance(raw, str) else raw
        found: list[Results] = []
        for index, pattern in enumerate(patterns):
            path = ("evaluation", index)
            paths = self.matching(pattern)
            if not paths:
                self.faults.append(
                    Fault(
                        f"no file matches '{pattern}'",
                        self.document.place(path),
                        mend="Give result files relative to this file: '*.jsonl' (OCP test and validation) or '*.yaml' (cases).",
                    )
                )
            for target in paths:
                self.note(target)
                results = self.guarded(lambda target=target: read_results(target), path)  # type: ignore[misc]
                if results is not None:
                    found.append(results)
        return tuple(found)

    def matching(self, pattern: str) -> list[Path]:
        """Files that a pattern names, relative to the program; a path out of its folder names one file."""
        if Path(pattern).is_absolute() or ".." in Path(pattern).parts:
            return [path for path in (self.folder / pattern,) if _is_file(path)]
        try:
            return sorted(path for path in self.folder.glob(pattern) if _is_file(path))
        except (ValueError, OSError):  # '' or 'a**b' is no pattern
            return []

    def option(self, raw: OptionFile | None, generations: list[str], catalog: Catalog) -> OptionSpec | None:
        if raw is None:
            return None
        for key, name in (("generation", raw.generation), ("against", raw.against)):
            if name is not None and name not in generations:
                mend = f"Generations here: {', '.join(generations) or 'none'}."
                self.faults.append(Fault(f"option on '{name}', which is no generation", self.document.place(("option", key)), nearest=nearest(name, generations), mend=mend))
        if not generations:
            self.faults.append(Fault("an option needs at least one generation to buy", self.document.place(("option",), key=True), mend="Add a 'generations:' section."))
            return None
        if raw.against_price is None and "supply" not in self.document.value:
            mend = "Add 'against_price: 3.9 MUSD', or a 'supply:' section, whose landed cost is then used."
            other = raw.against or generations[0]
            self.faults.append(Fault(f"the option has no price of a rack of '{other}' to compare with", self.document.place(("option",), key=True), mend=mend))
        assumed = catalog.item("option-assumptions")

        def said(key: str, span: Range | None, unit: str, default: str) -> Figure:
            return self.own(("option", key), span, unit, grade="E") or assumed.figure(default)

        return OptionSpec(
            raw.racks, raw.window, self.own(("option", "price"), raw.price, "USD"), raw.generation or generations[-1], raw.against or generations[0],  # type: ignore[arg-type]
            self.own(("option", "against_price"), raw.against_price, "USD", grade="E"), said("decline", raw.decline, "1", "decline_share"),
            said("volatility", raw.volatility, "1", "volatility_share"), said("rate", raw.rate, "1", "rate_share"), self.own(("option", "deposit"), raw.deposit, "USD"),
            self.document.where(("option", "racks")),
        )  # fmt: skip

    # --- what was read ------------------------------------------------------------------------------------------

    def note(self, *paths: Path) -> None:
        for path in paths:
            try:
                self.read[str(path.relative_to(self.folder))] = path.read_bytes()
            except ValueError:
                self.read[path.name] = path.read_bytes()

    def digest(self) -> str:
        total = hashlib.sha256()
        for name in sorted(self.read):
            total.update(name.encode() + b"\0" + hashlib.sha256(self.read[name]).digest())
        return total.hexdigest()

    def echo(self) -> tuple[tuple[str, str], ...]:
        """The sections as they were written, one line an entry, for the reader to check against what they meant."""
        lines: list[tuple[str, str]] = []
        for section in ("parties", "needs", "envelope", "generations", "demand", "supply", "line", "evaluation", "option", "assumptions"):
            value = self.document.value.get(section)
            if isinstance(value, dict) and section in ("needs", "generations"):
                lines += [(f"{section}: {name}", _said(_in_brief(entry))) for name, entry in value.items()]
            elif value:
                lines.append((section, _said(value)))
        return tuple(lines)


def _in_brief(entry: Any) -> Any:
    """An entry whose rack stands in the program itself, without the whole of that rack."""
    if not isinstance(entry, dict) or not isinstance(entry.get("rack"), dict):
        return entry
    like = entry["rack"].get("like")
    return {**entry, "rack": f"of its own, like {like}" if like else "of its own"}


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that no file can have
        return False


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


def _one(count: int | None) -> Range | None:
    return None if count is None else Range(float(count), float(count))


def _said(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_said(entry)}" for key, entry in value.items())
    if isinstance(value, list):
        return ", ".join(_said(entry) for entry in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _by_place(program: str) -> Callable[[Fault], tuple[bool, str, int, int]]:
    def order(fault: Fault) -> tuple[bool, str, int, int]:
        place = fault.place
        return (place is None or place.file != program, place.file if place else "", place.line if place else 0, place.column if place else 0)

    return order
