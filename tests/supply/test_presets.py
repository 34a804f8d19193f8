"""The shipped preset: fictitious, all of it assumed, and whole for every shipped rack."""

from __future__ import annotations

import re
from datetime import date

import pytest

from rackloom.catalog import hts_line, load_catalog
from rackloom.draws import Draws, central
from rackloom.rack import bill_of_materials, load_design, shipped_designs
from rackloom.supply import load_supply_preset, plan_sourcing, supply_presets

AS_OF = date(2026, 11, 22)


@pytest.fixture(scope="module")
def catalog():
    return load_catalog()


@pytest.fixture(scope="module")
def preset(catalog):
    return load_supply_preset("us-2026", catalog)


@pytest.fixture(scope="module")
def sourcing(catalog, preset):
    bills = {name: bill_of_materials(load_design(name, catalog=catalog)) for name in shipped_designs()}
    return plan_sourcing(bills, preset, {}, catalog, as_of=AS_OF, enter_as="parts", draws=Draws(1, 64, {"B": 0.03, "C": 0.1, "E": 0.3}))


def test_presets_are_listed():
    assert "us-2026" in supply_presets()


def test_every_row_is_an_assumption_under_a_made_up_name(catalog, preset):
    companies = {item.say(key) for item in catalog.items.values() for key in ("vendor", "company")}
    for offer in preset:
        assert re.fullmatch(r"Supplier [A-Z]\d", offer.supplier)
        assert offer.supplier not in companies
        assert (offer.site, offer.source) == ("", "assumption")
        for figure in offer.figures():
            assert (figure.grade, figure.source) == ("E", "assumption")
        assert offer.price_usd.high > 1.2 * offer.price_usd.low  # wide: nobody publishes it


def test_every_row_names_something_of_the_catalogue(catalog, preset):
    kinds = {item.kind for item in catalog.items.values()}
    for offer in preset:
        word, _, rest = offer.part.rpartition(":")
        assert {"": rest in catalog.items, "kind": rest in kinds, "labour": rest in ("L6", "L10", "L11")}[word], offer.part
        assert offer.country == "US" or hts_line(catalog, offer.hts)


def test_us_offers_cost_more_than_those_from_abroad(preset):
    for offer in preset:
        if offer.country == "US":
            others = [other for other in preset if other.part == offer.part and other.country != "US"]
            assert all(offer.price_usd.value > other.price_usd.value for other in others)


def test_accelerators_are_directed_by_the_buyer(catalog, preset):
    named = [offer for offer in preset if offer.part in catalog.items and catalog.item(offer.part).kind == "accelerator"]
    assert len(named) >= 8
    assert {offer.controlled_by for offer in named} == {"buyer-directed"}


def test_every_part_of_every_shipped_rack_has_an_offer(sourcing):
    for name, supplied in sourcing.generations.items():
        assert supplied.unpriced == (), name
        assert supplied.shortages == (), name
    assert sourcing.ledger.dangling() == []


@pytest.mark.parametrize(
    ("rack", "low", "high"),
    [
        ("gb200-nvl72", 2.8e6, 4.0e6),  # published estimates of 3.1 to 3.9 MUSD, which hold the maker's margin
        ("gb300-nvl72", 3.1e6, 4.3e6),  # about 4.0 MUSD
        ("vr-nvl72", 5.0e6, 8.0e6),  # 7.8 MUSD by a leaked bill
    ],
)
def test_racks_cost_what_published_estimates_say(sourcing, rack, low, high):
    if rack in sourcing.generations:
        assert low < central(sourcing.generations[rack].landed_cost_usd) < high


def test_everything_rests_on_assumptions_and_says_so(sourcing):
    for supplied in sourcing.generations.values():
        assert central(supplied.assumed_share) == pytest.approx(1.0)


def test_american_trays_pass_at_rack_level_and_fail_at_tray_level(sourcing):
    supplied = sourcing.generations["gb300-nvl72"]
    assert supplied.content_of("rack").passes
    assert not supplied.content_of("tray").passes
