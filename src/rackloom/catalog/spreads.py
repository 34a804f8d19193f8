"""Joint seeded draws with the widths by grade that the catalogue states."""

from __future__ import annotations

from ..draws import Draws
from .store import Catalog


def draws_from(catalog: Catalog, *, seed: int = 1, count: int = 256) -> Draws:
    """Draws whose widths by grade, and for announced hardware, are the catalogue's (item `uncertainty`)."""
    item = catalog.item("uncertainty")
    widths = {grade: item.figure(f"grade_{grade.lower()}_share").value for grade in "ABCDE"}
    return Draws(seed, count, widths, item.figure("announced_ratio").value)
