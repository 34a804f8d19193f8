"""Models of which only the shape, or only the size, is published."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..errors import BadInput, Fault
from ..needs.architectures.layer import Block, feed_forward, grouped_attention, latent_attention, make_layer
from ..needs.architectures.shapes import grouped
from ..needs.model import Attention, Layer, Model

VOCABULARY = 50257  # GPT-2's, where a shape does not say


def model_of_shape(given: Mapping[str, Any], notes: list[str]) -> Model:
    """A model from layers, hidden, heads, kv_heads, head_dim, ffn, vocab, and experts where it has some.

    Whether the feed-forward block is gated is not said: plain where its width is four times the hidden size, unless the
    size in the model's name ("PaLM 540B") is nearer with gates. Latent attention is read from a text such as
    "MLA kv_lora 512 q_lora 1536"; its head sizes are then DeepSeek-V3's (128 + 64, values 128).
    """
    name, hidden, layers = str(given.get("name", "model")), int(given["hidden"]), int(given["layers"])
    vocabulary = int(given.get("vocab") or 0)
    if not vocabulary:
        vocabulary = VOCABULARY
        notes.append(f"vocabulary not given: {VOCABULARY} taken")
    heads = int(given.get("heads") or max(1, hidden // 128))
    attention = _attention(given, hidden, heads)
    ffn = int(given.get("ffn") or 4 * hidden)
    tied = "gpt" in name.lower() or "mpt" in name.lower() or "palm" in name.lower()
    found = {gated: _build(name, given, attention, hidden, layers, ffn, vocabulary, tied, gated) for gated in (True, False)}
    stated = re.search(r"(\d+(?:\.\d+)?)\s*[bB]\b", name)
    if given.get("experts"):
        return found[True]
    if stated:
        size = float(stated.group(1)) * 1e9
        return min(found.values(), key=lambda model: abs(model.parameters - size))
    return found[ffn != 4 * hidden]


def _attention(given: Mapping[str, Any], hidden: int, heads: int) -> Attention:
    text = str(given.get("attention") or "")
    latent = re.search(r"kv_lora\s*(\d+)", text)
    if latent:
        rank = re.search(r"q_lora\s*(\d+)", text)
        return Attention("mla", heads, heads, 192, v_dim=128, kv_lora_rank=int(latent.group(1)), q_lora_rank=int(rank.group(1)) if rank else 0, qk_rope_dim=64, qk_nope_dim=128)
    head_dim = int(given.get("head_dim") or hidden // heads)
    kv_heads = int(given.get("kv_heads") or heads)
    if heads % kv_heads:
        raise BadInput(Fault(f"heads={heads} is not a multiple of kv_heads={kv_heads}"))
    return grouped(heads, kv_heads, head_dim, window=int(given.get("window") or 0))


def _build(
    name: str, given: Mapping[str, Any], attention: Attention, hidden: int, layers: int, ffn: int, vocabulary: int, tied: bool, gated: bool
) -> Model:  # fmt: skip
    block = latent_attention(hidden, attention) if attention.kind == "mla" else grouped_attention(hidden, attention)
    dense = feed_forward(hidden, ffn) if gated else Block(2 * hidden * ffn)
    plain = make_layer(hidden, attention, block, dense=dense, ffn_dim=ffn)
    plain = plain if gated else replace(plain, gated=False)
    stack: tuple[Layer, ...] = (plain,) * layers
    experts = int(given.get("experts") or 0)
    if experts:
        width, shared = int(given.get("moe_ffn") or ffn), int(given.get("shared_experts") or 0)
        sparse = make_layer(
            hidden, attention, block, experts=experts, experts_per_token=int(given.get("experts_per_token") or 1), expert=feed_forward(hidden, width), expert_dim=width,
            router=Block(hidden * experts), shared=feed_forward(hidden, shared * width) if shared else Block(0), shared_experts=shared, shared_dim=shared * width,
        )  # fmt: skip
        first = int(given.get("dense_layers") or 0)
        stack = (plain,) * first + (sparse,) * (layers - first)
    table = hidden * vocabulary
    total = sum(layer.parameters for layer in stack) + table * (1 if tied else 2) + hidden
    active = sum(layer.active_parameters for layer in stack) + table + hidden
    return Model(name, "shape", hidden, vocabulary, tied, stack, int(given.get("seq") or 2048), total, active, table, 0, "bf16", source=f"shape of {name} as its source gives it")


def model_of_size(name: str, billions: float, vocabulary: int) -> Model:
    """A dense model of about so many 10^9 parameters, by MaxText's rule of scaling (MaxText, pyconfig.py, get_individual_scales; configs/base.yml).

    Starting from 16 layers, hidden 2048, 16 heads, feed-forward 7168 (gated), sizes double in turn: heads with
    feed-forward, hidden, layers. Raises BadInput for sizes that are not powers of two.
    """
    power = round(billions).bit_length() - 1
    if billions < 1 or 2**power != billions:
        raise BadInput(Fault(f"{name}: a size of {billions:g}e9 parameters without a shape", mend="Give layers, hidden, heads and ffn."))
    turns, rest = divmod(power, 3)
    wide, deep, embed = 2 ** (turns + (rest > 0)), 2**turns, 2 ** (turns + (rest > 1))
    shape = {
        "name": name, "layers": 16 * deep, "hidden": 2048 * embed, "heads": 16 * wide, "head_dim": 128, "ffn": 7168 * wide, "vocab": vocabulary,
    }  # fmt: skip
    attention = grouped(16 * wide, 16 * wide, 128)
    return _build(name, shape, attention, 2048 * embed, 16 * deep, 7168 * wide, vocabulary, False, True)
