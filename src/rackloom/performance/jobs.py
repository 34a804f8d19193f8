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
    """Requests to serve: tokens of a prompt and of an answer, and output tokens a second over all users where a rate is asked.

    `hit_share` of a prompt's tokens are in the prefix cache, `hit_host_share` of these in the host's memory. `spread` is the
    standard deviation of lengths over their mean. `concurrency` requests are kept running by as many clients (a closed loop);
    without it requests come at random times (open).
    """

    input_tokens: float
    output_tokens: float
    rate_tokens_per_s: float | None = None
    hit_share: float = 0.0
    hit_host_share: float = 0.0
    spread: float = 0.0
    concurrency: int | None = None

    def __post_init__(self) -> None:
        _at_least_one(self, ("input_tokens", "output_tokens"))
        for name in ("hit_share", "hit_host_share"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise BadInput(Fault(f"{name}={getattr(self, name):g} is not between 0 and 1"))
        if self.spread < 0.0 or (self.concurrency is not None and self.concurrency < 1):
            raise BadInput(Fault(f"spread={self.spread:g}, concurrency={self.concurrency}: a spread of 0 or more, 1 client or more"))
        if self.rate_tokens_per_s is not None and not self.rate_tokens_per_s > 0:
            raise BadInput(Fault(f"rate_tokens_per_s={self.rate_tokens_per_s:g} is not above 0"))


@dataclass(frozen=True)
class Slo:
    """Limits of service: time to first token and time per output token [s]; None where there is no limit.

    A share of the requests keeps each (0.95: the 95th percentile); None means the mean.
    """

    ttft_s: float | None = None
    tpot_s: float | None = None
    ttft_share: float | None = None
    tpot_share: float | None = None


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
    """One way to serve on one replica.

    `tp` ranks share a layer, `dp` such groups each have attention of their own and share the experts (1 for dense models), `pp`
    stages follow each other; `batch` requests run at once. `precision` is that of weights and products, `kv_precision` that of
    the cache. `draft` tokens are guessed ahead in each step (speculative decoding), each right with the share `accepted_share`
    where those before it are.
    """

    tp: int = 1
    dp: int = 1
    batch: int = 1
    precision: str = "fp8"
    kv_precision: str = "fp8"
    pp: int = 1
    draft: int = 0
    accepted_share: float = 0.7
    attention_precision: str = ""  # of attention's projections, where it is another
    cut_experts: bool = False  # each rank has a part of every expert, in place of some whole ones

    def __post_init__(self) -> None:
        _at_least_one(self, ("tp", "dp", "batch", "pp"))
        if self.draft < 0 or not 0.0 <= self.accepted_share <= 1.0:
            raise BadInput(Fault(f"draft={self.draft}, accepted_share={self.accepted_share:g}: guesses are 0 or more, their share between 0 and 1"))

    @property
    def ranks(self) -> int:
        """Accelerators of one replica."""
        return self.tp * self.dp * self.pp


@dataclass(frozen=True)
class Disaggregated:
    """Prefill and decode on replicas of their own: so many of each, and the share of its time that a prefill replica is busy.

    A prompt is read by a prefill replica, its cache sent over the links to a decode replica. `batch` of `prefill` is the
    prompts that it reads in one step.
    """

    prefill: ServingStrategy
    decode: ServingStrategy
    prefill_workers: int = 1
    decode_workers: int = 1
    busy_share: float = 0.7

    def __post_init__(self) -> None:
        _at_least_one(self, ("prefill_workers", "decode_workers"))
        if not 0.0 < self.busy_share < 1.0:
            raise BadInput(Fault(f"busy_share={self.busy_share:g} is not between 0 and 1"))

    @property
    def ranks(self) -> int:
        """Accelerators of one set of replicas."""
        return self.prefill_workers * self.prefill.ranks + self.decode_workers * self.decode.ranks


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


def serving_strategy(given: ServingStrategy | Disaggregated | Mapping[str, Any]) -> ServingStrategy | Disaggregated:
    """A strategy from a mapping, one with 'prefill' and 'decode' where they are apart; raises BadInput for keys that it does not have."""
    if isinstance(given, (ServingStrategy, Disaggregated)):
        return given
    if "prefill" not in given:
        return ServingStrategy(**_known(ServingStrategy, given))
    plain = _known(Disaggregated, given)
    if "decode" not in plain:
        raise BadInput(Fault("a strategy with 'prefill' also says 'decode'"))
    for name in ("prefill", "decode"):
        plain[name] = ServingStrategy(**_known(ServingStrategy, plain[name]))
    return Disaggregated(**plain)


def as_mapping(strategy: TrainingStrategy | ServingStrategy | Disaggregated) -> dict[str, object]:
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
