"""Memory by kind: published activation memory, hand counts, and the law of fitting."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rackloom.needs import find_model, weight_bytes
from rackloom.performance import ServingStrategy, TrainingJob, TrainingStrategy, estimate_training
from rackloom.performance.cases import gpt_model
from rackloom.performance.columns import columns_of
from rackloom.performance.memory import activation_bytes, serving_memory, training_memory
from tests.published.load import published

from .toys import CATALOG, TOY, toy_system

# table 3 of the paper: heads, hidden, layers, pipeline ranks, chunks, batch, micro batch; sequence 2048, vocabulary 51200, tensor ranks 8
SHAPES = {"22B": (64, 6144, 48, 1, 1, 4, 4), "175B": (96, 12288, 96, 8, 3, 64, 1), "530B": (128, 20480, 105, 35, 3, 280, 1), "1T": (160, 25600, 128, 64, 1, 512, 1)}


@pytest.mark.parametrize("row", published("activation_memory"), ids=lambda row: row["id"])
def test_published_activation_memory(row):
    heads, hidden, layers, pp, chunks, batch, micro = SHAPES[row["model"]]
    model = gpt_model(row["model"], layers=layers, hidden=hidden, heads=heads, ffn=4 * hidden, vocabulary=51200)
    strategy = TrainingStrategy(8, pp, micro_batch=micro, interleave=chunks, sequence_parallel=row["sequence_parallel"], recompute=row["recompute"], attention="unfused")
    job = TrainingJob(batch, 2048, dropout=True)
    ours = float(training_memory(model, job, columns_of(strategy))["activations"])
    assert ours / 2**30 == pytest.approx(row["expected"], rel=1e-9), row["source"]


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        # Korthikanti et al. 2022, table 2, with s = 512, b = 1, h = 1024, a = 16, t = 8: s b h = 524 288, 5 a s / h = 40
        ({"sequence_parallel": False}, 524288 * (10 + 24 / 8 + 40 / 8)),  # tensor parallelism alone
        ({}, 524288 * (34 / 8 + 40 / 8)),  # with sequence parallelism
        ({"sequence_parallel": False, "recompute": "selective"}, 524288 * (10 + 24 / 8)),
        ({"recompute": "selective"}, 524288 * 34 / 8),
        ({"recompute": "full", "sequence_parallel": False}, 524288 * 2),
        ({"attention": "fused"}, 524288 * 34 / 8),  # no scores in memory
    ],
)
def test_equations_of_the_paper(strategy, expected):
    c = columns_of(TrainingStrategy(**{"tp": 8, "attention": "unfused", **strategy}))
    assert float(activation_bytes(1024, TOY.layers[0], TrainingJob(1, 512, dropout=True), c)) == pytest.approx(expected)


def test_state_of_training():
    """2 + 4 + 12 bytes a parameter; ZeRO-1 shares the 12 among 4 replicas, 16-bit gradients take 2."""
    job = TrainingJob(4, 512)
    kinds = training_memory(TOY, job, columns_of(TrainingStrategy(dp=4, zero=1)))
    n = TOY.parameters
    assert [float(kinds[kind]) for kind in ("weights", "gradients", "optimizer")] == pytest.approx([2 * n, 4 * n, 12 * n / 4])
    alone = training_memory(TOY, job, columns_of(TrainingStrategy(dp=4, zero=0, gradients="bf16")))
    assert [float(alone[kind]) for kind in ("gradients", "optimizer")] == pytest.approx([2 * n, 12 * n])


def test_weights_that_are_served():
    """One accelerator holds what the model weighs in fp8 (the norms, 16-bit there, are counted at 8 bits here: 0.1 %)."""
    model = find_model("llama-3.1-70b")
    kinds = serving_memory(model, ServingStrategy(precision="fp8"), 1000, 1, 1, 1)
    assert float(kinds["weights"]) == pytest.approx(weight_bytes(model, "fp8"), rel=1e-3)
    # cache: 80 layers x 8 key-value heads x (128 + 128) x 1 byte x 1000 tokens
    assert float(kinds["kv_cache"]) == 80 * 8 * 256 * 1000


def test_key_value_heads_end_the_split_of_the_cache():
    """8 key-value heads on 16 ranks: each holds one; the latent vector of DeepSeek is on every rank whole."""
    llama, deepseek = find_model("llama-3.1-70b"), find_model("deepseek-v3")

    def cache(model, tp):
        return float(serving_memory(model, ServingStrategy(), 1000, tp, 1, 1)["kv_cache"])

    assert cache(llama, 16) == cache(llama, 8) == cache(llama, 1) / 8
    assert cache(deepseek, 8) == cache(deepseek, 1) == 61 * 576 * 1000


@settings(max_examples=30, deadline=None)
@given(memory=st.floats(1e9, 1e12), tp=st.sampled_from([1, 2, 8]), pp=st.sampled_from([1, 2, 4]), recompute=st.sampled_from(["none", "full"]))
def test_fits_when_it_is_not_more_than_usable(memory, tp, pp, recompute):
    system = toy_system(memory=memory)
    model = find_model("llama-3.1-8b")
    found = estimate_training(model, system, TrainingJob(16, 8192), TrainingStrategy(tp=tp, pp=pp, recompute=recompute), catalog=CATALOG)
    usable = memory * CATALOG.figure("performance-memory", "usable_share").value
    assert found.fits == (found.memory_bytes <= usable)
    assert bool(found.why_not) == (not found.fits)
    more = estimate_training(
        model, replace(system, memory_bytes=replace(system.memory_bytes, value=2 * memory, low=2 * memory, high=2 * memory)), TrainingJob(16, 8192), found.strategy, catalog=CATALOG
    )
    assert more.fits >= found.fits


@pytest.mark.parametrize(
    ("zero", "expected"),
    [(0, (2, 4, 12)), (1, (2, 4, 12 / 8)), (2, (2, 4 / 8, 12 / 8)), (3, (2 / 8, 4 / 8, 12 / 8))],
)
def test_stages_of_zero(zero, expected):
    """Rajbhandari et al. 2020 (arXiv 1910.02054, figure 1), with gradients of 4 bytes: state, then gradients, then weights shared by 8 replicas."""
    kinds = training_memory(TOY, TrainingJob(8, 512), columns_of(TrainingStrategy(dp=8, zero=zero)))
    assert [float(kinds[kind]) / TOY.parameters for kind in ("weights", "gradients", "optimizer")] == pytest.approx(expected)


def test_schedules_hold_what_their_papers_say():
    """DeepSeek-V3 (arXiv 2412.19437, table 2): DualPipe holds weights twice and p + 1 micro batches, 1F1B and ZB-H1 p of them."""
    job = TrainingJob(64, 512)
    held = {schedule: training_memory(TOY, job, columns_of(TrainingStrategy(pp=2, schedule=schedule))) for schedule in ("1f1b", "zero_bubble", "dualpipe")}
    one = float(held["1f1b"]["activations"]) / 2
    assert float(held["zero_bubble"]["activations"]) == pytest.approx(2 * one)
    assert float(held["dualpipe"]["activations"]) == pytest.approx(3 * one)
    assert float(held["dualpipe"]["weights"]) == pytest.approx(2 * float(held["1f1b"]["weights"]))


def test_offload_leaves_the_accelerator():
    job = TrainingJob(64, 512)
    here, away = (training_memory(TOY, job, columns_of(TrainingStrategy(pp=4, offload_optimizer=o, offload_activations=o))) for o in (False, True))
    assert float(away["optimizer"]) == 0.0
    assert float(away["activations"]) == pytest.approx(float(here["activations"]) / 2)  # two micro batches in place of four
