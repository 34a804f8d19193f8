"""`rackloom schema`: JSON Schema of the files that people write, so that editors complete and check them."""

from __future__ import annotations

import typer

from .say import say_json


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(help="Print the JSON Schema of a program file, a rack file, a release policy, released.yaml or plan.json.\n\nExample: rackloom schema > program.schema.json")
    def schema(what: str = typer.Argument("program", help="program, rack, policy, released or plan")) -> None:
        from ..errors import BadInput, Fault, nearest
        from ..program import file_schema

        kinds = ("program", "rack", "policy", "released", "plan")
        if what not in kinds:
            raise BadInput(Fault(f"no schema for '{what}'", nearest=nearest(what, kinds), mend=f"Schemas: {', '.join(kinds)}."))
        say_json(file_schema(what))
