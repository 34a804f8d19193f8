"""The program file and the plan: the one place that knows every stage. Read plan.py first."""

from __future__ import annotations

from typing import Any

from ..catalog import Catalog
from ..draws import Draws
from ..rack import Design, RackAnswer, RackFile, describe_rack, expand_design
from ..reading import Strict
from .explain import Explanation, Move, diff_ledgers, explain_key
from .file import ProgramFile
from .load import Program, load_program
from .new import new_program
from .plan import Plan, load_plan, make_plan
from .plan_schema import plan_schema
from .save import as_plain, to_json, write_text

__all__ = [
    "Explanation", "Move", "Plan", "Program", "diff_plans", "expanded_text", "explain", "explanation_data", "file_schema", "load_plan", "load_program", "make_plan",
    "new_program", "rack_alone", "to_json", "write_text",
]  # fmt: skip


def explain(plan: Plan, key: str) -> Explanation:
    """Walk a figure of a plan back to its sources; a unique ending of the key is enough. Raises Unknown."""
    return explain_key(plan.ledger, key)


def diff_plans(before: Plan, after: Plan) -> list[Move]:
    """Figures that moved between two plans, by how much, and what moved them."""
    return diff_ledgers(before.ledger, after.ledger)


def explanation_data(answer: Explanation, plan: Plan) -> dict[str, Any]:
    """An explanation as plain data, with the sources it ends in."""
    keys = sorted({source for row in answer.roots for source in row.sources})
    known = plan.data.get("sources", {})
    return {
        "key": answer.key, "weakest_grade": answer.weakest, "steps": [{"depth": step.depth, "row": as_plain(step.row)} for step in answer.steps],
        "sources": {key: known.get(key, {"title": key}) for key in keys},
    }  # fmt: skip


def file_schema(what: str) -> dict[str, Any]:
    """JSON Schema of a file that people write ('program', 'rack') or read ('plan')."""
    if what == "plan":
        return plan_schema()
    models: dict[str, type[Strict]] = {"program": ProgramFile, "rack": RackFile}
    model = models[what]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema(by_alias=True), "title": f"Rackloom {what} file"}


def rack_alone(design: Design, catalog: Catalog) -> RackAnswer:
    """One rack described outside a program, with the catalogue's spreads and seed 1."""
    item = catalog.item("uncertainty")
    widths = {grade: item.figure(f"grade_{grade.lower()}_share").value for grade in "ABCDE"}
    return describe_rack(design, catalog=catalog, draws=Draws(1, 256, widths, item.figure("announced_ratio").value))


def expanded_text(design: Design) -> str:
    """A design as a rack file without 'like'."""
    import yaml

    return yaml.safe_dump(expand_design(design), sort_keys=False, allow_unicode=True, width=140)
