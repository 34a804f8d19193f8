"""Requests through an engine, step by step: small cases by hand, conservation, and the same run timed again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rackloom.ledger import Numbers
from rackloom.performance import ServingStrategy
from rackloom.performance.loads import Lengths, closed, most_at_once, offline, outcome
from rackloom.performance.machine import make_machine
from rackloom.performance.queue import Engine, Stream, mix_seconds, serve
from rackloom.performance.serving import Load, ServeColumns
from rackloom.performance.steady import step_seconds

from .toys import CATALOG, DRAWS, MACHINE, TOY, known_system

BF16 = ServingStrategy(precision="bf16", kv_precision="bf16")
WIDE = Engine(8192, 4096)


def stream(prompts: list[float], answers: list[float], arrives: list[float] | None = None, clients: int | None = None) -> Stream:
    zero = np.zeros(len(prompts))
    return Stream(np.array(prompts, dtype=float), zero, np.array(answers, dtype=float), zero if arrives is None else np.array(arrives, dtype=float), clients)


def step(decode: float, context: float, prefill: float, prompt: float) -> float:
    return float(sum(step_seconds(MACHINE, TOY, BF16, ServeColumns(1, 1, decode), Load(decode, context, prefill, prompt)).values()))


def run(given: Stream, engine: Engine = WIDE, room: float = 1e9):
    return serve(MACHINE, TOY, BF16, engine, given, room)


def test_one_request_alone():
    """A prompt of 512 tokens in one step, then 4 more tokens, each after one more."""
    found = run(stream([512.0], [5.0]))
    assert found.ttft_s[0] == pytest.approx(step(0.0, 1.0, 512.0, 512.0), rel=0.02)
    assert found.tpot_s[0] == pytest.approx(np.mean([step(1.0, 513.0 + i, 0.0, 512.0) for i in range(4)]), rel=0.02)
    assert found.seconds == pytest.approx(found.ttft_s[0] + 4 * found.tpot_s[0])


def test_two_prompts_do_not_fit_one_step():
    """Steps of 512 tokens: the second prompt is read in the second step, beside the first request's token."""
    found = run(stream([512.0, 512.0], [3.0, 3.0]), Engine(512, 16, chunked=False))
    assert found.ttft_s[1] > 1.9 * found.ttft_s[0]
    together = run(stream([512.0, 512.0], [3.0, 3.0]), Engine(1024, 16, chunked=False))
    assert together.ttft_s[0] == together.ttft_s[1]


def test_long_prompts_are_cut_into_pieces():
    """2000 tokens in steps of 512: four steps and a token; an engine that does not cut them takes one long step."""
    cut, whole = (run(stream([2000.0], [2.0]), Engine(512, 16, chunked=flag)) for flag in (True, False))
    assert cut.ttft_s[0] == pytest.approx(3 * step(0.0, 1.0, 512.0, 2000.0) + step(0.0, 1.0, 464.0, 2000.0), rel=0.05)
    assert whole.ttft_s[0] == pytest.approx(step(0.0, 1.0, 2000.0, 2000.0), rel=0.05)


def test_who_has_no_room_waits():
    """Room for one request's 64 + 64 tokens at a time, in pages of 64: one after the other."""
    apart = run(stream([64.0] * 3, [64.0] * 3), Engine(8192, 16, reserves=True), room=128.0)
    assert apart.running_most == 1
    assert apart.ttft_s[1] == pytest.approx(apart.end_s[0] + apart.ttft_s[0], rel=0.05)
    assert run(stream([64.0] * 3, [64.0] * 3), Engine(8192, 16, reserves=True), room=1e6).running_most == 3


def test_clients_send_the_next_when_the_last_is_done():
    found = run(stream([64.0] * 6, [10.0] * 6, clients=2))
    assert found.running_most == 2
    sent = np.concatenate([[0.0, 0.0], found.end_s[:4]])
    assert found.end_s - found.ttft_s - 9 * found.tpot_s == pytest.approx(sent)


def test_requests_that_come_late_find_an_idle_engine():
    found = run(stream([64.0, 64.0], [4.0, 4.0], [0.0, 1e4]))
    assert found.ttft_s[0] == pytest.approx(found.ttft_s[1])
    assert found.end_s[1] > 1e4


def test_prepared_sizes_are_filled_up():
    engine = Engine(8192, 4096, graph_requests=(1, 2, 4, 8))
    assert [engine.padded(n) for n in (0, 1, 2, 3, 5, 8, 9)] == [0, 1, 2, 4, 8, 8, 9]


lengths = st.lists(st.tuples(st.integers(1, 3000), st.integers(1, 200)), min_size=1, max_size=25)


@given(given=lengths, chunked=st.booleans(), places=st.integers(1, 8), arrives=st.booleans())
def test_everyone_is_served_in_turn(given, chunked, places, arrives):
    """All tokens come out; nobody gets a token before the prompt is read; first tokens come in the order of arrival."""
    prompts, answers = ([float(each[i]) for each in given] for i in (0, 1))
    when = [3.0 * i for i in range(len(given))] if arrives else None
    found = run(stream(prompts, answers, when), Engine(1024, places, chunked=chunked))
    assert found.tokens == sum(answers)
    assert np.all(found.ttft_s > 0)
    assert np.all(found.tpot_s >= 0)
    first = found.ttft_s + (np.array(when) if when else 0.0)
    assert np.all(np.diff(first) >= -1e-9)
    assert found.running_most <= places
    assert found.seconds == pytest.approx(float(np.max(found.end_s)))


def test_the_mix_of_steps_takes_the_time_of_the_run():
    """Kinds of step with how often each came: their time is the run's within 3 %, though only 48 kinds are kept."""
    machine = make_machine(known_system("h200-hgx"), Numbers(), catalog=CATALOG, serving=True)
    found = offline(machine, TOY, BF16, Engine(2048, 64), Lengths(300.0, 80.0, spread=0.5), 400)
    seconds = sum(np.sum(value * found.mix.times[:, None]) for value in mix_seconds(machine, TOY, BF16, found.mix, 300.0, 0.0).values())
    assert len(found.mix.times) <= 48
    assert float(seconds) == pytest.approx(found.seconds, rel=0.03)


def test_a_run_is_timed_again_under_draws():
    system = known_system("h200-hgx")
    machine, drawn = (make_machine(system, Numbers(draws), catalog=CATALOG, serving=True) for draws in (None, DRAWS))
    sizes = Lengths(500.0, 100.0)
    served = closed(machine, TOY, BF16, WIDE, sizes, 8, 80)
    plain, many = (outcome(each, TOY, BF16, sizes, served, each.serving_request_s, whole=True) for each in (machine, drawn))
    assert many.tokens_per_s_per_accelerator.shape == (65,)
    assert float(many.tokens_per_s_per_accelerator[0]) == pytest.approx(plain.tokens_per_s_per_accelerator)
    assert float(many.ttft_s[0]) == pytest.approx(float(np.mean(served.ttft_s)) + machine.serving_request_s)
    assert float(many.tpot_s[0]) == pytest.approx(float(np.mean(served.tpot_s)))
    assert many.at["ttft", 0.99][0] >= many.at["ttft", 0.5][0]
    assert np.std(many.tpot_s[1:]) > 0.0


def test_room_is_what_weights_leave():
    """80 GB usable to 91.5 %, 8B in fp8 (with its tables in 16 bits) and a step's activations leave room for so many tokens of 64 KiB."""
    machine = make_machine(known_system("h100-hgx"), Numbers(), catalog=CATALOG, serving=True)
    from rackloom.needs import find_model

    model = find_model("llama-3.1-8b")
    places = most_at_once(machine, model, ServingStrategy(), Engine(8192, 10**6, reserves=True), Lengths(1024.0, 1024.0))
    weights = (model.parameters - 2 * 128256 * 4096) + 2 * 2 * 128256 * 4096
    activations = 2 * 8192 * (2 * 4096 + 3 * 14336)
    cache = 32 * 2 * 8 * 128 * 2048
    assert places == int((80e9 * 0.915 - weights - activations) // cache)


def test_lengths_keep_their_means():
    prompt, cached, answer = Lengths(1000.0, 200.0, 300.0, 0.8).draw(2000, np.random.default_rng(1))
    assert (prompt.mean(), cached.mean(), answer.mean()) == pytest.approx((1000.0, 300.0, 200.0), rel=0.01)
    assert answer.std() / answer.mean() == pytest.approx(0.8, rel=0.15)
