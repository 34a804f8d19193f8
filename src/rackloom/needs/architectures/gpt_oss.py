"""gpt-oss: windowed and full attention in turn, attention sinks, experts in every layer, biases throughout.

gpt-oss model card, arXiv 2508.10925, section 2.2.
"""

from __future__ import annotations

from .keys import Keys, first_given
from .layer import Block, feed_forward, grouped_attention, make_layer
from .shapes import Shape, grouped, read_experts, read_heads, read_sizes, read_windows


def read_gpt_oss(keys: Keys) -> Shape:
    """gpt-oss-20b and 120b: all projections, the router and the experts have biases; each head has a learned sink."""
    sizes = read_sizes(keys)
    heads = read_heads(keys, sizes.hidden, head_dim_required=True)
    bias = keys.flag("attention_bias", default=True)
    per_token_key = first_given(keys, ("num_experts_per_tok", "experts_per_token"))
    experts, per_token = read_experts(keys, "num_local_experts", per_token_key)
    width = keys.count("intermediate_size")
    windows = read_windows(keys, sizes.layers, types_required=True)
    layers = {}
    for window in dict.fromkeys(windows):
        attention = grouped(*heads, window=window)
        layers[window] = make_layer(
            sizes.hidden, attention, grouped_attention(sizes.hidden, attention, qkv_bias=bias, output_bias=bias, sinks=True), experts=experts,
            experts_per_token=per_token, expert=feed_forward(sizes.hidden, width, bias=True), expert_dim=width, router=Block(sizes.hidden * experts, experts),
        )  # fmt: skip
    return Shape(sizes, tuple(layers[window] for window in windows))
