"""Draw the README's picture: the envelope of the frontier example against its generations by year."""

from __future__ import annotations

from pathlib import Path

from rackloom.program import load_program, make_plan, write_text
from rackloom.report.plots import envelope_plot
from rackloom.report.stage_tables import envelope_panels

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    plan = make_plan(load_program(ROOT / "examples" / "frontier" / "program.yaml"))
    write_text(ROOT / "docs" / "images" / "frontier.svg", envelope_plot(envelope_panels(plan.data), standalone=True) + "\n")


if __name__ == "__main__":
    main()
