"""The report as a file: no host in it, no way out of its data, every table beside it."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest

from rackloom.errors import BadInput
from rackloom.program import load_program, make_plan
from rackloom.report import csv_tables, page, write_plan

ATTACK = "</script><script>alert(1)</script>"
BOTH = pytest.mark.parametrize("name", ["frontier", "first"])


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A plan whose texts try to leave their place in the page."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "program.yaml").write_text(
        f"as_of: 2026-11-22\nname: 'N {ATTACK}'\nparties: {{lab: 'L {ATTACK}', manufacturer: '=cmd|calc'}}\ngenerations:\n  now: {{rack: gb200-nvl72, volume_from: 2026-Q4}}\n",
        encoding="utf-8",
    )
    return make_plan(load_program(folder / "program.yaml"))


@BOTH
def test_nothing_in_the_page_points_at_a_host(reports, name):
    text = (reports[name] / "report.html").read_text(encoding="utf-8")
    links = re.findall(r"""<[^>]*\s(?:src|href|action|srcset|data|poster|formaction|xlink:href)\s*=\s*["']?([^"'\s>]+)""", text.partition('<script type="application/json"')[0])
    assert links
    assert [link for link in links if not link.startswith(("#", "data:,"))] == []
    assert "@import" not in text
    assert not re.search(r"url\(\s*['\"]?(?:https?:)?//", text)
    assert not re.search(r"\b(?:fetch|XMLHttpRequest|WebSocket|EventSource|sendBeacon|import)\s*\(", text.rpartition("<script>")[2])
    assert "default-src 'none'" in text


def test_texts_of_a_program_cannot_become_markup(hostile):
    text = page(hostile.data)
    assert ATTACK not in text
    assert "<script>alert" not in text
    assert text.count("<script") == text.count("</script>") == 2
    assert text.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 3  # title, heading, parties


def test_a_key_of_the_ledger_cannot_end_its_element(hostile):
    data = {**hostile.data, "ledger": [{**hostile.data["ledger"][0], "note": ATTACK}, *hostile.data["ledger"][1:]]}
    text = page(data)
    assert text.count("</script>") == 2
    kept = json.loads(re.search(r'<script type="application/json" id="ledger">(.*?)</script>', text, re.DOTALL)[1])
    assert kept[0]["note"] == ATTACK


@BOTH
def test_ids_are_unique(reports, name):
    found = re.findall(r'\bid="([^"]+)"', (reports[name] / "report.html").read_text(encoding="utf-8"))
    assert len(found) == len(set(found)), sorted({entry for entry in found if found.count(entry) > 1})


@BOTH
def test_every_table_of_the_page_lies_beside_it(reports, plans, name):
    folder = reports[name]
    assert json.loads((folder / "plan.json").read_text(encoding="utf-8")) == json.loads(json.dumps(plans[name].data))
    shown = set(re.findall(r'data-table="([^"]+)"', (folder / "report.html").read_text(encoding="utf-8")))
    written = {path.stem for path in (folder / "tables").glob("*.csv")}
    assert shown
    assert written == shown | {"ledger"}
    for path in (folder / "tables").glob("*.csv"):
        rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
        assert len({len(row) for row in rows}) == 1, path.name


def test_the_ledger_file_holds_plain_numbers(reports, plans):
    rows = list(csv.DictReader(io.StringIO((reports["first"] / "tables" / "ledger.csv").read_text(encoding="utf-8"))))
    assert len(rows) == len(plans["first"].data["ledger"])
    load = next(row for row in rows if row["key"] == "designs.now.power_load_w")
    # 18 compute trays, 9 switch trays and 2 management switches make the load: tens of kilowatts at the least, in watts.
    assert 1e5 < float(load["low"]) < float(load["value"]) < float(load["high"]) < 2e5
    assert load["unit"] == "W"


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-cmd", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_of_a_file_runs_as_a_formula(hostile, text):
    designs = {name: {**rack, "title": text} for name, rack in hostile.data["designs"].items()}
    rows = list(csv.reader(io.StringIO(csv_tables({**hostile.data, "designs": designs})["racks"], newline="")))
    assert rows[1][1] == "'" + text.replace("\r", "\n")  # a bare carriage return would begin a new row


def test_a_file_in_the_place_of_the_folder_is_refused(plans, tmp_path):
    (tmp_path / "out").write_text("mine", encoding="utf-8")
    with pytest.raises(BadInput, match="is a file"):
        write_plan(plans["first"], tmp_path / "out")
    assert (tmp_path / "out").read_text(encoding="utf-8") == "mine"
