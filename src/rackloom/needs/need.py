"""The nouns Need and Estimate: one workload in time, and how one system runs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from ..draws import Number
from ..errors import BadInput, Fault
from ..figures import Figure
from ..ledger import Ledger

if TYPE_CHECKING:
    from .model import Model

KINDS = ("training", "serving")
WANTED: Mapping[str, tuple[str, ...]] = {"training": ("tokens", "within_s"), "serving": ("input_tokens", "output_tokens")}


@dataclass(frozen=True)
class Need:
    """One workload: pretraining (tokens within a time) or serving (a rate under latency limits).

    Training states `tokens` [token] and `within_s` [s]; serving states `input_tokens` and `output_tokens` of one
    request, `rate_tokens_per_s` (output tokens a second over all users at `start`) where a number of accelerators is wanted, and may limit `ttft_s` and `tpot_s` [s]; a share
    `ttft_share` of the requests keeps the former (None: the mean). `hit_share` of a prompt's tokens are in the prefix cache, `hit_host_share`
    of these in the host's memory; `spread` is the standard deviation of lengths over their mean. With `turns_count` a request is one of a conversation of so
    many: `input_tokens` are those of the first message, `next_tokens` of each further one, and `kept_share` of what was there before is still cached.
    `draft_tokens` are guessed ahead in each step (speculative decoding), of which a share `accepted_share` is kept.
    `growth_per_year` is the factor by which the workload grows each year [-]; with `projection` the model itself grows too, each year
    by the catalogue's projection of that name.
    Raises BadInput when a figure that its kind needs is missing.
    """

    name: str
    kind: str
    model: Model
    start: date
    tokens: Figure | None = None
    within_s: Figure | None = None
    rate_tokens_per_s: Figure | None = None
    input_tokens: Figure | None = None
    output_tokens: Figure | None = None
    ttft_s: Figure | None = None
    tpot_s: Figure | None = None
    ttft_share: float | None = None
    hit_share: Figure | None = None
    hit_host_share: Figure | None = None
    spread: Figure | None = None
    turns_count: Figure | None = None
    next_tokens: Figure | None = None
    kept_share: Figure | None = None
    draft_tokens: Figure | None = None
    accepted_share: Figure | None = None
    projection: str = ""
    growth_per_year: Figure | None = None
    rack_power_limit_w: Figure | None = None
    coolant_supply_temperature_k: Figure | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise BadInput(Fault(f"need '{self.name}': no kind '{self.kind}'", mend=f"Kinds: {', '.join(KINDS)}."))
        missing = [name for name in WANTED[self.kind] if getattr(self, name) is None]
        if missing:
            raise BadInput(Fault(f"need '{self.name}': {self.kind} also says {', '.join(missing)}"))
        if self.turns_count is not None and self.hit_share is not None:
            raise BadInput(
                Fault(
                    f"need '{self.name}': the turns say what of a prompt is cached, and so does its hit rate",
                    mend="Take one of them out; 'kept' is the share of earlier turns that is still cached.",
                )
            )
        alone = [
            name
            for name, of in (("next_tokens", "turns_count"), ("kept_share", "turns_count"), ("accepted_share", "draft_tokens"))
            if getattr(self, name) and not getattr(self, of)
        ]
        if alone:
            raise BadInput(Fault(f"need '{self.name}': {', '.join(alone)} says something of what is not there", mend="next and kept go with turns, accepted with draft."))

    def want(self, name: str) -> Figure:
        """A figure that this kind of need states; raises BadInput where it does not."""
        figure = getattr(self, name)
        if figure is None:
            raise BadInput(Fault(f"need '{self.name}' does not say {name}"))
        return figure  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Estimate:
    """How one system runs one need: how fast, on how many accelerators, what limits it, and what was left out.

    `accelerators` is for the whole job: training, those that meet the deadline; serving, those that carry the rate at the
    start. `replica_accelerators` hold one copy of the model. `memory_bytes` is per accelerator. `shares` is time by
    cause (compute, memory, scale_up, scale_out, host, bubble) at central values and sums to 1. `spread` is the half-width
    of the 80 % interval of the step's time as a share, with only one group of figures uncertain at a time. Where `fits` is False,
    `why_not` says what is in the way and the numbers are those of the least bad way, or zero where there is none.
    """

    need: str
    system: str
    kind: str
    fits: bool
    why_not: str
    accelerators: Number
    replica_accelerators: int
    strategy: Mapping[str, object]
    tokens_per_s_per_accelerator: Number
    memory_bytes: Number
    shares: Mapping[str, float]
    limited_by: str
    flop_rule: str
    ledger: Ledger = field(repr=False, compare=False)
    left_out: tuple[str, ...] = ()
    step_s: Number | None = None
    run_s: Number | None = None
    ttft_s: Number | None = None
    tpot_s: Number | None = None
    spread: Mapping[str, float] = field(default_factory=dict)
    prefix: str = ""  # of this estimate's rows in the ledger
