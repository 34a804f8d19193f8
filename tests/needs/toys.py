"""Small configs of the families, for counts by hand."""

from __future__ import annotations

from typing import Any

from rackloom.needs.model import Model, read_model

TOY: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 8,
    "intermediate_size": 20,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 100,
    "max_position_embeddings": 64,
    "torch_dtype": "bfloat16",
}
TOY_LATENT: dict[str, Any] = {
    "architectures": ["DeepseekV3ForCausalLM"],
    "hidden_size": 16,
    "intermediate_size": 40,
    "moe_intermediate_size": 6,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "first_k_dense_replace": 1,
    "n_routed_experts": 8,
    "n_shared_experts": 1,
    "num_experts_per_tok": 2,
    "num_nextn_predict_layers": 1,
    "q_lora_rank": 12,
    "kv_lora_rank": 10,
    "qk_nope_head_dim": 4,
    "qk_rope_head_dim": 2,
    "v_head_dim": 4,
    "vocab_size": 50,
    "max_position_embeddings": 64,
    "torch_dtype": "bfloat16",
}
TOY_SPARSE: dict[str, Any] = {**TOY_LATENT, "architectures": ["DeepseekV32ForCausalLM"], "model_type": "deepseek_v32", "index_topk": 16, "index_n_heads": 3, "index_head_dim": 8}
TOY_WINDOWS: dict[str, Any] = {
    "architectures": ["GptOssForCausalLM"],
    "hidden_size": 8,
    "intermediate_size": 4,
    "head_dim": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "num_hidden_layers": 2,
    "num_local_experts": 6,
    "num_experts_per_tok": 2,
    "layer_types": ["sliding_attention", "full_attention"],
    "sliding_window": 16,
    "vocab_size": 30,
    "max_position_embeddings": 64,
    "quantization_config": {"quant_method": "mxfp4"},
}
TOY_GEMMA3: dict[str, Any] = {
    "architectures": ["Gemma3ForCausalLM"],
    "hidden_size": 8,
    "intermediate_size": 20,
    "num_hidden_layers": 6,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 3,
    "sliding_window": 16,
    "vocab_size": 100,
    "torch_dtype": "bfloat16",
}
TOY_IMAGES: dict[str, Any] = {
    "architectures": ["Gemma3ForConditionalGeneration"],
    "text_config": {key: value for key, value in TOY_GEMMA3.items() if key not in ("architectures", "torch_dtype")},
    "torch_dtype": "bfloat16",
    "vision_config": {
        "hidden_size": 6,
        "image_size": 8,
        "intermediate_size": 10,
        "model_type": "siglip_vision_model",
        "num_hidden_layers": 2,
        "patch_size": 4,
    },
}
TOY_LLAMA4: dict[str, Any] = {
    "architectures": ["Llama4ForCausalLM"],
    "attention_chunk_size": 16,
    "head_dim": 4,
    "hidden_size": 8,
    "interleave_moe_layer_step": 2,
    "intermediate_size": 6,
    "intermediate_size_mlp": 10,
    "max_position_embeddings": 64,
    "num_attention_heads": 4,
    "num_experts_per_tok": 1,
    "num_hidden_layers": 4,
    "num_key_value_heads": 2,
    "num_local_experts": 3,
    "vocab_size": 30,
    "torch_dtype": "bfloat16",
}
TOY_LIGHTNING: dict[str, Any] = {
    "architectures": ["MiniMaxText01ForCausalLM"],
    "attn_type_list": [0, 0, 1],
    "head_dim": 4,
    "hidden_size": 8,
    "intermediate_size": 6,
    "max_position_embeddings": 64,
    "num_attention_heads": 4,
    "num_experts_per_tok": 1,
    "num_hidden_layers": 3,
    "num_key_value_heads": 2,
    "num_local_experts": 3,
    "vocab_size": 30,
    "torch_dtype": "bfloat16",
}
TOY_GPT2: dict[str, Any] = {
    "architectures": ["GPT2LMHeadModel"],
    "n_embd": 8,
    "n_head": 4,
    "n_inner": None,
    "n_layer": 2,
    "n_positions": 50,
    "vocab_size": 100,
    "torch_dtype": "float32",
}
TOY_NEOX: dict[str, Any] = {
    "architectures": ["GPTNeoXForCausalLM"],
    "hidden_size": 8,
    "intermediate_size": 20,
    "max_position_embeddings": 64,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "vocab_size": 100,
    "torch_dtype": "float16",
}
TOY_MPT: dict[str, Any] = {
    "architectures": ["MPTForCausalLM"],
    "d_model": 8,
    "expansion_ratio": 4,
    "max_seq_len": 50,
    "n_heads": 4,
    "n_layers": 2,
    "no_bias": True,
    "vocab_size": 100,
    "torch_dtype": "bfloat16",
}
TOY_FALCON: dict[str, Any] = {
    "architectures": ["FalconForCausalLM"],
    "hidden_size": 8,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "vocab_size": 100,
    "torch_dtype": "bfloat16",
}


def toy(**changes) -> Model:
    return read_model({**TOY, **changes})


def sparse(**changes) -> dict:
    base = {
        "architectures": ["Qwen3MoeForCausalLM"],
        "hidden_size": 16,
        "intermediate_size": 32,
        "moe_intermediate_size": 8,
        "num_hidden_layers": 4,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 8,
        "num_experts": 8,
        "num_experts_per_tok": 2,
        "vocab_size": 100,
        "max_position_embeddings": 64,
        "torch_dtype": "bfloat16",
    }
    return {**base, **changes}
