"""Loads on a replica: all requests at once, clients in a closed loop, open arrivals; and the most that limits of service allow.

Who waits is followed request by request (`queue`) at central values; the draws then time the same steps again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

import numpy as np

from ..draws import Number, central
from ..needs.model import Model
from .jobs import ServingStrategy
from .machine import Machine
from .memory import request_bytes, serving_weights, step_activations
from .queue import PAGE_TOKENS, Engine, Served, Stream, mix_seconds, serve

SEED = 20
WARM, COLD = 0.3, 0.9  # shares of the requests between whose ends the rate of a long run is read
TTFT_SHARES = (0.5, 0.95, 0.99)


@dataclass(frozen=True)
class Lengths:
    """Tokens of prompts and answers in the mean, tokens of a prompt that are cached already, and how far lengths spread (standard deviation over mean)."""

    prompt: float
    answer: float
    cached: float = 0.0
    spread: float = 0.0

    def draw(self, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Prompt, cached and answer of each of `count` requests: log-normal with these means, whole tokens."""
        if not self.spread:
            one = np.ones(count)
            return one * self.prompt, one * self.cached, one * self.answer
        sigma = np.sqrt(np.log1p(self.spread**2))
        factors = np.exp(sigma * rng.standard_normal((2, count)) - sigma**2 / 2.0)
        factors /= factors.mean(axis=1, keepdims=True)
        whole = [np.maximum(np.round(mean * factor), 1.0) for mean, factor in zip((self.prompt, self.answer), factors, strict=True)]
        return whole[0], self.cached * factors[0], whole[1]


@dataclass(frozen=True)
class Outcome:
    """What a load gives; `ttft_s` and `tpot_s` are means, numbers under draws; `at` maps (which, share) to percentiles [s]."""

    tokens_per_s_per_accelerator: Number
    ttft_s: Number
    tpot_s: Number
    at: Mapping[tuple[str, float], Number]
    served: Served
    causes: Mapping[str, Number]  # time of all steps by cause [s]


def cache_tokens(machine: Machine, model: Model, strategy: ServingStrategy, engine: Engine, tokens: float) -> float:
    """Room of a group's cache in tokens, for requests of `tokens`: what weights and a step leave of the usable memory; below 0 where weights don't fit."""
    free = central(machine.memory_usable_bytes) - float(serving_weights(model, strategy.precision, strategy.tp, strategy.dp, strategy.pp, strategy.attention_precision))
    free -= float(step_activations(model, float(engine.step_tokens), strategy.tp))
    return free / (float(request_bytes(model, strategy.kv_precision, tokens, strategy.tp)) / strategy.pp / tokens)


def most_at_once(machine: Machine, model: Model, strategy: ServingStrategy, engine: Engine, lengths: Lengths) -> int:
    """Requests of a group for which there is room at once."""
    whole = lengths.prompt + lengths.cached + lengths.answer
    held = lengths.prompt + lengths.cached + lengths.answer * (1.0 + lengths.spread**2) * (1.0 if engine.reserves else 0.5)
    held = ceil(held / PAGE_TOKENS) * PAGE_TOKENS
    return int(min(cache_tokens(machine, model, strategy, engine, whole) // held, engine.requests))


def offline(machine: Machine, model: Model, strategy: ServingStrategy, engine: Engine, lengths: Lengths, requests: int) -> Served:
    """All requests of a group sent at once."""
    prompt, cached, answer = lengths.draw(requests, np.random.default_rng(SEED))
    return _serve(machine, model, strategy, engine, Stream(prompt, cached, answer, np.zeros(requests)))


def closed(machine: Machine, model: Model, strategy: ServingStrategy, engine: Engine, lengths: Lengths, clients: int, requests: int) -> Served:
    """`clients` of a group that send the next request when they have the last answer."""
    prompt, cached, answer = lengths.draw(requests, np.random.default_rng(SEED))
    return _serve(machine, model, strategy, engine, Stream(prompt, cached, answer, np.zeros(requests), clients))


def arrivals(machine: Machine, model: Model, strategy: ServingStrategy, engine: Engine, lengths: Lengths, requests_per_s: float, requests: int) -> Served:
    """Requests of a group that come at random times, so many a second in the mean (Poisson)."""
    rng = np.random.default_rng(SEED)
    prompt, cached, answer = lengths.draw(requests, rng)
    gaps = rng.exponential(1.0, requests)
    return _serve(machine, model, strategy, engine, Stream(prompt, cached, answer, np.cumsum(gaps) / gaps.mean() / requests_per_s))


def _serve(machine: Machine, model: Model, strategy: ServingStrategy, engine: Engine, stream: Stream) -> Served:
    longest = float(np.max(stream.prompt + stream.cached + stream.answer))
    return serve(machine, model, strategy, engine, stream, cache_tokens(machine, model, strategy, engine, longest))


def steady_tokens_per_s(served: Served, answer: float) -> float:
    """Output tokens a second of a group between the ends of WARM and COLD of its requests."""
    ends = np.sort(served.end_s)
    first, last = int(WARM * len(ends)), max(int(COLD * len(ends)), int(WARM * len(ends)) + 1)
    last = min(last, len(ends) - 1)
    if ends[last] <= ends[first]:
        return served.tokens / served.seconds
    return float((last - first) * answer / (ends[last] - ends[first]))


def outcome(
    machine: Machine, model: Model, strategy: ServingStrategy, lengths: Lengths, served: Served, request_s: Number, *, whole: bool
) -> Outcome:  # fmt: skip
    """A run timed again under the draws of `machine`: its steps as they were, each as long as the draws have it.

    `whole` counts all tokens over all time, else the steady middle. `request_s` is what a request takes beyond its steps.
    """
    mix = served.mix
    by_cause = mix_seconds(machine, model, strategy, mix, lengths.prompt, lengths.cached)
    each = sum(by_cause.values(), 0.0)
    slower = {name: _ratio(each, weight) for name, weight in (("rate", mix.times), ("tpot", mix.times * mix.decode), ("ttft", mix.waiting + 1e-9 * mix.times))}
    groups, gained = strategy.dp / strategy.ranks, 1.0
    rate = (served.tokens / served.seconds if whole else steady_tokens_per_s(served, lengths.answer)) * groups * gained
    found: dict[tuple[str, float], Number] = {}
    for share in TTFT_SHARES:
        found["ttft", share] = float(np.quantile(served.ttft_s, share)) * slower["ttft"] + request_s
        found["tpot", share] = float(np.quantile(served.tpot_s, share)) * slower["tpot"]
    causes = {name: np.sum(value * mix.times[:, None], axis=0) for name, value in by_cause.items()}
    return Outcome(
        _plain(rate / slower["rate"]), _plain(float(np.mean(served.ttft_s)) * slower["ttft"] + request_s), _plain(float(np.mean(served.tpot_s)) * slower["tpot"]),
        {key: _plain(value) for key, value in found.items()}, served, {name: _plain(value) for name, value in causes.items()},
    )  # fmt: skip


def _ratio(each: Number, weight: np.ndarray) -> np.ndarray:
    """Weighted time of the steps under draws over that at central values; shape (draws,) or (1,)."""
    array = np.atleast_2d(np.asarray(each, dtype=float))
    total = np.sum(array * weight[:, None], axis=0)
    return np.asarray(total / total[0])


def _plain(value: Number) -> Number:
    array = np.asarray(value, dtype=float)
    return float(array.reshape(-1)[0]) if array.size == 1 else array
