"""What a rule of the checks is made of: the facts of a rack, the question, and the row that comes out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ..draws import Number, central
from ..ledger import Ledger
from .nouns import Check, Design


@dataclass(frozen=True)
class Facts:
    """What the checks read: the design and its computed figures."""

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

    @property
    def lacking(self) -> tuple[str, ...]:
        """What the load does not hold: nothing where it was stated for the whole rack."""
        return self.missing if self.design.power.load_w is None else ()

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
        margin, words = 1.0 - np.asarray(value, dtype=float) / limit, f"1 - value / limit; value: {formula}"
    room: Number = margin if np.asarray(margin).ndim else float(margin)
    key = f"{facts.prefix}.checks.{ask.id}_margin_ratio"
    book.put(key, room, "1", words, inputs, note=f"at least: without {', '.join(lacking)}" if lacking else "")
    verdict = "fail" if central(room) < -1e-12 else "not checkable" if lacking else "pass"
    return Check(ask.id, ask.question, value, limit, ask.unit, room, verdict, lacking, ask.document, mend=ask.mend if verdict == "fail" else "", key=key)


def not_checkable(ask: Ask, *missing: str) -> Check:
    """A check whose facts nobody published."""
    return Check(ask.id, ask.question, None, None, ask.unit, None, "not checkable", missing, ask.document, mend="State it in the rack file.")


def margin_of(check: Check) -> float:
    """The central margin of a check; 0 where it has none."""
    return central(check.margin) if check.margin is not None else 0.0
