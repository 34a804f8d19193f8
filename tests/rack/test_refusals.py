"""Racks that cannot be: refused with place, value and mend, all at once."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from rackloom.cli.main import _register, app
from rackloom.errors import BadInput, RackloomError, Unknown
from rackloom.program import expanded_text
from rackloom.rack import check_design, design_with, load_design, read_trace, shipped_designs

from .racks import WHOLE, written

BAD = [
    (
        "manifold.out[*] -> tray[*].coolant via uqd-08",
        "manifold.out[1] -> tray[1].coolant via uqd-08\n  - manifold.out[1] -> tray[2].coolant via uqd-08",
        "'manifold.out[1]' is connected twice",
    ),
    (
        "manifold.out[*] -> tray[*].coolant via uqd-08",
        "manifold.out[*] -> tray[*].coolant via uqd-08\n  - manifold.out[*] -> tray[2].coolant via uqd-08",
        "'tray[2].coolant' is connected twice",
    ),
    ("manifold.out[*] -> tray[*].coolant via uqd-08", "busbar.out[*] -> tray[*].coolant via uqd-08", "busbar.out[*] carries power, tray[*].coolant carries coolant"),
    ("manifold.out[*] -> tray[*].coolant via uqd-08", "manifold.out[*] -> tray[*].power", "manifold.out[*] carries coolant, tray[*].power carries power"),
    ("via uqd-08", "via osfp-800-dr8", "coolant does not flow through 'osfp-800-dr8', which is of kind cable"),
    ("  flow: 16 L/min\n", "", ""),  # the unit still drives it
    ("  flow: 16 L/min\n  liquid_share: 85 %\n  return_max: 60 C\n  cdu: cdu-coolit-chx2000\n  racks: 60\n", "", "the coolant loop has no pump"),
    ("  cdu: cdu-coolit-chx2000\n", "", ""),  # a flow that is stated is driven by somebody
    ("tray.coolant", "tray.coolant", ""),
    ("resistance: 50 uohm/m", "resistance: 0 ohm/m", "resistance: '0 ohm/m' is 0"),
    ("droop: 1 V", "droop: -1 V", "droop: '-1 V' is below 0"),
    ("u9-u10: bbu-15kw", "u44-u45: bbu-15kw", "slot u44-u45 is above the frame, which has 44 units"),
    ("sides: {A: u1, B: u2}", "sides: {A: u1-u2, B: u2}", "unit 2 hangs on feed A and on feed B"),
    ("sides: {A: u1, B: u2}", "sides: {A: u1, B: u60}", "sides B: u60 is above the frame"),
    ("sides: {A: u1, B: u2}", "sides: {A: one, B: u2}", "sides A: 'one' names no units"),
    ("  pumps: 1+1\n", "  pumps: 1+1\n  pump_feeds: {C: 1}\n", "pump_feeds: no feed 'C'"),
    ("pumps: 1+1", "pumps: two", "pumps: 'two' is no count of pumps"),
    ("count: 4, case_max", "count: 4, series: 3, case_max", "4 plates do not make whole streams of 3 in series"),
    ("supply: 30 C", "supply: 130 C", "supply: '130 C' is no temperature of a liquid coolant"),
    ("dew_point: 15 C", "dew_point: 90 C", "dew_point: '90 C' is no temperature of the air of a hall"),
    ("glycol_share: 25 %", "glycol_share: 130 %", "glycol_share: '130 %' is more than the whole"),
    ("cdu: cdu-coolit-chx2000", "cdu: cdu-coolit-chx200", "no cdu 'cdu-coolit-chx200' in the catalogue"),
    ("plate: coldplate-oam-1kw-pg25", "plate: uqd-08", "no cold_plate 'uqd-08' in the catalogue"),
    ("grounding", "grounding", ""),
]


@pytest.mark.parametrize(("old", "new", "told"), [row for row in BAD if row[2]], ids=[row[2][:40] for row in BAD if row[2]])
def test_a_rack_that_cannot_be_is_refused_at_its_place_with_a_mend(tmp_path, old, new, told):
    assert old in WHOLE
    with pytest.raises(BadInput) as caught:
        load_design(written(tmp_path, WHOLE.replace(old, new)))
    fault = next(fault for fault in caught.value.faults if told in fault.what)
    assert fault.place is not None
    assert fault.mend


@pytest.mark.parametrize(("old", "new"), [row[:2] for row in BAD if not row[2] and row[0] in WHOLE])
def test_a_loop_that_something_drives_is_no_fault(tmp_path, old, new):
    assert load_design(written(tmp_path, WHOLE.replace(old, new))).coolant is not None


def test_a_unit_that_is_connected_and_not_named_is_no_pump(tmp_path):
    text = WHOLE.replace("  cdu: cdu-coolit-chx2000\n", "").replace("connect:\n", "connect:\n  - cdu.supply -> manifold.supply\n")
    with pytest.raises(BadInput, match="the coolant loop has no pump"):
        load_design(written(tmp_path, text))


@pytest.mark.parametrize(
    ("word", "told"),
    [("coolant.supply", "no KEY=VALUE"), ("coolant.suply=40 C", "unknown key 'suply'"), ("coolant.supply=40", "a temperature is written in C or K"), ("=3", "no KEY=VALUE")],
)
def test_a_word_set_anew_is_held_to_the_rack_file(word, told):
    with pytest.raises(BadInput, match=told):
        design_with("gb300-nvl72", [word])


def test_a_word_set_anew_changes_that_and_nothing_else():
    plain, warm = load_design("vr-nvl72"), design_with("vr-nvl72", ["coolant.supply=45 C", "environment.altitude=1500 m"])
    assert (warm.coolant.supply_temperature_k.value, warm.environment.altitude_m.value) == (318.15, 1500.0)
    assert (warm.slots, warm.assemblies, warm.power) == (plain.slots, plain.assemblies, plain.power)


@pytest.mark.parametrize(("text", "told"), [("time_s,power_w\n0,1\n1,x\n", "power_w: 'x' is no number"), ("time_s,power_w\n0,1\n0,2\n", "does not come after"), ("a,b\n1,2\n", "time_s: 'None'"),
                                            ("time_s,power_w\n0,5\n", "has 1 rows"), ("time_s,power_w\n0,1\n1,-4\n", "'-4' is no number")])  # fmt: skip
def test_a_trace_that_is_none_is_refused_with_its_line(tmp_path, text, told):
    path = tmp_path / "load.csv"
    path.write_text(text)
    with pytest.raises(BadInput, match=told):
        read_trace(path)


def test_an_unknown_case_names_the_nearest_and_what_would_add_one():
    with pytest.raises(Unknown, match=r"nearest: 'pump-loss'"):
        check_design(load_design("gb300-nvl72"), case="pump-los")
    with pytest.raises(Unknown, match="say what hangs on each under 'power: sides:'"):
        check_design(load_design("helios"), case="feed-a-lost")


_register()  # `main` does it; without it the app has no commands to run
LINES = {name: expanded_text(load_design(name)).splitlines() for name in shipped_designs()}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(sorted(LINES)), at=st.floats(0.0, 0.999), what=st.sampled_from(["drop", "twice", "0", "-1 W", "nan", "", "[]", "{}", "u1-u2", "1e400 kW"]))
def test_no_broken_file_ends_in_a_traceback(tmp_path_factory, name, at, what):
    lines = list(LINES[name])
    k = int(at * len(lines))
    head, colon, _ = lines[k].partition(": ")
    lines[k : k + 1] = {"drop": [], "twice": [lines[k], lines[k]]}.get(what, [f"{head}{colon}{what}"])
    path = tmp_path_factory.mktemp("fuzz") / "rack.yaml"
    path.write_text("\n".join(lines))
    result = CliRunner().invoke(app, ["design", str(path), "--json"])
    assert "No such command" not in result.output
    assert result.exception is None or isinstance(result.exception, (SystemExit, RackloomError)), f"{lines[k : k + 2]}: {result.exception!r}"
