"""The nouns of a rack: what is given (Design) and what comes out (Bom, Check, RackAnswer)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ..catalog import Catalog, Item
from ..draws import Number
from ..figures import Figure, Range
from ..ledger import Ledger
from .build_nouns import BuildSheet
from .fabric import FabricFigures
from .map_nouns import CableRun, CutLine
from .outfit import Cabling, FabricSpec, PortGroup, Service, Standing
from .reliability_nouns import Reliability

LEVELS = ("L6", "L7", "L8", "L9", "L10", "L11", "L12")


@dataclass(frozen=True)
class Plates:
    """How the coolant runs through one tray. `drop_pa` is of plates and hoses at `drop_flow_m3_per_s`, quick disconnects apart."""

    plate: str = ""
    count: int | None = None
    series: int = 1
    case_max_temperature_k: Figure | None = None
    junction_k_per_w: Figure | None = None
    junction_max_temperature_k: Figure | None = None
    drop_pa: Figure | None = None
    drop_flow_m3_per_s: Figure | None = None


@dataclass(frozen=True)
class Assembly:
    """Parts put together. `parts` are (count, name of a part or of another assembly)."""

    name: str
    level: str
    kind: str
    title: str
    height: float  # units of the frame
    parts: tuple[tuple[int, str], ...]
    power_w: Figure | None = None  # stated for the whole; in place of the sum of its parts
    static_power_w: Figure | None = None  # drawn beside the parts: fans, boards, losses
    mass_kg: Figure | None = None
    cooling: Plates | None = None
    card_slot_w: Figure | None = None
    connectors: int = 1  # to the busbar
    depth_m: Figure | None = None
    pull_m: Figure | None = None  # travel that slides it out
    build_hours: Figure | None = None  # person-hours to assemble one from its parts
    mating: str = ""  # blind, hand; '' where each part says for itself
    ports: Mapping[str, PortGroup] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class Slot:
    """Units of the frame, counted from 1 at the bottom, taken by so many of one thing, on one face of the rack."""

    first: int
    last: int
    count: int
    name: str
    face: str = "front"


@dataclass(frozen=True)
class Connection:
    """From port to port by a part, for each of what stands at the far end."""

    source: str
    source_port: str
    target: str
    target_port: str
    via: str
    text: str


@dataclass(frozen=True)
class Busbar:
    """The busbar as a conductor. What is None is read from the frame."""

    rating_a: Figure | None = None
    rise_k: Figure | None = None
    resistance_ohm_per_m: Figure | None = None
    lowest_v: Figure | None = None


@dataclass(frozen=True)
class Power:
    """How the rack is fed. `load_w` is stated only where nobody publishes what the parts draw."""

    feeds: int = 0
    feed_v: Figure | None = None
    kind: str = "ac"
    redundancy: str = "N"
    sides: Mapping[str, tuple[int, ...]] = field(default_factory=dict)  # feed -> units of the rack whose things hang on it
    breaker_a: Figure | None = None
    breaker_rated: str = ""
    bus_v: Figure | None = None
    sharing: str = "droop"
    droop_v: Figure | None = None
    busbar: Busbar = field(default_factory=Busbar)
    connector_cooling: str = "still air"
    fault_current_a: Figure | None = None
    grounding: str = ""
    grounding_ohm: Figure | None = None
    bond_ohm: Figure | None = None
    ramp_w_per_s: Figure | None = None
    storage_j: Figure | None = None
    swing_share: Figure | None = None
    swing_period_s: Figure | None = None
    bridge_s: Figure | None = None
    whip_length_m: Figure | None = None
    whip_ohm_per_m: Figure | None = None
    load_w: Figure | None = None


@dataclass(frozen=True)
class Coolant:
    """The rack's coolant loop. `flow_table` names a published law of flow against supply temperature, `drop_table` one of pressure drop."""

    fluid: str = ""
    supply_temperature_k: Figure | None = None
    rise_k: Figure | None = None
    liquid_share: Figure | None = None
    flow_m3_per_s: Figure | None = None
    flow_table: tuple[str, str] | None = None  # item, name of the table
    return_max_temperature_k: Figure | None = None  # the rack's own limit
    cdu: str = ""
    racks: int = 1
    pumps: tuple[int, int] | None = None  # that carry the loop, and beside them
    pump_feeds: Mapping[str, int] = field(default_factory=dict)
    head_pa: Figure | None = None
    static_pa: Figure | None = None
    drop_pa: Figure | None = None
    drop_table: tuple[str, str] | None = None
    facility_temperature_k: Figure | None = None
    manifold_diameter_m: Figure | None = None
    manifold_return: str = "direct"
    hose_diameter_m: Figure | None = None
    hose_length_m: Figure | None = None
    volume_m3: Figure | None = None
    glycol_share: Figure | None = None
    ph_level: Figure | None = None
    filter_m: Figure | None = None
    filter_max_m: Figure | None = None
    pressure_max_pa: Figure | None = None
    wetted: tuple[str, ...] = ()


@dataclass(frozen=True)
class Environment:
    """Where the rack stands."""

    air_temperature_k: Figure | None = None
    dew_point_temperature_k: Figure | None = None
    altitude_m: Figure | None = None
    air_max_temperature_k: Figure | None = None
    code: str = "NEC"


@dataclass(frozen=True)
class Cable:
    """Cables of one kind. `length_m` is of one cable; None where positions or routes are not known."""

    name: str
    medium: str
    count: int
    count_text: str  # the product it comes from
    source: str
    target: str
    length_m: Figure | None = None
    source_port: str = ""
    target_port: str = ""
    route: str = "channel"
    map: str = "order"
    split: int = 1
    loop: bool = False
    links: tuple[str, ...] = ()


@dataclass(frozen=True)
class Design:
    """One rack, whole, as data."""

    name: str
    title: str
    status: str
    frame: Item | None
    height: int  # units
    slots: tuple[Slot, ...]
    fixtures: tuple[tuple[int, str], ...]
    assemblies: Mapping[str, Assembly]
    connections: tuple[Connection, ...]
    power: Power
    coolant: Coolant | None
    environment: Environment
    cables: tuple[Cable, ...]
    scale_out: str  # the network card that joins racks
    scale_up: str  # 'rack', or the assembly whose accelerators are one domain
    mass_kg: Figure | None
    vary: Mapping[str, Range]
    layout: str  # published or assumed
    unknown: tuple[str, ...]
    notes: tuple[str, ...]
    catalog: Catalog = field(repr=False, compare=False)
    cabling: Cabling = field(default_factory=Cabling)
    standing: Standing = field(default_factory=Standing)
    service: Service = field(default_factory=Service)
    fabric: FabricSpec | None = None
    oversubscription: float = 1.0  # of the rack's switches, at most


@dataclass(frozen=True)
class BomLine:
    """One line of the indented bill of materials."""

    depth: int
    level: str  # L11, L10, ... or 'part'
    item: str
    title: str
    kind: str
    quantity: int  # in its parent
    total: int  # in the rack
    parent: str
    source_status: str  # catalogue, or unknown where the catalogue has no item


@dataclass(frozen=True)
class Bom:
    """The bill of materials of a rack, indented: depth 0 is the rack."""

    design: str
    lines: tuple[BomLine, ...]

    def totals(self) -> dict[str, int]:
        """Pieces in a rack by item."""
        out: dict[str, int] = {}
        for line in self.lines:
            out[line.item] = out.get(line.item, 0) + line.total
        return out


@dataclass(frozen=True)
class Trace:
    """A load over time that repeats: it is `power_w[k]` from `time_s[k]` to the next; the last entry closes the period."""

    time_s: tuple[float, ...]
    power_w: tuple[float, ...]


@dataclass(frozen=True)
class Check:
    """A rule put to the rack. `margin` is the room left as a fraction of the limit; below 0 it fails."""

    id: str
    question: str
    value: Number | None
    limit: Number | None
    unit: str
    margin: Number | None
    verdict: str  # pass, fail, not checkable
    missing: tuple[str, ...] = ()
    document: str = ""
    clause: str = "clause not read"
    mend: str = ""
    key: str = ""
    open: np.ndarray | bool = field(default=False, repr=False, metadata={"told": False})  # of many designs, those that no verdict can be given for


@dataclass(frozen=True)
class Checks:
    """All checks of a rack, worst first."""

    rows: tuple[Check, ...]
    ledger: Ledger = field(repr=False)


@dataclass(frozen=True)
class SlotUse:
    """One thing in the elevation: the units it takes, and what is known of its power."""

    first: float
    last: float
    assembly: str
    title: str
    power_w: Number | None
    liquid_share: Number | None
    face: str = "front"


@dataclass(frozen=True)
class CableLine:
    """Cables of one kind, for the table."""

    name: str
    medium: str
    title: str
    count: int
    count_text: str
    source: str
    target: str
    length_m: Number | None  # the longest; None where it is not laid one by one
    key: str
    total_m: Number | None = None
    at_least: tuple[str, ...] = ()  # what the length lacks
    laid: bool = False  # one by one, by hand
    media: tuple[str, ...] = ()  # that reach the longest with lanes as fast, least power first


@dataclass(frozen=True)
class StateLine:
    """One state of the rack, solved: what its busbar and its coolant do. None where that network is not known, or nothing flows."""

    name: str
    text: str
    planned: bool  # the stated redundancy promises to bear it
    segment_a: Number | None
    segment: str  # between which neighbours
    lowest_tray_v: Number | None
    fullest_shelf_share: Number | None
    trays_fed: bool
    coolant_flow_m3_per_s: Number | None
    coolant_return_temperature_k: Number | None


@dataclass(frozen=True)
class RackAnswer:
    """What a rack is and needs. Power is at the busbar unless it says input; None where nobody publishes enough."""

    name: str
    design: str
    title: str
    status: str
    layout: str
    accelerator: str
    accelerators: int
    power_load_w: Number
    power_input_w: Number
    power_supply_w: Number | None
    power_firm_w: Number | None
    power_peak_w: Number
    heat_liquid_w: Number
    heat_air_w: Number
    coolant_flow_m3_per_s: Number | None
    coolant_supply_temperature_k: Number | None
    coolant_return_temperature_k: Number | None
    mass_kg: Number | None
    mass_is_at_least: bool
    cables_count: int
    cables: tuple[CableLine, ...]
    slots: tuple[SlotUse, ...]
    height: int
    checks: tuple[Check, ...]
    bom: Bom
    unknown: tuple[str, ...]
    notes: tuple[str, ...]
    ledger: Ledger = field(repr=False)
    left_out: tuple[str, ...] = ()
    case: str = "normal"
    states: tuple[StateLine, ...] = ()  # every state that can be looked at
    one_line: tuple[str, ...] = ()  # the power one-line, line by line
    network: tuple[str, ...] = ()  # the coolant network
    pitch_m: float | None = None
    build: BuildSheet | None = None
    reliability: Reliability | None = None
    fabric: FabricFigures | None = None  # of the network that joins racks like this one
    cable_runs: tuple[CableRun, ...] = ()
    cut_list: tuple[CutLine, ...] = ()
