"""`rackloom needs --serve`: the one-line answer, both kinds of ways, the front, latency, energy, cost; faults together."""

from __future__ import annotations

import json

import pytest

from rackloom.report.numbers import number_text

from .test_needs import run

QUESTION = ["needs", "llama-3.1-8b", "--system", "h200-hgx", "--serve", "isl=2000,osl=500,ttft=500ms,tpot=20ms", "--accelerators", "4"]


def test_the_answer_in_text():
    done = run(*QUESTION, "--support", "--usd-per-accelerator", "40000")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert any(line.startswith("YES: llama-3.1-8b on h200-hgx, 2000 and 500 tokens within TTFT 500 ms, TPOT 20 ms:") for line in lines)
    for said in (
        "covered",
        "Prefill and decode together",
        "Prefill and decode apart",
        "Speed for each user",
        "p99",
        "What the time goes into",
        "Energy:",
        "for a million output tokens: energy",
    ):
        assert said in done.stdout


def test_the_answer_as_data():
    done = run(*QUESTION, "--json")
    (answer,) = json.loads(done.stdout)["answers"]
    found, ranked = answer["estimate"], answer["search"]["ranked"]
    assert found["fits"] is True
    assert found["replica_accelerators"] <= 4
    assert {"prefill" in c["strategy"] for c in ranked} == {True, False}
    assert all(c["tpot_s"] <= 0.02 and c["ttft_s"] <= 0.5 for c in ranked)
    assert answer["power"]["joule_per_token"]["low"] < answer["power"]["joule_per_token"]["value"] < answer["power"]["joule_per_token"]["high"]
    assert set(answer["cost"]["terms"]) == {"energy", "idle_energy"}  # no price was given
    assert answer["support"]["groups"][0]["runs"] > 300
    assert number_text(found["tokens_per_s_per_accelerator"]["value"], "token/s")


def test_limits_that_nothing_keeps_end_with_1():
    done = run("needs", "llama-3.1-8b", "--system", "h200-hgx", "--serve", "isl=2000,osl=500,tpot=0.01ms")
    assert done.returncode == 1
    assert done.stdout.startswith("NO: llama-3.1-8b")
    assert "TPOT" in done.stdout


@pytest.mark.parametrize(
    ("serve", "said"),
    [
        ("isl=2000,osl=500,ttf=1s", ["'ttf=1s' is not understood", "nearest: 'ttft'"]),
        ("isl=2000", ["does not say osl"]),
        ("isl=2000,osl=500,tpot=4", ["tpot: '4' has no unit"]),
        ("isl=0,osl=500", ["isl=0 is not above 0"]),
        ("isl=10,osl=5,hit=150 %", ["more than all"]),
        ("isl=10,osl=5,turns=3,hit=50 %", ["turns say what of a prompt is cached"]),
        ("isl=10,osl=5,turns=2.5,draft=0.5", ["turns=2.5 is not a whole number", "draft=0.5 is not a whole number"]),
        ("isl=10,osl=5,kept=90 %,accepted=0.5", ["kept_share, accepted_share", "next and kept go with turns"]),
        ("isl=2000,osl=x,tpot=4", ["osl:", "tpot:"]),
    ],
)
def test_faults_are_told_together(serve, said):
    done = run("needs", "llama-3.1-8b", "--system", "h200-hgx", "--serve", serve)
    assert done.returncode == 2
    for each in said:
        assert each in done.stderr
    assert "Traceback" not in done.stderr


def test_two_questions_at_once_are_refused():
    done = run(*QUESTION, "--train", "1e12tok", "--deadline", "30d")
    assert done.returncode == 2
    assert "two things" in done.stderr


def test_a_conversation_is_its_mean_request():
    """Six turns: 2000 tokens, then 150 and an answer of 400 more each; 90 % of what was there is kept: 3375 tokens, 0.9 x (5/6 x 2400 + 5/3 x 550) = 2625 cached."""
    rates = []
    for serve in ("isl=2000,osl=400,turns=6,next=150,kept=90 %,tpot=20ms", "isl=3375,osl=400,hit=0.7777777777777778,tpot=20ms"):
        done = run("needs", "llama-3.1-8b", "--system", "h200-hgx", "--serve", serve, "--json")
        rates.append(json.loads(done.stdout)["answers"][0]["estimate"]["tokens_per_s_per_accelerator"]["value"])
    assert rates[0] == pytest.approx(rates[1])


def test_guesses_that_are_kept_make_answers_quicker():
    found = {}
    for words in ("", ",draft=3,accepted=0.1", ",draft=3,accepted=0.9"):
        done = run("needs", "llama-3.1-8b", "--system", "h200-hgx", "--serve", f"isl=2000,osl=400,tpot=4ms{words}", "--json")
        best = json.loads(done.stdout)["answers"][0]["estimate"]
        found[words] = best["tokens_per_s_per_accelerator"]["value"]
        assert f"'draft': {3 if words else 0}" in str(best["strategy"])
    assert found[",draft=3,accepted=0.9"] > 1.5 * found[""] > 1.5 * found[",draft=3,accepted=0.1"]


def test_hits_in_the_prefix_cache_help():
    rates = []
    for hit in ("0 %", "80 %"):
        done = run("needs", "llama-3.1-8b", "--system", "h200-hgx", "--serve", f"isl=8000,osl=200,tpot=20ms,hit={hit}", "--json")
        rates.append(json.loads(done.stdout)["answers"][0]["estimate"]["tokens_per_s_per_accelerator"]["value"])
    assert rates[1] > 1.5 * rates[0]
