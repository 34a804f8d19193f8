"""The power one-line and the coolant network in words."""

from __future__ import annotations

import pytest

from rackloom.rack import describe_rack, design_with

from .racks import WHOLE, written


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


def test_a_bar_that_collapses_is_drawn_without_figures_it_does_not_have(tmp_path):
    answer = describe_rack(design_with(written(tmp_path), ["power.busbar.resistance=20 ohm/m"]))
    assert not any("nan" in line for line in answer.one_line)
    assert any("no solution" in line for line in answer.one_line)


def test_a_branch_that_is_shut_is_drawn_beside_those_that_run(tmp_path):
    lines = drawn(tmp_path, "branch-closed").network
    assert "some without flow" in lines[1]
    assert "0.00 to 5." in lines[1]


def test_unlike_neighbours_are_lines_of_their_own(tmp_path):
    text = WHOLE.replace("u5-u8: 4 x tray", "u5-u6: 2 x tray, u7: other, u8: tray").replace("assemblies:\n", "assemblies:\n  other: {parts: [connectx-7], power: 1 kW}\n")
    answer = describe_rack(design_with(written(tmp_path, text), []))
    assert [line.split()[0] for line in answer.one_line[1:] if "|" not in line] == ["u8-u8", "u7-u7", "u5-u6", "u2", "u1"]
    watts = [float(line.split(": ")[1].split()[0]) for line in answer.one_line[1:] if "each" in line]
    assert watts == [pytest.approx(4.03), pytest.approx(1.0), pytest.approx(4.03)]
