import pytest

from rackloom.catalog import load_catalog
from rackloom.errors import BadInput, Unknown
from rackloom.factory import line_presets, load_line_preset, read_line
from rackloom.figures import Figure


def test_the_shipped_preset_is_assumed_throughout():
    line = load_line_preset("l11-basic", load_catalog())
    figures = [operation.time for operation in line.operations] + [value for value in vars(line).values() if isinstance(value, Figure)]
    assert len(figures) > 30
    assert {(figure.source, figure.grade) for figure in figures} == {("assumption", "E")}
    assert all(operation.time.low < operation.time.high for operation in line.operations)
    assert {operation.stage for operation in line.operations} == {"assembly", "test"}


def test_what_the_user_states_wins():
    hall = Figure("program.line.hall_power", 9e6, "W", "program.yaml:7", "A")
    line = load_line_preset("l11-basic", load_catalog(), stations=5, cells=7, hall_power_w=hall, shift_hours_per_week=100.0)
    assert (line.stations.value, line.cells.value, line.shift_hours_per_week.value) == (5.0, 7.0, 100.0)
    assert line.hall_power_w is hall


def test_units_are_read():
    line = load_line_preset("l11-basic")
    assert next(o for o in line.operations if o.name == "burn-in").time.low == pytest.approx(24 * 60)  # 24 h
    assert line.hall_power_w.value == pytest.approx(4e6)  # middle of 3 to 5 MW


def test_bad_overrides_come_together():
    with pytest.raises(BadInput) as caught:
        load_line_preset("l11-basic", stations=0, cells=-1, shift_hours_per_week=200.0)
    assert len(caught.value.faults) == 3


def test_an_unknown_preset_names_the_nearest():
    with pytest.raises(Unknown, match="nearest: 'l11-basic'"):
        load_line_preset("l11-basics")
    assert line_presets() == ["l11-basic"]


HEAD = """title: t
stations: 2
cells: 2
hall_power: 1 MW
shift_hours: 40 h/wk
test_hours: 168 h/wk
uptime: 90 %
test_uptime: 90 %
first_pass: {first_pass}
retest: 50 %
repair: 5 h
cells_per_person: 3
operations:
"""


def write(tmp_path, operations, first_pass="80 %"):
    path = tmp_path / "line-own.yaml"
    path.write_text(HEAD.format(first_pass=first_pass) + "\n".join(f"  {line}" for line in operations))
    return path


def test_every_fault_of_a_file_at_its_place(tmp_path):
    path = write(tmp_path, [
        "a: {title: A, time: 5, after: [c]}",
        "b: {title: B, time: 5 min, after: [aa]}",
        "c: {title: C, time: 5 min, after: [b, d]}",
        "d: {title: D, time: 5 min, after: [a]}",
        "x: {title: X, time: 1 h, stage: test, after: [d]}",
        "y: {title: Y, time: 1 h, after: [x]}",
    ], first_pass="0 %")  # fmt: skip
    with pytest.raises(BadInput) as caught:
        read_line(path)
    text = str(caught.value)
    for part in ("'5' has no unit", "which is no operation", "wait for each other", "'y' is assembly and comes after 'x'", "first_pass: a share is above 0"):
        assert part in text, part
    path_text = next(fault.what for fault in caught.value.faults if "wait for each other" in fault.what)
    assert {"a", "c", "d"} == set(path_text.split(": ")[1].split(" -> "))
    assert all(fault.place is not None and fault.place.line > 0 for fault in caught.value.faults)


def test_an_unknown_key_is_refused(tmp_path):
    with pytest.raises(BadInput, match="unknown key 'crews'"):
        read_line(write(tmp_path, ["a: {title: A, time: 5 min, crews: 2}"]))
