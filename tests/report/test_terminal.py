"""A plan on the terminal."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from rackloom.report import print_plan
from rackloom.report.tables import all_sections
from rackloom.report.terminal import MOST_ROWS, SHOWN


@pytest.fixture
def printed(plans, capsys):
    """Prints an example's plan; nothing may pass by the console that it was given."""

    def show(name, folder=Path("out/first"), width=160):
        out = io.StringIO()
        print_plan(plans[name], Console(file=out, width=width, color_system=None), folder)
        caught = capsys.readouterr()
        assert caught.out == caught.err == ""
        return out.getvalue()

    return show


def test_inputs_come_first_as_they_were_read(printed, plans):
    text = printed("first")
    label, words = plans["first"].data["program"]["echo"][0]
    assert text.startswith(f"{label}: {words[:60]}")
    for label, _ in plans["first"].data["program"]["echo"]:
        assert f"{label}: " in text.partition("How each generation runs it")[0]


def test_the_answer_and_the_report_come_last(printed, plans):
    lines = [line for line in printed("first").splitlines() if line.strip()]
    assert lines[-2] == plans["first"].line
    assert lines[-1] == f"Report: {Path('out/first') / 'report.html'}"


def test_without_a_folder_no_report_is_named(printed):
    assert "Report:" not in printed("first", folder=None)


@pytest.mark.parametrize("name", ["first", "frontier"])
def test_every_stage_that_ran_has_its_table(printed, plans, name):
    text = printed(name)
    for section in all_sections(plans[name].data):
        for table in section.tables:
            assert (table.title in text) == (table.id in SHOWN and bool(table.rows)), table.id


def test_a_skipped_stage_says_what_it_would_answer(printed, plans):
    text = " ".join(printed("first").split())
    assert len(plans["first"].data["skipped"]) == 4
    for sentence in plans["first"].data["skipped"].values():
        assert f"Skipped. {sentence}" in text


def test_failures_stand_before_the_answer_worst_first(printed, plans):
    text = printed("frontier", width=400)
    failures = plans["frontier"].data["answer"]["failures"]
    places = [text.index(f"  {failure['what']} [{failure['stage']}]") for failure in failures]
    assert places == sorted(places)
    assert places[-1] < text.index(plans["frontier"].line)


def test_long_tables_are_cut_and_say_so(printed, plans):
    text = printed("frontier")
    table = next(table for section in all_sections(plans["frontier"].data) for table in section.tables if table.id == "needs-estimates")
    assert len(table.rows) > MOST_ROWS
    assert f"{len(table.rows) - MOST_ROWS} more rows in the report" in text


def test_there_are_no_colours_and_no_marks_of_markup_where_none_are_wanted(printed):
    text = printed("frontier")
    assert "\x1b" not in text
    assert not re.search(r"\[/?(?:bold|dim|red|green)", text)
