"""Time of kernels by the roofline: the longer of FLOPs at the reachable rate and bytes at the reachable bandwidth.

The rate of a matrix product falls with small sides: rate = best / (1 + side/2 (1/n + 1/k)), and every kernel takes
a start. Both constants (catalogue, item performance-kernels) are fitted to 105 measured square products of A100, H100, B200
and GB200 (n = k = 4096, 8192, 16384; m = 64 to 8192; ai-dynamo/aiconfigurator, tables of kernels, Apache-2.0), by least
absolute error of the logarithm, with `best` the data-sheet rate times the measured best share. At the values used the
median error is 7 % on bf16, 10 % on fp8 (with its casts), 19 % on nvfp4; fitted on three machines and asked for the
fourth (bf16): A100 8 %, H100 6 %, B200 6 %, GB200 9 %. Wave quantisation, which makes most of the rest, is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..draws import Number
from .machine import Machine

# Bytes of an element as it is stored for a matrix product; fp4 with its share of the scales of 16 (NVFP4).
ELEMENT_BYTES = {"tf32": 4.0, "bf16": 2.0, "fp8": 1.0, "fp4": 0.5625}


@dataclass(frozen=True)
class Seconds:
    """Time by cause [s]: on FLOPs, on memory."""

    compute: Number = 0.0
    memory: Number = 0.0

    def __add__(self, other: Seconds) -> Seconds:
        return Seconds(self.compute + other.compute, self.memory + other.memory)

    def times(self, factor: Number) -> Seconds:
        """The same work `factor` times."""
        return Seconds(self.compute * factor, self.memory * factor)

    @property
    def total(self) -> Number:
        """Both causes."""
        return self.compute + self.memory


def roofline(flop_s: Number, bytes_s: Number) -> Seconds:
    """The longer of the two, put to its cause."""
    is_compute = np.asarray(flop_s) >= np.asarray(bytes_s)
    return Seconds(np.where(is_compute, flop_s, 0.0), np.where(is_compute, 0.0, bytes_s))


def product(machine: Machine, precision: str, m: Number, n: Number, k: Number, *, count: Number = 1.0, extra_bytes: Number = 0.0) -> Seconds:
    """`count` matrix products (m x k) (k x n) in one kernel, without its start; results leave in 16 bits.

    m, n, k, count: floats or arrays that broadcast; `extra_bytes` is further traffic of each product [B].
    """
    slow = 1.0 + 0.5 * machine.half_size * (1.0 / n + 1.0 / k)
    flop_s = 2.0 * m * n * k * count / machine.rate(precision) * slow
    return roofline(flop_s, product_bytes(precision, m, n, k, count=count, extra_bytes=extra_bytes) / machine.memory_bytes_per_s)


def product_bytes(precision: str, m: Number, n: Number, k: Number, *, count: Number = 1.0, extra_bytes: Number = 0.0) -> Number:
    """Bytes that `product` moves [B]."""
    return (ELEMENT_BYTES[precision] * (m * k + n * k) + 2.0 * m * n + extra_bytes) * count


def stream(machine: Machine, moved_bytes: Number) -> Seconds:
    """An operation that only moves bytes."""
    return Seconds(0.0, moved_bytes / machine.memory_bytes_per_s)


def starts(machine: Machine, kernels: Number) -> Seconds:
    """Starts of so many kernels."""
    return Seconds(machine.launch_s * kernels, 0.0)
