"""Architectures that are known, by the names that Hugging Face configs give them."""

from collections.abc import Callable, Mapping

from .deepseek import read_deepseek_v2, read_deepseek_v3
from .gpt_oss import read_gpt_oss
from .keys import Keys, shown
from .layer import Attention, Layer
from .llama import read_llama, read_mistral, read_mixtral
from .qwen import read_qwen2, read_qwen2_moe, read_qwen3, read_qwen3_moe
from .shapes import Shape

Reader = Callable[[Keys], Shape]

# model_type -> (architectures[0], reader)
FAMILIES: Mapping[str, tuple[str, Reader]] = {
    "llama": ("LlamaForCausalLM", read_llama),
    "mistral": ("MistralForCausalLM", read_mistral),
    "mixtral": ("MixtralForCausalLM", read_mixtral),
    "qwen2": ("Qwen2ForCausalLM", read_qwen2),
    "qwen2_moe": ("Qwen2MoeForCausalLM", read_qwen2_moe),
    "qwen3": ("Qwen3ForCausalLM", read_qwen3),
    "qwen3_moe": ("Qwen3MoeForCausalLM", read_qwen3_moe),
    "deepseek_v2": ("DeepseekV2ForCausalLM", read_deepseek_v2),
    "deepseek_v3": ("DeepseekV3ForCausalLM", read_deepseek_v3),
    "gpt_oss": ("GptOssForCausalLM", read_gpt_oss),
}
READERS: Mapping[str, Reader] = dict(FAMILIES.values())

__all__ = ["FAMILIES", "READERS", "Attention", "Keys", "Layer", "Shape", "shown"]
