"""GPT-2, GPT-NeoX (and Pythia), MPT and Falcon: feed-forward of two matrices, norms that also shift (MPT's do not).

Radford et al. 2019; GPT-NeoX-20B, arXiv 2204.06745, section 2; MosaicML, MPT-7B, 2023-05-05; Falcon, arXiv 2311.16867, section 3.
"""

from __future__ import annotations

from .keys import MAX_LAYERS, Keys
from .layer import Block, feed_forward, grouped_attention, make_layer
from .shapes import Shape, Sizes, grouped, read_sizes

MULTIHEAD, MULTIQUERY, GROUPED = "multihead_attention", "multiquery_attention", "grouped_query_attention"


def read_gpt2(keys: Keys) -> Shape:
    """GPT-2: biases everywhere, a table of learned positions; `n_inner` null means four times the hidden size."""
    sizes = Sizes(
        keys.count("n_embd"), keys.count("vocab_size"), keys.count("n_layer", high=MAX_LAYERS), keys.count("n_positions"), keys.flag("tie_word_embeddings", default=True),
    )  # fmt: skip
    heads = keys.count("n_head")
    attention = grouped(heads, heads, _head_dim(keys, sizes.hidden, heads, "n_head", "n_embd"))
    width = keys.count("n_inner", default=4 * sizes.hidden)
    block = grouped_attention(sizes.hidden, attention, qkv_bias=True, output_bias=True)
    layer = make_layer(
        sizes.hidden, attention, block, dense=feed_forward(sizes.hidden, width, bias=True, gated=False), ffn_dim=width, gated=False, norm_parameters=4 * sizes.hidden,
    )  # fmt: skip
    return Shape(sizes, (layer,) * sizes.layers, position_parameters=sizes.context * sizes.hidden, last_norm_parameters=2 * sizes.hidden)


def read_gpt_neox(keys: Keys) -> Shape:
    """GPT-NeoX and Pythia: rotary positions, biases everywhere (`attention_bias` may leave out those of attention)."""
    sizes = read_sizes(keys)
    heads = keys.count("num_attention_heads")
    attention = grouped(heads, heads, _head_dim(keys, sizes.hidden, heads, "num_attention_heads", "hidden_size"))
    width, bias = keys.count("intermediate_size"), keys.flag("attention_bias", default=True)
    block = grouped_attention(sizes.hidden, attention, qkv_bias=bias, output_bias=bias)
    layer = make_layer(
        sizes.hidden, attention, block, dense=feed_forward(sizes.hidden, width, bias=True, gated=False), ffn_dim=width, gated=False, norm_parameters=4 * sizes.hidden,
    )  # fmt: skip
    return Shape(sizes, (layer,) * sizes.layers, last_norm_parameters=2 * sizes.hidden)


def read_mpt(keys: Keys) -> Shape:
    """MPT: `no_bias` leaves out the biases of projections and norms; positions are ALiBi, or learned where that is off.

    `attn_config` may say grouped queries (`attn_type`, `kv_n_heads`) and norms on queries and keys (`qk_ln`).
    """
    sizes = Sizes(
        keys.count("d_model"), keys.count("vocab_size"), keys.count("n_layers", high=MAX_LAYERS), keys.count("max_seq_len"), keys.flag("tie_word_embeddings", default=True),
    )  # fmt: skip
    heads, bias = keys.count("n_heads"), not keys.flag("no_bias", default=True)
    head_dim = _head_dim(keys, sizes.hidden, heads, "n_heads", "d_model")
    inner = keys.inside("attn_config") if keys.has("attn_config") else Keys({}, keys.architecture, keys.locate)
    attention = grouped(heads, _mpt_kv_heads(inner, heads), head_dim)
    block = grouped_attention(sizes.hidden, attention, qkv_bias=bias, output_bias=bias)
    shift = 2 if bias else 1  # weights of a norm for each of its elements
    if inner.flag("qk_ln"):
        block = Block(block.weights, block.others + shift * (attention.heads + attention.kv_heads) * head_dim)
    width = keys.count("expansion_ratio", default=4) * sizes.hidden
    layer = make_layer(
        sizes.hidden, attention, block, dense=feed_forward(sizes.hidden, width, bias=bias, gated=False), ffn_dim=width, gated=False,
        norm_parameters=2 * shift * sizes.hidden,
    )  # fmt: skip
    has_table = keys.flag("learned_pos_emb", default=True) and not inner.flag("alibi", default=True) and not inner.flag("rope")
    positions = sizes.context * sizes.hidden if has_table else 0
    return Shape(sizes, (layer,) * sizes.layers, position_parameters=positions, last_norm_parameters=shift * sizes.hidden)


def read_falcon(keys: Keys) -> Shape:
    """Falcon: one key-value head for all (7B), or `num_kv_heads` with `new_decoder_architecture` (40B, 180B); biases only where `bias` is true.

    Where attention and feed-forward take the same input (`parallel_attn`), one norm stands before both, or, in the new
    architecture, one before each.
    """
    sizes = read_sizes(keys, context=2048, tied=True)
    heads = keys.count("num_attention_heads")
    is_new = keys.flag("new_decoder_architecture")
    kv_heads = keys.count("num_kv_heads", default=heads)
    if not is_new and keys.flag("multi_query", default=True):
        kv_heads = 1
    keys.check(
        heads % kv_heads == 0, ("num_kv_heads", "num_attention_heads"), f"num_kv_heads: {kv_heads} does not divide num_attention_heads, {heads}",
        "Each key-value head serves the same number of query heads.",
    )  # fmt: skip
    attention = grouped(heads, kv_heads, _head_dim(keys, sizes.hidden, heads, "num_attention_heads", "hidden_size"))
    bias = keys.flag("bias")
    width = keys.count("ffn_hidden_size", default=4 * sizes.hidden)
    norms = keys.count("num_ln_in_parallel_attn", default=2 if is_new else 1, high=2) if keys.flag("parallel_attn", default=True) else 2
    layer = make_layer(
        sizes.hidden, attention, grouped_attention(sizes.hidden, attention, qkv_bias=bias, output_bias=bias),
        dense=feed_forward(sizes.hidden, width, bias=bias, gated=False), ffn_dim=width, gated=False, norm_parameters=2 * norms * sizes.hidden,
    )  # fmt: skip
    return Shape(sizes, (layer,) * sizes.layers, last_norm_parameters=2 * sizes.hidden)


def _head_dim(keys: Keys, hidden: int, heads: int, heads_key: str, hidden_key: str) -> int:
    keys.check(hidden % heads == 0, (heads_key, hidden_key), f"{heads_key}: {heads} does not divide {hidden_key}, {hidden}", "Correct one of them.")
    return max(1, hidden // heads)


def _mpt_kv_heads(inner: Keys, heads: int) -> int:
    """Key-value heads that `attn_config` says: one for each query head, one for all, or `kv_n_heads`."""
    kind = inner.word("attn_type", (MULTIHEAD, MULTIQUERY, GROUPED), default=MULTIHEAD)
    if kind == MULTIQUERY:
        return 1
    if kind == MULTIHEAD:
        return heads
    kv_heads = inner.count("kv_n_heads")
    inner.check(heads % kv_heads == 0, ("kv_n_heads",), f"kv_n_heads: {kv_heads} does not divide n_heads, {heads}", "Each key-value head serves the same number of query heads.")
    return kv_heads
