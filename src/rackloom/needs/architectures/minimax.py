"""MiniMax-Text-01 and M1 (lightning attention, and softmax attention in every eighth layer) and MiniMax-M2 (softmax only); experts in every layer.

MiniMax-01, arXiv 2501.08313, section 2; MiniMax-M1, arXiv 2506.13585. Lightning attention is linear: it keeps a state, no cache.
"""

from __future__ import annotations

from .attention import Attention
from .keys import Keys
from .layer import Block, Layer, feed_forward, grouped_attention, linear_attention, make_layer
from .shapes import FULL, Shape, Sizes, grouped, read_experts, read_heads, read_sizes

LINEAR = "linear_attention"


def read_minimax(keys: Keys) -> Shape:
    """MiniMax-Text-01 and M1: `attn_type_list` says 0 for lightning, 1 for softmax; newer configs say it in `layer_types`."""
    sizes = read_sizes(keys)
    heads, kv_heads, head_dim = read_heads(keys, sizes.hidden)
    softmax = grouped(heads, kv_heads, head_dim, window=keys.count("sliding_window", default=0))
    linear = Attention("linear", heads, heads, head_dim, v_dim=head_dim)
    layers = {
        False: _layer(keys, sizes, linear, linear_attention(sizes.hidden, linear), score_bias=False),
        True: _layer(keys, sizes, softmax, grouped_attention(sizes.hidden, softmax), score_bias=False),
    }
    return Shape(sizes, tuple(layers[is_softmax] for is_softmax in _softmax_layers(keys, sizes)))


def read_minimax_m2(keys: Keys) -> Shape:
    """MiniMax-M2: softmax attention throughout, with norms over all query heads and over all key heads; the router holds a bias for each expert."""
    sizes = read_sizes(keys)
    attention = grouped(*read_heads(keys, sizes.hidden))
    block = grouped_attention(sizes.hidden, attention)
    if keys.flag("use_qk_norm", default=True):
        block = Block(block.weights, block.others + (attention.heads + attention.kv_heads) * attention.head_dim)
    keys.choices("attn_type_list", (1,), sizes.layers, "num_hidden_layers")  # a layer of another kind is a fault
    layer = _layer(keys, sizes, attention, block, score_bias=keys.flag("use_routing_bias", default=True))
    modules = keys.count("num_mtp_modules", default=0, low=0) if keys.flag("use_mtp") else 0
    notes = ("the modules that predict further tokens are not among the published weights and not counted",) if modules else ()
    return Shape(sizes, (layer,) * sizes.layers, notes=notes)


def _layer(keys: Keys, sizes: Sizes, attention: Attention, block: Block, *, score_bias: bool) -> Layer:
    """A layer with experts, and beside them a shared expert, which a gate of `hidden_size` weights scales, where it has a width."""
    experts, per_token = read_experts(keys, "num_local_experts")
    width = keys.count("intermediate_size")
    shared_dim = keys.count("shared_intermediate_size", default=0, low=0)
    shared = Block(feed_forward(sizes.hidden, shared_dim).weights + sizes.hidden) if shared_dim else Block(0)
    return make_layer(
        sizes.hidden, attention, block, experts=experts, experts_per_token=per_token, expert=feed_forward(sizes.hidden, width), expert_dim=width,
        router=Block(sizes.hidden * experts, experts * score_bias), shared=shared, shared_experts=1 if shared_dim else 0, shared_dim=shared_dim,
    )  # fmt: skip


def _softmax_layers(keys: Keys, sizes: Sizes) -> tuple[bool, ...]:
    types = keys.words("layer_types", (LINEAR, FULL), sizes.layers, "num_hidden_layers")
    if types is not None:
        return tuple(kind == FULL for kind in types)
    codes = keys.choices("attn_type_list", (0, 1), sizes.layers, "num_hidden_layers")
    if codes is not None:
        return tuple(code == 1 for code in codes)
    if not keys.bad.intersection(("layer_types", "attn_type_list")):
        keys.miss("attn_type_list", "a list of 0 (lightning) and 1 (softmax)")
    return (True,) * sizes.layers
