"""The tables of validation/: arithmetic by hand, which rows count, and that what is committed is what the program says now."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from validation.markdown import percent, quantity, table
from validation.summary import summary_of

from rackloom.catalog import load_catalog
from rackloom.evaluate import ValidatedCase, Validation, rack_score, read_published
from rackloom.evaluate.scores import group_names, score_groups
from rackloom.performance import Prediction
from validation import parameters, racks, run, training

FOLDER = Path(run.__file__).parent
CATALOG = load_catalog()


def case(name: str, value: float, measured: float, quantity: str) -> ValidatedCase:
    found = Prediction(quantity, measured, value, 0.9 * value, 1.1 * value, "dense", "hopper", "m", "H100")
    return ValidatedCase(name, "one", quantity, found)


@pytest.fixture
def made() -> Validation:
    """A step predicted too long, one too short, a rate too high, one inside its interval, one skipped."""
    cases = (
        case("long", 1.5, 1.0, "seconds_per_iteration"), case("short", 0.5, 1.0, "seconds_per_iteration"), case("high", 150.0, 100.0, "tokens_per_s_per_gpu"),
        case("inside", 1.05, 1.0, "seconds_per_iteration"), ValidatedCase("none", "one", "seconds_per_iteration", None, "no such thing"),
    )  # fmt: skip
    groups = score_groups((group_names("one", "dense" if each.prediction else "", quantity=each.quantity), each.prediction) for each in cases)
    return Validation(cases, groups, {"one": {"title": "The first", "publisher": "Someone"}})


def test_the_training_page_by_hand(made):
    text = training.page(made)
    assert "| all | 5 | 4 | 38.8 % | 50.0 % | +13.8 % |" in text  # (0.5 + 0.5 + 0.5 + 0.05) / 4; (0.5 - 0.5 + 0.5 + 0.05) / 4
    assert "outside their interval: 3; 2 of them with a prediction that is too fast, 1 too slow." in text  # a long step is slow, a high rate is fast
    assert "| no such thing | 1 | none |" in text
    assert "| long | 1.000 | 1.500 | 1.350 to 1.650 | +50.0 % | no |  |" in text
    assert "| none |  |  |  |  |  | skipped: no such thing |" in text
    assert "## one\n\nThe first\n\npublisher: Someone." in text
    assert training.page(made) == text
    assert training.plot(made).count("<title>") == 4


def test_every_case_stands_in_the_committed_table():
    text = (FOLDER / "training.md").read_text(encoding="utf-8")
    for row in read_published(training.CASES).rows:
        assert text.count(f"\n| {row.id} |") == 1, row.id


def test_summary_by_hand():
    found = summary_of([0.1, -0.2, 0.3, -0.6], [True, False, True, None])
    assert found.rows == 4
    assert found.mape == pytest.approx(0.3)  # (0.1 + 0.2 + 0.3 + 0.6) / 4
    assert found.median_ape == pytest.approx(0.25)  # between 0.2 and 0.3
    assert found.bias == pytest.approx(-0.1)  # (0.1 - 0.2 + 0.3 - 0.6) / 4
    assert (found.inside, found.with_interval) == (2, 3)
    assert found.coverage == pytest.approx(2 / 3)
    assert summary_of([0.1], [None]).coverage is None
    with pytest.raises(ValueError, match="no rows"):
        summary_of([], [])


def test_racks_by_hand_and_what_is_scored():
    rows = [row for row in racks.rows(CATALOG) if row.id in ("gb200-load", "gb200-mass", "gb300-load", "gb200-cables")]
    scored = [row for row in rows if not row.skipped and not row.is_count]
    assert [(row.design, row.quantity) for row in scored] == [("gb200-nvl72", "power_load_w"), ("gb300-nvl72", "power_load_w")]
    assert scored[0].error == pytest.approx(129806 / 120000 - 1)  # parts summed in tests/published/racks.yaml
    assert scored[1].error == pytest.approx(143405 / 135000 - 1)
    assert {row.skipped for row in rows if row.quantity == "mass_kg"} == {"the prediction takes this figure as its input"}
    assert [row.skipped for row in rows if row.design == "gb300-nvl72"] == ["", *["another figure for the quantity above"] * 3]
    cables = next(row for row in rows if row.id == "gb200-cables")
    assert (cables.is_count, cables.skipped, cables.predicted, cables.published.value) == (True, "", 5184.0, 5184.0)
    found = rack_score(scored)
    assert found["rows"] == 2
    assert found["mape"] == pytest.approx((0.081717 + 0.062259) / 2, abs=1e-5)
    assert "gb200.tdp_w A" in scored[0].inputs


def test_an_interval_meets_a_published_range():
    row = next(row for row in racks.rows(CATALOG) if row.id == "gb300-load" and row.published.low)
    assert replace(row, low=139e3, high=150e3).inside  # 132 to 140 kW
    assert not replace(row, low=141e3, high=150e3).inside
    assert replace(row, low=None, high=None).inside is None


@pytest.mark.parametrize(("name", "page"), [("racks.md", racks.page), ("parameters.md", parameters.page)])
def test_committed_pages_are_up_to_date(name, page):
    assert (FOLDER / name).read_text(encoding="utf-8") == page(), "run 'make validate'"


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
    assert quantity(120e3, "W") == "120 kW"
    assert quantity(129806.0, "W", 120300.0, 139900.0) == "129.8 kW (120.3 to 139.9)"
    assert table(("a", "b"), [("1|2", "3")]).splitlines()[-1] == "| 1\\|2 | 3 |"
    with pytest.raises(ValueError, match="head"):
        table(("a",), [("1", "2")])
