"""Time of one training step: layers by the roofline, messages by tier, pipeline bubble, gradients, optimizer.

The same formulas serve one strategy under draws and many strategies at central values: strategies come as `Columns`
(integers, or integer arrays), the machine as floats or arrays of draws.

Pipeline: Narayanan et al. 2021 (arXiv 2104.04473, section 2.2): with p stages of v chunks and m micro batches, a step
takes m + (p - 1) / v times one micro batch on the busiest stage. Sequence parallelism: Korthikanti et al. 2022
(arXiv 2205.05198, section 4.2): two all-gathers and two reduce-scatters a layer each way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from ..draws import Number
from ..needs.model import Layer, Model
from .collectives import Ranks, group_seconds, lay, wire_bytes
from .jobs import GRADIENTS, OPTIMIZERS, RECOMPUTE, TrainingJob, TrainingStrategy
from .kernels import ELEMENT_BYTES, Seconds, product, stream
from .layers import Shares, attention_backward, attention_forward, groups_of, layer_products, other_forward, products_backward, products_bytes, products_forward
from .layers import elementwise_bytes as layer_bytes
from .machine import Machine

LOGIT_BYTES = 12.0  # loss over one logit: write in 16 bits, read and write in 32 for the softmax, write the gradient
WEIGHT_BYTES = 2.0  # weights in 16 bits


@dataclass(frozen=True)
class Columns:
    """Strategies as numbers or as integer arrays of one shape; the fields of TrainingStrategy."""

    tp: Number
    pp: Number
    cp: Number
    dp: Number
    ep: Number
    micro_batch: Number
    interleave: Number
    sequence_parallel: Number
    recompute: Number  # place in RECOMPUTE
    zero: Number
    fused: Number | bool = True
    gradient_bytes: Number = 4

    @property
    def ranks(self) -> Number:
        """Accelerators at work."""
        return self.tp * self.pp * self.cp * self.dp

    def at(self, index: int) -> TrainingStrategy:
        """One of the strategies."""

        def pick(value: Number | bool) -> int:
            array = np.asarray(value)
            return int(array[index] if array.ndim else array)

        return TrainingStrategy(
            pick(self.tp), pick(self.pp), pick(self.cp), pick(self.dp), pick(self.ep), pick(self.micro_batch), pick(self.interleave),
            bool(pick(self.sequence_parallel)), RECOMPUTE[pick(self.recompute)], pick(self.zero), "fused" if pick(self.fused) else "unfused",
            next(name for name, size in GRADIENTS.items() if size == pick(self.gradient_bytes)),
        )  # fmt: skip


COLUMNS = tuple(field.name for field in fields(Columns))


def columns_of(strategy: TrainingStrategy) -> Columns:
    """One strategy as columns of plain numbers."""
    s = strategy
    return Columns(
        s.tp, s.pp, s.cp, s.dp, s.ep, s.micro_batch, s.interleave, int(s.sequence_parallel), RECOMPUTE.index(s.recompute), s.zero, s.attention == "fused", GRADIENTS[s.gradients],
    )  # fmt: skip


@dataclass(frozen=True)
class StepTimes:
    """Time of a step by cause [s] and bytes that one accelerator moves in it [B]."""

    compute_s: Number
    memory_s: Number
    scale_up_s: Number
    scale_out_s: Number
    bubble_s: Number
    memory_bytes: Number
    scale_up_bytes: Number
    scale_out_bytes: Number

    @property
    def step_s(self) -> Number:
        """All causes."""
        return self.compute_s + self.memory_s + self.scale_up_s + self.scale_out_s + self.bubble_s

    def by_cause(self) -> Mapping[str, Number]:
        """The causes by name."""
        return {"compute": self.compute_s, "memory": self.memory_s, "scale_up": self.scale_up_s, "scale_out": self.scale_out_s, "bubble": self.bubble_s}


NONE = Seconds()


@dataclass(frozen=True)
class Part:
    """Time and traffic of a part of a step on one accelerator."""

    work: Seconds = NONE
    up_s: Number = 0.0
    out_s: Number = 0.0
    memory_bytes: Number = 0.0
    up_bytes: Number = 0.0
    out_bytes: Number = 0.0

    def __add__(self, other: Part) -> Part:
        return Part(
            self.work + other.work, self.up_s + other.up_s, self.out_s + other.out_s, self.memory_bytes + other.memory_bytes,
            self.up_bytes + other.up_bytes, self.out_bytes + other.out_bytes,
        )  # fmt: skip

    def times(self, factor: Number) -> Part:
        """The same `factor` times."""
        return Part(self.work.times(factor), self.up_s * factor, self.out_s * factor, self.memory_bytes * factor, self.up_bytes * factor, self.out_bytes * factor)

    @property
    def seconds(self) -> Number:
        """All of its time."""
        return self.work.total + self.up_s + self.out_s


def message(machine: Machine, kind: str, size: Number, ranks: Ranks, shown: Number, times: Number = 1.0) -> Part:
    """`times` collectives of `size` bytes, of whose time the share `shown` is waited for."""
    up_s, out_s = group_seconds(kind, size, ranks, machine.links)
    up_bytes, out_bytes = wire_bytes(kind, size, ranks)
    return Part(up_s=up_s * shown * times, out_s=out_s * shown * times, up_bytes=up_bytes * times, out_bytes=out_bytes * times)


@dataclass(frozen=True)
class Groups:
    """How the groups of a strategy lie over the tiers: tensor innermost, then context, data, pipeline (experts over the first three)."""

    tensor: Ranks
    context: Ranks
    data: Ranks
    expert: Ranks
    expert_data: Ranks
    stage: Ranks


def groups_over(machine: Machine, c: Columns) -> Groups:
    """Placement of every group."""
    domain = machine.links[0].size
    inner = c.tp * c.cp
    ranks = inner * c.dp
    stage_inside = np.asarray(2 * ranks <= domain)
    one = np.ones_like(np.asarray(c.pp))
    return Groups(
        lay(c.tp, 1, domain), lay(c.cp, c.tp, domain), lay(c.dp * c.cp, c.tp, domain), lay(c.ep, 1, domain), lay(ranks // c.ep, c.ep, domain),
        (np.where(stage_inside, 2, one), np.where(stage_inside, one, 2)),
    )  # fmt: skip


def layer_part(machine: Machine, model: Model, job: TrainingJob, c: Columns, where: Groups, layer: Layer) -> tuple[Part, Part]:
    """Forward and backward of one layer for one micro batch on one accelerator, recomputation in the backward part."""
    tokens = c.micro_batch * job.sequence / c.cp
    shares = Shares(tokens, c.tp, c.ep, np.where(c.sequence_parallel, c.tp, 1), job.precision)
    products = layer_products(model.hidden, layer, shares, machine.imbalance if layer.experts else 1.0)
    attention = attention_forward(machine, layer.attention, tokens, job.sequence, c.tp, fused=c.fused)
    other = other_forward(machine, model.hidden, layer, products, shares)
    forward_bytes, backward_bytes = products_bytes(products, job.precision, c.gradient_bytes)
    moved = layer_bytes(model.hidden, layer, shares)
    talk = _layer_messages(machine, model, c, where, tokens, layer.experts_per_token, bool(layer.ffn_dim or layer.shared_dim), job.precision)
    ring = _ring(machine, layer.attention.cache_elements, c, where, tokens, attention)
    forward = Part(products_forward(machine, products, job.precision) + attention + other, memory_bytes=forward_bytes + moved) + talk + ring
    back_attention = attention_backward(machine, layer.attention, tokens, job.sequence, c.tp, fused=c.fused)
    backward = (
        Part(products_backward(machine, products, job.precision, c.gradient_bytes) + back_attention + other.times(2.0), memory_bytes=backward_bytes + 2.0 * moved)
        + talk
        + ring.times(2.0)
    )
    again_core = np.where((np.asarray(c.recompute) == 1) & ~np.asarray(c.fused, dtype=bool), 1.0, 0.0)  # fused kernels compute scores again anyway
    again_all = np.where(np.asarray(c.recompute) == 2, 1.0, 0.0)
    return forward, backward + Part(attention).times(again_core) + forward.times(again_all)


def _layer_messages(machine: Machine, model: Model, c: Columns, where: Groups, tokens: Number, visits: int, has_dense: bool, precision: str) -> Part:
    """Messages of one layer one way: tensor parallelism around attention and dense feed-forward, tokens to experts and back."""
    size = 2.0 * tokens * model.hidden
    blocks = 1.0 + (1.0 if has_dense else 0.0)
    shown = 1.0 - machine.tensor_overlap
    split = message(machine, "all_gather", size, where.tensor, shown, blocks) + message(machine, "reduce_scatter", size, where.tensor, shown, blocks)
    whole = message(machine, "all_reduce", size, where.tensor, shown, blocks)
    use = np.asarray(c.sequence_parallel, dtype=float)
    total = split.times(use) + whole.times(1.0 - use)
    if not visits:
        return total
    sent = tokens / c.tp * visits * model.hidden * machine.imbalance
    exposed = 1.0 - machine.expert_overlap
    there = min(ELEMENT_BYTES[precision], 2.0) if precision == "fp8" else 2.0
    return total + message(machine, "all_to_all", there * sent, where.expert, exposed) + message(machine, "all_to_all", 2.0 * sent, where.expert, exposed)


def _ring(machine: Machine, kv_elements: int, c: Columns, where: Groups, tokens: Number, attention: Seconds) -> Part:
    """Keys and values around the ring of context parallelism; attention hides them as far as it lasts."""
    size = 2.0 * tokens * c.cp * kv_elements / np.minimum(c.tp, kv_elements)
    part = message(machine, "all_gather", size, where.context, 1.0)
    took = np.asarray(part.up_s + part.out_s)
    shown = np.maximum(took - attention.total, 0.0) / np.where(took > 0.0, took, 1.0)
    return Part(up_s=part.up_s * shown, out_s=part.out_s * shown, up_bytes=part.up_bytes, out_bytes=part.out_bytes)


def head_part(machine: Machine, model: Model, job: TrainingJob, c: Columns) -> Part:
    """Output head and loss of one micro batch, forward and backward, in 16 bits."""
    tokens = c.micro_batch * job.sequence / c.cp
    width = model.vocabulary / c.tp
    work = product(machine, "bf16", tokens, width, model.hidden)
    work = work + product(machine, "bf16", tokens, model.hidden, width) + product(machine, "bf16", model.hidden, width, tokens)
    return Part(work + stream(machine, LOGIT_BYTES * tokens * width), memory_bytes=LOGIT_BYTES * tokens * width)


def dense_and_expert_parameters(model: Model, c: Columns) -> tuple[Number, Number]:
    """Parameters of one accelerator on the busiest stage: those that all replicas hold, and routed experts."""
    layers = len(model.layers)
    held = stage_layers(model, c) / layers
    experts = model.expert_parameters
    tables = model.embedding_parameters + model.head_parameters
    dense = (model.parameters - experts - tables) * held / c.tp
    on_ends = np.where(np.asarray(c.pp) > 1, max(model.embedding_parameters, model.head_parameters), tables) / c.tp
    return dense + on_ends, experts * held / c.ep


def stage_layers(model: Model, c: Columns) -> Number:
    """Layers of the busiest stage: whole chunks."""
    return np.ceil(len(model.layers) / (c.pp * c.interleave)) * c.interleave


def gradient_part(machine: Machine, model: Model, c: Columns, where: Groups, hideable_s: Number) -> Part:
    """Gradients and new weights between replicas; hidden behind at most one micro batch."""
    total = Part()
    held = list(zip(dense_and_expert_parameters(model, c), (where.data, where.expert_data), strict=True))
    for parameters, ranks in held if model.expert_parameters else held[:1]:
        whole = message(machine, "all_reduce", c.gradient_bytes * parameters, ranks, 1.0)
        split = message(machine, "reduce_scatter", c.gradient_bytes * parameters, ranks, 1.0) + message(machine, "all_gather", WEIGHT_BYTES * parameters, ranks, 1.0)
        use = np.asarray(np.asarray(c.zero) >= 1, dtype=float)
        total = total + split.times(use) + whole.times(1.0 - use)
    took = np.asarray(total.up_s + total.out_s)
    shown = (took - np.minimum(machine.data_overlap * took, hideable_s)) / np.where(took > 0.0, took, 1.0)
    return Part(up_s=total.up_s * shown, out_s=total.out_s * shown, up_bytes=total.up_bytes, out_bytes=total.out_bytes)


def optimizer_part(machine: Machine, model: Model, job: TrainingJob, c: Columns) -> Part:
    """The optimizer reads gradients and state and writes state and weights."""
    dense, experts = dense_and_expert_parameters(model, c)
    shared = np.asarray(c.zero) >= 1
    own = dense / np.where(shared, c.dp * c.cp, 1) + experts / np.where(shared, c.tp * c.cp * c.dp / c.ep, 1)
    moved = own * (c.gradient_bytes + 2.0 * OPTIMIZERS[job.optimizer] + WEIGHT_BYTES)
    return Part(stream(machine, moved), memory_bytes=moved)


def stage_part(machine: Machine, model: Model, job: TrainingJob, c: Columns, where: Groups) -> Part:
    """All layers and the head for one micro batch, forward and backward, as if on one stage."""
    total = head_part(machine, model, job, c)
    for layer, count in groups_of(model):
        forward, backward = layer_part(machine, model, job, c, where, layer)
        total = total + (forward + backward).times(float(count))
    return total


def step_times(machine: Machine, model: Model, job: TrainingJob, c: Columns) -> StepTimes:
    """Time of one step by cause.

    The stages share layers and head evenly, but hold whole chunks of layers: what the busiest one has above the mean
    counts as bubble, with the filling and emptying of the pipeline.
    """
    where = groups_over(machine, c)
    whole = stage_part(machine, model, job, c, where)
    mean = whole.times(1.0 / np.asarray(c.pp, dtype=float))
    head_share = head_part(machine, model, job, c).seconds
    layers_only = (whole.seconds - head_share) * stage_layers(model, c) / len(model.layers)
    busiest = np.maximum(mean.seconds, layers_only)
    batches = micro_batches(job, c)
    sends = np.where(np.asarray(c.pp) > 1, 2.0 * np.asarray(c.interleave), 0.0)
    size = 2.0 * c.micro_batch * job.sequence / c.cp * model.hidden / np.where(c.sequence_parallel, c.tp, 1)
    between = message(machine, "send_receive", size, where.stage, 1.0 - machine.pipeline_overlap, sends)
    rounds = batches + (np.asarray(c.pp) - 1.0) / c.interleave
    bubble = rounds * (busiest + between.seconds) - batches * (mean.seconds + between.seconds)
    gradients = gradient_part(machine, model, c, where, mean.seconds)
    total = (mean + between).times(batches) + gradients + optimizer_part(machine, model, job, c)
    slow = machine.software
    return StepTimes(
        total.work.compute * slow, total.work.memory * slow, total.up_s * slow, total.out_s * slow, bubble * slow, total.memory_bytes, total.up_bytes, total.out_bytes,
    )  # fmt: skip


def micro_batches(job: TrainingJob, c: Columns) -> Number:
    """Micro batches of a replica in one step; the last one may be short, and takes as long."""
    return np.ceil(job.global_batch / (c.dp * c.micro_batch))


def all_columns(strategies: Sequence[TrainingStrategy]) -> Columns:
    """Many strategies as columns."""
    each = [columns_of(s) for s in strategies]
    return Columns(*(np.array([getattr(c, name) for c in each]) for name in COLUMNS))
