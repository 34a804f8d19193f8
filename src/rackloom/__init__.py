"""Rackloom: from what AI models ask of hardware to racks that can be built, sourced, evaluated and bought on evidence.

The doors are importable from here; each is loaded when it is first used, so that `import rackloom` is quick.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_DOORS = {
    "load_program": "program", "make_plan": "program", "load_plan": "program", "explain": "program", "diff_plans": "program", "Plan": "program", "write_report": "report",
    "read_model": "needs", "build_envelope": "needs", "release_envelope": "needs", "estimate_from_table": "needs", "load_catalog": "catalog", "system": "catalog", "TrainingJob": "performance", "estimate_training": "performance",
    "search_training": "performance", "estimate_serving": "performance", "search_serving": "performance", "collective_seconds": "performance", "load_design": "rack",
    "system_of": "rack", "check_design": "rack", "bill_of_materials": "rack", "check_many": "rack", "solve_hydraulics": "physics", "solve_dc": "physics", "plan_sourcing": "supply", "domestic_content": "supply", "balance_line": "factory",
    "read_results": "evaluate", "compare": "evaluate", "validate_cases": "evaluate", "value_option": "option",
}  # fmt: skip

__all__ = ["__version__", *sorted(_DOORS)]


def __getattr__(name: str) -> Any:
    if name in _DOORS:
        return getattr(importlib.import_module(f".{_DOORS[name]}", __name__), name)
    raise AttributeError(f"module 'rackloom' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
