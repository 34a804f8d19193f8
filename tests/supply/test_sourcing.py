"""Sourcing as a whole: shared parts, shortages, parts without offer, sides of the border, the ledger."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from rackloom.catalog import load_catalog
from rackloom.draws import Draws, central
from rackloom.errors import BadInput
from rackloom.supply import plan_sourcing

from .bills import bill, offer, offers, rate

MARCH = date(2026, 3, 2)
NOVEMBER = date(2026, 11, 22)
LABOUR = offer("labour:L11", "Line", "US", 100)
ONE = bill("r", [(10, "wire", "part", []), (2, "pump", "part", [])], {"wire": "cable"})


@pytest.fixture(scope="module")
def catalog():
    return load_catalog()


def source(catalog, rows, bills=None, demand=None, on=MARCH, **more):
    bills = bills or {"now": ONE}
    return plan_sourcing(bills, offers(*rows), {"now": rate(5.0)} if demand is None else demand, catalog, as_of=on, **more)


def test_shared_parts_of_two_generations_share_a_supplier_s_capacity(catalog):
    other = bill("s", [(30, "wire", "part", [])], {"wire": "cable"})
    rows = [LABOUR, offer("wire", "Small", "US", 2, capacity="50 /wk"), offer("wire", "Big", "US", 3), offer("pump", "P", "US", 7)]
    sourcing = source(catalog, rows, {"now": ONE, "next": other}, {"now": rate(5.0), "next": rate(5.0, "next")})
    # 5 x 10 + 5 x 30 = 200 wires a week: 50 at 2, 150 at 3, so a wire costs (100 + 450) / 200 = 2.75 in both
    now, after = sourcing.generations["now"], sourcing.generations["next"]
    assert now.landed_cost_usd == pytest.approx(10 * 2.75 + 2 * 7 + 100, rel=1e-6)
    assert after.landed_cost_usd == pytest.approx(30 * 2.75 + 100, rel=1e-6)
    assert sourcing.cost_per_week_usd == pytest.approx(5 * now.landed_cost_usd + 5 * after.landed_cost_usd, rel=1e-6)
    assert {line.supplier: round(line.share, 4) for line in now.lines if line.part == "wire"} == {"Small": 0.25, "Big": 0.75}
    assert sourcing.status == "optimal"


def test_a_shortage_is_told_by_part(catalog):
    supplied = source(catalog, [LABOUR, offer("wire", "Small", "US", 2, capacity="20 /wk"), offer("pump", "P", "US", 7)]).generations["now"]
    (short,) = supplied.shortages
    assert (short.part, short.asked_per_week, short.found_per_week) == ("wire", 50.0, pytest.approx(20.0))
    assert short.why == "20 of 50 a week can be had from 1 qualified offer"
    assert supplied.landed_cost_usd == pytest.approx(10 * 2 + 2 * 7 + 100)  # a rack is priced whole


def test_nothing_to_be_had_is_a_shortage_and_not_free(catalog):
    supplied = source(catalog, [LABOUR, offer("wire", "Small", "US", 2, capacity="0 /wk"), offer("pump", "P", "US", 7)]).generations["now"]
    assert supplied.shortages[0].found_per_week == 0.0
    assert supplied.landed_cost_usd == pytest.approx(10 * 2 + 2 * 7 + 100)


def test_a_part_without_offer_is_named_and_the_cost_is_at_least(catalog):
    sourcing = source(catalog, [LABOUR, offer("pump", "P", "US", 7), offer("wire", "New", "US", 1, qualification="candidate")])
    supplied = sourcing.generations["now"]
    assert supplied.unpriced == ("wire",)
    assert supplied.cost_is_at_least
    missing = next(component for component in supplied.components if component.item == "wire")
    assert (missing.how, missing.why) == ("no offer", "no qualified offer; not yet qualified: New")
    assert sourcing.failures == ("now: no offer for wire",)


def test_labour_without_offer_is_named_too(catalog):
    supplied = source(catalog, [offer("wire", "A", "US", 1), offer("pump", "P", "US", 7)]).generations["now"]
    assert supplied.unpriced == ("labour:L11",)


def test_an_offer_for_the_kind_serves_where_none_names_the_part(catalog):
    rows = [LABOUR, offer("kind:cable", "Any", "US", 4), offer("pump", "P", "US", 7)]
    assert source(catalog, rows).generations["now"].unpriced == ()
    named = source(catalog, [*rows, offer("wire", "Own", "US", 9)]).generations["now"]
    assert {line.supplier for line in named.lines if line.part == "wire"} == {"Own"}


def test_a_stated_offer_sets_assumed_ones_aside(catalog):
    rows = [LABOUR, offer("pump", "P", "US", 7), offer("wire", "Assumed", "US", 1, source="assumption", grade="E"), offer("wire", "Quoted", "US", 3, source="quote 7", grade="A")]
    supplied = source(catalog, rows).generations["now"]
    assert {line.supplier for line in supplied.lines if line.part == "wire"} == {"Quoted"}


def test_what_the_buyer_directs_is_not_resourced(catalog):
    rows = [LABOUR, offer("wire", "Cheap", "US", 1), offer("wire", "Directed", "TW", 5, controlled_by="buyer-directed", hts="8471.80.40"), offer("pump", "P", "US", 7)]
    (line,) = [line for line in source(catalog, rows).generations["now"].lines if line.part == "wire"]
    assert (line.supplier, line.why) == ("Directed", "Directed: the source is directed by the buyer")


def test_duty_can_turn_the_choice(catalog):
    # abroad 100 and 4.2 % is 104.2, at home 103: the home offer is cheaper landed
    rows = [LABOUR, offer("wire", "A", "US", 1), offer("pump", "Far", "JP", 100, hts="8419.50"), offer("pump", "Home", "US", 103)]
    assert {line.supplier for line in source(catalog, rows).generations["now"].lines if line.part == "pump"} == {"Home"}


def test_section_301_while_the_law_is_known_and_general_rates_after(catalog):
    rows = [LABOUR, offer("wire", "A", "US", 1), offer("pump", "Far", "CN", 100, hts="8504.40.60")]
    # 8504.40.60: general rate 0 %, goods of China 25 % more: 2 x 100 x 25 % = 50
    known = source(catalog, rows, on=MARCH)
    assert known.generations["now"].duty_usd == pytest.approx(50.0)
    later = source(catalog, rows, on=NOVEMBER)
    assert later.generations["now"].duty_usd == 0.0
    assert any("tariff law after 2026-07-24 is not known" in text for text in later.left_out)
    assert any("Section 122" in text for text in known.left_out)


def test_duty_that_cannot_be_counted_is_told(catalog):
    sourcing = source(catalog, [LABOUR, offer("wire", "A", "MX", 1), offer("pump", "P", "US", 7)])
    assert any("names no tariff line: wire" in text for text in sourcing.left_out)


def test_single_sources(catalog):
    rows = [LABOUR, offer("wire", "A", "TW", 1, hts="8544.42.20"), offer("wire", "B", "TW", 2, hts="8544.42.20"), offer("pump", "P", "US", 7)]
    told = {single.part: single.why for single in source(catalog, rows).generations["now"].single_sources}
    assert told == {"wire": "one country: TW, 2 suppliers", "pump": "one qualified offer: P, US"}


def test_longest_lead_time_and_its_part(catalog):
    rows = [LABOUR, offer("wire", "A", "US", 1, lead_time="3 wk"), offer("pump", "P", "US", 7, lead_time="10 wk")]
    supplied = source(catalog, rows).generations["now"]
    assert (supplied.lead_time_days, supplied.lead_time_part) == (70.0, "pump")


def test_minimum_order_is_for_a_quarter_and_its_surplus_is_paid(catalog):
    # 5 racks a week x 2 pumps x 13 weeks = 130 an order; a minimum of 260 buys twice the need
    supplied = source(catalog, [LABOUR, offer("wire", "A", "US", 1), offer("pump", "P", "US", 7, minimum_order=260)]).generations["now"]
    assert supplied.landed_cost_usd == pytest.approx(10 * 1 + 2 * 7 * 2 + 100)


def test_classes_add_up_to_the_landed_cost(catalog):
    rows = [LABOUR, offer("wire", "A", "TW", 3, hts="8544.42.90"), offer("pump", "P", "US", 7)]
    supplied = source(catalog, rows, draws=Draws(1, 64, {"E": 0.3, "B": 0.1, "D": 0.1}), on=NOVEMBER).generations["now"]
    # 30 of wire at 2.6 % duty is 0.78
    assert central(supplied.duty_usd) == pytest.approx(0.78)
    total = sum(supplied.classes.values())
    assert np.asarray(total) == pytest.approx(np.asarray(supplied.landed_cost_usd))
    lines = sum(line.cost_usd for line in supplied.lines)
    assert np.asarray(lines + supplied.labour_usd) == pytest.approx(np.asarray(supplied.landed_cost_usd))


def test_share_on_assumptions(catalog):
    rows = [offer("labour:L11", "Line", "US", 100, grade="E"), offer("wire", "A", "US", 20, grade="A"), offer("pump", "P", "US", 50, grade="C")]
    supplied = source(catalog, rows).generations["now"]
    # 100 labour on an assumption of 200 + 100 + 100 = 400
    assert supplied.assumed_share == pytest.approx(0.25)
    assert {grade: central(share) for grade, share in supplied.grades.items()} == {"A": pytest.approx(0.5), "C": pytest.approx(0.25), "E": pytest.approx(0.25)}
    assert supplied.us_value_share == pytest.approx(1.0)


def test_ledger_under_draws(catalog):
    tray = bill("r", [(2, "tray", "L10", [(4, "chip", "part", []), (1, "wire", "part", [])]), (1, "shelf", "part", []), (1, "gap", "part", [])], {"chip": "accelerator"})
    rows = [
        LABOUR, offer("labour:L10", "T", "TW", 80, hts="8471.50.01"), offer("chip", "A", "TW", "900 USD to 1100", hts="8471.80.40", lead_time="10 wk to 20 wk"),
        offer("wire", "B", "US", 200), offer("shelf", "C", "CN", 2500, hts="8504.40.60", capacity="3 /wk"), offer("shelf", "D", "US", 3500, lead_time="12 wk to 16 wk"),
    ]  # fmt: skip
    sourcing = source(catalog, rows, {"now": tray}, draws=Draws(7, 128, {"B": 0.05}))
    book = sourcing.ledger
    assert book.dangling() == []
    for key in ("landed_cost_usd", "content_rack_share", "content_tray_share", "lead_time_days", "assumed_share", "us_value_share", "duty_usd", "labour_usd"):
        assert f"supply.now.{key}" in book
    landed = sourcing.generations["now"].landed_cost_usd
    assert np.asarray(landed).shape == (129,)
    assert book["supply.now.landed_cost_usd"].low < central(landed) < book["supply.now.landed_cost_usd"].high
    roots = {row.key for row in book.roots_of("supply.now.landed_cost_usd")}
    assert {"offers.chip-a.price_usd", "offers.labour-l11-line.price_usd", "program.demand.now", "catalog.hts-8504-40-60.china_301_share"} <= roots
    assert {row.key for row in book.roots_of("supply.now.content_tray_share")} >= {"offers.chip-a.price_usd", "offers.wire-b.price_usd"}
    # chips can be later than shelves in some draws and earlier in others: the maximum is taken draw by draw
    days = np.asarray(sourcing.generations["now"].lead_time_days)
    assert days.min() >= 84.0
    assert central(days) == pytest.approx(105.0)


def test_central_values_do_not_move_with_draws(catalog):
    rows = [LABOUR, offer("wire", "A", "US", "1 USD to 3"), offer("pump", "P", "US", 7)]
    plain, drawn = source(catalog, rows), source(catalog, rows, draws=Draws(3, 32, {"B": 0.1}))
    assert plain.generations["now"].landed_cost_usd == pytest.approx(central(drawn.generations["now"].landed_cost_usd))


def test_a_generation_without_demand_is_priced_and_says_so(catalog):
    supplied = source(catalog, [LABOUR, offer("wire", "A", "US", 1), offer("pump", "P", "US", 7)], demand={}).generations["now"]
    assert supplied.landed_cost_usd == pytest.approx(124.0)
    assert supplied.notes == ("no demand stated: priced at 1 rack a week",)


def test_bad_input(catalog):
    with pytest.raises(BadInput, match="enter_as 'crate'"):
        source(catalog, [LABOUR], enter_as="crate")
    with pytest.raises(BadInput, match="no bills"):
        plan_sourcing({}, (), {}, catalog, as_of=MARCH)
    twice = offers(offer("wire", "A", "US", 1)) * 2
    with pytest.raises(BadInput, match="two offers are called 'wire-a'"):
        plan_sourcing({"now": ONE}, twice, {}, catalog, as_of=MARCH)
    with pytest.raises(BadInput, match="which has no bill"):
        source(catalog, [LABOUR], demand={"later": rate(1.0, "later")})


def test_what_american_offers_could_carry_and_what_they_would_add(catalog):
    rows = [LABOUR, offer("wire", "Far", "MX", 2, hts="8544.42.20"), offer("wire", "Near", "US", 3), offer("pump", "P", "JP", 25, hts="8413.70")]
    supplied = source(catalog, rows).generations["now"]
    # now 10 x 2 + 2 x 25 + 100 labour = 170, of it 100 American; with American wire 30 + 50 + 100 = 180, of it 130, 10 more
    assert supplied.us_value_share == pytest.approx(100 / 170)
    assert supplied.us_reach_share == pytest.approx(130 / 180)
    assert supplied.us_reach_extra_usd == pytest.approx(10.0)
