"""What is still coming: the catalogue's projection, models made larger, needs that grow by it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rackloom.catalog import data_folder, draws_from, load_catalog
from rackloom.draws import interval
from rackloom.errors import BadInput, OutOfRange, Unknown
from rackloom.ledger import Ledger
from rackloom.needs import build_envelope, find_model, project, quantiles, read_model, scaled_model
from rackloom.needs.projections import GROWN_FROM, QUANTITIES, effective_years, evenly, growth_between, projection_item
from validation import projections as fitted

from ..performance.toys import figure, serving_need, training_need

CATALOG = load_catalog()
ITEM = projection_item(CATALOG)
MODELS = Path(str(data_folder())) / "models"


def config(name: str) -> dict:
    return json.loads((MODELS / f"{name}.json").read_text(encoding="utf-8"))


def test_the_catalogue_holds_what_is_fitted():
    assert (Path(str(data_folder())) / "projections.yaml").read_text(encoding="utf-8") == fitted.figures(CATALOG), "run 'make validate'"


def test_known_models_lie_on_the_frontier_of_their_time():
    """GPT-NeoX-20B in 2022, Llama 3.1 405B and DeepSeek-V3 in 2024 and Kimi K2 in 2025 were the largest; Qwen3 32B was not."""
    names = {each.name for each in fitted.observations(CATALOG)["parameters_count"]}
    assert {"gpt-neox-20b", "llama-3.1-405b", "deepseek-v3", "kimi-k2"} <= names
    assert not {"qwen3-32b", "gpt-oss-20b", "llama-3.3-70b"} & names


def test_growth_by_hand():
    """Half a year before the reference date the trend is straight: level / sqrt(growth)."""
    found = project(date(2025, 7, 2), catalog=CATALOG)
    level, growth = ITEM.figure("parameters_count").value, ITEM.figure("parameters_growth_ratio").value
    assert float(found.parameters_count) == pytest.approx(level * growth ** (-183 / 365.25))
    halving = ITEM.figure("trend_halving_s").value / (365.25 * 86400)
    later = project(date(2028, 1, 1), catalog=CATALOG)
    years = halving / np.log(2) * (1 - 2 ** (-(730 / 365.25) / halving))
    assert float(later.parameters_count) == pytest.approx(level * growth**years)
    assert later.ledger.dangling() == []


@given(st.integers(0, 2190), st.integers(0, 400))
def test_a_damped_trend_never_turns_and_never_runs_away(day, more):
    first, second = (effective_years(ITEM, date.fromordinal(date(2026, 1, 1).toordinal() + min(d, 2190)), 1.5 * 365.25 * 86400) for d in (day, day + more))
    assert second >= first
    assert second < 1.5 / np.log(2)


def test_ranges_widen_with_the_years():
    draws = draws_from(CATALOG)
    widths = []
    for year in (2026, 2028, 2030):
        low, high = interval(project(date(year, 1, 1), catalog=CATALOG, draws=draws).parameters_count)
        widths.append(high / low)
    assert widths == sorted(widths)


def test_wide_spans_are_even_in_ratios():
    span = figure("x", 10.0, "1", 1.0, 100.0)
    drawn = np.concatenate([[10.0], np.linspace(1.0, 100.0, 101)])
    found = evenly(span, drawn)
    assert found[0] == 10.0
    assert float(np.median(found[1:])) == pytest.approx(10.0)
    assert (found[1], found[-1]) == pytest.approx((1.0, 100.0))
    assert evenly(span, 3.0) == 3.0


def test_days_that_nothing_known_reaches_are_refused():
    for day in (date(2020, 1, 1), date(2033, 1, 1)):
        with pytest.raises(OutOfRange):
            project(day, catalog=CATALOG)
    with pytest.raises(Unknown):
        project(date(2027, 1, 1), catalog=CATALOG, name="fronteir")


@pytest.mark.parametrize(
    ("name", "active", "whole"),
    [
        ("deepseek-v3", 2.0, 3.0),
        ("llama-3.1-405b", 2.0, None),
        ("qwen3-235b-a22b", 1.5, 4.0),
        ("mixtral-8x7b", 1.0, 2.0),
        ("gpt-oss-120b", 2.0, 2.0),
        ("kimi-k2", 2.0, 4.0),
        ("llama-3.1-8b", 0.5, None),
    ],
)
def test_a_larger_model_is_as_large_as_asked(name, active, whole):
    """Within 8 %: layers, heads and experts are whole numbers, tables grow with the width alone."""
    base, found = read_model(config(name)), scaled_model(config(name), active_ratio=active, parameters_ratio=whole)
    assert found.active_parameters / base.active_parameters == pytest.approx(active, rel=0.08)
    assert found.parameters / base.parameters == pytest.approx(whole or active, rel=0.08)
    assert found.layers[0].attention.kind == base.layers[0].attention.kind
    assert {layer.attention.head_dim for layer in found.layers} == {layer.attention.head_dim for layer in base.layers}


def test_the_same_size_is_the_same_model():
    for name in ("deepseek-v3", "llama-3.1-405b", "qwen3-235b-a22b"):
        found = scaled_model(config(name), active_ratio=1.0)
        assert (found.parameters, found.active_parameters, len(found.layers)) == (lambda m: (m.parameters, m.active_parameters, len(m.layers)))(find_model(name))
    assert scaled_model(config("llama-3.1-8b"), active_ratio=1.0, context=10**6).context == 10**6


@given(small=st.floats(0.3, 3.0), more=st.floats(1.0, 3.0))
def test_more_is_never_less(small, more):
    first, second = (scaled_model(config("qwen3-235b-a22b"), active_ratio=ratio, parameters_ratio=4.0 * ratio) for ratio in (small, small * more))
    assert second.active_parameters >= first.active_parameters * (1 - 1e-12)


def test_what_cannot_be_made_larger_is_refused():
    with pytest.raises(BadInput, match="without experts"):
        scaled_model(config("llama-3.1-8b"), active_ratio=1.0, parameters_ratio=2.0)
    with pytest.raises(BadInput, match="or more"):
        scaled_model(config("llama-3.1-8b"), active_ratio=0.0)
    with pytest.raises(BadInput, match="config"):
        scaled_model(find_model("llama-3.1-8b"), active_ratio=2.0)
    with pytest.raises(BadInput, match="fewer"):
        scaled_model(config("mixtral-8x7b"), active_ratio=1.0, parameters_ratio=0.01)


@pytest.mark.parametrize("need", [replace(training_need(), projection="frontier"), replace(serving_need(), projection="frontier")], ids=["training", "serving"])
def test_a_need_grows_as_projected(need):
    """FLOP/s of a year over those of the same need without projection: tokens (training) x active parameters."""
    years = (need.start.year, need.start.year + 2)
    grown, plain = (build_envelope([each], [], years=years, catalog=CATALOG) for each in (need, replace(need, projection="")))
    day = date(years[1], need.start.month, need.start.day)
    ratio = {name: float(growth_between(ITEM, name, need.start, day, Ledger())[0]) for name in QUANTITIES if name in GROWN_FROM}
    expected = ratio["active_parameters_count"] * (ratio["training_tokens"] if need.kind == "training" else 1.0)
    for year, factor in zip(years, (1.0, expected), strict=True):
        first, second = (float(each.find(need.name, year, "total_flop_per_s").value) for each in (grown, plain))
        assert first / second == pytest.approx(factor)
    assert grown.ledger.dangling() == []
    if need.kind == "training":
        memory = [float(each.find(need.name, years[1], "memory_bytes").value) for each in (grown, plain)]
        assert memory[0] / memory[1] == pytest.approx(ratio["parameters_count"])


def test_an_envelope_as_quantiles():
    draws = draws_from(CATALOG)
    need = replace(training_need(), projection="frontier")
    found = quantiles(build_envelope([need], [], years=(2027, 2029), draws=draws, catalog=CATALOG))
    rows = {(row.year, row.quantity): row.values for row in found}
    for values in rows.values():
        assert list(values) == sorted(values)
    widths = [rows[year, "total_flop_per_s"][2] / rows[year, "total_flop_per_s"][0] for year in (2027, 2029)]
    assert widths[1] > widths[0]
    plain = quantiles(build_envelope([need], [], years=(2027,), catalog=CATALOG))
    assert all(len(set(row.values)) == 1 for row in plain)
