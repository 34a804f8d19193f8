"""What every family reads in the same way: sizes, heads, windows."""

from __future__ import annotations

from dataclasses import dataclass

from .attention import Attention
from .keys import MAX_LAYERS, Keys
from .layer import Layer

SLIDING, FULL = "sliding_attention", "full_attention"


@dataclass(frozen=True)
class Sizes:
    """Sizes that every architecture has."""

    hidden: int
    vocabulary: int
    layers: int
    context: int
    tied: bool


@dataclass(frozen=True)
class Shape:
    """A whole model as its family describes it; `mtp_parameters` belong to modules that predict further tokens.

    `position_parameters` are a table of learned positions, `vision_parameters` an image encoder with its projector, and
    `last_norm_parameters` the norm before the head: `hidden` weights where it is None.
    """

    sizes: Sizes
    layers: tuple[Layer, ...]
    mtp_parameters: int = 0
    position_parameters: int = 0
    vision_parameters: int = 0
    last_norm_parameters: int | None = None
    notes: tuple[str, ...] = ()


def read_sizes(keys: Keys, *, vocabulary: int | None = None, context: int | None = None, tied: bool = False) -> Sizes:
    """Hidden size, vocabulary, number of layers, longest context, and whether the embedding is tied to the head.

    `vocabulary`, `context` and `tied` are the values of the family's configuration class, which its configs leave out; most
    have none for the first two, and `tie_word_embeddings` false.
    """
    return Sizes(
        keys.count("hidden_size"), keys.count("vocab_size", default=vocabulary), keys.count("num_hidden_layers", high=MAX_LAYERS),
        keys.count("max_position_embeddings", default=context), keys.flag("tie_word_embeddings", default=tied),
    )  # fmt: skip


def read_heads(keys: Keys, hidden: int, *, head_dim_required: bool = False, kv_default: bool = False) -> tuple[int, int, int]:
    """Query heads, key-value heads, size of a head.

    `kv_default` lets an absent `num_key_value_heads` mean one for each query head, as in configs older than grouped queries;
    an absent `head_dim` means hidden size over heads.
    """
    heads = keys.count("num_attention_heads")
    kv_heads = keys.count("num_key_value_heads", default=heads if kv_default else None)
    if kv_default and "num_attention_heads" in keys.bad and not keys.has("num_key_value_heads"):
        kv_heads = heads
    keys.check(
        heads % kv_heads == 0, ("num_attention_heads", "num_key_value_heads"), f"num_attention_heads: {heads} is not a multiple of num_key_value_heads, {kv_heads}",
        "Each key-value head serves the same number of query heads.",
    )  # fmt: skip
    if keys.has("head_dim") or head_dim_required:
        return heads, kv_heads, keys.count("head_dim")
    keys.check(
        hidden % heads == 0,
        ("num_attention_heads", "hidden_size"),
        f"num_attention_heads: {heads} does not divide hidden_size, {hidden}",
        "Correct one of them, or give 'head_dim'.",
    )
    return heads, kv_heads, max(1, hidden // heads)


def grouped(heads: int, kv_heads: int, head_dim: int, window: int = 0, *, chunked: bool = False) -> Attention:
    """Multi-head or grouped-query attention, over a window (or within chunks of that length) where it is above 0."""
    bounded = "chunked" if chunked else "sliding"
    kind = bounded if window else ("mha" if heads == kv_heads else "gqa")
    return Attention(kind, heads, kv_heads, head_dim, v_dim=head_dim, window=window)


def read_windows(keys: Keys, layers: int, *, types_required: bool = False) -> tuple[int, ...]:
    """Window of each layer in tokens, 0 for the whole context, from `layer_types` and `sliding_window`."""
    types = keys.words("layer_types", (SLIDING, FULL), layers, "num_hidden_layers")
    if types is None:
        if types_required and "layer_types" not in keys.bad:
            keys.miss("layer_types", f"a list of {SLIDING} and {FULL}")
        return (0,) * layers
    window = keys.count("sliding_window") if SLIDING in types else 0
    return tuple(window if kind == SLIDING else 0 for kind in types)


def read_experts(keys: Keys, experts_key: str, per_token_key: str = "num_experts_per_tok") -> tuple[int, int]:
    """Routed experts of a layer and how many of them one token visits."""
    experts = keys.count(experts_key)
    per_token = keys.count(per_token_key)
    keys.check(per_token <= experts, (per_token_key, experts_key), f"{per_token_key}: {per_token} is more than {experts_key}, {experts}", "A token visits at most all experts.")
    return experts, per_token


def read_tying(outer: Keys, text: Keys, *, default: bool) -> bool:
    """Whether embedding and head are one table in a model with images: its own key, else that of its text part, else `default`."""
    return outer.flag("tie_word_embeddings", default=text.flag("tie_word_embeddings", default=default))
