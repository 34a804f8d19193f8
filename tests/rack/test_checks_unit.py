"""The cooling unit and the loop as a vessel: heat, head and pressures worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from rackloom.catalog import load_catalog
from rackloom.draws import central
from rackloom.rack import check_design, describe_rack, design_with, load_design

from .racks import WHOLE, checked, written

PSI = 6894.757293168
RATED = 2125 / 60  # L/min for each of 60 racks


def test_capacity_is_in_proportion_to_the_approach(tmp_path):
    """2 MW at 5 K (UA = Q / a where both sides carry alike): 2 MW at 30 C over 25, 1.2 MW over 27."""
    for facility, share in ((25.0, 1.0), (27.0, 0.6), (29.0, 0.2)):
        row = checked(tmp_path, f"coolant.flow={RATED!r} L/min", f"coolant.facility={facility} C")["cdu-heat"]
        assert central(row.limit) == pytest.approx(share * 2e6, rel=1e-6)
        assert central(row.value) == pytest.approx(60 * 0.85 * 4 * 4033.0)


def test_capacity_ends_where_the_flow_carries_no_more(tmp_path):
    """16 L/min x 60 racks from 30 C to 32: rho cp V dT."""
    row = checked(tmp_path, "coolant.return_max=32 C", "coolant.facility=10 C")["cdu-heat"]
    assert central(row.limit) == pytest.approx(60 * 16 / 6e4 * 1019.4 * 3937.6 * 2.0, rel=1e-6)
    assert row.verdict == "fail"


def test_less_flow_after_a_pump_loss_is_less_capacity(tmp_path):
    words = ["coolant.racks=160", "coolant.return_max=36 C", "coolant.facility=10 C"]
    whole, lost = (checked(tmp_path, *words, "coolant.pumps=2+0", case=case)["cdu-heat"] for case in ("normal", "pump-loss"))
    flow = checked(tmp_path, *words, "coolant.pumps=2+0")["pump-spare"]
    assert flow.verdict == "fail"
    assert central(lost.limit) / central(whole.limit) == pytest.approx(central(flow.value) / central(flow.limit), rel=1e-6)  # both held by what the flow carries


def test_a_pump_that_stands_by_keeps_capacity_and_return(tmp_path):
    rows = checked(tmp_path)
    for name in ("cdu-heat", "return-temperature"):
        assert rows[f"{name}-pump-loss"].verdict == "pass"
        assert central(rows[f"{name}-pump-loss"].value) == pytest.approx(central(rows[name].value), rel=1e-9)


def test_the_head_at_a_flow_lies_on_the_curve_through_the_rated_point(tmp_path):
    """shutoff = 1.275 x head, free flow = rated / sqrt(1 - 1/1.275); a tenth of what is left is kept."""
    row = checked(tmp_path)["cdu-head"]
    shut, free = 1.275 * 35 * PSI, RATED / np.sqrt(1 - 1 / 1.275)
    assert central(row.limit) == pytest.approx(0.9 * shut * (1 - (16 / free) ** 2), rel=1e-9)
    weak = checked(tmp_path, "coolant.head=4 psi")["cdu-head"]
    assert weak.verdict == "fail"
    assert central(weak.limit) == pytest.approx(0.9 * 1.275 * 4 * PSI * (1 - (16 / free) ** 2), rel=1e-9)


def test_a_flow_beyond_the_curve_has_no_head_and_fails(tmp_path):
    assert checked(tmp_path, "coolant.flow=90 L/min")["cdu-head"].verdict == "fail"  # the curve ends at 76


def test_the_weakest_part_decides(tmp_path):
    rows = checked(tmp_path, "coolant.pressure_max=30 psi")
    assert rows["pressure-head"].verdict == "fail"
    assert (central(rows["pressure-head"].value), central(rows["pressure-head"].limit)) == (pytest.approx(35 * PSI), pytest.approx(30 * PSI))
    assert central(checked(tmp_path, "coolant.pressure_max=90 psi")["pressure-head"].limit) == pytest.approx(50 * PSI)  # the manifold's


WEAK = """\
manifold-weak:
  kind: manifold
  title: a manifold that bursts soon
  max_pressure_pa: {value: "50 psi", source: "own: test", grade: E}
  burst_pressure_pa: {value: "140 psi", source: "own: test", grade: E}
"""


def test_parts_that_burst_too_soon_are_told_by_their_two_ratings(tmp_path):
    """UQD: 100 psi at work, 300 at bursting: just three times. A manifold of 50 psi that bursts at 140 falls short of 150."""
    row = checked(tmp_path)["burst"]
    assert (row.verdict, central(row.value), central(row.limit)) == ("pass", pytest.approx(300 * PSI), pytest.approx(300 * PSI))
    folder = tmp_path / "parts"
    folder.mkdir()
    (folder / "own.yaml").write_text(WEAK)
    design = load_design(written(tmp_path, WHOLE.replace("manifold-orv3", "manifold-weak")), catalog=load_catalog(folder))
    weak = next(check for check in check_design(design).rows if check.id == "burst")
    assert (weak.verdict, central(weak.value), central(weak.limit)) == ("fail", pytest.approx(140 * PSI), pytest.approx(150 * PSI))


def test_a_coolant_of_three_quarters_glycol_fails_and_is_not_refused(tmp_path):
    rows = checked(tmp_path, "coolant.glycol_share=75 %")
    assert rows["glycol-share"].verdict == "fail"
    assert rows["suction-pressure"].verdict == "not checkable"
    assert "75% glycol" in rows["suction-pressure"].missing[0]


def test_a_facility_that_is_warmer_than_the_supply_takes_nothing(tmp_path):
    row = checked(tmp_path, "coolant.facility=30 C")["cdu-heat"]
    assert (row.verdict, row.limit) == ("fail", 0.0)


def test_riding_through_ends_where_the_return_is_hot_already(tmp_path):
    row = checked(tmp_path, "coolant.flow=6 L/min")["ride-through"]
    assert row.verdict == "fail"
    assert central(row.value) < 1e-3


def test_a_rack_that_draws_nothing_is_answered(tmp_path):
    text = WHOLE.replace("parts: [4 x b200, ubb-2, connectx-7, 2 x uqd-08]", "parts: [4 x b200, 2 x uqd-08], power: 0 W")
    answer = describe_rack(design_with(written(tmp_path, text), []))
    assert central(answer.power_load_w) == 0.0
