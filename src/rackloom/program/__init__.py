"""The program file and the plan: the one place that knows every stage. Read plan.py first.

The doors are loaded when they are first used, so that a command that asks one thing does not wait for all stages.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .asking import Asked, ask
    from .asking_serving import AskedServing, ask_serving, way_of
    from .doors import diff_plans, expanded_text, explain, explanation_data, file_schema, rack_alone
    from .explaining import Explanation, Move
    from .load import Program, load_program
    from .new import new_program
    from .plan import Plan, load_plan, make_plan
    from .release import Release, lab_envelope, make_release, read_policy, refuse_other_file, write_release
    from .save import as_plain, to_json, write_text

__all__ = [
    "Asked", "AskedServing", "Explanation", "Move", "Plan", "Program", "Release", "as_plain", "ask", "ask_serving", "diff_plans", "expanded_text", "explain", "explanation_data", "file_schema", "lab_envelope", "load_plan", "load_program", "make_plan", "make_release", "new_program", "rack_alone", "read_policy", "refuse_other_file", "to_json", "way_of", "write_release", "write_text",
]  # fmt: skip

_OF_MODULE = {
    "asking": ("Asked", "ask"), "asking_serving": ("AskedServing", "ask_serving", "way_of"), "doors": ("diff_plans", "expanded_text", "explain", "explanation_data", "file_schema", "rack_alone"),
    "explaining": ("Explanation", "Move"), "load": ("Program", "load_program"), "new": ("new_program",), "plan": ("Plan", "load_plan", "make_plan"),
    "release": ("Release", "lab_envelope", "make_release", "read_policy", "refuse_other_file", "write_release"), "save": ("as_plain", "to_json", "write_text"),
}  # fmt: skip
_MODULE_OF = {name: module for module, names in _OF_MODULE.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(import_module(f".{_MODULE_OF[name]}", __name__), name)
