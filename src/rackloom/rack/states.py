"""States of a rack: all well, and each thing that may be lost. A state is masks that the solvers take, all states in one batch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..catalog import Item
from ..errors import Unknown
from .bill import placed
from .nouns import Design

NORMAL = "normal"
PUMPS_PAIR = (1, 1)  # what 'N+1' of a unit means where its pumps are not counted: one carries the loop, one stands by


@dataclass(frozen=True)
class Place:
    """One thing in a slot: the middle of the units that it takes, from the bottom."""

    name: str
    unit: float
    first: int
    last: float
    face: str = "front"

    @property
    def label(self) -> str:
        """The thing with its lowest unit."""
        return f"{self.name} {'' if self.face == 'front' else self.face + ' '}u{self.first}"

    @property
    def word(self) -> str:
        """Its lowest unit in the names of states; the faces of a unit are places of their own."""
        return f"u{self.first}{'' if self.face == 'front' else '-' + self.face}"


@dataclass(frozen=True)
class State:
    """What lives. `shelves` is the share of each shelf's modules, in order of height; `pumps` how many are lost; `closed` the branches that are shut."""

    name: str
    text: str
    shelves: tuple[float, ...]
    pumps_lost: int = 0
    closed: tuple[str, ...] = ()
    feeds_lost: tuple[str, ...] = ()
    planned: bool = False  # what the stated redundancy promises to bear


def places_of(design: Design, *, faces: Iterable[str] = ("front", "rear")) -> list[Place]:
    """Everything in slots, each piece by itself, from the bottom."""
    out = []
    for slot in design.slots:
        if slot.face not in faces:
            continue
        tall = (slot.last - slot.first + 1) / slot.count
        for index in range(slot.count):
            first = slot.first + index * tall
            out.append(Place(slot.name, first + tall / 2.0 - 0.5, int(first), first + tall - 1.0, slot.face))
    return sorted(out, key=lambda place: (place.unit, place.name))


def shelves_of(design: Design) -> list[Place]:
    """The power shelves, from the bottom."""
    return [place for place in places_of(design) if kind_of(design, place.name) == "power_shelf"]


def kind_of(design: Design, name: str) -> str:
    """Kind of a part; '' for an assembly."""
    item = design.catalog.items.get(name)
    return item.kind if item is not None and name not in design.assemblies else ""


def side_of(design: Design, place: Place) -> str:
    """The feed that a thing hangs on; '' where the design does not say."""
    return next((side for side, units in design.power.sides.items() if place.first in units), "")


def states_of(design: Design) -> dict[str, State]:
    """Every state that can be solved of a rack, by name; the first is that in which all is well."""
    shelves = shelves_of(design)
    by_module = all(design.catalog.item(shelf.name).get("firm_output_w") for shelf in shelves)  # N+1 is then a module of each shelf, else a shelf
    whole = (1.0,) * len(shelves)
    out = {NORMAL: State(NORMAL, "nothing lost", whole)}
    for side in design.power.sides:
        live = tuple(0.0 if side_of(design, shelf) == side else 1.0 for shelf in shelves)
        lost = design.coolant.pump_feeds.get(side, 0) if design.coolant else 0
        out |= _one(State(f"feed-{side.lower()}-lost", f"feed {side} lost, with all that hangs on it", live, lost, feeds_lost=(side,), planned=design.power.redundancy == "N+N"))
    for index, shelf in enumerate(shelves):
        live = tuple(0.0 if i == index else 1.0 for i in range(len(shelves)))
        out |= _one(State(f"shelf-{shelf.word}-lost", f"the shelf at {shelf.word} lost", live, planned=design.power.redundancy == "N+1" and not by_module))
    for index, shelf in enumerate(shelves):
        modules = design.catalog.item(shelf.name).get("modules_count")
        if modules is not None:
            live = tuple(1.0 - 1.0 / modules.value if i == index else 1.0 for i in range(len(shelves)))
            out |= _one(State(f"psu-{shelf.word}-lost", f"one module of the shelf at {shelf.word} lost", live, planned=design.power.redundancy == "N+1" and by_module))
    return out | _coolant_states(design, whole)


def _coolant_states(design: Design, whole: tuple[float, ...]) -> dict[str, State]:
    if design.coolant is None:
        return {}
    branches = tuple(dict.fromkeys(connection.target for connection in design.connections if connection.target_port == "coolant"))
    pumps = pumps_of(design)
    out: dict[str, State] = {}
    if pumps is not None:
        out |= _one(State("pump-loss", "one pump of the cooling unit lost", whole, 1, planned=pumps[1] > 0))
        out |= _one(State("all-pumps-lost", "no pump runs", whole, sum(pumps)))
    if branches:
        counts = placed(design)
        out |= _one(State("branch-closed", f"the valve of one {branches[0]} shut", whole, closed=(branches[0],)))
        out |= _one(State("valves-closed", f"all {sum(counts.get(name, 0) for name in branches)} branches shut", whole, closed=("*",)))
    return out


def _one(state: State) -> dict[str, State]:
    return {state.name: state}


def cdu_of(design: Design) -> Item | None:
    """The cooling unit that drives the loop: one in the rack, else the one named under 'coolant'; None where there is none."""
    inside = _cdu_inside(design)
    if inside is not None:
        return inside
    return design.catalog.item(design.coolant.cdu) if design.coolant is not None and design.coolant.cdu else None


def racks_on(design: Design) -> int:
    """Racks that share the unit: one where it stands in the rack."""
    return design.coolant.racks if design.coolant is not None and _cdu_inside(design) is None else 1


def _cdu_inside(design: Design) -> Item | None:
    held = [*placed(design), *(name for _, name in design.fixtures)]
    return next((design.catalog.items[name] for name in held if kind_of(design, name) == "cdu"), None)


def pumps_of(design: Design) -> tuple[int, int] | None:
    """Pumps that carry the loop, and those beside them; None where neither the design nor the unit says."""
    if design.coolant is None:
        return None
    if design.coolant.pumps is not None:
        return design.coolant.pumps
    unit = cdu_of(design)
    return PUMPS_PAIR if unit is not None and unit.say("pumps") == "N+1" else None


def find_state(design: Design, name: str) -> State:
    """A state by its name; 'shelf-lost' and 'psu-lost' mean the lowest one. Raises Unknown with the nearest."""
    states = states_of(design)
    short = {"shelf-lost": "shelf-", "psu-lost": "psu-"}
    if name in short:
        name = next((known for known in states if known.startswith(short[name])), name)
    if name not in states:
        missing = [] if design.power.sides else ["for the loss of a feed, say what hangs on each under 'power: sides:'"]
        missing += [] if pumps_of(design) or design.coolant is None else ["for the loss of a pump, say 'coolant: pumps: 1+1'"]
        raise Unknown("case", name, list(states), mend="; ".join([f"Cases of {design.name}: {', '.join(states)}", *missing]) + ".")
    return states[name]
