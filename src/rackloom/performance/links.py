"""Tiers of links as collectives see them, taken into a ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..catalog import Catalog, Item, System, Tier, load_catalog
from ..draws import Number
from ..errors import BadInput, Fault, nearest
from ..figures import Figure
from ..ledger import Ledger

UP_TOPOLOGIES = ("switch", "mesh", "torus-2d", "torus-3d")
OUT_TOPOLOGIES = ("rail", "fat-tree")


@dataclass(frozen=True)
class Link:
    """One tier of links as collectives see it; each number a float, or an array of central value and draws.

    `topology`: switch (any to any), mesh (a cable to each of the others), torus-2d, torus-3d; between domains rail (a switch
    plane for each place in a domain) or fat-tree. What a collective takes beyond its rate is zero unless given.
    """

    size: int  # accelerators that the tier joins
    bytes_per_s: Number  # usable by rings and trees, for each accelerator and direction
    latency_s: Number  # of one hop of a small message
    reduction_bytes_per_s: Number  # usable where the switch sums; 0 where it does not
    keys: tuple[str, ...]
    start_s: Number = 0.0  # once a collective
    all_to_all_share: Number = 1.0  # rate of an all-to-all over that of a ring
    small_share: Number = 0.5  # rate of the protocol for small messages over that for large ones
    switch_s: Number = 0.0  # what the protocol for large messages takes more than that for small ones
    fill_s: Number = 0.0  # time of one chunk that fills the pipeline
    own_share: Number = 0.0  # time of copying a rank's own part over that of sending it
    peer_s: Number = 0.0  # of issuing one message of an all-to-all
    reduction_latency_s: Number = 0.0
    direct_share: Number = 0.0  # rate of an engine's own all-reduce kernels over that of a ring; 0 where there are none
    direct_start_s: Number = 0.0
    topology: str = "switch"
    oversubscription_ratio: Number = 1.0  # bandwidth into a leaf of the fat tree over that out of it


def make_links(system: System, book: Ledger, *, catalog: Catalog | None = None) -> tuple[Link, ...]:
    """The tiers of a system alone, innermost first.

    The item of the system, or else of its accelerator, may say `scale_up_topology`, `scale_out_topology` and the figure
    `scale_out_oversubscription_ratio`; without them a switch within domains, and rails that nothing oversubscribes.
    Raises BadInput for a topology that is not known.
    """
    known = catalog or load_catalog()
    items = [item for name in (system.name, system.accelerator) if (item := known.items.get(name))]
    return tuple(_link(index, tier, items, known, book) for index, tier in enumerate(system.tiers))


def _link(index: int, tier: Tier, items: Sequence[Item], catalog: Catalog, book: Ledger) -> Link:
    fits = catalog.item("performance-collectives")
    keys: list[str] = []

    def take(figure: Figure) -> Number:
        keys.append(figure.key)
        return book.take(figure)

    peak = take(tier.link_bytes_per_s)
    hop = take(tier.latency_s)
    share = take(catalog.figure("performance-assumptions", "scale_up_efficiency_share" if index == 0 else "scale_out_efficiency_share"))
    link = Link(
        tier.size, peak * share, hop, 0.0, (), start_s=take(fits.figure("start_s")), all_to_all_share=take(fits.figure("all_to_all_share")),
        small_share=take(fits.figure("small_message_share")), switch_s=hop * take(fits.figure("protocol_switch_ratio")), fill_s=hop * take(fits.figure("pipeline_fill_ratio")),
        own_share=take(fits.figure("own_part_share")), peer_s=take(fits.figure("peer_s")),
        topology=_topology(items, "scale_up_topology", UP_TOPOLOGIES) if index == 0 else _topology(items, "scale_out_topology", OUT_TOPOLOGIES),
    )  # fmt: skip
    if index == 0:
        link = replace(link, direct_share=take(fits.figure("direct_share")), direct_start_s=take(fits.figure("direct_start_s")))
    elif ratio := next((found for item in items if (found := item.get("scale_out_oversubscription_ratio"))), None):
        link = replace(link, oversubscription_ratio=take(ratio))
    if tier.in_network_reduction:
        link = replace(
            link, reduction_bytes_per_s=peak * take(fits.figure("in_network_efficiency_share")), reduction_latency_s=take(fits.figure("in_network_latency_s")),
        )  # fmt: skip
    return replace(link, keys=tuple(keys))


def _topology(items: Sequence[Item], name: str, allowed: tuple[str, ...]) -> str:
    """What the first item that says so says; the first of those allowed where none does."""
    said, place = next(((item.say(name), item.place) for item in items if item.say(name)), (allowed[0], ""))
    if said not in allowed:
        close = nearest(said, allowed)
        raise BadInput(Fault(f"{place} {name}: '{said}' is not known" + (f"; nearest: '{close}'" if close else ""), mend=f"Known: {', '.join(allowed)}."))
    return said
