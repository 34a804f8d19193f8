"""The busbar of a rack in every state: worked by hand, and laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rackloom.catalog import draws_from, load_catalog
from rackloom.draws import central
from rackloom.ledger import Ledger
from rackloom.rack import describe_rack, design_with, load_design, shipped_designs, states_of
from rackloom.rack import power as rack_power
from rackloom.rack.bus import solve_bus

from .racks import written

TWO = """\
frame: orv3
slots: {u1: shelf-33kw, u11: tray, u21: shelf-33kw}
assemblies: {tray: {parts: [4 x b200], power: 20 kW}}
power: {feeds: 2 x 415 V, redundancy: N+N, sides: {A: u1, B: u21}, bus: 50 V, droop: 1 V, busbar: {resistance: 100 uohm/m}}
"""


def solved(path, *words, draws=None):
    design = design_with(path, words)
    book = Ledger(draws)
    load, _ = rack_power.load(design, "x", book)
    return solve_bus(design, "x", book, load)


def test_a_tray_between_two_shelves_takes_half_from_each(tmp_path):
    """20 kW at 50 V are 400 A, 200 from each side over 10 units of 48 mm: 48 uohm a side, and 9.6 mV less at the tray, which draws that much more."""
    bus = solved(written(tmp_path, TWO))
    assert bus.segment_a("normal") == pytest.approx(200.04, abs=0.01)
    assert bus.lowest_tray("normal") == (pytest.approx(50.0 - 200.04 * 100e-6 * 0.48, abs=1e-3), "tray u11")
    assert bus.fullest_shelf("normal")[0] == pytest.approx(10_000 / 33_000, rel=1e-3)


def test_with_a_feed_lost_the_other_shelf_droops_further(tmp_path):
    """Set point: 50 V + 1 V x 20/66. Alone, the shelf falls by 1 V x I / 660 A: 50.303 - I/660 - I x 48 uohm = V, V I = 20 kW: 403 A at 49.67 V."""
    bus = solved(written(tmp_path, TWO))
    set_point, ohm = 50.0 + 20.0 / 66.0, 1.0 / 660.0 + 48e-6
    volts = (set_point + np.sqrt(set_point**2 - 4 * ohm * 20e3)) / 2
    for state in ("feed-a-lost", "feed-b-lost"):
        assert bus.lowest_tray(state)[0] == pytest.approx(volts, rel=1e-9)
        assert bus.segment_a(state) == pytest.approx(20e3 / volts, rel=1e-9)
    assert bus.fullest_shelf("feed-a-lost")[1] == "shelf-33kw u21"


def test_a_module_lost_leaves_its_shelf_less_to_give(tmp_path):
    """Five of six modules: a droop 6/5 as steep, so that the two share as 5 to 6 where the bar between them counts for little."""
    bus = solved(written(tmp_path, TWO.replace("100 uohm/m", "0.1 uohm/m")))
    low, high = bus.shelf_power_w("psu-u1-lost")
    assert low / high == pytest.approx(5 / 6, rel=1e-3)
    assert bus.fullest_shelf("psu-u1-lost")[0] == pytest.approx(20 / 60.5, rel=2e-3)  # both at the same part of what they give


def test_active_sharing_splits_evenly_where_droop_does_not(tmp_path):
    near = TWO.replace("u11: tray", "u3: tray").replace("100 uohm/m", "2000 uohm/m")
    droop, active = (solved(written(tmp_path, near), f"power.sharing={how}").shelf_power_w("normal") for how in ("droop", "active"))
    assert droop[0] > 1.2 * droop[1]
    assert active[0] == pytest.approx(active[1], rel=0.02)


def test_states_are_those_of_the_rack(tmp_path):
    names = list(states_of(design_with(written(tmp_path, TWO), [])))
    assert names == ["normal", "feed-a-lost", "feed-b-lost", "shelf-u1-lost", "shelf-u21-lost", "psu-u1-lost", "psu-u21-lost"]
    planned = {
        redundancy: [s.name for s in states_of(design_with(written(tmp_path, TWO), [f"power.redundancy={redundancy}"])).values() if s.planned] for redundancy in ("N", "N+1", "N+N")
    }
    assert planned == {"N": [], "N+1": ["psu-u1-lost", "psu-u21-lost"], "N+N": ["feed-a-lost", "feed-b-lost"]}


@settings(max_examples=25, deadline=None)
@given(ohm=st.floats(1e-6, 2e-3), factor=st.floats(1.0, 5.0), load_kw=st.floats(1.0, 60.0))
def test_more_resistance_never_raises_the_lowest_tray(tmp_path_factory, ohm, factor, load_kw):
    path = written(tmp_path_factory.mktemp("law"), TWO)
    low, high = (solved(path, f"power.busbar.resistance={r!r} ohm/m", f"power.load={load_kw!r} kW").lowest_tray("normal")[0] for r in (ohm, ohm * factor))
    assert high <= low + 1e-9


@pytest.mark.parametrize("name", shipped_designs())
def test_kirchhoff_holds_in_every_state_and_draw(name):
    design = load_design(name)
    book = Ledger(draws_from(load_catalog(), count=5))
    load, _ = rack_power.load(design, "x", book)
    bus = solve_bus(design, "x", book, load)
    if bus is None:
        assert design.power.bus_v is None  # nodes with supplies of their own
        return
    given_w = np.nansum(bus.flow.shelf_power_w, axis=-1)
    drawn = np.where(bus.flow.unfed, 0.0, np.broadcast_to(bus.load_w, bus.flow.voltage_v.shape)).sum(axis=-1)
    assert np.allclose(given_w, drawn + bus.flow.loss_w, rtol=1e-9)


@pytest.mark.parametrize("name", shipped_designs())
def test_every_state_of_a_shipped_rack_is_described_with_figures_that_walk_to_their_sources(name):
    design = load_design(name)
    for state in states_of(design):
        answer = describe_rack(design, case=state)
        assert answer.case == state
        assert answer.ledger.dangling() == []
        assert [line.name for line in answer.states] == list(states_of(design))
        for check in answer.checks:
            assert check.verdict == "not checkable" or np.isfinite(central(check.margin))


def test_what_hangs_at_the_side_and_draws_is_on_the_busbar_too(tmp_path):
    """20 kW in the middle and 10 kW at the side, beside the upper shelf."""
    text = TWO.replace("u21: shelf-33kw}", "u21: shelf-33kw, side u20: pump-box, side u1-u9: manifold-orv3}").replace("20 kW}}", "20 kW}, pump-box: {power: 10 kW}}")
    bus = solved(written(tmp_path, text))
    assert [node.label for node in bus.nodes] == ["shelf-33kw u1", "tray u11", "pump-box side u20", "shelf-33kw u21"]
    assert np.sum(bus.shelf_power_w("normal")) == pytest.approx(30e3, rel=1e-3)
