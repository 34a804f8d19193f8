"""The bill of materials: every part of a rack, indented by level, with pieces per parent and per rack."""

from __future__ import annotations

from collections.abc import Iterator

from ..catalog import Item
from .nouns import Bom, BomLine, Design


def bill_of_materials(design: Design) -> Bom:
    """Everything that goes into a rack: what stands in slots, fixtures, cables, and the parts inside."""
    lines = [BomLine(0, "L11", design.name, design.title, "rack", 1, 1, "", "catalogue")]
    if design.frame is not None:
        lines.append(_line(design, 1, design.frame.name, 1, 1, design.name))
    for name, count in placed(design).items():
        lines += _tree(design, name, count, 1, 1, design.name)
    for count, name in design.fixtures:
        lines += _tree(design, name, count, 1, 1, design.name)
    for cable in design.cables:
        if not any(name == cable.medium for _, name in design.fixtures):  # a cartridge is one part, however many cables are in it
            lines.append(_line(design, 1, cable.medium, cable.count, cable.count, design.name))
    return Bom(design.name, tuple(lines))


def placed(design: Design) -> dict[str, int]:
    """How many of each thing stand in the slots, in order of the lowest."""
    out: dict[str, int] = {}
    for slot in design.slots:
        out[slot.name] = out.get(slot.name, 0) + slot.count
    return out


def pieces(design: Design, kind: str) -> dict[str, int]:
    """Pieces in the rack of every part of a kind, by item."""
    out: dict[str, int] = {}
    for line in bill_of_materials(design).lines:
        if line.kind == kind and line.level == "part":
            out[line.item] = out.get(line.item, 0) + line.total
    return out


def parts_in(design: Design, name: str) -> Iterator[tuple[int, Item]]:
    """Catalogue parts inside one of a thing, with their count, however deep."""
    if name in design.assemblies:
        for count, part in design.assemblies[name].parts:
            for inner, item in parts_in(design, part):
                yield count * inner, item
    elif name in design.catalog.items:
        yield 1, design.catalog.items[name]


def _tree(design: Design, name: str, quantity: int, parents: int, depth: int, parent: str) -> list[BomLine]:
    total = quantity * parents
    lines = [_line(design, depth, name, quantity, total, parent)]
    if name in design.assemblies:
        for count, part in design.assemblies[name].parts:
            lines += _tree(design, part, count, total, depth + 1, name)
    return lines


def _line(design: Design, depth: int, name: str, quantity: int, total: int, parent: str) -> BomLine:
    if name in design.assemblies:
        assembly = design.assemblies[name]
        return BomLine(depth, assembly.level, name, assembly.title, assembly.kind, quantity, total, parent, "catalogue")
    item = design.catalog.items.get(name)
    return BomLine(depth, "part", name, item.title if item else name, item.kind if item else "unknown", quantity, total, parent, "catalogue" if item else "unknown")
