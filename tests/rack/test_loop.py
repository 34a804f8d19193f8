"""The coolant network of a rack: worked by hand, pumps lost, branches shut, and laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rackloom.draws import central
from rackloom.figures import convert
from rackloom.rack import describe_rack, design_with

from .racks import WHOLE, checked, written


def described(tmp_path, *words, text=WHOLE, case="normal"):
    return describe_rack(design_with(written(tmp_path, text), words), case=case)


def figure(answer, name):
    return central(answer.ledger.value(f"designs.{answer.name}.{name}"))


def test_branches_share_the_flow_and_the_return_closes_the_heat(tmp_path):
    """16 L/min through four like trays: 4 each; return by Q = rho cp V dT, PG25 at 30 C."""
    answer = described(tmp_path)
    assert figure(answer, "tray.flow_m3_per_s") == pytest.approx(4 / 6e4, rel=1e-3)
    rise = central(answer.heat_liquid_w) / (1019.4 * 3937.6 * 16 / 6e4)
    assert central(answer.coolant_return_temperature_k) == pytest.approx(303.15 + rise, rel=1e-9)
    assert figure(answer, "hottest_branch_temperature_k") == pytest.approx(303.15 + rise, rel=1e-4)


def test_the_drop_of_a_loop_is_the_sum_of_its_parts(tmp_path):
    """Tray 30 kPa at 4 L/min; two couplings of Cv 2.5; hoses and manifolds by Darcy and Weisbach with Colebrook's factor."""
    answer = described(tmp_path)
    gpm = convert(4.0, "L/min", "gpm")
    coupling = 2 * (gpm / 2.5) ** 2 * 6894.757293168 * 1019.4 / 999.0
    flow, rho, mu = 16 / 6e4, 1019.4, 1.797e-3

    def pipe(q, d, length, loss):
        v = q / (np.pi / 4 * d**2)
        re = rho * v * d / mu
        if re < 2000:
            factor = 64 / re
        else:
            factor = 0.02
            for _ in range(60):
                factor = (-2 * np.log10(15e-6 / d / 3.71 + 2.51 / (re * np.sqrt(factor)))) ** -2
        return (factor * length / d + loss) * rho * v**2 / 2

    hoses = 2 * pipe(flow, 0.032, 3.0, 1.5)
    assert figure(answer, "loop_drop_pa") == pytest.approx(30e3 + coupling + hoses, rel=0.01)  # the manifolds of 40 mm add little
    assert figure(answer, "coupling_drop_pa") == pytest.approx(coupling, rel=0.01)


def test_a_published_drop_of_the_whole_rack_is_met(tmp_path):
    text = WHOLE.replace(", drop: 30 kPa, drop_flow: 4 L/min", "")
    loop = describe_rack(design_with(written(tmp_path, text), ["coolant.drop=80 kPa"]))
    flow, bore = 16 / 6e4, 0.032
    speed = flow / (np.pi / 4 * bore**2)
    assert figure(loop, "loop_drop_pa") > 80e3
    assert figure(loop, "loop_drop_pa") == pytest.approx(80e3 + 2 * (0.035 * 3 / bore + 1.5) * 1019.4 * speed**2 / 2, rel=0.01)


@pytest.mark.parametrize(("pumps", "left"), [("1+1", 1.0), ("2+0", None), ("2+1", 1.0), ("1+0", 0.0)])
def test_a_pump_lost_leaves_what_the_others_give(tmp_path, pumps, left):
    """N+1 keeps the flow; a lone pump leaves none; of two that both carry, one gives what its half of the curve meets the loop at."""
    answer = described(tmp_path, f"coolant.pumps={pumps}", "coolant.racks=160", case="pump-loss")
    flow = figure(answer, "pump_loss_flow_m3_per_s") * 6e4
    if left is not None:
        assert flow == pytest.approx(16.0 * left)
    else:
        head, rated, shut = 35 * 6894.757293168, 2125 / 160, 1.275
        loop = figure(answer, "loop_drop_pa") / 16.0**2
        free = rated / np.sqrt(1 - 1 / shut)
        assert flow == pytest.approx(min(16.0, np.sqrt(shut * head / (loop + shut * head / (free / 2) ** 2))), rel=1e-6)
        assert flow < 16.0


def test_a_feed_that_drives_the_pumps_stops_them(tmp_path):
    """Losing feed A takes a shelf and a pump: the flow falls, and the return warms, in one state."""
    words = ["coolant.pumps=1+0", "coolant.pump_feeds.A=1"]
    rows = checked(tmp_path, *words, case="feed-a-lost")
    assert rows["pump-spare"].verdict == "fail"
    assert described(tmp_path, *words, case="feed-a-lost").coolant_flow_m3_per_s is None
    assert described(tmp_path, *words, case="feed-b-lost").coolant_flow_m3_per_s is not None


def test_a_branch_that_is_shut_leaves_its_heat_and_gives_its_flow_to_the_others(tmp_path):
    answer = described(tmp_path, case="branch-closed")
    assert figure(answer, "tray.flow_m3_per_s") == pytest.approx(16 / 3 / 6e4, rel=2e-2)
    assert checked(tmp_path, case="branch-closed")["heat-balance"].verdict == "fail"


def test_with_all_valves_shut_the_parts_see_suction_and_shut_off_head(tmp_path):
    row = checked(tmp_path)["pressure-shut-off"]
    assert central(row.value) == pytest.approx(30e3 + 1.275 * 35 * 6894.757293168, rel=1e-9)


def test_standing_coolant_takes_up_the_heat_for_its_time(tmp_path):
    answer = described(tmp_path)
    room = 333.15 - central(answer.coolant_return_temperature_k)
    assert figure(answer, "ride_through_s") == pytest.approx(0.012 * 1019.4 * 3937.6 * room / central(answer.heat_liquid_w), rel=1e-6)


@settings(max_examples=15, deadline=None)
@given(bore=st.floats(12.0, 60.0), factor=st.floats(1.0, 3.0))
def test_a_wider_manifold_never_raises_the_drop_nor_the_spread(tmp_path_factory, bore, factor):
    folder = tmp_path_factory.mktemp("law")
    narrow, wide = (described(folder, f"coolant.manifold_diameter={d!r} mm") for d in (bore, bore * factor))
    for name in ("loop_drop_pa", "branch_spread_share"):
        assert figure(wide, name) <= figure(narrow, name) * (1 + 1e-6) + 1e-9


@settings(max_examples=15, deadline=None)
@given(cooler=st.floats(20.0, 30.0), by=st.floats(0.0, 10.0))
def test_cooler_supply_never_warms_the_return(tmp_path_factory, cooler, by):
    folder = tmp_path_factory.mktemp("law")
    low, high = (central(described(folder, f"coolant.supply={t!r} C").coolant_return_temperature_k) for t in (cooler, cooler + by))
    assert low <= high + 1e-9


def test_a_reversed_return_evens_the_branches(tmp_path):
    words = ["coolant.manifold_diameter=12 mm", "assemblies.tray.cooling.drop=5 kPa"]
    direct, reverse = (figure(described(tmp_path, *words, f"coolant.manifold_return={how}"), "branch_spread_share") for how in ("direct", "reverse"))
    assert reverse < 0.5 * direct
