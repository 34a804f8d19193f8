"""Tables of other people, CSV and xlsx, in and out: one reader, safe against hostile files.

A file is measured before it is opened: bytes on disk, bytes unpacked, ratio of the two, document types in the XML.
Formulas are never evaluated: a cell that holds one is refused with its place. Column names of common tools (KiCad,
Altium, Arena, Windchill, purchasing systems) are recognised, and the mapping that was used is part of the answer.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from ..errors import BadInput, Fault, Place, nearest

MAX_BYTES = 20_000_000  # of the file as it lies on disk
MAX_UNPACKED_BYTES = 100_000_000  # of an xlsx once unpacked
MAX_RATIO = 150.0  # unpacked over packed; a workbook of numbers reaches about 20, of one repeated word about 60
MAX_PARTS = 2_000  # files inside an xlsx
MAX_ROWS = 100_000
MAX_COLUMNS = 200
MAX_CELL = 10_000  # characters
MAX_FAULTS = 50  # of one table; the rest of a thousand equal faults tells nothing more

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")
_NUMBER = re.compile(r"^[-+]?(?:\d[\d_,]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$")
_BARE = re.compile(r"^\s*[-+]?[\d.][\d.,_]*(?:[eE][-+]?\d+)?(?:\s+to\s+[-+]?[\d.][\d.,_]*(?:[eE][-+]?\d+)?)?\s*$")
_UNIT_IN_HEADER = re.compile(r"^(?P<name>.*?)\s*[(\[](?P<unit>[^)\]]*)[)\]]\s*$")

# Our name, then what others write for it, best first; a unit where the name itself carries one.
ALIASES: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "offer", "offer id", "quote", "quote number"),
    "part": ("part", "item", "mpn", "manufacturer part number", "manufacturer item number", "mfr part number", "mfg part number", "part number", "item number", "number", "manufacturer part number 1", "component"),
    "supplier": ("supplier", "vendor", "manufacturer", "supplier 1", "maker", "mfr", "mfg", "manufacturer name", "mfr name", "mfg name", "supplier name", "vendor name"),
    "site": ("site", "plant", "factory", "location", "made at", "manufacturing site", "supplier site"),
    "country": ("country", "origin", "country of origin", "coo", "made in"),
    "price": ("price", "price usd", "unit price", "unit cost", "cost", "price each", "supplier unit price 1", "unit price usd", "unit cost usd", "std cost", "standard cost"),
    "currency": ("currency", "cur", "supplier currency 1"),
    "price_date": ("price date", "quote date", "date", "price as of", "valid from", "quoted"),
    "minimum_order": ("minimum order", "moq", "min order", "minimum order quantity", "min order qty", "minimum qty"),
    "multiple": ("multiple", "order multiple", "pack size", "spq", "pack quantity", "lot size", "standard pack quantity"),
    "capacity": ("capacity", "capacity per week", "weekly capacity"),
    "lead_time": ("lead time", "lead time days", "lead time weeks", "leadtime", "lead time in days", "lead time in weeks", "lt", "factory lead time"),
    "qualification": ("qualification", "qualified", "approval", "avl status", "preferred status", "approval status", "sourcing status"),
    "level": ("level", "supply level"),
    "hts": ("hts", "hts code", "hs code", "tariff code", "htsus", "tariff line", "commodity code", "harmonized code"),
    "controlled_by": ("controlled by", "control", "source control", "sourcing control", "buy type"),
    "grade": ("grade",),
    "source": ("source", "price source", "document"),
    "note": ("note", "notes", "comment", "comments", "remark", "remarks"),
}  # fmt: skip
_CARRIED_UNIT = {
    "price usd": "USD", "unit price usd": "USD", "unit cost usd": "USD", "capacity per week": "/wk", "weekly capacity": "/wk", "lead time days": "d", "lead time in days": "d",
    "lead time weeks": "wk", "lead time in weeks": "wk",
}  # fmt: skip


class TableRow(dict[str, Any]):
    """One row: values by our column names; `place` says where each stands in the file."""

    def __init__(self, values: Mapping[str, Any], file: str, line: int, columns: Mapping[str, int]):
        super().__init__(values)
        self.file = file
        self.line = line
        self.columns = columns

    def place(self, column: str = "") -> Place:
        """File, row and column (from 1) of a value; of the row where the table has no such column."""
        return Place(self.file, self.line, self.columns.get(column, 0))


@dataclass(frozen=True)
class Table:
    """A table as it was read."""

    name: str
    rows: tuple[TableRow, ...]
    mapping: Mapping[str, str] = field(default_factory=dict)  # the file's column name -> ours
    unread: tuple[str, ...] = ()  # columns of the file that nothing was made of

    def __iter__(self) -> Iterator[TableRow]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class _Sheet:
    """Cells as they stand, before any column is recognised; rows keep their number in the file."""

    name: str
    rows: tuple[tuple[int, tuple[Any, ...]], ...]


def read_table(path: str | Path, *, sheet: str = "", name: str = "", aliases: Mapping[str, Sequence[str]] | None = None) -> Table:
    """Rows of a CSV or xlsx file by our column names.

    Parameters
    ----------
    path : str or Path
        a .csv, .tsv, .txt or .xlsx file
    sheet : str
        of a workbook; its first sheet when empty
    name : str
        of the file in messages and sources; its own name, without folders, when empty
    aliases : mapping, optional
        our column names -> names that others use, best first; those of offers when absent

    Raises BadInput: no file, too large, not what its name says, formulas, no header, two columns of one name.
    """
    path = Path(path)
    shown = name or path.name
    _measure(path, shown)
    suffix = path.suffix.lower()
    if suffix == ".xlsx":
        cells = _read_xlsx(path, shown, sheet)
    elif suffix in (".csv", ".tsv", ".txt"):
        cells = _read_csv(path, shown)
    else:
        raise BadInput(Fault(f"'{shown}' is neither CSV nor xlsx", mend="Save it as .csv (UTF-8) or .xlsx; macro workbooks and old .xls are not opened."))
    return _recognise(cells, ALIASES if aliases is None else aliases)


# --- out -----------------------------------------------------------------------------------------------------------


def neutral_cell(value: Any) -> Any:
    """A cell that no spreadsheet runs as a formula: text that begins like one gets an apostrophe; numbers stay."""
    if value is None:
        return ""
    if isinstance(value, str) and value.startswith(_DANGEROUS) and not _NUMBER.match(value):
        return "'" + value
    return value


def write_csv(path: str | Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a table as CSV in UTF-8; every cell, the header too, passes `neutral_cell`."""
    with Path(path).open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([neutral_cell(column) for column in columns])
        for row in rows:
            writer.writerow([neutral_cell(cell) for cell in row])


def _plain(text: str) -> str:
    """Undo `neutral_cell`, so that what we wrote reads back as it was."""
    return text[1:] if text.startswith("'") and text[1:].startswith(_DANGEROUS) else text


# --- in ------------------------------------------------------------------------------------------------------------


def _measure(path: Path, shown: str) -> None:
    try:
        size = path.stat().st_size
    except OSError:
        near = nearest(path.name, [p.name for p in path.parent.iterdir()]) if path.parent.is_dir() else ""
        raise BadInput(Fault(f"no file '{shown}'", nearest=near, mend="Correct the name, or save the table there.")) from None
    if not path.is_file():
        raise BadInput(Fault(f"'{shown}' is not a file", mend="Name a CSV or xlsx file."))
    if size > MAX_BYTES:
        raise BadInput(Fault(f"{shown} is larger than {MAX_BYTES // 1_000_000} MB", mend="Split it, or leave out sheets and columns that are not offers."))


def _decode(raw: bytes, shown: str) -> str:
    codec = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = raw.decode(codec)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise BadInput(Fault(f"not UTF-8 text (byte {error.start})", Place(shown, line), mend="Save it as 'CSV UTF-8'.")) from None
    if "\0" in text:
        raise BadInput(Fault("holds zero bytes: not a text table", Place(shown, text[: text.index("\0")].count("\n") + 1), mend="Save it as 'CSV UTF-8', or as .xlsx."))
    return text


def _delimiter(text: str) -> str:
    """The one of comma, semicolon and tab that stands most often in the first line, outside quotes."""
    first = next((line for line in text.splitlines() if line.strip()), "")[:100_000]
    outside = re.sub(r'"[^"]*"', "", first)
    return max(",;\t", key=outside.count)


def _read_csv(path: Path, shown: str) -> _Sheet:
    text = _decode(path.read_bytes(), shown)
    rows: list[tuple[int, tuple[Any, ...]]] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    line = 1
    try:
        for cells in reader:
            _bound(shown, line, len(cells), len(rows))
            rows.append((line, tuple(_plain(cell) for cell in cells)))
            line = reader.line_num + 1
    except csv.Error as error:
        raise BadInput(Fault(f"not CSV: {error}", Place(shown, line), mend="Check quotes and delimiters here.")) from None
    return _Sheet(shown, tuple(rows))


def _bound(shown: str, line: int, columns: int, rows: int) -> None:
    if columns > MAX_COLUMNS:
        raise BadInput(Fault(f"{columns:,} columns", Place(shown, line), mend=f"At most {MAX_COLUMNS} columns: leave out those that are not needed."))
    if rows >= MAX_ROWS:
        raise BadInput(Fault(f"more than {MAX_ROWS:,} rows", Place(shown, line), mend="Split the table."))


def _read_xlsx(path: Path, shown: str, sheet: str) -> _Sheet:
    _check_archive(path, shown)
    import openpyxl  # here, so that commands that read no workbook do not load it

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=False, keep_links=False)
    except BadInput:
        raise
    except Exception as error:  # openpyxl raises whatever the damaged part raised
        raise BadInput(Fault(f"'{shown}' is not a workbook: {error}"[:300], mend="Open it in a spreadsheet and save it again as .xlsx.")) from None
    try:
        names = [ws.title for ws in book.worksheets]
        if sheet and sheet not in names:
            raise BadInput(Fault(f"no sheet '{sheet}' in {shown}", nearest=nearest(sheet, names), mend=f"Sheets: {', '.join(names[:20])}."))
        if not names:
            raise BadInput(Fault(f"{shown} has no sheet of cells", mend="Put the table on a sheet."))
        worksheet = book[sheet] if sheet else book.worksheets[0]
        return _Sheet(shown, _cells_of(worksheet, shown))
    except BadInput:
        raise
    except Exception as error:
        raise BadInput(Fault(f"'{shown}' is damaged: {error}"[:300], mend="Open it in a spreadsheet and save it again as .xlsx.")) from None
    finally:
        book.close()


def _cells_of(worksheet: Any, shown: str) -> tuple[tuple[int, tuple[Any, ...]], ...]:
    worksheet.reset_dimensions()  # the size that the file states may be a lie; count what is there
    rows: list[tuple[int, tuple[Any, ...]]] = []
    faults: list[Fault] = []
    for line, cells in enumerate(worksheet.iter_rows(), start=1):
        if line > MAX_ROWS:
            _bound(shown, line, 0, MAX_ROWS)
        _bound(shown, line, len(cells), len(rows))
        values = []
        for column, cell in enumerate(cells, start=1):
            kind = getattr(cell, "data_type", "n")
            if kind in ("f", "e"):
                what = f"a formula: '{str(cell.value)[:60]}'" if kind == "f" else f"an error value: '{cell.value}'"
                faults.append(Fault(what, Place(shown, line, column), mend="Formulas are not evaluated: paste the column as values."))
            values.append(cell.value)
        rows.append((line, tuple(values)))
    if faults:
        raise BadInput(faults[:MAX_FAULTS])
    return tuple(rows)


def _check_archive(path: Path, shown: str) -> None:
    """Refuse what would unpack too large, and XML that declares entities, before anything parses it."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            if len(parts) > MAX_PARTS:
                raise BadInput(Fault(f"{shown} holds {len(parts):,} files inside", mend=f"A workbook has fewer than {MAX_PARTS:,}."))
            unpacked = sum(part.file_size for part in parts)
            packed = max(1, path.stat().st_size)
            if unpacked > MAX_UNPACKED_BYTES or unpacked > MAX_RATIO * packed:
                raise BadInput(
                    Fault(f"{shown} would unpack to {unpacked / 1e6:,.0f} MB, {unpacked / packed:,.0f} times its size: not opened", mend="Save a sheet with the offers alone.")
                )
            if any(part.flag_bits & 1 for part in parts):
                raise BadInput(Fault(f"{shown} is locked with a password", mend="Save it without one."))
            for part in parts:
                _check_part(archive, part, shown)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, OSError, EOFError, RuntimeError) as error:
        raise BadInput(Fault(f"'{shown}' is not an xlsx workbook: {error}", mend="Open it in a spreadsheet and save it again as .xlsx.")) from None


def _check_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo, shown: str) -> None:
    """Entities are what XML bombs are made of; no spreadsheet writes a document type."""
    if part.is_dir() or not part.filename.lower().endswith((".xml", ".rels", ".vml")):
        return
    tail = b""
    with archive.open(part) as stream:
        while block := stream.read(1 << 20):
            seen = tail + block
            if b"<!DOCTYPE" in seen or b"<!ENTITY" in seen or (not tail and seen[:2] in (b"\xff\xfe", b"\xfe\xff", b"\x00<", b"<\x00")):
                raise BadInput(
                    Fault(f"{shown}: '{part.filename}' inside declares entities or is not UTF-8: not opened", mend="Open it in a spreadsheet and save it again as .xlsx.")
                )
            tail = seen[-16:]


# --- columns -------------------------------------------------------------------------------------------------------


def _recognise(sheet: _Sheet, aliases: Mapping[str, Sequence[str]]) -> Table:
    """Name the columns by the first row that is not empty, and give the rows under it."""
    filled = [(line, cells) for line, cells in sheet.rows if any(_text(cell) for cell in cells)]
    if not filled:
        raise BadInput(Fault(f"{sheet.name} holds no rows", mend="The first row names the columns."))
    head_line, head = filled[0]
    headers = [_text(cell) for cell in head]
    faults = [
        Fault(f"column '{header}' stands twice", Place(sheet.name, head_line, index + 1), mend="Keep one of them.")
        for index, header in enumerate(headers)
        if header and header in headers[:index]
    ]
    chosen = _choose(headers, aliases)
    columns = {ours: index + 1 for ours, (index, _) in chosen.items()}
    rows: list[TableRow] = []
    for line, cells in filled[1:]:
        values: dict[str, Any] = {}
        for ours, (index, unit) in chosen.items():
            cell = cells[index] if index < len(cells) else None
            if isinstance(cell, str) and len(cell) > MAX_CELL:
                faults.append(Fault(f"a cell of {len(cell):,} characters", Place(sheet.name, line, index + 1), mend=f"At most {MAX_CELL:,}."))
                continue
            if (value := _value(cell, unit)) != "":
                values[ours] = value
        rows.append(TableRow(values, sheet.name, line, columns))
    if faults:
        raise BadInput(faults[:MAX_FAULTS])
    taken = {index for index, _ in chosen.values()}
    return Table(sheet.name, tuple(rows), {headers[index]: ours for ours, (index, _) in chosen.items()}, tuple(h for i, h in enumerate(headers) if h and i not in taken))


def _choose(headers: Sequence[str], aliases: Mapping[str, Sequence[str]]) -> dict[str, tuple[int, str]]:
    """For each of our columns the header that names it best: (index, unit that the header carries)."""
    chosen: dict[str, tuple[int, str]] = {}
    folded = [_fold(header) for header in headers]
    for ours, names in aliases.items():
        ranks = [(names.index(name), index, unit) for index, (name, unit) in enumerate(folded) if name in names]
        if ranks:
            _, index, unit = min(ranks)
            chosen[ours] = (index, unit)
    return chosen


def _fold(header: str) -> tuple[str, str]:
    """A header in lower case without signs, and the unit that it carries: "Lead_Time (weeks)" -> ("lead time", "weeks")."""
    unit = ""
    if match := _UNIT_IN_HEADER.match(header):
        header, unit = match["name"], match["unit"].strip()
    name = " ".join(re.sub(r"[^0-9a-z]+", " ", header.lower()).split())
    return name, unit or _CARRIED_UNIT.get(name, "")


def _text(cell: Any) -> str:
    return "" if cell is None else str(cell).strip()


def _value(cell: Any, unit: str) -> Any:
    """A cell as text, number or ISO date; a bare number gets the unit of its header."""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, bool) or cell is None:
        return "" if cell is None else str(cell).lower()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        cell = int(cell)
    if unit and (isinstance(cell, (int, float)) or _BARE.match(str(cell))):
        return f"{str(cell).strip()} {unit}"
    return cell if isinstance(cell, (int, float)) else str(cell).strip()
