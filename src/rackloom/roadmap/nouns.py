"""The nouns of the roadmap: a generation in time, one need on one generation, and the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from ..draws import Number
from ..figures import Figure
from ..ledger import Ledger


@dataclass(frozen=True)
class Generation:
    """A rack design with a place in time; `demand` is the rate of racks asked for [rack/wk]."""

    name: str
    design: str
    volume_from: date
    demand: Figure | None = None


@dataclass(frozen=True)
class RoadmapCell:
    """One need on one generation. Numbers are None where the generation does not run the need or no racks arrive.

    `racks` and those by year are continuous; whole racks are the next integer up. `slack_days` is what is left between
    readiness and the start of the need, negative when late; margins are limit minus value. `probability` is the share of
    draws in which the need is met, 0 or 1 without draws.
    """

    need: str
    generation: str
    fits: bool
    meets: bool
    probability: float
    reason: str
    racks: Number | None = None  # at the start of the need
    ready_days: Number | None = None  # after as_of
    ready_date: date | None = None
    ready_date_late: date | None = None  # with 90 % of the draws at this date or before
    slack_days: Number | None = None
    power_margin_w: Number | None = None
    coolant_margin_k: Number | None = None
    racks_by_year: Mapping[int, Number] = field(default_factory=dict)
    delivered_by_year: Mapping[int, Number] = field(default_factory=dict)  # by the end of the year


@dataclass(frozen=True)
class Roadmap:
    """Every need on every generation, the best generation for each need, and the generation named for the answer."""

    cells: tuple[RoadmapCell, ...]
    best: Mapping[str, str | None]
    chosen: str
    needs_met: Mapping[str, int]
    needs_total: int
    verdict: bool  # the chosen generation meets every need
    years: tuple[int, ...]
    rule: str
    ledger: Ledger = field(repr=False)
    left_out: tuple[str, ...] = ()

    def cell(self, need: str, generation: str) -> RoadmapCell:
        """The cell of one need and one generation; raises KeyError when there is none."""
        for cell in self.cells:
            if (cell.need, cell.generation) == (need, generation):
                return cell
        raise KeyError((need, generation))
