"""Every row of a file is tried; what cannot be predicted is skipped with its reason; a bug is not taken for a row's fault."""

from __future__ import annotations

import json
import math

import pytest

from rackloom.errors import BadInput, Fault, OutOfRange, Unknown
from rackloom.evaluate import row_predictor, validate_cases, validation_data
from rackloom.evaluate.validation import NOT_VERIFIED, quantity_of
from rackloom.performance import NotScored

from .cases_text import SCHEMA, prediction


@pytest.fixture
def path(tmp_path):
    out = tmp_path / "cases.yaml"
    out.write_text(SCHEMA, encoding="utf-8")
    return out


def predict(row, source):
    assert source["title"]
    return ({"a": prediction(2.2, 2.0, open_settings=("pp",)), "b": prediction(700.0, 1000.0, quantity="tokens_per_s_per_gpu", kind="moe", machine="blackwell")}[row["id"]],)


def test_rows_groups_and_what_is_not_verified(path):
    told = []
    found = validate_cases(path, predict, progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert [(case.id, case.error is None, case.skipped) for case in found.cases] == [("a", False, ""), ("b", False, ""), ("c", True, NOT_VERIFIED)]
    assert found.cases[0].error == pytest.approx(0.1)
    assert found.groups["all"].mape == pytest.approx(0.2)
    assert found.groups["source:two"].skipped == 1
    assert found.groups["quantity:tokens_per_s_per_gpu"].rows == 2  # c says TFLOP/s: it would be compared in tokens/s
    assert found.groups["kind:moe"].rows == 1
    assert [case.id for case in found.worst()] == ["b", "a"]
    assert {reason: [case.id for case in cases] for reason, cases in found.skipped.items()} == {NOT_VERIFIED: ["c"]}


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (NotScored("no accelerator of the catalogue is called 'X'"), "no accelerator of the catalogue is called 'X'"),
        (BadInput([Fault("first"), Fault("second", mend="Mend it.")]), "first; second"),
        (Unknown("precision of gb200", "nvfp4", ["fp4"]), "no precision of gb200 'nvfp4'"),
        (OutOfRange("reynolds=1 is\nbelow 4000"), "reynolds=1 is below 4000"),
    ],
)
def test_what_cannot_be_predicted_is_skipped_with_its_reason(path, error, reason):
    def fails(row, source):
        raise error

    found = validate_cases(path, fails)
    assert [case.skipped for case in found.cases] == [reason, reason, NOT_VERIFIED]
    assert found.cases[0].quantity == "seconds_per_iteration"
    assert (found.groups["all"].scored, found.groups["all"].skipped, found.groups["all"].mape) == (0, 3, None)


@pytest.mark.parametrize("error", [ValueError("a bug"), KeyError("a bug"), TypeError("a bug"), ZeroDivisionError("a bug")])
def test_a_bug_is_not_swallowed(path, error):
    def fails(row, source):
        raise error

    with pytest.raises(type(error), match="a bug"):
        validate_cases(path, fails)


def test_a_row_with_a_fault_is_never_predicted(tmp_path):
    out = tmp_path / "cases.yaml"
    out.write_text(SCHEMA.replace("count: 8, scale_up_domain: 8", "count: eight"), encoding="utf-8")
    seen = []
    found = validate_cases(out, lambda row, source: seen.append(row["id"]) or predict(row, source))
    assert seen == ["b"]
    assert found.cases[0].skipped.startswith("cases.yaml:9: hardware.count is 'eight'")


def test_json_is_strict_and_says_what_is_not_known_as_null(path):
    def endless(row, source):
        return (prediction(math.inf, 2.0) if row["id"] == "b" else prediction(2.2, 2.0, high=math.inf),)

    found = validation_data(validate_cases(path, endless))
    text = json.dumps(found, allow_nan=False)
    assert json.loads(text) == found
    assert list(found) == ["groups", "cases"]
    assert list(found["groups"]["all"]) == [
        "rows", "scored", "skipped", "mape", "median_ape", "bias", "rank_correlation", "coverage_80", "median_half_width", "open",
    ]  # fmt: skip
    assert found["groups"]["all"]["median_half_width"] is None
    assert found["cases"][0] == {
        "id": "a", "source": "one", "quantity": "seconds_per_iteration", "measured": 2.0, "predicted": 2.2, "low": pytest.approx(1.98), "high": None, "error": pytest.approx(0.1),
        "skipped": None,
    }  # fmt: skip
    assert found["cases"][1]["skipped"] == "the prediction is not a finite number above 0"
    assert found["cases"][2] == {
        "id": "c", "source": "two", "quantity": "tokens_per_s_per_gpu", "measured": None, "predicted": None, "low": None, "high": None, "error": None, "skipped": NOT_VERIFIED,
    }  # fmt: skip


def test_sources_that_are_asked_for(path):
    found = validate_cases(path, predict, sources=["one"])
    assert [case.id for case in found.cases] == ["a", "b"]
    assert list(found.sources) == ["one"]
    with pytest.raises(Unknown, match="nearest: 'two'"):
        validate_cases(path, predict, sources=["too"])


def test_the_quantity_that_a_row_would_be_compared_in():
    assert quantity_of({"measured": {"mfu": 0.4, "tokens_per_s_per_gpu": 3.0, "seconds_per_iteration": 2.0}}) == "seconds_per_iteration"
    assert quantity_of({"measured": {"hfu": 0.4}}) == "tokens_per_s_per_gpu"
    assert quantity_of({"measured": {"p10": None, "ttft_ms": 30}}) == "ttft_ms"
    assert quantity_of({"measured": {"said": "fast"}}) == ""


def test_predictions_are_the_same_for_the_same_seed(path):
    first, again, other = (validate_cases(path, row_predictor(seed=seed, count=64)).cases[0].prediction for seed in (1, 1, 2))
    assert first == again
    assert first is not None
    assert other is not None
    assert first.low < first.value < first.high
    assert (first.low, first.high) != (other.low, other.high)
