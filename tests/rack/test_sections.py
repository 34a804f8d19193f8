"""Sections of a rack file: feeds and their sides, pumps, flows by table."""

from __future__ import annotations

import pytest

from rackloom.errors import BadInput
from rackloom.rack import design_with, load_design

from .racks import WHOLE, written


def read(tmp_path, old="", new=""):
    assert old in WHOLE
    return load_design(written(tmp_path, WHOLE.replace(old, new) if old else WHOLE))


def test_units_of_a_side_are_read_one_by_one_and_in_runs(tmp_path):
    assert read(tmp_path, "{A: u1, B: u2}", '{A: "u1, u3-u4", B: u2}').power.sides == {"A": (1, 3, 4), "B": (2,)}


@pytest.mark.parametrize("text", ["u4-u1", "u0", "u101", "1", "u1-", "rear u1"])
def test_what_names_no_units_is_refused_at_its_side(tmp_path, text):
    with pytest.raises(BadInput, match="names no units") as caught:
        read(tmp_path, "B: u2", f'B: "{text}"')
    assert all(fault.place.line == 12 for fault in caught.value.faults)


def test_feeds_are_counted_with_their_voltage(tmp_path):
    design = read(tmp_path, "2 x 415 V", "3 x 480 V")
    assert (design.power.feeds, design.power.feed_v.value) == (3, 480.0)
    with pytest.raises(BadInput, match="feeds"):
        read(tmp_path, "2 x 415 V", "0 x 415 V")


@pytest.mark.parametrize("text", ["0+1", "1", "1+", "one+one", "-1+1"])
def test_pumps_are_written_as_those_that_carry_and_those_beside(tmp_path, text):
    with pytest.raises(BadInput, match="is no count of pumps"):
        read(tmp_path, "pumps: 1+1", f"pumps: '{text}'")


def test_a_flow_may_be_a_table_of_the_catalogue(tmp_path):
    loop = read(tmp_path, "flow: 16 L/min", "flow: gb300-nvl72.flow").coolant
    assert (loop.flow_table, loop.flow_m3_per_s) == (("gb300-nvl72", "flow"), None)
    with pytest.raises(BadInput, match=r"no figure 'gb300-nvl72\.flows' in the catalogue"):
        read(tmp_path, "flow: 16 L/min", "flow: gb300-nvl72.flows")


def test_a_quantity_may_be_a_figure_by_name_if_it_is_of_the_right_kind(tmp_path):
    assert read(tmp_path, "breaker: 63 A", "breaker: shelf-33kw.input_a").power.breaker_a.value == 32.0
    with pytest.raises(BadInput, match=r"'shelf-33kw.output_w' is in W, not in A"):
        read(tmp_path, "breaker: 63 A", "breaker: shelf-33kw.output_w")


def test_a_side_that_is_set_alone_leaves_the_other_where_it_was(tmp_path):
    path = written(tmp_path)
    assert design_with(path, ["power.sides.A=u1, u3"]).power.sides == {"B": (2,), "A": (1, 3)}
    assert design_with(path, ["power.sides.A=u1-u2"]).power.sides == {"A": (1, 2)}  # a unit hangs on one feed: the other side holds nothing
