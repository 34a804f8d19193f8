"""One model served on one system, without a program file: which way is best, how quick, how much it draws, how sure that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from ..catalog import Catalog, System, draws_from, load_catalog
from ..catalog import system as find_system
from ..draws import central, interval
from ..errors import BadInput, Fault, nearest
from ..figures import Figure, read_quantity
from ..needs import Estimate, Model, Need
from ..performance import PowerAnswer, Search, Support, TokenCost, estimate_need, power_of, search_need, support_of, token_cost
from .asking import brief_of, model_named

ASKED_AT = date(2027, 7, 1)  # a need has a start; nothing of one that is asked here depends on it
KEYS: Mapping[str, tuple[str, str]] = {  # of --serve: what it is called in a need, and its unit
    "isl": ("input_tokens", "token"), "osl": ("output_tokens", "token"), "rate": ("rate_tokens_per_s", "token/s"), "ttft": ("ttft_s", "s"), "tpot": ("tpot_s", "s"),
    "hit": ("hit_share", "1"), "hit_host": ("hit_host_share", "1"), "spread": ("spread", "1"), "ttft_p95": ("ttft_s", "s"),
    "turns": ("turns_count", "1"), "next": ("next_tokens", "token"), "kept": ("kept_share", "1"), "draft": ("draft_tokens", "token"), "accepted": ("accepted_share", "1"),
}  # fmt: skip
SHARES = ("hit", "hit_host", "kept", "accepted")
EXAMPLE = "isl=4000,osl=1000,ttft=1000ms,tpot=40ms"


@dataclass(frozen=True)
class AskedServing:
    """The answer: the model in brief, the estimate of the best way, the ranking with its front, what it draws, and what covers the case."""

    line: str
    model: Mapping[str, object]
    estimate: Estimate
    search: Search
    power: PowerAnswer | None
    power_why_not: str
    cost: TokenCost | None
    support: Support


def ask_serving(config: str, *, system: str, serve: str, accelerators: int | None = None, usd_per_accelerator: float | None = None, catalog: Catalog | None = None) -> AskedServing:
    """How one model is best served on a system.

    Parameters
    ----------
    config : str
        path of a config.json, or the name of a shipped model
    serve : str
        requests and limits: "isl=4000,osl=1000,ttft=1000ms,tpot=40ms"; also ttft_p95, rate (tokens/s over all users), hit and hit_host
        (prefix cache), spread (of lengths), turns of a conversation with the tokens of each next message and the share kept in the cache, draft tokens of
        speculative decoding with the share accepted
    accelerators : int, optional
        the most that a replica, or a set of prefill and decode replicas, may take
    usd_per_accelerator : float, optional
        your price of one accelerator with its part of the rack, for the cost of tokens; without it only energy is told

    Raises BadInput for what is missing or wrong, Unknown for systems that are not known.
    """
    known = catalog or load_catalog()
    model = model_named(config)
    on = find_system(system, catalog=known)
    need = _need(model, serve)
    search = search_need(need, on, accelerators=accelerators, catalog=known)
    estimate = estimate_need(need, on, draws=draws_from(known), catalog=known, accelerators=accelerators)
    power, why = _power(estimate, on, known)
    cost = token_cost(power, capital_usd_per_accelerator=usd_per_accelerator, catalog=known) if power is not None else None
    precision = str(next(iter(_pools(estimate)), {}).get("precision", "fp8"))
    return AskedServing(_line(model, on, estimate, need), brief_of(model), estimate, search, power, why, cost, support_of(model, on, precision, known, kind="serving"))


def _pools(estimate: Estimate) -> list[Mapping[str, object]]:
    """The strategy, or those of both pools."""
    pools = [estimate.strategy[name] for name in ("prefill", "decode") if name in estimate.strategy]
    return [pool for pool in pools if isinstance(pool, Mapping)] or ([estimate.strategy] if estimate.strategy else [])


def _power(estimate: Estimate, on: System, catalog: Catalog) -> tuple[PowerAnswer | None, str]:
    if not estimate.strategy:
        return None, "no strategy"
    try:
        return power_of(estimate, on, catalog=catalog), ""
    except BadInput as error:
        return None, "; ".join(fault.what for fault in error.faults)


def _need(model: Model, text: str) -> Need:
    """A need from 'isl=4000,osl=1000,...'; all faults at once."""
    faults: list[Fault] = []
    figures: dict[str, Any] = {}  # by name of a need's field
    share = None
    for part in filter(None, (each.strip() for each in text.split(","))):
        key, _, value = part.partition("=")
        if key not in KEYS or not value:
            faults.append(Fault(f"--serve: '{part}' is not understood", nearest=nearest(key, KEYS), mend=f"Keys: {', '.join(KEYS)}; such as --serve {EXAMPLE}."))
            continue
        name, unit = KEYS[key]
        try:
            number = read_quantity(value, unit)
        except ValueError as error:
            faults.append(Fault(f"--serve: {key}: {error}", mend=f"Such as --serve {EXAMPLE}."))
            continue
        if not number > 0.0 and key not in SHARES:
            faults.append(Fault(f"--serve: {key}={value} is not above 0"))
        if key in ("turns", "draft") and number != int(number):
            faults.append(Fault(f"--serve: {key}={value} is not a whole number"))
        if key in SHARES and number > 1.0:
            faults.append(Fault(f"--serve: {key}={value} is more than all"))
        figures[name] = Figure(f"asked.{name}", number, unit, "the command line", "E", low=number, high=number)
        share = 0.95 if key == "ttft_p95" else share
    missing = [key for key, name in (("isl", "input_tokens"), ("osl", "output_tokens")) if name not in figures]
    if missing and not faults:
        faults.append(Fault(f"--serve does not say {', '.join(missing)}", mend=f"Such as --serve {EXAMPLE}."))
    if faults:
        raise BadInput(faults)
    return Need(model.name, "serving", model, ASKED_AT, **figures, ttft_share=share)


def way_of(strategy: Mapping[str, object]) -> str:
    """A way to serve in a few words: 'TP 2, batch 56' or '2 x prefill (TP 1 PP 4) + 1 x decode (DP 16, batch 1024)'."""
    if "prefill" in strategy:
        return f"{strategy['prefill_workers']} x prefill ({_ranks(strategy['prefill'])}) + {strategy['decode_workers']} x decode ({_ranks(strategy['decode'])})"
    return _ranks(strategy)


def _ranks(strategy: object) -> str:
    assert isinstance(strategy, Mapping)
    named = [f"{name} {strategy[key]}" for name, key in (("TP", "tp"), ("PP", "pp"), ("DP", "dp")) if strategy[key] != 1]
    return f"{' '.join(named) or 'TP 1'}, batch {strategy['batch']}"


def _line(model: Model, on: System, estimate: Estimate, need: Need) -> str:
    limits = [f"{name} {figure.value * 1e3:.4g} ms" for name, figure in (("TTFT", need.ttft_s), ("TPOT", need.tpot_s)) if figure is not None]
    asked = f"{model.name} on {on.name}, {need.want('input_tokens').value:.5g} and {need.want('output_tokens').value:.5g} tokens" + (
        f" within {', '.join(limits)}" if limits else ""
    )
    if not estimate.fits:
        return f"NO: {asked}: {estimate.why_not}"
    rate, ends = central(estimate.tokens_per_s_per_accelerator), interval(estimate.tokens_per_s_per_accelerator)
    span = f" ({ends[0]:,.0f} to {ends[1]:,.0f})" if ends else ""
    ttft, tpot = (central(value) * 1e3 if value is not None else 0.0 for value in (estimate.ttft_s, estimate.tpot_s))
    return (f"YES: {asked}: {rate:,.0f} tok/s each{span} by {way_of(estimate.strategy)} on {estimate.replica_accelerators} accelerators; "
            f"TTFT {ttft:,.0f} ms, TPOT {tpot:.3g} ms; limited by {estimate.limited_by.replace('_', '-')}")  # fmt: skip
