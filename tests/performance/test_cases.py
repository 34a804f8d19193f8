"""Published training runs: every committed case is predicted and stays in sight. Not a blind test: see validation/README.md."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rackloom.draws import central, interval
from rackloom.errors import BadInput, Unknown
from rackloom.performance import predict_training_case
from rackloom.performance.cases import gpt_model
from rackloom.reading import read_yaml

from .toys import CATALOG, DRAWS

ROWS = read_yaml(Path(__file__).parents[2] / "validation" / "cases" / "training.yaml").value["cases"]


@pytest.fixture(scope="module")
def errors():
    """Prediction over measurement less 1, by case."""
    out = {}
    for row in ROWS:
        found = predict_training_case(row, catalog=CATALOG)
        assert found.fits, f"{row['id']}: {found.why_not}"
        assert found.ledger.dangling() == []
        out[row["id"]] = found.step_s / row["measured"]["step_s"] - 1
    return out


def test_published_steps_are_predicted(errors):
    """34 steps, 0.09 to 94 s, 8 to 8192 accelerators, A100 to GB300."""
    found = np.abs(list(errors.values()))
    assert len(found) == 34
    assert np.mean(found) < 0.15
    assert np.median(found) < 0.12


def test_korthikanti_2022(errors):
    """Table 5: eight steps on A100, data parallel 1."""
    found = [abs(error) for name, error in errors.items() if name.startswith("korthikanti")]
    assert len(found) == 8
    assert max(found) < 0.12


def test_faster_recipes_are_ranked_faster():
    """Table 5: sequence parallelism with selective recomputation beats full recomputation for each model, by 1.29 to 1.32 times."""
    for size, measured in (("22B", 1.42 / 1.10), ("175B", 18.13 / 13.75), ("530B", 49.05 / 37.83), ("1T", 94.42 / 71.49)):
        full, selective = (predict_training_case(next(row for row in ROWS if row["id"] == f"korthikanti-{size}-{how}"), catalog=CATALOG).step_s for how in ("full", "seqsel"))
        assert full / selective == pytest.approx(measured, rel=0.1)


def test_intervals_and_open_settings():
    row = next(row for row in ROWS if row["id"] == "mlperf-v5-0-405b-gb200-512-nvidia")
    found = predict_training_case(row, catalog=CATALOG, draws=DRAWS)
    low, high = interval(found.step_s)
    assert low < central(found.step_s) < high
    assert found.prefix == "evaluation.mlperf-v5-0-405b-gb200-512-nvidia"
    assert "interleave, recompute, gradients" in found.left_out[-1]
    settled = predict_training_case({**row, "strategy": found.strategy}, catalog=CATALOG)
    assert settled.step_s == pytest.approx(central(found.step_s), rel=1e-9)
    assert settled.left_out == found.left_out[:-1]


def test_a_row_whose_split_is_not_published():
    row = next(row for row in ROWS if row["id"] == "mlperf-v5-1-405b-b200-256-uf")
    found = predict_training_case(row, catalog=CATALOG)
    s = found.strategy
    assert (s["tp"] * s["pp"] * s["cp"], s["dp"], s["micro_batch"]) == (64, 4, 1)


@pytest.mark.parametrize(
    ("layers", "hidden", "heads", "billions"),
    # sizes as the README of NVIDIA/Megatron-LM v2.5 names them, vocabulary 51200, sequence 2048
    [(24, 2304, 24, 1.7), (30, 3072, 32, 3.6), (36, 4096, 32, 7.5), (40, 6144, 48, 18), (48, 8192, 64, 39), (60, 10240, 80, 76), (80, 12288, 96, 145), (96, 16384, 128, 310), (105, 20480, 128, 530), (128, 25600, 160, 1000)],
)  # fmt: skip
def test_published_parameters_of_gpt_shapes(layers, hidden, heads, billions):
    model = gpt_model("gpt", layers=layers, hidden=hidden, heads=heads, ffn=4 * hidden, vocabulary=51200)
    assert model.parameters / 1e9 == pytest.approx(billions, rel=0.035)  # names are rounded: 1.65 is called 1.7
    # Narayanan et al. 2021, equation 2: P = 12 l h^2 (1 + 13 / (12 h) + (V + s) / (12 l h)); ours counts the last norm, 2 h, too
    assert model.parameters - 2 * hidden == pytest.approx(12 * layers * hidden**2 * (1 + 13 / (12 * hidden) + (51200 + 2048) / (12 * layers * hidden)), rel=1e-12)


def test_rows_that_are_wrong_are_told():
    row = ROWS[0]
    with pytest.raises(BadInput, match="system"):
        predict_training_case({key: value for key, value in row.items() if key != "system"}, catalog=CATALOG)
    with pytest.raises(BadInput, match="batch"):
        predict_training_case({**row, "job": {"sequence": 2048}}, catalog=CATALOG)
    with pytest.raises(BadInput, match="strategy"):
        predict_training_case({**row, "stategy": {}}, catalog=CATALOG)
    with pytest.raises(BadInput, match="layers"):
        predict_training_case({**row, "model": {"name": "x"}}, catalog=CATALOG)
    with pytest.raises(Unknown, match="a100-hgx"):
        predict_training_case({**row, "system": "a100-hgs"}, catalog=CATALOG)
    with pytest.raises(Unknown):
        predict_training_case({**row, "precision": "fp8"}, catalog=CATALOG)
