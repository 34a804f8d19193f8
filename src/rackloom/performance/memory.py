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
from .jobs import OPTIMIZERS, ServingStrategy, TrainingJob
from .kernels import ELEMENT_BYTES
from .layers import groups_of, kv_split
from .training import WEIGHT_BYTES, Columns, dense_and_expert_parameters, micro_batches, stage_layers


def activation_bytes(hidden: int, layer: Layer, job: TrainingJob, c: Columns) -> Number:
    """Activations that one layer keeps of one micro batch for the way back, on one accelerator [B]."""
    a = layer.attention
    tokens = c.micro_batch * job.sequence / c.cp
    spread = np.where(c.sequence_parallel, c.tp, 1)
    split = kv_split(a, c.tp)
    mask = 1.0 if job.dropout else 0.0
    is_small = job.precision in ("fp8", "fp4")
    element = 1.0 if is_small else 2.0  # inputs of matrix products are kept as they were multiplied; 8 bits also for fp4
    # not split without sequence parallelism: inputs of both norms and of both blocks, and the masks after them
    outside = hidden * (2.0 * 2.0 + 2.0 * element + 2.0 * mask) / spread
    inside = 2.0 * a.heads * a.head_dim / c.tp + 2.0 * a.kv_heads * (a.head_dim + a.v_dim) / np.where(a.kind == "mla", c.tp, split)
    inside = inside + (2.0 + (element if is_small else 0.0)) * a.heads * a.v_dim / c.tp  # attention's result, and a copy where its projection takes 8 bits
    wide = 2.0 * (2.0 if layer.gated else 1.0) + element  # before the activation, and after
    inside = inside + wide * (layer.ffn_dim + layer.shared_dim) / c.tp
    experts = layer.experts_per_token * (wide * layer.expert_dim + 2.0 * element * hidden) / c.tp
    scores = (4.0 + mask) * a.heads * job.sequence / c.tp  # softmax and its dropout: 2 + 1 + 2 bytes a score
    keeps_scores = ~np.asarray(c.fused, dtype=bool) & (np.asarray(c.recompute) == 0)
    kept = tokens * (outside + inside + experts + np.where(keeps_scores, scores, 0.0))
    inputs = 2.0 * tokens * hidden / spread
    return np.where(np.asarray(c.recompute) == 2, inputs, kept)


def training_memory(model: Model, job: TrainingJob, c: Columns) -> Mapping[str, Number]:
    """Memory of the fullest accelerator by kind [B]: weights, gradients, optimizer, activations."""
    dense, experts = dense_and_expert_parameters(model, c)
    held = dense + experts
    shared = np.asarray(c.zero) >= 1
    own = dense / np.where(shared, c.dp * c.cp, 1) + experts / np.where(shared, c.tp * c.cp * c.dp / c.ep, 1)
    return {
        "weights": WEIGHT_BYTES * held, "gradients": c.gradient_bytes * held, "optimizer": OPTIMIZERS[job.optimizer] * own,
        "activations": _activations_in_flight(model, job, c),
    }  # fmt: skip


def _activations_in_flight(model: Model, job: TrainingJob, c: Columns) -> Number:
    """The first stage holds p micro batches (1F1B), interleaved (1 + (p - 1) / (p v)) p of them; a full recomputation holds one layer more."""
    layers = len(model.layers)
    one = sum(activation_bytes(model.hidden, layer, job, c) * count for layer, count in groups_of(model)) / layers
    pp, chunks = np.asarray(c.pp, dtype=float), np.asarray(c.interleave)
    more = np.where(chunks > 1, 1.0 + (pp - 1.0) / (pp * chunks), 1.0)
    in_flight = np.minimum(pp * more, micro_batches(job, c))
    tokens = c.micro_batch * job.sequence / c.cp
    logits = np.where(pp > 1, 0.0, 6.0 * tokens * model.vocabulary / c.tp)  # a last stage has fewer activations in their place
    open_layer = np.where(np.asarray(c.recompute) == 2, _one_whole_layer(model, job, c), 0.0)
    return one * stage_layers(model, c) * in_flight + logits + open_layer


def _one_whole_layer(model: Model, job: TrainingJob, c: Columns) -> Number:
    plain = replace(c, recompute=np.zeros_like(np.asarray(c.recompute)))
    sizes = [activation_bytes(model.hidden, layer, job, plain) for layer, _ in groups_of(model)]
    return np.maximum.reduce([np.asarray(size, dtype=float) for size in sizes])


def serving_memory(model: Model, strategy: ServingStrategy, tokens_held: Number, tp: Number, dp: Number, batch: Number) -> Mapping[str, Number]:
    """Memory of one accelerator that serves [B]: weights and key-value cache of `batch` requests of `tokens_held` tokens each.

    tp, dp and batch may be arrays in place of the strategy's own.
    """
    size = ELEMENT_BYTES[strategy.precision]
    experts = model.expert_parameters
    tables = model.embedding_parameters + model.head_parameters
    dense = (model.parameters - experts - tables) / tp
    weights = size * (dense + experts / (tp * dp)) + 2.0 * tables / tp
    element = ELEMENT_BYTES[strategy.kv_precision]
    cache: Number = 0.0
    for layer, count in groups_of(model):
        window = layer.attention.window
        seen = np.minimum(tokens_held, window) if window else tokens_held
        cache = cache + count * layer.attention.cache_elements * seen * element / kv_split(layer.attention, tp)
    return {"weights": weights, "kv_cache": np.ceil(batch / dp) * cache}
