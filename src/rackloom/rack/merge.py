"""One rack file laid over what it is 'like': the draft of a design, and the reading of each section."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace
from typing import Any

from ..catalog import Catalog, Item
from ..errors import Fault, nearest
from ..figures import Figure, Range, from_range, read_counted, read_range
from ..reading import Document
from ..strict import Strict
from . import cables, sections
from .file import AssemblyFile, PlatesFile, PortFile, RackFile
from .nouns import Assembly, Cable, Connection, Coolant, Environment, Plates, Power, Slot
from .outfit import Cabling, PortGroup, Service, Standing
from .ports import Read, read_connection, twice
from .words import ASSEMBLY, MAY_BE_ZERO, PLATES, PORTS, SHARES, Words, varying

_SLOT = re.compile(r"^(?:(front|rear|side)\s+)?u(\d+)(?:-u?(\d+))?$")
_REFERENCE = re.compile(r"^[a-z][a-z0-9-]*\.[a-z][a-z0-9_]*$")
COLDEST_K, HOTTEST_K = 273.15, 373.15  # a water-based coolant at the pressures of a rack is liquid between them
HOTTEST_CASE_K = 473.15  # silicon carries no more
LOWEST_M, HIGHEST_M = -1000.0, 11_000.0  # of the standard atmosphere
COLDEST_AIR_K, HOTTEST_AIR_K = 233.15, 333.15


@dataclass
class Draft:
    """A design while files are laid over it."""

    name: str
    broken: frozenset[str] = frozenset()  # assemblies whose entry is at fault
    plain: dict[str, Any] = field(
        default_factory=lambda: {
            "title": "",
            "status": "shipping",
            "frame": None,
            "height": None,
            "layout": "assumed",
            "scale_out": "",
            "scale_up": "rack",
            "oversubscription": 1.0,
            "fabric": None,
        }
    )
    units: dict[tuple[str, int], tuple[int, Slot, tuple[Document, tuple[str, ...]]]] = field(default_factory=dict)  # face, unit -> block id, slot, place
    blocks: int = 0
    fixtures: list[tuple[int, str]] = field(default_factory=list)
    assemblies: dict[str, Assembly] = field(default_factory=dict)
    places: dict[str, tuple[Document, tuple[str | int, ...]]] = field(default_factory=dict)
    connections: list[tuple[Connection, Document, tuple[str | int, ...]]] = field(default_factory=list)
    power: Power = field(default_factory=Power)
    coolant: Coolant | None = None
    environment: Environment = field(default_factory=Environment)
    cabling: Cabling = field(default_factory=Cabling)
    standing: Standing = field(default_factory=Standing)
    service: Service = field(default_factory=Service)
    cables: dict[str, Cable] = field(default_factory=dict)
    mass_kg: Figure | None = None
    vary: dict[str, Range] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Merger:
    """Lays one file over the draft."""

    def __init__(self, draft: Draft, document: Document, file: RackFile, catalog: Catalog, faults: list[Fault]):
        self.draft, self.document, self.file, self.catalog, self.faults = draft, document, file, catalog, faults

    def merge(self) -> None:
        """All sections, in an order in which each finds what it names."""
        draft, file = self.draft, self.file
        for key in ("title", "status", "frame", "height", "layout"):
            if getattr(file, key) is not None:
                draft.plain[key] = getattr(file, key)
        self.leave_out()
        if file.frame is not None:
            self.known(file.frame, ("frame",), "frame")
        if file.network is not None:
            for key in ("scale_out", "scale_up", "oversubscription"):
                if getattr(file.network, key) is not None:
                    draft.plain[key] = getattr(file.network, key)
            if file.network.fabric is not None:
                sections.fabric(self, file.network.fabric)
            if file.network.scale_out:
                self.known(file.network.scale_out, ("network", "scale_out"))
        for name, raw in file.assemblies.items():
            draft.assemblies[name] = self.assembly(name, raw)
            draft.places[name] = (self.document, ("assemblies", name))
        self.fixtures()
        self.slots()
        self.connect()
        sections.power(self)
        sections.coolant(self)
        sections.environment(self)
        for section in (sections.cabling, sections.standing, sections.service, cables.lines):
            section(self)
        if file.mass is not None:
            draft.mass_kg = self.figure(file.mass, ("mass",), "kg")
        for name, text in file.vary.items():
            self.vary(name, text)
        draft.unknown += file.unknown
        draft.notes += file.notes
        self.say_inherited()

    def say_inherited(self) -> None:
        """Figures of the whole rack that were taken over although what it holds has changed."""
        file, draft = self.file, self.draft
        if file.like is None or not (file.slots or any("parts" in raw.model_fields_set for raw in file.assemblies.values())):
            return
        stated = {
            "mass": (draft.mass_kg, file.mass), "power.load": (draft.power.load_w, file.power and file.power.load), "coolant.flow": (draft.coolant and (draft.coolant.flow_table or draft.coolant.flow_m3_per_s), file.coolant and file.coolant.flow),
            "cables": (draft.cables, file.cables),
        }  # fmt: skip
        kept = [word for word, (have, given) in stated.items() if have and not given]
        if kept:
            draft.notes.append(f"as in {file.like}, though the rack holds other things: {', '.join(kept)}")

    def known(self, name: str, path: tuple[str | int, ...], kind: str | None = None) -> Item | None:
        """A part of the catalogue, or a fault with the nearest one."""
        item = self.catalog.items.get(name)
        if item is not None and (kind is None or item.kind == kind):
            return item
        choices = [i.name for i in self.catalog.items.values() if kind in (None, i.kind)]
        mend = "Correct the name, or add the part with its source to a folder named under 'catalog:'."
        self.faults.append(Fault(f"no {kind or 'part'} '{name}' in the catalogue", self.document.place(path), nearest=nearest(name, choices), mend=mend))
        return None

    def figure(self, text: Any, path: tuple[str | int, ...], unit: str) -> Figure | None:
        """A figure of the catalogue by 'item.figure', or the file's own value with its line as source."""
        if isinstance(text, str) and _REFERENCE.match(text):
            item_name, _, figure_name = text.partition(".")
            item = self.catalog.items.get(item_name)
            figure = item.get(figure_name) if item else None
            if figure is not None and figure.unit == unit:
                return figure
            if figure is not None:
                what = f"{path[-1]}: '{text}' is in {figure.unit}, not in {unit}"
                self.faults.append(Fault(what, self.document.place(path), mend="Name a figure of the right kind, or write a value with its unit."))
                return None
            choices = [f"{item_name}.{name}" for name in item.figures] if item else list(self.catalog.items)
            self.faults.append(
                Fault(
                    f"no figure '{text}' in the catalogue",
                    self.document.place(path),
                    nearest=nearest(text if item else item_name, choices),
                    mend="`rackloom catalog show ITEM` lists figures.",
                )
            )
            return None
        try:
            span = read_range(text, unit)
        except ValueError as error:
            self.faults.append(Fault(f"{path[-1]}: {error}", self.document.place(path)))
            return None
        if wrong := _out_of_bounds(span, unit, str(path[-1]), str(path[0])):
            self.faults.append(Fault(f"{path[-1]}: '{text}' {wrong[0]}", self.document.place(path), mend=wrong[1]))
            return None
        return from_range(f"design.{self.draft.name}.{'.'.join(map(str, path))}", span, unit, source=self.document.where(path), grade="E")

    def assembly(self, name: str, raw: AssemblyFile) -> Assembly:
        """An assembly, new or laid over the one of that name: parts replace those of their kind."""
        base = self.draft.assemblies.get(name)
        at = ("assemblies", name)
        given = raw.model_fields_set
        parts = tuple(read_counted(entry) for entry in raw.parts)
        if base is not None and "parts" in given:
            kinds = {self.kind_of(part) for _, part in parts}
            parts += tuple(entry for entry in base.parts if self.kind_of(entry[1]) not in kinds and self.without(entry[1], kinds))
        found = self.figures(raw, at, ASSEMBLY)
        if raw.cooling is not None:
            found["cooling"] = self.plates(raw.cooling, (*at, "cooling"), base.cooling if base else None)
        below = base.ports if base else {}
        ports = {**below, **{group: self.port_group(one, (*at, "ports", group), below.get(group)) for group, one in raw.ports.items()}}
        if base is None:
            return Assembly(
                name, raw.level, raw.kind or name, raw.title or name.replace("-", " "), raw.height, parts, connectors=raw.connectors, unknown=tuple(raw.unknown), mating=raw.mating or "",
                ports=ports, **found,
            )  # fmt: skip
        plain = {key: getattr(raw, key) for key in ("level", "kind", "title", "height", "connectors", "mating") if key in given and getattr(raw, key) is not None}
        found["ports"] = ports
        return replace(base, **plain, **found, parts=parts if "parts" in given else base.parts, unknown=tuple(raw.unknown) if "unknown" in given else base.unknown)

    def figures(self, raw: Strict, at: tuple[str | int, ...], words: Words) -> dict[str, Any]:
        """The figures that a section states, by field."""
        return {key: self.figure(getattr(raw, word), (*at, word), unit) for key, (word, unit) in words.items() if getattr(raw, word) is not None}

    def port_group(self, raw: PortFile, at: tuple[str | int, ...], base: PortGroup | None) -> PortGroup:
        """Ports of one kind, laid over what they were."""
        given = raw.model_fields_set
        plain = {key: getattr(raw, key) for key in ("count", "face", "lanes", "split") if key in given and getattr(raw, key) is not None}
        return replace(base or PortGroup(1), **plain, **self.figures(raw, at, PORTS))

    def plates(self, raw: PlatesFile, at: tuple[str | int, ...], base: Plates | None) -> Plates:
        """How coolant runs through one tray, laid over what it was."""
        plain = {key: getattr(raw, key) for key in ("plate", "count", "series") if getattr(raw, key) is not None}
        if raw.plate is not None:
            self.known(raw.plate, (*at, "plate"), "cold_plate")
        made = replace(base or Plates(), **plain, **self.figures(raw, at, PLATES))
        if made.count is not None and made.count % made.series:
            self.faults.append(Fault(f"{made.count} plates do not make whole streams of {made.series} in series", self.document.place(at), mend="Correct 'count' or 'series'."))
        return made

    def kind_of(self, name: str) -> str:
        """Kind of a part; an assembly is of its own kind, whatever it is called."""
        item = self.catalog.items.get(name)
        return item.kind if item and name not in self.draft.assemblies else f"assembly {name}"

    def without(self, name: str, kinds: set[str]) -> bool:
        """Take kinds out of what a nested assembly holds, as they stand beside it now; False when nothing is left of it."""
        nested = self.draft.assemblies.get(name)
        if nested is None:
            return True
        left = tuple(entry for entry in nested.parts if self.kind_of(entry[1]) not in kinds and self.without(entry[1], kinds))
        if left != nested.parts:
            self.draft.assemblies[name] = replace(nested, parts=left)
        return bool(left)

    def leave_out(self) -> None:
        """Take fixtures and cables out that the rack below has."""
        for index, name in enumerate(self.file.without):
            held = [fixture for _, fixture in self.draft.fixtures]
            if name not in held and name not in self.draft.cables:
                known = [*held, *self.draft.cables]
                place = self.document.place(("without", index))
                mend = f"It has: {', '.join(known)}." if known else "Name a rack under 'like' first."
                self.faults.append(Fault(f"without: there is no '{name}'", place, nearest=nearest(name, known), mend=mend))
            self.draft.fixtures = [entry for entry in self.draft.fixtures if entry[1] != name]
            self.draft.cables.pop(name, None)

    def fixtures(self) -> None:
        """Parts without a slot, in place of those of their kind."""
        given: list[tuple[int, str]] = []
        for index, text in enumerate(self.file.fixtures):
            count, name = read_counted(text)
            if self.known(name, ("fixtures", index)):
                given.append((count, name))
        kinds = {self.kind_of(name) for _, name in given}
        self.draft.fixtures = [entry for entry in self.draft.fixtures if self.kind_of(entry[1]) not in kinds] + given

    def slots(self) -> None:
        """Units and what stands there; units named here are taken over."""
        mine: dict[tuple[str, int], str] = {}
        for text, value in self.file.slots.items():
            path = ("slots", text)
            match = _SLOT.match(text)
            if not match:
                self.faults.append(Fault(f"'{text}' is not a slot", self.document.place(path, key=True), mend="Write 'u5', 'u5-u8' or 'rear u5-u8', counted from the bottom."))
                continue
            face, first, last = match[1] or "front", int(match[2]), int(match[3] or match[2])
            try:
                count, name = read_counted(value)
            except ValueError as error:
                self.faults.append(Fault(f"slots {text}: {error}", self.document.place(path)))
                continue
            if first < 1 or last < first or last > 100:
                self.faults.append(Fault(f"'{text}' runs from {first} to {last}", self.document.place(path, key=True), mend="Units run upward from 1."))
                continue
            for unit in range(first, last + 1):
                if (face, unit) in mine:
                    self.faults.append(
                        Fault(f"unit {unit} is taken twice, by '{mine[face, unit]}' and '{text}'", self.document.place(path, key=True), mend="Give each unit to one thing.")
                    )
                    break
                mine[face, unit] = text
            self.place(Slot(first, last, count, name, face), path)

    def place(self, new: Slot, path: tuple[str, ...]) -> None:
        """Take units over from what stood there; say what was displaced."""
        draft, wanted = self.draft, range(new.first, new.last + 1)
        touched = sorted({draft.units[new.face, unit][0] for unit in wanted if (new.face, unit) in draft.units})
        for block in touched:
            units = [unit for (_, unit), (owner, _, _) in draft.units.items() if owner == block]
            _, slot, origin = draft.units[new.face, units[0]]
            each = max(1, round((slot.last - slot.first + 1) / slot.count))
            for unit in units:
                del draft.units[new.face, unit]
            left = sorted(set(units) - set(wanted))
            kept = 0
            for run in _runs(left):
                fit = len(run) // each
                if fit:
                    self.hold(Slot(run[0], run[0] + fit * each - 1, fit, slot.name, slot.face), origin)
                    kept += fit
            if slot.name != new.name:
                draft.notes.append(f"{new.name} at u{new.first}-u{new.last} displaces {slot.count - kept} x {slot.name}")
        self.hold(new, (self.document, path))

    def hold(self, slot: Slot, origin: tuple[Document, tuple[str, ...]]) -> None:
        """Write a slot into the draft, unit by unit."""
        self.draft.blocks += 1
        self.draft.units |= dict.fromkeys([(slot.face, unit) for unit in range(slot.first, slot.last + 1)], (self.draft.blocks, slot, origin))

    def connect(self) -> None:
        """Connections; one that stands in a file below 'like' gives way to one into the same port."""
        mine: list[Read] = []
        for index, text in enumerate(self.file.connect):
            place = self.document.place(("connect", index))
            read = read_connection(text, place, self.faults, lambda name, path=("connect", index): self.known(name, path))  # type: ignore[misc]
            if read is None:
                continue
            if fault := twice(read, mine):
                self.faults.append(replace(fault, place=place))
            mine.append(read)
            made = read.made
            ends = (made.source, made.source_port, made.target, made.target_port)
            self.draft.connections = [e for e in self.draft.connections if e[1] is self.document or (e[0].source, e[0].source_port, e[0].target, e[0].target_port) != ends]
            self.draft.connections.append((made, self.document, ("connect", index)))

    def vary(self, name: str, text: str) -> None:
        """What the roadmap may vary, and between what."""
        units = varying()
        if name not in units:
            mend = f"What may vary: {', '.join(units)}."
            self.faults.append(Fault(f"'{name}' does not vary", self.document.place(("vary", name), key=True), nearest=nearest(name, units), mend=mend))
            return
        try:
            self.draft.vary[name] = read_range(text, units[name])
        except ValueError as error:
            self.faults.append(Fault(f"{name}: {error}", self.document.place(("vary", name))))


def _runs(units: list[int]) -> list[list[int]]:
    """Runs of consecutive units."""
    runs: list[list[int]] = []
    for unit in units:
        if runs and unit == runs[-1][-1] + 1:
            runs[-1].append(unit)
        else:
            runs.append([unit])
    return runs


def _out_of_bounds(span: Range, unit: str, word: str, section: str) -> tuple[str, str] | None:
    """What is wrong with a quantity of this unit, and the mend; None when it can be."""
    if not (math.isfinite(span.low) and math.isfinite(span.high)):
        return "is not finite", "Write a number that a rack can have."
    if unit == "temperature_k":
        if section == "environment":
            outside = span.low < COLDEST_AIR_K or span.high > HOTTEST_AIR_K
            return ("is no temperature of the air of a hall", "Write one between -40 and 60 C.") if outside else None
        outside = span.low < COLDEST_K or span.high > HOTTEST_CASE_K if word in ("case_max", "junction_max") else span.low < COLDEST_K or span.high > HOTTEST_K
        return ("is no temperature of a liquid coolant", "Coolant here is water with or without glycol: between 0 and 100 C.") if outside else None
    if word == "altitude":
        outside = span.low < LOWEST_M or span.high > HIGHEST_M
        return ("is no height at which racks stand", f"Write one between {LOWEST_M:g} and {HIGHEST_M:g} m.") if outside else None
    if span.low < 0.0:
        return "is below 0", "Write what is drawn, weighed or carried as a value above 0."
    if span.low == 0.0 and word not in MAY_BE_ZERO:
        return "is 0", "Write a value above 0; leave the line out where it is not known."
    return ("is more than the whole", "A share lies between 0 and 100 %.") if word in SHARES and span.high > 1.0 else None
