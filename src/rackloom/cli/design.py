"""`rackloom design`: one rack, its figures and checks, worst first."""

from __future__ import annotations

import typer

from .say import JSON, say_json


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(help="Figures and checks of one rack, worst first; --expand prints the whole rack file.\n\nExample: rackloom design gb300-nvl72")
    def design(
        rack: str = typer.Argument(..., help="name of a shipped rack, or path of a rack file"),
        expand: bool = typer.Option(False, "--expand", help="print the whole design as a rack file, with what 'like' brings in"),
        catalog: list[str] = typer.Option([], "--catalog", help="a folder of your own parts; may be repeated"),
        as_json: bool = JSON,
    ) -> None:
        from ..catalog import load_catalog
        from ..program import expanded_text, rack_alone
        from ..program.save import as_plain
        from ..rack import expand_design, load_design

        known = load_catalog(*catalog)
        loaded = load_design(rack, catalog=known)
        if expand:
            if as_json:
                say_json(expand_design(loaded))
            else:
                print(expanded_text(loaded), end="")
            return
        answer = rack_alone(loaded, known)
        if as_json:
            say_json(as_plain(answer))
        else:
            from ..report import print_rack
            from .say import console

            print_rack(answer, console())
        raise typer.Exit(1 if any(check.verdict == "fail" for check in answer.checks) else 0)
