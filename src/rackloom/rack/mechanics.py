"""The rack as a body: what each thing weighs and where it sits, and its centre of gravity."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..draws import Number
from ..figures import Figure
from ..ledger import Ledger
from ..physics import centre_of_gravity, plain
from .bill import parts_in
from .bus import DEFAULT_PITCH_M
from .nouns import Design
from .states import Place, places_of


@dataclass(frozen=True, eq=False)
class Body:
    """What is known of the rack's mass. `centre_m` is from the middle of the frame's footprint at the floor: across, to the rear, up."""

    mass_kg: Number = field(repr=False)  # of what is known
    centre_m: np.ndarray = field(repr=False)
    lacking: tuple[str, ...]  # whose mass is not known
    assumed: tuple[str, ...]  # whose place is ours
    keys: tuple[str, ...]


def thing_mass(design: Design, name: str) -> tuple[list[tuple[int, Figure]], bool]:
    """Figures that add up to the mass of one thing, and whether that is all of it: its own, else those of its parts."""
    assembly = design.assemblies.get(name)
    if assembly is not None and assembly.mass_kg is not None:
        return [(1, assembly.mass_kg)], True
    if assembly is None:
        figure = design.catalog.items[name].get("mass_kg") if name in design.catalog.items else None
        return ([(1, figure)], True) if figure is not None else ([], False)
    parts = [(count, item.get("mass_kg")) for count, item in parts_in(design, name)]
    return [(count, figure) for count, figure in parts if figure is not None], bool(parts) and all(figure is not None for _, figure in parts)


def thing_depth(design: Design, name: str) -> Figure | None:
    """Depth of one thing: its own, or the part's."""
    if name in design.assemblies:
        return design.assemblies[name].depth_m
    item = design.catalog.items.get(name)
    return item.get("depth_m") if item else None


def body_of(design: Design, book: Ledger) -> Body | None:
    """The rack's mass and centre of gravity; None where nothing of it has a known mass.

    A thing's mass sits in the middle of its units; by depth in its middle when its depth and the frame's are known, else in the middle of the frame.
    The frame and what has no slot sit in the middle of the frame's height.
    """
    pitch_figure = design.frame.get("unit_pitch_m") if design.frame else None
    pitch = book.take(pitch_figure) if pitch_figure else DEFAULT_PITCH_M
    keys, lacking = [pitch_figure.key] if pitch_figure else [], []
    base_figure = design.cabling.base_m or design.catalog.figure("rack-assumptions", "base_m")
    base = book.take(base_figure)
    keys.append(base_figure.key)
    assumed = [] if design.cabling.base_m is not None else ["height of unit 1 above the floor ('cabling: base:')"]
    masses: list[Number] = []
    points: list[tuple[Number, Number, Number]] = []

    def add(name: str, point: tuple[Number, Number, Number]) -> None:
        figures, whole = thing_mass(design, name)
        if not whole:
            lacking.append(f"mass of {name}")
        for count, figure in figures:
            masses.append(count * np.asarray(book.take(figure)))
            points.append(point)
            keys.append(figure.key)

    deep = design.frame.get("depth_m") if design.frame else None
    for place in places_of(design, faces=("front", "rear", "side")):
        add(place.name, (0.0, _along(design, book, place, deep), base + np.asarray(pitch) * (place.unit - 0.5)))
    middle = base + np.asarray(pitch) * design.height / 2.0
    for count, name in design.fixtures:
        for _ in range(count):
            add(name, (0.0, 0.0, middle))
    if design.standing.frame_kg is not None:
        masses.append(book.take(design.standing.frame_kg))
        points.append((0.0, 0.0, middle))
        keys.append(design.standing.frame_kg.key)
    else:
        lacking.append("mass of the frame ('standing: frame:')")
    if not masses or not np.all(np.asarray(sum(np.asarray(one) for one in masses)) > 0.0):
        return None
    flat = np.broadcast_arrays(*(np.asarray(value, dtype=float) for value in [*masses, *(one for point in points for one in point)]))
    mass = np.stack(flat[: len(masses)], axis=-1)
    at = np.stack([np.stack(flat[len(masses) + 3 * k : len(masses) + 3 * k + 3], axis=-1) for k in range(len(points))], axis=-2)
    return Body(plain(mass.sum(axis=-1)), centre_of_gravity(mass, at), tuple(dict.fromkeys(lacking)), tuple(assumed), tuple(dict.fromkeys(keys)))


def _along(design: Design, book: Ledger, place: Place, frame_depth: Figure | None) -> Number:
    """Middle of a thing from the middle of the frame, to the rear: things stand at their face."""
    depth = thing_depth(design, place.name)
    if depth is None or frame_depth is None or place.face == "side":
        return 0.0
    room = (np.asarray(book.take(frame_depth)) - np.asarray(book.take(depth))) / 2.0
    return plain(-room if place.face == "front" else room)
