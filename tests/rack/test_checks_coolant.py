"""The coolant of a rack: flows of unlike branches solved here anew, plates, couplings, temperatures."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq

from rackloom.catalog import draws_from, load_catalog
from rackloom.draws import central
from rackloom.figures import convert
from rackloom.rack import check_design, describe_rack, design_with

from .racks import WHOLE, checked, written

RHO, CP, MU = 1019.4, 3937.6, 1.797e-3  # PG25 at 30 C (catalogue)
PAIR = """\
frame: orv3
slots: {u1: shelf-18kw, u5: near, u9: far}
assemblies:
  near: {parts: [2 x b200, 2 x uqd-08], power: 4 kW, cooling: {drop: 6 kPa, drop_flow: 4 L/min}}
  far: {parts: [2 x b200, 2 x uqd-06], power: 4 kW, cooling: {drop: 6 kPa, drop_flow: 4 L/min}}
connect: [manifold.out -> near.coolant via uqd-08, "manifold.out -> far.coolant via uqd-06"]
power: {bus: 50 V}
coolant: {fluid: pg25, supply: 30 C, flow: 16 L/min, liquid_share: 100 %, manifold_diameter: 12 mm, hose_diameter: 20 mm, hose_length: 2 m, static: 100 kPa}
"""


def pipe(flow, bore, length, loss=0.0, roughness=15e-6):
    """Darcy and Weisbach with the factor of Colebrook, turbulent."""
    speed = flow / (np.pi / 4 * bore**2)
    reynolds = RHO * speed * bore / MU
    assert reynolds > 4000
    factor = 0.02
    for _ in range(60):
        factor = (-2 * np.log10(roughness / bore / 3.71 + 2.51 / (reynolds * np.sqrt(factor)))) ** -2
    return (factor * length / bore + loss) * RHO * speed**2 / 2


def coupling(flow, cv):
    return convert(1.0, "psi", "Pa") * RHO / 999.0 * (convert(flow, "m3/s", "gpm") / cv) ** 2


def test_two_unlike_branches_on_a_narrow_manifold(tmp_path):
    """The far branch hangs 4 units of 48 mm further on: its couplings, tray and two pieces of manifold drop what the near one drops."""
    total, tray = 16 / 6e4, 6e3 / (4 / 6e4) ** 2

    def away(far):
        near = total - far
        return 2 * coupling(far, 1.6) + tray * far**2 + 2 * pipe(far, 0.012, 4 * 0.048) - 2 * coupling(near, 2.5) - tray * near**2

    far = brentq(away, 0.3 * total, 0.6 * total)
    answer = describe_rack(design_with(written(tmp_path, PAIR), []))
    flows = [central(answer.ledger.value(f"designs.{answer.name}.{name}.flow_m3_per_s")) for name in ("near", "far")]
    assert flows == [pytest.approx(total - far, rel=2e-3), pytest.approx(far, rel=2e-3)]
    drop = 2 * coupling(total - far, 2.5) + tray * (total - far) ** 2
    hoses = 2 * pipe(total, 0.020, 2.0, 1.5)
    assert central(answer.ledger.value(f"designs.{answer.name}.loop_drop_pa")) == pytest.approx(drop + hoses, rel=5e-3)
    hottest = 303.15 + 4000 / (RHO * CP * far)
    assert central(answer.ledger.value(f"designs.{answer.name}.hottest_branch_temperature_k")) == pytest.approx(hottest, abs=0.02)


def test_pressure_falls_from_the_foot_of_the_manifold_to_the_suction(tmp_path):
    """Gauge 100 kPa at the suction; the foot lies a hose, a branch and half the loop above it."""
    row = checked(tmp_path, "coolant.head=30 psi", text=PAIR)["pressure-working"]
    answer = describe_rack(design_with(written(tmp_path, PAIR), []))
    lift = central(answer.ledger.value(f"designs.{answer.name}.loop_drop_pa"))
    lifted = RHO * 9.80665 * 5 * 0.048  # the foot stands at the height of its lowest tray, u5
    assert central(row.value) == pytest.approx(100e3 + lift - pipe(16 / 6e4, 0.020, 2.0, 1.5) - lifted, rel=2e-2)


@pytest.mark.parametrize(("size", "verdict", "limit"), [("uqd-02", "fail", 2.1), ("uqd-04", "pass", 6.4)])
def test_a_coupling_too_small_for_its_tray(tmp_path, size, verdict, limit):
    row = checked(tmp_path, text=WHOLE.replace("uqd-08", size))["disconnect-flow-tray"]
    assert (row.verdict, convert(central(row.limit), "m3/s", "L/min")) == (verdict, pytest.approx(limit))
    assert convert(central(row.value), "m3/s", "L/min") == pytest.approx(4.0, rel=1e-3)


def test_a_plate_without_flow_fails_and_is_not_left_open(tmp_path):
    for case in ("branch-closed", "valves-closed", "all-pumps-lost"):
        rows = checked(tmp_path, "assemblies.tray.cooling.junction=0.02 K/W", "assemblies.tray.cooling.junction_max=95 C", case=case)
        assert {rows[name].verdict for name in ("case-temperature-tray", "junction-temperature-tray", "heat-balance")} == {"fail"}


def test_a_plate_below_its_curve_can_fail_and_cannot_pass(tmp_path):
    """1 L/min through four plates side by side: 0.25 a plate, where the curve starts at 0.4 with 0.0389 K/W: the case is at least 30 + 38.9 C."""
    cool = checked(tmp_path, "coolant.flow=4 L/min")["case-temperature-tray"]
    assert (cool.verdict, central(cool.value)) == ("not checkable", pytest.approx(303.15 + 38.9, abs=0.05))
    assert "resistance of coldplate-oam-1kw-pg25 at the flow of a plate" in cool.missing
    assert checked(tmp_path, "coolant.flow=4 L/min", "assemblies.tray.cooling.case_max=60 C")["case-temperature-tray"].verdict == "fail"


def test_a_junction_stands_above_its_case(tmp_path):
    """1 kW over 0.02 K/W is 20 K; beyond the plate's curve it is not known either."""
    words = ["assemblies.tray.cooling.junction=0.02 K/W", "assemblies.tray.cooling.junction_max=74 C"]
    rows = checked(tmp_path, *words)
    assert central(rows["junction-temperature-tray"].value) - central(rows["case-temperature-tray"].value) == pytest.approx(20.0)
    assert rows["junction-temperature-tray"].verdict == "fail"  # 30 + 24.5 + 20 C
    assert checked(tmp_path, *words, "assemblies.tray.cooling.series=4")["junction-temperature-tray"].verdict == "not checkable"


def test_a_manifold_for_60_c_limits_the_return(tmp_path):
    assert central(checked(tmp_path, "coolant.return_max=70 C")["return-temperature"].limit) == 333.15
    assert central(checked(tmp_path, "coolant.return_max=50 C")["return-temperature"].limit) == 323.15


def test_a_rule_of_flow_is_not_read_beyond_its_temperatures(tmp_path):
    row = checked(tmp_path, "coolant.supply=50 C")["flow-for-supply"]
    assert row.verdict == "not checkable"
    assert "25 to 45 C" in row.missing[0]


def test_draws_leave_the_central_figures_where_they_are(tmp_path):
    design = design_with(written(tmp_path), [])
    plain, drawn = check_design(design), check_design(design, draws=draws_from(load_catalog(), count=8))
    values = {check.id: check for check in drawn.rows}
    for check in plain.rows:
        other = values[check.id]
        assert check.verdict == other.verdict
        if check.margin is not None:
            assert central(other.margin) == pytest.approx(central(check.margin), rel=1e-6, abs=1e-9), check.id


def test_a_published_head_of_a_row_stands_in_for_its_pumps(tmp_path):
    """Without a unit its head at the ports is all there is: with all valves shut the parts see it on top of the suction."""
    rows = checked(tmp_path, "coolant.head=30 psi", text=PAIR)
    assert rows["cdu-head"].verdict == "pass"
    assert central(rows["cdu-head"].limit) == pytest.approx(0.9 * 30 * 6894.757293168)
    assert central(rows["pressure-shut-off"].value) == pytest.approx(100e3 + 30 * 6894.757293168)
