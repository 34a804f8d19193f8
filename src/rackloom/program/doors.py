"""Small doors of the package: an explanation, a difference, a schema, one rack alone."""

from __future__ import annotations

from typing import Any

from ..catalog import Catalog, draws_from
from ..rack import Design, PartSource, RackAnswer, RackFile, Seen, Trace, bill_of_materials, describe_rack, expand_design
from ..strict import Strict
from .explaining import Explanation, Move, diff_ledgers, explain_key
from .file import ProgramFile
from .plan import Plan
from .plan_schema import plan_schema
from .save import as_plain


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
    """JSON Schema of a file that people write ('program', 'rack', 'policy') or read ('plan', 'released')."""
    if what == "plan":
        return plan_schema()
    from ..needs import ReleasedFile
    from .release import PolicyFile

    models: dict[str, type[Strict]] = {"program": ProgramFile, "rack": RackFile, "policy": PolicyFile, "released": ReleasedFile}
    model = models[what]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema(by_alias=True), "title": f"Rackloom {what} file"}


def rack_alone(
    design: Design, catalog: Catalog, *, case: str = "normal", load: Trace | None = None, offers: str = "", seen: tuple[Seen, ...] | None = None, name: str = ""
) -> RackAnswer:
    """One rack described outside a program, with the catalogue's spreads and seed 1, in one of its states; `offers` names a preset of supply."""
    sources = part_sources(design, catalog, offers) if offers else None
    return describe_rack(design, name=name, catalog=catalog, draws=draws_from(catalog), case=case, load=load, sources=sources, seen=seen)


def part_sources(design: Design, catalog: Catalog, offers: str) -> dict[str, PartSource]:
    """Who offers each part of a rack, by a preset of supply; a part without an offer of its own has those of its kind. Raises Unknown for a preset that is none."""
    from ..supply import load_supply_preset

    held = load_supply_preset(offers, catalog)
    out = {}
    for line in bill_of_materials(design).lines:
        if line.level != "part":
            continue
        mine = [one for one in held if one.part == line.item] or [one for one in held if one.part == f"kind:{line.kind}"]
        if mine:
            out[line.item] = PartSource(tuple(dict.fromkeys(one.supplier for one in mine)), any(one.country == "US" for one in mine), all(one.grade == "E" for one in mine))
    return out


def expanded_text(design: Design) -> str:
    """A design as a rack file without 'like'."""
    import yaml

    return yaml.safe_dump(expand_design(design), sort_keys=False, allow_unicode=True, width=140)
