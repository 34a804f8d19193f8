"""The bill of materials as a tree, and for each line how it comes: bought whole, assembled from its parts, or no offer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .offers import KIND, LABOUR, Offer

if TYPE_CHECKING:
    from ..rack import Bom, BomLine

US = "US"
ABROAD = "abroad"  # assembled abroad, by nobody that the offers name

# Where assembly of a level must happen, by what crosses the border; None leaves it to the cheapest.
ASSEMBLED: dict[str, dict[str, str | None]] = {
    "rack": {"L11": ABROAD, "L10": ABROAD, "L6": None},
    "tray": {"L11": US, "L10": ABROAD, "L6": None},
    "parts": {"L11": US, "L10": US, "L6": None},
}


@dataclass(frozen=True)
class Node:
    """One line of the bill with the lines under it."""

    line: BomLine
    path: str
    children: tuple[Node, ...] = ()
    how: str = ""  # bought, assembled, no offer

    def walk(self) -> Iterator[Node]:
        """This node and all under it that are not inside something bought whole."""
        yield self
        if self.how != "bought":
            for child in self.children:
                yield from child.walk()


class Market:
    """The offers, by what they may serve. Assumed offers stand aside where a stated one exists for the part."""

    def __init__(self, offers: tuple[Offer, ...], enter_as: str):
        self.offers = offers
        self.enter_as = enter_as
        self.by_part: dict[str, list[Offer]] = {}
        for offer in offers:
            self.by_part.setdefault(offer.part, []).append(offer)

    def named(self, item: str) -> tuple[Offer, ...]:
        """Usable offers that name the part itself."""
        return _usable(self.by_part.get(item, []))

    def for_part(self, item: str, kind: str) -> tuple[Offer, ...]:
        """Usable offers for a part: those that name it, else those for its kind."""
        return self.named(item) or self.named(KIND + kind)

    def for_labour(self, level: str) -> tuple[Offer, ...]:
        """Offers to assemble and test at a level, where `enter_as` says that it happens."""
        side = ASSEMBLED[self.enter_as].get(level)
        return _usable([offer for offer in self.by_part.get(LABOUR + level, []) if side is None or (offer.country == US) == (side == US)])

    def waiting(self, item: str, kind: str) -> tuple[Offer, ...]:
        """Offers for a part that are not qualified yet."""
        return tuple(offer for name in (item, KIND + kind) for offer in self.by_part.get(name, ()) if offer.qualification != "qualified")


def _usable(offers: list[Offer]) -> tuple[Offer, ...]:
    """The qualified ones; stated ones before assumed ones; and where the buyer directs the source, only what the buyer directs."""
    found = [offer for offer in offers if offer.qualification == "qualified"]
    found = [offer for offer in found if offer.source != "assumption"] or found
    return tuple([offer for offer in found if offer.controlled_by != "maker"] or found)


def tree_of(bom: Bom, market: Market) -> Node:
    """The bill as a tree with each line's way of coming.

    An assembly that an offer names is bought whole; any other assembly is put together from its parts. A part is bought
    from an offer that names it, else from one for its kind. What neither covers has no offer.
    """
    stack: list[tuple[BomLine, list[Node], str]] = []
    root: Node | None = None
    for line in [*bom.lines, None]:
        while stack and (line is None or stack[-1][0].depth >= line.depth):
            done, children, path = stack.pop()
            node = _decided(Node(done, path, tuple(children)), market)
            if stack:
                stack[-1][1].append(node)
            else:
                root = node
        if line is not None:
            stack.append((line, [], _path(line, stack)))
    if root is None:
        raise ValueError(f"bill of '{bom.design}' has no lines")
    return root


def _path(line: BomLine, stack: list[tuple[BomLine, list[Node], str]]) -> str:
    if not stack:
        return line.item
    _, siblings, above = stack[-1]
    same = sum(1 for node in siblings if node.line.item == line.item)
    return f"{above}/{line.item}" + (f"~{same + 1}" if same else "")


def _decided(node: Node, market: Market) -> Node:
    line = node.line
    if line.depth > 0 and market.named(line.item):
        return replace(node, how="bought")
    if node.children or line.depth == 0:
        return replace(node, how="assembled")
    return replace(node, how="bought" if market.for_part(line.item, line.kind) else "no offer")
