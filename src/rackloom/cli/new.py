"""`rackloom new`: a commented program to start from."""

from __future__ import annotations

from pathlib import Path

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(help="Write a commented program from a config.json of yours and a rack name.\n\nExample: rackloom new --model config.json --rack gb300-nvl72 --out program.yaml")
    def new(
        model: str = typer.Option("llama-3.1-405b", "--model", help="path of a Hugging Face config.json, or a shipped model"),
        rack: str = typer.Option("gb300-nvl72", "--rack", help="a shipped rack, or path of a rack file"),
        as_of: str = typer.Option(..., "--as-of", help="date at which law and prices are read, such as 2026-11-22"),
        out: Path = typer.Option(Path("program.yaml"), "--out", help="the file to write; an existing one is not touched"),
    ) -> None:
        from ..errors import BadInput, Fault
        from ..program import new_program
        from ..program.save import write_text

        if out.exists():
            raise BadInput(Fault(f"'{out}' exists already", mend="Give another name with --out."))
        write_text(out, new_program(model, rack, as_of, beside=out))
        print(f"Wrote {out}. Read it through, change what is yours, then: rackloom plan {out}")
