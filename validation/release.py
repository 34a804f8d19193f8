"""Response tables against the direct answer: release.md, for a training and a serving need of examples/frontier.

Usage: python validation/release.py [--check]

200 systems are drawn inside the grid of each table (a fixed seed; ranges evenly in logs, the domain among its counts) and
answered twice: read from the rounded table, and by the search that made it. It takes some minutes, so `make validate`
does not run it.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))  # started as a script

from rackloom.catalog import Catalog, System, system  # noqa: E402
from rackloom.needs import AXES, Need, ResponseTable, look_up  # noqa: E402
from rackloom.performance import answer_at, estimate_need, response_table  # noqa: E402
from rackloom.program import load_program, read_policy  # noqa: E402

SYSTEMS, SEED, ALLOWED = 200, 11, 0.05  # beyond the step of rounding
NEEDS = ("pretrain", "chat")


@dataclass(frozen=True)
class Compared:
    """Errors of a table over the direct answer, as shares; systems where one of the two says that nothing fits."""

    errors: np.ndarray
    disagreed: int

    def share_within(self, limit: float) -> float:
        """Share of the systems whose error is no larger."""
        return float(np.mean(np.abs(self.errors) <= limit))


def places(axes: Mapping[str, tuple[float, ...]], count: int, seed: int) -> list[dict[str, float]]:
    """Systems inside a grid: each range evenly in logs, the domain one of its counts."""
    rng = np.random.default_rng(seed)
    return [
        {name: float(rng.choice(axes[name])) if name == "scale_up_domain_count" else math.exp(rng.uniform(math.log(axes[name][0]), math.log(axes[name][-1]))) for name in AXES}
        for _ in range(count)
    ]


def compared(table: ResponseTable, need: Need, like: System, catalog: Catalog, count: int, seed: int = SEED) -> Compared:
    """Tokens a second from a table over the direct answer, less 1, for systems inside its grid."""
    errors, disagreed = [], 0
    for at in places(table.axes, count, seed):
        direct = answer_at(need, like, at, catalog)[0]
        told = look_up(table, at)["tokens_per_s_per_accelerator"]
        if direct > 0.0 and told > 0.0:
            errors.append(told / direct - 1.0)
        elif direct != told:
            disagreed += 1
    return Compared(np.array(errors), disagreed)


def page() -> str:
    """The whole page."""
    folder = ROOT / "examples" / "frontier"
    program = load_program(folder / "program.yaml")
    policy = read_policy(folder / "release.yaml", program)
    like = system(policy.like, catalog=program.catalog)
    step = policy.rounding_share
    lines = [
        "# Response tables against the direct answer", "",
        f"Written by `python validation/release.py`. {SYSTEMS} systems drawn inside the grid of `examples/frontier/release.yaml` (seed {SEED}), rounding {100 * step:g} %.",
        f"Error: tokens/s from the table over those of the search that made it, less 1. Allowed: {100 * ALLOWED:g} % beyond the step of rounding.", "",
        "| need | kind | points | mean | median error | 95th percentile | largest | within what is allowed | told apart on fitting |", "|---|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for name in NEEDS:
        need = program.needs[name]
        table = response_table(need, like, axes=policy.axes, estimate=estimate_need(need, like, catalog=program.catalog), rounding_share=step, catalog=program.catalog)
        found = compared(table, need, like, program.catalog, SYSTEMS)
        size = np.abs(found.errors)
        ends = [f"{100 * v:.1f} %" for v in (float(np.mean(found.errors)), *np.quantile(size, [0.5, 0.95, 1.0]))]
        lines.append(f"| {name} | {need.kind} | {table.points} | {' | '.join(ends)} | {100 * found.share_within(step + ALLOWED):.1f} % | {found.disagreed} |")
    lines += ["", "Systems here are hypothetical ones like the table's own. A real design also differs in what is no axis (docs/release.md)."]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Write or check the page; the exit status."""
    path, text = Path(__file__).parent / "release.md", page()
    if "--check" not in arguments:
        path.write_text(text, encoding="utf-8", newline="\n")
        print("validation/release.md")
        return 0
    return 0 if path.is_file() and path.read_text(encoding="utf-8") == text else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
