"""How many accelerators of a system a need takes, by the best strategy: the door between needs and performance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from ..catalog import Catalog, System, load_catalog
from ..draws import Draws, Number, central
from ..figures import Figure
from ..ledger import Ledger
from ..needs.model import Model, train_flop_per_token
from ..needs.need import Estimate, Need
from .estimates import CAUSES, TRAINING_LEFT_OUT, Written, prefix_of, write_goodput, write_training
from .goodput import goodput_of
from .jobs import Search, ServingStrategy, Slo, TrainingJob, serving_strategy, training_strategy
from .machine import Machine, make_machine
from .search import KEPT, rank_training
from .serving_estimates import SERVING_LEFT_OUT, requests_of, with_slo_note, write_serving
from .serving_search import like_of, rank_requests

TRAFFIC = (
    "input_tokens",
    "output_tokens",
    "rate_tokens_per_s",
    "hit_share",
    "hit_host_share",
    "spread",
    "turns_count",
    "next_tokens",
    "kept_share",
)  # what a need says of its requests
CLOSE = 100  # the number of units is found to one part in so many


def estimate_need(need: Need, system: System, *, draws: Draws | None = None, catalog: Catalog | None = None, accelerators: int | None = None) -> Estimate:
    """How a system runs a need by the best strategy, and on how many accelerators.

    Training: the fewest accelerators, in whole units (racks or nodes), on which the tokens are done in time; precision
    fp8 where the model is native in it and the system has it, else bf16; batch and sequence from the catalogue's
    assumptions. Serving: the strategy with the most output tokens a second for each accelerator that fits memory and
    keeps the limits; fp8 where the system has it; a replica, or a set of prefill and decode replicas, takes `accelerators` at
    most. Central values decide, draws evaluate.

    `fits` is False, and `why_not` says why, where no strategy does; the numbers are then those of the one that comes nearest.
    """
    known = catalog or load_catalog()
    return _training_need(need, system, draws, known) if need.kind == "training" else _serving_need(need, system, draws, known, accelerators)


def training_precision(model: Model, system: System) -> str:
    """fp8 for models native in it where the system has it, else bf16."""
    return "fp8" if model.native_precision == "fp8" and "fp8" in system.flop_per_s else "bf16"


@dataclass(frozen=True)
class _Sized:
    """What the search over numbers of units found."""

    units: int
    search: Search
    run_s: float

    @property
    def meets(self) -> bool:
        return self.search.best is not None


def _training_job(need: Need, system: System, catalog: Catalog) -> tuple[TrainingJob, tuple[Figure, Figure]]:
    batch, sequence = catalog.figure("performance-training", "global_batch_tokens"), catalog.figure("performance-training", "sequence_tokens")
    length = int(min(sequence.value, need.model.context))
    return TrainingJob(max(1, round(batch.value / length)), length, training_precision(need.model, system), software_date=need.start), (batch, sequence)


def training_job(need: Need, system: System, catalog: Catalog) -> TrainingJob:
    """The job that a training need is sized with: batch and sequence of the catalogue's assumptions, software of the need's start."""
    return _training_job(need, system, catalog)[0]


def _training_need(need: Need, system: System, draws: Draws | None, catalog: Catalog) -> Estimate:
    job, assumed = _training_job(need, system, catalog)
    machine = make_machine(system, Ledger(), catalog=catalog, software_date=job.software_date)
    within = need.want("within_s")
    found = fewest_units(need, machine, system, job, catalog)
    book = Ledger(draws)
    written = Written(book, prefix_of(need.name, need.model, system))
    chosen = found.search.best or found.search.least_bad
    if chosen is None:
        return nothing_fits(need, system, written, found.search.why_not)
    count = found.units * system.accelerators
    for figure in assumed:
        book.take(figure)
    machine = make_machine(system, book, catalog=catalog, software_date=job.software_date)
    estimate = write_training(written, machine, need.model, system, job, training_strategy(chosen.strategy), count, need=need.name, catalog=catalog)
    tokens, limit = book.take(need.want("tokens")), book.take(within)
    key = written.key
    useful = write_goodput(written, need.model, job, count, catalog)
    run = written.put(
        "run_s",
        tokens / (estimate.tokens_per_s_per_accelerator * count * useful),
        "s",
        "tokens / (tokens/s of all accelerators x share of time that goes into steps)",
        [need.want("tokens").key, key("tokens_per_s_per_accelerator"), key("goodput_share")],
    )
    scaled = np.ceil(count * run / limit / system.accelerators - 1e-9) * system.accelerators
    accelerators = written.put(
        "accelerators_count", _first(scaled, float(count)), "1", f"fewest whole units of {system.accelerators} that finish in time, found to 1 %; a draw that is slower takes as many more",
        [key("run_s"), within.key, *(figure.key for figure in assumed)],
    )  # fmt: skip
    why = "" if found.meets and found.run_s <= within.value else found.search.why_not or _too_slow(found.run_s, within.value, count)
    return replace(
        estimate,
        fits=not why,
        why_not=why,
        accelerators=accelerators,
        run_s=run,
        left_out=(*TRAINING_LEFT_OUT, f"batch of {job.global_batch} sequences of {job.sequence} tokens is our assumption"),
    )


def _too_slow(run_s: float, within_s: float, count: int) -> str:
    return f"too slow: {run_s / 86400.0:.4g} d of {within_s / 86400.0:.4g} d on {count} accelerators; more do not help with this batch"


def _first(value: Number, first: float) -> Number:
    """The value with another central one."""
    array = np.array(value, dtype=float)
    if array.ndim == 0:
        return first
    array[0] = first
    return array


def fewest_units(need: Need, machine: Machine, system: System, job: TrainingJob, catalog: Catalog) -> _Sized:
    """The fewest units that do the tokens in time, to one part in CLOSE; the largest tried where none does.

    Starts from the number that the matrix rate alone would take, doubles until in time, then closes in; more units are
    taken never to be slower, which holds but for what a strategy leaves idle.
    """
    tokens, within = need.want("tokens").value, need.want("within_s").value
    least = tokens * float(train_flop_per_token(need.model, job.sequence)) / central(machine.kernels.rate(job.precision)) / within
    low = max(0, ceil(least / system.accelerators) - 1)
    most = max(1, 64 * job.global_batch // system.accelerators)

    def attempt(units: int) -> _Sized:
        search = rank_training(machine, need.model, system, job, units * system.accelerators, kept=1)
        count = units * system.accelerators
        useful = central(goodput_of(need.model, job.optimizer, count, catalog, Ledger()).share)
        rate = search.best.tokens_per_s_per_accelerator * count * useful if search.best else 0.0
        return _Sized(units, search, tokens / rate if rate else float("inf"))

    high = attempt(max(1, 2 * low))
    best = high
    while high.run_s > within and high.units < most:
        low = high.units
        high = attempt(min(most, 2 * high.units))
        if high.search.least_bad is not None and high.run_s <= best.run_s:
            best = high
        elif best.meets and high.units > 8 * best.units:
            break  # the batch is used up: more accelerators only wait
    return _close_in(attempt, low, high, within) if high.run_s <= within else best


def _close_in(attempt: Callable[[int], _Sized], low: int, high: _Sized, within: float) -> _Sized:
    """Between a number that is too few and one that is enough: by proportion and by halves in turn."""
    by_proportion = True
    while high.units - low > max(1, high.units // CLOSE):
        guess = ceil(high.units * high.run_s / within) if by_proportion else (low + high.units) // 2
        tried = attempt(min(max(guess, low + 1), high.units - 1))
        by_proportion = not by_proportion
        if tried.run_s <= within:
            high = tried
        else:
            low = tried.units
    return high


def _serving_need(need: Need, system: System, draws: Draws | None, catalog: Catalog, accelerators: int | None) -> Estimate:
    search = search_need(need, system, accelerators=accelerators, catalog=catalog, kept=1)
    book = Ledger(draws)
    written = Written(book, prefix_of(need.name, need.model, system))
    chosen = search.best or search.least_bad
    if chosen is None:
        return nothing_fits(need, system, written, search.why_not)
    figures = {name: figure for name in TRAFFIC if (figure := getattr(need, name)) is not None}
    drawn = make_machine(system, book, catalog=catalog, serving=True)
    estimate = write_serving(written, drawn, need.model, system, figures, serving_strategy(chosen.strategy), need=need.name, catalog=catalog)
    return replace(with_slo_note(estimate, has_tpot=need.tpot_s is not None), fits=not search.why_not, why_not=search.why_not)


def search_need(need: Need, system: System, *, accelerators: int | None = None, catalog: Catalog | None = None, kept: int = KEPT) -> Search:
    """The search over ways to serve that answers a need, at central values."""
    machine = make_machine(system, Ledger(), catalog=catalog, serving=True)
    asked = {name: figure for name in TRAFFIC if (figure := getattr(need, name)) is not None}
    requests = requests_of(asked, {name: figure.value for name, figure in asked.items()})
    slo = Slo(need.ttft_s.value if need.ttft_s else None, need.tpot_s.value if need.tpot_s else None, need.ttft_share)
    return rank_requests(machine, need.model, system, requests, slo, _like(need, system), accelerators, kept=kept)


def _like(need: Need, system: System) -> ServingStrategy:
    """What all ways to serve a need have in common: precision, and the guesses of speculative decoding."""
    like = like_of(system, draft=int(need.draft_tokens.value) if need.draft_tokens else 0)
    return replace(like, accepted_share=need.accepted_share.value) if need.accepted_share else like


def nothing_fits(need: Need, system: System, written: Written, why: str) -> Estimate:
    """The estimate where no strategy of the grid exists at all: zeros, and why."""
    zero = written.put("tokens_per_s_per_accelerator", 0.0, "token/s", f"none: {why}")
    return Estimate(
        need.name, system.name, need.kind, False, why, 0.0, 0, {}, zero, 0.0, dict.fromkeys(CAUSES, 0.0), "", "", written.book,
        TRAINING_LEFT_OUT if need.kind == "training" else SERVING_LEFT_OUT, prefix=written.prefix,
    )  # fmt: skip
