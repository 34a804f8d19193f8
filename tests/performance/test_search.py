"""The search in columns is the plain estimate, strategy by strategy; what it ranks first is what trying all would."""

from __future__ import annotations

import numpy as np
import pytest

from rackloom.errors import Unknown
from rackloom.ledger import Ledger
from rackloom.needs import find_model
from rackloom.performance import Slo, Traffic, TrainingJob, estimate_serving, estimate_training, search_serving, search_training
from rackloom.performance.jobs import ServingStrategy, as_mapping, training_strategy
from rackloom.performance.machine import make_machine
from rackloom.performance.memory import serving_memory
from rackloom.performance.search import pareto, seconds_and_memory, serving_grid
from rackloom.performance.serving import serve_times
from rackloom.performance.space import EVERY, USUAL, grids, placements

from .toys import CATALOG, known_system, toy_system

SYSTEMS = ["h200-hgx", "gb200-nvl72"]


def all_grids(model, system, job, accelerators, space):
    return list(grids(model, job, placements(model, system, job, accelerators, space), space))


@pytest.mark.parametrize("system_name", SYSTEMS)
@pytest.mark.parametrize(("model_name", "accelerators"), [("llama-3.1-405b", 576), ("deepseek-v3", 1152), ("gpt-oss-120b", 144)])
def test_training_grid_equals_the_plain_estimate(system_name, model_name, accelerators):
    """Time, rate and memory of random strategies of the whole space, to 1e-9."""
    model, system = find_model(model_name), known_system(system_name)
    job = TrainingJob(2048, 8192, "fp8")
    machine = make_machine(system, Ledger(), catalog=CATALOG)
    random = np.random.default_rng(5)
    found = all_grids(model, system, job, accelerators, EVERY)
    for number in random.choice(len(found), 6, replace=False):
        grid = found[number]
        seconds, memory = (np.broadcast_to(each, grid.columns.shape).ravel() for each in seconds_and_memory(machine, model, job, grid.columns))
        for i in random.choice(np.flatnonzero(grid.valid.ravel()), 4):
            strategy = grid.columns.at(int(i))
            plain = estimate_training(model, system, job, strategy, catalog=CATALOG)
            assert seconds[i] == pytest.approx(plain.step_s, rel=1e-9)
            assert memory[i] == pytest.approx(plain.memory_bytes, rel=1e-9)
            assert sum(plain.shares.values()) == pytest.approx(1.0)


def test_every_strategy_is_counted_once():
    """The whole space of a small case: no strategy twice, whether all of it is one grid or many."""
    model, system, job = find_model("llama-3.1-8b"), toy_system(), TrainingJob(32, 8192, "bf16")
    seen = []
    for grid in all_grids(model, system, job, 16, EVERY):
        seen += [grid.columns.at(int(i)) for i in np.flatnonzero(grid.valid.ravel())[::97]]
    assert len(seen) == len(set(seen)) > 500
    usual = [grid.columns.at(int(i)) for grid in all_grids(model, system, job, 16, USUAL) for i in np.flatnonzero(grid.valid.ravel())]
    assert len(usual) == len(set(usual)) == search_training(model, system, job, accelerators=16, catalog=CATALOG).visited


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
    """A node of eight: every strategy of the usual space by the plain function; of each placement the best is ranked."""
    model, system, job = find_model("llama-3.1-8b"), toy_system(), TrainingJob(32, 8192, "fp8")
    tried = [grid.columns.at(int(i)) for grid in all_grids(model, system, job, 8, USUAL) for i in np.flatnonzero(grid.valid.ravel())]
    plain = [estimate_training(model, system, job, strategy, catalog=CATALOG) for strategy in tried]
    found = search_training(model, system, job, accelerators=8, catalog=CATALOG)
    assert (found.visited, found.feasible) == (len(plain), sum(e.fits for e in plain))
    assert 0 < found.feasible < found.visited
    best: dict[tuple, float] = {}
    for strategy, estimate in zip(tried, plain, strict=True):
        if estimate.fits:
            place = (strategy.tp, strategy.pp, strategy.cp, strategy.ep)
            best[place] = min(best.get(place, np.inf), estimate.step_s)
    assert [c.step_s for c in found.ranked] == pytest.approx(sorted(best.values())[: len(found.ranked)], rel=1e-9)
    assert len(found.ranked) == min(20, len(best))


def test_a_wider_space_is_never_worse():
    model, system, job = find_model("llama-3.1-70b"), toy_system(), TrainingJob(64, 8192, "bf16")
    usual, every = (search_training(model, system, job, accelerators=64, space=space, catalog=CATALOG) for space in ("usual", "every"))
    assert every.visited > usual.visited
    assert every.best.step_s <= usual.best.step_s * (1 + 1e-12)


def test_a_space_that_is_not_known():
    with pytest.raises(Unknown, match="usual"):
        search_training(find_model("llama-3.1-8b"), toy_system(), TrainingJob(32, 8192), accelerators=8, space="usua", catalog=CATALOG)


def test_the_front_is_what_nothing_beats():
    rows = np.array([[3.0, 1.0], [2.0, 2.0], [1.0, 3.0], [1.0, 1.0], [2.0, 2.0], [3.0, 0.5]])
    assert sorted(pareto(rows).tolist()) == [0, 1, 2]
    found = search_serving(find_model("llama-3.1-70b"), known_system("h200-hgx"), Traffic(1000, 300), Slo(2.0, 0.1), catalog=CATALOG)
    tpot, rate = [c.tpot_s for c in found.front], [c.tokens_per_s_per_accelerator for c in found.front]
    assert len(tpot) > 3
    assert tpot == sorted(tpot)
    assert rate == sorted(rate)
    assert rate[-1] == pytest.approx(found.best.tokens_per_s_per_accelerator)


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
    assert as_mapping(plain_strategy := training_strategy(found.best.strategy)) == dict(found.best.strategy)
    assert plain_strategy.ranks <= 8


def test_a_precision_that_the_system_lacks():
    with pytest.raises(Unknown, match="fp4"):
        search_training(find_model("llama-3.1-8b"), toy_system(), TrainingJob(32, 8192, "fp4"), accelerators=8, catalog=CATALOG)
