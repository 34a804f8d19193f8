"""Leaks, swaps, spares, sources, failures: each seen to pass and to fail."""

from __future__ import annotations

import pytest

from rackloom.catalog import load_catalog
from rackloom.draws import central
from rackloom.errors import BadInput
from rackloom.rack import PartSource, describe_rack, design_with, load_design
from rackloom.rack.reliability import record_rate

from .layouts import LAYOUT, checks
from .racks import WHOLE, written

WATCHED = WHOLE + "service: {leak_sensors: [tray, manifold, hoses], drip: tray}\n"


def test_every_joint_is_watched_or_named(tmp_path):
    rows = checks(tmp_path, WATCHED)
    assert (rows["leak-detection"].verdict, rows["drip-path"].verdict) == ("pass", "pass")
    blind = checks(tmp_path, WATCHED.replace("[tray, manifold, hoses]", "[tray]"))["leak-detection"]
    assert (blind.verdict, blind.value) == ("fail", 2.0)
    assert "manifold, hoses" in blind.question
    assert checks(tmp_path, WHOLE)["leak-detection"].verdict == "not checkable"


@pytest.mark.parametrize(("drip", "verdict"), [("busbar", "fail"), ("shelf", "fail"), ("floor", "fail"), ("tray", "pass")])
def test_drops_fall_on_nothing_live(tmp_path, drip, verdict):
    """On the way to the floor they pass the shelves in u1 and u2, below the trays of u5 to u8."""
    row = checks(tmp_path, WATCHED.replace("drip: tray", f"drip: {drip}"))["drip-path"]
    assert row.verdict == verdict
    if drip == "floor":
        assert "past shelf-33kw u1, shelf-33kw u2" in row.question


def test_a_cable_straight_across_a_tray_holds_it(tmp_path):
    text = (
        LAYOUT.replace("to: leaf.port}", "to: leaf.port, route: straight}")
        .replace("u2: leaf, u10-u11: 2 x node", "u2: leaf, u5: back2, u10-u11: 2 x node")
        .replace("  back:", "  back2: {power: 1 W}\n  back:")
    )
    rows = checks(tmp_path, text)
    assert (rows["swap-back2"].verdict, rows["swap-back2"].value) == ("fail", 4.0)  # all four
    assert rows["swap-leaf"].verdict == "pass"
    assert rows["swap-node"].value == 2.0  # those of u11 lie over u10
    assert "swap-node" not in checks(tmp_path, LAYOUT)  # by the side channel nothing lies across a face


STOCKED = WHOLE + "service: {racks: 100, restock: 14 d, level: 95 %, spares: {b200: 10}, repair: 4 h, checkpoint: 60 s, restart: 10 min}\n"


def test_spares_by_poisson(tmp_path):
    """16 accelerators a rack, 0.0425 failures a year, 100 racks, 14 of 365.25 days: 2.606 asked for while one is on order; five are too few for 95 %."""
    answer = describe_rack(design_with(written(tmp_path, STOCKED), []))
    line = next(line for line in answer.reliability.spares if line.part == "b200")
    assert central(line.demand_count) == pytest.approx(16 * 0.0425 * 100 * 14 / 365.25)
    assert central(line.needed_count) == 6.0  # P(at most 5) = 0.950, P(at most 4) = 0.877
    rows = {check.id: check for check in answer.checks}
    assert rows["spares-b200"].verdict == "pass"
    few = checks(tmp_path, STOCKED.replace("b200: 10", "b200: 5"))["spares-b200"]
    assert few.verdict == "fail"
    assert central(few.value) == pytest.approx(0.8765, abs=1e-4)  # e^-2.6063 (1 + 2.6063 + 3.3964 + 2.9507 + 1.9226)
    assert checks(tmp_path, STOCKED.replace("b200: 10", "tray: 5"))["spares-tray"].verdict == "not checkable"
    assert set(checks(tmp_path, WHOLE)["spares"].missing) == {
        "racks that share the spares ('service: racks:')", "time to restock ('restock:')", "share of times that one is there ('level:')", "spares on site ('spares:')"}  # fmt: skip


def test_the_llama_3_record_over_racks(tmp_path):
    """419 of 16,384 GPUs in 54 days: a rack of 72 is interrupted every 703.8 h, 100 of them every 7.04, 1,000 every 0.704; 80 % of the count +-6.3 %."""
    stops = describe_rack(load_design("gb200-nvl72")).reliability
    assert [(job.racks, job.accelerators) for job in stops.jobs] == [(1, 72), (100, 7200), (1000, 72000)]
    assert [job.between_hours for job in stops.jobs] == pytest.approx([16384 * 54 * 24 / 419 / 72, 16384 * 54 * 24 / 419 / 7200, 16384 * 54 * 24 / 419 / 72000])
    for job in stops.jobs:
        assert job.low_hours / job.between_hours == pytest.approx(1 / 1.0663, abs=5e-3)
        assert job.high_hours / job.between_hours == pytest.approx(1 / 0.9385, abs=5e-3)


def test_causes_of_the_record_add_up():
    """Eighteen causes, 419 unplanned interruptions."""
    catalog = load_catalog()
    causes = [
        name
        for name in catalog.item("reliability-llama-3-405b").figures
        if name.endswith("_count") and name not in ("gpus_count", "interruptions_count", "planned_count", "unplanned_count", "manual_interventions_count")
    ]
    assert len(causes) == 18
    assert record_rate(catalog, causes).value == pytest.approx(record_rate(catalog).value)


def test_availability_and_useful_time(tmp_path):
    stops = describe_rack(design_with(written(tmp_path, STOCKED), [])).reliability
    rate_h = central(stops.failures_per_year) / 8766
    assert central(stops.availability_share) == pytest.approx(1 / (1 + rate_h * 4), rel=1e-9)
    assert 0.5 < central(stops.useful_share) < 1.0
    more = describe_rack(design_with(written(tmp_path, STOCKED.replace("racks: 100", "racks: 1000")), [])).reliability
    assert central(more.useful_share) < central(stops.useful_share)
    assert "psu" not in stops.missing
    assert stops.failures_per_year > 0


def test_parts_of_one_supplier_are_named(tmp_path):
    design = design_with(written(tmp_path), [])
    bought = ("orv3-hpr", "shelf-33kw", "bbu-15kw", "b200", "ubb-2", "connectx-7", "uqd-08", "manifold-orv3")
    two = {name: PartSource(("One", "Two"), True) for name in bought}
    answer = describe_rack(design, sources=two)
    assert next(check for check in answer.checks if check.id == "single-source").verdict == "pass"
    assert (answer.build.suppliers, answer.build.us_parts, answer.build.single_source) == (2, 8, ())
    answer = describe_rack(design, sources=two | {"b200": PartSource(("One",), False)})
    row = next(check for check in answer.checks if check.id == "single-source")
    assert (row.verdict, row.value) == ("fail", 1.0)
    assert "b200" in row.question
    assert checks(tmp_path, WHOLE)["single-source"].verdict == "not checkable"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("leak_sensors: [trey]", "the rack holds no 'trey'"),
        ("spares: {b300: 2}", "the rack holds no 'b300'"),
        ("spares: {b200: -2}", "-2 x b200"),
        ("level: 120 %", "more than the whole"),
    ],
)
def test_bad_service_is_refused(tmp_path, text, said):
    with pytest.raises(BadInput) as caught:
        load_design(written(tmp_path, WHOLE + f"service: {{{text}}}\n"))
    assert any(said in fault.what for fault in caught.value.faults)
