"""Published serving measurements as their collectors write them down, read into what was served how.

As with training rows (`rows`), what a row says decides, what it does not say is settled by stated rules or left open; open
settings are taken at the best that fits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from ..catalog import Catalog, Item, System
from ..needs.model import Model
from .jobs import ServingStrategy, Slo
from .kernels import ELEMENT_BYTES
from .rows import NotScored, find_accelerator, generation_of, model_of_row, precision_of_row, system_of_row, year_told

QUANTITIES = ("tokens_per_s_per_gpu", "ttft_ms", "tpot_ms")
MLPERF: Mapping[str, str] = {
    "llama2_70b": "bench-mlperf-llama2-70b", "mixtral_8x7b": "bench-mlperf-mixtral-8x7b", "llama31_405b": "bench-mlperf-llama-3.1-405b", "deepseek_r1": "bench-mlperf-deepseek-r1",
    "llama3_8b": "bench-mlperf-llama-3.1-8b",
}  # fmt: skip
LIMIT_SHARE = 0.99  # MLPerf's limits hold for 99 % of the requests


@dataclass(frozen=True)
class Serving:
    """What was served how: `load` is 'offline' (all requests at once), 'closed' (clients) or 'open' (as many as the limits allow).

    `requests` are those of the whole run over all accelerators; `measured` by quantity. `strategies` are those that agree with
    the row, one where it says all.
    """

    name: str
    model: Model
    system: System
    engine: Item
    accelerators: int
    strategies: tuple[ServingStrategy, ...]
    prompt: float
    answer: float
    spread: float
    load: str
    requests: int
    clients: int
    slo: Slo
    software_date: date | None
    measured: Mapping[str, float]
    machine: str
    open_settings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read_serving_row(row: Mapping[str, Any], source: Mapping[str, Any], catalog: Catalog) -> Serving:
    """A row of a serving file. Raises NotScored where it says too little, or names what is not known."""
    notes: list[str] = []
    hardware = row.get("hardware") or {}
    measured = {name: float(value) for name, value in (row.get("measured") or {}).items() if name in QUANTITIES and isinstance(value, (int, float))}
    if "ttft_ms" in measured:
        measured.pop("tokens_per_s_per_gpu", None)  # worked out from the other two
    concurrency = row.get("concurrency")
    if not measured:
        raise NotScored("neither tokens/s, TTFT nor TPOT of a stated load is given")
    if concurrency is None or concurrency in ("low batch", "large batch"):
        raise NotScored("the row does not say how many requests ran at once")
    accelerator = find_accelerator(str(hardware.get("accelerator", "")), catalog)
    model = model_of_row(row.get("model") or {}, notes)
    system = system_of_row(str(row.get("id", "")), hardware, accelerator, catalog, notes)
    precision, attention = _precisions(row, model, system, notes)
    count = int(hardware.get("count") or 0)
    if count < 1:
        raise NotScored("the row does not say on how many accelerators it ran")
    engine = catalog.item("engine-vllm" if "vllm" in str(row.get("engine", "")).lower() else "engine-trtllm")
    strategies, left_open = _strategies(row, model, system, count, precision, attention, engine)
    bench = _benchmark(row, catalog)
    prompt, answer = _lengths(row, bench)
    told = bench.get("output_spread_share") if bench is not None else None
    spread = told.value if told is not None else 0.0
    load, requests, clients, slo = _load(row, bench, concurrency)
    day = _day(source, bench)
    return Serving(
        str(row.get("id", "")), model, system, engine, count, strategies, prompt, answer, spread, load, requests, clients, slo, day, measured,
        generation_of(accelerator), left_open, tuple(notes),
    )  # fmt: skip


def _day(source: Mapping[str, Any], bench: Item | None) -> date | None:
    """The day of the software: as the benchmark's entry says, else the middle of the year that the source tells."""
    if bench is not None and (said := bench.say("software_date")):
        return date.fromisoformat(said)
    year = year_told(f"{source.get('title', '')} {source.get('ref', '')}".replace("_", " "))
    return date(year, 7, 1) if year else None


def _precisions(row: Mapping[str, Any], model: Model, system: System, notes: list[str]) -> tuple[str, str]:
    """Precision of weights and products, and that of attention's projections.

    Where none is told, 16 bits. Models that are published in MXFP4 (gpt-oss) keep attention in 16 bits, and run their experts on chips
    without 4-bit products in 16 bits from 4-bit weights.
    """
    precision = precision_of_row(str(row.get("precision") or "bf16"))
    if model.native_format == "mxfp4":
        small = "fp4" if "fp4" in system.flop_per_s else "w4a16"
        if precision != small:
            notes.append("weights as published, in MXFP4" + ("" if small == "fp4" else ", products in 16 bits: the chip has none of 4 bits"))
        return small, "bf16"
    if row.get("precision") is None:
        notes.append("precision not told: 16 bits taken")
    return precision, precision


def _strategies(
    row: Mapping[str, Any], model: Model, system: System, count: int, precision: str, attention: str, engine: Item
) -> tuple[tuple[ServingStrategy, ...], tuple[str, ...]]:  # fmt: skip
    told = row.get("parallelism") or {}
    kv = kv_precision_of(precision, engine)
    tp, pp, dp = (int(told.get(key) or 1) for key in ("tp", "pp", "dp"))
    if told:
        if row.get("source") == "trtllm_overview_a" and model.is_moe:
            tp, dp = 1, tp * dp  # its text: attention data parallel where the model has experts
        cut = model.is_moe and dp > 1 and int(told.get("ep") or 1) == 1  # no expert parallelism told: the engines then cut every expert
        return (ServingStrategy(tp, dp, 1, precision, kv, pp, attention_precision=attention, cut_experts=cut),), ()
    domain = system.tiers[0].size
    heads, experts = model.layers[0].attention.heads, max(layer.experts for layer in model.layers)
    found = []
    for ranks in (1, 2, 4, 8, 16, 32, 64):
        if ranks > min(count, domain) or (count % ranks and ranks > count):
            continue
        if heads % ranks == 0:
            found.append(ServingStrategy(ranks, 1, 1, precision, kv, attention_precision=attention))
        if experts and ranks > 1 and experts % ranks == 0:
            found.append(ServingStrategy(1, ranks, 1, precision, kv, attention_precision=attention))
        if 1 < ranks <= 8 and not experts:
            found.append(ServingStrategy(1, 1, 1, precision, kv, ranks, attention_precision=attention))
    return tuple(found), ("tp", "pp", "dp")


def kv_precision_of(precision: str, engine: Item) -> str:
    """Precision of the cache: 8 bits beside weights of 8 bits or fewer in TensorRT-LLM's quantised models, else 16 bits; 16 beside 16-bit products."""
    small = ELEMENT_BYTES[precision] <= 1.0 and precision != "w4a16"
    return "fp8" if small and engine.name == "engine-trtllm" else "bf16"


def _benchmark(row: Mapping[str, Any], catalog: Catalog) -> Item | None:
    source = str(row.get("source", ""))
    if source.startswith("mlperf_inference"):
        return catalog.items.get(MLPERF.get(str((row.get("model") or {}).get("key")), ""))
    if source.startswith("trtllm_overview"):
        return catalog.item("bench-trtllm-overview")
    return catalog.item("bench-aiconfigurator") if source.startswith("aic") else None


def _lengths(row: Mapping[str, Any], bench: Item | None) -> tuple[float, float]:
    found = []
    for key, name in (("isl", "input_tokens"), ("osl", "output_tokens")):
        figure = bench.get(name) if bench is not None else None
        value = row.get(key) or (figure.value if figure is not None else None)
        if value is None:
            raise NotScored("the row does not say how long prompts and answers are")
        found.append(float(value))
    return found[0], found[1]


def _load(row: Mapping[str, Any], bench: Item | None, concurrency: Any) -> tuple[str, int, int, Slo]:
    """How requests come: (load, requests, clients, limits)."""
    if isinstance(concurrency, int):
        if bench is not None and (each := bench.get("requests_for_each_client_count")):
            return "closed", int(each.value) * concurrency, concurrency, Slo()
        return "offline", concurrency, 0, Slo()
    word = str(concurrency)
    if word in ("server", "interactive"):
        limits = [bench.get(f"{word}_{name}_s") if bench is not None else None for name in ("ttft", "tpot")]
        if None in limits:
            raise NotScored(f"limits of '{word}' are not known for this model")
        ttft, tpot = (figure.value for figure in limits if figure is not None)
        return "open", 0, 0, Slo(ttft, tpot, LIMIT_SHARE, LIMIT_SHARE)
    stated = bench.get(f"requests_{row.get('isl')}_{row.get('osl')}_count") if bench is not None else None
    return "offline", int(stated.value) if stated is not None else 0, 0, Slo()


def is_serving(row: Mapping[str, Any]) -> bool:
    """Whether a row is of serving: it has keys that only these have."""
    return any(key in row for key in ("isl", "osl", "engine", "concurrency"))
