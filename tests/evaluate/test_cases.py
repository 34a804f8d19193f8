"""Published cases in our own YAML form."""

from __future__ import annotations

import pytest

from rackloom.errors import BadInput
from rackloom.evaluate import read_results

GOOD = """
cases:
- id: rack-a
  kind: rack
  design: gb200-nvl72
  measured: {power_load_w: "120 kW", mass_kg: "1360 to 1500 kg", coolant_supply_temperature_k: 40 C}
  source: {title: a made-up sheet, url: "https://example.org/sheet"}
  grade: B
- {id: run-b, kind: training, model: some-model, system: h100-hgx, measured: {step_s: 19.3, tokens_per_s_per_accelerator: 700}, source: a made-up log, grade: A}
"""


def read(tmp_path, text, name="cases.yaml"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return read_results(path)


def test_values_with_units_ranges_and_bare_numbers(tmp_path):
    got = read(tmp_path, GOOD)
    assert got.faults == ()
    assert [case.id for case in got.cases] == ["rack-a", "run-b"]
    power, mass, supply, step, rate = got.measurements
    assert (power.value, power.unit, power.low, power.grade, power.place) == (120_000.0, "W", None, "B", "cases.yaml:6")
    assert (mass.value, mass.low, mass.high) == (1430.0, 1360.0, 1500.0)
    assert supply.value == pytest.approx(313.15)
    assert (step.value, step.unit, step.design, step.source) == (19.3, "s", "h100-hgx", "a made-up log")
    assert (rate.value, rate.unit) == (700.0, "token/s")
    assert power.source == "a made-up sheet, https://example.org/sheet"


def test_faults_by_line_and_the_rest_is_read(tmp_path):
    text = """
cases:
- {id: a, kind: rack, design: d, measured: {power_load_w: "120 kg", mass_kg: "9 kg"}, source: s, grade: B}
- {id: a, kind: rack, measured: {mass_kg: "9 kg"}, source: s, grade: B}
- {id: b, kind: rack, measured: {mass_kg: "9 kg"}, source: s, grade: Z}
- {id: c, kind: rack, measured: {mass_kg: "9 kg"}}
- just text
- {id: d, kind: rack, measured: {weight: "9 kg", mass_kg: "1 2**9**9**9", power_load_w: .inf}, source: s, grade: C}
- {id: e, kind: rack, measured: [1], source: s, grade: C}
"""
    got = read(tmp_path, text)
    assert [fault.place.line for fault in got.faults] == [3, 4, 5, 6, 7, 8, 8, 8, 9]
    shown = "\n".join(str(fault) for fault in got.faults)
    for words in (
        "not a unit for this",
        "given twice",
        "not on the ladder",
        "does not say source, grade",
        "not a mapping",
        "'weight' does not say its unit",
        "is not a quantity",
        "finite",
    ):
        assert words in shown
    assert [(m.id, m.quantity) for m in got.measurements] == [("a", "mass_kg")]


def test_no_cases(tmp_path):
    assert "no list of 'cases'" in read(tmp_path, "rows: []").faults[0].what
    assert "empty" in read(tmp_path, "cases: []").faults[0].what


@pytest.mark.parametrize("text", ["", "- 1\n", "a: [", "\x00", "cases: &a [*a]"])
def test_what_is_no_mapping_is_refused(tmp_path, text):
    with pytest.raises(BadInput):
        read(tmp_path, text)
