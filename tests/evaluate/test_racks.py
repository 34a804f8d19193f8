"""Whole racks against published figures: what is scored, what is not, and why."""

from __future__ import annotations

import contextlib
import json
import sys

import pytest

from rackloom.catalog import load_catalog
from rackloom.cli.main import main
from rackloom.errors import BadInput
from rackloom.evaluate import is_rack_cases, rack_score, validate_racks
from rackloom.reading import parse_yaml

SOURCE = 'source: {title: "A talk"}, grade: C'
CASES = f"""\
cases:
- {{id: load, kind: rack, design: gb200-nvl72, trust: high, measured: {{power_load_w: "120 kW"}}, {SOURCE}}}
- {{id: range, kind: rack, design: gb300-nvl72, measured: {{power_load_w: "140 kW to 150 kW"}}, {SOURCE}}}
- {{id: own, kind: rack, design: vr-nvl72, measured: {{power_load_w: "227 kW", coolant_flow_m3_per_s: "320 L/min"}}, at: {{coolant.supply: 45 C}}, {SOURCE}}}
- {{id: low, kind: rack, design: gb300-nvl72, trust: low, measured: {{heat_air_w: "19.3 kW"}}, {SOURCE}}}
- {{id: named, kind: rack, design: gb300-nvl72, measured: {{power_load_w: observed-gb300-nvl72.load_rack_power_w}}}}
"""


def rows(text=CASES):
    return validate_racks([parse_yaml(text, "racks.yaml")], catalog=load_catalog()).rows


def test_a_row_is_scored_unless_its_figure_is_an_input_or_nobody_trusts_it():
    found = {(row.id, row.quantity): row for row in rows() if not row.skipped.startswith("another")}
    assert {key for key, row in found.items() if not row.skipped} == {("load", "power_load_w"), ("range", "power_load_w"), ("named", "power_load_w")}
    assert found["own", "power_load_w"].skipped == found["own", "coolant_flow_m3_per_s"].skipped == "the prediction takes this figure as its input"
    assert found["low", "heat_air_w"].skipped == "trust of the row is low"
    assert found["load", "power_load_w"].inputs
    assert any(name.endswith(" E") for name in found["load", "power_load_w"].inputs)


def test_a_setting_moves_the_prediction_and_a_range_holds_what_lies_in_it():
    found = {(row.id, row.quantity): row for row in rows()}
    assert found["own", "coolant_flow_m3_per_s"].predicted == pytest.approx(320 / 6e4)
    assert found["range", "power_load_w"].is_close
    assert found["range", "power_load_w"].inside
    assert found["load", "power_load_w"].error == pytest.approx(found["load", "power_load_w"].predicted / 120e3 - 1.0)


def test_every_published_value_of_a_quantity_is_shown_and_one_scored():
    named = [row for row in rows() if row.id == "named"]
    assert len(named) == 4
    assert [row.skipped for row in named[1:]] == ["another figure for the quantity above"] * 3
    assert rack_score([named[0]])["rows"] == 1


@pytest.mark.parametrize(("old", "new", "told"), [
    ("kind: rack, design: gb200-nvl72", "kind: rack", "names no design"), ("120 kW", "120 kg", "'kg' is not a unit for this"), ("trust: high", "trust: hi", "trust: 'hi'"), (", grade: C", "", "without a grade"),
    ("power_load_w: observed-gb300-nvl72.load_rack_power_w", "power_load_w: observed-gb300.load", "no figure 'observed-gb300.load'"), ("id: low, kind: rack", "id: low, kind: rack, colour: red", "unknown key 'colour'"),
    ("power_load_w: \"120 kW\"", "power_lod_w: \"120 kW\"", "has no figure 'power_lod_w'"),
])  # fmt: skip
def test_cases_that_cannot_be_read_are_refused(old, new, told):
    assert old in CASES
    with pytest.raises(BadInput) as caught:
        rows(CASES.replace(old, new))
    assert told in str(caught.value)


def test_the_command_reads_cases_of_racks(tmp_path, monkeypatch, capsys):
    (tmp_path / "racks.yaml").write_text(CASES)
    monkeypatch.setattr(sys, "argv", ["rackloom", "validate", str(tmp_path / "racks.yaml"), "--json", "--out", str(tmp_path / "out")])
    with contextlib.suppress(SystemExit):
        main()
    data = json.loads(capsys.readouterr().out)
    assert data["groups"]["all"]["rows"] == 3
    assert data["groups"]["trust:high"]["close"] == 1
    assert len(data["cases"]) == 9
    assert all(case["inputs"] for case in data["cases"])
    assert "| load | power_load_w |" in (tmp_path / "out" / "racks.md").read_text()


def test_files_of_runs_are_not_taken_for_racks():
    assert not is_rack_cases(parse_yaml("published: 1\nsources: {}\n", "x"))
    assert not is_rack_cases(parse_yaml("cases: [{id: a, kind: training}]\n", "x"))
