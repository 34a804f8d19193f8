"""Racks a week of one line: assembly paced by its slowest station, test by cells and by the power of the hall."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce
from itertools import pairwise
from typing import Any

import numpy as np

from ..draws import Draws, Number, central
from ..errors import BadInput, Fault
from ..figures import Figure
from ..ledger import Ledger
from .balance import Balance, balance_line
from .preset import Line, Operation

LEFT_OUT = (
    "Variability of times, blocking and starving between stations, breakdowns beyond the uptime share, learning and shortages of parts are not modelled: racks per week are an upper figure.",
    "The line is balanced once, at central times; where times turn out otherwise some station is slower, so the interval of the rate lies mostly below its central value.",
    "Each generation is run as if it had the whole line to itself.",
    "Building and testing trays (L10) and the other lower levels come before this line and are not counted.",
    "Water, cooling and floor space of the test hall are not limits here; its power is.",
)
_LIMIT = 2.0  # deterministic time of the solver for one balance; past it the bound says how much better the best can be


@dataclass(frozen=True)
class StationLoad:
    """One assembly station: what is done there and how long it takes for one rack."""

    index: int  # from 1
    operations: tuple[str, ...]
    seconds: Number


@dataclass(frozen=True)
class GenerationLine:
    """What the line makes of one generation. Rates are racks a week; `meets` is None where nothing was asked for."""

    generation: str
    racks_per_week: Number
    target_racks_per_week: Number | None
    meets: bool | None
    cycle_time_s: Number
    assembly_racks_per_week: Number
    test_racks_per_week: Number
    work_content_hours: Number
    test_hours: Number
    people: Number
    bottleneck: str
    stations: tuple[StationLoad, ...]
    hall_power_w: Number
    proved: bool
    bound_s: float = 0.0  # proven least cycle time at central values, times in whole seconds
    cells: int = 0  # that can run at once
    skipped: tuple[str, ...] = ()  # operations for which the rack has no pieces
    takt_s: Number | None = None  # of assembly, at the rate asked for
    stations_needed: int | None = None  # for that takt, at central times; None where an operation alone takes longer
    cells_needed: Number | None = None
    hall_power_needed_w: Number | None = None


@dataclass(frozen=True)
class LineAnswer:
    """What a line makes of each generation."""

    line: Line
    generations: Mapping[str, GenerationLine]
    ledger: Ledger = field(repr=False)
    left_out: tuple[str, ...] = LEFT_OUT

    @property
    def racks_per_week(self) -> Mapping[str, Number]:
        """Racks a week by generation."""
        return {name: made.racks_per_week for name, made in self.generations.items()}


def run_line(line: Line, racks: Mapping[str, Mapping[str, Number]], *, targets: Mapping[str, Figure | None] | None = None, draws: Draws | None = None) -> LineAnswer:
    """Balance the line for each generation and count its racks a week.

    Parameters
    ----------
    line : Line
    racks : mapping of generation to counts
        pieces by item and by kind of the bill of materials, and `power_load_w` [W], `is_liquid_cooled` (0 or 1), `accelerators`
    targets : mapping of generation to Figure, optional
        racks a week asked for [rack/wk]
    draws : Draws, optional
        operations are assigned to stations at central values; the times are then drawn

    Raises BadInput with all faults: a rack whose power is not known or that draws more than the whole test hall.

    Formulas: assembly rate = staffed hours x uptime / cycle time, the cycle time being the load of the fullest station;
    test rate = cells x hours x uptime / hours in the cell for one rack, with
    cells = min(cells, floor(hall power / rack power)) and hours in the cell = T + (1 - y)/y (repair + retest share x T),
    T being one run of all tests and y the share that passes a run (repairs repeat until a run passes: geometric).
    """
    _check(line, racks)
    book = Ledger(draws)
    asked = targets or {}
    made = {name: _Generation(line, name, counts, book).run(asked.get(name)) for name, counts in racks.items()}
    return LineAnswer(line, made, book)


def _check(line: Line, racks: Mapping[str, Mapping[str, Number]]) -> None:
    faults: list[Fault] = []
    for name, counts in racks.items():
        power = central(counts.get("power_load_w", np.nan))
        if not power > 0.0:
            faults.append(Fault(f"generation '{name}': the rack's power is not known, so the test hall cannot be sized", mend="Give the power of its parts or of the whole rack."))
        elif power > line.hall_power_w.value:
            mend = f"Give the line a larger 'hall_power' ({power / 1e3:.4g} kW or more)."
            faults.append(Fault(f"generation '{name}': one rack draws {power / 1e3:.4g} kW, the whole test hall has {line.hall_power_w.value / 1e3:.4g} kW", mend=mend))
        if not any(_pieces(operation, counts) for operation in line.operations if operation.stage == "assembly"):
            faults.append(Fault(f"generation '{name}': no assembly operation of line '{line.name}' applies to its rack", mend="Give an operation 'per: rack'."))
    if faults:
        raise BadInput(faults)


def _pieces(operation: Operation, counts: Mapping[str, Number]) -> int:
    """Pieces of a rack that an operation handles; 0 where the rack has none."""
    if operation.per == ("rack",):
        return 1
    return round(sum(central(counts.get(key, 0.0)) for key in operation.per))


@dataclass(frozen=True)
class _Lot:
    """Part of an operation that stands at one station."""

    name: str
    operation: Operation
    pieces: int


class _Generation:
    """One generation on the line; writes its rows as it goes."""

    def __init__(self, line: Line, name: str, counts: Mapping[str, Number], book: Ledger):
        self.line, self.name, self.counts, self.book = line, name, counts, book
        self.base = f"factory.{name}"
        self.pieces = {operation.name: _pieces(operation, counts) for operation in line.operations}
        self.assembly = [o for o in line.operations if o.stage == "assembly" and self.pieces[o.name]]
        self.tests = [o for o in line.operations if o.stage == "test" and self.pieces[o.name]]
        self.skipped = tuple(o.title for o in line.operations if not self.pieces[o.name])

    def run(self, target: Figure | None) -> GenerationLine:
        times = {o.name: self.book.take(o.time) for o in (*self.assembly, *self.tests)}
        for operation in (*self.assembly, *self.tests):
            if operation.per != ("rack",):
                what = " + ".join(operation.per)
                self.put(f"{operation.name}_count", float(self.pieces[operation.name]), "1", f"pieces of {what} in the rack's bill of materials")
        balance = self.balance()
        stations = self.stations(balance, times)
        cycle = self.put(
            "cycle_time_s", reduce(np.maximum, [s.seconds for s in stations]), "s",
            "load of the fullest assembly station; " + ("no assignment of operations to stations is better" if balance.proved else f"at best {balance.bound:.6g} s"),
            [f"{self.base}.station_{s.index}_s" for s in stations],
        )  # fmt: skip
        assembly = self.assembly_rate(cycle)
        hours = self.test_hours(times)
        test, cells, by_power = self.test_rate(hours)
        rate = self.put(
            "racks_per_week",
            np.minimum(assembly, test),
            "rack/wk",
            "the smaller of what assembly and test make",
            [f"{self.base}.assembly_racks_per_week", f"{self.base}.test_racks_per_week"],
        )
        asked, meets = self.compare(rate, target)
        wanted = self.wanted(asked, hours) if asked is not None else {}
        work = self.work(times)
        people = self.people(balance, cells)
        return GenerationLine(
            self.name, rate, asked, meets, cycle, assembly, test, work, hours, people, self.bottleneck(assembly, test, by_power, stations), stations,
            self.book.value(f"{self.base}.hall_power_w"), balance.proved, balance.bound, int(central(cells)), self.skipped, **wanted,
        )  # fmt: skip

    def put(self, key: str, value: Number, unit: str, formula: str, inputs: list[str] | tuple[str, ...] = (), note: str = "") -> Number:
        return self.book.put(f"{self.base}.{key}", value, unit, formula, inputs, note=note)

    def inputs_of(self, operations: list[Operation]) -> list[str]:
        keys: list[str] = []
        for operation in operations:
            keys.append(operation.time.key)
            if operation.per != ("rack",):
                keys.append(f"{self.base}.{operation.name}_count")
        return keys

    # --- assembly ---------------------------------------------------------------------------------------------------

    def lots(self) -> list[_Lot]:
        """Operations, those that may be divided in near-equal whole lots."""
        out = []
        for operation in self.assembly:
            pieces = self.pieces[operation.name]
            parts = min(operation.lots, pieces)
            for index in range(parts):
                size = pieces * (index + 1) // parts - pieces * index // parts
                out.append(_Lot(operation.name if parts == 1 else f"{operation.name} {index + 1}/{parts}", operation, size))
        return out

    def precedence(self, lots: list[_Lot]) -> list[tuple[str, str]]:
        """Each lot after the last lot of every operation before it; lots of one operation in order; skipped operations hand on theirs."""
        known = {operation.name: operation for operation in self.line.operations}
        by_operation: dict[str, list[_Lot]] = {}
        for lot in lots:
            by_operation.setdefault(lot.operation.name, []).append(lot)

        def before(operation: Operation) -> list[str]:
            found: list[str] = []
            for name in operation.after:
                found += [name] if name in by_operation else before(known[name])
            return list(dict.fromkeys(found))

        pairs = []
        for own in by_operation.values():
            pairs += [(a.name, b.name) for a, b in pairwise(own)]
            pairs += [(by_operation[name][-1].name, own[0].name) for name in before(own[0].operation)]
        return pairs

    def balance(self) -> Balance:
        """Operations to stations at central times, in whole seconds: no time study is finer."""
        lots = self.lots()
        self.lot_of = {lot.name: lot for lot in lots}
        self.seconds = {lot.name: float(round(60.0 * lot.operation.time.value * lot.pieces)) for lot in lots}
        self.pairs = self.precedence(lots)
        stations = round(central(self.book.take(self.line.stations)))
        return balance_line(self.seconds, self.pairs, stations=stations, limit=_LIMIT)

    def stations(self, balance: Balance, times: Mapping[str, Number]) -> tuple[StationLoad, ...]:
        out = []
        for index, names in enumerate(balance.assignment, start=1):
            lots = [self.lot_of[name] for name in names]
            seconds: Number = 0.0
            for lot in lots:
                seconds = seconds + 60.0 * times[lot.operation.name] * lot.pieces
            words = " + ".join(f"{lot.pieces} x {lot.name}" for lot in lots) or "nothing is left for it"
            keys = self.inputs_of(list({lot.operation.name: lot.operation for lot in lots}.values()))
            self.put(f"station_{index}_s", seconds, "s", f"60 s/min x ({words})", [*keys, self.line.stations.key])
            out.append(StationLoad(index, tuple(f"{lot.operation.title}{lot.name.removeprefix(lot.operation.name)}" for lot in lots), seconds))
        return tuple(out)

    def assembly_rate(self, cycle: Number) -> Number:
        shift, uptime = self.book.take(self.line.shift_hours_per_week), self.book.take(self.line.uptime)
        keys = [self.line.shift_hours_per_week.key, self.line.uptime.key, f"{self.base}.cycle_time_s"]
        return self.put("assembly_racks_per_week", 3600.0 * shift * uptime / cycle, "rack/wk", "3600 s/h x staffed hours x uptime / cycle time", keys)

    # --- test -------------------------------------------------------------------------------------------------------

    def test_hours(self, times: Mapping[str, Number]) -> Number:
        once: Number = 0.0
        for operation in self.tests:
            once = once + times[operation.name] * self.pieces[operation.name] / 60.0
        titles = " + ".join(operation.title for operation in self.tests) or "no test applies"
        self.put("test_run_hours", once, "h", titles, self.inputs_of(self.tests))
        passed, again, repair = (self.book.take(f) for f in (self.line.first_pass, self.line.retest, self.line.repair))
        total = once + (1.0 - passed) / passed * (repair + again * once)
        keys = [f"{self.base}.test_run_hours", self.line.first_pass.key, self.line.retest.key, self.line.repair.key]
        return self.put("test_hours", total, "h", "T + (1 - y)/y x (repair + retest share x T); T: one run of all tests, y: share that passes a run", keys)

    def test_rate(self, hours: Number) -> tuple[Number, Number, bool]:
        """Racks a week through test, cells that run at once, and whether the hall's power is what limits them."""
        line, power_key = self.line, f"designs.{self.name}.power_load_w"
        if power_key not in self.book:  # in a plan the rack's own row stands here
            self.book.put(power_key, self.counts["power_load_w"], "W", "power of the rack at load, as its design gives it")
        power = self.counts["power_load_w"]
        slots, hall, week, uptime = (self.book.take(f) for f in (line.cells, line.hall_power_w, line.test_hours_per_week, line.test_uptime))
        fed = np.floor(hall / power)
        self.put("cells_by_power_count", fed, "1", "floor(power of the test hall / power of one rack)", [line.hall_power_w.key, power_key])
        cells = self.put(
            "cells_count",
            np.minimum(slots, fed),
            "1",
            "the smaller of the test cells and of the racks that the hall can feed",
            [line.cells.key, f"{self.base}.cells_by_power_count"],
        )
        self.put("hall_power_w", cells * power, "W", "cells that run x power of one rack", [f"{self.base}.cells_count", power_key])
        if central(hours) <= 0.0:
            return np.full_like(np.asarray(cells, dtype=float), np.inf), cells, False
        keys = [f"{self.base}.cells_count", line.test_hours_per_week.key, line.test_uptime.key, f"{self.base}.test_hours"]
        rate = self.put("test_racks_per_week", cells * week * uptime / hours, "rack/wk", "cells x hours a week x uptime of a cell / hours in the cell for one rack", keys)
        return rate, cells, central(fed) < central(slots)

    # --- what comes of it -------------------------------------------------------------------------------------------

    def work(self, times: Mapping[str, Number]) -> Number:
        total: Number = 0.0
        for o in (*self.assembly, *self.tests):
            total = total + times[o.name] * self.pieces[o.name] * o.crew / 60.0
        return self.put(
            "work_content_hours",
            total,
            "h",
            "sum of time x pieces x crew over operations, in hours of one person; repairs and retests apart",
            self.inputs_of([*self.assembly, *self.tests]),
        )

    def people(self, balance: Balance, cells: Number) -> Number:
        crews = sum(max((self.lot_of[name].operation.crew for name in names), default=0) for names in balance.assignment)
        tended = self.book.take(self.line.cells_per_person)
        keys = [self.line.stations.key, f"{self.base}.cells_count", self.line.cells_per_person.key]
        return self.put(
            "people_count", crews + np.ceil(cells / tended), "1", f"{crews} at the stations (largest crew of each) + ceil(cells / cells that one person tends), in one shift", keys
        )

    def compare(self, rate: Number, target: Figure | None) -> tuple[Number | None, bool | None]:
        if target is None:
            return None, None
        asked = self.put("target_racks_per_week", self.book.take(target), "rack/wk", "racks a week asked for", [target.key])
        self.put("margin_racks_per_week", rate - asked, "rack/wk", "made - asked for", [f"{self.base}.racks_per_week", f"{self.base}.target_racks_per_week"])
        return asked, bool(central(rate) >= central(asked) * (1.0 - 1e-9))

    def wanted(self, asked: Number, hours: Number) -> dict[str, Any]:
        """What the rate asked for takes: takt, stations at that takt, cells, and their power; nothing where it is zero."""
        if not central(asked) > 0.0:
            return {}
        line, target_key = self.line, f"{self.base}.target_racks_per_week"
        shift, uptime, week, tested = (self.book.take(f) for f in (line.shift_hours_per_week, line.uptime, line.test_hours_per_week, line.test_uptime))
        keys = [line.shift_hours_per_week.key, line.uptime.key, target_key]
        takt = self.put("takt_s", 3600.0 * shift * uptime / asked, "s", "3600 s/h x staffed hours x uptime / racks a week asked for", keys)
        keys = [target_key, f"{self.base}.test_hours", line.test_hours_per_week.key, line.test_uptime.key]
        cells = self.put(
            "cells_needed_count", np.ceil(asked * hours / (week * tested) - 1e-9), "1", "ceil(racks a week asked for x hours in the cell / (hours a week x uptime of a cell))", keys
        )
        power = self.put(
            "hall_power_needed_w",
            cells * self.counts["power_load_w"],
            "W",
            "cells needed x power of one rack",
            [f"{self.base}.cells_needed_count", f"designs.{self.name}.power_load_w"],
        )
        out = {"takt_s": takt, "cells_needed": cells, "hall_power_needed_w": power}
        if max(self.seconds.values()) <= central(takt):
            best = balance_line(self.seconds, self.pairs, cycle_time=central(takt), limit=_LIMIT)
            self.put("stations_needed_count", best.stations, "1", "fewest assembly stations at the takt, at central times" + ("" if best.proved else f"; at least {best.bound:g}"),
                     [f"{self.base}.takt_s", *self.inputs_of(self.assembly)])  # fmt: skip
            out["stations_needed"] = best.stations
        return out

    def bottleneck(self, assembly: Number, test: Number, by_power: bool, stations: tuple[StationLoad, ...]) -> str:
        if central(test) < central(assembly):
            return "test hall power" if by_power else "test cells"
        slowest = max(stations, key=lambda station: (central(station.seconds), -station.index))
        return f"assembly station {slowest.index}: {', '.join(slowest.operations)}"
