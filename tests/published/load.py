"""Published values: tests/published/NAME.yaml holds a list of rows, each with the source of its expected value."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from rackloom.errors import BadInput, Fault
from rackloom.reading import parse_yaml

FOLDER = Path(__file__).parent


def published(name: str) -> list[dict[str, Any]]:
    """The rows of tests/published/NAME.yaml: a list of mappings, at the top of the file or under the key `rows:`.

    Each row has at least `id` (unique in the file; it names the test) and `source` (where the value was read).
    Raises BadInput when the file is not of this form.
    """
    path = FOLDER / f"{name}.yaml"
    text = path.read_text(encoding="utf-8")
    if not re.search(r"^rows:", text, re.MULTILINE):
        text = f"rows:\n{text}"  # the reader wants a mapping; lines in faults are then one too high
    document = parse_yaml(text, path.name)
    rows = document.value["rows"]
    if not isinstance(rows, list):
        raise BadInput(Fault("not a list of rows", document.place(("rows",)), mend="Write '- {id: ..., source: ...}'."))
    faults = []
    seen: set[str] = set()
    for index, row in enumerate(rows):
        place = document.place(("rows", index))
        if not isinstance(row, dict):
            faults.append(Fault("a row that is not a mapping", place, mend="Write '- {id: ..., source: ...}'."))
            continue
        faults += [Fault(f"a row without '{key}'", place, mend=f"Add '{key}:' as text.") for key in ("id", "source") if not isinstance(row.get(key), str)]
        if row.get("id") in seen:
            faults.append(Fault(f"id '{row['id']}' is given twice", place, mend="Ids name tests: give each its own."))
        seen.add(str(row.get("id")))
    if faults:
        raise BadInput(faults)
    return rows
