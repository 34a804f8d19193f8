"""The page of published power: rows by hand, and that what is committed is what the program says now."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rackloom.catalog import load_catalog
from rackloom.draws import central
from rackloom.reading import read_yaml
from validation import power, run

FOLDER = Path(run.__file__).parent
CASES = read_yaml(power.CASES).value
CATALOG = load_catalog()


def test_a_row_by_hand():
    row = power.PowerRow("one", "W", np.array([110.0, 90.0, 100.0, 110.0, 120.0]), 100.0)
    assert row.error == pytest.approx(0.1)
    assert row.inside
    assert not power.PowerRow("one", "W", np.array([110.0, 109.0, 110.0, 111.0]), 100.0).inside
    assert power.PowerRow("one", "W", 110.0, 100.0).inside is None


def test_every_row_names_its_source_and_is_on_the_page():
    text = (FOLDER / "power.md").read_text(encoding="utf-8")
    for case in [*CASES["runs"], *CASES["phases"], *CASES["between"], *CASES["caps"]]:
        assert case["source"] in CASES["sources"]
    for case in [*CASES["runs"], *CASES["phases"], *CASES["between"]]:
        assert f"\n| {case['id']} |" in text
    assert all(f"- {key}: " in text for key in CASES["sources"])


def test_a_node_in_training_draws_what_was_published():
    """8 x H100: at most 8.4 kW of rated 10.2 kW (Latif et al. 2024); 76 % of 10.2 kW (Newkirk et al. 2025)."""
    rows = [row for case in CASES["runs"] if case["id"].startswith("h100-node-m") for row in power.run_rows(case, CATALOG)]
    assert [row.published for row in rows] == [8400.0, 7752.0]
    assert all(row.inside for row in rows)
    assert all(abs(row.error) < 0.1 for row in rows)


def test_prompts_alone_draw_what_was_published():
    """B200 that do nothing but prompts: 880 to 893 W of 1000 W (InferenceX 2026)."""
    rows = [power.phase_row(case, CATALOG) for case in CASES["phases"] if case["phase"] == "compute"]
    assert len(rows) == 5
    assert all(0.0 < row.error < 0.08 for row in rows)  # the prediction has no messages in it


def test_down_to_seven_tenths_of_the_limit_prompts_slow_as_published():
    """RTX 3090 at 300 and 250 of 350 W (LLM Garage 2026)."""
    rows = power.cap_rows(CASES["caps"][0], CATALOG)
    assert [row.published for row in rows[:2]] == pytest.approx([9326 / 9893, 8436 / 9893])
    assert all(row.inside and abs(row.error) < 0.02 for row in rows[:2])
    assert all(np.diff([central(row.predicted) for row in rows]) < 0.0)


def test_the_committed_page_is_up_to_date():
    assert (FOLDER / "power.md").read_text(encoding="utf-8") == power.page(), "run 'make validate'"
