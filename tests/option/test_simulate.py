"""Least-squares Monte Carlo against published values and the lattice; its honesty about its own error."""

from __future__ import annotations

import pytest

from rackloom.errors import OutOfRange
from rackloom.option import american_option, simulate_option
from tests.published.load import published

CASES = [case for case in published("options_american") if case["id"] in ("ls-36-20-1", "ls-42-40-1", "ju-call-110")]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_simulation_matches_published_within_its_error(case):
    got = simulate_option(case["kind"], case["spot"], case["strike"], case["rate"], case["dividend"], case["volatility"], case["time"], paths=16384, seed=7)
    assert 0.0 < got.standard_error < 0.02 * case["expected"]
    assert got.value == pytest.approx(case["expected"], abs=4.0 * got.standard_error + case["tolerance"]), case["source"]


def test_it_is_biased_low_of_the_lattice():
    inputs = ("call", 4.6, 3.9, 0.07, 0.42, 0.35, 1.35)
    runs = [simulate_option(*inputs, first_exercise=0.27, paths=4096, seed=seed) for seed in range(8)]
    mean = sum(run.value for run in runs) / len(runs)
    error = runs[0].standard_error / len(runs) ** 0.5
    exact = american_option(*inputs, first_exercise=0.27).value
    assert exact - 0.02 * exact <= mean <= exact + 3.0 * error


def test_standard_error_is_the_spread_of_repeated_runs():
    runs = [simulate_option("put", 40.0, 40.0, 0.06, 0.0, 0.2, 1.0, paths=1024, seed=seed) for seed in range(40)]
    mean = sum(run.value for run in runs) / 40
    spread = (sum((run.value - mean) ** 2 for run in runs) / 39) ** 0.5
    assert spread == pytest.approx(runs[0].standard_error, rel=0.4)  # 40 runs know a spread to about 11 %, three times that with room


def test_one_date_is_european():
    """Haug 1998, p. 27: 5.0975 (tests/published/options_european.yaml)."""
    got = simulate_option("call", 42.0, 40.0, 0.04, 0.08, 0.35, 0.75, first_exercise=0.75, paths=32768, seed=3)
    assert got.dates == 1
    assert got.value == pytest.approx(5.0975, abs=3.5 * got.standard_error)


def test_deep_in_the_money_it_is_exercised_at_once():
    got = simulate_option("call", 9.0, 3.9, 0.07, 0.4, 0.35, 1.5, paths=2000, seed=1)
    assert got.value == pytest.approx(5.1)
    assert got.standard_error == 0.0
    assert got.probability == 1.0


def test_same_seed_same_answer():
    inputs = ("put", 40.0, 40.0, 0.06, 0.0, 0.2, 1.0)
    assert simulate_option(*inputs, paths=500, seed=4) == simulate_option(*inputs, paths=500, seed=4)
    assert simulate_option(*inputs, paths=500, seed=4).value != simulate_option(*inputs, paths=500, seed=5).value


@pytest.mark.parametrize("change", [{"paths": 10}, {"dates": 0}, {"spot": 0.0}, {"first_exercise": 2.0}, {"volatility": -0.1}])
def test_out_of_range_is_told(change):
    inputs = {"kind": "put", "spot": 1.0, "strike": 1.0, "rate": 0.05, "dividend": 0.1, "volatility": 0.3, "time": 1.0} | change
    with pytest.raises(OutOfRange):
        simulate_option(**inputs)
