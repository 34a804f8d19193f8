"""Sections of a rack file that describe how the rack is fed, cooled and where it stands, laid over the draft."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..errors import Fault
from ..figures import Figure, read_counted
from .nouns import Coolant
from .outfit import FabricSpec
from .words import BUSBAR, CABLING, COOLANT, ENVIRONMENT, POWER, SERVICE, STANDING

if TYPE_CHECKING:
    from .file import FabricFile, PowerFile
    from .merge import Merger

_REFERENCE = re.compile(r"^[a-z][a-z0-9-]*\.[a-z][a-z0-9_]*$")
_UNITS = re.compile(r"^u(\d+)(?:-u?(\d+))?$")
_PUMPS = re.compile(r"^\s*(\d+)\s*\+\s*(\d+)\s*$")
HIGHEST = 100  # units of any frame


def power(merger: Merger) -> None:
    """Feeds and what hangs on them, redundancy, voltages, busbar, protection."""
    raw = merger.file.power
    if raw is None:
        return
    found = merger.draft.power
    if raw.feeds is not None:
        try:
            count, volts = read_counted(raw.feeds)
        except ValueError as error:
            merger.faults.append(Fault(f"feeds: {error}", merger.document.place(("power", "feeds"))))
        else:
            found = replace(found, feeds=count, feed_v=merger.figure(volts, ("power", "feeds"), "V"))
    plain = {key: getattr(raw, key) for key in ("redundancy", "breaker_rated", "sharing", "connector_cooling", "grounding", "kind") if getattr(raw, key) is not None}
    found = replace(found, **plain, **merger.figures(raw, ("power",), POWER))
    if raw.busbar is not None:
        found = replace(found, busbar=replace(found.busbar, **merger.figures(raw.busbar, ("power", "busbar"), BUSBAR)))
    if raw.sides:
        mine = _sides(merger, raw)
        taken = {unit for units in mine.values() for unit in units}
        below = {side: tuple(unit for unit in units if unit not in taken) for side, units in found.sides.items() if side not in mine}
        found = replace(found, sides={side: units for side, units in (below | mine).items() if units})
    merger.draft.power = found


def _sides(merger: Merger, raw: PowerFile) -> dict[str, tuple[int, ...]]:
    """Units of the rack by feed; a unit hangs on one feed."""
    out: dict[str, tuple[int, ...]] = {}
    taken: dict[int, str] = {}
    for side, text in raw.sides.items():
        place = merger.document.place(("power", "sides", side))
        units: list[int] = []
        for word in re.split(r"[,\s]+", str(text).strip()):
            match = _UNITS.match(word)
            if not match or not 1 <= int(match[1]) <= int(match[2] or match[1]) <= HIGHEST:
                merger.faults.append(Fault(f"sides {side}: '{word}' names no units", place, mend="Write 'u1-u4' or 'u1, u3, u34-u35'."))
                continue
            units += range(int(match[1]), int(match[2] or match[1]) + 1)
        for unit in units:
            if taken.setdefault(unit, side) != side:
                merger.faults.append(Fault(f"unit {unit} hangs on feed {taken[unit]} and on feed {side}", place, mend="Give each unit to one feed."))
                break
        out[side] = tuple(units)
    return out


def coolant(merger: Merger) -> None:
    """The coolant loop; a flow is a value, a figure or a table of the catalogue, and so is the drop of the rack."""
    raw = merger.file.coolant
    if raw is None:
        return
    found = merger.draft.coolant or Coolant()
    if raw.fluid is not None:
        merger.known(raw.fluid, ("coolant", "fluid"), "fluid")
        found = replace(found, fluid=raw.fluid)
    if raw.cdu is not None:
        merger.known(raw.cdu, ("coolant", "cdu"), "cdu")
        found = replace(found, cdu=raw.cdu)
    if raw.pumps is not None:
        match = _PUMPS.match(raw.pumps)
        if match is None or int(match[1]) == 0:
            merger.faults.append(
                Fault(f"pumps: '{raw.pumps}' is no count of pumps", merger.document.place(("coolant", "pumps")), mend="Write '1+1': those that carry the loop + those beside them.")
            )
        else:
            found = replace(found, pumps=(int(match[1]), int(match[2])))
    plain: dict[str, Any] = {key: getattr(raw, key) for key in ("racks", "manifold_return") if getattr(raw, key) is not None}
    if raw.pump_feeds:
        plain["pump_feeds"] = dict(raw.pump_feeds)
    if raw.wetted:
        plain["wetted"] = tuple(raw.wetted)
    found = replace(found, **plain, **merger.figures(raw, ("coolant",), COOLANT))
    if raw.flow is not None:
        table, figure = _figure_or_table(merger, raw.flow, "flow", "m3/s")
        found = replace(found, flow_table=table, flow_m3_per_s=figure)
    if raw.drop is not None:
        table, figure = _figure_or_table(merger, raw.drop, "drop", "Pa")
        found = replace(found, drop_table=table, drop_pa=figure)
    merger.draft.coolant = found


def environment(merger: Merger) -> None:
    """Air, dew point, altitude and the code of the site."""
    raw = merger.file.environment
    if raw is None:
        return
    plain: dict[str, Any] = {"code": raw.code} if raw.code is not None else {}
    merger.draft.environment = replace(merger.draft.environment, **plain, **merger.figures(raw, ("environment",), ENVIRONMENT))


def cabling(merger: Merger) -> None:
    """The ways that cables take."""
    raw = merger.file.cabling
    if raw is None:
        return
    found = merger.draft.cabling
    reach = {name: figure for name, text in raw.reach.items() if (figure := merger.figure(text, ("cabling", "reach", name), "m"))}
    plain: dict[str, Any] = {"side": raw.side} if raw.side is not None else {}
    merger.draft.cabling = replace(found, **plain, **merger.figures(raw, ("cabling",), CABLING), reach_m={**found.reach_m, **reach})


def standing(merger: Merger) -> None:
    """The rack as a body, its floor and its way."""
    raw = merger.file.standing
    if raw is None:
        return
    plain: dict[str, Any] = {"braced": raw.braced} if raw.braced is not None else {}
    merger.draft.standing = replace(merger.draft.standing, **plain, **merger.figures(raw, ("standing",), STANDING))


def service(merger: Merger) -> None:
    """How the rack is kept running."""
    raw = merger.file.service
    if raw is None:
        return
    found = merger.draft.service
    plain: dict[str, Any] = {key: getattr(raw, key) for key in ("racks", "drip") if getattr(raw, key) is not None}
    if raw.leak_sensors is not None:
        plain["leak_sensors"] = tuple(raw.leak_sensors)
    for name, count in raw.spares.items():
        if count < 0:
            merger.faults.append(Fault(f"spares: {count} x {name}", merger.document.place(("service", "spares", name)), mend="Write how many stand by, 0 or more."))
    merger.draft.service = replace(found, **plain, **merger.figures(raw, ("service",), SERVICE), spares={**found.spares, **raw.spares})


FABRIC_NUMBERS = {"dragonfly": (3, 4), "dragonfly+": (5, 5), "torus": (1, 6)}


def fabric(merger: Merger, raw: FabricFile) -> None:
    """The network that joins racks: its switch and optic are known, and it states the numbers of its kind."""
    at = ("network", "fabric")
    for word, kind in (("switch", "switch"), ("optic", "cable")):
        if getattr(raw, word):
            merger.known(getattr(raw, word), (*at, word), kind)
    least, most = FABRIC_NUMBERS.get(raw.kind, (0, 0))
    if not least <= len(raw.numbers) <= most:
        wanted = "no numbers" if most == 0 else f"{least} numbers" if least == most else f"{least} to {most} numbers"
        mend = "Trees follow from ports and racks." if most == 0 else "dragonfly: [4, 8, 4]; dragonfly+: [9, 4, 4, 4, 2]; torus: [4, 4, 4]."
        merger.faults.append(Fault(f"a {raw.kind} takes {wanted}, not {len(raw.numbers)}", merger.document.place((*at, "numbers")), mend=mend))
    if raw.kind in ("fat-tree", "rail-optimised") and not raw.switch:
        merger.faults.append(Fault(f"a {raw.kind} is built of switches", merger.document.place(at), mend="Name one: 'switch: spectrum-4-sn5600'."))
    merger.draft.plain["fabric"] = FabricSpec(
        raw.kind, raw.racks, raw.switch or "", raw.levels, raw.split, raw.planes, float(raw.oversubscription), raw.optic or "", tuple(raw.numbers)
    )


def _figure_or_table(merger: Merger, text: Any, word: str, unit: str) -> tuple[tuple[str, str] | None, Figure | None]:
    """What a word names: a table of the catalogue against temperature, or a figure."""
    if isinstance(text, str) and _REFERENCE.match(text):
        item_name, _, name = text.partition(".")
        item = merger.catalog.items.get(item_name)
        if item is not None and any(figure.startswith(f"{name}_at_") for figure in item.figures):
            return (item_name, name), None
    return None, merger.figure(text, ("coolant", word), unit)
