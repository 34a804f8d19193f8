"""The noun System: what performance sees of a rack design or of a data sheet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..errors import BadInput, Fault
from ..figures import Figure
from .store import Catalog, Item, load_catalog

PRECISIONS = ("tf32", "bf16", "fp8", "fp4")  # of models; the fastest of them is a system's best
RATES = (*PRECISIONS, "int8")  # of matrix products that data sheets give


@dataclass(frozen=True)
class Tier:
    """One level of links, innermost first.

    `size` accelerators are joined by it; `link_bytes_per_s` is per accelerator and direction; `latency_s` per message.
    """

    name: str
    size: int
    link_bytes_per_s: Figure
    latency_s: Figure
    in_network_reduction: bool = False


@dataclass(frozen=True)
class System:
    """Accelerators, their memory and the tiers of links between them. Rates are dense and per accelerator."""

    name: str
    accelerator: str
    accelerators: int  # in one unit: rack or node
    flop_per_s: Mapping[str, Figure]  # by precision, dense, data sheet
    memory_bytes: Figure
    memory_bytes_per_s: Figure
    tiers: tuple[Tier, ...]
    compute_efficiency: Mapping[str, Figure]  # best large-GEMM rate over data sheet, by precision
    memory_efficiency: Figure
    power_w: Figure | None = None  # one unit under full load
    announced: bool = False
    notes: tuple[str, ...] = field(default=())
    units: Figure | None = None  # that run tiles of a kernel side by side (SMs, CUs), where published
    clock_hz: Figure | None = None  # boost clock, where published
    cap_w: Figure | None = None  # at most so much power for each accelerator, where a cap is set
    unit_cap_w: Figure | None = None  # at most so much for the whole unit, where a cap is set

    def tier_for(self, ranks: int) -> Tier:
        """The innermost tier that joins that many accelerators; the outermost for more."""
        return next((tier for tier in self.tiers if tier.size >= ranks), self.tiers[-1])

    def best_precision(self, allowed: tuple[str, ...] = PRECISIONS) -> str:
        """The fastest of the allowed precisions that the accelerator has."""
        have = [name for name in PRECISIONS if name in self.flop_per_s and name in allowed]
        return max(have, key=lambda name: self.flop_per_s[name].value)


def accelerator_rates(catalog: Catalog, accelerator: Item) -> tuple[dict[str, Figure], dict[str, Figure]]:
    """Dense peak rates and best-shape efficiencies of an accelerator, by precision; a sparse rate counts as none.

    The efficiency is the accelerator's own measured one where the catalogue has it, else the assumption for its class;
    that of int8 is taken as that of bf16.
    """
    peaks = {name: figure for name in RATES if (figure := accelerator.get(f"{name}_flop_per_s")) and not figure.basis.startswith("sparse")}
    return peaks, {name: _efficiency(catalog, accelerator, name) for name in peaks}


def _efficiency(catalog: Catalog, accelerator: Item, precision: str) -> Figure:
    own = accelerator.get(f"{precision}_efficiency_share")
    if own is None and precision == "int8":
        return _efficiency(catalog, accelerator, "bf16")
    return own or catalog.figure("performance-assumptions", f"{precision}_efficiency_share")


def make_system(
    name: str, *, accelerator: str, accelerators: int, scale_up_size: int, scale_out_link: Figure, catalog: Catalog, power_w: Figure | None = None, announced: bool = False
) -> System:
    """A System from an accelerator in the catalogue, its scale-up domain and its scale-out link.

    Raises Unknown for a figure that the catalogue lacks, BadInput for a link that is not per direction.
    """
    item = catalog.item(accelerator, "accelerator")
    peaks, efficiency = accelerator_rates(catalog, item)
    assumed = catalog.item("performance-assumptions")
    scale_up_link = item.figure("scale_up_link_bytes_per_s")
    for link in (scale_up_link, scale_out_link):
        if link.basis.startswith("both"):
            raise BadInput(Fault(f"{name}: {link.key} is given for both directions", mend="Add the figure per direction, with its source, to a folder named under 'catalog:'."))
    up = Tier("scale-up", scale_up_size, scale_up_link, assumed.figure("scale_up_latency_s"), in_network_reduction=bool(item.text.get("in_network_reduction")))
    out = Tier("scale-out", 1_000_000, scale_out_link, assumed.figure("scale_out_latency_s"))
    return System(
        name, accelerator, accelerators, peaks, item.figure("memory_bytes"), item.figure("memory_bytes_per_s"), (up, out), efficiency,
        item.get("memory_efficiency_share") or assumed.figure("memory_efficiency_share"), power_w, announced or item.announced,
        units=item.get("compute_units_count"), clock_hz=item.get("clock_hz"),
    )  # fmt: skip


def system(name: str, *, catalog: Catalog | None = None) -> System:
    """A System from a data sheet in the catalogue (items of kind 'system'). Raises Unknown with the nearest name."""
    catalog = catalog or load_catalog()
    item = catalog.item(name, "system")
    return make_system(
        name, accelerator=item.say("accelerator"), accelerators=int(item.figure("accelerators_count").value), scale_up_size=int(item.figure("scale_up_domain_count").value),
        scale_out_link=item.figure("scale_out_link_bytes_per_s"), catalog=catalog, power_w=item.get("rack_power_w"), announced=item.announced,
    )  # fmt: skip
