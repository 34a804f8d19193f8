"""`rackloom design`: one rack, its figures and checks, worst first, in any state."""

from __future__ import annotations

from pathlib import Path

import typer

from .say import JSON, say_json


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(
        help="Figures, power one-line, coolant network and checks of one rack, worst first; --expand prints the whole rack file.\n\n"
        "Example: rackloom design gb300-nvl72\n\nExample: rackloom design vr-nvl72 --case pump-loss --supply-temperature 45C"
    )
    def design(
        rack: str = typer.Argument(..., help="name of a shipped rack, or path of a rack file"),
        case: str = typer.Option("normal", "--case", help="what is lost: feed-a-lost, shelf-lost, psu-lost, pump-loss, all-pumps-lost, branch-closed, valves-closed"),
        supply: str | None = typer.Option(None, "--supply-temperature", help="of the coolant, such as 40C"),
        settings: list[str] = typer.Option([], "--set", help="any word of the rack file for this question, such as environment.altitude='1500 m'; may be repeated"),
        load: str | None = typer.Option(None, "--load", help="a CSV of the load over time (time_s, power_w) for the checks of swings"),
        offers: str = typer.Option("", "--offers", help="a preset of supply, such as us-2026: suppliers, single sources and US sources in the build sheet"),
        log: str | None = typer.Option(None, "--cable-log", help="a CSV of cables as they lie (from, to): what is mis-routed is told"),
        against: str | None = typer.Option(None, "--against", help="another rack: what RACK saves or costs against it"),
        out: str | None = typer.Option(None, "--out", help="a folder for elevation.svg, cables.csv, cut-list.csv, build.csv"),
        expand: bool = typer.Option(False, "--expand", help="print the whole design as a rack file, with what 'like' brings in"),
        catalog: list[str] = typer.Option([], "--catalog", help="a folder of your own parts; may be repeated"),
        as_json: bool = JSON,
    ) -> None:
        from ..catalog import load_catalog
        from ..program import expanded_text, rack_alone
        from ..program.save import as_plain
        from ..rack import compare_racks, design_with, expand_design, read_cable_log, read_trace
        from ..report import elevation_svg, files_of

        known = load_catalog(*catalog)
        loaded = design_with(rack, [*settings, *([f"coolant.supply={_spaced(supply)}"] if supply else [])], catalog=known)
        if expand:
            if as_json:
                say_json(expand_design(loaded))
            else:
                print(expanded_text(loaded), end="")
            return
        answer = rack_alone(loaded, known, case=case, load=read_trace(load) if load else None, offers=offers, seen=read_cable_log(log) if log else None)
        found = None
        if against is not None:
            other = design_with(against, [], catalog=known)
            found = compare_racks(rack_alone(other, known, case=case, offers=offers, name=f"{other.name}-before" if other.name == loaded.name else ""), answer)
        svg = elevation_svg(answer)
        written = _write(Path(out), {"elevation.svg": svg, **files_of(answer)}) if out else []
        if as_json:
            say_json({**as_plain(answer), "elevation_svg": svg, "against": as_plain(found)})
        else:
            from ..report import print_against, print_rack
            from .say import console

            screen = console()
            print_rack(answer, screen)
            if found is not None:
                print_against(found, screen)
            for path in written:
                screen.print(f"Written: {path}", markup=False, soft_wrap=True, highlight=False)
        raise typer.Exit(1 if any(check.verdict == "fail" for check in answer.checks) else 0)


def _write(folder: Path, texts: dict[str, str]) -> list[Path]:
    """Each file written beside and moved into place; their paths."""
    from ..program.save import write_text

    for name, text in texts.items():
        write_text(folder / name, text)
    return [folder / name for name in texts]


def _spaced(text: str) -> str:
    """'40C' as '40 C'."""
    head = text.rstrip("CK°").rstrip()
    return f"{head} {text[len(head) :].strip().replace('°', '')}" if text[len(head) :].strip() else text
