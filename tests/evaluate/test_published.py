"""Files of published measurements: merge keys, what is refused with its line, what is kept with its fault."""

from __future__ import annotations

import pytest

from rackloom.errors import BadInput
from rackloom.evaluate import read_published
from rackloom.evaluate.published import RECALLED

from .cases_text import SCHEMA


def write(folder, text, name="cases.yaml"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def refused(folder, text):
    with pytest.raises(BadInput) as caught:
        read_published(write(folder, text))
    return caught.value.faults


def test_rows_with_merged_models(tmp_path):
    found = read_published(write(tmp_path, SCHEMA))
    assert [(row.id, row.source, row.place.rpartition(":")[2], row.fault) for row in found.rows] == [("a", "one", "9", ""), ("b", "one", "10", ""), ("c", "two", "11", "")]
    assert found.rows[0].row["model"] == {"name": "Small", "layers": 4, "hidden": 256, "heads": 4, "kv_heads": 4, "ffn": 1024, "vocab": 1000, "key": "small", "seq": 2048}
    assert found.rows[1].row["model"]["hidden"] == 512  # a row's own word goes before what it merges in
    assert found.rows[0].told["publisher"] == "Someone"
    assert list(found.sources) == ["one", "two"]


def test_several_files_with_a_source_of_the_same_name(tmp_path):
    other = SCHEMA.replace("First (2024)", "First (2021)").replace("id: a,", "id: z,").replace("id: b,", "id: y,").replace("id: c,", "id: x,")
    found = read_published([write(tmp_path, SCHEMA), write(tmp_path, other, "other.yaml")])
    assert [row.id for row in found.rows] == ["a", "b", "c", "z", "y", "x"]
    assert [row.told["title"] for row in found.rows if row.source == "one"] == ["First (2024)", "First (2024)", "First (2021)", "First (2021)"]


def test_all_faults_of_all_files_at_once(tmp_path):
    bad = SCHEMA.replace("source: two", "source: too").replace("id: b", "id: a").replace("tflops_per_gpu: 100", "tflops_per_gpu: .nan")
    with pytest.raises(BadInput) as caught:
        read_published([write(tmp_path, bad), write(tmp_path, "rows: []\n", "none.yaml"), tmp_path / "absent.yaml"])
    told = [(str(fault.place), fault.what) for fault in caught.value.faults if fault.place]
    assert [(place.rpartition("/")[2].split(":")[:2], what) for place, what in told] == [
        (["cases.yaml", "10"], "row 'a' of source 'one' is given twice"),
        (["cases.yaml", "11"], "row 'c': no source 'too'"),
        (["cases.yaml", "11"], "row 'c': 'tflops_per_gpu' is not a finite number"),
        (["none.yaml", "1"], "the file does not say its form: a file of published measurements"),
    ]
    assert next(fault for fault in caught.value.faults if "too" in fault.what).nearest == "two"
    assert "absent.yaml" in str(caught.value)


@pytest.mark.parametrize(
    ("change", "line", "what"),
    [
        (("schema: 1", "schema: 2"), 1, "schema 2 is not known"),
        (("rows:", "row:"), 1, "no list of 'rows'"),
        (("- {id: a,", "- {"), 9, "a row without id"),
        (("measured: {tokens_per_s_per_gpu: 1000}", "measures: {tokens_per_s_per_gpu: 1000}"), 10, "row 'b' does not say what was measured"),
        (("hardware: {accelerator: A100, count: 8}", "hardware: A100"), 11, "'hardware' is not a mapping"),
        (("source: one, model: {<<: *small, hidden", "source: one, id: d, model: {<<: *small, hidden"), 10, "'id' is given twice"),
        (("verified: false", "verified: no"), 11, "verified is 'no'"),
        (("verified: false", "recalled: mfu"), 11, "'recalled' is not a list"),
        (("one: {title:", "one: title #"), 3, "'sources' is a mapping"),
    ],
)
def test_a_planted_fault_is_named_with_its_line(tmp_path, change, line, what):
    found = refused(tmp_path, SCHEMA.replace(*change))
    match = next(fault for fault in found if what in fault.what)
    assert match.place.line == line
    assert match.mend


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (("count: 8, scale_up_domain: 8", "count: eight"), "cases.yaml:9: hardware.count is 'eight', not a whole number of 1 or more"),
        (("global_batch: 64", "global_batch: 6.4"), "cases.yaml:9: parallelism.global_batch is '6.4', not a whole number of 1 or more"),
        (("seconds_per_iteration: 2.0", "seconds_per_iteration: -2.0"), "cases.yaml:9: measured.seconds_per_iteration is '-2.0', not a number above 0"),
        (("layers: 4", "layers: true"), "cases.yaml:7: model.layers is 'True', not a whole number of 1 or more"),  # at the anchor
    ],
)
def test_a_row_that_cannot_be_read_does_not_hold_up_the_others(tmp_path, change, fault):
    found = read_published(write(tmp_path, SCHEMA.replace(*change)))
    assert len(found.rows) == 3
    assert found.rows[0].fault == fault


def test_what_is_recalled_is_not_a_measurement(tmp_path):
    text = SCHEMA.replace("measured: {seconds_per_iteration: 2.0, mfu: 0.4}", "measured: {seconds_per_iteration: 2.0, mfu: 0.4}, recalled: [seconds_per_iteration, seq]")
    text = text.replace("measured: {tokens_per_s_per_gpu: 1000}", "measured: {tokens_per_s_per_gpu: 1000}, recalled: [tokens_per_s_per_gpu]")
    found = read_published(write(tmp_path, text))
    assert found.rows[0].row["measured"] == {"mfu": 0.4}
    assert (found.rows[0].fault, found.rows[1].fault) == ("", RECALLED)


def test_words_that_a_source_adds_are_its_own_affair(tmp_path):
    text = SCHEMA.replace(
        "precision: bf16, parallelism: {tp: 2}", "submitter: Someone, software: '26.02', precision: bf16, parallelism: {tp: 2, interleave: 'yes', fsdp: -1, ep: null}"
    )
    assert read_published(write(tmp_path, text)).rows[1].row["software"] == "26.02"


def test_half_a_megabyte_is_within_the_bounds_of_the_reader(tmp_path):
    head, _, rows = SCHEMA.partition("rows:\n")
    line = rows.splitlines()[0]
    text = head + "rows:\n" + "".join(line.replace("id: a,", f"id: a{index},") + "\n" for index in range(500_000 // len(line)))
    assert len(text) > 450_000
    assert len(read_published(write(tmp_path, text)).rows) > 1500
