"""A cap on power, and how fast a chip under it runs.

Power of a core at the share f of its full clock, with s its idle power over what it draws at f = 1:

    p(f) = s + (1 - s) f V(f)^2,   V(f) = max(V_floor, 1 + k (f - 1)).

k is not another assumption: the slope of p at f = 1, (1 - s)(1 + 2 k), is one over the exponent by which
`ripeness.sustained_share` lowers the clock of a chip at its own limit (performance-power.exponent_count). So a cap at the
chip's own limit leaves that answer as it is, and a lower one goes on along the same curve. Memory loses little of its rate
(memory_clock_share) while the core's clock gives up power for it; then bytes follow the power that is left. Links keep theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ..catalog import Catalog, System
from ..draws import Number, central
from ..errors import BadInput, Fault
from ..figures import Figure
from ..ledger import Ledger
from .power_phases import ITEM, UnitPower, activity, below, phase_watts, unit_power

BISECTIONS = 50  # halvings of the span of clocks: an error of 1e-15


@dataclass(frozen=True)
class Capped:
    """What a cap leaves of the rates: shares of those at the chip's own limit, at most 1; the cap [W]; keys."""

    core_share: Number
    memory_share: Number
    cap_w: Number
    keys: tuple[str, ...]


def cap_system(system: System, *, accelerator_w: Figure | None = None, unit_w: Figure | None = None) -> System:
    """The system with a cap on each accelerator, or on the whole unit (rack or node) [W].

    Every estimate and search on the answer runs under the cap. Of a unit's cap the accelerators have what is left when
    hosts, switches, cards, fans and losses have what its rating leaves for them. Raises BadInput unless one cap is given.
    """
    if (accelerator_w is None) == (unit_w is None):
        raise BadInput(Fault(f"{system.name}: a cap is either each accelerator's or the unit's", mend="Say accelerator_w= or unit_w=, not both."))
    cap = accelerator_w or unit_w
    assert cap is not None
    if not cap.value > 0.0:
        raise BadInput(Fault(f"{system.name}: a cap of {cap.value:g} W", mend="A cap is above 0 W."))
    held = replace(cap, low=cap.value, high=cap.value)  # a setting, whatever is uncertain about what it was read from
    return replace(system, cap_w=held if accelerator_w else None, unit_cap_w=held if unit_w else None)


def operating_points(system: System, catalog: Catalog) -> Mapping[str, Figure]:
    """Powers of the unit at the operating points that its maker tells apart, by name: {"max_p": ..., "max_q": ...}; empty where none are."""
    item, end = catalog.items.get(system.name), "_rack_power_w"
    return {name.removesuffix(end): figure for name, figure in item.figures.items() if name.startswith("max_") and name.endswith(end)} if item else {}


def clock_share(cap_w: Number, demand_w: Number, idle_w: Number, *, exponent: Number, voltage_floor: Number, clock_floor: Number = 0.0) -> Number:
    """Share of its full clock that a chip keeps under a cap; 1 where the cap is no less than what it draws.

    Parameters
    ----------
    cap_w, demand_w, idle_w : Number
        the cap, the power at the full clock, the power at no clock [W]
    exponent : Number
        d ln clock / d ln power at the full clock [-]
    voltage_floor : Number
        least voltage over that at the full clock [-]
    clock_floor : Number
        lowest clock over the full one [-]

    Never falls as the cap rises.
    """
    cap, demand, idle, exponent, voltage_floor, clock_floor = np.broadcast_arrays(
        *(np.asarray(each, dtype=float) for each in (cap_w, demand_w, idle_w, exponent, voltage_floor, clock_floor))
    )
    share, target = idle / demand, cap / demand
    rise = np.maximum((1.0 / (exponent * (1.0 - share)) - 1.0) / 2.0, 0.0)
    low, high = np.zeros(cap.shape), np.ones(cap.shape)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2.0
        voltage = np.maximum(voltage_floor, 1.0 + rise * (middle - 1.0))
        fits = share + (1.0 - share) * middle * voltage**2 <= target
        low, high = np.where(fits, middle, low), np.where(fits, high, middle)
    found = np.where(target >= 1.0, 1.0, np.maximum(low, clock_floor))
    return found if found.ndim else float(found)


def accelerator_cap(system: System, unit: UnitPower, book: Ledger) -> tuple[Number, tuple[str, ...]] | None:
    """The cap on one accelerator [W] and the keys that it rests on; None where none is set."""
    if system.cap_w is not None:
        return book.take(system.cap_w), (system.cap_w.key,)
    if system.unit_cap_w is not None:
        return (book.take(system.unit_cap_w) - unit.rated_others_w) / unit.accelerators, (system.unit_cap_w.key, *unit.others_keys)
    return None


def capped(system: System, catalog: Catalog, book: Ledger) -> Capped | None:
    """What a system's cap leaves of its chips' rates; None where none is set.

    Raises BadInput for a cap below what an accelerator draws while it only waits for messages: nothing here slows links.
    """
    if system.cap_w is None and system.unit_cap_w is None:
        return None
    unit = unit_power(system, catalog, book)
    found = accelerator_cap(system, unit, book)
    assert found is not None
    cap, keys = found
    watts = phase_watts(unit, catalog, book)
    if below(cap, watts["communication"]):
        raise BadInput(Fault(
            f"{system.name}: the cap leaves {central(cap):.4g} W for each {system.accelerator}, which draws {central(watts['communication']):.4g} W while it waits for messages",
            mend=f"Raise the cap; the chip's own limit is {central(unit.limit_w):.4g} W.",
        ))  # fmt: skip
    left = rates_under(cap, watts["compute"], watts["memory"], unit.idle_w, catalog, book)
    active = (activity(phase, catalog).key for phase in ("compute", "memory"))
    return replace(left, keys=(*dict.fromkeys((*keys, *unit.limit_keys, *active, *left.keys)),))


def rates_under(cap_w: Number, compute_w: Number, memory_w: Number, idle_w: Number, catalog: Catalog, book: Ledger) -> Capped:
    """What a cap leaves of the rates of a chip that draws so much [W] at its own limit in products, in reading memory, and idle."""
    figures = {name: catalog.figure(ITEM, name) for name in ("memory_core_share", "memory_clock_share", "voltage_floor_share", "clock_floor_share")}
    core, clock_loss, voltage, floor = (book.take(figure) for figure in figures.values())
    exponent = catalog.figure("performance-power", "exponent_count")
    law = {"exponent": book.take(exponent), "voltage_floor": voltage, "clock_floor": floor}
    core_share = clock_share(cap_w, compute_w, idle_w, **law)
    moving = (memory_w - idle_w) * (1.0 - core)  # of the memory itself; the core has the rest, which its clock can give up
    clock = clock_share(cap_w - moving, memory_w - moving, idle_w, **law)
    memory_share = np.clip((cap_w - idle_w) / moving, floor, 1.0) * (1.0 - clock_loss * (1.0 - clock))
    return Capped(core_share, memory_share, cap_w, (*(figure.key for figure in figures.values()), exponent.key))
