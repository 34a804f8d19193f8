"""One micro batch through layers and head on one accelerator, forward and backward, with the messages inside a layer.

Sequence parallelism: Korthikanti et al. 2022 (arXiv 2205.05198, section 4.2): two all-gathers and two reduce-scatters a
layer each way; two all-reduces each way without it (Shoeybi et al. 2019, arXiv 1909.08053).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..draws import Number
from ..needs.model import Layer, Model
from .attention import attention_backward, attention_forward, kv_split
from .columns import Columns, yes
from .jobs import DUALPIPE, FULL, OLDER, OPERATORS, SELECTIVE, UNFUSED, TrainingJob
from .kernels import product, stream
from .layers import Shares, groups_of, layer_products, other_forward, products_backward_input, products_backward_weights, products_bytes, products_forward
from .layers import elementwise_bytes as layer_bytes
from .machine import Machine
from .parts import NOTHING, Part, either, hidden, message
from .placement import Groups

LOGIT_BYTES = 12.0  # loss over one logit: write in 16 bits, read and write in 32 for the softmax, write the gradient
WEIGHT_BYTES = 2.0  # weights in 16 bits


@dataclass(frozen=True)
class Pass:
    """A micro batch through some layers: forward; backward for the inputs (recomputation in it); backward for the weights."""

    forward: Part = NOTHING
    inputs: Part = NOTHING
    weights: Part = NOTHING

    def __add__(self, other: Pass) -> Pass:
        return Pass(self.forward + other.forward, self.inputs + other.inputs, self.weights + other.weights)

    def times(self, factor: Number) -> Pass:
        """The same `factor` times."""
        return Pass(self.forward.times(factor), self.inputs.times(factor), self.weights.times(factor))

    @property
    def whole(self) -> Part:
        """All three."""
        return self.forward + self.inputs + self.weights


def layers_pass(machine: Machine, model: Model, job: TrainingJob, c: Columns, where: Groups) -> Pass:
    """All layers for one micro batch, as if on one stage."""
    total = Pass()
    for layer, count in groups_of(model):
        total = total + layer_pass(machine, model, job, c, where, layer).times(float(count))
    return total


def layer_pass(machine: Machine, model: Model, job: TrainingJob, c: Columns, where: Groups, layer: Layer) -> Pass:
    """One layer for one micro batch on one accelerator."""
    chip = machine.kernels
    tokens = c.micro_batch * job.sequence / c.cp
    shares = Shares(tokens, c.tp, c.ep, np.where(c.sequence_parallel, c.tp, 1), job.precision, job.dropout, job.eager)
    products = layer_products(model.hidden, layer, shares, machine.imbalance if layer.experts else 1.0)
    multiply = products_forward(machine, products, job.precision)
    fused = np.asarray(c.attention) != UNFUSED
    slower = np.where(np.asarray(c.attention) == OLDER, 1.0 / machine.older_attention, 1.0)
    scores = attention_forward(chip, layer.attention, tokens, job.sequence, c.tp, fused=fused).times(slower)
    other = other_forward(machine, model.hidden, layer, products, shares)
    moved_forward, moved_backward = products_bytes(products, job.precision, c.gradient_bytes)
    moved = layer_bytes(model.hidden, layer, shares)
    back_inputs = products_backward_input(machine, products, job.precision)
    back_weights = products_backward_weights(machine, products, job.precision, c.gradient_bytes)
    back_scores = attention_backward(chip, layer.attention, tokens, job.sequence, c.tp, fused=fused).times(slower)
    talk = _talk(machine, model, c, where, tokens, layer, job.precision, multiply.total, (multiply + scores + other).total)
    talk_back = _talk(machine, model, c, where, tokens, layer, job.precision, back_inputs.total, (back_inputs + back_scores + back_weights + other).total)
    ring, ring_back = _context(machine, layer, c, where, tokens, scores.total, back_scores.total)
    forward = Part(multiply + scores + other, memory_bytes=moved_forward + moved) + talk + ring
    again = _recomputed(c, Part(scores), Part(multiply + other, memory_bytes=moved_forward + moved), forward)
    inputs = Part(back_inputs + back_scores + other.times(2.0), memory_bytes=moved_backward / 2.0 + 2.0 * moved) + talk_back + ring_back + again
    return Pass(forward, inputs, Part(back_weights, memory_bytes=moved_backward / 2.0))


def _recomputed(c: Columns, scores: Part, rest: Part, forward: Part) -> Part:
    """What is computed again on the way back. Fused attention keeps no scores, so that "selective" runs its forward kernel again."""
    how = np.asarray(c.recompute)
    return scores.times(yes(how == SELECTIVE)) + rest.times(0.5 * yes(how == OPERATORS)) + forward.times(yes(how == FULL))


def _talk(
    machine: Machine, model: Model, c: Columns, where: Groups, tokens: Number, layer: Layer, precision: str, behind_s: Number, all_s: Number
) -> Part:  # fmt: skip
    """Messages of one layer one way: tensor parallelism around attention and dense feed-forward, tokens to experts and back.

    Gathers hide behind the products, `behind_s`; visits to experts behind all of another micro batch, `all_s`, under DualPipe.
    """
    size = 2.0 * tokens * model.hidden
    blocks = 1.0 + (1.0 if layer.ffn_dim or layer.shared_dim else 0.0)
    split = message(machine, "all_gather", size, where.tensor, blocks) + message(machine, "reduce_scatter", size, where.tensor, blocks)
    whole = message(machine, "all_reduce", size, where.tensor, blocks)
    tensor = hidden(either(c.sequence_parallel, split, whole), machine.tensor_overlap * yes(c.tensor_overlap), behind_s)
    if not layer.experts:
        return tensor
    domains, visited = np.asarray(where.expert[1], dtype=float), layer.experts_per_token
    copies = np.where(domains > 1.0, domains * (1.0 - (1.0 - 1.0 / domains) ** visited), visited)  # a domain gets a token once, however many of its experts it visits
    sent = tokens / c.tp * np.minimum(copies, visited) * model.hidden * machine.imbalance
    there = 1.0 if precision in ("fp8", "mxfp8") else 2.0
    visits = message(machine, "all_to_all", there * sent, where.expert) + message(machine, "all_to_all", 2.0 * sent, where.expert)
    dual = np.asarray(c.schedule) == DUALPIPE
    return tensor + hidden(visits, np.where(dual, 1.0, machine.expert_overlap), np.where(dual, all_s, behind_s))


def _context(machine: Machine, layer: Layer, c: Columns, where: Groups, tokens: Number, forward_s: Number, backward_s: Number) -> tuple[Part, Part]:
    """Keys and values of context parallelism: round a ring, hidden as far as attention lasts, or gathered before it."""
    elements = layer.attention.cache_elements
    size = 2.0 * tokens * c.cp * elements / kv_split(layer.attention, c.tp)
    once = message(machine, "all_gather", size, where.context)
    back = once + message(machine, "reduce_scatter", size, where.context)
    return hidden(once, yes(c.ring), forward_s), hidden(back, yes(c.ring), backward_s)


def head_pass(machine: Machine, model: Model, job: TrainingJob, c: Columns) -> Pass:
    """Embedding, output head and loss of one micro batch, in 16 bits; the loss counts as forward."""
    chip = machine.kernels
    tokens = c.micro_batch * job.sequence / c.cp
    width = model.vocabulary / c.tp
    loss, looked_up = LOGIT_BYTES * tokens * width, 4.0 * tokens * model.hidden  # rows of the table read and written; their gradients are added in 32 bits
    forward = Part(product(chip, "bf16", tokens, width, model.hidden) + stream(chip, loss + looked_up), memory_bytes=loss + looked_up)
    weights = Part(product(chip, "bf16", model.hidden, width, tokens) + stream(chip, 2.5 * looked_up), memory_bytes=2.5 * looked_up)
    return Pass(forward, Part(product(chip, "bf16", tokens, model.hidden, width)), weights)


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
    """Layers of the fullest stage: whole chunks."""
    return np.ceil(len(model.layers) / (c.pp * c.interleave)) * c.interleave
