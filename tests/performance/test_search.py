"""The search in columns is the plain estimate, strategy by strategy; what it ranks first is what trying all would."""

from __future__ import annotations

import numpy as np
import pytest

from rackloom.errors import Unknown
from rackloom.ledger import Ledger
from rackloom.needs import find_model
from rackloom.performance import Slo, Traffic, TrainingJob, estimate_serving, estimate_training, search_serving, search_training
from rackloom.performance.jobs import ServingStrategy, as_mapping
from rackloom.performance.machine import make_machine
from rackloom.performance.memory import serving_memory
from rackloom.performance.search import serving_grid, training_grid, training_rates
from rackloom.performance.serving import serve_times

from .toys import CATALOG, known_system, toy_system

SYSTEMS = ["h200-hgx", "gb200-nvl72"]


@pytest.mark.parametrize("system_name", SYSTEMS)
@pytest.mark.parametrize(("model_name", "accelerators"), [("llama-3.1-405b", 576), ("deepseek-v3", 1152), ("gpt-oss-120b", 144)])
def test_training_columns_equal_the_plain_estimate(system_name, model_name, accelerators):
    """Time, rate and memory of random strategies, to 1e-9."""
    model, system = find_model(model_name), known_system(system_name)
    job = TrainingJob(2048, 8192, "fp8")
    grid = training_grid(model, system, job, accelerators)
    machine = make_machine(system, Ledger(), catalog=CATALOG)
    seconds, rate, memory = training_rates(machine, model, job, grid, accelerators)
    for i in np.random.default_rng(5).choice(seconds.size, 12, replace=False):
        strategy = grid.at(int(i))
        plain = estimate_training(model, system, job, strategy, catalog=CATALOG)
        assert seconds[i] == pytest.approx(plain.step_s, rel=1e-9)
        assert rate[i] == pytest.approx(plain.tokens_per_s_per_accelerator * strategy.ranks / accelerators, rel=1e-9)
        assert memory[i] == pytest.approx(plain.memory_bytes, rel=1e-9)
        assert sum(plain.shares.values()) == pytest.approx(1.0)


@pytest.mark.parametrize("system_name", SYSTEMS)
@pytest.mark.parametrize("model_name", ["llama-3.1-405b", "deepseek-v3"])
def test_serving_columns_equal_the_plain_estimate(system_name, model_name):
    model, system = find_model(model_name), known_system(system_name)
    grid = serving_grid(model, system)
    machine = make_machine(system, Ledger(), catalog=CATALOG)
    like = ServingStrategy()
    times = serve_times(machine, model, like, grid, 2000.0, 500.0)
    memory = np.asarray(sum(serving_memory(model, like, 2500.0, grid.tp, grid.dp, grid.batch).values()))
    for i in np.random.default_rng(6).choice(memory.size, 12, replace=False):
        plain = estimate_serving(model, system, Traffic(2000, 500), ServingStrategy(int(grid.tp[i]), int(grid.dp[i]), int(grid.batch[i])), catalog=CATALOG)
        assert times.tokens_per_s_per_accelerator[i] == pytest.approx(plain.tokens_per_s_per_accelerator, rel=1e-9)
        assert times.ttft_s[i] == pytest.approx(plain.ttft_s, rel=1e-9)
        assert times.tpot_s[i] == pytest.approx(plain.tpot_s, rel=1e-9)
        assert memory[i] == pytest.approx(plain.memory_bytes, rel=1e-9)


def test_training_search_equals_trying_all():
    """A node of eight: every strategy of the grid by the plain function."""
    model, system, job = find_model("llama-3.1-8b"), toy_system(), TrainingJob(32, 8192, "fp8")
    grid = training_grid(model, system, job, 8)
    plain = [estimate_training(model, system, job, grid.at(i), catalog=CATALOG) for i in range(grid.tp.size)]
    fitting = [(e.tokens_per_s_per_accelerator * grid.at(i).ranks / 8, i) for i, e in enumerate(plain) if e.fits]
    found = search_training(model, system, job, accelerators=8, catalog=CATALOG)
    assert (found.visited, found.feasible) == (len(plain), len(fitting))
    assert 0 < found.feasible < found.visited
    assert found.best.tokens_per_s_per_accelerator == pytest.approx(max(fitting)[0], rel=1e-9)
    rates = [c.tokens_per_s_per_accelerator for c in found.ranked]
    assert rates == sorted(rates, reverse=True)
    assert rates == pytest.approx(sorted((rate for rate, _ in fitting), reverse=True)[: len(rates)], rel=1e-9)


def test_serving_search_equals_trying_all():
    model, system, slo = find_model("llama-3.1-70b"), toy_system(), Slo(1.0, 0.04)
    grid = serving_grid(model, system)
    plain = [
        estimate_serving(model, system, Traffic(1000, 300), ServingStrategy(int(t), int(d), int(b)), catalog=CATALOG) for t, d, b in zip(grid.tp, grid.dp, grid.batch, strict=True)
    ]
    good = [e for e in plain if e.fits and e.ttft_s <= 1.0 and e.tpot_s <= 0.04]
    found = search_serving(model, system, Traffic(1000, 300), slo, catalog=CATALOG)
    assert (found.visited, found.feasible) == (len(plain), len(good))
    assert 0 < found.feasible < found.visited
    best = max(good, key=lambda e: e.tokens_per_s_per_accelerator)
    assert found.best.tokens_per_s_per_accelerator == pytest.approx(best.tokens_per_s_per_accelerator, rel=1e-9)
    assert found.best.strategy == best.strategy


def test_a_tighter_limit_never_serves_more():
    model, system = find_model("deepseek-v3"), known_system("gb200-nvl72")
    found = [search_serving(model, system, Traffic(2000, 500), Slo(2.0, tpot), catalog=CATALOG) for tpot in (0.2, 0.05, 0.03, 0.02, 0.001)]
    rates = [f.best.tokens_per_s_per_accelerator if f.best else 0.0 for f in found]
    assert rates == sorted(rates, reverse=True)
    assert [f.feasible for f in found] == sorted((f.feasible for f in found), reverse=True)
    assert not found[-1].ranked
    assert "TPOT" in found[-1].why_not
    assert found[-1].least_bad.tpot_s > 0.001


def test_more_memory_never_costs_speed():
    model, job = find_model("llama-3.1-8b"), TrainingJob(64, 8192)
    found = [search_training(model, toy_system(memory=memory), job, accelerators=16, catalog=CATALOG) for memory in (5e9, 30e9, 80e9, 200e9)]
    assert [f.feasible for f in found] == sorted(f.feasible for f in found)
    rates = [f.best.tokens_per_s_per_accelerator if f.best else 0.0 for f in found]
    assert rates == sorted(rates)
    assert "no strategy fits" in found[0].why_not
    assert found[0].least_bad is not None


def test_a_batch_smaller_than_the_grid():
    found = search_training(find_model("llama-3.1-8b"), toy_system(), TrainingJob(1, 8192), accelerators=4096, catalog=CATALOG)
    assert (found.visited, found.ranked) == (0, ())
    assert "4096 accelerators" in found.why_not


def test_search_is_deterministic():
    arguments = (find_model("deepseek-v3"), known_system("gb200-nvl72"), TrainingJob(2048, 4096, "fp8"))
    first, second = (search_training(*arguments, accelerators=576, catalog=CATALOG) for _ in range(2))
    assert first == second


def test_strategies_read_back():
    found = search_training(find_model("llama-3.1-8b"), toy_system(), TrainingJob(32, 8192), accelerators=8, catalog=CATALOG)
    plain = estimate_training(find_model("llama-3.1-8b"), toy_system(), TrainingJob(32, 8192), found.best.strategy, catalog=CATALOG)
    assert plain.strategy == found.best.strategy
    assert as_mapping(training_grid(find_model("llama-3.1-8b"), toy_system(), TrainingJob(32, 8192), 8).at(0))["tp"] == 1


def test_a_precision_that_the_system_lacks():
    with pytest.raises(Unknown, match="fp4"):
        search_training(find_model("llama-3.1-8b"), toy_system(), TrainingJob(32, 8192, "fp4"), accelerators=8, catalog=CATALOG)
