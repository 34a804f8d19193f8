"""Small bills and offers for tests, written as nested lists."""

from __future__ import annotations

from rackloom.figures import Figure
from rackloom.rack import Bom, BomLine
from rackloom.supply import read_offers

DAY = "2026-03-02"


def bill(design, parts, kinds=None):
    """A bill from (count, item, level, [children]) tuples under a rack."""
    lines = [BomLine(0, "L11", design, design, "rack", 1, 1, "", "catalogue")]

    def add(entries, depth, parent, times):
        for count, item, level, children in entries:
            kind = (kinds or {}).get(item, "assembly" if children else "thing")
            lines.append(BomLine(depth, level, item, item, kind, count, count * times, parent, "catalogue"))
            add(children, depth + 1, item, count * times)

    add(parts, 1, design, 1)
    return Bom(design, tuple(lines))


def offer(part, supplier, country, price, **more):
    return {"part": part, "supplier": supplier, "country": country, "price": f"{price} USD", "price_date": DAY, **more}


def offers(*rows):
    return read_offers(rows)


def rate(value, name="now"):
    return Figure(f"program.demand.{name}", value, "rack/wk", "program.yaml:9", "A")
