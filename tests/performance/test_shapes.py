"""Models of which only a shape or a size is known."""

from __future__ import annotations

import pytest

from rackloom.errors import BadInput
from rackloom.needs import find_model
from rackloom.performance.shapes import model_of_shape, model_of_size


def test_a_plain_and_a_gated_block_by_the_name():
    """PaLM 540B (arXiv 2204.02311): 118 layers of 18432, feed-forward 4 x hidden with gates, one key-value head of 256 for 48; Nemotron-4 340B without gates."""
    palm = model_of_shape({"name": "PaLM 540B", "layers": 118, "hidden": 18432, "heads": 48, "head_dim": 256, "kv_heads": 1, "ffn": 73728, "vocab": 256000}, [])
    assert palm.layers[0].gated
    assert palm.parameters == pytest.approx(540e9, rel=0.02)
    nemotron = model_of_shape({"name": "Nemotron-4 340B", "layers": 96, "hidden": 18432, "heads": 96, "kv_heads": 8, "ffn": 73728, "vocab": 256000}, [])
    assert not nemotron.layers[0].gated
    assert nemotron.parameters == pytest.approx(340e9, rel=0.02)


def test_latent_attention_and_experts():
    """DeepSeek-V3's shape as a row gives it, against its config: all but the norms of the latents and the routing bias."""
    given = {
        "name": "DeepSeek-V3", "layers": 61, "dense_layers": 3, "hidden": 7168, "heads": 128, "kv_heads": 128, "attention": "MLA kv_lora 512 q_lora 1536", "ffn": 18432, "vocab": 129280,
        "experts": 256, "experts_per_token": 8, "shared_experts": 1, "moe_ffn": 2048,
    }  # fmt: skip
    found, known = model_of_shape(given, []), find_model("deepseek-v3")
    assert found.parameters == pytest.approx(known.parameters, rel=1e-4)
    assert found.matmul_parameters == pytest.approx(known.matmul_parameters, rel=1e-4)


def test_a_vocabulary_that_is_not_told_is_said():
    notes: list[str] = []
    model_of_shape({"name": "GPT 1B", "layers": 24, "hidden": 2048, "heads": 16, "ffn": 8192, "vocab": None}, notes)
    assert "vocabulary" in notes[0]


@pytest.mark.parametrize("size", [16, 32, 64, 128, 256, 512, 1024])
def test_sizes_by_maxtexts_rule(size):
    assert model_of_size("x", size, 32000).parameters == pytest.approx(size * 1e9, rel=0.03)


def test_other_sizes_need_a_shape():
    with pytest.raises(BadInput, match="shape"):
        model_of_size("x", 70, 32000)
