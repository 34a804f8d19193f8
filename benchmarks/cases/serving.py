"""The question of aiconfigurator's README: DeepSeek-V3 on 32 and Llama 3.1 70B on 8 H200, asked of both in one run.

Set AICONFIGURATOR to the `aiconfigurator` command of an environment that it is installed in (0.12.0 from PyPI) to compare: the
ratio is our seconds over its, each as a command of its own.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.clock import Timing, sample
from benchmarks.registry import Case, Outcome

QUESTIONS = {"deepseek-v3": ("deepseek-ai/DeepSeek-V3", 32), "llama-3.1-70b": ("meta-llama/Meta-Llama-3.1-70B", 8)}
INPUT, OUTPUT, TTFT_MS, TPOT_MS = 4000, 1000, 1000, 40
ROWS = {"together": False, "apart": True}


def ask(model: str, accelerators: int) -> dict[str, object]:
    """Our command's answer."""
    serve = f"isl={INPUT},osl={OUTPUT},ttft={TTFT_MS}ms,tpot={TPOT_MS}ms"
    command = [str(Path(sys.executable).with_name("rackloom")), "needs", model, "--system", "h200-hgx", "--serve", serve, "--accelerators", str(accelerators), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["answers"][0]


def ask_peer(model: str, accelerators: int) -> str:
    """aiconfigurator's answer as it prints it."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            os.environ["AICONFIGURATOR"], "cli", "default", "--model-path", model, "--total-gpus", str(accelerators), "--system", "h200_sxm", "--backend", "trtllm", "--isl", str(INPUT),
            "--osl", str(OUTPUT), "--ttft", str(TTFT_MS), "--tpot", str(TPOT_MS),
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder)
    return done.stdout + done.stderr


def check(answer: dict[str, object], accelerators: int) -> dict[str, str]:
    """The best way of each kind in words; AssertionError where one breaks a limit or takes too many accelerators."""
    found = {}
    for name, is_apart in ROWS.items():
        best = next(c for c in answer["search"]["ranked"] if ("prefill" in c["strategy"]) is is_apart)  # type: ignore[index]
        assert best["ttft_s"] <= TTFT_MS / 1e3, best
        assert best["tpot_s"] <= TPOT_MS / 1e3, best
        found[name] = f"{best['tokens_per_s_per_accelerator']:.0f} tok/s each, TTFT {best['ttft_s'] * 1e3:.0f} ms, TPOT {best['tpot_s'] * 1e3:.1f} ms"
    assert answer["estimate"]["replica_accelerators"] <= accelerators  # type: ignore[index]
    return found


def peers_best(text: str) -> str:
    """What aiconfigurator says of its best configuration: lines of its summary with figures."""
    lines = [line.strip(" │|*-").strip() for line in re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()]
    wanted = [line for line in lines if re.match(r"(Best|- ?Best|TTFT|TPOT|agg|disagg|tokens/s)", line) and re.search(r"\d", line)]
    return "; ".join(wanted[:8])


def run(smoke: bool) -> Outcome:
    """Both questions, one command each."""
    facts: dict[str, float | int | str] = {}
    ours, theirs = [], []
    for model, (peer, accelerators) in QUESTIONS.items():
        for _ in range(1 if smoke else 3):
            ours.append(sample(lambda model=model, accelerators=accelerators: ask(model, accelerators), of_children=True))
        facts |= {f"{model}, {name}": said for name, said in check(ask(model, accelerators), accelerators).items()}
        if os.environ.get("AICONFIGURATOR") and not smoke:
            said: list[str] = []
            theirs.append(sample(lambda peer=peer, accelerators=accelerators, said=said: said.append(ask_peer(peer, accelerators)), of_children=True))
            facts[f"{model}, aiconfigurator"] = peers_best(said[0])
    timings = {"an answer": Timing(tuple(ours))}
    if not theirs:
        return Outcome(timings, None, facts)
    return Outcome({**timings, "aiconfigurator, an answer": Timing(tuple(theirs))}, ("an answer", "aiconfigurator, an answer"), facts)


CASE = Case("serving", "how to serve DeepSeek-V3 on 32 and Llama 3.1 70B on 8 H200 within 1000 and 40 ms, a command each", run)
