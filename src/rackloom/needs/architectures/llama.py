"""Llama 2 and 3, Mistral, Mixtral and Phi-3: grouped-query attention without norms on queries and keys, gated feed-forward or experts."""

from __future__ import annotations

from .attention import Attention
from .keys import Keys
from .layer import Block, feed_forward, grouped_attention, make_layer
from .shapes import Shape, Sizes, grouped, read_experts, read_heads, read_sizes


def read_llama(keys: Keys) -> Shape:
    """Llama 2, 3, 3.1, 3.3: `attention_bias` and `mlp_bias` add biases to all projections where they are true."""
    sizes = read_sizes(keys)
    heads, kv_heads, head_dim = read_heads(keys, sizes.hidden, kv_default=True)
    width = keys.count("intermediate_size")
    bias = keys.flag("attention_bias")
    attention = grouped(heads, kv_heads, head_dim)
    block = grouped_attention(sizes.hidden, attention, qkv_bias=bias, output_bias=bias)
    dense = feed_forward(sizes.hidden, width, bias=keys.flag("mlp_bias"))
    return Shape(sizes, (make_layer(sizes.hidden, attention, block, dense=dense, ffn_dim=width),) * sizes.layers)


def read_mistral(keys: Keys) -> Shape:
    """Mistral: as Llama without biases; `sliding_window` bounds every layer where it is not null."""
    sizes = read_sizes(keys)
    attention = grouped(*read_heads(keys, sizes.hidden), window=keys.count("sliding_window", default=0))
    return _dense(keys, sizes, attention)


def read_mixtral(keys: Keys) -> Shape:
    """Mixtral: Mistral's attention, and in every layer `num_local_experts` experts of width `intermediate_size`."""
    sizes = read_sizes(keys)
    attention = grouped(*read_heads(keys, sizes.hidden), window=keys.count("sliding_window", default=0))
    experts, per_token = read_experts(keys, "num_local_experts")
    width = keys.count("intermediate_size")
    layer = make_layer(
        sizes.hidden, attention, grouped_attention(sizes.hidden, attention), experts=experts, experts_per_token=per_token,
        expert=feed_forward(sizes.hidden, width), expert_dim=width, router=Block(sizes.hidden * experts),
    )  # fmt: skip
    return Shape(sizes, (layer,) * sizes.layers)


def read_phi3(keys: Keys) -> Shape:
    """Phi-3, Phi-3.5 and Phi-4: as Mistral; the configs of the first models give no key-value heads, one for each query head."""
    sizes = read_sizes(keys)
    attention = grouped(*read_heads(keys, sizes.hidden, kv_default=True), window=keys.count("sliding_window", default=0))
    return _dense(keys, sizes, attention)


def _dense(keys: Keys, sizes: Sizes, attention: Attention) -> Shape:
    width = keys.count("intermediate_size")
    layer = make_layer(sizes.hidden, attention, grouped_attention(sizes.hidden, attention), dense=feed_forward(sizes.hidden, width), ffn_dim=width)
    return Shape(sizes, (layer,) * sizes.layers)
