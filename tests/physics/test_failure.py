"""Failures: closed forms, a published record from its counts, Markov chains and simulations beside them, laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rackloom.errors import OutOfRange
from rackloom.physics import availability, best_checkpoint, checkpointed_share, group_availability, group_rate, rate_of, spares_needed, stock_level


def test_the_llama_3_record_from_its_counts():
    """419 unplanned interruptions of 16,384 GPUs in 54 days: 21,233,664 GPU-hours, 1.973e-5 an hour, one in 3.09 hours for the job."""
    found = rate_of(419, 16384 * 54 * 24)
    assert found.value == pytest.approx(1.9733e-5, rel=1e-4)
    assert 1 / (found.value * 16384) == pytest.approx(3.093, abs=1e-3)
    # a Poisson count of 419 spreads by sqrt(419) = 20.5: 1.2816 of it is 6.3 %
    assert found.low / found.value == pytest.approx(1 - 0.0626, abs=2e-3)
    assert found.high / found.value == pytest.approx(1 + 0.0626, abs=4e-3)


@pytest.mark.parametrize(("failures", "low", "high"), [(1, 0.1054, 3.890), (3, 1.102, 6.681), (10, 6.221, 15.407)])
def test_exact_intervals_of_small_counts(failures, low, high):
    """Ends where the Poisson tail is a tenth: 1 - e^-x = 0.1 gives 0.1054; e^-x (1 + x) = 0.1 gives 3.890; and so on."""
    found = rate_of(failures, 1.0)
    assert (found.low, found.high) == (pytest.approx(low, abs=1e-3), pytest.approx(high, abs=1e-3))


def chain(needed, have, rate, repair):
    """Steady state of the birth and death chain by linear algebra: states by how many are down."""
    q = np.zeros((have + 1, have + 1))
    for down in range(have + 1):
        if down < have:
            q[down, down + 1] = (have - down) * rate
        if down > 0:
            q[down, down - 1] = down / repair
    np.fill_diagonal(q, -q.sum(axis=1))
    p = np.linalg.lstsq(np.vstack([q.T, np.ones(have + 1)]), np.append(np.zeros(have + 1), 1.0), rcond=None)[0]
    good = have - needed
    return p[: good + 1].sum(), p[good] * needed * rate / p[: good + 1].sum()


@given(st.integers(1, 8), st.integers(0, 4), st.floats(1e-4, 0.5), st.floats(0.1, 10.0))
def test_groups_are_their_markov_chains(needed, more, rate, repair):
    up, falls = chain(needed, needed + more, rate, repair)
    assert group_availability(needed, needed + more, rate, repair) == pytest.approx(up, rel=1e-7)
    assert group_rate(needed, needed + more, rate, repair) == pytest.approx(falls, rel=1e-6)


@given(st.floats(0.01, 200.0), st.floats(0.5, 0.999))
def test_one_spare_less_is_too_few(demand, level):
    stock = spares_needed(demand, level)
    assert stock_level(stock, demand) >= level - 1e-12
    assert stock_level(stock - 1, demand) < level


def test_a_job_followed_in_time_is_as_useful_as_computed():
    """20,000 failures drawn; work between checkpoints is kept only once the checkpoint is written."""
    rng, (tau, d, back, mean) = np.random.default_rng(3), (30.0, 5.0, 10.0, 100.0)
    clock = useful = 0.0
    fail = rng.exponential(mean)
    done = 0
    while done < 20_000:
        if fail > clock + tau + d:
            clock, useful = clock + tau + d, useful + tau
            continue
        clock = fail
        done += 1
        fail = clock + rng.exponential(mean)
        while fail < clock + back:  # a restart may fail too
            clock = fail
            done += 1
            fail = clock + rng.exponential(mean)
        clock += back
    assert useful / clock == pytest.approx(checkpointed_share(tau, d, back, mean), rel=0.02)


@given(st.floats(1e-3, 100.0), st.floats(1.0, 1e5))
def test_the_best_interval_is_best(checkpoint, mean):
    best = best_checkpoint(checkpoint, mean)
    share = checkpointed_share(best, checkpoint, 0.0, mean)
    for other in (0.9 * best, 1.1 * best):
        assert checkpointed_share(other, checkpoint, 0.0, mean) <= share * (1 + 1e-9)


def test_the_best_interval_nears_youngs_for_short_checkpoints():
    assert best_checkpoint(1.0, 1e6) == pytest.approx((2 * 1.0 * 1e6) ** 0.5, rel=1e-3)


@given(st.floats(1.0, 1e4), st.floats(1.01, 10.0))
def test_more_failures_never_raise_what_is_useful(mean, worse):
    good, bad = (checkpointed_share(best_checkpoint(5.0, m), 5.0, 20.0, m) for m in (mean, mean / worse))
    assert bad <= good


def test_arrays_are_each_as_alone():
    rates = np.array([1e-3, 1e-2])
    assert group_rate(4, 5, rates, 10.0)[1] == pytest.approx(group_rate(4, 5, 1e-2, 10.0))
    assert spares_needed(np.array([0.5, 5.0]), 0.95).tolist() == [spares_needed(0.5, 0.95), spares_needed(5.0, 0.95)]
    assert best_checkpoint(5.0, np.array([1e3, 1e4]))[0] == pytest.approx(best_checkpoint(5.0, 1e3))
    assert availability(rates, 10.0).shape == (2,)


def test_what_cannot_be_is_refused():
    for wrong in (lambda: rate_of(1, 0.0), lambda: rate_of(-1, 1.0), lambda: rate_of(1, 1.0, confidence=1.0), lambda: group_rate(3, 2, 0.1, 1.0), lambda: spares_needed(1.0, 1.0)):
        with pytest.raises(OutOfRange):
            wrong()
