"""Builds a response table: how fast a need runs on systems that do not exist yet, on a grid of what a maker can choose.

Only `answer_of` knows how a need is answered; the rest of this file is the grid, and what the grid would tell an outsider.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from ..catalog import Catalog, System, load_catalog
from ..draws import central, interval
from ..figures import Figure
from ..ledger import Numbers
from ..needs import AXES, QUANTITIES, Estimate, Model, Need, ResponseTable, axis_values, rounded
from .machine import make_machine
from .serving_search import serving_precision
from .sizing import fewest_units, search_need, training_job, training_precision

# Most points of each axis, found by trial (validation/release.md): more where the answer bends.
POINTS: Mapping[str, Mapping[str, int]] = {
    "training": {"compute_flop_per_s": 5, "memory_bytes_per_s": 3, "memory_bytes": 3, "scale_up_link_bytes_per_s": 2, "scale_up_domain_count": 2, "scale_out_link_bytes_per_s": 3},
    "serving": {"compute_flop_per_s": 8, "memory_bytes_per_s": 6, "memory_bytes": 2, "scale_up_link_bytes_per_s": 3, "scale_up_domain_count": 6, "scale_out_link_bytes_per_s": 2},
}
Answer = tuple[float, float, float]  # tokens/s for each accelerator, TTFT [s], TPOT [s]; zeros where nothing fits
NOTHING: Answer = (0.0, 0.0, 0.0)
HYPOTHETICAL = "hypothetical"  # name of such a system and of its chip


def answer_of(need: Need, system: System, catalog: Catalog) -> Answer:
    """How fast a system runs a need by its best strategy: (tokens/s for each accelerator, TTFT [s], TPOT [s]); zeros where none fits or meets the limits."""
    if need.kind == "training":
        job = training_job(need, system, catalog)
        found = fewest_units(need, make_machine(system, Numbers(), catalog=catalog, software_date=job.software_date), system, job, catalog)
        best = found.search.best
        return NOTHING if best is None or found.run_s > need.want("within_s").value else (best.tokens_per_s_per_accelerator, 0.0, 0.0)
    search = search_need(need, system, catalog=catalog, kept=1)
    if search.best is None:
        return NOTHING
    return search.best.tokens_per_s_per_accelerator, float(search.best.ttft_s or 0.0), float(search.best.tpot_s or 0.0)


def precision_of(need: Need, system: System) -> str:
    """The precision of the products, whose rate the axis of compute counts."""
    return training_precision(need.model, system) if need.kind == "training" else serving_precision(system)


def hypothetical(like: System, at: Mapping[str, float], precision: str, catalog: Catalog) -> tuple[System, Catalog]:
    """A system that no data sheet has, and a catalogue that knows its chip: `like` another, with the six quantities of `AXES` as given.

    All precisions scale together, and with them the clock and the power limit, so that a chip with more FLOP/s is a
    quicker one of the same make: shares of kernels, the rate that it keeps for hours and the age of its software stay as
    they are. The unit is as large as the scale-up domain. With the quantities of `like` the answer is that of `like`,
    where its unit is its domain.
    """
    factor = at["compute_flop_per_s"] / axis_values(like, precision)["compute_flop_per_s"]
    rates = {name: _scaled(figure, factor) for name, figure in like.flop_per_s.items()}
    domain = round(at["scale_up_domain_count"])
    up, out = like.tiers[0], like.tiers[-1]
    tiers = (
        replace(up, size=domain, link_bytes_per_s=_valued(up.link_bytes_per_s, at["scale_up_link_bytes_per_s"])),
        replace(out, link_bytes_per_s=_valued(out.link_bytes_per_s, at["scale_out_link_bytes_per_s"])),
    )
    system = replace(
        like, name=HYPOTHETICAL, accelerator=HYPOTHETICAL, accelerators=domain, flop_per_s=rates, tiers=tiers, clock_hz=_scaled(like.clock_hz, factor) if like.clock_hz else None,
        memory_bytes=_valued(like.memory_bytes, at["memory_bytes"]), memory_bytes_per_s=_valued(like.memory_bytes_per_s, at["memory_bytes_per_s"] / like.memory_efficiency.value),
    )  # fmt: skip
    return system, _with_chip(catalog, like, factor)


def _with_chip(catalog: Catalog, like: System, factor: float) -> Catalog:
    """The catalogue with the chip of `like`, its power limit scaled, under the name of the hypothetical one."""
    chip = catalog.items.get(like.accelerator)
    if chip is None:
        return catalog
    figures = dict(chip.figures)
    if "tdp_w" in figures:
        figures["tdp_w"] = _scaled(figures["tdp_w"], factor)
    return replace(catalog, items={**catalog.items, HYPOTHETICAL: replace(chip, name=HYPOTHETICAL, figures=figures)})


def answer_at(need: Need, like: System, at: Mapping[str, float], catalog: Catalog) -> Answer:
    """`answer_of` a need on the hypothetical system at a place of the grid."""
    return answer_of(need, *hypothetical(like, at, precision_of(need, like), catalog))


def _valued(figure: Figure, value: float) -> Figure:
    return replace(figure, value=float(value), low=None, high=None, others=())


def _scaled(figure: Figure, factor: float) -> Figure:
    return _valued(figure, figure.value * factor)


def grid_axes(kind: str, ranges: Mapping[str, tuple[float, ...]]) -> dict[str, tuple[float, ...]]:
    """The values of each axis to four digits: a range is cut in steps of one ratio; of the domain's counts the ends and others between, POINTS at most."""
    axes = {}
    for name in AXES:
        given, most = ranges[name], POINTS[kind][name]
        if name == "scale_up_domain_count":
            given = tuple(given[i] for i in sorted({round(i) for i in np.linspace(0, len(given) - 1, min(most, len(given)))}))
        elif given[0] < given[-1]:
            given = tuple(np.geomspace(given[0], given[-1], most))
        axes[name] = tuple(sorted({float(f"{value:.4g}") for value in given}))  # a range of one value is one point
    return axes


def response_table(
    need: Need, like: System, *, axes: Mapping[str, tuple[float, ...]], estimate: Estimate, rounding_share: float = 0.05, name: str = "", catalog: Catalog | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ResponseTable:  # fmt: skip
    """How a need runs on a grid of systems that are `like` one of the catalogue, each by its best strategy, rounded.

    Parameters
    ----------
    axes : by name of AXES
        the range (low, high) of each, in its unit; of scale_up_domain_count every count that the table is to know
    estimate : Estimate
        of the need on `like`, with draws: its relative 80 % interval is taken as that of the whole table, its goodput as
        the useful share
    rounding_share : float
        relative step: each value becomes the nearest power of 1 + this
    name : str
        under which the need is known outside; its own by default
    """
    known = catalog or load_catalog()
    precision = precision_of(need, like)
    grid = grid_axes(need.kind, axes)
    columns: dict[str, list[float]] = {quantity: [] for quantity in QUANTITIES[need.kind]}
    total = math.prod(len(points) for points in grid.values())
    for done, place in enumerate(itertools.product(*grid.values())):
        if progress:
            progress(done, total)
        answer = answer_at(need, like, dict(zip(grid, place, strict=True)), known)
        for column, value in zip(columns.values(), answer, strict=False):  # training has tokens/s only
            column.append(rounded(value, rounding_share))
    if progress:
        progress(total, total)
    return ResponseTable(
        name or need.name, need.kind, precision, grid, {quantity: tuple(column) for quantity, column in columns.items()}, rounding_share, _half_width(estimate),
        _asked(need, name or need.name), _useful(estimate), "the lab's own table",
    )  # fmt: skip


def _half_width(estimate: Estimate) -> float:
    """Half-width of the 80 % interval of tokens/s as a share, the wider side, to the next whole percent; 0 without draws."""
    value, ends = central(estimate.tokens_per_s_per_accelerator), interval(estimate.tokens_per_s_per_accelerator)
    if ends is None or value <= 0.0 or ends[0] <= 0.0:
        return 0.0
    return min(math.ceil(100.0 * (max(ends[1] / value, value / ends[0]) - 1.0)) / 100.0, 2.99)  # a release holds no wider one


def _useful(estimate: Estimate) -> float:
    """Goodput of training to whole percents; serving has none."""
    key = f"{estimate.prefix}.goodput_share"
    return round(central(estimate.ledger.value(key)), 2) if key in estimate.ledger else 1.0


def _asked(need: Need, name: str) -> Figure:
    """Tokens a second asked of the whole job at its start."""
    if need.kind == "serving":
        rate = need.want("rate_tokens_per_s")
        return replace(rate, key=f"released.{name}.asked_tokens_per_s")
    tokens, within = need.want("tokens"), need.want("within_s")
    low, high = ((tokens.value if t is None else t) / (within.value if w is None else w) for t, w in ((tokens.low, within.high), (tokens.high, within.low)))
    return replace(tokens, key=f"released.{name}.asked_tokens_per_s", value=tokens.value / within.value, unit="token/s", low=low, high=high)


@dataclass(frozen=True)
class Fit:
    """Which models an outsider who knows the rest of the need could not tell from the table: tried, and those that fit."""

    tried: int
    by_rounding: tuple[str, ...]  # within the step of rounding at every point looked at
    by_interval: tuple[str, ...]  # within the table's interval, the outsider's doubt of their own estimate
    points: int


def fits_of(table: ResponseTable, need: Need, like: System, models: Iterable[Model], *, catalog: Catalog | None = None, progress: Callable[[int, int], None] | None = None) -> Fit:
    """How many models the table of a need would fit: the strongest attack, by one who has this program and knows all of the need but its model.

    Each model is put in the need's place at corners and middle of the grid; it fits where every answer is within a
    share of the table's: the step of rounding, or the interval if that is wider.
    """
    known = catalog or load_catalog()
    narrow = math.log1p(table.rounding_share)
    wide = max(narrow, math.log1p(table.interval_share))
    shape = tuple(len(table.axes[name]) for name in AXES)
    speeds = np.array(table.values["tokens_per_s_per_accelerator"]).reshape(shape)
    places = list(dict.fromkeys(tuple(round(share * (size - 1)) for size in shape) for share in (0.0, 1.0, 0.5))) + _single_ends(shape)
    candidates = list(models)
    by_rounding: list[str] = []
    by_interval: list[str] = []
    for done, model in enumerate(candidates):
        if progress:
            progress(done, len(candidates))
        other = replace(need, model=model)
        if precision_of(other, like) != table.precision:
            continue
        worst = 0.0
        for place in places:
            at = {name: table.axes[name][i] for name, i in zip(AXES, place, strict=True)}
            found, said = answer_at(other, like, at, known)[0], float(speeds[place])
            worst = max(worst, abs(math.log(found / said)) if found > 0.0 and said > 0.0 else 0.0 if found == said else math.inf)
            if worst > wide:
                break
        if worst <= narrow:
            by_rounding.append(model.name)
        if worst <= wide:
            by_interval.append(model.name)
    if progress:
        progress(len(candidates), len(candidates))
    return Fit(len(candidates), tuple(by_rounding), tuple(by_interval), len(places))


def _single_ends(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    """From the lowest corner, the far end of each axis in turn."""
    return [tuple(size - 1 if index == axis else 0 for index, size in enumerate(shape)) for axis, count in enumerate(shape) if count > 1]
