"""`rackloom explain`: the keys of a plan, or where one of its figures comes from."""

from __future__ import annotations

from pathlib import Path

import typer

from .say import JSON, console, say_json, table


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(help="Where a figure of a plan comes from, down to its sources; without KEY, the keys.\n\nExample: rackloom explain out/frontier factory.now.racks_per_week")
    def explain(
        plan: Path = typer.Argument(..., help="the folder that `rackloom plan` wrote, or its plan.json"),
        key: str = typer.Argument("", help="a key, or a unique ending of one"),
        as_json: bool = JSON,
    ) -> None:
        from ..program import explain as explain_plan
        from ..program import load_plan
        from ..report import explain_text, number_text

        found = load_plan(plan)
        if not key:
            rows = [row for row in found.ledger if row.formula]
            if as_json:
                say_json([{"key": row.key, "value": row.value, "unit": row.unit} for row in rows])
            else:
                console().print(
                    table(f"{len(rows)} computed figures", ["key", "value"], [[row.key, number_text(row.value, row.unit, row.low, row.high)] for row in rows], right=(1,))
                )
            return
        answer = explain_plan(found, key)
        if as_json:
            from ..program import explanation_data

            say_json(explanation_data(answer, found))
        else:
            print(explain_text(answer, found.data.get("sources", {})))
