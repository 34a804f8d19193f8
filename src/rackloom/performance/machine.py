"""A System's figures as numbers that the formulas use, taken into a ledger so that every result walks back to its sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from ..catalog import Catalog, System, Tier, load_catalog
from ..draws import Number
from ..errors import Unknown
from ..figures import Figure
from ..ledger import Ledger


@dataclass(frozen=True)
class Link:
    """One tier of links as collectives see it: usable rate per accelerator and direction [B/s], latency of a message [s].

    `reduction_bytes_per_s` is the usable rate of a reduction that the switch carries out, 0 where it does not; `start_s` is
    what a collective takes once, beyond its messages.
    """

    size: int
    bytes_per_s: Number
    latency_s: Number
    reduction_bytes_per_s: Number
    keys: tuple[str, ...]
    start_s: Number = 0.0


@dataclass(frozen=True)
class Machine:
    """What the formulas need of a system. Numbers are floats, or arrays of central value and draws."""

    name: str
    rates_flop_per_s: Mapping[str, Number]  # best matrix products, by precision
    attention_forward_flop_per_s: Number
    attention_backward_flop_per_s: Number
    memory_bytes_per_s: Number
    memory_usable_bytes: Number
    launch_s: Number
    half_size: Number
    links: tuple[Link, ...]
    tensor_overlap: Number
    data_overlap: Number
    expert_overlap: Number
    pipeline_overlap: Number
    imbalance: Number
    software: Number  # time of a whole over that of its parts
    compute_keys: tuple[str, ...]
    memory_keys: tuple[str, ...]
    capacity_keys: tuple[str, ...]
    overlap_keys: tuple[str, ...]
    software_keys: tuple[str, ...]

    @property
    def link_keys(self) -> tuple[str, ...]:
        """Ledger keys of all tiers."""
        return tuple(key for link in self.links for key in link.keys)

    def rate(self, precision: str) -> Number:
        """Best matrix-product rate at a precision [FLOP/s]; raises Unknown where the system does not have it."""
        if precision not in self.rates_flop_per_s:
            raise Unknown(f"precision of {self.name}", precision, self.rates_flop_per_s, mend=f"It has: {', '.join(self.rates_flop_per_s)}.")
        return self.rates_flop_per_s[precision]


def make_machine(system: System, book: Ledger, *, catalog: Catalog | None = None) -> Machine:
    """Take a system's figures and the model's assumptions into a ledger.

    `catalog` gives the assumptions (kernels, overlap, collectives, memory); the shipped one by default.
    """
    known = catalog or load_catalog()

    def assumed(item: str, name: str) -> Figure:
        return known.figure(item, name)

    def take(figure: Figure) -> Number:
        return book.take(figure)

    rates = {name: take(peak) * take(system.compute_efficiency[name]) for name, peak in system.flop_per_s.items()}
    compute_keys = [figure.key for name in system.flop_per_s for figure in (system.flop_per_s[name], system.compute_efficiency[name])]
    kernels = {name: assumed("performance-kernels", name) for name in ("launch_s", "half_size_count", "attention_forward_share", "attention_backward_share")}
    overlap = {name: assumed("performance-overlap", f"{name}_overlap_share") for name in ("tensor", "data", "expert", "pipeline")}
    software = assumed("performance-software", "time_ratio")
    usable, imbalance = assumed("performance-memory", "usable_share"), assumed("performance-memory", "expert_imbalance_ratio")
    attention_rate = rates.get("bf16", next(iter(rates.values())))
    return Machine(
        name=system.name, rates_flop_per_s=rates,
        attention_forward_flop_per_s=attention_rate * take(kernels["attention_forward_share"]),
        attention_backward_flop_per_s=attention_rate * take(kernels["attention_backward_share"]),
        memory_bytes_per_s=take(system.memory_bytes_per_s) * take(system.memory_efficiency),
        memory_usable_bytes=take(system.memory_bytes) * take(usable),
        launch_s=take(kernels["launch_s"]), half_size=take(kernels["half_size_count"]),
        links=tuple(_link(index, tier, known, book) for index, tier in enumerate(system.tiers)),
        tensor_overlap=take(overlap["tensor"]), data_overlap=take(overlap["data"]), expert_overlap=take(overlap["expert"]), pipeline_overlap=take(overlap["pipeline"]),
        imbalance=take(imbalance), software=take(software),
        compute_keys=(*compute_keys, *(figure.key for figure in kernels.values())),
        memory_keys=(system.memory_bytes_per_s.key, system.memory_efficiency.key),
        capacity_keys=(system.memory_bytes.key, usable.key),
        overlap_keys=(*(figure.key for figure in overlap.values()), imbalance.key), software_keys=(software.key,),
    )  # fmt: skip


def make_links(system: System, book: Ledger, *, catalog: Catalog | None = None) -> tuple[Link, ...]:
    """The tiers of a system alone, innermost first."""
    known = catalog or load_catalog()
    return tuple(_link(index, tier, known, book) for index, tier in enumerate(system.tiers))


def _link(index: int, tier: Tier, catalog: Catalog, book: Ledger) -> Link:
    efficiency = catalog.figure("performance-assumptions", "scale_up_efficiency_share" if index == 0 else "scale_out_efficiency_share")
    start = catalog.figure("performance-collectives", "start_s")
    figures = [tier.link_bytes_per_s, efficiency, tier.latency_s, start]
    peak = book.take(tier.link_bytes_per_s)
    reduction: Number = 0.0
    if tier.in_network_reduction:
        share = catalog.figure("performance-collectives", "in_network_efficiency_share")
        figures.append(share)
        reduction = peak * book.take(share)
    return Link(tier.size, cast(Number, peak * book.take(efficiency)), book.take(tier.latency_s), reduction, tuple(figure.key for figure in figures), book.take(start))
