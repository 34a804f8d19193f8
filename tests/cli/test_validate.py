"""`rackloom validate`: the table, strict JSON, the files that it writes, and what it refuses."""

from __future__ import annotations

import json
import sys
import xml.etree.ElementTree as ElementTree

import pytest

from rackloom.cli.main import main

CASES = """\
schema: 1
sources:
  one: {title: "First (2024)", ref: "https://example.org/one", publisher: Someone}
  two/../2: {title: Second}
models:
  small: &small {name: Small, layers: 24, hidden: 2048, heads: 16, kv_heads: 16, ffn: 8192, vocab: 51200}
rows:
- {id: a, source: one, model: {<<: *small, key: small, seq: 2048}, hardware: {accelerator: H100-80GB SXM, count: 8, scale_up_domain: 8, scale_out_gbps_per_gpu: 400}, precision: bf16, parallelism: {tp: 1, pp: 1, dp: 8, micro_batch: 2, global_batch: 64}, measured: {seconds_per_iteration: 1.0}}
- {id: b, source: one, model: {<<: *small, key: small, seq: 2048}, hardware: {accelerator: nothing that is known, count: 8}, precision: bf16, parallelism: {tp: 1}, measured: {seconds_per_iteration: 1.0}}
- {id: c, source: two/../2, model: {<<: *small, key: small, seq: 4096}, hardware: {accelerator: A100-80GB SXM, count: 16, scale_up_domain: 8}, precision: bf16, parallelism: {tp: 2, pp: 1, dp: 8, micro_batch: 1, global_batch: 64}, measured: {tokens_per_s_per_gpu: 9000}}
- {id: d, source: two/../2, model: {<<: *small, key: small}, hardware: {accelerator: A100-80GB SXM, count: 16}, parallelism: {tp: 2}, measured: {tokens_per_s_per_gpu: 9000}, verified: false}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "cases.yaml").write_text(CASES, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "230")
    return tmp_path


@pytest.fixture
def run(monkeypatch, capsys):
    def run_it(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["rackloom", "validate", *words])
        with pytest.raises(SystemExit) as left:
            main()
        return left.value.code, *capsys.readouterr()

    return run_it


def no_constant(word: str):
    raise AssertionError(f"'{word}' is no JSON")


def test_json_is_one_strict_document(folder, run):
    status, out, err = run("cases.yaml", "--json")
    assert (status, err) == (0, "")
    found = json.loads(out, parse_constant=no_constant)
    cases = {case["id"]: case for case in found["cases"]}
    assert list(cases) == ["a", "b", "c", "d"]
    assert list(cases["a"]) == ["id", "source", "quantity", "measured", "predicted", "low", "high", "error", "skipped"]
    assert cases["a"]["error"] == pytest.approx(cases["a"]["predicted"] / 1.0 - 1.0)
    assert cases["a"]["low"] < cases["a"]["predicted"] < cases["a"]["high"]
    assert cases["b"]["skipped"]
    assert cases["b"]["predicted"] is None
    assert cases["d"]["skipped"] == "not verified at its source: recalled"
    groups = found["groups"]
    assert (groups["all"]["rows"], groups["all"]["scored"], groups["all"]["skipped"]) == (4, 2, 2)
    assert groups["all"]["mape"] == pytest.approx((abs(cases["a"]["error"]) + abs(cases["c"]["error"])) / 2)
    assert groups["source:one"]["bias"] == pytest.approx(cases["a"]["error"])
    assert groups["kind:dense,machine:hopper"]["scored"] == 1
    assert groups["source:one,quantity:seconds_per_iteration"]["rows"] == 2
    assert groups["all"]["rank_correlation"] is None


def test_the_table_names_sources_the_worst_and_what_was_skipped(folder, run):
    status, out, _ = run("cases.yaml")
    assert status == 0
    for words in ("source:one", "source:two/../2", "The 2 furthest off", "2 rows skipped", "not verified at its source: recalled", "nothing that is known"):
        assert words in out, words
    assert "kind:" not in out


def test_files_for_each_source_lie_in_the_folder(folder, run):
    status, out, _ = run("cases.yaml", "--out", "out/v")
    assert status == 0
    assert "out/v" in out
    assert {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} == {
        "cases.yaml", "out/v/one.md", "out/v/two-2.md", "out/v/parity-machine.svg", "out/v/parity-source.svg",
    }  # fmt: skip
    one = (folder / "out/v/one.md").read_text(encoding="utf-8")
    assert one.startswith("# one\n\nFirst (2024)\n")
    assert "| a | 1.000 | " in one
    assert "skipped: " in one
    root = ElementTree.fromstring((folder / "out/v/parity-machine.svg").read_text(encoding="utf-8"))
    assert {text.text for text in root.iter("{http://www.w3.org/2000/svg}text")} >= {"hopper", "ampere"}


def test_one_source_and_a_seed(folder, run):
    first, again, other = (json.loads(run("cases.yaml", "--source", "one", "--seed", seed, "--json")[1]) for seed in ("1", "1", "2"))
    assert [case["id"] for case in first["cases"]] == ["a", "b"]
    assert first == again
    assert first["cases"][0]["low"] != other["cases"][0]["low"]


def test_several_files_and_both_forms(folder, run):
    own = """\
published: 1
models: {small: {name: Small, layers: 24, hidden: 2048, heads: 16, kv_heads: 16, ffn: 8192, vocabulary: 51200}}
sources:
  one:
    title: First (2024)
    grade: B
    cases:
    - {id: own, model: small, system: H100-80GB SXM, accelerators: 8, scale_up: 8, scale_out: 400 Gbit/s, precision: bf16, sequence: 2048, tp: 1, pp: 1, dp: 8, micro_batch: 2, batch: 64, measured: {step_s: 1.0}}
"""
    (folder / "own.yaml").write_text(own, encoding="utf-8")
    found = {case["id"]: case for case in json.loads(run("cases.yaml", "own.yaml", "--json")[1])["cases"]}
    assert list(found) == ["a", "b", "c", "d", "own"]
    assert found["own"]["predicted"] == found["a"]["predicted"]  # the same run, told in two forms


@pytest.mark.parametrize(
    ("change", "words", "told"),
    [
        (("id: c, source: two/../2", "id: c, source: two"), (), "cases.yaml:10:"),
        (("measured: {seconds_per_iteration: 1.0}}\n- {id: b", "measured: {seconds_per_iteration: .inf}}\n- {id: b"), (), "cases.yaml:8:"),
        (("", ""), ("--source", "tow"), "no source 'tow'"),
        (("", ""), ("--out", "cases.yaml"), "--out: 'cases.yaml' is a file"),
        (("", ""), ("absent.yaml",), "no file 'absent.yaml'"),
        (("", ""), ("--seed", "-1"), "--seed"),
    ],
)
def test_bad_input_is_refused_without_a_result(folder, run, change, words, told):
    (folder / "cases.yaml").write_text(CASES.replace(*change) if change[0] else CASES, encoding="utf-8")
    status, out, err = run("cases.yaml", *words)
    assert (status, out) == (2, "")
    assert told in err
    assert "Traceback" not in err
    assert [path.name for path in folder.iterdir()] == ["cases.yaml"]
