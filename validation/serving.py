"""Published serving measurements against predictions: the groups, an error a row for each source, and the parity plot."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from rackloom.evaluate import Validation, groups_table, parity_plot, row_predictor, skipped_table, source_page, validate_cases
from validation.markdown import percent, table
from validation.training import DRAWS, SEED

CASES = Path(__file__).parent / "cases" / "serving.yaml"
LOADED = ("trtllm_overview_a", "trtllm_overview_b", "mlperf_inference")  # rows of maximum load


@cache
def validated() -> Validation:
    """The committed cases, predicted."""
    return validate_cases(CASES, row_predictor(seed=SEED, count=DRAWS))


def page(validation: Validation | None = None) -> str:
    """The whole of serving.md."""
    found = validation or validated()
    parts = [
        "# Serving, predicted against published",
        f"Written by `make validate`; seed {SEED}, {DRAWS} draws. Error is predicted over measured, less 1: for tokens/s, above 0 is too fast; for TTFT and TPOT, above 0 is too slow. A row of "
        "the closed loop has two predictions, TTFT and TPOT. These rows are not a blind test: see the README beside this page.",
        "## What a user would ask first",
        table(["figure", "rows", "median error", "mean error", "in 80 %"], _asked(found)),
        "![Predicted against measured, by source](serving_parity.svg)",
        groups_table(found.groups),
    ]
    if found.skipped:
        parts += ["Rows without a prediction, and why:", skipped_table(found)]
    return "\n\n".join([*parts, *(source_page(found, key) for key in found.sources)]) + "\n"


def _asked(validation: Validation) -> list[list[str]]:
    """Tokens/s at maximum load, and TTFT and TPOT of the closed loop."""
    wanted = {
        "tokens/s at maximum load (TensorRT-LLM, MLPerf)": lambda case: case.source in LOADED and case.quantity == "tokens_per_s_per_gpu",
        "tokens/s, all": lambda case: case.quantity == "tokens_per_s_per_gpu",
        "TPOT": lambda case: case.quantity == "tpot_ms",
        "TTFT": lambda case: case.quantity == "ttft_ms",
    }
    rows = []
    for name, holds in wanted.items():
        cases = [case for case in validation.scored if holds(case)]
        errors = np.abs([case.error for case in cases if case.error is not None])
        inside = [case.prediction.low <= case.prediction.measured <= case.prediction.high for case in cases if case.prediction]
        rows.append([name, str(len(cases)), *((percent(float(np.median(errors))), percent(float(np.mean(errors))), percent(float(np.mean(inside)))) if cases else ("", "", ""))])
    return rows


def plot(validation: Validation | None = None) -> str:
    """The whole of serving_parity.svg."""
    cases = [case for case in (validation or validated()).cases if case.quantity == "tokens_per_s_per_gpu"]
    return parity_plot(cases, lambda case: case.source, title="Serving: tokens/s of an accelerator, predicted against measured")
