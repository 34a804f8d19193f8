"""Many racks of one shape at once: each as if it were alone."""

from __future__ import annotations

import numpy as np
import pytest

from rackloom.draws import central
from rackloom.errors import BadInput, OutOfRange, Unknown
from rackloom.rack import check_design, check_many, design_with, load_design

from .racks import written


@pytest.mark.parametrize("case", ["normal", "feed-a-lost", "pump-loss"])
def test_each_of_many_is_as_if_it_were_alone(case):
    design = load_design("gb300-nvl72")
    supply, bus = np.array([298.15, 303.15, 311.0, 318.15]), np.array([48.0, 50.0, 52.0, 54.0])
    many = check_many(design, {"coolant.supply": supply, "power.bus": bus}, case=case)
    for k in range(4):
        alone = check_design(design_with("gb300-nvl72", [f"coolant.supply={float(supply[k])!r} K", f"power.bus={float(bus[k])!r} V"]), case=case)
        for check in alone.rows:
            margin = many.of(check.id)[k]
            if check.verdict == "not checkable":
                assert np.isnan(margin)
            else:
                assert margin == pytest.approx(central(check.margin), rel=1e-6, abs=1e-9), check.id
    assert many.passes.shape == (4,)


def test_parts_of_the_catalogue_vary_too(tmp_path):
    design = design_with(written(tmp_path), [])
    many = check_many(design, {"b200.tdp_w": np.array([700.0, 1000.0, 1300.0])})
    assert many.figures["power_load_w"].tolist() == [4 * (4 * watts + 33.0) for watts in (700.0, 1000.0, 1300.0)]
    assert (many.of("module-envelope") < 0).tolist() == [False, False, True]
    assert many.missing["efficiency"]


def test_what_cannot_vary_is_refused_by_name():
    design = load_design("gb300-nvl72")
    with pytest.raises(Unknown, match=r"coolant\.suply"):
        check_many(design, {"coolant.suply": np.ones(2)})
    with pytest.raises(BadInput, match="of one length"):
        check_many(design, {"coolant.supply": np.full(2, 300.0), "power.bus": np.full(3, 50.0)})
    with pytest.raises(OutOfRange, match=r"2 supply temperatures, such as 50\.0 C"):
        check_many(design, {"coolant.supply": np.array([303.15, 323.15, 330.0])})
    with pytest.raises(Unknown, match="no check 'busbar'"):
        check_many(design, {"power.bus": np.array([50.0])}).of("busbar")


def test_blocks_join_without_a_seam(monkeypatch):
    design = load_design("gb300-nvl72")
    volts = np.linspace(46.0, 54.0, 7)
    whole = check_many(design, {"power.bus": volts})
    monkeypatch.setattr("rackloom.rack.many.BLOCK", 3)
    assert np.allclose(check_many(design, {"power.bus": volts}).margin, whole.margin, equal_nan=True, rtol=1e-12)
