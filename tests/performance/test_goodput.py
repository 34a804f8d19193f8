"""Checkpoints and failures: the published run, the best interval, and laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rackloom.draws import interval
from rackloom.ledger import Ledger
from rackloom.needs import find_model
from rackloom.performance.goodput import goodput_of, useful_share

from .toys import CATALOG, DRAWS


def test_the_published_run():
    """Llama 3 405B on 16 384 GPUs: 466 interruptions in 54 days, one in 2.8 hours, and more than 90 % of the time effective (arXiv 2407.21783, section 3.3.4)."""
    found = goodput_of(find_model("llama-3.1-405b"), "adam", 16384, CATALOG, Ledger())
    assert found.between_interruptions_s == pytest.approx(54 * 86400 / 466)
    assert 0.90 < found.share < 0.95
    drawn = goodput_of(find_model("llama-3.1-405b"), "adam", 16384, CATALOG, Ledger(DRAWS))
    low, high = interval(drawn.share)
    assert low < 0.90 < high


def test_by_hand():
    """A checkpoint of 50 s and 10 000 s between interruptions: every sqrt(2 x 50 x 10 000) = 1000 s; 5 % + 5 % + 600 / 10 000 lost."""
    share, between = useful_share(50.0, 10_000.0, 600.0)
    assert between == pytest.approx(1000.0)
    assert share == pytest.approx(1 / 1.16)


@given(stop=st.floats(0.1, 100.0), between=st.floats(1e3, 1e6), factor=st.floats(0.2, 5.0))
def test_no_other_interval_is_better(stop, between, factor):
    _, best = useful_share(stop, between, 0.0)
    lost = stop / best + best / (2.0 * between)
    other = stop / (best * factor) + best * factor / (2.0 * between)
    assert other >= lost * (1 - 1e-12)


@given(accelerators=st.integers(8, 10**6))
def test_more_accelerators_stop_more_often(accelerators):
    model = find_model("llama-3.1-70b")
    fewer, more = (goodput_of(model, "adam", n, CATALOG, Ledger()).between_interruptions_s for n in (accelerators, 2 * accelerators))
    assert more == pytest.approx(fewer / 2)
    assert np.all(goodput_of(model, "adam", accelerators, CATALOG, Ledger(DRAWS)).share <= 1.0)
