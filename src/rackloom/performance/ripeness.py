"""What a whole run has that a short test of a kernel has not: a power limit, young software, the start of each step."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np

from ..catalog import Catalog, Item, System
from ..draws import Number
from ..figures import Figure
from ..ledger import Ledger

REFERENCE_YEAR = 2020  # of the chip that performance-power compares with
USUAL_AGE_YEARS = 1.0  # of a chip whose software nobody dates
YEAR_S = 365.25 * 86400.0

# Groups of figures whose uncertainty is told apart, and what they hold.
GROUPS: Mapping[str, str] = {
    "kernels": "data sheet, best rates, how kernels fall short of them", "power": "rate of hours over rate of milliseconds", "network": "links, latencies, collectives",
    "overlap": "what hides behind what, imbalance of experts", "software": "what software takes beyond kernels and messages, and how ripe it is",
}  # fmt: skip
_OF_ITEM: Mapping[str, str] = {
    "performance-power": "power", "performance-phase-power": "power", "performance-collectives": "network", "performance-overlap": "overlap", "performance-memory": "overlap", "performance-offload": "overlap",
    "performance-software": "software", "performance-serving": "software",
}  # fmt: skip


def group_of(key: str) -> str:
    """The group of GROUPS that a figure of the ledger belongs to."""
    item, _, name = key.removeprefix("catalog.").partition(".")
    if item == "performance-residuals":
        return "network" if name.startswith("network") else "kernels"
    if item in _OF_ITEM:
        return _OF_ITEM[item]
    if name == "tdp_w":
        return "power"
    return "network" if name.startswith(("scale_up_", "scale_out_")) or name.endswith("link_bytes_per_s") else "kernels"


def chip_of(system: System, catalog: Catalog) -> Item | None:
    """The accelerator's entry in the catalogue, if it has one."""
    return catalog.items.get(system.accelerator)


def year_of(chip: Item | None) -> int | None:
    """The year in which a chip first shipped, or None where the catalogue does not say."""
    said = chip.text.get("year") if chip else None
    return int(said) if said else None


def ripe_date(system: System, catalog: Catalog) -> date | None:
    """The day on which a system's software is as old as undated software is taken to be; None where its chip has no date."""
    year = year_of(chip_of(system, catalog))
    return None if year is None else date(year + int(USUAL_AGE_YEARS), 7, 1)


def sustained_share(chip: Item | None, flop_per_s: Number, catalog: Catalog, book: Ledger) -> tuple[Number, tuple[str, ...]]:
    """Rate of hours over that of milliseconds, at most 1, for kernels that run at `flop_per_s` in 16 bits; and the keys that it rests on.

    A chip whose matrix units would draw more than its power limit lowers its clock.
    """
    need, exponent, keys = clock_need(chip, flop_per_s, catalog, book)
    return kept_clock(need, exponent), keys


def kept_clock(need: Number, exponent: Number, busy: Number = 1.0) -> Number:
    """Clock that a chip keeps over its best, where its units ask for `need` times what it may draw while they work, a share `busy` of the time."""
    return np.minimum(np.maximum(need * busy, 1.0) ** -exponent, 1.0)


def clock_need(chip: Item | None, flop_per_s: Number, catalog: Catalog, book: Ledger) -> tuple[Number, Number, tuple[str, ...]]:
    """What matrix units ask of a chip's power limit, the exponent of clock over power, and the keys that these rest on.

    The rate for each watt is compared with that of a chip that stands at its limit, with the energy of a FLOP halving over
    the years. Of a chip without power or date the share of hours is an assumption, given as a need with an exponent of 1.
    """
    names = ("reference_flop_per_s", "reference_power_w", "energy_halving_s", "exponent_count")
    power, year = chip.get("tdp_w") if chip else None, year_of(chip)
    if power is None or year is None:
        figure = catalog.figure("performance-power", "fixed_clock_share" if chip and chip.text.get("fixed_clock") else "unknown_share")
        return 1.0 / book.take(figure), 1.0, (figure.key,)
    figures = {name: catalog.figure("performance-power", name) for name in names}
    reference, watts, halving, exponent = (book.take(figures[name]) for name in names)
    energy = 0.5 ** ((year - REFERENCE_YEAR) * YEAR_S / halving)
    need = flop_per_s / book.take(power) * energy / (reference / watts)
    return need, exponent, (power.key, *(figure.key for figure in figures.values()))


def software_ratio(chip: Item | None, software_date: date | None, catalog: Catalog, book: Ledger) -> tuple[Number, tuple[str, ...]]:
    """Time of a step over that of its parts: what ripe software takes, and what young software takes beyond it; and keys.

    Software is as old as the first chip of its kind (`software_since`, where that was before the chip's own year).
    """
    figures: list[Figure] = [catalog.figure("performance-software", name) for name in ("time_ratio", "young_ratio", "ripening_s")]
    ripe, young, ripening = (book.take(figure) for figure in figures)
    year = int(chip.text["software_since"]) if chip and "software_since" in chip.text else year_of(chip)
    age = USUAL_AGE_YEARS if software_date is None or year is None else max(0.0, (software_date - date(year, 7, 1)).days / 365.25)
    return ripe * (1.0 + (young - 1.0) * 0.5 ** (age * YEAR_S / ripening)), tuple(figure.key for figure in figures)
