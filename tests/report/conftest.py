"""Reports of the shipped examples, made once, and a browser without a network."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from rackloom.program import load_program, make_plan
from rackloom.report import write_plan

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def plans():
    """Plans of both examples by name."""
    return {name: make_plan(load_program(ROOT / "examples" / name / "program.yaml")) for name in ("frontier", "first")}


@pytest.fixture(scope="session")
def reports(plans, tmp_path_factory):
    """Folder of each example's report."""
    base = tmp_path_factory.mktemp("reports")
    return {name: write_plan(plan, base / name) for name, plan in plans.items()}


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium; a machine without one fails the tests instead of leaving the page unchecked."""
    found = os.environ.get("CHROMIUM") or next((path for name in NAMES if (path := shutil.which(name))), None)
    if not found:
        pytest.fail(f"No Chromium to look at the report with: install one of {', '.join(NAMES)}, or name it in the environment variable CHROMIUM.", pytrace=False)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield opened
        opened.close()
