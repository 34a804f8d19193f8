"""A plan as a page, as files and as terminal text."""

from .files import csv_tables, write_plan, write_report
from .numbers import number_text
from .page import page
from .terminal import print_plan, print_rack
from .texts import explain_text

__all__ = ["csv_tables", "explain_text", "number_text", "page", "print_plan", "print_rack", "write_plan", "write_report"]
