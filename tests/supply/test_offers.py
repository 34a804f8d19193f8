"""Offers from rows: what is read, and every fault at once."""

from __future__ import annotations

from datetime import date

import pytest

from rackloom.catalog import load_catalog
from rackloom.errors import BadInput, Unknown
from rackloom.supply import load_supply_preset, read_offers, read_preset
from rackloom.supply.countries import CODES

from .bills import offer


@pytest.fixture(scope="module")
def catalog():
    return load_catalog()


def faults_of(rows, **more):
    with pytest.raises(BadInput) as caught:
        read_offers(rows, **more)
    return [str(fault) for fault in caught.value.faults]


def test_a_row_as_an_offer():
    (one,) = read_offers(
        [offer("uqd-04", "Own A", "US", "40 USD to 60", site="East", capacity="500 /wk", lead_time="6 wk to 8 wk", hts="8419.90.30", grade="C", source="quote 12")]
    )
    assert one.id == "uqd-04-own-a-east"
    assert (one.price_usd.value, one.price_usd.low, one.price_usd.high, one.price_usd.key) == (50.0, 40.0, 60.0, "offers.uqd-04-own-a-east.price_usd")
    assert (one.price_usd.grade, one.price_usd.source, one.price_date) == ("C", "quote 12", date(2026, 3, 2))
    assert (one.capacity_per_week.value, one.lead_time_days.low, one.lead_time_days.high) == (500.0, 42.0, 56.0)
    assert (one.qualification, one.controlled_by, one.multiple, one.minimum_order) == ("qualified", "maker", 1.0, 0.0)


def test_faults_all_at_once(catalog):
    rows = [
        offer("uqd-04", "A", "US", 40, capacity="-5 /wk"),
        offer("uqd-05", "B", "UK", -3),
        {"part": "uqd-06", "supplier": "C", "country": "US", "price": "12 USD"},
        offer("uqd-06", "D", "US", 12, qualification="maybe", hts="0101.21", lead_time="soon"),
        {"supplier": "E", "country": "Taiwan", "price": "1 EUR", "price_date": "May"},
    ]
    told = "\n".join(faults_of(rows, catalog=catalog))
    for expected in (
        "capacity '-5 /wk' is negative", "no part 'uqd-05'", "nearest: 'uqd-0", "unknown country code 'UK'", "nearest: 'GB'", "price '-3 USD' is negative", "a price without date",
        "qualification 'maybe'", "no tariff line '0101.21'", "lead_time: 'soon' is not a quantity", "an offer without part", "nearest: 'TW'", "price_date 'May' is not a date", "EUR",
    ):  # fmt: skip
        assert expected in told


def test_places_of_faults_come_from_the_row():
    class Row(dict):
        def place(self, key=""):
            from rackloom.errors import Place

            return Place("offers.csv", 7, {"price": 4}.get(key, 1))

    (told,) = faults_of([Row(offer("x", "A", "US", -1))])
    assert told.startswith("offers.csv:7:4: price '-1 USD' is negative")


def test_parts_of_the_users_own_racks_are_known_when_named(catalog):
    assert faults_of([offer("my-tray", "A", "US", 1)], catalog=catalog)[0].endswith("folder named under 'catalog:'.")
    assert read_offers([offer("my-tray", "A", "US", 1)], catalog=catalog, parts=["my-tray"])[0].part == "my-tray"
    assert read_offers([offer("kind:power_shelf", "A", "US", 1)], catalog=catalog)[0].part == "kind:power_shelf"
    assert "no kind of part 'power_shelv'" in faults_of([offer("kind:power_shelv", "A", "US", 1)], catalog=catalog)[0]
    assert "labour:L12" in faults_of([offer("labour:L12", "A", "US", 1)], catalog=catalog)[0]


def test_money_needs_its_currency():
    assert read_offers([{**offer("x", "A", "US", 1), "price": "$1,250.50"}])[0].price_usd.value == 1250.5
    assert read_offers([{**offer("x", "A", "US", 1), "price": 12.5, "currency": "USD"}])[0].price_usd.value == 12.5
    assert "no unit" in faults_of([{**offer("x", "A", "US", 1), "price": 12.5}])[0]
    assert "no rate of exchange" in faults_of([{**offer("x", "A", "US", 1), "price": 12.5, "currency": "EUR"}])[0]


def test_ids_are_unique():
    one, two = read_offers([offer("x", "A", "US", 1), offer("x", "A", "US", 2)])
    assert (one.id, two.id) == ("x-a", "x-a-2")
    assert "two offers are called 'q'" in faults_of([offer("x", "A", "US", 1, id="q"), offer("y", "A", "US", 1, id="q")])[0]


def test_country_codes_are_those_of_the_standard():
    assert len(CODES) == 249  # officially assigned codes of ISO 3166-1
    assert {"US", "TW", "MX", "GB"} < CODES
    assert not {"UK", "XX", "EU"} & CODES


def test_a_preset_is_known_by_name_only(catalog):
    with pytest.raises(Unknown, match="us-2026"):
        load_supply_preset("us-2025", catalog)


def test_a_preset_holds_assumptions_only(tmp_path, catalog):
    path = tmp_path / "supply-x.yaml"
    path.write_text("offers:\n  a1: {part: uqd-04, supplier: Supplier A1, country: US, price: 40 USD, price_date: '2026-01-01', grade: A}\n")
    with pytest.raises(BadInput, match="grade 'A' in a preset"):
        read_preset(path, catalog)
    path.write_text("offers:\n  a1: {part: uqd-04, supplier: Supplier A1, country: US, price: 40 USD, price_date: '2026-01-01', prise: 1}\n")
    with pytest.raises(BadInput, match="unknown key 'prise'"):
        read_preset(path, catalog)
