"""The search over ways to serve: it is the plain estimate, strategy by strategy; pools apart by hand; laws."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from rackloom.errors import BadInput
from rackloom.ledger import Ledger
from rackloom.needs import find_model
from rackloom.performance import Disaggregated, ServingStrategy, Slo, Traffic, cap_system, estimate_serving, search_serving
from rackloom.performance.apart import apart_times, columns_of_serving, decode_times, prefill_times, waiting_ratio
from rackloom.performance.machine import make_machine
from rackloom.performance.memory import serving_memory
from rackloom.performance.serving_search import STEP_TOKENS, _numbers, serving_grid
from rackloom.performance.steady import Requests, serve_times

from .toys import CATALOG, DRAWS, MACHINE, TOY, figure, known_system, toy_system

BF16 = ServingStrategy(precision="bf16", kv_precision="bf16")


@pytest.mark.parametrize(("system_name", "model_name"), [("h200-hgx", "llama-3.1-405b"), ("gb200-nvl72", "deepseek-v3")])
def test_columns_equal_the_plain_estimate(system_name, model_name):
    model, system = find_model(model_name), known_system(system_name)
    grid = serving_grid(model, system)
    machine = make_machine(system, Ledger(), catalog=CATALOG, serving=True)
    like = ServingStrategy()
    times = serve_times(machine, model, like, grid, Requests(2000.0, 500.0), STEP_TOKENS)
    memory = np.asarray(sum(serving_memory(model, like, 2500.0, grid.tp, grid.dp, grid.batch, grid.pp, STEP_TOKENS).values()))
    fitting = np.flatnonzero(memory < 1e11)
    for i in np.random.default_rng(6).choice(fitting, 6, replace=False):
        strategy = ServingStrategy(int(grid.tp[i]), int(grid.dp[i]), int(grid.batch[i]), pp=int(grid.pp[i]))
        plain = estimate_serving(model, system, Traffic(2000, 500), strategy, catalog=CATALOG)
        assert times.tokens_per_s_per_accelerator[i] == pytest.approx(plain.tokens_per_s_per_accelerator, rel=1e-9)
        assert times.ttft_s[i] == pytest.approx(plain.ttft_s, rel=1e-9)
        assert times.tpot_s[i] == pytest.approx(plain.tpot_s, rel=1e-9)
        assert memory[i] == pytest.approx(plain.memory_bytes, rel=1e-9)


def test_pools_apart_by_hand():
    """One prefill and two decode replicas: prefill half busy waits 0.5 / (2 x 0.5) steps; the slower pool sets the pace."""
    requests = Requests(256.0, 20.0)
    s = Disaggregated(replace(BF16, batch=1), replace(BF16, batch=8), 1, 2, 0.5)
    prefill = prefill_times(MACHINE, TOY, s.prefill, columns_of_serving(s.prefill), requests, inside=True)
    decode = decode_times(MACHINE, TOY, s.decode, columns_of_serving(s.decode), requests)
    found = apart_times(MACHINE, TOY, s, requests)
    rate = min(0.5 * float(prefill.prompts_per_s), 2 * float(decode.requests_per_s))
    assert float(found.tokens_per_s_per_accelerator) == pytest.approx(rate * 20.0 / 3)
    assert float(prefill.transfer_s) == pytest.approx(4 * 2 * 1024 * 2 * 256 / 1e9 + 1e-5)  # inside the domain at 1e9 B/s, the latency of the way out
    busy = rate / float(prefill.prompts_per_s)
    expected = (1 + waiting_ratio(busy)) * float(prefill.step_s) + float(prefill.transfer_s)
    assert float(found.ttft_s) == pytest.approx(expected)
    assert float(decode.requests_per_s) == pytest.approx(8 / 20.0 / float(decode.step_s))
    assert float(sum(found.causes.values())) == pytest.approx(3 / rate)  # all accelerators' time of one request, idle time in it


def test_whole_numbers_of_replicas():
    """A prefill replica of 2 gives 3 requests a second, a decode replica of 1 gives 1: 1 and 3 leave none idle, 3 / 5."""
    assert _numbers(2, 3.0, 1, 1.0, None) == (1, 3, pytest.approx(0.6))
    assert _numbers(2, 3.0, 1, 1.0, 4)[:2] == (1, 2)
    assert _numbers(4, 3.0, 4, 1.0, 4) is None


@pytest.fixture(scope="module")
def found():
    return search_serving(find_model("llama-3.1-70b"), known_system("h200-hgx"), Traffic(4000, 1000), Slo(1.0, 0.04), accelerators=8, catalog=CATALOG)


def test_what_is_ranked_keeps_the_limits(found):
    assert found.ranked
    assert found.feasible > 10
    for c in found.ranked:
        assert c.ttft_s <= 1.0
        assert c.tpot_s <= 0.04
    rates = [c.tokens_per_s_per_accelerator for c in found.ranked]
    assert rates == sorted(rates, reverse=True)
    assert {"prefill" in c.strategy for c in found.ranked} == {True, False}  # both ways are looked at


def test_ranked_ways_are_plain_estimates(found):
    """The best way of each kind, estimated alone: the same tokens a second, time per token, and accelerators within the bound."""
    model, system = find_model("llama-3.1-70b"), known_system("h200-hgx")
    for kind in (True, False):
        c = next(c for c in found.ranked if ("prefill" in c.strategy) is kind)
        plain = estimate_serving(model, system, Traffic(4000, 1000), c.strategy, catalog=CATALOG)
        assert plain.fits
        assert plain.replica_accelerators <= 8
        assert plain.tokens_per_s_per_accelerator == pytest.approx(c.tokens_per_s_per_accelerator, rel=1e-9)
        assert plain.tpot_s == pytest.approx(c.tpot_s, rel=1e-9)
        assert plain.ttft_s == pytest.approx(c.ttft_s, rel=0.35)  # apart: the search takes the most that a prefill replica may be busy


def test_the_front_trades_speed_for_throughput(found):
    tpot, rate = [c.tpot_s for c in found.front], [c.tokens_per_s_per_accelerator for c in found.front]
    assert len(tpot) > 3
    assert tpot == sorted(tpot)
    assert rate == sorted(rate)


def test_a_tighter_limit_never_serves_more():
    model, system = find_model("deepseek-v3"), known_system("gb200-nvl72")
    found = [search_serving(model, system, Traffic(2000, 500), Slo(2.0, tpot), catalog=CATALOG) for tpot in (0.2, 0.05, 0.03, 0.02, 0.0001)]
    rates = [f.best.tokens_per_s_per_accelerator if f.best else 0.0 for f in found]
    assert all(after <= before * 1.02 for before, after in itertools.pairwise(rates))  # pools are paired from a sample of the front: within 2 %
    assert not found[-1].ranked
    assert "TPOT" in found[-1].why_not
    assert found[-1].least_bad.tpot_s > 0.0001


def test_hits_in_the_cache_serve_more():
    model, system = find_model("llama-3.1-70b"), known_system("h200-hgx")
    rates = [search_serving(model, system, Traffic(8000, 500, hit_share=hit), Slo(2.0, 0.05), catalog=CATALOG).best.tokens_per_s_per_accelerator for hit in (0.0, 0.5, 0.9)]
    assert rates == sorted(rates)
    assert rates[-1] > 1.5 * rates[0]


def test_guessing_ahead_is_quicker_for_few():
    """With one request the weights' way to the units is most of a step: three guesses of which 70 % are right give more than twice the tokens."""
    model, system = find_model("llama-3.1-70b"), known_system("h200-hgx")
    plain, guessed = (estimate_serving(model, system, Traffic(1000, 200), ServingStrategy(tp=4, draft=draft), catalog=CATALOG) for draft in (0, 3))
    assert guessed.tpot_s < plain.tpot_s / 1.9


def test_estimates_carry_their_story():
    model = find_model("deepseek-v2-lite")
    strategies = (ServingStrategy(tp=2, dp=4, batch=64), Disaggregated(ServingStrategy(tp=2), ServingStrategy(dp=4, batch=32), 2, 1, 0.6))
    for strategy in strategies:
        traffic = Traffic(1000, 200, 1e4, hit_share=0.3, hit_host_share=0.5, spread=0.4)
        plain, drawn = (estimate_serving(model, toy_system(), traffic, strategy, catalog=CATALOG, draws=draws, name="chat") for draws in (None, DRAWS))
        for row in plain.ledger:
            value = drawn.ledger.value(row.key)
            assert row.value == pytest.approx(float(value[0] if getattr(value, "ndim", 0) else value), rel=1e-9), row.key
        assert drawn.ledger.dangling() == []
        assert drawn.tokens_per_s_per_accelerator.shape == (65,)
        assert sum(drawn.shares.values()) == pytest.approx(1.0)
        roots = {row.key for row in drawn.ledger.roots_of("needs.chat.toy-8.tokens_per_s_per_accelerator")}
        assert {"test.memory_bytes_per_s", "test.up_bytes_per_s", "models.deepseek-v2-lite.parameters_count", "catalog.performance-serving.engine_ratio"} <= roots
        assert all(row.sources for row in drawn.ledger if not row.formula)
        assert float(drawn.ttft_s[0]) > float(drawn.ledger.row("needs.chat.toy-8.ttft_s").value)  # fetching what lies with the host comes on top
        percentiles = [drawn.ledger.row(f"needs.chat.toy-8.tpot_p{p}_s").value for p in (50, 95, 99)]
        assert percentiles == sorted(percentiles)


def test_a_closed_loop_keeps_so_many_running():
    """Clients that wait for their answers: by Little's law requests at once = rate x time of one request."""
    model, system = find_model("llama-3.1-8b"), known_system("h200-hgx")
    found = estimate_serving(model, system, Traffic(1000, 200, concurrency=32, spread=0.2), ServingStrategy(batch=32), catalog=CATALOG)
    p50 = {which: found.ledger.value(f"{found.prefix}.{which}_p50_s") for which in ("ttft", "tpot")}
    life = p50["ttft"] + 199 * p50["tpot"]
    assert found.tokens_per_s_per_accelerator / 200 * life == pytest.approx(32, rel=0.15)


def test_a_replica_costs_what_its_accelerators_cost():
    system = toy_system(memory=200e9)
    model = find_model("llama-3.1-70b")
    found = estimate_serving(model, system, Traffic(2000, 500, 1e5), ServingStrategy(tp=4, batch=32), catalog=CATALOG)
    replicas = 1e5 / (found.tokens_per_s_per_accelerator * 4)
    assert found.accelerators == 4 * -(-replicas // 1)
    assert found.replica_accelerators == 4
    assert estimate_serving(model, system, Traffic(2000, 500), ServingStrategy(tp=4, batch=32), catalog=CATALOG).accelerators == 4


@pytest.mark.parametrize(
    ("model", "strategy"),
    [("llama-3.1-70b", {"tp": 3}), ("llama-3.1-70b", {"dp": 2}), ("deepseek-v2-lite", {"tp": 1, "dp": 7}), ("llama-3.1-70b", {"tq": 1}), ("llama-3.1-70b", {"batch": 0}),
     ("llama-3.1-70b", {"pp": 81}), ("llama-3.1-70b", {"draft": -1}), ("llama-3.1-70b", {"prefill": {"tp": 1}}), ("llama-3.1-70b", {"prefill": {"tp": 3}, "decode": {"tp": 1}}),
     ("llama-3.1-70b", {"prefill": {"tp": 1}, "decode": {"tp": 1}, "busy_share": 1.0})],
)  # fmt: skip
def test_strategies_that_do_not_divide_are_refused(model, strategy):
    with pytest.raises(BadInput):
        estimate_serving(find_model(model), toy_system(), Traffic(1000, 200), strategy, catalog=CATALOG)


def test_traffic_has_tokens():
    for wrong in ((0, 10), (10, 10, -1.0)):
        with pytest.raises(BadInput):
            Traffic(*wrong)


@pytest.mark.parametrize("strategy", [ServingStrategy(tp=2, batch=64), Disaggregated(ServingStrategy(tp=1, pp=2), ServingStrategy(tp=2, batch=96))])
def test_a_lower_cap_never_serves_more(strategy):
    """Under caps from the chip's own limit down to 60 % of it, together and apart; and never quicker to the first token."""
    model, system = find_model("llama-3.1-70b"), known_system("h200-hgx")
    rates, waits = [], []
    for watts in (700.0, 650.0, 600.0, 500.0, 420.0):
        capped = cap_system(system, accelerator_w=figure("accelerator_cap_w", watts, "W"))
        found = estimate_serving(model, capped, Traffic(2000, 300), strategy, catalog=CATALOG)
        rates.append(found.tokens_per_s_per_accelerator)
        waits.append(found.ttft_s)
    assert rates[0] == pytest.approx(estimate_serving(model, system, Traffic(2000, 300), strategy, catalog=CATALOG).tokens_per_s_per_accelerator)
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 0.97 * rates[0]
    assert waits == sorted(waits)
