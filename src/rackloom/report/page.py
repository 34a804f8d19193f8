"""The report: one self-contained page that works offline."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Any

from ..figures import GRADES
from .numbers import number_text
from .tables import MARKED, all_sections
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
    return str(
        _environment()
        .get_template("page.html.j2")
        .render(
            data=data, title=data["program"]["name"], css=_file("page.css"), script=_file("page.js"), sections=all_sections(data), tiles=[_tile(tile) for tile in answer["tiles"]],
            flips=[_flip(flip) for flip in answer["flips"]], answer_rest=answer["line"].partition(": ")[2], grades=GRADES, ledger_json=_ledger(data), sources=_sources(data),
            source_lead=_source_lead(data),
        )
    )  # fmt: skip


def _tile(tile: Mapping[str, Any]) -> dict[str, Any]:
    text = tile["text"] or number_text(tile["value"], tile["unit"], tile["low"], tile["high"], name=tile["key"].rpartition(".")[2])
    text, _, span = text.partition(" (")
    mark = tile["grade"] if tile["grade"] in MARKED else ""
    return {**tile, "text": text, "span": span.rstrip(")"), "mark": mark, "mark_title": f"rests on grade {mark}: {GRADES[mark]}" if mark else ""}


def _flip(flip: Mapping[str, Any]) -> dict[str, Any]:
    name = flip["key"].rpartition(".")[2]
    label = flip["key"].removeprefix("catalog.").removeprefix("program.")
    return {**flip, "label": label, "now": number_text(flip["now"], flip["unit"], name=name), "at": number_text(flip["at"], flip["unit"], name=name)}


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
