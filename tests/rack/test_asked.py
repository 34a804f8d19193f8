"""Words set anew for one question, and traces of load read from a file."""

from __future__ import annotations

import pytest

from rackloom.errors import BadInput
from rackloom.rack import design_with, read_trace

from .racks import written


def trace(tmp_path, data):
    path = tmp_path / "load.csv"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def test_a_trace_starts_at_its_own_nought(tmp_path):
    found = read_trace(trace(tmp_path, "time_s,power_w\n5,100\n6,50\n7.5,100\n"))
    assert (found.time_s, found.power_w) == ((0.0, 1.0, 2.5), (100.0, 50.0, 100.0))


def test_a_trace_as_spreadsheets_write_it(tmp_path):
    """With a mark of its encoding, columns in another order and one too many."""
    found = read_trace(trace(tmp_path, b"\xef\xbb\xbfpower_w,time_s,note\r\n100,0,a\r\n50,1,b\r\n"))
    assert (found.time_s, found.power_w) == ((0.0, 1.0), (100.0, 50.0))


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"\xff\xfe\x00\x01", "is no CSV text"),
        (b'time_s,power_w\n0,"' + b"9" * 200_000 + b'"\n1,2\n', "is no CSV text"),
        ("time_s,power_w\n0,inf\n1,2\n", "power_w: 'inf' is no number of 0 or more"),
        ("time_s,power_w\n0,1\nnan,2\n", "time_s: 'nan' is no number of 0 or more"),
        ("time_s,power_w\n0,1\n1\n", "power_w: 'None' is no number"),
        ("", "has 0 rows"),
    ],
)
def test_what_is_no_trace_is_refused(tmp_path, data, told):
    with pytest.raises(BadInput, match=told) as caught:
        read_trace(trace(tmp_path, data))
    assert all(fault.mend for fault in caught.value.faults)


def test_a_trace_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BadInput, match="No such file"):
        read_trace(tmp_path / "none.csv")
    with pytest.raises(BadInput, match="directory"):
        read_trace(tmp_path)


def test_two_words_for_one_place_are_refused(tmp_path):
    with pytest.raises(BadInput, match="'busbar' is set already, to 'x'"):
        design_with(written(tmp_path), ["power.busbar=x", "power.busbar.rating=100 A"])


def test_the_rack_itself_is_named_and_not_set():
    with pytest.raises(BadInput, match="the rack is the one that is named"):
        design_with("gb300-nvl72", ["like=helios"])


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("coolant.racks=0", "racks"),
        ("power.feeds=2", "feeds"),
        ("power.redundancy=2N", "redundancy"),
        ("environment.altitude=20 km", "is no height at which racks stand"),
        ("coolant.supply=nan C", "supply"),
        ("slots.u99=tray", "above the frame"),
        ("assemblies.tray.cooling.liquid_share=50 %", "unknown key 'liquid_share'"),  # of the whole rack, under 'coolant:'
    ],
)
def test_a_word_that_cannot_be_is_refused_as_in_the_file(tmp_path, word, told):
    with pytest.raises(BadInput, match=told) as caught:
        design_with(written(tmp_path), [word])
    assert all(fault.place.file == "--set" for fault in caught.value.faults)


def test_lists_and_whole_numbers_are_read_as_such(tmp_path):
    design = design_with(written(tmp_path), ["coolant.wetted=[copper, EPDM]", "coolant.racks=12", "assemblies.tray.connectors=2"])
    assert (design.coolant.wetted, design.coolant.racks, design.assemblies["tray"].connectors) == (("copper", "EPDM"), 12, 2)
