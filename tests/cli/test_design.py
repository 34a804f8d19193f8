"""`rackloom design`: states, settings, traces, drawings, JSON."""

from __future__ import annotations

import json
import math
import re
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from rackloom.cli.main import _register, app, main
from rackloom.errors import RackloomError
from rackloom.program import expanded_text
from rackloom.rack import load_design, shipped_designs
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


@pytest.mark.parametrize("words", ["40C", "40 C", "40°C", "313.15 K", "313.15K"])
def test_a_supply_temperature_is_read_however_it_is_spaced(run, tmp_path, words):
    path = tmp_path / "rack.yaml"
    path.write_text(WHOLE)
    code, out, _ = run(str(path), "--supply-temperature", words)
    assert code == 1  # above the 32 C of a Blackwell part
    assert "16 L/min at 40.0 C out" in out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("gb300-nvl72", "--supply-temperature", "40"), "a temperature is written in C or K"),
        (("gb300-nvl72", "--supply-temperature", "104F"), "supply"),
        (("gb300-nvl72", "--supply-temperature", "400C"), "is no temperature of a liquid coolant"),
        (("hgx-h200-air", "--supply-temperature", "30C"), "the coolant loop has no fluid"),
        (("gb300-nvl27",), "nearest: 'gb300-nvl72'"),
        (("none.yaml",), "none.yaml"),
        (("gb300-nvl72", "--load", "none.csv"), "none.csv"),
        (("gb300-nvl72", "--catalog", "none"), "none"),
        (("gb300-nvl72", "--case", "pump-lost"), "nearest: 'pump-loss'"),
        (("gb300-nvl72", "--watts", "3"), "No such option"),
    ],
)
def test_what_cannot_be_asked_leaves_with_2_and_says_what_to_do(run, words, told):
    code, out, err = run(*words)
    assert code == 2
    assert out == ""
    assert told in err
    assert "Traceback" not in err


def test_a_rack_that_passes_leaves_with_0_and_one_that_fails_with_1(run, tmp_path):
    path = tmp_path / "rack.yaml"
    path.write_text(WHOLE)
    assert run(str(path))[0] == 0
    assert run(str(path), "--set", "power.load=70 kW")[0] == 1
    path.write_text(WHOLE.replace("u1: shelf-33kw", "u1: shelf-33kv"))
    code, _, err = run(str(path))
    assert code == 2
    assert f"{path}:3:" in err
    assert "nearest: 'shelf-33kw'" in err


def test_every_case_of_a_rack_can_be_asked_for(run, tmp_path):
    path = tmp_path / "rack.yaml"
    path.write_text(WHOLE)
    names = [line["name"] for line in json.loads(run(str(path), "--json")[1])["states"]]
    assert len(names) == 11
    for name in names:
        code, out, err = run(str(path), "--case", name, "--json")
        assert (code in (0, 1), err, json.loads(out)["case"]) == (True, "", name)


_register()  # `main` does it; without it the app has no commands to run
NUMBER = re.compile(r"-?\d+\.?\d*(?:e[-+]?\d+)?")


@settings(max_examples=40, deadline=None)
@given(
    name=st.sampled_from([*shipped_designs(), "whole"]),
    at=st.floats(0.0, 0.999),
    to=st.sampled_from(["0", "-1", "1e-12", "1e-300", "0.5", "7", "1000", "1e9", "1e15", "1e300", "nan", "inf", "12345678901234567890"]),
    case=st.sampled_from(["normal", "feed-a-lost", "shelf-lost", "pump-loss", "all-pumps-lost", "branch-closed", "valves-closed"]),
    as_json=st.booleans(),
)
def test_a_number_that_is_wrong_ends_in_an_answer_or_a_fault(tmp_path_factory, name, at, to, case, as_json):
    """Any number of a whole rack file, in any state: 0, 1 or 2, and every margin that gives a verdict is a number."""
    path = tmp_path_factory.mktemp("fuzz") / "rack.yaml"
    if name == "whole":
        path.write_text(WHOLE)
        text = expanded_text(load_design(path))
    else:
        text = expanded_text(load_design(name))
    found = list(NUMBER.finditer(text))
    spot = found[int(at * len(found))]
    path.write_text(text[: spot.start()] + to + text[spot.end() :])
    result = CliRunner().invoke(app, ["design", str(path), "--case", case, *(["--json"] if as_json else [])])
    assert result.exception is None or isinstance(result.exception, (SystemExit, RackloomError)), f"{name}, {spot}, {to}: {result.exception!r}"
    assert "No such command" not in result.output
    if as_json and not isinstance(result.exception, RackloomError):
        for check in json.loads(result.output)["checks"]:
            assert check["verdict"] == "not checkable" or math.isfinite(number(check["margin"])), check["id"]


def number(value):
    return value["value"] if isinstance(value, dict) else value
