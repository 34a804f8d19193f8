"""`rackloom validate`: predictions against published measurements, per case and in the mean."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from .say import JSON, console, refuse_file, say_json, table

if TYPE_CHECKING:
    from ..catalog import Catalog
    from ..evaluate import Validation
    from ..reading import Document

WORST = 10
NAMED = 5  # skipped rows that are named beside their reason


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(
        help="Predictions against published measurements: per case, and in the mean of groups; of runs, or of whole racks (cases of kind rack).\n\n"
        "Example: rackloom validate cases/training.yaml --source mlperf_training --out out/validation"
    )
    def validate(
        cases: list[str] = typer.Argument(..., help="files of published measurements, or - for standard input"),
        out: Path | None = typer.Option(None, "--out", help="folder for a table (Markdown) for each source, and parity plots (SVG)"),
        seed: int = typer.Option(1, "--seed", min=0, help="seed of the draws that the intervals come from"),
        source: list[str] = typer.Option([], "--source", help="key of a source, others are left out; may be repeated"),
        catalog: list[str] = typer.Option([], "--catalog", help="a folder of your own parts; may be repeated"),
        as_json: bool = JSON,
    ) -> None:
        from ..catalog import load_catalog
        from ..evaluate import is_rack_cases, row_predictor, validate_cases, validation_data
        from ..reading import read_yaml

        refuse_file("--out", out)
        known = load_catalog(*catalog)
        racks = [document for path in cases if path != "-" and is_rack_cases(document := read_yaml(path))]
        if racks:
            _racks(racks, cases, known, seed, out, as_json=as_json)
            return
        predict = row_predictor(catalog=known, seed=seed)
        found = validate_cases(cases, predict, sources=source, progress=_tell if sys.stderr.isatty() else None)
        if out is not None:
            _write(found, out)
        if as_json:
            say_json(validation_data(found))
        else:
            _print(found)
            if out is not None:
                print(f"Tables and plots: {out}")


def _racks(documents: list[Document], paths: list[str], catalog: Catalog, seed: int, out: Path | None, *, as_json: bool) -> None:
    """Cases of whole racks."""
    from ..errors import BadInput, Fault
    from ..evaluate import rack_score, rack_validation_data, validate_racks
    from ..program import write_text
    from ..report import rack_rows_markdown, rack_rows_table

    if len(documents) != len(paths):
        raise BadInput(Fault("cases of racks and files of runs in one call", mend="Validate them one after the other."))
    found = validate_racks(documents, catalog=catalog, seed=seed)
    if out is not None:
        write_text(out / "racks.md", rack_rows_markdown(found.rows) + "\n")
    if as_json:
        say_json(rack_validation_data(found))
        return
    say = console()
    head, rows = rack_rows_table(found.rows)
    say.print(table("Whole racks: errors are predicted over published, less 1", list(head), rows, right=(2, 3, 4)))
    if found.scored:
        score = rack_score(found.scored)
        say.print(
            f"Scored: {score['rows']} of {len(found.rows)} rows; {score['close']} within 10 % or the published range; median absolute error {score['median_ape']:.1%}, "
            f"mean {score['mape']:.1%}; {score['inside']} of {score['with_interval']} intervals hold what was published."
        )
    if found.counts:
        say.print(f"Counts, apart: {sum(row.is_close for row in found.counts)} of {len(found.counts)} within 10 % of what was published.")


def _tell(done: int, total: int) -> None:
    print(f"\rrow {done} of {total}", end="\n" if done >= total else "", file=sys.stderr, flush=True)


def _print(found: Validation) -> None:
    from ..evaluate.validation_tables import GROUPS_HEAD, ROWS_HEAD, group_cells, quantity_words, row_cells

    say = console()
    named = {name: score for name, score in found.groups.items() if name == "all" or (name.startswith("source:") and "," not in name)}
    say.print(
        table("Groups: errors are predicted over measured, less 1", list(GROUPS_HEAD), [group_cells(name, score) for name, score in named.items()], right=tuple(range(1, 10)))
    )
    if worst := found.worst(WORST):
        rows = [[*row_cells(case)[:1], quantity_words(case.quantity), *row_cells(case)[1:]] for case in worst]
        say.print(table(f"The {len(worst)} furthest off", [ROWS_HEAD[0], "in", *ROWS_HEAD[1:]], rows, right=(2, 3, 4, 5)))
    if found.skipped:
        lines = [[reason, str(len(cases)), _some([case.id for case in cases])] for reason, cases in found.skipped.items()]
        say.print(table(f"{sum(map(len, found.skipped.values()))} rows skipped", ["reason", "rows", "which"], lines, right=(1,)))


def _some(names: list[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")


def _write(found: Validation, folder: Path) -> None:
    """A table for each source, and the parity plots by source and by machine."""
    from ..evaluate import parity_plot, source_page
    from ..program import write_text

    used: set[str] = set()
    for key in found.sources:
        if not any(case.source == key for case in found.cases):
            continue
        name = re.sub(r"[^A-Za-z0-9_-]+", "-", key).strip("-") or "source"
        while name in used:
            name += "-"
        used.add(name)
        write_text(folder / f"{name}.md", source_page(found, key, level=1) + "\n")
    plots = {"source": parity_plot(found.cases, lambda case: case.source), "machine": parity_plot(found.cases, lambda case: case.prediction.machine if case.prediction else "")}
    for name, text in plots.items():
        if text:
            write_text(folder / f"parity-{name}.svg", text)
