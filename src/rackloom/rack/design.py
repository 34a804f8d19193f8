"""From a rack file, and what it is 'like', to a Design. Every fault is reported at once, at its place.

Differences under 'like': keys replace keys; units named in 'slots' are taken over from what stood there; in an
assembly's 'parts' a part replaces those of its kind and the others stay.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..catalog import Catalog, Item, data_folder, load_catalog
from ..errors import BadInput, Fault, Unknown, nearest
from ..figures import Figure, Range, from_range, read_counted, read_range
from ..reading import Document, build, read_yaml
from .file import AssemblyFile, RackFile
from .nouns import Assembly, Cable, Connection, Coolant, Design, Power, Slot

_SLOT = re.compile(r"^u(\d+)(?:-u?(\d+))?$")
_REFERENCE = re.compile(r"^[a-z][a-z0-9-]*\.[a-z][a-z0-9_]*$")
_END = r"(?P<{0}>[A-Za-z][\w-]*)(?:\[(?:\*|\d+)\])?(?:\.(?P<{0}_port>[A-Za-z_]\w*)(?:\[(?:\*|\d+)\])?)?"
_CONNECTION = re.compile(rf"^\s*{_END.format('source')}\s*->\s*{_END.format('target')}(?:\s+via\s+(?P<via>[\w.-]+))?\s*$")
PORTS = ("coolant", "in", "out", "supply", "return", "power", "network", "scale_up", "scale_out", "management")
RACK_FIXTURES = ("manifold", "busbar", "spine", "cdu", "feed", "network")  # words that a connection may use for what serves the rack
MOST_LIKE = 8  # racks that may stand on each other
MOST_PARTS = 1_000_000


@lru_cache(maxsize=1)
def shipped_designs() -> list[str]:
    """Names of the racks that ship."""
    return sorted(path.stem for path in (data_folder() / "designs").glob("*.yaml"))


def load_design(path_or_name: str | Path, *, catalog: Catalog | None = None) -> Design:
    """Read a rack by name or from a file. Raises BadInput with every fault, Unknown for a name that does not ship."""
    catalog = catalog or load_catalog()
    chain = _chain(path_or_name)
    faults: list[Fault] = []
    draft = _Draft(Path(str(path_or_name)).stem)
    for document, file in reversed(chain):
        _Merger(draft, document, file, catalog, faults).merge()
    design = _finish(draft, chain[0][0], catalog, faults)
    if faults:
        raise BadInput(list(dict.fromkeys(faults)))
    return design


def _chain(path_or_name: str | Path) -> list[tuple[Document, RackFile]]:
    """The file and those it is like, nearest first."""
    chain: list[tuple[Document, RackFile]] = []
    seen: list[Path] = []
    target, blame = _resolve(str(path_or_name), Path()), None
    while True:
        if target is None:
            raise blame or Unknown("rack", str(path_or_name), shipped_designs(), mend=f"Shipped racks: {', '.join(shipped_designs())}; or give the path of a rack file.")
        if target.resolve() in seen:
            last, _ = chain[-1]
            raise BadInput(Fault(f"'like' runs in a circle: {' -> '.join(p.stem for p in [*seen, target])}", last.place(("like",)), mend="Let one of them stand on its own."))
        if len(seen) >= MOST_LIKE:
            raise BadInput(Fault(f"more than {MOST_LIKE} racks stand on each other by 'like'", chain[-1][0].place(("like",))))
        seen.append(target.resolve())
        shipped = target.parent == data_folder() / "designs"
        document = read_yaml(target, name=target.name if shipped else str(target))
        file = build(RackFile, document)
        assert file is not None
        chain.append((document, file))
        if file.like is None:
            return chain
        place = document.place(("like",))
        mend = f"Shipped racks: {', '.join(shipped_designs())}; or give a path relative to this file."
        blame = BadInput(Fault(f"no rack '{file.like}'", place, nearest=nearest(file.like, shipped_designs()), mend=mend))
        target = _resolve(file.like, target.parent)


def _resolve(name: str, folder: Path) -> Path | None:
    if name.endswith((".yaml", ".yml")) or "/" in name:
        path = Path(name) if Path(name).is_absolute() else folder / name
        return path if path.is_file() else None
    path = data_folder() / "designs" / f"{name}.yaml"
    return path if path.is_file() else None


@dataclass
class _Draft:
    """A design while files are laid over it."""

    name: str
    plain: dict[str, Any] = field(default_factory=lambda: {"title": "", "status": "shipping", "frame": None, "height": None, "layout": "assumed", "scale_out": "", "scale_up": "rack"})
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


class _Merger:
    """Lays one file over the draft."""

    def __init__(self, draft: _Draft, document: Document, file: RackFile, catalog: Catalog, faults: list[Fault]):
        self.draft, self.document, self.file, self.catalog, self.faults = draft, document, file, catalog, faults

    def merge(self) -> None:
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

    def known(self, name: str, path: tuple[str | int, ...], kind: str | None = None) -> Item | None:
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
            if figure is not None:
                return figure
            choices = [f"{item_name}.{name}" for name in item.figures] if item else list(self.catalog.items)
            self.faults.append(Fault(f"no figure '{text}' in the catalogue", self.document.place(path), nearest=nearest(text if item else item_name, choices), mend="`rackloom catalog show ITEM` lists figures."))
            return None
        try:
            span = read_range(text, unit)
        except ValueError as error:
            self.faults.append(Fault(f"{path[-1]}: {error}", self.document.place(path)))
            return None
        if unit not in ("temperature_k", "K") and span.low < 0.0:
            self.faults.append(Fault(f"{path[-1]}: '{text}' is below 0", self.document.place(path), mend="Write what is drawn, weighed or carried as a positive value."))
            return None
        return from_range(f"design.{self.draft.name}.{'.'.join(map(str, path))}", span, unit, source=self.document.where(path), grade="E")

    def assembly(self, name: str, raw: AssemblyFile) -> Assembly:
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
        found = {key: self.figure(getattr(raw, word), (*at, word), unit) for key, (word, unit) in figures.items() if getattr(raw, word) is not None}
        if base is None:
            return Assembly(name, raw.level, raw.kind or name, raw.title or name.replace("-", " "), raw.height, parts, unknown=tuple(raw.unknown), **found)
        plain = {key: getattr(raw, key) for key in ("level", "kind", "title", "height") if key in given}
        return replace(base, **plain, **found, parts=parts if "parts" in given else base.parts, unknown=tuple(raw.unknown) if "unknown" in given else base.unknown)

    def kind_of(self, name: str) -> str:
        item = self.catalog.items.get(name)
        return item.kind if item else name

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
        for index, text in enumerate(self.file.fixtures):
            count, name = read_counted(text)
            item = self.known(name, ("fixtures", index))
            kind = item.kind if item else name
            self.draft.fixtures = [entry for entry in self.draft.fixtures if self.kind_of(entry[1]) != kind] if self.file.like else self.draft.fixtures
            self.draft.fixtures.append((count, name))

    def slots(self) -> None:
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
                    self.faults.append(Fault(f"unit {unit} is taken twice, by '{mine[unit]}' and '{text}'", self.document.place(path, key=True), mend="Give each unit to one thing."))
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
                    draft.units |= {unit: (draft.blocks, piece, origin) for unit in range(piece.first, piece.last + 1)}
                    kept += fit
            if slot.name != name:
                draft.notes.append(f"{name} at u{first}-u{last} displaces {slot.count - kept} x {slot.name}")
        draft.blocks += 1
        slot = Slot(first, last, count, name)
        draft.units |= {unit: (draft.blocks, slot, (self.document, path)) for unit in range(first, last + 1)}

    def connect(self) -> None:
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
            if made.via:
                self.known(made.via, path)
            ends = (made.source, made.source_port, made.target, made.target_port)
            if any((c.source, c.source_port, c.target, c.target_port) == ends and d is self.document for c, d, _ in self.draft.connections):
                self.faults.append(Fault(f"'{made.target}.{made.target_port}' is connected twice", self.document.place(path), mend="Keep one of them."))
            self.draft.connections = [e for e in self.draft.connections if (e[0].source, e[0].source_port, e[0].target, e[0].target_port) != ends]
            self.draft.connections.append((made, self.document, path))

    def supply(self) -> None:
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
                power = replace(power, **{key: self.figure(getattr(raw, word), ("power", word), unit)})
        self.draft.power = power

    def cooling(self) -> None:
        raw = self.file.coolant
        if raw is None:
            return
        coolant = self.draft.coolant or Coolant()
        if raw.fluid is not None:
            self.known(raw.fluid, ("coolant", "fluid"), "fluid")
            coolant = replace(coolant, fluid=raw.fluid)
        for key, word, unit in (("supply_temperature_k", "supply", "temperature_k"), ("rise_k", "rise", "K"), ("liquid_share", "liquid_share", "1")):
            if getattr(raw, word) is not None:
                coolant = replace(coolant, **{key: self.figure(getattr(raw, word), ("coolant", word), unit)})
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
        for name, raw in self.file.cables.items():
            path = ("cables", name)
            self.known(raw.medium, (*path, "medium"))
            try:
                factors = [int(word) for word in str(raw.count).split(" x ")]
                if any(factor <= 0 for factor in factors):
                    raise ValueError
            except ValueError:
                self.faults.append(Fault(f"count: '{raw.count}' is not a product of whole numbers above 0", self.document.place((*path, "count")), mend="Write '72 x 18 x 2 x 2', or a number."))
                continue
            length = self.figure(raw.length, (*path, "length"), "m") if raw.length is not None else None
            self.draft.cables[name] = Cable(name, raw.medium, math.prod(factors), str(raw.count), raw.source, raw.target, length)

    def vary(self, name: str, text: str) -> None:
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


def _finish(draft: _Draft, document: Document, catalog: Catalog, faults: list[Fault]) -> Design:
    frame = catalog.items.get(draft.plain["frame"]) if draft.plain["frame"] else None
    height = draft.plain["height"] or _frame_height(frame)
    if not draft.units:
        faults.append(Fault("the rack holds nothing", document.place(("slots",)), mend="Add 'slots:', such as 'u5-u8: 4 x shelf-33kw'."))
    if height is None:
        faults.append(Fault("the rack has no height", document.place(("frame",)), mend="Add 'frame:' with a known height, or 'height: 48' in its units."))
        height = max(draft.units, default=1)
    slots = tuple(dict.fromkeys(slot for _, (_, slot, _) in sorted(draft.units.items())))
    _check_slots(draft, slots, height, catalog, faults)
    _check_parts(draft, catalog, faults)
    _check_ends(draft, faults)
    if draft.plain["scale_up"] != "rack" and draft.plain["scale_up"] not in draft.assemblies:
        fault = Fault(f"scale_up: no assembly '{draft.plain['scale_up']}'", document.place(("network", "scale_up")), nearest=nearest(draft.plain["scale_up"], ["rack", *draft.assemblies]))
        faults.append(replace(fault, mend="Write 'rack', or an assembly whose accelerators are one domain."))
    return Design(
        draft.name, draft.plain["title"] or draft.name, draft.plain["status"], frame, int(height), slots, tuple(draft.fixtures), dict(draft.assemblies),
        tuple(connection for connection, _, _ in draft.connections), draft.power, draft.coolant, tuple(draft.cables.values()), draft.plain["scale_out"], draft.plain["scale_up"],
        draft.mass_kg, dict(draft.vary), draft.plain["layout"], tuple(dict.fromkeys(draft.unknown)), tuple(dict.fromkeys(draft.notes)), catalog,
    )  # fmt: skip


def _frame_height(frame: Item | None) -> float | None:
    for name in ("height_ou", "height_ru"):
        if frame is not None and (figure := frame.get(name)):
            return figure.value
    return None


def height_of(name: str, assemblies: dict[str, Assembly], catalog: Catalog) -> float:
    """Units that one thing takes; 1 where the catalogue does not say."""
    if name in assemblies:
        return assemblies[name].height
    item = catalog.items.get(name)
    figures = (item.get("height_ru") or item.get("height_ou")) if item else None
    return figures.value if figures else 1.0


def _check_slots(draft: _Draft, slots: tuple[Slot, ...], height: float, catalog: Catalog, faults: list[Fault]) -> None:
    for slot in slots:
        document, path = draft.units[slot.first][2]
        if slot.last > height:
            faults.append(Fault(f"slot u{slot.first}-u{slot.last} is above the frame, which has {height:g} units", document.place(path, key=True), mend=f"Stay at or below u{height:g}."))
        if slot.name not in draft.assemblies and slot.name not in catalog.items:
            choices = [*draft.assemblies, *catalog.items]
            mend = "Define it under 'assemblies:', or add the part to a folder named under 'catalog:'."
            faults.append(Fault(f"no assembly or part '{slot.name}'", document.place(path), nearest=nearest(slot.name, choices), mend=mend))
            continue
        needed, given = slot.count * height_of(slot.name, draft.assemblies, catalog), slot.last - slot.first + 1
        if abs(needed - given) > 1e-9:
            faults.append(Fault(f"{slot.count} x {slot.name} take {needed:g} units, the slot has {given}", document.place(path), mend="Correct the count or the range."))


def _check_parts(draft: _Draft, catalog: Catalog, faults: list[Fault]) -> None:
    for name, assembly in draft.assemblies.items():
        document, path = draft.places[name]
        for index, (_, part) in enumerate(assembly.parts):
            if part not in draft.assemblies and part not in catalog.items:
                place = document.place((*path, "parts", index))
                mend = "Correct the name, or add the part with its source to a folder named under 'catalog:'."
                faults.append(Fault(f"no part '{part}' in the catalogue", place, nearest=nearest(part, [*draft.assemblies, *catalog.items]), mend=mend))
        circle = _circle(name, draft.assemblies)
        if circle:
            faults.append(Fault(f"assembly '{name}' contains itself: {' -> '.join(circle)}", document.place((*path, "parts")), mend="Take one of them out."))
        elif _size(name, draft.assemblies) > MOST_PARTS:
            faults.append(Fault(f"assembly '{name}' has more than {MOST_PARTS:,} parts", document.place((*path, "parts")), mend="Correct the counts."))


def _circle(name: str, assemblies: dict[str, Assembly]) -> list[str]:
    """The path on which an assembly contains itself, or []."""
    stack = [(name, [name])]
    seen: set[str] = set()
    while stack:
        current, trail = stack.pop()
        for _, part in assemblies[current].parts:
            if part == name:
                return [*trail, name]
            if part in assemblies and part not in seen:
                seen.add(part)
                stack.append((part, [*trail, part]))
    return []


def _size(name: str, assemblies: dict[str, Assembly], depth: int = 0) -> int:
    if name not in assemblies or depth > 30:
        return 1
    return sum(min(count, MOST_PARTS + 1) * _size(part, assemblies, depth + 1) for count, part in assemblies[name].parts)


def _check_ends(draft: _Draft, faults: list[Fault]) -> None:
    placed = {slot.name for _, slot, _ in draft.units.values()}
    known = [*draft.assemblies, *sorted(placed - set(draft.assemblies)), *RACK_FIXTURES]
    for connection, document, path in draft.connections:
        for end in (connection.source, connection.target):
            if end not in known:
                faults.append(Fault(f"nothing here is called '{end}'", document.place(path), nearest=nearest(end, known), mend=f"Things to connect: {', '.join(known)}."))
