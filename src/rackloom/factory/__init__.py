"""The factory: lines that are balanced, and how many racks a week they make."""

from .balance import Balance, balance_line
from .line import GenerationLine, LineAnswer, StationLoad, run_line
from .preset import Line, Operation, line_presets, load_line_preset, read_line

__all__ = [
    "Balance", "GenerationLine", "Line", "LineAnswer", "Operation", "StationLoad", "balance_line", "line_presets", "load_line_preset",
    "read_line", "run_line",
]  # fmt: skip
