"""What is asked of a system: a training job or traffic to serve; the ways to run it; and what a search found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any

from ..errors import BadInput, Fault, nearest

RECOMPUTE = ("none", "selective", "operators", "full")
NONE, SELECTIVE, OPERATORS, FULL = range(len(RECOMPUTE))  # places in RECOMPUTE
SCHEDULES = ("1f1b", "zero_bubble", "dualpipe")
ONE_F_ONE_B, ZERO_BUBBLE, DUALPIPE = range(len(SCHEDULES))  # places in SCHEDULES
CONTEXT = ("ring", "all_gather")
RING, GATHERED = range(len(CONTEXT))  # places in CONTEXT
ATTENTION = ("unfused", "fused", "older")
UNFUSED, FUSED, OLDER = range(len(ATTENTION))  # places in ATTENTION
GRADIENTS: Mapping[str, int] = {"fp32": 4, "bf16": 2}  # bytes of a summed gradient
# Bytes a parameter: 32-bit weights, and momentum (and variance for adam; in 16 bits for adam-bf16, as DeepSeek-V3 keeps them).
OPTIMIZERS: Mapping[str, int] = {"adam": 12, "adam-bf16": 8, "sgd": 8}


def base_of(precision: str) -> str:
    """The data-sheet rate that a format runs at: nvfp4 and mxfp4 at that of fp4, mxfp8 at that of fp8, fp16 as bf16, fp32 as tf32."""
    return {"nvfp4": "fp4", "mxfp4": "fp4", "mxfp8": "fp8", "fp16": "bf16", "fp32": "tf32"}.get(precision, precision)


@dataclass(frozen=True)
class TrainingJob:
    """One training run: sequences a step, tokens of a sequence, precision of the matrix products.

    `software_date` says how long the software has had to mature on the accelerator (a year where it is None). `dropout`
    adds its masks to the activations and its passes to the element-wise kernels, as in models up to 2022; `eager` runs
    these one by one, without a compiler or hand-written kernels that join them.
    """

    global_batch: int
    sequence: int
    precision: str = "bf16"
    optimizer: str = "adam"
    software_date: date | None = None
    dropout: bool = False
    eager: bool = False

    def __post_init__(self) -> None:
        _at_least_one(self, ("global_batch", "sequence"))
        if self.optimizer not in OPTIMIZERS:
            raise BadInput(Fault(f"no optimizer '{self.optimizer}'", nearest=nearest(self.optimizer, OPTIMIZERS), mend=f"Known: {', '.join(OPTIMIZERS)}."))


@dataclass(frozen=True)
class Traffic:
    """Requests to serve: tokens of a prompt and of an answer, and output tokens a second over all users where a rate is asked."""

    input_tokens: float
    output_tokens: float
    rate_tokens_per_s: float | None = None

    def __post_init__(self) -> None:
        _at_least_one(self, ("input_tokens", "output_tokens"))
        if self.rate_tokens_per_s is not None and not self.rate_tokens_per_s > 0:
            raise BadInput(Fault(f"rate_tokens_per_s={self.rate_tokens_per_s:g} is not above 0"))


@dataclass(frozen=True)
class Slo:
    """Limits of service: time to first token and time per output token [s]; None where there is no limit."""

    ttft_s: float | None = None
    tpot_s: float | None = None


@dataclass(frozen=True)
class TrainingStrategy:
    """One way to spread a training run.

    tp, pp, cp, dp: ranks of tensor, pipeline, context and data parallelism; ep: ranks over which the experts of a layer lie,
    taken from tp x cp x dp. `interleave` is the number of model chunks a pipeline rank holds (1F1B only).

    recompute: "selective" computes the scores of attention again (Korthikanti et al. 2022), "operators" every second matrix
    product and all element-wise passes (torchtitan's selective recomputation by operator), "full" whole layers.
    zero: what replicas share: 0 nothing, 1 the optimizer state, 2 the gradients as well, 3 the weights as well (FSDP).
    schedule: "1f1b" (interleaved where interleave > 1), "zero_bubble" (ZB-H1, Qi et al. 2023), "dualpipe" (DeepSeek-V3).
    context: keys and values go round a "ring" behind attention, or are gathered first ("all_gather").
    `attention` "unfused" writes the scores to memory, as frameworks did until 2022; "older" is fused, but without the
    accelerator's newest instructions (FlashAttention-2 on Hopper). `gradients` are summed and sent in 32 or in 16 bits. `tensor_overlap` and `data_overlap` hide messages behind products as far as the framework can.
    `offload_optimizer` and `offload_activations` keep these in the host's memory.
    """

    tp: int = 1
    pp: int = 1
    cp: int = 1
    dp: int = 1
    ep: int = 1
    micro_batch: int = 1
    interleave: int = 1
    sequence_parallel: bool = True
    recompute: str = "none"
    zero: int = 1
    schedule: str = "1f1b"
    context: str = "ring"
    attention: str = "fused"
    gradients: str = "fp32"
    tensor_overlap: bool = True
    data_overlap: bool = True
    offload_optimizer: bool = False
    offload_activations: bool = False

    def __post_init__(self) -> None:
        _at_least_one(self, ("tp", "pp", "cp", "dp", "ep", "micro_batch", "interleave"))
        _one_of("recompute", self.recompute, RECOMPUTE)
        _one_of("schedule", self.schedule, SCHEDULES)
        _one_of("context", self.context, CONTEXT)
        _one_of("attention", self.attention, ATTENTION)
        _one_of("zero", self.zero, (0, 1, 2, 3))
        _one_of("gradients", self.gradients, tuple(GRADIENTS))
        if (self.tp * self.cp * self.dp) % self.ep:
            raise BadInput(Fault(f"ep={self.ep} does not divide tp x cp x dp = {self.tp * self.cp * self.dp}", mend="Experts lie on whole ranks of it."))
        if self.interleave > 1 and self.schedule != "1f1b":
            raise BadInput(Fault(f"interleave={self.interleave} with schedule={self.schedule}", mend="Only 1f1b interleaves model chunks."))

    @property
    def ranks(self) -> int:
        """Accelerators that it takes."""
        return self.tp * self.pp * self.cp * self.dp


@dataclass(frozen=True)
class ServingStrategy:
    """One way to serve: `tp` ranks share a layer, `dp` such groups share the experts (1 for dense models), `batch` requests run at once."""

    tp: int = 1
    dp: int = 1
    batch: int = 1
    precision: str = "fp8"
    kv_precision: str = "fp8"

    def __post_init__(self) -> None:
        _at_least_one(self, ("tp", "dp", "batch"))

    @property
    def ranks(self) -> int:
        """Accelerators of one replica."""
        return self.tp * self.dp


@dataclass(frozen=True)
class Candidate:
    """One strategy that a search ranked, with its central values."""

    strategy: Mapping[str, object]
    tokens_per_s_per_accelerator: float
    memory_bytes: float
    step_s: float | None = None
    ttft_s: float | None = None
    tpot_s: float | None = None


@dataclass(frozen=True)
class Search:
    """What a search over strategies found: those that fit and meet the limits, best first, and how many were looked at.

    `why_not` says what stood in the way where nothing fits; `least_bad` is then the strategy that comes nearest. `front`
    holds, for serving, the strategies that none beats both in tokens a second and in time per output token, quickest first.
    """

    kind: str
    system: str
    accelerators: int
    ranked: tuple[Candidate, ...]
    visited: int
    feasible: int
    why_not: str = ""
    least_bad: Candidate | None = None
    front: tuple[Candidate, ...] = ()

    @property
    def best(self) -> Candidate | None:
        """The best strategy, or None where nothing fits."""
        return self.ranked[0] if self.ranked else None


def training_strategy(given: TrainingStrategy | Mapping[str, Any]) -> TrainingStrategy:
    """A strategy from a mapping; raises BadInput for keys that it does not have."""
    return given if isinstance(given, TrainingStrategy) else TrainingStrategy(**_known(TrainingStrategy, given))


def serving_strategy(given: ServingStrategy | Mapping[str, Any]) -> ServingStrategy:
    """A strategy from a mapping; raises BadInput for keys that it does not have."""
    return given if isinstance(given, ServingStrategy) else ServingStrategy(**_known(ServingStrategy, given))


def as_mapping(strategy: TrainingStrategy | ServingStrategy) -> dict[str, object]:
    """A strategy as plain values."""
    return asdict(strategy)


def _known(kind: type, given: Mapping[str, Any]) -> dict[str, Any]:
    names = [field.name for field in fields(kind)]
    faults = [Fault(f"unknown key '{key}' in a strategy", nearest=nearest(key, names), mend=f"Keys: {', '.join(names)}.") for key in given if key not in names]
    if faults:
        raise BadInput(faults)
    return dict(given)


def _at_least_one(value: Any, names: tuple[str, ...]) -> None:
    faults = [Fault(f"{name}={getattr(value, name)}: 1 or more") for name in names if not getattr(value, name) >= 1]
    if faults:
        raise BadInput(faults)


def _one_of(name: str, value: object, choices: tuple[object, ...]) -> None:
    if value not in choices:
        raise BadInput(Fault(f"{name}={value}", nearest=nearest(value, [str(c) for c in choices]), mend=f"One of: {', '.join(str(c) for c in choices)}."))
