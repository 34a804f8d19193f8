"""Files of published measurements: rows of what ran where, how, and how fast, each with its source.

Two forms hold the same rows. The collectors' form has at its top `schema: 1`, `sources` (by key), `models` (anchors that
rows merge in) and `rows`. Our own form (`own_form`) says what rows have in common once. What makes a row a row (id,
source, what was measured) must be there, or the file is refused with every fault at its line. What a row says beyond that
is its own affair: a row whose settings cannot be read is kept, with its fault, and others are not held up by it. Measured
figures that a row lists under `recalled` (from memory, not from a text that was read) are left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import BadInput, Fault, nearest
from ..reading import Document, read_yaml
from .own_form import FORM, is_own_form, rows_of_own_form

SCHEMA = 1
RECALLED = "every measured figure is recalled, none was read at its source"
# What a row may say in whole numbers of 1 and more, by its part. Settings of the strategy may also be words ("yes").
WHOLE: Mapping[str, tuple[str, ...]] = {
    "hardware": ("count", "scale_up_domain"),
    "model": ("layers", "hidden", "heads", "kv_heads", "head_dim", "ffn", "vocab", "seq", "experts", "experts_per_token", "moe_ffn"),
    "parallelism": ("global_batch", "micro_batch", "grad_accum", "model_parallel"),
}
POSITIVE: Mapping[str, tuple[str, ...]] = {
    "hardware": ("scale_out_gbps_per_gpu",), "model": ("params_b",),
    "measured": ("seconds_per_iteration", "tokens_per_s_per_gpu", "tflops_per_gpu", "mfu", "hfu", "tokens_per_s_per_user", "tokens_per_s_total", "ttft_ms", "tpot_ms"),
}  # fmt: skip


@dataclass(frozen=True)
class PublishedRow:
    """One row as its file gives it; `fault` says why it cannot be predicted, "" where nothing is wrong with it."""

    id: str
    source: str  # key of the file's `sources`
    row: Mapping[str, Any] = field(repr=False)
    told: Mapping[str, Any] = field(default_factory=dict, repr=False)  # what the file tells of its source
    place: str = ""  # "cases.yaml:14"
    fault: str = ""


@dataclass(frozen=True)
class Published:
    """What one or several files hold: sources by key (as the first file that has it tells of it), and rows."""

    sources: Mapping[str, Mapping[str, Any]]
    rows: tuple[PublishedRow, ...]


def read_published(paths: str | Path | Iterable[str | Path]) -> Published:
    """The rows of one or several files, in either form; '-' is standard input.

    Raises BadInput with all faults of all files, each at its line.
    """
    faults: list[Fault] = []
    sources: dict[str, Mapping[str, Any]] = {}
    rows: list[PublishedRow] = []
    seen: dict[tuple[str, str], str] = {}
    for path in [paths] if isinstance(paths, (str, Path)) else paths:
        try:
            document = read_yaml(path)
        except BadInput as error:
            faults += error.faults
            continue
        given = rows_of_own_form(document, faults) if is_own_form(document) else _rows_of_schema(document, faults)
        sources |= {key: source for key, source in given[0].items() if key not in sources}
        for at, row in given[1]:
            found = _row(document, at, row, given[0], seen, faults)
            rows += [found] if found else []
    if faults:
        raise BadInput(dict.fromkeys(faults))
    return Published(sources, tuple(rows))


Given = tuple[dict[str, Mapping[str, Any]], list[tuple[tuple[str | int, ...], Any]]]  # sources, and rows with their paths


def _rows_of_schema(document: Document, faults: list[Fault]) -> Given:
    top = document.value
    if top.get("schema") != SCHEMA:
        mend = f"Write 'schema: {SCHEMA}' with 'sources' and 'rows', or '{FORM}: 1' with 'sources' that hold 'cases'."
        said = f"schema {top['schema']} is not known" if "schema" in top else "the file does not say its form"
        faults.append(Fault(f"{said}: a file of published measurements", document.place(("schema",)), mend=mend))
        return {}, []
    sources, rows = top.get("sources"), top.get("rows")
    if not isinstance(sources, dict) or not all(isinstance(source, dict) for source in sources.values()):
        faults.append(
            Fault(
                "'sources' is a mapping of keys to what each source is",
                document.place(("sources",), key=True),
                mend="Write 'sources:' and under it 'KEY: {title: ..., publisher: ...}'.",
            )
        )
        sources = {}
    if not isinstance(rows, list) or not rows:
        near = "" if "rows" in top else nearest("rows", top)
        faults.append(Fault("the file has no list of 'rows'", document.place(("rows",), key=True), nearest=near, mend="Write 'rows:' and under it a list of mappings."))
        rows = []
    return {str(key): source for key, source in sources.items() if isinstance(source, dict)}, [(("rows", index), row) for index, row in enumerate(rows)]


def _row(document: Document, at: tuple[str | int, ...], row: Any, sources: Mapping[str, Any], seen: dict[tuple[str, str], str], faults: list[Fault]) -> PublishedRow | None:
    """One row, or None with faults noted."""
    before = len(faults)
    if not isinstance(row, dict):
        faults.append(Fault("a row that is not a mapping", document.place(at), mend="Write '- {id: ..., source: ..., measured: {...}}'."))
        return None
    for key in ("id", "source"):
        if not isinstance(row.get(key), (str, int)) or isinstance(row.get(key), bool) or row[key] == "":
            faults.append(Fault(f"a row without {key}", document.place((*at, key)), mend="Every measurement has an id and a source."))
    name, source = str(row.get("id")), str(row.get("source"))
    if row.get("source") is not None and source not in sources:
        faults.append(Fault(f"row '{name}': no source '{source}'", document.place((*at, "source")), nearest=nearest(source, sources), mend="Name it under 'sources'."))
    if not isinstance(row.get("measured"), dict) or not row["measured"]:
        faults.append(Fault(f"row '{name}' does not say what was measured", document.place((*at, "measured")), mend="Such as measured: {seconds_per_iteration: 1.42}."))
    for part in ("model", "hardware", "parallelism"):
        if part in row and not isinstance(row[part], dict):
            faults.append(Fault(f"row '{name}': '{part}' is not a mapping", document.place((*at, part)), mend=f"Write {part}: {{...}}."))
    if not isinstance(row.get("verified", True), bool):  # YAML 1.2 reads 'no' as a word
        faults.append(Fault(f"row '{name}': verified is '{row['verified']}'", document.place((*at, "verified")), mend="Write true or false."))
    if not isinstance(row.get("recalled") or [], list):
        faults.append(Fault(f"row '{name}': 'recalled' is not a list", document.place((*at, "recalled")), mend="Such as recalled: [mfu, scale_out_gbps_per_gpu]."))
    for path in _not_finite(row):
        faults.append(Fault(f"row '{name}': '{path[-1]}' is not a finite number", document.place((*at, *path)), mend="Leave it out where the source does not say."))
    if (source, name) in seen:
        faults.append(
            Fault(f"row '{name}' of source '{source}' is given twice", document.place((*at, "id")), mend=f"The other one: {seen[source, name]}. Remove one, or name it anew.")
        )
    if len(faults) > before:
        return None
    seen[source, name] = document.where(at)
    read = {key: value for key, value in row["measured"].items() if key not in (row.get("recalled") or ())}
    fault = _settings_fault(document, at, row) if read else RECALLED
    return PublishedRow(name, source, {**row, "measured": read}, sources[source], document.where(at), fault)


def _not_finite(value: Any, path: tuple[str | int, ...] = ()) -> Iterable[tuple[str | int, ...]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _not_finite(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _not_finite(inner, (*path, index))
    elif isinstance(value, float) and not math.isfinite(value):
        yield path


def _settings_fault(document: Document, at: tuple[str | int, ...], row: Mapping[str, Any]) -> str:
    """What is wrong with a row's settings, each with its line; "" where nothing is."""
    out = []
    for part, names in WHOLE.items():
        for name in names:
            value = (row.get(part) or {}).get(name)
            if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
                out.append(f"{document.where((*at, part, name))}: {part}.{name} is '{value}', not a whole number of 1 or more")
    for part, names in POSITIVE.items():
        for name in names:
            value = (row.get(part) or {}).get(name)
            if value is not None and (not isinstance(value, (int, float)) or isinstance(value, bool) or value <= 0):
                out.append(f"{document.where((*at, part, name))}: {part}.{name} is '{value}', not a number above 0")
    return "; ".join(out)
