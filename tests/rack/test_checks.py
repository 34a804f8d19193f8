"""Checks on racks that are wrong in a known way, with the value worked by hand, and what a check may not claim."""

from __future__ import annotations

import pytest

from rackloom.catalog import load_catalog
from rackloom.draws import central
from rackloom.errors import BadInput
from rackloom.figures import convert
from rackloom.rack import check_design, load_design, shipped_designs
from tests.published.load import published

TRAY = "assemblies: {tray: {parts: [4 x b300, 4 x connectx-8], power: 20 kW}}\n"


def checks(tmp_path, text):
    path = tmp_path / "rack.yaml"
    path.write_text(text)
    answer = check_design(load_design(path))
    assert answer.ledger.dangling() == []
    return {check.id: check for check in answer.rows}


def test_an_18_kw_shelf_at_47_5_v_overloads_its_connector_in_still_air(tmp_path):
    check = checks(tmp_path, f"frame: orv3\nslots: {{u1: shelf-18kw, u5: tray}}\npower: {{redundancy: N, bus: 47.5 V}}\n{TRAY}")["shelf-connector-shelf-18kw"]
    published_a = next(row["expected_a"] for row in published("electric") if row["id"] == "orv3-shelf-379-a")
    assert check.verdict == "fail"
    assert (central(check.value), central(check.limit)) == (pytest.approx(published_a, rel=1e-3), 360.0)


def test_three_high_power_shelves_are_not_99_kw(tmp_path):
    check = checks(tmp_path, f"frame: orv3-hpr\nheight: 44\nslots: {{u1-u3: 3 x shelf-33kw, u5: tray}}\npower: {{redundancy: N, bus: 50 V}}\n{TRAY}")["shelf-paralleling"]
    assert (check.verdict, central(check.value), central(check.limit)) == ("fail", 99_000.0, 93_500.0)  # OCP HPR 33 kW shelf Rev 0.3


def test_12_kw_do_not_pass_one_pair_of_9_l_per_min(tmp_path):
    text = f"""\
frame: orv3
slots: {{u1: shelf-33kw, u5: tray}}
{TRAY.replace("20 kW", "12 kW")}
connect: [manifold.out -> tray.coolant via bmqc]
power: {{redundancy: N, bus: 50 V}}
coolant: {{fluid: pg25, supply: 40 C, rise: 10 K, liquid_share: 100 %}}
"""
    check = checks(tmp_path, text)["disconnect-flow-tray"]
    assert check.verdict == "fail"
    # 12000 / (1014.5 x 3962.2 x 10) m3/s = 17.91 L/min; two published ports of 6.0 kW each carry it
    assert convert(central(check.value), "m3/s", "L/min") == pytest.approx(17.91, abs=0.01)
    assert convert(central(check.limit), "m3/s", "L/min") == pytest.approx(9.0)
    two = checks(tmp_path, text.replace("4 x connectx-8", "4 x connectx-8, 4 x bmqc"))["disconnect-flow-tray"]
    assert two.verdict == "pass"
    assert central(two.value) == pytest.approx(central(check.value) / 2)


def test_a_1400_w_module_does_not_fit_a_1000_w_slot(tmp_path):
    text = "frame: orv3\nslots: {u5-u8: node}\nassemblies: {node: {height: 4, parts: [8 x mi355x, ubb-2, 8 x pollara-400]}}\n"
    check = checks(tmp_path, text)["module-envelope"]
    assert (check.verdict, central(check.value), central(check.limit), central(check.margin)) == ("fail", 1400.0, 1000.0, pytest.approx(-0.4))


def test_120_kw_from_one_end_overload_the_busbar_and_from_both_do_not(tmp_path):
    one = "like: gb200-nvl72\nslots: {u1-u4: 4 x shelf-33kw, u34-u37: 4 x switch-management}\npower: {load: 120 kW, bus: 50 V}\n"
    check = checks(tmp_path, one)["busbar-segment"]
    assert (check.verdict, central(check.limit)) == ("fail", 1400.0)
    assert central(check.value) == pytest.approx(2400.0, rel=2e-3)  # 120 kW / 50 V, one segment carries all, and what its resistance makes of it
    both = checks(tmp_path, "like: gb200-nvl72\npower: {load: 120 kW, bus: 50 V}\n")["busbar-segment"]
    assert both.verdict == "pass"
    assert 1200.0 <= central(both.value) < 1300.0  # half of it, and what the lower ten of 27 trays do not take


def test_a_tray_above_100_a_needs_more_than_one_connector(tmp_path):
    check = checks(tmp_path, f"frame: orv3\nslots: {{u1: shelf-33kw, u5: tray}}\npower: {{redundancy: N, bus: 50 V}}\n{TRAY}")["tray-connector"]
    assert (check.verdict, central(check.value), central(check.limit)) == ("fail", 400.0, 100.0)  # 20 kW / 50 V; ORv3 base, 100 A


def test_a_rack_that_heats_its_own_cooling_unit_too_much(tmp_path):
    small = checks(tmp_path, "like: vr-nvl72\nfixtures: [cdu-inrack-supermicro]\n")["cdu-heat"]
    assert small.verdict == "pass"  # 220 of 250 kW
    check = checks(tmp_path, "like: vr-nvl72\nfixtures: [cdu-inrack-supermicro]\npower: {load: 300 kW}\n")["cdu-heat"]
    assert (check.verdict, central(check.value), central(check.limit)) == ("fail", pytest.approx(291_000.0), 250_000.0)  # 97 % of 300 kW


def test_too_little_flow_for_the_supply_temperature(tmp_path):
    check = checks(tmp_path, "like: vr-nvl72\ncoolant: {supply: 45 C, flow: 250 L/min}\n")["flow-for-supply"]
    assert check.verdict == "fail"
    assert convert(central(check.value), "m3/s", "L/min") == pytest.approx(0.97 * 227 * 1.3)  # DA-12515-001: 1.3 L/min/kW at 45 C


def test_a_published_flow_is_not_read_beyond_its_table(tmp_path):
    found = checks(tmp_path, "like: gb300-nvl72\ncoolant: {supply: 50 C}\n")  # the table ends at 45 C; its end would be too little
    for name in ("return-temperature", "flow-for-supply"):
        assert found[name].verdict == "not checkable"
        assert "flow at this supply temperature" in found[name].missing


UNPUBLISHED = "frame: orv3\nslots: {u1-u2: 2 x shelf-33kw, u5-u6: 2 x tray}\nassemblies: {tray: {parts: [4 x vr200, vera, 4 x connectx-9]}}\npower: {redundancy: N+1, bus: 50 V}\n"


def test_a_load_that_is_only_known_in_part_passes_nothing(tmp_path):
    found = checks(tmp_path, UNPUBLISHED)
    for name in ("load-firm", "module-lost", "peak-pulse", "tray-connector", "air-heat"):
        if name in found:
            assert found[name].verdict == "not checkable", name
            assert "power of vr200" in found[name].missing
    assert "published-load" not in found


def test_a_load_that_is_known_in_part_can_fail(tmp_path):
    check = checks(tmp_path, UNPUBLISHED.replace("4 x connectx-9", "600 x connectx-9"))["load-firm"]
    assert (check.verdict, central(check.value), central(check.limit)) == ("fail", 2 * 600 * 65.0, 2 * 27_500.0)  # the cards alone are too much


def test_a_mass_that_is_only_known_in_part_passes_no_payload(tmp_path):
    tray = "assemblies: {tray: {parts: [4 x b300], mass: 60 kg}}\n"
    text = f"frame: orv3\nslots: {{u1: shelf-33kw, u5: tray}}\n{tray}"
    check = checks(tmp_path, text)["payload"]
    assert (check.verdict, check.missing) == ("not checkable", ("mass of what else is in the rack",))
    assert checks(tmp_path, text.replace("60 kg", "1500 kg"))["payload"].verdict == "fail"  # more than 1400 kg whatever the rest weighs


@pytest.mark.parametrize("name", shipped_designs())
def test_every_row_says_what_it_rests_on(name):
    answer = check_design(load_design(name), name="now")
    ids = [check.id for check in answer.rows]
    assert len(ids) == len(set(ids))
    for check in answer.rows:
        assert check.question.endswith("?")
        assert check.clause == "clause not read"
        if check.verdict != "not checkable":
            assert check.document
            assert answer.ledger[check.key].inputs or check.id == "units"
            assert central(answer.ledger.value(check.key)) == central(check.margin)


def test_what_is_no_site_is_refused_rather_than_ignored():
    with pytest.raises(BadInput, match="a site is an Environment, not a Item"):
        check_design(load_design("gb200-nvl72"), site=load_catalog().item("houston"))
