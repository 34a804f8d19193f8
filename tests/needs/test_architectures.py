"""Configs that are refused: what is told, where, with the nearest and the mend."""

from __future__ import annotations

import json

import pytest

from rackloom.errors import BadInput
from rackloom.needs.model import read_model

from .toys import TOY, TOY_FALCON, TOY_GEMMA3, TOY_GPT2, TOY_IMAGES, TOY_LATENT, TOY_LIGHTNING, TOY_LLAMA4, TOY_MPT, TOY_WINDOWS, sparse


def faults_of(config, tmp_path=None) -> list:
    given = config
    if tmp_path is not None:
        given = tmp_path / "config.json"
        given.write_text(config if isinstance(config, str) else json.dumps(config, indent=2))
    with pytest.raises(BadInput) as caught:
        read_model(given, shown_as="config.json")
    return list(caught.value.faults)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("Llama5ForCausalLM", "LlamaForCausalLM"),
        ("Gemma3nForConditionalGeneration", "Gemma3ForConditionalGeneration"),
        ("Gemma3nForCausalLM", "Gemma3ForCausalLM"),
        ("GPT3LMHeadModel", "GPT2LMHeadModel"),
        ("MiniMaxM3ForCausalLM", "MiniMaxM2ForCausalLM"),
        ("DeepseekV4ForCausalLM", "DeepseekV3ForCausalLM"),
        ("Qwen3NextForCausalLM", "Qwen3ForCausalLM"),
        ("MambaForCausalLM", ""),
    ],
)
def test_unknown_architectures_are_refused_by_name(name, nearest, tmp_path):
    (fault,) = faults_of({**TOY, "architectures": [name]}, tmp_path)
    assert name in fault.what
    assert fault.nearest == nearest or not nearest
    assert "LlamaForCausalLM" in fault.mend
    assert (fault.place.line, fault.place.text.strip()) == (3, f'"{name}"')


def test_model_types_and_nothing_are_refused():
    bare = {key: value for key, value in TOY.items() if key not in ("architectures", "model_type")}
    assert "model_type 'lama' is not known" in faults_of({**bare, "model_type": "lama"})[0].what
    assert faults_of({**bare, "model_type": "lama"})[0].nearest == "llama"
    assert "names no architecture" in faults_of(bare)[0].what
    assert faults_of({**bare, "architecture": "LlamaForCausalLM"})[0].nearest == "architecture"
    assert "expected a list" in faults_of({**TOY, "architectures": "LlamaForCausalLM"})[0].what


def test_all_faults_at_once_with_places(tmp_path):
    config = {
        **TOY, "hidden_size": "8", "intermediate_size": -20, "num_key_value_heads": 3, "max_position_embeddings": 64.0, "tie_word_embeddings": "no",
        "vocab_size": True, "torch_dtype": "int3",
    }  # fmt: skip
    del config["num_hidden_layers"]
    config["num_hidden_layer"] = 2
    faults = faults_of(config, tmp_path)
    told = {fault.what.split(":")[0]: fault for fault in faults}
    assert list(told) == [
        "hidden_size", "intermediate_size", "num_attention_heads", "vocab_size", "max_position_embeddings", "torch_dtype", "tie_word_embeddings",
        "'num_hidden_layers' is missing",
    ]  # fmt: skip
    lines = json.dumps(config, indent=2).splitlines()
    for fault in faults:
        assert fault.place.file == "config.json"
        assert fault.place.text == lines[fault.place.line - 1]
        assert fault.place.column > 1
    assert told["hidden_size"].mend == "Write 8 without quotes."
    assert told["max_position_embeddings"].mend == "Write 64."
    assert "4 is not a multiple of num_key_value_heads, 3" in told["num_attention_heads"].what
    missing = told["'num_hidden_layers' is missing"]
    assert missing.nearest == "num_hidden_layer"
    assert missing.place.text == '  "num_hidden_layer": 2'
    assert missing.mend == "Rename it to 'num_hidden_layers'."


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"num_attention_heads": 3, "num_key_value_heads": 3}, "num_attention_heads: 3 does not divide hidden_size, 8"),
        ({"num_hidden_layers": 0}, "num_hidden_layers: 0: expected a whole number of 1 or more"),
        ({"num_hidden_layers": 10**9}, "num_hidden_layers: 1000000000: larger than any model has"),
        ({"hidden_size": 10**30}, "hidden_size: a number of more than 18 digits: larger than any model has"),
        ({"hidden_size": [8]}, "hidden_size: [8]: expected a whole number"),
        ({"hidden_size": None}, "'hidden_size' is null: LlamaForCausalLM needs it"),
    ],
)
def test_single_faults(changes, told):
    (fault,) = faults_of({**TOY, **changes})
    assert fault.what.startswith(told)
    assert fault.place is None  # a mapping stands in no file


@pytest.mark.parametrize(
    ("config", "told"),
    [
        (sparse(num_experts_per_tok=9), "num_experts_per_tok: 9 is more than num_experts, 8"),
        (sparse(mlp_only_layers=["first"]), "mlp_only_layers: ['first']: expected a list of layer numbers"),
        ({**TOY_LATENT, "num_key_value_heads": 1}, "num_key_value_heads: 1 differs from num_attention_heads, 2"),
        ({**TOY_LATENT, "kv_lora_rank": None}, "'kv_lora_rank' is null"),
        ({**TOY_WINDOWS, "layer_types": ["full_attention"]}, "layer_types: 1 entries, while num_hidden_layers is 2"),
        ({**TOY_WINDOWS, "layer_types": ["full_attention", "slide_attention"]}, "layer_types[1]: 'slide_attention' is not known"),
        ({key: value for key, value in TOY_WINDOWS.items() if key != "layer_types"}, "'layer_types' is missing"),
        ({key: value for key, value in TOY_WINDOWS.items() if key != "sliding_window"}, "'sliding_window' is missing"),
        ({**TOY, "architectures": ["Qwen3ForCausalLM"]}, "'head_dim' is missing"),
        ({**TOY_GEMMA3, "num_attention_heads": 3}, "num_attention_heads: 3 is not a multiple of num_key_value_heads, 2"),
        ({**TOY_GEMMA3, "layer_types": ["full_attention"] * 5 + ["full"]}, "layer_types[5]: 'full' is not known"),
        ({**TOY_LLAMA4, "no_rope_layers": [1, 1, 1, 2]}, "no_rope_layers: [1, 1, 1, 2]: expected a list of 0 and 1"),
        ({**TOY_LLAMA4, "no_rope_layers": [1, 0]}, "no_rope_layers: [1, 0]: 2 entries, while num_hidden_layers is 4"),
        ({**TOY_LLAMA4, "num_experts_per_tok": 4}, "num_experts_per_tok: 4 is more than num_local_experts, 3"),
        ({**TOY_LIGHTNING, "attn_type_list": [0, 0, 2]}, "attn_type_list: [0, 0, 2]: expected a list of 0 and 1"),
        ({**TOY_LIGHTNING, "attn_type_list": None}, "'attn_type_list' is null: MiniMaxText01ForCausalLM needs it"),
        ({**TOY_LIGHTNING, "architectures": ["MiniMaxM2ForCausalLM"]}, "attn_type_list: [0, 0, 1]: expected a list of 1"),
        ({**TOY_GPT2, "n_head": 3}, "n_head: 3 does not divide n_embd, 8"),
        ({**TOY_MPT, "attn_config": "alibi"}, "attn_config: 'alibi': expected a mapping"),
        ({**TOY_MPT, "attn_config": {"attn_type": "multi_head"}}, "attn_type: 'multi_head': expected multihead_attention"),
        ({**TOY_MPT, "attn_config": {"attn_type": "grouped_query_attention"}}, "'kv_n_heads' is missing"),
        ({**TOY_MPT, "attn_config": {"attn_type": "grouped_query_attention", "kv_n_heads": 3}}, "kv_n_heads: 3 does not divide n_heads, 4"),
        ({**TOY_FALCON, "new_decoder_architecture": True, "num_kv_heads": 3}, "num_kv_heads: 3 does not divide num_attention_heads, 4"),
        ({**TOY_FALCON, "num_ln_in_parallel_attn": 3}, "num_ln_in_parallel_attn: 3: larger than any model has (2)"),
        ({**TOY_IMAGES, "text_config": None}, "'text_config' is null: Gemma3ForConditionalGeneration needs it (a mapping)"),
        ({**TOY_IMAGES, "text_config": [1]}, "text_config: [1]: expected a mapping"),
    ],
)
def test_faults_of_the_families(config, told):
    assert [fault.what[: len(told)] for fault in faults_of(config)] == [told]


def test_faults_inside_a_mapping_are_told_at_their_place(tmp_path):
    text = {**TOY_IMAGES["text_config"], "head_dim": "4", "torch_dtype": "int3", "hidden_sizes": 8}
    del text["hidden_size"]
    faults = faults_of({**TOY_IMAGES, "torch_dtype": None, "text_config": text, "vision_config": {**TOY_IMAGES["vision_config"], "patch_size": 0}}, tmp_path)
    told = {fault.what.split(":")[0]: fault for fault in faults}
    assert set(told) == {"head_dim", "torch_dtype", "'hidden_size' is missing", "patch_size"}
    assert told["head_dim"].place.text.strip() == '"head_dim": "4",'
    assert told["torch_dtype"].place.text.strip() == '"torch_dtype": "int3",'
    assert told["'hidden_size' is missing"].nearest == "hidden_sizes"
    assert told["patch_size"].place.text.strip() == '"patch_size": 0'
    assert [fault.place.line for fault in faults] == sorted(fault.place.line for fault in faults)


@pytest.mark.parametrize(
    ("text", "told", "line"),
    [
        ('{"hidden_size": 8,\n "vocab_size" 100}', "not JSON: expecting ':' delimiter", 2),
        ("", "not JSON: expecting value", 1),
        ("hidden_size: 8\n", "not JSON", 1),
        ("[1, 2]", "the file is a list", 1),
        ("7", "the file is a single value", 1),
        ('{"a": 1,\n "hidden_size": 8,\n "hidden_size": 9}', "'hidden_size' is given twice", 3),
        ("[" * 100_000, "nested too deeply", 0),
        ('{"hidden_size": ' + "9" * 5000 + "}", "not a model's config", 0),
    ],
    ids=["no-colon", "empty", "yaml", "list", "number", "twice", "deep", "digits"],
)
def test_files_that_are_no_config(text, told, line, tmp_path):
    (fault,) = faults_of(text, tmp_path)
    assert fault.what.startswith(told)
    assert (fault.place.file, fault.place.line) == ("config.json", line)


def test_files_that_cannot_be_read(tmp_path):
    (tmp_path / "llama.json").write_text("{}")
    with pytest.raises(BadInput, match=r"no file(?s:.*)nearest: 'llama.json'"):
        read_model(tmp_path / "lama.json")
    with pytest.raises(BadInput, match=r"holds no config\.json"):
        read_model(tmp_path)
    (tmp_path / "weights.json").write_bytes(b"\x80\x81\x00" * 10)
    with pytest.raises(BadInput, match="not UTF-8"):
        read_model(tmp_path / "weights.json")
    (tmp_path / "huge.json").write_text(" " * 2_000_001)
    with pytest.raises(BadInput, match="larger than 2 MB"):
        read_model(tmp_path / "huge.json")
