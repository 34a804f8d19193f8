"""JSON Schema of plan.json: what its readers may rely on. Stages may add keys; these stay."""

from __future__ import annotations

from typing import Any

_NUMBER = {
    "description": "a number, or one with its 80 % interval",
    "anyOf": [
        {"type": ["number", "null"]},
        {"type": "object", "required": ["value", "low", "high"], "properties": {"value": {"type": ["number", "null"]}, "low": {"type": ["number", "null"]}, "high": {"type": ["number", "null"]}}},
    ],
}  # fmt: skip
_ROW = {
    "type": "object",
    "description": "one figure; a row without formula is an input and names its sources",
    "required": ["key", "value", "unit"],
    "additionalProperties": False,
    "properties": {
        "key": {"type": "string", "description": "dotted path that ends in the unit, such as designs.gb300.power_load_w"},
        "value": {"type": ["number", "null"], "description": "in `unit`"},
        "unit": {"type": "string", "description": "SI, or as the key says; temperature_k is a temperature in kelvin"},
        "low": {"type": "number", "description": "lower end of the 80 % interval"},
        "high": {"type": "number", "description": "upper end of the 80 % interval"},
        "formula": {"type": "string", "description": "how it was computed"},
        "inputs": {"type": "array", "items": {"type": "string"}, "description": "keys of the rows it was computed from"},
        "sources": {"type": "array", "items": {"type": "string"}, "description": "keys under 'sources', or a line of the user's own file"},
        "grade": {"enum": ["A", "B", "C", "D", "E"]},
        "basis": {"type": "string"},
        "note": {"type": "string"},
        "announced": {"type": "boolean", "description": "of hardware that is announced and not yet shipping"},
        "passed_over": {"type": "array", "items": {"type": "string"}, "description": "conflicting figures that the rule did not pick"},
    },
}  # fmt: skip
_TOP = {
    "version": ("integer", "of this layout: 1"),
    "program": ("object", "name, as_of, seed, effort, the inputs as they were read, digest of all files read"),
    "answer": ("object", "verdict, line, chosen generation, six tiles, failures worst first, five flips"),
    "needs": ("object", "each need with its model in brief and its estimate on each generation"),
    "envelope": ("object", "rows: what the needs ask, by need, year and quantity"),
    "designs": ("object", "each generation's rack: figures, slots, checks, bill of materials"),
    "roadmap": ("object", "cells: each need on each generation; best, chosen"),
    "supply": ("object", "each generation: lines, components, landed cost, content, shortages"),
    "factory": ("object", "each generation: racks a week, stations, bottleneck"),
    "evaluation": ("object", "rows: predicted against measured; means"),
    "option": ("object", "value, action, boundary"),
    "skipped": ("object", "sections that are absent, and what adding them would answer"),
    "sources": ("object", "the documents that the ledger rests on, by key"),
    "ledger": ("array", "every figure with formula, inputs and sources"),
}


def plan_schema() -> dict[str, Any]:
    """The schema, draft 2020-12. A stage that was skipped is an empty object."""
    top: dict[str, Any] = {name: {"type": kind, "description": words} for name, (kind, words) in _TOP.items()}
    top["ledger"] = {**top["ledger"], "items": _ROW}
    top["answer"] = {
        **top["answer"], "required": ["verdict", "line", "chosen", "tiles", "failures", "flips"],
        "properties": {
            "verdict": {"type": "string"}, "line": {"type": "string"}, "chosen": {"type": "string"},
            "tiles": {"type": "array", "minItems": 6, "maxItems": 6, "items": {"type": "object", "required": ["label", "key", "unit", "value", "low", "high", "text", "sub", "grade"]}},
            "failures": {"type": "array", "items": {"type": "object", "required": ["what", "stage", "badness", "detail", "mend", "blocks"]}},
            "flips": {"type": "array", "maxItems": 5, "items": {"type": "object", "required": ["key", "unit", "now", "at", "spreads", "outcome", "what"]}},
        },
    }  # fmt: skip
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Rackloom plan.json",
        "type": "object",
        "required": list(_TOP),
        "properties": top,
        "$defs": {"number": _NUMBER, "row": _ROW},
    }
