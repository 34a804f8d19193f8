"""The component test on a case worked by hand: the tray and the rack as end product answer differently."""

from __future__ import annotations

from datetime import date

import pytest

from rackloom.catalog import load_catalog
from rackloom.errors import BadInput, OutOfRange
from rackloom.supply import content_rules, domestic_content, plan_sourcing

from .bills import bill, offer, offers, rate

MARCH = date(2026, 3, 2)  # the threshold is 65 %, and the tariff law is known

# A rack of 2 trays, 1 shelf, 1 exchanger; a tray of 4 chips and 1 cable.
BILL = bill("r", [(2, "tray", "L10", [(4, "chip", "part", []), (1, "wire", "part", [])]), (1, "shelf", "part", []), (1, "exchanger", "part", [])], {"chip": "accelerator"})
PARTS = (
    offer("chip", "A", "TW", 1000, hts="8471.80.40"),  # general rate 0 %
    offer("wire", "B", "US", 200),
    offer("shelf", "C", "US", 3000),
    offer("exchanger", "D", "TW", 1000, hts="8419.50"),  # general rate 4.2 %
    offer("labour:L10", "E", "TW", 80, hts="8471.50.01"),  # general rate 0 %
    offer("labour:L10", "F", "US", 100),
    offer("labour:L11", "G", "US", 500),
)


@pytest.fixture(scope="module")
def catalog():
    return load_catalog()


def source(catalog, enter_as, rows=PARTS, **more):
    return plan_sourcing({"now": BILL}, offers(*rows), {"now": rate(1.0)}, catalog, as_of=more.pop("as_of", MARCH), enter_as=enter_as, **more)


def test_trays_assembled_here_count_whole_at_rack_level_and_not_at_tray_level(catalog):
    supplied = source(catalog, "parts").generations["now"]
    rack, tray = supplied.content_of("rack"), supplied.content_of("tray")
    # Tray: 4 x 1000 + 200 parts + 100 labour = 4300, two of them 8600, made in the US: domestic whatever is inside.
    # Exchanger: 1000 + 4.2 % duty = 1042, foreign. Shelf 3000, domestic. The rack's own labour of 500 is apart.
    # Rack: (8600 + 3000) / (8600 + 3000 + 1042) = 11600 / 12642 = 0.917576...
    assert rack.share == pytest.approx(11600 / 12642, rel=1e-12)
    assert (rack.threshold, rack.made_in_us, rack.passes) == (0.65, True, True)
    # Tray: chips 4000 foreign, cable 200 domestic, its labour of 100 apart: 200 / 4200 = 0.0476...
    assert tray.share == pytest.approx(200 / 4200, rel=1e-12)
    assert (tray.made_in_us, tray.passes) == (True, False)
    assert supplied.landed_cost_usd == pytest.approx(8600 + 3000 + 1042 + 500)
    assert supplied.duty_usd == pytest.approx(42)
    assert supplied.labour_usd == pytest.approx(2 * 100 + 500)


def test_trays_that_enter_assembled_are_foreign_components_of_the_rack(catalog):
    supplied = source(catalog, "tray").generations["now"]
    rack, tray = supplied.content_of("rack"), supplied.content_of("tray")
    # Tray abroad: 4000 + 200 + 80 = 4280, two 8560, foreign though a cable in it is American.
    # Rack: 3000 / (8560 + 3000 + 1042) = 3000 / 12602 = 0.238...
    assert rack.share == pytest.approx(3000 / 12602, rel=1e-12)
    assert (rack.made_in_us, rack.passes) == (True, False)
    assert (tray.made_in_us, tray.passes) == (False, False)
    assert "fails the first part" in tray.note
    assert supplied.landed_cost_usd == pytest.approx(12602 + 500)


def test_a_rack_that_enters_whole_is_not_made_here(catalog):
    rows = [*PARTS, offer("labour:L11", "H", "MX", 400, hts="8471.49")]
    supplied = source(catalog, "rack", rows).generations["now"]
    rack = supplied.content_of("rack")
    # Everything goes into a rack in Mexico, so the exchanger pays no duty: 8560 + 3000 + 1000 + 400; the rack enters at 0 %.
    assert supplied.landed_cost_usd == pytest.approx(12960)
    assert (rack.made_in_us, rack.passes, rack.pass_probability) == (False, False, 0.0)
    assert rack.share == pytest.approx(3000 / 12560)


def test_each_component_says_how_it_is_counted_and_why(catalog):
    rack = source(catalog, "parts").generations["now"].content_of("rack")
    told = {line.item: (line.count, line.cost_usd, line.counted, line.why) for line in rack.lines}
    assert told["tray"] == (2, pytest.approx(8600), "domestic", "assembled in the United States, whatever its parts")
    assert told["shelf"] == (1, pytest.approx(3000), "domestic", "made in the United States")
    assert told["exchanger"] == (1, pytest.approx(1042), "foreign", "made in TW")


@pytest.mark.parametrize(("on", "threshold"), [(date(2023, 6, 1), 0.60), (date(2026, 11, 22), 0.65), (date(2028, 12, 31), 0.65), (date(2029, 1, 1), 0.75)])
def test_threshold_is_that_of_the_day(catalog, on, threshold):
    # 60, 65 and 75 per cent by delivery until 2023, from 2024, from 2029: 87 FR 12780
    assert {rule.threshold.value for rule in content_rules(catalog, on)} == {threshold}


def test_before_the_first_rule_the_note_says_so(catalog):
    supplied = source(catalog, "parts", as_of=date(2020, 1, 1)).generations["now"]
    assert supplied.content == ()
    assert any("first rule" in note for note in supplied.notes)
    with pytest.raises(OutOfRange):
        content_rules(catalog, date(2020, 1, 1))


def test_the_threshold_must_be_exceeded(catalog):
    # 650 of 1000 is 65 % exactly: the test asks for more
    even = bill("r", [(1, "home", "part", []), (1, "away", "part", [])])
    rows = (offer("home", "A", "US", 650), offer("away", "B", "DE", 350, hts="8471.80.40"), offer("labour:L11", "C", "US", 10))
    rack = plan_sourcing({"now": even}, offers(*rows), {}, catalog, as_of=MARCH, enter_as="parts").generations["now"].content_of("rack")
    assert (rack.share, rack.passes) == (0.65, False)


def test_a_component_without_price_leaves_the_answer_open(catalog):
    rack = source(catalog, "parts", [row for row in PARTS if row["part"] != "exchanger"]).generations["now"].content_of("rack")
    assert rack.passes is None
    assert "exchanger" in rack.note
    assert next(line for line in rack.lines if line.item == "exchanger").counted == "not priced"


def test_a_tray_bought_whole_hides_its_components(catalog):
    rows = [*PARTS, offer("tray", "Z", "TW", 4000, hts="8471.50.01")]
    tray = source(catalog, "tray", rows).generations["now"].content_of("tray")
    assert (tray.share, tray.passes) == (None, None)
    assert "bought whole" in tray.note


def test_by_hand_through_the_door(catalog):
    sourcing = source(catalog, "parts")
    rack_rule, tray_rule = content_rules(catalog, MARCH)
    assert domestic_content(BILL, sourcing, rack_rule).share == pytest.approx(11600 / 12642)
    assert domestic_content(BILL, sourcing, tray_rule).share == pytest.approx(200 / 4200)
    with pytest.raises(BadInput):
        domestic_content(bill("other", [(1, "shelf", "part", [])]), sourcing, rack_rule)
