"""Image encoders that stand before a language model, with the projector into it: counted apart, nothing else is computed of them."""

from __future__ import annotations

from collections.abc import Callable

from .keys import Keys, shown


def read_vision(keys: Keys, kind: str, count: Callable[[Keys], int]) -> tuple[int, tuple[str, ...]]:
    """Parameters of `vision_config` and notes: (0, none) where there is none, (0, a note) where its `model_type` is not `kind`."""
    if not keys.has("vision_config"):
        return 0, ()
    vision = keys.inside("vision_config")
    named = vision.values.get("model_type", kind)
    if named != kind:
        return 0, (f"the image encoder {shown(named)} is not known and not counted",)
    return count(vision), ()


def count_siglip(vision: Keys, text_hidden: int) -> int:
    """SigLIP without its pooling head, as Gemma 3 uses it (arXiv 2503.19786, section 2.1), with the projector.

    Patches and learned positions, layers, last norm; the projector is a norm and one matrix into the text model.
    """
    hidden, patch = vision.count("hidden_size"), vision.count("patch_size")
    patches = (vision.count("image_size") // patch) ** 2
    before = vision.count("num_channels", default=3) * patch**2 * hidden + hidden + patches * hidden
    layers = vision.count("num_hidden_layers") * _encoder_layer(hidden, vision.count("intermediate_size"))
    return before + layers + 2 * hidden + hidden + hidden * text_hidden


def count_llama4_vision(vision: Keys, text_hidden: int) -> int:
    """Llama 4's image encoder with its adapter and projector.

    Patches through one matrix, a class token, learned positions, a norm before the layers and one after; an adapter of two
    matrices, which takes neighbouring patches together, and one matrix into the text model.
    """
    hidden, patch = vision.count("hidden_size"), vision.count("patch_size")
    places = (vision.count("image_size") // patch) ** 2 + 1
    width = vision.count("intermediate_size")
    before = vision.count("num_channels", default=3) * patch**2 * hidden + hidden + places * hidden
    layers = vision.count("num_hidden_layers") * _encoder_layer(hidden, width)
    wide_in, wide_out = vision.count("projector_input_dim"), vision.count("projector_output_dim")
    return before + layers + 4 * hidden + width * wide_in + wide_out * wide_out + vision.count("vision_output_dim") * text_hidden


def _encoder_layer(hidden: int, width: int) -> int:
    """Four projections, two matrices of feed-forward, two norms, with biases throughout."""
    return 4 * (hidden * hidden + hidden) + 2 * hidden * width + width + hidden + 4 * hidden
