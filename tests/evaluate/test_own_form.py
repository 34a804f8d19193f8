"""Our own form of published measurements: what rows have in common is said once, and reads back as the collectors' rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from rackloom.errors import BadInput
from rackloom.evaluate import read_published, row_predictor, validate_cases

COMMITTED = Path(__file__).parents[2] / "validation" / "cases" / "training.yaml"
OWN = """\
published: 1
models:
  gpt-22b: {name: GPT 22B, layers: 48, hidden: 6144, heads: 64, kv_heads: 64, ffn: 24576, vocabulary: 51200, shape_from: calculon}
  sized: {name: MaxText 32B, parameters: 32e9, vocabulary: 32000}
sources:
  korthikanti_2022:
    title: Reducing Activation Recomputation in Large Transformer Models (arXiv 2205.05198) Table 5
    address: calculon-ai/calculon
    publisher: NVIDIA
    grade: B
    common: {system: A100-80GB SXM, scale_up: 8, scale_out: 200 Gbit/s, precision: fp16, sequence: 2048, tp: 8, recalled: [scale_out]}
    cases:
    - {id: k22-22B-full, model: gpt-22b, accelerators: 8, pp: 1, dp: 1, micro_batch: 4, batch: 4, interleave: 1, sequence_parallel: false, recompute: full, measured: {step_s: 1.42}}
    - {id: sized, model: sized, accelerators: 64, scale_out: null, tp: 4, fsdp: -1, measured: {tflop_per_s: 328, mfu: 0.7147}, note: of its own, recalled: null}
"""
# The same two rows as a collector would write them.
ROWS = [
    {
        "id": "k22-22B-full", "source": "korthikanti_2022",
        "model": {"name": "GPT 22B", "layers": 48, "hidden": 6144, "heads": 64, "kv_heads": 64, "ffn": 24576, "vocab": 51200, "arch_source": "calculon", "key": "gpt-22b", "seq": 2048},
        "hardware": {"accelerator": "A100-80GB SXM", "count": 8, "scale_up_domain": 8, "scale_out_gbps_per_gpu": 200}, "precision": "fp16",
        "parallelism": {"tp": 8, "pp": 1, "dp": 1, "interleave": 1, "micro_batch": 4, "global_batch": 4, "seq_parallel": False, "recompute": "full"},
        "measured": {"seconds_per_iteration": 1.42}, "recalled": ["scale_out_gbps_per_gpu"],
    },
    {
        "id": "sized", "source": "korthikanti_2022", "model": {"name": "MaxText 32B", "params_b": 32, "vocab": 32000, "key": "sized", "seq": 2048},
        "hardware": {"accelerator": "A100-80GB SXM", "count": 64, "scale_up_domain": 8}, "precision": "fp16", "parallelism": {"tp": 4, "fsdp": -1},
        "measured": {"tflops_per_gpu": 328, "mfu": 0.7147}, "notes": "of its own",
    },
]  # fmt: skip


def write(folder, text):
    path = folder / "own.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_it_reads_back_as_the_collectors_rows(tmp_path):
    found = read_published(write(tmp_path, OWN))
    assert [dict(row.row) for row in found.rows] == ROWS
    assert [row.fault for row in found.rows] == ["", ""]
    told = {"title": "Reducing Activation Recomputation in Large Transformer Models (arXiv 2205.05198) Table 5", "ref": "calculon-ai/calculon", "publisher": "NVIDIA", "grade": "B"}
    assert found.sources == {"korthikanti_2022": told}


def test_both_forms_are_predicted_alike(tmp_path):
    """The same rows, written in the collectors' form with an anchor, give the same predictions."""
    import json

    theirs = tmp_path / "theirs.yaml"
    top = {"schema": 1, "sources": read_published(write(tmp_path, OWN)).sources, "rows": ROWS}
    theirs.write_text(json.dumps(top), encoding="utf-8")  # JSON is YAML
    predict = row_predictor(count=16)
    ours, others = validate_cases(write(tmp_path, OWN), predict), validate_cases(theirs, predict)
    assert ours.cases[0].prediction is not None
    assert [case.prediction for case in ours.cases] == [case.prediction for case in others.cases]


@pytest.mark.parametrize(
    ("change", "line", "what", "near"),
    [
        (("published: 1", "published: 2"), 1, "published: 2 is not known", ""),
        (("micro_batch: 4", "microbatch: 4"), 13, "unknown key 'microbatch'", "micro_batch"),
        (("model: gpt-22b,", "model: gpt-22,"), 13, "no model 'gpt-22'", "gpt-22b"),
        (("scale_out: 200 Gbit/s", "scale_out: 200"), 11, "scale_out", ""),
        (("step_s: 1.42", "step: 1.42"), 13, "unknown key 'step'", "step_s"),
        (("grade: B", "grade: F"), 6, "says title and grade", ""),
        (("layers: 48", "layer: 48"), 3, "unknown key 'layer'", "layers"),
        (("    cases:\n", "    case:\n"), 6, "no list of 'cases'", ""),
    ],
)
def test_a_planted_fault_is_named_with_its_line(tmp_path, change, line, what, near):
    with pytest.raises(BadInput) as caught:
        read_published(write(tmp_path, OWN.replace(*change)))
    match = next(fault for fault in caught.value.faults if what in fault.what)
    assert (match.place.line, match.nearest) == (line, near)
    assert match.mend


def test_the_committed_cases():
    """All are of sources with title and grade; none rests on a measured figure from memory; ids do not repeat."""
    found = read_published(COMMITTED)
    assert len(found.rows) == len({row.id for row in found.rows}) == 292
    assert {row.fault for row in found.rows} == {""}
    for row in found.rows:
        assert not set(row.row.get("recalled", ())) & set(row.row["measured"])
        assert row.row.get("verified") is None
    counts = {key: sum(row.source == key for row in found.rows) for key in found.sources}
    assert counts["vtrain_ground_truth"] == 109
    assert counts["llm_foundry"] == 61
    assert counts["mlperf_training"] == 26
    assert counts["korthikanti_2022"] == 10


@pytest.mark.parametrize(
    ("name", "measured"),
    [  # arXiv 2205.05198, table 5, and the logs of MLPerf Training v5.0 and v5.1, as they stood in the first 34 cases
        ("k22-1T-seqsel", 71.49), ("k22-530B-full", 49.05), ("mlperf-v5.0-405b-h100-512-nvidia", 55.1338), ("mlperf-v5.1-8b-gb300-512-nvidia", 0.0854),
        ("mlperf-v5.1-405b-b200-448-uf", 27.956),
    ],
)  # fmt: skip
def test_what_was_published_stands_as_published(name, measured):
    row = next(row for row in read_published(COMMITTED).rows if row.id == name)
    assert row.row["measured"]["seconds_per_iteration"] == measured
