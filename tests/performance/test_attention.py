"""Attention over its scores: by hand on a toy, against published rates, and its laws."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rackloom.catalog import system
from rackloom.ledger import Ledger
from rackloom.needs import Attention
from rackloom.performance.attention import attention_backward, attention_forward, cache_bytes, decode_attention, kv_split, score_flop
from rackloom.performance.kernels import Kernels, take_kernels

from .toys import CATALOG, CHIP

MHA = Attention("mha", 16, 16, 128, v_dim=128)
GQA = Attention("gqa", 64, 8, 128, v_dim=128)
MLA = Attention("mla", 128, 128, 192, q_lora_rank=1536, kv_lora_rank=512, qk_nope_dim=128, qk_rope_dim=64, v_dim=128)
SPARSE = Attention("mla", 128, 128, 192, q_lora_rank=1536, kv_lora_rank=512, qk_nope_dim=128, qk_rope_dim=64, v_dim=128, chosen=2048, index_heads=64, index_dim=128)
KINDS = {"sparse": SPARSE, "mha": MHA, "gqa": GQA, "mla": MLA, "sliding": Attention("sliding", 64, 8, 64, v_dim=64, window=128)}


@lru_cache
def real(name: str) -> Kernels:
    """Kernels of a system of the catalogue at central values."""
    return take_kernels(system(name, catalog=CATALOG), CATALOG, Ledger())


def test_scores_by_hand():
    """16 heads of 128 over 1024 tokens: 2 x 16 x 256 x 512 FLOPs a token on average; a window of 256 sees 256 - 32 = 224 of them."""
    assert float(score_flop(MHA, 1024)) == 2 * 16 * 256 * 512
    assert float(score_flop(replace(MHA, kind="sliding", window=256), 1024)) == 2 * 16 * 256 * 224
    assert float(score_flop(MHA, 1024, halved=False)) == 2 * 16 * 256 * 1024


def test_forward_and_backward_by_hand():
    """1024 tokens of one sequence at 1e12 FLOP/s; backward 2.5 times the FLOPs; two ranks share the heads."""
    forward = 1024 * 2 * 16 * 256 * 512 / 1e12
    assert float(attention_forward(CHIP, MHA, 1024, 1024, 1).total) == pytest.approx(forward)
    assert float(attention_forward(CHIP, MHA, 1024, 1024, 2).total) == pytest.approx(forward / 2)
    assert float(attention_backward(CHIP, MHA, 1024, 1024, 1).total) == pytest.approx(2.5 * forward)


def test_unfused_writes_its_scores():
    """All 1024 x 1024 scores of 16 heads: 13 bytes each at 1e9 B/s forward, 19 back; twice the FLOPs of the masked half."""
    took = attention_forward(CHIP, MHA, 1024, 1024, 1, fused=False)
    assert float(took.memory) == pytest.approx(13 * 1024 * 1024 * 16 / 1e9)
    assert float(took.compute) == pytest.approx(1024 * 2 * 16 * 256 * 1024 / 1e12)
    assert float(attention_backward(CHIP, MHA, 1024, 1024, 1, fused=False).memory) == pytest.approx(19 * 1024 * 1024 * 16 / 1e9)
    both = attention_forward(CHIP, MHA, 1024, 1024, 1, fused=np.array([True, False])).memory
    assert list(both) == [0.0, float(took.memory)]


def test_decode_by_hand():
    """4 requests over 1000 tokens of 8 key-value heads: 4 x 1000 x 8 x 256 x 2 bytes at 1e9 B/s; 8 ranks hold one head each, 16 no less."""
    assert float(decode_attention(CHIP, GQA, 4, 1000, 1, "bf16").total) == pytest.approx(4 * 1000 * 8 * 256 * 2 / 1e9)
    assert float(cache_bytes(GQA, 4, 1000, 8, "bf16")) == float(cache_bytes(GQA, 4, 1000, 16, "bf16")) == 4 * 1000 * 256 * 2
    assert float(cache_bytes(MLA, 4, 1000, 8, "fp8")) == 4 * 1000 * 576
    assert int(kv_split(MLA, 8)) == 1


def test_latent_decode_can_be_bound_by_flops():
    """128 heads x 2 x (512 + 576) FLOPs for 576 bytes in fp8 are 484 FLOPs a byte: beyond 200 FLOPs a byte the FLOPs take longer. Products run in fp8 too, twice as fast."""
    chip = replace(CHIP, memory_bytes_per_s=1e10)
    took = decode_attention(chip, MLA, 1, 1000, 1, "fp8")
    assert float(took.compute) == pytest.approx(2 * 128 * (512 + 576) * 1000 / 2e12)
    assert float(took.memory) == 0.0


def test_sparse_decode_by_hand():
    """Over 100,000 tokens the index keys of all are read (128 bytes each) and 2048 latents (576 bytes); ranks share heads, neither latents nor the indexer."""
    assert float(cache_bytes(SPARSE, 4, 100_000, 8, "fp8")) == 4 * (100_000 * 128 + 2048 * 576)
    chip = replace(CHIP, memory_bytes_per_s=1e30)
    took = [float(decode_attention(chip, SPARSE, 1, 100_000, tp, "fp8").compute) for tp in (1, 8)]
    index, scores = 2 * 64 * 128 * 100_000 / 2e12, 2 * 128 * (512 + 576) * 2048 / 2e12
    assert took == pytest.approx([index + scores, index + scores / 8])


def test_sparse_attention_gains_with_the_length_only():
    """A query that attends to 2048 of 65,536 tokens is quicker than one that attends to all; among 1024 tokens the indexer is only in the way."""
    chip = real("h200-hgx")
    for length, quicker in ((1024.0, False), (65_536.0, True)):
        sparse, dense = (float(np.asarray(attention_forward(chip, kind, length, length, 1.0).total)) for kind in (SPARSE, MLA))
        assert (sparse < dense) == quicker


# FlashAttention-3 (arXiv 2407.08608), figure 5: forward, causal, heads of 128, hidden 2048, 16384 tokens in all, H100 SXM, TFLOPS by sequence, which no constant was
# fitted to. FlashAttention-2, cuDNN and FlashAttention-3 stand for what software of different years reaches.
SEQUENCES = np.array([512.0, 1024.0, 2048.0, 4096.0, 8192.0, 16384.0])
FLASH_2, FLASH_3 = np.array([191, 260, 298, 319, 333, 335]), np.array([292, 423, 521, 579, 602, 616])


def test_rates_lie_between_published_kernels():
    took = np.asarray(attention_forward(real("h100-hgx"), MHA, 16384.0, SEQUENCES, 1.0).total)
    rate = 16384.0 * np.asarray(score_flop(MHA, SEQUENCES)) / took / 1e12
    assert np.all(rate > 0.8 * FLASH_2), rate
    assert np.all(rate < 1.1 * FLASH_3), rate
    assert np.all(np.diff(rate) > 0.0)


def test_backward_is_slower_by_the_published_ratio():
    """Heads of 128, 16k tokens: FlashAttention-3 forward 648, backward 561 TFLOPS; cuDNN 595 and 516; FlashAttention-2 370 and 322 (figures 5 and 6, no mask)."""
    chip = real("h100-hgx")
    forward, backward = (float(np.asarray(each.total)) for each in (attention_forward(chip, MHA, 16384.0, 16384.0, 1.0), attention_backward(chip, MHA, 16384.0, 16384.0, 1.0)))
    assert 2.5 * forward / backward == pytest.approx(561 / 648, rel=0.03)
    assert 2.5 * forward / backward == pytest.approx(516 / 595, rel=0.03)


@given(
    kind=st.sampled_from(sorted(KINDS)),
    batch=st.integers(1, 64),
    sequence=st.integers(1, 40000),
    tp=st.sampled_from([1, 2, 4, 8]),
    name=st.sampled_from(["a100-hgx", "h100-hgx", "b200-hgx", "mi300x-8"]),
)
def test_never_faster_than_the_data_sheet(kind, batch, sequence, tp, name):
    attention, chip, sheet = KINDS[kind], real(name), system(name, catalog=CATALOG)
    tokens, peak, memory = batch * sequence, sheet.flop_per_s["bf16"].value, sheet.memory_bytes_per_s.value
    flop = tokens * float(score_flop(attention, sequence)) / tp
    assert float(attention_forward(chip, attention, tokens, sequence, tp).total) > flop / peak
    assert float(attention_backward(chip, attention, tokens, sequence, tp).total) > 2.5 * flop / peak
    assert float(decode_attention(chip, attention, batch, sequence, tp, "fp8").total) > float(cache_bytes(attention, batch, sequence, tp, "fp8")) / memory


@given(kind=st.sampled_from(sorted(KINDS)), batch=st.integers(1, 64), sequence=st.integers(1, 20000))
def test_more_requests_or_tokens_never_take_less(kind, batch, sequence):
    attention, chip = KINDS[kind], real("b200-hgx")
    for first, second in (((batch, sequence), (2 * batch, sequence)), ((batch, sequence), (batch, 2 * sequence))):
        for forward in (True, False):
            one, two = (
                float((attention_forward(chip, attention, b * s, s, 1.0) if forward else decode_attention(chip, attention, b, s, 1.0, "bf16")).total) for b, s in (first, second)
            )
            assert two >= one * (1 - 1e-12)


def test_arrays_equal_scalars():
    chip = real("h100-hgx")
    batch, sequence = np.array([1.0, 8.0, 64.0]), np.array([[512.0], [8192.0]])
    for attention in KINDS.values():
        forward = attention_forward(chip, attention, batch * sequence, sequence, 2.0).total
        decode = decode_attention(chip, attention, batch, sequence, 2.0, "bf16").total
        for i, s in enumerate(sequence[:, 0]):
            for j, b in enumerate(batch):
                assert float(forward[i, j]) == pytest.approx(float(attention_forward(chip, attention, b * s, s, 2.0).total))
                assert float(decode[i, j]) == pytest.approx(float(decode_attention(chip, attention, b, s, 2.0, "bf16").total))
