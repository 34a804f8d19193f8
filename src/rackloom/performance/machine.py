"""A System's figures as numbers that the formulas use, taken into a ledger so that every result walks back to its sources."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from ..catalog import Catalog, System, load_catalog
from ..draws import Number
from ..ledger import Ledger
from .kernels import Kernels, take_kernels
from .links import Link, make_links
from .power_caps import capped
from .ripeness import chip_of, clock_need, software_ratio, sustained_share, year_of

AMPERE = range(2000, 2021)  # chips of these years have no newer matrix instructions than FlashAttention-2 uses


@dataclass(frozen=True)
class Machine:
    """What the formulas need of a system. Numbers are floats, or arrays of central value and draws."""

    name: str
    kernels: Kernels
    memory_usable_bytes: Number
    links: tuple[Link, ...]
    tensor_overlap: Number
    data_overlap: Number
    expert_overlap: Number
    pipeline_overlap: Number
    imbalance: Number
    host_bytes_per_s: Number  # to and from the host's memory, each way
    older_attention: Number  # rate of attention kernels without the chip's newest instructions over those with them
    eager_gated: Number  # bytes of element-wise kernels one by one over those joined, in gated models
    eager_plain: Number  # the same in plain ones
    kernel_residual: Number  # time of kernels as measured over as calibrated
    network_residual: Number  # the same of messages
    software: Number  # time of a whole over that of its parts
    step_start_s: Number  # once a step
    capacity_keys: tuple[str, ...]
    overlap_keys: tuple[str, ...]
    software_keys: tuple[str, ...]
    clock_need: Number = 0.0  # of products that keep a chip busy all the time, over what its power limit allows; 0 where `kernels` hold it already
    clock_exponent: Number = 0.5
    serving_step_s: Number = 0.0  # between two steps of an inference engine, beyond its kernels
    serving_request_s: Number = 0.0  # of a request, before its prompt is read and after its first token is there

    @property
    def link_keys(self) -> tuple[str, ...]:
        """Ledger keys of all tiers."""
        return tuple(key for link in self.links for key in link.keys)


def make_machine(system: System, book: Ledger, *, catalog: Catalog | None = None, software_date: date | None = None, serving: bool = False) -> Machine:
    """Take a system's figures and the model's assumptions into a ledger.

    `catalog` gives the assumptions (kernels, power, software, overlap, collectives, memory); the shipped one by default.
    A system with a cap (`power_caps.cap_system`) has its kernels at the clock that the cap leaves.
    `software_date` says how ripe the software is on the accelerator; a year old where it is None. With `serving` what an
    inference engine takes between its steps is taken too.
    """
    known = catalog or load_catalog()
    chip = chip_of(system, known)
    burst = take_kernels(system, known, book)
    best = burst.rates_flop_per_s.get("bf16", burst.attention_forward_flop_per_s)
    sustained, power_keys = sustained_share(chip, best, known, book)
    attention, _ = sustained_share(chip, burst.attention_forward_flop_per_s, known, book)
    kernels = slowed(burst, 1.0, 1.0, power_keys) if serving else slowed(burst, sustained, attention, power_keys)
    if (limit := capped(system, known, book)) is not None:
        kernels = slowed(kernels, limit.core_share, limit.core_share, limit.keys, memory=limit.memory_share)
    software, software_keys = software_ratio(chip, software_date, known, book)
    overlap = {name: known.figure("performance-overlap", f"{name}_overlap_share") for name in ("tensor", "data", "expert", "pipeline")}
    others = {
        "imbalance": known.figure("performance-memory", "expert_imbalance_ratio"), "host_bytes_per_s": known.figure("performance-offload", "host_link_bytes_per_s"),
        "older_attention": known.figure("performance-software", "older_attention_share" if year_of(chip) not in AMPERE else "same_attention_share"), "eager_gated": known.figure("performance-software", "eager_gated_ratio"), "eager_plain": known.figure("performance-software", "eager_plain_ratio"),
    }  # fmt: skip
    residual = {name: known.figure("performance-residuals", f"{name}_ratio") for name in ("kernel", "network")}
    usable, start = known.figure("performance-memory", "usable_share"), known.figure("performance-software", "step_start_s")
    engine = {name: known.figure("performance-serving", name) for name in ("step_start_s", "request_start_s", "engine_ratio")} if serving else {}
    if serving:  # a step of decode waits for memory and draws less: its clock falls as far as products keep it busy
        need, exponent, _ = clock_need(chip, best, known, book)
        software = software * book.take(engine["engine_ratio"])
        engine_values = {
            "clock_need": need,
            "clock_exponent": exponent,
            "serving_step_s": book.take(engine["step_start_s"]),
            "serving_request_s": book.take(engine["request_start_s"]),
        }
    else:
        engine_values = {}
    return Machine(
        name=system.name, kernels=kernels, memory_usable_bytes=book.take(system.memory_bytes) * book.take(usable),
        links=make_links(system, book, catalog=known),
        tensor_overlap=book.take(overlap["tensor"]), data_overlap=book.take(overlap["data"]), expert_overlap=book.take(overlap["expert"]),
        pipeline_overlap=book.take(overlap["pipeline"]), imbalance=book.take(others["imbalance"]), host_bytes_per_s=book.take(others["host_bytes_per_s"]),
        older_attention=book.take(others["older_attention"]), eager_gated=book.take(others["eager_gated"]), eager_plain=book.take(others["eager_plain"]),
        kernel_residual=book.take(residual["kernel"]), network_residual=book.take(residual["network"]), software=software, step_start_s=book.take(start), capacity_keys=(system.memory_bytes.key, usable.key),
        **engine_values,
        overlap_keys=(*(figure.key for figure in (*overlap.values(), *others.values())),), software_keys=(*software_keys, start.key, *(figure.key for figure in (*engine.values(), *residual.values()))),
    )  # fmt: skip


def slowed(burst: Kernels, share: Number, attention: Number, keys: tuple[str, ...], *, memory: Number | None = None) -> Kernels:
    """Kernels at the clock that a chip keeps for hours: products at `share` of their rate, attention, which draws less, at `attention`.

    `memory` is the share of its rate that memory keeps, where a cap reaches that too.
    """
    rates = {name: rate * share for name, rate in burst.rates_flop_per_s.items()}
    slow = replace(
        burst, rates_flop_per_s=rates, attention_forward_flop_per_s=burst.attention_forward_flop_per_s * attention,
        attention_backward_flop_per_s=burst.attention_backward_flop_per_s * attention, compute_keys=(*burst.compute_keys, *keys),
    )  # fmt: skip
    if memory is None:
        return slow
    return replace(slow, memory_bytes_per_s=burst.memory_bytes_per_s * memory, memory_keys=(*burst.memory_keys, *keys))
