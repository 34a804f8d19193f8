"""Models from config.json: counts against published ones, hand counts, and laws."""

from __future__ import annotations

import json
import runpy
from dataclasses import FrozenInstanceError
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rackloom.errors import OutOfRange, Unknown
from rackloom.needs import model as models
from rackloom.needs.model import Model, find_model, read_model, shipped_models

from ..published.load import published
from .toys import TOY, TOY_LATENT, TOY_WINDOWS, sparse, toy

# --- published values -------------------------------------------------------------------------------------------------

COUNTS = {
    "parameters": lambda m: m.parameters,
    "active_parameters": lambda m: m.active_parameters,
    "active_parameters_with_embedding": lambda m: m.active_parameters_with_embedding,
    "active_parameters_in_layers": lambda m: m.active_parameters_in_layers,
    "mtp_parameters": lambda m: m.mtp_parameters,
    "vision": lambda m: m.vision_parameters,
    "with_vision": lambda m: m.parameters + m.vision_parameters,
    "with_both_tables": lambda m: m.parameters + m.embedding_parameters,
    "non_embedding": lambda m: m.parameters - m.embedding_parameters - m.head_parameters,
    "embedding_and_head": lambda m: m.embedding_parameters + m.head_parameters,
    "attention": lambda m: sum(layer.attention_parameters for layer in m.layers),
    "feed_forward": lambda m: m.expert_parameters + sum(layer.router_parameters for layer in m.layers),
    "checkpoint_with_mtp": lambda m: m.parameters + m.mtp_parameters + m.embedding_parameters + m.head_parameters,
}


@pytest.mark.parametrize("row", published("parameters"), ids=lambda row: row["id"])
def test_parameters_are_the_published_ones(row):
    ours = COUNTS[row["quantity"]](find_model(row["model"]))
    allowed = max(row.get("rel", 0.005) * row["expected"], row.get("digit", 0.0))
    assert abs(ours - row["expected"]) <= allowed, f"{ours:,} against {row['expected']:,} in {row['source']}"


WORK = {
    "kv_bytes_per_token": lambda m, row: models.kv_bytes_per_token(m, 2.0),
    "train_flop_per_token": lambda m, row: models.train_flop_per_token(m, row["sequence"]),
    "weight_bytes": lambda m, row: models.weight_bytes(m),
    "weight_bytes_with_mtp": lambda m, row: models.weight_bytes(m, mtp=True),
}


@pytest.mark.parametrize("row", published("model_work"), ids=lambda row: row["id"])
def test_cache_work_and_weights_are_the_published_ones(row):
    ours = WORK[row["quantity"]](find_model(row["model"]), row)
    assert ours == pytest.approx(row["expected"], rel=row["rel"], abs=0.0), row["source"]


def test_work_is_that_of_narayanan_without_the_mask():
    """arXiv 2104.04473, equation 3, for GPT: 96 B s l h^2 (1 + s / 6h + V / 16lh) with recomputation: four passes, forward is one.

    For a model with the shape of GPT (four h x h projections, a feed-forward block of 8 h^2 weights: here 3 x h x 8h/3)
    the matrices give 24 l h^2 + 2 h V for each token, as in the equation, and attention half of its 4 l s h, by the mask.
    """
    h, layers, s, vocabulary = 48, 5, 512, 1000
    model = toy(hidden_size=h, intermediate_size=128, num_hidden_layers=layers, num_attention_heads=4, num_key_value_heads=4, vocab_size=vocabulary)
    # The equation's V term, 6 h V for each token, is forward and backward of the head, which is not recomputed: a third is forward.
    expected = 24 * layers * h**2 * (1 + s / (6 * h) / 2) + 2 * h * vocabulary
    assert models.forward_flop_per_token(model, s) == pytest.approx(expected, rel=1e-12)


# --- counted by hand --------------------------------------------------------------------------------------------------


def test_toy_llama_counted_by_hand():
    model = toy()
    # head size 8 / 4 = 2. Queries 8 x 8, keys and values 8 x 4 each, output 8 x 8: 64 + 32 + 32 + 64 = 192.
    # Feed-forward 3 x 8 x 20 = 480. Two norms of 8. A layer: 192 + 480 + 16 = 688.
    # Embedding 100 x 8 = 800, head 800, last norm 8: 2 x 688 + 1608 = 2984.
    layer = model.layers[0]
    assert (layer.attention_parameters, layer.dense_parameters, layer.norm_parameters, layer.parameters) == (192, 480, 16, 688)
    assert model.parameters == 2984
    assert model.active_parameters == 2984 - 800
    assert model.active_parameters_with_embedding == 2984
    assert model.matmul_parameters == 2 * (192 + 480) + 800
    assert model.layers[0].attention.kind == "gqa"
    assert not model.is_moe
    # a key and a value of 2 heads x 2 in 2 layers, 2 bytes each: 2 x 2 x 2 x 2 x 2 = 32
    assert models.kv_bytes_per_token(model, 2.0) == 32.0
    # 2 x 2144 + 2 layers x 2 x 4 heads x (2 + 2) x 10 / 2 tokens seen = 4288 + 320
    assert models.forward_flop_per_token(model, 10) == 4608.0
    assert models.train_flop_per_token(model, 10) == 3 * 4608.0
    assert models.decode_flop_per_token(model, 10) == 4288.0 + 640.0
    assert models.weight_bytes(model, "bf16") == 2 * 2984
    # fp8: matrices of the layers one byte, the rest (2984 - 2 x 672 = 1640) two
    assert models.weight_bytes(model, "fp8") == 2 * 672 + 2 * 1640


def test_tied_embedding_is_counted_once():
    model = toy(tie_word_embeddings=True)
    assert model.parameters == 2984 - 800
    assert model.active_parameters == model.active_parameters_with_embedding == 2984 - 800
    assert model.head_parameters == 0
    assert model.matmul_parameters == 2 * 672 + 800


def test_biases_and_norms_of_each_family():
    # Llama with both biases: query, key, value 8 + 4 + 4, output 8; gate and up 20 each, down 8
    assert toy(attention_bias=True, mlp_bias=True).layers[0].parameters == 688 + 24 + 48
    # Qwen2: query, key, value only
    assert toy(architectures=["Qwen2ForCausalLM"]).layers[0].parameters == 688 + 16
    # Qwen3: one norm of the head's size for queries and one for keys; heads of 3 instead of 2: 8 x (12 + 6 + 6) + 12 x 8 = 288
    assert toy(architectures=["Qwen3ForCausalLM"], head_dim=3).layers[0].parameters == 288 + 6 + 480 + 16


def test_toy_latent_attention_counted_by_hand():
    model = read_model(TOY_LATENT)
    # Queries: 16 x 12 down, norm 12, 12 x 2 heads x 6 up = 192 + 12 + 144 = 348
    # Keys and values: 16 x (10 + 2) down, norm 10, 10 x 2 x (4 + 4) up = 192 + 10 + 160 = 362. Output: 2 x 4 x 16 = 128
    attention = 348 + 362 + 128
    assert model.layers[0].attention_parameters == attention == 838
    # Dense layer: 838 + 3 x 16 x 40 + 2 x 16 = 838 + 1920 + 32 = 2790
    assert model.layers[0].parameters == model.layers[0].active_parameters == 2790
    # Sparse layer: 838 + 32, router 16 x 8 + 8 biases, shared 3 x 16 x 6 = 288, 8 experts of 288
    assert model.layers[1].parameters == 838 + 32 + 136 + 288 + 8 * 288 == 3598
    assert model.layers[1].active_parameters == 838 + 32 + 136 + 288 + 2 * 288 == 1870
    assert model.layers[1].matmul_parameters == (838 - 12 - 10) + 128 + 288 + 2 * 288
    # Embedding and head 50 x 16 each, last norm 16
    assert model.parameters == 2790 + 2 * 3598 + 1616
    assert model.active_parameters == 2790 + 2 * 1870 + 816
    # The module: a sparse layer, 32 x 16 projection, three norms of 16
    assert model.mtp_parameters == 3598 + 512 + 48
    # The cache keeps 10 + 2 numbers in each of 3 layers
    assert models.kv_bytes_per_token(model, 1.0) == 36.0
    # Attention in training: 2 x 2 heads x (6 + 4) x 20 / 2 in 3 layers; when absorbed: 2 x 2 x (10 + 2 + 10) x 20
    assert models.forward_flop_per_token(model, 20) - 2 * model.matmul_parameters == 1200.0
    assert models.decode_flop_per_token(model, 20) - 2 * model.matmul_parameters == 3 * 1760.0


def test_latent_attention_without_compressed_queries_and_score_bias():
    # V2-Lite: queries 16 x 2 x 6 = 192 at once instead of 348; V2's router has no bias for each expert
    model = read_model({**TOY_LATENT, "architectures": ["DeepseekV2ForCausalLM"], "q_lora_rank": None, "num_nextn_predict_layers": 0})
    assert model.layers[0].attention_parameters == 192 + 362 + 128
    assert model.layers[1].router_parameters == 128
    assert model.mtp_parameters == 0


def test_toy_with_windows_and_sinks_counted_by_hand():
    model = read_model(TOY_WINDOWS)
    # Queries 8 x 16 + 16, keys and values 8 x 8 + 8 each, output 16 x 8 + 8, 4 sinks: 144 + 72 + 72 + 136 + 4 = 428
    assert model.layers[0].attention_parameters == 428
    # An expert: 3 x 8 x 4 + 2 x 4 + 8 = 112; router 8 x 6 + 6 = 54; norms 16
    assert model.layers[0].parameters == 428 + 6 * 112 + 54 + 16
    assert model.layers[0].active_parameters == 428 + 2 * 112 + 54 + 16
    assert [layer.attention.window for layer in model.layers] == [16, 0]
    assert model.layers[0].attention.kind == "sliding"
    # 16 numbers a token and layer; at 40 tokens the windowed layer keeps 16 of them
    assert models.kv_bytes_per_token(model, 1.0) == 32.0
    assert models.kv_bytes_at(model, 40, 1.0) == 16 * 16 + 16 * 40
    # a token sees 20 tokens on average in the full layer, 16 - 16^2 / 80 = 12.8 in the windowed one: 2 x 4 x 8 x 32.8
    assert models.forward_flop_per_token(model, 40) - 2 * model.matmul_parameters == pytest.approx(2 * 4 * 8 * 32.8)
    assert models.decode_flop_per_token(model, 40) - 2 * model.matmul_parameters == 2 * 4 * 8 * 56.0
    # Experts' matrices 2 x 6 x 96 at 4.25 bits, everything else at 16
    assert models.weight_bytes(model) == pytest.approx((1152 * 4.25 + (model.parameters - 1152) * 16) / 8)
    assert (model.native_precision, model.native_format) == ("fp4", "mxfp4")


def test_shared_expert_and_its_gate():
    model = read_model(sparse(architectures=["Qwen2MoeForCausalLM"], shared_expert_intermediate_size=24))
    # 3 x 16 x 24 and a gate of 16
    assert model.layers[0].shared_parameters == 1168
    assert model.layers[0].shared_experts == 1


def test_which_layers_are_dense_and_which_have_windows():
    model = read_model(sparse(decoder_sparse_step=2, mlp_only_layers=[1]))
    assert [layer.experts for layer in model.layers] == [0, 0, 0, 8]
    assert [layer.ffn_dim for layer in model.layers] == [32, 32, 32, 0]
    windowed = read_model(sparse(use_sliding_window=True, sliding_window=7, max_window_layers=3))
    assert [layer.attention.window for layer in windowed.layers] == [0, 0, 0, 7]
    latent = read_model({**TOY_LATENT, "moe_layer_freq": 2})
    assert [layer.experts for layer in latent.layers] == [0, 0, 8]


# --- laws -------------------------------------------------------------------------------------------------------------

SIZES = st.fixed_dictionaries({
    "hidden_size": st.integers(1, 64).map(lambda n: 8 * n), "moe_intermediate_size": st.integers(1, 200), "intermediate_size": st.integers(1, 400),
    "num_hidden_layers": st.integers(1, 12), "num_key_value_heads": st.integers(1, 4), "head_dim": st.integers(1, 32), "num_experts": st.integers(2, 64),
    "num_experts_per_tok": st.integers(1, 2), "vocab_size": st.integers(1, 5000), "tie_word_embeddings": st.booleans(), "decoder_sparse_step": st.integers(1, 3),
})  # fmt: skip


def varied(sizes: dict, groups: int = 2, **changes) -> Model:
    return read_model(sparse(**{**sizes, "num_attention_heads": groups * sizes["num_key_value_heads"], **changes}))


@settings(max_examples=60, deadline=None)
@given(SIZES, st.integers(1, 8))
def test_active_is_at_most_all_and_the_parts_add_up(sizes, groups):
    model = varied(sizes, groups)
    assert 0 < model.active_parameters <= model.parameters
    assert model.active_parameters_with_embedding <= model.parameters
    for layer in model.layers:
        parts = layer.attention_parameters + layer.norm_parameters + layer.dense_parameters + layer.router_parameters + layer.shared_parameters
        assert layer.parameters == parts + layer.experts * layer.expert_parameters
        assert layer.matmul_parameters <= layer.active_parameters <= layer.parameters
    assert model.parameters == model.embedding_parameters + model.head_parameters + model.hidden + sum(layer.parameters for layer in model.layers)


@settings(max_examples=40, deadline=None)
@given(SIZES, st.integers(1, 4))
def test_cache_grows_with_the_layers(sizes, times):
    once, more = varied(sizes), varied(sizes, num_hidden_layers=times * sizes["num_hidden_layers"])
    assert models.kv_bytes_per_token(more, 2.0) == times * models.kv_bytes_per_token(once, 2.0)


@settings(max_examples=40, deadline=None)
@given(SIZES, st.integers(1, 100))
def test_more_experts_cost_a_token_only_their_column_of_the_router(sizes, extra):
    few, many = varied(sizes), varied(sizes, num_experts=sizes["num_experts"] + extra)
    sparse_layers = sum(1 for layer in few.layers if layer.experts)
    assert many.active_parameters - few.active_parameters == sparse_layers * extra * few.hidden


@settings(max_examples=40, deadline=None)
@given(SIZES, st.integers(1, 100_000))
def test_work_lies_between_its_bounds(sizes, context):
    model = varied(sizes)
    forward, decode = models.forward_flop_per_token(model, context), models.decode_flop_per_token(model, context)
    assert 2 * model.matmul_parameters < forward < decode
    assert decode - 2 * model.matmul_parameters == pytest.approx(2 * (forward - 2 * model.matmul_parameters))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 200), st.integers(1, 64))
def test_a_window_never_adds(context, window):
    model, full = read_model({**TOY_WINDOWS, "sliding_window": window}), read_model({**TOY_WINDOWS, "layer_types": ["full_attention"] * 2})
    assert models.kv_bytes_at(model, context, 1.0) <= models.kv_bytes_at(full, context, 1.0)
    if context:
        assert models.forward_flop_per_token(model, context) <= models.forward_flop_per_token(full, context)
    if context <= window:
        assert models.kv_bytes_at(model, context, 1.0) == context * models.kv_bytes_per_token(model, 1.0)


@pytest.mark.parametrize("config", [TOY, TOY_LATENT, TOY_WINDOWS], ids=["llama", "deepseek", "gpt-oss"])
def test_arrays_are_their_scalars(config):
    model = read_model(config)
    contexts = np.array([1.0, 15.0, 16.0, 17.0, 1000.0])
    for function in (models.forward_flop_per_token, models.decode_flop_per_token, models.train_flop_per_token, models.kv_bytes_at):
        together = function(model, contexts)
        assert together.shape == contexts.shape
        assert together.tolist() == [function(model, float(one)) for one in contexts]


@settings(max_examples=25, deadline=None)
@given(SIZES)
def test_file_and_mapping_read_the_same(tmp_path_factory, sizes):
    config = sparse(**{**sizes, "num_attention_heads": sizes["num_key_value_heads"]})
    path = tmp_path_factory.mktemp("configs") / "any.json"
    path.write_text(json.dumps(config, indent="\t"))
    assert read_model(path) == read_model(config, name="any")


def test_a_folder_and_names(tmp_path):
    folder = tmp_path / "my-model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(TOY))
    assert read_model(folder / "config.json").name == read_model(folder, name="my-model").name == "my-model"
    assert read_model({**TOY, "_name_or_path": "maker/small-1b"}).name == "small-1b"
    assert read_model(TOY, name="mine").name == "mine"


def test_a_model_is_frozen_and_hashable():
    model = toy()
    assert hash(model) == hash(toy())
    with pytest.raises(FrozenInstanceError):
        model.hidden = 1


def test_model_type_alone_is_enough():
    named = {key: value for key, value in TOY.items() if key != "architectures"}
    assert read_model(named, name="x") == read_model(TOY, name="x")


@pytest.mark.parametrize(
    ("changes", "precision", "form"),
    [
        ({}, "bf16", "bf16"),
        ({"torch_dtype": "float32"}, "tf32", "fp32"),
        ({"quantization_config": {"quant_method": "fp8"}}, "fp8", "fp8"),
        ({"quantization_config": {"quant_method": "modelopt", "quant_algo": "NVFP4"}}, "fp4", "nvfp4"),
        ({"quantization_config": {"quant_method": "modelopt", "quant_algo": "FP8"}}, "fp8", "fp8"),
    ],
)
def test_native_precision(changes, precision, form):
    model = toy(**changes)
    assert (model.native_precision, model.native_format) == (precision, form)
    assert model.notes == ()


def test_what_a_config_does_not_say_is_noted():
    assert "no torch_dtype" in toy(torch_dtype=None).notes[0]
    assert "'gptq' is not known" in toy(quantization_config={"quant_method": "gptq"}).notes[0]


# --- shipped models ---------------------------------------------------------------------------------------------------


def test_every_shipped_model_has_its_source_and_reads_without_notes_of_its_own():
    sources = dict(models._sources())
    assert sorted(sources) == shipped_models()
    for name in shipped_models():
        model = find_model(name)
        assert model.name == name
        assert model.source.endswith(sources[name]["url"])
        assert model.notes == ()


def test_the_table_of_counts_has_every_shipped_model():
    tool = runpy.run_path(str(Path(__file__).parents[2] / "tools" / "parameter_table.py"))
    rows = {row["model"]: row for row in tool["parameter_table"]()}
    assert list(rows) == shipped_models()
    compared = [row["total_difference"] for row in rows.values() if row["total_difference"] is not None]
    assert len(compared) >= 40
    assert abs(rows["mpt-7b"]["total_difference"]) <= 0.1 / 6.7  # published to 0.1 B
    assert max(abs(rows[name]["total_difference"] or 0.0) for name in rows if name != "mpt-7b") <= 0.005
    listed = {row["model"] for row in published("parameters") if row["quantity"].startswith("active")}
    assert {name for name, row in rows.items() if row["convention"] != "dense"} <= listed


def test_every_shipped_model_has_a_published_count():
    listed = {row["model"] for row in published("parameters")}
    assert set(shipped_models()) - listed == {"llama-3-8b", "llama-3-70b"}  # the shapes of Llama 3.1, whose counts are listed


def test_the_page_shows_these_counts(capsys):
    page = (Path(__file__).parents[2] / "docs" / "models.md").read_text(encoding="utf-8")
    runpy.run_path(str(Path(__file__).parents[2] / "tools" / "parameter_table.py"))["main"](["--markdown"])
    assert capsys.readouterr().out in page
    others = {"with_both_tables": "the table twice, as embedding and as head", "with_vision": "image encoder and projector too"}
    others["active_parameters_in_layers"] = "active, neither head nor embedding"
    shown = {row["id"]: row for row in published("parameters") if row["quantity"] in others and row["id"].endswith(("-hub", "-active"))}
    assert len(shown) == 8
    for row in shown.values():
        ours = COUNTS[row["quantity"]](find_model(row["model"]))
        cells = (row["model"], f"{row['expected'] / 1e9:.3f} B", others[row["quantity"]], f"{ours / 1e9:.3f} B", f"{100.0 * (ours / row['expected'] - 1.0):+.3f} %")
        assert f"| {' | '.join(cells)} |\n" in page


def test_an_unknown_shipped_model_names_the_nearest():
    with pytest.raises(Unknown, match=r"no model 'llama-3.1-405'(?s:.*)nearest: 'llama-3.1-405b'"):
        find_model("llama-3.1-405")
    assert find_model(" DeepSeek-V3 ") == find_model("deepseek-v3")


@pytest.mark.parametrize("context", [-1.0, float("nan"), np.array([4.0, -4.0])])
def test_a_context_below_its_range(context):
    for function in (models.forward_flop_per_token, models.decode_flop_per_token, models.kv_bytes_at):
        with pytest.raises(OutOfRange):
            function(toy(), context)


def test_an_unknown_precision_names_the_known():
    with pytest.raises(Unknown, match=r"no precision 'fp9'(?s:.*)Known: fp32"):
        models.weight_bytes(toy(), "fp9")
