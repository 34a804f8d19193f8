"""Architectures that are known, by the names that Hugging Face configs give them."""

from collections.abc import Callable, Mapping

from .attention import Attention, decode_score_flop, forward_score_flop, kept_elements
from .deepseek import read_deepseek_v2, read_deepseek_v3, read_deepseek_v32
from .gemma import read_gemma2, read_gemma3, read_gemma3_text
from .gpt_oss import read_gpt_oss
from .keys import Keys, shown
from .layer import Layer
from .llama import read_llama, read_mistral, read_mixtral, read_phi3
from .llama4 import read_llama4, read_llama4_text
from .minimax import read_minimax, read_minimax_m2
from .plain import read_falcon, read_gpt2, read_gpt_neox, read_mpt
from .qwen import read_qwen2, read_qwen2_moe, read_qwen3, read_qwen3_moe
from .shapes import Shape

Reader = Callable[[Keys], Shape]

# model_type -> (architectures[0], reader)
FAMILIES: Mapping[str, tuple[str, Reader]] = {
    "llama": ("LlamaForCausalLM", read_llama),
    "llama4": ("Llama4ForConditionalGeneration", read_llama4),
    "llama4_text": ("Llama4ForCausalLM", read_llama4_text),
    "mistral": ("MistralForCausalLM", read_mistral),
    "mixtral": ("MixtralForCausalLM", read_mixtral),
    "phi3": ("Phi3ForCausalLM", read_phi3),
    "gemma2": ("Gemma2ForCausalLM", read_gemma2),
    "gemma3": ("Gemma3ForConditionalGeneration", read_gemma3),
    "gemma3_text": ("Gemma3ForCausalLM", read_gemma3_text),
    "qwen2": ("Qwen2ForCausalLM", read_qwen2),
    "qwen2_moe": ("Qwen2MoeForCausalLM", read_qwen2_moe),
    "qwen3": ("Qwen3ForCausalLM", read_qwen3),
    "qwen3_moe": ("Qwen3MoeForCausalLM", read_qwen3_moe),
    "deepseek_v2": ("DeepseekV2ForCausalLM", read_deepseek_v2),
    "deepseek_v3": ("DeepseekV3ForCausalLM", read_deepseek_v3),
    "deepseek_v32": ("DeepseekV32ForCausalLM", read_deepseek_v32),
    "kimi_k2": ("DeepseekV3ForCausalLM", read_deepseek_v3),
    "minimax": ("MiniMaxForCausalLM", read_minimax),
    "minimax_text_01": ("MiniMaxText01ForCausalLM", read_minimax),
    "minimax_m1": ("MiniMaxM1ForCausalLM", read_minimax),
    "minimax_m2": ("MiniMaxM2ForCausalLM", read_minimax_m2),
    "gpt_oss": ("GptOssForCausalLM", read_gpt_oss),
    "gpt2": ("GPT2LMHeadModel", read_gpt2),
    "gpt_neox": ("GPTNeoXForCausalLM", read_gpt_neox),
    "mpt": ("MPTForCausalLM", read_mpt),
    "falcon": ("FalconForCausalLM", read_falcon),
}
READERS: Mapping[str, Reader] = {**dict(FAMILIES.values()), "MptForCausalLM": read_mpt}  # as transformers writes it

__all__ = ["FAMILIES", "READERS", "Attention", "Keys", "Layer", "Shape", "decode_score_flop", "forward_score_flop", "kept_elements", "shown"]
