"""One step of an engine by hand, and its laws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rackloom.needs import find_model
from rackloom.performance import ServingStrategy
from rackloom.performance.layers import Shares
from rackloom.performance.serving import Load, ServeColumns, _products, accepted_tokens, stage_ratio, step_part

from .toys import CHIP, FAST_MEMORY, FREE_LINKS, MACHINE, TOY

BF16 = ServingStrategy(precision="bf16", kv_precision="bf16")
ONE = ServeColumns(1, 1, 1)
MOE = find_model("deepseek-v2-lite")
FAST_CHIP = replace(MACHINE, kernels=replace(CHIP, rates_flop_per_s={"bf16": 1e30, "fp8": 1e30}, attention_forward_flop_per_s=1e30), links=FREE_LINKS)


def decode(tokens: float, context: float) -> Load:
    return Load(tokens, context, 0.0, 1.0)


def test_decode_reads_weights_and_cache():
    """One request on one accelerator of the toy, fast in FLOPs: all bytes at 1e9 B/s.

    Weights of the layers: 4 x 12 582 912 x 2 bytes; of the head 1024 x 1000 x 2. Cache of 100 tokens: 4 layers x 2 x 1024 x 2 bytes x 100.
    Inputs and results of the products and the element-wise passes are a few kB: below 0.2 %.
    """
    took = step_part(FAST_CHIP, TOY, BF16, ONE, decode(1.0, 100.0))
    assert float(took.work.total) == pytest.approx((4 * 12_582_912 * 2 + 1024 * 1000 * 2 + 4 * 2 * 1024 * 2 * 100) / 1e9, rel=5e-3)
    assert float(took.work.compute) == 0.0


def test_prefill_is_flops_over_rate():
    """512 tokens: 4 x (2 x 512 x 12 582 912 + 536 870 912) FLOP, and the head for the last token, 2 x 1024 x 1000."""
    took = step_part(replace(FAST_MEMORY, links=FREE_LINKS), TOY, BF16, ONE, Load(0.0, 1.0, 512.0, 512.0))
    assert float(took.work.total) == pytest.approx((4 * (12_884_901_888 + 536_870_912) + 2_048_000) / 1e12, rel=1e-9)


def test_prompts_and_tokens_share_a_step():
    """128 tokens of a prompt of 512 beside 3 requests: products of 131 tokens, a quarter of the prompt's attention, heads for 3.25 tokens."""
    took = step_part(replace(FAST_MEMORY, links=FREE_LINKS), TOY, BF16, ONE, Load(3.0, 100.0, 128.0, 512.0))
    attention = 536_870_912 / 4 + 3 * 2 * 2 * 1024 * 100
    assert float(took.work.compute) * 1e12 == pytest.approx(4 * (2 * 131 * 12_582_912 + attention) + 2 * 1024 * 1000 * 3.25, rel=1e-6)


def test_what_is_cached_is_not_read_but_seen():
    """256 tokens after 256 cached ones: attention of 512 less that of 256 tokens, products of 256."""
    took = step_part(replace(FAST_MEMORY, links=FREE_LINKS), TOY, BF16, ONE, Load(0.0, 1.0, 256.0, 256.0, 256.0))
    assert float(took.work.compute) * 1e12 == pytest.approx(4 * (2 * 256 * 12_582_912 + 536_870_912 * (1 - 1 / 4)) + 2_048_000, rel=1e-6)


def test_messages_of_decode():
    """2 ranks: two all-reduces a layer of 2 x 1024 bytes for each request: 2048 / 1e9 s and 2 steps of 1 us."""
    took = step_part(MACHINE, TOY, BF16, ServeColumns(2, 1, 3), decode(3.0, 100.0))
    assert float(took.up_s) == pytest.approx(4 * 2 * (3 * 2048 / 1e9 + 2e-6))


def test_a_pipeline_works_on_groups_in_turn():
    """2 stages: each takes half of the requests at a time; one activation of 2 x 1024 bytes for each goes from stage to stage."""
    alone = step_part(MACHINE, TOY, BF16, ONE, decode(4.0, 100.0))
    both = step_part(MACHINE, TOY, BF16, ServeColumns(1, 1, 8, 2), decode(8.0, 100.0))
    assert float(both.work.total) == pytest.approx(float(alone.work.total))
    assert float(both.up_s) == pytest.approx(4 * 2048 / 1e9 + 1e-6)
    assert float(stage_ratio(TOY, 3)) == pytest.approx(2 * 3 / 4)


def test_few_tokens_read_few_experts():
    """64 experts, 6 a token: one token reads 6 of them, many tokens all; the weights of 26 layers' experts in fp8 at 1e9 B/s."""
    expert = 3 * 2048 * 1408
    one, many = (float(step_part(FAST_CHIP, MOE, ServingStrategy(), ServeColumns(1, 1, batch), decode(batch, 1.0)).memory_bytes) for batch in (1.0, 1000.0))
    assert one == pytest.approx(26 * 6 * expert + MOE.parameters - 26 * 64 * expert, rel=0.2)  # the rest is read whole, embedding not, head in 16 bits
    assert many - one >= 26 * 58 * expert


def test_guesses_read_the_cache_once():
    """Speculative decoding: 3 guesses are checked with one pass over weights and cache; right ones with 70 % give 1 + .7 + .49 + .343 tokens."""
    plain = step_part(FAST_CHIP, TOY, BF16, ONE, decode(1.0, 400.0))
    guessed = step_part(FAST_CHIP, TOY, replace(BF16, draft=3), ONE, decode(1.0, 400.0))
    head_and_layer = 12_582_912 * 2 + 1024 * 1000 * 2 + 2 * 1024 * 2 * 400
    assert float(guessed.work.total - plain.work.total) == pytest.approx(3 * head_and_layer / 1e9, rel=0.02)  # activations beside the weights
    assert accepted_tokens(replace(BF16, draft=3)) == pytest.approx(1 + 0.7 + 0.49 + 0.343)
    assert accepted_tokens(BF16) == 1.0


def test_cut_experts_hold_as_much_and_see_all_tokens():
    """Experts cut over 4 groups: a rank holds a quarter of every expert, as many weights as a quarter of the experts; each of 4 x 1000 tokens visits 6."""
    layer = MOE.layers[-1]
    shares = Shares(1000.0, 1, 4, 1, "fp8", serving=True)
    whole, cut = ([p for p in _products(MACHINE, MOE, layer, shares, ServingStrategy(cut_experts=flag), 4000.0) if p.routed] for flag in (False, True))
    assert sum(p.n * p.k * p.count for p in cut) == pytest.approx(sum(p.n * p.k * p.count for p in whole))
    assert cut[0].m * cut[0].count == pytest.approx(4000 * 6)
    assert whole[0].m * whole[0].count == pytest.approx(1000 * 6)  # of its own tokens' visits; as many come from the others as go to them


strategies = st.tuples(st.sampled_from([1, 2, 4, 8]), st.sampled_from([1, 2, 8]), st.integers(1, 64))


@given(how=strategies, factor=st.floats(1.0, 10.0), what=st.sampled_from(["memory", "rate", "up", "out"]))
def test_a_better_machine_never_takes_longer(how, factor, what):
    links = tuple(replace(link, bytes_per_s=link.bytes_per_s * (factor if name == what else 1.0)) for link, name in zip(MACHINE.links, ("up", "out"), strict=True))
    chip = replace(CHIP, memory_bytes_per_s=1e9 * (factor if what == "memory" else 1.0), rates_flop_per_s={"fp8": 2e12 * (factor if what == "rate" else 1.0), "bf16": 1e12})
    better = replace(MACHINE, links=links, kernels=chip)
    c = ServeColumns(how[0], how[1], how[1] * how[2])
    before, after = (float(step_part(machine, MOE, ServingStrategy(), c, Load(how[2], 500.0, 100.0, 500.0)).seconds) for machine in (MACHINE, better))
    assert after <= before * (1 + 1e-12)


@given(tokens=st.floats(1, 2000), more=st.floats(1.0, 3.0))
def test_more_tokens_never_take_less(tokens, more):
    took = [float(step_part(MACHINE, TOY, BF16, ONE, Load(count, 100.0, 0.0, 1.0)).seconds) for count in (tokens, tokens * more)]
    assert took[1] >= took[0] * (1 - 1e-12)


def test_columns_are_single_strategies():
    """Arrays of strategies give what each gives alone."""
    c = ServeColumns(np.array([1, 2, 4]), np.array([1, 2, 8]), np.array([8, 8, 64]))
    each = step_part(MACHINE, MOE, ServingStrategy(), c, Load(c.group_batch, 300.0, 64.0, 256.0)).seconds
    for i in range(3):
        one = ServeColumns(int(c.tp[i]), int(c.dp[i]), int(c.batch[i]))
        assert each[i] == pytest.approx(float(step_part(MACHINE, MOE, ServingStrategy(), one, Load(one.group_batch, 300.0, 64.0, 256.0)).seconds))
