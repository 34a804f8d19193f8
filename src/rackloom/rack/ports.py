"""Connections from port to port: what a port carries, and what joins it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ..catalog import Item
from ..errors import Fault, Place, nearest
from .nouns import Connection

_END = r"(?P<{0}>[A-Za-z][\w-]*)(?:\[(?P<{0}_index>\*|\d+)\])?(?:\.(?P<{0}_port>[A-Za-z_]\w*)(?:\[(?P<{0}_port_index>\*|\d+)\])?)?"
_CONNECTION = re.compile(rf"^\s*{_END.format('source')}\s*->\s*{_END.format('target')}(?:\s+via\s+(?P<via>[\w.-]+))?\s*$")
COUPLINGS = ("quick_disconnect", "hose")  # kinds through which coolant enters a tray
CARRIES = {  # what a port carries by its name
    "coolant": "coolant", "supply": "coolant", "return": "coolant", "power": "power", "network": "network", "scale_up": "network", "scale_out": "network", "management": "network",
    "in": "", "out": "",
}  # fmt: skip
GIVES = {"manifold": "coolant", "cdu": "coolant", "busbar": "power", "feed": "power", "spine": "network", "network": "network"}  # what a fixture deals in
JOINS = {"coolant": COUPLINGS, "power": ("power_connector", "whip", "cable"), "network": ("cable", "spine", "backplane")}


@dataclass(frozen=True)
class End:
    """One end of a connection: a thing, which of them, its port."""

    thing: str
    index: str
    port: str
    port_index: str

    @property
    def medium(self) -> str:
        """What it carries; '' where its name does not say."""
        return CARRIES.get(self.port, "") or GIVES.get(self.thing, "")

    @property
    def is_one(self) -> bool:
        """True where it names one port rather than all of a kind."""
        return self.index not in ("", "*") or self.port_index not in ("", "*")

    def __str__(self) -> str:
        thing = f"{self.thing}[{self.index}]" if self.index else self.thing
        port = f"{self.port}[{self.port_index}]" if self.port_index else self.port
        return f"{thing}.{port}" if port else thing


@dataclass(frozen=True)
class Read:
    """A connection as written, with its two ends."""

    made: Connection
    source: End
    target: End


def read_connection(text: str, place: Place, faults: list[Fault], known: Callable[[str], Item | None]) -> Read | None:
    """One connection; None, with a fault, where it cannot be read."""
    match = _CONNECTION.match(text)
    if not match:
        faults.append(Fault(f"'{text}' is not a connection", place, mend="Write 'manifold.out[*] -> compute[*].coolant via uqd-04'."))
        return None
    ends = [End(match[side], match[f"{side}_index"] or "", match[f"{side}_port"] or "", match[f"{side}_port_index"] or "") for side in ("source", "target")]
    source, target = ends
    for end in ends:
        if end.port and end.port not in CARRIES:
            faults.append(Fault(f"no port '{end.port}'", place, nearest=nearest(end.port, CARRIES), mend=f"Ports: {', '.join(CARRIES)}."))
    if source.medium and target.medium and source.medium != target.medium:
        faults.append(Fault(f"{source} carries {source.medium}, {target} carries {target.medium}", place, mend="Join ports of one medium."))
    via = known(match["via"]) if match["via"] else None
    medium = target.medium or source.medium
    if via is not None and medium in JOINS and via.kind not in JOINS[medium]:
        faults.append(Fault(f"{medium} does not flow through '{via.name}', which is of kind {via.kind}", place, mend=f"For {medium} use one of kind {' or '.join(JOINS[medium])}."))
    return Read(Connection(source.thing, source.port, target.thing, target.port, match["via"] or "", text), source, target)


def twice(new: Read, before: list[Read]) -> Fault | None:
    """A fault where a port that takes one connection has one already; every target takes one, and a source that is named by its number."""
    for old in before:
        if _same_port(old.target, new.target):
            return Fault(f"'{new.target}' is connected twice: '{old.made.text}' and '{new.made.text}'", mend="Keep one of them.")
        if old.source.is_one and new.source.is_one and (old.source == new.source):
            return Fault(f"'{new.source}' is connected twice: '{old.made.text}' and '{new.made.text}'", mend="Keep one of them, or write [*] where there are many.")
    return None


def _same_port(one: End, other: End) -> bool:
    """Two ends that mean one port: the same thing and port, and no numbers that tell them apart."""
    return bool(one.port) and (one.thing, one.port) == (other.thing, other.port) and _meet(one.index, other.index) and _meet(one.port_index, other.port_index)


def _meet(one: str, other: str) -> bool:
    return one in ("", "*") or other in ("", "*") or one == other
