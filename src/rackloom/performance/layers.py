"""What one accelerator does for one layer: matrix products, attention, element-wise passes, messages; forward and backward.

Every function takes the number of tokens and the ranks as floats or arrays that broadcast: the search hands in whole
columns of strategies, the estimate one strategy and arrays of draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..draws import Number
from ..needs.model import Attention, Layer, Model
from .attention import kv_split
from .kernels import ELEMENT_BYTES, Seconds, product, product_bytes, starts, stream
from .machine import Machine

# Kernels that a layer starts, with fusion as frameworks do it: matrix products apart, attention 1, norms with residuals 2,
# rotary embedding 1, activation 1; twice that on the way back.
OTHER_KERNELS = 5
SMALL = ("fp8", "mxfp8", "fp4", "nvfp4", "mxfp4")  # precisions for which inputs of products are cast
CAST_BYTES = 2.0
ROUTING_KERNELS = 4  # scores, sort, permute, unpermute
# Passes over hidden-size activations forward: two norms and two residual sums, each reads two and writes one, norms write once more.
HIDDEN_PASSES = 8


@dataclass(frozen=True)
class Shares:
    """How a layer is spread and over how many tokens it runs: `tokens` of this tensor-parallel group, `tp` ranks, `ep` ranks of experts.

    `spread` is the number of ranks over which norms, residuals and duplicated projections are split (tp with sequence
    parallelism, 1 without).
    """

    tokens: Number
    tp: Number
    ep: Number
    spread: Number
    precision: str
    dropout: bool = False
    eager: bool = False
    serving: bool = False  # casts are part of the pass before, with scales known beforehand; results leave it in the narrow type


@dataclass(frozen=True)
class Product:
    """A matrix product of one layer on one rank; `count` of them run as one kernel. `routed` ones belong to experts that tokens visit."""

    m: Number
    n: Number
    k: Number
    count: Number = 1.0
    routed: bool = False


@lru_cache(maxsize=64)
def groups_of(model: Model) -> tuple[tuple[Layer, int], ...]:
    """Distinct layers and how often each occurs, in order of first use."""
    found: dict[Layer, int] = {}
    for layer in model.layers:
        found[layer] = found.get(layer, 0) + 1
    return tuple(found.items())


def attention_products(hidden: int, attention: Attention, shares: Shares) -> list[Product]:
    """Projections of one attention block. Down-projections of latent attention stand on each rank for its own tokens."""
    t, tp = shares.tokens, shares.tp
    out = Product(t, hidden, attention.heads * attention.v_dim / tp)
    if attention.kind != "mla":
        heads_out = attention.heads * attention.head_dim / tp + attention.kv_heads * (attention.head_dim + attention.v_dim) / kv_split(attention, tp)
        gate = [Product(t, attention.heads * attention.v_dim / tp, hidden)] if attention.kind == "linear" else []  # of the output
        return [Product(t, heads_out, hidden), *gate, out]
    own = t / shares.spread
    queries = attention.heads * attention.head_dim / tp
    if attention.q_lora_rank:
        down = Product(own, attention.q_lora_rank + attention.kv_lora_rank + attention.qk_rope_dim, hidden)
        products = [down, Product(t, queries, attention.q_lora_rank)]
    else:
        products = [Product(own, attention.kv_lora_rank + attention.qk_rope_dim, hidden), Product(t, queries, hidden)]
    if attention.index_dim:  # of the indexer, whole on each rank
        products += [Product(t, attention.index_heads * attention.index_dim, attention.q_lora_rank or hidden), Product(t, attention.index_dim + attention.index_heads, hidden)]
    return [*products, Product(t, attention.heads * (attention.qk_nope_dim + attention.v_dim) / tp, attention.kv_lora_rank), out]


def dense_products(hidden: int, width: int, gated: bool, shares: Shares) -> list[Product]:
    """Up (with gate) and down of a dense feed-forward block."""
    if not width:
        return []
    return [Product(shares.tokens, (2 if gated else 1) * width / shares.tp, hidden), Product(shares.tokens, hidden, width / shares.tp)]


def expert_products(hidden: int, layer: Layer, visits: Number, shares: Shares, *, drawn: Number | None = None) -> list[Product]:
    """Routed experts of one rank: `visits` tokens arrive in all, spread over its experts.

    `drawn` is the number of tokens of all ranks where they are few: each visits `experts_per_token` of the experts at
    random, and an expert that nobody visits is not read.
    """
    if not layer.experts:
        return []
    held = layer.experts / shares.ep
    if drawn is not None:
        held = held * (1.0 - (1.0 - layer.experts_per_token / layer.experts) ** drawn)
    up = 2 if layer.gated else 1
    each = visits / np.maximum(held, 1e-9)
    return [Product(each, up * layer.expert_dim, hidden, held, True), Product(each, hidden, layer.expert_dim, held, True)]


def layer_products(hidden: int, layer: Layer, shares: Shares, imbalance: Number, *, drawn: Number | None = None) -> list[Product]:
    """All matrix products of a layer on the busiest rank. Each rank sends its own part of the tokens to the experts."""
    found = attention_products(hidden, layer.attention, shares)
    found += dense_products(hidden, layer.ffn_dim, layer.gated, shares) + dense_products(hidden, layer.shared_dim, layer.gated, shares)
    if layer.experts:
        found.append(Product(shares.tokens / shares.tp, layer.experts, hidden))  # router
        found += expert_products(hidden, layer, shares.tokens / shares.tp * layer.experts_per_token * imbalance, shares, drawn=drawn)
    return found


def products_forward(machine: Machine, products: Sequence[Product], precision: str) -> Seconds:
    """Time of matrix products forward, their starts apart."""
    total = Seconds()
    for p in products:
        total = total + product(machine.kernels, precision, p.m, p.n, p.k, count=p.count)
    return total


def products_backward_input(machine: Machine, products: Sequence[Product], precision: str) -> Seconds:
    """Time of the gradients of the products' inputs."""
    total = Seconds()
    for p in products:
        total = total + product(machine.kernels, precision, p.m, p.k, p.n, count=p.count)
    return total


def products_backward_weights(machine: Machine, products: Sequence[Product], precision: str, sum_bytes: Number) -> Seconds:
    """Time of the gradients of the weights, whose sum (so many bytes each) is read and written."""
    total = Seconds()
    for p in products:
        total = total + product(machine.kernels, precision, p.k, p.n, p.m, count=p.count, extra_bytes=(2.0 * sum_bytes - 2.0) * p.n * p.k)
    return total


def products_bytes(products: Sequence[Product], precision: str, sum_bytes: Number = 4) -> tuple[Number, Number]:
    """Bytes that the products move, forward and backward [B]."""
    forward: Number = 0.0
    backward: Number = 0.0
    for p in products:
        forward = forward + product_bytes(precision, p.m, p.n, p.k, count=p.count)
        backward = (
            backward
            + product_bytes(precision, p.m, p.k, p.n, count=p.count)
            + product_bytes(precision, p.k, p.n, p.m, count=p.count, extra_bytes=(2.0 * sum_bytes - 2.0) * p.n * p.k)
        )
    return forward, backward


def elementwise_bytes(hidden: int, layer: Layer, shares: Shares) -> Number:
    """Bytes of norms, residuals, rotary embedding, activation and casts of one layer forward [B]; backward is twice that."""
    attention = layer.attention
    own, t, tp = shares.tokens / shares.spread, shares.tokens, shares.tp
    heads = attention.heads * attention.head_dim / tp + attention.kv_heads * attention.head_dim / kv_split(attention, tp)
    passes = 3.0 if layer.gated else 2.0
    masks = 2.0 if shares.dropout else 0.0  # a byte each
    moved = (2.0 * HIDDEN_PASSES + masks) * own * hidden + 4.0 * t * heads + 2.0 * passes * t * (layer.ffn_dim + layer.shared_dim) / tp
    visits = t / tp * layer.experts_per_token
    moved = moved + visits * (2.0 * passes * layer.expert_dim + 8.0 * hidden)  # permute to experts and back
    if shares.serving:
        less = 2.0 - ELEMENT_BYTES[shares.precision] if shares.precision in SMALL else 0.0
        return moved - less * (2.0 * own * hidden + t * (layer.ffn_dim + layer.shared_dim) / tp + visits * (hidden + layer.expert_dim))
    if shares.precision in SMALL:  # the pass before writes the inputs of products in 8 bits too, in rows and in columns; gradients are read once more
        inputs = own * 2.0 * hidden + t * (attention.heads * attention.v_dim + layer.ffn_dim + layer.shared_dim) / tp + visits * (hidden + layer.expert_dim)
        moved = moved + CAST_BYTES * inputs
    return moved


def other_forward(machine: Machine, hidden: int, layer: Layer, products: Sequence[Product], shares: Shares) -> Seconds:
    """Element-wise passes and the starts of all kernels of a layer, forward; more of both where they run one by one."""
    more = (machine.eager_gated if layer.gated else machine.eager_plain) if shares.eager else 1.0
    kernels = len(products) + OTHER_KERNELS + (ROUTING_KERNELS if layer.experts else 0)
    return stream(machine.kernels, elementwise_bytes(hidden, layer, shares) * more) + starts(machine.kernels, kernels * more)
