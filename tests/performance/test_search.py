"""The search in columns is the plain estimate, strategy by strategy; what it ranks first is what trying all would."""

from __future__ import annotations

import numpy as np
import pytest

from rackloom.errors import Unknown
from rackloom.ledger import Ledger
from rackloom.needs import find_model
from rackloom.performance import TrainingJob, estimate_training, search_training
from rackloom.performance.machine import make_machine
from rackloom.performance.search import pareto, seconds_and_memory
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
