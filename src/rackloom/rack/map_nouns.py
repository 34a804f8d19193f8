"""The nouns of a cable map: one cable with its labels, and cables of one length."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CableRun:
    """One cable. `length_m` is as laid, `order_m` rounded up to the steps that lengths come in; both at central values."""

    line: str
    number: int
    medium: str
    source: str  # label
    target: str
    length_m: float
    order_m: float
    at_least: bool


@dataclass(frozen=True)
class CutLine:
    """Cables of one medium and length, to cut or to order."""

    medium: str
    order_m: float
    count: int
    at_least: bool
    lines: tuple[str, ...]
