"""Caps: the curve by hand, its slope, what it leaves of the rates, and the law that a lower cap never makes a run faster."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rackloom.draws import interval
from rackloom.errors import BadInput
from rackloom.ledger import Ledger
from rackloom.needs import find_model
from rackloom.performance import TrainingJob, cap_system, estimate_serving, estimate_training, operating_points
from rackloom.performance.jobs import Traffic
from rackloom.performance.machine import make_machine
from rackloom.performance.power_caps import capped, clock_share

from .toys import CATALOG, DRAWS, figure, known_system

MODEL = find_model("llama-3.1-8b")
JOB = TrainingJob(128, 8192)
STRATEGY = {"tp": 1, "pp": 1, "dp": 8, "zero": 3}
LAW = {"exponent": 0.6, "voltage_floor": 0.75}


def watts(value: float):
    return figure("cap_w", value, "W")


def test_the_curve_by_hand():
    """Above the least voltage: s = 0.1, exponent 0.6, so k = (1 / 0.54 - 1) / 2; p(0.9) = 0.1 + 0.9 x 0.9 x (1 - 0.1 k)^2."""
    k = (1.0 / (0.6 * 0.9) - 1.0) / 2.0
    power = 0.1 + 0.9 * 0.9 * (1.0 - 0.1 * k) ** 2
    assert clock_share(700.0 * power, 700.0, 70.0, **LAW) == pytest.approx(0.9, rel=1e-12)
    half = 0.1 + 0.9 * 0.3 * 0.75**2  # below it power falls with the clock alone
    assert clock_share(half, 1.0, 0.1, **LAW) == pytest.approx(0.3, rel=1e-12)


def test_the_slope_is_that_of_the_chips_own_limit():
    """A little below the limit the clock follows power with the exponent of sustained_share: one physics."""
    for exponent in (0.4, 0.6, 0.8):
        step = 1e-5
        lost = 1.0 - clock_share(1.0 - step, 1.0, 0.15, exponent=exponent, voltage_floor=0.7)
        assert lost / step == pytest.approx(exponent, rel=1e-3)


def test_a_cap_above_the_demand_takes_nothing():
    assert clock_share(700.0, 700.0, 70.0, **LAW) == 1.0
    assert clock_share(900.0, 700.0, 70.0, **LAW) == 1.0
    assert clock_share(60.0, 700.0, 70.0, clock_floor=0.1, **LAW) == 0.1


@given(low=st.floats(0.0, 1.5), more=st.floats(0.0, 1.0), idle=st.floats(0.01, 0.4), exponent=st.floats(0.3, 0.9), floor=st.floats(0.5, 1.0))
def test_a_higher_cap_never_lowers_the_clock(low, more, idle, exponent, floor):
    law = {"exponent": exponent, "voltage_floor": floor}
    assert clock_share(low, 1.0, idle, **law) <= clock_share(low + more, 1.0, idle, **law)


def test_vector_is_scalars():
    caps = np.linspace(0.3, 1.1, 9)
    assert clock_share(caps, 1.0, 0.1, **LAW) == pytest.approx([clock_share(cap, 1.0, 0.1, **LAW) for cap in caps])


def test_without_a_cap_nothing_moves():
    system = known_system("h100-hgx")
    assert capped(system, CATALOG, Ledger()) is None
    free, loose = make_machine(system, Ledger()), make_machine(cap_system(system, accelerator_w=watts(700.0)), Ledger())
    assert loose.kernels.rates_flop_per_s == free.kernels.rates_flop_per_s
    assert loose.kernels.memory_bytes_per_s == free.kernels.memory_bytes_per_s


@given(low=st.floats(320.0, 700.0), more=st.floats(0.0, 400.0))
def test_a_lower_cap_never_makes_training_faster(low, more):
    speeds = [estimate_training(MODEL, cap_system(known_system("h100-hgx"), accelerator_w=watts(cap)), JOB, STRATEGY).tokens_per_s_per_accelerator for cap in (low, low + more)]
    assert speeds[0] <= speeds[1] * (1.0 + 1e-12)


def test_a_lower_cap_never_makes_a_run_faster_in_any_draw():
    system = known_system("gb200-nvl72")
    serve = {"tp": 1, "batch": 16, "precision": "fp8"}
    for run in (
        lambda s: estimate_training(MODEL, s, JOB, STRATEGY, draws=DRAWS),
        lambda s: estimate_serving(MODEL, s, Traffic(2000, 500), serve, draws=DRAWS),
    ):
        before = None
        for kilowatts in (130.0, 100.0, 80.0, 75.0):
            speed = run(cap_system(system, unit_w=watts(1e3 * kilowatts))).tokens_per_s_per_accelerator
            assert before is None or np.all(speed <= before * (1.0 + 1e-12))
            before = speed


def test_memory_keeps_what_the_core_gives_up():
    left = capped(cap_system(known_system("h100-hgx"), accelerator_w=watts(450.0)), CATALOG, Ledger())
    assert left.core_share < 0.9
    assert left.memory_share > 0.98


def test_a_units_cap_leaves_the_others_their_rating():
    book = Ledger()
    left = capped(cap_system(known_system("gb200-nvl72"), unit_w=watts(100e3)), CATALOG, book)
    assert left.cap_w == pytest.approx((100e3 - (120e3 - 72 * 1200.0)) / 72)
    assert set(left.keys) <= set(book.keys())


def test_operating_points_of_vera_rubin():
    """Max-P 227 kW and Max-Q 187 kW: the rack thermal model of its maker, transcribed."""
    system = known_system("vr-nvl72")
    points = operating_points(system, CATALOG)
    assert {name: point.value for name, point in points.items()} == {"max_p": 227e3, "max_q": 187e3}
    speed = {name: estimate_training(MODEL, cap_system(system, unit_w=point), JOB, STRATEGY, draws=DRAWS).tokens_per_s_per_accelerator for name, point in points.items()}
    low, high = interval(speed["max_q"] / speed["max_p"])
    assert 187.0 / 227.0 < low < high < 1.0  # tokens per joule are better at Max-Q
    assert operating_points(known_system("h100-hgx"), CATALOG) == {}


def test_a_caps_figures_stand_in_the_ledger():
    estimate = estimate_training(MODEL, cap_system(known_system("h100-hgx"), accelerator_w=watts(500.0)), JOB, STRATEGY)
    roots = {row.key for row in estimate.ledger.roots_of(f"{estimate.prefix}.compute_s")}
    assert {"test.cap_w", "catalog.performance-phase-power.voltage_floor_share", "catalog.performance-power.exponent_count"} <= roots
    assert estimate.ledger.dangling() == []


def test_what_is_no_cap_is_refused():
    system = known_system("h100-hgx")
    with pytest.raises(BadInput, match="either each accelerator's or the unit's"):
        cap_system(system)
    with pytest.raises(BadInput, match="either each accelerator's or the unit's"):
        cap_system(system, accelerator_w=watts(500.0), unit_w=watts(8e3))
    with pytest.raises(BadInput, match="a cap of 0 W"):
        cap_system(system, accelerator_w=watts(0.0))
    with pytest.raises(BadInput, match="while it waits for messages"):
        make_machine(cap_system(system, accelerator_w=watts(200.0)), Ledger())
