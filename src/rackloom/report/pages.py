"""The report: one self-contained page that works offline."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Any

from ..figures import GRADES, unit_of
from .numbers import number_text
from .tables import MARKED, Table, all_sections
from .texts import source_text


@lru_cache(maxsize=1)
def _environment() -> Any:
    import jinja2

    return jinja2.Environment(loader=jinja2.PackageLoader("rackloom.report", "."), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)


def _file(name: str) -> str:
    return (resources.files("rackloom.report") / name).read_text(encoding="utf-8")


def page(data: Mapping[str, Any]) -> str:
    """The page of a plan as HTML text."""
    answer = data["answer"]
    grades = {row["key"]: row.get("grade", "") for row in data["ledger"]}
    return str(
        _environment()
        .get_template("page.html.j2")
        .render(
            data=data, title=data["program"]["name"], css=_file("page.css"), script=_file("page.js"), sections=all_sections(data), tiles=[_tile(tile) for tile in answer["tiles"]],
            flips=[_flip(flip, grades) for flip in answer["flips"]], answer_rest=answer["line"].partition(": ")[2], grades=GRADES, ledger_json=_ledger(data), sources=_sources(data),
            source_lead=_source_lead(data), shapes=_shapes, turned=_turned, tall=TALL, tight=_tight,
        )
    )  # fmt: skip


def _tight(text: str) -> str:
    """A text whose numbers stay whole at the end of a line: no break inside thousands or before a unit."""
    return re.sub(r"(?<=\d) (?=\d{3}(?!\d)|[%°µA-Za-z]{1,8}(?![A-Za-z]))", "\u00a0", text)


def _tile(tile: Mapping[str, Any]) -> dict[str, Any]:
    text = tile["text"] or number_text(tile["value"], tile["unit"], tile["low"], tile["high"], name=tile["key"].rpartition(".")[2])
    text, _, span = text.partition(" (")
    return {**tile, "text": text, "span": span.rstrip(")"), **_mark(tile["grade"])}


def _mark(grade: str) -> dict[str, str]:
    mark = grade if grade in MARKED else ""
    return {"mark": mark, "mark_title": f"rests on grade {mark}: {GRADES[mark]}" if mark else ""}


def _flip(flip: Mapping[str, Any], grades: Mapping[str, str]) -> dict[str, Any]:
    name = flip["key"].rpartition(".")[2]
    now, at = (number_text(flip[field], flip["unit"], name=name) for field in ("now", "at"))
    return {**flip, "label": _spoken(flip["key"]), "now": now, "at": at, **_mark(grades.get(flip["key"], ""))}


def _spoken(key: str) -> str:
    """A ledger key as words: "catalog.mgx-nvl72.busbar_a" is "busbar of mgx-nvl72"."""
    *place, name = key.split(".")
    words = name.split("_")
    try:
        unit = unit_of(name)
        # The unit is said with the number; a ratio or a share is part of the name.
        cut = len(words) if unit == "1" else next(i for i in range(len(words) - 1, -1, -1) if _says("_".join(words[i:]), unit))
    except ValueError:
        cut = len(words)
    where = " ".join(part for part in place if part not in ("catalog", "program", "design", "assemblies"))
    return f"{' '.join(words[:cut] or words)} of {where}"


def _says(name: str, unit: str) -> bool:
    try:
        return unit_of(name) == unit
    except ValueError:
        return False


TALL = 30  # rows beyond which a table scrolls in its own box


def _shapes(table: Table) -> list[str]:
    """Class of each column: numbers, or text by its length, so that long text gets the width that it needs."""
    shapes = []
    for index, column in enumerate(table.columns):
        most = max((len(row.cells[index].text) for row in table.rows), default=0)
        shapes.append("num" if column.right else "short" if most <= 20 else "mid" if most <= 48 else "long" if most <= 160 else "longest")
    return shapes


def _turned(table: Table) -> list[tuple[str, list[tuple[Any, str]]]]:
    """A wide table with its columns as rows: (name of the figure, its cells, each with the tone of its own row)."""
    return [(column.name, [(row.cells[index], row.tone) for row in table.rows]) for index, column in enumerate(table.columns)]


def _ledger(data: Mapping[str, Any]) -> str:
    """Ledger rows for the page's own script; '<' is escaped so that no text can end the element."""
    rows = []
    for row in data["ledger"]:
        entry = {"key": row["key"], "text": number_text(row["value"], row["unit"], row.get("low"), row.get("high"), name=row["key"].rpartition(".")[2])}
        if row.get("basis"):
            entry["text"] += f", {row['basis']}"
        if row.get("sources"):
            entry["source"] = "; ".join(source_text(key, data["sources"]) for key in row["sources"])
        if row.get("grade"):
            entry["grade"] = f"{row['grade']}: {GRADES[row['grade']]}" + (" (announced)" if row.get("announced") else "")
        entry |= {key: row[key] for key in ("formula", "inputs", "note", "passed_over") if row.get(key)}
        rows.append(entry)
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _sources(data: Mapping[str, Any]) -> list[dict[str, str]]:
    return [{"key": key, "text": f"{source_text(key, data['sources'])} [{source['kind']}]"} for key, source in data["sources"].items()]


def _source_lead(data: Mapping[str, Any]) -> str:
    inputs = [row for row in data["ledger"] if not row.get("formula")]
    counts = {grade: sum(row.get("grade") == grade for row in inputs) for grade in GRADES}
    spread = ", ".join(f"{count} of grade {grade}" for grade, count in counts.items() if count)
    return f"This plan rests on {len(inputs)} figures ({spread}) and computes {len(data['ledger']) - len(inputs)} more from them."
