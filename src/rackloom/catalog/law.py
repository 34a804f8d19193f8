"""Law as dated facts: the threshold of the component test on a day, the duties in force on a day, the lines of the tariff schedule.

No law is carried beyond the last date that its source knows: a later date needs a named scenario.
"""

from __future__ import annotations

from datetime import date

from ..errors import BadInput, Fault, OutOfRange, Place, Unknown
from ..figures import Figure
from .store import Catalog, Item

COMPONENT_TEST = "far-component"  # family of the rules whose min_share is the threshold of the component test
HORIZON = "tariff-horizon"


def far_threshold(catalog: Catalog, on: date) -> tuple[Figure, Item]:
    """Least share of domestic components in the Buy American component test, and the rule it stands in.

    Parameters
    ----------
    catalog : Catalog
    on : date
        day of delivery; the test asks for the share of that day, whenever the contract was signed

    Returns
    -------
    (min_share, rule) : (Figure [-], Item)
        the domestic share must exceed it (strictly)

    Raises OutOfRange before the first rule. Source: FAR 25.101 as amended by 87 FR 12780.
    """
    rules = [rule for rule in catalog.of_kind("content_rule") if rule.say("family") == COMPONENT_TEST]
    found = _one_in_force(rules, on)
    if found is None:
        first = min((_day(rule, "applies_from") or date.min for rule in rules), default=date.min)
        raise OutOfRange(f"no threshold of the component test is known for delivery on {on}: the first rule here applies from {first}")
    return found.figure("min_share"), found


def horizon(catalog: Catalog) -> date:
    """The last day for which the tariff measures of the catalogue are known."""
    return _known(catalog)[1]


def duty_measures(catalog: Catalog, on: date) -> tuple[Item, ...]:
    """The tariff measures in force on a day of entry, in file order.

    Parameters
    ----------
    catalog : Catalog
    on : date
        day of entry into the United States

    Raises OutOfRange past `horizon`, and before the first day for which the measures here are whole. A measure that names
    `rate_at` carries its rate with each tariff line; every other one has the figure `rate_share`.
    """
    first, last = _known(catalog)
    if on > last:
        raise OutOfRange(f"no tariff law is carried beyond {last}, the last date that its source knows: {on} needs a named scenario")
    if on < first:
        raise OutOfRange(f"the tariff measures here are whole from {first}, earlier duties (since voided) are not carried: {on} needs a named scenario")
    return tuple(item for item in catalog.of_kind("tariff_measure") if in_force(item, on))


def in_force(item: Item, on: date) -> bool:
    """Whether a dated rule or measure holds on a day; its first and its last day count. Raises BadInput for a date that is none."""
    prefix = "applies_" if item.kind == "content_rule" else ""
    first, last = _day(item, f"{prefix}from"), _day(item, f"{prefix}to")
    return (first is None or first <= on) and (last is None or on <= last)


def hts_line(catalog: Catalog, code: str) -> Item:
    """The tariff line for a code, dots or none: "8471.50.01", "84715001", "8471.50".

    The line of that code; else the most exact line that the code lies under; else the only line under the code. Raises
    BadInput where several lines lie under it, Unknown with the nearest one where none does.
    """
    wanted = _digits(code)
    lines = {_digits(item.say("code")): item for item in catalog.of_kind("hts_line")}
    above = [known for known in lines if wanted.startswith(known)]
    below = [item for known, item in lines.items() if len(wanted) >= 4 and known.startswith(wanted)]
    if above:
        return lines[max(above, key=len)]
    if len(below) == 1:
        return below[0]
    if below:
        raise BadInput(Fault(f"tariff code '{code}' holds several lines", mend="Name one of: " + ", ".join(f"{item.say('code')} ({item.say('what')})" for item in below) + "."))
    raise Unknown("tariff line", code, [item.say("code") for item in lines.values()], mend="Add it with its source to a folder named under 'catalog:'.")


def _known(catalog: Catalog) -> tuple[date, date]:
    """First and last day of the tariff measures; an open end would carry law beyond its source, so both must be given."""
    item = catalog.item(HORIZON, "tariff_horizon")
    first, last = _day(item, "known_from"), _day(item, "known_until")
    if first is None or last is None:
        raise BadInput(Fault(f"{HORIZON}: known_from and known_until are needed", _place(item), mend="Write both as YYYY-MM-DD."))
    return first, last


def _one_in_force(rules: list[Item], on: date) -> Item | None:
    """The one rule that holds on a day; where rules overlap, the one that began last."""
    held = [rule for rule in rules if in_force(rule, on)]
    return max(held, key=lambda rule: _day(rule, "applies_from") or date.min) if held else None


def _day(item: Item, key: str) -> date | None:
    """A date among an item's texts; None where it is open or unknown."""
    text = item.say(key)
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(Fault(f"{item.name}: {key}: '{text}' is not a date", _place(item), mend="Write YYYY-MM-DD.")) from None


def _place(item: Item) -> Place:
    file, _, line = item.place.rpartition(":")
    return Place(file, int(line)) if line.isdigit() else Place(item.place)


def _digits(code: str) -> str:
    return "".join(letter for letter in str(code) if letter.isdigit())
