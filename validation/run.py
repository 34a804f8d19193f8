"""Write the tables of predictions against published figures: training.md and serving.md with their plots, racks.md, cooling.md, parameters.md, power.md; and the summary that ships.

Usage: python validation/run.py [--check]

The same inputs give the same text: nothing in it depends on the clock or the machine. With --check nothing is written, and
the exit status is 1 when a page is out of date.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))  # started as a script

from validation import cooling, parameters, power, projections, racks, serving, support, training  # noqa: E402

PROJECTIONS = "../src/rackloom/catalog/data/projections.yaml"  # shipped too
SUPPORT = "../src/rackloom/catalog/data/support.yaml"  # shipped with the package
PAGES: dict[str, Callable[[], str]] = {
    "training.md": training.page, "training_parity.svg": training.plot, "racks.md": racks.page, "cooling.md": cooling.page, "parameters.md": parameters.page, "power.md": power.page, "serving.md": serving.page, "projections.md": projections.page, PROJECTIONS: projections.figures,
    "serving_parity.svg": serving.plot, SUPPORT: support.page,
}  # fmt: skip


def main(arguments: list[str]) -> int:
    """Write or check every page; the exit status."""
    folder = Path(__file__).parent
    stale = []
    for name, page in PAGES.items():
        path, text = folder / name, page()
        if "--check" not in arguments:
            path.write_text(text, encoding="utf-8", newline="\n")
            print(f"validation/{name}")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
    if stale:
        print(f"out of date: {', '.join(stale)}. Run 'make validate'.", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
