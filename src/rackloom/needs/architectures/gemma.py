"""Gemma 2 and Gemma 3: layers with a window and without in turn, four norms a layer, the embedding tied to the head.

Gemma 2, arXiv 2408.00118, section 2; Gemma 3, arXiv 2503.19786, section 2. Google's configs leave out what their
configuration class gives: for these keys that value is taken.
"""

from __future__ import annotations

from dataclasses import replace

from .keys import Keys, first_given
from .layer import feed_forward, grouped_attention, make_layer
from .shapes import Shape, Sizes, grouped, read_sizes, read_tying, read_windows
from .vision import count_siglip, read_vision

HEADS, KV_HEADS, HEAD_DIM = 8, 4, 256
WINDOW = 4096


def read_gemma2(keys: Keys) -> Shape:
    """Gemma 2: every other layer has a window, the first one too."""
    return _read(keys, read_sizes(keys, vocabulary=256_000, context=8192, tied=True), every=2, qk_norm=False)


def read_gemma3_text(keys: Keys) -> Shape:
    """Gemma 3, text: five layers with a window, then one without; a norm on queries and one on keys."""
    every = keys.count(first_given(keys, ("sliding_window_pattern", "_sliding_window_pattern")), default=6)
    return _read(keys, read_sizes(keys, vocabulary=262_208, context=131_072, tied=True), every=every, qk_norm=True)


def read_gemma3(keys: Keys) -> Shape:
    """Gemma 3 with images: the text model of `text_config`; the encoder of `vision_config` and its projector are counted apart."""
    text = keys.inside("text_config")
    shape = read_gemma3_text(text)
    sizes = replace(shape.sizes, tied=read_tying(keys, text, default=True))
    parameters, notes = read_vision(keys, "siglip_vision_model", lambda vision: count_siglip(vision, sizes.hidden))
    return replace(shape, sizes=sizes, vision_parameters=parameters, notes=notes)


def _read(keys: Keys, sizes: Sizes, *, every: int, qk_norm: bool) -> Shape:
    """All layers; without `layer_types`, each `every`-th one sees its whole context."""
    heads, kv_heads = keys.count("num_attention_heads", default=HEADS), keys.count("num_key_value_heads", default=KV_HEADS)
    keys.check(
        heads % kv_heads == 0, ("num_attention_heads", "num_key_value_heads"), f"num_attention_heads: {heads} is not a multiple of num_key_value_heads, {kv_heads}",
        "Each key-value head serves the same number of query heads.",
    )  # fmt: skip
    head_dim, width, bias = keys.count("head_dim", default=HEAD_DIM), keys.count("intermediate_size"), keys.flag("attention_bias")
    if keys.has("layer_types"):
        windows = read_windows(keys, sizes.layers)
    else:
        window = keys.count("sliding_window", default=WINDOW)
        windows = tuple(window if (index + 1) % every else 0 for index in range(sizes.layers))
    layers = {}
    for window in dict.fromkeys(windows):
        attention = grouped(heads, kv_heads, head_dim, window)
        block = grouped_attention(sizes.hidden, attention, qkv_bias=bias, output_bias=bias, qk_norm=qk_norm)
        # A norm before and one after attention, and the same around feed-forward.
        layers[window] = make_layer(sizes.hidden, attention, block, dense=feed_forward(sizes.hidden, width), ffn_dim=width, norm_parameters=4 * sizes.hidden)
    return Shape(sizes, tuple(layers[window] for window in windows))
