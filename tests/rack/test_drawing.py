"""The power one-line and the coolant network in words."""

from __future__ import annotations

from rackloom.rack import describe_rack, design_with

from .racks import written


def drawn(tmp_path, case="normal"):
    return describe_rack(design_with(written(tmp_path), []), case=case)


def test_the_one_line_runs_from_the_top_and_its_currents_are_those_of_the_busbar(tmp_path):
    answer = drawn(tmp_path)
    lines = answer.one_line
    assert lines[0].startswith("2 x 415 V AC -> ")
    assert [line.strip().split()[0] for line in lines[1:] if "|" not in line] == ["u5-u8", "u2", "u1"]
    amperes = answer.ledger.value(f"designs.{answer.name}.busbar_segment_a")
    assert f"{amperes:,.0f} A up" in lines[2]


def test_what_is_lost_is_drawn_as_lost(tmp_path):
    assert any("feed A, lost" in line for line in drawn(tmp_path, "feed-a-lost").one_line)
    assert "nothing comes back" in drawn(tmp_path, "all-pumps-lost").network[0]


def test_the_network_names_unit_flow_and_temperatures(tmp_path):
    lines = drawn(tmp_path).network
    assert lines[0].startswith("CoolIT CHx2000, pumps 1+1: 16 L/min at 30.0 C out, ")
    assert lines[1].split()[:5] == ["u5-u8", "4", "x", "tray", "via"]
    assert "4.00 L/min each" in lines[1]


def test_a_rack_without_busbar_or_loop_draws_neither():
    answer = describe_rack(design_with("hgx-h200-air", []))
    assert answer.one_line == answer.network == ()
