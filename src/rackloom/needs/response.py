"""The noun ResponseTable: how fast a need runs, as a table over what a maker of systems chooses; and how it is read.

A lab releases such a table in place of its model (`docs/release.md`); whoever has it can estimate any system inside its grid.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..catalog import System
from ..draws import Draws, Number
from ..errors import BadInput, Fault, nearest
from ..figures import Figure
from ..ledger import Ledger
from .need import Estimate

# Axes of every table, slowest first, and their units. FLOP/s and bytes/s are what large kernels reach: the rate of the
# data sheet x the share of it that the catalogue gives for the system.
AXES: Mapping[str, str] = {
    "compute_flop_per_s": "FLOP/s", "memory_bytes_per_s": "byte/s", "memory_bytes": "byte", "scale_up_link_bytes_per_s": "byte/s", "scale_up_domain_count": "1",
    "scale_out_link_bytes_per_s": "byte/s",
}  # fmt: skip
UNITS: Mapping[str, str] = {"tokens_per_s_per_accelerator": "token/s", "ttft_s": "s", "tpot_s": "s"}
QUANTITIES: Mapping[str, tuple[str, ...]] = {"training": ("tokens_per_s_per_accelerator",), "serving": tuple(UNITS)}
SPEED = "tokens_per_s_per_accelerator"
LEFT_OUT = (
    "what is not an axis: latencies of links, reduction in the network, power limit, how the units of a chip share its kernels; they are those of the system that the table is like, "
    "and a rack of another make can be far from the table, beyond its interval (docs/release.md)",
    "a system is read at its central figures; the interval is the one that the lab states for its table",
)


@dataclass(frozen=True)
class ResponseTable:
    """How fast one need runs on systems of a grid; every value rounded to a power of (1 + rounding_share).

    `axes`: values of each of AXES, rising; compute counts dense FLOPs in `precision`. `values`: for each of QUANTITIES
    of the kind, one value a point, the last axis fastest; 0 where nothing fits or meets the need's limits.
    `interval_share` is the half-width of the 80 % interval of tokens/s [-]. `asked_tokens_per_s` is asked of the whole
    job at its start, and `useful_share` [-] of an accelerator's hours make tokens that count. `origin` says who released it.
    """

    need: str
    kind: str
    precision: str
    axes: Mapping[str, tuple[float, ...]]
    values: Mapping[str, tuple[float, ...]]
    rounding_share: float
    interval_share: float
    asked_tokens_per_s: Figure
    useful_share: float
    origin: str

    def __post_init__(self) -> None:
        faults = [Fault(f"response table '{self.need}': no axis '{name}'", mend=f"Axes: {', '.join(AXES)}.") for name in AXES if name not in self.axes]
        faults += [
            Fault(f"response table '{self.need}': '{name}' is no axis", nearest=nearest(name, AXES), mend=f"Axes: {', '.join(AXES)}.") for name in self.axes if name not in AXES
        ]
        for name, points in self.axes.items():
            if not points or points[0] <= 0.0 or any(b <= a for a, b in itertools.pairwise(points)):
                faults.append(Fault(f"response table '{self.need}': the values of {name} do not rise from above 0", mend="Give each once, from small to large."))
        count = self.points
        for name in QUANTITIES[self.kind]:
            have = len(self.values.get(name, ()))
            if have != count:
                faults.append(Fault(f"response table '{self.need}': {have} values of {name}, its axes have {count} points"))
        if not faults and any(not math.isfinite(v) or v < 0.0 for column in self.values.values() for v in column):
            faults.append(Fault(f"response table '{self.need}': a value is below 0 or not finite"))
        if faults:
            raise BadInput(faults)

    @property
    def points(self) -> int:
        """Points of the grid."""
        return int(np.prod([len(axis) for axis in self.axes.values()]))


def rounded(value: float, step_share: float) -> float:
    """The nearest power of (1 + step_share), to four digits; 0 stays 0. Off by half a step at most."""
    if value <= 0.0:
        return 0.0
    step = math.log1p(step_share)
    return float(f"{math.exp(step * round(math.log(value) / step)):.4g}")


def axis_figures(system: System, precision: str) -> Mapping[str, tuple[Figure, ...]]:
    """The figures of a system whose product is its place on each axis (the domain is a count and has none).

    Raises BadInput where the accelerator does not have the precision.
    """
    if precision not in system.flop_per_s:
        have = ", ".join(system.flop_per_s)
        raise BadInput(Fault(f"{system.name} has no {precision}, in which the response table counts FLOPs", mend=f"It has: {have}. Ask for a table in one of these."))
    return {
        "compute_flop_per_s": (system.flop_per_s[precision], system.compute_efficiency[precision]), "memory_bytes_per_s": (system.memory_bytes_per_s, system.memory_efficiency),
        "memory_bytes": (system.memory_bytes,), "scale_up_link_bytes_per_s": (system.tiers[0].link_bytes_per_s,), "scale_up_domain_count": (),
        "scale_out_link_bytes_per_s": (system.tiers[-1].link_bytes_per_s,),
    }  # fmt: skip


def axis_values(system: System, precision: str) -> dict[str, float]:
    """A system's place on each axis, at central values."""
    out = {name: math.prod(figure.value for figure in figures) for name, figures in axis_figures(system, precision).items()}
    return {**out, "scale_up_domain_count": float(system.tiers[0].size)}


def _outside(table: ResponseTable, system: System, at: Mapping[str, float]) -> list[Fault]:
    faults = []
    for name, unit in AXES.items():
        low, high = table.axes[name][0], table.axes[name][-1]
        if not low * (1 - 1e-9) <= at[name] <= high * (1 + 1e-9):
            end = low if at[name] < low else high
            faults.append(Fault(
                f"{system.name}: {name} {at[name]:.4g} {unit} is outside of the response table of '{table.need}', {low:.4g} to {high:.4g} {unit}; nearest: {end:.4g}",
                mend="Ask the lab for a table that reaches it; values are not carried beyond the grid.",
            ))  # fmt: skip
    return faults


@lru_cache(maxsize=256)
def _logs(column: tuple[float, ...], shape: tuple[int, ...]) -> np.ndarray:
    """Logs of a column in the table's shape; minus infinity where nothing fits."""
    with np.errstate(divide="ignore"):
        return np.log(np.array(column)).reshape(shape)


def look_up(table: ResponseTable, at: Mapping[str, float]) -> dict[str, float]:
    """Each quantity at a place inside the grid, multilinear in the logs of axes and values; 0 where a neighbour of the place has nothing that fits."""
    places: list[tuple[tuple[int, float], ...]] = []
    for name in AXES:
        points = table.axes[name]
        if len(points) == 1:
            places.append(((0, 1.0),))
            continue
        i = min(max(int(np.searchsorted(points, at[name], side="right")) - 1, 0), len(points) - 2)
        share = min(max(math.log(at[name] / points[i]) / math.log(points[i + 1] / points[i]), 0.0), 1.0)
        places.append(tuple((index, weight) for index, weight in ((i, 1.0 - share), (i + 1, share)) if weight > 1e-9))
    shape = tuple(len(table.axes[name]) for name in AXES)
    out = {}
    for quantity in QUANTITIES[table.kind]:
        logs = _logs(table.values[quantity], shape)
        total = sum(math.prod(w for _, w in corner) * float(logs[tuple(i for i, _ in corner)]) for corner in itertools.product(*places))
        out[quantity] = math.exp(total) if math.isfinite(total) else 0.0
    return out


def _ratio(table: ResponseTable) -> Figure:
    """What the answer may be over what the table says: 1, and a span whose middle 80 % is the table's interval."""
    wide = 1.0 + table.interval_share
    low, high = 1.0 - (1.0 - 1.0 / wide) / 0.8, 1.0 + (wide - 1.0) / 0.8
    return Figure(
        f"released.{table.need}.response_ratio", 1.0, "1", table.origin, "D", low=low, high=high, note="the lab's interval about its response table, as a span that holds all of it"
    )


def estimate_from_table(table: ResponseTable, system: System, *, draws: Draws | None = None) -> Estimate:
    """How a system runs a need of which only the response table is known.

    Tokens a second: the table at the system's place, multilinear in logs; accelerators = tokens/s asked / (tokens/s of
    one x useful share). Rounding and half-width of the interval are the table's; `left_out` says both. `fits` is False
    where the table has nothing that fits at, or right beside, the system's place. No strategy is in a table, so the
    estimate has none, and neither memory used nor shares of time.

    Raises BadInput for a system outside of the grid (each such axis with its range and the nearest end), or without the
    table's precision.
    """
    at = axis_values(system, table.precision)
    if faults := _outside(table, system, at):
        raise BadInput(faults)
    book = Ledger(draws)
    prefix = f"performance.{table.need}.released.{system.name}".replace(" ", "-")
    keys = [figure.key for figures in axis_figures(system, table.precision).values() for figure in figures]
    for figures in axis_figures(system, table.precision).values():
        for figure in figures:
            book.take(figure)
    ratio = _ratio(table)
    useful = Figure(f"released.{table.need}.useful_share", table.useful_share, "1", table.origin, "D", low=table.useful_share, high=table.useful_share)
    sure: Number = book.take(ratio)
    found = look_up(table, at)
    fits = found[SPEED] > 0.0
    how = f"response table of '{table.need}', multilinear in logs; rounded to {100 * table.rounding_share:.3g} %"
    numbers = {
        name: book.put(f"{prefix}.{name}", value * sure if name == SPEED and fits else value, UNITS[name], how, [ratio.key, *keys]) for name, value in found.items()
    }  # fmt: skip
    asked, share = book.take(table.asked_tokens_per_s), book.take(useful)
    count: Number = 0.0
    if fits:
        count = np.ceil(asked / (numbers[SPEED] * share) / system.accelerators - 1e-9) * system.accelerators
        count = count if np.ndim(count) else float(count)
    book.put(f"{prefix}.accelerators_count", count, "1", "tokens/s asked / (tokens/s of an accelerator x useful share), in whole units",
             [table.asked_tokens_per_s.key, f"{prefix}.{SPEED}", useful.key])  # fmt: skip
    why = "" if fits else f"the response table has nothing that fits at {system.name}, or right beside it"
    left_out = (f"values are rounded to {100 * table.rounding_share:.3g} % and stand for {table.origin}", *LEFT_OUT)
    return Estimate(
        table.need, system.name, table.kind, fits, why, count, 0, {}, numbers[SPEED], 0.0, {}, "", "", book, left_out,
        ttft_s=numbers.get("ttft_s") if fits else None, tpot_s=numbers.get("tpot_s") if fits else None, prefix=prefix,
    )  # fmt: skip
