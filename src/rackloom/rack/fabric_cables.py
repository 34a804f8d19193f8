"""Cables as they were found against cables as planned: what to swap, and what each mistake costs.

A cable in the wrong port looks like any other. Expected and observed cables that differ hang together at their ports: as closed
rings (two cables swapped, more of them turned round) or as open rows (a cable that was moved, or is missing). Each ring or row is
one finding, so that a technician reads one instruction and not two complaints.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from .fabric import Bundles, Fabric, Port, cables
from .fabric_cuts import bisection, without

Pair = tuple[Port, Port]


@dataclass(frozen=True)
class Misrouting:
    """One thing to mend.

    `kind`: swapped (two cables), turned (three or more in a ring), moved (a cable in a port that is not its own), missing, unknown
    (a device or port that the fabric does not have), twice (a port that was seen with two others), relabelled (other ports of the
    same two devices: nothing is lost but the plan is wrong).
    `least_pair_share`: two devices of the lower tier meet at the switches they share; the share that the worst pair keeps of the
    cables through those. It falls where the bisection does not, since ideal routing would go round.
    """

    kind: str
    mend: str
    expected: tuple[Pair, ...]
    observed: tuple[Pair, ...]
    wrong_rail: tuple[Pair, ...]  # seen between a card of one rail and a leaf of another
    lost_links: float | None = None  # of the bisection by place; below 0 where that one cut happens to gain
    lost_bytes_per_s: float | None = None
    least_pair_share: float | None = None

    @property
    def cost(self) -> str:
        """What it costs, in words."""
        said = [f"cables to another rail: {len(self.wrong_rail)}"] if self.wrong_rail else []
        said += [f"cables of the bisection lost: {self.lost_links:g}"] if self.lost_links is not None and self.lost_links > 0.0 else []
        said += [f"the worst pair keeps {self.least_pair_share:.1%} of its direct way"] if self.least_pair_share is not None and self.least_pair_share < 1.0 else []
        return "; ".join(said) or "nothing"


def misrouted(fabric: Fabric, observed: Iterable[tuple[tuple[str, int], tuple[str, int]]], *, whole: bool = True, costs: bool = True) -> tuple[Misrouting, ...]:
    """What differs between a fabric and the cables that were seen, each as two ports (LLDP neighbours, a cable log), in either order, once or from both ends.

    `whole=False` means that the log covers a part, so that what is not in it is not missing. `costs=False` leaves out what each costs,
    which takes two flows a finding. Findings come in order of the first port concerned.
    """
    wanted = {port: other for cable in cables(fabric) for port, other in ((cable.near, cable.far), (cable.far, cable.near))}
    seen: dict[Port, list[Port]] = {}
    for one, other in dict.fromkeys(_ordered(Port(*one), Port(*other)) for one, other in observed):
        seen.setdefault(one, []).append(other)
        seen.setdefault(other, []).append(one)
    right = {port for port, others in seen.items() if others == [wanted.get(port)] and seen[others[0]] == [port]}
    before = (bisection(fabric), bisection(fabric, by_bytes=True)) if costs else None
    found, done = [], set(right)
    for port in [*wanted, *seen]:
        if port in done:
            continue
        ports = _together(port, wanted, seen)
        done.update(ports)
        finding = _judge(fabric, ports, wanted, seen)
        if whole or finding.observed:
            found.append(_with_costs(fabric, finding, before) if before else finding)
    return tuple(found)


def _ordered(one: Port, other: Port) -> Pair:
    return (one, other) if one <= other else (other, one)


def _together(start: Port, wanted: Mapping[Port, Port], seen: Mapping[Port, list[Port]]) -> list[Port]:
    """All ports that hang together with one by expected and observed cables."""
    out, left = {start: None}, [start]
    while left:
        port = left.pop()
        for other in [*([wanted[port]] if port in wanted else []), *seen.get(port, [])]:
            if other not in out:
                out[other] = None
                left.append(other)
    return list(out)


def _judge(fabric: Fabric, ports: list[Port], wanted: Mapping[Port, Port], seen: Mapping[Port, list[Port]]) -> Misrouting:
    """What one ring or row of ports is, and what to do about it."""
    expected = tuple(dict.fromkeys(_ordered(port, wanted[port]) for port in ports if port in wanted))
    observed = tuple(dict.fromkeys(_ordered(port, other) for port in ports for other in seen.get(port, [])))
    strange = [port for port in ports if not _exists(fabric, port)]
    doubled = [port for port in ports if len(seen.get(port, [])) > 1]
    ring = all(port in wanted and port in seen for port in ports)
    if doubled:
        kind, mend = "twice", "; ".join(f"read {_say(port)} again: it was seen with {' and with '.join(map(_say, seen[port]))}" for port in doubled)
    elif not observed:
        kind, mend = "missing", f"fit the cable {_say(expected[0][0])} to {_say(expected[0][1])}"
    elif strange:
        kind, mend = "unknown", f"{', '.join(map(_say, strange))}: the fabric has no such port; " + _moves(fabric, observed, expected, wanted)
    elif ring and _devices(expected) == _devices(observed):
        kind, mend = "relabelled", "the right two devices by other ports: correct the plan, or " + _moves(fabric, observed, expected, wanted)
    elif ring:
        kind = "swapped" if len(observed) == 2 else "turned"
        mend = _swap(observed, wanted) if kind == "swapped" else _moves(fabric, observed, expected, wanted)
    else:
        kind, mend = "moved", _moves(fabric, observed, expected, wanted)
    return Misrouting(kind, mend, expected, observed, tuple(pair for pair in observed if _crosses_rails(fabric, pair)))


def _say(port: Port) -> str:
    return f"{port.device} port {port.number}"


def _exists(fabric: Fabric, port: Port) -> bool:
    """Whether a device has a port, used or spare."""
    device = fabric.number_of.get(port.device)
    if device is None or port.number < 1:
        return False
    level = int(fabric.level[device])
    return bool(port.number <= (fabric.radix[list(fabric.switches)[level - 1]] if level else fabric.ports_used[device]))


def _devices(pairs: tuple[Pair, ...]) -> list[tuple[str, ...]]:
    return sorted(tuple(sorted((one.device, other.device))) for one, other in pairs)


def _swap(observed: tuple[Pair, ...], wanted: Mapping[Port, Port]) -> str:
    """Two ends to swap: those on one device where there are such, since both are then within reach."""
    one, other = observed[0]
    ways = ((other, wanted[one]), (one, wanted[other]))
    first, second = next((way for way in ways if way[0].device == way[1].device), ways[0])
    return f"swap {_say(min(first, second))} and {_say(max(first, second))}"


def _moves(fabric: Fabric, observed: tuple[Pair, ...], expected: tuple[Pair, ...], wanted: Mapping[Port, Port]) -> str:
    """Each cable's wrong end to where it belongs, and the planned cables that are then still open.

    The end on the lower device stays, so that the work is at the switch. From there the row is followed, so that no two cables get one place.
    """
    at = {port: pair for pair in observed for port in pair}
    said, taken, left = [], set[Pair](), dict.fromkeys(observed)
    while left:
        pair = next(iter(left))
        stays = next((port for port in sorted(pair, key=lambda port: _level(fabric, port)) if port in wanted and _ordered(port, wanted[port]) not in taken), None)
        while pair in left:
            del left[pair]
            if stays is None:
                said.append(f"take out the cable {_say(pair[0])} to {_say(pair[1])}")
                break
            goes, place = pair[pair[0] == stays], wanted[stays]
            taken.add(_ordered(stays, place))
            said += [f"move the end in {_say(goes)} to {_say(place)}"] if goes != place else []
            if place not in at or at[place] not in left:
                break
            pair = at[place]
            stays = pair[pair[0] == place]
            stays = stays if stays in wanted and _ordered(stays, wanted[stays]) not in taken else None
    said += [f"fit the cable {_say(one)} to {_say(other)}" for one, other in expected if (one, other) not in taken]
    return "; ".join(said)


def _level(fabric: Fabric, port: Port) -> int:
    """Tier of a port's device; above all others where there is none."""
    return int(fabric.level[fabric.number_of[port.device]]) if port.device in fabric.number_of else len(fabric.switches) + 1


def _crosses_rails(fabric: Fabric, pair: Pair) -> bool:
    """Whether a cable joins a card of one rail with a leaf of another."""
    rails = [int(fabric.rail[fabric.number_of[port.device]]) for port in pair if port.device in fabric.number_of]
    return len(rails) == 2 and min(rails) >= 0 and rails[0] != rails[1]


def _with_costs(fabric: Fabric, finding: Misrouting, before: tuple[float, float]) -> Misrouting:
    """A finding with what it alone takes from a fabric that is right elsewhere."""
    after = rewired(fabric, finding.expected, finding.observed)
    lost, lost_rate = before[0] - bisection(after), before[1] - bisection(after, by_bytes=True)
    return replace(finding, lost_links=lost, lost_bytes_per_s=lost_rate, least_pair_share=_pair_share(fabric, after, finding.expected))


def rewired(fabric: Fabric, expected: Iterable[Pair], observed: Iterable[Pair]) -> Fabric:
    """The fabric with some planned cables taken out and some seen ones put in; a seen cable to what the fabric does not have is left open.

    A seen cable belongs to the tier of a planned one at its nearer end, or else of any that joins such devices.
    """
    planned = list(expected)
    after = without(fabric, ports=[one for one, _ in planned])
    rows = []
    for one, other in observed:
        if one.device in fabric.number_of and other.device in fabric.number_of:
            (near, near_port), (far, far_port) = sorted(((fabric.number_of[port.device], port.number) for port in (one, other)), key=lambda end: int(fabric.level[end[0]]))
            rows.append([_tier_of(fabric, near, far), near, far, near_port, far_port, 1])
    held = np.stack([getattr(after.bundles, name) for name in Bundles.__dataclass_fields__])
    return replace(after, bundles=Bundles(*np.concatenate([held, np.array(rows, dtype=np.int64).reshape(-1, 6).T], axis=1)))


def _tier_of(fabric: Fabric, near: int, far: int) -> int:
    """The tier of cables between devices of two tiers; where there is none, the one that a device there has."""
    words = ("host", *fabric.switches)
    lower, upper = words[int(fabric.level[near])], words[int(fabric.level[far])]
    exact = [index for index, tier in enumerate(fabric.tiers) if (tier.lower, tier.upper) == (lower, upper)]
    loose = [index for index, tier in enumerate(fabric.tiers) if lower in (tier.lower, tier.upper)]
    return (exact or loose)[-1]


def _pair_share(fabric: Fabric, after: Fabric, expected: tuple[Pair, ...]) -> float | None:
    """The least share of its direct way that a pair of lower devices keeps; None where no cable concerned joins two tiers."""
    touched = sorted({min((fabric.number_of[port.device] for port in pair), key=lambda device: (int(fabric.level[device]), device)) for pair in expected})
    worst: list[float] = []
    for level in sorted({int(fabric.level[device]) for device in touched}):
        rows = [device for device in touched if fabric.level[device] == level]
        plan, now = (_direct(kind, level, rows) for kind in (fabric, after))
        worst += [float((now[plan > 0] / plan[plan > 0]).min())] if (plan > 0).any() else []
    return min(worst, default=None)


def _direct(fabric: Fabric, level: int, rows: list[int]) -> np.ndarray:
    """Cables through shared switches between some devices of a tier and all the others of it."""
    held = fabric.bundles
    up = (fabric.level[held.near] == level) & (fabric.level[held.far] > level)
    members, tops = np.flatnonzero(fabric.level == level), np.unique(held.far[up])
    matrix = np.zeros((len(members), len(tops)))
    np.add.at(matrix, (np.searchsorted(members, held.near[up]), np.searchsorted(tops, held.far[up])), held.count[up])
    out = np.stack([np.minimum(matrix, matrix[np.searchsorted(members, row)]).sum(axis=1) for row in rows])
    out[np.arange(len(rows)), np.searchsorted(members, rows)] = 0.0  # nobody is paired with itself
    return out
