"""Offers: a supplier's terms for a part from a site, read from plain rows of a table or of a preset."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from ..catalog import Catalog, hts_line
from ..errors import BadInput, Fault, Place, RackloomError, nearest
from ..figures import GRADES, Figure, from_range, read_range
from .countries import CODES, nearest_country

KIND = "kind:"  # 'kind:power_shelf' offers any part of that kind that has no offer of its own
LABOUR = "labour:"  # 'labour:L10' offers the assembly and test of anything of that level
LEVELS = ("L6", "L7", "L8", "L9", "L10", "L11", "part")
QUALIFICATIONS = ("qualified", "in progress", "candidate")
CONTROLS = ("maker", "buyer-directed", "consigned")
OPEN_GRADE = "B"  # a row of the user's own table that states no grade: a named supplier's price with its date, typed in
MAX_FAULTS = 200

_SAYS_YES = {"yes": "qualified", "true": "qualified", "approved": "qualified", "preferred": "qualified", "active": "qualified"}
_QUANTITIES: Mapping[str, tuple[str, str]] = {  # column -> name of the field, unit
    "price": ("price_usd", "USD"),
    "capacity": ("capacity_per_week", "1/wk"),
    "lead_time": ("lead_time_days", "d"),
    "minimum_order": ("minimum_order", "1"),
    "multiple": ("multiple", "1"),
}  # fmt: skip


@dataclass(frozen=True)
class Offer:
    """A supplier's terms for one part from one site. A part may be 'kind:KIND' or 'labour:LEVEL'."""

    id: str
    part: str
    supplier: str
    site: str
    country: str  # ISO 3166-1 alpha-2, where the part is made
    price_usd: Figure  # each, as delivered, before duty
    price_date: date
    minimum_order: float = 0.0  # pieces an order; 0 for none
    multiple: float = 1.0  # pieces; orders are whole multiples of it
    capacity_per_week: Figure | None = None  # None where nobody says: taken as no limit, and said so
    lead_time_days: Figure | None = None
    qualification: str = "qualified"
    level: str = "part"
    hts: str = ""  # line of the US tariff schedule under which it enters; for labour, under which the assembly enters
    controlled_by: str = "maker"
    note: str = ""
    place: str = ""

    @property
    def grade(self) -> str:
        """Grade of the price."""
        return self.price_usd.grade

    @property
    def source(self) -> str:
        """Source of the price."""
        return self.price_usd.source

    def figures(self) -> tuple[Figure, ...]:
        """Its uncertain terms."""
        return tuple(figure for figure in (self.price_usd, self.capacity_per_week, self.lead_time_days) if figure is not None)


def read_offers(rows: Iterable[Mapping[str, Any]], *, catalog: Catalog | None = None, parts: Iterable[str] = (), assumed: bool = False) -> tuple[Offer, ...]:
    """Offers from plain rows.

    Parameters
    ----------
    rows : iterable of mappings
        keys part, supplier, country, price ("120 USD"), price_date (YYYY-MM-DD) are needed; id, site, minimum_order, multiple, capacity
        ("400 /wk"), lead_time ("12 wk"), qualification, level, hts, controlled_by, grade, source, currency, note are optional. A row
        that has a method `place(key)` tells where it stands.
    catalog : Catalog, optional
        when given, parts must be in it or among `parts`, and tariff lines must be known
    parts : iterable of str
        further names of parts and kinds, such as those of the bills that are bought
    assumed : bool
        rows of a preset: source 'assumption', grade E, parts not checked

    Raises BadInput with every fault of every row.
    """
    reader = _Reader(catalog, tuple(parts), assumed)
    offers = [reader.read(index, row) for index, row in enumerate(rows, start=1)]
    if reader.faults:
        raise BadInput(reader.faults[:MAX_FAULTS])
    return tuple(offer for offer in offers if offer is not None)


class _Reader:
    """Reads rows; a fault in one does not hide those of another."""

    def __init__(self, catalog: Catalog | None, parts: tuple[str, ...], assumed: bool):
        self.catalog = catalog
        self.assumed = assumed
        self.names = [*catalog.items, *parts] if catalog and not assumed else []
        self.kinds = list(dict.fromkeys([*(item.kind for item in catalog.items.values()), *parts])) if catalog and not assumed else []
        self.faults: list[Fault] = []
        self.ids: set[str] = set()

    def read(self, index: int, row: Mapping[str, Any]) -> Offer | None:
        found = len(self.faults)
        place = _places(row, index)

        def text(key: str, default: str = "") -> str:
            value = row.get(key)
            return default if value is None else str(value).strip()

        missing = [key for key in ("part", "supplier", "country", "price") if not text(key)]
        if missing:
            self.fault(f"an offer without {', '.join(missing)}", place(missing[0]), mend="Each offer states part, supplier, country, price and price_date.")
        priced = self.price_day(text("price_date"), bool(text("price")), place)
        country = self.country(text("country"), place)
        part = self.part(text("part"), place)
        name = self.id(text("id") or _slug(f"{text('part')} {text('supplier')} {text('site')}"), bool(text("id")), place)
        grade = self.one_of("grade", text("grade") or ("E" if self.assumed else OPEN_GRADE), tuple(GRADES), place)
        source = text("source") or ("assumption" if self.assumed else str(place("price")) or "own offer")
        figures = {field: self.quantity(column, row, field, unit, f"offers.{name}.{field}", source, grade, place) for column, (field, unit) in _QUANTITIES.items()}
        says = text("qualification", "qualified").lower()
        qualification = self.one_of("qualification", _SAYS_YES.get(says, says), QUALIFICATIONS, place)
        level = self.one_of("level", text("level", "part"), LEVELS, place)
        control = self.one_of("controlled_by", text("controlled_by", "maker").lower(), CONTROLS, place)
        self.tariff_line(text("hts"), place)
        price, smallest, step = figures["price_usd"], figures["minimum_order"], figures["multiple"]
        if len(self.faults) > found or priced is None or price is None:
            return None
        return Offer(
            name, part, text("supplier"), text("site"), country, price, priced, smallest.value if smallest else 0.0, step.value if step else 1.0, figures["capacity_per_week"],
            figures["lead_time_days"], qualification, level, text("hts"), control, text("note"), str(place("part")),
        )  # fmt: skip

    def fault(self, what: str, place: Place, near: str = "", mend: str = "") -> None:
        self.faults.append(Fault(what, place if place.file else None, near, mend))

    def one_of(self, what: str, value: str, choices: tuple[str, ...], place: Callable[[str], Place]) -> str:
        if value not in choices:
            self.fault(f"{what} '{value}' is not known", place(what), nearest(value, choices), f"One of: {', '.join(choices)}.")
            return choices[0]
        return value

    def price_day(self, written: str, has_price: bool, place: Callable[[str], Place]) -> date | None:
        if not written:
            if has_price:
                self.fault("a price without date", place("price_date"), mend="Add price_date as YYYY-MM-DD: prices move, and the plan reads them at a date.")
            return None
        try:
            return date.fromisoformat(written)
        except ValueError:
            self.fault(f"price_date '{written}' is not a date", place("price_date"), mend="Write YYYY-MM-DD.")
            return None

    def country(self, written: str, place: Callable[[str], Place]) -> str:
        if written and written not in CODES:
            self.fault(f"unknown country code '{written}'", place("country"), nearest_country(written), "Write the two letters of ISO 3166-1, such as US or TW.")
        return written

    def part(self, written: str, place: Callable[[str], Place]) -> str:
        if not written:
            return written
        if written.startswith(LABOUR):
            self.one_of("part", written, tuple(LABOUR + level for level in LEVELS[:-1]), place)
        elif self.names:
            is_kind = written.startswith(KIND)
            known = self.kinds if is_kind else self.names
            wanted = written.removeprefix(KIND)
            if wanted not in known:
                what = "kind of part" if is_kind else "part"
                self.fault(f"no {what} '{wanted}'", place("part"), nearest(wanted, known), "Correct the name, or add the part to a folder named under 'catalog:'.")
        return written

    def id(self, name: str, is_given: bool, place: Callable[[str], Place]) -> str:
        if is_given and name in self.ids:
            self.fault(f"two offers are called '{name}'", place("id"), mend="Give each its own id, or leave the column out.")
        unique, count = name, 1
        while unique in self.ids:
            count += 1
            unique = f"{name}-{count}"
        self.ids.add(unique)
        return unique

    def quantity(self, column: str, row: Mapping[str, Any], field: str, unit: str, key: str, source: str, grade: str, place: Callable[[str], Place]) -> Figure | None:
        written = row.get(column)
        if written is None or written == "":
            return None
        if column == "price":
            written = self.money(written, str(row.get("currency") or ""), place)
            if written is None:
                return None
        try:
            span = read_range(written, unit)
        except ValueError as error:
            self.fault(f"{column}: {error}", place(column))
            return None
        if span.low < 0.0 or (span.high == 0.0 and column in ("price", "multiple")) or not span.high < float("inf"):
            self.fault(
                f"{column} '{written}' is {'negative' if span.low < 0.0 else 'zero' if span.high == 0.0 else 'without end'}",
                place(column),
                mend="Give what the supplier states; leave it out where nobody does.",
            )
            return None
        return from_range(key, span, unit, source=source, grade=grade, note=str(row.get("note") or "") if field == "price_usd" else "")

    def money(self, written: Any, currency: str, place: Callable[[str], Place]) -> Any:
        """A price as text with its currency; only US dollars are read, as no rate of exchange is assumed."""
        text = str(written).strip().replace("US$", "$")
        if text.startswith("$"):
            text = text[1:] + " USD"
        bare = not re.search(r"[A-Za-z$€£¥]", text.replace(" to ", " ").replace("e", ""))
        if currency and currency.upper() != "USD":
            self.fault(f"a price in '{currency}'", place("currency"), mend="Give prices in USD: no rate of exchange is assumed.")
            return None
        return f"{text} USD" if bare and currency else text

    def tariff_line(self, code: str, place: Callable[[str], Place]) -> None:
        if not code or self.catalog is None:
            return
        try:
            hts_line(self.catalog, code)
        except RackloomError as error:
            fault = getattr(error, "fault", None) or error.faults[0]  # type: ignore[attr-defined]
            self.fault(fault.what, place("hts"), fault.nearest, fault.mend)


def _places(row: Mapping[str, Any], index: int) -> Callable[[str], Place]:
    """Where a row's values stand; 'offer 3' for rows that come from no file."""
    known = getattr(row, "place", None)
    if callable(known):
        return known

    def nowhere(key: str) -> Place:
        return Place(f"offer {index} ({key})")

    return nowhere


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "offer"
