"""Figures of many networks at once, in closed form: numbers or arrays in, `FabricFigures` of arrays out, nothing built.

They equal what is counted on the built fabric (tests). Where a design does not fit its ports every figure is NaN, so that no search
takes it for a cheap one. Exceptions, each said where it stands: the bisection of a tree is half of its narrowest tier, that
of groups holds for an even number of them, and dragonflies have no closed form of the mean distance here.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..draws import Number
from ..errors import BadInput, Fault
from .fabric import HOST, FabricFigures, Gear, powered
from .fabric_sizes import TreeSize, size_tree


def count_fat_tree(
    hosts: Number, radix: Number, *, levels: int = 3, oversubscription: Number = 1.0, core_oversubscription: Number = 1.0, planes: Number = 1, bytes_per_s: Number = 50e9,
    gear: Gear | None = None,
) -> FabricFigures:  # fmt: skip
    """Figures of `fat_tree`, element by element; arguments broadcast.

    The bisection is half of the narrowest tier: hosts (rounded down to pairs), leaf uplinks or spine uplinks. The built tree
    carries that between halves by place where leaves and pods divide evenly, and always where nothing is oversubscribed.
    """
    return _count(hosts, radix, levels, oversubscription, core_oversubscription, planes, bytes_per_s, gear, rails=1)


def count_rail_optimised(
    nodes: Number, rails: Number, radix: Number, *, levels: int = 2, oversubscription: Number = 1.0, core_oversubscription: Number = 1.0, planes: Number = 1,
    bytes_per_s: Number = 50e9, gear: Gear | None = None,
) -> FabricFigures:  # fmt: skip
    """Figures of `rail_optimised` without the nodes' own switches, element by element; `levels=1` leaves rails apart, at infinite hops."""
    return _count(np.asarray(nodes) * np.asarray(rails), radix, levels, oversubscription, core_oversubscription, planes, bytes_per_s, gear, rails=rails)


def _count(
    hosts: Number, radix: Number, levels: int, ratio: Number, core_ratio: Number, planes: Number, rate: Number, gear: Gear | None, *, rails: Number
) -> FabricFigures:  # fmt: skip
    if levels not in (1, 2, 3):
        raise BadInput(Fault(f"levels={levels}: a tree has 1 to 3 levels"))
    size = size_tree(hosts, radix, ratio, levels=levels, core_oversubscription=core_ratio, rails=rails)
    wide = np.where(np.asarray(planes) >= 1, planes, np.nan)
    host = np.where(size.fits, hosts, np.nan)
    spines, cores = size.pods * size.spines_per_pod, size.spines_per_pod * size.cores_per_group
    up, core_up = size.leaves * size.spines_per_pod * size.leaf_spine, spines * size.cores_per_group * size.spine_core
    narrow = np.minimum(2.0 * (host // 2.0), np.where(up > 0, up, np.inf))
    narrow = wide * np.minimum(narrow, np.where(core_up > 0, core_up, np.inf)) / 2.0
    into, out = size.hosts_per_leaf, size.spines_per_pod * size.leaf_spine
    spine_in, spine_out = size.leaves_per_pod * size.leaf_spine, size.cores_per_group * size.spine_core
    longest, mean = _tree_hops(host, size)
    real = np.where(size.fits, wide, np.nan)
    return powered(FabricFigures(
        hosts_count=_plain(host * wide / wide),
        switches_count=_plain(real * (size.leaves + spines + cores)),
        switches_by_tier={"leaf": _plain(real * size.leaves), "spine": _plain(real * spines), "core": _plain(real * cores)},
        links_by_tier={HOST: _plain(wide * host), "leaf-spine": _plain(real * up), "spine-core": _plain(real * core_up)},
        oversubscription_by_tier={"leaf": _over(into, out, size.fits), "spine": _over(spine_in, spine_out, size.fits)},
        bisection_links=_plain(narrow), bisection_bytes_per_s=_plain(narrow * rate), diameter_hops=_plain(longest), mean_hops=_plain(mean),
    ), gear)  # fmt: skip


def _over(into: np.ndarray, out: np.ndarray, fits: np.ndarray) -> Number:
    """A tier's ratio; NaN where it has nothing above it."""
    return _plain(np.where(fits & (out > 0), into / np.maximum(out, 1), np.nan))


def _plain(value: Any) -> Number:
    array = np.asarray(value, dtype=float)
    return array if array.ndim else float(array)


def _tree_hops(hosts: np.ndarray, size: TreeSize) -> tuple[np.ndarray, np.ndarray]:
    """Most and mean cables between two hosts: 2 on one leaf, 4 in one pod, 6 elsewhere."""
    each, extra = np.divmod(hosts, size.leaves)
    wide, extra_pods = np.divmod(size.leaves, size.pods)
    same_leaf = extra * (each + 1.0) ** 2 + (size.leaves - extra) * each**2
    same_pod = _squares(extra, each, wide + 1, extra_pods, np.zeros_like(wide)) + _squares(extra, each, wide, size.pods - extra_pods, extra_pods * (wide + 1))
    apart = (size.leaves > 1) & (size.spines_per_pod == 0)  # rails without spines
    pairs = np.where(hosts > 1.0, hosts * (hosts - 1.0), np.nan)
    mean = np.where(hosts > 1.0, (2.0 * (same_leaf - hosts) + 4.0 * (same_pod - same_leaf) + 6.0 * (hosts**2 - same_pod)) / pairs, np.where(hosts == 1.0, 0.0, np.nan))
    longest = np.where(size.pods > 1, 6.0, np.where(size.leaves > 1, 4.0, np.where(hosts > 1.0, 2.0, 0.0)))
    return np.where(np.isnan(hosts), np.nan, np.where(apart, np.inf, longest)), np.where(apart, np.inf, mean)


def _squares(extra: np.ndarray, each: np.ndarray, wide: np.ndarray, pods: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Sum over like pods of their hosts squared; the first `extra` leaves of the tree have a host more than the others."""
    full = np.clip((extra - start) // np.maximum(wide, 1), 0, pods)
    rest = np.where(full < pods, np.clip(extra - start - full * wide, 0, wide), 0)
    middle = np.where(full < pods, (each * wide + rest) ** 2, 0.0)
    return np.asarray(full * ((each + 1.0) * wide) ** 2 + middle + np.maximum(pods - full - 1, 0) * (each * wide) ** 2)


def count_dragonfly(
    hosts_per_router: Number, routers_per_group: Number, global_per_router: Number, *, groups: Number | None = None, bytes_per_s: Number = 50e9, gear: Gear | None = None,
) -> FabricFigures:  # fmt: skip
    """Figures of `dragonfly`. The bisection is that of whole groups, so for an even number of them, and not above half of the hosts; no mean distance."""
    p, a, h = (np.asarray(value, dtype=float) for value in (hosts_per_router, routers_per_group, global_per_router))
    g = a * h + 1.0 if groups is None else np.asarray(groups, dtype=float)
    fits = (p >= 1) & (a >= 1) & (h >= 1) & (g >= 1) & (g <= a * h + 1.0)
    g = np.where(fits, g, np.nan)
    each = np.where(g > 1, a * h // np.maximum(g - 1.0, 1.0), 0.0)
    hosts, local, far = p * a * g, g * a * (a - 1.0) / 2.0, each * g * (g - 1.0) / 2.0
    longest = np.where(hosts > 1, 2.0 + np.where(g > 1, np.where(a > 1, 3.0, 1.0), np.where(a > 1, 1.0, 0.0)), 0.0 * g)
    return _grouped(hosts, {"router": a * g}, {HOST: hosts, "local": local, "global": far}, "router", g, each, bytes_per_s, longest, gear)


def count_dragonfly_plus(
    groups: Number, hosts_per_leaf: Number, leaves_per_group: Number, spines_per_group: Number, global_per_spine: Number, *, bytes_per_s: Number = 50e9,
    gear: Gear | None = None,
) -> FabricFigures:  # fmt: skip
    """Figures of `dragonfly_plus`; as `count_dragonfly`. Its longest way is not in closed form either."""
    g, p, a, s, h = (np.asarray(value, dtype=float) for value in (groups, hosts_per_leaf, leaves_per_group, spines_per_group, global_per_spine))
    fits = (g >= 1) & (p >= 1) & (a >= 1) & (s >= 1) & (h >= 1) & (g <= s * h + 1.0)
    g = np.where(fits, g, np.nan)
    each = np.where(g > 1, s * h // np.maximum(g - 1.0, 1.0), 0.0)
    hosts = g * a * p
    links = {HOST: hosts, "leaf-spine": g * a * s, "global": each * g * (g - 1.0) / 2.0}
    return _grouped(hosts, {"leaf": g * a, "spine": g * s}, links, "spine", g, each, bytes_per_s, None, gear, {"leaf": p / s + 0.0 * g})


def _grouped(
    hosts: np.ndarray, switches: dict[str, np.ndarray], links: dict[str, np.ndarray], top: str, groups: np.ndarray, each: np.ndarray, rate: Number, longest: np.ndarray | None,
    gear: Gear | None, below: dict[str, np.ndarray] | None = None,
) -> FabricFigures:  # fmt: skip
    """Figures of groups that are joined each with each."""
    cut = np.where(groups % 2 == 0, np.minimum(hosts // 2.0, each * groups**2 / 4.0), np.nan)
    into = links[HOST] if top == "router" else links["leaf-spine"]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(links["global"] > 0, into / (2.0 * links["global"]), np.nan)
    return powered(FabricFigures(
        _plain(hosts), _plain(sum(switches.values())), {name: _plain(value) for name, value in switches.items()}, {name: _plain(value) for name, value in links.items()},
        {name: _plain(value) for name, value in {**(below or {}), top: ratio}.items()}, _plain(cut), _plain(cut * rate), None if longest is None else _plain(longest), None,
    ), gear)  # fmt: skip


def count_torus(dims: Any, *, bytes_per_s: Number = 50e9, gear: Gear | None = None) -> FabricFigures:
    """Figures of `torus`; the last axis of `dims` holds the sides. Bisection across the longest side, where that is even.

    A ring cut in two places gives 2 n / k cables: 2 k^(n-1) for a k-ary n-cube (Dally, Towles 2004, "Principles and Practices of
    Interconnection Networks", chapter 5). A side of 2 has one cable, so half of that.
    """
    side = np.asarray(dims, dtype=float)
    side = np.where((side >= 1).all(axis=-1, keepdims=True), side, np.nan)
    hosts, longest = side.prod(axis=-1), side.max(axis=-1)
    rings = np.where(side > 2, 1.0, np.where(side == 2, 0.5, 0.0 * side))
    cut = np.where(longest % 2 == 0, hosts / longest * np.where(longest > 2, 2.0, 1.0), np.where(longest == 1, 0.0, np.nan))
    mean = np.where(side % 2 == 0, side / 4.0, (side**2 - 1.0) / (4.0 * side)).sum(axis=-1)
    links = {f"axis {axis + 1}": _plain(hosts * rings[..., axis]) for axis in range(side.shape[-1])}
    apart = np.where(hosts > 1, mean * hosts / np.maximum(hosts - 1.0, 1.0), 0.0 * hosts)
    figures = FabricFigures(_plain(hosts), _plain(hosts * 0.0), {}, links, {}, _plain(cut), _plain(cut * bytes_per_s), _plain((side // 2.0).sum(axis=-1)), _plain(apart))
    return powered(figures, gear)


def count_cartridge(
    accelerators: Number, links_per_accelerator: Number, switches: Number, ports_per_switch: Number, *, bytes_per_s: Number = 50e9, gear: Gear | None = None
) -> FabricFigures:  # fmt: skip
    """Figures of `cartridge`: every accelerator on every switch, so half of all its links cross any halving."""
    n, links, chips, ports = (np.asarray(value, dtype=float) for value in np.broadcast_arrays(accelerators, links_per_accelerator, switches, ports_per_switch))
    fits = (n >= 1) & (links >= 1) & (chips >= 1)
    fits &= (links % np.where(fits, chips, 1.0) == 0) & (n * links <= ports * chips)
    n = np.where(fits, n, np.nan)
    cut, far = n // 2.0 * links, np.where(n > 1, 2.0, 0.0 * n)
    figures = FabricFigures(
        _plain(n), _plain(chips + 0.0 * n), {"switch": _plain(chips + 0.0 * n)}, {HOST: _plain(n * links)}, {"switch": _plain(np.nan * n)}, _plain(cut), _plain(cut * bytes_per_s), _plain(far), _plain(far)
    )  # fmt: skip
    return powered(figures, gear)
