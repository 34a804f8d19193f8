"""Published rows read into runs: names of machines and models, practice, batches, quantities."""

from __future__ import annotations

from datetime import date

import pytest

from rackloom.ledger import Ledger
from rackloom.performance import NotScored, flop_per_token, predict_row
from rackloom.performance.machine import make_machine
from rackloom.performance.rows import find_accelerator, generation_of, read_row, year_told
from rackloom.performance.runs import settle

from .toys import CATALOG, DRAWS

GPT = {"name": "GPT 22B", "layers": 48, "hidden": 6144, "heads": 64, "kv_heads": 64, "ffn": 24576, "vocab": 51200, "seq": 2048}
NODE = {"accelerator": "A100-80GB SXM", "count": 8, "scale_up_domain": 8, "scale_out_gbps_per_gpu": 200}
FULL = {"tp": 8, "pp": 1, "dp": 1, "interleave": 1, "micro_batch": 4, "global_batch": 4, "seq_parallel": False, "recompute": "full"}
ROW = {"id": "a.b", "source": "k_2022", "model": GPT, "hardware": NODE, "precision": "fp16", "parallelism": FULL, "measured": {"seconds_per_iteration": 1.42}}


def read(source=None, **changed):
    return read_row({**ROW, **changed}, source or {}, CATALOG)


def test_a_whole_row():
    found = read()
    assert (found.quantity, found.measured, found.machine) == ("seconds_per_iteration", 1.42, "ampere")
    run = found.run
    assert (run.job.global_batch, run.job.sequence, run.job.precision, run.job.software_date) == (4, 2048, "bf16", date(2022, 7, 1))
    assert run.job.dropout
    assert run.given["attention"] == "unfused"
    assert run.given["zero"] == 0
    assert run.system.tiers[-1].link_bytes_per_s.value == 25e9
    assert set(run.open_settings) <= {"ep", "gradients"}


@pytest.mark.parametrize(
    ("text", "name", "generation"),
    [("A100-80GB SXM", "a100", "ampere"), ("H100-80GB SXM (GCP A3)", "h100", "hopper"), ("GB200", "gb200", "blackwell"), ("TPU v5p", "tpu-v5p", "tpu"), ("MI300X", "mi300x", "cdna"),
     ("B200-180GB SXM", None, "blackwell")],
)  # fmt: skip
def test_names_of_accelerators(text, name, generation):
    item = find_accelerator(text, CATALOG)
    assert name in (None, item.name)
    assert generation_of(item) == generation


def test_what_says_too_little_is_not_scored():
    for changed, why in (
        ({"hardware": {**NODE, "accelerator": "Abacus 9"}}, "Abacus 9"),
        ({"hardware": {**NODE, "count": None}}, "how many accelerators"),
        ({"model": {"name": "secret"}}, "shape"),
        ({"precision": "posit8"}, "posit8"),
        ({"measured": {"loss": 2.0}}, "no step time"),
    ):
        with pytest.raises(NotScored, match=why):
            read(**changed)
    with pytest.raises(NotScored, match="neither"):
        predict_row({key: value for key, value in ROW.items() if key != "parallelism"}, {}, catalog=CATALOG)


@pytest.mark.parametrize(
    ("text", "year"),
    [("x 2022 (arXiv 2205.05198)", 2022), ("arXiv 2412.19437", 2024), ("Benchmark 2024-12 and 2025-06", 2025), ("llama3_202506 file", 2025), ("v5.0", None), ("", None)],
)
def test_years(text, year):
    assert year_told(text.replace("_", " ")) == year


def test_flops_become_tokens_by_the_sources_rule():
    found = read_row({**ROW, "source": "megatron_lm_2021", "measured": {"tflops_per_gpu": 140.0}}, {}, CATALOG)
    assert found.quantity == "tokens_per_s_per_gpu"
    assert found.measured == pytest.approx(140e12 / flop_per_token("megatron_recomputed", found.run.model, 2048))
    assert any("megatron_recomputed" in note for note in found.notes)
    used = read(measured={"mfu": 0.5})
    assert used.measured == pytest.approx(0.5 * 312e12 / flop_per_token("megatron", used.run.model, 2048))


def test_practice_of_fsdp():
    parallelism = {"tp": 1, "pp": 1, "dp": 8, "micro_batch": 2, "global_batch": 16, "recompute": "selective", "zero": 3}
    plain = read(parallelism=parallelism, precision="bf16", source={"title": "x"}).run
    assert plain.job.eager
    assert (plain.given["zero"], plain.given["recompute"], plain.given["attention"], plain.given["tensor_overlap"]) == (3, "operators", "older", False)
    late = read(parallelism=parallelism, precision="bf16", source={"title": "of 2025"}).run
    assert not late.job.eager
    assert read(parallelism=parallelism, precision="bf16", source={"title": "of 2025"}, notes="no compile").run.job.eager
    assert read(parallelism=parallelism, precision="fp8 linear", notes="async TP").run.given["tensor_overlap"]


def test_batches():
    local = read(parallelism={"tp": 1, "pp": 4, "dp": 2, "micro_batch": 8, "global_batch": 16, "recompute": "full"}, precision="bf16").run
    assert "micro_batch" in local.open_settings  # the batch of a replica, cut by the pipeline
    assert local.job.global_batch == 16
    open_batch = read(parallelism={"tp": 1, "pp": 1, "dp": 8, "micro_batch": 2, "grad_accum": 3, "recompute": "full"}, precision="bf16")
    assert open_batch.run.job.global_batch == 8 * 2 * 3
    assert "batch of a step not stated" in open_batch.notes


def test_open_settings_are_the_fastest_that_fit():
    run = read(parallelism={"model_parallel": 8, "global_batch": 64}, precision="bf16").run
    machine = make_machine(run.system, Ledger(), catalog=CATALOG)
    found = settle(run, machine)
    assert found.tp * found.pp * found.cp == 8
    assert {"tp", "pp", "cp", "micro_batch", "recompute"} <= set(run.open_settings)


def test_a_prediction_with_its_interval():
    (found,) = predict_row(ROW, {}, catalog=CATALOG, draws=DRAWS)
    assert found.low < found.value < found.high
    assert (found.kind, found.machine, found.model, found.system) == ("dense", "ampere", "GPT 22B", "A100-80GB SXM")
    (plain,) = predict_row(ROW, {}, catalog=CATALOG)
    assert plain.low == plain.value == plain.high
