"""The rack file: what people write. `design.py` merges what 'like' brings in and turns it into a Design."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from ..figures import read_counted
from ..strict import Strict

Text = str | int | float  # quantities and references, read later with their unit


def _counted(value: str) -> str:
    read_counted(value)
    return value


Counted = Annotated[str, AfterValidator(_counted)]  # "4 x gb300", "busbar-nvl72"


class AssemblyFile(Strict):
    """Parts put together: a tray, a node, a board."""

    level: Literal["L6", "L7", "L8", "L9", "L10", "L11", "L12"] = "L10"
    kind: str = Field("", description="what it is to suppliers and lines: compute_tray, switch_tray, node, board, ...")
    title: str = ""
    height: Annotated[float, Field(gt=0, le=60)] = Field(1, description="units of the frame that one takes")
    parts: list[Counted] = Field(default_factory=list, description="'4 x gb300', parts of the catalogue or other assemblies")
    power: Text | None = Field(None, description="power of the whole at load, in place of the sum of its parts; or 'item.figure'")
    static_power: Text | None = Field(None, description="power drawn beside the parts: fans, boards, losses")
    mass: Text | None = None
    unknown: list[str] = Field(default_factory=list, description="what nobody publishes: mass, power, depth, ...")


class PowerFile(Strict):
    """How the rack is fed."""

    feeds: str | None = Field(None, description="'4 x 415 V'")
    redundancy: Literal["N", "N+1", "N+N"] | None = None
    breaker: Text | None = None
    bus: Text | None = Field(None, description="busbar voltage under load")
    load: Text | None = Field(None, description="published load of the whole rack, only where nobody publishes what the parts draw")


class CoolantFile(Strict):
    """The rack's coolant loop."""

    fluid: str | None = None
    supply: Text | None = None
    rise: Text | None = Field(None, description="temperature rise of the coolant, where no flow is stated")
    liquid_share: Text | None = Field(None, description="share of the heat that the coolant takes")
    return_max: Text | None = Field(None, description="highest return temperature that the rack allows")
    flow: Text | None = Field(None, description="a flow, 'item.figure', or 'item.table' of flow against supply temperature")


class CableFile(Strict):
    """Cables of one kind."""

    medium: str
    count: str | int = Field(description="'72 x 18 x 2 x 2', or a number")
    source: str = Field("", alias="from")
    target: str = Field("", alias="to")
    length: Text | None = None


class NetworkFile(Strict):
    """Which card joins racks, and what is one scale-up domain."""

    scale_out: str | None = None
    scale_up: str | None = Field(None, description="'rack', or the name of an assembly")


class RackFile(Strict):
    """A rack, or its differences from the one named under 'like'."""

    like: str | None = Field(None, description="name of a shipped rack, or path of a rack file; everything else is a difference from it")
    title: str | None = None
    status: Literal["shipping", "announced", "assumed"] | None = None
    frame: str | None = None
    height: Annotated[int, Field(gt=0, le=100)] | None = Field(None, description="units of the frame, where the catalogue does not say")
    layout: Literal["published", "assumed"] | None = None
    slots: dict[str, str] = Field(default_factory=dict, description="'u5-u8: 4 x shelf-33kw', counted from the bottom")
    fixtures: list[Counted] = Field(default_factory=list, description="parts without a slot: busbar, manifold, spine")
    assemblies: dict[str, AssemblyFile] = Field(default_factory=dict)
    connect: list[str] = Field(default_factory=list, description="'manifold.out[*] -> compute[*].coolant via uqd-04'")
    power: PowerFile | None = None
    coolant: CoolantFile | None = None
    cables: dict[str, CableFile] = Field(default_factory=dict)
    network: NetworkFile | None = None
    mass: Text | None = None
    vary: dict[str, str] = Field(default_factory=dict, description="'coolant.supply: 25 to 45 C', for the roadmap's search")
    unknown: list[str] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
