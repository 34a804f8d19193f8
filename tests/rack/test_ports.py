"""Connections from port to port, read one by one."""

from __future__ import annotations

import pytest

from rackloom.catalog import load_catalog
from rackloom.errors import Place
from rackloom.rack.ports import read_connection, twice

ITEMS = load_catalog().items


def read(text):
    faults = []
    return read_connection(text, Place("rack.yaml", 7), faults, ITEMS.get), faults


def test_a_connection_says_ends_ports_and_part():
    found, faults = read("manifold.out[*] -> tray[*].coolant via uqd-08")
    assert not faults
    made = found.made
    assert (made.source, made.source_port, made.target, made.target_port, made.via) == ("manifold", "out", "tray", "coolant", "uqd-08")
    assert (str(found.source), str(found.target)) == ("manifold.out[*]", "tray[*].coolant")


@pytest.mark.parametrize("text", ["manifold", "manifold.out ->", "-> tray.coolant", "a -> b -> c", "manifold.out[x] -> tray", "manifold.out -> tray via", ""])
def test_what_is_no_connection_is_refused_with_its_line_and_an_example(text):
    found, (fault,) = read(text)
    assert found is None
    assert (fault.place.line, "is not a connection" in fault.what, "manifold.out" in fault.mend) == (7, True, True)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("manifold.out -> tray.power", "manifold.out carries coolant, tray.power carries power"),
        ("busbar.out -> tray.coolant", "busbar.out carries power, tray.coolant carries coolant"),
        ("feed -> tray.network", "feed carries power, tray.network carries network"),
        ("manifold.out -> tray.coolant via aec-800", "coolant does not flow through 'aec-800', which is of kind cable"),
        ("busbar.out -> tray.power via uqd-08", "power does not flow through 'uqd-08', which is of kind quick_disconnect"),
        ("manifold.out -> tray.colant", "no port 'colant'"),
    ],
)
def test_media_are_not_mixed(text, told):
    _, faults = read(text)
    assert told in [fault.what for fault in faults]
    assert all(fault.mend for fault in faults)


@pytest.mark.parametrize(
    ("one", "other", "is_twice"),
    [
        ("manifold.out[1] -> tray[1].coolant", "manifold.out[1] -> tray[2].coolant", True),
        ("manifold.out[1] -> tray[1].coolant", "manifold.out[2] -> tray[1].coolant", True),
        ("manifold.out[*] -> tray[*].coolant", "manifold.out[2] -> tray[3].coolant", True),
        ("manifold.out[1] -> tray[1].coolant", "manifold.out[2] -> tray[2].coolant", False),
        ("manifold.out[*] -> tray[*].coolant", "manifold.out[*] -> switch[*].coolant", False),
        ("manifold.out[*] -> tray[*].coolant", "busbar.out[*] -> tray[*].power", False),
    ],
)
def test_a_port_takes_one_connection(one, other, is_twice):
    first, second = read(one)[0], read(other)[0]
    assert (twice(second, [first]) is not None) == is_twice
