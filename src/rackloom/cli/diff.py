"""`rackloom diff`: what moved between two plans, by how much, and what moved it."""

from __future__ import annotations

from pathlib import Path

import typer

from .say import JSON, console, say_json, table


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(help="What moved from one plan to another, by how much, and whether inputs, catalogue, law or code moved it.\n\nExample: rackloom diff out/before out/after")
    def diff(before: Path, after: Path, every: bool = typer.Option(False, "--all", help="all figures, not only the forty that moved most"), as_json: bool = JSON) -> None:
        from ..program import diff_plans, load_plan
        from ..program.save import as_plain
        from ..report import number_text

        old, new = load_plan(before), load_plan(after)
        moves = diff_plans(old, new)
        if as_json:
            say_json({"before": old.line, "after": new.line, "moves": as_plain(moves)})
            return
        out = console()
        out.print(f"before: {old.line}\nafter:  {new.line}", markup=False)
        rows = []
        for move in moves if every else moves[:40]:
            change = f"{move.after / move.before - 1:+.1%}" if move.before and move.after is not None else ""
            was = number_text(move.before, move.unit) if move.before is not None else "none"
            now = number_text(move.after, move.unit) if move.after is not None else "none"
            rows.append([move.key, was, now, change, ", ".join(move.cause_kinds), ", ".join(move.causes[:2])])
        if not rows:
            out.print("Nothing moved.")
            return
        out.print(table(f"{len(moves)} figures moved", ["figure", "before", "after", "change", "moved by", "which"], rows, right=(1, 2, 3)))
        if len(rows) < len(moves):
            out.print(f"{len(moves) - len(rows)} more: --all shows them.")
