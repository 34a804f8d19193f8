"""Field types of files that people write: quantities, spans and dates as text, read strictly, known to JSON Schema."""

from __future__ import annotations

import math
import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from ..figures import Range, read_range

_DAY = re.compile(r"^(\d{4})-(\d{2})-(\d{2})$")
_MONTH = re.compile(r"^(\d{4})-(\d{2})$")
_QUARTER = re.compile(r"^(\d{4})-Q([1-4])$")


def read_date(text: object, *, end: bool = False) -> date:
    """ "2027-06-01", "2027-06" or "2027-Q2" as its first day, or its last with `end`. Raises ValueError."""
    shown = str(text)
    try:
        if match := _DAY.match(shown):
            return date(int(match[1]), int(match[2]), int(match[3]))
        if match := _MONTH.match(shown):
            year, month = int(match[1]), int(match[2])
            return date(year, month, monthrange(year, month)[1] if end else 1)
        if match := _QUARTER.match(shown):
            year, month = int(match[1]), 3 * int(match[2]) - 2
            return date(year, month + 2, monthrange(year, month + 2)[1]) if end else date(year, month, 1)
    except ValueError as error:
        raise ValueError(f"'{shown}' is not a date: {error}") from None
    raise ValueError(f"'{shown}' is not a date: expected 2027-06-01, 2027-06 or 2027-Q2")


@dataclass(frozen=True)
class Window:
    """From a first to a last day, both included."""

    first: date
    last: date


def read_window(text: object) -> Window:
    """ "2027-03 to 2028-03", from the first day of the one to the last of the other. Raises ValueError."""
    parts = str(text).split(" to ")
    if len(parts) != 2:
        raise ValueError(f"'{text}' is not a window: expected '2027-03 to 2028-03'")
    window = Window(read_date(parts[0].strip()), read_date(parts[1].strip(), end=True))
    if window.last < window.first:
        raise ValueError(f"'{text}' ends before it begins")
    return window


def quantity(unit: str, example: str, what: str, *, minimum: float = 0.0, above: bool = True, span: bool = True, most: float = math.inf) -> Any:
    """An annotated Range in `unit`; `minimum` is a bound that `above` excludes, `most` one that is allowed; `span` allows "2 to 3 kW"."""

    def read(value: object) -> Range:
        found = value if isinstance(value, Range) else read_range(value, unit)
        if not (math.isfinite(found.low) and math.isfinite(found.high)):
            raise ValueError(f"'{value}' is not finite: expected {what}, such as '{example}'")
        if found.low < minimum or (above and found.low == minimum):
            raise ValueError(f"'{value}': {what} is {'more than' if above else 'at least'} {minimum:g}, such as '{example}'")
        if found.high > most:
            raise ValueError(f"'{value}': {what} is at most {most:g}, such as '{example}'")
        if not span and found.low != found.high:
            raise ValueError(f"'{value}' is a range: {what} is one value, such as '{example}'")
        return found

    return Annotated[Range, BeforeValidator(read), WithJsonSchema({"type": ["string", "number"], "description": f"{what}, such as '{example}'", "examples": [example]})]


def _reader(read: Callable[[object], Any], done: type, what: str, example: str) -> Any:
    return Annotated[
        done, BeforeValidator(lambda value: value if isinstance(value, done) else read(value)), WithJsonSchema({"type": "string", "description": what, "examples": [example]})
    ]


if TYPE_CHECKING:  # a checker sees what the fields hold
    Day = date
    Span = Window
else:
    Day = _reader(read_date, date, "a day, a month or a quarter", "2027-Q2")
    Span = _reader(read_window, Window, "a first and a last date", "2027-03 to 2028-03")
