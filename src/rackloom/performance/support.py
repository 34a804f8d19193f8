"""How well a case is covered by what the model was checked against, before anything is computed."""

from __future__ import annotations

from dataclasses import dataclass

from ..catalog import Catalog, System
from ..needs.model import Model
from .jobs import base_of
from .ripeness import chip_of, year_of
from .rows import generation_of


@dataclass(frozen=True)
class SupportLine:
    """One group of published runs that are like the case: how many were predicted, and how well; None where there are none."""

    group: str
    runs: int
    median_error: float | None
    coverage: float | None


@dataclass(frozen=True)
class Support:
    """How well a case is covered: `grade` is well, partly or poorly; groups of like runs; sentences on what is carried over."""

    grade: str
    groups: tuple[SupportLine, ...]
    notes: tuple[str, ...]


def support_of(model: Model, system: System, precision: str, catalog: Catalog, kind: str = "training") -> Support:
    """What was checked that is like this case: the kind of model, the generation of the chip, both, in published runs of training or of serving (`kind`).

    Well covered: at least ten runs of the same kind on the same generation, and data of the chip itself. Poorly: none of
    the same generation.
    """
    chip = chip_of(system, catalog)
    machine = generation_of(chip) if chip else "unknown"
    shape = "moe" if model.is_moe else "dense"
    prefix = "support-serving-" if kind == "serving" else "support-"
    lines = tuple(_line(catalog, prefix, name) for name in ("all", f"kind:{shape}", f"machine:{machine}", f"kind:{shape},machine:{machine}"))
    own, nearest = lines[3].runs, lines[2].runs
    notes = []
    if chip is None or system.announced:
        notes.append("the chip is announced: its figures are its maker's, and none was measured")
    rate = system.compute_efficiency.get(base_of(precision))
    missing = rate is None or not rate.key.startswith(f"catalog.{system.accelerator}.")
    if missing:
        notes.append(f"no measured matrix rate of the chip at {precision}: the spread of other chips stands for it")
    if not nearest:
        notes.append(f"no published run on a chip of its generation ({machine}) was checked")
    elif not own:
        notes.append(f"published runs on its generation were checked, but none of a {shape} model")
    if year_of(chip) is None:
        notes.append("the chip has no date: its software is taken as a year old")
    grade = "poorly" if not nearest or system.announced else "well" if own >= 10 and not missing else "partly"
    return Support(grade, lines, tuple(notes))


def _line(catalog: Catalog, prefix: str, group: str) -> SupportLine:
    item = catalog.items.get(prefix + group.replace(":", "-").replace(",", "-"))
    if item is None:
        return SupportLine(group, 0, None, None)
    return SupportLine(group, int(item.figure("runs_count").value), item.figure("median_error_share").value, item.figure("coverage_share").value)
