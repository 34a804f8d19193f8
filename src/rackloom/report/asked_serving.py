"""The answer of `rackloom needs --serve` as terminal text: the line, the best ways together and apart, the front, latency, what limits, energy."""

from __future__ import annotations

from typing import Any

from ..draws import central, interval
from ..needs import Estimate
from ..performance import Candidate, PowerAnswer, Search, TokenCost
from ..program import AskedServing, way_of
from .asked import print_support, rich_table
from .numbers import number_text

BEST, FRONT = 5, 12
CAUSES = {
    "compute": "kernels that compute", "memory": "kernels that wait for memory", "scale_up": "messages on scale-up links", "scale_out": "messages on scale-out links",
    "host": "the host between steps", "bubble": "stages that wait, idle pools",
}  # fmt: skip


def print_served(asked: AskedServing, console: Any, *, support: bool) -> None:
    """Print an answer; with `support` what covers it, first."""
    if support:
        print_support(asked.support, console)
    console.print(asked.line, style="bold", markup=False)
    if asked.search.ranked:
        _ways(asked.search, console)
        _front(asked.search, console)
    if asked.estimate.strategy:
        _latency(asked.estimate, console)
        _limits(asked.estimate, console)
    if asked.power is not None:
        _energy(asked.power, console)
        if asked.cost is not None:
            _cost(asked.cost, console)
    elif asked.power_why_not:
        console.print(f"Energy: not known: {asked.power_why_not}", markup=False)
    console.print("Left out: " + "; ".join(asked.estimate.left_out) + ".", style="dim", markup=False)


def _row(c: Candidate) -> list[str]:
    return [way_of(c.strategy), number_text(c.tokens_per_s_per_accelerator, "token/s"), f"{1.0 / (c.tpot_s or 1.0):.0f}", number_text(c.ttft_s, "s"), number_text(c.tpot_s, "s"),
            number_text(c.memory_bytes, "byte")]  # fmt: skip


def _ways(search: Search, console: Any) -> None:
    kinds = {
        "Prefill and decode together": [c for c in search.ranked if "prefill" not in c.strategy],
        "Prefill and decode apart": [c for c in search.ranked if "prefill" in c.strategy],
    }
    for title, found in kinds.items():
        if found:
            head = ["way", "tok/s each", "tok/s a user", "TTFT", "TPOT", "memory"]
            console.print(rich_table(f"{title}, best first", head, [_row(c) for c in found[:BEST]], left=(0,)))
    console.print(f"{search.visited:,} ways looked at, {search.feasible:,} keep the limits.", markup=False)


def _front(search: Search, console: Any) -> None:
    step = max(1, -(-len(search.front) // FRONT))
    rows = [
        [f"{1.0 / (c.tpot_s or 1.0):.0f}", number_text(c.tokens_per_s_per_accelerator, "token/s"), number_text(c.ttft_s, "s"), way_of(c.strategy)] for c in search.front[::step]
    ]
    console.print(rich_table("Speed for each user against throughput: nothing beats these in both", ["tok/s a user", "tok/s each", "TTFT", "way"], rows, left=(3,)))


def _latency(estimate: Estimate, console: Any) -> None:
    rows = []
    for which, name in (("ttft", "TTFT"), ("tpot", "TPOT")):
        cells = [name]
        for key in (f"{which}_s", *(f"{which}_p{share}_s" for share in (50, 95, 99))):
            row = estimate.ledger.row(f"{estimate.prefix}.{key}")
            cells.append("–" if row is None else number_text(row.value, "s", row.low, row.high))
        rows.append(cells)
    console.print(rich_table("Latency at this load (80 % interval)", ["", "mean", "p50", "p95", "p99"], rows, left=(0,)))


def _limits(estimate: Estimate, console: Any) -> None:
    rows = [[CAUSES[cause], f"{share:.1%}"] for cause, share in sorted(estimate.shares.items(), key=lambda entry: -entry[1])]
    console.print(rich_table("What the time goes into", ["cause", "share"], rows, left=(0,)))


def _energy(power: PowerAnswer, console: Any) -> None:
    joule, ends = central(power.joule_per_token), interval(power.joule_per_token)
    each = number_text(joule, "J", *(ends or (joule, joule)))
    mw = central(power.tokens_per_s_per_site_mw)
    site = number_text(mw, "token/s", *(interval(power.tokens_per_s_per_site_mw) or (mw, mw)))
    console.print(f"Energy: {each} an output token (80 % interval), {central(power.tokens_per_s_per_w):.2g} tok/s a watt, {site} for each MW of the site. "
                  f"Rests on {len(power.rests_on)} figures, {len(power.assumptions)} of them assumptions" + (": " + "; ".join(power.assumed) if power.assumed else "") + ".", markup=False)  # fmt: skip


def _cost(cost: TokenCost, console: Any) -> None:
    """Dollars for a million tokens by term."""
    terms = ", ".join(f"{name.replace('_', ' ')} {central(value):.3g}" for name, value in cost.terms.items())
    ends = interval(cost.usd_per_million_tokens)
    span = f" ({ends[0]:.2g} to {ends[1]:.2g})" if ends else ""
    what = "Cost" if cost.is_whole else "Energy alone (give --usd-per-accelerator for the rest)"
    console.print(f"{what}: {central(cost.usd_per_million_tokens):.3g} USD{span} for a million output tokens: {terms}.", markup=False)
