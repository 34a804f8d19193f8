"""Published training runs against predictions: the groups, an error a row for each source, and the parity plot."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from rackloom.evaluate import Validation, groups_table, is_inside, parity_plot, row_predictor, skipped_table, source_page, validate_cases

CASES = Path(__file__).parent / "cases" / "training.yaml"
SEED, DRAWS = 1, 256


@cache
def validated() -> Validation:
    """The committed cases, predicted."""
    return validate_cases(CASES, row_predictor(seed=SEED, count=DRAWS))


def page(validation: Validation | None = None) -> str:
    """The whole of training.md."""
    found = validation or validated()
    parts = [
        "# Training runs, predicted against published",
        f"Written by `make validate`; seed {SEED}, {DRAWS} draws. Error is predicted over measured, less 1: for a step's time, above 0 is too slow; for tokens/s, above 0 is too "
        "fast. Rank is Spearman's correlation within one model and system; half width is that of the 80 % interval, as a share of the prediction; open counts rows with settings "
        "that their source leaves open. These rows are not a blind test: see the README beside this page.",
        "![Predicted against measured, by source](training_parity.svg)",
        groups_table(found.groups),
        _outside(found),
    ]
    if found.skipped:
        parts += ["Rows without a prediction, and why:", skipped_table(found)]
    return "\n\n".join([*parts, *(source_page(found, key) for key in found.sources)]) + "\n"


def plot(validation: Validation | None = None) -> str:
    """The whole of training_parity.svg."""
    return parity_plot((validation or validated()).cases, lambda case: case.source, title="Training runs: predicted against measured")


def _outside(validation: Validation) -> str:
    """On which side the measured values lie that no interval holds."""
    found = [case.prediction for case in validation.scored if case.prediction and not is_inside(case.prediction)]
    fast = sum((each.value < each.measured) == (each.quantity == "seconds_per_iteration") for each in found)
    return f"Measured values outside their interval: {len(found)}; {fast} of them with a prediction that is too fast, {len(found) - fast} too slow."
