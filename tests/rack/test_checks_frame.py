"""What stands where: boards, cards, mass, and how far figures are known."""

from __future__ import annotations

import pytest

from rackloom.draws import central
from rackloom.rack import check_design, load_design

from .racks import WHOLE, checked, written


def test_of_two_trays_with_one_card_the_weaker_slot_decides(tmp_path):
    """A card of 33 W in slots of 80 and of 25 W, whichever tray comes first."""
    for first, second in (("80 W", "25 W"), ("25 W", "80 W")):
        text = (
            f"height: 9\nslots: {{u1: one, u2: two}}\nassemblies: {{one: {{parts: [b200, connectx-7], card_slot: {first}}}, two: {{parts: [connectx-7], card_slot: {second}}}}}\n"
        )
        row = checked(tmp_path, text=text)["card-slot-connectx-7"]
        assert (row.verdict, central(row.value), central(row.limit)) == ("fail", 33.0, 25.0)
    text = text.replace(", card_slot: 80 W", "")
    assert checked(tmp_path, text=text)["card-slot-connectx-7"].verdict == "not checkable"


def test_modules_of_two_boards_worth_do_not_fit_on_one(tmp_path):
    """Sixteen modules of 1 kW on a board for 12 kW; on two boards, 8 kW each."""
    text = "height: 20\nslots: {u1-u8: node}\nassemblies: {node: {height: 8, parts: [16 x b200, ubb-2]}}\n"
    row = checked(tmp_path, text=text)["board-envelope"]
    assert (row.verdict, central(row.value), central(row.limit)) == ("fail", 16e3, 12e3)
    two = checked(tmp_path, text=text.replace("ubb-2", "2 x ubb-2"))["board-envelope"]
    assert (two.verdict, central(two.value)) == ("pass", 8e3)
    assert checked(tmp_path, text=text.replace("b200", "vr200"))["board-envelope"].verdict == "not checkable"


def test_a_sum_over_parts_far_from_the_published_load_is_told(tmp_path):
    """120 kW are published; a copy under its name with half of the trays empty is away by more than a tenth."""
    path = tmp_path / "gb200-nvl72.yaml"
    path.write_text("like: gb200-nvl72\nassemblies: {compute: {static_power: 4 kW}}\n")
    rows = {check.id: check for check in check_design(load_design(path)).rows}
    assert rows["published-load"].verdict == "fail"
    assert central(rows["published-load"].value) > 0.1
    assert next(check for check in check_design(load_design("gb200-nvl72")).rows if check.id == "published-load").verdict == "pass"


def test_units_used_are_those_of_the_front(tmp_path):
    row = checked(tmp_path)["units"]
    assert (row.verdict, row.value, row.limit) == ("pass", 10.0, 44.0)


def test_mass_that_is_whole_passes_and_that_is_too_much_fails(tmp_path):
    text = WHOLE.replace("frame: orv3-hpr", "frame: orv3").replace("height: 44", "height: 44\nmass: 1300 kg")
    row = checked(tmp_path, text=text)["payload"]
    assert (row.verdict, central(row.value), central(row.limit)) == ("pass", 1300.0, 1400.0)
    assert checked(tmp_path, "mass=1500 kg", text=text)["payload"].verdict == "fail"
    assert checked(tmp_path)["payload"].verdict == "not checkable"


def test_parts_whose_power_nobody_published_are_listed(tmp_path):
    rows = {check.id: check for check in check_design(load_design("vr-nvl72")).rows}
    assert rows["power-known"].missing
    assert "power-known" not in checked(tmp_path)


def test_a_load_of_assumptions_says_so(tmp_path):
    """Half a kilowatt of four assumed: 0.5 / 4.5; a load stated in the file is all ours."""
    text = "height: 9\nslots: {u1: tray}\nassemblies: {tray: {parts: [4 x b200], static_power: 500 W}}\n"
    assert central(checked(tmp_path, text=text)["figures-sourced"].value) == pytest.approx(0.5 / 4.5)
    path = written(tmp_path, text + "power: {load: 5 kW}\n")
    assert next(check for check in check_design(load_design(path)).rows if check.id == "figures-sourced").value == 1.0
