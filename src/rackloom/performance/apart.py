"""Prefill and decode on replicas of their own (disaggregated), by formula.

A prefill replica reads prompts one step after the other, gives each its first token, and is busy a share r of its time: a prompt waits r / (2 (1 - r)) steps
(random arrivals, equal service). One that may read several in a step reads those that have come during the last, and a prompt waits half a step at least. Its cache then goes over the links to a decode replica, which has no prompts between its steps.
x prefill replicas of n_p accelerators and y decode replicas of n_d give min(x r R_p, y R_d) requests a second,
R_p = prompts of a step / its time, R_d = b a / (answer x its time). Where prefill sets the pace, decode has fewer requests at once: those that Little's law gives.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ..draws import Number
from ..needs.model import Model
from .jobs import Disaggregated, ServingStrategy
from .machine import Machine
from .memory import request_bytes
from .serving import CAUSES, Load, ServeColumns, accepted_tokens, step_part
from .steady import Requests, fill_ratio, step_seconds


@dataclass(frozen=True)
class PrefillTimes:
    """A prefill replica: time of a step that reads its prompts [s], how long they are under way, prompts a second while busy, time to send one prompt's cache [s]."""

    step_s: Number
    reads_s: Number
    prompts_per_s: Number
    transfer_s: Number
    causes: Mapping[str, Number]


@dataclass(frozen=True)
class DecodeTimes:
    """A decode replica: time per output token [s], requests a second."""

    tpot_s: Number
    requests_per_s: Number
    step_s: Number
    causes: Mapping[str, Number]


@dataclass(frozen=True)
class ApartTimes:
    """A set of prefill and decode replicas, as `steady.ServeTimes` of one where they are together; causes of all accelerators' time for one request."""

    ttft_s: Number
    tpot_s: Number
    tokens_per_s_per_accelerator: Number
    prefill: PrefillTimes
    decode: DecodeTimes
    causes: Mapping[str, Number]
    memory_bytes: Number
    scale_up_bytes: Number
    scale_out_bytes: Number


def prefill_times(machine: Machine, model: Model, strategy: ServingStrategy, c: ServeColumns, requests: Requests, *, inside: Number | bool = False) -> PrefillTimes:
    """`c.batch` prompts are read in one step, `c.batch / c.dp` by each group; `inside` where the decode replica lies in the same scale-up domain."""
    prompts = np.maximum(c.batch / c.dp, 1.0)
    load = Load(0.0, 1.0, prompts * requests.prompt, requests.prompt, requests.cached)
    causes = step_seconds(machine, model, strategy, c, load)
    step = sum(causes.values(), 0.0)
    link = machine.links[0].bytes_per_s * np.asarray(inside, dtype=float) + machine.links[-1].bytes_per_s * (1.0 - np.asarray(inside, dtype=float))
    cache = request_bytes(model, strategy.kv_precision, requests.prompt + requests.cached, c.tp) / c.pp
    return PrefillTimes(step, step * fill_ratio(c.pp), prompts * c.dp / step, cache / link + machine.links[-1].latency_s, causes)


def decode_times(machine: Machine, model: Model, strategy: ServingStrategy, c: ServeColumns, requests: Requests) -> DecodeTimes:
    """All places of a decode replica taken, no prompts."""
    causes = step_seconds(machine, model, strategy, c, _decode_load(c, requests))
    step = sum(causes.values(), 0.0)
    gained = accepted_tokens(strategy)
    return DecodeTimes(step / gained, c.group_batch * c.dp * gained / requests.answer / step, step, causes)


def _decode_load(c: ServeColumns, requests: Requests) -> Load:
    return Load(c.group_batch, requests.context, 0.0, requests.prompt, requests.cached)


def columns_of_serving(strategy: ServingStrategy) -> ServeColumns:
    """One strategy as columns."""
    return ServeColumns(strategy.tp, strategy.dp, strategy.batch, strategy.pp)


def waiting_ratio(busy: Number) -> Number:
    """Mean wait over service where arrivals are random and services equal (Pollaczek 1930)."""
    return busy / (2.0 * (1.0 - busy))


def apart_times(machine: Machine, model: Model, s: Disaggregated, requests: Requests) -> ApartTimes:
    """What one set gives. Whichever pool is the slower sets the pace; prefill is at most `busy_share` busy."""
    first, second = columns_of_serving(s.prefill), columns_of_serving(s.decode)
    inside = s.ranks <= machine.links[0].size
    full = prefill_times(machine, model, s.prefill, first, requests, inside=inside)
    most = s.decode_workers * decode_times(machine, model, s.decode, second, requests).requests_per_s
    rate = np.minimum(s.prefill_workers * s.busy_share * full.prompts_per_s, most)
    first = _prompts_at_once(machine, model, s, requests, first, full, rate)
    second = _running(machine, model, s, requests, second, rate)
    prefill = prefill_times(machine, model, s.prefill, first, requests, inside=inside)
    decode = decode_times(machine, model, s.decode, second, requests)
    in_step = np.maximum(first.batch / s.prefill.dp, 1.0)
    wait = np.where(in_step > 1.0, np.maximum(waiting_ratio(rate / (s.prefill_workers * full.prompts_per_s)), 0.5), waiting_ratio(rate / (s.prefill_workers * full.prompts_per_s)))
    ttft = machine.serving_request_s + wait * prefill.step_s + prefill.reads_s + prefill.transfer_s
    parts_of = (s.prefill.ranks / (in_step * s.prefill.dp), s.decode.ranks * requests.answer / accepted_tokens(s.decode) / second.batch)  # one request's part of a step
    causes = {name: prefill.causes[name] * parts_of[0] + decode.causes[name] * parts_of[1] for name in CAUSES}
    idle = s.ranks / rate - sum(causes.values(), 0.0)  # of one request's part of all accelerators' time
    causes = {**causes, "bubble": causes["bubble"] + np.maximum(idle, 0.0)}
    whole = step_part(machine, model, s.prefill, first, Load(0.0, 1.0, in_step * requests.prompt, requests.prompt, requests.cached)).times(parts_of[0]) + step_part(
        machine, model, s.decode, second, _decode_load(second, requests)
    ).times(parts_of[1])
    sent = request_bytes(model, s.prefill.kv_precision, requests.prompt + requests.cached, 1)
    return ApartTimes(
        ttft, decode.tpot_s, rate * requests.answer / s.ranks, prefill, decode, causes, whole.memory_bytes, whole.up_bytes + (sent if inside else 0.0),
        whole.out_bytes + (0.0 if inside else sent),
    )  # fmt: skip


ROUNDS = 12  # of a number that its own time decides


def _prompts_at_once(machine: Machine, model: Model, s: Disaggregated, requests: Requests, c: ServeColumns, full: PrefillTimes, rate: Number) -> ServeColumns:
    """Columns of prefill with the prompts that come while a step lasts, one to those that it may take."""
    each, most = rate / (s.prefill_workers * s.prefill.dp), max(s.prefill.batch / s.prefill.dp, 1.0)
    if most == 1.0:
        return c
    step = full.step_s
    for _ in range(ROUNDS):
        c = replace(c, batch=np.clip(each * step, 1.0, most) * s.prefill.dp)
        step = prefill_times(machine, model, s.prefill, c, requests).step_s
    return c


def _running(machine: Machine, model: Model, s: Disaggregated, requests: Requests, c: ServeColumns, rate: Number) -> ServeColumns:
    """Columns of decode with the requests that are under way at a rate, those of all places at most (Little's law)."""
    each, most = rate / s.decode_workers, s.decode.batch
    for _ in range(ROUNDS):
        life = requests.answer * decode_times(machine, model, s.decode, c, requests).tpot_s
        c = replace(c, batch=np.clip(each * life, 1.0, most))
    return c
