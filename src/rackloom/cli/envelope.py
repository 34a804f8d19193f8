"""`rackloom envelope`: what a lab's needs ask by year, and what of it others may see."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from .say import JSON, console, say_json, table

if TYPE_CHECKING:
    from ..needs import Envelope, Estimate
    from ..program import Program, Release


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(
        help="What a lab's needs ask of hardware by year; with --release, writes what others may see of it by a policy, and says how many shipped models would fit.\n\n"
        "Example: rackloom envelope examples/first/program.yaml --release examples/first/release.yaml --out released.yaml"
    )
    def envelope(
        program: Path = typer.Argument(..., help="a lab's program, with needs"),
        release: Path | None = typer.Option(None, "--release", help="the policy of release (YAML)"),
        out: Path | None = typer.Option(None, "--out", help="the file of the release; 'released.yaml' beside the program by default"),
        estimate: list[str] = typer.Option([], "--estimate", help="with --release: a system of the catalogue to read from the tables; may be repeated"),
        scenario: str = typer.Option("", "--scenario", help="one of the program's own scenarios"),
        as_json: bool = JSON,
    ) -> None:
        from ..program import lab_envelope, load_program

        _refuse_alone(release, out, estimate)
        loaded = load_program(program, scenario=scenario)
        if release is None:
            _show(lab_envelope(loaded)[0], as_json)
            return
        _release(loaded, release, out or program.parent / "released.yaml", estimate, as_json)


def _refuse_alone(release: Path | None, out: Path | None, estimate: list[str]) -> None:
    from ..errors import BadInput, Fault

    given = [name for name, value in (("--out", out), ("--estimate", estimate)) if value]
    if release is None and given:
        raise BadInput(Fault(f"{given[0]} goes with --release", mend="Give the policy: --release release.yaml."))


def _release(program: Program, policy: Path, out: Path, systems: list[str], as_json: bool) -> None:
    from ..catalog import system
    from ..needs import envelope_of, estimate_from_table
    from ..program import as_plain, make_release, read_policy, refuse_other_file, write_release

    refuse_other_file(out)
    read = read_policy(policy, program)
    known = [system(name, catalog=program.catalog) for name in systems]
    made = make_release(program, read, progress=None if as_json or not sys.stderr.isatty() else _tell)
    write_release(made, out)
    found = [estimate_from_table(need.table, on) for need in made.released.needs.values() for on in known]
    if as_json:
        say_json({
            "file": str(out), "id": made.released.id, "envelope": as_plain(envelope_of(made.released)), "needs": {n: _need_data(need) for n, need in made.released.needs.items()},
            "fits": as_plain(made.fits), "estimates": [as_plain(e) for e in found],
        })  # fmt: skip
        return
    console().print(_quantiles(made, out))
    console().print(_tables(made))
    if found:
        console().print(_estimates(found))
    console().print(_fits(made))


def _tell(what: str, done: int, total: int) -> None:
    print(f"\r{what}: {done} of {total}", end="\n" if done >= total else "", file=sys.stderr, flush=True)


def _need_data(need: Any) -> dict[str, Any]:
    return {
        "kind": need.kind,
        "start": need.start.isoformat(),
        "points": need.table.points,
        "precision": need.table.precision,
        "axes": {k: list(v) for k, v in need.table.axes.items()},
    }


def _show(envelope: Envelope, as_json: bool) -> None:
    """The rows of an envelope by need and quantity, a column a year."""
    from ..program import as_plain
    from ..report import number_text

    if as_json:
        say_json(as_plain(envelope))
        return
    years = sorted({row.year for row in envelope.rows})
    lines = []
    for need, quantity, on in dict.fromkeys((row.need, row.quantity, row.system if row.quantity == "accelerators_count" else "") for row in envelope.rows):
        cells = []
        for year in years:
            row = envelope.find(need, year, quantity, on)
            told = envelope.ledger[row.key] if row else None
            cells.append(number_text(told.value, told.unit, told.low, told.high) if told else "–")
        lines.append([need, quantity + (f" on {on}" if on else ""), *cells])
    console().print(table("What the needs ask, as the lab sees it; nothing was released", ["need", "quantity", *map(str, years)], lines, right=tuple(range(2, 2 + len(years)))))


def _quantiles(made: Release, out: Path) -> Any:
    """The rows of the file: each cell the quantiles, lowest first."""
    from ..report import number_text

    rows, released = made.released.rows, made.released
    years = sorted({row["year"] for row in rows})
    cells = {(row["need"], row["quantity"], row["year"]): " / ".join(number_text(v, row["unit"]) for v in row["values"]) for row in rows}
    lines = [[need, quantity, *(cells.get((need, quantity, year), "–") for year in years)] for need, quantity in dict.fromkeys((row["need"], row["quantity"]) for row in rows)]
    title = f"What others see in {out}, id {released.id}: quantiles {', '.join(f'{100 * q:g} %' for q in released.quantiles)}"
    return table(title, ["need", "quantity", *map(str, years)], lines, right=tuple(range(2, 2 + len(years))))


def _tables(made: Release) -> Any:
    from ..report import number_text

    rows = []
    for name, need in made.released.needs.items():
        t = need.table
        speeds = [v for v in t.values["tokens_per_s_per_accelerator"] if v > 0.0]
        span = f"{number_text(min(speeds), 'token/s')} to {number_text(max(speeds), 'token/s')}" if speeds else "none fits"
        rows.append([name, need.kind, f"{need.start:%Y-%m}", t.precision, str(t.points), span, f"{100 * t.rounding_share:.3g} %", f"{100 * t.interval_share:.0f} %"])
    return table("Response tables", ["need", "kind", "from", "precision", "points", "tokens/s of an accelerator", "rounding", "interval, half"], rows, right=(4, 5, 6, 7))


def _estimates(found: list[Estimate]) -> Any:
    from ..draws import central
    from ..report import number_text

    rows = [
        [e.need, e.system, "yes" if e.fits else f"no: {e.why_not}", number_text(central(e.tokens_per_s_per_accelerator), "token/s"), f"{central(e.accelerators):,.0f}"]
        for e in found
    ]
    return table("From the tables alone", ["need", "system", "fits", "tokens/s of an accelerator", "accelerators"], rows, right=(3, 4))


def _fits(made: Release) -> str:
    """For the lab alone: how many shipped models an outsider could not tell apart."""
    lines = ["For the lab, not in the file: models among those shipped that fit the table, for one who knows all of the need but its model"]
    for name, fit in made.fits.items():
        lines.append(f"  {name}: {len(fit.by_rounding)} of {fit.tried} within the rounding, {len(fit.by_interval)} within the table's interval")
    return "\n".join(lines)
