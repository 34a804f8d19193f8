"""Each check of power and cooling, seen to pass on a rack that is whole and to fail on what it is there for, with the value worked by hand where it is plain."""

from __future__ import annotations

import re

import numpy as np
import pytest

from rackloom.draws import central
from rackloom.errors import BadInput
from rackloom.needs import find_model
from rackloom.performance import TrainingJob, estimate_training, power_of, power_trace
from rackloom.rack import Trace, check_design, describe_rack, design_with, load_design, shipped_designs, system_of

from .racks import WHOLE, checked, written

# check, words that make it fail, value and limit (None: not worked by hand)
FAILS = [
    ("power-sum", ["power.load=70 kW"], 70e3, 66e3),  # two shelves of 33 kW
    ("load-firm", ["power.load=60 kW"], 60e3, 55e3),  # 2 x 27.5 kW
    ("module-lost", ["power.load=60 kW"], 60e3, 55e3),
    ("shelf-output", ["power.load=80 kW"], None, 1.0),
    ("peak-pulse", ["power.load=54 kW", "power.redundancy=N+N"], None, 33e3 * 1.6),
    ("shelf-connector-shelf-33kw", ["power.bus=46 V"], 33e3 / 46.0, 700.0),
    ("bbu-power", ["power.load=31 kW"], 31e3, 30e3),  # two of 15 kW
    ("bbu-duration", ["power.bridge=180 s"], None, 180.0),
    ("ramp-rate", ["power.storage=100 J"], None, 100.0),
    ("busbar-segment", ["power.busbar.rating=300 A"], None, 300.0),
    ("busbar-rise", ["power.busbar.rating=300 A"], None, 30.0),
    ("tray-voltage", ["power.busbar.lowest=49.5 V"], None, 49.5),
    ("tray-voltage-worst", ["power.busbar.lowest=49.5 V"], None, 49.5),
    ("feed-current", ["power.breaker=14 A"], None, 0.8 * 14.0),
    ("short-circuit", ["power.fault_current=30 kA"], 30e3, 25e3),
    ("whip-drop", ["power.whip_length=400 m"], None, 0.03),
    ("touch-voltage", ["power.bus=65 V"], 65.0, 60.0),
    ("supply-temperature", ["coolant.supply=40 C"], 313.15, 305.15),  # a Blackwell part: 32 C
    ("return-temperature", ["coolant.flow=6 L/min"], None, 333.15),
    ("coupling-temperature", ["coolant.flow=5 L/min"], None, 338.15),
    ("flow-for-supply", ["coolant.flow=4 L/min"], None, 4 / 6e4),
    ("disconnect-flow-tray", ["coolant.flow=80 L/min"], 20 / 6e4, 17.8 / 6e4),  # a quarter of it through a pair of size 08
    ("coupling-drop", ["coolant.flow=80 L/min"], None, 2 * 6894.757),
    ("manifold-velocity", ["coolant.manifold_diameter=10 mm"], 16 / 6e4 / (3.14159265 / 4 * 0.01**2), 1.5),
    ("hose-velocity", ["coolant.hose_diameter=10 mm"], 16 / 6e4 / (3.14159265 / 4 * 0.01**2), 2.3),
    ("branch-spread", ["coolant.manifold_diameter=9 mm", "assemblies.tray.cooling.drop=3 kPa"], None, 0.05),
    ("dew-point", ["environment.dew_point=29 C"], 303.15, 304.15),  # 2 K above it
    ("case-temperature-tray", ["assemblies.tray.cooling.case_max=50 C"], None, 323.15),
    ("cdu-heat", ["coolant.racks=200"], None, None),
    ("cdu-flow", ["coolant.racks=200"], 16 / 6e4, 2125 / 200 / 6e4),
    ("cdu-head", ["coolant.hose_diameter=7 mm"], None, None),
    ("pump-spare", ["coolant.pumps=1+0"], 0.0, 16 / 6e4),
    ("pressure-head", ["coolant.head=90 psi"], 90 * 6894.757, 50 * 6894.757),
    ("pressure-working", ["coolant.static=400 kPa"], None, 50 * 6894.757),
    ("pressure-shut-off", ["coolant.static=200 kPa"], None, 50 * 6894.757),
    ("suction-pressure", ["coolant.static=5 kPa"], 5e3, 20e3),
    ("glycol-share", ["coolant.glycol_share=10 %"], None, None),
    ("coolant-ph", ["coolant.ph=6"], 3.25, 1.25),  # from the middle of 8 to 10.5
    ("filter", ["coolant.filter=200 um"], 200e-6, 25e-6),
    ("ride-through", ["coolant.volume=0.5 L"], None, 5.0),
    ("air-heat", ["power.load=60 kW", "coolant.liquid_share=10 %"], None, 47.5e3),
    ("airflow", ["environment.altitude=3000 m"], None, None),
    ("inlet-air", ["environment.air=34 C", "environment.altitude=2000 m"], 307.15, 308.15 - (2000 - 900) / 175),
    ("card-slot-connectx-7", ["assemblies.tray.card_slot=25 W"], 33.0, 25.0),
    ("figures-sourced", ["power.load=20 kW"], 1.0, 0.5),
]


@pytest.mark.parametrize(("check", "settings", "value", "limit"), FAILS, ids=[row[0] for row in FAILS])
def test_a_check_passes_on_a_whole_rack_and_fails_on_what_it_is_there_for(tmp_path, check, settings, value, limit):
    assert checked(tmp_path)[check].verdict == "pass"
    failed = checked(tmp_path, *settings)[check]
    assert failed.verdict == "fail"
    assert central(failed.margin) < 0.0
    assert failed.mend
    if value is not None:
        assert central(failed.value) == pytest.approx(value, rel=2e-3)
    if limit is not None:
        assert central(failed.limit) == pytest.approx(limit, rel=1e-6)


UNKNOWN = [
    ("hold-up", {"bbu-15kw": "bbu-hpr"}), ("bbu-duration", {"  bridge: 60 s\n": ""}), ("ramp-rate", {"  ramp: 100 kW/s\n": ""}), ("busbar-rise", {"rating: 1400 A, ": ""}),
    ("short-circuit", {"  fault_current: 20 kA\n": ""}), ("feed-current", {"  breaker: 63 A\n": ""}), ("dew-point", {", dew_point: 15 C": ""}), ("airflow", {"air: 25 C, ": ""}),
    ("inlet-air", {", altitude: 200 m": ""}), ("filter", {"  filter: 25 um\n": ""}), ("coolant-ph", {"  ph: 9\n": ""}), ("glycol-share", {"  glycol_share: 25 %\n": ""}),
    ("wetted-metals", {"  wetted: [copper, SS316]\n": ""}), ("ride-through", {"  volume: 12 L\n": ""}), ("pump-spare", {"  pumps: 1+1\n": ""}),
    ("cdu-head", {"  cdu: cdu-coolit-chx2000\n  racks: 60\n": ""}), ("pressure-head", {"  cdu: cdu-coolit-chx2000\n  racks: 60\n": ""}),
    ("manifold-velocity", {"  manifold_diameter: 40 mm\n": ""}), ("hose-velocity", {"  hose_diameter: 32 mm\n": ""}), ("suction-pressure", {"  static: 30 kPa\n": ""}),
    ("pressure-working", {"  static: 30 kPa\n": ""}), ("case-temperature-tray", {", case_max: 90 C": ""}), ("card-slot-connectx-7", {" card_slot: 80 W,": ""}), ("tray-voltage", {", lowest: 46 V": ""}),
]  # fmt: skip


@pytest.mark.parametrize(("check", "without"), UNKNOWN, ids=[row[0] for row in UNKNOWN])
def test_a_check_without_its_facts_says_what_is_missing_and_passes_nothing(tmp_path, check, without):
    text = WHOLE
    for old, new in without.items():
        assert old in text
        text = text.replace(old, new)
    row = checked(tmp_path, text=text)[check]
    assert row.verdict == "not checkable"
    assert row.missing
    assert all(row.missing)


def test_metals_off_the_list_are_named(tmp_path):
    row = checked(tmp_path, text=WHOLE.replace("[copper, SS316]", "[copper, aluminium]"))["wetted-metals"]
    assert row.verdict == "fail"
    assert "aluminium" in row.question


def test_a_unit_of_less_approach_takes_less_heat(tmp_path):
    wide, narrow = (checked(tmp_path, f"coolant.facility={facility} C")["cdu-heat"] for facility in (25, 29.8))
    assert central(narrow.limit) < central(wide.limit)
    assert checked(tmp_path, "coolant.facility=31 C")["cdu-heat"].verdict == "fail"  # no colder than the supply: it takes nothing


def test_a_bar_that_cannot_carry_its_trays_fails_and_never_passes(tmp_path):
    rows = checked(tmp_path, "power.busbar.resistance=20 ohm/m")
    assert {rows[name].verdict for name in ("busbar-segment", "tray-voltage", "shelf-output", "trays-fed")} == {"fail"}


def test_all_shelves_on_one_feed_leave_the_rack_dark(tmp_path):
    text = WHOLE.replace("sides: {A: u1, B: u2}", 'sides: {A: "u1-u2"}').replace("redundancy: N+1", "redundancy: N+N")
    rows = checked(tmp_path, text=text)
    assert rows["trays-fed"].verdict == "fail"
    assert "feed-a-lost" in rows["trays-fed"].question
    dark = checked(tmp_path, text=text, case="feed-a-lost")
    assert {dark[name].verdict for name in ("trays-fed", "tray-voltage", "load-firm")} == {"fail"}


def test_breakers_by_code_and_rating(tmp_path):
    shares = {}
    for code in ("NEC", "IEC"):
        for rated in ("80 %", "100 %", None):
            settings = [f"environment.code={code}", *([f"power.breaker_rated={rated}"] if rated else [])]
            shares[code, rated] = central(checked(tmp_path, *settings)["feed-current"].limit) / 63.0
    assert shares == pytest.approx({("NEC", "80 %"): 0.8, ("NEC", "100 %"): 1.0, ("NEC", None): 0.8, ("IEC", "80 %"): 0.8, ("IEC", "100 %"): 1.0, ("IEC", None): 1.0})


def test_a_feed_of_800_v_needs_a_grounding_and_half_of_it_to_earth(tmp_path):
    high = ["power.feeds=2 x 800 V", "power.kind=dc"]
    assert checked(tmp_path, *high)["dc-grounding"].verdict == "not checkable"
    assert checked(tmp_path, *high)["touch-voltage-frame"].verdict == "not checkable"
    mid, pole = (
        checked(tmp_path, *high, f"power.grounding={where}", "power.grounding_resistance=40e3 ohm", "power.bond_resistance=0.1 ohm") for where in ("mid-point", "negative-pole")
    )
    assert (mid["dc-grounding"].verdict, central(mid["dc-grounding"].value)) == ("pass", 400.0)
    assert (pole["dc-grounding"].verdict, central(pole["dc-grounding"].value)) == ("fail", 800.0)
    assert mid["touch-voltage-frame"].verdict == "pass"
    assert (
        checked(tmp_path, *high, "power.grounding=mid-point", "power.grounding_resistance=0.1 ohm", "power.bond_resistance=0.1 ohm")["touch-voltage-frame"].verdict == "fail"
    )  # half of 400 V


def test_plates_in_series_warm_the_last_one(tmp_path):
    one, four = (checked(tmp_path, f"assemblies.tray.cooling.series={series}")["case-temperature-tray"] for series in (1, 4))
    # 4 L/min a tray; side by side 1 L/min and 0.0245 K/W a plate; in a row 4 L/min each, beyond the curve's 2.4
    assert central(one.value) - 303.15 == pytest.approx(0.0245 * 1000.0, rel=0.01)
    assert four.verdict == "not checkable"
    two = checked(tmp_path, "assemblies.tray.cooling.series=2")["case-temperature-tray"]
    before = 1000.0 / (1019.4 * 3937.6 * 2.0 / 6e4)  # K that a plate of 1 kW adds to 2 L/min of PG25 at 30 C
    assert central(two.value) - 303.15 == pytest.approx(before + 0.0204 * 1000.0, rel=0.01)


def test_enough_checks_of_power_and_cooling_are_made(tmp_path):
    frame = ("units", "depth", "payload", "published-load", "power-known", "figures-sourced")
    ids = {check.id.removesuffix("-tray") for check in checked(tmp_path).values() if check.id not in frame}
    assert len(ids) >= 35


@pytest.mark.parametrize("name", shipped_designs())
def test_every_shipped_rack_fails_only_what_its_page_explains(name):
    explained = {"gb300-nvl72": ("load-firm", "shelf-output", "busbar"), "vr-nvl72": ("disconnect-flow",), "helios": ("disconnect-flow",),
                 "mi355x-liquid": ("module-envelope",), "orv3-hpr-oam": ("module-envelope",)}  # fmt: skip
    for check in check_design(load_design(name)).rows:
        assert check.verdict != "fail" or check.id.startswith(explained.get(name, ("nothing",)))


def test_the_case_is_followed_in_time_and_no_verdict_rests_on_assumed_masses(tmp_path):
    """A chip of 1 kW in 340 J/K of chip and plate, and 40 mL of coolant: some kelvin a second once the flow is gone."""
    row = checked(tmp_path)["case-ride-tray"]
    assert row.verdict == "not checkable"
    assert "heat stored in chip and plate" in row.missing[0]
    assert 3.0 < central(row.value) < 40.0
    later = checked(tmp_path, "assemblies.tray.cooling.case_max=98 C")["case-ride-tray"]
    assert central(later.value) > central(row.value)


def test_losses_add_up_to_the_meter(tmp_path):
    answer = describe_rack(design_with(written(tmp_path), []))
    meter = central(answer.ledger.value(f"designs.{answer.name}.power_utility_w"))
    assert meter == pytest.approx(central(answer.power_input_w) / 0.97 / 0.99, rel=2e-3)  # UPS and transformer; the busbar's own loss is small
    assert meter > central(answer.power_input_w) / 0.97 / 0.99


def test_any_stated_word_may_vary_between_designs(tmp_path):
    path = written(tmp_path, WHOLE + "vary: {coolant.supply: 25 to 45 C, power.busbar.rating: 1000 A to 2000 A, environment.altitude: 0 m to 3000 m}\n")
    assert design_with(path, []).vary["power.busbar.rating"].high == 2000.0
    with pytest.raises(BadInput, match=r"'coolant\.suply' does not vary"):
        design_with(written(tmp_path, WHOLE + "vary: {coolant.suply: 25 to 45 C}\n"), [])


POWER = ("power-sum", "load-firm", "module-lost", "shelf-", "peak-pulse", "hold-up", "bbu-", "node-supplies", "efficiency", "ramp-rate", "busbar-", "tray-", "trays-fed", "feed-", "phase-balance",
         "short-circuit", "touch-voltage", "dc-grounding")  # fmt: skip
COOLING = ("supply-temperature", "return-temperature", "coupling-", "flow-for-supply", "heat-balance", "disconnect-flow", "manifold-velocity", "hose-velocity", "branch-spread", "dew-point",
           "case-temperature", "junction-temperature", "cdu-", "pump-spare", "pressure-", "burst", "suction-pressure", "glycol-share", "coolant-ph", "filter", "wetted-metals", "ride-through",
           "air-heat", "airflow", "inlet-air")  # fmt: skip


def test_shipped_racks_are_asked_at_least_35_questions_of_power_and_cooling():
    """Counted once however many trays, shelves and states a question is put to."""
    questions = set()
    for name in shipped_designs():
        design = load_design(name)
        things = [*design.assemblies, *(slot.name for slot in design.slots)]
        for check in check_design(design).rows:
            stem = check.id
            for thing in things:
                stem = stem.removesuffix(f"-{thing}")
            stem = re.sub(r"-(feed-[a-z]+-lost|shelf-lost|psu-lost|pump-loss|worst|fullest)$", "", stem)
            if stem.startswith(POWER + COOLING):
                questions.add(stem)
    assert len(questions) >= 35, sorted(questions)


def test_a_high_bus_is_told_beside_a_high_feed(tmp_path):
    rows = checked(tmp_path, "power.feeds=2 x 800 V", "power.kind=dc", "power.bus=65 V")
    assert rows["touch-voltage"].verdict == "fail"
    assert rows["touch-voltage-frame"].verdict == "not checkable"


def test_the_inlets_of_a_shelf_carry_its_full_output(tmp_path):
    """33 kW over 97.5 % and two inlets at sqrt(3) x 415 V are 23.5 A; at 240 V they are 40.7."""
    rows = checked(tmp_path)
    assert central(rows["shelf-input-shelf-33kw"].value) == pytest.approx(33e3 / 0.975 / 2 / (3**0.5 * 415), rel=1e-6)
    assert rows["shelf-input-shelf-33kw"].verdict == "pass"
    assert checked(tmp_path, "power.feeds=2 x 240 V")["shelf-input-shelf-33kw"].verdict == "fail"


def test_feeds_of_a_side_carry_what_its_shelves_give(tmp_path):
    """Two feeds a side in place of one: half of the current each, with the other side lost."""
    text = WHOLE.replace("redundancy: N+1", "redundancy: N+N")
    one, two = (checked(tmp_path, f"power.feeds={n} x 415 V", text=text)["feed-current-feed-a-lost"] for n in (2, 4))
    assert central(two.value) == pytest.approx(central(one.value) / 2)
    assert "fullest side" in two.question
    assert "feed-current-feed-a-lost" not in checked(tmp_path, "power.feeds=3 x 415 V", text=text)  # how three hang on two sides is not told


def test_a_rack_whose_network_is_not_known_says_so_in_each_check_of_it(tmp_path):
    rows = checked(tmp_path, text=WHOLE.replace(" via uqd-08", "").replace(", 2 x uqd-08", ""))
    for name in ("branch-spread", "coupling-drop", "coupling-temperature", "manifold-velocity", "hose-velocity", "cdu-head", "pump-spare", "suction-pressure", "heat-balance"):
        assert rows[name].verdict == "not checkable", name
        assert "couplings" in rows[name].missing[0]


def test_a_module_lost_counts_the_shelves_that_live(tmp_path):
    assert [central(checked(tmp_path, case=case)["module-lost"].limit) for case in ("normal", "feed-a-lost")] == [55e3, 27.5e3]


def test_a_trace_without_a_stated_ramp_is_held_at_its_mean(tmp_path):
    """1 s at 20 kW and 1 s at 10 kW: 5 kW over the mean for a second."""
    design = design_with(written(tmp_path, WHOLE.replace("  ramp: 100 kW/s\n", "")), [])
    rows = {check.id: check for check in check_design(design, load=Trace((0.0, 1.0, 2.0), (20e3, 10e3, 10e3))).rows}
    assert central(rows["ramp-rate"].value) == pytest.approx(5e3)
    assert rows["ramp-rate"].verdict == "not checkable"


def test_power_by_phase_of_a_training_step_is_what_the_swing_is_checked_with():
    """From a model's step to the rack: blocks of power in, energy between them and the feed out."""
    system, model = system_of(load_design("gb200-nvl72")), find_model("llama-3.1-8b")
    job = TrainingJob(512, 8192)
    times, powers = power_trace(power_of(estimate_training(model, system, job, {"tp": 2, "pp": 1, "dp": 32, "zero": 1}), system))
    design = design_with("gb200-nvl72", ["power.ramp=1 kW/s", "power.storage=1 MJ"])
    rows = {check.id: check for check in check_design(design, load=Trace(tuple(times), tuple(powers))).rows}
    above = np.where(powers[:-1] > np.average(powers[:-1], weights=np.diff(times)), powers[:-1] - np.average(powers[:-1], weights=np.diff(times)), 0.0)
    assert 0.0 < central(rows["ramp-rate"].value) <= float(np.sum(above * np.diff(times))) * (1 + 1e-9)  # never more than a feed held at the mean
    assert rows["ramp-rate"].verdict == "pass"
    assert rows["ramp-rate"].value != {check.id: check for check in check_design(design).rows}["ramp-rate"].value  # the assumed square wave of a step
