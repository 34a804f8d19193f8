"""The shipped hardware files: whole, true to their documents, conflicts kept."""

from __future__ import annotations

import re

import numpy as np
import pytest

from rackloom.catalog import Item, check_catalog, data_folder, load_catalog
from rackloom.catalog.tables import table
from rackloom.figures import convert
from rackloom.reading import read_yaml
from tests.published.load import published

CATALOG = load_catalog()
FILES = ("accelerators", "assumptions", "cables", "coolants", "cooling", "frames", "hosts", "nics", "observed_racks", "power", "prices", "standards", "switches", "systems")
OURS = {f"{name}.yaml" for name in FILES}
HARDWARE = [item for item in CATALOG.items.values() if item.place.partition(":")[0] in OURS]


def every_figure(item: Item):
    return [figure for picked in item.figures.values() for figure in (picked, *picked.others)]


def values(item: str, name: str) -> list[float]:
    picked = CATALOG.figure(item, name)
    return sorted(figure.value for figure in (picked, *picked.others))


@pytest.mark.parametrize("case", published("hardware_figures"), ids=lambda case: case["id"])
def test_figures_match_their_documents(case):
    picked = CATALOG.figure(case["item"], case["figure"])
    found = [figure.value for figure in picked.others if figure.source == case["other"]] if "other" in case else [picked.value]
    assert found == [pytest.approx(case["expected"], rel=1e-7)], case["source"]


def test_the_catalogue_has_no_fault_and_the_figures_of_the_issue():
    total, faults = check_catalog(CATALOG)
    assert faults == []
    assert total == sum(1 for _ in CATALOG.figures())
    assert sum(len(every_figure(item)) for item in HARDWARE) > 900


def test_every_item_that_others_name_is_there():
    kinds = {
        "accelerator": "a100 h100 h200 b200 gb200 b300 gb300 vr200 mi300x mi325x mi350x mi355x mi455x tpu-v4 tpu-v5p tpu-v6e tpu7x trainium2 trainium3 gaudi3",
        "host": "grace vera xeon-host",
        "nic": "connectx-7 connectx-8 connectx-9 bluefield-3 pollara-400 vulcano",
        "switch": "nvswitch-tray-gb200 quantum-2-qm9700 quantum-x800-q3400 spectrum-4-sn5600",
        "power_shelf": "shelf-18kw shelf-33kw shelf-72kw shelf-110kw",
        "bbu": "bbu-15kw bbu-hpr",
        "quick_disconnect": "uqd-02 uqd-04 uqd-06 uqd-08 bmqc lqc-1in",
        "fluid": "pg25",
        "frame": "eia-19in orv3 orv3-hpr orw mgx-nvl72",
        "cable": "dac-100g-lane lacc-100g-lane aec-800 osfp-800-sr8 osfp-800-dr8 aoc-800 nvl72-spine",
        "system": "a100-hgx h100-hgx h200-hgx b200-hgx gb200-nvl72 gb300-nvl72 vr-nvl72 helios mi300x-8 mi355x-8 tpu-v5p-cube",
        "observed_rack": "observed-gb200-nvl72 observed-gb300-nvl72",
        "assumption": "performance-assumptions uncertainty",
    }
    for kind, names in kinds.items():
        for name in names.split():
            assert CATALOG.item(name, kind).name == name


@pytest.mark.parametrize(
    ("item", "name", "expected"),
    [
        ("b300", "tdp_w", [1000, 1100, 1400]),
        ("b300", "fp4_flop_per_s", [12.6e15, 13.5e15, 14e15]),
        ("vr200", "memory_bytes_per_s", [19.4e12, 22e12]),
        ("mi455x", "memory_bytes_per_s", [19.6e12, 23.3e12]),
        ("gb200-nvl72", "rack_power_w", [120e3, 132e3]),
        ("gb300-nvl72", "rack_power_w", [135e3, 136e3, 136e3, 142e3, 150e3]),
        ("gb200-compute-tray", "power_w", [5640, 6667]),
        ("orv3", "depth_m", [1.068, 1.098]),
        ("nvl72-spine", "mass_kg", [27, 1400]),
        ("observed-gb200-nvl72", "mass_kg", [1360, 3000]),
        ("observed-vr-nvl72", "scale_up_bytes_per_s", [216e12, 260e12]),
        ("cdu-coolit-chx2000", "head_pa", [35 * 6894.757293168, 53 * 6894.757293168]),
    ],
)
def test_conflicting_figures_are_all_kept(item, name, expected):
    assert values(item, name) == pytest.approx(expected)


def test_b300_power_is_picked_by_the_rule():
    picked = CATALOG.figure("b300", "tdp_w")
    assert picked.value == 1000.0
    assert picked.rule.startswith("picked: best grade")
    assert {figure.grade for figure in picked.others if figure.value == 1400} == {"C"}


def test_picks_by_hand_say_why():
    by_hand = [figure for item in HARDWARE for figure in item.figures.values() if figure.rule.startswith("picked by hand")]
    assert by_hand
    assert [figure.key for figure in by_hand if not figure.note] == []


def test_sparse_and_two_way_rates_are_never_picked_for_a_system():
    for item in CATALOG.of_kind("system"):
        chip = CATALOG.item(item.say("accelerator"), "accelerator")
        for name, figure in chip.figures.items():
            assert not figure.basis.startswith("sparse") or not name.endswith("flop_per_s"), figure.key
        assert chip.figure("scale_up_link_bytes_per_s").basis.startswith("per direction")
        assert item.figure("scale_out_link_bytes_per_s").basis.startswith("per direction")


def test_announced_hardware_is_marked():
    announced = {item.name for item in HARDWARE if item.announced}
    assert {"vr200", "mi455x", "vr-nvl72", "helios", "vera", "connectx-9", "vulcano", "observed-vr-nvl72", "observed-helios", "shelf-110kw", "kyber"} <= announced
    assert {"gb200", "gb300-nvl72", "h100"}.isdisjoint(announced)
    assert all(figure.announced for name in announced for figure in every_figure(CATALOG.items[name]))


def test_assumptions_are_wide_and_marked():
    for item in HARDWARE:
        for figure in every_figure(item):
            assert (figure.source == "assumption") == (figure.grade == "E"), figure.key
            if figure.grade == "E" and item.name not in ("uncertainty",) and not figure.key.endswith("_count"):
                assert figure.note, figure.key


def test_sources_have_kind_title_and_no_local_address():
    document = read_yaml(data_folder() / "sources-hardware.yaml")
    for key, raw in document.value.items():
        source = CATALOG.sources[key]
        assert source.title
        assert source.url == "" or re.match(r"https?://[^/\s]+\.[a-z]+/", source.url), key
        assert source.url or "public repository text" in source.title, key
        assert raw["kind"] == source.kind


def test_every_source_is_used():
    used = {figure.source for item in HARDWARE for figure in every_figure(item)}
    used |= {str(item.text.get("source")) for item in HARDWARE}
    words = {word for item in HARDWARE for text in item.text.values() for word in re.findall(r"\w+", str(text))}
    assert set(read_yaml(data_folder() / "sources-hardware.yaml").value) - used - words == set()


def test_standards_name_a_source_or_say_unread():
    for item in CATALOG.of_kind("standard"):
        assert item.text.get("source") in CATALOG.sources or item.say("read") == "clause not read", item.name
        assert item.say("governs")
        assert item.say("standing")


def test_systems_and_observed_racks_agree_on_load():
    for item in CATALOG.of_kind("observed_rack"):
        load, name = item.get("load_rack_power_w"), item.say("system")
        if load is not None and name in CATALOG.items and CATALOG.item(name).say("unit") == "rack":
            assert load.value == CATALOG.figure(name, "rack_power_w").value, item.name


def test_gb200_nvl72_counts_hang_together():
    """72 = 18 trays of 4; 120 kW / 18 = 6667 W; 72 GPUs x 18 links x 2 lanes x 2 directions = 5184 pairs."""
    seen = CATALOG.item("observed-gb200-nvl72")
    trays = seen.figure("compute_trays_count").value
    assert trays * CATALOG.figure("gb200-compute-tray", "accelerators_count").value == seen.figure("accelerators_count").value == 72
    assert seen.figure("load_rack_power_w").value / trays == pytest.approx(seen.figure("compute_tray_w").value, abs=1)
    assert seen.figure("nvlink_cables_count").value == 72 * 18 * 2 * 2


def test_vera_rubin_table_follows_the_published_fit():
    """(17370/(57.2 - T))^0.796 L/min keeps to the Max-P table within 2 %; flow rises with supply temperature."""
    temperature, figures = table(CATALOG.item("vr-nvl72"), "flow_max_p", "m3_per_s")
    flow = np.array([convert(figure.value, "m3/s", "L/min") for figure in figures])
    fit = (17370.0 / (57.2 - (temperature - 273.15))) ** 0.796
    assert np.all(np.abs(fit / flow - 1.0) < 0.02)
    assert np.all(np.diff(flow) > 0)


def test_two_texts_agree_on_pg25():
    """Airedale's manual and CoolProp: within 0.3 % from 20 to 45 C."""
    for name, suffix in (("density", "kg_per_m3"), ("cp", "j_per_kg_k")):
        x, ours = table(CATALOG.item("pg25"), name, suffix)
        for at, figure in zip(*table(CATALOG.item("pg25-airedale"), name, suffix), strict=True):
            assert np.interp(at, x, [f.value for f in ours]) == pytest.approx(figure.value, rel=0.003)


def test_pg25_matches_coolprop():
    props = pytest.importorskip("CoolProp.CoolProp")
    for name, suffix, key in (("density", "kg_per_m3", "D"), ("viscosity", "pa_s", "V"), ("cp", "j_per_kg_k", "C"), ("conductivity", "w_per_m_k", "L")):
        for at, figure in zip(*table(CATALOG.item("pg25"), name, suffix), strict=True):
            assert figure.value == pytest.approx(props.PropsSI(key, "T", at, "P", 3e5, "INCOMP::APG[0.25]"), rel=1e-3), figure.key
