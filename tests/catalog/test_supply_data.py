"""The supply, law, factory, readiness and reliability files: figures against what their sources say, and the files' own order."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import date

import pytest

from rackloom.catalog import check_catalog, load_catalog

CATALOG = load_catalog()
FILES = ("sites", "content_law", "tariffs", "hts", "costs", "lead_times", "readiness", "factory_facts", "reliability", "disruptions")
OURS = [item for item in CATALOG.items.values() if item.place.partition(".yaml")[0] in FILES]
FIGURES = [figure for item in OURS for picked in item.figures.values() for figure in (picked, *picked.others)]
STATUSES = {"operating", "ramping", "building", "announced", "planned", "acquired", "unknown"}

# item, figure, low, high, arithmetic from what the source prints (1 sqft = 0.09290304 m2, 1 acre = 4046.8564224 m2, 1 month = 30.4375 d)
PUBLISHED = [
    ("houston", "floor_area_m2", 93_973.37592, None, "1,011,521 sqft x 0.09290304 = 92,903.04 + 1,070.33592"),
    ("fort-worth-heritage", "floor_area_m2", 30_156.14098, None, "324,598 sqft x 0.09290304 = 27,870.912 + 2,285.22898"),
    ("lordstown", "floor_area_m2", 575_998.848, None, "6.2e6 sqft x 0.09290304"),
    ("peoria", "land_area_m2", 420_873.0679, None, "104 acre x 4046.8564224"),
    ("houston", "investment_usd", 450e6, None, "$450M, FreightWaves 2025-06-05"),
    ("tsmc-arizona", "investment_usd", 165e9, None, "165 billion USD"),
    ("hickory", "investment_usd", 170e6, 267.9e6, "170 to 267.9 million USD"),
    ("eml-lasers", "lasers_per_month", 50.7e6, None, "50.7 million a month in 2026, TrendForce"),
    ("throughput-foxconn", "racks_per_week", 1000, None, "1,000 AI racks a week, CNA 2025-11-21"),
    ("throughput-foxconn", "investment_usd_per_year", 2e9, 3e9, "2 to 3 billion USD a year"),
    ("throughput-all-makers", "racks_2025_count", 28_000, None, "28,000 racks in 2025"),
    ("cost-rack-vr200-nvl72", "price_usd", 7_803_148, None, "7.803148 million USD"),
    ("cost-quick-coupling", "price_usd", 60, None, "from 40 to 60 USD, 2024-08"),
    ("lead-large-power-transformer", "lead_time_days", 1461, 1826.25, "4 to 5 years of 365.25 d"),
    ("lead-cowos", "lead_time_days", 364, 546, "52 to 78 weeks of 7 d"),
    ("lead-hv-circuit-breaker", "lead_time_days", 730.5, 1278.375, "24 to 42 months of 30.4375 d"),
    ("lead-generator-step-up-transformer", "lead_time_days", 1008, None, "144 weeks of 7 d"),
    ("work-cables-nvl72", "cable_length_m", 3218.688, None, "2 miles of 1609.344 m"),
    ("work-rack-vr-nvl72", "mass_kg", 1814.36948, None, "4000 lb of 0.45359237 kg"),
    ("work-tray-assembly-vr", "assembly_hours", 5 / 60, None, "5 min"),
    ("test-power-rack", "test_power_w", 120e3, 140e3, "120 to 140 kW under test"),
    ("learning-repetitive-electronics", "learning_share", 0.90, 0.95, "90 to 95 %, NASA list"),
    ("reliability-laser", "failures_per_hour", 5e-8, 2e-7, "50 to 200 FIT of 1e-9 /h"),
    ("reliability-hdd", "failures_per_year", 0.0155, None, "1.55 % in 2025-Q3, Backblaze"),
    ("reliability-meta-rsc", "gpu_hours", 150e6, None, "150 million GPU hours"),
    ("red-sea", "round_trip_added_weeks", 3, 5, "3 to 5 weeks on a round trip"),
    ("quake-2024-04", "loss_usd", 92.44e6, None, "92.44 million USD"),
    ("s232-chips", "data_centre_limit_w", 1e8, None, "100 MW of new load"),
    ("far-iron-steel", "max_foreign_share", 0.05, None, "foreign iron and steel below 5 %"),
    ("npi-dvt", "units_count", 50, 200, "50 to 200 units of a consumer device"),
]


@pytest.mark.parametrize(("item", "name", "low", "high", "arithmetic"), PUBLISHED, ids=[f"{row[0]}.{row[1]}" for row in PUBLISHED])
def test_figure_is_what_its_source_prints(item, name, low, high, arithmetic):
    figure = CATALOG.figure(item, name)
    if high is None:
        assert figure.low is None, arithmetic
        assert figure.value == pytest.approx(low, rel=1e-9), arithmetic
    else:
        assert (figure.low, figure.high) == pytest.approx((low, high), rel=1e-9), arithmetic


def test_there_is_enough_and_nothing_is_at_fault():
    _, faults = check_catalog(CATALOG)
    assert [fault for fault in faults if fault.partition(".yaml")[0] in FILES] == []
    assert len(FIGURES) >= 350
    assert {item.place.partition(".yaml")[0] for item in OURS} == set(FILES)


def test_every_source_is_cited_with_one_grade():
    grades = defaultdict(set)
    for figure in FIGURES:
        grades[figure.source].add(figure.grade)
    assert {key: grade for key, grade in grades.items() if len(grade) > 1} == {}
    assert grades.pop("assumption") == {"E"}
    assert all(key.startswith("s_") and grade != {"E"} for key, grade in grades.items())


def test_an_assumption_stands_with_no_company_and_says_why():
    for item in OURS:
        for figure in item.figures.values():
            if figure.grade == "E":
                assert item.kind in ("hts_line", "readiness_gate"), figure.key
                assert "company" not in item.text
                assert figure.note


def test_texts_name_sources_that_exist():
    for item in OURS:
        for key in item.text.get("sources", []):
            assert CATALOG.source(key) is not None, f"{item.place}: {key}"
        said = item.figures or item.text.get("sources") or item.kind == "gap" or "memory" in item.say("clause") + item.title
        assert said or item.name == "content-answers", f"{item.place}: {item.name} has no source"


def test_dates_of_sources_order_as_text():
    for key, source in CATALOG.sources.items():
        if key.startswith("s_") and source.date:
            assert re.fullmatch(r"\d{4}(-\d{2}(-\d{2})?)?", source.date), key


def test_every_site_says_where_it_is_what_it_makes_and_how_far_it_is():
    sites = CATALOG.of_kind("site")
    assert len(sites) >= 60
    for site in sites:
        for key in ("title", "company", "city", "state", "country", "group", "makes", "status", "start"):
            assert key in site.text, f"{site.name} lacks {key}"
        assert re.fullmatch(r"[A-Z]{2}", site.say("country")), site.name
        assert re.fullmatch(r"([A-Z]{2})?", site.say("state")), site.name
        assert site.say("state") == "" or site.say("country") == "US", site.name
        assert site.say("status") in STATUSES, site.name
    assert {site.say("group") for site in sites} == {"rack assembly and test", "wafers", "packaging", "memory", "boards", "power", "cooling", "cables", "optics", "sheet metal"}
    assert {site.say("country") for site in sites} >= {"US", "MX", "MY", "TH", "TW", "VN", "CN", "CA"}


def test_members_of_a_group_of_sites_exist_and_add_up():
    for group in CATALOG.of_kind("site_group"):
        assert all(CATALOG.item(name, "site") for name in group.text["members"])
    both = sum(CATALOG.figure(name, "investment_usd").value for name in ("fort-worth-heritage", "fort-worth-mobility"))
    assert both == pytest.approx(CATALOG.figure("wistron-fort-worth", "investment_usd").value)  # 580 + 181 = 761 million USD


def test_dated_law_reads_as_dates_in_order():
    for item in OURS:
        pairs = {"content_rule": ("applies_from", "applies_to"), "tariff_measure": ("from", "to")}.get(item.kind)
        if pairs:
            first, last = (item.text[key] for key in pairs)
            days = [date.fromisoformat(text) for text in (first, last) if text]
            assert days == sorted(days), item.name


def test_shares_of_a_whole_add_to_one():
    for name in ("cost-split-gb200-nvl72", "throughput-shares-2025"):
        assert sum(figure.value for figure in CATALOG.item(name).figures.values()) == pytest.approx(1.0, abs=1e-9)
    crusoe = CATALOG.item("reliability-crusoe-h200").figures
    assert sum(figure.value for key, figure in crusoe.items() if key.endswith("_share")) == pytest.approx(1.0, abs=1e-9)


def test_silicon_and_memory_of_a_gb200_rack_leave_too_little_for_the_component_test():
    split = CATALOG.item("cost-split-gb200-nvl72").figures
    silicon = split["gpu_and_hbm_share"].value + split["cpu_and_memory_share"].value
    assert silicon == pytest.approx(0.544)  # 47.2 % + 7.2 %
    assert 1 - silicon < CATALOG.figure("far-component-2024", "min_share").value


def test_llama_3_counts_add_up_and_the_printed_share_does_not():
    run = CATALOG.item("reliability-llama-3-405b")
    whole = {"gpus_count", "interruptions_count", "planned_count", "unplanned_count", "manual_interventions_count"}
    causes = {key: figure.value for key, figure in run.figures.items() if key.endswith("_count") and key not in whole}
    assert len(causes) == 18
    assert sum(causes.values()) == 419 == run.figure("unplanned_count").value
    assert run.figure("planned_count").value + 419 == run.figure("interruptions_count").value == 466
    assert causes["faulty_gpu_count"] / 419 == pytest.approx(0.353, abs=5e-4)  # 148 / 419; the table prints 30.1 %
    of_gpus = sum(causes[key] for key in run.text["gpu_causes"])
    assert of_gpus == 268  # 148 + 72 + 19 + 17 + 6 + 6
    assert of_gpus / 419 == pytest.approx(0.640, abs=5e-4)


def test_readiness_is_whole():
    threads = CATALOG.of_kind("readiness_thread")
    levels = [str(level) for level in range(1, 11)]
    assert len(threads) == 22
    counts = defaultdict(int)
    for thread in threads:
        counts[thread.say("thread")[0]] += 1
        assert thread.name == "mrl-" + thread.say("thread").lower().replace(".", "")
        assert len(thread.text["questions"]) == 10
        assert all(isinstance(count, int) and count >= 1 for count in thread.text["questions"])
        assert set(levels[4:]) <= set(thread.text["criteria"]) <= set(levels)
        assert all(thread.text["criteria"].values())
    assert dict(counts) == {"A": 2, "B": 2, "C": 3, "D": 4, "E": 3, "F": 3, "G": 1, "H": 2, "I": 2}
    assert sum(sum(thread.text["questions"]) for thread in threads) == 553
    whole = CATALOG.item("mrl-levels", "readiness_levels")
    assert list(whole.text["levels"]) == levels
    assert whole.figure("questions_count").value == 553 + 10  # one more per level for the maturity of the technology


def test_technology_level_behind_each_manufacturing_level():
    whole = CATALOG.item("mrl-levels")
    found = [whole.figure(f"mrl_{level}_trl_level").value for level in range(1, 11)]
    assert found == [1, 2, 3, 4, 5, 6, 7, 7, 8, 9]  # matrix 7.1 (2009): level 8 is assessed at technology level 7


def test_conflicts_are_kept_and_the_better_source_is_picked():
    picked = CATALOG.figure("throughput-foxconn", "racks_per_week")
    assert (picked.value, picked.grade) == (1000, "C")
    assert sorted(figure.value for figure in picked.others) == [2000, 2000]
    transformer = CATALOG.figure("lead-large-power-transformer", "lead_time_days")
    assert transformer.others[0].value == 896  # 128 weeks; as good a source but older
    assert CATALOG.figure("npi-evt", "units_count").others[0].high == 1000


def test_lead_times_are_positive_and_say_when_they_were_seen():
    for item in CATALOG.of_kind("lead_time"):
        assert item.say("part")
        assert item.say("observed")
        assert ("lead_time_days" in item.figures) or item.say("finding"), item.name
        assert all(figure.value > 0 for figure in item.figures.values())
