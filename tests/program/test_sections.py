"""Any subset of sections plans, or is refused before work with its place; never a traceback, never a hole in the ledger."""

from __future__ import annotations

import itertools

import pytest

from rackloom.errors import BadInput
from rackloom.program import load_program, make_plan
from rackloom.report import csv_tables, page

SECTIONS = {
    "needs": "needs:\n  chat: {model: llama-3.1-70b, rate: 1e5 tok/s, input: 2000, output: 500, growth: 2 to 3.5 /yr}\n  tr: {model: mixtral-8x7b, tokens: 1e12, within: 90 d}\n",
    "generations": "generations:\n  now: {rack: gb200-nvl72, volume_from: 2026-Q4}\n  air: {rack: hgx-h200-air, volume_from: 2025-01-01}\n",
    "demand": "demand: {now: 20 racks/quarter}\n",
    "supply": "supply: {use: us-2026}\n",
    "line": "line: {site: houston, use: l11-basic}\n",
    "option": "option: {racks: 0 to 400, window: 2027-03 to 2028-03, price: 3.9 MUSD}\n",
}
SUBSETS = [keys for count in range(len(SECTIONS) + 1) for keys in itertools.combinations(SECTIONS, count)]


def refusal(keys: tuple[str, ...]) -> str:
    """What a subset is refused for, or '' where it plans."""
    if "demand" in keys and "generations" not in keys:
        return "which is no generation"
    if "option" in keys and "generations" not in keys:
        return "at least one generation to buy"
    if "option" in keys and "supply" not in keys:
        return "no price of a rack of 'now' to compare with"
    return ""


@pytest.mark.parametrize("keys", SUBSETS, ids=lambda keys: "+".join(keys) or "nothing")
def test_a_subset_of_sections(keys, tmp_path):
    path = tmp_path / "p.yaml"
    path.write_text("as_of: 2026-11-22\n" + "".join(SECTIONS[key] for key in keys))
    words = refusal(keys)
    if words:
        with pytest.raises(BadInput) as caught:
            load_program(path)
        assert words in str(caught.value)
        assert all(fault.place is not None for fault in caught.value.faults)
        return
    plan = make_plan(load_program(path))
    assert plan.ledger.dangling() == []
    assert {"needs", "generations", "supply", "line", "option"} - set(keys) <= set(plan.data["skipped"])
    assert plan.line in page(plan.data) or plan.data["answer"]["verdict"] in page(plan.data)
    assert "ledger" in csv_tables(plan.data)
