"""A plan as plain data: what `plan.json` holds, written beside and moved into place, and read back."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import math
import os
import tempfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from ..draws import interval, shown
from ..errors import BadInput, Fault
from ..exchange.tables import neutral_cell
from ..figures import Figure, Range
from ..ledger import Ledger, Row


def as_plain(value: Any) -> Any:
    """Any answer of a stage as JSON values: an uncertain number becomes {"value", "low", "high"}; ledgers stay out."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, np.ndarray):
        return _uncertain(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Range):
        return {"low": value.low, "high": value.high}
    if isinstance(value, Figure):
        return {"value": value.value, "unit": value.unit, "low": value.low, "high": value.high, "source": value.source, "grade": value.grade, "key": value.key}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: as_plain(getattr(value, field.name))
            for field in dataclasses.fields(value)
            if field.name != "ledger" and field.metadata.get("told", True) and not isinstance(getattr(value, field.name), Ledger)
        }
    if isinstance(value, Mapping):
        return {" / ".join(map(str, key)) if isinstance(key, tuple) else str(key): as_plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_plain(entry) for entry in value]
    raise TypeError(f"a plan holds no {type(value).__name__}")


def _uncertain(array: np.ndarray) -> Any:
    if array.ndim == 0 or array.size == 1:
        return as_plain(float(array.reshape(-1)[0]))
    low, high = interval(array) or (math.nan, math.nan)
    return {"value": as_plain(shown(array)), "low": as_plain(low), "high": as_plain(high)}


def ledger_rows(ledger: Ledger) -> list[dict[str, Any]]:
    """The ledger as JSON rows; empty fields are left out."""
    rows = []
    for row in ledger:
        plain = as_plain(row)
        rows.append({key: entry for key, entry in plain.items() if entry not in (None, "", [], False) or key in ("key", "value", "unit")})
    return rows


def ledger_from(rows: list[dict[str, Any]]) -> Ledger:
    """The ledger of a saved plan."""
    return Ledger.from_rows(
        Row(
            row["key"], math.nan if row["value"] is None else row["value"], row["unit"], row.get("low"), row.get("high"), row.get("formula", ""), tuple(row.get("inputs", ())),
            tuple(row.get("sources", ())), row.get("grade", ""), row.get("basis", ""), row.get("note", ""), row.get("announced", False), tuple(row.get("passed_over", ())),
        )
        for row in rows
    )  # fmt: skip


def to_json(data: Mapping[str, Any]) -> str:
    """One JSON document, the same bytes for the same plan."""
    return json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False)


def write_text(path: Path, text: str) -> None:
    """Write beside and move into place, so that a stopped run never leaves half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as out:
            out.write(text)
        os.chmod(beside, 0o644)
        os.replace(beside, path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def read_plan(path: Path) -> dict[str, Any]:
    """The data of a saved plan, from its folder or its plan.json. Raises BadInput."""
    target = path / "plan.json" if path.is_dir() else path
    try:
        data = json.loads(target.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInput(Fault(f"no plan at '{path}'", mend="Give the folder that `rackloom plan --out` wrote.")) from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise BadInput(Fault(f"'{target}' is not a plan: {error}", mend="Give the folder that `rackloom plan --out` wrote.")) from None
    if not isinstance(data, dict) or "ledger" not in data or "answer" not in data:
        raise BadInput(Fault(f"'{target}' is not a plan of Rackloom", mend="Give the folder that `rackloom plan --out` wrote."))
    return data


def csv_text(columns: list[str], rows: list[list[Any]]) -> str:
    """A table as CSV; cells that a spreadsheet would run as a formula are neutralised."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_one_line(neutral_cell(cell)) for cell in row])
    return out.getvalue()


def _one_line(cell: Any) -> Any:
    """A carriage return would begin a new row for some readers, and csv does not quote a lone one."""
    return cell.replace("\r", " ") if isinstance(cell, str) else cell
