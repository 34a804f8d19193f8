"""The tables of validation/: arithmetic by hand, which rows count, and that what is committed is what the program says now."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from validation.markdown import percent, quantity, seconds, table

from rackloom.catalog import load_catalog
from rackloom.draws import central
from rackloom.evaluate import read_results
from rackloom.performance import predict_training_case
from validation import parameters, racks, run, training

FOLDER = Path(run.__file__).parent
CATALOG = load_catalog()
THREE = ("korthikanti-22B-full", "mlperf-v5-0-405b-gb200-512-nvidia", "mlperf-v5-1-8b-gb200-512-nvidia")


@pytest.fixture(scope="module")
def results():
    """Three of the cases: one within a tenth, one with open settings, one far off."""
    every = read_results(training.CASES)
    return replace(every, cases=tuple(c for c in every.cases if c.id in THREE), measurements=tuple(m for m in every.measurements if m.id in THREE))


@pytest.fixture(scope="module")
def compared(results):
    return training.compare_cases(results, CATALOG)


def test_summary_by_hand():
    found = training.summary_of([0.1, -0.2, 0.3, -0.6], [True, False, True, None])
    assert found.rows == 4
    assert found.mape == pytest.approx(0.3)  # (0.1 + 0.2 + 0.3 + 0.6) / 4
    assert found.median_ape == pytest.approx(0.25)  # between 0.2 and 0.3
    assert found.bias == pytest.approx(-0.1)  # (0.1 - 0.2 + 0.3 - 0.6) / 4
    assert (found.inside, found.with_interval) == (2, 3)
    assert found.coverage == pytest.approx(2 / 3)
    assert training.summary_of([0.1], [None]).coverage is None
    with pytest.raises(ValueError, match="no rows"):
        training.summary_of([], [])


def test_three_cases(results, compared):
    comparison, still_open = compared
    assert {row.id for row in comparison.rows} == set(THREE)
    rows = {row.id: row for row in comparison.rows}
    measured = {"korthikanti-22B-full": 1.42, "mlperf-v5-0-405b-gb200-512-nvidia": 19.4742, "mlperf-v5-1-8b-gb200-512-nvidia": 0.089}  # as published
    errors = []
    for case in results.cases:
        alone = central(predict_training_case(case.row, catalog=CATALOG).step_s)  # without draws
        row = rows[case.id]
        assert central(row.predicted) == pytest.approx(alone, rel=1e-9)
        assert row.error == pytest.approx(alone / measured[case.id] - 1.0, rel=1e-9)
        assert row.inside == (row.predicted_low <= measured[case.id] <= row.predicted_high)
        errors.append(alone / measured[case.id] - 1.0)
    found = training.summarise(comparison.rows)
    assert found.mape == pytest.approx(sum(abs(e) for e in errors) / 3)
    assert found.bias == pytest.approx(sum(errors) / 3)
    assert found.median_ape == pytest.approx(sorted(abs(e) for e in errors)[1])
    assert still_open["korthikanti-22B-full"] == ""
    assert still_open["mlperf-v5-0-405b-gb200-512-nvidia"] == "interleave, recompute, gradients"


def test_groups_and_their_rows_add_up(results, compared):
    names = {case.id: training.source_of(case.row) for case in results.cases}
    assert names["mlperf-v5-0-405b-gb200-512-nvidia"] == "MLPerf Training v5.0 (NVIDIA)"
    groups = training.groups_of(compared[0].rows, names)
    assert len(groups) == 3
    assert sum(group.rows for _, group in groups) == 3
    assert training.summary_table("source", groups).count("\n") == 4  # head, rule, three groups


def test_a_change_switched_off_changes_predictions_by_as_much(results, compared):
    """The software factor multiplies the whole step, so that at 1 each step is shorter by its middle, (1 + 1.37) / 2."""
    plain, _ = training.compare_cases(results, training.fixed(CATALOG, "performance-software", "time_ratio", 1.0))
    before = {row.id: central(row.predicted) for row in compared[0].rows}
    for row in plain.rows:
        assert before[row.id] / central(row.predicted) == pytest.approx(1.185, rel=1e-6)
    assert CATALOG.figure("performance-software", "time_ratio").low == pytest.approx(1.0)  # the catalogue itself is as it was


def test_the_same_inputs_give_the_same_page(results):
    assert training.page(results, CATALOG) == training.page(results, CATALOG)


def test_a_case_without_a_prediction_is_not_lost(results):
    lost = replace(results.cases[0], row={**results.cases[0].row, "system": "no-such-system"})
    with pytest.raises(ValueError, match="korthikanti-22B-full"):
        training.page(replace(results, cases=(lost, *results.cases[1:])), CATALOG)


def test_racks_by_hand_and_what_is_scored():
    cases = [
        {"design": "gb200-nvl72", "quantity": "power_load_w", "figure": "observed-gb200-nvl72.load_rack_power_w"},
        {"design": "gb200-nvl72", "quantity": "mass_kg", "figure": "observed-gb200-nvl72.mass_kg"},
        {"design": "gb300-nvl72", "quantity": "power_load_w", "figure": "observed-gb300-nvl72.load_rack_power_w"},
        {"design": "gb200-nvl72", "quantity": "cables.backplane_count", "figure": "observed-gb200-nvl72.nvlink_cables_count", "not_scored": "counted"},
    ]
    rows = racks.rack_rows(cases, CATALOG)
    scored = [row for row in rows if not row.reason]
    assert [(row.design, row.quantity) for row in scored] == [("gb200-nvl72", "power_load_w"), ("gb300-nvl72", "power_load_w")]
    assert scored[0].error == pytest.approx(129806 / 120000 - 1)  # parts summed in tests/published/racks.yaml
    assert scored[1].error == pytest.approx(143405 / 135000 - 1)
    assert [row.reason for row in rows if row.quantity == "mass_kg"] == [racks.OWN, racks.OWN]
    assert [row.reason for row in rows if row.design == "gb300-nvl72"] == ["", racks.SAME, racks.SAME, racks.SAME]
    assert rows[-1].reason == "counted"
    found = racks.summary(rows)
    assert found.rows == 2
    assert found.mape == pytest.approx((0.081717 + 0.062259) / 2, abs=1e-5)
    assert "gb200.tdp_w A" in scored[0].inputs
    assert racks.summary([row for row in rows if row.reason]) is None


def test_an_interval_meets_a_published_range():
    row = next(
        row for row in racks.rack_rows([{"design": "gb300-nvl72", "quantity": "power_load_w", "figure": "observed-gb300-nvl72.load_rack_power_w"}], CATALOG) if row.published.low
    )
    assert replace(row, low=139e3, high=150e3).inside  # 132 to 140 kW
    assert not replace(row, low=141e3, high=150e3).inside
    assert replace(row, low=None, high=None).inside is None


@pytest.mark.parametrize(("name", "page"), [("racks.md", racks.page), ("parameters.md", parameters.page)])
def test_committed_pages_are_up_to_date(name, page):
    assert (FOLDER / name).read_text(encoding="utf-8") == page(), "run 'make validate'"


def test_figures_of_the_readme_stand_in_the_tables():
    told = set(re.findall(r"[-+]?\d+\.\d %", (FOLDER / "README.md").read_text(encoding="utf-8")))
    shown = set(re.findall(r"[-+]?\d+\.\d %", (FOLDER / "training.md").read_text(encoding="utf-8")))
    assert len(told) > 5
    assert told <= shown


def test_every_case_stands_in_the_committed_table():
    text = (FOLDER / "training.md").read_text(encoding="utf-8")
    for case in read_results(training.CASES).cases:
        assert text.count(f"| {case.id} |") == 1


def test_parameters_published_and_ours():
    text = parameters.rows_table([row for row in parameters.parameter_rows() if row["model"] == "gpt-oss-20b"])
    assert "| gpt-oss-20b | total | 20,914,757,184 | 20,914,757,184 | +0.000 % |" in text  # the Hub's count
    assert "| gpt-oss-20b | active | 3,610,000,000 |" in text


def test_check_tells_a_stale_page(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(run, "PAGES", {"parameters.md": lambda: "other\n"})
    before = (FOLDER / "parameters.md").read_text(encoding="utf-8")
    assert run.main(["--check"]) == 1
    assert "parameters.md" in capsys.readouterr().err
    assert (FOLDER / "parameters.md").read_text(encoding="utf-8") == before
    monkeypatch.setattr(run, "PAGES", {"parameters.md": parameters.page})
    assert run.main(["--check"]) == 0


def test_cells():
    assert percent(0.1234) == "12.3 %"
    assert percent(0.02, sign=True) == "+2.0 %"
    assert percent(None) == ""
    assert (seconds(1.42), seconds(0.0854), seconds(101.16)) == ("1.420", "0.08540", "101.2")
    assert quantity(120e3, "W") == "120 kW"
    assert quantity(129806.0, "W", 120300.0, 139900.0) == "129.8 kW (120.3 to 139.9)"
    assert table(("a", "b"), [("1|2", "3")]).splitlines()[-1] == "| 1\\|2 | 3 |"
    with pytest.raises(ValueError, match="head"):
        table(("a",), [("1", "2")])
