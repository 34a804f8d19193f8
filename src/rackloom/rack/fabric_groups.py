"""Builders of networks that are no trees: dragonflies, tori, and the single stage of a scale-up domain.

Dragonfly: J. Kim, W. Dally, S. Scott, D. Abts 2008, "Technology-Driven, Highly-Scalable Dragonfly Topology", ISCA. Dragonfly+:
A. Shpiner et al. 2017, "Dragonfly+: Low Cost Topology for Scaling Datacenters", HiPINEB.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product

import numpy as np

from ..errors import BadInput, Fault
from .fabric import HOST, Fabric, LinkTier, Strand, weave


def dragonfly(
    hosts_per_router: int, routers_per_group: int, global_per_router: int, *, groups: int | None = None, bytes_per_s: float = 50e9, global_bytes_per_s: float | None = None,
) -> Fabric:  # fmt: skip
    """Groups of routers joined each with each, and groups joined each with each: p hosts, a - 1 local and h global cables a router.

    Without `groups` there are as many as can be, a h + 1. With fewer, every pair of groups has floor(a h / (groups - 1)) cables,
    and the ports that are left over stay empty. A group's global cables go round its routers in turn.
    """
    p, a, h = hosts_per_router, routers_per_group, global_per_router
    count = a * h + 1 if groups is None else groups
    each = _pair_cables(count, a * h, hosts_per_router=p, routers_per_group=a, global_per_router=h, groups=count)
    hosts = [f"host{group + 1}.{router + 1}.{host + 1}" for group, router, host in product(range(count), range(a), range(p))]
    routers = [f"router{group + 1}.{router + 1}" for group, router in product(range(count), range(a))]
    one, other = np.triu_indices(a, 1)
    base = len(hosts) + np.arange(count)[:, None] * a
    far_rate = bytes_per_s if global_bytes_per_s is None else global_bytes_per_s
    tiers = (LinkTier(HOST, HOST, "router", bytes_per_s), LinkTier("local", "router", "router", bytes_per_s), LinkTier("global", "router", "router", far_rate))
    place = np.arange(len(hosts))
    strands = [
        Strand(0, place, len(hosts) + place // p, 1),
        Strand(1, (base + one).reshape(-1), (base + other).reshape(-1), 1),
        _globals(2, count, a, each, len(hosts)),
    ]
    return weave("dragonfly", hosts, {"router": routers}, {"router": p + a - 1 + h}, tiers, strands)


def dragonfly_plus(
    groups: int, hosts_per_leaf: int, leaves_per_group: int, spines_per_group: int, global_per_spine: int, *, radix: int | None = None, bytes_per_s: float = 50e9,
    global_bytes_per_s: float | None = None,
) -> Fabric:  # fmt: skip
    """Groups of two levels: leaves with hosts, each leaf to each spine of its group, spines of all groups joined by global cables.

    Every pair of groups has floor(spines x global / (groups - 1)) cables. With k ports halved everywhere a group holds k^2/4 hosts.
    """
    p, a, s, h = hosts_per_leaf, leaves_per_group, spines_per_group, global_per_spine
    each = _pair_cables(groups, s * h, groups=groups, hosts_per_leaf=p, leaves_per_group=a, spines_per_group=s, global_per_spine=h)
    ports = max(p + s, a + h)
    if radix is not None and ports > radix:
        raise BadInput(Fault(f"a leaf has {p + s} cables, a spine {a + h}, and a switch {radix} ports", mend="Take switches with more ports, or fewer hosts, leaves or spines."))
    hosts = [f"host{group + 1}.{leaf + 1}.{host + 1}" for group, leaf, host in product(range(groups), range(a), range(p))]
    leaves = [f"leaf{group + 1}.{leaf + 1}" for group, leaf in product(range(groups), range(a))]
    spines = [f"spine{group + 1}.{spine + 1}" for group, spine in product(range(groups), range(s))]
    first_spine = len(hosts) + len(leaves)
    place, leaf = np.arange(len(hosts)), np.arange(len(leaves))
    far_rate = bytes_per_s if global_bytes_per_s is None else global_bytes_per_s
    tiers = (LinkTier(HOST, HOST, "leaf", bytes_per_s), LinkTier("leaf-spine", "leaf", "spine", bytes_per_s), LinkTier("global", "spine", "spine", far_rate))
    strands = [
        Strand(0, place, len(hosts) + place // p, 1),
        Strand(1, np.repeat(len(hosts) + leaf, s), (first_spine + (leaf // a)[:, None] * s + np.arange(s)).reshape(-1), 1),
        _globals(2, groups, s, each, first_spine),
    ]
    return weave("dragonfly+", hosts, {"leaf": leaves, "spine": spines}, {"leaf": radix or ports, "spine": radix or ports}, tiers, strands)


def _pair_cables(all_groups: int, ports: int, **counts: int) -> int:
    """Cables between two groups; refuses counts below 1 and more groups than a group has global ports for."""
    if faults := [Fault(f"{name}={count}: it is 1 or more") for name, count in counts.items() if count < 1]:
        raise BadInput(faults)
    if all_groups > ports + 1:
        raise BadInput(Fault(f"{all_groups} groups, and a group has {ports} global ports", mend=f"Take at most {ports + 1} groups, or more global ports."))
    return ports // (all_groups - 1) if all_groups > 1 else 0


def _globals(tier: int, groups: int, switches: int, each: int, start: int) -> Strand:
    """Global cables: a group's c-th leaves from its switch c mod switches; cables of the same two switches are one bundle."""
    one, other = (np.repeat(index, each) for index in np.triu_indices(groups, 1))
    copy = np.tile(np.arange(each), groups * (groups - 1) // 2)
    near, far = (
        start + group * switches + (((peer - group) % groups - 1) * each + copy) % switches  # a group counts its channels from the next group on
        for group, peer in ((one, other), (other, one))
    )
    pairs, count = np.unique(np.stack([near, far], axis=1).reshape(-1, 2), axis=0, return_counts=True)
    return Strand(tier, pairs[:, 0], pairs[:, 1], count)


def torus(dims: Sequence[int], *, bytes_per_s: float = 50e9) -> Fabric:
    """Hosts in a grid of any dimensions whose rows close to rings. A side of 2 has one cable between its two, a side of 1 none.

    Hosts stand with the longest side as the slowest index, so that the middle of their order cuts that side.
    """
    sides = [int(side) for side in dims]
    if not sides or min(sides) < 1:
        raise BadInput(Fault(f"dims={tuple(sides)}: a torus has one side or more, each 1 or more", mend="Write 4, 4, 4 for a cube of 64."))
    order = sorted(range(len(sides)), key=lambda axis: -sides[axis])
    grid = np.arange(math.prod(sides)).reshape([sides[axis] for axis in order])
    axis_of = [order.index(axis) for axis in range(len(sides))]
    places = np.array(np.unravel_index(np.arange(grid.size), grid.shape)).T[:, axis_of]
    tiers: list[LinkTier] = []
    strands: list[Strand] = []
    for axis, side in enumerate(sides):
        if side == 1:
            continue
        ahead = np.roll(grid, -1, axis=axis_of[axis])
        cut = grid if side > 2 else np.take(grid, [0], axis=axis_of[axis])
        strands.append(Strand(len(tiers), cut.reshape(-1), (ahead if side > 2 else np.take(ahead, [0], axis=axis_of[axis])).reshape(-1), 1))
        tiers.append(LinkTier(f"axis {axis + 1}", HOST, HOST, bytes_per_s))
    hosts = [f"node{'.'.join(str(index + 1) for index in place)}" for place in places.tolist()]
    return weave("torus", hosts, {}, {}, tiers, strands, hosts_forward=True)


def cartridge(
    accelerators: int, links_per_accelerator: int, switches: int, ports_per_switch: int, lanes_per_link: int, *, switches_per_tray: int = 1, bytes_per_s: float = 50e9,
) -> Fabric:  # fmt: skip
    """A scale-up domain of one stage: every accelerator's links spread evenly over all switch chips, as through the cable cartridges of an NVL72.

    Its differential pairs are accelerators x links x lanes x 2 (`differential_pairs`). Raises BadInput where links do not spread
    evenly: a chip that some accelerators miss cannot carry their traffic in one stage.
    """
    named = {
        "accelerators": accelerators,
        "links_per_accelerator": links_per_accelerator,
        "switches": switches,
        "lanes_per_link": lanes_per_link,
        "switches_per_tray": switches_per_tray,
    }
    faults = [Fault(f"{name}={count}: it is 1 or more") for name, count in named.items() if count < 1]
    if not faults and links_per_accelerator % switches:
        near = [count for count in range(1, links_per_accelerator + 1) if links_per_accelerator % count == 0]
        faults.append(
            Fault(f"{links_per_accelerator} links do not spread evenly over {switches} switches", mend=f"Take a number of switches that divides them: {', '.join(map(str, near))}.")
        )
    elif not faults and accelerators * links_per_accelerator // switches > ports_per_switch:
        needed = accelerators * links_per_accelerator // switches
        faults.append(Fault(f"a switch has {needed} cables and {ports_per_switch} ports", mend="Take more switches, or fewer accelerators in the domain."))
    if not faults and switches % switches_per_tray:
        faults.append(Fault(f"{switches} switches do not fill trays of {switches_per_tray}"))
    if faults:
        raise BadInput(faults)
    hosts = [f"accelerator{index + 1}" for index in range(accelerators)]
    chips = [f"tray{index // switches_per_tray + 1}.switch{index % switches_per_tray + 1}" for index in range(switches)]
    host, chip = np.repeat(np.arange(accelerators), switches), np.tile(accelerators + np.arange(switches), accelerators)
    tier = LinkTier(HOST, HOST, "switch", bytes_per_s, lanes_per_link)
    return weave("cartridge", hosts, {"switch": chips}, {"switch": ports_per_switch}, [tier], [Strand(0, host, chip, links_per_accelerator // switches)])
