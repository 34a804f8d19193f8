"""The program file: the acceptance sketch, dates, and every kind of fault at its place."""

from __future__ import annotations

from datetime import date

import pytest

from rackloom.errors import BadInput
from rackloom.figures import Range
from rackloom.program.fields import read_date, read_window
from rackloom.program.file import ProgramFile
from rackloom.reading import parse_yaml
from rackloom.strict import build
from tests.sketches import PROGRAM as SKETCH


def test_the_sketch_is_read_as_it_stands():
    file = build(ProgramFile, parse_yaml(SKETCH, "program.yaml"))
    assert file.as_of == date(2026, 11, 22)
    assert file.needs["pretrain"].within == Range(90 * 86400.0, 90 * 86400.0)
    assert file.needs["chat"].growth == Range(2.0, 3.5)
    assert file.generations["next"].volume_from == date(2027, 10, 1)
    assert file.demand["now"].low == pytest.approx(200 * 7 / (365.25 / 4))
    assert (file.option.window.first, file.option.window.last) == (date(2027, 3, 1), date(2028, 3, 31))
    assert file.option.price == Range(3.9e6, 3.9e6)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2027-06-15", date(2027, 6, 15), date(2027, 6, 15)),
        ("2028-02", date(2028, 2, 1), date(2028, 2, 29)),
        ("2027-Q4", date(2027, 10, 1), date(2027, 12, 31)),
    ],
)
def test_dates_are_days_months_or_quarters(text, first, last):
    assert read_date(text) == first
    assert read_date(text, end=True) == last


@pytest.mark.parametrize("text", ["2027-13", "2027-Q5", "June 2027", "2027-02-30", 2027])
def test_other_dates_are_refused(text):
    with pytest.raises(ValueError, match="is not a date"):
        read_date(text)


def test_a_window_runs_forward():
    with pytest.raises(ValueError, match="ends before it begins"):
        read_window("2028-03 to 2027-03")


PLANTED = [
    ("as_of: 2026-11-22", "as_of: 2026-11-22\ncolour: blue", "unknown key 'colour'"),
    ("tokens: 15e12", "tokens: -5", "a number of tokens is more than 0"),
    ("rate: 2e6 tok/s", "rate: 132", "has no unit"),
    ("within: 90 d", "within: 90 kg", "is not a unit for this"),
    ("volume_from: 2026-Q4", "volume_from: 2026-Q7", "is not a date"),
    ("enter_as: tray", "enter_as: box", "'rack', 'tray' or 'parts'"),
    ("price: 3.9 MUSD", "price: 3.9", "such as '3.9 MUSD'"),
    ("racks_per_week: 40", "racks_per_week: lots", "is not a quantity"),
    ("ttft_p95: 2 s", "tttf_p95: 2 s", "nearest: 'ttft_p95'"),
    ("rack: gb300-nvl72", "raack: gb300-nvl72", "'rack' is missing"),
    ("tokens: 15e12, within: 90 d", "tokens: 15e12", "a training need also says within"),
    ("input: 2000", "input: 2000, tokens: 1e12", "not both"),
    ("as_of: 2026-11-22\n", "", "'as_of' is missing"),
    ("supply: {use: us-2026, offers: offers.xlsx, enter_as: tray}", "supply: {enter_as: tray}", "supply names a preset"),
    ("growth: 2 to 3.5 /yr", "growth: 3.5 to 2 /yr", "the first of a range is the smaller one"),
]


@pytest.mark.parametrize(("old", "new", "words"), PLANTED, ids=[words for *_, words in PLANTED])
def test_one_planted_fault_is_named_with_its_line(old, new, words):
    assert old in SKETCH
    text = SKETCH.replace(old, new, 1)
    with pytest.raises(BadInput) as caught:
        build(ProgramFile, parse_yaml(text, "program.yaml"))
    shown = str(caught.value)
    assert words in shown
    assert all(fault.place is not None and fault.place.line >= 1 for fault in caught.value.faults)


def test_ten_faults_are_told_at_once():
    text = SKETCH
    for old, new, _ in PLANTED[:10]:
        text = text.replace(old, new, 1)
    with pytest.raises(BadInput) as caught:
        build(ProgramFile, parse_yaml(text, "program.yaml"))
    assert len(caught.value.faults) == 11  # 'raack' is both an unknown key and a missing 'rack'; with nine more
    lines = [fault.place.line for fault in caught.value.faults]
    assert lines == sorted(lines)


@pytest.mark.parametrize("section", ["release: policy.yaml", "schedule: {}"])
def test_sections_of_later_releases_are_refused_by_name(section):
    with pytest.raises(BadInput, match=f"does not read '{section.partition(':')[0]}' yet"):
        build(ProgramFile, parse_yaml(SKETCH + section + "\n", "program.yaml"))


def test_the_schema_names_every_section():
    schema = ProgramFile.model_json_schema()
    assert {"as_of", "needs", "generations", "demand", "supply", "line", "evaluation", "option"} <= set(schema["properties"])
