"""Domestic content by the component test of FAR 25.101: cost of domestic components over cost of all components.

What counts as a component depends on the end product: of a rack, the trays and shelves that go straight into it, each by
where it was made, whatever its own parts are; of a tray, its processors and boards. Labour of the end product is apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from ..catalog import Catalog, far_threshold
from ..draws import Number, central, probability
from ..errors import BadInput, Fault
from ..ledger import Ledger
from .duty import exact
from .nouns import Component, Content, ContentLine, ContentRule, Sourcing, Supplied

if TYPE_CHECKING:
    from ..rack import Bom

LEVELS = ("rack", "tray")
ACCELERATOR = "accelerator"


def content_rules(catalog: Catalog, as_of: date) -> tuple[ContentRule, ...]:
    """The component test as it stands on a day, for the rack and for the tray as end product. Raises OutOfRange before its first day."""
    threshold, item = far_threshold(catalog, as_of)
    strict = item.text.get("strict_inequality") is not False
    return tuple(ContentRule(level, threshold, strict, item.name, item.title, "FAR 25.101", item.say("applies_to_whom")) for level in LEVELS)


def domestic_content(bom: Bom, sourcing: Sourcing | Supplied, rule: ContentRule, *, book: Ledger | None = None) -> Content:
    """Domestic content of a rack, or of its compute tray, by the component test.

    Parameters
    ----------
    bom : Bom
        the bill that was sourced
    sourcing : Sourcing or Supplied
        how it is supplied; of a Sourcing, the generation whose bill this is
    rule : ContentRule
        threshold and end product
    book : Ledger, optional
        where rows are written, `supply.GENERATION.content_LEVEL_share` among them

    Returns
    -------
    Content
        `passes` asks both parts of the test: made in the United States, and the share above the threshold

    Source: FAR 25.101(a); origin of a component by where it is made, FAR 25.003 (clause not read, see `far-component-definition`).
    """
    supplied = _generation_of(bom, sourcing) if isinstance(sourcing, Sourcing) else sourcing
    book = Ledger() if book is None else book
    prefix = f"supply.{supplied.generation}"
    threshold = float(central(book.take(exact(rule.threshold))))
    if rule.level not in LEVELS:
        raise BadInput(Fault(f"no level '{rule.level}' of end product", mend=f"Levels: {', '.join(LEVELS)}."))
    end = supplied.components[0] if rule.level == "rack" else _tray(supplied.components, bom)
    if end is None:
        return _unseen(rule, threshold, "", "no assembly of level L10 holds accelerators")
    parts = _children(supplied.components, end)
    if not parts:
        return _unseen(rule, threshold, end.title, f"bought whole from {end.origin}: its components are not seen")
    total: Number = sum((part.cost_usd for part in parts), 0.0)
    domestic: Number = sum((part.domestic_usd for part in parts), 0.0)
    made_in_us = end.origin == "US"
    missing = tuple(dict.fromkeys(name for part in parts for name in part.unpriced))
    if central(total) <= 0.0:
        return _unseen(rule, threshold, end.title, "no component has a price")
    share = domestic / total
    key = f"{prefix}.content_{rule.level}_share"
    costs = [part.key for part in parts if part.key]
    book.put(f"{prefix}.content_{rule.level}_total_usd", total / end.total, "USD", f"cost of all components of one {rule.level}, its own labour apart (FAR 25.101)", costs)
    home = [part.key for part in parts if part.key and central(part.domestic_usd) > 0.0]
    book.put(f"{prefix}.content_{rule.level}_domestic_usd", domestic / end.total, "USD", f"cost of those made in the United States (FAR 25.101); {len(home)} of {len(parts)}", home)
    inputs = [f"{prefix}.content_{rule.level}_domestic_usd", f"{prefix}.content_{rule.level}_total_usd"]
    book.put(key, share, "1", f"cost of domestic components / cost of all components of the {rule.level} (FAR 25.101)", inputs, note=f"threshold {100 * threshold:g} %")
    above = np.asarray(share) > threshold if rule.strict else np.asarray(share) >= threshold
    passes = False if not made_in_us else None if missing else bool(np.reshape(above, -1)[0])
    chance = None if missing and made_in_us else probability(above) if made_in_us else 0.0
    return Content(
        rule.level, end.title, share, threshold, made_in_us, passes, chance, tuple(_line(part, end) for part in parts), rule.title, rule.document, _note(rule, end, missing), key
    )


def _generation_of(bom: Bom, sourcing: Sourcing) -> Supplied:
    for supplied in sourcing.generations.values():
        if supplied.design == bom.design:
            return supplied
    raise BadInput(Fault(f"the bill of '{bom.design}' was not sourced here", mend=f"Sourced: {', '.join(s.design for s in sourcing.generations.values())}."))


def _children(components: Sequence[Component], parent: Component) -> list[Component]:
    return [part for part in components if part.depth == parent.depth + 1 and part.path.startswith(parent.path + "/")]


def _tray(components: Sequence[Component], bom: Bom) -> Component | None:
    """The L10 assembly that holds the accelerators; of several, the one that holds most of them, then the first."""
    held: dict[str, int] = {}
    above: list[tuple[int, str]] = []  # open L10 assemblies over the line at hand
    for line in bom.lines:
        above = [(depth, item) for depth, item in above if depth < line.depth]
        if line.kind == ACCELERATOR:
            for _, item in above:
                held[item] = held.get(item, 0) + line.total
        if line.level == "L10":
            above.append((line.depth, line.item))
    if not held:
        return None
    tray = max(held, key=lambda item: held[item])
    return next((part for part in components if part.item == tray), None)


def _line(part: Component, end: Component) -> ContentLine:
    cost, home = central(part.cost_usd), central(part.domestic_usd)
    if part.how == "no offer":
        counted, why = "not priced", part.why
    elif home <= 0.0:
        counted, why = "foreign", f"made in {part.origin}" if part.origin != "?" else "origin not known: counted as foreign"
    elif home >= cost * (1.0 - 1e-12):
        counted, why = "domestic", "assembled in the United States, whatever its parts" if part.how == "assembled" else "made in the United States"
    else:
        counted, why = "in part domestic", f"made in {part.origin}"
    return ContentLine(part.item, part.title, round(part.total / end.total), part.cost_usd / end.total, part.domestic_usd / end.total, part.origin, counted, why)


def _note(rule: ContentRule, end: Component, missing: tuple[str, ...]) -> str:
    notes = [f"not priced, so left open: {', '.join(missing)}"] if missing else []
    if end.origin != "US":
        notes.append(f"not assembled in the United States ({end.origin}): fails the first part of the test whatever its components")
    if rule.binds:
        notes.append(f"applies to {rule.binds}")
    return "; ".join(notes)


def _unseen(rule: ContentRule, threshold: float, title: str, why: str) -> Content:
    return Content(rule.level, title, None, threshold, False, None, None, (), rule.title, rule.document, why)
