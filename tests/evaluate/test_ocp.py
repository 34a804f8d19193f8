"""Logs in the OCP output format: small files written after the published schema, and everything that can be wrong with one.

Form: opencomputeproject/ocp-diag-core, json_spec/README.md 2.0 (MIT licence): schemaVersion, testRunStart with dutInfo,
measurement, measurement series, testRunEnd. Names and figures here are made up.
"""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rackloom.errors import BadInput
from rackloom.evaluate import ocp as reader
from rackloom.evaluate import read_results


def line(content: dict, number: int = 0) -> str:
    return json.dumps(content | {"sequenceNumber": number, "timestamp": "2026-10-01T02:11:57.857853Z"})


def step(content: dict, step_id: str = "1") -> str:
    return line({"testStepArtifact": content | {"testStepId": step_id}})


def start(dut: str = "rack 7", design: str = "gb300-nvl72") -> str:
    body = {
        "name": "rack_burn_in", "version": "1.0", "commandLine": "burn --hours 24", "parameters": {"design": design} if design else {},
        "dutInfo": {"dutInfoId": "1", "name": dut, "hardwareInfos": [{"hardwareInfoId": "5", "name": "busbar meter", "location": "U21", "serialNumber": "BM-0099"}]},
    }  # fmt: skip
    return line({"testRunArtifact": {"testRunStart": body}})


SCHEMA = line({"schemaVersion": {"major": 2, "minor": 0}})
END = line({"testRunArtifact": {"testRunEnd": {"status": "COMPLETE", "result": "PASS"}}})
POWER = step({"measurement": {"name": "rack_power", "unit": "kW", "value": 121.5, "hardwareInfoId": "5", "validators": [{"type": "LESS_THAN_OR_EQUAL", "value": 140.0}]}})
SERIES = [
    step({"measurementSeriesStart": {"measurementSeriesId": "12", "name": "coolant_supply_temperature_k", "unit": "Celsius"}}),
    *(step({"measurementSeriesElement": {"index": i, "measurementSeriesId": "12", "value": v, "timestamp": "2026-10-01T02:00:00Z"}}) for i, v in enumerate((39.0, 40.0, 42.0, 39.0))),
    step({"measurementSeriesEnd": {"measurementSeriesId": "12", "totalCount": 4}}),
]  # fmt: skip
LOG = [SCHEMA, start(), POWER, *SERIES, END]


def read(tmp_path, lines, name="burn.jsonl"):
    path = tmp_path / name
    path.write_bytes(lines if isinstance(lines, bytes) else ("\n".join(lines) + "\n").encode())
    return read_results(path)


def test_a_whole_log(tmp_path):
    got = read(tmp_path, LOG)
    assert (got.format, got.faults, got.lines) == ("ocp-2.0", (), 10)
    assert (got.runs[0].name, got.runs[0].dut, got.runs[0].status, got.runs[0].result) == ("rack_burn_in", "rack 7", "COMPLETE", "PASS")
    assert got.runs[0].hardware == {"5": "busbar meter U21 BM-0099"}
    power, supply = got.measurements
    assert (power.quantity, power.value, power.unit, power.samples, power.is_si) == ("rack_power", 121.5, "kW", 1, False)
    assert (power.unit_under_test, power.design, power.place) == ("rack 7 busbar meter U21 BM-0099", "gb300-nvl72", "burn.jsonl:3")
    # mean of 39, 40, 42, 39 is 40 C = 313.15 K
    assert (supply.value, supply.low, supply.high, supply.samples) == (pytest.approx(313.15), pytest.approx(312.15), pytest.approx(315.15), 4)
    assert (supply.unit, supply.is_si) == ("temperature_k", True)


def test_order_within_a_run_does_not_matter(tmp_path):
    expected = {(m.quantity, m.samples, round(m.value, 9)) for m in read(tmp_path, LOG).measurements}
    for seed in range(5):
        shuffled = list(LOG)
        random.Random(seed).shuffle(shuffled)
        got = read(tmp_path, shuffled)
        assert {(m.quantity, m.samples, round(m.value, 9)) for m in got.measurements} == expected
        assert got.faults == ()


def test_faults_by_line_and_the_rest_is_read(tmp_path):
    broken = [
        SCHEMA,
        start(),
        "{not json",
        POWER,
        "[1, 2]",
        '{"other": 1}',
        "",
        step({"measurement": {"value": 1.0}}),
        step({"measurement": {"name": "x", "value": None}}),
        *SERIES,
        END,
    ]
    got = read(tmp_path, broken)
    assert [fault.place.line for fault in got.faults] == [3, 5, 6, 8, 9]
    assert "not JSON" in str(got.faults[0])
    assert "without a name" in str(got.faults[3])
    assert {m.quantity for m in got.measurements} == {"rack_power", "coolant_supply_temperature_k"}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('{"testStepArtifact": {"measurement": {"name": "a", "value": NaN}}}', "NaN is not a JSON number"),
        ('{"testStepArtifact": {"measurement": {"name": "a", "value": 1e999}}}', "not a finite number"),
        ('{"testStepArtifact": {"measurement": {"name": "a", "value": ' + "9" * 400 + "}}}", "without a value that can be read"),
        ('{"testStepArtifact": {"measurement": {"name": "a", "value": ' + "9" * 5000 + "}}}", "not JSON"),
        ('{"testStepArtifact": {"measurement": {"name": "a", "value": [1]}}}', "without a value that can be read"),
        ('{"testStepArtifact": {"measurement": 5}}', "'measurement' is not an object"),
        ('{"testStepArtifact": {"measurementSeriesElement": {"index": 0, "value": 1}}}', "without 'measurementSeriesId'"),
        ("[" * 100_000, "nested too deeply"),
        ('{"testStepArtifact": {"measurement": {"name": {"a": 1}, "value": 2}}}', "without a name"),
        ('{"schemaVersion": {"major": 3, "minor": 1}}', "schema version 3.1"),
    ],
)
def test_one_hostile_line(tmp_path, text, what):
    got = read(tmp_path, [SCHEMA, start(), text, POWER, END])
    assert got.faults_in_all == 1
    assert what in got.faults[0].what
    assert got.faults[0].place.line == 3
    assert [m.quantity for m in got.measurements] == ["rack_power"]


def test_a_cut_log_says_so(tmp_path):
    whole = "\n".join(LOG)
    got = read(tmp_path, whole[: whole.rindex("measurementSeriesEnd")].encode())
    assert [fault.place.line for fault in got.faults] == [9, 8]
    assert "has no testRunEnd" in got.faults[1].what
    assert got.runs[0].status == "no end"
    assert [m.samples for m in got.measurements] == [1, 4]


def test_series_that_do_not_add_up(tmp_path):
    got = read(tmp_path, [SCHEMA, start(), *SERIES[:3], SERIES[-1], step({"measurementSeriesElement": {"index": 0, "measurementSeriesId": "99", "value": 1}}), END])
    assert [fault.what for fault in got.faults] == ["series '12' says 4 elements, 2 came", "measurement series '99' has no start that says what it measures"]
    assert [m.samples for m in got.measurements] == [2]


def test_text_and_truth_values_are_counted_apart(tmp_path):
    got = read(tmp_path, [SCHEMA, start(), step({"measurement": {"name": "firmware", "value": "v1.2"}}), step({"measurement": {"name": "present", "value": True}}), POWER, END])
    assert (got.not_numeric, len(got.measurements), got.faults) == (2, 1, ())


def test_two_runs_in_one_file_stay_apart(tmp_path):
    got = read(tmp_path, [*LOG, SCHEMA, start("rack 8"), POWER, END])
    assert [run.dut for run in got.runs] == ["rack 7", "rack 8"]
    assert len({m.id for m in got.measurements if m.quantity == "rack_power"}) == 2


def test_the_form_before_2_0(tmp_path):
    """As in validators/spec_validator/samples of ocp-diag-core: `info` and `element`, a list in dutInfo, ids used again in each step."""
    old = [
        line({"testRunArtifact": {"testRunStart": {"name": "mlc", "version": "3", "dutInfo": [
            {"hostname": "host28", "hardwareComponents": [{"hardwareInfoId": "0", "name": "cpu", "fruLocation": {"serialNumber": "0x06"}}]}]}}}),
        step({"measurement": {"info": {"name": "inter_node_bandwidth_min", "unit": "MB/sec", "hardwareInfoId": "0"}, "element": {"index": 0, "value": 46757.6}}}),
        *(text for number in ("4", "5") for text in (
            step({"measurementSeriesStart": {"measurementSeriesId": "0", "info": {"name": f"fan{number}", "unit": "RPM"}}}, number),
            step({"measurementElement": {"index": 0, "measurementSeriesId": "0", "value": 23364}}, number),
            step({"measurementSeriesEnd": {"measurementSeriesId": "0", "totalMeasurementCount": 1}}, number))),
        END,
    ]  # fmt: skip
    got = read(tmp_path, old)
    assert got.faults == ()
    assert got.format == "ocp, version unstated"
    assert [(m.quantity, m.value) for m in got.measurements] == [("inter_node_bandwidth_min", 46757.6), ("fan4", 23364.0), ("fan5", 23364.0)]
    assert got.measurements[0].unit_under_test == "host28 cpu 0x06"


def test_one_id_used_twice_in_a_step(tmp_path):
    twice = [s for name in ("a", "b") for s in (
        step({"measurementSeriesStart": {"measurementSeriesId": "0", "name": name, "unit": "V"}}),
        step({"measurementSeriesElement": {"index": 0, "measurementSeriesId": "0", "value": 1.0}}))]  # fmt: skip
    assert [m.quantity for m in read(tmp_path, [SCHEMA, start(), *twice, END]).measurements] == ["a", "b"]


def test_long_lines_are_skipped_in_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "MAX_LINE", 600)
    monkeypatch.setattr(reader, "_CHUNK", 64)
    got = read(tmp_path, [SCHEMA, step({"measurement": {"name": "x" * 3000, "value": 1.0}}), POWER, END])
    assert [fault.place.line for fault in got.faults] == [2]
    assert [(m.quantity, m.place) for m in got.measurements] == [("rack_power", "burn.jsonl:3")]


def test_faults_and_sensors_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "MAX_SENSORS", 10)
    many = [step({"measurement": {"name": f"sensor {i}", "value": 1.0}}) for i in range(30)]
    got = read(tmp_path, [SCHEMA, start(), *many, *["{"] * 500, END])
    assert len(got.measurements) == 10
    assert got.faults_in_all == 520
    assert len(got.faults) == 200


def test_marks_line_ends_and_sniffing(tmp_path):
    got = read(tmp_path, b"\xef\xbb\xbf" + "\r\n".join(LOG).encode(), name="burn.txt")
    assert got.faults == ()
    assert len(got.measurements) == 2


def test_not_utf8_is_one_fault_a_line(tmp_path):
    got = read(tmp_path, b"\n".join([SCHEMA.encode(), b'{"a": "\xff\xfe"}', POWER.encode(), END.encode()]))
    assert [fault.what for fault in got.faults] == ["not UTF-8 text"]
    assert len(got.measurements) == 1


def test_an_empty_file_and_no_file(tmp_path):
    got = read(tmp_path, b"")
    assert got.measurements == ()
    assert got.faults[0].what == "the file is empty"
    with pytest.raises(BadInput, match=r"no file 'burn\.jsonlx'[\s\S]*nearest: 'burn\.jsonl'"):
        read_results(tmp_path / "burn.jsonlx")
    with pytest.raises(BadInput, match="is a folder"):
        read_results(tmp_path)


json_values = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8), lambda c: st.lists(c, max_size=3) | st.dictionaries(st.text(max_size=8), c, max_size=3), max_leaves=8)  # fmt: skip
keys = st.sampled_from(
    ["testRunArtifact", "testStepArtifact", "schemaVersion", "testRunStart", "testRunEnd", "measurement", "measurementSeriesStart", "measurementSeriesElement",
     "measurementSeriesEnd", "dutInfo", "hardwareInfos", "info", "element", "name", "unit", "value", "measurementSeriesId", "hardwareInfoId", "subcomponent", "totalCount", "parameters"]
)  # fmt: skip
artifacts = st.recursive(json_values, lambda c: st.dictionaries(keys, c, max_size=4), max_leaves=12)


@settings(max_examples=150, deadline=None)
@given(st.lists(artifacts.map(json.dumps) | st.text(max_size=60), max_size=6))
def test_nothing_crashes_the_reader(tmp_path_factory, lines):
    path = tmp_path_factory.mktemp("fuzz") / "fuzz.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8", errors="replace")
    got = read_results(path)
    assert got.faults_in_all >= len(got.faults)
