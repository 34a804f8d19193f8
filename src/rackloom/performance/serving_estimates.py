"""Estimates of one way to serve, with their ledger: speed, latency in the mean and at percentiles, memory, what limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..catalog import Catalog, System
from ..draws import Draws, Number, central
from ..errors import BadInput, Fault
from ..figures import Figure
from ..ledger import Ledger, Numbers
from ..needs.model import Model, decode_flop_per_token, forward_flop_per_token
from ..needs.need import Estimate
from .apart import ApartTimes, apart_times
from .apart_requests import follow_apart
from .estimates import FLOP_RULE, Written, fits_in, prefix_of, put_causes, put_memory, put_shares, put_strategy, put_traffic, take_model
from .jobs import Disaggregated, ServingStrategy, Traffic, as_mapping, serving_strategy
from .loads import Lengths, Outcome, arrivals, closed, most_at_once, outcome
from .machine import Machine, make_machine
from .memory import request_bytes, serving_memory
from .queue import Engine
from .serving import ServeColumns
from .serving_search import STEP_TOKENS
from .steady import Requests, ServeTimes, serve_times
from .workloads import turns_of

SERVING_LEFT_OUT = (
    "requests routed to the group that has room or the prefix: groups share them evenly",
    "loading models, failures and restarts of replicas",
    "expert routing beyond one stated imbalance",
)
FOLLOWED = (240, 1200)  # requests of a group that are followed, at least and at most
PLACES = 4096  # most requests of a group at once
PERCENTILES = (0.5, 0.95, 0.99)
ASKED_UNITS = {"rate_tokens_per_s": "token/s", "hit_share": "1", "hit_host_share": "1", "spread": "1"}


@dataclass(frozen=True)
class Asked:
    """Traffic as numbers: tokens to read, cached and to write of a request; spread; clients of a closed loop; share of hits that lie with the host."""

    requests: Requests
    host_share: Number
    clients: int | None
    keys: tuple[str, ...]

    @property
    def lengths(self) -> Lengths:
        """Lengths of the requests that are followed, at central values."""
        r = self.requests
        return Lengths(central(r.prompt), central(r.answer), central(r.cached), central(r.spread))


def estimate_serving(
    model: Model, system: System, traffic: Traffic, strategy: ServingStrategy | Disaggregated | Mapping[str, Any], *, draws: Draws | None = None, name: str = "",
    catalog: Catalog | None = None,
) -> Estimate:  # fmt: skip
    """One replica that serves a model on a system, or one set of prefill and decode replicas.

    Parameters as in `estimate_training`; `traffic` gives tokens of a prompt and an answer, what of a prompt is cached, how lengths
    spread and whether clients or open arrivals ask. With `rate_tokens_per_s` the estimate's `accelerators` carry that rate,
    else they are one replica. Rows `ttft_p50_s` to `tpot_p99_s` are percentiles over requests that are followed one by one.
    Raises BadInput for strategies that do not divide the model, Unknown for a precision that the system does not have.
    """
    s = serving_strategy(strategy)
    check_serving(model, s)
    book = Ledger(draws)
    written = Written(book, prefix_of(name, model, system))
    machine = make_machine(system, book, catalog=catalog, serving=True)
    asked = {"input_tokens": traffic.input_tokens, "output_tokens": traffic.output_tokens, "rate_tokens_per_s": traffic.rate_tokens_per_s}
    asked |= {key: getattr(traffic, key) for key in ("hit_share", "hit_host_share", "spread") if getattr(traffic, key)}
    figures = {
        key: Figure(f"{written.prefix}.asked.{key}", value, ASKED_UNITS.get(key, "token"), "traffic as given", "E", low=value, high=value)
        for key, value in asked.items()
        if value is not None
    }
    return write_serving(written, machine, model, system, figures, s, need=name, clients=traffic.concurrency, catalog=catalog)


def check_serving(model: Model, s: ServingStrategy | Disaggregated) -> None:
    """Raises BadInput for a strategy that does not divide the model."""
    if isinstance(s, Disaggregated):
        for pool in (s.prefill, s.decode):
            check_serving(model, pool)
        return
    faults = []
    heads = model.layers[0].attention.heads
    experts = max(layer.experts for layer in model.layers)
    if heads % s.tp:
        faults.append(Fault(f"tp={s.tp} does not divide {heads} heads", mend="Choose a divisor."))
    if s.pp > len(model.layers):
        faults.append(Fault(f"pp={s.pp} is more than the {len(model.layers)} layers"))
    if s.dp > 1 and not experts:
        faults.append(Fault(f"dp={s.dp}: groups share experts, and this model has none", mend="Replicas of a dense model are counted, not grouped: dp=1."))
    if experts and experts % (s.tp * s.dp):
        faults.append(Fault(f"tp x dp = {s.tp * s.dp} does not divide {experts} experts"))
    if faults:
        raise BadInput(faults)


def write_serving(
    written: Written, machine: Machine, model: Model, system: System, traffic: Mapping[str, Figure], s: ServingStrategy | Disaggregated, *, need: str = "",
    clients: int | None = None, catalog: Catalog | None = None,
) -> Estimate:  # fmt: skip
    """As `estimate_serving`, into an open ledger, with the traffic as figures: input_tokens, output_tokens and perhaps others of Traffic."""
    book = written.book
    asked = _take(written, traffic, clients)
    model_keys = (*take_model(book, model), *asked.keys)
    counts = put_strategy(written, {**_flat(s), "replica": s.ranks})
    r = asked.requests
    written.put("serve_flop", decode_flop_per_token(model, r.cached + r.prompt + r.answer / 2.0) + forward_flop_per_token(model, r.prompt) * r.prompt / r.answer, "FLOP",
                "useful FLOPs of an output token: decode after prompt + output/2 tokens, and its part of the prefill of what is not cached", model_keys)  # fmt: skip
    inputs = (*machine.kernels.compute_keys, *machine.kernels.memory_keys, *machine.link_keys, *machine.overlap_keys, *machine.software_keys, *model_keys, *counts)
    times: ServeTimes | ApartTimes
    if isinstance(s, Disaggregated):
        times, ttft, tpot = _put_apart(written, machine, model, s, asked, inputs, catalog, system)
    else:
        times, ttft, tpot = _put_together(written, machine, model, s, asked, inputs, catalog, system)
    ttft = _put_fetch(written, machine, model, s, asked, ttft)
    rate = written.put("tokens_per_s_per_accelerator", times.tokens_per_s_per_accelerator, "token/s", "output tokens of a step / its mean time / accelerators of a replica; apart: of the slower pool",
                       [written.key("ttft_s"), written.key("tpot_s"), *inputs])  # fmt: skip
    written.put("tokens_per_s_per_user", 1.0 / tpot, "token/s", "1 / time per output token", [written.key("tpot_s")])
    of = "mean step" if isinstance(s, ServingStrategy) else "all accelerators, for one request"
    seconds = put_causes(written, machine, times.causes, (*model_keys, *counts), of)
    memory = _put_memory(written, model, s, r, (*model_keys, *counts))
    put_traffic(written, times.memory_bytes, times.scale_up_bytes, times.scale_out_bytes, (*model_keys, *counts), of)
    used = s.ranks if isinstance(s, ServingStrategy) else max(s.prefill.ranks, s.decode.ranks)
    written.put("scale_up_used_count", min(used, system.tiers[0].size), "1", "ranks of a replica that lie in one scale-up domain", counts)
    accelerators = _put_accelerators(written, traffic, rate, s.ranks, counts)
    fits, why = fits_in(machine, memory)
    shares = put_shares(written, seconds)
    return Estimate(
        need or model.name, system.name, "serving", fits, why, accelerators, s.ranks, as_mapping(s), rate, memory, shares, max(shares, key=lambda cause: shares[cause]),
        FLOP_RULE, book, SERVING_LEFT_OUT, ttft_s=ttft, tpot_s=tpot, prefix=written.prefix,
    )  # fmt: skip


def _take(written: Written, traffic: Mapping[str, Figure], clients: int | None) -> Asked:
    """Traffic into the ledger: tokens of a prompt that are cached and those that are not."""
    book = written.book
    taken = {name: book.take(figure) for name, figure in traffic.items() if name != "rate_tokens_per_s"}
    keys = tuple(figure.key for key, figure in traffic.items() if key != "rate_tokens_per_s")
    host, requests = taken.get("hit_host_share", 0.0), requests_of(traffic, taken)
    if "turns_count" in traffic:
        formula = "mean over the turns: first message + (turns - 1) / 2 x (next message + answer), cached or not"
        written.put("prompt_tokens", requests.prompt + requests.cached, "token", formula, keys)
        keys = (*keys, written.key("prompt_tokens"))
    elif "hit_share" not in traffic:
        return Asked(requests, host, clients, keys)
    words = "tokens of a prompt x share of them in the prefix cache; over turns: those that were there at the turn before x share kept"
    written.put("cached_tokens", requests.cached, "token", words, keys)
    written.put("read_tokens", requests.prompt, "token", "tokens of a prompt that are not cached, 1 at least", [*keys, written.key("cached_tokens")])
    return Asked(requests, host, clients, (*keys, written.key("cached_tokens"), written.key("read_tokens")))


def requests_of(traffic: Mapping[str, Figure], taken: Mapping[str, Number]) -> Requests:
    """What requests are like, of the figures of a need and their values: alike, with a hit rate, or the mean over the turns of conversations. Raises BadInput for no turn."""
    prompt, answer, spread = taken["input_tokens"], taken["output_tokens"], taken.get("spread", 0.0)
    if "turns_count" not in traffic:
        cached = prompt * taken.get("hit_share", 0.0)
    elif traffic["turns_count"].value < 1.0:
        raise BadInput(Fault(f"turns={traffic['turns_count'].value:g}: a conversation has 1 or more"))
    else:
        prompt, before = turns_of(prompt, taken.get("next_tokens", prompt), answer, taken["turns_count"])
        cached = before * taken.get("kept_share", 1.0)
    return Requests(np.maximum(prompt - cached, 1.0) if np.any(np.asarray(cached)) else prompt, answer, cached, spread)


def _flat(s: ServingStrategy | Disaggregated) -> dict[str, object]:
    if isinstance(s, ServingStrategy):
        return as_mapping(s)
    pools = {f"{name}_{key}": value for name in ("prefill", "decode") for key, value in as_mapping(getattr(s, name)).items()}
    return {**pools, "prefill_workers": s.prefill_workers, "decode_workers": s.decode_workers}


def _put_together(
    written: Written, machine: Machine, model: Model, s: ServingStrategy, asked: Asked, inputs: tuple[str, ...], catalog: Catalog | None, system: System
) -> tuple[ServeTimes, Number, Number]:  # fmt: skip
    """Times of one replica: by formula in steady state, percentiles of requests that are followed."""
    times = serve_times(machine, model, s, ServeColumns(s.tp, s.dp, s.batch, s.pp), asked.requests, STEP_TOKENS)
    written.put("prefill_s", times.prefill_s, "s", "steps that read one prompt, with the running requests' tokens beside it", inputs)
    written.put("decode_s", times.step_s, "s", "mean step: kernels of running requests' tokens and of prompts' tokens together, messages, host", inputs)
    written.put("prompt_steps_share", times.busy, "1", "share of steps in which prompts are read", inputs)
    keys = [written.key("prefill_s"), written.key("decode_s"), written.key("prompt_steps_share"), *machine.software_keys]
    ttft = written.put("ttft_s", times.ttft_s, "s", "request on its way + half a step + waiting for others' prompts + steps that read the prompt", keys)
    tpot = written.put("tpot_s", times.tpot_s, "s", "mean step / tokens that a step gives a request", [written.key("decode_s")])
    central_machine = make_machine(system, Numbers(), catalog=catalog, serving=True)
    found = follow(central_machine, machine, model, s, asked, central(times.tokens_per_s_per_accelerator))
    _put_percentiles(written, found.at if found is not None else {}, inputs)
    return times, ttft, tpot


def _put_percentiles(written: Written, found: Mapping[tuple[str, float], Number], inputs: tuple[str, ...]) -> None:
    for (which, share), value in found.items():
        name = "time to first token" if which == "ttft" else "time per output token"
        formula = f"{name} of {share:.0%} of requests that are followed one by one at this load, in the central case; timed again under draws"
        written.put(f"{which}_p{share * 100:.0f}_s", value, "s", formula, inputs)


def follow(central_machine: Machine, machine: Machine, model: Model, s: ServingStrategy, asked: Asked, tokens_per_s_per_accelerator: float) -> Outcome | None:
    """Requests followed one by one through a group of the replica, at the load of the estimate; None where not even one has room.

    `central_machine` holds central values, `machine` those under draws.
    """
    lengths = asked.lengths
    engine = Engine(int(STEP_TOKENS), PLACES)
    if most_at_once(central_machine, model, s, engine, lengths) < 1:
        return None
    group = -(-s.batch // s.dp)
    count = int(np.clip(10 * group, *FOLLOWED))
    if asked.clients is not None:
        served = closed(central_machine, model, s, engine, lengths, -(-asked.clients // s.dp), count)
    else:
        rate = tokens_per_s_per_accelerator * s.ranks / s.dp / lengths.answer
        served = arrivals(central_machine, model, s, engine, lengths, rate, count)
    return outcome(machine, model, s, lengths, served, machine.serving_request_s, whole=False)


def _put_apart(
    written: Written, machine: Machine, model: Model, s: Disaggregated, asked: Asked, inputs: tuple[str, ...], catalog: Catalog | None, system: System
) -> tuple[ApartTimes, Number, Number]:  # fmt: skip
    """Times of prefill and decode replicas: by formula, percentiles of requests that are followed."""
    times = apart_times(machine, model, s, asked.requests)
    written.put("prefill_s", times.prefill.reads_s, "s", "one step of a prefill replica, which reads so many prompts", inputs)
    written.put("transfer_s", times.prefill.transfer_s, "s", "cache of one prompt, each rank its part, over the links to a decode replica", inputs)
    written.put("decode_s", times.decode.step_s, "s", "one step of a decode replica, all places taken", inputs)
    keys = [written.key(name) for name in ("prefill_s", "transfer_s", "decode_s")]
    ttft = written.put(
        "ttft_s",
        times.ttft_s,
        "s",
        "request on its way + waiting for other prompts (r / (2 (1 - r)) steps at a share r busy) + prefill, which gives the first token, + transfer",
        [*keys, *inputs],
    )
    tpot = written.put("tpot_s", times.tpot_s, "s", "step of decode / tokens that it gives a request", [written.key("decode_s")])
    central_machine = make_machine(system, Numbers(), catalog=catalog, serving=True)
    engine = Engine(int(STEP_TOKENS), PLACES)
    count = int(np.clip(10 * -(-s.decode.batch // s.decode.dp), *FOLLOWED))
    _put_percentiles(written, follow_apart(central_machine, machine, model, s, asked.lengths, engine, count), inputs)
    return times, ttft, tpot


def _put_fetch(written: Written, machine: Machine, model: Model, s: ServingStrategy | Disaggregated, asked: Asked, ttft: Number) -> Number:
    """TTFT with the time to fetch what of the prefix lies in the host's memory; where reading it again is quicker, that is done."""
    if not np.any(np.asarray(asked.host_share)):
        return ttft
    pool = s if isinstance(s, ServingStrategy) else s.prefill
    tokens = np.asarray(asked.requests.cached * asked.host_share, dtype=float)
    held = request_bytes(model, pool.kv_precision, tokens, pool.tp) / pool.pp
    read_again = written.book.value(written.key("prefill_s")) / asked.requests.prompt * tokens
    fetch = written.put("fetch_s", np.minimum(held / machine.host_bytes_per_s, read_again), "s", "cache of the prefix's tokens that lie with the host / rate of the host's link, or reading them again where that is quicker",
                        [*asked.keys, *machine.overlap_keys, written.key("prefill_s")])  # fmt: skip
    return written.put("ttft_with_fetch_s", ttft + fetch, "s", "time to first token + fetching the prefix from the host's memory", [written.key("ttft_s"), written.key("fetch_s")])


def _put_memory(written: Written, model: Model, s: ServingStrategy | Disaggregated, r: Requests, keys: tuple[str, ...]) -> Number:
    """Memory of the fullest accelerator: of the decode replica where they are apart."""
    pool, tokens = (s, STEP_TOKENS) if isinstance(s, ServingStrategy) else (s.decode, float(-(-s.decode.batch // s.decode.dp)))
    held = r.cached + r.prompt + r.answer * (1.0 + r.spread**2)
    return put_memory(written, serving_memory(model, pool, held, pool.tp, pool.dp, pool.batch, pool.pp, tokens), keys)


def _put_accelerators(written: Written, traffic: Mapping[str, Figure], rate: Number, ranks: int, counts: tuple[str, ...]) -> Number:
    if "rate_tokens_per_s" not in traffic:
        return written.put("accelerators_count", float(ranks), "1", "one replica", counts)
    asked = written.book.take(traffic["rate_tokens_per_s"])
    written.put("accelerators_count", np.ceil(asked / (rate * ranks)) * ranks, "1", "rate / tokens/s of a replica, whole replicas, x accelerators of a replica",
                [traffic["rate_tokens_per_s"].key, written.key("tokens_per_s_per_accelerator"), *counts])  # fmt: skip
    return written.book.value(written.key("accelerators_count"))


def with_slo_note(estimate: Estimate, *, has_tpot: bool) -> Estimate:
    """The estimate with a word on what stays open where the need limits no time per output token."""
    if has_tpot:
        return estimate
    more = "a limit on time per output token: the need states none, so the batch is as large as memory and throughput like"
    return replace(estimate, left_out=(*estimate.left_out, more))
