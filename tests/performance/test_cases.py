"""Published training runs: every committed case is predicted and stays in sight. Not a blind test: see validation/README.md."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rackloom.draws import central, interval
from rackloom.errors import BadInput, Unknown
from rackloom.evaluate import read_published
from rackloom.performance import predict_row, predict_training_case
from rackloom.performance.cases import gpt_model

from .toys import CATALOG, DRAWS

# Two published steps in the form in which a program's results name a run.
OPEN = {
    "id": "mlperf-v5-0-405b-gb200-512-nvidia", "kind": "training", "model": "llama-3.1-405b", "system": "gb200-nvl72", "accelerators": 512, "precision": "fp8",
    "strategy": {"tp": 4, "pp": 8, "cp": 2, "dp": 8, "micro_batch": 1}, "job": {"global_batch": 896, "sequence": 8192}, "measured": {"step_s": 19.4742},
}  # fmt: skip
UNSPLIT = {
    "id": "mlperf-v5-1-405b-b200-256-uf", "kind": "training", "model": "llama-3.1-405b", "system": "b200-hgx", "accelerators": 256, "precision": "fp8",
    "strategy": {"model_parallel": 64, "dp": 4, "micro_batch": 1}, "job": {"global_batch": 576, "sequence": 8192}, "measured": {"step_s": 27.66},
}  # fmt: skip
PLAIN = {
    "id": "korthikanti-22B-full", "kind": "training", "model": {"name": "gpt-22b", "layers": 48, "hidden": 6144, "heads": 64, "ffn": 24576, "vocabulary": 51200}, "system": "a100-hgx",
    "accelerators": 8, "precision": "bf16", "job": {"global_batch": 4, "sequence": 2048, "dropout": True}, "measured": {"step_s": 1.42},
    "strategy": {"tp": 8, "pp": 1, "dp": 1, "micro_batch": 4, "interleave": 1, "cp": 1, "sequence_parallel": False, "recompute": "full", "attention": "unfused", "zero": 0, "gradients": "fp32"},
}  # fmt: skip
CASES = Path(__file__).parents[2] / "validation" / "cases" / "training.yaml"


@pytest.fixture(scope="module")
def errors():
    """Prediction over measurement less 1 at central values, of every committed published run, by id."""
    found = read_published([CASES])
    out = {}
    for published in found.rows:
        (predicted,) = predict_row(published.row, found.sources[published.row["source"]], catalog=CATALOG)
        out[published.row["id"]] = predicted.value / predicted.measured - 1
    return out


def test_every_committed_run_is_predicted(errors):
    """292 runs of 11 sources; their mean is a record in validation/training.md, this only holds the order of size."""
    assert len(errors) >= 290
    assert np.mean(np.abs(list(errors.values()))) < 0.15
    assert np.median(np.abs(list(errors.values()))) < 0.10


def test_korthikanti_2022(errors):
    """Table 5: eight steps on A100, data parallel 1."""
    found = [abs(error) for name, error in errors.items() if name.startswith("k22-") and "2240" not in name]
    assert len(found) == 8
    assert max(found) < 0.12


def test_a_row_that_says_everything():
    found = predict_training_case(PLAIN, catalog=CATALOG)
    assert found.fits
    assert found.ledger.dangling() == []
    assert found.step_s == pytest.approx(1.42, rel=0.12)


def test_intervals_and_open_settings():
    row = OPEN
    found = predict_training_case(row, catalog=CATALOG, draws=DRAWS)
    low, high = interval(found.step_s)
    assert low < central(found.step_s) < high
    assert found.prefix == "evaluation.mlperf-v5-0-405b-gb200-512-nvidia"
    assert "interleave, recompute, gradients" in found.left_out[-1]
    settled = predict_training_case({**row, "strategy": found.strategy}, catalog=CATALOG)
    assert settled.step_s == pytest.approx(central(found.step_s), rel=1e-9)
    assert settled.left_out == found.left_out[:-1]


def test_a_row_whose_split_is_not_published():
    found = predict_training_case(UNSPLIT, catalog=CATALOG)
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
    row = PLAIN
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
