"""Law as dated facts: thresholds by date, duties by date, tariff lines by code."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rackloom.catalog import load_catalog
from rackloom.catalog.law import duty_measures, far_threshold, horizon, hts_line, in_force
from rackloom.errors import BadInput, OutOfRange, Unknown

CATALOG = load_catalog()


# FAR 25.101: above 60 % for deliveries from 2022-10-25 (87 FR 12780), 65 % in calendar years 2024 to 2028, 75 % from 2029.
@pytest.mark.parametrize(
    ("on", "share", "rule"),
    [
        (date(2022, 10, 25), 0.60, "far-component-2022"),
        (date(2023, 12, 31), 0.60, "far-component-2022"),
        (date(2024, 1, 1), 0.65, "far-component-2024"),
        (date(2026, 11, 22), 0.65, "far-component-2024"),
        (date(2028, 12, 31), 0.65, "far-component-2024"),
        (date(2029, 1, 1), 0.75, "far-component-2029"),
        (date(2033, 6, 30), 0.75, "far-component-2029"),
    ],
)
def test_component_test_by_day_of_delivery(on, share, rule):
    figure, item = far_threshold(CATALOG, on)
    assert figure.value == pytest.approx(share, rel=1e-12)
    assert figure.key == f"catalog.{rule}.min_share"
    assert item.name == rule
    assert item.text["strict_inequality"] is True  # 'exceeds', so 65.0 % by itself fails


def test_no_threshold_before_the_first_rule():
    with pytest.raises(OutOfRange, match="2022-10-25"):
        far_threshold(CATALOG, date(2022, 10, 24))


@given(st.dates(date(2022, 10, 25), date(2045, 12, 31)), st.integers(0, 4000))
def test_threshold_never_falls_and_rules_leave_no_gap(on, later):
    rules = [rule for rule in CATALOG.of_kind("content_rule") if rule.say("family") == "far-component" and in_force(rule, on)]
    assert len(rules) == 1
    assert far_threshold(CATALOG, on)[0].value <= far_threshold(CATALOG, on + timedelta(days=later))[0].value


def test_horizon_is_the_last_day_that_the_source_knows():
    assert horizon(CATALOG) == date(2026, 7, 24)


def test_duties_on_the_last_known_day():
    names = {item.name for item in duty_measures(CATALOG, date(2026, 7, 24))}
    assert {"s122-surcharge", "s232-chips", "s301-semiconductors", "s232-metals-primary"} <= names
    assert not {"s232-steel-aluminium", "s232-copper"} & names  # replaced on 2026-04-06


def test_metals_change_hands_on_the_sixth_of_april():
    before = {item.name for item in duty_measures(CATALOG, date(2026, 4, 5))}
    after = {item.name for item in duty_measures(CATALOG, date(2026, 4, 6))}
    assert before - after == {"s232-steel-aluminium", "s232-copper"}
    assert after - before == {"s232-metals-primary", "s232-metals-derivatives", "s232-metals-annex-3", "s232-metals-us-metal"}


@given(st.dates(date(2026, 7, 25), date(2060, 1, 1)))
def test_no_law_beyond_the_horizon(on):
    with pytest.raises(OutOfRange, match="named scenario"):
        duty_measures(CATALOG, on)


@given(st.dates(date(2000, 1, 1), date(2026, 2, 23)))
def test_no_half_list_of_duties_before_the_first_whole_day(on):
    with pytest.raises(OutOfRange, match="named scenario"):
        duty_measures(CATALOG, on)


@given(st.dates(date(2026, 2, 24), date(2026, 7, 24)))
def test_every_duty_in_force_says_its_rate_or_where_it_stands(on):
    measures = duty_measures(CATALOG, on)
    assert measures
    for item in measures:
        assert item.say("from") <= on.isoformat() <= (item.say("to") or "9999-12-31")
        assert ("rate_share" in item.figures) != bool(item.say("rate_at")), item.name


def test_150_days_of_the_surcharge():
    item = CATALOG.item("s122-surcharge", "tariff_measure")
    # Section 122 allows 150 days; 2026-02-24 + 150 d = 2026-07-24
    assert date.fromisoformat(item.say("to")) - date.fromisoformat(item.say("from")) == timedelta(days=150)
    assert sorted(f.value for f in (item.figure("rate_share"), *item.figure("rate_share").others)) == pytest.approx([0.10, 0.15])


def test_tariff_lines_by_code():
    assert hts_line(CATALOG, "8471.49").name == "hts-8471-49"
    assert hts_line(CATALOG, "8471.50").name == "hts-8471-50-01"  # the only line under it
    assert hts_line(CATALOG, "8471.50.0150").name == "hts-8471-50-01"  # ten digits lie under eight
    assert hts_line(CATALOG, "84733051").figure("general_share").value == 0.0
    assert hts_line(CATALOG, "8544.42.90").figure("general_share").value == pytest.approx(0.026)
    assert hts_line(CATALOG, "8473.30.11").text["s232_semis"] is True
    assert hts_line(CATALOG, "8471.49").text["s232_semis"] is False  # the trap: a whole system is not named by the chip measure


def test_every_line_answers_to_its_own_code_with_and_without_dots():
    for item in CATALOG.of_kind("hts_line"):
        code = item.say("code")
        assert hts_line(CATALOG, code) is item
        assert hts_line(CATALOG, code.replace(".", "")) is item


def test_a_code_that_holds_several_lines_names_them():
    with pytest.raises(BadInput, match=r"8473\.30\.11.*8473\.30\.51.*8473\.30\.91"):
        hts_line(CATALOG, "8473.30")


@pytest.mark.parametrize("code", ["9999.99", "", "84", "rack"])
def test_an_unknown_code_is_refused(code):
    with pytest.raises(Unknown):
        hts_line(CATALOG, code)


def test_lines_that_the_chip_measure_names_are_those_marked_as_such():
    heads = [head.replace(".", "") for head in CATALOG.item("s232-chips").text["heads"]]
    marked = [item.say("code").replace(".", "") for item in CATALOG.of_kind("hts_line") if item.text["s232_semis"]]
    assert all(any(code.startswith(head) for head in heads) for code in marked)
    assert all(any(code.startswith(head) for code in marked) for head in heads)


def test_a_users_folder_moves_the_horizon(tmp_path):
    (tmp_path / "scenario.yaml").write_text('tariff-horizon: {kind: tariff_horizon, known_until: "2027-12-31"}\n')
    catalog = load_catalog(tmp_path)
    assert horizon(catalog) == date(2027, 12, 31)
    assert "s122-surcharge" not in {item.name for item in duty_measures(catalog, date(2026, 7, 25))}


@pytest.mark.parametrize("written", ['"soon"', '"2026-13-01"', '"2026-07"', '""'])
def test_a_horizon_that_is_no_date_is_refused_at_its_place(tmp_path, written):
    (tmp_path / "scenario.yaml").write_text(f"tariff-horizon: {{kind: tariff_horizon, known_until: {written}}}\n")
    with pytest.raises(BadInput, match=r"scenario\.yaml:1.*known_until"):
        horizon(load_catalog(tmp_path))
