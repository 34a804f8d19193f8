"""Power of runs: sums by hand, energy adds up, the trace, what the answer rests on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rackloom.draws import central, interval
from rackloom.errors import BadInput
from rackloom.needs import find_model
from rackloom.performance import TrainingJob, cap_system, estimate_need, estimate_serving, estimate_training, power_of, power_trace
from rackloom.performance.jobs import Traffic
from rackloom.performance.power_phases import PHASE_OF

from .toys import CATALOG, DRAWS, figure, known_system, serving_need, training_need

MODEL = find_model("llama-3.1-8b")
JOB = TrainingJob(128, 8192)


def train(system, draws=None, **strategy):
    return estimate_training(MODEL, system, JOB, {"tp": 2, "pp": 2, "dp": 2, "zero": 1, **strategy}, draws=draws)


def serve(system, draws=None, batch=16):
    return estimate_serving(MODEL, system, Traffic(2000, 500), {"tp": 1, "batch": batch, "precision": "fp8"}, draws=draws)


RUNS = {"training": train, "serving": serve}


@pytest.mark.parametrize("kind", RUNS)
def test_energy_of_the_phases_is_mean_power_times_the_step(kind):
    system = known_system("h100-hgx")
    answer = power_of(RUNS[kind](system, DRAWS), system)
    total = sum(phase.seconds for phase in answer.phases)
    assert answer.kind == kind
    assert tuple(phase.cause for phase in answer.phases) == tuple(PHASE_OF)
    assert sum(phase.seconds * phase.unit_w for phase in answer.phases) == pytest.approx(answer.unit_w * total)
    assert sum(phase.seconds * phase.accelerator_w for phase in answer.phases) == pytest.approx(answer.accelerator_w * total)


@given(batch=st.integers(1, 256), cap=st.floats(350.0, 1000.0))
def test_energy_adds_up_under_any_cap_and_batch(batch, cap):
    system = cap_system(known_system("h100-hgx"), accelerator_w=figure("cap_w", cap, "W"))
    answer = power_of(serve(system, batch=batch), system)
    assert sum(phase.seconds * phase.unit_w for phase in answer.phases) == pytest.approx(answer.unit_w * sum(phase.seconds for phase in answer.phases))
    assert answer.idle_unit_w < answer.unit_w <= max(phase.unit_w for phase in answer.phases) * (1.0 + 1e-12)


def test_joules_of_a_token_by_hand():
    system, named = known_system("h100-hgx"), figure("pue_ratio", 1.25, "1")
    estimate = train(system)
    answer = power_of(estimate, system, pue=named)
    tokens = JOB.global_batch * JOB.sequence
    accelerators = 8
    assert answer.joule_per_token == pytest.approx(answer.unit_w / 8 * accelerators * estimate.step_s / tokens)  # energy of a step over its tokens
    assert answer.site_joule_per_token == pytest.approx(1.25 * answer.joule_per_token)
    assert answer.tokens_per_s_per_w * answer.joule_per_token == pytest.approx(1.0)
    assert answer.tokens_per_s_per_site_mw == pytest.approx(1e6 / answer.site_joule_per_token)
    assert answer.tokens_per_s_per_unit == pytest.approx(8 * estimate.tokens_per_s_per_accelerator)
    assert answer.job_w == pytest.approx(answer.unit_w)  # eight accelerators are one node
    assert answer.pue_key == "test.pue_ratio"


def test_swing_is_from_computation_to_waiting():
    system = known_system("h100-hgx")
    answer = power_of(train(system), system)
    watts = [phase.accelerator_w for phase in answer.phases if phase.seconds > 0.0]
    assert answer.swing_w == pytest.approx(8 * (max(watts) - min(watts)))
    assert answer.phases[0].accelerator_w == max(watts)


def test_the_trace_has_the_steps_period_and_energy():
    system = known_system("h100-hgx")
    estimate = train(system, DRAWS)
    answer = power_of(estimate, system)
    times, powers = power_trace(answer, steps=3)
    assert times[0] == 0.0
    assert times[-1] == pytest.approx(3 * central(estimate.step_s))
    assert len(times) == len(powers)
    assert np.sum(np.diff(times) * powers[:-1]) == pytest.approx(3 * central(estimate.step_s) * central(answer.unit_w))
    assert powers.max() - powers.min() == pytest.approx(central(answer.swing_w))
    with pytest.raises(BadInput, match="0 steps"):
        power_trace(answer, steps=0)


def test_rows_and_what_joules_rest_on():
    system = known_system("h100-hgx")
    estimate = train(system, DRAWS)
    answer = power_of(estimate, system)
    for name in ("accelerator_w", "unit_w", "job_w", "swing_w", "compute_w", "joule_per_token", "site_joule_per_token", "tokens_per_s_per_w", "tokens_per_s_per_site_mw"):
        assert f"{estimate.prefix}.{name}" in estimate.ledger
    assert estimate.ledger.dangling() == []
    keys = {row.key for row in answer.rests_on}
    assert {"catalog.h100.tdp_w", "catalog.performance-phase-power.compute_activity_share", "catalog.h100.bf16_flop_per_s"} <= keys
    assert "catalog.performance-phase-power.idle_share" in answer.assumptions
    assert "catalog.h100.tdp_w" not in answer.assumptions
    low, high = interval(answer.joule_per_token)
    assert low < central(answer.joule_per_token) < high


@given(cap=st.floats(330.0, 700.0))
def test_under_a_cap_no_phase_draws_more(cap):
    system = cap_system(known_system("h100-hgx"), accelerator_w=figure("cap_w", cap, "W"))
    free = power_of(train(known_system("h100-hgx")), known_system("h100-hgx"))
    answer = power_of(train(system), system)
    assert all(phase.accelerator_w <= cap for phase in answer.phases)
    assert answer.accelerator_w <= free.accelerator_w * (1.0 + 1e-12)
    assert answer.swing_w <= free.swing_w * (1.0 + 1e-12)


def test_needs_have_power_too():
    system = known_system("gb200-nvl72")
    for need in (training_need(), serving_need(ttft=None, tpot=None)):
        estimate = estimate_need(need, system, catalog=CATALOG, draws=DRAWS)
        answer = power_of(estimate, system)
        assert np.all(answer.job_w >= answer.accelerator_w * estimate.accelerators)
        assert estimate.ledger.dangling() == []


def test_a_bigger_batch_takes_less_energy_a_token():
    system = known_system("h100-hgx")
    few, many = (power_of(serve(system, batch=batch), system).joule_per_token for batch in (1, 32))
    assert many < few / 5.0


def test_decode_draws_more_with_more_requests():
    system = known_system("b200-hgx")
    few, many = ({p.cause: p for p in power_of(serve(system, batch=batch), system).phases} for batch in (1, 64))
    assert few["memory"].accelerator_w < many["memory"].accelerator_w <= many["compute"].accelerator_w
    assert few["compute"].accelerator_w == many["compute"].accelerator_w


def test_no_power_without_times_or_limits():
    system = known_system("h100-hgx")
    estimate = train(system)
    with pytest.raises(BadInput, match=r"no power without times by cause \(no row elsewhere\.compute_s\)"):
        power_of(replace(estimate, prefix="elsewhere"), system)
    with pytest.raises(BadInput, match="nothing fits"):
        power_of(replace(estimate, tokens_per_s_per_accelerator=0.0, why_not="nothing fits"), system)
    with pytest.raises(BadInput, match="is of h100-hgx, not of gb200-nvl72"):
        power_of(estimate, known_system("gb200-nvl72"))
    with pytest.raises(BadInput, match=r"not estimated under the cap test\.cap_w of 500 W"):
        power_of(estimate, cap_system(system, accelerator_w=figure("cap_w", 500.0, "W")))
    cube = known_system("tpu-v5p-cube")
    with pytest.raises(BadInput, match="neither the power limit"):
        power_of(train(cube), cube)
