"""FLOPs of a token in training by each rule in use: figures of FLOP/s or of utilisation mean nothing without their rule.

For one speed the rules below give figures up to a third apart; only seconds and tokens a second compare across sources.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..draws import Number
from ..needs.model import Model, train_flop_per_token

RULES: Mapping[str, str] = {
    "useful": "3 (2 weights that the token meets + attention over what its mask lets it see); recomputation not counted",
    "megatron": "as useful, but attention over the whole sequence, mask or not (Narayanan et al. 2021, arXiv 2104.04473, equation 3, factor 72)",
    "megatron_recomputed": "4/3 of megatron: full recomputation counted (the same equation, factor 96)",
    "llm_foundry": "6 parameters + 12 layers x hidden x sequence (llm-foundry, scripts/train/benchmarking)",
    "hardware": "useful, and what is computed again",
}


def _full_attention(model: Model, sequence: Number) -> Number:
    return 3.0 * sum(2.0 * layer.attention.heads * (layer.attention.head_dim + layer.attention.v_dim) for layer in model.layers) * sequence


def _megatron(model: Model, sequence: Number) -> Number:
    return 6.0 * model.matmul_parameters + _full_attention(model, sequence)


def _llm_foundry(model: Model, sequence: Number) -> Number:
    return 6.0 * model.parameters + 12.0 * len(model.layers) * model.hidden * sequence


_COUNT: Mapping[str, Callable[[Model, Number], Number]] = {
    "useful": train_flop_per_token, "megatron": _megatron, "megatron_recomputed": lambda model, sequence: 4.0 / 3.0 * _megatron(model, sequence), "llm_foundry": _llm_foundry,
}  # fmt: skip


def flop_per_token(rule: str, model: Model, sequence: Number, *, recompute: str = "none") -> Number:
    """FLOPs of one token, forward and backward, by a rule of RULES [FLOP].

    `recompute` matters to "hardware" alone: "full" adds a forward pass, "operators" half of its matrix products,
    "selective" attention's forward pass.
    """
    if rule != "hardware":
        return _COUNT[rule](model, sequence)
    useful = train_flop_per_token(model, sequence)
    products = 6.0 * model.matmul_parameters
    again = {"none": 0.0, "selective": (useful - products) / 3.0, "operators": products / 6.0, "full": useful / 3.0}
    return useful + again[recompute]
