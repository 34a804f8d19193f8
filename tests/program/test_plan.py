"""The thread, end to end, on the shipped examples."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rackloom.program import diff_plans, explain, load_plan, load_program, make_plan, to_json
from rackloom.report import write_plan

ROOT = Path(__file__).resolve().parents[2]
FRONTIER = ROOT / "examples" / "frontier" / "program.yaml"
FIRST = ROOT / "examples" / "first" / "program.yaml"
PLAIN = ("own:", "http", ".yaml:", ".csv:", ".json")  # a private document, a public address, or a line of the user's own file
RUN = "import sys; from rackloom.cli import main; main()"


@pytest.fixture(scope="module")
def frontier():
    return make_plan(load_program(FRONTIER))


@pytest.fixture(scope="module")
def first():
    return make_plan(load_program(FIRST))


def test_every_stage_answers_on_the_frontier_example(frontier):
    for key in ("needs", "envelope", "designs", "roadmap", "supply", "factory", "evaluation", "option", "ledger", "sources", "answer"):
        assert frontier.data[key], key
    assert set(frontier.data["designs"]) == {"baseline", "gb200", "gb300", "rubin", "helios", "custom"}
    assert len(frontier.data["needs"]) == 3
    assert all(len(need["estimates"]) == 6 for need in frontier.data["needs"].values())
    assert len(frontier.data["answer"]["tiles"]) == 6
    assert len(frontier.data["answer"]["flips"]) == 5
    assert frontier.data["skipped"] == {}


def test_the_ledger_has_no_holes_and_only_finite_figures(frontier):
    assert frontier.ledger.dangling() == []
    known = frontier.data["sources"]
    for row in frontier.ledger:
        assert math.isfinite(row.value), row.key
        assert row.low is None or row.low <= row.value * (1 + 1e-9) + 1e-12 or row.value < 0, row.key
        if not row.formula:
            assert row.sources, row.key
            assert row.grade in "ABCDE", row.key
            assert all(source in known or any(mark in source for mark in PLAIN) for source in row.sources), row.key


def test_intervals_hold_the_value_that_is_shown(frontier):
    outside = [row.key for row in frontier.ledger if row.low is not None and row.formula and not (row.low - 1e-9 * abs(row.low) <= row.value <= row.high + 1e-9 * abs(row.high))]
    assert outside == []


@pytest.mark.parametrize(
    "key",
    ["designs.gb300.power_load_w", "designs.gb300.coolant_flow_m3_per_s", "supply.gb300.content_tray_share", "factory.gb300.racks_per_week", "option.value_usd"],
)
def test_explain_ends_in_sources_or_marked_assumptions(frontier, key):
    answer = explain(frontier, key)
    assert answer.steps[0].row.formula
    assert answer.roots
    for root in answer.roots:
        assert root.sources
        assert root.grade == "E" or any(s in frontier.data["sources"] or any(mark in s for mark in PLAIN) for s in root.sources)
    assert all(row.grade in ("D", "E") for row in answer.assumptions)


def test_announced_and_assumed_hardware_is_marked(frontier):
    status = {name: rack["status"] for name, rack in frontier.data["designs"].items()}
    assert status["rubin"] == status["helios"] == "announced"
    assert status["custom"] == "assumed"
    custom = [row for row in frontier.ledger if row.key.startswith("catalog.custom-x1.") and row.unit != "1"]
    assert custom
    assert all(row.grade == "E" for row in custom)
    assert any(row.announced for row in frontier.ledger if row.key.startswith("catalog.vr200."))


def test_same_plan_in_other_folders_and_with_other_hash_seeds(tmp_path):
    texts = []
    for name, seed in (("one", "1"), ("two", "77")):
        shutil.copytree(FRONTIER.parent, tmp_path / name / "deep" / "frontier")
        command = [sys.executable, "-c", RUN, "plan", "deep/frontier/program.yaml", "--json"]
        done = subprocess.run(command, cwd=tmp_path / name, capture_output=True, text=True, env={**os.environ, "PYTHONHASHSEED": seed}, timeout=200)
        assert done.returncode == 1, done.stderr
        assert sorted(p.name for p in (tmp_path / name).iterdir()) == ["deep"]  # --json alone writes nothing
        texts.append(done.stdout)
    assert texts[0] == texts[1]
    assert set(json.loads(texts[0])) >= {"needs", "envelope", "designs", "roadmap", "supply", "factory", "evaluation", "option", "ledger"}
    assert str(tmp_path) not in texts[0]


def test_a_small_program_runs_only_the_stages_that_it_names(first):
    assert set(first.data["skipped"]) == {"supply", "line", "evaluation", "option"}
    assert all("to see" in sentence for sentence in first.data["skipped"].values())
    assert first.data["supply"] == first.data["factory"] == first.data["option"] == {}
    assert first.line.startswith(("YES: ", "NOT YET: "))


def test_a_plan_is_saved_and_read_back(first, tmp_path):
    folder = write_plan(first, tmp_path / "out")
    again = load_plan(folder)
    assert again.line == first.line
    assert again.ledger.keys() == first.ledger.keys()
    assert diff_plans(first, again) == []
    assert (folder / "report.html").is_file()
    assert (folder / "tables" / "ledger.csv").is_file()
    assert not list(folder.rglob(".*"))


def test_the_store_answers_the_same_question_again(tmp_path, monkeypatch):
    fresh = make_plan(load_program(FIRST), store=tmp_path)
    assert len(list(tmp_path.iterdir())) == 1
    monkeypatch.setattr("rackloom.program.plan.run_needs", lambda *rest: pytest.fail("computed again"))
    kept = make_plan(load_program(FIRST), store=tmp_path)
    assert to_json(kept.data) == to_json(fresh.data)


def test_diff_names_what_moved_and_why(first, tmp_path):
    shutil.copytree(FIRST.parent, tmp_path / "first")
    text = (tmp_path / "first" / "program.yaml").read_text()
    assert "rate: 1e5 tok/s" in text
    (tmp_path / "first" / "program.yaml").write_text(text.replace("rate: 1e5 tok/s", "rate: 2e5 tok/s"))
    moves = {move.key: move for move in diff_plans(first, make_plan(load_program(tmp_path / "first" / "program.yaml")))}
    accelerators = moves["needs.chat.now.accelerators_count"]
    assert accelerators.cause_kinds == ("inputs",)
    assert "program.needs.chat.rate" in accelerators.causes
    assert "needs.chat.now.tpot_s" not in moves  # the rate does not change how fast one answer comes


def test_an_assumption_of_the_program_replaces_a_figure_and_keeps_it_beside(tmp_path):
    shutil.copytree(FIRST.parent, tmp_path / "first")
    path = tmp_path / "first" / "program.yaml"
    path.write_text(path.read_text() + "assumptions: {gb200.tdp_w: 1300 W}\nscenarios: {hot: {gb200.tdp_w: 1500 W}}\n")
    row = make_plan(load_program(path)).ledger["catalog.gb200.tdp_w"]
    assert (row.value, row.grade) == (1300.0, "E")
    assert row.sources[0].startswith("program.yaml:")
    assert "1200 W" in row.passed_over[0]
    assert make_plan(load_program(path, scenario="hot")).ledger["catalog.gb200.tdp_w"].value == 1500.0


def test_more_effort_moves_only_intervals(first):
    full = make_plan(load_program(FIRST), effort="full")
    for row in full.ledger:
        if row.key.startswith("designs.") and "median" not in row.note:
            assert row.value == pytest.approx(first.ledger[row.key].value, rel=1e-12)


def test_plan_json_is_as_its_schema_says(frontier, first):
    jsonschema = pytest.importorskip("jsonschema")
    from rackloom.program.plan_schema import plan_schema

    jsonschema.Draft202012Validator.check_schema(plan_schema())
    validator = jsonschema.Draft202012Validator(plan_schema())
    for plan in (frontier, first):
        assert list(plan.data) == plan_schema()["required"]
        assert [error.message for error in validator.iter_errors(json.loads(to_json(plan.data)))] == []


def test_a_program_comes_by_standard_input_too(first):
    done = subprocess.run([sys.executable, "-c", RUN, "plan", "-", "--json"], cwd=FIRST.parent, input=FIRST.read_text(), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["answer"]["line"] == first.line
    broken = subprocess.run([sys.executable, "-c", RUN, "plan", "-"], cwd=FIRST.parent, input="as_of: nonsense", capture_output=True, text=True, timeout=120)
    assert broken.returncode == 2
    assert "standard input:1:8" in broken.stderr


def test_only_what_fails_the_chosen_generation_blocks_the_answer(tmp_path):
    path = tmp_path / "p.yaml"
    path.write_text(
        "as_of: 2026-11-22\n"
        "needs:\n  chat: {model: llama-3.1-70b, start: 2027-06-01, rate: 1e5 tok/s, input: 2000, output: 500, tpot: 50 ms}\n"
        "generations:\n  good: {rack: gb200-nvl72, volume_from: 2026-Q1}\n"
        "  bad: {rack: {like: gb200-nvl72, coolant: {supply: 44 C}}, volume_from: 2027-Q1}\n"
        "demand: {good: 12 racks/quarter, bad: 12 racks/quarter}\n"
    )
    plan = make_plan(load_program(path))
    assert plan.data["answer"]["chosen"] == "good"
    assert plan.line.startswith("YES: good")
    assert "Blocks" not in plan.line
    assert [failure["blocks"] for failure in plan.data["answer"]["failures"]]
    assert not any(failure["blocks"] for failure in plan.data["answer"]["failures"])
    assert plan.failed  # something failed its check all the same: exit status 1
