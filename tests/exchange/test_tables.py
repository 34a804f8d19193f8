"""Tables in and out: columns of common tools, and files that mean harm."""

from __future__ import annotations

import csv
import zipfile
from datetime import date

import openpyxl
import pytest

from rackloom.errors import BadInput
from rackloom.exchange import tables
from rackloom.exchange.tables import neutral_cell, read_table, write_csv
from rackloom.supply import read_offers


def csv_file(tmp_path, text, name="offers.csv", encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return path


def workbook(tmp_path, rows, name="offers.xlsx"):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    path = tmp_path / name
    book.save(path)
    return path


# --- what is read --------------------------------------------------------------------------------------------------


def test_csv_by_our_own_names(tmp_path):
    table = read_table(csv_file(tmp_path, "part,supplier,country,price_usd,price_date,lead_time_days\nuqd-04,Own A,US,48.5,2026-05-01,30\n"))
    (row,) = table
    assert row == {"part": "uqd-04", "supplier": "Own A", "country": "US", "price": "48.5 USD", "price_date": "2026-05-01", "lead_time": "30 d"}
    assert table.mapping == {"part": "part", "supplier": "supplier", "country": "country", "price_usd": "price", "price_date": "price_date", "lead_time_days": "lead_time"}


@pytest.mark.parametrize(
    ("header", "part", "supplier"),
    [
        ("Reference,Value,MPN,Manufacturer", "MPN", "Manufacturer"),  # KiCad
        ("Comment,Designator,Manufacturer Part Number 1,Supplier 1", "Manufacturer Part Number 1", "Supplier 1"),  # Altium
        ("Item Number,Item Name,Manufacturer Item Number,Manufacturer", "Manufacturer Item Number", "Manufacturer"),  # Arena: the maker's number is the part
        ("Number,Name,Vendor", "Number", "Vendor"),  # Windchill
    ],
)
def test_columns_of_common_tools(tmp_path, header, part, supplier):
    table = read_table(csv_file(tmp_path, header + "\n" + "x," * header.count(",") + "x\n"))
    assert {ours: theirs for theirs, ours in table.mapping.items()} | {"part": part, "supplier": supplier} == {ours: theirs for theirs, ours in table.mapping.items()}


def test_mapping_tells_what_was_not_read(tmp_path):
    table = read_table(csv_file(tmp_path, "Part,Vendor,Shoe size\na,b,c\n"))
    assert table.unread == ("Shoe size",)


def test_units_stand_in_headers(tmp_path):
    (row,) = read_table(csv_file(tmp_path, "part;Unit Price [USD];Lead time (weeks);Weekly capacity\na;1200;8 to 12;400\n"))
    assert (row["price"], row["lead_time"], row["capacity"]) == ("1200 USD", "8 to 12 weeks", "400 /wk")


def test_delimiters_quotes_and_byte_order_marks(tmp_path):
    for text, encoding in (("part\tsupplier\na\tB, C\n", "utf-8-sig"), ('part,supplier\na,"B, C"\n', "utf-16"), ('part;supplier\n"a";"B, C"\n', "utf-8")):
        (row,) = read_table(csv_file(tmp_path, text, encoding=encoding))
        assert row == {"part": "a", "supplier": "B, C"}


def test_places_are_file_row_column(tmp_path):
    rows = read_table(csv_file(tmp_path, 'supplier,part\n"two\nlines",a\nB,b\n'), name="offers.csv").rows
    assert [str(row.place("part")) for row in rows] == ["offers.csv:2:2", "offers.csv:4:2"]
    assert str(rows[0].place("country")) == "offers.csv:2"


def test_offers_from_a_workbook_and_back(tmp_path):
    path = workbook(
        tmp_path,
        [
            ["Part", "Supplier", "Plant", "Country of origin", "Price (USD)", "Quote date", "MOQ", "Capacity per week", "Lead time (weeks)", "HTS code"],
            ["uqd-04", "Own A", "East", "US", 48.5, date(2026, 5, 1), 100, 5000, 4, "8419.90.30"],
            [None] * 10,
            ["shelf-33kw", "Own B", "West", "MX", 9000, date(2026, 5, 2), None, None, "8 to 12", "8504.40.60"],
        ],
    )
    one, two = read_offers(read_table(path, name="offers.xlsx"))
    assert (one.part, one.supplier, one.site, one.country, one.price_usd.value, one.price_date) == ("uqd-04", "Own A", "East", "US", 48.5, date(2026, 5, 1))
    assert (one.minimum_order, one.capacity_per_week.value, one.lead_time_days.value) == (100.0, 5000.0, 28.0)
    assert (two.lead_time_days.low, two.lead_time_days.high, two.capacity_per_week) == (56.0, 84.0, None)
    assert two.price_usd.source == "offers.xlsx:4:5"
    out = tmp_path / "back.csv"
    write_csv(out, ["part", "supplier", "country", "price_usd", "price_date"], [[o.part, o.supplier, o.country, o.price_usd.value, o.price_date] for o in (one, two)])
    again = read_offers(read_table(out))
    assert [(o.part, o.price_usd.value) for o in again] == [("uqd-04", 48.5), ("shelf-33kw", 9000.0)]


# --- what is written -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x")'])
def test_cells_that_look_like_formulas_are_neutralised(text):
    assert neutral_cell(text) == "'" + text


@pytest.mark.parametrize("value", ["-12.5", "+3e8", "1,200", "plain", "a=b", 12, -3.5, "-1e-4"])
def test_numbers_and_plain_text_stay(value):
    assert neutral_cell(value) == value


def test_what_is_written_reads_back_as_it_was(tmp_path):
    path = tmp_path / "out.csv"
    write_csv(path, ["part", "note"], [["-a", "=1+1"], ["b", -1.5]])
    with path.open(newline="") as handle:
        assert list(csv.reader(handle)) == [["part", "note"], ["'-a", "'=1+1"], ["b", "-1.5"]]
    assert [dict(row) for row in read_table(path)] == [{"part": "-a", "note": "=1+1"}, {"part": "b", "note": "-1.5"}]


# --- what is refused -----------------------------------------------------------------------------------------------


def refused(path, **more):
    with pytest.raises(BadInput) as caught:
        read_table(path, name=path.name, **more)
    return str(caught.value)


def test_formulas_are_refused_with_their_places(tmp_path):
    told = refused(workbook(tmp_path, [["part", "price_usd"], ["a", "=1+1"], ["b", '=WEBSERVICE("http://x")']]))
    assert "offers.xlsx:2:2: a formula: '=1+1'" in told
    assert "offers.xlsx:3:2" in told


def test_a_zip_bomb_is_not_opened(tmp_path, monkeypatch):
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 30_000_000)
    assert path.stat().st_size < 100_000
    monkeypatch.setattr(openpyxl, "load_workbook", lambda *a, **k: pytest.fail("it was opened"))
    assert "times its size: not opened" in refused(path)


def test_entities_in_the_xml_are_not_expanded(tmp_path, monkeypatch):
    good = workbook(tmp_path, [["part"], ["a"]])
    path = tmp_path / "laughs.xlsx"
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(path, "w") as target:
        for info in source.infolist():
            data = source.read(info)
            if info.filename == "xl/workbook.xml":
                data = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>' + data
            target.writestr(info.filename, data)
    monkeypatch.setattr(openpyxl, "load_workbook", lambda *a, **k: pytest.fail("it was opened"))
    assert "declares entities" in refused(path)


def test_a_stated_size_of_a_million_columns_is_not_believed(tmp_path):
    good = workbook(tmp_path, [["part", "supplier"], ["a", "b"]])
    path = tmp_path / "wide.xlsx"
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for info in source.infolist():
            target.writestr(info.filename, source.read(info).replace(b'ref="A1:B2"', b'ref="A1:XFD1048576"'))
    (row,) = read_table(path)
    assert row == {"part": "a", "supplier": "b"}


def test_too_many_columns_and_rows(tmp_path, monkeypatch):
    assert "1,000,001 columns" in refused(csv_file(tmp_path, "," * 1_000_000 + "\n"))
    assert "columns" in refused(workbook(tmp_path, [["x"] * 300]))
    monkeypatch.setattr(tables, "MAX_ROWS", 10)
    assert "more than 10 rows" in refused(csv_file(tmp_path, "part\n" + "a\n" * 20))
    assert "more than 10 rows" in refused(workbook(tmp_path, [["part"]] + [["a"]] * 20))


def test_large_files_cells_and_zero_bytes(tmp_path, monkeypatch):
    assert "characters" in refused(csv_file(tmp_path, "part\n" + "a" * 20_000 + "\n"))
    assert "zero bytes" in refused(csv_file(tmp_path, "part\na\0b\n"))
    assert "not UTF-8" in refused(csv_file(tmp_path, "part\nZürich\n", encoding="latin-1"))
    monkeypatch.setattr(tables, "MAX_BYTES", 10)
    assert "larger than" in refused(csv_file(tmp_path, "part\naaaaaaaaaaaa\n"))


def test_files_that_are_not_what_they_say(tmp_path):
    path = tmp_path / "offers.xlsx"
    path.write_bytes(b"not a zip")
    assert "not an xlsx workbook" in refused(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    assert "is not a workbook" in refused(path)
    assert "neither CSV nor xlsx" in refused(csv_file(tmp_path, "x", "offers.xlsm"))
    assert "no file" in refused(tmp_path / "offer.csv")
    assert "holds no rows" in refused(csv_file(tmp_path, "\n,,\n"))
    assert "not CSV" in refused(csv_file(tmp_path, 'part\n"open\n'))


def test_a_truncated_workbook_is_refused(tmp_path):
    good = workbook(tmp_path, [["part"], ["a"]])
    cut = tmp_path / "cut.xlsx"
    cut.write_bytes(good.read_bytes()[:-200])
    assert "cut.xlsx" in refused(cut)


def test_two_columns_of_one_name_and_a_wrong_sheet(tmp_path):
    assert "column 'part' stands twice" in refused(csv_file(tmp_path, "part,part\na,b\n"))
    assert "no sheet 'Ofers'" in refused(workbook(tmp_path, [["part"], ["a"]]), sheet="Ofers")
