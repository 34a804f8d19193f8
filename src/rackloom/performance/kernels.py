"""Time of kernels from an accelerator's data sheet: matrix products in tiles, casts, passes over memory, starts.

A matrix product is cut into tiles that the chip's units (SMs, CUs) take in waves. A tile takes, for each step along k, the
longer of its FLOPs at the unit's rate and of a few cycles for the step itself; where tiles are fewer than units, the sum
along k is split over several units at a price. A small and a large shape of tile are tried and the faster is taken, as
libraries do. Time on FLOPs and time on memory join as the root of their squares, on chips since 2022, which copy tiles while
units multiply others, as the third root of their cubes: kernels hide one behind the other, less well the nearer both are. Chips whose units the catalogue does not count take a smooth loss on short sides instead.

The constants (catalogue, item performance-kernels) are fitted to 500 000 measured kernels of three accelerators and checked on
the one left out: validation/kernels.md. They are cycles of the chip's clock, bytes a cycle and shares, none of one chip alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..catalog import Catalog, System
from ..draws import Number
from ..errors import Unknown
from ..ledger import Ledger

# The data sheet's rate that a precision runs at.
SHEET_RATE = {
    "fp32": "tf32",
    "tf32": "tf32",
    "bf16": "bf16",
    "fp16": "bf16",
    "fp8": "fp8",
    "mxfp8": "fp8",
    "fp4": "fp4",
    "nvfp4": "fp4",
    "mxfp4": "fp4",
    "int8": "int8",
    "w4a16": "bf16",
}
# Bytes of an element as it is stored for a matrix product, with its share of the scales: one for 16 in NVFP4, for 32 in the MX formats.
ELEMENT_BYTES = {"fp32": 4.0, "tf32": 4.0, "bf16": 2.0, "fp16": 2.0, "fp8": 1.0, "mxfp8": 1.03125, "fp4": 0.5625, "nvfp4": 0.5625, "mxfp4": 0.53125, "int8": 1.0, "w4a16": 0.53125}
TILES = ((64.0, 128.0), (128.0, 256.0))  # rows and columns of the result that one unit computes at a time
WHOLE_SCALE = ("fp8",)  # one scale for a whole tensor: its largest value must be found before it is cast; int8 has one for each row
BLOCK_SCALE = ("mxfp8", "fp4", "nvfp4", "mxfp4")  # a scale for each block along k: the measured kernels do not split k
JOIN, JOIN_OLDER = 3.0, 2.0  # chosen on the measured products of H100 and B200, and of A100: validation/kernels.md
SCORE_FLOP_128 = 512.0  # of one score with heads of 128: 2 x (128 + 128)
FIGURES = (
    "launch_s", "reference_clock_hz", "reach_share", "step_cycles_count", "wave_share", "split_depth_count", "split_cycles_count", "tensor_cast_count", "block_cast_count",
    "attention_forward_share", "attention_backward_ratio", "softmax_cycles_count", "tile_cycles_count", "attention_chain_share", "cache_read_share", "walk_cycles_count", "walk_depth_count", "visit_cycles_count",
)  # fmt: skip


@dataclass(frozen=True)
class Units:
    """How the units (SMs, CUs) of a chip share a matrix product or attention."""

    count: Number
    clock_hz: Number
    step_s: Number  # least time of a tile for one step along k
    wave_share: Number  # of an unfinished last wave's idle time that is lost; the rest is filled by smaller tiles or other work
    split_depth: Number  # shortest part of k that one unit takes
    split_s: Number  # price of splitting k
    softmax_cycles: Number = 0.0  # of one unit, for one score of attention
    tile_s: Number = 0.0  # of one unit, to begin and end a tile of attention
    chain_share: Number = 0.0  # of the time of the longest tile that attention waits for at its end
    walk_s: Number = 0.0  # of one unit, for one cached token that a new token sees
    walk_depth: Number = 0.0  # cached tokens that one unit walks along before others share them
    join: float = 2.0  # power in which time on FLOPs and time on memory join
    visit_s: Number = 0.0  # of one unit, to begin and end the decode of one request and key-value head


@dataclass(frozen=True)
class Kernels:
    """What the kernels' formulas need of one accelerator. Numbers are floats, or arrays of central value and draws."""

    name: str
    rates_flop_per_s: Mapping[str, Number]  # best matrix products, by precision of the data sheet
    attention_forward_flop_per_s: Number  # fused attention over long sequences with heads of 128, in 16 bits
    attention_backward_flop_per_s: Number
    memory_bytes_per_s: Number
    launch_s: Number
    half_size: Number  # matrix side at which half of the rate is lost; used where `units` is None
    compute_keys: tuple[str, ...]
    memory_keys: tuple[str, ...]
    units: Units | None = None
    tensor_cast_starts: Number = 0.0  # kernels that a cast with one scale for the tensor takes
    block_cast_starts: Number = 0.0  # the same with a scale for each block of elements
    cache_read_share: Number = 1.0  # of the memory rate that attention of one new token reaches

    def rate(self, precision: str) -> Number:
        """Best matrix-product rate at a precision [FLOP/s]; raises Unknown where the system does not have it."""
        sheet = SHEET_RATE.get(precision, precision)
        if sheet not in self.rates_flop_per_s:
            raise Unknown(f"precision of {self.name}", precision, self.rates_flop_per_s, mend=f"It has: {', '.join(self.rates_flop_per_s)}.")
        return self.rates_flop_per_s[sheet]


def take_kernels(system: System, catalog: Catalog, book: Ledger) -> Kernels:
    """Take what a system and the catalogue say of kernels into a ledger."""
    figures = {name: catalog.figure("performance-kernels", name) for name in (*FIGURES, "half_size_count")}
    fitted = {name: book.take(figure) for name, figure in figures.items()}
    chip = catalog.items.get(system.accelerator)
    quicker = chip.get("exponential_ratio") if chip else None  # of this chip's exponentials a cycle over those of the chips of the fit
    if quicker is not None:
        fitted["softmax_cycles_count"] = fitted["softmax_cycles_count"] / book.take(quicker)
        figures["exponential_ratio"] = quicker
    rates = {name: book.take(peak) * book.take(system.compute_efficiency[name]) for name, peak in system.flop_per_s.items()}
    rate_keys = [figure.key for name in system.flop_per_s for figure in (system.flop_per_s[name], system.compute_efficiency[name])]
    sheet = [figure for figure in (system.units, system.clock_hz) if figure is not None]
    clock = book.take(system.clock_hz) if system.clock_hz else fitted["reference_clock_hz"]
    return make_kernels(
        system.name, rates, book.take(system.memory_bytes_per_s) * book.take(system.memory_efficiency), book.take(system.units) if system.units else None, clock, fitted,
        (*rate_keys, *(figure.key for figure in (*sheet, *figures.values()))), (system.memory_bytes_per_s.key, system.memory_efficiency.key),
        year=int(chip.text["year"]) if chip and "year" in chip.text else None,
    )  # fmt: skip


def make_kernels(
    name: str, best_flop_per_s: Mapping[str, Number], memory_bytes_per_s: Number, units: Number | None, clock_hz: Number, fitted: Mapping[str, Number],
    compute_keys: tuple[str, ...] = (), memory_keys: tuple[str, ...] = (), *, year: int | None = None,
) -> Kernels:  # fmt: skip
    """Kernels of a chip whose best products, memory rate, units and clock are known, with the constants `fitted` (FIGURES); `year` is that of the chip."""
    reach = fitted["reach_share"] if units is not None else 1.0
    rates = {precision: rate * reach for precision, rate in best_flop_per_s.items()}
    forward = rates.get("bf16", next(iter(rates.values()))) * fitted["attention_forward_share"]
    if units is not None:
        forward = 1.0 / (1.0 / forward + fitted["softmax_cycles_count"] / (SCORE_FLOP_128 * units * clock_hz))
    shared = None if units is None else Units(
        units, clock_hz, fitted["step_cycles_count"] / clock_hz, fitted["wave_share"], fitted["split_depth_count"], fitted["split_cycles_count"] / clock_hz,
        fitted["softmax_cycles_count"], fitted["tile_cycles_count"] / clock_hz, fitted["attention_chain_share"], fitted["walk_cycles_count"] / clock_hz, fitted["walk_depth_count"], JOIN_OLDER if year is not None and year <= 2020 else JOIN, fitted["visit_cycles_count"] / clock_hz,
    )  # fmt: skip
    return Kernels(
        name, rates, forward, forward * fitted["attention_backward_ratio"], memory_bytes_per_s, fitted["launch_s"] * (fitted["reference_clock_hz"] / clock_hz), fitted["half_size_count"],
        compute_keys, memory_keys, shared, fitted["tensor_cast_count"], fitted["block_cast_count"], fitted["cache_read_share"],
    )  # fmt: skip


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


def joined(flop_s: Number, bytes_s: Number, power: float = 2.0) -> Seconds:
    """Both together, (a^p + b^p)^(1/p), put to the cause of the longer; the higher the power, the better one hides behind the other."""
    longer, shorter = np.maximum(flop_s, bytes_s), np.minimum(flop_s, bytes_s)
    share = np.divide(shorter, longer, out=np.zeros(np.shape(longer)), where=np.asarray(longer) > 0.0)
    both, is_compute = longer * (1.0 + share**power) ** (1.0 / power), np.asarray(flop_s) >= np.asarray(bytes_s)
    return Seconds(np.where(is_compute, both, 0.0), np.where(is_compute, 0.0, both))


def product(chip: Kernels, precision: str, m: Number, n: Number, k: Number, *, count: Number = 1.0, extra_bytes: Number = 0.0) -> Seconds:
    """`count` matrix products (m x k) (k x n) in one kernel, without its start; results leave in 16 bits.

    m, n, k, count: floats or arrays that broadcast; `extra_bytes` is further traffic of each product [B].
    """
    rate = chip.rate(precision)
    bytes_s = product_bytes(precision, m, n, k, count=count, extra_bytes=extra_bytes) / chip.memory_bytes_per_s
    if chip.units is not None:
        return joined(_tiled_s(chip.units, rate, m, n, k, count, splits=precision not in BLOCK_SCALE), bytes_s, chip.units.join)
    slow = 1.0 + 0.5 * chip.half_size * (1.0 / n + 1.0 / k)
    return roofline(2.0 * m * n * k * count / rate * slow, bytes_s)


def _tiled_s(units: Units, rate: Number, m: Number, n: Number, k: Number, count: Number, *, splits: bool) -> Number:
    """Time of products on the units [s], with the faster of the shapes of tile."""
    best: Number = np.inf
    for rows, columns in TILES:
        step_s = np.maximum(2.0 * rows * columns * units.count / rate, units.step_s)
        tiles = np.maximum(np.ceil(m / rows) * np.ceil(n / columns) * count, 1e-9)  # no work, no time
        parts = np.clip(units.count / tiles, 1.0, np.maximum(k / units.split_depth, 1.0)) if splits else 1.0
        waves = tiles * parts / units.count
        waves = np.maximum(waves + units.wave_share * (np.ceil(waves) - waves), 1.0)
        best = np.minimum(best, waves * k / parts * step_s + (parts > 1.0) * units.split_s)
    return best


def product_bytes(precision: str, m: Number, n: Number, k: Number, *, count: Number = 1.0, extra_bytes: Number = 0.0) -> Number:
    """Bytes that `product` moves [B]."""
    return (ELEMENT_BYTES[precision] * (m * k + n * k) + 2.0 * m * n + extra_bytes) * count


def quantise(chip: Kernels, precision: str, elements: Number) -> Seconds:
    """Cast of so many 16-bit elements to a narrow precision at run time, its starts included; nothing for 16 bits and more.

    With one scale for the whole tensor (fp8) the elements are read twice, with a scale for each row or block once.
    """
    size = ELEMENT_BYTES[precision]
    if size >= 2.0:
        return Seconds(np.zeros(np.shape(elements)), np.zeros(np.shape(elements)))
    whole = precision in WHOLE_SCALE
    begin = starts(chip, chip.tensor_cast_starts if whole else chip.block_cast_starts)
    return begin + stream(chip, elements * ((4.0 if whole else 2.0) + size))


def stream(chip: Kernels, moved_bytes: Number) -> Seconds:
    """An operation that only moves bytes. With its start (`starts`) the rate rises with the bytes, half of the best at launch_s x rate."""
    return Seconds(0.0, moved_bytes / chip.memory_bytes_per_s)


def starts(chip: Kernels, kernels: Number) -> Seconds:
    """Starts and ends of so many kernels that follow each other without the host in between."""
    return Seconds(chip.launch_s * kernels, 0.0)
