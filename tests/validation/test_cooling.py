"""The page of cooling: what is predicted stays inside, and no predicted value has a part in its prediction."""

from __future__ import annotations

from pathlib import Path

import pytest

from rackloom.catalog import load_catalog
from validation import cooling, run

CATALOG = load_catalog()


def test_the_committed_page_is_up_to_date():
    assert (Path(cooling.__file__).parent / "cooling.md").read_text(encoding="utf-8") == cooling.page(), "run 'make validate'"
    assert run.PAGES["cooling.md"] is cooling.page


def test_tables_are_read_as_they_were_printed():
    assert cooling.printed(cooling.FLOWS[0], CATALOG) == {25: 150, 30: 170, 35: 200, 40: 250, 45: 320}  # L/min
    assert cooling.printed(cooling.FLOWS[2], CATALOG) == {25: 0.4, 30: 0.5, 35: 0.7, 40: 0.9, 45: 1.3}  # L/min/kW
    assert cooling.printed(cooling.DROPS[1], CATALOG) == {25: 3, 30: 4, 35: 5.5, 40: 8.5, 45: 16}  # psi
    assert cooling.printed(cooling.PLATES[1], CATALOG) == {2: 0.0172, 3: 0.016, 4: 0.0154, 5: 0.0151}  # K/W


@pytest.mark.parametrize("section", ["flow", "pressure", "plates"])
def test_every_predicted_value_is_inside(section):
    held = [row for row in cooling.all_rows(CATALOG)[section] if not row.fitted]
    assert len(held) == {"flow": 9, "pressure": 6, "plates": 13}[section]
    assert [(row.series.name, row.at, row.error) for row in held if not row.inside] == []


def test_predictions_do_not_know_what_they_predict():
    flows = [cooling.printed(each, CATALOG) for each in cooling.FLOWS]
    drops = cooling.printed(cooling.DROPS[0], CATALOG)
    other = [{at: value if at in cooling.PAIR else 7.0 * value for at, value in points.items()} for points in flows]
    assert [row.ours for row in cooling.flow_rows(other, cooling.FLOWS)] == [row.ours for row in cooling.flow_rows(flows, cooling.FLOWS)]
    moved = {at: value if at in cooling.PAIR else 7.0 * value for at, value in drops.items()}
    assert [row.ours for row in cooling.drop_rows(flows[0], moved, cooling.DROPS[0])] == [row.ours for row in cooling.drop_rows(flows[0], drops, cooling.DROPS[0])]
    plate = cooling.printed(cooling.PLATES[0], CATALOG)
    bent = {at: value if at in cooling.PLATE_LPM else 7.0 * value for at, value in plate.items()}
    ours = [[row.ours for row in cooling.plate_rows(points, cooling.PLATES[0], cooling.PLATE_LPM)[0]] for points in (plate, bent)]
    assert ours[0] == ours[1]


def test_what_a_row_may_be_off_by_hand():
    series = cooling.Series("x", "x", "x", "x", "x", 0.1)
    assert cooling.Row(series, 25, 0.4, 0.44, False).inside  # half of the last digit is 0.05, so 12.5 %
    assert not cooling.Row(series, 25, 0.4, 0.46, False).inside
    assert cooling.Row(series, 45, 1.3, 1.364, False).inside  # 5 % is 0.065
    assert not cooling.Row(series, 45, 1.3, 1.366, False).inside
