"""Small configs of three families, for counts by hand."""

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
