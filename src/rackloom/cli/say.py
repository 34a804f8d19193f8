"""What commands share: JSON on standard output and nothing else there, words on standard error."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import typer

JSON = typer.Option(False, "--json", help="One JSON document on standard output; words and progress on standard error.")


def say_json(data: Any) -> None:
    """Print one JSON document."""
    sys.stdout.write(json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def refuse_file(option: str, folder: Path | None) -> None:
    """Raise BadInput, before any work, where a folder to be written is a file, or lies under one."""
    there = next((path for path in (folder, *folder.parents) if path.exists()), None) if folder is not None else None
    if there is not None and not there.is_dir():
        from ..errors import BadInput, Fault

        raise BadInput(Fault(f"{option}: '{there}' is a file", mend=f"Give a folder with {option}."))


def console(*, stderr: bool = False) -> Any:
    """A rich console; out of a pipe it is 140 wide, or as COLUMNS says."""
    import shutil

    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, highlight=False, soft_wrap=not stream.isatty(), width=None if stream.isatty() else shutil.get_terminal_size((140, 40)).columns)


def table(title: str, columns: list[str], rows: list[list[str]], *, right: tuple[int, ...] = ()) -> Any:
    """A plain table; columns of numbers are set right."""
    from rich import box
    from rich.table import Table

    out = Table(title=title or None, box=box.SIMPLE_HEAD, title_justify="left", header_style="bold", pad_edge=False)
    for index, column in enumerate(columns):
        out.add_column(column, justify="right" if index in right else "left", overflow="fold")
    for row in rows:
        out.add_row(*row)
    return out
