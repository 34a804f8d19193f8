"""What may be lost of a rack, and how that is named."""

from __future__ import annotations

import pytest

from rackloom.errors import BadInput, Unknown
from rackloom.rack import check_design, describe_rack, design_with, load_design, states_of
from rackloom.rack.states import find_state, places_of, shelves_of

from .racks import WHOLE, checked, written


def states(tmp_path, text=WHOLE, *words):
    return states_of(design_with(written(tmp_path, text), words))


def test_a_feed_takes_its_shelves_and_its_pumps(tmp_path):
    lost = states(tmp_path, WHOLE, "coolant.pump_feeds.A=1")["feed-a-lost"]
    assert (lost.shelves, lost.pumps_lost, lost.feeds_lost) == ((0.0, 1.0), 1, ("A",))
    assert states(tmp_path)["feed-a-lost"].pumps_lost == 0


def test_a_module_is_a_sixth_of_its_shelf(tmp_path):
    assert states(tmp_path)["psu-u2-lost"].shelves == (1.0, pytest.approx(5 / 6))


def test_n_plus_1_is_a_shelf_where_its_modules_are_not_published():
    planned = [state.name for state in states_of(load_design("vr-nvl72")).values() if state.planned]
    assert [name.partition("-u")[0] for name in planned] == ["shelf"] * 4 + ["pump-loss"]


def test_front_and_rear_of_one_unit_are_two_states(tmp_path):
    found = states(tmp_path, WHOLE.replace("u1: shelf-33kw", "u1: shelf-33kw, rear u1: shelf-33kw"))
    assert {name: state.shelves for name, state in found.items() if name.startswith("shelf-u1")} == {"shelf-u1-lost": (0.0, 1.0, 1.0), "shelf-u1-rear-lost": (1.0, 0.0, 1.0)}
    rows = checked(tmp_path, text=WHOLE.replace("u1: shelf-33kw", "u1: shelf-33kw, rear u1: shelf-33kw"))
    assert rows["shelf-output-psu-lost"].verdict == "pass"


def test_places_run_from_the_bottom_and_stand_in_the_middle_of_their_units(tmp_path):
    design = design_with(written(tmp_path, WHOLE), [])
    assert [(place.name, place.unit) for place in places_of(design)][:4] == [("shelf-33kw", 1.0), ("shelf-33kw", 2.0), ("bbu-15kw", 3.5), ("tray", 5.0)]
    assert [shelf.label for shelf in shelves_of(design)] == ["shelf-33kw u1", "shelf-33kw u2"]


def test_short_names_mean_the_lowest(tmp_path):
    design = design_with(written(tmp_path, WHOLE), [])
    assert (find_state(design, "shelf-lost").name, find_state(design, "psu-lost").name) == ("shelf-u1-lost", "psu-u1-lost")
    with pytest.raises(Unknown, match="shelf-u1-lost"):
        find_state(design, "shelf-u7-lost")


def test_a_lone_branch_that_is_shut_is_all_of_them(tmp_path):
    text = WHOLE.replace("u5-u8: 4 x tray", "u5: tray")
    for case in ("branch-closed", "valves-closed"):
        answer = describe_rack(design_with(written(tmp_path, text), []), case=case)
        assert answer.coolant_return_temperature_k is None
        assert next(check for check in answer.checks if check.id == "case-temperature-tray").verdict == "fail"


def test_air_racks_have_no_states_of_coolant():
    assert not [name for name in states_of(load_design("hgx-h200-air")) if "pump" in name or "closed" in name]


def test_a_case_is_looked_at_alone(tmp_path):
    """The planned losses are those of the whole rack; in a case nothing else is lost beside it."""
    ids = {check.id for check in check_design(design_with(written(tmp_path, WHOLE), []), case="feed-b-lost").rows}
    assert "busbar-segment" in ids
    assert [name for name in ids if name.endswith("-lost")] == ["module-lost"]  # which asks that of every rack


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("sides: {A: u1, B: u2}", "sides: {A: u1, a: u2}", "sides 'A' and 'a' differ by case alone"),
        ("pumps: 1+1", "pumps: 1+1\n  pump_feeds: {A: 3}", "3 pumps hang on feeds, the loop has 2"),
        ("pumps: 1+1", "pumps: 1+1\n  pump_feeds: {A: -1}", "fewer than no pumps"),
        ("  pumps: 1+1\n", "  pump_feeds: {A: 1}\n", "how many pumps the loop has is not known"),
    ],
)
def test_states_that_would_hide_a_loss_are_refused(tmp_path, old, new, told):
    assert old in WHOLE
    with pytest.raises(BadInput, match=told) as caught:
        load_design(written(tmp_path, WHOLE.replace(old, new)))
    assert all(fault.place and fault.mend for fault in caught.value.faults)
