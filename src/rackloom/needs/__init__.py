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
from .released import (
    Asks,
    Released,
    ReleasedFile,
    ReleasedNeed,
    ReleasePolicy,
    envelope_of,
    read_released,
    release_data,
    release_envelope,
    release_text,
    released_of,
)
from .response import AXES, QUANTITIES, ResponseTable, axis_values, estimate_from_table, look_up, rounded

__all__ = [
    "AXES", "QUANTITIES", "Asks", "Attention", "Envelope", "EnvelopeRow", "Estimate", "Layer", "Model", "Need", "Projection", "Quantiles", "ReleasePolicy", "Released", "ReleasedFile", "ReleasedNeed", "ResponseTable", "axis_values", "build_envelope", "decode_flop_per_token", "envelope_of", "estimate_from_table", "find_model", "forward_flop_per_token", "is_moe", "kv_bytes_at", "kv_bytes_per_token", "look_up", "model_day", "project", "projection_item", "quantiles", "read_model", "read_released", "release_data", "release_envelope", "release_text", "released_of", "rounded", "scaled_model", "shipped_models", "train_flop_per_token", "weight_bytes",
]  # fmt: skip
