"""Predicted against measured, by hand and by law."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rackloom.draws import Draws
from rackloom.errors import Unknown
from rackloom.evaluate import Case, Measurement, Prediction, Results, compare, predict_cases
from rackloom.figures import assumption
from rackloom.ledger import Ledger


def measured(name, quantity, value, unit, kind="rack", **more):
    return Measurement(name, quantity, value, unit, kind, source="a made-up sheet", grade="B", place="cases.yaml:3", **more)


def results(*measurements, cases=(), file="cases.yaml"):
    return Results(file, "cases", tuple(measurements), tuple(cases))


def spread(middle, low, high):
    """Central value first, then draws whose 10 % and 90 % quantiles are low and high."""
    return np.concatenate([[middle], np.linspace(low - (high - low) / 8, high + (high - low) / 8, 101)])


def test_errors_by_hand():
    """Errors 110/100 - 1 = +10 %, 180/200 - 1 = -10 %, 330/300 - 1 = +10 %, 50/50 - 1 = 0.

    Mean of absolute errors (10 + 10 + 10 + 0)/4 = 7.5 %, median 10 %, bias (10 - 10 + 10 + 0)/4 = 2.5 %.
    """
    pairs = {"a": (110.0, 100.0), "b": (180.0, 200.0), "c": (330.0, 300.0), "d": (50.0, 50.0)}
    got = compare({f"{name}.step_s": p for name, (p, _) in pairs.items()}, results(*(measured(n, "step_s", m, "s", "training") for n, (_, m) in pairs.items())))
    assert got.scored == 4
    assert got.mape == pytest.approx(0.075)
    assert got.median_ape == pytest.approx(0.10)
    assert got.bias == pytest.approx(0.025)
    assert got.coverage_80 is None
    assert {row.id: row.error for row in got.rows} == {"a": pytest.approx(0.1), "b": pytest.approx(-0.1), "c": pytest.approx(0.1), "d": 0.0}
    assert got.rows[-1].id == "d"  # worst first
    assert all(row.inside is None for row in got.rows)


def test_intervals_hold_or_do_not():
    predictions = {"a.step_s": (spread(10.0, 9.0, 11.0), "s"), "b.step_s": (spread(10.0, 9.0, 11.0), "s"), "c.step_s": 10.0}
    got = compare(predictions, results(*(measured(n, "step_s", v, "s", "training") for n, v in (("a", 10.9), ("b", 11.2), ("c", 10.0)))))
    assert {row.id: row.inside for row in got.rows} == {"a": True, "b": False, "c": None}
    assert got.coverage_80 == 0.5
    by_id = {row.id: row for row in got.rows}
    assert (by_id["a"].predicted_low, by_id["a"].predicted_high) == (pytest.approx(9.0), pytest.approx(11.0))


def test_a_rack_finds_the_generation_of_its_design():
    predictions = {"designs.now.power_load_w": (132e3, "W"), "designs.next.power_load_w": (190e3, "W"), "designs.now.compute.power_load_w": (6e3, "W")}
    got = compare(predictions, results(measured("m", "power_load_w", 120e3, "W", design="gb200-nvl72")), designs={"now": "gb200-nvl72", "next": "vr-nvl72"})
    assert got.rows[0].error == pytest.approx(0.1)  # 132/120 - 1
    assert got.rows[0].difference == pytest.approx(12e3)
    other = compare(predictions, results(measured("m", "power_load_w", 120e3, "W", design="helios")), designs={"now": "gb200-nvl72"})
    assert other.rows == ()
    assert other.skipped[0].reason == "'power_load_w' is predicted, but not for 'helios'"


@pytest.mark.parametrize(
    ("name", "value", "unit", "key", "predicted", "error"),
    [
        ("rack_power", 120.0, "kW", "designs.now.power_load_w", 132e3, 0.1),
        ("power-load", 120.0, "kW", "designs.now.power_load_w", 132e3, 0.1),
        ("Coolant Flow", 100.0, "LPM", "designs.now.coolant_flow_m3_per_s", 1.8e-3, 0.08),  # 100 L/min = 1.6667e-3 m3/s
        ("mass", 1.5, "t", "designs.now.mass_kg", 1500.0, None),
        ("designs.now.mass_kg", 3306.9339, "lb", "designs.now.mass_kg", 1575.0, 0.05),  # 3306.9339 lb = 1500 kg
    ],
)
def test_names_and_units_of_test_programs(name, value, unit, key, predicted, error):
    got = compare({key: (predicted, "1")}, results(measured("log", name, value, unit, "test", is_si=False)))
    if error is None:
        assert "does not measure the same as kg" in got.skipped[0].reason
    else:
        assert got.rows[0].error == pytest.approx(error, rel=1e-6)


def test_temperatures_are_told_in_kelvin_only():
    got = compare(
        {"designs.now.coolant_supply_temperature_k": (313.15, "temperature_k")}, results(measured("log", "coolant_supply_temperature_k", 311.15, "temperature_k", "test"))
    )
    assert got.rows[0].error is None
    assert got.rows[0].difference == pytest.approx(2.0)
    assert got.mape is None


def test_what_is_not_compared_is_told():
    predictions = {
        "designs.now.mass_kg": 1.0,
        "designs.next.mass_kg": 1.0,
        "x.step_s": Prediction(float("nan"), "", "predicted not to fit: memory"),
        "designs.now.power_load_w": 1.0,
    }
    rows = [
        measured("log", "fan speed", 100.0, "RPM", "test", is_si=False), measured("log", "fan speed", 120.0, "RPM", "test", is_si=False),
        measured("log", "mass", 9.0, "kg", "test", is_si=False), measured("x", "step_s", 1.0, "s", "training"), measured("log", "power_load", 5.0, "", "test", is_si=False),
    ]  # fmt: skip
    got = compare(predictions, results(*rows))
    assert got.rows == ()
    assert [(s.quantity, s.count) for s in got.skipped] == [("fan speed", 2), ("mass", 1), ("step_s", 1), ("power_load", 1)]
    assert got.skipped[0].reason == "nothing predicted is called 'fan speed'"
    assert "2 predictions are called 'mass'" in got.skipped[1].reason
    assert got.skipped[2].reason == "predicted not to fit: memory"
    assert "without a unit" in got.skipped[3].reason


def test_a_measured_zero_has_no_relative_error():
    got = compare({"a.step_s": 1.0}, results(measured("a", "step_s", 0.0, "s", "training")))
    assert got.rows[0].error is None
    assert got.scored == 0


def estimate(case_id, step_s, fits=True):
    """As the stage of performance answers: values, a ledger and the prefix of its rows."""
    book = Ledger(Draws(1, 16, {"E": 0.2}))
    flops = book.take(assumption(f"assumptions.{case_id}_flop", step_s * 1e15, "FLOP"))
    step = book.put(f"needs.{case_id}.h100.step_s", flops / 1e15, "s", "work over rate", [f"assumptions.{case_id}_flop"])
    book.put(f"needs.{case_id}.h100.noise_s", 1.0, "s", "not part of the story", [])
    return SimpleNamespace(fits=fits, why_not="too little memory", step_s=step, ledger=book, prefix=f"needs.{case_id}.h100")


def test_predictions_of_cases_keep_their_story():
    cases = [Case(name, "training", {"id": name}) for name in ("a", "b.1", "c")]
    given = results(
        *(measured(c.id, "step_s", 2.0, "s", "training") for c in cases), measured("a", "memory_bytes", 1.0, "byte", "training"), cases=(*cases, Case("r", "rack", {"id": "r"}))
    )

    def predict(row):
        if row["id"] == "c":
            raise Unknown("system", "h1000", ["h100"])
        return estimate(row["id"], 2.2, fits=row["id"] != "b.1")

    predictions = predict_cases(given, predict)
    assert set(predictions) == {"a.step_s", "a.memory_bytes", "b.1.step_s", "c.step_s"}
    got = compare(predictions, given, draws=Draws(1, 16))
    assert [row.id for row in got.rows] == ["a"]
    assert got.rows[0].error == pytest.approx(0.1)
    reasons = {skip.id: skip.reason for skip in got.skipped if skip.quantity == "step_s"}
    assert reasons["b.1"] == "predicted not to fit: too little memory"
    assert "no system 'h1000'" in reasons["c"]
    assert got.ledger.dangling() == []
    assert "needs.a.h100.noise_s" not in got.ledger
    roots = {row.key for row in got.ledger.roots_of("evaluation.mean_absolute_error_share")}
    assert roots == {"assumptions.a_flop", "evaluation.a.measured_step_s"}


def test_ledger_of_plain_predictions_is_whole():
    predictions = {"designs.now.power_load_w": (spread(130e3, 120e3, 140e3), "W")}
    twice = [measured("log", "rack_power", v, "kW", "test", is_si=False) for v in (120.0, 125.0)]
    got = compare(predictions, [results(twice[0]), results(twice[1], file="b.jsonl")])
    assert got.ledger.dangling() == []
    assert len(got.rows) == 2
    assert len({row.key for row in got.rows}) == 2
    assert got.files == ("cases.yaml", "b.jsonl")
    assert got.ledger["evaluation.log.power_load_error_share"].low < got.ledger["evaluation.log.power_load_error_share"].value
    assert got.ledger["evaluation.log.measured_power_load_w"].sources == ("cases.yaml:3",)


@given(st.lists(st.floats(1e-6, 1e9), min_size=1, max_size=8), st.floats(0.01, 0.5))
def test_measured_as_predicted_is_no_error_and_full_coverage(values, width):
    given_ = results(*(measured(f"m{i}", "step_s", v, "s", "training") for i, v in enumerate(values)))
    got = compare({f"m{i}.step_s": (spread(v, v * (1 - width), v * (1 + width)), "s") for i, v in enumerate(values)}, given_)
    assert got.mape == 0.0
    assert got.bias == 0.0
    assert got.coverage_80 == 1.0


@given(st.lists(st.tuples(st.floats(0.1, 1e6), st.floats(0.1, 1e6)), min_size=1, max_size=8), st.floats(1e-3, 1e3))
def test_errors_do_not_depend_on_the_unit(pairs, scale):
    one, other = (
        compare({f"m{i}.step_s": k * p for i, (p, _) in enumerate(pairs)}, results(*(measured(f"m{i}", "step_s", k * m, "s", "training") for i, (_, m) in enumerate(pairs))))
        for k in (1.0, scale)
    )
    assert one.mape == pytest.approx(other.mape, rel=1e-9, abs=1e-12)
    assert abs(one.bias) <= one.mape + 1e-12
