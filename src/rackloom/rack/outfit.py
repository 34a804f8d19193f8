"""The nouns of what joins a rack, bears it and keeps it running: ports, cables' ways, the floor, service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..figures import Figure


@dataclass(frozen=True)
class PortGroup:
    """Like network ports of one thing. `at_m` is the first one's distance from the left inner edge of the rack, seen from its face."""

    count: int
    face: str = "front"
    at_m: Figure | None = None
    spacing_m: Figure | None = None
    rate_bytes_per_s: Figure | None = None  # of one port and direction
    lanes: int | None = None
    cage_w: Figure | None = None  # most that an optic in it may draw
    split: int = 1  # ends that one port may be broken out into


@dataclass(frozen=True)
class Cabling:
    """The ways that cables take. What is None is not known, and lengths that need it are 'at least'."""

    side: str = "left"  # of the vertical channel: left, right, nearest
    channel_m: Figure | None = None  # of its middle from the inner edge, outward
    channel_width_m: Figure | None = None
    channel_depth_m: Figure | None = None
    base_m: Figure | None = None  # bottom of unit 1 above the floor
    overhead_m: Figure | None = None  # of the tray above the floor
    tray_width_m: Figure | None = None
    tray_height_m: Figure | None = None
    fill_share: Figure | None = None  # of a tray's or channel's area that cables may take
    bend_m: Figure | None = None  # tightest bend of the ways
    tray_kg_per_m: Figure | None = None  # that the overhead tray bears
    slack_m: Figure | None = None  # of one cable
    step_m: Figure | None = None  # lengths come in steps of it
    reach_m: Mapping[str, Figure] = field(default_factory=dict)  # along the overhead tray to what stands outside, by its name


@dataclass(frozen=True)
class Standing:
    """The rack as a body: what it stands on, and how it is moved."""

    frame_kg: Figure | None = None  # of the empty frame with its doors
    feet_width_m: Figure | None = None  # between the feet, or casters, across
    feet_depth_m: Figure | None = None
    floor_pa: Figure | None = None  # that the floor bears, spread
    foot_kg: Figure | None = None  # that it bears under one foot
    rolling_kg: Figure | None = None  # that the route bears under one caster
    ramp_deg: Figure | None = None  # of the route
    door_m: Figure | None = None  # depth that doors take
    rear_m: Figure | None = None  # depth that manifold, busbar and connectors take behind the trays
    ship_max_kg: Figure | None = None
    pack_kg: Figure | None = None  # of crate and pallet
    ship_tilt_deg: Figure | None = None  # that the rack is held to in transit
    braced: bool | None = None


@dataclass(frozen=True)
class FabricSpec:
    """The network that joins racks, as the rack file asks for it. `numbers` are a dragonfly's or a torus's own."""

    kind: str
    racks: int = 1
    switch: str = ""
    levels: int = 2
    split: int = 1  # ends of one port of the switch
    planes: int = 1
    oversubscription: float = 1.0
    optic: str = ""
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True)
class Service:
    """How the rack is kept running."""

    racks: int | None = None  # of the fleet that shares spares, and of one job
    repair_s: Figure | None = None
    checkpoint_s: Figure | None = None
    restart_s: Figure | None = None
    restock_s: Figure | None = None
    level_share: Figure | None = None  # of the times that a spare is there when it is needed
    spares: Mapping[str, int] = field(default_factory=dict)
    aisle_m: Figure | None = None  # free depth before the face that trays are pulled from
    leak_sensors: tuple[str, ...] | None = None  # things that a sensor watches
    drip: str = ""  # what a drop from a joint falls on: tray, floor, busbar, shelf
