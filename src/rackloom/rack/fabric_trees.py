"""Builders of trees: fat trees, and rails over nodes. Sizes come from `fabric_sizes`, whose rules they follow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import BadInput, Fault
from .fabric import HOST, Fabric, LinkTier, Strand, weave
from .fabric_sizes import TreeSize, size_tree

_TIERS = ("leaf", "spine", "core")


@dataclass(frozen=True)
class _Plane:
    """One tree: numbers of its devices, and its strands."""

    names: dict[str, list[str]]
    strands: list[tuple[str, str, np.ndarray, np.ndarray, int]]  # tiers below and above, index in each tier, cables
    leaf_rail: np.ndarray


def fat_tree(
    levels: int, radix: int, hosts: int, *, oversubscription: float = 1.0, core_oversubscription: float = 1.0, planes: int = 1, bytes_per_s: float = 50e9,
) -> Fabric:  # fmt: skip
    """A folded Clos of switches of one kind, as large as its hosts need (rules: `fabric_sizes`).

    Parameters
    ----------
    levels : int
        the most levels of switches, 1 to 3; fewer are built where they hold the hosts
    radix : int
        ports of a switch, each of `bytes_per_s` each way
    hosts : int
        ports into one plane
    oversubscription, core_oversubscription : float
        bandwidth into a leaf, and into a spine, over that out of it, at most; 1 or more
    planes : int
        separate trees; a host has a port in each of them

    Raises BadInput where the hosts do not fit, with what would.
    """
    _sound(levels=levels, radix=radix, hosts=hosts, planes=planes)
    size = _sized(hosts, radix, levels, oversubscription, core_oversubscription, 1, "hosts")
    place = np.arange(hosts)
    leaf_of = np.repeat(np.arange(int(size.leaves)), _even(hosts, int(size.leaves)))
    names = [f"host{index + 1}" for index in place]
    return _built("fat tree", names, leaf_of, size, radix, planes, bytes_per_s, rails=1)


def rail_optimised(
    nodes: int, rails: int, radix: int, *, levels: int = 2, oversubscription: float = 1.0, core_oversubscription: float = 1.0, planes: int = 1,
    bytes_per_s: float = 50e9, scale_up_bytes_per_s: float | None = None,
) -> Fabric:  # fmt: skip
    """A tree in which card r of each node goes to the leaf of rail r in its group, so that a rail's traffic in a group passes one switch.

    Cards are the hosts, node by node. With `scale_up_bytes_per_s` each node has a scale-up switch that joins its rails (one cable
    a card of that rate), and cards pass on what is for another rail. `levels=1` leaves out the spines: rails then meet in nodes only.
    A host is a card: 72 accelerators in 18 trays of 4 cards are nodes=18, rails=4. Planes are separate; a card has a port in each.
    """
    _sound(nodes=nodes, rails=rails, levels=levels, radix=radix, planes=planes)
    size = _sized(nodes * rails, radix, levels, oversubscription, core_oversubscription, rails, "cards")
    group_of = np.repeat(np.arange(int(size.leaves) // rails), _even(nodes, int(size.leaves) // rails))
    leaf_of = (group_of[:, None] * rails + np.arange(rails)).reshape(-1)
    names = [f"node{node + 1}.card{card + 1}" for node in range(nodes) for card in range(rails)]
    return _built("rail-optimised", names, leaf_of, size, radix, planes, bytes_per_s, rails=rails, scale_up=scale_up_bytes_per_s)


def _sound(**counts: int) -> None:
    """Refuse counts below 1 all at once, and levels that are not known."""
    faults = [Fault(f"{name}={count}: it is 1 or more") for name, count in counts.items() if count < 1]
    if counts["levels"] > 3:
        faults.append(Fault(f"levels={counts['levels']}: a tree has 1 to 3 levels", mend="Take switches with more ports."))
    if faults:
        raise BadInput(faults)


def _sized(hosts: int, radix: int, levels: int, ratio: float, core_ratio: float, rails: int, word: str) -> TreeSize:
    """The tree's sizes, or what would fit."""
    if ratio < 1.0 or core_ratio < 1.0:
        raise BadInput(Fault(f"oversubscription={min(ratio, core_ratio):g}: it is 1 or more", mend="A tree without it is 1."))
    size = size_tree(hosts, radix, ratio, levels=levels, core_oversubscription=core_ratio, rails=rails)
    if size.fits:
        return size
    most = int(size.holds)
    more = "switches with more ports" + (f", {levels + 1} levels" if levels < 3 else "") + ", planes, or more oversubscription"
    held = f"it holds {most} at most" if most else "a switch keeps no port for both ways"
    raise BadInput(Fault(f"{hosts} {word} do not fit a tree of {levels} level{'s' * (levels > 1)} of switches with {radix} ports: {held}", mend=f"Take {more}."))


def _even(things: int, places: int) -> np.ndarray:
    """Things over places, one more on the first ones."""
    return np.asarray(things // places + (np.arange(places) < things % places), dtype=np.int64)


def _grow(size: TreeSize, rails: int) -> _Plane:
    """A tree above its hosts."""
    leaves, pods, spines, cores = (int(value) for value in (size.leaves, size.pods, size.spines_per_pod, size.cores_per_group))
    pod_of = np.repeat(np.arange(pods), _even(leaves, pods))
    leaf_names = [f"leaf{leaf + 1}" if rails == 1 else f"leaf{leaf // rails + 1}.rail{leaf % rails + 1}" for leaf in range(leaves)]
    spine_names = [f"spine{pod + 1}.{spine + 1}" if pods > 1 else f"spine{spine + 1}" for pod in range(pods) for spine in range(spines)]
    core_names = [f"core{group + 1}.{core + 1}" for group in range(spines) for core in range(cores)]
    names = {"leaf": leaf_names, "spine": spine_names, "core": core_names}
    near, far = _all_pairs(np.arange(leaves), pod_of, spines)
    strands = [("leaf", "spine", near, far, int(size.leaf_spine))] if spines else []
    if cores:
        near, far = _all_pairs(np.arange(pods * spines), np.tile(np.arange(spines), pods), cores)
        strands.append(("spine", "core", near, far, int(size.spine_core)))
    return _Plane({tier: held for tier, held in names.items() if held}, strands, np.arange(leaves) % rails if rails > 1 else np.full(leaves, -1))


def _all_pairs(below: np.ndarray, group: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Each device below with every one of the `width` devices above of its group."""
    return np.repeat(below, width), (group[:, None] * width + np.arange(width)).reshape(-1)


def _built(kind: str, hosts: list[str], leaf_of: np.ndarray, size: TreeSize, radix: int, planes: int, rate: float, *, rails: int, scale_up: float | None = None) -> Fabric:
    """Planes side by side, each a copy of one tree, with the nodes' own switches before them."""
    plane = _grow(size, rails)
    switches, radixes, links, strands = {}, {}, [], []
    count = len(hosts)
    place = np.arange(count)
    if scale_up is not None:
        switches["node"], radixes["node"] = [f"node{node + 1}.scale-up" for node in range(count // rails)], rails
        links.append(LinkTier("scale-up", HOST, "node", scale_up))
    for tier in _TIERS:
        if tier in plane.names:
            switches[tier] = [name if planes == 1 else f"plane{index + 1}.{name}" for index in range(planes) for name in plane.names[tier]]
            radixes[tier] = radix
    start = dict(zip(switches, np.cumsum([count, *(len(names) for names in switches.values())])[:-1].tolist(), strict=True))
    if scale_up is not None:
        strands.append(Strand(0, place, start["node"] + place // rails, 1))
    links.append(LinkTier(HOST, HOST, "leaf", rate))
    strands += [Strand(len(links) - 1, place, start["leaf"] + index * len(plane.names["leaf"]) + leaf_of, 1) for index in range(planes)]
    for lower, upper, near, far, each in plane.strands:
        links.append(LinkTier(f"{lower}-{upper}", lower, upper, rate))
        wide, tall = len(plane.names[lower]), len(plane.names[upper])
        strands += [Strand(len(links) - 1, start[lower] + index * wide + near, start[upper] + index * tall + far, each) for index in range(planes)]
    rail = np.full(count + sum(len(names) for names in switches.values()), -1)
    if rails > 1:
        rail[:count] = place % rails
        rail[start["leaf"] : start["leaf"] + planes * len(plane.leaf_rail)] = np.tile(plane.leaf_rail, planes)
    return weave(kind, hosts, switches, radixes, links, strands, rail=rail, hosts_forward=scale_up is not None)
