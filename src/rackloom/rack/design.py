"""From a rack file, and what it is 'like', to a Design. Every fault is reported at once, at its place.

Differences under 'like': keys replace keys; units named in 'slots' are taken over from what stood there; in an
assembly's 'parts' a part replaces those of its kind and the others stay.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import pydantic

from ..catalog import Catalog, Item, data_folder, load_catalog
from ..errors import BadInput, Fault, Unknown, nearest
from ..reading import Document, read_yaml
from ..strict import build, mended
from .cables import check_cables, ports_of
from .file import RackFile
from .merge import Draft, Merger
from .nouns import Assembly, Design, Slot
from .states import pumps_of

RACK_FIXTURES = ("manifold", "busbar", "spine", "cdu", "feed", "network")  # words that a connection may use for what serves the rack
MOST_LIKE = 8  # racks that may stand on each other
MOST_PARTS = 1_000_000
RU_M, OU_M, CLOSE_M = 0.04445, 0.048, 1e-4  # pitches of the two kinds of frame


@lru_cache(maxsize=1)
def shipped_designs() -> list[str]:
    """Names of the racks that ship."""
    return sorted(path.stem for path in (data_folder() / "designs").glob("*.yaml"))


def load_design(path_or_name: str | Path, *, catalog: Catalog | None = None, files: list[Path] | None = None) -> Design:
    """Read a rack by name or from a file. Raises BadInput with every fault, Unknown for a name that does not ship.

    Parameters
    ----------
    path_or_name : str or Path
        a shipped rack, or a rack file
    catalog : Catalog, optional
        the shipped one when absent
    files : list, optional
        the user's files that were read are appended to it
    """
    target = _resolve(str(path_or_name), Path())
    if target is None:
        raise Unknown("rack", str(path_or_name), shipped_designs(), mend=f"Shipped racks: {', '.join(shipped_designs())}; or give the path of a rack file.")
    files = files if files is not None else []
    return _design(_read(target, files), target, Path(str(path_or_name)).stem, catalog, files)


def design_from(document: Document, name: str, folder: Path, *, catalog: Catalog | None = None, files: list[Path] | None = None) -> Design:
    """A rack from a mapping that stands in another file; `like` is found relative to `folder`. Raises BadInput with every fault."""
    return _design(document, folder / "", name, catalog, files if files is not None else [])


def _design(document: Document, origin: Path, name: str, catalog: Catalog | None, files: list[Path]) -> Design:
    catalog = catalog or load_catalog()
    faults: list[Fault] = []
    chain = _chain(document, origin, faults, files)
    draft = Draft(name, broken=frozenset(broken for one, file in chain for broken in _broken(one, file)))
    for one, file in reversed(chain):
        Merger(draft, one, file, catalog, faults).merge()
    design = _finish(draft, document, catalog, faults, whole=not faults)
    if not faults and design.coolant is not None and not design.coolant.fluid:
        faults.append(
            Fault(
                "the coolant loop has no fluid, and nothing of it can be computed",
                document.place(("coolant",)),
                mend="Add 'coolant: fluid: pg25', or take the loop out of a rack cooled by air.",
            )
        )
    if not faults and design.coolant is not None and design.coolant.pump_feeds and pumps_of(design) is None:
        faults.append(
            Fault(
                "pump_feeds: how many pumps the loop has is not known",
                document.place(("coolant", "pump_feeds")),
                mend="Add 'coolant: pumps: 1+1': those that carry the loop + those beside them.",
            )
        )
    if faults:
        raise BadInput([mended(fault) for fault in dict.fromkeys(faults)])
    return design


def _read(target: Path, files: list[Path]) -> Document:
    """A rack file, named by its own name where it ships."""
    if target.parent == data_folder() / "designs":
        return read_yaml(target, name=target.name)
    files.append(target)
    return read_yaml(target)


def _chain(document: Document, origin: Path, faults: list[Fault], files: list[Path]) -> list[tuple[Document, RackFile]]:
    """The rack at `origin` (a file, or the folder of one that holds it) and those it is like, nearest first.

    What is sound of a file with faults is kept, so that the rest is checked too.
    """
    chain: list[tuple[Document, RackFile]] = []
    seen = [origin.resolve()]
    folder = origin if origin.is_dir() else origin.parent
    while True:
        file = build(RackFile, document, faults=faults) or _salvage(document.value)
        chain.append((document, file))
        if file.like is None:
            return chain
        place, target = document.place(("like",)), _resolve(file.like, folder)
        if target is None:
            mend = f"Shipped racks: {', '.join(shipped_designs())}; or give a path relative to this file."
            beside = Path(file.like).parent
            files_there = [(beside / path.name).as_posix() for path in sorted((folder / beside).glob("*.yaml"))] if len(file.like) < 250 else []
            raise BadInput([*faults, Fault(f"no rack '{file.like}'", place, nearest=nearest(file.like, [*shipped_designs(), *files_there]), mend=mend)])
        if target.resolve() in seen:
            circle = " -> ".join(path.stem for path in [*seen, target] if path.is_file())
            raise BadInput([*faults, Fault(f"'like' runs in a circle: {circle}", place, mend="Let one of them stand on its own.")])
        if len(seen) >= MOST_LIKE:
            raise BadInput([*faults, Fault(f"more than {MOST_LIKE} racks stand on each other by 'like'", place, mend="Write one of them out; `rackloom design --expand` does.")])
        seen.append(target.resolve())
        try:
            document, folder = _read(target, files), target.parent
        except BadInput as error:
            raise BadInput([*faults, *(fault if fault.place else replace(fault, place=place) for fault in error.faults)]) from None


def _salvage(value: Mapping[str, Any]) -> RackFile:
    """The sections, and the entries of sections, that are sound each by itself."""
    sound: dict[str, Any] = {}
    for key, given in value.items():
        kept = {name: entry for name, entry in given.items() if _is_sound({key: {name: entry}})} if isinstance(given, dict) else given
        if key in RackFile.model_fields and _is_sound({key: kept}):
            sound[key] = kept
    return RackFile.model_validate(sound)


def _is_sound(value: dict[str, Any]) -> bool:
    try:
        RackFile.model_validate(value)
    except pydantic.ValidationError:
        return False
    return True


def _broken(document: Document, file: RackFile) -> list[str]:
    """Assemblies whose own entry is at fault: what names them is not."""
    written = document.value.get("assemblies")
    return [name for name in written if name not in file.assemblies] if isinstance(written, dict) else []


def _resolve(name: str, folder: Path) -> Path | None:
    is_path = name.endswith((".yaml", ".yml")) or "/" in name
    path = folder / name if is_path else data_folder() / "designs" / f"{name}.yaml"  # an absolute name stays as it is
    try:
        return path if path.is_file() else None
    except OSError:  # a name that no file can have
        return None


def _finish(draft: Draft, document: Document, catalog: Catalog, faults: list[Fault], *, whole: bool) -> Design:
    """The design; with `whole` False a section may be missing only because it is at fault, which has been told."""
    frame = catalog.items.get(draft.plain["frame"]) if draft.plain["frame"] else None
    height = draft.plain["height"] or _frame_height(frame)
    if not draft.units and (whole or "slots" not in document.value):
        faults.append(Fault("the rack holds nothing", document.place(("slots",)), mend="Add 'slots:', such as 'u5-u8: 4 x shelf-33kw'."))
    if height is None:
        if whole or "frame" not in document.value:
            faults.append(Fault("the rack has no height", document.place(("frame",)), mend="Add 'frame:' with a known height, or 'height: 48' in its units."))
        height = max((unit for _, unit in draft.units), default=1)
    slots = tuple(dict.fromkeys(slot for _, (_, slot, _) in sorted(draft.units.items())))
    _check_slots(draft, slots, height, frame, catalog, faults)
    _check_parts(draft, catalog, faults)
    _check_ends(draft, faults)
    counts = _counts(slots)
    _fit_inherited(draft, counts, document, catalog)
    told = {name.removeprefix("cables "): doc.place(path) for name, (doc, path) in draft.places.items() if name.startswith("cables ")}
    check_cables(draft.cables.values(), counts, draft.cabling.reach_m, draft.assemblies, catalog, told, faults)
    _check_served(draft, counts, document, faults)
    if not faults:  # a fault may be why nothing drives it
        _check_loop(draft, catalog, faults)
    _check_sides(draft, document, int(height), faults)
    if draft.plain["scale_up"] != "rack" and draft.plain["scale_up"] not in draft.assemblies:
        fault = Fault(
            f"scale_up: no assembly '{draft.plain['scale_up']}'", document.place(("network", "scale_up")), nearest=nearest(draft.plain["scale_up"], ["rack", *draft.assemblies])
        )
        faults.append(replace(fault, mend="Write 'rack', or an assembly whose accelerators are one domain."))
    return Design(
        draft.name, draft.plain["title"] or draft.name, draft.plain["status"], frame, int(height), slots, tuple(draft.fixtures), dict(draft.assemblies),
        tuple(connection for connection, _, _ in draft.connections), draft.power, draft.coolant, draft.environment, tuple(draft.cables.values()), draft.plain["scale_out"], draft.plain["scale_up"],
        draft.mass_kg, dict(draft.vary), draft.plain["layout"], tuple(dict.fromkeys(draft.unknown)), tuple(dict.fromkeys(draft.notes)), catalog, draft.cabling, draft.standing, draft.service, draft.plain["fabric"], draft.plain["oversubscription"],
    )  # fmt: skip


def _frame_height(frame: Item | None) -> float | None:
    for name in ("height_ou", "height_ru"):
        if frame is not None and (figure := frame.get(name)):
            return figure.value
    return None


def height_of(name: str, assemblies: Mapping[str, Assembly], catalog: Catalog, frame: Item | None = None) -> float:
    """Units of the frame that one thing takes, a part of a unit where it is made for another pitch; 1 where the catalogue does not say."""
    if name in assemblies:
        return assemblies[name].height
    item, pitch = catalog.items.get(name), pitch_of(frame)
    order = ("height_ou", "height_ru") if pitch == OU_M else ("height_ru", "height_ou")
    for key in order:
        figure = item.get(key) if item is not None else None
        if figure is not None:
            return figure.value * ({"height_ou": OU_M, "height_ru": RU_M}[key] / pitch if pitch is not None else 1.0)
    return 1.0


def pitch_of(frame: Item | None) -> float | None:
    """Height of a unit of the frame [m]: stated, else that of the units that it counts in; None where neither is known."""
    stated = frame.get("unit_pitch_m") if frame else None
    if stated is not None:
        return OU_M if abs(stated.value - OU_M) < CLOSE_M else RU_M if abs(stated.value - RU_M) < CLOSE_M else stated.value
    if frame is None:
        return None
    return OU_M if frame.get("height_ou") and not frame.get("height_ru") else RU_M if frame.get("height_ru") else None


def _check_slots(draft: Draft, slots: tuple[Slot, ...], height: float, frame: Item | None, catalog: Catalog, faults: list[Fault]) -> None:
    for slot in slots:
        document, path = draft.units[slot.face, slot.first][2]
        if slot.last > height:
            faults.append(
                Fault(f"slot u{slot.first}-u{slot.last} is above the frame, which has {height:g} units", document.place(path, key=True), mend=f"Stay at or below u{height:g}.")
            )
        if slot.name in draft.broken:
            continue
        if slot.name not in draft.assemblies and slot.name not in catalog.items:
            choices = [*draft.assemblies, *catalog.items]
            mend = "Define it under 'assemblies:', or add the part to a folder named under 'catalog:'."
            faults.append(Fault(f"no assembly or part '{slot.name}'", document.place(path), nearest=nearest(slot.name, choices), mend=mend))
            continue
        needed, given = slot.count * height_of(slot.name, draft.assemblies, catalog, frame), slot.last - slot.first + 1
        if slot.face != "side" and math.ceil(needed - 1e-9) != given:  # what hangs at the side has a length of its own
            other, pitch = needed / slot.count, pitch_of(frame)
            told = f" ({slot.count} x {other * pitch * 1e3:.2f} mm at a pitch of {pitch * 1e3:.2f} mm)" if pitch is not None and abs(other - round(other)) > 1e-9 else ""
            faults.append(Fault(f"{slot.count} x {slot.name} take {needed:.4g} units{told}, the slot has {given}", document.place(path), mend="Correct the count or the range."))


def _check_parts(draft: Draft, catalog: Catalog, faults: list[Fault]) -> None:
    told: set[str] = set()  # assemblies of a circle that has been told
    for name, assembly in draft.assemblies.items():
        document, path = draft.places[name]
        for index, (_, part) in enumerate(assembly.parts):
            if part not in draft.assemblies and part not in catalog.items and part not in draft.broken:
                place = document.place((*path, "parts", index))
                mend = "Correct the name, or add the part with its source to a folder named under 'catalog:'."
                faults.append(Fault(f"no part '{part}' in the catalogue", place, nearest=nearest(part, [*draft.assemblies, *catalog.items]), mend=mend))
        circle = _circle(name, draft.assemblies)
        if circle:
            if told & set(circle):
                continue
            told |= set(circle)
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


def _check_ends(draft: Draft, faults: list[Fault]) -> None:
    placed = {slot.name for _, slot, _ in draft.units.values()}
    known = [*draft.assemblies, *sorted((placed | draft.broken) - set(draft.assemblies)), *RACK_FIXTURES]
    for connection, document, path in draft.connections:
        for end in (connection.source, connection.target):
            if end not in known:
                faults.append(Fault(f"nothing here is called '{end}'", document.place(path), nearest=nearest(end, known), mend=f"Things to connect: {', '.join(known)}."))


def _counts(slots: tuple[Slot, ...]) -> dict[str, int]:
    """How many of each thing stand in slots."""
    out: dict[str, int] = {}
    for slot in slots:
        out[slot.name] = out.get(slot.name, 0) + slot.count
    return out


def _fit_inherited(draft: Draft, counts: dict[str, int], document: Document, catalog: Catalog) -> None:
    """Cables taken over from the rack below, where this one holds fewer ports: as many as there are ports for, and a note."""
    for name, cable in draft.cables.items():
        origin = draft.places.get(f"cables {name}")
        if origin is None or origin[0] is document:
            continue
        most = cable.count
        for thing, port, split in ((cable.source, cable.source_port, cable.split), (cable.target, cable.target_port, 1)):
            group = ports_of(thing, draft.assemblies, catalog).get(port) if port else None
            most = min(most, counts.get(thing, 0) * group.count * split) if group is not None else most
        if most < cable.count and most > 0 and not cable.links:
            draft.notes.append(f"cables {name}: {most}, as there are ports for, of the {cable.count} of the rack below")
            draft.cables[name] = replace(cable, count=most, count_text=str(most))


def _check_served(draft: Draft, counts: dict[str, int], document: Document, faults: list[Fault]) -> None:
    """Spares and leak sensors are of things that the rack has."""
    held = [
        *draft.assemblies,
        *(name for name in counts if name not in draft.assemblies),
        *(name for _, name in draft.fixtures),
        *(p for a in draft.assemblies.values() for _, p in a.parts),
    ]
    joints = [*held, *RACK_FIXTURES, "hoses"]
    for word, names, known in (("spares", draft.service.spares, held), ("leak_sensors", draft.service.leak_sensors or (), joints)):
        for name in names:
            if name not in known:
                place = document.place(("service", word))
                faults.append(Fault(f"{word}: the rack holds no '{name}'", place, nearest=nearest(name, known), mend=f"It holds: {', '.join(dict.fromkeys(known))}."))


def _check_loop(draft: Draft, catalog: Catalog, faults: list[Fault]) -> None:
    """A loop that coolant runs through is driven by something: a unit with pumps, a head at its ports, or a flow that is stated."""
    joined = [(connection, doc, path) for connection, doc, path in draft.connections if connection.target_port == "coolant" or "cdu" in (connection.source, connection.target)]
    if not joined:
        return
    _, doc, path = joined[0]
    loop = draft.coolant
    units = [name for _, name in draft.fixtures if name in catalog.items and catalog.items[name].kind == "cdu"]
    if loop is None:
        faults.append(
            Fault("coolant is connected, and no loop is described", doc.place(path), mend="Add 'coolant:' with fluid, supply and what drives it, such as 'cdu: cdu-vertiv-1350'.")
        )
        return
    named = next(((doc, path) for connection, doc, path in joined if "cdu" in (connection.source, connection.target)), None)
    driven = loop.cdu or units or loop.head_pa
    if (named is not None and not driven) or not (driven or loop.flow_m3_per_s or loop.flow_table or loop.rise_k):
        doc, path = named or (doc, path)
        mend = "Name the unit that drives it under 'coolant: cdu:', or the head at the rack's ports, 'coolant: head: 35 psi'."
        faults.append(Fault("the coolant loop has no pump: nothing drives it", doc.place(path), mend=mend))


def _check_sides(draft: Draft, document: Document, height: int, faults: list[Fault]) -> None:
    """What hangs on a feed is in the rack, and pumps hang on feeds that it has."""
    sides = draft.power.sides
    for side, units in sides.items():
        above = [unit for unit in units if unit > height]
        if above:
            faults.append(
                Fault(f"sides {side}: u{above[0]} is above the frame, which has {height} units", document.place(("power", "sides", side)), mend=f"Stay at or below u{height}.")
            )
    for side in sides:
        other = next((one for one in sides if one != side and one.lower() == side.lower()), None)
        if other is not None and side < other:
            faults.append(Fault(f"sides '{side}' and '{other}' differ by case alone", document.place(("power", "sides", side)), mend="Give each feed a name of its own."))
    _check_pump_feeds(draft, document, faults)
    for side in draft.coolant.pump_feeds if draft.coolant else {}:
        if side not in sides:
            place = document.place(("coolant", "pump_feeds", side))
            faults.append(Fault(f"pump_feeds: no feed '{side}'", place, nearest=nearest(side, sides), mend=f"Feeds under 'power: sides:': {', '.join(sides) or 'none'}."))


def _check_pump_feeds(draft: Draft, document: Document, faults: list[Fault]) -> None:
    """Pumps that hang on feeds are pumps that the loop has."""
    loop = draft.coolant
    if loop is None or not loop.pump_feeds:
        return
    place, mend = document.place(("coolant", "pump_feeds")), "Write 'pumps: 1+1' and 'pump_feeds: {A: 1, B: 1}'."
    if any(count < 0 for count in loop.pump_feeds.values()):
        faults.append(Fault("pump_feeds: fewer than no pumps", place, mend=mend))
    elif loop.pumps is not None and sum(loop.pump_feeds.values()) > sum(loop.pumps):
        faults.append(Fault(f"pump_feeds: {sum(loop.pump_feeds.values())} pumps hang on feeds, the loop has {sum(loop.pumps)}", place, mend=mend))
