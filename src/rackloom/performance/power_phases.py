"""What an accelerator and its unit (rack or node) draw in each phase of a step.

    P of a phase = idle + activity x (limit - idle),  at most a cap;  P of the unit = accelerators x P + others.

The limit is the chip's own power limit (`tdp_w`). Activities, idle share and what others draw are assumptions of the item
`performance-phase-power`, with the published figures that they were set in sight of in their notes. Where a chip's limit or a
unit's rating is not published, one is taken from the other by a stated share, and the answer says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..catalog import Catalog, System
from ..draws import Number, central
from ..errors import BadInput, Fault
from ..figures import Figure
from ..ledger import Ledger
from .ripeness import chip_of

ITEM = "performance-phase-power"
# The phase that each cause of time is, in the order in which a trace lays them out.
PHASE_OF: Mapping[str, str] = {
    "compute": "compute", "memory": "memory", "scale_up": "communication", "scale_out": "communication", "host": "communication", "bubble": "waiting",
}  # fmt: skip
PHASES = ("compute", "memory", "communication", "waiting")
RACK_FROM = 17  # accelerators in one unit; fewer are a node


@dataclass(frozen=True)
class UnitPower:
    """Power limits of one accelerator and of the unit that holds it [W]; floats, or arrays of central value and draws."""

    accelerators: int
    limit_w: Number  # of one accelerator
    idle_w: Number
    rated_others_w: Number  # the unit's rating less its accelerators' limits
    others_w: Number  # what of that is drawn while accelerators work
    limit_keys: tuple[str, ...]
    others_keys: tuple[str, ...]
    assumed: tuple[str, ...]  # what was not published, in sentences

    def unit_w(self, accelerator_w: Number) -> Number:
        """Power of the unit while each accelerator draws so much."""
        return self.accelerators * accelerator_w + self.others_w


def unit_power(system: System, catalog: Catalog, book: Ledger) -> UnitPower:
    """Limits of a system's accelerators and unit, taken into a ledger.

    Raises BadInput where neither the accelerator's limit nor the unit's power is published.
    """
    chip = chip_of(system, catalog)
    tdp, rating = chip.get("tdp_w") if chip else None, system.power_w
    share = catalog.figure(ITEM, "rack_accelerators_share" if system.accelerators >= RACK_FROM else "node_accelerators_share")
    idle, drawn = catalog.figure(ITEM, "idle_share"), catalog.figure(ITEM, "others_share")
    n = system.accelerators
    assumed: list[str] = []
    limit_keys: tuple[str, ...]
    if tdp is not None:
        limit, limit_keys = book.take(tdp), (tdp.key,)
    elif rating is not None:
        limit, limit_keys = book.take(rating) * book.take(share) / n, (rating.key, share.key)
        assumed.append(f"power limit of one {system.accelerator} is not published: {share.value:.0%} of the unit's {rating.value / 1e3:.4g} kW are its {n} accelerators'")
    else:
        raise BadInput(Fault(
            f"{system.name}: neither the power limit of {system.accelerator} nor the power of a unit is published",
            mend="Add 'tdp_w' of the accelerator, or the unit's 'rack_power_w', with its source to a folder named under 'catalog:'.",
        ))  # fmt: skip
    if rating is not None:
        others, others_keys = np.maximum(book.take(rating) - n * limit, 0.0), (rating.key, *limit_keys)
    else:
        others, others_keys = n * limit * (1.0 / book.take(share) - 1.0), (share.key, *limit_keys)
        assumed.append(f"power of the unit is not published: its {n} accelerators are taken as {share.value:.0%} of it")
    return UnitPower(
        n, limit, limit * book.take(idle), others, others * book.take(drawn), (*limit_keys, idle.key), (*dict.fromkeys((*others_keys, drawn.key)),), tuple(assumed),
    )  # fmt: skip


def activity(phase: str, catalog: Catalog) -> Figure:
    """Power of a phase above idle, over the limit above idle."""
    return catalog.figure(ITEM, f"{phase}_activity_share")


def decode_activity(requests_per_accelerator: Number, catalog: Catalog, book: Ledger) -> Number:
    """Activity of the phase of memory in serving: rises with each doubling of the requests that run on an accelerator, up to that of computation."""
    one, doubling, most = (book.take(figure) for figure in (*decode_figures(catalog), activity("compute", catalog)))
    return np.clip(one + doubling * np.log2(requests_per_accelerator), 0.0, most)


def decode_figures(catalog: Catalog) -> tuple[Figure, Figure]:
    """What decode draws with one request on each accelerator, and what each doubling adds; above idle, over the limit above idle."""
    return catalog.figure(ITEM, "decode_activity_share"), catalog.figure(ITEM, "decode_doubling_share")


def phase_watts(unit: UnitPower, catalog: Catalog, book: Ledger, *, requests_per_accelerator: Number | None = None, cap_w: Number | None = None) -> dict[str, Number]:
    """Power of one accelerator in each of PHASES [W], at most the cap; memory as in serving where the requests that run on each are told."""
    shares = {phase: book.take(activity(phase, catalog)) for phase in PHASES if phase != "memory" or requests_per_accelerator is None}
    if requests_per_accelerator is not None:
        shares["memory"] = decode_activity(requests_per_accelerator, catalog, book)
    watts = {phase: unit.idle_w + shares[phase] * (unit.limit_w - unit.idle_w) for phase in PHASES}
    if cap_w is None:
        return watts
    most = np.maximum(cap_w, unit.idle_w)  # in a draw where the cap is below it, an idle chip still draws what it draws
    return {phase: np.minimum(value, most) for phase, value in watts.items()}


def below(cap_w: Number, floor_w: Number) -> bool:
    """True where a cap lies below a power that it cannot reach, at central values."""
    return central(cap_w) < central(floor_w)
