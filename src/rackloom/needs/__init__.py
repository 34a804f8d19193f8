"""What AI models ask of hardware: models, needs in time, the envelope."""

from .envelope import Envelope, EnvelopeRow, Quantiles, build_envelope, quantiles
from .model import (
    Attention,
    Layer,
    Model,
    decode_flop_per_token,
    find_model,
    forward_flop_per_token,
    is_moe,
    kv_bytes_at,
    kv_bytes_per_token,
    model_day,
    read_model,
    shipped_models,
    train_flop_per_token,
    weight_bytes,
)  # fmt: skip
from .need import Estimate, Need
from .projections import Projection, project, projection_item, scaled_model

__all__ = [
    "Attention", "Envelope", "EnvelopeRow", "Estimate", "Layer", "Model", "Need", "Projection", "Quantiles", "build_envelope", "decode_flop_per_token", "find_model", "forward_flop_per_token", "is_moe",
    "kv_bytes_at", "kv_bytes_per_token", "model_day", "project", "projection_item", "quantiles", "read_model", "scaled_model", "shipped_models", "train_flop_per_token", "weight_bytes",
]  # fmt: skip
