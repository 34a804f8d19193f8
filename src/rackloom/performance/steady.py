"""What a replica gives in steady state, by formula: the quick answer that a search looks at for every strategy.

b requests of a group run at once. With each step b x a / answer of them end and as many prompts come (a: tokens that a step gives
a request), r = b a prompt / answer tokens of prompts with each step in the mean. They come in lumps of c tokens, a whole prompt
or a piece of it that a step takes, in a share f = r / c of the steps:

    step = f T(b, c) + (1 - f) T(b, 0);   tpot = step / a;   tokens/s of a group = b a / step.

Where r is more than a step takes (f > 1), prompts fill every step and fewer requests run: b falls to what they bring.
A prompt waits for the step under way, for others before it (a queue with random arrivals and equal service: f / (2 (1 - f)) services,
Pollaczek 1930), and is read in as many steps as it needs; its last one gives the first token.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np

from ..draws import Number
from ..needs.model import Model
from .jobs import ServingStrategy, Slo
from .machine import Machine
from .parts import Part
from .ripeness import kept_clock
from .serving import CAUSES, Load, ServeColumns, accepted_tokens, stage_ratio, step_part

FULL = 0.95  # share of steps with prompts beyond which the formula of the queue is not followed


@dataclass(frozen=True)
class Requests:
    """What requests are like in the mean: tokens of a prompt that are read, of its part that is cached already, of an answer."""

    prompt: Number
    answer: Number
    cached: Number = 0.0
    spread: Number = 0.0  # of the answers' tokens: standard deviation over mean

    @property
    def context(self) -> Number:
        """Tokens before a new one, in the mean over all that are running: long answers run longer, E(a^2) / 2 E(a)."""
        return self.cached + self.prompt + self.answer * (1.0 + self.spread**2) / 2.0


@dataclass(frozen=True)
class ServeTimes:
    """What a replica gives: times [s], output tokens a second for each accelerator, time of a step by cause [s]."""

    prefill_s: Number  # steps that read one prompt
    step_s: Number  # mean step
    ttft_s: Number
    tpot_s: Number
    tokens_per_s_per_accelerator: Number
    causes: Mapping[str, Number]
    memory_bytes: Number  # bytes that one accelerator moves in the mean step
    scale_up_bytes: Number
    scale_out_bytes: Number
    busy: Number  # share of steps that read prompts
    queue_s: Number  # that a prompt waits for others, in the mean
    jitter_s: Number  # standard deviation of a request's time per token: how many prompts come while it runs, how many run beside it

    def ttft_at(self, share: float) -> Number:
        """Time to first token that a share of the requests keeps: a step under way, and a tail of waiting that falls as in a queue of equal services."""
        rho = np.clip(self.busy, 1e-9, FULL)
        tail = np.maximum(np.log(rho / (1.0 - share)), 0.0) * self.queue_s / rho
        return self.ttft_s - self.queue_s + (share - 0.5) * self.step_s + np.where(self.busy < 1.0, tail, self.queue_s)

    def tpot_at(self, share: float) -> Number:
        """Time per output token that a share of the requests keeps: normal around the mean."""
        return self.tpot_s + NormalDist().inv_cdf(share) * self.jitter_s


def seconds_of(machine: Machine, part: Part, step_start_s: Number) -> dict[str, Number]:
    """Time of a step by cause: kernels and messages with what software takes and calibration leaves, and the host between steps."""
    kernels, network = machine.software * machine.kernel_residual, machine.software * machine.network_residual
    return {
        "compute": part.work.compute * kernels, "memory": part.work.memory * kernels, "scale_up": part.up_s * network, "scale_out": part.out_s * network,
        "host": step_start_s + 0.0 * part.work.total, "bubble": 0.0 * part.work.total,
    }  # fmt: skip


def step_seconds(machine: Machine, model: Model, strategy: ServingStrategy, c: ServeColumns, load: Load) -> dict[str, Number]:
    """Time of one step by cause [s]."""
    return part_seconds(machine, model, c, step_part(machine, model, strategy, c, load))


def part_seconds(machine: Machine, model: Model, c: ServeColumns, part: Part) -> dict[str, Number]:
    """Time by cause [s] of a step whose part is known; a pipeline's longest stage holds up the others (bubble)."""
    by_cause = seconds_of(machine, part, machine.serving_step_s)
    busy = by_cause["compute"] / sum(by_cause.values(), 0.0)
    by_cause["compute"] = by_cause["compute"] / kept_clock(machine.clock_need, machine.clock_exponent, busy)
    above = (stage_ratio(model, c.pp) - 1.0) * (by_cause["compute"] + by_cause["memory"])
    return {**by_cause, "bubble": above + by_cause["bubble"]}


def fill_ratio(pp: Number) -> Number:
    """Time in which a prompt passes a pipeline over that of its steps when the pipeline is full: pp parts one after the other through pp stages."""
    return 2.0 - 1.0 / np.asarray(pp, dtype=float)


def serve_times(machine: Machine, model: Model, strategy: ServingStrategy, c: ServeColumns, requests: Requests, step_tokens: Number) -> ServeTimes:
    """What one replica gives for like requests; `step_tokens` of a group are the most that a step takes."""
    gained = accepted_tokens(strategy)
    b = c.group_batch
    room = np.maximum(step_tokens - b * (1.0 + strategy.draft), 0.25 * step_tokens)
    asked = b * gained * requests.prompt / requests.answer
    pieces = np.ceil(requests.prompt / room)  # a prompt that is longer than a step is read in equal pieces
    lump = np.minimum(np.maximum(requests.prompt / pieces, asked), room)
    share = np.minimum(asked / lump, 1.0)
    running = np.minimum(b, lump / requests.prompt * requests.answer / gained)  # prompts alone fill the steps: fewer run
    with_prompts = Load(running, requests.context, lump, requests.prompt, requests.cached)
    without = Load(running, requests.context, 0.0, requests.prompt, requests.cached)
    parts = [step_part(machine, model, strategy, c, load) for load in (with_prompts, without)]
    times = [part_seconds(machine, model, c, part) for part in parts]
    lumpy, plain = (sum(each.values(), 0.0) for each in times)
    step = share * lumpy + (1.0 - share) * plain
    mean = parts[0].times(share) + parts[1].times(1.0 - share)
    rate = running * gained * c.dp / step / c.ranks
    service = np.maximum(requests.prompt / lump, 1.0) * lumpy  # of one prompt: full steps hold others' tokens too
    reads = service * fill_ratio(c.pp)
    rho = np.minimum(share, FULL)
    open_queue = rho / (2.0 * (1.0 - rho)) * service
    full_wait = np.maximum((b - running) / (running * gained / requests.answer / step), 0.0)  # of a closed loop: requests that don't run wait (Little)
    queue = np.where(asked > lump, np.maximum(full_wait, open_queue), open_queue)
    steps = requests.answer / gained  # of a request's life
    prompts = np.sqrt(share * steps) * (lumpy - plain) / requests.answer  # how many prompts come while it runs
    sigma = np.sqrt(np.maximum(running, 1.0))  # of the number that run
    more = sum(step_seconds(machine, model, strategy, c, replace(without, decode=running + sigma)).values(), 0.0)
    jitter = np.hypot(prompts, ((more - plain) + share * (lumpy - plain) * sigma / np.maximum(running, 1.0)) / gained)
    causes = {cause: share * times[0][cause] + (1.0 - share) * times[1][cause] for cause in CAUSES}
    return ServeTimes(
        reads, step, machine.serving_request_s + step / 2.0 + queue + reads, step / gained, rate, causes, mean.memory_bytes, mean.up_bytes, mean.out_bytes,
        share, queue, jitter,
    )  # fmt: skip


def excess(times: ServeTimes, slo: Slo) -> np.ndarray:
    """The larger of TTFT and TPOT over their limits, in the mean or for the share of requests that the limits name; 0 where there is none."""
    worst = np.zeros_like(np.asarray(times.ttft_s, dtype=float))
    if slo.ttft_s is not None:
        worst = np.maximum(worst, (times.ttft_s if slo.ttft_share is None else times.ttft_at(slo.ttft_share)) / slo.ttft_s)
    if slo.tpot_s is not None:
        worst = np.maximum(worst, (times.tpot_s if slo.tpot_share is None else times.tpot_at(slo.tpot_share)) / slo.tpot_s)
    return worst


def keeps(times: ServeTimes, slo: Slo) -> np.ndarray:
    """Whether the limits are kept. A replica without room for waiting (prompts in every step) keeps no limit of TTFT."""
    return np.asarray((excess(times, slo) <= 1.0) & ((slo.ttft_s is None) | (np.asarray(times.busy) < FULL)))
