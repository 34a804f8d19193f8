"""The doors that stay put: importable from `rackloom`, documented, with the signatures that the outside relies on."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import rackloom

SIGNATURES = {
    "load_program": ["path"],
    "make_plan": ["program", "effort", "engine", "progress", "store"],
    "explain": ["plan", "key"],
    "diff_plans": ["before", "after"],
    "write_report": ["plan", "path"],
    "read_model": ["path_or_dict"],
    "load_catalog": ["folders"],
    "system": ["name", "catalog"],
    "estimate_training": ["model", "system", "job", "strategy", "draws"],
    "search_training": ["model", "system", "job", "accelerators"],
    "estimate_serving": ["model", "system", "traffic", "strategy", "draws"],
    "search_serving": ["model", "system", "traffic", "slo", "accelerators"],
    "collective_seconds": ["kind", "message_bytes", "ranks", "system"],
    "load_design": ["path_or_name", "catalog"],
    "system_of": ["design"],
    "check_design": ["design", "site", "case", "load", "draws"],
    "check_many": ["design", "values", "case"],
    "solve_hydraulics": ["network", "refuse"],
    "solve_dc": ["network"],
    "bill_of_materials": ["design"],
    "plan_sourcing": ["bills", "offers", "demand", "rules", "as_of"],
    "domestic_content": ["bom", "sourcing", "rule"],
    "balance_line": ["durations", "precedence", "cycle_time", "stations", "limit"],
    "read_results": ["path"],
    "compare": ["predictions", "results"],
    "validate_cases": ["path", "predict"],
    "value_option": ["terms", "market", "paths", "seed"],
    "build_envelope": ["needs", "estimates", "draws"],
    "release_envelope": ["envelope", "policy"],
    "estimate_from_table": ["table", "system", "draws"],
}


@pytest.mark.parametrize("name", [name for name in rackloom.__all__ if name != "__version__"])
def test_a_door_opens_and_is_documented(name):
    door = getattr(rackloom, name)
    assert door.__doc__
    assert len(door.__doc__.strip()) > 20


@pytest.mark.parametrize(("name", "parameters"), SIGNATURES.items())
def test_a_door_has_its_signature(name, parameters):
    have = inspect.signature(getattr(rackloom, name)).parameters
    assert [p for p in parameters if p not in have] == []
    positional = [p for p in have if have[p].kind in (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)]
    assert positional == parameters[: len(positional)]


def test_a_door_that_is_not_there_is_refused():
    with pytest.raises(AttributeError, match="no attribute 'simulate_line'"):
        _ = rackloom.simulate_line


def test_importing_rackloom_imports_nothing_heavy():
    code = "import sys, rackloom, rackloom.cli; print([m for m in ('numpy', 'pint', 'ortools', 'scipy', 'pydantic', 'jinja2', 'openpyxl') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
