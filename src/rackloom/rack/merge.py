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
from .file import AssemblyFile, RackFile
from .nouns import Assembly, Cable, Connection, Coolant, Power, Slot

_SLOT = re.compile(r"^u(\d+)(?:-u?(\d+))?$")
_REFERENCE = re.compile(r"^[a-z][a-z0-9-]*\.[a-z][a-z0-9_]*$")
_END = r"(?P<{0}>[A-Za-z][\w-]*)(?:\[(?:\*|\d+)\])?(?:\.(?P<{0}_port>[A-Za-z_]\w*)(?:\[(?:\*|\d+)\])?)?"
_CONNECTION = re.compile(rf"^\s*{_END.format('source')}\s*->\s*{_END.format('target')}(?:\s+via\s+(?P<via>[\w.-]+))?\s*$")
PORTS = ("coolant", "in", "out", "supply", "return", "power", "network", "scale_up", "scale_out", "management")
COUPLINGS = ("quick_disconnect", "hose")  # kinds through which coolant enters a tray
COLDEST_K, HOTTEST_K = 273.15, 373.15  # a water-based coolant at the pressures of a rack is liquid between them


@dataclass
class Draft:
    """A design while files are laid over it."""

    name: str
    broken: frozenset[str] = frozenset()  # assemblies whose entry is at fault
    plain: dict[str, Any] = field(
        default_factory=lambda: {"title": "", "status": "shipping", "frame": None, "height": None, "layout": "assumed", "scale_out": "", "scale_up": "rack"}
    )
    units: dict[int, tuple[int, Slot, tuple[Document, tuple[str, ...]]]] = field(default_factory=dict)  # unit -> block id, slot, place
    blocks: int = 0
    fixtures: list[tuple[int, str]] = field(default_factory=list)
    assemblies: dict[str, Assembly] = field(default_factory=dict)
    places: dict[str, tuple[Document, tuple[str | int, ...]]] = field(default_factory=dict)
    connections: list[tuple[Connection, Document, tuple[str | int, ...]]] = field(default_factory=list)
    power: Power = field(default_factory=Power)
    coolant: Coolant | None = None
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
        if file.frame is not None:
            self.known(file.frame, ("frame",), "frame")
        if file.network is not None:
            for key in ("scale_out", "scale_up"):
                if getattr(file.network, key) is not None:
                    draft.plain[key] = getattr(file.network, key)
            if file.network.scale_out:
                self.known(file.network.scale_out, ("network", "scale_out"))
        for name, raw in file.assemblies.items():
            draft.assemblies[name] = self.assembly(name, raw)
            draft.places[name] = (self.document, ("assemblies", name))
        self.fixtures()
        self.slots()
        self.connect()
        self.supply()
        self.cooling()
        self.cable_lines()
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
        if wrong := _out_of_bounds(span, unit, zero=path[-1] in ("power", "static_power")):
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
        figures = {
            "power_w": ("power", "W"), "static_power_w": ("static_power", "W"), "mass_kg": ("mass", "kg"),
        }  # fmt: skip
        found: dict[str, Any] = {key: self.figure(getattr(raw, word), (*at, word), unit) for key, (word, unit) in figures.items() if getattr(raw, word) is not None}
        if base is None:
            return Assembly(name, raw.level, raw.kind or name, raw.title or name.replace("-", " "), raw.height, parts, unknown=tuple(raw.unknown), **found)
        plain = {key: getattr(raw, key) for key in ("level", "kind", "title", "height") if key in given}
        return replace(base, **plain, **found, parts=parts if "parts" in given else base.parts, unknown=tuple(raw.unknown) if "unknown" in given else base.unknown)

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
        mine: dict[int, str] = {}
        for text, value in self.file.slots.items():
            path = ("slots", text)
            match = _SLOT.match(text)
            if not match:
                self.faults.append(Fault(f"'{text}' is not a slot", self.document.place(path, key=True), mend="Write 'u5' or 'u5-u8', counted from the bottom."))
                continue
            first, last = int(match[1]), int(match[2] or match[1])
            try:
                count, name = read_counted(value)
            except ValueError as error:
                self.faults.append(Fault(f"slots {text}: {error}", self.document.place(path)))
                continue
            if first < 1 or last < first or last > 100:
                self.faults.append(Fault(f"'{text}' runs from {first} to {last}", self.document.place(path, key=True), mend="Units run upward from 1."))
                continue
            for unit in range(first, last + 1):
                if unit in mine:
                    self.faults.append(
                        Fault(f"unit {unit} is taken twice, by '{mine[unit]}' and '{text}'", self.document.place(path, key=True), mend="Give each unit to one thing.")
                    )
                    break
                mine[unit] = text
            self.place(first, last, count, name, path)

    def place(self, first: int, last: int, count: int, name: str, path: tuple[str, ...]) -> None:
        """Take units over from what stood there; say what was displaced."""
        draft = self.draft
        touched = sorted({draft.units[unit][0] for unit in range(first, last + 1) if unit in draft.units})
        for block in touched:
            units = [unit for unit, (owner, _, _) in draft.units.items() if owner == block]
            slot, origin = draft.units[units[0]][1], draft.units[units[0]][2]
            each = max(1, round((slot.last - slot.first + 1) / slot.count))
            for unit in units:
                del draft.units[unit]
            left = sorted(set(units) - set(range(first, last + 1)))
            kept = 0
            for run in _runs(left):
                fit = len(run) // each
                if fit:
                    draft.blocks += 1
                    piece = Slot(run[0], run[0] + fit * each - 1, fit, slot.name)
                    draft.units |= dict.fromkeys(range(piece.first, piece.last + 1), (draft.blocks, piece, origin))
                    kept += fit
            if slot.name != name:
                draft.notes.append(f"{name} at u{first}-u{last} displaces {slot.count - kept} x {slot.name}")
        draft.blocks += 1
        slot = Slot(first, last, count, name)
        draft.units |= dict.fromkeys(range(first, last + 1), (draft.blocks, slot, (self.document, path)))

    def connect(self) -> None:
        """Connections, in place of those between the same ports."""
        for index, text in enumerate(self.file.connect):
            path = ("connect", index)
            match = _CONNECTION.match(text)
            if not match:
                mend = "Write 'manifold.out[*] -> compute[*].coolant via uqd-04'."
                self.faults.append(Fault(f"'{text}' is not a connection", self.document.place(path), mend=mend))
                continue
            made = Connection(match["source"], match["source_port"] or "", match["target"], match["target_port"] or "", match["via"] or "", text)
            for port in (made.source_port, made.target_port):
                if port and port not in PORTS:
                    self.faults.append(Fault(f"no port '{port}'", self.document.place(path), nearest=nearest(port, PORTS), mend=f"Ports: {', '.join(PORTS)}."))
            via = self.known(made.via, path) if made.via else None
            if via is not None and made.target_port == "coolant" and via.kind not in COUPLINGS:
                couplings = [item.name for item in self.catalog.items.values() if item.kind in COUPLINGS]
                self.faults.append(
                    Fault(f"coolant does not flow through '{made.via}', which is of kind {via.kind}", self.document.place(path), mend=f"Couplings: {', '.join(couplings)}.")
                )
            ends = (made.source, made.source_port, made.target, made.target_port)
            if any((c.source, c.source_port, c.target, c.target_port) == ends and d is self.document for c, d, _ in self.draft.connections):
                self.faults.append(Fault(f"'{made.target}.{made.target_port}' is connected twice", self.document.place(path), mend="Keep one of them."))
            self.draft.connections = [e for e in self.draft.connections if (e[0].source, e[0].source_port, e[0].target, e[0].target_port) != ends]
            self.draft.connections.append((made, self.document, path))

    def supply(self) -> None:
        """Feeds, redundancy, voltages."""
        raw = self.file.power
        if raw is None:
            return
        power = self.draft.power
        if raw.feeds is not None:
            try:
                count, volts = read_counted(raw.feeds)
            except ValueError as error:
                self.faults.append(Fault(f"feeds: {error}", self.document.place(("power", "feeds"))))
            else:
                power = replace(power, feeds=count, feed_v=self.figure(volts, ("power", "feeds"), "V"))
        if raw.redundancy is not None:
            power = replace(power, redundancy=raw.redundancy)
        for key, word, unit in (("breaker_a", "breaker", "A"), ("bus_v", "bus", "V"), ("load_w", "load", "W")):
            if getattr(raw, word) is not None:
                read: dict[str, Any] = {key: self.figure(getattr(raw, word), ("power", word), unit)}
                power = replace(power, **read)
        self.draft.power = power

    def cooling(self) -> None:
        """The coolant loop; a flow is a value, a figure or a table of the catalogue."""
        raw = self.file.coolant
        if raw is None:
            return
        coolant = self.draft.coolant or Coolant()
        if raw.fluid is not None:
            self.known(raw.fluid, ("coolant", "fluid"), "fluid")
            coolant = replace(coolant, fluid=raw.fluid)
        for key, word, unit in (
            ("supply_temperature_k", "supply", "temperature_k"),
            ("rise_k", "rise", "K"),
            ("return_max_temperature_k", "return_max", "temperature_k"),
            ("liquid_share", "liquid_share", "1"),
        ):
            if getattr(raw, word) is not None:
                read: dict[str, Any] = {key: self.figure(getattr(raw, word), ("coolant", word), unit)}
                coolant = replace(coolant, **read)
        if isinstance(raw.flow, str) and _REFERENCE.match(raw.flow):
            item_name, _, name = raw.flow.partition(".")
            item = self.catalog.items.get(item_name)
            if item is not None and any(figure.startswith(f"{name}_at_") for figure in item.figures):
                coolant = replace(coolant, flow_table=(item_name, name), flow_m3_per_s=None)
            else:
                coolant = replace(coolant, flow_m3_per_s=self.figure(raw.flow, ("coolant", "flow"), "m3/s"), flow_table=None)
        elif raw.flow is not None:
            coolant = replace(coolant, flow_m3_per_s=self.figure(raw.flow, ("coolant", "flow"), "m3/s"), flow_table=None)
        self.draft.coolant = coolant

    def cable_lines(self) -> None:
        """Cables by name, each a product of counts."""
        for name, raw in self.file.cables.items():
            path = ("cables", name)
            self.known(raw.medium, (*path, "medium"))
            try:
                factors = [int(word) for word in str(raw.count).split(" x ")]
                if any(factor <= 0 for factor in factors):
                    raise ValueError
            except ValueError:
                self.faults.append(
                    Fault(f"count: '{raw.count}' is not a product of whole numbers above 0", self.document.place((*path, "count")), mend="Write '72 x 18 x 2 x 2', or a number.")
                )
                continue
            length = self.figure(raw.length, (*path, "length"), "m") if raw.length is not None else None
            self.draft.cables[name] = Cable(name, raw.medium, math.prod(factors), str(raw.count), raw.source, raw.target, length)

    def vary(self, name: str, text: str) -> None:
        """What the roadmap may vary, and between what."""
        units = {"coolant.supply": "temperature_k", "coolant.rise": "K", "power.bus": "V"}
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


def _out_of_bounds(span: Range, unit: str, *, zero: bool) -> tuple[str, str] | None:
    """What is wrong with a quantity of this unit, and the mend; None when it can be."""
    if not (math.isfinite(span.low) and math.isfinite(span.high)):
        return "is not finite", "Write a number that a rack can have."
    if unit == "temperature_k":
        outside = span.low < COLDEST_K or span.high > HOTTEST_K
        return ("is no temperature of a liquid coolant", "Coolant here is water with or without glycol: between 0 and 100 C.") if outside else None
    if span.low < 0.0 or (span.low == 0.0 and not zero):
        return "is below 0" if span.low < 0.0 else "is 0", "Write what is drawn, weighed or carried as a value above 0."
    return ("is more than the whole", "A share lies between 0 and 100 %.") if unit == "1" and span.high > 1.0 else None
