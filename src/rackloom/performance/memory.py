"""Memory of one accelerator by kind, and whether it fits.

Activations: Korthikanti et al. 2022 (arXiv 2205.05198, section 4), counted tensor by tensor so that gated and grouped
layers come out too; for the GPT layer of the paper the count is its equation: s b h (34 + 5 a s / h) bytes a layer, and
s b h (10 + 24 / t + 5 a s / (h t)) without, s b h / t (34 + 5 a s / h) with sequence parallelism.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ..draws import Number
from ..needs.model import Layer, Model
from .attention import kv_split
from .columns import Columns, micro_batches, yes
from .jobs import DUALPIPE, FULL, NONE, OPERATORS, OPTIMIZERS, UNFUSED, ServingStrategy, TrainingJob
from .kernels import ELEMENT_BYTES
from .layers import SMALL, groups_of
from .sharing import own_parameters
from .stage import WEIGHT_BYTES, dense_and_expert_parameters, stage_layers

WHOLE_LAYERS = 2.0  # layers whose weights FSDP holds at once: the one at work and the one fetched meanwhile


def activation_bytes(hidden: int, layer: Layer, job: TrainingJob, c: Columns) -> Number:
    """Activations that one layer keeps of one micro batch for the way back, on one accelerator [B]."""
    a = layer.attention
    tokens = c.micro_batch * job.sequence / c.cp
    spread = np.where(c.sequence_parallel, c.tp, 1)
    split = kv_split(a, c.tp)
    mask = 1.0 if job.dropout else 0.0
    is_small = job.precision in SMALL
    element = 1.0 if is_small else 2.0  # inputs of matrix products are kept as they were multiplied; 8 bits also for fp4
    # not split without sequence parallelism: inputs of both norms and of both blocks, and the masks after them
    outside = hidden * (2.0 * 2.0 + 2.0 * element + 2.0 * mask) / spread
    inside = 2.0 * a.heads * a.head_dim / c.tp + 2.0 * a.kv_heads * (a.head_dim + a.v_dim) / np.where(a.kind == "mla", c.tp, split)
    inside = inside + (2.0 + (element if is_small else 0.0)) * a.heads * a.v_dim / c.tp  # attention's result, and a copy where its projection takes 8 bits
    wide = 2.0 * (2.0 if layer.gated else 1.0) + element  # before the activation, and after
    inside = inside + wide * (layer.ffn_dim + layer.shared_dim) / c.tp
    experts = layer.experts_per_token * (wide * layer.expert_dim + 2.0 * element * hidden) / c.tp
    scores = (4.0 + mask) * a.heads * job.sequence / c.tp  # softmax and its dropout: 2 + 1 + 2 bytes a score
    how = np.asarray(c.recompute)
    keeps_scores = (np.asarray(c.attention) == UNFUSED) & (how == NONE)
    kept = tokens * (outside + inside + experts + np.where(keeps_scores, scores, 0.0))
    inputs = 2.0 * tokens * hidden / spread
    return np.where(how == FULL, inputs, np.where(how == OPERATORS, np.maximum(0.5 * kept, inputs), kept))


def kept_activations(model: Model, job: TrainingJob, c: Columns) -> Number:
    """Activations that the fullest stage keeps of one micro batch [B]."""
    one = sum(activation_bytes(model.hidden, layer, job, c) * count for layer, count in groups_of(model)) / len(model.layers)
    return one * stage_layers(model, c)


def training_memory(model: Model, job: TrainingJob, c: Columns) -> Mapping[str, Number]:
    """Memory of the fullest accelerator by kind [B]: weights, gradients, optimizer, activations, and buffers.

    Buffers are logits with their gradients, and whole layers that recomputation or FSDP holds for a moment.
    """
    dense, experts = dense_and_expert_parameters(model, c)
    held = dense + experts
    zero = np.asarray(c.zero)
    twice = np.where(np.asarray(c.schedule) == DUALPIPE, 2.0, 1.0)  # each rank holds a stage from either end of the pipeline
    own = own_parameters(model, c)
    state = OPTIMIZERS[job.optimizer] * own * (1.0 - yes(c.offload_optimizer))
    layers = stage_layers(model, c)
    fetched = np.where(zero == 3, np.minimum(WHOLE_LAYERS / layers, 1.0) * held, 0.0)
    return {
        "weights": WEIGHT_BYTES * twice * np.where(zero == 3, own, held), "gradients": c.gradient_bytes * twice * np.where(zero >= 2, own, held), "optimizer": state * twice,
        "activations": kept_activations(model, job, c) * _in_flight(job, c), "buffers": _buffers(model, job, c) + WEIGHT_BYTES * fetched,
    }  # fmt: skip


def _in_flight(job: TrainingJob, c: Columns) -> Number:
    """Micro batches whose activations the first stage holds.

    1F1B and ZB-H1 p, interleaved (1 + (p - 1) / (p v)) p, DualPipe p + 1 (table 2 of arXiv 2412.19437); where activations
    go to the host, the one at work and the one on the way.
    """
    pp, chunks = np.asarray(c.pp, dtype=float), np.asarray(c.interleave)
    most = np.where(np.asarray(c.schedule) == DUALPIPE, pp + 1.0, pp * np.where(chunks > 1, 1.0 + (pp - 1.0) / (pp * chunks), 1.0))
    most = np.where(np.asarray(c.offload_activations) == 1, np.minimum(most, 2.0), most)
    return np.minimum(most, micro_batches(job, c))


def _buffers(model: Model, job: TrainingJob, c: Columns) -> Number:
    """Logits of a micro batch where one stage does everything (a last stage has fewer activations in their place), and a layer that is computed again."""
    tokens = c.micro_batch * job.sequence / c.cp
    logits = np.where(np.asarray(c.pp) > 1, 0.0, 6.0 * tokens * model.vocabulary / c.tp)
    plain = replace(c, recompute=np.zeros_like(np.asarray(c.recompute)))
    sizes = [np.asarray(activation_bytes(model.hidden, layer, job, plain), dtype=float) for layer, _ in groups_of(model)]
    again = np.asarray(c.recompute) >= OPERATORS
    return logits + np.where(again, np.maximum.reduce(sizes), 0.0)


def serving_memory(
    model: Model, strategy: ServingStrategy, tokens_held: Number, tp: Number, dp: Number, batch: Number, pp: Number = 1, step_tokens: Number = 0.0
) -> Mapping[str, Number]:  # fmt: skip
    """Memory of one accelerator that serves [B]: weights, key-value cache of `batch` requests of `tokens_held` tokens each, activations of a step.

    tp, dp, pp and batch may be arrays in place of the strategy's own; `step_tokens` are those of a group's step.
    """
    cache = request_bytes(model, strategy.kv_precision, tokens_held, tp) / pp
    return {
        "weights": serving_weights(model, strategy.precision, tp, dp, pp, strategy.attention_precision), "kv_cache": np.ceil(batch / dp) * cache,
        "activations": step_activations(model, step_tokens, tp),
    }  # fmt: skip


def serving_weights(model: Model, precision: str, tp: Number, dp: Number, pp: Number = 1, attention_precision: str = "") -> Number:
    """Weights of one accelerator [B]; embedding and head in 16 bits, on the pipeline's ends."""
    size = ELEMENT_BYTES[precision]
    attention = sum(layer.attention_parameters for layer in model.layers)
    more = (ELEMENT_BYTES[attention_precision or precision] - size) * attention / tp / pp
    experts = model.expert_parameters
    tables = model.embedding_parameters + model.head_parameters
    dense = (model.parameters - experts - tables) / tp
    ends = np.where(np.asarray(pp) > 1, max(model.embedding_parameters, model.head_parameters), tables) / tp
    return size * (dense + experts / (tp * dp)) / pp + 2.0 * ends + more


def request_bytes(model: Model, kv_precision: str, tokens_held: Number, tp: Number) -> Number:
    """Cache of one request of so many tokens on one of its tensor ranks, all layers [B]; a window holds no more than itself."""
    element = ELEMENT_BYTES[kv_precision]
    cache: Number = 0.0
    for layer, count in groups_of(model):
        a = layer.attention
        seen = np.minimum(tokens_held, a.window) if a.window else tokens_held
        cache = cache + count * element * (a.cache_elements * seen / kv_split(a, tp) + a.state_elements / tp)
    return cache


def step_activations(model: Model, tokens: Number, tp: Number) -> Number:
    """The widest that a step holds at once [B], in 16 bits: residual and norm, inputs and outputs of the widest block."""
    widest: Number = 0.0
    for layer, _ in groups_of(model):
        a = layer.attention
        heads = (a.heads * (a.head_dim + a.v_dim) + 2.0 * a.kv_heads * a.head_dim) / tp
        dense = 3.0 * (layer.ffn_dim + layer.shared_dim) / tp
        experts = layer.experts_per_token * (3.0 * layer.expert_dim + 2.0 * model.hidden) / tp
        widest = np.maximum(widest, np.maximum(heads, dense + experts))
    return 2.0 * tokens * (2.0 * model.hidden + widest)
