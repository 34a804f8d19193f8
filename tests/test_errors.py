"""Errors name file, line, value, nearest valid thing and mend."""

from __future__ import annotations

from rackloom.errors import BadInput, Fault, OutOfRange, Place, RackloomError, Unknown, nearest


def test_a_fault_shows_the_line_a_caret_and_the_mend():
    place = Place("racks/gen2.yaml", 41, 10, "    nic: nic-b")
    fault = Fault("no part 'nic-b' in the catalogue", place, "nic-a", "Correct the name.")
    assert str(fault) == "racks/gen2.yaml:41:10: no part 'nic-b' in the catalogue\n        nic: nic-b\n             ^ nearest: 'nic-a'. Correct the name."


def test_all_faults_are_told():
    error = BadInput([Fault("one"), Fault("two")])
    assert str(error) == "one\ntwo"
    assert error.status == 2


def test_the_tree():
    assert issubclass(OutOfRange, RackloomError)
    assert issubclass(OutOfRange, ValueError)
    assert OutOfRange("x").status == 2
    unknown = Unknown("rack", "gb30-nvl72", ["gb300-nvl72", "helios"])
    assert isinstance(unknown, KeyError)
    assert str(unknown) == "no rack 'gb30-nvl72'\n    nearest: 'gb300-nvl72'."


def test_nearest_ignores_case_and_says_nothing_when_nothing_is_near():
    assert nearest("GB300", ["gb300", "h200"]) == "gb300"
    assert nearest("zzz", ["gb300"]) == ""
