"""Prefill and decode on replicas of their own: the formula against requests that are followed, laws of both."""

from __future__ import annotations

import numpy as np
import pytest

from rackloom.catalog import system
from rackloom.ledger import Numbers
from rackloom.needs.model import find_model
from rackloom.performance import estimate_serving
from rackloom.performance.apart import apart_times
from rackloom.performance.apart_requests import _through, follow_apart
from rackloom.performance.jobs import Disaggregated, ServingStrategy, Traffic
from rackloom.performance.loads import Lengths
from rackloom.performance.machine import make_machine
from rackloom.performance.queue import Engine
from rackloom.performance.steady import Requests

from .toys import CATALOG, DRAWS

MODEL = find_model("llama-3.1-70b")
H200 = system("h200-hgx", catalog=CATALOG)
MACHINE = make_machine(H200, Numbers(), catalog=CATALOG, serving=True)
ENGINE = Engine(8192, 4096)
ASKED = Requests(4000.0, 1000.0)


def pools(prompts: int = 1, prefill: int = 1, decode: int = 1, places: int = 128, busy: float = 0.7) -> Disaggregated:
    """Prefill replicas of 2 accelerators, decode replicas of 4."""
    return Disaggregated(ServingStrategy(tp=2, batch=prompts), ServingStrategy(tp=4, batch=places), prefill, decode, busy)


def test_one_server_waits_as_pollaczek_says():
    """Random arrivals, equal services: a mean wait of r / (2 (1 - r)) services."""
    rng = np.random.default_rng(3)
    for busy in (0.3, 0.6, 0.8):
        arrives = np.cumsum(rng.exponential(1.0 / busy, 200_000))
        waits, reads = _through(arrives, np.ones(arrives.size), 1, np.ones(1))
        assert np.mean(waits) == pytest.approx(busy / (2 * (1 - busy)), rel=0.05)
        assert np.all(reads == 1.0)


def test_several_in_a_step_and_several_servers_by_hand():
    """Prompts at 0, 0.5, 0.6 and 9: the first is read alone in 1 s, the next two together in 1.5 s, the last alone. A second server takes the second at once."""
    arrives, size, step = np.array([0.0, 0.5, 0.6, 9.0]), np.ones(4), np.array([1.0, 1.5])
    waits, reads = _through(arrives, size, 1, step)
    assert waits.tolist() == pytest.approx([0.0, 0.5, 0.4, 0.0])
    assert reads.tolist() == [1.0, 1.5, 1.5, 1.0]
    waits, _ = _through(arrives, size, 2, step)
    assert waits.tolist() == pytest.approx([0.0, 0.0, 0.4, 0.0])


@pytest.mark.parametrize("busy", [0.3, 0.7])
def test_the_formula_is_the_mean_of_what_is_followed(busy):
    s = pools(busy=busy)
    times = apart_times(MACHINE, MODEL, s, ASKED)
    found = follow_apart(MACHINE, MACHINE, MODEL, s, Lengths(4000.0, 1000.0), ENGINE, 600)
    assert found["ttft", 0.5] < times.ttft_s < found["ttft", 0.95] < found["ttft", 0.99]
    assert found["tpot", 0.5] == pytest.approx(times.tpot_s, rel=0.06)
    assert found["tpot", 0.5] <= found["tpot", 0.95] <= found["tpot", 0.99]


def test_decode_runs_what_prefill_brings():
    """Little's law: requests under way are requests a second x their life; a pool with room to spare is quicker than a full one."""
    s = pools(places=256)
    times = apart_times(MACHINE, MODEL, s, ASKED)
    rate = times.tokens_per_s_per_accelerator * s.ranks / ASKED.answer
    under_way = rate * ASKED.answer * times.tpot_s
    assert under_way < 40
    assert times.decode.requests_per_s == pytest.approx(rate, rel=0.05)
    both = apart_times(MACHINE, MODEL, pools(prefill=8, places=32), ASKED)  # now decode sets the pace, with all places taken
    assert both.tokens_per_s_per_accelerator * 20 == pytest.approx(32 / both.tpot_s)


def test_a_busier_prefill_waits_longer_and_gives_more():
    rows = [apart_times(MACHINE, MODEL, pools(busy=busy), ASKED) for busy in (0.3, 0.5, 0.7, 0.9)]
    for name in ("ttft_s", "tokens_per_s_per_accelerator"):
        values = [float(getattr(row, name)) for row in rows]
        assert values == sorted(values)
    tails = [follow_apart(MACHINE, MACHINE, MODEL, pools(busy=busy), Lengths(4000.0, 1000.0), ENGINE, 300)["ttft", 0.95] for busy in (0.3, 0.5, 0.7, 0.9)]
    assert tails == sorted(tails)


def test_percentiles_stand_in_the_ledger_with_their_interval():
    estimate = estimate_serving(MODEL, H200, Traffic(4000, 1000, spread=0.5), pools(2, 2, 1, 64), draws=DRAWS, catalog=CATALOG)
    rows = {name: np.asarray(estimate.ledger.value(f"{estimate.prefix}.{name}")) for name in ("ttft_p50_s", "ttft_p95_s", "ttft_p99_s", "tpot_p50_s", "tpot_p95_s", "tpot_p99_s")}
    assert all(row.shape == (DRAWS.count + 1,) and np.ptp(row) > 0.0 for row in rows.values())
    assert np.all(rows["ttft_p50_s"] < rows["ttft_p99_s"])
    again = estimate_serving(MODEL, H200, Traffic(4000, 1000, spread=0.5), pools(2, 2, 1, 64), draws=DRAWS, catalog=CATALOG)
    assert np.array_equal(rows["tpot_p95_s"], np.asarray(again.ledger.value(f"{again.prefix}.tpot_p95_s")))


def test_no_room_for_a_request_gives_no_percentile_of_decode():
    small = Disaggregated(ServingStrategy(tp=2), ServingStrategy(tp=1, precision="bf16", kv_precision="bf16"))
    found = follow_apart(MACHINE, MACHINE, MODEL, small, Lengths(4000.0, 1000.0), ENGINE, 300)
    assert {which for which, _ in found} == {"ttft"}
