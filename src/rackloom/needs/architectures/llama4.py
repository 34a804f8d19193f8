"""Llama 4: layers with experts among dense ones, one shared expert, attention within chunks except in every fourth layer.

Meta AI, The Llama 4 herd, 2025-04-05. Layers with rotary positions attend within chunks of `attention_chunk_size` tokens;
layers without positions see the whole context. Norms on queries and keys have no weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .attention import Attention
from .keys import Keys
from .layer import Block, Layer, feed_forward, grouped_attention, make_layer
from .shapes import FULL, Shape, Sizes, grouped, read_experts, read_heads, read_sizes, read_tying
from .vision import count_llama4_vision, read_vision

CHUNKED = "chunked_attention"
NO_ROPE_INTERVAL = 4  # of the configuration class, where a config names no layers


def read_llama4_text(keys: Keys) -> Shape:
    """Llama 4, text: `intermediate_size` is the width of an expert and of the shared expert, `intermediate_size_mlp` that of dense layers."""
    sizes = read_sizes(keys)
    heads = read_heads(keys, sizes.hidden)
    bias = keys.flag("attention_bias")
    chunks, sparse = _chunks(keys, sizes), _sparse(keys, sizes)
    experts, per_token = read_experts(keys, "num_local_experts")
    width = keys.count("intermediate_size")
    dense_width = 0 if all(sparse) else keys.count("intermediate_size_mlp")

    def layer(attention: Attention, has_experts: bool) -> Layer:
        block = grouped_attention(sizes.hidden, attention, qkv_bias=bias, output_bias=bias)
        if not has_experts:
            return make_layer(sizes.hidden, attention, block, dense=feed_forward(sizes.hidden, dense_width), ffn_dim=dense_width)
        expert = feed_forward(sizes.hidden, width)
        return make_layer(
            sizes.hidden, attention, block, experts=experts, experts_per_token=per_token, expert=expert, expert_dim=width, router=Block(sizes.hidden * experts),
            shared=expert, shared_experts=1, shared_dim=width,
        )  # fmt: skip

    kinds = list(zip(chunks, sparse, strict=True))
    layers = {kind: layer(grouped(*heads, window=kind[0], chunked=True), kind[1]) for kind in dict.fromkeys(kinds)}
    return Shape(sizes, tuple(layers[kind] for kind in kinds))


def read_llama4(keys: Keys) -> Shape:
    """Llama 4 with images: the text model of `text_config`; the encoder of `vision_config` and its projector are counted apart."""
    text = keys.inside("text_config")
    shape = read_llama4_text(text)
    sizes = replace(shape.sizes, tied=read_tying(keys, text, default=False))
    parameters, notes = read_vision(keys, "llama4_vision_model", lambda vision: count_llama4_vision(vision, sizes.hidden))
    return replace(shape, sizes=sizes, vision_parameters=parameters, notes=notes)


def _chunks(keys: Keys, sizes: Sizes) -> tuple[int, ...]:
    """Length of the chunks of each layer, 0 for the whole context: from `layer_types`, else from `no_rope_layers` (1: rotary), else by interval."""
    chunk = keys.count("attention_chunk_size", default=0)
    types = keys.words("layer_types", (CHUNKED, FULL), sizes.layers, "num_hidden_layers")
    if types is not None:
        return tuple(chunk if kind == CHUNKED else 0 for kind in types)
    rotary: Sequence[int] | None = keys.choices("no_rope_layers", (0, 1), sizes.layers, "num_hidden_layers") if keys.values.get("no_rope_layers") else None
    if rotary is None:
        interval = keys.count("no_rope_layer_interval", default=NO_ROPE_INTERVAL)
        rotary = [int((index + 1) % interval != 0) for index in range(sizes.layers)]
    return tuple(chunk if is_rotary else 0 for is_rotary in rotary)


def _sparse(keys: Keys, sizes: Sizes) -> list[bool]:
    """Which layers have experts: those of `moe_layers`, else every `interleave_moe_layer_step`-th."""
    if keys.has("moe_layers"):
        named = keys.indices("moe_layers")
        return [index in named for index in range(sizes.layers)]
    step = keys.count("interleave_moe_layer_step", default=1)
    return [(index + 1) % step == 0 for index in range(sizes.layers)]
