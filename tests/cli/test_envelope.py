"""`rackloom envelope`: what the lab sees, what others see, what is refused. The whole release is run by docs/release.md."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rackloom.cli.main import _register, app
from rackloom.errors import BadInput
from rackloom.needs import read_released

FIRST = Path(__file__).resolve().parents[2] / "examples" / "first"
SMALL = "rounding: 5 %\nquantiles: [50 %]\nneeds: {chat: a}\naxes: {compute: 3 to 4 PFLOP/s, memory_bandwidth: 6 to 7 TB/s, memory: 180 to 190 GB, scale_up_link: 900 GB/s, scale_up_domain: [72], scale_out_link: 50 GB/s}\n"  # fmt: skip


@pytest.fixture(scope="module")
def run():
    if not any(command.callback and command.callback.__name__ == "envelope" for command in app.registered_commands):
        _register()
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


def test_without_a_policy_the_lab_sees_all_and_nothing_is_written(run, tmp_path):
    done = run("envelope", FIRST / "program.yaml", "--json")
    assert done.exit_code == 0, done.output
    rows = json.loads(done.stdout)["rows"]
    assert {"total_flop_per_s", "memory_bytes", "accelerators_count"} <= {row["quantity"] for row in rows}
    assert not (FIRST / "released.yaml").exists()


def test_with_a_policy_the_json_says_what_the_file_holds(run, tmp_path):
    (tmp_path / "policy.yaml").write_text(SMALL, encoding="utf-8")
    out = tmp_path / "out" / "released.yaml"
    done = run("envelope", FIRST / "program.yaml", "--release", tmp_path / "policy.yaml", "--out", out, "--json")
    assert done.exit_code == 0, done.output
    told, read = json.loads(done.stdout), read_released(out)
    assert told["id"] == read.id
    assert set(told["needs"]) == set(told["fits"]) == set(read.needs) == {"a"}
    assert [path.name for path in out.parent.iterdir()] == ["released.yaml"], "nothing half-written is left"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--out", "x.yaml"], "--out goes with --release"),
        (["--estimate", "gb200-nvl72"], "--estimate goes with --release"),
        (["--release", FIRST / "release.yaml", "--out", FIRST / "program.yaml"], "is not a release"),
        (["--release", FIRST / "program.yaml", "--out", "x.yaml"], "as_of"),
    ],
)
def test_what_is_wrong_is_refused_before_any_work(run, words, told):
    done = run("envelope", FIRST / "program.yaml", *words)
    assert isinstance(done.exception, BadInput)
    assert told in str(done.exception)
