"""Every cable from port to port: which ports a line of the rack file joins, where they are, how long the cable is."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..catalog import Item
from ..draws import Number
from ..figures import Figure
from ..ledger import Ledger
from .bill import placed
from .bus import DEFAULT_PITCH_M
from .cables import ports_of, read_links
from .nouns import Cable, Design
from .outfit import PortGroup
from .states import Place, places_of


@dataclass(frozen=True, eq=False)
class End:
    """One end of each cable of a line. Arrays over the cables; `place` is empty for what stands outside."""

    thing: str
    port: str
    which: np.ndarray  # which of the things, from the bottom
    number: np.ndarray  # which of its ports
    places: tuple[Place, ...] = ()
    group: PortGroup | None = None

    @property
    def is_inside(self) -> bool:
        """Whether it stands in the rack."""
        return bool(self.places)

    def label(self, index: int) -> str:
        """Thing, unit and port of one cable's end: 'compute u7 nic 3'."""
        if not self.is_inside:
            return self.thing or "not stated"
        place = self.places[int(self.which[index])]
        return f"{place.label} {self.port} {int(self.number[index]) + 1}" if self.port else place.label


@dataclass(frozen=True, eq=False)
class Wires:
    """The cables of one line. `length_m` has the cables on its last axis; designs, or draws, before it."""

    line: Cable
    medium: Item
    source: End
    target: End
    length_m: np.ndarray = field(repr=False)
    straight_m: np.ndarray = field(repr=False)  # between the two ports, as far as positions are known
    at_least: tuple[str, ...] = ()  # what the length lacks
    stated: bool = False
    keys: tuple[str, ...] = ()

    @property
    def longest_m(self) -> Number:
        """The longest cable."""
        return _plain(np.max(self.length_m, axis=-1))

    @property
    def total_m(self) -> Number:
        """All of them."""
        return _plain(np.sum(self.length_m, axis=-1))


def wires_of(design: Design, book: Ledger) -> tuple[Wires, ...]:
    """The cables of every line that is laid one by one; what comes in one piece, as a cartridge, is none."""
    pieces = {name for _, name in design.fixtures}
    taken: dict[tuple[str, str], int] = {}
    out = []
    for cable in design.cables:
        if cable.medium in pieces:
            continue
        source, target = _ends(design, cable, taken)
        out.append(_wires(design, book, cable, source, target))
    return tuple(out)


def _ends(design: Design, cable: Cable, taken: dict[tuple[str, str], int]) -> tuple[End, End]:
    """The ports that a line joins: stated link by link, in order, or by rail."""
    if cable.links:
        links = read_links(cable)
        first, second = (_stated(design, pairs) for pairs in ([link[0] for link in links], [link[1] for link in links]))
        return first, second
    number = np.arange(cable.count)
    source = _in_order(design, cable.source, cable.source_port, number // cable.split, taken, -(-cable.count // cable.split))
    if cable.map == "rail" and source.group is not None and cable.target_port and cable.target in placed(design):
        return source, _by_rail(design, cable, source, taken)
    return source, _in_order(design, cable.target, cable.target_port, number, taken, cable.count)


def _stated(design: Design, ends: list[tuple[str, int, str, int]]) -> End:
    thing, port = ends[0][0], ends[0][2]
    places = tuple(place for place in places_of(design, faces=("front", "rear", "side")) if place.name == thing)
    return End(thing, port, np.array([end[1] for end in ends]), np.array([end[3] for end in ends]), places, ports_of(thing, design.assemblies, design.catalog).get(port))


def _in_order(design: Design, thing: str, port: str, flat: np.ndarray, taken: dict[tuple[str, str], int], used: int) -> End:
    """Ports one after the other, things from the bottom; without ports the cables are spread evenly over the things."""
    places = tuple(place for place in places_of(design, faces=("front", "rear", "side")) if place.name == thing)
    group = ports_of(thing, design.assemblies, design.catalog).get(port) if port else None
    if not places:
        return End(thing, port, np.zeros_like(flat), np.zeros_like(flat))
    if group is None:
        return End(thing, port, flat * len(places) // max(int(flat.max()) + 1, 1), np.zeros_like(flat), places)
    start = taken.get((thing, port), 0)
    taken[thing, port] = start + used
    return End(thing, port, (start + flat) // group.count, (start + flat) % group.count, places, group)


def _by_rail(design: Design, cable: Cable, source: End, taken: dict[tuple[str, str], int]) -> End:
    """Port r of every thing goes to thing r at the other end, which takes them in turn."""
    places = tuple(place for place in places_of(design, faces=("front", "rear", "side")) if place.name == cable.target)
    group = ports_of(cable.target, design.assemblies, design.catalog)[cable.target_port]
    rail = source.number % len(places)
    order = np.argsort(rail, kind="stable")
    turn = np.empty_like(rail)
    turn[order] = np.arange(len(rail)) - np.searchsorted(rail[order], rail[order])
    taken[cable.target, cable.target_port] = taken.get((cable.target, cable.target_port), 0) + cable.count
    return End(cable.target, cable.target_port, rail, turn, places, group)


class _Ways:
    """Figures of the ways that cables take, each taken once, with what is missing."""

    def __init__(self, design: Design, book: Ledger):
        self.book, self.keys, self.lacking = book, [], []  # type: ignore[var-annotated]
        self.frame = design.frame

    def take(self, figure: Figure | None, missing: str = "") -> np.ndarray:
        """A figure, designs on the first axis and one on the last for the cables; 0 where it is not known, which is then told."""
        if figure is None:
            if missing:
                self.lacking.append(missing)
            return np.zeros(1)
        self.keys.append(figure.key)
        return np.asarray(self.book.take(figure), dtype=float)[..., None]

    def of_frame(self, name: str, missing: str) -> np.ndarray:
        """A figure of the frame."""
        return self.take(self.frame.get(name) if self.frame else None, missing)


def _wires(design: Design, book: Ledger, cable: Cable, source: End, target: End) -> Wires:
    """Length of each cable of a line."""
    medium, ways = design.catalog.items[cable.medium], _Ways(design, book)
    straight, run = _inside(design, ways, cable, source, target) if source.is_inside and target.is_inside else _leaving(design, ways, source, target)
    wanted = max(len(source.which), 1)
    straight = np.broadcast_to(straight, (*straight.shape[:-1], wanted))
    if cable.length_m is not None:
        length = np.broadcast_to(ways.take(cable.length_m), (*np.shape(book.take(cable.length_m)), wanted))
        return Wires(cable, medium, source, target, length, straight, (), True, tuple(dict.fromkeys(ways.keys)))
    length = run + ways.take(design.cabling.slack_m)
    if cable.loop:
        length = length + sum((_pull(design, ways, end) for end in (source, target) if end.is_inside), np.zeros(1))
    length = np.broadcast_to(length, (*length.shape[:-1], wanted))
    return Wires(cable, medium, source, target, length, straight, tuple(dict.fromkeys(ways.lacking)), False, tuple(dict.fromkeys(ways.keys)))


def _inside(design: Design, ways: _Ways, cable: Cable, source: End, target: End) -> tuple[np.ndarray, np.ndarray]:
    """Straight distance and run between two ports of the rack: across to the channel, along it, across to the port; round the side where the faces differ."""
    pitch = ways.take(design.frame.get("unit_pitch_m") if design.frame else None)
    pitch = pitch if design.frame and design.frame.get("unit_pitch_m") else np.full(1, DEFAULT_PITCH_M)
    rise = pitch * np.abs(_heights(source) - _heights(target))
    round_ = np.array([one != other for one, other in zip(_faces(source), _faces(target), strict=True)], dtype=float)
    deep = ways.of_frame("depth_m", "depth of the frame") * round_ if round_.any() else np.zeros(1)
    a, b = (_across(ways, end) for end in (source, target))
    beside = np.abs(a - b) if a is not None and b is not None else np.zeros(1)
    straight = np.sqrt(beside**2 + rise**2 + deep**2)
    if cable.route == "straight":
        return straight, straight
    out = ways.take(design.cabling.channel_m)
    wide = ways.of_frame("chassis_width_m", "") if design.frame and design.frame.get("chassis_width_m") else ways.of_frame("width_m", "")
    known = design.frame is not None and (design.frame.get("chassis_width_m") or design.frame.get("width_m"))
    if a is None or b is None:
        lateral = (a if a is not None else 0.0) + (b if b is not None else 0.0) + 2.0 * out if design.cabling.side == "left" or not known else 2.0 * out
    else:
        left = a + b + 2.0 * out
        right = 2.0 * wide - a - b + 2.0 * out
        if design.cabling.side != "left" and not known:
            ways.lacking.append("width of the frame")
        lateral = left if design.cabling.side == "left" or not known else right if design.cabling.side == "right" else np.minimum(left, right)
    return straight, np.maximum(lateral + rise + deep, straight)


def _leaving(design: Design, ways: _Ways, source: End, target: End) -> tuple[np.ndarray, np.ndarray]:
    """Straight distance that is known, and run, of a cable that leaves the rack: to the channel, up to the tray, along it, and down at the other end."""
    end = source if source.is_inside else target
    far = target if source.is_inside else source
    reach = design.cabling.reach_m.get(far.thing)
    along = ways.take(reach, f"way along the tray to '{far.thing or 'what is not stated'}' ('cabling: reach:')")
    if not end.is_inside:
        ways.lacking.append("both ends: nothing of it stands in the rack")
        return along, along
    a = _across(ways, end)
    lateral = (a if a is not None else np.zeros(1)) + ways.take(design.cabling.channel_m)
    pitch = ways.take(design.frame.get("unit_pitch_m")) if design.frame and design.frame.get("unit_pitch_m") else np.full(1, DEFAULT_PITCH_M)
    if design.cabling.base_m is not None and design.cabling.overhead_m is not None:
        up = np.abs(ways.take(design.cabling.overhead_m) - ways.take(design.cabling.base_m) - pitch * _heights(end))
    else:
        ways.lacking.append("height of unit 1 and of the tray over the racks ('cabling: base:', 'overhead:')")
        up = pitch * np.maximum(design.height - _heights(end), 0.0)  # at least out of the rack's top
    return np.zeros(1), lateral + up + along


def _heights(end: End) -> np.ndarray:
    """Units from the bottom to the middle of each cable's thing."""
    return np.array([place.unit for place in end.places])[end.which] - 0.5


def _faces(end: End) -> list[str]:
    return [end.group.face if end.group else end.places[int(k)].face for k in end.which]


def _across(ways: _Ways, end: End) -> np.ndarray | None:
    """Distance of each port from the left inner edge [m]; None where it is not known."""
    if end.group is None or end.group.at_m is None:
        ways.lacking.append(f"position of the ports of {end.thing}")
        return None
    spacing = ways.take(end.group.spacing_m, f"spacing of the ports of {end.thing}" if end.group.count > 1 else "")
    return ways.take(end.group.at_m) + spacing * end.number


def _pull(design: Design, ways: _Ways, end: End) -> np.ndarray:
    assembly = design.assemblies.get(end.thing)
    return ways.take(assembly.pull_m if assembly else None, f"pull of {end.thing} ('pull:')" if assembly else "")


def _plain(values: np.ndarray) -> Number:
    return values if values.ndim else float(values)


def ordered(wires: Wires, step_m: Number | None) -> np.ndarray:
    """Lengths as they are ordered: up to the next step."""
    if step_m is None:
        return wires.length_m
    step = np.asarray(step_m, dtype=float)[..., None] if np.ndim(step_m) else float(step_m)  # type: ignore[arg-type]
    return np.ceil(np.round(wires.length_m / step, 9)) * step
