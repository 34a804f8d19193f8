"""How many switches a tree needs: one formula for a builder and for a million designs in arrays.

Rules, in this order. They are stated, since nobody's rounding is the only one.

1. A leaf of k ports at an oversubscription s keeps u = floor(k / (1 + s)) ports up and floor(s u) down, so that no leaf can exceed s.
2. There are as many leaves as hosts need, and hosts are spread over them evenly (they differ by one at most). Over rails the leaves
   come in groups, one of each rail.
3. The fewest levels that hold it are built, and `levels` is the most that may be. One leaf alone has no spine.
4. A leaf asks for ceil(hosts / s) uplinks. Every leaf reaches every spine (of its pod) by the same number of cables m: else the
   spines could not carry every pattern of traffic. The fewest spines S with m = ceil(uplinks / S) are taken for which S m ports
   are free on a leaf and m ports for each leaf on a spine. So a leaf has as many uplinks as it asks for, or some more.
5. With three levels a pod holds as many leaves as a spine has ports down, leaves are spread over pods evenly, and spine j of all
   pods and the cores of group j are joined by rule 4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..draws import Number

_SLACK = 1e-9  # so that 48 / (1 + 1.4) is 20 and not 19


@dataclass(frozen=True)
class TreeSize:
    """A tree in whole numbers, of one plane; arrays of one shape."""

    leaves: np.ndarray
    hosts_per_leaf: np.ndarray  # on the fullest
    pods: np.ndarray
    leaves_per_pod: np.ndarray  # in the largest
    spines_per_pod: np.ndarray
    leaf_spine: np.ndarray  # cables between a leaf and a spine
    cores_per_group: np.ndarray  # a group for each spine of a pod
    spine_core: np.ndarray  # cables between a spine and a core of its group
    fits: np.ndarray
    holds: np.ndarray  # hosts that such a tree can hold at most


def split_ports(radix: Number, oversubscription: Number) -> tuple[np.ndarray, np.ndarray]:
    """Ports of a switch (down, up) by rule 1."""
    up = np.floor(np.asarray(radix) / (1.0 + np.asarray(oversubscription, dtype=float)) + _SLACK).astype(np.int64)
    return np.floor(oversubscription * up + _SLACK).astype(np.int64), up


def fewest_above(uplinks: np.ndarray, below: np.ndarray, radix: np.ndarray, free: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """By rule 4 the fewest switches over `below` others, and the cables to each; (0, 0) where none are enough.

    For m cables to each, ceil(uplinks / m) switches are the fewest. They grow as m falls, so the first m from the top that leaves
    the ports free is the best.
    """
    many = np.minimum(np.where(below > 0, radix // np.maximum(below, 1), 0), uplinks)
    found, each = np.zeros_like(many), np.zeros_like(many)
    left = np.flatnonzero(many > 0)
    step = many.copy()
    while len(left):
        switches = -(-uplinks[left] // step[left])
        cables = -(-uplinks[left] // switches)
        good = switches * cables <= free[left]
        found[left[good]], each[left[good]] = switches[good], cables[good]
        left = left[~good]
        step[left] -= 1
        left = left[step[left] > 0]
    return found, each


def size_tree(hosts: Number, radix: Number, oversubscription: Number = 1.0, *, levels: int = 3, core_oversubscription: Number = 1.0, rails: Number = 1) -> TreeSize:
    """Sizes by the rules above; arguments broadcast. `hosts` counts ports into the network: nodes x rails where there are rails."""
    parts = np.broadcast_arrays(hosts, radix, oversubscription, core_oversubscription, rails)
    shape = parts[0].shape
    host, port, ratio, core_ratio, rail = (np.ravel(part) for part in parts)
    host, port, rail = host.astype(np.int64), port.astype(np.int64), np.maximum(rail.astype(np.int64), 1)
    down, up = (port, np.ones_like(port)) if levels == 1 else split_ports(port, ratio)
    core_down, core_up = split_ports(port, core_ratio)
    sound = (host > 0) & (np.ravel(parts[4]) > 0) & (port > 0) & (down > 0) & (up > 0) & (np.asarray(ratio) >= 1.0) & (np.asarray(core_ratio) >= 1.0)
    leaves = rail * -(-np.where(sound, host, 1) // (rail * np.maximum(down, 1)))
    per_leaf = -(-host // leaves)
    single = (leaves == 1) | ((levels == 1) & (leaves == rail))
    two = ~single & (leaves <= port) & (levels >= 2)
    pods = np.where(single | two, 1, -(-leaves // np.maximum(core_down, 1)))
    per_pod = -(-leaves // pods)
    asked = np.ceil(per_leaf / ratio - _SLACK).astype(np.int64)
    spines, leaf_spine = fewest_above(np.where(single, 0, asked), per_pod, np.where(two, port, core_down), port - per_leaf)
    three = ~single & ~two & (levels >= 3) & (core_up > 0)
    onward = np.where(three, np.ceil(per_pod * leaf_spine / core_ratio - _SLACK).astype(np.int64), 0)
    cores, spine_core = fewest_above(onward, pods, port, port - per_pod * leaf_spine)
    fits = sound & (single | (two & (spines > 0)) | (three & (cores > 0)))
    most = down * {1: rail, 2: port // rail * rail}.get(levels, core_down * port // rail * rail)
    numbers = (leaves, per_leaf, pods, per_pod, spines, leaf_spine, cores, spine_core, fits, most)
    return TreeSize(*(part.reshape(shape) for part in numbers))
