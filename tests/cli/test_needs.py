"""`rackloom needs`: one model on one system, from the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

CONFIG = Path(__file__).parents[2] / "src" / "rackloom" / "catalog" / "data" / "models" / "llama-3.1-8b.json"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(Path(sys.executable).parent / "rackloom"), *arguments], capture_output=True, text=True)


@pytest.fixture(scope="module")
def answer():
    done = run("needs", str(CONFIG), "--system", "gb200-nvl72", "--train", "2e12tok", "--deadline", "30d", "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["answers"][0]


def test_the_answer_in_one_line(answer):
    assert answer["line"].startswith("YES: llama-3.1-8b on gb200-nvl72, 2e+12 tokens in 30 d: ")
    assert "limited by" in answer["line"]


def test_strategies_are_ranked_and_counted(answer):
    search = answer["search"]
    steps = [candidate["step_s"] for candidate in search["ranked"]]
    assert steps == sorted(steps)
    assert 0 < search["feasible"] <= search["visited"]
    assert search["accelerators"] == answer["estimate"]["accelerators"]["value"]
    assert answer["estimate"]["strategy"] == search["ranked"][0]["strategy"]


def test_what_limits_and_how_sure(answer):
    estimate = answer["estimate"]
    assert sum(estimate["shares"].values()) == pytest.approx(1.0)
    assert set(estimate["spread"]) == {"kernels", "power", "network", "overlap", "software"}
    assert all(0.0 <= value < 0.5 for value in estimate["spread"].values())
    rate = estimate["tokens_per_s_per_accelerator"]
    assert rate["low"] < rate["value"] < rate["high"]


def test_nothing_of_the_front_beats_another(answer):
    points = answer["front"]
    assert len(points) > 1
    for one in points:
        for other in points:
            if one is not other:
                assert one["tokens_per_s"] > other["tokens_per_s"] or one["power_w"] < other["power_w"]


def test_support_is_told_first():
    done = run("needs", "llama-3.1-8b", "--system", "h100-hgx", "--train", "2e12tok", "--deadline", "90d", "--support")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0].startswith("This case is well covered")
    assert next(line for line in lines if line.startswith("YES")) in lines
    assert "kind:dense,machine:hopper" in done.stdout


def test_an_announced_chip_is_poorly_covered():
    done = run("needs", "llama-3.1-8b", "--system", "vr-nvl72", "--train", "2e12tok", "--deadline", "90d", "--support")
    assert "poorly covered" in done.stdout
    assert "announced" in done.stdout


def test_a_price_makes_a_cost():
    done = run("needs", "llama-3.1-8b", "--system", "h100-hgx", "--train", "2e12tok", "--deadline", "90d", "--usd-per-accelerator-hour", "2", "--json")
    point = json.loads(done.stdout)["answers"][0]["front"][0]
    assert point["usd_per_s"] * 3600 == pytest.approx(2 * point["accelerators"])


def test_a_deadline_that_cannot_be_met_is_a_no():
    done = run("needs", "llama-3.1-405b", "--system", "h100-hgx", "--train", "15e12tok", "--deadline", "1h")
    assert done.returncode == 1
    assert done.stdout.startswith("NO: ")


def test_a_model_alone():
    done = run("needs", "llama-3.1-8b")
    assert done.returncode == 0
    assert "8.03 billion parameters" in done.stdout


def test_memory_by_kind_and_flops_by_rule_are_told():
    done = run("needs", "llama-3.1-8b", "--system", "h100-hgx", "--train", "2e12tok", "--deadline", "90d")
    for word in ("weights", "gradients", "optimizer", "activations", "buffers", "useful", "megatron_recomputed", "llm_foundry", "hardware"):
        assert word in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["llama-3.1-8b", "--train", "1e12tok"], "--deadline"),
        (["llama-3.1-8b", "--train", "1e12", "--deadline", "90"], "--deadline"),
        (["llama-3.1-8b", "--train", "-1tok", "--deadline", "90d"], "above 0"),
        (["llama-3.1-8b", "--train", "1e12tok", "--deadline", "90d", "--start", "soon"], "2027-06-01"),
        (["llama-3.1-8b", "--system", "gb200-nvl73", "--train", "1e12tok", "--deadline", "90d"], "gb200-nvl72"),
        (["no-such.json"], "no-such.json"),
    ],
)
def test_faults_are_told_with_the_mend(arguments, said):
    done = run("needs", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
