"""What a rule of the checks is made of: the facts of a rack, the question, and the row that comes out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ..draws import Number, central
from ..ledger import Ledger
from ..physics import plain
from .bill import placed
from .build_nouns import BuildSheet
from .bus import Bus
from .cable_facts import Seen
from .loop import Loop
from .nouns import Check, Design, Trace
from .reliability_nouns import Reliability
from .states import NORMAL
from .wiring import Wires

if TYPE_CHECKING:
    from .network import NetworkAnswer

NOTHING_LEFT = -1.0  # margin of what has no solution
ROUNDING = -1e-12  # a margin below it fails
NO_NETWORK = "a network: couplings with their Cv, power of the trays, flow at this supply temperature"


@dataclass(frozen=True)
class Liquid:
    """The coolant at its supply temperature."""

    density_kg_per_m3: Number
    cp_j_per_kg_k: Number
    viscosity_pa_s: Number | None
    keys: tuple[str, ...]


@dataclass(frozen=True)
class Facts:
    """What the checks read: the design, its computed figures, and the networks solved in every state. `state` is the case that is looked at."""

    design: Design
    prefix: str
    load_w: Number
    input_w: Number
    installed_w: Number | None
    firm_w: Number | None
    peak_w: Number
    liquid_w: Number
    air_w: Number
    flow_m3_per_s: Number | None
    supply_k: Number | None
    return_k: Number | None
    mass_kg: Number | None
    mass_at_least: bool
    missing: tuple[str, ...]
    state: str = NORMAL
    bus: Bus | None = None
    loop: Loop | None = None
    liquid: Liquid | None = None
    trace: Trace | None = None
    wires: tuple[Wires, ...] = ()
    network: NetworkAnswer | None = None
    seen: tuple[Seen, ...] | None = None  # cables as a log tells them
    build: BuildSheet | None = None
    reliability: Reliability | None = None

    def states(self, *, electric: bool) -> list[str]:
        """The states that a rack is held to: the case looked at, or all well and what its redundancy promises to bear."""
        if self.state != NORMAL:
            return [self.state]
        solved = self.bus if electric else self.loop
        planned = [state for state in (solved.states if solved else {}).values() if state.planned]
        return [NORMAL, *(state.name for state in planned if (min(state.shelves, default=1.0) < 1.0 if electric else state.pumps_lost or state.closed))]

    def groups(self, *, modules: bool = True) -> dict[str, list[str]]:
        """The electric states that the rack is held to, by what a check tells apart: each by its name, the loss of any shelf and of any module as one."""
        out: dict[str, list[str]] = {}
        for state in self.states(electric=True):
            kind = state.partition("-u")[0] if state.startswith(("shelf-u", "psu-u")) and state != self.state else ""
            if kind != "psu" or modules or state == self.state:
                out.setdefault(f"{kind}-lost" if kind else state, []).append(state)
        return out

    @property
    def lacking(self) -> tuple[str, ...]:
        """What the load does not hold: nothing where it was stated for the whole rack."""
        return self.missing if self.design.power.load_w is None else ()

    @property
    def placed(self) -> dict[str, int]:
        """How many of each thing stand in the slots."""
        return placed(self.design)

    def key(self, name: str) -> str:
        """Key of a figure of this rack."""
        return f"{self.prefix}.{name}"


@dataclass(frozen=True)
class Ask:
    """A rule before its numbers: what it asks, of which document."""

    id: str
    question: str
    unit: str
    document: str = ""
    mend: str = ""


def at_most(ask: Ask, facts: Facts, book: Ledger, value: Number, limit: Number, formula: str, inputs: Iterable[str], *, lacking: tuple[str, ...] = ()) -> Check:
    """A check that passes where the value does not exceed the limit; the margin is a ledger row.

    `lacking` names what is not in the value: it is then 'at least', which can fail a rack and cannot pass one.
    """
    if ask.unit == "temperature_k":
        margin, words = (np.asarray(limit) - value) / 100.0, f"(limit - value) / 100 K; value: {formula}"
    else:
        with np.errstate(divide="ignore", invalid="ignore"):  # of a limit of nothing there is no room
            margin = 1.0 - np.asarray(value, dtype=float) / limit
        words = f"1 - value / limit; value: {formula}"
    return _row(ask, facts, book, value, limit, np.asarray(margin), words, inputs, lacking)


def at_least(ask: Ask, facts: Facts, book: Ledger, value: Number, limit: Number, formula: str, inputs: Iterable[str], *, lacking: tuple[str, ...] = ()) -> Check:
    """A check that passes where the value does not fall short of the limit."""
    if ask.unit == "temperature_k":
        margin, words = (np.asarray(value) - limit) / 100.0, f"(value - limit) / 100 K; value: {formula}"
    else:
        with np.errstate(divide="ignore", invalid="ignore"):
            margin = np.asarray(value, dtype=float) / limit - 1.0
        words = f"value / limit - 1; value: {formula}"
    return _row(ask, facts, book, value, limit, np.asarray(margin), words, inputs, lacking)


def _row(ask: Ask, facts: Facts, book: Ledger, value: Number, limit: Number, margin: np.ndarray, words: str, inputs: Iterable[str], lacking: tuple[str, ...]) -> Check:
    """The row of a check; where a state has no solution its margin is that of nothing left."""
    lost = ~np.isfinite(margin)
    room: Number = np.where(lost, NOTHING_LEFT, margin) if margin.ndim else (NOTHING_LEFT if lost else float(margin))
    notes = [f"at least: without {', '.join(lacking)}"] if lacking else []
    if lost.reshape(-1)[0]:
        notes.append("no solution: nothing is left")
    key = f"{facts.prefix}.checks.{ask.id}_margin_ratio"
    book.put(key, room, "1", words, inputs, note="; ".join(notes))
    verdict = "fail" if central(room) < ROUNDING else "not checkable" if lacking else "pass"
    left_open = np.asarray(room) >= ROUNDING if lacking else False
    return Check(ask.id, ask.question, value, limit, ask.unit, room, verdict, lacking, ask.document, mend=ask.mend if verdict == "fail" else "", key=key, open=left_open)


def on_assumption(check: Check, *assumed: str) -> Check:
    """A check whose verdict would be that of our own assumptions: its figures are shown, and what to state for a verdict."""
    if not assumed:
        return check
    return replace(check, verdict="not checkable", missing=tuple(f"{word} (assumed here)" for word in assumed), mend="State it in the rack file.", open=True)


def where_known(check: Check, known: np.ndarray | bool, *missing: str) -> Check:
    """A check that cannot be made for some of many designs: those have no verdict, and the first of them has that of the row."""
    sure = np.asarray(known)
    if sure.all():
        return check
    left_open = ~sure | np.asarray(check.open)
    if sure.reshape(-1)[0]:
        return replace(check, open=left_open)
    return replace(check, verdict="not checkable", missing=missing, mend="State it in the rack file.", open=left_open)


def largest(values: Sequence[Number]) -> Number:
    """The largest of several numbers, design by design; NaN where one is."""
    return plain(np.max(np.stack(np.broadcast_arrays(*(np.asarray(value, dtype=float) for value in values))), axis=0))


def smallest(values: Sequence[Number]) -> Number:
    """The smallest of several numbers, design by design."""
    return plain(np.min(np.stack(np.broadcast_arrays(*(np.asarray(value, dtype=float) for value in values))), axis=0))


def suffix(state: str, facts: Facts) -> str:
    """What a state adds to the id of a check; nothing for the case that is looked at."""
    return "" if state == facts.state else f"-{state}"


def when(facts: Facts, state: str) -> str:
    """A state in words at the end of a question."""
    solved = facts.bus or facts.loop
    return "" if state == NORMAL or solved is None else f" ({solved.states[state].text})"


def without_network(facts: Facts, ask: Ask) -> Check | None:
    """What a check of the coolant network says where none could be made: nothing of a rack without coolant, else what is missing."""
    return None if facts.design.coolant is None else not_checkable(ask, NO_NETWORK)


def not_checkable(ask: Ask, *missing: str) -> Check:
    """A check whose facts nobody published."""
    return Check(ask.id, ask.question, None, None, ask.unit, None, "not checkable", missing, ask.document, mend="State it in the rack file.", open=True)


def margin_of(check: Check) -> float:
    """The central margin of a check; 0 where it has none."""
    return central(check.margin) if check.margin is not None else 0.0


def none_found(ask: Ask, facts: Facts, book: Ledger, count: int, key: str) -> Check:
    """A check that passes where nothing is found."""
    margin_key = f"{facts.prefix}.checks.{ask.id}_margin_ratio"
    room = -1.0 if count else 0.0
    book.put(margin_key, room, "1", "0 where there is none, else -1", [key])
    return Check(ask.id, ask.question, float(count), 0.0, ask.unit, room, "fail" if count else "pass", (), ask.document, mend=ask.mend if count else "", key=margin_key)
