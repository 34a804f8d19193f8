"""What AI models ask of hardware: models, needs in time, the envelope."""

from .envelope import Envelope, EnvelopeRow, build_envelope
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
    read_model,
    shipped_models,
    train_flop_per_token,
    weight_bytes,
)  # fmt: skip
from .need import Estimate, Need

__all__ = [
    "Attention", "Envelope", "EnvelopeRow", "Estimate", "Layer", "Model", "Need", "build_envelope", "decode_flop_per_token", "find_model", "forward_flop_per_token", "is_moe",
    "kv_bytes_at", "kv_bytes_per_token", "read_model", "shipped_models", "train_flop_per_token", "weight_bytes",
]  # fmt: skip
