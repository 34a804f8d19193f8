"""Figures and checks of racks: against published racks, by hand, and as laws."""

from __future__ import annotations

import numpy as np
import pytest

from rackloom.catalog import load_catalog
from rackloom.draws import Draws, central
from rackloom.rack import check_design, describe_rack, load_design, shipped_designs

WIDTHS = {"A": 0.01, "B": 0.03, "C": 0.1, "D": 0.2, "E": 0.3}
CATALOG = load_catalog()


def verdict(answer, name):
    return next(check for check in answer.checks if check.id == name)


def test_gb200_load_is_the_sum_of_its_parts_and_near_the_published_120_kw():
    answer = describe_rack(load_design("gb200-nvl72"))
    # tray: 4 x 1200 + 2 x 420 + 4 x 33 + 2 x 112.5 + 300 = 6297 W; switch tray 1800 W (400 to 3200); two switches of 130 W
    assert central(answer.power_load_w) == pytest.approx(18 * 6297 + 9 * 1800 + 2 * 130)
    assert central(answer.power_load_w) == pytest.approx(120_000, rel=0.10)  # GTC 2024; the switch trays are the unknown
    assert verdict(answer, "published-load").verdict == "pass"


def test_gb300_load_is_within_the_vendors_range_or_a_tenth():
    answer = describe_rack(load_design("gb300-nvl72"))
    assert 132_000 * 0.9 <= central(answer.power_load_w) <= 140_000 * 1.1  # Supermicro 132 to 140 kW; NVIDIA planning 135 kW


def test_shelves_by_redundancy():
    answer = describe_rack(load_design("gb200-nvl72"))
    assert central(answer.power_supply_w) == 8 * 33_000  # 8 shelves of 33 kW (Base Command Manager)
    assert central(answer.power_firm_w) == 132_000  # 4 + 4: the 132 kW that press quotes as load
    assert verdict(answer, "load-firm").verdict == "pass"
    assert verdict(describe_rack(load_design("gb300-nvl72")), "load-firm").verdict == "fail"  # parts sum to more than four shelves give


def test_backplane_cables_are_5184():
    answer = describe_rack(load_design("gb200-nvl72"))
    backplane = next(cable for cable in answer.cables if cable.name == "backplane")
    assert backplane.count == 72 * 18 * 2 * 2 == 5184  # 72 GPUs x 18 links x 2 lanes x 2 directions; published 5184


@pytest.mark.parametrize(("supply", "flow"), [(25, 150), (30, 170), (35, 200), (40, 250), (45, 320)])
def test_vera_rubin_flow_follows_its_published_table(tmp_path, supply, flow):
    path = tmp_path / "vr.yaml"
    path.write_text(f"like: vr-nvl72\ncoolant: {{supply: {supply} C}}\n")
    answer = describe_rack(load_design(path))
    assert central(answer.coolant_flow_m3_per_s) * 60e3 == pytest.approx(flow)  # NVIDIA rack thermal model v07, Max-P


def test_helios_coolant_rise_is_the_derived_one():
    answer = describe_rack(load_design("helios"))
    # 97 % of 235 kW into 385 L/min of PG25 at 40 C: 227950 / (1014.5 x 3962.2 x 385/60000) = 8.84 K
    assert central(answer.coolant_return_temperature_k) - central(answer.coolant_supply_temperature_k) == pytest.approx(8.84, abs=0.01)


@pytest.mark.parametrize("name", shipped_designs())
def test_energy_balance_and_ledger_close(name):
    answer = describe_rack(load_design(name), draws=Draws(3, 64, WIDTHS, 2.0))
    assert np.asarray(answer.heat_liquid_w) + np.asarray(answer.heat_air_w) == pytest.approx(np.asarray(answer.power_input_w))
    assert np.all(np.asarray(answer.power_input_w) >= np.asarray(answer.power_load_w))
    assert np.all(np.asarray(answer.power_peak_w) >= np.asarray(answer.power_load_w))
    assert answer.ledger.dangling() == []
    assert all(check.verdict in ("pass", "fail", "not checkable") for check in answer.checks)
    assert all(check.missing for check in answer.checks if check.verdict == "not checkable")
    assert all(check.mend for check in answer.checks if check.verdict == "fail")
    assert central(answer.power_load_w) == pytest.approx(central(describe_rack(load_design(name)).power_load_w), rel=1e-12)


def test_announced_racks_say_what_is_not_published():
    answer = describe_rack(load_design("vr-nvl72"))
    assert answer.status == "announced"
    assert central(answer.power_load_w) == 227_000  # stated for the whole rack, Max-P
    assert "power of vr200" in answer.unknown
    assert verdict(answer, "power-known").verdict == "not checkable"


def test_mass_is_at_least_where_parts_are_unknown():
    answer = describe_rack(load_design("hgx-h200-air"))
    assert answer.mass_is_at_least
    assert central(answer.mass_kg) == 4 * 130  # node mass of the published air-cooled rack


BAD = {
    "load-firm": "like: gb200-nvl72\nslots: {u34-u37: 4 x switch-management}\n",  # four shelves, halved by N+N: 66 kW for 120
    "supply-temperature": "like: gb200-nvl72\ncoolant: {supply: 44 C}\n",
    "air-heat": "like: hgx-h200-air\nassemblies: {node: {static_power: 6 kW}}\n",
    "busbar-segment": "like: gb200-nvl72\nslots: {u1-u4: 4 x switch-management, u38-u41: 4 x shelf-33kw}\n",  # all shelves at one end
    "disconnect-flow": "like: gb200-nvl72\nconnect: [manifold.out -> compute.coolant via uqd-02]\n",
    "return-temperature": "like: gb200-nvl72\ncoolant: {rise: 60 K}\n",
    "feed-current": "like: gb200-nvl72\npower: {breaker: 30 A}\n",
    "module-envelope": "like: gb200-nvl72\nassemblies: {compute: {parts: [oam-2]}}\n",
    "payload": "like: gb200-nvl72\nframe: orv3\nheight: 48\nmass: 1600 kg\n",
    "published-load": None,
}


@pytest.mark.parametrize("name", [name for name, text in BAD.items() if text])
def test_a_bad_design_is_caught_by_the_check_meant_for_it(tmp_path, name):
    path = tmp_path / "bad.yaml"
    path.write_text(BAD[name])
    failed = [check.id for check in check_design(load_design(path)).rows if check.verdict == "fail"]
    assert any(found.startswith(name) for found in failed), failed


def test_checks_come_worst_first():
    rows = check_design(load_design("gb300-nvl72")).rows
    order = [{"fail": 0, "not checkable": 1, "pass": 2}[check.verdict] for check in rows]
    assert order == sorted(order)
    margins = [central(check.margin) for check in rows if check.verdict == "fail"]
    assert margins == sorted(margins)
