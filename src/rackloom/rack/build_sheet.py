"""How a rack is put together: operations from its bill with their hours, what is joined by hand, how many parts of how many suppliers, what its test asks."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..draws import Number
from ..figures import Figure
from ..ledger import Ledger
from ..physics import plain
from .bill import bill_of_materials, parts_in, placed
from .build_nouns import BuildSheet, Operation, PartSource
from .loop import pairs_of
from .nouns import Connection, Design
from .power import is_shelf
from .rule import Facts

TIMES = "build-times"
LIFTED_KG, LIFTED_UNITS = 50.0, 3.0  # above either a thing is lifted in rather than slid in by one person
BATTERIES = ("power_shelf", "bbu", "cdu")


def build_sheet(facts: Facts, book: Ledger, sources: Mapping[str, PartSource] | None = None) -> BuildSheet:
    """Operations, hours and connections of a rack, from its bill; rows of the ledger stand under 'designs.NAME.build.'.

    Times a piece are assumptions of the catalogue (`build-times`, wide ranges): what counts is what a change of the design saves.
    """
    work = _Work(facts, book)
    work.frame()
    work.things()
    work.couplings()
    work.power()
    work.cables()
    work.closing()
    total: Number = plain(sum((np.asarray(one.hours) for one in work.done), np.zeros(())))
    keys = {"assembly_hours": work.put("assembly_hours", total, "h", "sum over operations of pieces x person-hours a piece", [one.key for one in work.done])}
    tray = _tray_hours(facts, work)
    test, power = _test(facts, work)
    bought = [line for line in bill_of_materials(facts.design).lines if line.level == "part"]
    parts = list(dict.fromkeys(line.item for line in bought))
    known = {name: sources[name] for name in parts if name in sources} if sources is not None else None
    work.put("hand_connections_count", work.hand, "1", "couplings, cords, whips and cable ends that a hand joins", [])
    work.put("unique_parts_count", len(parts), "1", "items of the bill", [])
    return BuildSheet(
        tuple(work.done), total, work.hand, work.blind, work.cabled, len(parts), sum(line.total for line in bought),
        len({one for part in known.values() for one in part.suppliers}) if known is not None else None,
        tuple(name for name, part in known.items() if len(part.suppliers) == 1) if known is not None else None,
        tuple(name for name in parts if name not in known) if known is not None else None,
        sum(part.has_us_site for part in known.values()) if known is not None else None,
        test, power, facts.flow_m3_per_s, tray, tuple(work.assumed), keys,
    )  # fmt: skip


class _Work:
    """Collects operations, each a row of the ledger."""

    def __init__(self, facts: Facts, book: Ledger):
        self.facts, self.design, self.book = facts, facts.design, book
        self.done: list[Operation] = []
        self.hand = self.blind = self.cabled = 0
        self.assumed: list[str] = []

    def put(self, name: str, value: Number, unit: str, formula: str, inputs: list[str]) -> str:
        """A row of the ledger; its key."""
        key = self.facts.key(f"build.{name}")
        self.book.put(key, value, unit, formula, inputs)
        return key

    def add(self, name: str, title: str, count: int, figure: str, *, hand: int = 0) -> None:
        """An operation: pieces x person-minutes of each."""
        if count <= 0:
            return
        minutes = self.design.catalog.figure(TIMES, figure)
        self.assumed.append(minutes.key)
        hours = plain(count * np.asarray(self.book.take(minutes)) / 60.0)
        key = self.put(f"{name}_hours", hours, "h", f"{count} x person-minutes of one", [minutes.key])
        self.hand += hand
        self.done.append(Operation(name, title, count, hours, hand, key))

    def kinds(self, *kinds: str) -> int:
        """Pieces among the fixtures of some kinds."""
        return sum(count for count, name in self.design.fixtures if self.design.catalog.items[name].kind in kinds)

    def frame(self) -> None:
        """Frame, busbar, manifolds, backplane: what the rest is hung on."""
        self.add("frame", "unpack and check the frame", 1, "frame_minutes")
        self.add("busbar", "fit the busbar", self.kinds("busbar"), "busbar_minutes")
        self.add("manifold", "fit the coolant manifolds", self.kinds("manifold"), "manifold_minutes")
        self.add("proof", "pressure test of the empty manifolds", self.kinds("manifold"), "proof_minutes")
        self.add("backplane", "hang and align the cable backplane", self.kinds("cable", "spine", "backplane"), "backplane_minutes")
        self.add("pdu", "fit power distribution units", self.kinds("pdu") + sum(count for name, count in placed(self.design).items() if self._kind(name) == "pdu"), "pdu_minutes")

    def _kind(self, name: str) -> str:
        return self.design.assemblies[name].kind if name in self.design.assemblies else self.design.catalog.items[name].kind

    def things(self) -> None:
        """What is slid or lifted into slots."""
        shelves = slid = lifted = 0
        for name, count in placed(self.design).items():
            kind = self._kind(name)
            if kind in BATTERIES:
                shelves += count
            elif kind in ("manifold", "pdu"):
                continue
            elif self._is_lifted(name):
                lifted += count
            else:
                slid += count
        self.add("shelves", "seat power shelves, batteries, cooling units", shelves, "shelf_minutes")
        self.add("slide", "slide trays in", slid, "slide_minutes")
        self.add("lift", "lift nodes in, with a hoist or two people", lifted, "lift_minutes")

    def _is_lifted(self, name: str) -> bool:
        assembly = self.design.assemblies.get(name)
        if assembly is None:
            return False
        return assembly.height > LIFTED_UNITS or (assembly.mass_kg is not None and assembly.mass_kg.value > LIFTED_KG)

    def couplings(self) -> None:
        """Coolant: two couplings a pair, by hand or by sliding the tray in; hoses to the row."""
        hand = 0
        for connection in self.design.connections:
            count = placed(self.design).get(connection.target, 0)
            if connection.target_port != "coolant" or not connection.via or not count:
                continue
            ends = 2 * pairs_of(self.design, connection) * count
            if is_blind(self.design, connection):
                self.blind += ends
            else:
                hand += ends
        self.add("couplings", "mate and check couplings by hand", hand, "coupling_minutes", hand=hand)

    def power(self) -> None:
        """Feeds into shelves or distribution units, cords into nodes, trays onto the busbar."""
        cords = whips = 0
        for name, count in placed(self.design).items():
            supplies = sum(number for number, item in parts_in(self.design, name) if item.kind == "psu")
            if is_shelf(self.design, name):
                inlets = self.design.catalog.item(name).get("inputs_count")
                whips += count * (int(inlets.value) if inlets else 1)
            elif supplies:
                cords += count * supplies
        for connection in self.design.connections:
            count = placed(self.design).get(connection.target, 0)
            has_cords = any(item.kind == "psu" for _, item in parts_in(self.design, connection.target))
            if connection.target_port == "power" and count and not has_cords:
                joins = count * (self.design.assemblies[connection.target].connectors if connection.target in self.design.assemblies else 1)
                if is_blind(self.design, connection):
                    self.blind += joins
                else:
                    whips += joins
        self.add("feeds", "wire and torque feeds and whips", whips, "feed_minutes", hand=whips)
        self.add("cords", "plug power cords", cords, "cord_minutes", hand=cords)
        self.add("bond", "bond the frame, and torque it", 1, "bond_minutes")

    def cables(self) -> None:
        """Cables that are laid one by one: each end in this rack is plugged by hand, each cable labelled and dressed."""
        laid = sum(len(wires.source.which) for wires in self.facts.wires)
        ends = sum(len(wires.source.which) * (wires.source.is_inside + wires.target.is_inside) for wires in self.facts.wires)
        self.cabled = laid
        self.add("cables", "lay, label and dress cables", laid, "cable_minutes")
        self.add("plugs", "plug cable ends", ends, "plug_minutes", hand=ends)

    def closing(self) -> None:
        """Looking at what was joined, and the leak test."""
        self.add("inspect", "inspect what was joined by hand", self.hand, "inspect_minutes")
        if self.design.coolant is not None:
            self.add("leak", "fill and leak test, attended", 1, "leak_minutes")
        self.add("safety", "ground and insulation check, serial numbers, final look", 1, "safety_minutes")


def is_blind(design: Design, connection: Connection) -> bool:
    """Whether sliding a thing in joins it: as its assembly says, else as the part that joins it does; a busbar without a part between is a clip."""
    assembly = design.assemblies.get(connection.target)
    if assembly is not None and assembly.mating:
        return assembly.mating == "blind"
    if not connection.via:
        return connection.source == "busbar"
    return design.catalog.item(connection.via).say("mating") == "blind"


def _tray_hours(facts: Facts, work: _Work) -> Number | None:
    """Hours to assemble the trays themselves [h]; None where no assembly states them."""
    stated: list[tuple[int, Figure]] = [
        (count, figure) for name, count in placed(facts.design).items() if name in facts.design.assemblies and (figure := facts.design.assemblies[name].build_hours) is not None
    ]
    if not stated:
        return None
    total = plain(sum((count * np.asarray(work.book.take(figure)) for count, figure in stated), np.zeros(())))
    work.put("tray_hours", total, "h", "trays x hours to assemble one, as stated; not in the rack's own hours", [figure.key for _, figure in stated])
    return total


def _test(facts: Facts, work: _Work) -> tuple[Number, Number]:
    """Hours in a test cell, and the power that it draws there [W]."""
    names = ["functional_hours", "burn_in_hours", *(["leak_hours", "drain_hours"] if facts.design.coolant is not None else [])]
    figures = [facts.design.catalog.figure(TIMES, name) for name in names]
    work.assumed += [figure.key for figure in figures]
    hours = plain(sum((np.asarray(work.book.take(figure)) for figure in figures), np.zeros(())))
    work.put(
        "test_hours",
        hours,
        "h",
        "leak test, functional test, burn-in and drain in a cell, run once" if len(names) == 4 else "functional test and burn-in in a cell, run once",
        [f.key for f in figures],
    )
    share = facts.design.catalog.figure(TIMES, "test_load_share")
    power = plain(np.asarray(facts.input_w) * np.asarray(work.book.take(share)))
    work.put("test_power_w", power, "W", "input of the rack x load in burn-in", [facts.key("power_input_w"), share.key])
    return hours, power
