"""Requests followed one by one through prefill and decode replicas of their own: percentiles of TTFT and TPOT.

Prompts come at random and wait in one line for the first group of a prefill replica that is free; it takes as many as a step of its
reads, and those that have come. The cache is sent on, and a decode group gives the tokens (`queue`), with room for the cache
that waits. Who waits is decided at central values; draws time it again in proportion to the means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from heapq import heapreplace

import numpy as np

from ..draws import Number, central
from ..needs.model import Model
from .apart import ApartTimes, apart_times, columns_of_serving, prefill_times
from .jobs import Disaggregated
from .loads import SEED, TTFT_SHARES, Lengths, arrivals, most_at_once, outcome
from .machine import Machine
from .queue import Engine
from .steady import Requests

FOLLOWED = 4000  # prompts


def follow_apart(central_machine: Machine, machine: Machine, model: Model, s: Disaggregated, lengths: Lengths, engine: Engine, count: int) -> Mapping[tuple[str, float], Number]:
    """Percentiles by (ttft or tpot, share) [s] at the set's own rate; those of TPOT are absent where no decode request has room.

    `central_machine` holds central values, `machine` those under draws; `count` requests of a decode group are followed.
    """
    requests = Requests(lengths.prompt, lengths.answer, lengths.cached, lengths.spread)
    times, drawn = (apart_times(each, model, s, requests) for each in (central_machine, machine))
    rate = central(times.tokens_per_s_per_accelerator) * s.ranks / lengths.answer
    found = _first_tokens(central_machine, machine, model, s, lengths, times, drawn, rate)
    moved = Lengths(1.0, lengths.answer, lengths.cached + lengths.prompt - 1.0, lengths.spread)  # the cache is there; the last token is read again
    if most_at_once(central_machine, model, s.decode, engine, moved) < 1:
        return found
    groups = s.decode_workers * s.decode.dp
    served = arrivals(central_machine, model, s.decode, engine, moved, rate / groups, count)
    timed = outcome(machine, model, s.decode, moved, served, 0.0, whole=False)
    answers = moved.draw(count, np.random.default_rng(SEED))[2]
    whole = (served.ttft_s + served.tpot_s * np.maximum(answers - 1.0, 1.0)) / np.maximum(answers, 1.0)  # waiting for room in the decode replica is time per token
    for share in TTFT_SHARES:
        alone = float(np.quantile(served.tpot_s, share))
        found["tpot", share] = timed.at["tpot", share] * (float(np.quantile(whole, share)) / alone)
    return found


def _first_tokens(
    central_machine: Machine, machine: Machine, model: Model, s: Disaggregated, lengths: Lengths, times: ApartTimes, drawn: ApartTimes, rate: float
) -> dict[tuple[str, float], Number]:  # fmt: skip
    servers = s.prefill_workers * s.prefill.dp
    together = max(s.prefill.batch // s.prefill.dp, 1)
    rng = np.random.default_rng(SEED)
    count = FOLLOWED
    prompt, cached, _ = lengths.draw(count, rng)
    gaps = rng.exponential(1.0, count)
    arrives = np.cumsum(gaps) / gaps.mean() / rate
    c = replace(columns_of_serving(s.prefill), batch=np.arange(1, together + 1) * s.prefill.dp)
    alike = prefill_times(central_machine, model, s.prefill, c, Requests(lengths.prompt, lengths.answer, lengths.cached))
    waits, reads = _through(arrives, prompt / lengths.prompt, servers, np.broadcast_to(alike.step_s, together))
    fill = float(times.prefill.reads_s / times.prefill.step_s)
    sent = float(times.prefill.transfer_s) * (prompt + cached) / (lengths.prompt + lengths.cached)
    taken = waits + reads * fill + sent
    request, request_drawn = float(central_machine.serving_request_s), machine.serving_request_s
    slower = (drawn.ttft_s - request_drawn) / (float(times.ttft_s) - request)
    return {("ttft", share): float(np.quantile(taken, share)) * slower + request_drawn for share in TTFT_SHARES}


def _through(arrives: np.ndarray, size: np.ndarray, servers: int, step_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Wait and reading time of each prompt [s]: first come, first served; a free server takes what has come; `step_s` of 1, 2, ... prompts of a `size` of 1."""
    free = [0.0] * servers  # when each is free, a heap
    waits, reads = np.empty_like(arrives), np.empty_like(arrives)
    i = 0
    while i < len(arrives):
        start = max(free[0], float(arrives[i]))
        end = i + 1
        while end < len(arrives) and end - i < len(step_s) and arrives[end] <= start:
            end += 1
        took = float(step_s[end - i - 1]) * float(np.mean(size[i:end]))
        waits[i:end], reads[i:end] = start - arrives[i:end], took
        heapreplace(free, start + took)
        i = end
    return waits, reads
