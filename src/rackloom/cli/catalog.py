"""`rackloom catalog list|show|check`: what is known, with sources."""

from __future__ import annotations

from typing import Any

import typer

from .say import JSON, console, say_json, table

FOLDER = typer.Option([], "--catalog", help="A folder of your own parts, laid over the shipped catalogue; may be repeated.")


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(no_args_is_help=True, help="What is known, with sources: list, show, check.")
    app.add_typer(group, name="catalog")

    @group.command("list", help="Items of the catalogue, by kind.\n\nExample: rackloom catalog list accelerator")
    def list_(kind: str = typer.Argument("", help="show items of this kind only"), catalog: list[str] = FOLDER, as_json: bool = JSON) -> None:
        from ..catalog import load_catalog
        from ..errors import Unknown

        known = load_catalog(*catalog)
        kinds: dict[str, list[Any]] = {}
        for item in known.items.values():
            kinds.setdefault(item.kind, []).append(item)
        if kind and kind not in kinds:
            raise Unknown("kind of item", kind, kinds, mend=f"Kinds: {', '.join(sorted(kinds))}.")
        shown = {kind: kinds[kind]} if kind else dict(sorted(kinds.items()))
        if as_json:
            say_json({name: [{"name": i.name, "title": i.title, "figures": len(i.figures)} for i in items] for name, items in shown.items()})
            return
        for name, items in shown.items():
            rows = [[i.name, i.title, str(len(i.figures)), i.say("status")] for i in items]
            console().print(table(f"{name} ({len(items)})", ["name", "what", "figures", "status"], rows, right=(2,)))

    @group.command(help="One item: every figure with unit, basis, grade and source; conflicting figures beside the picked one.\n\nExample: rackloom catalog show b300")
    def show(name: str, catalog: list[str] = FOLDER, as_json: bool = JSON) -> None:
        from ..catalog import load_catalog
        from ..report import number_text as plain

        known = load_catalog(*catalog)
        item = known.item(name)
        if as_json:
            figures = {key: [_plain(f, known) for f in (figure, *figure.others)] for key, figure in item.figures.items()}
            say_json({"name": item.name, "kind": item.kind, "place": item.place, "text": dict(item.text), "figures": figures})
            return
        out = console()
        out.print(f"{item.name}: {item.title}  [{item.kind}, {item.place}]", markup=False)
        for key, value in item.text.items():
            if key != "title":
                out.print(f"  {key}: {value}", markup=False)
        rows = []
        for key, figure in item.figures.items():
            for index, entry in enumerate((figure, *figure.others)):
                source = known.source(entry.source)
                is_span = entry.low is not None and entry.high is not None and entry.low != entry.high
                span = f"{plain(entry.low, entry.unit)} to {plain(entry.high, entry.unit)}" if is_span else plain(entry.value, entry.unit)
                rows.append([key if index == 0 else "  (passed over)", span, entry.basis, entry.grade, f"{entry.source}: {source.title if source else ''}", entry.note])
            if figure.others:
                rows.append(["", "", "", "", f"({figure.rule})", ""])
        out.print(table("", ["figure", "value", "basis", "grade", "source", "note"], rows))

    @group.command(help="Check that every figure has value, unit, basis where its kind has several, source and grade.\n\nExample: rackloom catalog check --catalog ./parts")
    def check(catalog: list[str] = FOLDER, as_json: bool = JSON) -> None:
        from ..catalog import check_catalog, load_catalog

        known = load_catalog(*catalog)
        total, faults = check_catalog(known)
        grades = {grade: sum(f.grade == grade for f in known.figures()) for grade in "ABCDE"}
        if as_json:
            say_json({"figures": total, "items": len(known.items), "sources": len(known.sources), "grades": grades, "faults": faults})
        else:
            for fault in faults:
                print(fault)
            spread = ", ".join(f"{grade} {count}" for grade, count in grades.items())
            print(f"{total} figures in {len(known.items)} items from {len(known.sources)} sources; by grade: {spread}; {len(faults)} faults")
        raise typer.Exit(1 if faults else 0)


def _plain(figure: Any, known: Any) -> dict[str, Any]:
    source = known.source(figure.source)
    return {
        "value": figure.value, "unit": figure.unit, "low": figure.low, "high": figure.high, "basis": figure.basis, "grade": figure.grade, "source": figure.source,
        "title": source.title if source else "", "url": source.url if source else "", "note": figure.note,
    }  # fmt: skip
