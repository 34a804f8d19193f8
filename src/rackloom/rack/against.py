"""One rack against another: what a change of the design saves or costs, figure by figure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..draws import Number
from ..physics import plain
from .nouns import RackAnswer


@dataclass(frozen=True)
class Change:
    """One figure of two racks, and the second less the first. Draws of both are joint, so that what they share cancels. None where one does not have it."""

    name: str
    title: str
    unit: str
    before: Number | None
    after: Number | None
    change: Number | None


@dataclass(frozen=True)
class Comparison:
    """Rack `after` against rack `before`: figures, operations whose hours differ, and checks whose verdict does."""

    before: str
    after: str
    changes: tuple[Change, ...]
    operations: tuple[Change, ...]
    verdicts: tuple[tuple[str, str, str], ...]  # check, verdict before, after; '' where the rack does not have it
    parts: tuple[tuple[str, int, int], ...]  # item, pieces before, after


FIGURES = (
    ("assembly_hours", "person-hours of assembly", "h"), ("tray_hours", "person-hours in the trays, where stated", "h"), ("hand_connections", "connections by hand", "1"), ("blind_connections", "connections by sliding in", "1"),
    ("cables_by_hand", "cables laid one by one", "1"), ("unique_parts", "unique parts", "1"), ("pieces", "pieces", "1"), ("suppliers", "suppliers", "1"), ("us_parts", "parts with a US source", "1"),
    ("test_hours", "hours in a test cell", "h"), ("test_power_w", "power under test", "W"), ("test_flow_m3_per_s", "coolant under test", "m3/s"),
)  # fmt: skip
RACK_FIGURES = (("power_load_w", "load", "W"), ("power_input_w", "input", "W"), ("heat_air_w", "heat to air", "W"), ("coolant_flow_m3_per_s", "coolant flow", "m3/s"), ("mass_kg", "mass", "kg"),
                ("accelerators", "accelerators", "1"), ("cables_count", "cables", "1"))  # fmt: skip


def compare_racks(before: RackAnswer, after: RackAnswer) -> Comparison:
    """What the second rack changes against the first.

    Both are described with the same draws, so that an assumption that they share does not widen the difference.
    """
    changes = [_change(name, title, unit, getattr(before.build, name, None), getattr(after.build, name, None)) for name, title, unit in FIGURES]
    singles = [len(one.build.single_source) if one.build and one.build.single_source is not None else None for one in (before, after)]
    changes.append(_change("single_source", "parts of a single source", "1", *singles))
    lengths = [plain(sum((np.asarray(line.total_m) for line in one.cables if line.total_m is not None), np.zeros(()))) for one in (before, after)]
    changes.append(_change("cables_m", "cable laid one by one, at least", "m", *lengths))
    changes += [_change(name, title, unit, getattr(before, name), getattr(after, name)) for name, title, unit in RACK_FIGURES]
    return Comparison(before.name, after.name, tuple(changes), _operations(before, after), _verdicts(before, after), _parts(before, after))


def _change(name: str, title: str, unit: str, before: Number | None, after: Number | None) -> Change:
    moved = None if before is None or after is None else plain(np.asarray(after, dtype=float) - np.asarray(before, dtype=float))
    return Change(name, title, unit, before, after, moved)


def _operations(before: RackAnswer, after: RackAnswer) -> tuple[Change, ...]:
    """Operations whose hours or pieces differ; one that a rack does not have takes no time."""
    books = [{one.name: one for one in answer.build.operations} if answer.build else {} for answer in (before, after)]
    out = []
    for name in dict.fromkeys([*books[0], *books[1]]):
        one, other = (book.get(name) for book in books)
        if (one.count if one else 0) != (other.count if other else 0):
            held = one or other
            assert held is not None
            out.append(_change(name, f"{held.title}: {one.count if one else 0} to {other.count if other else 0}", "h", one.hours if one else 0.0, other.hours if other else 0.0))
    return tuple(out)


def _verdicts(before: RackAnswer, after: RackAnswer) -> tuple[tuple[str, str, str], ...]:
    one, other = ({check.id: check.verdict for check in answer.checks} for answer in (before, after))
    moved = ((name, one.get(name, ""), other.get(name, "")) for name in dict.fromkeys([*one, *other]) if one.get(name) != other.get(name))
    return tuple(row for row in moved if all(row[1:]) or "fail" in row[1:])  # a question that only one of them is asked, and does not fail, is no change


def _parts(before: RackAnswer, after: RackAnswer) -> tuple[tuple[str, int, int], ...]:
    one, other = ({line.item: 0 for line in answer.bom.lines if line.level == "part"} for answer in (before, after))
    for totals, answer in ((one, before), (other, after)):
        for line in answer.bom.lines:
            if line.level == "part":
                totals[line.item] += line.total
    return tuple((name, one.get(name, 0), other.get(name, 0)) for name in dict.fromkeys([*one, *other]) if one.get(name, 0) != other.get(name, 0))
