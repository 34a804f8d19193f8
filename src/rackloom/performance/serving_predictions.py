"""Predictions of published serving runs: their load followed on the strategy that the row tells, or on the best that agrees with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

import numpy as np

from ..catalog import Catalog
from ..draws import Draws, Number, interval, shown
from ..ledger import Numbers
from .jobs import ServingStrategy
from .loads import Lengths, closed, most_at_once, offline, outcome
from .machine import Machine, make_machine
from .queue import Engine
from .rows import NotScored
from .serving import ServeColumns
from .serving_rows import Serving, read_serving_row
from .steady import Requests, keeps, serve_times

PADDED = (1, 2, 4, 8, 16, 32, 64, 128, 256, 384, 512, 1024, 2048, 4096, 8192)  # sizes of graphs in the settings of TensorRT-LLM's overview
BATCHES = 60  # numbers of requests at once that are looked at


@dataclass(frozen=True)
class Prediction:
    """One row: what was measured and what is predicted, in the same quantity, with the 80 % interval.

    `kind` is dense or moe, `machine` the accelerator's generation, `system` the accelerator as the row names it;
    `open_settings` are those that the row leaves open, predicted at the fastest that fits.
    """

    quantity: str
    measured: float
    value: float
    low: float
    high: float
    kind: str
    machine: str
    model: str
    system: str
    open_settings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def predict_serving(row: Mapping[str, Any], source: Mapping[str, Any], catalog: Catalog, draws: Draws | None) -> tuple[Prediction, ...]:
    """One prediction for each quantity that the row measured. Raises NotScored where it says too little or nothing fits."""
    serving = read_serving_row(row, source, catalog)
    machine, drawn = (make_machine(serving.system, Numbers(each), catalog=catalog, software_date=serving.software_date, serving=True) for each in (None, draws))
    engine = engine_of(serving)
    accelerator = str((row.get("hardware") or {}).get("accelerator", ""))
    if serving.requests:
        strategy, values = _followed(serving, machine, drawn, engine, catalog)
    else:
        strategy, values = _steady(serving, machine, drawn, engine)
    notes = (*serving.notes, f"served with {engine_words(strategy)}") if serving.open_settings else serving.notes
    return tuple(_prediction(serving, name, measured, values[name], accelerator, notes) for name, measured in serving.measured.items())


def _followed(serving: Serving, machine: Machine, drawn: Machine, engine: Engine, catalog: Catalog) -> tuple[ServingStrategy, dict[str, Number]]:
    """A run of so many requests: each is followed."""
    strategy = next(iter(serving.strategies))
    lengths = Lengths(serving.prompt, serving.answer, spread=catalog.figure("performance-serving", "drift_share").value if serving.clients else 0.0)
    if most_at_once(machine, serving.model, strategy, engine, lengths) < 1:
        raise NotScored("the model does not fit into the memory")
    replicas = max(1, serving.accelerators // strategy.ranks)
    requests, clients = (ceil(count / replicas / strategy.dp) for count in (serving.requests, serving.clients))
    if serving.clients:
        served = closed(machine, serving.model, strategy, engine, lengths, clients, requests)
    else:
        served = offline(machine, serving.model, strategy, engine, lengths, requests)
    found = outcome(drawn, serving.model, strategy, lengths, served, drawn.serving_request_s, whole=True)
    return strategy, {"tokens_per_s_per_gpu": found.tokens_per_s_per_accelerator, "ttft_ms": found.ttft_s * 1e3, "tpot_ms": found.tpot_s * 1e3}


def _steady(serving: Serving, machine: Machine, drawn: Machine, engine: Engine) -> tuple[ServingStrategy, dict[str, Number]]:
    """The most that goes through for hours, within the limits of latency where there are any: over strategies and numbers of requests at once."""
    best: tuple[float, ServingStrategy] | None = None
    requests = Requests(serving.prompt, serving.answer, 0.0, serving.spread)
    for strategy in serving.strategies:
        most = most_at_once(machine, serving.model, strategy, engine, Lengths(serving.prompt, serving.answer, spread=serving.spread))
        if most < 1:
            continue
        batches = np.unique(np.round(np.geomspace(1, most, BATCHES))) * strategy.dp
        times = serve_times(machine, serving.model, strategy, ServeColumns(strategy.tp, strategy.dp, batches, strategy.pp), requests, float(engine.step_tokens))
        rate = np.where(keeps(times, serving.slo), times.tokens_per_s_per_accelerator, 0.0)
        place = int(np.argmax(rate))
        if rate[place] > (best[0] if best else 0.0):
            best = float(rate[place]), replace(strategy, batch=int(batches[place]))
    if best is None:
        raise NotScored("no strategy fits the memory and keeps the limits of latency")
    found = serve_times(drawn, serving.model, best[1], ServeColumns(best[1].tp, best[1].dp, best[1].batch, best[1].pp), requests, float(engine.step_tokens))
    return best[1], {"tokens_per_s_per_gpu": found.tokens_per_s_per_accelerator, "ttft_ms": found.ttft_s * 1e3, "tpot_ms": found.tpot_s * 1e3}


def _prediction(serving: Serving, name: str, measured: float, value: Number, accelerator: str, notes: tuple[str, ...]) -> Prediction:
    middle = shown(value)
    low, high = interval(value) or (middle, middle)
    kind = "moe" if serving.model.is_moe else "dense"
    return Prediction(name, measured, middle, low, high, kind, serving.machine, serving.model.name, accelerator, serving.open_settings, notes)


def engine_words(strategy: ServingStrategy) -> str:
    """A strategy in a few words."""
    ranks = {"TP": strategy.tp, "PP": strategy.pp, "DP": strategy.dp}
    return " ".join(f"{name} {count}" for name, count in ranks.items() if count > 1) or "one accelerator"


def engine_of(serving: Serving) -> Engine:
    """The engine as the row's source set it."""
    item = serving.engine
    padded = PADDED if serving.load == "offline" and item.name == "engine-trtllm" else ()
    return Engine(int(item.figure("step_tokens").value), int(item.figure("requests_count").value), bool(item.text.get("chunked")), bool(item.text.get("reserves")), padded)
