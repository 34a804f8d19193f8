"""From a need to a number of accelerators."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rackloom.errors import BadInput
from rackloom.needs import Need, find_model, train_flop_per_token
from rackloom.performance import TrainingJob, TrainingStrategy, estimate_need, estimate_training
from rackloom.performance.sizing import training_precision

from .toys import CATALOG, DRAWS, figure, known_system, serving_need, toy_system, training_need

NAMES = ("compute", "memory", "scale_up", "scale_out", "host", "bubble")


def test_training_meets_its_deadline_on_whole_units():
    need, system = training_need(tokens=15e12, days=60, model="llama-3.1-405b"), known_system("gb200-nvl72")
    found = estimate_need(need, system, catalog=CATALOG)
    assert found.fits
    assert found.why_not == ""
    assert found.accelerators % 72 == 0
    assert found.run_s <= 60 * 86400
    assert found.run_s > 0.9 * 60 * 86400 * (found.accelerators - 72) / found.accelerators  # not a unit too many, as far as units divide
    # time = tokens / (rate of all x share of time in steps), and never quicker than the FLOPs at the dense data-sheet rate: 15e12 x 2.5e12 FLOP over N x 2.5e15
    useful = found.ledger.value(f"{found.prefix}.goodput_share")
    assert 0.8 < useful < 1.0
    assert found.run_s == pytest.approx(15e12 / (found.tokens_per_s_per_accelerator * found.accelerators * useful))
    assert found.run_s > 15e12 * train_flop_per_token(need.model, 8192) / (2.5e15 * found.accelerators)
    assert found.limited_by == max(found.shares, key=found.shares.get)
    assert tuple(found.shares) == NAMES
    assert sum(found.shares.values()) == pytest.approx(1.0)


def test_half_of_the_accelerators_do_not_meet_it():
    """The number found is the fewest to 1 %: the plain estimate on 10 % fewer, by the same strategy, is too slow."""
    need, system = training_need(tokens=15e12, days=60, model="llama-3.1-405b"), known_system("h100-hgx")
    found = estimate_need(need, system, catalog=CATALOG)
    assert found.fits
    strategy = dict(found.strategy)
    strategy["dp"] = int(strategy["dp"] * 0.9)
    fewer = estimate_training(need.model, system, TrainingJob(1953, 8192), strategy, catalog=CATALOG)
    ranks = TrainingStrategy(**strategy).ranks
    assert 15e12 / (fewer.tokens_per_s_per_accelerator * ranks) > 60 * 86400


def test_a_longer_deadline_never_needs_more():
    found = [estimate_need(training_need(tokens=2e12, days=days), known_system("gb200-nvl72"), catalog=CATALOG).accelerators for days in (5, 10, 20, 40, 80)]
    assert found == sorted(found, reverse=True)


def test_a_deadline_that_nothing_meets():
    found = estimate_need(training_need(tokens=15e12, days=0.5), toy_system(), catalog=CATALOG)
    assert not found.fits
    assert found.why_not.startswith("too slow")
    assert found.run_s > 0.5 * 86400
    assert found.ledger.dangling() == []


def test_a_model_that_fits_nowhere():
    found = estimate_need(training_need(tokens=1e9, days=1, model="deepseek-v3"), toy_system(memory=2e8), draws=DRAWS, catalog=CATALOG)
    assert not found.fits
    assert "fits" in found.why_not
    found = estimate_need(serving_need(model="deepseek-v3"), toy_system(memory=2e9), draws=DRAWS, catalog=CATALOG)
    assert not found.fits
    assert "usable memory" in found.why_not
    assert found.ledger.dangling() == []


def test_a_model_with_heads_that_no_rank_divides():
    """One head and one layer: the grid still has tp = pp = 1."""
    found = estimate_need(training_need(tokens=1e9, days=1), toy_system(memory=1e6), catalog=CATALOG)
    assert not found.fits
    assert found.memory_bytes > 1e6


@pytest.mark.parametrize("kind", ["training", "serving"])
def test_draws_keep_the_central_answer(kind):
    need = training_need(tokens=5e12, days=30, model="deepseek-v3") if kind == "training" else serving_need(model="deepseek-v3")
    plain, drawn = (estimate_need(need, known_system("gb200-nvl72"), draws=draws, catalog=CATALOG) for draws in (None, DRAWS))
    assert plain.strategy == drawn.strategy
    assert plain.ledger.keys() == [row.key for row in drawn.ledger if not row.key.endswith("_spread_share")]  # spreads need draws
    for row in plain.ledger:
        value = np.atleast_1d(drawn.ledger.value(row.key))
        assert row.value == pytest.approx(float(value[0]), rel=1e-12), row.key
        assert np.all(np.isfinite(value))
    assert drawn.ledger.dangling() == []
    assert float(drawn.accelerators[0]) == plain.accelerators
    assert np.std(drawn.tokens_per_s_per_accelerator[1:]) > 0.0
    assert plain.shares == pytest.approx(drawn.shares, rel=1e-12)  # floats may be summed more exactly than arrays are


@pytest.mark.parametrize("kind", ["training", "serving"])
def test_answers_walk_back_to_sources(kind):
    need = training_need() if kind == "training" else serving_need()
    found = estimate_need(need, known_system("gb200-nvl72"), catalog=CATALOG)
    prefix = f"needs.{need.name}.gb200-nvl72"
    assert found.prefix == prefix
    told = ["train_flop", "step_s", "run_s"] if kind == "training" else ["serve_flop", "ttft_s", "tpot_s"]
    for name in [*told, "tokens_per_s_per_accelerator", "memory_bytes", "accelerators_count", *(f"{cause}_share" for cause in NAMES)]:
        row = found.ledger[f"{prefix}.{name}"]
        assert row.formula
        assert found.ledger.roots_of(row.key), name
    roots = {row.key for row in found.ledger.roots_of(f"{prefix}.accelerators_count")}
    assert {"catalog.gb200.memory_bytes_per_s", "catalog.gb200.scale_up_link_bytes_per_s", "catalog.performance-software.time_ratio"} <= roots
    asked = {"test.tokens", "test.within_s"} if kind == "training" else {"test.rate_tokens_per_s", "test.input_tokens", "test.output_tokens"}
    assert asked <= roots
    assert found.left_out


def test_serving_keeps_its_limits_and_carries_the_rate():
    need = serving_need(rate=3e5, ttft=1.0, tpot=0.03)
    found = estimate_need(need, known_system("h200-hgx"), catalog=CATALOG)
    assert found.fits
    assert found.ttft_s <= 1.0
    assert found.tpot_s <= 0.03
    assert found.accelerators * found.tokens_per_s_per_accelerator >= 3e5
    assert (found.accelerators - found.replica_accelerators) * found.tokens_per_s_per_accelerator < 3e5
    assert found.accelerators % found.replica_accelerators == 0


def test_no_limit_on_tpot_is_said():
    limited, free = (estimate_need(serving_need(tpot=tpot), known_system("h200-hgx"), catalog=CATALOG) for tpot in (0.02, None))
    assert free.tokens_per_s_per_accelerator >= limited.tokens_per_s_per_accelerator
    assert any("time per output token" in text for text in free.left_out)
    assert not any("time per output token" in text for text in limited.left_out)


def test_precision_of_training():
    deepseek, llama = find_model("deepseek-v3"), find_model("llama-3.1-8b")
    assert training_precision(deepseek, known_system("gb200-nvl72")) == "fp8"
    assert training_precision(deepseek, known_system("a100-hgx")) == "bf16"
    assert training_precision(llama, known_system("gb200-nvl72")) == "bf16"


def test_a_need_says_what_its_kind_wants():
    need = training_need()
    with pytest.raises(BadInput, match="tokens"):
        replace(need, tokens=None)
    with pytest.raises(BadInput, match="kind"):
        replace(need, kind="dreaming")
    with pytest.raises(BadInput, match="input_tokens"):
        Need("chat", "serving", need.model, need.start)
    assert need.want("tokens") == figure("tokens", 1e12, "token")
    with pytest.raises(BadInput, match="growth_per_year"):
        need.want("growth_per_year")


@pytest.mark.parametrize(
    "strategy",
    [
        {"tp": 3},
        {"pp": 40},
        {"ep": 2},
        {"dp": 3, "ep": 2},
        {"dp": 64},
        {"tp": 2, "tpp": 1},
        {"recompute": "some"},
        {"zero": 4},
        {"interleave": 2, "schedule": "dualpipe"},
        {"attention": "flash"},
        {"gradients": "fp8"},
    ],
)
def test_training_strategies_that_do_not_divide_are_refused(strategy):
    with pytest.raises(BadInput):
        estimate_training(find_model("llama-3.1-8b"), toy_system(), TrainingJob(32, 8192), strategy, catalog=CATALOG)


def test_jobs_are_checked():
    with pytest.raises(BadInput, match="adam"):
        TrainingJob(1, 1, optimizer="adams")
    with pytest.raises(BadInput, match="global_batch"):
        TrainingJob(0, 1)
