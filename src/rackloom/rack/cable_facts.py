"""What the cables of a rack take up: diameter, mass, bends, the fullest place of a channel; and what a log of cables says of where they lie."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..catalog import Catalog, Item
from ..errors import BadInput, Fault, Place
from ..figures import Figure
from .wiring import Wires

MOST_ROWS = 1_000_000


@dataclass(frozen=True)
class Medium:
    """A cable as a body. `assumed` names what nobody stated of it."""

    diameter_m: Figure
    mass_kg_per_m: Figure
    bend_ratio: Figure  # least bend radius over diameter
    assumed: tuple[str, ...]


def medium_of(catalog: Catalog, item: Item) -> Medium:
    """The body of a cable: its own figures, or those assumed of its class."""
    kind = item.say("medium")
    family = "fibre" if "fibre" in kind else "active" if item.name.startswith(("aec", "acc", "lacc")) else "passive"
    common = catalog.item("cable-assumptions")
    found, assumed = [], []
    for own, word in (("diameter_m", "diameter"), ("mass_kg_per_m", "mass a metre"), ("bend_ratio", "bend radius")):
        figure = item.get(own)
        if figure is None:
            figure = common.figure(f"{family}_{own}")
            assumed.append(f"{word} of {item.name}")
        found.append(figure)
    return Medium(found[0], found[1], found[2], tuple(assumed))


def is_optic(item: Item) -> bool:
    """Whether a module with its own power sits at each end."""
    return item.get("module_w") is not None


def end_power(item: Item) -> Figure | None:
    """What one end draws: a module, or the active end of a cable."""
    return item.get("module_w") or item.get("end_w")


def lane_rate(item: Item) -> Figure | None:
    """Rate of a lane that a medium is made for."""
    return item.get("lane_link_bytes_per_s")


def media_that_reach(catalog: Catalog, like: Item, length_m: float) -> list[str]:
    """Media of the catalogue that reach so far with lanes as fast, by what their ends draw, least first; an unstated power comes last."""
    lane = lane_rate(like)
    found = []
    for item in catalog.of_kind("cable"):
        reach, own = item.get("reach_m"), lane_rate(item)
        if lane is None or own is None or reach is None or own.value < lane.value or reach.value < length_m:
            continue
        power = end_power(item)
        found.append((power.value if power is not None else float("inf"), item.name, reach.value))
    return [f"{name} ({reach:g} m)" for _, name, reach in sorted(found)]


def fullest(wires: Sequence[Wires], areas: Sequence[np.ndarray]) -> tuple[np.ndarray, int]:
    """Largest area of cables side by side in the vertical channel [m2], and how many they are, over the units of the rack."""
    most: np.ndarray = np.zeros(())
    many = 0
    spans = [_span(one) for one in wires]
    top = max((int(np.ceil(span[1].max())) for span in spans if len(span[1])), default=0)
    for unit in range(1, top + 2):
        here = [int(np.sum((low <= unit) & (unit <= high))) for low, high in spans]
        area = sum((count * np.asarray(each) for count, each in zip(here, areas, strict=True)), np.zeros(()))
        most, many = np.maximum(most, area), max(many, sum(here))
    return most, many


def _span(wires: Wires) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest unit that each cable passes in the channel; what leaves the rack goes up to its top."""
    if wires.line.route == "straight" or not (wires.source.is_inside or wires.target.is_inside):
        return np.zeros(0), np.zeros(0)
    ends = [np.array([place.unit for place in end.places])[end.which] for end in (wires.source, wires.target) if end.is_inside]
    if len(ends) == 1:
        return ends[0], np.full_like(ends[0], 100.0)
    return np.minimum(*ends), np.maximum(*ends)


def leaves(wires: Wires) -> bool:
    """Whether the cables of a line leave the rack by the tray over it."""
    return wires.source.is_inside != wires.target.is_inside or wires.line.route == "overhead"


@dataclass(frozen=True)
class Seen:
    """A cable as a log tells it, ends by their labels."""

    source: str
    target: str
    line: int


def read_cable_log(path: str | Path) -> tuple[Seen, ...]:
    """A log of cables, as link discovery or a scanner gives it: a CSV with the columns from and to, labels as in the cable map. Raises BadInput."""
    file = Path(path)
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            rows = [row for _, row in zip(range(MOST_ROWS + 1), csv.DictReader(stream), strict=False)]
    except OSError as error:
        raise BadInput(Fault(f"{path}: {error.strerror or error}", mend="Name a CSV file with the columns from and to.")) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput(Fault(f"{path} is no CSV text: {error}", mend="Name a CSV file with the columns from and to.")) from None
    if len(rows) > MOST_ROWS:
        raise BadInput(Fault(f"{path} has more than {MOST_ROWS:,} rows", mend="Give one rack's cables."))
    faults = [
        Fault(f"no '{word}' in this row", Place(str(path), line), mend="Columns are from and to: the labels of both ends as `rackloom design RACK --out DIR` writes them.")
        for line, row in enumerate(rows, 2) for word in ("from", "to") if not str(row.get(word) or "").strip()
    ]  # fmt: skip
    if faults:
        raise BadInput(faults[:20])
    return tuple(Seen(str(row["from"]).strip(), str(row["to"]).strip(), line) for line, row in enumerate(rows, 2))


def misrouted(wires: Sequence[Wires], seen: Sequence[Seen]) -> list[str]:
    """What a log says that the map does not: cables that end elsewhere, with pairs that are swapped told as such, and labels that no port bears."""
    meant = {one.source.label(k): one.target.label(k) for one in wires for k in range(len(one.source.which))}
    meant |= {target: source for source, target in meant.items() if target not in ("", "network")}
    found: dict[str, str] = {}
    out = []
    for row in seen:
        start, end = (row.source, row.target) if row.source in meant else (row.target, row.source)
        if start not in meant:
            out.append(f"line {row.line}: no port is labelled '{row.source}' or '{row.target}'")
        elif meant[start] != end:
            found[start] = end
    told: set[str] = set()
    for start, end in found.items():
        other = meant.get(end)
        if start in told:
            continue
        if other is not None and found.get(other) == meant[start]:
            told.add(other)
            out.append(f"{start} and {other} are swapped: swap their ends at {end} and {meant[start]}")
        else:
            out.append(f"{start} lies at {end} in place of {meant[start]}")
    return out
