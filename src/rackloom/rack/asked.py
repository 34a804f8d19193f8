"""A rack with some of its words set anew for one question, and a power trace read from a file."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..catalog import Catalog
from ..errors import BadInput, Fault, Place
from ..reading import parse_yaml
from .design import design_from, load_design
from .nouns import Design, Trace

MOST_ROWS = 1_000_000


def design_with(path_or_name: str, settings: Iterable[str], *, catalog: Catalog | None = None) -> Design:
    """A rack with words set as 'coolant.supply=40 C'; a word that the rack file does not know is refused as in the file.

    Raises BadInput, Unknown.
    """
    words = list(settings)
    if not words:
        return load_design(path_or_name, catalog=catalog)
    top: dict[str, Any] = {"like": path_or_name}
    for word in words:
        key, equals, value = word.partition("=")
        path = [part for part in key.strip().split(".") if part]
        if not equals or not path or not value.strip():
            raise BadInput(Fault(f"--set {word}: no KEY=VALUE", mend="Write --set coolant.supply='40 C'; keys as in a rack file, with dots."))
        if path[0] == "like":
            raise BadInput(Fault(f"--set {word}: the rack is the one that is named", mend="Name that rack in its place."))
        spot = top
        for part in path[:-1]:
            spot = spot.setdefault(part, {})
            if not isinstance(spot, dict):
                raise BadInput(Fault(f"--set {word}: '{part}' is set already, to '{spot}'", mend="Set each word once."))
        spot[path[-1]] = _value(value.strip())
    text = json.dumps(top, ensure_ascii=False, indent=1)  # JSON is YAML
    return design_from(parse_yaml(text, "--set"), Path(path_or_name).stem, Path(), catalog=catalog)


def _value(text: str) -> Any:
    """A whole number, a truth value or a list as such; anything else is text, as quantities are."""
    if text in ("true", "false"):
        return text == "true"
    if text.isdigit():
        return int(text)
    if text.startswith("[") and text.endswith("]"):
        return [word.strip() for word in text[1:-1].split(",") if word.strip()]
    return text


def read_trace(path: str | Path) -> Trace:
    """A load over time from a CSV file with the columns time_s and power_w; the last row closes the period. Raises BadInput with line and value."""
    file = Path(path)
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            rows = list(csv.DictReader(stream))
    except OSError as error:
        raise BadInput(Fault(f"{path}: {error.strerror or error}", mend="Name a CSV file with the columns time_s and power_w.")) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput(Fault(f"{path} is no CSV text: {error}", mend="Name a CSV file with the columns time_s and power_w.")) from None
    if len(rows) > MOST_ROWS:
        raise BadInput(Fault(f"{path} has {len(rows):,} rows, more than {MOST_ROWS:,}", mend="Give one period, or fewer points."))
    faults: list[Fault] = []
    times, powers = ([_number(row, column, str(path), line, faults) for line, row in enumerate(rows, 2)] for column in ("time_s", "power_w"))
    if len(rows) < 2 and not faults:
        faults.append(Fault(f"{path} has {len(rows)} rows", mend="A trace has two or more: time_s, power_w; the last row closes the period."))
    for index in range(1, len(times)):
        if times[index] <= times[index - 1]:
            faults.append(Fault(f"time_s {times[index]:g} does not come after {times[index - 1]:g}", Place(str(path), index + 2), mend="Sort the rows by time."))
            break
    if faults:
        raise BadInput(faults[:20])
    return Trace(tuple(time - times[0] for time in times), tuple(powers))


def _number(row: dict[str, Any], column: str, name: str, line: int, faults: list[Fault]) -> float:
    try:
        value = float(row[column])
        if 0.0 <= value < math.inf:
            return value
    except (KeyError, TypeError, ValueError):
        pass
    faults.append(Fault(f"{column}: '{row.get(column)}' is no number of 0 or more", Place(name, line), mend="Columns are time_s and power_w, in seconds and watts."))
    return 0.0
