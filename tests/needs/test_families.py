"""Families beside Llama, Qwen and DeepSeek: counts by hand, defaults of their configuration classes, windows, chunks and states."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rackloom.catalog import data_folder
from rackloom.needs import model as models
from rackloom.needs.model import find_model, read_model, shipped_models

from .toys import TOY, TOY_FALCON, TOY_GEMMA3, TOY_GPT2, TOY_IMAGES, TOY_LATENT, TOY_LIGHTNING, TOY_LLAMA4, TOY_MPT, TOY_NEOX, TOY_SPARSE

ALL = {
    "gemma3": TOY_GEMMA3, "images": TOY_IMAGES, "llama4": TOY_LLAMA4, "lightning": TOY_LIGHTNING, "gpt2": TOY_GPT2, "neox": TOY_NEOX, "mpt": TOY_MPT, "falcon": TOY_FALCON,
    "sparse": TOY_SPARSE,
}  # fmt: skip

# --- counted by hand --------------------------------------------------------------------------------------------------


def test_toy_gemma_counted_by_hand():
    model = read_model(TOY_GEMMA3)
    # Heads of 3: queries and output 8 x 12 each, keys and values 8 x 6 each: 288; norms of 3 on queries and keys.
    # Feed-forward 3 x 8 x 20 = 480, four norms of 8. A layer: 294 + 480 + 32 = 806. Embedding 800, once; last norm 8.
    layer = model.layers[0]
    assert (layer.attention_parameters, layer.dense_parameters, layer.norm_parameters, layer.parameters) == (294, 480, 32, 806)
    assert model.parameters == 6 * 806 + 800 + 8
    assert model.tied_embeddings
    assert [one.attention.window for one in model.layers] == [16] * 5 + [0]
    assert (layer.attention.head_dim, layer.gated) == (3, True)
    # Gemma 2: no norms on queries and keys, every other layer with a window
    second = read_model({**TOY_GEMMA3, "architectures": ["Gemma2ForCausalLM"]})
    assert second.layers[0].parameters == 806 - 6
    assert [one.attention.window for one in second.layers] == [16, 0] * 3
    # Query, key, value 12 + 6 + 6 and output 8
    assert read_model({**TOY_GEMMA3, "attention_bias": True}).layers[0].parameters == 806 + 32


def test_what_gemma_leaves_out_is_that_of_its_class():
    """Gemma3TextConfig and Gemma2Config of the transformers package: what google/gemma-3-4b's config.json leaves out."""
    silent = {key: TOY_GEMMA3[key] for key in ("architectures", "hidden_size", "intermediate_size", "num_hidden_layers", "torch_dtype")}
    model = read_model(silent)
    attention = model.layers[0].attention
    assert (attention.heads, attention.kv_heads, attention.head_dim, attention.window) == (8, 4, 256, 4096)
    assert (model.vocabulary, model.context, model.tied_embeddings) == (262_208, 131_072, True)
    second = read_model({**silent, "architectures": ["Gemma2ForCausalLM"]})
    assert (second.vocabulary, second.context) == (256_000, 8192)


def test_gemma_windows_by_pattern_and_by_list():
    by_pattern = read_model({**TOY_GEMMA3, "sliding_window_pattern": 3})
    assert [layer.attention.window for layer in by_pattern.layers] == [16, 16, 0] * 2
    assert read_model({**TOY_GEMMA3, "_sliding_window_pattern": 3}) == by_pattern
    by_list = read_model({**TOY_GEMMA3, "layer_types": ["full_attention", "sliding_attention"] * 3})
    assert [layer.attention.window for layer in by_list.layers] == [0, 16] * 3


def test_images_are_counted_apart():
    model, text = read_model(TOY_IMAGES), read_model(TOY_GEMMA3)
    # Patches 3 x 16 x 6 + 6 biases, 4 positions of 6: 318. A layer: 4 x (36 + 6) + 2 x 60 + 10 + 6 + 24 = 328.
    # Last norm 12. Projector: norm 6, matrix 6 x 8.
    assert model.vision_parameters == 318 + 2 * 328 + 12 + 6 + 48
    assert (model.parameters, model.layers, model.notes) == (text.parameters, text.layers, ())
    assert models.weight_bytes(model) == models.weight_bytes(text)
    assert read_model({**TOY_IMAGES, "vision_config": None}).vision_parameters == 0
    other = read_model({**TOY_IMAGES, "vision_config": {"model_type": "clip"}})
    assert other.vision_parameters == 0
    assert "'clip' is not known and not counted" in other.notes[0]
    assert not read_model({**TOY_IMAGES, "tie_word_embeddings": False}).tied_embeddings


def test_precision_may_stand_in_the_text_part():
    text = {**TOY_IMAGES["text_config"], "torch_dtype": "float32"}
    assert read_model({**TOY_IMAGES, "torch_dtype": None, "text_config": text}).native_precision == "tf32"
    text = {**text, "quantization_config": {"quant_method": "fp8"}}
    assert read_model({**TOY_IMAGES, "text_config": text}).native_format == "fp8"


def test_phi_is_mistral_with_one_key_value_head_for_each_query_head():
    mistral = {**TOY, "architectures": ["MistralForCausalLM"], "num_key_value_heads": 4, "sliding_window": 20}
    phi = {key: value for key, value in mistral.items() if key != "num_key_value_heads"}
    assert read_model({**phi, "architectures": ["Phi3ForCausalLM"]}).layers == read_model(mistral).layers


def test_toy_llama4_counted_by_hand():
    model = read_model(TOY_LLAMA4)
    # Queries and output 8 x 16 each, keys and values 8 x 8 each: 384; two norms of 8. Dense: 3 x 8 x 10 = 240.
    dense, sparse = model.layers[0], model.layers[1]
    assert (dense.parameters, dense.ffn_dim, dense.experts) == (384 + 16 + 240, 10, 0)
    # Three experts and the shared one of 3 x 8 x 6 = 144, router 24
    assert sparse.parameters == 384 + 16 + 24 + 4 * 144
    assert (sparse.active_parameters, sparse.shared_dim, sparse.shared_experts) == (384 + 16 + 24 + 2 * 144, 6, 1)
    assert [layer.experts for layer in model.layers] == [0, 3, 0, 3]
    assert [(layer.attention.kind, layer.attention.window) for layer in model.layers] == [("chunked", 16)] * 3 + [("gqa", 0)]
    assert model.parameters == 2 * dense.parameters + 2 * sparse.parameters + 2 * 240 + 8
    # A chunk and the whole context: 16 numbers a token and layer
    assert models.kv_bytes_at(model, 40, 1.0) == 16 * (3 * 16 + 40)
    # 40 tokens fill chunks of 16, 16 and 8: a token sees (128 + 128 + 32) / 40 = 7.2 tokens on average, 20 in the full layer
    assert models.forward_flop_per_token(model, 40) - 2 * model.matmul_parameters == pytest.approx(2 * 4 * 8 * (3 * 7.2 + 20))
    # After 40 tokens: half a chunk on average; after 10: all of them
    assert models.decode_flop_per_token(model, 40) - 2 * model.matmul_parameters == 2 * 4 * 8 * (3 * 8 + 40)
    assert models.decode_flop_per_token(model, 10) - 2 * model.matmul_parameters == 2 * 4 * 8 * 40


def test_llama4_layers_by_list():
    def kinds(**changes) -> list[str]:
        return [layer.attention.kind for layer in read_model({**TOY_LLAMA4, **changes}).layers]

    assert kinds(no_rope_layers=[0, 1, 1, 0]) == ["gqa", "chunked", "chunked", "gqa"]
    assert kinds(no_rope_layers=[]) == kinds()
    assert kinds(no_rope_layer_interval=2) == ["chunked", "gqa"] * 2
    assert kinds(layer_types=["full_attention"] * 3 + ["chunked_attention"]) == ["gqa"] * 3 + ["chunked"]
    assert kinds(attention_chunk_size=None) == ["gqa"] * 4
    assert [layer.experts for layer in read_model({**TOY_LLAMA4, "moe_layers": [0]}).layers] == [3, 0, 0, 0]
    nested = {"architectures": ["Llama4ForConditionalGeneration"], "text_config": TOY_LLAMA4, "torch_dtype": "bfloat16"}
    assert read_model(nested).layers == read_model(TOY_LLAMA4).layers


def test_toy_lightning_counted_by_hand():
    model = read_model(TOY_LIGHTNING)
    linear, softmax = model.layers[0], model.layers[2]
    # Four heads of 4: query, key, value, gate and output 8 x 16 each, a norm over all heads; softmax as in Llama 4 above
    assert (linear.attention_parameters, softmax.attention_parameters) == (5 * 128 + 16, 384)
    # Three experts of 3 x 8 x 6, router 24, two norms
    assert linear.parameters == 656 + 16 + 24 + 3 * 144
    assert [layer.attention.kind for layer in model.layers] == ["linear", "linear", "gqa"]
    # A state of 4 heads x 4 x 4 in two layers, whatever the context; 16 numbers a token in the third
    assert linear.attention.cache_elements == 0
    assert models.kv_bytes_per_token(model, 1.0) == 16.0
    assert models.kv_bytes_at(model, 40, 1.0) == 2 * 64 + 40 * 16
    # Key x value into the state and query x state: 2 x 2 x 64 a layer
    assert models.forward_flop_per_token(model, 40) - 2 * model.matmul_parameters == 2 * 256 + 2 * 4 * 8 * 20
    assert models.decode_flop_per_token(model, 40) - 2 * model.matmul_parameters == 2 * 256 + 2 * 4 * 8 * 40
    newer = {**TOY_LIGHTNING, "architectures": ["MiniMaxForCausalLM"], "attn_type_list": None, "layer_types": ["linear_attention"] * 2 + ["full_attention"]}
    assert read_model(newer).layers == model.layers
    shared = read_model({**TOY_LIGHTNING, "shared_intermediate_size": 5}).layers[0]
    assert (shared.shared_parameters, shared.shared_experts) == (3 * 8 * 5 + 8, 1)


def test_lightning_attention_is_half_of_the_published_formula():
    """MiniMax-01, arXiv 2501.08313, table 1, for one token and layer forward and backward: 72 d^2 (1 + 1 / 2h + 5 / 18d), hidden d, h heads.

    72 d^2 are the matrices and 5 / 18d element-wise work. Of 72 d^2 / 2h, a low-rank output gate of 2 d^2 / h weights takes 12 d^2 / h.
    The rest, 24 d^2 / h or 8 d^2 / h forward, counts blocks as long as a head is wide without the mask: twice the recurrence.
    """
    heads, head_dim, layers = 64, 128, 3
    d = heads * head_dim
    attention = (72 * d**2 / (2 * heads) - 12 * d**2 / heads) / 3
    model = read_model({**TOY_LIGHTNING, "head_dim": head_dim, "num_attention_heads": heads, "attn_type_list": [0] * layers})
    assert models.forward_flop_per_token(model, 100) - 2 * model.matmul_parameters == pytest.approx(layers * attention / 2)


def test_toy_minimax_m2_counted_by_hand():
    base = {**TOY_LIGHTNING, "architectures": ["MiniMaxM2ForCausalLM"], "attn_type_list": [1, 1, 1]}
    model = read_model(base)
    # Norms over 16 query and 8 key numbers; three biases in the router
    assert model.layers[0].attention_parameters == 384 + 24
    assert model.layers[0].router_parameters == 24 + 3
    assert read_model({**base, "use_qk_norm": False, "use_routing_bias": False}).layers[0].parameters == model.layers[0].parameters - 27
    assert "not among the published weights" in read_model({**base, "use_mtp": True, "num_mtp_modules": 3}).notes[0]


def test_toy_gpt2_counted_by_hand():
    model = read_model(TOY_GPT2)
    # Projections 4 x 64 + 32 biases, feed-forward 2 x 8 x 32 + 32 + 8, two norms of 16: 288 + 552 + 32 = 872.
    layer = model.layers[0]
    assert (layer.attention_parameters, layer.dense_parameters, layer.norm_parameters, layer.parameters) == (288, 552, 32, 872)
    # Embedding 800, positions 50 x 8, last norm 16
    assert model.parameters == 2 * 872 + 800 + 400 + 16
    assert (model.position_parameters, model.active_parameters, model.active_parameters_with_embedding) == (400, 2 * 872 + 800 + 16, model.parameters)
    assert model.matmul_parameters == 2 * (256 + 512) + 800
    assert not layer.gated
    assert models.weight_bytes(model) == 4 * model.parameters
    # fp8: matrices of the layers one byte, biases, norms and tables two
    assert models.weight_bytes(model, "fp8") == 2 * 768 + 2 * (model.parameters - 2 * 768)
    assert read_model({**TOY_GPT2, "n_inner": 20}).layers[0].dense_parameters == 2 * 8 * 20 + 20 + 8


def test_toy_neox_counted_by_hand():
    model = read_model(TOY_NEOX)
    assert model.layers[0].parameters == 288 + (2 * 8 * 20 + 20 + 8) + 32
    assert model.parameters == 2 * model.layers[0].parameters + 2 * 800 + 16
    assert read_model({**TOY_NEOX, "attention_bias": False}).layers[0].attention_parameters == 256
    assert (model.layers[0].gated, model.position_parameters) == (False, 0)


def test_toy_mpt_counted_by_hand():
    model = read_model(TOY_MPT)
    # 4 x 64, 2 x 8 x 32, two norms of 8 that do not shift
    assert model.layers[0].parameters == 256 + 512 + 16
    assert model.parameters == 2 * 784 + 800 + 8
    assert (model.tied_embeddings, model.layers[0].gated, model.layers[0].attention.kind) == (True, False, "mha")
    assert read_model({**TOY_MPT, "architectures": ["MptForCausalLM"]}).parameters == model.parameters
    # Biases: 32 of attention, 40 of feed-forward, 16 of norms
    assert read_model({**TOY_MPT, "no_bias": False}).layers[0].parameters == 784 + 32 + 40 + 16
    # Two key-value heads: keys and values 8 x 4 each; norms over 8 query and 4 key numbers
    grouped = read_model({**TOY_MPT, "attn_config": {"attn_type": "grouped_query_attention", "kv_n_heads": 2, "qk_ln": True}})
    assert grouped.layers[0].attention_parameters == 2 * 64 + 2 * 32 + 12
    single = read_model({**TOY_MPT, "attn_config": {"attn_type": "multiquery_attention"}})
    assert single.layers[0].attention.kv_heads == 1
    assert read_model({**TOY_MPT, "attn_config": {"alibi": False}}).position_parameters == 400
    assert read_model({**TOY_MPT, "attn_config": {"alibi": False, "rope": True}}).position_parameters == 0


def test_toy_falcon_counted_by_hand():
    model = read_model(TOY_FALCON)
    # Queries 64, one key and one value head of 2: 8 x 4, output 64; feed-forward 2 x 8 x 32; one norm of 16
    assert model.layers[0].parameters == 64 + 32 + 64 + 512 + 16
    assert model.parameters == 2 * 688 + 800 + 16
    assert (model.context, model.tied_embeddings, model.layers[0].attention.kv_heads) == (2048, True, 1)

    def layer(**changes):
        return read_model({**TOY_FALCON, **changes}).layers[0]

    # The new architecture: two key-value heads, 8 x 8, and a norm before each block
    assert layer(new_decoder_architecture=True, num_kv_heads=2).parameters == 64 + 64 + 64 + 512 + 32
    assert layer(new_decoder_architecture=True, num_kv_heads=2, num_ln_in_parallel_attn=1).norm_parameters == 16
    assert layer(parallel_attn=False).norm_parameters == 32
    assert layer(multi_query=False).attention.kv_heads == 4
    # Biases: query, key, value 12, output 8, feed-forward 32 + 8
    assert layer(bias=True).parameters == 688 + 60
    assert layer(ffn_hidden_size=20).dense_parameters == 2 * 8 * 20


def test_toy_with_an_indexer_counted_by_hand():
    plain, model = read_model(TOY_LATENT), read_model(TOY_SPARSE)
    # Queries of the indexer 12 x 3 x 8, its key 16 x 8, a weight for each head 16 x 3, and the norm of the key 2 x 8
    assert model.layers[0].attention_parameters == plain.layers[0].attention_parameters + 288 + 128 + 48 + 16
    # Cache: latent 10, rotary 2 and the index key 8, of all tokens
    assert [models.kv_bytes_at(one, 100, bytes_per_element=1) for one in (plain, model)] == [3 * 100 * 12, 3 * 100 * 20]
    # Decode over 40 tokens: 16 of them are looked at by 2 heads, all by the 3 heads of the indexer
    weights = models.decode_flop_per_token(model, 0)
    assert models.decode_flop_per_token(model, 40) == weights + 3 * (2 * 2 * (2 * 10 + 2) * 16 + 2 * 3 * 8 * 40)


def test_sparse_attention_is_that_of_the_published_config():
    """DeepSeek-V3.2-Exp: the config of V3 with index_topk 2048, index_n_heads 64, index_head_dim 128."""
    known = find_model("deepseek-v3")
    published = {"index_topk": 2048, "index_n_heads": 64, "index_head_dim": 128}
    text = (
        json.loads((data_folder() / "models" / "deepseek-v3.json").read_text(encoding="utf-8"))
        | published
        | {"architectures": ["DeepseekV32ForCausalLM"], "model_type": "deepseek_v32"}
    )
    model = read_model(text)
    # 1536 x 64 x 128 + 7168 x (128 + 64) + 2 x 128 more weights in each of 61 layers
    assert sum(layer.parameters for layer in model.layers) - sum(layer.parameters for layer in known.layers) == 61 * (12_582_912 + 1_376_256 + 256)
    assert models.kv_bytes_at(model, 1000, bytes_per_element=1) == 61 * 1000 * (576 + 128)
    long = 131_072
    assert models.decode_flop_per_token(model, long) < 0.6 * models.decode_flop_per_token(known, long)
    assert models.forward_flop_per_token(model, 1000) > models.forward_flop_per_token(known, 1000)


def test_kimi_is_deepseek_by_its_type_alone():
    kimi = find_model("kimi-k2")
    assert (kimi.architecture, kimi.layers[0].attention.kind, kimi.native_format) == ("DeepseekV3ForCausalLM", "mla", "fp8")
    assert [layer.experts for layer in kimi.layers] == [0] + [384] * 60


# --- laws -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
def test_parts_add_up_and_arrays_are_their_scalars(name):
    model = read_model(ALL[name])
    norm = model.parameters - sum(layer.parameters for layer in model.layers) - model.embedding_parameters - model.head_parameters - model.position_parameters
    assert norm in (model.hidden, 2 * model.hidden)
    for layer in model.layers:
        parts = layer.attention_parameters + layer.norm_parameters + layer.dense_parameters + layer.router_parameters + layer.shared_parameters
        assert layer.parameters == parts + layer.experts * layer.expert_parameters
        assert layer.matmul_parameters <= layer.active_parameters <= layer.parameters
    if not model.is_moe:
        assert model.active_parameters_with_embedding == model.parameters
    contexts = np.array([1.0, 15.0, 16.0, 17.0, 1000.0])
    for function in (models.forward_flop_per_token, models.decode_flop_per_token, models.kv_bytes_at):
        assert function(model, contexts).tolist() == [function(model, float(one)) for one in contexts]


@settings(max_examples=30, deadline=None)
@given(st.sampled_from([name for name in sorted(ALL) if name != "sparse"]), st.integers(1, 20))  # latent attention decodes on the latent vector itself
def test_generating_whole_chunks_costs_what_reading_them_costs(name, chunks):
    """Tokens one after another see together what they see at once: exactly half a token each apart, since decode counts those before only."""
    model = read_model(ALL[name])
    tokens = 16 * chunks
    one_by_one = float(np.sum(models.decode_flop_per_token(model, np.arange(tokens))))
    at_once = tokens * models.forward_flop_per_token(model, tokens)
    width = sum(2 * layer.attention.heads * (layer.attention.head_dim + layer.attention.v_dim) for layer in model.layers if layer.attention.kind != "linear")
    assert abs(at_once - one_by_one) <= width * tokens / 2 + 1e-6 * at_once


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 500), st.integers(1, 64))
def test_a_chunk_keeps_what_a_window_keeps_and_does_no_more(context, chunk):
    chunked = read_model({**TOY_LLAMA4, "attention_chunk_size": chunk, "layer_types": ["chunked_attention"] * 4})
    whole = read_model({**TOY_LLAMA4, "layer_types": ["full_attention"] * 4})
    assert models.kv_bytes_at(chunked, context, 1.0) == min(context, chunk) * models.kv_bytes_per_token(whole, 1.0)
    assert models.decode_flop_per_token(chunked, context) <= models.decode_flop_per_token(whole, context)
    if context:
        assert models.forward_flop_per_token(chunked, context) <= models.forward_flop_per_token(whole, context) * (1 + 1e-12)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 10_000))
def test_linear_attention_costs_the_same_at_every_context(context, more):
    model = read_model({**TOY_LIGHTNING, "attn_type_list": [0, 0, 0]})
    assert models.kv_bytes_at(model, context) == models.kv_bytes_at(model, context + more) > 0
    assert models.decode_flop_per_token(model, context) == models.forward_flop_per_token(model, context + more)


def test_plain_feed_forward_is_marked_in_every_shipped_model():
    plain = {name for name in shipped_models() if not find_model(name).layers[0].gated}
    assert plain == {name for name in shipped_models() if name.startswith(("gpt2", "gpt-neox", "pythia", "mpt", "falcon"))}
