"""Benchmarks run and assert their answers; nothing here looks at the clock."""

from __future__ import annotations

import json

import numpy as np
import pytest
from benchmarks.cases import balance, busbar
from benchmarks.clock import Sample, Timing
from benchmarks.dc import main as dc
from benchmarks.registry import Case, Outcome, all_cases
from benchmarks.run import main

from benchmarks import clock
from tests.published.load import published


def test_cheap_cases_smoke(capsys):
    assert main(["--smoke", "--json", "--case", "balance", "--case", "coolant", "--case", "yaml"]) == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [case["name"] for case in said["cases"]] == ["balance", "coolant", "yaml"]
    assert set(said["seconds"]) == set(said["ratio"]) == {"balance", "coolant", "yaml"}
    assert said["failures"] == []
    assert said["ratio"]["balance"] is None  # nothing to compare with
    for case in said["cases"]:
        for timing in case["timings"].values():
            assert timing["samples"]
            assert {"wall_s", "cpu_s", "cpu_over_wall", "load_average", "accepted"} <= set(timing["samples"][0])
    facts = {case["name"]: case["facts"] for case in said["cases"]}
    assert facts["balance"]["optima"] == 2
    assert facts["coolant"].get("density_largest_difference_share", 0.0) < 1e-3  # a straight line over 5 K


def test_coolant_without_coolprop_says_so(monkeypatch, capsys):
    monkeypatch.setitem(__import__("sys").modules, "CoolProp.CoolProp", None)  # as where it is not installed
    assert main(["--smoke", "--json", "--case", "coolant"]) == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert said["ratio"]["coolant"] is None
    assert "not installed" in said["cases"][0]["facts"]["peer"]


def test_every_case_is_registered_under_its_file():
    assert list(all_cases()) == ["balance", "busbar", "coolant", "manifold", "plan", "search", "serving", "yaml"]


def test_an_unknown_case_is_refused(capsys):
    with pytest.raises(SystemExit) as refused:
        main(["--case", "no-such"])
    assert refused.value.code == 2
    assert "balance" in capsys.readouterr().err


def test_a_wrong_answer_fails_the_case():
    row = published("line_balancing")[0]
    with pytest.raises(AssertionError, match="known optimum 9"):
        balance.solve_all([{**row, "expected": row["expected"] + 1}])


def test_a_failing_case_is_told_and_ends_with_1(monkeypatch, capsys):
    def wrong(smoke):
        raise AssertionError("7 stations, known optimum 8")

    monkeypatch.setattr("benchmarks.run.all_cases", lambda: {"x": Case("x", "x", wrong)})
    assert main(["--json"]) == 1
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["failures"] == ["x: 7 stations, known optimum 8"]


@pytest.mark.parametrize(("wall", "cpu", "accepted"), [(2.0, 2.0, True), (2.0, 1.8, True), (2.0, 1.0, False), (2.0, 4.0, False), (0.0, 0.0, False)])
def test_samples_of_one_thread_count(wall, cpu, accepted):
    assert Sample(wall, cpu, 0.0).accepted is accepted  # 0.9 of a thread counts; half of one and two do not


def test_seconds_are_the_median_of_accepted_samples():
    samples = (Sample(1.0, 1.0, 0.0), Sample(3.0, 3.0, 0.0), Sample(2.0, 2.0, 0.0), Sample(99.0, 1.0, 9.0))
    assert Timing(samples).seconds == 2.0
    assert Timing(samples[-1:]).seconds is None
    assert clock.ratio(Timing(samples), Timing((Sample(8.0, 8.0, 0.0),))) == 0.25
    assert clock.ratio(Timing(samples), Timing(samples[-1:])) is None
    assert clock.rejected([Timing(samples), Timing(samples[-1:])]) == 2


def test_rejected_samples_are_taken_again_up_to_a_bound(monkeypatch):
    turns = iter([Sample(9.0, 1.0, 5.0), Sample(1.0, 1.0, 0.0), Sample(1.0, 1.0, 0.0)])
    monkeypatch.setattr(clock, "sample", lambda work, repeat, of_children: next(turns))
    assert len(clock.timing(print, wanted=2).samples) == 3
    monkeypatch.setattr(clock, "sample", lambda work, repeat, of_children: Sample(9.0, 1.0, 5.0))
    assert len(clock.timing(print, wanted=2).samples) == 4


def test_without_an_accepted_sample_the_run_fails_unless_it_is_a_smoke(monkeypatch, capsys):
    outcome = Outcome({"x": Timing((Sample(9.0, 1.0, 5.0),))})
    monkeypatch.setattr("benchmarks.run.all_cases", lambda: {"x": Case("x", "x", lambda smoke: outcome)})
    assert main([]) == 1
    assert "rejected 1 of 1" in capsys.readouterr().out
    assert main(["--smoke"]) == 0


def test_a_busbar_smoke_says_that_it_compares_with_nothing(monkeypatch, capsys):
    monkeypatch.delenv("PANDAPOWER", raising=False)
    assert main(["--smoke", "--json", "--case", "busbar"]) == 0
    facts = json.loads(capsys.readouterr().out.splitlines()[-1])["cases"][0]["facts"]
    assert facts["largest difference from the network solver"] < 1e-9
    assert "PANDAPOWER" in facts["peer"]


def test_a_wrong_voltage_fails_the_busbar():
    made = busbar.designs(2)
    with pytest.raises(AssertionError, match="differ by"):
        busbar.check(made, np.full((2, busbar.NODES), 49.0), 2)


def known_values(tmp_path, amperes="18.524874"):
    (tmp_path / "a.csv").write_text(f"source_V,load_W,loop_ohm,current_A,load_V,loss_W\n54,1000,0.001,{amperes},53.981475,0.343171\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("case,ac_total_loss_mw,ac_vm_min_pu,source\ncase9,4.9547,0.957621,x\n", encoding="utf-8")


def test_closed_forms_are_met_and_alternating_current_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("PANDAPOWER", raising=False)
    known_values(tmp_path)
    assert dc(["--instances", str(tmp_path), "--known", str(tmp_path / "a.csv"), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert {name: said[name] for name in ("cases", "proved", "equal_to_known", "worse_than_known", "not_applicable")} == {
        "cases": 1, "proved": 1, "equal_to_known": 1, "worse_than_known": 0, "not_applicable": ["case9"],
    }  # fmt: skip
    assert dc(["--known", str(tmp_path / "b.csv")]) == 2
    assert "case9" in capsys.readouterr().err


def test_a_wrong_known_current_is_counted(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("PANDAPOWER", raising=False)
    known_values(tmp_path, "18.6")
    assert dc(["--instances", str(tmp_path)]) == 1
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["worse_than_known"] == 1
