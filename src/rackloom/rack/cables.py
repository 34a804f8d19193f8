"""Cables of a rack file: what lines say, which ports they join, and what is wrong with that."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from ..catalog import Catalog
from ..errors import Fault, Place, nearest
from .nouns import Assembly, Cable
from .outfit import PortGroup

if TYPE_CHECKING:
    from .file import CableFile
    from .merge import Merger

OUTSIDE = ("network", "feed", "cdu", "spine")  # what stands outside the rack, or serves all of it: no port of its own
_END = re.compile(r"^([A-Za-z][\w-]*)(?:\.([A-Za-z_][\w-]*))?$")
_LINK = re.compile(r"^\s*([A-Za-z][\w-]*)\[(\d+)\]\.([A-Za-z_][\w-]*)\[(\d+)\]\s*->\s*([A-Za-z][\w-]*)\[(\d+)\]\.([A-Za-z_][\w-]*)\[(\d+)\]\s*$")
Link = tuple[tuple[str, int, str, int], tuple[str, int, str, int]]  # thing, which of them, its ports, which of those


def lines(merger: Merger) -> None:
    """Cables by name, each a product of counts, laid over the draft."""
    for name, raw in merger.file.cables.items():
        path = ("cables", name)
        place = merger.document.place
        merger.known(raw.medium, (*path, "medium"))
        base = merger.draft.cables.get(name)
        counted = _count(raw, base)
        if counted is None:
            merger.faults.append(Fault(f"count: '{raw.count}' is not a product of whole numbers above 0", place((*path, "count")), mend="Write '72 x 18 x 2 x 2', or a number."))
            continue
        length = merger.figure(raw.length, (*path, "length"), "m") if raw.length is not None else None
        ends = []
        for word, text, old in (("from", raw.source, base and (base.source, base.source_port)), ("to", raw.target, base and (base.target, base.target_port))):
            match = _END.match(text) if text else None
            if text and match is None:
                merger.faults.append(Fault(f"{word}: '{text}' is no thing with its ports", place((*path, word)), mend="Write 'compute.nic', or 'network' for what stands outside."))
            ends.append((match[1], match[2] or "") if match else (old or ("", "")))
        plain = {key: getattr(raw, key) for key in ("route", "map", "split", "loop") if getattr(raw, key) is not None}
        for text in raw.links:
            if not _LINK.match(text):
                merger.faults.append(Fault(f"'{text}' is no link", place((*path, "links")), mend="Write 'leaf[0].port[3] -> compute[2].nic[1]', both counted from 0."))
        made = base or Cable(name, raw.medium, 1, "1", "", "")
        merger.draft.cables[name] = replace(
            made, medium=raw.medium, count=counted[0], count_text=counted[1], source=ends[0][0], source_port=ends[0][1], target=ends[1][0], target_port=ends[1][1],
            length_m=length or (base.length_m if base else None), links=tuple(text for text in raw.links if _LINK.match(text)) or (base.links if base else ()), **plain,
        )  # fmt: skip
        merger.draft.places[f"cables {name}"] = (merger.document, path)


def _count(raw: CableFile, base: Cable | None) -> tuple[int, str] | None:
    """How many, and the product as written; None where it is none."""
    if raw.count is None:
        if raw.links:
            return len(raw.links), str(len(raw.links))
        return (base.count, base.count_text) if base else None
    try:
        factors = [int(word) for word in str(raw.count).split(" x ")]
    except ValueError:
        return None
    if any(factor <= 0 for factor in factors) or (raw.links and math.prod(factors) != len(raw.links)):
        return None
    return math.prod(factors), str(raw.count)


def read_links(cable: Cable) -> list[Link]:
    """The links of a line that states each by itself."""
    out: list[Link] = []
    for text in cable.links:
        match = _LINK.match(text)
        assert match is not None
        out.append(((match[1], int(match[2]), match[3], int(match[4])), (match[5], int(match[6]), match[7], int(match[8]))))
    return out


def ports_of(name: str, assemblies: Mapping[str, Assembly], catalog: Catalog) -> Mapping[str, PortGroup]:
    """Network ports of a thing: as its assembly states, else a switch's of the catalogue as 'port'."""
    if name in assemblies:
        return assemblies[name].ports
    item = catalog.items.get(name)
    count = item.get("ports_count") if item else None
    if item is None or count is None:
        return {}
    return {"port": PortGroup(int(count.value), rate_bytes_per_s=item.get("link_bytes_per_s"), cage_w=item.get("max_port_w"))}


def check_cables(
    cables: Iterable[Cable],
    placed: Mapping[str, int],
    outside: Iterable[str],
    assemblies: Mapping[str, Assembly],
    catalog: Catalog,
    places: Mapping[str, Place],
    faults: list[Fault],
) -> None:
    """Ends that are nowhere, ports that a thing does not have, and ports that are connected twice."""
    used: dict[tuple[str, str], list[tuple[int, str]]] = {}
    single: dict[tuple[str, int, str, int], str] = {}
    for cable in cables:
        place = places.get(cable.name)
        known = [*placed, *dict.fromkeys([*OUTSIDE, *outside])]
        sound = True
        for thing, port, ends in ((cable.source, cable.source_port, math.ceil(cable.count / cable.split)), (cable.target, cable.target_port, cable.count)):
            if thing and thing not in known:
                faults.append(Fault(f"cables {cable.name}: nothing here is called '{thing}'", place, nearest=nearest(thing, known), mend=f"Cables join: {', '.join(known)}."))
                sound = False
            elif port:
                groups = ports_of(thing, assemblies, catalog)
                if port not in groups:
                    mend = f"Ports of {thing}: {', '.join(groups)}." if groups else f"State them: 'assemblies: {thing}: ports: {{{port}: {{count: 4}}}}'."
                    faults.append(Fault(f"cables {cable.name}: {thing} has no ports '{port}'", place, nearest=nearest(port, groups), mend=mend))
                    sound = False
                elif not cable.links:
                    used.setdefault((thing, port), []).append((ends, cable.name))
        if sound and cable.links:
            _check_links(cable, placed, assemblies, catalog, place, single, faults)
    for (thing, port), ends_by in used.items():
        have = placed.get(thing, 0) * ports_of(thing, assemblies, catalog)[port].count
        wanted = sum(ends for ends, _ in ends_by) + sum(one[0] == thing and one[2] == port for one in single)
        if wanted > have:
            names = ", ".join(name for _, name in ends_by)
            what = f"cables {names}: {wanted} ports '{port}' of {thing} are asked for, there are {have}: ports would be connected twice"
            faults.append(Fault(what, places.get(ends_by[-1][1]), mend="Correct the counts, break ports out with 'split:', or add things with ports."))


def _check_links(
    cable: Cable,
    placed: Mapping[str, int],
    assemblies: Mapping[str, Assembly],
    catalog: Catalog,
    place: Place | None,
    single: dict[tuple[str, int, str, int], str],
    faults: list[Fault],
) -> None:
    """Links by themselves: ends that exist, each port taken once, or broken out into no more ends than the line says."""
    starts: dict[tuple[str, int, str, int], int] = {}
    for text, (start, end) in zip(cable.links, read_links(cable), strict=True):
        for thing, which, port, number in (start, end):
            groups = ports_of(thing, assemblies, catalog)
            if thing not in placed or which >= placed[thing] or port not in groups or number >= groups[port].count:
                there = f"{thing}[0..{placed[thing] - 1}]" if thing in placed else f"things: {', '.join(placed)}"
                ports = f", ports {', '.join(f'{name}[0..{group.count - 1}]' for name, group in groups.items())}" if groups else ""
                faults.append(Fault(f"cables {cable.name}: '{text}' ends at {thing}[{which}].{port}[{number}], which is not there", place, mend=f"There are {there}{ports}."))
        starts[start] = starts.get(start, 0) + 1
        if starts[start] > cable.split or (starts[start] == 1 and start in single):
            how = "broken out twice" if cable.split > 1 else "connected twice"
            faults.append(
                Fault(f"cables {cable.name}: {start[0]}[{start[1]}].{start[2]}[{start[3]}] is {how}: '{single.get(start, text)}' and '{text}'", place, mend="Keep one of them.")
            )
        single.setdefault(start, text)
        if end in single:
            faults.append(Fault(f"cables {cable.name}: {end[0]}[{end[1]}].{end[2]}[{end[3]}] is connected twice: '{single[end]}' and '{text}'", place, mend="Keep one of them."))
        single.setdefault(end, text)
