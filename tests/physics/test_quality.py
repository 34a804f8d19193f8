"""Judgements of coolant: pass, fail and unknown, for one design and for many."""

from __future__ import annotations

import numpy as np
import pytest

from rackloom.catalog import load_catalog
from rackloom.physics import judge_limits, judge_metals, metal_name, worst_of

LIMITS = load_catalog().item("pg25-limits", "coolant_limits")


@pytest.mark.parametrize(("ph", "says"), [(9.0, "pass"), (8.0, "pass"), (10.5, "pass"), (7.9, "fail"), (11.0, "fail"), (None, "unknown")])
def test_ph_of_pg25(ph, says):
    limit = LIMITS.figure("ph_level")  # OCP PG25 guideline (2022): 8.0 to 10.5
    assert str(judge_limits(ph, limit.low, limit.high)) == says


def test_limits_by_design():
    assert list(judge_limits(np.array([20e-6, 60e-6, np.nan]), None, 50e-6)) == ["pass", "fail", "unknown"]
    assert str(judge_limits(25e-6, None, 0.025e-3)) == "pass"  # one limit, written in another way
    assert str(judge_limits(5.0)) == "unknown"
    assert list(judge_limits(5.0, np.array([np.nan, 6.0]), np.array([4.0, np.nan]))) == ["fail", "fail"]


def test_metals():
    permitted = load_catalog().item("manifold-eia", "manifold").say("materials").replace(" or ", ", ").split(", ")
    assert judge_metals(["Copper", "stainless steel 304"], permitted) == ("pass", ())
    assert judge_metals(["copper", "aluminium"], permitted) == ("fail", ("aluminium",))
    assert judge_metals([], permitted) == ("unknown", ())
    assert judge_metals(["copper"], None) == ("unknown", ())
    assert metal_name("Aluminium 6061") == metal_name("aluminum 6061")


def test_the_worst_of_several():
    assert list(worst_of([judge_limits(np.array([1.0, 5.0, 1.0]), None, 2.0), judge_limits(np.array([1.0, np.nan, np.nan]), None, 2.0)])) == ["pass", "fail", "unknown"]
    assert str(worst_of(["pass", "pass"])) == "pass"
    assert str(worst_of([])) == "unknown"
