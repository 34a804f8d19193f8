"""The nouns of building a rack: operations, the sheet that gathers them, and who offers a part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..draws import Number


@dataclass(frozen=True)
class PartSource:
    """Who offers a part: told by supply, as plain data."""

    suppliers: tuple[str, ...]
    has_us_site: bool
    assumed: bool = True


@dataclass(frozen=True)
class Operation:
    """One kind of work on a rack: so many pieces, and the person-hours of all of them."""

    name: str
    title: str
    count: int
    hours: Number
    by_hand: int  # connections that a hand makes in it
    key: str


@dataclass(frozen=True)
class BuildSheet:
    """What it takes to build one rack from tested trays. Hours are person-hours; None where offers, or power, are not given."""

    operations: tuple[Operation, ...]
    assembly_hours: Number
    hand_connections: int
    blind_connections: int
    cables_by_hand: int
    unique_parts: int
    pieces: int
    suppliers: int | None
    single_source: tuple[str, ...] | None
    no_source: tuple[str, ...] | None
    us_parts: int | None
    test_hours: Number
    test_power_w: Number
    test_flow_m3_per_s: Number | None
    tray_hours: Number | None  # to assemble the trays themselves, where that is stated
    assumed: tuple[str, ...] = ()
    keys: Mapping[str, str] = field(default_factory=dict)
