"""From steps to a run: checkpoints, failures and restarts.

With a checkpoint that stops the run for d seconds, a time M between interruptions and a restart of R, the best time between
checkpoints is sqrt(2 d M), and the share of time that goes into steps is 1 / (1 + d/t + t/(2 M) + R/M) (Young 1974, "A first
order approximation to the optimum checkpoint interval"; Daly 2006, "A higher order estimate of the optimum checkpoint
interval for restart dumps", at first order).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..catalog import Catalog
from ..draws import Number
from ..ledger import Ledger
from ..needs.model import Model
from .jobs import OPTIMIZERS

SEEN = "reliability-llama-3-405b"  # the run whose interruptions are published with GPUs and days
WEIGHT_BYTES = 2.0
DAY_S = 86400.0


@dataclass(frozen=True)
class Goodput:
    """Share of time that goes into steps, and what it comes from."""

    share: Number
    between_interruptions_s: Number
    checkpoint_s: Number
    between_checkpoints_s: Number
    keys: tuple[str, ...]


def useful_share(checkpoint_s: Number, between_interruptions_s: Number, restart_s: Number) -> tuple[Number, Number]:
    """(share of time that goes into steps, seconds between checkpoints), all in seconds; floats or arrays."""
    between = np.sqrt(2.0 * checkpoint_s * between_interruptions_s)
    lost = checkpoint_s / between + between / (2.0 * between_interruptions_s) + restart_s / between_interruptions_s
    return 1.0 / (1.0 + lost), between


def goodput_of(model: Model, optimizer: str, accelerators: Number, catalog: Catalog, book: Ledger) -> Goodput:
    """Goodput of a run on so many accelerators, interrupted as often for each of them as the published run was."""
    seen = {name: catalog.figure(SEEN, name) for name in ("interruptions_count", "gpus_count", "duration_days")}
    assumed = {name: catalog.figure("performance-goodput", name) for name in ("checkpoint_bytes_per_s", "restart_s", "interruption_ratio")}
    interruptions, gpus, duration = (book.take(figure) for figure in seen.values())
    rate, restart, ratio = (book.take(figure) for figure in assumed.values())
    between = gpus * duration * DAY_S / interruptions / ratio / accelerators
    size = model.parameters * (WEIGHT_BYTES + OPTIMIZERS[optimizer])
    stop = size / (rate * accelerators)
    share, checkpoints = useful_share(stop, between, restart)
    return Goodput(share, between, stop, checkpoints, (*(figure.key for figure in seen.values()), *(figure.key for figure in assumed.values())))
