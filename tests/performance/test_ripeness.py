"""Power and software over a run: by hand, in order, and within bounds."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rackloom.ledger import Ledger
from rackloom.performance.ripeness import GROUPS, chip_of, group_of, ripe_date, software_ratio, sustained_share, year_of

from .toys import CATALOG, DRAWS, known_system, toy_system

YEAR_S = 365.25 * 86400


def share_of(name, rate, draws=None):
    return sustained_share(CATALOG.item(name), rate, CATALOG, Ledger(draws))[0]


def test_a_chip_at_its_limit_keeps_its_rate():
    """The chip that others are compared with: 271 TFLOP/s in 400 W, of 2020."""
    assert share_of("a100", 271e12) == pytest.approx(1.0)
    assert share_of("a100", 100e12) == 1.0


def test_h100_by_hand():
    """794 TFLOP/s in 700 W, two years later: (1.134 / 0.6775 x 0.5^(2 / 5.25))^-0.6."""
    halving = CATALOG.figure("performance-power", "energy_halving_s").value / YEAR_S
    exponent = CATALOG.figure("performance-power", "exponent_count").value
    assert share_of("h100", 794e12) == pytest.approx((794 / 700 / (271 / 400) * 0.5 ** (2 / halving)) ** -exponent)
    assert 0.8 < share_of("h100", 794e12) < 0.9


@given(rate=st.floats(1e13, 1e16), factor=st.floats(1.0, 10.0))
def test_more_rate_is_never_less_in_the_end(rate, factor):
    """The share falls, but by less than the rate rises: exponents are below 1."""
    slow, quick = share_of("h100", rate, DRAWS), share_of("h100", rate * factor, DRAWS)
    assert np.all(quick <= slow * (1 + 1e-12))
    assert np.all(quick * factor >= slow * (1 - 1e-12))
    assert np.all((slow > 0) & (slow <= 1))


def test_a_chip_whose_power_nobody_tells():
    assert CATALOG.item("vr200").get("tdp_w") is None
    share, keys = sustained_share(CATALOG.item("vr200"), 4e15, CATALOG, Ledger())
    assert keys == ("catalog.performance-power.unknown_share",)
    assert share == CATALOG.figure("performance-power", "unknown_share").value
    assert sustained_share(None, 4e15, CATALOG, Ledger())[0] == share
    assert sustained_share(CATALOG.item("tpu-v5p"), 4e14, CATALOG, Ledger())[0] == 1.0  # runs at one clock


def test_software_ripens():
    chip = CATALOG.item("h100")
    book = Ledger()
    young, old, very_old = (software_ratio(chip, day, CATALOG, book)[0] for day in (date(2022, 7, 1), date(2024, 7, 1), date(2032, 7, 1)))
    ripe, at_start = CATALOG.figure("performance-software", "time_ratio").value, CATALOG.figure("performance-software", "young_ratio").value
    assert young == pytest.approx(ripe * at_start)
    assert young > old > very_old > ripe * 0.9999
    assert very_old == pytest.approx(ripe, rel=1e-2)
    before = software_ratio(chip, date(2020, 1, 1), CATALOG, book)[0]
    assert before == pytest.approx(young)


def test_a_date_that_nobody_tells_is_a_year():
    chip = CATALOG.item("h100")
    assert software_ratio(chip, None, CATALOG, Ledger())[0] == pytest.approx(software_ratio(chip, date(2023, 7, 1), CATALOG, Ledger())[0], rel=2e-3)
    assert ripe_date(known_system("h100-hgx"), CATALOG) == date(2023, 7, 1)
    assert ripe_date(toy_system(), CATALOG) is None
    assert year_of(chip_of(toy_system(), CATALOG)) is None


def test_groups_of_figures():
    assert group_of("catalog.performance-power.exponent_count") == "power"
    assert group_of("catalog.h100.tdp_w") == "power"
    assert group_of("catalog.h100.bf16_flop_per_s") == "kernels"
    assert group_of("catalog.h100.scale_up_link_bytes_per_s") == "network"
    assert group_of("catalog.performance-assumptions.scale_out_latency_s") == "network"
    assert group_of("catalog.performance-collectives.start_s") == "network"
    assert group_of("catalog.performance-software.time_ratio") == "software"
    assert group_of("catalog.performance-overlap.data_overlap_share") == "overlap"
    assert {group_of(f"catalog.performance-residuals.{name}_ratio") for name in ("kernel", "network")} == {"kernels", "network"}
    assert set(GROUPS) == {"kernels", "power", "network", "overlap", "software"}
