"""`rackloom plan`: the main job."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer

from .say import JSON, console, refuse_file


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(help="Every stage of a program: the answer in one line, DIR/report.html, DIR/plan.json, a CSV per table.\n\nExample: rackloom plan program.yaml --out out/plan")
    def plan(
        program: Path = typer.Argument(..., help="the program file, or - for standard input"),
        out: Path | None = typer.Option(None, "--out", help="folder for report.html, plan.json and tables/; 'out/NAME' when absent (none with --json)"),
        effort: str = typer.Option("quick", "--effort", help="quick or full"),
        scenario: str = typer.Option("", "--scenario", help="one of the program's own scenarios"),
        store: Path | None = typer.Option(None, "--store", help="folder that keeps finished plans; the same question is answered from there"),
        as_json: bool = JSON,
    ) -> None:
        from ..program import load_program, make_plan, to_json

        for name, given in (("--out", out), ("--store", store)):
            refuse_file(name, given)
        loaded = load_program(program, scenario=scenario)
        with _progress(quiet=as_json) as tell:
            found = make_plan(loaded, effort=effort, progress=tell, store=store)
        folder = out if out is not None or as_json else Path("out") / program.resolve().parent.name
        if folder is not None:
            from ..report import write_plan

            write_plan(found, folder)
        if as_json:
            sys.stdout.write(to_json(found.data) + "\n")
        else:
            from ..report import print_plan

            print_plan(found, console(), folder)
        raise typer.Exit(1 if found.failed else 0)


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Any]:
    """Bars on standard error; nothing when that is not a terminal."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    with Progress(
        TextColumn("{task.description:<11}"), BarColumn(), TextColumn("{task.completed}/{task.total}"), TimeElapsedColumn(), console=console(stderr=True), transient=True
    ) as bars:
        tasks: dict[str, Any] = {}

        def tell(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total)
            bars.update(tasks[stage], completed=done, total=total)

        yield tell
