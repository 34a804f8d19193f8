"""How the groups of a strategy lie over the tiers of links: tensor ranks innermost, then context, data, pipeline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .collectives import Ranks, lay
from .columns import Columns
from .machine import Machine


@dataclass(frozen=True)
class Groups:
    """Placement of every group; experts lie over the ranks of tensor, context and data."""

    tensor: Ranks
    context: Ranks
    data: Ranks
    expert: Ranks
    expert_data: Ranks
    stage: Ranks


def groups_over(machine: Machine, c: Columns) -> Groups:
    """Placement of every group: a stage's neighbour is in the same scale-up domain where two stages fit into one."""
    domain = machine.links[0].size
    inner = c.tp * c.cp
    ranks = inner * c.dp
    inside = np.asarray(2 * ranks <= domain)
    one = np.ones_like(np.asarray(c.pp))
    return Groups(
        lay(c.tp, 1, domain), lay(c.cp, c.tp, domain), lay(c.dp * c.cp, c.tp, domain), lay(c.ep, 1, domain), lay(ranks // c.ep, c.ep, domain),
        (np.where(inside, 2, one), np.where(inside, one, 2)),
    )  # fmt: skip
