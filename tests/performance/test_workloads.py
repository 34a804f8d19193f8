"""Work beyond one request: conversations turn by turn, both ways of learning, spares by counting."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rackloom.errors import BadInput
from rackloom.performance import conversation, rl_step, spare_domain


@given(first=st.floats(1, 1e4), more=st.floats(1, 1e3), answer=st.floats(1, 1e3), turns=st.integers(1, 12), kept=st.floats(0, 1))
def test_a_conversation_turn_by_turn(first, more, answer, turns, kept):
    """Every turn written down: what it reads, and what of it was there at the turn before."""
    prompts = [first + k * (more + answer) for k in range(turns)]
    known = [0.0, *(prompts[k - 1] + answer for k in range(1, turns))]
    found = conversation(first, more, answer, turns, kept_share=kept)
    assert found.input_tokens == pytest.approx(np.mean(prompts))
    assert found.hit_share * found.input_tokens * turns == pytest.approx(kept * sum(known), abs=1e-6)
    assert found.output_tokens == answer
    assert 0.0 <= found.hit_share < 1.0


RL = {
    "sequences": 512,
    "prompt_tokens": 500,
    "answer_tokens": 1500,
    "accelerators": 64,
    "rollout_tokens_per_s": 1000.0,
    "training_tokens_per_s": 2000.0,
    "weight_bytes": 140e9,
    "sync_bytes_per_s": 50e9,
}


def test_taking_turns():
    """512 x 1500 tokens at 64 x 1000 a second are 12 s, 512 x 2000 at 64 x 2000 8 s, 140 GB at 64 x 50 GB/s 43.75 ms."""
    found = rl_step(**RL, apart=False)
    assert (found.rollout_s, found.training_s, found.sync_s) == pytest.approx((12.0, 8.0, 0.04375))
    assert found.step_s == pytest.approx(20.04375)
    assert found.limited_by == "rollouts"


def test_pools_apart_balance():
    """Times at n and 64 - n accelerators: 768 / n and 512 / (64 - n) s; equal near n = 38.4, whole units of 8 take 40."""
    found = rl_step(**RL, unit=8)
    assert (found.rollout_accelerators, found.training_accelerators) == (40.0, 24.0)
    assert found.step_s == pytest.approx(max(768 / 40 + 0.07, 1024e3 / (2000 * 24)))
    every = [max(768 / n + 140e9 / 50e9 / n, 1024e3 / 2000 / (64 - n)) for n in range(8, 64, 8)]
    assert found.step_s == pytest.approx(min(every))


def test_the_longest_answer_holds_up_a_step():
    found = rl_step(**RL, tpot_s=0.02, longest_tokens=8000, apart=False)
    assert found.rollout_s == pytest.approx(160.0)


@given(faster=st.floats(1.0, 5.0), apart=st.booleans())
def test_quicker_rollouts_never_lengthen_a_step(faster, apart):
    slow, quick = (float(rl_step(**{**RL, "rollout_tokens_per_s": rate}, apart=apart, unit=8).step_s) for rate in (1000.0, 1000.0 * faster))
    assert quick <= slow * (1 + 1e-12)


def counted(domain: int, most: int, replica: int, together: int, down: float) -> float:
    """Mean share at work, by every combination of groups up and down."""
    groups, total = domain // together, 0.0
    for state in itertools.product((0, 1), repeat=groups):
        k = sum(state)
        total += down**k * (1 - down) ** (groups - k) * (min(most, domain - k * together) // replica * replica / domain)
    return total


@pytest.mark.parametrize(("domain", "used", "replica", "together"), [(8, 8, 8, 1), (8, 6, 2, 1), (12, 8, 4, 4), (12, 12, 2, 2)])
def test_spares_by_counting_all_states(domain, used, replica, together):
    found = spare_domain(domain, used, replica, failures_per_s=0.01, repair_s=10.0, together=together)
    down = 0.1 * together / (1 + 0.1 * together)
    assert found.working_share == pytest.approx(counted(domain, used, replica, together, down))
    assert found.working_share_without_spares == pytest.approx(counted(domain, domain, replica, together, down))


def test_64_of_72():
    """Trays of 4, replicas of 64: with 8 spare two trays may be down; without spares one tray down leaves one replica of 64 still, a replica of 72 none."""
    odds = {"failures_per_s": 1 / (50_000 * 3600.0), "repair_s": 24 * 3600.0, "together": 4}
    spared, whole = spare_domain(72, 64, 64, **odds), spare_domain(72, 72, 72, **odds)
    assert spared.full_share > 0.9999
    assert (spared.lost_count, spared.lost_without_spare_count) == (0, 64)
    assert (whole.lost_count, whole.working_share) == (72, pytest.approx(whole.full_share))
    assert spared.working_share == pytest.approx(64 / 72, rel=1e-4)
    assert whole.full_share == pytest.approx((1 - 4 * 24 / 50_000 / (1 + 4 * 24 / 50_000)) ** 18)


@given(used=st.sampled_from([56, 64, 72]), rate=st.floats(0, 1e-5), more=st.floats(1.0, 5.0))
def test_more_failures_never_leave_more(used, rate, more):
    shares = [float(spare_domain(72, used, 8, failures_per_s=each, repair_s=3600.0, together=4).working_share) for each in (rate, rate * more)]
    assert shares[1] <= shares[0] + 1e-12


def test_what_makes_no_sense_is_refused():
    with pytest.raises(BadInput):
        conversation(100, 10, 10, 0)
    with pytest.raises(BadInput):
        rl_step(**{**RL, "accelerators": 8}, unit=8)
    with pytest.raises(BadInput):
        spare_domain(72, 80, 8, failures_per_s=1e-9, repair_s=1.0)
