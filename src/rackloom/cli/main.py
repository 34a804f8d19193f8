"""`rackloom`: dispatch, exit statuses, and how errors reach a person."""

from __future__ import annotations

import os
import sys

import typer

from ..errors import RackloomError

app = typer.Typer(
    name="rackloom", no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False,
    help="From what AI models ask of hardware to racks that can be built, sourced, evaluated and bought on evidence. Start with `rackloom new`, then `rackloom plan PROGRAM`.",
)  # fmt: skip


@app.callback(invoke_without_command=True)
def _top(version: bool = typer.Option(False, "--version", help="Show the version and leave.")) -> None:
    if version:
        from .. import __version__

        typer.echo(f"rackloom {__version__}")
        raise typer.Exit


def _register() -> None:
    from . import catalog, design, diff, envelope, explain, needs, new, plan, schema, validate

    for module in (new, plan, needs, envelope, design, explain, diff, schema, validate):
        module.register(app)
    catalog.register(app)


def main() -> None:
    """Entry point. Exit status: 0 done; 1 done, and something failed its check; 2 bad input; 3 could not finish."""
    _register()
    try:
        status = app(standalone_mode=False)
        sys.exit(status if isinstance(status, int) else 0)
    except typer.Exit as leave:
        sys.exit(leave.exit_code)
    except RackloomError as error:
        print(str(error), file=sys.stderr)
        count = len(getattr(error, "faults", ()))
        if count > 1:
            print(f"{count} faults; nothing was computed.", file=sys.stderr)
        sys.exit(error.status)
    except KeyboardInterrupt:
        print("Interrupted; nothing half-written was left.", file=sys.stderr)
        sys.exit(3)
    except BrokenPipeError:  # the reader of a pipe left; say nothing more to it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        name = f"{error.filename}: " if error.filename else ""
        print(f"{name}{error.strerror or error}", file=sys.stderr)
        sys.exit(3)
    except Exception as error:
        usage = getattr(error, "format_message", None)  # click's own usage errors
        if usage is None:
            raise
        print(f"rackloom: {usage()}", file=sys.stderr)
        sys.exit(getattr(error, "exit_code", 2))
