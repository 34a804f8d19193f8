"""Figures of one fabric, counted on what was built."""

from __future__ import annotations

import numpy as np

from .fabric import Fabric, FabricFigures, Gear, powered
from .fabric_cuts import FLOW_BUNDLES, HOPS_CELLS, bisection, hops

_GLOBAL = "global"  # cables between groups: the way out of a tier that has nothing above it


def measure_fabric(fabric: Fabric, gear: Gear | None = None) -> FabricFigures:
    """Everything that is counted, solved and searched on a fabric; with `gear` its optics and power.

    The bisection is `bisection`'s flow, the distances are searched; both are None where the fabric is too large for them.
    """
    held = fabric.bundles
    links = {tier.name: float(held.count[held.tier == index].sum()) for index, tier in enumerate(fabric.tiers)}
    switches = {name: float(len(names)) for name, names in fabric.switches.items()}
    flows = len(held.count) <= FLOW_BUNDLES
    searched = len(fabric.devices) * _places(fabric) <= HOPS_CELLS
    longest, mean = hops(fabric) if searched else (None, None)
    figures = FabricFigures(
        float(len(fabric.hosts)), sum(switches.values(), 0.0), switches, links, oversubscription(fabric), bisection(fabric) if flows else None,
        bisection(fabric, by_bytes=True) if flows else None, longest, mean,
    )  # fmt: skip
    return powered(figures, gear)


def _places(fabric: Fabric) -> int:
    """Searches that distances take, at most."""
    return len(fabric.hosts) if fabric.hosts_forward else min(len(fabric.hosts), len(fabric.devices) - len(fabric.hosts))


def oversubscription(fabric: Fabric) -> dict[str, float]:
    """By tier of switches the bandwidth from below over that to above, of the switch where it is highest; NaN where nothing leads on.

    Where groups are joined by global cables, their tier's ratio is that of all its switches together, since neighbours share them.
    """
    held, rate, size = fabric.bundles, fabric.bundle_bytes_per_s, len(fabric.devices)
    lower, upper = fabric.level[held.near], fabric.level[held.far]
    between = lower != upper
    from_below = np.bincount(held.far[between], rate[between], size)
    to_above = np.bincount(held.near[between], rate[between], size)
    is_global = np.array([tier.name == _GLOBAL for tier in fabric.tiers], dtype=bool)[held.tier]
    across = np.bincount(held.near[is_global], rate[is_global], size) + np.bincount(held.far[is_global], rate[is_global], size)
    out = {}
    for index, name in enumerate(fabric.switches, 1):
        here = fabric.level == index
        has = here & (to_above > 0.0)
        if across[here].any():
            out[name] = float(from_below[here].sum() / across[here].sum())
        else:
            out[name] = float((from_below[has] / to_above[has]).max()) if has.any() else np.nan
    return out
