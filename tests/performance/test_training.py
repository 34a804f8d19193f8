"""One training step: hand calculations on a machine with round numbers, and laws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rackloom.needs import find_model
from rackloom.performance import TrainingJob, TrainingStrategy
from rackloom.performance.machine import Link
from rackloom.performance.training import columns_of, dense_and_expert_parameters, step_times

from .toys import FAST_MEMORY, FREE_LINKS, MACHINE, TOY

JOB = TrainingJob(2, 512, "bf16")
MOE = find_model("deepseek-v2-lite")


def times(strategy, *, machine=FAST_MEMORY, model=TOY, job=JOB):
    return step_times(machine, model, job, columns_of(strategy))


def test_flops_over_rate():
    """4 layers, hidden 1024, ffn 4096, 16 heads of 64, vocabulary 1000; micro batches of 512 tokens; 1e12 FLOP/s.

    A layer has 4 x 1024^2 + 2 x 1024 x 4096 = 12 582 912 weights: 2 x 512 x that = 12 884 901 888 FLOP forward, twice back.
    Attention: 2 x 16 x (64 + 64) x 256 x 512 = 536 870 912 forward, 2.5 times back. Head: 3 x 2 x 512 x 1024 x 1000 = 3 145 728 000.
    4 x (3 x 12 884 901 888 + 3.5 x 536 870 912) + 3 145 728 000 = 165 280 743 424 for each of two micro batches.
    """
    took = times(TrainingStrategy())
    assert float(took.step_s) == pytest.approx(2 * 165_280_743_424 / 1e12, rel=1e-12)
    assert float(took.compute_s) == pytest.approx(float(took.step_s), rel=1e-9)


def test_full_recomputation_runs_forward_again():
    """2 x 4 x (12 884 901 888 + 536 870 912) FLOP more."""
    more = float(times(TrainingStrategy(recompute="full")).step_s) - float(times(TrainingStrategy()).step_s)
    assert more == pytest.approx(8 * (12_884_901_888 + 536_870_912) / 1e12, rel=1e-9)


def test_selective_recomputation_is_free_where_attention_is_fused():
    assert float(times(TrainingStrategy(recompute="selective")).step_s) == float(times(TrainingStrategy()).step_s)


def test_unfused_attention_computes_masked_scores_too():
    """Scores without the mask's halving, forward 1 and back 2: 3 x 1 073 741 824 in place of 3.5 x 536 870 912, in 4 layers and 2 micro batches."""
    more = float(times(TrainingStrategy(attention="unfused")).step_s) - float(times(TrainingStrategy()).step_s)
    assert more == pytest.approx(8 * (3 * 1_073_741_824 - 3.5 * 536_870_912) / 1e12, rel=1e-9)
    again = float(times(TrainingStrategy(attention="unfused", recompute="selective")).step_s) - float(times(TrainingStrategy(attention="unfused")).step_s)
    assert again == pytest.approx(8 * 1_073_741_824 / 1e12, rel=1e-9)


def test_bubble_of_a_pipeline():
    """4 stages, 8 micro batches: (4 - 1) of 8 + 4 - 1 rounds; with 2 chunks on 2 stages 1/2 of 8 + 1/2."""
    machine = replace(FAST_MEMORY, links=FREE_LINKS)
    took = times(TrainingStrategy(pp=4), machine=machine, job=replace(JOB, global_batch=8))
    assert float(took.bubble_s / took.step_s) == pytest.approx(3 / 11)
    took = times(TrainingStrategy(pp=2, interleave=2), machine=machine, job=replace(JOB, global_batch=8))
    assert float(took.bubble_s / took.step_s) == pytest.approx(0.5 / 8.5)


def test_uneven_layers_wait_for_the_busiest_stage():
    """4 layers on 3 stages: the busiest holds 2. Its time is that of 2 layers; the mean is (4 layers + head) / 3."""
    machine = replace(FAST_MEMORY, links=FREE_LINKS)
    took = times(TrainingStrategy(pp=3), machine=machine, job=replace(JOB, global_batch=6))
    layer = (3 * 12_884_901_888 + 3.5 * 536_870_912) / 1e12
    assert float(took.step_s) == pytest.approx((6 + 2) * 2 * layer, rel=1e-9)


def test_messages_of_tensor_parallelism():
    """tp 2: each way 2 all-gathers and 2 reduce-scatters of 2 x 512 x 1024 bytes: half of it at 1e9 B/s + 1 us each; 4 layers, both ways, 2 micro batches."""
    took = times(TrainingStrategy(tp=2))
    assert float(took.scale_up_s) == pytest.approx(2 * 4 * 2 * 4 * (524_288 / 1e9 + 1e-6), rel=1e-9)
    assert float(took.scale_up_bytes) == pytest.approx(2 * 4 * 2 * 4 * 524_288)
    whole = times(TrainingStrategy(tp=2, sequence_parallel=False))  # 2 all-reduces each way: the same bytes, 2 steps
    assert float(whole.scale_up_s) == pytest.approx(2 * 4 * 2 * 2 * (1_048_576 / 1e9 + 2e-6), rel=1e-9)
    assert float(took.scale_out_s) == 0.0


def test_half_hidden_messages_take_half():
    half = times(TrainingStrategy(tp=2), machine=replace(FAST_MEMORY, tensor_overlap=0.5))
    assert float(half.scale_up_s) == pytest.approx(0.5 * float(times(TrainingStrategy(tp=2)).scale_up_s))


def test_messages_of_gradients():
    """dp 2 over the scale-up links: reduce-scatter of 4 bytes and all-gather of 2 bytes a parameter, half of it sent, 1 us each."""
    parameters = TOY.parameters
    took = times(TrainingStrategy(dp=2), job=replace(JOB, global_batch=4))
    assert float(took.scale_up_s) == pytest.approx(0.5 * 6 * parameters / 1e9 + 2e-6, rel=1e-6)
    small = times(TrainingStrategy(dp=2, gradients="bf16"), job=replace(JOB, global_batch=4))
    assert float(small.scale_up_s) == pytest.approx(0.5 * 4 * parameters / 1e9 + 2e-6, rel=1e-6)


def test_overlap_hides_at_most_one_micro_batch():
    """Gradients over slow links take much longer than a micro batch of 0.165 s: only so much is hidden."""
    slow = replace(FAST_MEMORY, data_overlap=1.0, links=(Link(8, 1e7, 0.0, 0.0, ()), MACHINE.links[1]))
    took = times(TrainingStrategy(dp=2), machine=slow, job=replace(JOB, global_batch=4))
    assert float(took.scale_up_s) == pytest.approx(0.5 * 6 * TOY.parameters / 1e7 - 0.165280743424, rel=1e-6)


def test_optimizer_reads_and_writes_its_state():
    """Gradient 4, 12 of state read and written, weight 2: 30 bytes a parameter, shared by dp 2 with ZeRO-1."""
    machine = replace(MACHINE, links=FREE_LINKS)
    alone, shared = (times(TrainingStrategy(dp=2, zero=zero), machine=machine, job=replace(JOB, global_batch=4)) for zero in (0, 1))
    assert float(alone.step_s - shared.step_s) == pytest.approx(30 * TOY.parameters / 2 / 1e9, rel=1e-6)


def test_experts_and_the_rest_are_counted_once():
    """DeepSeek-V2-Lite on one accelerator holds all of its parameters."""
    dense, experts = dense_and_expert_parameters(MOE, columns_of(TrainingStrategy()))
    assert float(dense + experts) == MOE.parameters
    half = dense_and_expert_parameters(MOE, columns_of(TrainingStrategy(dp=2, ep=2)))
    assert (float(half[0]), float(half[1])) == (float(dense), float(experts) / 2)


@st.composite
def strategies(draw):
    """Strategies for DeepSeek-V2-Lite (27 layers, 16 heads, 64 experts)."""
    tp, pp, cp, dp = (draw(st.sampled_from(choices)) for choices in ((1, 2, 4, 8), (1, 2, 4, 8), (1, 2), (1, 2, 3, 8)))
    spread = [e for e in (1, 2, 4, 8) if (tp * cp * dp) % e == 0]
    return TrainingStrategy(
        tp, pp, cp, dp, draw(st.sampled_from(spread)), draw(st.sampled_from([1, 2])), draw(st.sampled_from([1, 2])) if pp > 1 else 1, draw(st.booleans()),
        draw(st.sampled_from(["none", "selective", "full"])), draw(st.sampled_from([0, 1])), draw(st.sampled_from(["fused", "unfused"])), draw(st.sampled_from(["fp32", "bf16"])),
    )  # fmt: skip


REAL = replace(MACHINE, rates_flop_per_s={"bf16": 6e14, "fp8": 1.1e15}, attention_forward_flop_per_s=4e14, attention_backward_flop_per_s=3e14, memory_bytes_per_s=2.5e12, launch_s=5e-6,
               half_size=500.0, links=(Link(8, 3.5e11, 2e-6, 2.6e11, (), 1e-5), Link(10**6, 3.5e10, 8e-6, 0.0, (), 1e-5)), tensor_overlap=0.3, data_overlap=0.7, expert_overlap=0.2,
               pipeline_overlap=0.7, imbalance=1.1)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(strategy=strategies(), factor=st.floats(1.0, 10.0), what=st.sampled_from(["rate", "memory", "up", "out"]))
def test_a_better_machine_is_never_slower(strategy, factor, what):
    links = [replace(link, bytes_per_s=link.bytes_per_s * (factor if name == what else 1.0), reduction_bytes_per_s=link.reduction_bytes_per_s * (factor if name == what else 1.0))
             for link, name in zip(REAL.links, ("up", "out"), strict=True)]  # fmt: skip
    better = replace(REAL, links=tuple(links), memory_bytes_per_s=REAL.memory_bytes_per_s * (factor if what == "memory" else 1.0),
                     rates_flop_per_s={name: rate * (factor if what == "rate" else 1.0) for name, rate in REAL.rates_flop_per_s.items()})  # fmt: skip
    job = TrainingJob(256, 2048, "fp8")
    before, after = (float(times(strategy, machine=machine, model=MOE, job=job).step_s) for machine in (REAL, better))
    assert after <= before * (1 + 1e-9)


@settings(max_examples=40, deadline=None)
@given(strategy=strategies())
def test_causes_sum_and_are_not_negative(strategy):
    took = times(strategy, machine=REAL, model=MOE, job=TrainingJob(256, 2048, "fp8"))
    causes = [float(value) for value in took.by_cause().values()]
    assert min(causes) >= -1e-12
    assert sum(causes) == pytest.approx(float(took.step_s))


@settings(max_examples=40, deadline=None)
@given(strategy=strategies())
def test_a_step_is_never_quicker_than_its_flops(strategy):
    """Useful FLOPs of the step over the best rate of all its accelerators."""
    job = TrainingJob(256, 2048, "fp8")
    useful = 6.0 * (MOE.matmul_parameters - MOE.hidden * MOE.vocabulary) * job.global_batch * job.sequence
    assert float(times(strategy, machine=REAL, model=MOE, job=job).step_s) >= useful / (1.1e15 * strategy.ranks)


def test_draws_go_through_as_arrays():
    machine = replace(REAL, memory_bytes_per_s=np.array([2.5e12, 2e12, 3e12]))
    together = times(TrainingStrategy(tp=2, dp=4), machine=machine, model=MOE, job=TrainingJob(64, 2048)).step_s
    apart = [
        float(times(TrainingStrategy(tp=2, dp=4), machine=replace(REAL, memory_bytes_per_s=rate), model=MOE, job=TrainingJob(64, 2048)).step_s) for rate in (2.5e12, 2e12, 3e12)
    ]
    assert together == pytest.approx(apart, rel=1e-14)
