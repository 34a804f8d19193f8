"""Serving: decode and prefill by hand, and laws."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rackloom.errors import BadInput
from rackloom.needs import find_model
from rackloom.performance import ServingStrategy, Traffic, estimate_serving
from rackloom.performance.serving import ServeColumns, decode_part, prefill_part, serve_times

from .toys import CATALOG, CHIP, DRAWS, FAST_MEMORY, FREE_LINKS, MACHINE, TOY, toy_system

BF16 = ServingStrategy(precision="bf16", kv_precision="bf16")
ONE = ServeColumns(1, 1, 1)
MOE = find_model("deepseek-v2-lite")


def test_decode_reads_weights_and_cache():
    """One request on one accelerator of the toy, fast in FLOPs: all bytes at 1e9 B/s.

    Weights of the layers: 4 x 12 582 912 x 2 bytes; of the head 1024 x 1000 x 2. Cache of 100 tokens: 4 layers x 2 x 1024 x 2 bytes x 100.
    Inputs and results of the products and the element-wise passes are a few kB: below 0.2 %.
    """
    machine = replace(MACHINE, kernels=replace(CHIP, rates_flop_per_s={"bf16": 1e30}, attention_forward_flop_per_s=1e30), links=FREE_LINKS)
    took = decode_part(machine, TOY, BF16, ONE, 100.0)
    assert float(took.work.total) == pytest.approx((4 * 12_582_912 * 2 + 1024 * 1000 * 2 + 4 * 2 * 1024 * 2 * 100) / 1e9, rel=5e-3)
    assert float(took.work.compute) == 0.0


def test_prefill_is_flops_over_rate():
    """512 tokens: 4 x (2 x 512 x 12 582 912 + 536 870 912) FLOP, and the head for the last token, 2 x 1024 x 1000."""
    machine = replace(FAST_MEMORY, links=FREE_LINKS)
    took = prefill_part(machine, TOY, BF16, ONE, 512.0)
    assert float(took.work.total) == pytest.approx((4 * (12_884_901_888 + 536_870_912) + 2_048_000) / 1e12, rel=1e-9)


def test_messages_of_decode():
    """2 ranks: two all-reduces a layer of 2 x 1024 bytes for each request: 2048 / 1e9 s and 2 steps of 1 us."""
    took = decode_part(MACHINE, TOY, BF16, ServeColumns(2, 1, 3), 100.0)
    assert float(took.up_s) == pytest.approx(4 * 2 * (3 * 2048 / 1e9 + 2e-6))


def test_prefills_come_between_tokens():
    """b = 4 requests: a token waits for its decode step and 3 prefills spread over 10 tokens; rate = 4 x 10 / (4 prefill + 10 decode)."""
    took = serve_times(MACHINE, TOY, BF16, ServeColumns(1, 1, 4), 100.0, 10.0)
    prefill, decode = float(took.prefill_s), float(took.decode_s)
    assert float(took.tpot_s) == pytest.approx(decode + 3 * prefill / 10)
    assert float(took.ttft_s) == pytest.approx(prefill + decode)
    assert float(took.tokens_per_s_per_accelerator) == pytest.approx(40 / (4 * prefill + 10 * decode))
    # by Little's law, requests at once = arrivals a second x time of one: the rate / 10 x (prefill + 10 tpot)
    assert float(took.tokens_per_s_per_accelerator) / 10 * (prefill + 10 * float(took.tpot_s)) == pytest.approx(4)


def test_few_tokens_read_few_experts():
    """64 experts, 6 a token: one token reads 6 of them, many tokens all; the weights of 26 layers' experts in fp8 at 1e9 B/s."""
    machine = replace(MACHINE, kernels=replace(CHIP, rates_flop_per_s={"bf16": 1e30, "fp8": 1e30}, attention_forward_flop_per_s=1e30), links=FREE_LINKS)
    expert = 3 * 2048 * 1408
    one, many = (float(decode_part(machine, MOE, ServingStrategy(), ServeColumns(1, 1, batch), 1.0).memory_bytes) for batch in (1, 1000))
    assert one == pytest.approx(26 * 6 * expert + MOE.parameters - 26 * 64 * expert, rel=0.2)  # the rest is read whole, embedding not, head in 16 bits
    assert many - one >= 26 * 58 * expert


def test_a_replica_costs_what_its_accelerators_cost():
    system = toy_system(memory=200e9)
    model = find_model("llama-3.1-70b")
    found = estimate_serving(model, system, Traffic(2000, 500, 1e5), ServingStrategy(tp=4, batch=32), catalog=CATALOG)
    replicas = 1e5 / (found.tokens_per_s_per_accelerator * 4)
    assert found.accelerators == 4 * -(-replicas // 1)
    assert found.replica_accelerators == 4
    assert estimate_serving(model, system, Traffic(2000, 500), ServingStrategy(tp=4, batch=32), catalog=CATALOG).accelerators == 4


serving = st.tuples(st.sampled_from([1, 2, 4, 8]), st.sampled_from([1, 2, 8]), st.integers(1, 64))


@settings(max_examples=30, deadline=None)
@given(how=serving, prompt=st.floats(16, 1e5), longer=st.floats(1.0, 4.0))
def test_a_longer_prompt_never_lowers_ttft(how, prompt, longer):
    c = ServeColumns(how[0], how[1], how[1] * how[2])
    short, long = (float(serve_times(MACHINE, MOE, ServingStrategy(), c, tokens, 100.0).ttft_s) for tokens in (prompt, prompt * longer))
    assert long >= short * (1 - 1e-12)


@settings(max_examples=30, deadline=None)
@given(how=serving, factor=st.floats(1.0, 10.0), what=st.sampled_from(["memory", "rate", "up", "out"]))
def test_a_better_machine_never_serves_less(how, factor, what):
    links = tuple(replace(link, bytes_per_s=link.bytes_per_s * (factor if name == what else 1.0)) for link, name in zip(MACHINE.links, ("up", "out"), strict=True))
    chip = replace(CHIP, memory_bytes_per_s=1e9 * (factor if what == "memory" else 1.0), rates_flop_per_s={"fp8": 2e12 * (factor if what == "rate" else 1.0), "bf16": 1e12})
    better = replace(MACHINE, links=links, kernels=chip)
    c = ServeColumns(how[0], how[1], how[1] * how[2])
    before, after = (serve_times(machine, MOE, ServingStrategy(), c, 500.0, 100.0) for machine in (MACHINE, better))
    assert float(after.tokens_per_s_per_accelerator) >= float(before.tokens_per_s_per_accelerator) * (1 - 1e-12)
    assert float(after.tpot_s) <= float(before.tpot_s) * (1 + 1e-12)


def test_draws_and_ledger():
    model = find_model("deepseek-v2-lite")
    plain = estimate_serving(model, toy_system(), Traffic(1000, 200, 1e4), ServingStrategy(tp=2, dp=4, batch=64), catalog=CATALOG, name="chat")
    drawn = estimate_serving(model, toy_system(), Traffic(1000, 200, 1e4), ServingStrategy(tp=2, dp=4, batch=64), catalog=CATALOG, draws=DRAWS, name="chat")
    for row in plain.ledger:
        value = drawn.ledger.value(row.key)
        assert row.value == pytest.approx(float(value[0] if getattr(value, "ndim", 0) else value), rel=1e-12), row.key
    assert drawn.ledger.dangling() == []
    assert drawn.tokens_per_s_per_accelerator.shape == (65,)
    assert sum(drawn.shares.values()) == pytest.approx(1.0)
    assert drawn.limited_by == max(drawn.shares, key=drawn.shares.get)
    roots = {row.key for row in drawn.ledger.roots_of("needs.chat.toy-8.tokens_per_s_per_accelerator")}
    assert {"test.memory_bytes_per_s", "test.up_bytes_per_s", "models.deepseek-v2-lite.parameters_count", "catalog.performance-kernels.launch_s"} <= roots
    assert all(row.sources for row in drawn.ledger if not row.formula)


@pytest.mark.parametrize(
    ("model", "strategy"),
    [("llama-3.1-70b", {"tp": 3}), ("llama-3.1-70b", {"dp": 2}), ("deepseek-v2-lite", {"tp": 1, "dp": 7}), ("llama-3.1-70b", {"tq": 1}), ("llama-3.1-70b", {"batch": 0})],
)
def test_strategies_that_do_not_divide_are_refused(model, strategy):
    with pytest.raises(BadInput):
        estimate_serving(find_model(model), toy_system(), Traffic(1000, 200), strategy, catalog=CATALOG)


def test_traffic_has_tokens():
    with pytest.raises(BadInput):
        Traffic(0, 10)
    with pytest.raises(BadInput):
        Traffic(10, 10, -1.0)
