"""The cable map of a rack: every cable with its two labels and length, and what to cut or order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..draws import central
from ..ledger import Ledger
from .map_nouns import CableRun, CutLine
from .nouns import Design
from .wiring import Wires, ordered

DIGITS = 3  # millimetres


def cable_runs(design: Design, wires: Sequence[Wires], book: Ledger) -> tuple[CableRun, ...]:
    """Every cable that is laid one by one."""
    step = central(book.take(design.cabling.step_m)) if design.cabling.step_m is not None else None
    runs = []
    for one in wires:
        lengths = _central(one.length_m)
        orders = _central(ordered(one, step))
        for k in range(len(one.source.which)):
            runs.append(
                CableRun(
                    one.line.name, k + 1, one.medium.name, one.source.label(k), one.target.label(k), round(float(lengths[k]), DIGITS), round(float(orders[k]), DIGITS),
                    bool(one.at_least),
                )
            )  # fmt: skip
    return tuple(runs)


def cut_list(runs: Sequence[CableRun]) -> tuple[CutLine, ...]:
    """Runs by medium and length, longest first."""
    groups: dict[tuple[str, float, bool], list[CableRun]] = {}
    for run in runs:
        groups.setdefault((run.medium, run.order_m, run.at_least), []).append(run)
    lines = [CutLine(medium, order, len(held), lacks, tuple(dict.fromkeys(run.line for run in held))) for (medium, order, lacks), held in groups.items()]
    return tuple(sorted(lines, key=lambda line: (line.medium, -line.order_m)))


def _central(values: np.ndarray) -> np.ndarray:
    """The first of the draws; cables stay on the last axis."""
    return np.asarray(values).reshape(-1, np.asarray(values).shape[-1])[0]
