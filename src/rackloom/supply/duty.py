"""Duty on an entry: the general rate of its tariff line and, while the law is known, the extra rate for China."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from ..catalog import Catalog, duty_measures, horizon, hts_line, in_force
from ..errors import OutOfRange
from ..figures import Figure
from .offers import Offer
from .tree import US

CHINA_LISTS = "s301-lists-1-4a"


def law_is_known(catalog: Catalog, on: date) -> bool:
    """Whether the tariff measures of the catalogue are whole on a day."""
    try:
        duty_measures(catalog, on)
    except OutOfRange:
        return False
    return True


def duty_rates(offer: Offer, catalog: Catalog, on: date) -> tuple[Figure, ...]:
    """Rates [-] that add up to the duty on what an offer delivers into the United States, each with its source.

    The column 1 general rate; for goods of China also the Section 301 rate of the line, on days for which the law is
    known. None for goods made in the United States, and none where the offer names no tariff line.
    """
    if offer.country == US or not offer.hts:
        return ()
    line = hts_line(catalog, offer.hts)
    rates = [line.figure("general_share")]
    extra = line.get("china_301_share")
    if extra is not None and offer.country == "CN" and law_is_known(catalog, on) and in_force(catalog.item(CHINA_LISTS), on):
        rates.append(extra)
    return tuple(rates)


def exact(figure: Figure) -> Figure:
    """A number of the law without spread: its grade tells how well it was read, not that it varies."""
    return replace(figure, low=figure.value, high=figure.value)


def law_notes(catalog: Catalog, on: date) -> tuple[str, ...]:
    """What the duties of this stage leave out on a day."""
    last = horizon(catalog)
    if on > last:
        return (f"tariff law after {last} is not known: duties on {on} are general rates only; a named scenario can add measures",)
    if not law_is_known(catalog, on):
        return (f"the tariff measures in force on {on} are not held whole: duties are general rates only; a named scenario can add measures",)
    others = [item.title for item in duty_measures(catalog, on) if item.name != CHINA_LISTS and item.say("act") != "Section 301"]
    return (f"duties are general rates and Section 301; measures in force on {on} that are not applied: {'; '.join(others)}",) if others else ()
