"""Published values: tests/published/NAME.yaml holds a list of rows, each with the source of its expected value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rackloom.errors import BadInput, Fault
from rackloom.reading import read_yaml

FOLDER = Path(__file__).parent


def published(name: str) -> list[dict[str, Any]]:
    """The rows of tests/published/NAME.yaml.

    Each row is a mapping with at least `id` (unique in the file; it names the test) and `source` (where the value was
    read). Rows stand in a list under the key `rows:`.
    Raises BadInput when the file is not of this form.
    """
    document = read_yaml(FOLDER / f"{name}.yaml")
    rows = document.value.get("rows")
    if not isinstance(rows, list):
        raise BadInput(Fault("'rows' is not a list", document.place(()), mend="Write 'rows:' and under it a list of mappings."))
    faults = []
    seen: set[str] = set()
    for index, row in enumerate(rows):
        place = document.place(("rows", index))
        if not isinstance(row, dict):
            faults.append(Fault("a row that is not a mapping", place, mend="Write '- {id: ..., source: ...}'."))
            continue
        for key in ("id", "source"):
            if not isinstance(row.get(key), str):
                faults.append(Fault(f"a row without '{key}'", place, mend=f"Add '{key}:' as text."))
        if row.get("id") in seen:
            faults.append(Fault(f"id '{row['id']}' is given twice", place, mend="Ids name tests: give each its own."))
        seen.add(str(row.get("id")))
    if faults:
        raise BadInput(faults)
    return rows
