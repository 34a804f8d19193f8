"""Power of an accelerator and its unit by phase: sums by hand, what is not published, laws."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from rackloom.errors import BadInput
from rackloom.ledger import Ledger
from rackloom.performance.power_phases import ITEM, PHASES, decode_activity, phase_watts, unit_power

from .toys import CATALOG, DRAWS, figure, known_system, toy_system


def value(name: str) -> float:
    return CATALOG.figure(ITEM, name).value


def test_limits_of_a_node_by_hand():
    """DGX H100: 8 x 700 W of 10.2 kW."""
    unit = unit_power(known_system("h100-hgx"), CATALOG, Ledger())
    assert unit.limit_w == 700.0
    assert unit.rated_others_w == pytest.approx(10200.0 - 5600.0)
    assert unit.others_w == pytest.approx(4600.0 * value("others_share"))
    assert unit.idle_w == pytest.approx(700.0 * value("idle_share"))
    assert unit.unit_w(100.0) == pytest.approx(800.0 + unit.others_w)
    assert unit.assumed == ()


def test_phases_by_hand_and_in_order():
    unit = unit_power(known_system("gb200-nvl72"), CATALOG, Ledger())
    watts = phase_watts(unit, CATALOG, Ledger())
    assert watts["memory"] == pytest.approx(unit.idle_w + value("memory_activity_share") * (1200.0 - unit.idle_w))
    assert unit.idle_w < watts["waiting"] < watts["communication"] < watts["compute"] <= 1200.0
    assert phase_watts(unit, CATALOG, Ledger(), cap_w=800.0)["compute"] == 800.0
    assert phase_watts(unit, CATALOG, Ledger(), cap_w=800.0)["waiting"] == watts["waiting"]


def test_decode_by_hand_and_never_less_with_more_requests():
    one, doubling, most = value("decode_activity_share"), value("decode_doubling_share"), value("compute_activity_share")
    assert decode_activity(1.0, CATALOG, Ledger()) == one
    assert decode_activity(16.0, CATALOG, Ledger()) == pytest.approx(one + 4.0 * doubling)
    assert decode_activity(1e9, CATALOG, Ledger()) == most
    assert decode_activity(1e-9, CATALOG, Ledger()) == 0.0
    counts = [0.125, 1.0, 3.0, 64.0, 512.0]
    draws = [decode_activity(count, CATALOG, Ledger(DRAWS)) for count in counts]
    assert all(np.all(few <= many) for few, many in pairwise(draws))


def test_no_draw_leaves_the_span_from_idle_to_the_limit():
    book = Ledger(DRAWS)
    unit = unit_power(known_system("gb300-nvl72"), CATALOG, book)
    for phase, watts in phase_watts(unit, CATALOG, book).items():
        assert phase in PHASES
        assert np.all((watts >= unit.idle_w) & (watts <= unit.limit_w * (1.0 + 1e-12)))
    assert np.all(unit.others_w >= 0.0)


def test_a_limit_that_nobody_publishes_is_an_assumption_that_is_shown():
    book = Ledger()
    unit = unit_power(known_system("vr-nvl72"), CATALOG, book)
    assert unit.limit_w == pytest.approx(227e3 * value("rack_accelerators_share") / 72)
    assert "not published" in unit.assumed[0]
    assert f"catalog.{ITEM}.rack_accelerators_share" in unit.limit_keys
    assert set(unit.limit_keys) | set(unit.others_keys) <= set(book.keys())


def test_a_unit_that_nobody_rates_is_an_assumption_that_is_shown():
    unit = unit_power(known_system("a100-hgx"), CATALOG, Ledger())
    assert unit.rated_others_w == pytest.approx(3200.0 / value("node_accelerators_share") - 3200.0)
    assert "power of the unit is not published" in unit.assumed[0]


def test_the_shares_are_those_of_what_was_published():
    """Both ranges hold what they say they were set by: published limits over published ratings."""
    for name, low_high in (("gb200-nvl72", "rack"), ("gb300-nvl72", "rack"), ("h100-hgx", "node"), ("b200-hgx", "node"), ("b300-hgx", "node")):
        system = known_system(name)
        share = system.accelerators * CATALOG.figure(system.accelerator, "tdp_w").value / system.power_w.value
        found = CATALOG.figure(ITEM, f"{low_high}_accelerators_share")
        assert found.low - 0.01 <= share <= found.high + 0.01, name


def test_unknown_power_is_refused():
    with pytest.raises(BadInput, match="neither the power limit of tpu-v5p nor the power of a unit is published"):
        unit_power(known_system("tpu-v5p-cube"), CATALOG, Ledger())
    with pytest.raises(BadInput, match="tdp_w"):
        unit_power(toy_system(), CATALOG, Ledger())
    assert unit_power(replace(toy_system(), power_w=figure("power_w", 8000.0, "W")), CATALOG, Ledger()).limit_w == pytest.approx(1000.0 * value("node_accelerators_share"))
