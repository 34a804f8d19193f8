"""Rooflines by hand, and their laws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rackloom.errors import Unknown
from rackloom.performance.kernels import product, product_bytes, roofline, starts, stream

from .toys import MACHINE

sides = st.integers(1, 20000)


def test_a_product_that_waits_for_memory():
    """m = n = k = 1000 in bf16: 2e9 FLOP at 1e12 = 2 ms; 2 x (1e6 + 1e6) + 2 x 1e6 = 6e6 bytes at 1e9 = 6 ms: memory."""
    took = product(MACHINE, "bf16", 1000, 1000, 1000)
    assert (float(took.compute), float(took.memory)) == (0.0, pytest.approx(6e-3))
    assert product_bytes("bf16", 1000, 1000, 1000) == 6e6


def test_a_product_that_waits_for_flops():
    """At 10 times the bandwidth the bytes take 0.6 ms, so the 2 ms of FLOPs count."""
    took = product(replace(MACHINE, memory_bytes_per_s=1e10), "bf16", 1000, 1000, 1000)
    assert (float(took.compute), float(took.memory)) == (pytest.approx(2e-3), 0.0)


def test_small_sides_lose_rate():
    """half_size 500, n = k = 500: 1 + 250 (1/500 + 1/500) = 2: half of the rate. 2 x 1000 x 500 x 500 / 1e12 x 2 = 1 ms."""
    took = product(replace(MACHINE, half_size=500.0, memory_bytes_per_s=1e30), "bf16", 1000, 500, 500)
    assert float(took.total) == pytest.approx(1e-3)


def test_fp8_halves_time_and_weights():
    """fp8: 2e9 FLOP at 2e12 = 1 ms; 1 x (1e6 + 1e6) + 2 x 1e6 = 4e6 bytes."""
    assert float(product(replace(MACHINE, memory_bytes_per_s=1e30), "fp8", 1000, 1000, 1000).total) == pytest.approx(1e-3)
    assert product_bytes("fp8", 1000, 1000, 1000) == 4e6


def test_count_and_streams():
    one, four = product(MACHINE, "bf16", 10, 20, 30), product(MACHINE, "bf16", 10, 20, 30, count=4)
    assert float(four.total) == pytest.approx(4 * float(one.total))
    assert float(stream(MACHINE, 5e9).memory) == 5.0
    assert float(starts(replace(MACHINE, launch_s=2e-6), 10).compute) == pytest.approx(2e-5)


@given(a=st.floats(0, 1e3), b=st.floats(0, 1e3))
def test_roofline_is_the_longer_one(a, b):
    took = roofline(a, b)
    assert float(took.total) == max(a, b)
    assert min(float(took.compute), float(took.memory)) == 0.0


@given(m=sides, n=sides, k=sides, faster=st.floats(1.0, 100.0), which=st.sampled_from(["memory_bytes_per_s", "rates_flop_per_s"]))
def test_a_better_machine_is_never_slower(m, n, k, faster, which):
    better = replace(MACHINE, rates_flop_per_s={"bf16": 1e12 * faster}) if which == "rates_flop_per_s" else replace(MACHINE, memory_bytes_per_s=1e9 * faster)
    assert float(product(better, "bf16", m, n, k).total) <= float(product(MACHINE, "bf16", m, n, k).total) * (1 + 1e-12)


def test_arrays_equal_scalars():
    m, n = np.array([1, 64, 4096]), np.array([128, 4096, 77])
    together = product(MACHINE, "bf16", m, n, 512).total
    assert together == pytest.approx([float(product(MACHINE, "bf16", int(a), int(b), 512).total) for a, b in zip(m, n, strict=True)])


def test_unknown_precision_is_told():
    with pytest.raises(Unknown, match="bf16"):
        product(MACHINE, "bf15", 1, 1, 1)
