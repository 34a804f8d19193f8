"""The program file: what people write, as strict models. `load.py` turns it into nouns of the stages."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from ..figures import Range
from ..rack import RackFile
from ..strict import Strict, Wrong
from .fields import Day, Span, Window, quantity

if TYPE_CHECKING:  # a checker sees what the fields hold
    Tokens = Range
    Rate = Range
    Seconds = Range
    Latency = Range
    Growth = Range
    Power = Range
    Temperature = Range
    RackRate = Range
    RacksPerWeek = Range
    Racks = Range
    Money = Range
    Share = Range
    Part = Range
else:
    Tokens = quantity("token", "15e12", "a number of tokens")
    Rate = quantity("token/s", "2e6 tok/s", "a rate of output tokens")
    Seconds = quantity("s", "90 d", "a duration")
    Latency = quantity("s", "2 s", "a latency limit", span=False)
    Growth = quantity("1/yr", "2 to 3.5 /yr", "a growth factor per year")
    Power = quantity("W", "140 kW", "a power")
    Temperature = quantity("temperature_k", "40 C", "a temperature", span=False)
    RackRate = quantity("rack/wk", "200 racks/quarter", "a rate of racks")
    RacksPerWeek = quantity("rack", "40", "racks a week", span=False)
    Racks = quantity("rack", "0 to 400", "a number of racks", above=False)
    Money = quantity("USD", "3.9 MUSD", "a price")
    Share = quantity("1", "20 %", "a share", above=False)
    Part = quantity("1", "20 %", "a part of the whole", above=False, most=1.0)
Count = Annotated[int, Field(gt=0)]


class NeedFile(Strict):
    """One workload in time: pretraining (tokens within a time) or serving (a rate under latency limits)."""

    model: str = Field(description="path of a Hugging Face config.json, or the name of a shipped model such as 'llama-3.1-405b'")
    start: Day | None = Field(None, description="when the workload starts; as_of when absent")
    tokens: Tokens | None = Field(None, description="training: tokens to train on")
    within: Seconds | None = Field(None, description="training: time in which to train")
    rate: Rate | None = Field(None, description="serving: output tokens per second over all users, at the start")
    input: Tokens | None = Field(None, description="serving: tokens of a prompt")
    output: Tokens | None = Field(None, description="serving: tokens of an answer")
    ttft_p95: Latency | None = Field(None, description="serving: limit of the time to first token, which 95 % of the requests keep")
    tpot: Latency | None = Field(None, description="serving: limit of the time per output token, in the mean")
    prefix_hit: Part | None = Field(None, description="serving: share of a prompt's tokens that the prefix cache holds")
    prefix_hit_host: Part | None = Field(None, description="serving: share of these that lie in the host's memory")
    spread: Share | None = Field(None, description="serving: standard deviation of lengths over their mean")
    turns: Count | None = Field(None, description="serving: messages of a conversation; 'input' is then the first one")
    next: Tokens | None = Field(None, description="serving: tokens of each further message; those of the first when absent")
    kept: Part | None = Field(None, description="serving: share of what was there at the turn before that is still cached; all when absent")
    draft: Count | None = Field(None, description="serving: tokens guessed ahead in each step (speculative decoding)")
    accepted: Part | None = Field(None, description="serving: share of the guesses that is kept, 0.7 when absent")
    projected: str | None = Field(None, description="name of a projection of the catalogue, such as 'frontier': the model grows by it each year")
    growth: Growth | None = Field(None, description="factor by which the workload grows each year")
    rack_power: Power | None = Field(None, description="most power that the site gives a rack")
    coolant: Temperature | None = Field(None, description="coolant supply temperature of the site")

    @model_validator(mode="after")
    def _one_kind(self) -> NeedFile:
        training = [name for name in ("tokens", "within") if getattr(self, name) is not None]
        serving = [
            name
            for name in ("rate", "input", "output", "ttft_p95", "tpot", "prefix_hit", "prefix_hit_host", "spread", "turns", "next", "kept", "draft", "accepted")
            if getattr(self, name) is not None
        ]
        self._goes_together()
        if training and serving:
            what = f"a need is training ('tokens', 'within') or serving ('rate', 'input', 'output', ...), not both: it has {', '.join(training + serving)}"
            raise Wrong(what, f"Make two needs of it, or take out {', '.join(training if len(training) < len(serving) else serving)}.")
        wanted = ("tokens", "within") if training else ("rate", "input", "output")
        missing = [name for name in wanted if getattr(self, name) is None]
        if missing:
            examples = {"tokens": "15e12", "within": "90 d", "rate": "2e6 tok/s", "input": "2000", "output": "500"}
            raise Wrong(
                f"a {'training' if training else 'serving'} need also says {', '.join(missing)}", f"Add '{', '.join(f'{key}: {examples[key]}' for key in missing)}' or the like."
            )
        return self

    def _goes_together(self) -> None:
        """Words that say something of others."""
        if self.turns is not None and self.prefix_hit is not None:
            raise Wrong("'turns' says what of a prompt is cached, and so does 'prefix_hit'", "Take one of them out; 'kept' is the share of earlier turns that is still cached.")
        for word, of in (("next", "turns"), ("kept", "turns"), ("accepted", "draft")):
            if getattr(self, word) is not None and getattr(self, of) is None:
                raise Wrong(f"'{word}' says something of '{of}', which is not there", f"Add '{of}', or take '{word}' out.")


class GenerationFile(Strict):
    """A rack design with a place in time."""

    rack: str | RackFile = Field(description="name of a shipped rack such as 'gb300-nvl72', path of a rack file, or the keys of a rack file")
    volume_from: Day = Field(description="when volume deliveries start")


class SupplyFile(Strict):
    """Where offers come from and how racks enter the country."""

    use: str | None = Field(None, description="a named preset of assumed offers, such as 'us-2026'")
    offers: str | None = Field(None, description="a CSV or xlsx table of offers")
    enter_as: Literal["rack", "tray", "parts"] = Field("tray", description="what crosses the border: whole racks, trays, or parts")

    @model_validator(mode="after")
    def _some_source(self) -> SupplyFile:
        if self.use is None and self.offers is None:
            raise Wrong("supply names a preset ('use: us-2026'), a table of offers ('offers: offers.xlsx'), or both", "Add one of them.")
        return self


class LineFile(Strict):
    """One assembly and test line."""

    site: str = Field(description="a site of the catalogue, such as 'houston'")
    use: str = Field(description="a named process preset, such as 'l11-basic'")
    racks_per_week: RacksPerWeek | None = Field(None, description="the rate that the line is asked for; the demand when absent")
    stations: Count | None = Field(None, description="assembly stations")
    cells: Count | None = Field(None, description="test cells")
    hall_power: Power | None = Field(None, description="power of the test hall")
    shift_hours_per_week: Annotated[float, Field(gt=0, le=168)] | None = Field(None, description="staffed hours a week")


class OptionFile(Strict):
    """Terms of the option to buy racks, without obligation, and what it is worth against."""

    racks: Racks = Field(description="how many racks may be bought")
    window: Span = Field(description="when the option can be exercised")
    price: Money = Field(description="price of a rack at exercise")
    generation: str | None = Field(None, description="the generation to buy; the last one when absent")
    against: str | None = Field(None, description="the generation that would be bought otherwise; the first one when absent")
    against_price: Money | None = Field(None, description="price of a rack of that other generation; its landed cost when absent")
    decline: Share | None = Field(None, description="share by which the worth of a rack falls each year")
    volatility: Share | None = Field(None, description="volatility of that worth per year")
    rate: Share | None = Field(None, description="discount rate per year")
    deposit: Money | None = Field(None, description="paid now for the option, all racks together")


class ProgramFile(Strict):
    """A program, or one party's part of it. A section that is absent is a stage that is skipped."""

    version: Literal[1] = 1
    as_of: Day = Field(description="date at which law, prices and announced parts are read; no clock is")
    name: str = ""
    parties: dict[Literal["lab", "manufacturer", "supplier"], str] = Field(default_factory=dict)
    seed: Annotated[int, Field(ge=0)] = 1
    catalog: list[str] | str = Field(default_factory=list, description="folders of your own parts, such as 'parts', over the shipped catalogue")
    assumptions: dict[str, str | int | float] = Field(default_factory=dict, description="figures of the catalogue set by you: 'item.figure_unit: value'")
    scenarios: dict[str, dict[str, str | int | float]] = Field(default_factory=dict, description="named sets of assumptions, for --scenario")
    needs: dict[str, NeedFile] = Field(default_factory=dict)
    envelope: str | None = Field(None, description="what a lab released in place of its needs: a file of `rackloom envelope --release`, relative to this one")
    release: str | dict[str, Any] | None = None
    generations: dict[str, GenerationFile] = Field(default_factory=dict)
    demand: dict[str, RackRate] = Field(default_factory=dict)
    supply: SupplyFile | None = None
    line: LineFile | None = None
    schedule: Any = None
    evaluation: list[str] | str = Field(default_factory=list, description="result files relative to this one, such as 'results/*.jsonl'")
    option: OptionFile | None = None

    @field_validator("release", "schedule", mode="before")
    @classmethod
    def _not_here_yet(cls, value: Any, info: Any) -> Any:
        raise Wrong(f"this release does not read '{info.field_name}' yet", "Remove it; docs/program.md lists what is read.")


__all__ = ["GenerationFile", "LineFile", "NeedFile", "OptionFile", "ProgramFile", "Range", "SupplyFile", "Window", "date"]
