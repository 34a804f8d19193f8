"""One training step: hand calculations on a machine with round numbers, and laws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rackloom.needs import find_model
from rackloom.performance import TrainingJob, TrainingStrategy
from rackloom.performance.columns import columns_of
from rackloom.performance.jobs import ATTENTION, RECOMPUTE
from rackloom.performance.links import Link
from rackloom.performance.stage import dense_and_expert_parameters
from rackloom.performance.training import step_times

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


def test_less_recomputation():
    """Selective runs attention's forward kernel again, by operator half of the products: 8 layers of two micro batches."""
    once = float(times(TrainingStrategy()).step_s)
    assert float(times(TrainingStrategy(recompute="selective")).step_s) - once == pytest.approx(8 * 536_870_912 / 1e12, rel=1e-6)
    assert float(times(TrainingStrategy(recompute="operators")).step_s) - once == pytest.approx(8 * 12_884_901_888 / 2 / 1e12, rel=1e-6)


def test_older_attention_takes_longer():
    """At half the rate of the newest kernels, forward and backward take twice as long: 8 x 3.5 x 536 870 912 FLOP more."""
    more = float(times(TrainingStrategy(attention="older")).step_s) - float(times(TrainingStrategy()).step_s)
    assert more == pytest.approx(8 * 3.5 * 536_870_912 / 1e12, rel=1e-6)


def test_weights_that_are_fetched():
    """FSDP on 2 replicas: of each of 4 layers half of 2 bytes twice gathered and half of 4 bytes scattered, 1 us each, for each of 2 micro batches."""
    took = times(TrainingStrategy(dp=2, zero=3), job=replace(JOB, global_batch=4))
    assert float(took.scale_up_s) == pytest.approx(2 * (0.5 * 8 * TOY.parameters / 1e9 + 3 * 4 * 1e-6), rel=1e-6)
    second = times(TrainingStrategy(dp=2, zero=2), job=replace(JOB, global_batch=4))  # gradients each time, weights once
    assert float(second.scale_up_s) == pytest.approx(2 * (0.5 * 4 * TOY.parameters / 1e9 + 4e-6) + 0.5 * 2 * TOY.parameters / 1e9 + 1e-6, rel=1e-6)


def test_state_with_the_host():
    """12 bytes of state a parameter cross a link of 1e9 B/s both ways; activations that take longer than the passes are waited for."""
    job = replace(JOB, global_batch=4)
    here, away = (times(TrainingStrategy(offload_optimizer=o), job=job) for o in (False, True))
    assert float(away.host_s - here.host_s) == pytest.approx(24 * TOY.parameters / 1e9, rel=1e-9)
    assert float(times(TrainingStrategy(offload_activations=True), job=job).host_s) > 0.0
    quick = replace(FAST_MEMORY, host_bytes_per_s=1e30)
    assert float(times(TrainingStrategy(offload_activations=True), machine=quick, job=job).host_s) == 0.0


def test_unfused_attention_computes_masked_scores_too():
    """Scores without the mask's halving, forward 1 and back 2: 3 x 1 073 741 824 in place of 3.5 x 536 870 912, in 4 layers and 2 micro batches."""
    more = float(times(TrainingStrategy(attention="unfused")).step_s) - float(times(TrainingStrategy()).step_s)
    assert more == pytest.approx(8 * (3 * 1_073_741_824 - 3.5 * 536_870_912) / 1e12, rel=1e-9)
    again = float(times(TrainingStrategy(attention="unfused", recompute="selective")).step_s) - float(times(TrainingStrategy(attention="unfused")).step_s)
    assert again == pytest.approx(8 * 1_073_741_824 / 1e12, rel=1e-9)


def test_bubble_of_a_pipeline():
    """4 stages of a layer, the last with the head: 8 times the last, then the 3 others; with 2 chunks on 2 stages half of the other one."""
    machine = replace(FAST_MEMORY, links=FREE_LINKS)
    layer, head = (3 * 12_884_901_888 + 3.5 * 536_870_912) / 1e12, 3_145_728_000 / 1e12
    took = times(TrainingStrategy(pp=4), machine=machine, job=replace(JOB, global_batch=8))
    assert float(took.step_s) == pytest.approx(8 * (layer + head) + 3 * layer, rel=1e-9)
    assert float(took.bubble_s) == pytest.approx(3 * layer + 8 * (layer + head - (4 * layer + head) / 4), rel=1e-9)
    took = times(TrainingStrategy(pp=2, interleave=2), machine=machine, job=replace(JOB, global_batch=8))
    assert float(took.step_s) == pytest.approx(8 * (2 * layer + head) + 0.5 * 2 * layer, rel=1e-9)


def test_schedules_with_less_bubble():
    """Qi et al. 2023, section 2.3: ZB-H1 leaves (F + B - W) of F + B + W of 1F1B's bubble; DeepSeek-V3, table 2: DualPipe (p/2 - 1) (F + 2 B - W) with B for inputs."""
    machine = replace(FAST_MEMORY, links=FREE_LINKS)
    forward, inputs, weights = (12_884_901_888 + 536_870_912) / 1e12, (12_884_901_888 + 2.5 * 536_870_912) / 1e12, 12_884_901_888 / 1e12
    head = 3_145_728_000 / 1e12 / 3
    job, layer = replace(JOB, global_batch=16), forward + inputs + weights
    plain, zero, dual = (times(TrainingStrategy(pp=4, schedule=schedule), machine=machine, job=job) for schedule in ("1f1b", "zero_bubble", "dualpipe"))
    busy = 16 * (layer + 3 * head)
    f, b, w = 4 * forward + head, 4 * inputs + head, 4 * weights + head
    assert float(plain.step_s) == pytest.approx(busy + 3 * layer, rel=1e-9)
    assert float(zero.step_s) == pytest.approx(busy + 3 * layer * (f + b - w) / (f + b + w), rel=1e-9)
    assert float(dual.step_s) == pytest.approx(busy + (4 / 2 - 1) / 4 * (f + 2 * b - w), rel=1e-9)


def test_uneven_layers_wait_for_the_busiest_stage():
    """4 layers on 3 stages: the busiest holds 2, the ends 1 each. A step takes 6 times the busiest one, and once the two others."""
    machine = replace(FAST_MEMORY, links=FREE_LINKS)
    took = times(TrainingStrategy(pp=3), machine=machine, job=replace(JOB, global_batch=6))
    layer, head = (3 * 12_884_901_888 + 3.5 * 536_870_912) / 1e12, 3_145_728_000 / 1e12
    assert float(took.step_s) == pytest.approx(6 * 2 * layer + 2 * layer + head, rel=1e-9)


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
    """Gradients four times 4, 12 of state read and written, weight 2: 42 bytes a parameter, shared by dp 2 with ZeRO-1."""
    machine = replace(MACHINE, links=FREE_LINKS)
    alone, shared = (times(TrainingStrategy(dp=2, zero=zero), machine=machine, job=replace(JOB, global_batch=4)) for zero in (0, 1))
    assert float(alone.step_s - shared.step_s) == pytest.approx(42 * TOY.parameters / 2 / 1e9, rel=1e-6)


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
    schedule = draw(st.sampled_from(["1f1b", "zero_bubble", "dualpipe"])) if pp > 1 else "1f1b"
    return TrainingStrategy(
        tp, pp, cp, dp, draw(st.sampled_from(spread)), draw(st.sampled_from([1, 2])), draw(st.sampled_from([1, 2])) if pp > 1 and schedule == "1f1b" else 1, draw(st.booleans()),
        draw(st.sampled_from(RECOMPUTE)), draw(st.sampled_from([0, 1, 2, 3])), schedule, draw(st.sampled_from(["ring", "all_gather"])), draw(st.sampled_from(ATTENTION)),
        draw(st.sampled_from(["fp32", "bf16"])), draw(st.booleans()), draw(st.booleans()), draw(st.booleans()), draw(st.booleans()),
    )  # fmt: skip


CHIP = replace(MACHINE.kernels, rates_flop_per_s={"bf16": 6e14, "fp8": 1.1e15}, attention_forward_flop_per_s=4e14, attention_backward_flop_per_s=3e14, memory_bytes_per_s=2.5e12,
               launch_s=5e-6, half_size=500.0)  # fmt: skip
REAL = replace(MACHINE, kernels=CHIP, links=(Link(8, 3.5e11, 2e-6, 2.6e11, (), 1e-5), Link(10**6, 3.5e10, 8e-6, 0.0, (), 1e-5)), tensor_overlap=0.3, data_overlap=0.7, expert_overlap=0.2,
               pipeline_overlap=0.7, imbalance=1.1, step_start_s=0.01)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(strategy=strategies(), factor=st.floats(1.0, 10.0), what=st.sampled_from(["rate", "memory", "up", "out"]))
def test_a_better_machine_is_never_slower(strategy, factor, what):
    """True where activations stay: what is waited for on their way to the host is counted on the mean stage, and grows as its work gets quicker.

    Not true of schedules that fill their bubble with the weights' backward pass where messages are waited for at every pass: quicker kernels then
    leave less to fill the bubble with, and the messages take as long as before.
    """
    assume(not strategy.offload_activations)
    assume(strategy.zero < 2 or strategy.schedule == "1f1b")
    links = [replace(link, bytes_per_s=link.bytes_per_s * (factor if name == what else 1.0), reduction_bytes_per_s=link.reduction_bytes_per_s * (factor if name == what else 1.0))
             for link, name in zip(REAL.links, ("up", "out"), strict=True)]  # fmt: skip
    chip = replace(CHIP, memory_bytes_per_s=CHIP.memory_bytes_per_s * (factor if what == "memory" else 1.0),
                   rates_flop_per_s={name: rate * (factor if what == "rate" else 1.0) for name, rate in CHIP.rates_flop_per_s.items()})  # fmt: skip
    better = replace(REAL, links=tuple(links), kernels=chip)
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
    machine = replace(REAL, kernels=replace(CHIP, memory_bytes_per_s=np.array([2.5e12, 2e12, 3e12])))
    together = times(TrainingStrategy(tp=2, dp=4), machine=machine, model=MOE, job=TrainingJob(64, 2048)).step_s
    apart = [
        float(times(TrainingStrategy(tp=2, dp=4), machine=replace(REAL, kernels=replace(CHIP, memory_bytes_per_s=rate)), model=MOE, job=TrainingJob(64, 2048)).step_s)
        for rate in (2.5e12, 2e12, 3e12)
    ]
    assert together == pytest.approx(apart, rel=1e-14)
