"""The answer of `rackloom needs` as terminal text: the line, the best strategies, what limits, the interval, what covers it."""

from __future__ import annotations

from typing import Any

from ..draws import central, interval
from ..needs import Estimate
from ..performance import RULES, FrontPoint, Search, Support
from ..program import Asked
from .numbers import number_text

STRATEGIES = 8
CAUSES = {
    "compute": "matrix products and kernels that compute", "memory": "kernels that wait for memory", "scale_up": "messages on scale-up links", "scale_out": "messages on scale-out links",
    "host": "start of the step, and the host", "bubble": "filling and emptying the pipeline",
}  # fmt: skip


def print_asked(asked: Asked, console: Any, *, support: bool) -> None:
    """Print an answer; with `support` what covers it, first."""
    if support and asked.support is not None:
        print_support(asked.support, console)
    console.print(asked.line, style="bold", markup=False)
    if asked.estimate is None:
        for name, value in asked.model.items():
            said = value if isinstance(value, str) else number_text(float(str(value)), "1")
            console.print(f"  {name.replace('_', ' '):<20}{said}", markup=False)
        return
    if asked.search is not None and asked.search.ranked:
        _strategies(asked.search, console)
    _limits(asked.estimate, console)
    _memory_and_flops(asked.estimate, console)
    if asked.front:
        _front(asked.front, console)
    console.print("Left out: " + "; ".join(asked.estimate.left_out) + ".", style="dim", markup=False)


def rich_table(title: str, columns: list[str], rows: list[list[str]], *, left: tuple[int, ...] = ()) -> Any:
    """A table for the terminal, figures to the right but for the columns `left`."""
    from rich import box
    from rich.table import Table as Rich

    out = Rich(title=title, box=box.SIMPLE_HEAD, title_justify="left", header_style="bold", pad_edge=False)
    for number, column in enumerate(columns):
        out.add_column(column, justify="left" if number in left else "right", overflow="fold")
    for row in rows:
        out.add_row(*row)
    return out


def _strategies(search: Search, console: Any) -> None:
    names = {
        "tp": "TP",
        "pp": "PP",
        "cp": "CP",
        "ep": "EP",
        "dp": "DP",
        "micro_batch": "micro batch",
        "interleave": "chunks",
        "schedule": "schedule",
        "recompute": "recompute",
        "zero": "ZeRO",
    }
    rows = [
        [*(str(c.strategy[key]) for key in names), number_text(c.step_s, "s"), number_text(c.tokens_per_s_per_accelerator, "token/s"), number_text(c.memory_bytes, "byte")]
        for c in search.ranked[:STRATEGIES]
    ]
    title = f"Best strategies on {search.accelerators} accelerators, the best of each placement; {search.visited:,} looked at, {search.feasible:,} fit"
    console.print(rich_table(title, [*names.values(), "step", "tok/s each", "memory"], rows))


def _limits(estimate: Estimate, console: Any) -> None:
    rows = [[CAUSES[cause], f"{share:.1%}"] for cause, share in sorted(estimate.shares.items(), key=lambda entry: -entry[1])]
    console.print(rich_table("What a step's time goes into", ["cause", "share"], rows))
    rate = estimate.tokens_per_s_per_accelerator
    ends = interval(rate) or (central(rate), central(rate))
    console.print(f"tok/s each {number_text(central(rate), 'token/s', *ends)} (80 % interval). Half of the step's interval by cause alone: "
                  + ", ".join(f"{group} {share:.1%}" for group, share in estimate.spread.items()), markup=False)  # fmt: skip


def _memory_and_flops(estimate: Estimate, console: Any) -> None:
    """Memory by kind, and the utilisation by each rule of counting FLOPs."""
    rows = {kind: estimate.ledger.row(f"{estimate.prefix}.{kind}_bytes") for kind in ("weights", "gradients", "optimizer", "activations", "buffers")}
    kinds = ", ".join(f"{kind} {number_text(row.value, row.unit)}" for kind, row in rows.items() if row is not None)
    console.print(f"Memory of the fullest accelerator: {number_text(central(estimate.memory_bytes), 'byte')} ({kinds}); {'fits' if estimate.fits else 'see above'}", markup=False)
    used = {rule: estimate.ledger.row(f"{estimate.prefix}.{rule}_utilisation_share") for rule in RULES}
    said = ", ".join(f"{rule} {row.value:.1%}" for rule, row in used.items() if row is not None)
    console.print(f"Of the data sheet's dense rate, by rule of counting FLOPs: {said}", markup=False)


def _front(front: tuple[FrontPoint, ...], console: Any) -> None:
    rows = [
        [f"{p.accelerators:,}", number_text(p.tokens_per_s, "token/s"), "–" if p.power_w is None else number_text(p.power_w, "W"),
         "–" if p.usd_per_s is None else f"{p.usd_per_s * 3600:,.0f}"]
        for p in front
    ]  # fmt: skip
    console.print(rich_table("Speed against power and cost: nothing beats these in all", ["accelerators", "tok/s of all", "power", "USD/h"], rows))


def print_support(support: Support, console: Any) -> None:
    """Print how well a case is covered by published runs."""
    rows = [
        [line.group, str(line.runs), "–" if line.median_error is None else f"{line.median_error:.1%}", "–" if line.coverage is None else f"{line.coverage:.0%}"]
        for line in support.groups
    ]
    console.print(rich_table(f"This case is {support.grade} covered", ["published runs of", "predicted", "median error", "in the 80 % interval"], rows))
    for note in support.notes:
        console.print(f"  {note}", markup=False)
