"""The build sheet: counts by hand, hours as pieces times minutes, and what changes of a design save."""

from __future__ import annotations

from pathlib import Path

import pytest

from rackloom.catalog import draws_from, load_catalog
from rackloom.draws import central, interval
from rackloom.errors import BadInput
from rackloom.rack import compare_racks, describe_rack, design_with, load_design, shipped_designs

from .layouts import LAYOUT
from .racks import WHOLE, written

HAND = str(Path(__file__).parents[2] / "examples" / "build" / "hand-cabled.yaml")


def sheet(path, *words):
    return describe_rack(design_with(path, words)).build


def test_connections_are_counted_by_hand(tmp_path):
    """Four trays of one pair of couplings each, two ends a pair: 8 by hand. Two shelves of two inlets: 4 whips. No busbar connection is stated, no cable."""
    found = sheet(written(tmp_path))
    assert {one.name: one.count for one in found.operations if one.by_hand} == {"couplings": 8, "feeds": 4}
    assert (found.hand_connections, found.blind_connections, found.cables_by_hand) == (12, 0, 0)
    blind = sheet(written(tmp_path, WHOLE.replace("  tray: {parts", "  tray: {mating: blind, parts")))
    assert (blind.hand_connections, blind.blind_connections) == (4, 8)
    assert "couplings" not in {one.name for one in blind.operations}


def test_couplings_that_are_made_for_it_mate_by_sliding_in(tmp_path):
    found = sheet(written(tmp_path, WHOLE.replace("uqd-08", "uqdb-08")))
    assert (found.hand_connections, found.blind_connections) == (4, 8)


def test_cables_have_two_ends_in_the_rack_or_one(tmp_path):
    found = sheet(written(tmp_path, LAYOUT))
    assert found.cables_by_hand == 6
    assert next(one.count for one in found.operations if one.name == "plugs") == 4 * 2 + 2


def test_hours_are_pieces_times_minutes(tmp_path):
    found, catalog = sheet(written(tmp_path)), load_catalog()
    for one in found.operations:
        name = {"shelves": "shelf", "couplings": "coupling", "feeds": "feed", "cords": "cord", "cables": "cable", "plugs": "plug"}.get(one.name, one.name)
        assert central(one.hours) == pytest.approx(one.count * catalog.figure("build-times", f"{name}_minutes").value / 60), one.name
    assert central(found.assembly_hours) == pytest.approx(sum(central(one.hours) for one in found.operations))
    assert central(found.test_hours) == pytest.approx(4 + 15 + 48 + 2)
    assert found.assumed
    assert all(catalog.figure("build-times", key.rpartition(".")[2]).grade == "E" for key in found.assumed)


def test_nvl72_against_hand_cabled_trays_and_an_air_cooled_rack():
    draws = draws_from(load_catalog())
    spine, hand, air = (describe_rack(load_design(name), draws=draws) for name in ("gb200-nvl72", HAND, "hgx-h100-air"))
    # 27 trays: 54 couplings and 27 clips to the busbar; 324 cables of two ends in place of one spine
    assert (spine.build.hand_connections, hand.build.hand_connections) == (16 + 72, 16 + 72 + 54 + 27 + 648)
    assert (spine.build.cables_by_hand, hand.build.cables_by_hand) == (72, 72 + 324)
    assert (spine.build.blind_connections, hand.build.blind_connections) == (81, 0)
    # 4 nodes of 6 supplies; 4 x 8 cables, whose other ends are elsewhere
    assert air.build.hand_connections == 24 + 4 * 8
    assert air.build.blind_connections == 0
    assert central(air.build.assembly_hours) < central(spine.build.assembly_hours) < central(hand.build.assembly_hours)
    found = compare_racks(hand, spine)
    hours = next(change for change in found.changes if change.name == "assembly_hours")
    assert central(hours.change) < 0
    assert hours.change[1:].max() < 0  # in every draw
    moved = {change.name: central(change.change) for change in found.operations}
    assert set(moved) == {"couplings", "feeds", "cables", "plugs", "inspect", "backplane"}
    assert central(hours.change) == pytest.approx(sum(moved.values()))
    assert ("nvl72-spine", 0, 1) in found.parts
    cooled = compare_racks(air, spine)
    assert all(all(row[1:]) or "fail" in row[1:] for row in cooled.verdicts)


def test_a_rack_against_itself_changes_nothing():
    answer = describe_rack(load_design("gb300-nvl72"))
    found = compare_racks(answer, answer)
    assert all(change.change is None or central(change.change) == 0 for change in found.changes)
    assert (found.operations, found.verdicts, found.parts) == ((), (), ())


@pytest.mark.parametrize(("row", "name"), [("| `gb200-nvl72` |", "gb200-nvl72"), ("| the same, trays joined", HAND), ("| `hgx-h100-air` |", "hgx-h100-air")])
def test_the_manuals_table_is_what_the_program_says(row, name):
    text = (Path(__file__).parents[2] / "docs" / "build.md").read_text(encoding="utf-8")
    shown = next(line for line in text.splitlines() if line.startswith(row)).strip("| ").split(" | ")[1:]
    found = describe_rack(load_design(name), draws=draws_from(load_catalog())).build
    (low, high), (least, most) = interval(found.assembly_hours), interval(found.test_hours)
    assert shown == [
        f"{central(found.assembly_hours):.1f} ({low:.0f}–{high:.0f})", str(found.hand_connections), str(found.blind_connections), str(found.cables_by_hand), str(found.unique_parts),
        f"{central(found.test_hours):.0f} ({least:.0f}–{most:.0f})",
    ]  # fmt: skip


@pytest.mark.parametrize("name", shipped_designs())
def test_every_shipped_rack_has_a_sheet(name):
    answer = describe_rack(load_design(name))
    assert central(answer.build.assembly_hours) > 3
    assert answer.build.hand_connections >= sum(one.by_hand for one in answer.build.operations) > 0
    assert answer.reliability.failures_per_year > 0
    assert answer.ledger.dangling() == []


def test_what_a_rack_leaves_out_must_be_there(tmp_path):
    with pytest.raises(BadInput, match="there is no 'spine'") as caught:
        load_design(written(tmp_path, "like: gb200-nvl72\nwithout: [spine]\n"))
    assert caught.value.faults[0].place.line == 2
    assert not [name for _, name in load_design(HAND).fixtures if name == "nvl72-spine"]
