"""What replicas share: gradients, optimizer state and weights (ZeRO 1 to 3, FSDP), the optimizer's step, offload to the host.

ZeRO: Rajbhandari et al. 2020 (arXiv 1910.02054, section 5). FSDP gathers the weights of a layer before its forward and
again before its backward pass and scatters its gradients after it, for every micro batch (Zhao et al. 2023, arXiv 2304.11277).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..draws import Number
from ..needs.model import Model
from .columns import Columns, yes
from .jobs import OPTIMIZERS, TrainingJob
from .kernels import stream
from .machine import Machine
from .parts import NOTHING, Part, hidden, message
from .placement import Groups
from .stage import WEIGHT_BYTES, dense_and_expert_parameters, stage_layers


def _held(model: Model, c: Columns, where: Groups) -> list[tuple[Number, tuple[Number, Number]]]:
    """Parameters of one accelerator with the group that shares them: dense, and experts where there are some."""
    dense, experts = dense_and_expert_parameters(model, c)
    both = [(dense, where.data), (experts, where.expert_data)]
    return both if model.expert_parameters else both[:1]


@dataclass(frozen=True)
class OnTheWay:
    """Messages of one micro batch on one stage where weights or gradients are shared (ZeRO-2 and 3), of which `share` can hide behind a pass."""

    forward: Part
    backward: Part
    share: Number

    def behind(self, forward_s: Number, backward_s: Number) -> tuple[Part, Part]:
        """What of them is waited for with passes this long, forward and backward."""
        return hidden(self.forward, self.share, forward_s), hidden(self.backward, self.share, backward_s)


def weights_on_the_way(machine: Machine, model: Model, c: Columns, where: Groups) -> OnTheWay:
    """One message a layer; what the first layer of each pass waits for stays in view."""
    layers = stage_layers(model, c)
    gather = scatter = NOTHING
    for parameters, ranks in _held(model, c, where):
        gather = gather + message(machine, "all_gather", WEIGHT_BYTES * parameters / layers, ranks, layers)
        scatter = scatter + message(machine, "reduce_scatter", c.gradient_bytes * parameters / layers, ranks, layers)
    share = machine.data_overlap * yes(c.data_overlap) * (1.0 - 1.0 / layers)
    third, second = yes(np.asarray(c.zero) == 3), yes(np.asarray(c.zero) >= 2)
    return OnTheWay(gather.times(third), gather.times(third) + scatter.times(second), share)


def gradients_at_the_end(machine: Machine, model: Model, c: Columns, where: Groups, behind_s: Number) -> Part:
    """Gradients and new weights between replicas once a step, hidden behind at most one micro batch.

    ZeRO-0 sums gradients everywhere; ZeRO-1 sums each replica's part and gathers the weights; ZeRO-2 only gathers them.
    Where embedding and head are one table on two stages, its gradients are summed between these.
    """
    total = NOTHING
    for parameters, ranks in _held(model, c, where):
        whole = message(machine, "all_reduce", c.gradient_bytes * parameters, ranks)
        scatter = message(machine, "reduce_scatter", c.gradient_bytes * parameters, ranks)
        gather = message(machine, "all_gather", WEIGHT_BYTES * parameters, ranks)
        zero = np.asarray(c.zero)
        total = total + whole.times(yes(zero == 0)) + scatter.times(yes(zero == 1)) + gather.times(yes((zero == 1) | (zero == 2)))
    seen = hidden(total, machine.data_overlap * yes(c.data_overlap), behind_s)
    if not model.tied_embeddings:
        return seen
    table = message(machine, "all_reduce", c.gradient_bytes * model.embedding_parameters / c.tp, where.stage)
    return seen + table.times(yes(np.asarray(c.pp) > 1))


def own_parameters(model: Model, c: Columns) -> Number:
    """Parameters whose optimizer state one accelerator holds."""
    dense, experts = dense_and_expert_parameters(model, c)
    shared = np.asarray(c.zero) >= 1
    return dense / np.where(shared, c.dp * c.cp, 1) + experts / np.where(shared, c.tp * c.cp * c.dp / c.ep, 1)


def optimizer_part(machine: Machine, model: Model, job: TrainingJob, c: Columns) -> Part:
    """The optimizer reads gradients (for their norm, to scale them, to use them) and state, and writes state and weights.

    State that lies with the host crosses its link both ways.
    """
    own = own_parameters(model, c)
    state = OPTIMIZERS[job.optimizer]
    moved = own * (4.0 * c.gradient_bytes + 2.0 * state + WEIGHT_BYTES)
    away = 2.0 * state * own / machine.host_bytes_per_s
    return Part(stream(machine.kernels, moved), host_s=away * yes(c.offload_optimizer), memory_bytes=moved)


def activations_away(machine: Machine, kept_bytes: Number, c: Columns, forward_s: Number, backward_s: Number) -> Part:
    """Activations of one micro batch on one stage out to the host and back, behind the passes."""
    took = kept_bytes / machine.host_bytes_per_s
    late = np.maximum(took - forward_s, 0.0) + np.maximum(took - backward_s, 0.0)
    return Part(host_s=late * yes(c.offload_activations))
