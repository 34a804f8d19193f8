"""How good some predictions are in the mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Summary:
    """How good predictions are in the mean. Errors are predicted over measured, less 1."""

    rows: int
    mape: float  # mean of absolute errors
    median_ape: float
    bias: float  # mean of errors
    inside: int
    with_interval: int

    @property
    def coverage(self) -> float | None:
        """Share of the rows with an 80 % interval whose measured value lies in it."""
        return self.inside / self.with_interval if self.with_interval else None


def summary_of(errors: Sequence[float], inside: Sequence[bool | None]) -> Summary:
    """The summary of some rows. Raises ValueError without any: no row, no figure."""
    if not errors:
        raise ValueError("a summary of no rows")
    held = [each for each in inside if each is not None]
    size = np.abs(errors)
    return Summary(len(errors), float(np.mean(size)), float(np.median(size)), float(np.mean(errors)), sum(held), len(held))
