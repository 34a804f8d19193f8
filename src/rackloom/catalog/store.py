"""The catalogue: items, figures, sources, read from YAML; user folders overlay what ships.

An item is a mapping under its name. A key whose value is `{value, source, grade, ...}` (or a list of such, where
sources conflict) is a figure and carries its unit in its name; every other key is text about the item.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from ..errors import BadInput, Fault, Unknown
from ..figures import GRADES, Figure, Source, read_quantity, read_range, unit_of
from ..reading import Document, read_yaml

SOURCE_KINDS = ("standard", "data sheet", "measured", "paper", "regulation", "press", "third party", "estimate", "assumption")
RULE = "picked: best grade, then the newest source, then the first listed"
_FIGURE_KEYS = {"value", "source", "grade", "basis", "note", "where", "low", "high", "pick"}

# Where a kind of figure has more than one basis, it must say which; most conflicts between published figures are of basis.
BASES: Mapping[str, tuple[str, ...]] = {
    "flop_per_s": ("dense", "sparse"),
    "link_bytes_per_s": ("per direction", "both directions"),
    "pressure_pa": ("gauge", "absolute", "differential", "unstated"),
    "rack_power_w": ("load", "supply", "peak", "unstated"),
    "glycol_share": ("mass", "volume"),
    "price_usd": ("ex works", "landed", "unstated"),
}


@dataclass(frozen=True)
class Item:
    """One thing in the catalogue: a part, a site, a rule, an observation."""

    name: str
    kind: str
    text: Mapping[str, Any] = field(default_factory=dict)
    figures: Mapping[str, Figure] = field(default_factory=dict)  # the picked ones; `figure.others` holds the rest
    place: str = ""

    def figure(self, name: str) -> Figure:
        """A figure that must be there; raises Unknown naming those that are."""
        if name not in self.figures:
            raise Unknown(
                f"figure for {self.kind}",
                f"{self.name}.{name}",
                [f"{self.name}.{known}" for known in self.figures],
                mend="Add it with its source to a folder named under 'catalog:'.",
            )
        return self.figures[name]

    def get(self, name: str) -> Figure | None:
        """A figure, or None where nobody published it."""
        return self.figures.get(name)

    def say(self, name: str, default: str = "") -> str:
        """A text about the item."""
        return str(self.text.get(name, default))

    @property
    def title(self) -> str:
        """The item's name in words."""
        return self.say("title", self.name)

    @property
    def announced(self) -> bool:
        """True for things announced and not yet shipping."""
        return self.text.get("status") == "announced"


@dataclass(frozen=True)
class Catalog:
    """All items and sources; private folders of the user last, so that theirs win."""

    items: Mapping[str, Item]
    sources: Mapping[str, Source]
    folders: tuple[str, ...] = ()

    def item(self, name: str, kind: str | None = None) -> Item:
        """An item by name; raises Unknown with the nearest one of that kind."""
        found = self.items.get(name)
        if found is None or (kind and found.kind != kind):
            choices = [item.name for item in self.items.values() if kind in (None, item.kind)]
            raise Unknown(kind or "item", name, choices, mend="Correct the name, or add it with its source to a folder named under 'catalog:'.")
        return found

    def of_kind(self, kind: str) -> list[Item]:
        """All items of a kind, in file order."""
        return [item for item in self.items.values() if item.kind == kind]

    def figure(self, item: str, name: str) -> Figure:
        """Shorthand for `item(item).figure(name)`."""
        return self.item(item).figure(name)

    def figures(self) -> Iterator[Figure]:
        """Every figure, those passed over included."""
        for item in self.items.values():
            for figure in item.figures.values():
                yield figure
                yield from figure.others

    def source(self, key: str) -> Source | None:
        """A source by key; None for a line of a user's own file."""
        return self.sources.get(key)


def data_folder() -> Path:
    """Where the shipped catalogue lies."""
    return Path(str(resources.files("rackloom.catalog") / "data"))


def load_catalog(*folders: str | Path) -> Catalog:
    """The shipped catalogue, overlaid by the user's folders in order. Raises BadInput with all faults."""
    return _load(tuple(str(Path(folder)) for folder in folders))


@lru_cache(maxsize=8)
def _load(folders: tuple[str, ...]) -> Catalog:
    faults: list[Fault] = []
    sources: dict[str, Source] = {}
    entries: dict[str, tuple[Document, dict[str, Any]]] = {}
    shipped = data_folder()
    for folder in (str(shipped), *folders):
        base = Path(folder)
        if not base.is_dir():
            faults.append(Fault(f"no catalogue folder '{folder}'", mend="Correct the path under 'catalog:'."))
            continue
        for path in sorted(base.glob("*.yaml")):
            name = path.name if base == shipped else str(path)
            document = read_yaml(path, name=name)
            if path.name.startswith("sources"):
                found = _read_sources(document, faults)
                if base == shipped:  # a user's folder may correct a source; two of ours under one key hide one of them
                    faults += [Fault(f"source '{key}' stands in two files", document.place((key,), key=True), mend="Rename one of them.") for key in found if key in sources]
                sources |= found
            else:
                _merge_items(document, entries, faults, is_shipped=base == shipped)
    items = {name: _item(name, document, raw, sources, faults) for name, (document, raw) in entries.items()}
    if faults:
        raise BadInput(faults)
    return Catalog({name: item for name, item in items.items() if item is not None}, sources, folders)


def _read_sources(document: Document, faults: list[Fault]) -> dict[str, Source]:
    out = {}
    for key, raw in document.value.items():
        if not isinstance(raw, dict) or not raw.get("title") or raw.get("kind") not in SOURCE_KINDS:
            faults.append(Fault(f"source '{key}' needs a title and a kind", document.place((key,), key=True), mend=f"Kinds: {', '.join(SOURCE_KINDS)}."))
            continue
        out[key] = Source(key, raw["kind"], str(raw["title"]), str(raw.get("publisher") or ""), str(raw.get("date") or ""), str(raw.get("url") or ""))
    return out


def _merge_items(document: Document, entries: dict[str, tuple[Document, dict[str, Any]]], faults: list[Fault], *, is_shipped: bool) -> None:
    for name, raw in document.value.items():
        if not isinstance(raw, dict):
            faults.append(Fault(f"item '{name}' is not a mapping", document.place((name,), key=True), mend="Write 'kind:' and figures under it."))
            continue
        if name in entries and is_shipped:
            faults.append(Fault(f"item '{name}' stands in two files", document.place((name,), key=True), mend=f"It is also in {entries[name][0].name}."))
            continue
        base = entries[name][1] if name in entries else {}
        for key, value in raw.items():
            if not _is_figure(value) and (_looks_like_figure(value) or _is_figure(base.get(key))):
                faults.append(Fault(f"{name}.{key} is not a figure", document.place((name, key)), mend='Write {value: "1200 W", source: KEY, grade: A}, or a list of such.'))
        raw = {key: _placed(value, document, (name, key)) for key, value in raw.items()}
        entries[name] = (document, {**base, **raw})


def _rows(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _is_figure(value: Any) -> bool:
    return bool(_rows(value)) and all(isinstance(row, dict) and "value" in row for row in _rows(value))


def _looks_like_figure(value: Any) -> bool:
    """Half a figure: it would otherwise pass for text about the item, unnoticed."""
    return any(isinstance(row, dict) and {"value", "source", "grade"} & set(row) for row in _rows(value))


def _placed(value: Any, document: Document, path: tuple[str | int, ...]) -> Any:
    """Keep the document and path beside a raw figure, so that faults and sources of overlays have their place."""
    if not _is_figure(value):
        return value
    if isinstance(value, list):
        return [{**row, "_at": (document, (*path, index))} for index, row in enumerate(value)]
    return {**value, "_at": (document, path)}


def _item(name: str, document: Document, raw: dict[str, Any], sources: Mapping[str, Source], faults: list[Fault]) -> Item | None:
    kind = raw.get("kind")
    if not isinstance(kind, str):
        faults.append(Fault(f"item '{name}' has no kind", document.place((name,), key=True), mend="Add 'kind: accelerator' or the like."))
        return None
    announced = raw.get("status") == "announced"
    text: dict[str, Any] = {}
    figures: dict[str, Figure] = {}
    for key, value in raw.items():
        if all(isinstance(row, dict) and "_at" in row for row in _rows(value)) and _rows(value):
            read = [(row, figure) for row in _rows(value) if (figure := _figure(name, key, row, sources, announced, faults))]
            if read:
                figures[key] = pick([figure for _, figure in read], sources, forced=next((i for i, (row, _) in enumerate(read) if row.get("pick")), None))
        elif key != "kind":
            text[key] = value
    return Item(name, kind, text, figures, f"{document.name}:{document.place((name,), key=True).line}")


def _figure(item: str, name: str, raw: dict[str, Any], sources: Mapping[str, Source], announced: bool, faults: list[Fault]) -> Figure | None:
    document, path = raw["_at"]
    wrong: list[Fault] = []
    for key in raw:
        if key not in _FIGURE_KEYS and key != "_at":
            wrong.append(Fault(f"{item}.{name}: unknown key '{key}'", document.place((*path, key), key=True), mend=f"Keys of a figure: {', '.join(sorted(_FIGURE_KEYS))}."))
    source, grade = raw.get("source"), raw.get("grade")
    if source is None or (source not in sources and not str(source).startswith("own:")):
        wrong.append(Fault(f"{item}.{name}: source '{source}' is not in sources.yaml", document.place(path), mend="Add it there, or write 'own: DOCUMENT' for a private one."))
    if grade not in GRADES:
        wrong.append(Fault(f"{item}.{name}: grade '{grade}' is not on the ladder", document.place(path), mend=f"Grades: {', '.join(GRADES)}."))
    try:
        unit = unit_of(name)
        span = read_range(raw.get("value"), unit)
    except ValueError as error:
        faults += [*wrong, Fault(f"{item}.{name}: {error}", document.place(path))]
        return None
    ends = _ends(item, name, raw, span.low, span.high, unit, wrong)
    if raw.get("pick") and not (raw.get("note") or raw.get("where")):
        wrong.append(Fault(f"{item}.{name}: 'pick' without a note", document.place(path), mend="Say in 'note:' why this one."))
    faults += wrong
    if wrong:
        return None
    note = "; ".join(str(raw[key]) for key in ("where", "note") if raw.get(key))
    low, high = (None, None) if ends[0] == ends[1] else ends
    return Figure(f"catalog.{item}.{name}", span.middle, unit, str(source), str(grade), str(raw.get("basis") or ""), low, high, note, announced)


def _ends(item: str, name: str, raw: dict[str, Any], low: float, high: float, unit: str, wrong: list[Fault]) -> tuple[float, float]:
    """Ends of the span: those of the value, or 'low' and 'high' where they are written beside it."""
    document, path = raw["_at"]
    given = {}
    for key in ("low", "high"):
        try:
            given[key] = read_quantity(raw[key], unit) if key in raw else None
        except ValueError as error:
            wrong.append(Fault(f"{item}.{name}.{key}: {error}", document.place((*path, key))))
            return low, high
    out = (low if given["low"] is None else given["low"], high if given["high"] is None else given["high"])
    if not out[0] <= low <= high <= out[1]:
        wrong.append(Fault(f"{item}.{name}: the value does not lie between 'low' and 'high'", document.place(path), mend="Correct one of the three."))
    return out


def pick(figures: list[Figure], sources: Mapping[str, Source], *, forced: int | None = None) -> Figure:
    """Of conflicting figures the one to use; the others are kept beside it.

    The rule: best grade, then the newest source, then the first listed. A row marked `pick: true` wins (its note says why).
    """
    if len(figures) == 1:
        return figures[0]
    if forced is None:
        newest = max(range(len(figures)), key=lambda i: (-ord(figures[i].grade), sources[figures[i].source].date if figures[i].source in sources else "", -i))
    best = figures[newest if forced is None else forced]
    rest = tuple(figure for figure in figures if figure is not best)
    return replace(best, others=rest, rule=RULE if forced is None else "picked by hand; the note says why")


def basis_needed(figure_name: str) -> tuple[str, ...]:
    """The bases among which a figure of this name must choose, or () where its kind has only one."""
    for suffix, bases in BASES.items():
        if figure_name == suffix or figure_name.endswith("_" + suffix) or figure_name.endswith(suffix):
            return bases
    return ()


def check_catalog(catalog: Catalog) -> tuple[int, list[str]]:
    """Number of figures, and what is wrong with any of them: a basis that is missing or not one of its kind."""
    faults = []
    total = 0
    for item in catalog.items.values():
        for name, picked in item.figures.items():
            for figure in (picked, *picked.others):
                total += 1
                needed = basis_needed(name)
                if needed and not any(figure.basis.startswith(basis) for basis in needed):
                    faults.append(f"{item.place}: {item.name}.{name}: basis '{figure.basis}' is not one of: {', '.join(needed)}")
    return total, faults
