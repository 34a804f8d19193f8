"""DeepSeek-V2, V2-Lite, V3, V3.2, R1 and Kimi K2: multi-head latent attention, shared and routed experts, leading dense layers.

DeepSeek-V2, arXiv 2405.04434, section 2; DeepSeek-V3, arXiv 2412.19437, section 2 and `README_WEIGHTS.md` of its
repository for the modules that predict further tokens (MTP).
"""

from __future__ import annotations

from dataclasses import replace

from .attention import Attention
from .keys import Keys
from .layer import Block, Layer, feed_forward, latent_attention, make_layer
from .shapes import Shape, Sizes, read_experts, read_sizes


def read_deepseek_v2(keys: Keys) -> Shape:
    """DeepSeek-V2 and V2-Lite (whose `q_lora_rank` is null: queries are not compressed)."""
    return _read(keys, score_bias=False)


def read_deepseek_v3(keys: Keys) -> Shape:
    """DeepSeek-V3, R1 and Kimi K2: the router holds one bias for each expert, and MTP modules may follow the layers."""
    return _read(keys, score_bias=keys.values.get("topk_method", "noaux_tc") == "noaux_tc")


def read_deepseek_v32(keys: Keys) -> Shape:
    """DeepSeek-V3.2: V3 whose queries attend to the `index_topk` tokens that an indexer chooses (DeepSeek Sparse Attention)."""
    return _read(keys, score_bias=keys.values.get("topk_method", "noaux_tc") == "noaux_tc", indexed=True)


def _read(keys: Keys, *, score_bias: bool, indexed: bool = False) -> Shape:
    sizes = read_sizes(keys)
    attention = _attention(keys)
    if indexed:
        attention = replace(attention, chosen=keys.count("index_topk"), index_heads=keys.count("index_n_heads"), index_dim=keys.count("index_head_dim"))
    block = latent_attention(sizes.hidden, attention, bias=keys.flag("attention_bias"))
    width = keys.count("intermediate_size")
    dense = make_layer(sizes.hidden, attention, block, dense=feed_forward(sizes.hidden, width), ffn_dim=width)
    sparse = _sparse_layer(keys, sizes, attention, block, score_bias) if keys.has("n_routed_experts") else dense
    leading = keys.count("first_k_dense_replace", default=0, low=0)
    step = keys.count("moe_layer_freq", default=1)
    layers = tuple(sparse if index >= leading and index % step == 0 else dense for index in range(sizes.layers))
    modules = keys.count("num_nextn_predict_layers", default=0, low=0)
    # A module is one more layer, a projection from two hidden states to one, and three norms; it shares embedding and head.
    module = sparse.parameters + 2 * sizes.hidden * sizes.hidden + 3 * sizes.hidden
    return Shape(sizes, layers, mtp_parameters=modules * module)


def _attention(keys: Keys) -> Attention:
    heads = keys.count("num_attention_heads")
    kv_heads = keys.count("num_key_value_heads", default=heads)
    keys.check(
        kv_heads == heads, ("num_key_value_heads", "num_attention_heads"), f"num_key_value_heads: {kv_heads} differs from num_attention_heads, {heads}",
        "Latent attention rebuilds a key and a value for each query head: both are the same.",
    )  # fmt: skip
    nope, rope = keys.count("qk_nope_head_dim"), keys.count("qk_rope_head_dim")
    return Attention(
        "mla", heads, heads, nope + rope, q_lora_rank=keys.count("q_lora_rank", default=0), kv_lora_rank=keys.count("kv_lora_rank"), qk_nope_dim=nope,
        qk_rope_dim=rope, v_dim=keys.count("v_head_dim"),
    )  # fmt: skip


def _sparse_layer(keys: Keys, sizes: Sizes, attention: Attention, block: Block, score_bias: bool) -> Layer:
    experts, per_token = read_experts(keys, "n_routed_experts")
    expert_dim = keys.count("moe_intermediate_size")
    shared_experts = keys.count("n_shared_experts", default=0, low=0)
    shared_dim = shared_experts * expert_dim
    return make_layer(
        sizes.hidden, attention, block, experts=experts, experts_per_token=per_token, expert=feed_forward(sizes.hidden, expert_dim), expert_dim=expert_dim,
        router=Block(sizes.hidden * experts, experts * score_bias), shared=feed_forward(sizes.hidden, shared_dim), shared_experts=shared_experts, shared_dim=shared_dim,
    )  # fmt: skip
