"""The busbar of a rack, solved in every state: voltage at each tray, current in each segment, what each shelf gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..draws import Number
from ..figures import Figure
from ..ledger import Ledger
from ..physics import BusbarFlow, plain, solve_busbar
from .nouns import Design
from .power import draws_power, is_load, is_shelf, tray_powers
from .states import Place, State, places_of, states_of

DEFAULT_PITCH_M = 0.0445  # where the frame does not say; both pitches in use, 44.45 and 48 mm, round to 4 cm


@dataclass(frozen=True)
class Bus:
    """The busbar in all states: first axis of the flow's arrays are the states, in order of their names; then draws, where there are; then parts."""

    design: Design = field(repr=False)
    states: Mapping[str, State]
    nodes: tuple[Place, ...]  # from the bottom
    shelves: tuple[Place, ...]
    flow: BusbarFlow = field(repr=False)
    load_w: np.ndarray = field(repr=False)  # nodes on the last axis
    limit_w: np.ndarray = field(repr=False)  # of each shelf with all its modules
    keys: tuple[str, ...] = ()  # of what the solution rests on
    words: str = ""

    def at(self, state: str) -> int:
        """Index of a state."""
        return list(self.states).index(state)

    def segment_a(self, state: str) -> Number:
        """The largest current of a segment [A]; NaN where the bar collapses."""
        return plain(np.max(np.abs(self.flow.segment_current_a[self.at(state)]), axis=-1))

    def worst_segment(self, state: str) -> str:
        """The two neighbours between which most flows, at central values."""
        currents = np.abs(_central(self.flow.segment_current_a[self.at(state)]))
        k = int(np.nanargmax(currents)) if np.any(np.isfinite(currents)) else 0
        return f"{self.nodes[k].label} and {self.nodes[k + 1].label}"

    def lowest_tray(self, state: str) -> tuple[Number, str]:
        """The lowest voltage at a tray [V], and which tray that is at central values."""
        at_trays = np.where(self.load_w > 0.0, self.flow.tray_voltage_v[self.at(state)], np.inf)
        k = int(np.argmin(np.nan_to_num(_central(at_trays), nan=np.inf)))
        return plain(np.min(at_trays, axis=-1)), self.nodes[k].label

    def fullest_shelf(self, state: str) -> tuple[Number, str]:
        """The largest output of a live shelf over what its live modules give, and which shelf that is at central values."""
        share = np.array(self.states[state].shelves)
        limit = np.where(share > 0.0, self.limit_w * share, np.inf)
        use = self.flow.shelf_power_w[self.at(state)] / limit
        k = int(np.nanargmax(np.nan_to_num(_central(use), nan=-1.0)))
        return plain(np.max(use, axis=-1)), self.shelves[k].label

    def shelf_power_w(self, state: str) -> np.ndarray:
        """Output of each shelf [W], shelves on the last axis."""
        return np.asarray(self.flow.shelf_power_w[self.at(state)])

    def has_failed(self, state: str) -> bool:
        """The bar collapses, or trays are without supply, at central values."""
        return bool(np.asarray(self.failed(state)).reshape(-1)[0])

    def failed(self, state: str) -> np.ndarray:
        """The same, design by design."""
        index = self.at(state)
        return np.asarray(self.flow.collapsed[index]) | np.any(self.flow.unfed[index], axis=-1)


def solve_bus(design: Design, prefix: str, book: Ledger, load_w: Number) -> Bus | None:
    """The busbar in every state of the rack; None without shelves, trays or a voltage.

    Voltages are those of the rack file under load: the shelves' set point lies above them by the droop at that load. Each
    shelf has the same fall from no load to full output, so that its droop in ohms goes with its live modules.
    """
    every = places_of(design, faces=("front", "rear", "side"))
    nodes = [place for place in every if is_shelf(design, place.name) or (is_load(design, place.name) and (place.face != "side" or draws_power(design, place.name)))]
    shelves = [place for place in nodes if is_shelf(design, place.name)]
    bus = design.power.bus_v
    if bus is None or not shelves or len(shelves) == len(nodes):
        return None
    volts = book.take(bus)
    load, words, load_keys = _loads(design, prefix, book, nodes, load_w)
    outputs = [design.catalog.item(shelf.name).figure("output_w") for shelf in shelves]
    limit = _stack([book.take(output) for output in outputs])
    droop, droop_figures = _droop(design, book)
    per_m = resistance_of(design)
    pitch, pitch_figure = _pitch(design, book)
    distance = np.maximum(np.diff([node.unit for node in nodes]), 0.25)  # things front and rear share a unit: never a joint without resistance
    segment = _stack([book.take(per_m) * pitch * float(step) for step in distance])
    installed = np.sum(limit, axis=-1)
    set_point = np.asarray(volts + droop * np.sum(load, axis=-1) / installed)
    states = states_of(design)
    share = np.array([state.shelves for state in states.values()])  # states x shelves
    batch = np.broadcast_shapes(load.shape[:-1], limit.shape[:-1], segment.shape[:-1], set_point.shape)
    share = share.reshape(len(states), *(1 for _ in batch), len(shelves))
    full_a = limit / np.asarray(volts)[..., None]
    droop_ohm = np.asarray(droop)[..., None] / (full_a * np.where(share > 0.0, share, 1.0))
    flow = solve_busbar(
        segment, load, np.array([nodes.index(shelf) for shelf in shelves]), set_point_v=set_point[..., None], droop_ohm=droop_ohm, live=share > 0.0,
        sharing="active" if design.power.sharing == "active" else "droop", share_weight=limit * np.where(share > 0.0, share, 1.0), limit_w=limit * share,
    )  # fmt: skip
    keys = tuple(dict.fromkeys([*load_keys, bus.key, *(o.key for o in outputs), *(f.key for f in droop_figures), per_m.key, *([pitch_figure.key] if pitch_figure else [])]))
    how = "active sharing" if design.power.sharing == "active" else "each shelf by its droop"
    return Bus(design, states, tuple(nodes), tuple(shelves), flow, load, limit, keys, f"busbar solved per segment, {how}, {words}")


def resistance_of(design: Design) -> Figure:
    """Resistance of a metre of busbar, there and back: the design's, its frame's, or our assumption."""
    own = design.power.busbar.resistance_ohm_per_m
    frame = design.frame.get("busbar_resistance_ohm_per_m") if design.frame else None
    return own or frame or design.catalog.figure("rack-assumptions", "busbar_resistance_ohm_per_m")


def busbar_rating(design: Design) -> Figure | None:
    """What one segment may carry: the design's word, or its frame's."""
    return design.power.busbar.rating_a or (design.frame.get("busbar_a") if design.frame else None)


def _loads(design: Design, prefix: str, book: Ledger, nodes: Sequence[Place], load_w: Number) -> tuple[np.ndarray, str, list[str]]:
    """What each node draws [W], in words, with the keys."""
    each, words, keys = tray_powers(design, prefix, book, load_w)
    if each:
        return _stack([each.get(node.name, 0.0) for node in nodes]), words, keys
    trays = sum(is_load(design, node.name) for node in nodes)
    even = [load_w / trays if is_load(design, node.name) else 0.0 for node in nodes]
    return _stack(even), "what is known of the load spread evenly over the trays", [f"{prefix}.power_load_w"]


def _droop(design: Design, book: Ledger) -> tuple[Number, list[Figure]]:
    """Fall of a shelf's voltage from no load to full output: stated, by the frame's two voltages, or our assumption."""
    if design.power.droop_v is not None:
        return book.take(design.power.droop_v), [design.power.droop_v]
    idle, full = (design.frame.get(name) if design.frame else None for name in ("bus_no_load_v", "bus_full_load_v"))
    if idle is not None and full is not None:
        return np.maximum(np.asarray(book.take(idle)) - book.take(full), 1e-3), [idle, full]
    figure = design.catalog.figure("rack-assumptions", "shelf_droop_v")
    return book.take(figure), [figure]


def _pitch(design: Design, book: Ledger) -> tuple[Number, Figure | None]:
    figure = design.frame.get("unit_pitch_m") if design.frame else None
    return (book.take(figure), figure) if figure else (DEFAULT_PITCH_M, None)


def _stack(values: Sequence[Number]) -> np.ndarray:
    """Numbers side by side on a new last axis."""
    return np.stack(np.broadcast_arrays(*(np.asarray(value, dtype=float) for value in values)), axis=-1)


def _central(values: np.ndarray) -> np.ndarray:
    """The first of the draws; parts stay on the last axis."""
    return np.asarray(values.reshape(-1, values.shape[-1])[0])
