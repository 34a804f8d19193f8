"""Qwen2, Qwen2.5 and Qwen3, dense and with experts.

Qwen2 has biases on query, key and value; Qwen3 has a norm on queries and one on keys instead.
"""

from __future__ import annotations

from .keys import Keys
from .layer import Block, Layer, feed_forward, grouped_attention, make_layer
from .shapes import Shape, Sizes, grouped, read_experts, read_heads, read_sizes, read_windows


def read_qwen2(keys: Keys) -> Shape:
    """Qwen2 and Qwen2.5, dense."""
    sizes = read_sizes(keys)
    return _dense(keys, sizes, read_heads(keys, sizes.hidden), qkv_bias=True, output_bias=False, qk_norm=False)


def read_qwen3(keys: Keys) -> Shape:
    """Qwen3, dense: `head_dim` does not follow from the hidden size and must be given."""
    sizes = read_sizes(keys)
    bias = keys.flag("attention_bias")
    return _dense(keys, sizes, read_heads(keys, sizes.hidden, head_dim_required=True), qkv_bias=bias, output_bias=bias, qk_norm=True)


def read_qwen2_moe(keys: Keys) -> Shape:
    """Qwen1.5-MoE and Qwen2-MoE: routed experts beside one shared expert, which a gate of `hidden_size` weights scales."""
    sizes = read_sizes(keys)
    heads = read_heads(keys, sizes.hidden)
    shared_dim = keys.count("shared_expert_intermediate_size")
    shared = Block(feed_forward(sizes.hidden, shared_dim).weights + sizes.hidden)
    return _moe(keys, sizes, heads, qkv_bias=keys.flag("qkv_bias", default=True), qk_norm=False, shared=shared, shared_dim=shared_dim)


def read_qwen3_moe(keys: Keys) -> Shape:
    """Qwen3-MoE: routed experts only."""
    sizes = read_sizes(keys)
    heads = read_heads(keys, sizes.hidden, head_dim_required=True)
    bias = keys.flag("attention_bias")
    return _moe(keys, sizes, heads, qkv_bias=bias, output_bias=bias, qk_norm=True)


def _windows(keys: Keys, sizes: Sizes) -> tuple[int, ...]:
    """Windows by layer: from `layer_types`, else layers from `max_window_layers` on where `use_sliding_window` is true."""
    if keys.has("layer_types"):
        return read_windows(keys, sizes.layers)
    if not keys.flag("use_sliding_window"):
        return (0,) * sizes.layers
    window, first = keys.count("sliding_window"), keys.count("max_window_layers", low=0)
    return tuple(window if index >= first else 0 for index in range(sizes.layers))


def _dense(keys: Keys, sizes: Sizes, heads: tuple[int, int, int], *, qkv_bias: bool, output_bias: bool, qk_norm: bool) -> Shape:
    width = keys.count("intermediate_size")
    layers = {}
    windows = _windows(keys, sizes)
    for window in dict.fromkeys(windows):
        attention = grouped(*heads, window=window)
        block = grouped_attention(sizes.hidden, attention, qkv_bias=qkv_bias, output_bias=output_bias, qk_norm=qk_norm)
        layers[window] = make_layer(sizes.hidden, attention, block, dense=feed_forward(sizes.hidden, width), ffn_dim=width)
    return Shape(sizes, tuple(layers[window] for window in windows))


def _moe(
    keys: Keys, sizes: Sizes, heads: tuple[int, int, int], *, qkv_bias: bool, qk_norm: bool, output_bias: bool = False, shared: Block | None = None, shared_dim: int = 0
) -> Shape:
    """Experts in every `decoder_sparse_step`-th layer that `mlp_only_layers` does not name; the others are dense."""
    experts, per_token = read_experts(keys, "num_experts")
    expert_dim = keys.count("moe_intermediate_size")
    step = keys.count("decoder_sparse_step", default=1)
    dense_layers = keys.indices("mlp_only_layers")
    sparse = [index not in dense_layers and (index + 1) % step == 0 for index in range(sizes.layers)]
    width = 0 if all(sparse) else keys.count("intermediate_size")
    windows = _windows(keys, sizes)
    layers: dict[tuple[bool, int], Layer] = {}
    for is_sparse, window in dict.fromkeys(zip(sparse, windows, strict=True)):
        attention = grouped(*heads, window=window)
        block = grouped_attention(sizes.hidden, attention, qkv_bias=qkv_bias, output_bias=output_bias, qk_norm=qk_norm)
        if is_sparse:
            layers[is_sparse, window] = make_layer(
                sizes.hidden, attention, block, experts=experts, experts_per_token=per_token, expert=feed_forward(sizes.hidden, expert_dim), expert_dim=expert_dim,
                router=Block(sizes.hidden * experts), shared=shared or Block(0), shared_experts=1 if shared else 0, shared_dim=shared_dim,
            )  # fmt: skip
        else:
            layers[is_sparse, window] = make_layer(sizes.hidden, attention, block, dense=feed_forward(sizes.hidden, width), ffn_dim=width)
    return Shape(sizes, tuple(layers[kind] for kind in zip(sparse, windows, strict=True)))
