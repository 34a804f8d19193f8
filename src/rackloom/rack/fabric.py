"""Nouns of a network: devices in tiers, cables between their ports, and the figures of it.

A fabric holds bundles, not cables: a bundle is `count` cables between the same two devices, on neighbouring ports of each. So a
tree of 65,536 hosts stays a few arrays. `cables` lists every cable end to end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ..draws import Number
from ..errors import BadInput, Fault, Unknown

HOST = "host"  # the tier that hosts stand in


class Port(NamedTuple):
    """A port of a device, counted from 1."""

    device: str
    number: int


class Cable(NamedTuple):
    """One cable, from the lower device to the upper one."""

    tier: str
    near: Port
    far: Port
    bytes_per_s: float


@dataclass(frozen=True)
class LinkTier:
    """Cables of one kind: which tiers they join, and what one carries each way. Between devices of one tier both words are the same."""

    name: str
    lower: str
    upper: str
    bytes_per_s: float
    lanes_count: int = 1  # lanes of one cable, each way


@dataclass(frozen=True)
class Bundles:
    """All bundles as columns; devices are numbered hosts first, then switches tier by tier."""

    tier: np.ndarray  # which LinkTier
    near: np.ndarray
    far: np.ndarray
    near_port: np.ndarray  # the first of its ports
    far_port: np.ndarray
    count: np.ndarray


@dataclass(frozen=True, eq=False)
class Fabric:
    """A network whole. Hosts stand in order of place; `rail` is that of each device, -1 where it has none or joins several."""

    kind: str
    hosts: tuple[str, ...]
    switches: Mapping[str, tuple[str, ...]]  # by tier, from the hosts up
    radix: Mapping[str, int]  # ports of a switch, by tier
    tiers: tuple[LinkTier, ...]
    bundles: Bundles
    rail: np.ndarray
    hosts_forward: bool = False  # hosts pass on what is not for them: a torus, cards behind a scale-up switch

    @cached_property
    def devices(self) -> tuple[str, ...]:
        """All names in the order of the numbers."""
        return self.hosts + tuple(name for names in self.switches.values() for name in names)

    @cached_property
    def number_of(self) -> Mapping[str, int]:
        """The number of each device."""
        return {name: index for index, name in enumerate(self.devices)}

    @cached_property
    def level(self) -> np.ndarray:
        """Tier of each device: 0 for hosts, then 1, 2 and so on."""
        sizes = [len(self.hosts), *(len(names) for names in self.switches.values())]
        return np.repeat(np.arange(len(sizes)), sizes)

    @cached_property
    def ports_used(self) -> np.ndarray:
        """Ports in use on each device."""
        held, size = self.bundles, len(self.devices)
        near = np.bincount(held.near, held.count, size)
        return np.asarray(near + np.bincount(held.far, held.count, size), dtype=np.int64)

    @cached_property
    def bundle_bytes_per_s(self) -> np.ndarray:
        """What each bundle carries each way."""
        rates = np.array([tier.bytes_per_s for tier in self.tiers], dtype=float)
        return np.asarray(rates[self.bundles.tier] * self.bundles.count)


@dataclass(frozen=True)
class Gear:
    """What a fabric draws power with: a switch, and the optic at each end of an optical cable. `optical` names the tiers of cables that have them; None: all."""

    switch_w: Number
    optic_w: Number
    optical: tuple[str, ...] | None = None


@dataclass(frozen=True)
class FabricFigures:
    """Figures of one fabric, or of many where they are arrays; None where there is no closed form and nothing was computed.

    `oversubscription` is the bandwidth into the fullest switch of a tier from below over that out of it, above 1 where it is short.
    """

    hosts_count: Number
    switches_count: Number
    switches_by_tier: Mapping[str, Number]
    links_by_tier: Mapping[str, Number]
    oversubscription_by_tier: Mapping[str, Number]
    bisection_links: Number | None
    bisection_bytes_per_s: Number | None
    diameter_hops: Number | None
    mean_hops: Number | None
    optics_count: Number | None = None
    switch_power_w: Number | None = None
    optics_power_w: Number | None = None
    power_per_host_w: Number | None = None


class Strand(NamedTuple):
    """Bundles of one tier before they have ports: numbers of devices, and cables in each."""

    tier: int
    near: np.ndarray
    far: np.ndarray
    each: np.ndarray | int


def weave(
    kind: str, hosts: Sequence[str], switches: Mapping[str, Sequence[str]], radix: Mapping[str, int], tiers: Sequence[LinkTier], strands: Iterable[Strand],
    *, rail: np.ndarray | None = None, hosts_forward: bool = False,
) -> Fabric:  # fmt: skip
    """A fabric with its ports numbered: on each device in the order in which bundles are named, so hosts have a leaf's first ports.

    Raises BadInput where a switch has fewer ports than cables: with it no builder can hand out a fabric that cannot be cabled.
    """
    held = [strand for strand in strands if len(strand.near)]
    tier, near, far, count = (
        np.concatenate([np.broadcast_to(np.asarray(part), strand.near.shape) for strand, part in pairs]).astype(np.int64) if held else np.zeros(0, dtype=np.int64)
        for pairs in ([(strand, strand[column]) for strand in held] for column in range(4))
    )
    if np.any(count < 1):
        raise BadInput(Fault("a bundle without a cable"))
    near_port, far_port = _ports(near, far, count)
    bundles = Bundles(tier, near, far, near_port, far_port, count)
    named = {name: tuple(names) for name, names in switches.items()}
    size = len(hosts) + sum(len(names) for names in named.values())
    rails = np.full(size, -1) if rail is None else rail
    fabric = Fabric(kind, tuple(hosts), named, dict(radix), tuple(tiers), bundles, rails, hosts_forward)
    _within_radix(fabric)
    return fabric


def _ports(near: np.ndarray, far: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First port of each bundle at both ends."""
    ends = np.stack([near, far], axis=1).reshape(-1)
    sizes = np.repeat(count, 2)
    order = np.argsort(ends, kind="stable")
    before = np.cumsum(sizes[order]) - sizes[order]
    starts = np.flatnonzero(np.diff(ends[order], prepend=-1))
    first = np.empty(len(ends), dtype=np.int64)
    first[order] = before - np.repeat(before[starts], np.diff(np.append(starts, len(ends)))) + 1
    return first[0::2], first[1::2]


def _within_radix(fabric: Fabric) -> None:
    """Refuse a fabric one of whose switches has more cables than ports."""
    limits = np.array([np.iinfo(np.int64).max, *(fabric.radix[name] for name in fabric.switches)])[fabric.level]
    over = np.flatnonzero(fabric.ports_used > limits)
    if len(over):
        name, used = fabric.devices[over[0]], int(fabric.ports_used[over[0]])
        raise BadInput(Fault(f"{name} has {used} cables and {int(limits[over[0]])} ports", mend="Take switches with more ports, or fewer cables to each."))


def cables(fabric: Fabric, tier: str | None = None) -> Iterator[Cable]:
    """Every cable end to end, or those of one tier. Raises Unknown for a tier that the fabric does not have."""
    names = [link.name for link in fabric.tiers]
    if tier is not None and tier not in names:
        raise Unknown("tier of cables", tier, names, mend=f"Tiers of this fabric: {', '.join(names)}.")
    held = fabric.bundles
    for index in range(len(held.count)) if tier is None else np.flatnonzero(held.tier == names.index(tier)):
        link = fabric.tiers[held.tier[index]]
        near, far = fabric.devices[held.near[index]], fabric.devices[held.far[index]]
        near_port, far_port = int(held.near_port[index]), int(held.far_port[index])
        for step in range(int(held.count[index])):
            yield Cable(link.name, Port(near, near_port + step), Port(far, far_port + step), link.bytes_per_s)


def differential_pairs(fabric: Fabric) -> int:
    """Copper pairs of all cables: a lane has one pair each way."""
    lanes = np.array([2 * tier.lanes_count for tier in fabric.tiers], dtype=np.int64)
    return int((lanes[fabric.bundles.tier] * fabric.bundles.count).sum())


def powered(figures: FabricFigures, gear: Gear | None) -> FabricFigures:
    """The same figures with optics and power of some gear; one figure or arrays. Raises Unknown for an optical tier that is not there."""
    if gear is None:
        return figures
    for name in gear.optical or ():
        if name not in figures.links_by_tier:
            raise Unknown("tier of cables", name, list(figures.links_by_tier), mend=f"Tiers: {', '.join(figures.links_by_tier)}.")
    lit = [links for name, links in figures.links_by_tier.items() if gear.optical is None or name in gear.optical]
    optics = 2 * sum(lit) if lit else figures.hosts_count * 0
    switch_w, optics_w = figures.switches_count * gear.switch_w, optics * gear.optic_w
    return FabricFigures(**{
        **vars(figures), "optics_count": optics, "switch_power_w": switch_w, "optics_power_w": optics_w, "power_per_host_w": (switch_w + optics_w) / figures.hosts_count,
    })  # fmt: skip
