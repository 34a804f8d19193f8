"""Models as hardware sees them: layers, parameters, cache and FLOPs, read from a Hugging Face config.json."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ..catalog import data_folder
from ..draws import Number
from ..errors import BadInput, Fault, OutOfRange, Unknown, nearest
from ..reading import read_yaml
from .architectures import FAMILIES, READERS, Attention, Keys, Layer, decode_score_flop, forward_score_flop, kept_elements, shown
from .architectures.document import ConfigDocument, read_config

__all__ = [
    "BITS", "Attention", "Layer", "Model", "decode_flop_per_token", "find_model", "forward_flop_per_token", "is_moe", "kv_bytes_at", "kv_bytes_per_token",
    "read_model", "shipped_models", "train_flop_per_token", "weight_bytes",
]  # fmt: skip

# Bits that one weight takes with its share of the scales: a byte for each 32 in MXFP4 and MXFP8 (OCP Microscaling
# Formats 1.0), one for each 16 in NVFP4; "fp8" has one scale for a whole block of 128 x 128, which is nothing.
BITS: Mapping[str, float] = {
    "fp32": 32.0, "tf32": 32.0, "bf16": 16.0, "fp16": 16.0, "fp8": 8.0, "mxfp8": 8.25, "int8": 8.0, "fp4": 4.25, "mxfp4": 4.25, "nvfp4": 4.5,
}  # fmt: skip

_DTYPES = {"bfloat16": "bf16", "float16": "bf16", "float32": "tf32"}  # fp16 runs at the rate of bf16, fp32 at that of tf32
ENDINGS = ("ForCausalLM", "ForConditionalGeneration", "LMHeadModel")
ALL_MATRICES = ("attention", "dense", "shared", "experts")


@dataclass(frozen=True)
class Model:
    """One model.

    `parameters` counts embedding, learned positions, layers, last norm and head, each once; modules that predict further
    tokens (MTP) are counted apart in `mtp_parameters`, an image encoder and its projector in `vision_parameters`: no byte
    and no FLOP of the functions here is theirs. `active_parameters` is what takes part in one token: all but the experts
    that it does not visit, with the head and without the lookups in the tables of embeddings and positions (the convention
    of the DeepSeek-V3 and gpt-oss counts); publishers who count the tables as well mean `active_parameters_with_embedding`,
    those who count neither table nor head `active_parameters_in_layers`.
    `embedding_parameters` is the table alone; `head_parameters` is 0 where the head is the same table.
    `native_precision` is one of the System's precisions; `native_format` names the format in which the weights ship.
    """

    name: str
    architecture: str
    hidden: int
    vocabulary: int
    tied_embeddings: bool
    layers: tuple[Layer, ...]
    context: int
    parameters: int
    active_parameters: int
    embedding_parameters: int
    mtp_parameters: int
    native_precision: str
    native_format: str = "bf16"
    quantised: tuple[str, ...] = ()  # which of ALL_MATRICES ship in `native_format`; everything else ships in bf16
    source: str = ""  # where the config was read, for the ledger
    notes: tuple[str, ...] = ()
    position_parameters: int = 0  # a table of learned positions (GPT-2); 0 with rotary positions and ALiBi
    vision_parameters: int = 0

    def __hash__(self) -> int:
        """Over a few fields: those of all layers would be gone through at each look into a cache."""
        return hash((self.name, self.parameters, self.active_parameters, len(self.layers), self.context))

    @property
    def head_parameters(self) -> int:
        """Weights of the output head that are not those of the embedding."""
        return 0 if self.tied_embeddings else self.hidden * self.vocabulary

    @property
    def active_parameters_with_embedding(self) -> int:
        """Active parameters where the whole tables of embeddings and positions are counted, the former once if it is tied to the head."""
        return self.active_parameters + (0 if self.tied_embeddings else self.embedding_parameters) + self.position_parameters

    @property
    def active_parameters_in_layers(self) -> int:
        """Active parameters without tables and head: those of the layers and the last norm."""
        return self.active_parameters - self.hidden * self.vocabulary

    @property
    def matmul_parameters(self) -> int:
        """Weights of matrices that one token is multiplied with, the head included."""
        return sum(layer.matmul_parameters for layer in self.layers) + self.hidden * self.vocabulary

    @property
    def expert_parameters(self) -> int:
        """Parameters of all routed experts of all layers."""
        return sum(layer.experts * layer.expert_parameters for layer in self.layers)

    @property
    def is_moe(self) -> bool:
        """True where some layer has experts."""
        return is_moe(self)


def is_moe(model: Model) -> bool:
    """True where some layer of the model has experts."""
    return any(layer.experts for layer in model.layers)


def read_model(path_or_dict: str | Path | Mapping[str, Any], *, name: str | None = None, shown_as: str | None = None) -> Model:
    """A model from a Hugging Face config.json (a file, a folder that holds one, or its values).

    Parameters
    ----------
    path_or_dict : str, Path or mapping
        the config; unknown keys are left alone, those that shape the model are read strictly
    name : str, optional
        the model's name; by default the file's name, or the folder's where the file is called config.json
    shown_as : str, optional
        how faults name the file

    Raises BadInput with all faults: an architecture that is not known, keys that are missing or of the wrong form.
    """
    if isinstance(path_or_dict, Mapping):
        document = ConfigDocument(path_or_dict)
        stem = str(path_or_dict.get("_name_or_path") or "").rstrip("/").rpartition("/")[2]
    else:
        document = read_config(path_or_dict, shown=shown_as)
        path = Path(path_or_dict)
        stem = path.parent.name if path.name == "config.json" else path.stem
    architecture = _architecture(document)
    keys = Keys(document.value, architecture, document.locate)
    shape = READERS[architecture](keys)
    precision, form, quantised, notes = _precision(keys)
    faults = keys.all_faults()
    if faults:
        raise BadInput(faults)
    sizes = shape.sizes
    table = sizes.hidden * sizes.vocabulary
    layers, active = sum(layer.parameters for layer in shape.layers), sum(layer.active_parameters for layer in shape.layers)
    norm = sizes.hidden if shape.last_norm_parameters is None else shape.last_norm_parameters
    return Model(
        name or stem or architecture, architecture, sizes.hidden, sizes.vocabulary, sizes.tied, shape.layers, sizes.context,
        parameters=table * (1 if sizes.tied else 2) + shape.position_parameters + layers + norm, active_parameters=table + active + norm, embedding_parameters=table,
        mtp_parameters=shape.mtp_parameters, position_parameters=shape.position_parameters, vision_parameters=shape.vision_parameters, native_precision=precision, native_format=form, quantised=quantised, notes=(*shape.notes, *notes),
    )  # fmt: skip


def _architecture(document: ConfigDocument) -> str:
    """The architecture that the config names; BadInput with the nearest one where it is not known."""
    values = document.value
    named = values.get("architectures")
    known = f"Known: {', '.join(READERS)}."
    if isinstance(named, list) and named and isinstance(named[0], str):
        if named[0] in READERS:
            return named[0]
        raise BadInput(Fault(f"architecture {shown(named[0])} is not known", document.locate(("architectures", 0), False), _nearest_architecture(named[0]), known))
    if named is not None:
        raise BadInput(Fault(f"architectures: {shown(named)}: expected a list with one name", document.locate(("architectures",), False), mend=known))
    kind = values.get("model_type")
    if isinstance(kind, str) and kind in FAMILIES:
        return FAMILIES[kind][0]
    if kind is not None:
        close = nearest(kind, FAMILIES)
        raise BadInput(Fault(f"model_type {shown(kind)} is not known", document.locate(("model_type",), False), close, f"Known: {', '.join(FAMILIES)}."))
    close = next((key for key in values if difflib.get_close_matches(key, ("architectures", "model_type"), n=1, cutoff=0.8)), "")
    raise BadInput(Fault("the config names no architecture", document.locate((close,), bool(close)), close, f"Add 'architectures', a list with one of: {', '.join(READERS)}."))


def _nearest_architecture(name: str) -> str:
    """The nearest known architecture: endings that many share are left out of the comparison, and decide between equals."""
    bare, ending = _split(name)
    close = nearest(bare, [_split(known)[0] for known in READERS])
    found = [known for known in READERS if close and _split(known)[0] == close]
    return next((known for known in found if _split(known)[1] == ending), found[0] if found else "")


def _split(architecture: str) -> tuple[str, str]:
    """The name of an architecture and its ending."""
    ending = next((ending for ending in ENDINGS if architecture.endswith(ending)), "")
    return architecture.removesuffix(ending), ending


def _precision(keys: Keys) -> tuple[str, str, tuple[str, ...], tuple[str, ...]]:
    """Precision and format of the weights as they ship, which matrices have it, and notes."""
    text = keys.inside("text_config") if isinstance(keys.values.get("text_config"), Mapping) else keys
    part, key = next(((part, key) for part in (keys, text) for key in ("torch_dtype", "dtype") if part.has(key)), (keys, "torch_dtype"))
    dtype = part.values.get(key)
    if dtype is not None and dtype not in _DTYPES:
        part.wrong(key, dtype, f"expected {', '.join(_DTYPES)}")
    base = _DTYPES.get(dtype, "bf16") if isinstance(dtype, str) else "bf16"
    quantisation = keys.values.get("quantization_config") or text.values.get("quantization_config")
    if quantisation is None:
        return base, {"tf32": "fp32"}.get(base, base), (), () if dtype is not None else ("the config names no torch_dtype: bf16 taken",)
    method = str(quantisation.get("quant_method", "")) if isinstance(quantisation, Mapping) else ""
    algorithm = str(quantisation.get("quant_algo", "")).lower() if isinstance(quantisation, Mapping) else ""
    if method == "mxfp4":  # gpt-oss: the model card quantises the experts only
        return "fp4", "mxfp4", ("experts",), ()
    if method == "fp8" or algorithm == "fp8":
        return "fp8", "fp8", ALL_MATRICES, ()
    if algorithm == "nvfp4":
        return "fp4", "nvfp4", ALL_MATRICES, ()
    return base, base, (), (f"quantisation {shown(method or quantisation)} is not known: weights counted at {base}",)


def weight_bytes(model: Model, precision: str = "native", *, mtp: bool = False) -> float:
    """Bytes that the weights take.

    `precision` "native" is the format in which the model ships; any other is taken by the matrices of attention,
    feed-forward and experts, while embedding, head, router and norms keep 16 bits where the precision has fewer
    (DeepSeek-V3 ships so in fp8). `mtp` adds the modules for further tokens, all of their weights in the low precision.
    Raises Unknown for a precision that is not in BITS.
    """
    form = model.native_format if precision == "native" else precision
    parts = model.quantised if precision == "native" and model.quantised else ALL_MATRICES
    if form not in BITS:
        raise Unknown("precision", form, BITS, mend=f"Known: {', '.join(BITS)}.")
    bits = BITS[form]
    matrices = sum(_matrix_weights(model, layer, parts) for layer in model.layers)
    rest = model.parameters - matrices
    extra = model.mtp_parameters * bits if mtp else 0.0
    return (matrices * bits + rest * max(bits, 16.0) + extra) / 8.0


def _matrix_weights(model: Model, layer: Layer, parts: tuple[str, ...]) -> int:
    """Weights of the named parts of a layer that are stored in a low precision: matrices without their biases."""
    one = (3 if layer.gated else 2) * model.hidden  # weights of feed-forward for each unit of its width
    total = 0
    if "experts" in parts:
        total += layer.experts * one * layer.expert_dim
    if "shared" in parts:
        total += one * layer.shared_dim
    if "dense" in parts:
        total += one * layer.ffn_dim
    if "attention" in parts:
        active = one * (layer.experts_per_token * layer.expert_dim + layer.shared_dim + layer.ffn_dim)
        total += layer.matmul_parameters - active - model.hidden * layer.experts
    return total


def kv_bytes_per_token(model: Model, bytes_per_element: float = 2.0) -> float:
    """Bytes that one token adds to the key-value cache, all layers, while no window is full.

    Grouped attention keeps a key and a value for each key-value head; latent attention keeps its compressed vector and
    the shared rotary key (DeepSeek-V2, arXiv 2405.04434, table 1); linear attention adds nothing. For long contexts with
    windows, and for the state of linear attention, see `kv_bytes_at`.
    """
    return bytes_per_element * sum(layer.attention.cache_elements for layer in model.layers)


def kv_bytes_at(model: Model, context: Number, bytes_per_element: float = 2.0) -> Number:
    """Bytes that one sequence of `context` tokens (float or array) keeps.

    Key-value cache of all layers, no more than the window or chunk where a layer has one, and the state of linear attention:
    one matrix for each head whatever the context (MiniMax-01, arXiv 2501.08313, section 2.2), in the cache's precision.
    """
    tokens = _tokens(context, at_least=0.0)
    total = sum((kept_elements(layer.attention, tokens) for layer in model.layers), np.zeros_like(tokens))
    return _plain(bytes_per_element * total)


def forward_flop_per_token(model: Model, context: Number) -> Number:
    """FLOPs of one token's way forward, averaged over a sequence of `context` tokens (float or array).

    2 x the weights of all matrices that the token is multiplied with (the experts that it visits, router and head
    included, lookup in the embedding not), plus attention over the tokens before it: 2 x heads x (size of a query-key
    head + size of a value head) for each token seen, and a token sees context / 2 of them on average (causal mask), less
    where a window w ends it: w - w^2 / (2 context), or a chunk c: c / 2. Linear attention adds to its state and reads it:
    4 x heads x key size x value size, whatever the context. Norms, softmax, activations and rotary embedding are left out.
    The terms are those of Narayanan et al. 2021 (Megatron-LM, arXiv 2104.04473, equation 3) and of Chowdhery et al. 2022
    (PaLM, arXiv 2204.02311, appendix B); both of these count attention without the mask, which is twice as much.
    """
    tokens = _tokens(context, at_least=1.0)
    attention = sum((forward_score_flop(layer.attention, tokens) for layer in model.layers), np.zeros_like(tokens))
    return _plain(2.0 * model.matmul_parameters + attention)


def decode_flop_per_token(model: Model, context: Number) -> Number:
    """FLOPs of one token that is generated after `context` tokens (float or array): it sees all of them, its window, or its chunk (half of it on average).

    With latent attention, the matrices that rebuild keys and values are absorbed into the query and the output
    (DeepSeek-V2, arXiv 2405.04434, section 2.1.2), so that each head works on the latent vector of every token seen.
    Linear attention does as much as in `forward_flop_per_token`.
    """
    tokens = _tokens(context, at_least=0.0)
    attention = sum((decode_score_flop(layer.attention, tokens) for layer in model.layers), np.zeros_like(tokens))
    return _plain(2.0 * model.matmul_parameters + attention)


def train_flop_per_token(model: Model, sequence: Number) -> Number:
    """FLOPs of one token in training, forward and backward: three times forward, without recomputation of activations."""
    return 3.0 * forward_flop_per_token(model, sequence)


def _tokens(context: Number, *, at_least: float) -> np.ndarray:
    tokens = np.asarray(context, dtype=float)
    if not np.all(tokens >= at_least):  # also catches nan
        raise OutOfRange(f"context of {tokens.min():g} tokens: at least {at_least:g}")
    return tokens


def _plain(value: np.ndarray) -> Number:
    return value if value.ndim else float(value)


def _folder() -> Path:
    return data_folder() / "models"


def shipped_models() -> list[str]:
    """Names of the models that ship with the catalogue, in order."""
    return sorted(path.stem for path in _folder().glob("*.json"))


@lru_cache(maxsize=64)
def find_model(name: str) -> Model:
    """A shipped model by name ("llama-3.1-405b"), with its source. Raises Unknown with the nearest name."""
    names = shipped_models()
    wanted = name.strip().lower()
    if wanted not in names:
        raise Unknown("model", name, names, mend=f"Give a config.json, or a shipped model: {', '.join(names)}.")
    model = read_model(_folder() / f"{wanted}.json", name=wanted, shown_as=f"{wanted}.json")
    raw = _sources().get(wanted, {})
    return replace(model, source=f"{raw.get('title', '')} ({raw.get('publisher', '')}, {raw.get('date', '')}), {raw.get('url', '')}" if raw else "")


@lru_cache(maxsize=1)
def model_day(name: str) -> date:
    """The middle of the month in which a shipped model was published. Raises Unknown."""
    find_model(name)
    return date.fromisoformat(f"{_sources()[name]['date'][:7]}-15")


def _sources() -> Mapping[str, Mapping[str, str]]:
    return read_yaml(_folder() / "sources.yaml", name="sources.yaml").value
