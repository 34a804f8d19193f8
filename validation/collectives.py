"""Collectives: fit of the few shared parameters to measured tables, and what they say about machines and runs left out.

Usage: python validation/collectives.py --tables DIR

DIR holds MACHINE/nccl_perf.parquet and MACHINE/custom_allreduce_perf.parquet for each machine of MACHINES: the tables of measured
kernels of aiconfigurator (catalogue source aic_kernels), which are not part of Rackloom. Writes collectives.md; the same
tables give the same text.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import least_squares

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))  # started as a script

from rackloom.catalog import Catalog, System, load_catalog, system  # noqa: E402
from rackloom.performance import collective_seconds  # noqa: E402
from rackloom.performance.collectives import group_seconds  # noqa: E402
from rackloom.performance.links import Link  # noqa: E402
from validation.markdown import percent, table  # noqa: E402

MACHINES = {"a100_sxm": "a100", "h100_sxm": "h100", "b200_sxm": "b200"}  # folder: accelerator of the catalogue
KINDS = {"all_reduce": "all_reduce", "all_gather": "all_gather", "reduce_scatter": "reduce_scatter", "alltoall": "all_to_all"}
ELEMENT_BYTES = {"half": 2, "bfloat16": 2, "int8": 1}  # message_size of the tables counts elements
LARGE_BYTES = 64e6
CLASSES = (("below 1 MB", 0.0, 1e6), ("1 to 64 MB", 1e6, LARGE_BYTES), ("above 64 MB", LARGE_BYTES, np.inf))
MIB, GIB = 2**20, 2**30


@dataclass(frozen=True)
class Parameter:
    """One fitted parameter: where the fit starts, its largest value, and the figure of the catalogue that ships it."""

    name: str
    start: float
    most: float
    item: str
    unit: str  # of the table below
    scale: float  # from SI to that unit


ASSUMED, FITTED = "performance-assumptions", "performance-collectives"
LIBRARY = (
    Parameter("scale_up_efficiency_share", 0.8, 1.0, ASSUMED, "%", 100.0),
    Parameter("scale_up_latency_s", 1e-6, 1e-4, ASSUMED, "us", 1e6),
    Parameter("start_s", 7e-6, 1e-4, FITTED, "us", 1e6),
    Parameter("small_message_share", 0.4, 1.0, FITTED, "%", 100.0),
    Parameter("protocol_switch_ratio", 4.0, 100.0, FITTED, "", 1.0),
    Parameter("pipeline_fill_ratio", 3.0, 100.0, FITTED, "", 1.0),
    Parameter("own_part_share", 0.5, 3.0, FITTED, "%", 100.0),
    Parameter("all_to_all_share", 0.95, 1.0, FITTED, "%", 100.0),
    Parameter("peer_s", 0.5e-6, 1e-5, FITTED, "us", 1e6),
    Parameter("in_network_efficiency_share", 0.65, 1.0, FITTED, "%", 100.0),
)
ENGINE = (Parameter("direct_share", 0.5, 1.2, FITTED, "%", 100.0), Parameter("direct_start_s", 3e-6, 1e-4, FITTED, "us", 1e6))
SUMS = [parameter.name for parameter in LIBRARY if parameter.name.startswith("in_network")]


@dataclass(frozen=True)
class Rows:
    """Measured collectives of one machine, kind and way: sizes [B], ranks and times [s] as arrays of one shape."""

    machine: str
    kind: str
    direct: bool  # by the engine's own kernels where they are quicker
    summed: bool  # the switch can sum this type
    size_bytes: np.ndarray
    ranks: np.ndarray
    seconds: np.ndarray

    @property
    def label(self) -> str:
        """The kind as the tables of the page name it."""
        return f"{self.kind}, engine's own" if self.direct else self.kind


def read_tables(folder: Path) -> list[Rows]:
    """The measured rows of all machines. Raises SystemExit with the mend where a reader or a file is missing."""
    try:
        import pyarrow.parquet as parquet
    except ModuleNotFoundError as error:
        raise SystemExit("The tables are Parquet files: pip install pyarrow") from error
    found: list[Rows] = []
    for machine in MACHINES:
        for name in ("nccl_perf", "custom_allreduce_perf"):
            path = folder / machine / f"{name}.parquet"
            if not path.is_file():
                raise SystemExit(f"{path} is not there: --tables takes the folder that holds {', '.join(MACHINES)}.")
            found += _rows(machine, parquet.read_table(path).to_pydict(), direct=name.startswith("custom"))
    return found


def _rows(machine: str, columns: Mapping[str, Sequence[Any]], *, direct: bool) -> list[Rows]:
    types = np.array(columns["allreduce_dtype" if direct else "nccl_dtype"])
    kinds, ranks, counts = np.array(columns["op_name"]), np.array(columns["num_gpus"]), np.array(columns["message_size"], dtype=float)
    seconds = np.array(columns["latency"], dtype=float) * 1e-3  # the tables give milliseconds
    out = []
    for kind in sorted(set(kinds)):
        for typ in sorted(set(types)):
            here = (kinds == kind) & (types == typ)
            summed = KINDS[kind] == "all_reduce" and typ != "int8"  # the switch sums floats
            out.append(Rows(machine, KINDS[kind], direct, summed, counts[here] * ELEMENT_BYTES[typ], ranks[here], seconds[here]))
    return out


def link_of(machine: str, values: Mapping[str, float], catalog: Catalog, *, summed: bool) -> Link:
    """The scale-up links of a machine under some parameters."""
    item = catalog.item(MACHINES[machine], "accelerator")
    peak, hop = item.figure("scale_up_link_bytes_per_s").value, values["scale_up_latency_s"]
    sums = summed and bool(item.text.get("in_network_reduction"))
    return Link(
        8, peak * values["scale_up_efficiency_share"], hop, peak * values["in_network_efficiency_share"] if sums else 0.0, (), start_s=values["start_s"],
        all_to_all_share=values["all_to_all_share"], small_share=values["small_message_share"], switch_s=hop * values["protocol_switch_ratio"], fill_s=hop * values["pipeline_fill_ratio"],
        own_share=values["own_part_share"], peer_s=values["peer_s"], reduction_latency_s=catalog.figure(FITTED, "in_network_latency_s").value, direct_share=values.get("direct_share", 0.0), direct_start_s=values.get("direct_start_s", 0.0),
    )  # fmt: skip


def log_ratios(rows: Rows, values: Mapping[str, float], catalog: Catalog) -> np.ndarray:
    """Natural logarithm of predicted over measured time, a row each."""
    link = link_of(rows.machine, values, catalog, summed=rows.summed)
    return np.log(np.add(*group_seconds(rows.kind, rows.size_bytes, (rows.ranks, 1), (link, link), direct=rows.direct)) / rows.seconds)


def fit(rows: Iterable[Rows], parameters: Sequence[Parameter], catalog: Catalog, given: Mapping[str, float] | None = None) -> dict[str, float]:
    """Parameters that make the logarithms of predicted over measured small (the square softened above 1), with others `given`."""
    known, data = dict(given or {}), list(rows)

    def residuals(logs: np.ndarray) -> np.ndarray:
        values = {**known, **{parameter.name: float(np.exp(log)) for parameter, log in zip(parameters, logs, strict=True)}}
        return np.concatenate([log_ratios(each, values, catalog) for each in data])

    start, most = np.log([each.start for each in parameters]), np.log([each.most for each in parameters])
    found = least_squares(residuals, start, bounds=(most - 20.0, most + 1e-12), loss="soft_l1", f_scale=1.0)
    return {**known, **{parameter.name: float(np.exp(log)) for parameter, log in zip(parameters, found.x, strict=True)}}


def fit_all(rows: Sequence[Rows], catalog: Catalog) -> dict[str, float]:
    """The library's parameters from its rows, then those of the engine's own kernels from theirs."""
    library = fit([each for each in rows if not each.direct], LIBRARY, catalog)
    return fit([each for each in rows if each.direct], ENGINE, catalog, library)


@dataclass(frozen=True)
class Point:
    """A published measurement: bus rate of a collective [B/s], from a source that no parameter of scale-out was fitted to."""

    system: str
    kind: str
    size_bytes: float
    ranks: tuple[int, int]
    bus_bytes_per_s: float
    source: str
    summed: bool = True


_STAS = "stas00/ml-engineering, network/README.md"
_VTRAIN = "VIA-Research/vTrain, trace/a100/AR_GPU8"
_AIC = "aiconfigurator, tables"


def _sweep(name: str, kind: str, ranks: tuple[int, int], source: str, rates: Mapping[float, float], *, summed: bool = True) -> list[Point]:
    return [Point(name, kind, size, ranks, rate * 1e9, source, summed) for size, rate in rates.items()]


ONE_DOMAIN = (
    *_sweep("a100-hgx", "all_reduce", (8, 1), _VTRAIN, {MIB: 19.8, 4 * MIB: 76.6, 16 * MIB: 126, 64 * MIB: 203, 256 * MIB: 217, GIB: 229}),
    *_sweep("a100-hgx", "all_reduce", (4, 1), _VTRAIN.replace("GPU8", "GPU4"), {MIB: 30.6, 4 * MIB: 81.4, 16 * MIB: 140, 64 * MIB: 185, 256 * MIB: 209, GIB: 222}),
    *_sweep("a100-hgx", "all_reduce", (8, 1), _STAS, {16 * GIB: 234.9}),
    *_sweep("h200-hgx", "all_reduce", (8, 1), _STAS, {MIB: 39.9, 4 * MIB: 107, 16 * MIB: 220, 64 * MIB: 347, 256 * MIB: 436, GIB: 464, 16 * GIB: 482}),
    *_sweep("h200-hgx", "all_reduce", (8, 1), _STAS + " (reduction in the switch off)", {16 * GIB: 368}, summed=False),
    *_sweep("h200-hgx", "all_gather", (8, 1), _STAS, {16 * GIB: 361}),
    *_sweep("h200-hgx", "reduce_scatter", (8, 1), _STAS, {16 * GIB: 363}),
    *_sweep("b200-hgx", "all_reduce", (8, 1), _STAS, {MIB: 36, 16 * MIB: 255, 64 * MIB: 401, 256 * MIB: 646, GIB: 723, 16 * GIB: 846}),
    *_sweep("b200-hgx", "all_reduce", (8, 1), _STAS + " (reduction in the switch off)", {16 * GIB: 682}, summed=False),
    *_sweep("gb200-nvl72", "all_reduce", (4, 1), _AIC + " (663 us)", {256 * MIB: 607.3}),
    *_sweep("gb200-nvl72", "all_reduce", (72, 1), "NVIDIA slide in " + _STAS + "; 16 GiB taken", {16 * GIB: 850}),
    *_sweep("gb200-nvl72", "all_reduce", (72, 1), "NVIDIA slide in " + _STAS + "; 16 GiB taken (reduction in the switch off)", {16 * GIB: 680}, summed=False),
)
MORE_DOMAINS = (
    *_sweep("b200-hgx", "all_reduce", (8, 4), _STAS + ", EFA", {MIB: 5.4, 16 * MIB: 64, 64 * MIB: 157, 256 * MIB: 229, GIB: 362, 16 * GIB: 382}),
    *_sweep("h200-hgx", "all_reduce", (8, 4), _STAS + ", ring", {4 * GIB: 365}),
)


def bus_rate(point: Point, catalog: Catalog) -> float:
    """Predicted bus rate of a published point by the door, with the figures that ship [B/s]."""
    seconds = float(np.asarray(collective_seconds(point.kind, point.size_bytes, point.ranks, _system(point, catalog), catalog=catalog)))
    count = point.ranks[0] * point.ranks[1]
    return (2.0 if point.kind == "all_reduce" else 1.0) * (1.0 - 1.0 / count) * point.size_bytes / seconds


def _system(point: Point, catalog: Catalog) -> System:
    found = system(point.system, catalog=catalog)
    return found if point.summed else replace(found, tiers=tuple(replace(tier, in_network_reduction=False) for tier in found.tiers))


def _errors(rows: Iterable[Rows], values: Mapping[str, float], catalog: Catalog, low: float = 0.0, high: float = np.inf) -> np.ndarray:
    parts = [(np.exp(log_ratios(each, values, catalog)) - 1.0)[(each.size_bytes >= low) & (each.size_bytes < high)] for each in rows]
    return np.concatenate(parts)


def _cells(errors: np.ndarray) -> tuple[str, str, str, str]:
    size = np.abs(errors)
    return str(errors.size), percent(float(np.median(size))), percent(float(np.quantile(size, 0.9))), percent(float(np.mean(errors)), sign=True)


def spread_of_large(rows: Sequence[Rows], left_out: Mapping[str, Mapping[str, float]], catalog: Catalog) -> float:
    """Share within which 80 % of the large messages of a machine lie that no parameter was fitted to."""
    errors = [_errors([each for each in rows if each.machine == machine and not each.direct], values, catalog, LARGE_BYTES) for machine, values in left_out.items()]
    return float(np.quantile(np.abs(np.concatenate(errors)), 0.8))


def _parameter_table(shared: Mapping[str, float], alone: Mapping[str, Mapping[str, float]], catalog: Catalog) -> str:
    lines = []
    for each in (*LIBRARY, *ENGINE):
        ships = catalog.figure(each.item, each.name)
        own = [
            "" if each.name in SUMS and not catalog.item(MACHINES[name]).text.get("in_network_reduction") else f"{values[each.name] * each.scale:.3g}"
            for name, values in alone.items()
        ]
        low, high = ((ships.value if end is None else end) * each.scale for end in (ships.low, ships.high))
        lines.append((each.name, each.unit, f"{shared[each.name] * each.scale:.3g}", *own, f"{ships.value * each.scale:.3g} ({low:.3g} to {high:.3g})"))
    return table(("parameter", "unit", "shared", *(f"{MACHINES[name]} alone" for name in alone), "ships (80 %)"), lines)


def _error_table(rows: Sequence[Rows], shared: Mapping[str, float], left_out: Mapping[str, Mapping[str, float]], catalog: Catalog) -> str:
    lines = []
    for label in dict.fromkeys(each.label for each in rows):
        for machine in MACHINES:
            some = [each for each in rows if each.label == label and each.machine == machine]
            for words, low, high in (("all", 0.0, np.inf), *CLASSES):
                lines.append(
                    (label, MACHINES[machine], words, *_cells(_errors(some, shared, catalog, low, high)), *_cells(_errors(some, left_out[machine], catalog, low, high))[1:])
                )
    return table(("kind", "machine", "size", "rows", "median", "p90", "bias", "left out: median", "left out: p90", "left out: bias"), lines)


def _summary_table(rows: Sequence[Rows], shared: Mapping[str, float], left_out: Mapping[str, Mapping[str, float]], catalog: Catalog) -> str:
    lines = []
    library = [each for each in rows if not each.direct]
    for words, low, high in (("all", 0.0, np.inf), *CLASSES):
        outside = np.concatenate([_errors([each for each in library if each.machine == machine], values, catalog, low, high) for machine, values in left_out.items()])
        lines.append((words, *_cells(_errors(library, shared, catalog, low, high)), *_cells(outside)[1:]))
    return table(("size", "rows", "median", "p90", "bias", "left out: median", "left out: p90", "left out: bias"), lines)


def _point_table(points: Sequence[Point], catalog: Catalog) -> str:
    lines = []
    for point in points:
        ours = bus_rate(point, catalog)
        size = f"{point.size_bytes / MIB:g} MiB" if point.size_bytes < GIB else f"{point.size_bytes / GIB:g} GiB"
        lines.append(
            (
                point.system,
                point.kind,
                f"{point.ranks[0]} x {point.ranks[1]}",
                size,
                f"{point.bus_bytes_per_s / 1e9:g}",
                f"{ours / 1e9:.4g}",
                percent(ours / point.bus_bytes_per_s - 1.0, sign=True),
                point.source,
            )
        )
    return table(("system", "kind", "ranks", "message", "published GB/s", "ours GB/s", "difference", "source"), lines)


def page(folder: Path) -> str:
    """The text of collectives.md from the tables in a folder."""
    catalog, rows = load_catalog(), read_tables(folder)
    shared = fit_all(rows, catalog)
    alone = {name: fit_all([each for each in rows if each.machine == name], catalog) for name in MACHINES}
    left_out = {name: fit_all([each for each in rows if each.machine != name], catalog) for name in MACHINES}
    spread = spread_of_large(rows, left_out, catalog)
    ships = catalog.figure(FITTED, "residual_share").value
    return "\n\n".join([
        "# Collectives, measured and predicted",
        "Written by `python validation/collectives.py --tables DIR` from the measured tables of aiconfigurator (NVIDIA, Apache-2.0; catalogue source `aic_kernels`): NCCL on "
        "2, 4 and 8 accelerators of one domain, half and int8, 512 B to 512 MiB, and the all-reduce kernels of TensorRT-LLM. Errors are predicted over measured time, less 1.",
        "## Parameters",
        "One set for all machines; beside it what each machine alone would give, which is where the ranges come from. Latencies of switch and fill are in hops of the tier.",
        _parameter_table(shared, alone, catalog),
        "## Errors",
        "'Left out' is predicted with parameters fitted to the other two machines. What differs most between machines is the start of a collective (driver, host and release of "
        "the library), which no data sheet tells; it dominates the rows below 1 MB.",
        _summary_table(rows, shared, left_out, catalog),
        f"80 % of the messages above 64 MB of a machine left out lie within {percent(spread)} of the measured time; {percent(ships)} ships as `residual_share`.",
        _error_table(rows, shared, left_out, catalog),
        "## Published rates within a domain",
        "Bus rates (the rate of a ring that would take as long) by the figures that ship. No parameter was fitted to a row here; A100 and B200 are machines of the tables as others measured them, "
        "with other releases of the library.",
        _point_table(ONE_DOMAIN, catalog),
        "## Published rates over more than one domain",
        "The efficiency of the scale-out links, a range of the catalogue, was chosen with the large messages of these in sight; their course over the sizes is not fitted. The small messages over EFA "
        "need about 50 us for a hop, more than the range of the catalogue, which is that of InfiniBand and RoCE cards.",
        _point_table(MORE_DOMAINS, catalog),
    ]) + "\n"  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page; the exit status."""
    parser = argparse.ArgumentParser(description="Fit collectives to measured tables and write validation/collectives.md.")
    parser.add_argument("--tables", type=Path, required=True, help="folder that holds a folder of Parquet tables for each machine")
    path = Path(__file__).with_suffix(".md")
    path.write_text(page(parser.parse_args(arguments).tables), encoding="utf-8", newline="\n")
    print("validation/collectives.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
