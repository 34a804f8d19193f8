"""Rules of counting FLOPs: published figures come out by the rule of their source."""

from __future__ import annotations

import pytest

from rackloom.needs import find_model, train_flop_per_token
from rackloom.performance import RULES, flop_per_token
from rackloom.performance.cases import gpt_model

GPT3 = gpt_model("gpt-175b", layers=96, hidden=12288, heads=96, ffn=49152, vocabulary=51200)


def test_megatron_with_recomputation_gives_its_138_tflops():
    """Megatron-LM v2.5 README: 1536 sequences of 2048 in 32 s on 1024 A100 are 138 TFLOP/s each, by 96 B s l h^2 (1 + s/6h + V/16lh)."""
    rate = 1536 * 2048 / 32.0 / 1024
    ours = flop_per_token("megatron_recomputed", GPT3, 2048)
    equation = 96 * 96 * 12288**2 * (1 + 2048 / (6 * 12288) + 51200 / (16 * 96 * 12288))
    assert ours == pytest.approx(equation, rel=0.01)  # their head is not run again
    assert rate * ours / 1e12 == pytest.approx(138, rel=0.01)


def test_megatron_is_three_quarters_of_it():
    assert flop_per_token("megatron", GPT3, 2048) == pytest.approx(0.75 * flop_per_token("megatron_recomputed", GPT3, 2048))


def test_llm_foundry():
    """MPT-7B at 10 119 tokens/s: 436 TFLOP/s by 6 parameters + 12 layers x hidden x sequence (llm-foundry's table, H100, 256 GPUs, sequence 2048)."""
    mpt = gpt_model("mpt-7b", layers=32, hidden=4096, heads=32, ffn=16384, vocabulary=50368)
    assert 10119 * flop_per_token("llm_foundry", mpt, 2048) / 1e12 == pytest.approx(436, rel=0.01)


def test_useful_counts_what_the_mask_lets_see():
    llama = find_model("llama-3.1-8b")
    assert flop_per_token("useful", llama, 8192) == train_flop_per_token(llama, 8192)
    full = flop_per_token("megatron", llama, 8192) - 6 * llama.matmul_parameters
    assert flop_per_token("useful", llama, 8192) - 6 * llama.matmul_parameters == pytest.approx(full / 2)


@pytest.mark.parametrize(("recompute", "more"), [("none", 0.0), ("full", 1 / 3)])
def test_hardware_counts_what_runs_again(recompute, more):
    llama = find_model("llama-3.1-8b")
    assert flop_per_token("hardware", llama, 8192, recompute=recompute) == pytest.approx((1 + more) * train_flop_per_token(llama, 8192))


def test_every_rule_is_told():
    for rule in RULES:
        assert flop_per_token(rule, GPT3, 2048) > 6 * GPT3.matmul_parameters
