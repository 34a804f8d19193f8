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


class PlatesFile(Strict):
    """How the coolant runs through one tray or node."""

    plate: str | None = Field(None, description="cold plate of the catalogue, with its thermal resistance against flow")
    count: Annotated[int, Field(gt=0, le=1000)] | None = Field(None, description="plates in one tray; each cools one accelerator")
    series: Annotated[int, Field(gt=0, le=100)] | None = Field(None, description="plates that follow each other on one stream; the later ones get warmed coolant")
    case_max: Text | None = Field(None, description="highest case temperature of what the plate cools")
    junction: Text | None = Field(None, description="thermal resistance from junction to case, 'K/W'")
    junction_max: Text | None = None
    drop: Text | None = Field(None, description="pressure drop of plates and hoses inside the tray, without its quick disconnects")
    drop_flow: Text | None = Field(None, description="flow of one tray at which the drop is stated")


class PortFile(Strict):
    """Like network ports of one thing."""

    count: Annotated[int, Field(gt=0, le=10_000)] = 1
    face: Literal["front", "rear"] | None = None
    at: Text | None = Field(None, description="of the first, from the left inner edge of the rack")
    spacing: Text | None = Field(None, description="from one to the next, to the right")
    rate: Text | None = Field(None, description="of one port and direction, '400 Gbit/s'")
    lanes: Annotated[int, Field(gt=0, le=64)] | None = Field(None, description="that carry that rate")
    cage: Text | None = Field(None, description="most that an optic in it may draw")
    split: Annotated[int, Field(gt=0, le=64)] | None = Field(None, description="ends that one port may be broken out into")


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
    cooling: PlatesFile | None = None
    connectors: Annotated[int, Field(gt=0, le=100)] = Field(1, description="busbar connectors of one")
    card_slot: Text | None = Field(None, description="power that one card slot of it gives")
    depth: Text | None = None
    pull: Text | None = Field(None, description="how far it slides out for service")
    build: Text | None = Field(None, description="person-hours to assemble one from its parts, '2 h'")
    mating: Literal["blind", "hand"] | None = Field(None, description="how its power and coolant are joined: by sliding it in, or by hand")
    ports: dict[str, PortFile] = Field(default_factory=dict, description="its network ports, by name")
    unknown: list[str] = Field(default_factory=list, description="what nobody publishes: mass, power, depth, ...")


class BusbarFile(Strict):
    """The busbar as a conductor; what is absent is taken from the frame."""

    rating: Text | None = Field(None, description="current that one segment may carry")
    rise: Text | None = Field(None, description="temperature rise at that rating")
    resistance: Text | None = Field(None, description="'50 uohm/m', there and back")
    lowest: Text | None = Field(None, description="lowest voltage at which a tray still runs")


class PowerFile(Strict):
    """How the rack is fed."""

    feeds: str | None = Field(None, description="'4 x 415 V': AC line to line, or DC between the poles")
    kind: Literal["ac", "dc"] | None = Field(None, description="of the feeds; AC has three phases")
    redundancy: Literal["N", "N+1", "N+N"] | None = None
    sides: dict[str, str] = Field(default_factory=dict, description="'A: u1-u4', 'B: u34-u37': what hangs on which feed; a feed that is lost takes it out")
    breaker: Text | None = Field(None, description="of one feed")
    breaker_rated: Literal["80 %", "100 %"] | None = Field(None, description="share of the breaker that a load of hours may take; absent: by the site's code")
    bus: Text | None = Field(None, description="busbar voltage under load")
    sharing: Literal["droop", "active"] | None = Field(None, description="how the shelves share: each by its own droop, or by a common signal")
    droop: Text | None = Field(None, description="fall of a shelf's voltage from no load to full output")
    busbar: BusbarFile | None = None
    connector_cooling: Literal["still air", "moving air"] | None = Field(None, description="air at the output connectors of the shelves")
    fault_current: Text | None = Field(None, description="short-circuit current that the site can deliver at the rack")
    grounding: Literal["mid-point", "negative-pole", "positive-pole"] | None = Field(None, description="which point of a DC feed above 60 V is earthed")
    grounding_resistance: Text | None = Field(None, description="between that point and earth; kilohms where it is of high resistance")
    bond_resistance: Text | None = Field(None, description="of the rack's protective bond")
    ramp: Text | None = Field(None, description="fastest change that the site allows at the rack's input, 'kW/s'")
    storage: Text | None = Field(None, description="energy that the supplies store to smooth the load, 'J'")
    swing: Text | None = Field(None, description="how far the load falls between the phases of a step, as a share of it")
    swing_period: Text | None = Field(None, description="time of one step")
    whip_length: Text | None = Field(None, description="of the whip or the tap of a busway that feeds the rack")
    whip_resistance: Text | None = Field(None, description="of one of its conductors, 'ohm/m'")
    bridge: Text | None = Field(None, description="time for which batteries must carry the rack")
    load: Text | None = Field(None, description="published load of the whole rack, only where nobody publishes what the parts draw")


class CoolantFile(Strict):
    """The rack's coolant loop."""

    fluid: str | None = None
    supply: Text | None = None
    rise: Text | None = Field(None, description="temperature rise of the coolant, where no flow is stated")
    liquid_share: Text | None = Field(None, description="share of the heat that the coolant takes")
    return_max: Text | None = Field(None, description="highest return temperature that the rack allows")
    flow: Text | None = Field(None, description="a flow, 'item.figure', or 'item.table' of flow against supply temperature")
    cdu: str | None = Field(None, description="the distribution unit that drives the loop, an item of the catalogue; it stands in the row unless it is a fixture")
    racks: Annotated[int, Field(gt=0, le=1000)] | None = Field(None, description="racks that share that unit")
    pumps: str | None = Field(None, description="'1+1': pumps that carry the loop, and those beside them")
    pump_feeds: dict[str, int] = Field(default_factory=dict, description="'A: 1', 'B: 1': pumps by the feed that drives them")
    head: Text | None = Field(None, description="pressure that the loop gives at the rack's ports; of the unit where it is absent")
    static: Text | None = Field(None, description="gauge pressure at the pumps' suction")
    drop: Text | None = Field(None, description="pressure drop of the whole rack at its flow, or 'item.table' of it against supply temperature")
    facility: Text | None = Field(None, description="supply temperature of the facility's water")
    manifold_diameter: Text | None = Field(None, description="inside")
    manifold_return: Literal["direct", "reverse"] | None = Field(None, description="reverse: first fed, last drained, so that all branches run the same length")
    hose_diameter: Text | None = Field(None, description="inside, of the hoses between rack and unit")
    hose_length: Text | None = Field(None, description="of one of the two")
    volume: Text | None = Field(None, description="coolant in the rack")
    glycol_share: Text | None = Field(None, description="by volume")
    ph: Text | None = Field(None, description="of the coolant, 'bare number'")
    filter: Text | None = Field(None, description="largest particle that passes, '50 um'")
    filter_max: Text | None = Field(None, description="coarsest filter that the rack's maker allows")
    pressure_max: Text | None = Field(None, description="gauge pressure that the rack's maker allows")
    wetted: list[str] = Field(default_factory=list, description="metals and polymers that the coolant touches")


class EnvironmentFile(Strict):
    """Where the rack stands."""

    air: Text | None = Field(None, description="temperature of the air that enters")
    air_max: Text | None = Field(None, description="highest inlet that trays and shelves allow at sea level")
    dew_point: Text | None = None
    altitude: Text | None = None
    code: Literal["NEC", "IEC"] | None = Field(None, description="the electrical code of the site")


class CableFile(Strict):
    """Cables of one kind."""

    medium: str
    count: str | int | None = Field(None, description="'72 x 18 x 2 x 2', or a number; that of 'links' where it is absent")
    source: str = Field("", alias="from", description="a thing and its ports: 'compute.nic'")
    target: str = Field("", alias="to", description="'leaf.port', or 'network' for what stands outside")
    length: Text | None = Field(None, description="of one, where it is bought at that length; else it follows from positions and ways")
    route: Literal["channel", "overhead", "straight"] | None = Field(None, description="by the rack's vertical channel, over the racks, or straight from port to port")
    map: Literal["order", "rail"] | None = Field(None, description="rail: port r of each thing goes to thing r at the other end; order: one after the other")
    split: Annotated[int, Field(gt=0, le=64)] | None = Field(None, description="ends into which each port at 'from' is broken out")
    loop: bool | None = Field(None, description="stays plugged while a tray slides out, and is longer by its pull")
    links: list[str] = Field(default_factory=list, description="'leaf[0].port[3] -> compute[2].nic[1]', where the map is neither of those")


class CablingFile(Strict):
    """The ways that cables take."""

    side: Literal["left", "right", "nearest"] | None = Field(None, description="of the vertical channel, seen from the front")
    channel: Text | None = Field(None, description="of the channel's middle from the inner edge of the rack, outward")
    channel_width: Text | None = None
    channel_depth: Text | None = None
    base: Text | None = Field(None, description="bottom of unit 1 above the floor")
    overhead: Text | None = Field(None, description="of the tray over the racks, above the floor")
    tray_width: Text | None = None
    tray_height: Text | None = None
    fill: Text | None = Field(None, description="share of a tray's or channel's area that cables may take")
    bend: Text | None = Field(None, description="tightest bend of the ways")
    tray_load: Text | None = Field(None, description="that the tray over the racks bears, 'kg/m'")
    slack: Text | None = Field(None, description="of one cable")
    step: Text | None = Field(None, description="lengths come in steps of it")
    reach: dict[str, Text] = Field(default_factory=dict, description="along the overhead tray to what stands outside: 'network: 12 m'")


class StandingFile(Strict):
    """The rack as a body: what it stands on, and how it is moved."""

    frame: Text | None = Field(None, description="mass of the empty frame with its doors")
    feet_width: Text | None = Field(None, description="between feet or casters, across")
    feet_depth: Text | None = None
    floor: Text | None = Field(None, description="pressure that the floor bears, spread: '12 kPa'")
    foot: Text | None = Field(None, description="mass that the floor bears under one foot")
    rolling: Text | None = Field(None, description="mass that the route bears under one caster")
    ramp: Text | None = Field(None, description="of the route, '10 deg'")
    door: Text | None = Field(None, description="depth that doors take")
    rear: Text | None = Field(None, description="depth that manifold, busbar and connectors take behind the trays")
    ship_max: Text | None = Field(None, description="mass that carrier and dock take")
    pack: Text | None = Field(None, description="mass of crate and pallet")
    ship_tilt: Text | None = Field(None, description="angle that it is held to in transit")
    braced: bool | None = Field(None, description="cross braces are fitted")


class ServiceFile(Strict):
    """How the rack is kept running."""

    racks: Annotated[int, Field(gt=0, le=1_000_000)] | None = Field(None, description="that share spares, and that one job runs on")
    repair: Text | None = Field(None, description="from the fault until it runs again")
    checkpoint: Text | None = Field(None, description="time to write one")
    restart: Text | None = Field(None, description="time to start again from one")
    restock: Text | None = Field(None, description="until a spare is replaced")
    level: Text | None = Field(None, description="share of times that a spare is there")
    spares: dict[str, int] = Field(default_factory=dict, description="'compute: 4': spares on site by thing or part")
    aisle: Text | None = Field(None, description="free depth before the rack")
    leak_sensors: list[str] | None = Field(None, description="what a leak sensor watches: trays, manifold, hoses")
    drip: Literal["tray", "floor", "busbar", "shelf"] | None = Field(None, description="what a drop from a joint falls on")


class FabricFile(Strict):
    """The network that joins racks like this one."""

    kind: Literal["fat-tree", "rail-optimised", "dragonfly", "dragonfly+", "torus"]
    racks: Annotated[int, Field(gt=0, le=1_000_000)] = Field(1, description="that it joins")
    switch: str | None = Field(None, description="a switch of the catalogue, with its ports and rate")
    levels: Annotated[int, Field(ge=1, le=3)] = Field(2, description="of switches, at most")
    split: Annotated[int, Field(gt=0, le=16)] = Field(1, description="ends into which each port of the switch is broken out")
    planes: Annotated[int, Field(gt=0, le=64)] = Field(1, description="separate networks; a card has a port in each")
    oversubscription: Annotated[float, Field(ge=1, le=1000)] = Field(1, description="of the leaves that is built")
    optic: str | None = Field(None, description="module at the ends of its cables")
    numbers: list[Annotated[int, Field(gt=0, le=1_000_000)]] = Field(
        default_factory=list,
        description="dragonfly: hosts a router, routers a group, global cables a router, groups; dragonfly+: groups, hosts a leaf, leaves, spines, global a spine; torus: its sides",
    )


class NetworkFile(Strict):
    """Which card joins racks, and what is one scale-up domain."""

    scale_out: str | None = None
    scale_up: str | None = Field(None, description="'rack', or the name of an assembly")
    fabric: FabricFile | None = None
    oversubscription: Annotated[float, Field(ge=1, le=1000)] | None = Field(None, description="rate into a switch of the rack over rate out of it, at most; 1 when absent")


class RackFile(Strict):
    """A rack, or its differences from the one named under 'like'."""

    like: str | None = Field(None, description="name of a shipped rack, or path of a rack file; everything else is a difference from it")
    without: list[str] = Field(default_factory=list, description="fixtures and cables of the rack under 'like' that this one does not have")
    title: str | None = None
    status: Literal["shipping", "announced", "assumed"] | None = None
    frame: str | None = None
    height: Annotated[int, Field(gt=0, le=100)] | None = Field(None, description="units of the frame, where the catalogue does not say")
    layout: Literal["published", "assumed"] | None = None
    slots: dict[str, str] = Field(default_factory=dict, description="'u5-u8: 4 x shelf-33kw', counted from the bottom; 'rear u1-u40' and 'side u1-u40' for what hangs there")
    fixtures: list[Counted] = Field(default_factory=list, description="parts without a slot: busbar, manifold, spine")
    assemblies: dict[str, AssemblyFile] = Field(default_factory=dict)
    connect: list[str] = Field(default_factory=list, description="'manifold.out[*] -> compute[*].coolant via uqd-04'")
    power: PowerFile | None = None
    coolant: CoolantFile | None = None
    environment: EnvironmentFile | None = None
    cables: dict[str, CableFile] = Field(default_factory=dict)
    network: NetworkFile | None = None
    cabling: CablingFile | None = None
    standing: StandingFile | None = None
    service: ServiceFile | None = None
    mass: Text | None = None
    vary: dict[str, str] = Field(default_factory=dict, description="'coolant.supply: 25 to 45 C', for the roadmap's search")
    unknown: list[str] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
