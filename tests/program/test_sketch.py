"""The two files of the design that must work as they stand: a program and a rack of differences."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import openpyxl
import pytest

from rackloom.catalog import data_folder
from rackloom.program import load_program, make_plan
from tests.sketches import PROGRAM, RACK

# After the OCP test and validation output specification 2.0 (opencomputeproject/ocp-diag-core, json_spec, MIT).
RESULTS = [
    {"schemaVersion": {"major": 2, "minor": 0}, "sequenceNumber": 0, "timestamp": "2026-11-20T08:00:00Z"},
    {"testRunArtifact": {"testRunStart": {"name": "rack power", "version": "1", "commandLine": "", "parameters": {"design": "gb300-nvl72"}, "dutInfo": {"dutInfoId": "R1", "name": "rack 1"}}},
     "sequenceNumber": 1, "timestamp": "2026-11-20T08:00:01Z"},
    {"testStepArtifact": {"testStepId": "0", "testStepStart": {"name": "load"}}, "sequenceNumber": 2, "timestamp": "2026-11-20T08:00:02Z"},
    {"testStepArtifact": {"testStepId": "0", "measurement": {"name": "power_load", "value": 138.5, "unit": "kW"}}, "sequenceNumber": 3, "timestamp": "2026-11-20T08:10:00Z"},
    {"testStepArtifact": {"testStepId": "0", "testStepEnd": {"status": "COMPLETE"}}, "sequenceNumber": 4, "timestamp": "2026-11-20T08:10:01Z"},
    {"testRunArtifact": {"testRunEnd": {"status": "COMPLETE", "result": "PASS"}}, "sequenceNumber": 5, "timestamp": "2026-11-20T08:10:02Z"},
]  # fmt: skip


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    folder: Path = tmp_path_factory.mktemp("sketch")
    for name in ("configs", "racks", "results"):
        (folder / name).mkdir()
    shutil.copy(data_folder() / "models" / "qwen3-30b-a3b.json", folder / "configs" / "moe.json")
    (folder / "racks" / "next.yaml").write_text(RACK)
    (folder / "results" / "rack1.jsonl").write_text("\n".join(json.dumps(line) for line in RESULTS))
    book = openpyxl.Workbook()
    book.active.append(["Part", "Supplier", "Country", "Unit Price", "Price Date", "Lead Time (days)"])
    book.active.append(["busbar-nvl72", "Own Busbars", "US", "3000 USD", "2026-11-01", 40])
    book.save(folder / "offers.xlsx")
    (folder / "program.yaml").write_text(PROGRAM)
    return make_plan(load_program(folder / "program.yaml"))


def test_the_program_works_as_it_stands(plan):
    for key in ("needs", "envelope", "designs", "roadmap", "supply", "factory", "evaluation", "option"):
        assert plan.data[key], key
    assert plan.ledger.dangling() == []
    assert plan.data["skipped"] == {}


def test_the_users_own_offer_wins_over_the_preset(plan):
    busbar = next(line for line in plan.data["supply"]["generations"]["now"]["lines"] if line["part"] == "busbar-nvl72")
    assert busbar["supplier"] == "Own Busbars"
    assert busbar["unit_price_usd"] in (3000.0, pytest.approx(3000.0)) or busbar["unit_price_usd"]["value"] == pytest.approx(3000.0)


def test_the_measured_rack_is_compared_with_the_predicted_one(plan):
    row = next(row for row in plan.data["evaluation"]["rows"] if "power_load" in row["quantity"])
    assert row["measured"] == pytest.approx(138_500.0)
    predicted = row["predicted"]["value"] if isinstance(row["predicted"], dict) else row["predicted"]
    assert row["error"] == pytest.approx(predicted / 138_500.0 - 1.0)


def test_the_rack_of_differences_is_in_the_plan(plan):
    rack = plan.data["designs"]["next"]
    assert rack["accelerator"] == "b300"
    assert any("displaces" in note for note in rack["notes"])


def test_the_option_is_on_the_last_generation_against_the_first(plan):
    assert plan.data["option"]["generation"] == "next"
