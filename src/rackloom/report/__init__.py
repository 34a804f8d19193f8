"""A plan as a page, as files and as terminal text; loaded when first used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .asked import print_asked
    from .asked_serving import print_served
    from .elevation import elevation_svg
    from .files import csv_tables, write_plan, write_report
    from .numbers import number_text
    from .pages import page
    from .rack_rows import rack_rows_markdown, rack_rows_table
    from .rack_sheet import files_of, print_against, print_sheet
    from .terminal import print_plan, print_rack
    from .texts import explain_text

__all__ = [
    "csv_tables",
    "elevation_svg",
    "explain_text",
    "files_of",
    "number_text",
    "page",
    "print_against",
    "print_asked",
    "print_plan",
    "print_rack",
    "print_served",
    "print_sheet",
    "rack_rows_markdown",
    "rack_rows_table",
    "write_plan",
    "write_report",
]

_MODULE_OF = {
    "elevation_svg": "elevation", "files_of": "rack_sheet", "print_against": "rack_sheet", "print_sheet": "rack_sheet",
    "csv_tables": "files", "explain_text": "texts", "number_text": "numbers", "page": "pages", "print_asked": "asked", "print_served": "asked_serving", "print_plan": "terminal", "print_rack": "terminal",
    "rack_rows_markdown": "rack_rows", "rack_rows_table": "rack_rows", "write_plan": "files", "write_report": "files",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(import_module(f".{_MODULE_OF[name]}", __name__), name)
