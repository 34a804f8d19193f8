"""Kernels: the fit of a few shared constants to measured tables, and what they say about a machine left out.

Usage: python validation/kernels.py --tables DIR

DIR holds MACHINE/*_perf.parquet for each machine of MACHINES: the tables of measured kernels of aiconfigurator (catalogue
source aic_kernels), which are not part of Rackloom. Writes kernels.md; the same tables give the same text.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))  # started as a script

from rackloom.catalog import Catalog, load_catalog  # noqa: E402
from rackloom.needs import Attention  # noqa: E402
from rackloom.performance.attention import attention_forward, decode_attention  # noqa: E402
from rackloom.performance.kernels import FIGURES, Kernels, make_kernels, product, quantise, starts, stream  # noqa: E402
from validation.markdown import percent, table  # noqa: E402

MACHINES = {"a100_sxm": "a100", "h100_sxm": "h100", "b200_sxm": "b200"}  # folder: accelerator of the catalogue
GEMM_PRECISION = {"bfloat16": "bf16", "fp8": "fp8", "nvfp4": "nvfp4", "fp8_block": "mxfp8", "sq": "int8"}
MOE_PRECISION = {"bfloat16": "bf16", "fp8": "fp8", "nvfp4": "nvfp4", "fp8_block": "mxfp8"}
CAST = ("fp8", "nvfp4", "fp8_block", "sq")  # rows whose time holds the cast of the input
# Kernels that one measured call starts: attention with rotary embedding, the cache's new entries and what joins split parts; experts with
# choosing, sorting, moving there and back, activation.
PREFILL_STARTS, DECODE_STARTS, EXPERT_STARTS = 5.0, 4.0, 10.0
PREFILL_PASSES = 1.2  # over queries, keys and values: rotary embedding and the cache's new entries
MOST_QUERIES = 16  # for each key-value head: beyond, this engine takes a kernel that reads the cache once for each of them
LONG_S = 1e-4  # prefill is fitted to rows that take longer: in shorter ones starts hide the rest. All are scored
FARTHEST = np.log(5.0)  # a constant moves at most by this factor from where its fit starts
SAMPLE = 4000  # rows of a class and machine that a fit looks at
# What is fitted together: constants, and the classes of kernels that they are fitted to.
FITS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "products": (("launch_s", "reach_share", "step_cycles_count", "wave_share", "split_depth_count", "split_cycles_count", "tensor_cast_count", "block_cast_count"), "gemm"),
    "attention": (("attention_forward_share", "softmax_cycles_count", "tile_cycles_count", "attention_chain_share"), "prefill"),
    "decode": (("cache_read_share", "walk_cycles_count", "walk_depth_count", "visit_cycles_count"), "decode"),
}
# Where every fit starts: round values that no table was asked for.
NEUTRAL = {
    "launch_s": 3e-6, "reach_share": 0.9, "step_cycles_count": 2.0, "wave_share": 0.5, "split_depth_count": 300.0, "split_cycles_count": 2000.0, "tensor_cast_count": 3.0,
    "block_cast_count": 1.0, "attention_forward_share": 0.9, "softmax_cycles_count": 0.03, "tile_cycles_count": 5000.0, "attention_chain_share": 0.5, "cache_read_share": 0.9,
    "walk_cycles_count": 5.0, "walk_depth_count": 2000.0, "visit_cycles_count": 2000.0,
}  # fmt: skip
SHARES = ("reach_share", "wave_share", "attention_forward_share", "attention_chain_share", "cache_read_share")


@dataclass(frozen=True)
class Chip:
    """What a data sheet and one measured ceiling say of a machine."""

    name: str
    peaks_flop_per_s: Mapping[str, float]
    shares: Mapping[str, float]  # best shape over peak, by precision; of the chip itself, or of the others
    memory_bytes_per_s: float
    memory_share: float
    units: float
    clock_hz: float
    year: int

    def kernels(self, fitted: Mapping[str, float]) -> Kernels:
        """The chip's kernels with some constants."""
        best = {name: peak * self.shares[name] for name, peak in self.peaks_flop_per_s.items()}
        return make_kernels(self.name, best, self.memory_bytes_per_s * self.memory_share, self.units, self.clock_hz, fitted, year=self.year)


@dataclass(frozen=True)
class Rows:
    """Measured kernels of one machine and class: columns, and times [s]. `predict` gives their times on a chip."""

    machine: str
    kind: str  # gemm bf16, moe fp8, prefill, decode, ...
    columns: Mapping[str, np.ndarray]
    seconds: np.ndarray
    predict: Callable[[Kernels, Mapping[str, np.ndarray]], np.ndarray]

    def errors(self, chip: Kernels) -> np.ndarray:
        """Predicted over measured, less 1."""
        return np.asarray(self.predict(chip, self.columns)) / self.seconds - 1.0

    def longer(self, than_s: float) -> Rows:
        """The rows that take longer."""
        return self._at(np.flatnonzero(self.seconds > than_s))

    def _at(self, take: np.ndarray) -> Rows:
        return Rows(self.machine, self.kind, {name: column[take] for name, column in self.columns.items()}, self.seconds[take], self.predict)

    def some(self, most: int) -> Rows:
        """At most so many rows, evenly taken in the order of their times."""
        if self.seconds.size <= most:
            return self
        return self._at(np.argsort(self.seconds, kind="stable")[np.linspace(0, self.seconds.size - 1, most).astype(int)])


# --- the tables ---------------------------------------------------------------------------------------------------


def read_tables(folder: Path) -> list[Rows]:
    """The measured rows of all machines. Raises SystemExit with the mend where a reader or a file is missing."""
    try:
        import pyarrow.parquet as parquet
    except ModuleNotFoundError as error:
        raise SystemExit("The tables are Parquet files: pip install pyarrow") from error
    found: list[Rows] = []
    for machine, chip in MACHINES.items():
        for name, read in READERS.items():
            path = folder / machine / f"{name}_perf.parquet"
            if not path.is_file():
                raise SystemExit(f"{path} is not there: --tables takes the folder that holds {', '.join(MACHINES)}.")
            columns = {key: np.array(values) for key, values in parquet.read_table(path).to_pydict().items()}
            found += read(chip, columns)
    return found


def _group(chip: str, columns: Mapping[str, np.ndarray], keep: np.ndarray, kind: str, names: Sequence[str], predict: Callable[..., Any]) -> list[Rows]:
    """The rows of one class, where there are some with a time."""
    seconds = columns["latency"].astype(float) * 1e-3  # the tables give milliseconds
    keep = keep & (seconds > 0.0)
    if not keep.any():
        return []
    return [Rows(chip, kind, {name: columns[name][keep].astype(float) for name in names}, seconds[keep], predict)]


def _gemm(chip: str, columns: Mapping[str, np.ndarray]) -> list[Rows]:
    out: list[Rows] = []
    for written, precision in GEMM_PRECISION.items():
        keep = columns["gemm_dtype"] == written
        out += _group(chip, columns, keep, f"gemm {precision}", ("m", "n", "k"), _gemm_seconds(precision, cast=written in CAST))
    return out


def _gemm_seconds(precision: str, *, cast: bool) -> Callable[[Kernels, Mapping[str, np.ndarray]], np.ndarray]:
    def seconds(chip: Kernels, c: Mapping[str, np.ndarray]) -> np.ndarray:
        total = product(chip, precision, c["m"], c["n"], c["k"]) + starts(chip, 1.0)
        return np.asarray((total + quantise(chip, precision, c["m"] * c["k"])).total if cast else total.total)

    return seconds


def _moe(chip: str, columns: Mapping[str, np.ndarray]) -> list[Rows]:
    names = ("num_tokens", "hidden_size", "inter_size", "topk", "num_experts", "moe_tp_size", "moe_ep_size")
    out: list[Rows] = []
    quick = np.char.endswith(columns["kernel_source"].astype(str), "min_latency")
    for written, precision in MOE_PRECISION.items():
        keep = ~quick & (columns["moe_dtype"] == written) & np.char.startswith(columns["distribution"].astype(str), "balanced")
        keep = keep & ~np.char.endswith(columns["kernel_source"].astype(str), "nongated")
        out += _group(chip, columns, keep, f"experts {precision}", names, _moe_seconds(precision))
    return out


def _moe_seconds(precision: str) -> Callable[[Kernels, Mapping[str, np.ndarray]], np.ndarray]:
    def seconds(chip: Kernels, c: Mapping[str, np.ndarray]) -> np.ndarray:
        """Gate and up, then down, of the experts of one rank; tokens go to experts evenly, few tokens to few experts."""
        held, visits = c["num_experts"] / c["moe_ep_size"], c["num_tokens"] * c["topk"] / c["moe_ep_size"]
        busy = np.minimum(held, np.maximum(visits, 1.0))
        each, width = np.maximum(visits / busy, 1.0), c["inter_size"] / c["moe_tp_size"]
        work = product(chip, precision, each, 2.0 * width, c["hidden_size"], count=busy) + product(chip, precision, each, c["hidden_size"], width, count=busy)
        moved = 2.0 * visits * (4.0 * c["hidden_size"] + 3.0 * width)
        casts = quantise(chip, precision, visits * c["hidden_size"]) + quantise(chip, precision, visits * width)
        return np.asarray((work + stream(chip, moved) + starts(chip, EXPERT_STARTS) + casts).total)

    return seconds


def _prefill(chip: str, columns: Mapping[str, np.ndarray]) -> list[Rows]:
    keep = (columns["attn_dtype"] == "bfloat16") & (columns["kv_cache_dtype"] == "bfloat16")
    return _group(chip, columns, keep, "prefill", ("batch_size", "isl", "num_heads", "num_key_value_heads", "head_dim", "window_size"), _attended(prefill=True))


def _decode(chip: str, columns: Mapping[str, np.ndarray]) -> list[Rows]:
    keep = (columns["attn_dtype"] == "bfloat16") & (columns["kv_cache_dtype"] == "bfloat16")
    pairs = np.where(columns["num_key_value_heads"] > 0, columns["num_key_value_heads"], columns["num_heads"]).astype(float)
    columns = {**columns, "keys_only": (columns["num_heads"] > pairs) | (chip == "b200")}  # the tables' cache repeats one block: these kernels read the keys alone from memory
    keep = keep & (columns["num_heads"] <= MOST_QUERIES * pairs)
    names = ("batch_size", "step", "num_heads", "num_key_value_heads", "head_dim", "window_size", "keys_only")
    return _group(chip, columns, keep, "decode", names, _attended(prefill=False))


LATENT = Attention("mla", 128, 128, 192, kv_lora_rank=512, qk_nope_dim=128, qk_rope_dim=64, v_dim=128)


def _latent(kind: str) -> Callable[[str, Mapping[str, np.ndarray]], list[Rows]]:
    def read(chip: str, columns: Mapping[str, np.ndarray]) -> list[Rows]:
        keep = columns["kv_cache_dtype"] == "bfloat16"
        return _group(chip, columns, keep, f"latent {kind}", ("batch_size", "isl", "step", "num_heads"), _latent_seconds(prefill=kind == "prefill"))

    return read


def _latent_seconds(*, prefill: bool) -> Callable[[Kernels, Mapping[str, np.ndarray]], np.ndarray]:
    def seconds(chip: Kernels, c: Mapping[str, np.ndarray]) -> np.ndarray:
        out = np.empty(c["num_heads"].size)
        for heads in np.unique(c["num_heads"]):
            here = c["num_heads"] == heads
            attention = replace(LATENT, heads=int(heads), kv_heads=int(heads))
            tokens = c["batch_size"][here] * c["isl"][here]
            if prefill:
                moved = PREFILL_PASSES * 2.0 * tokens * heads * (2.0 * 192.0 + 128.0)
                took = attention_forward(chip, attention, tokens, c["isl"][here], 1.0) + stream(chip, moved)
            else:
                took = decode_attention(chip, attention, c["batch_size"][here], c["step"][here] + 1.0, 1.0, "bf16")
            out[here] = (took + starts(chip, PREFILL_STARTS if prefill else DECODE_STARTS)).total
        return out

    return seconds


def _batched(chip: str, columns: Mapping[str, np.ndarray]) -> list[Rows]:
    first = columns["op_name"] == "mla_gen_pre"  # into the latent space, and out of it
    columns = {**columns, "n": np.where(first, 512, 128), "k": np.where(first, 128, 512)}
    return _group(chip, columns, columns["bmm_dtype"] == "bfloat16", "batched bf16", ("num_tokens", "n", "k", "num_heads"), _batched_seconds)


def _batched_seconds(chip: Kernels, c: Mapping[str, np.ndarray]) -> np.ndarray:
    return np.asarray((product(chip, "bf16", c["num_tokens"], c["n"], c["k"], count=c["num_heads"]) + starts(chip, 1.0)).total)


def _attended(*, prefill: bool) -> Callable[[Kernels, Mapping[str, np.ndarray]], np.ndarray]:
    def seconds(chip: Kernels, c: Mapping[str, np.ndarray]) -> np.ndarray:
        shapes = np.column_stack([c["num_heads"], c["num_key_value_heads"], c["head_dim"], c["window_size"]])  # keys_only follows from them
        out = np.empty(len(shapes))
        for shape in np.unique(shapes, axis=0):
            here = (shapes == shape).all(axis=1)
            heads, pairs, size, window = (int(value) for value in shape)
            attention = Attention("sliding" if window else "gqa", heads, pairs or heads, size, v_dim=size, window=window)
            if prefill:
                tokens = c["batch_size"][here] * c["isl"][here]
                took = attention_forward(chip, attention, tokens, c["isl"][here], 1.0)
                took = took + stream(chip, PREFILL_PASSES * 2.0 * tokens * size * (heads + 2 * (pairs or heads)))
            else:
                seen = replace(attention, v_dim=0) if c["keys_only"][here].all() else attention
                took = decode_attention(chip, seen, c["batch_size"][here], c["step"][here] + 1.0, 1.0, "bf16")
            out[here] = (took + starts(chip, PREFILL_STARTS if prefill else DECODE_STARTS)).total
        return out

    return seconds


READERS: Mapping[str, Callable[[str, Mapping[str, np.ndarray]], list[Rows]]] = {
    "gemm": _gemm, "mla_bmm": _batched, "moe": _moe, "context_attention": _prefill, "context_mla": _latent("prefill"), "generation_attention": _decode,
    "generation_mla": _latent("decode"),
}  # fmt: skip


# --- chips and fits -----------------------------------------------------------------------------------------------


def chips_of(catalog: Catalog) -> dict[str, Chip]:
    """The machines as the catalogue has them, with their own measured ceilings."""
    out = {}
    for name in MACHINES.values():
        item = catalog.item(name)
        peaks = {p: figure.value for p in ("tf32", "bf16", "fp8", "fp4", "int8") if (figure := item.get(f"{p}_flop_per_s"))}
        bf16 = item.figure("bf16_efficiency_share").value
        shares = {p: figure.value if (figure := item.get(f"{p}_efficiency_share")) else bf16 for p in peaks}
        out[name] = Chip(
            name, peaks, shares, item.figure("memory_bytes_per_s").value, item.figure("memory_efficiency_share").value, item.figure("compute_units_count").value,
            (item.get("clock_hz") or catalog.figure("performance-kernels", "reference_clock_hz")).value, int(item.text["year"]),
        )  # fmt: skip
    return out


def unseen(chip: Chip, others: Sequence[Chip]) -> Chip:
    """A chip of which only the data sheet is known: its ceilings are the means of the others'.

    Where no other has a precision, its share is bf16's, and for 4 bits falls as much again below that of 8 bits as this
    does below bf16.
    """

    def mean(precision: str) -> float | None:
        known = [other.shares[precision] for other in others if precision in other.peaks_flop_per_s]
        return float(np.mean(known)) if known else None

    wide, narrow = mean("bf16") or 1.0, mean("fp8")
    guess = {"fp4": narrow**2 / wide} if narrow else {}
    shares = {p: mean(p) or guess.get(p, wide) for p in chip.peaks_flop_per_s}
    return Chip(chip.name, chip.peaks_flop_per_s, shares, chip.memory_bytes_per_s, float(np.mean([other.memory_share for other in others])), chip.units, chip.clock_hz, chip.year)


def fit(rows: Sequence[Rows], chips: Mapping[str, Chip], start: Mapping[str, float]) -> dict[str, float]:
    """Constants of least mean absolute logarithm over the classes of each fit, every class and machine alike, from `start`."""
    found = dict(start)
    for names, kinds in FITS.values():
        some = [(group.longer(LONG_S) if kinds == "prefill" else group).some(SAMPLE) for group in rows if group.kind.split()[0] == kinds]

        def loss(scales: np.ndarray, names: Sequence[str] = names, some: Sequence[Rows] = some) -> float:
            far = float(np.sum(np.maximum(np.abs(scales) - FARTHEST, 0.0)))
            scales = np.clip(scales, -FARTHEST, FARTHEST)
            tried = {**found, **{name: found[name] * float(np.exp(scale)) for name, scale in zip(names, scales, strict=True)}}
            over = sum(max(tried[name] - 1.0, 0.0) for name in names if name in SHARES)
            tried.update({name: min(tried[name], 1.0) for name in names if name in SHARES})
            made = {group.machine: chips[group.machine].kernels(tried) for group in some}
            return float(np.mean([np.mean(np.abs(np.log1p(np.maximum(group.errors(made[group.machine]), -0.999)))) for group in some])) + 10.0 * (over + far)

        answer = minimize(
            loss, np.zeros(len(names)), method="Nelder-Mead", options={"maxfev": 90 * len(names), "initial_simplex": _simplex(len(names)), "xatol": 1e-3, "fatol": 1e-5}
        )
        best = {name: found[name] * float(np.exp(scale)) for name, scale in zip(names, np.clip(answer.x, -FARTHEST, FARTHEST), strict=True)}
        found.update({name: min(value, 1.0) if name in SHARES else value for name, value in best.items()})
    return found


def _simplex(size: int) -> np.ndarray:
    return np.vstack([np.zeros(size), 0.4 * np.eye(size)])


# --- the page -----------------------------------------------------------------------------------------------------


def _errors_table(rows: Sequence[Rows], shipped: Mapping[str, Kernels], left: Mapping[str, Kernels]) -> list[list[str]]:
    out = []
    for group in rows:
        cells = [group.kind, group.machine, str(group.seconds.size)]
        for made in (shipped, left):
            errors = group.errors(made[group.machine])
            cells += [percent(float(np.median(np.abs(errors)))), percent(float(np.quantile(np.abs(errors), 0.9))), percent(float(np.median(errors)), sign=True)]
        out.append(cells)
    return out


def page(rows: Sequence[Rows], catalog: Catalog) -> str:
    """The whole of kernels.md."""
    chips = chips_of(catalog)
    ships = {name: catalog.figure("performance-kernels", name) for name in (*FIGURES, "half_size_count")}
    start = {name: figure.value for name, figure in ships.items()}
    neutral = {**start, **NEUTRAL}
    together = fit(rows, chips, neutral)
    apart = {name: fit([group for group in rows if group.machine != name], chips, neutral) for name in chips}
    left = {name: unseen(chip, [other for other in chips.values() if other.name != name]).kernels(apart[name]) for name, chip in chips.items()}
    shipped = {name: chip.kernels(start) for name, chip in chips.items()}
    fitted = [name for names, _ in FITS.values() for name in names]
    constants = [
        [name, f"{start[name]:.4g}", f"{ships[name].low:.4g} to {ships[name].high:.4g}", f"{together[name]:.4g}", *(f"{apart[chip][name]:.4g}" for chip in chips)]
        for name in fitted
    ]
    products = [group for group in rows if group.kind.startswith("gemm")]
    whole = [
        [name, *(percent(float(np.median(np.abs(np.concatenate([g.errors(made[name]) for g in products if g.machine == name]))))) for made in (shipped, left))] for name in chips
    ]
    return "\n\n".join([
        "# Kernels, measured and predicted",
        "Written by `make calibrate TABLES=DIR` from the measured tables of aiconfigurator (NVIDIA, Apache-2.0; catalogue source `aic_kernels`), TensorRT-LLM on A100, H100 and B200. Every "
        "row of a class is scored, but for these: experts only where tokens go to them evenly and the block is gated, attention only in 16 bits; decode with at most 16 queries a key-value head (beyond, the engine takes another kernel); experts' kernels of least latency; caches in 8 bits; weight-only formats and statically scaled "
        "fp8 are not among the program's precisions. Error is predicted over measured time, less 1; rows of fp8, nvfp4 and int8 hold the cast of their input.",
        "'Left out' is a machine predicted from its data sheet alone (peak rates, memory rate, units, clock), with constants fitted to the other two, from round values, and the means of their best "
        "shares. Where a precision was measured on no other machine its share is that of bf16 (int8), or as far below fp8 as fp8 is below bf16 (nvfp4). Formats in blocks of 128 (DeepSeek's fp8) are predicted as mxfp8. Prefill is fitted to "
        "rows above 0.1 ms; latent attention, batched products and experts are not fitted. A100 has no latent kernel of its own and decodes by a slower path.",
        "## All matrix products, median error",
        table(["machine", "as shipped", "left out"], whole),
        "## Constants",
        table(["constant", "ships", "80 % range", "fit to all", *(f"fit without {name}" for name in chips)], constants),
        "## Errors by class",
        table(["kernel", "machine", "rows", "median", "p90", "bias", "left out: median", "left out: p90", "left out: bias"], _errors_table(rows, shipped, left)),
    ]) + "\n"  # fmt: skip


def main(arguments: list[str]) -> int:
    """Write kernels.md from the tables."""
    parser = argparse.ArgumentParser(description="Calibrate kernels on measured tables.")
    parser.add_argument("--tables", required=True, type=Path, help="folder with a100_sxm, h100_sxm, b200_sxm")
    chosen = parser.parse_args(arguments)
    path = Path(__file__).parent / "kernels.md"
    path.write_text(page(read_tables(chosen.tables), load_catalog()), encoding="utf-8", newline="\n")
    print("validation/kernels.md")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
