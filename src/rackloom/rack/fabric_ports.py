"""Cages and what they are split into: speed, lanes, and how many cages so many links take."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import BadInput, Fault


@dataclass(frozen=True)
class Cage:
    """A cage of a switch or card: what it carries each way over its lanes."""

    name: str
    bytes_per_s: float
    lanes_count: int


@dataclass(frozen=True)
class Breakout:
    """A cage split into `ways` equal ports; 1 leaves it whole. Its ports have names of their own and can be split no further."""

    cage: Cage
    ways: int = 1

    @property
    def port_bytes_per_s(self) -> float:
        """What one port carries each way."""
        return self.cage.bytes_per_s / self.ways

    @property
    def port_lanes_count(self) -> int:
        """Lanes of one port."""
        return self.cage.lanes_count // self.ways

    @property
    def ports(self) -> tuple[str, ...]:
        """Names of its ports: the cage's own, or with /1, /2 and so on."""
        return (self.cage.name,) if self.ways == 1 else tuple(f"{self.cage.name}/{index + 1}" for index in range(self.ways))


def check_breakouts(breakouts: Iterable[Breakout]) -> None:
    """Refuse, all at once, a cage that is split twice, a port of a split cage that is split again, and lanes that do not divide."""
    faults: list[Fault] = []
    seen: dict[str, Breakout] = {}
    for split in breakouts:
        cage = split.cage
        if cage.lanes_count < 1 or not cage.bytes_per_s > 0.0:
            faults.append(Fault(f"{cage.name}: {cage.lanes_count} lanes, {cage.bytes_per_s:g} bytes/s: both are above 0"))
        elif split.ways < 1 or cage.lanes_count % split.ways:
            ways = ", ".join(str(count) for count in range(1, cage.lanes_count + 1) if cage.lanes_count % count == 0)
            faults.append(Fault(f"{cage.name}: {cage.lanes_count} lanes do not split into {split.ways} equal ports", mend=f"Split it into {ways}."))
        if cage.name in seen:
            faults.append(Fault(f"{cage.name} is split into {seen[cage.name].ways} and again into {split.ways}", mend="Say it once."))
        seen.setdefault(cage.name, split)
    made = {port: split.cage.name for split in seen.values() if split.ways > 1 for port in split.ports}
    faults += [Fault(f"{name} is a part of {made[name]}, which is split already", mend=f"Split {made[name]} into more ways.") for name in seen if name in made]
    if faults:
        raise BadInput(faults)


def check_ends(near: Breakout, far: Breakout) -> None:
    """Refuse a cable between ports of unlike lanes or unlike speed of a lane: neither comes up."""
    faults = []
    if near.port_lanes_count != far.port_lanes_count:
        text = f"{near.cage.name} has {near.port_lanes_count} lanes a port, {far.cage.name} has {far.port_lanes_count}"
        faults.append(Fault(text, mend="Split the wider one, so that both ends have as many lanes."))
    speeds = [end.cage.bytes_per_s / end.cage.lanes_count for end in (near, far)]
    if abs(speeds[0] - speeds[1]) > 1e-9 * max(speeds):
        faults.append(Fault(f"a lane of {near.cage.name} carries {speeds[0]:g} bytes/s, one of {far.cage.name} {speeds[1]:g}", mend="Set both ends to one speed."))
    if faults:
        raise BadInput(faults)


def ports_needed(links: int, link_bytes_per_s: float, cage: Cage) -> tuple[int, Breakout]:
    """Cages that so many links of one speed take, and how each is split. Raises BadInput where the speed is no whole part of the cage's."""
    ways = round(cage.bytes_per_s / link_bytes_per_s) if link_bytes_per_s > 0.0 else 0
    if links < 0 or ways < 1 or abs(ways * link_bytes_per_s / cage.bytes_per_s - 1.0) > 1e-9:
        what = f"{links} links of {link_bytes_per_s:g} bytes/s do not divide a cage of {cage.bytes_per_s:g}"
        raise BadInput(Fault(what, mend="Take links of the cage's speed, or of a whole part of it."))
    split = Breakout(cage, ways)
    check_breakouts([split])
    return -(-links // ways), split
