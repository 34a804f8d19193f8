"""Needs of a program that grow by a projection, and a projection that nobody knows."""

from __future__ import annotations

import pytest

from rackloom.errors import BadInput
from rackloom.program import load_program, make_plan

TEXT = """as_of: 2026-11-22
needs:
  next: {model: llama-3.1-8b, PROJECTED tokens: 1e12, within: 30 d, start: 2027-06-01}
generations:
  one: {rack: gb300-nvl72, volume_from: 2026-Q4}
"""


def test_a_projected_need_asks_more_each_year(tmp_path):
    asked = {}
    for name, words in (("plain", ""), ("projected", "projected: frontier,")):
        path = tmp_path / f"{name}.yaml"
        path.write_text(TEXT.replace("PROJECTED", words))
        plan = make_plan(load_program(path))
        rows = [row for row in plan.ledger if row.key.startswith("envelope.next.") and row.key.endswith(".total_flop_per_s")]
        asked[name] = {int(row.key.split(".")[2]): row.value for row in rows}
    first, last = min(asked["plain"]), max(asked["plain"])
    assert asked["projected"][first] == pytest.approx(asked["plain"][first])
    assert last > first
    assert asked["projected"][last] > 1.5 * asked["plain"][last]


def test_an_unknown_projection_is_told_with_the_nearest(tmp_path):
    path = tmp_path / "p.yaml"
    path.write_text(TEXT.replace("PROJECTED", "projected: fronteir,"))
    with pytest.raises(BadInput) as refused:
        load_program(path)
    said = str(refused.value)
    assert "p.yaml:3" in said
    assert "frontier" in said


def test_a_plan_says_what_a_run_draws(tmp_path):
    """J/token is the rack's mean power over its tokens a second; its story goes down to the rack's own load."""
    path = tmp_path / "p.yaml"
    path.write_text(TEXT.replace("PROJECTED", ""))
    plan = make_plan(load_program(path))
    estimate = plan.data["needs"]["next"]["estimates"]["one"]
    joule, unit = (estimate["power"][key]["value"] for key in ("joule_per_token", "unit_w"))
    assert joule == pytest.approx(unit / 72 / estimate["tokens_per_s_per_accelerator"]["value"], rel=0.05)  # medians of draws
    assert unit < plan.ledger["designs.one.power_load_w"].value * 1.2
    roots = {row.key for row in plan.ledger.roots_of(f"{estimate['prefix']}.joule_per_token")}
    assert any(key.startswith("catalog.gb300") for key in roots)
    assert plan.ledger.dangling() == []
