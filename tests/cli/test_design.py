"""`rackloom design`: states, settings, traces, drawings, JSON."""

from __future__ import annotations

import json
import sys

import pytest

from rackloom.cli.main import main
from tests.rack.racks import WHOLE


@pytest.fixture
def run(monkeypatch, capsys):
    def run_it(*words):
        monkeypatch.setattr(sys, "argv", ["rackloom", "design", *words])
        monkeypatch.setenv("COLUMNS", "200")
        with pytest.raises(SystemExit) as left:
            main()
        out = capsys.readouterr()
        return left.value.code or 0, out.out, out.err

    return run_it


def test_a_case_at_another_supply_prints_drawings_states_and_checks(run):
    code, out, _ = run("vr-nvl72", "--case", "pump-loss", "--supply-temperature", "45C")
    assert code == 1  # a pair of size 06 carries more than it is rated for
    assert "case pump-loss" in out
    assert "Power: 4 x 480 V AC" in out
    assert "Coolant: Motivair MCDU-70, pumps 1+1: 320 L/min at 45.0 C out" in out
    assert "Every state (--case)" in out
    assert "disconnect-flow-compute" in out


def test_json_holds_checks_states_and_lines(run, tmp_path):
    path = tmp_path / "rack.yaml"
    path.write_text(WHOLE)
    code, out, err = run(str(path), "--case", "feed-a-lost", "--json")
    data = json.loads(out)
    assert (code, err, data["case"]) == (0, "", "feed-a-lost")
    assert {line["name"] for line in data["states"]} >= {"normal", "feed-a-lost", "feed-b-lost", "pump-loss", "valves-closed"}
    assert any("=shelf-33kw= feed A, lost" in line for line in data["one_line"])
    assert sum("L/min each" in line for line in data["network"]) == 1


def test_a_trace_stands_in_for_the_assumed_swing(run, tmp_path):
    """Half a period at 16 kW, half at 8 kW, of 2 s: a feed held within 100 kW/s needs less than one held at its mean, 8 kW x 0.25 x 2 s = 4 kJ."""
    path, trace = tmp_path / "rack.yaml", tmp_path / "load.csv"
    path.write_text(WHOLE)
    trace.write_text("time_s,power_w\n0,16000\n1,8000\n2,16000\n")
    _, out, _ = run(str(path), "--load", str(trace), "--json")
    row = next(check for check in json.loads(out)["checks"] if check["id"] == "ramp-rate")
    value = row["value"]["value"] if isinstance(row["value"], dict) else row["value"]
    assert value == pytest.approx(8000**2 / (2 * 100e3), rel=1e-6)  # S^2 / (2 r), for each edge
    assert row["verdict"] == "pass"


def test_faults_of_the_command_are_told_with_their_mend(run):
    assert run("gb300-nvl72", "--case", "feed-c-lost")[0] == 2
    code, _, err = run("gb300-nvl72", "--set", "coolant.suply=40 C")
    assert code == 2
    assert "nearest: 'supply'" in err
