"""`rackloom needs`: what one model asks of a system."""

from __future__ import annotations

import sys
from datetime import date
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from ..catalog import Catalog

from .say import JSON, console, say_json


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(
        help="What a model asks of a system: accelerators for a deadline, the best strategies, what limits, the interval.\n\n"
        "Example: rackloom needs config.json --system gb200-nvl72 --train 15e12tok --deadline 90d\n\n"
        "Example: rackloom needs llama-3.1-70b --system h200-hgx --serve isl=4000,osl=1000,ttft=1000ms,tpot=40ms --accelerators 8"
    )
    def needs(
        configs: list[str] = typer.Argument(..., help="config.json files, or names of shipped models"),
        system: str = typer.Option("gb200-nvl72", "--system", help="a system of the catalogue: `rackloom catalog list system`"),
        train: str | None = typer.Option(None, "--train", help="tokens to train on, such as 15e12tok"),
        deadline: str | None = typer.Option(None, "--deadline", help="in which they are to be done, such as 90d"),
        start: str | None = typer.Option(None, "--start", help="day on which the run starts (YYYY-MM-DD), for how ripe the software is"),
        every: bool = typer.Option(False, "--every", help="look at every strategy (millions) in place of the usual ones"),
        price: float | None = typer.Option(None, "--usd-per-accelerator-hour", help="your price, for the front of speed against cost"),
        serve: str | None = typer.Option(
            None,
            "--serve",
            help="requests and limits, such as isl=4000,osl=1000,ttft=1000ms,tpot=40ms; also ttft_p95, rate, hit, hit_host, spread, turns, next, kept, draft, accepted",
        ),
        most: int | None = typer.Option(None, "--accelerators", min=1, help="with --serve: the most that a replica, or a set of prefill and decode replicas, may take"),
        capital: float | None = typer.Option(None, "--usd-per-accelerator", help="with --serve: your price of one accelerator with its part of the rack, for the cost of tokens"),
        support: bool = typer.Option(False, "--support", help="first say how well the case is covered by published runs"),
        catalog: list[str] = typer.Option([], "--catalog", help="a folder of your own parts; may be repeated"),
        as_json: bool = JSON,
    ) -> None:
        from ..catalog import load_catalog
        from ..errors import BadInput, Fault
        from ..program import as_plain, ask

        known = load_catalog(*catalog)
        if serve is not None and train is not None:
            raise BadInput(Fault("--serve and --train ask two things", mend="Ask one after the other."))
        if serve is not None:
            _serve(configs, system, serve, (most, capital), known, support=support, as_json=as_json)
            return
        answers = [
            ask(config, system=system, tokens=train, deadline=deadline, start=_day(start), usd_per_accelerator_h=price, catalog=known, space="every" if every else "usual",
                progress=None if as_json or not sys.stderr.isatty() else _tell)
            for config in configs
        ]  # fmt: skip
        if as_json:
            say_json({"answers": [as_plain(answer) for answer in answers]})
        else:
            from ..report import print_asked

            for answer in answers:
                print_asked(answer, console(), support=support)
        raise typer.Exit(1 if any(answer.estimate is not None and not answer.estimate.fits for answer in answers) else 0)


def _serve(configs: list[str], system: str, serve: str, own: tuple[int | None, float | None], catalog: Catalog, *, support: bool, as_json: bool) -> None:
    """Answer --serve for each config."""
    from ..program import as_plain, ask_serving

    answers = [ask_serving(config, system=system, serve=serve, accelerators=own[0], usd_per_accelerator=own[1], catalog=catalog) for config in configs]
    if as_json:
        say_json({"answers": [as_plain(answer) for answer in answers]})
    else:
        from ..report import print_served

        for answer in answers:
            print_served(answer, console(), support=support)
    raise typer.Exit(1 if any(not answer.estimate.fits for answer in answers) else 0)


def _tell(done: int, total: int) -> None:
    end = "\n" if done >= total else ""
    print(f"\rstrategies: placement {done} of {total}", end=end, file=sys.stderr, flush=True)


def _day(text: str | None) -> date | None:
    from ..errors import BadInput, Fault

    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(Fault(f"--start: '{text}' is not a day", mend="Write it as 2027-06-01.")) from None
