"""Search over ways to serve: every one of a stated space, at central values, ranked by output tokens a second for each accelerator.

Together: tensor, pipeline and data ranks, requests at once. Apart: every prefill replica that keeps the limit of TTFT with every
decode replica that none beats in speed and throughput, in whole numbers of each.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..catalog import Catalog, System
from ..ledger import Ledger
from ..needs.model import Model, is_moe
from .apart import apart_times, columns_of_serving, decode_times, prefill_times, waiting_ratio
from .jobs import Candidate, Disaggregated, Search, ServingStrategy, Slo, Traffic, as_mapping
from .machine import Machine, make_machine
from .memory import serving_memory
from .search import KEPT, pareto
from .serving import ServeColumns
from .steady import Requests, ServeTimes, excess, keeps, serve_times

TENSOR = tuple(2**i for i in range(7))
PIPELINE = (1, 2, 4, 8)
GROUP_BATCHES = tuple(sorted({int(step * 2**power) for power in range(13) for step in (1, 1.25, 1.5, 1.75)}))
PROMPTS = (1, 2, 4, 8)  # that a prefill replica reads in one step
BUSY = (0.5, 0.6, 0.7, 0.8, 0.9)  # shares of its time that a prefill replica may be busy
WORKERS = 16  # of a pool, at most
FRONT = 12  # decode replicas of the front that are paired
STEP_TOKENS = 8192.0  # of a group's step, at most


def serving_grid(model: Model, system: System, accelerators: int | None = None) -> ServeColumns:
    """All replicas of the grid: tensor ranks 1 to 64, pipeline 1 to 8; for experts, groups that share them; batches from 1 to 7168 a group."""
    heads, layers = model.layers[0].attention.heads, len(model.layers)
    most = min(accelerators or 10**9, max(system.tiers[0].size, 64))
    tensors = [t for t in TENSOR if heads % t == 0 and t <= most]
    groups: Sequence[int] = TENSOR if is_moe(model) else (1,)
    places = [(t, d, p) for t, d, p in itertools.product(tensors, groups, PIPELINE) if t * d * p <= most and _splits(model, t * d) and (p == 1 or (d == 1 and p <= layers))]
    rows = [(t, d, b * d, p) for t, d, p in places for b in GROUP_BATCHES]
    tp, dp, batch, pp = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    return ServeColumns(tp, dp, batch, pp)


def _splits(model: Model, ranks: int) -> bool:
    return all(layer.experts % ranks == 0 for layer in model.layers if layer.experts)


def search_serving(
    model: Model, system: System, traffic: Traffic, slo: Slo, *, accelerators: int | None = None, precision: str | None = None, catalog: Catalog | None = None, draft: int = 0
) -> Search:
    """Every way to serve of the grid under limits of service, ranked by output tokens a second for each accelerator.

    Parameters
    ----------
    accelerators : int, optional
        the most that a replica, or a set of prefill and decode replicas, may take
    precision : str, optional
        of weights and products; fp8 where the system has it, else bf16
    draft : int
        tokens guessed ahead in each step (speculative decoding)
    """
    machine = make_machine(system, Ledger(), catalog=catalog, serving=True)
    cached = traffic.hit_share * traffic.input_tokens
    requests = Requests(max(traffic.input_tokens - cached, 1.0), traffic.output_tokens, cached, traffic.spread)
    like = like_of(system, precision, draft)
    return rank_requests(machine, model, system, requests, slo, like, accelerators)


def serving_precision(system: System, precision: str | None = None) -> str:
    """The precision asked for, else fp8 where the accelerator has it, else bf16."""
    return precision or ("fp8" if "fp8" in system.flop_per_s else "bf16")


def kv_precision(precision: str) -> str:
    """Precision of the cache that goes with a precision of the weights: 8 bits where the weights have 8 or fewer."""
    return "fp8" if precision in ("fp8", "mxfp8", "fp4", "nvfp4", "mxfp4") else "bf16"


def like_of(system: System, precision: str | None = None, draft: int = 0) -> ServingStrategy:
    """The strategy that all of a search are like, but for ranks and batch."""
    chosen = serving_precision(system, precision)
    return ServingStrategy(precision=chosen, kv_precision=kv_precision(chosen), draft=draft)


def rank_serving(
    machine: Machine, model: Model, system: System, prompt: float, answer: float, slo: Slo, precision: str, accelerators: int | None = None, *, kept: int = KEPT
) -> Search:
    """As `search_serving`, with the machine's numbers at hand (floats)."""
    return rank_requests(machine, model, system, Requests(prompt, answer), slo, like_of(system, precision), accelerators, kept=kept)


@dataclass(frozen=True)
class _Ranked:
    """Candidates of one kind: best first, the front, how many were looked at and keep all limits, and the nearest."""

    best: tuple[Candidate, ...]
    front: tuple[Candidate, ...]
    visited: int
    feasible: int
    nearest: Candidate | None
    why_not: str = ""


def rank_requests(
    machine: Machine, model: Model, system: System, requests: Requests, slo: Slo, like: ServingStrategy, accelerators: int | None = None, *, kept: int = KEPT
) -> Search:
    """The ranking for requests that are given in their parts; who keeps only the best gets no front."""
    together = _together(machine, model, system, requests, slo, like, accelerators, kept)
    apart = _apart(machine, model, system, requests, slo, like, accelerators, kept)
    best = sorted((*together.best, *apart.best), key=lambda c: -c.tokens_per_s_per_accelerator)[:kept]
    both = (*together.front, *apart.front)
    front = [both[i] for i in pareto(np.array([[-(c.tpot_s or 0.0), c.tokens_per_s_per_accelerator] for c in both]))] if both else []
    most = accelerators or max(system.tiers[0].size, 64)
    return Search(
        "serving", system.name, most, tuple(best), together.visited + apart.visited, together.feasible + apart.feasible, "" if best else together.why_not,
        best[0] if best else together.nearest, tuple(front),
    )  # fmt: skip


def _together(
    machine: Machine, model: Model, system: System, requests: Requests, slo: Slo, like: ServingStrategy, accelerators: int | None, kept: int
) -> _Ranked:  # fmt: skip
    c = serving_grid(model, system, accelerators)
    times = serve_times(machine, model, like, c, requests, STEP_TOKENS)
    memory = _memory(model, like, c, requests)
    rate, ttft, tpot = (np.broadcast_to(np.asarray(each, dtype=float), np.shape(c.batch)) for each in (times.tokens_per_s_per_accelerator, times.ttft_s, times.tpot_s))
    fits = memory <= float(machine.memory_usable_bytes)
    good = fits & keeps(times, slo)

    def candidate(i: int) -> Candidate:
        return Candidate(as_mapping(_strategy(like, c, i)), float(rate[i]), float(memory[i]), ttft_s=float(ttft[i]), tpot_s=float(tpot[i]))

    order = np.argsort(np.where(good, -rate, np.inf), kind="stable")[: min(kept, int(good.sum()))]
    least = int(np.argmin(np.where(fits, excess(times, slo), np.inf) if fits.any() else memory))
    places = np.flatnonzero(good)
    front = places[pareto(np.column_stack([-tpot[places], rate[places]]))] if places.size and kept > 1 else places[:0]
    why = "" if order.size else _why_not(machine, memory, fits, times, least, slo)
    return _Ranked(tuple(candidate(int(i)) for i in order), tuple(candidate(int(i)) for i in front), int(rate.size), int(places.size), candidate(least), why)


def _strategy(like: ServingStrategy, c: ServeColumns, i: int) -> ServingStrategy:
    """One strategy of the columns."""
    tp, dp, batch, pp = (int(np.asarray(each)[i]) for each in (c.tp, c.dp, c.batch, c.pp))
    return replace(like, tp=tp, dp=dp, batch=batch, pp=pp)


def _memory(model: Model, like: ServingStrategy, c: ServeColumns, requests: Requests) -> np.ndarray:
    held = requests.cached + requests.prompt + requests.answer * (1.0 + requests.spread**2)
    return np.asarray(sum(serving_memory(model, like, held, c.tp, c.dp, c.batch, c.pp, STEP_TOKENS).values()), dtype=float)


def _apart(
    machine: Machine, model: Model, system: System, requests: Requests, slo: Slo, like: ServingStrategy, accelerators: int | None, kept: int
) -> _Ranked:  # fmt: skip
    """Pairs of pools. A prefill replica has room for the prompts that it reads; a decode replica for its requests."""
    usable = float(machine.memory_usable_bytes)
    grid = serving_grid(model, system, accelerators)
    decode = _decode_front(machine, model, grid, requests, slo, like, usable)
    prefill = list(_prefill_choices(machine, model, grid, requests, slo, like, usable))
    found: list[tuple[float, float, Disaggregated, float]] = []
    visited, answer = 0, float(requests.answer)
    for (strategy, requests_per_s, tpot), (reader, prompts_per_s, ttft, busy) in itertools.product(decode, prefill):
        visited += WORKERS * WORKERS
        pair = _numbers(reader.ranks, prompts_per_s * busy, strategy.ranks, requests_per_s, accelerators)
        if pair is None:
            continue
        x, y, rate = pair
        found.append((rate * answer, -tpot, Disaggregated(reader, strategy, x, y, busy), ttft))

    def candidate(i: int) -> Candidate:
        rate, _, apart, _ = found[i]
        times = apart_times(machine, model, apart, requests)  # at the rate of the set: the slower pool leaves the other some room
        memory = float(np.max(_memory(model, like, columns_of_serving(apart.decode), requests)))
        return Candidate(as_mapping(apart), rate, memory, ttft_s=float(np.asarray(times.ttft_s)), tpot_s=float(np.asarray(times.tpot_s)))

    found.sort(key=lambda each: -each[0])
    front = pareto(np.array([[each[1], each[0]] for each in found])).tolist() if found and kept > 1 else []
    return _Ranked(tuple(candidate(i) for i in range(min(kept, len(found)))), tuple(candidate(i) for i in front), visited, len(found), None)


def _decode_front(
    machine: Machine, model: Model, c: ServeColumns, requests: Requests, slo: Slo, like: ServingStrategy, usable: float
) -> list[tuple[ServingStrategy, float, float]]:  # fmt: skip
    """Decode replicas that fit, keep the limit and that none beats both in time per token and in requests a second for each accelerator."""
    times = decode_times(machine, model, like, c, requests)
    tpot, rate = (np.broadcast_to(np.asarray(each, dtype=float), np.shape(c.batch)) for each in (times.tpot_s, times.requests_per_s))
    each = rate / c.ranks
    good = np.flatnonzero((_memory(model, like, c, requests) <= usable) & ((slo.tpot_s is None) | (tpot <= (slo.tpot_s or 0.0))))
    if not good.size:
        return []
    front = good[pareto(np.column_stack([-tpot[good], each[good]]))]
    chosen = front[np.unique(np.round(np.linspace(0, front.size - 1, FRONT)).astype(int))]
    return [(_strategy(like, c, int(i)), float(rate[i]), float(tpot[i])) for i in chosen]


def _prefill_choices(
    machine: Machine, model: Model, grid: ServeColumns, requests: Requests, slo: Slo, like: ServingStrategy, usable: float
) -> Iterable[tuple[ServingStrategy, float, float, float]]:  # fmt: skip
    """Of each placement and number of prompts a step the busiest that keeps the limit of TTFT: (strategy, prompts a second, TTFT, share busy)."""
    places = sorted({(int(t), int(d), int(p)) for t, d, p in zip(*(np.asarray(each).tolist() for each in (grid.tp, grid.dp, grid.pp)), strict=True)})
    rows = [(t, d, p, n * d) for t, d, p in places for n in PROMPTS]
    tp, dp, pp, batch = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    c = ServeColumns(tp, dp, batch, pp)
    plain = replace(like, draft=0)
    times = prefill_times(machine, model, plain, c, requests)
    memory = np.asarray(sum(serving_memory(model, plain, requests.cached + requests.prompt, tp, dp, batch, pp, batch / dp * requests.prompt).values()), dtype=float)
    step, reads, rate, sent = (np.broadcast_to(np.asarray(each, dtype=float), tp.shape) for each in (times.step_s, times.reads_s, times.prompts_per_s, times.transfer_s))
    found: dict[int, tuple[ServingStrategy, float, float, float]] = {}
    for i in np.flatnonzero(memory <= usable):
        for busy in BUSY:
            ttft = float(machine.serving_request_s + waiting_ratio(busy) * _tail(slo, busy) * step[i] + reads[i] + sent[i])
            if slo.ttft_s is not None and ttft > slo.ttft_s:
                break
            ranks = int(tp[i] * dp[i] * pp[i])
            if ranks not in found or found[ranks][1] * found[ranks][3] < float(rate[i]) * busy:
                found[ranks] = (_strategy(plain, c, int(i)), float(rate[i]), ttft, busy)
    yield from found.values()


def _tail(slo: Slo, busy: float) -> float:
    """Wait that a share of the requests keeps over the mean wait, where the limit names a share: the tail of a queue falls exponentially."""
    return 1.0 if slo.ttft_share is None else max(float(np.log(busy / (1.0 - slo.ttft_share))) / busy, 1.0)


def _numbers(first: int, prompts_per_s: float, second: int, requests_per_s: float, accelerators: int | None) -> tuple[int, int, float] | None:
    """Whole numbers of prefill and decode replicas with the most requests a second for each accelerator; None where none fits."""
    x, y = np.arange(1, WORKERS + 1)[:, None], np.arange(1, WORKERS + 1)[None, :]
    ranks = x * first + y * second
    rate = np.minimum(x * prompts_per_s, y * requests_per_s) / ranks
    if accelerators is not None:
        rate = np.where(ranks <= accelerators, rate, 0.0)
    place = int(np.argmax(rate))
    if rate.flat[place] <= 0.0:
        return None
    return place // WORKERS + 1, place % WORKERS + 1, float(rate.flat[place])


def _why_not(machine: Machine, memory: np.ndarray, fits: np.ndarray, times: ServeTimes, nearest: int, slo: Slo) -> str:
    if not fits.any():
        return f"no strategy fits: the leanest takes {memory.min() / 1e9:.4g} GB of {float(machine.memory_usable_bytes) / 1e9:.4g} GB usable memory of an accelerator"
    found = {
        "TTFT": (times.ttft_s if slo.ttft_share is None else times.ttft_at(slo.ttft_share), slo.ttft_s),
        "TPOT": (times.tpot_s if slo.tpot_share is None else times.tpot_at(slo.tpot_share), slo.tpot_s),
    }
    limits = [f"{name} {float(np.asarray(value).reshape(-1)[nearest]):.3g} s of {limit:.3g} s" for name, (value, limit) in found.items() if limit is not None]
    return "no strategy meets the limits; the nearest has " + " and ".join(limits)
