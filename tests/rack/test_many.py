"""Many racks of one shape at once: each as if it were alone."""

from __future__ import annotations

import numpy as np
import pytest

from rackloom.draws import central
from rackloom.errors import BadInput, OutOfRange, Unknown
from rackloom.rack import check_design, check_many, design_with, load_design
from rackloom.rack.many import _stated

from .racks import WHOLE, written


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


SPREAD = {"temperature_k": (-4.0, 0.0, 6.0), "": (0.6, 1.0, 1.5)}  # K beside, or times
STATED = WHOLE.replace("  static: 30 kPa", "  static: 30 kPa\n  head: 38 psi\n  pressure_max: 60 psi").replace("  bridge: 60 s", "  bridge: 60 s\n  load: 17 kW")


@pytest.mark.parametrize("case", ["normal", "feed-a-lost", "pump-loss", "branch-closed"])
def test_every_word_that_a_rack_states_may_vary_and_each_is_as_if_it_were_alone(tmp_path, case):
    path = written(tmp_path, STATED.replace("pumps: 1+1", "pumps: 2+0"))
    design = design_with(path, [])
    for word, figure in _stated(design).items():
        values = np.array([figure.value + by for by in SPREAD["temperature_k"]]) if figure.unit == "temperature_k" else figure.value * np.array(SPREAD[""])
        values = np.minimum(values, 1.0) if word.endswith("share") or word == "power.swing" else values
        many = check_many(design, {word: values}, case=case)
        unit = {"temperature_k": "K", "1": ""}.get(figure.unit, figure.unit)
        for k, value in enumerate(values):
            alone = check_design(design_with(path, [f"{word}={float(value)!r} {unit}".strip()]), case=case)
            assert {check.id for check in alone.rows} == set(many.ids)
            for check in alone.rows:
                margin = many.of(check.id)[k]
                if check.verdict == "not checkable":
                    assert np.isnan(margin), (word, value, check.id)
                else:
                    assert margin == pytest.approx(central(check.margin), rel=1e-6, abs=1e-9), (word, value, check.id)


@pytest.mark.parametrize("first", [0, 1])
def test_one_that_fails_neither_spoils_nor_saves_the_others(tmp_path, first):
    """A bar that collapses, a facility that is too warm, a pressure that is too much: each in its own column only."""
    order = [first, 1 - first]
    design = design_with(written(tmp_path, STATED), [])
    for word, good, bad, check in (
        ("power.busbar.resistance", 50e-6, 20.0, "trays-fed"),
        ("power.busbar.resistance", 50e-6, 20.0, "busbar-segment"),
        ("coolant.facility", 298.15, 304.15, "cdu-heat"),
        ("coolant.pressure_max", 60 * 6894.757, 20 * 6894.757, "pressure-head"),
        ("coolant.return_max", 333.15, 305.15, "return-temperature"),
    ):
        margins = check_many(design, {word: np.array([good, bad])[order]}).of(check)[order]
        assert margins[0] >= 0.0 > margins[1], (word, check)


@pytest.mark.parametrize("first", [0, 1, 2])
def test_a_design_beyond_the_range_of_a_rule_is_left_open_beside_one_within(tmp_path, first):
    """Whichever of them comes first."""
    design, order = design_with(written(tmp_path, STATED), []), np.roll(np.arange(3), first)
    back = np.argsort(order)
    margins = check_many(design, {"coolant.supply": np.array([303.15, 325.15, 324.15])[order]}).of("flow-for-supply")[back]
    assert margins[0] > 0.0
    assert np.isnan(margins[1:]).all()
    plates = check_many(design, {"coolant.flow": np.array([16.0, 2.0, 60.0])[order] / 6e4}).of("case-temperature-tray")[back]
    assert plates[0] > 0.0
    assert np.isnan(plates[1:]).all()
    glycol = check_many(design, {"coolant.glycol_share": np.array([0.25, 0.95, 0.9])[order]}).of("suction-pressure")[back]
    assert glycol[0] > 0.0
    assert np.isnan(glycol[1:]).all()


def test_a_load_known_in_part_fails_those_that_are_over_and_passes_none(tmp_path):
    """Trays without a published power beside shelves of which a voltage of the feed makes the inlets too weak for some."""
    design = load_design("vr-nvl72")
    many = check_many(design, {"coolant.supply": np.array([303.15, 308.15])})
    assert all(np.isnan(many.of(name)).all() or (many.of(name)[~np.isnan(many.of(name))] < 0.0).all() for name in many.missing)


def test_parts_without_published_power_share_what_is_left_design_by_design():
    """The switch trays' own power is known; the rest of the load is spread over the others, and where there is none, all alike."""
    design = load_design("vr-nvl72")
    loads = np.array([30e3, 190e3])
    many = (
        check_many(design, {"power.load": loads})
        if design.power.load_w.key.startswith("design.")
        else check_many(design, {design.power.load_w.key.removeprefix("catalog."): loads})
    )
    for k, load in enumerate(loads):
        alone = {check.id: check for check in check_design(design_with("vr-nvl72", [f"power.load={float(load)!r} W"])).rows}
        assert many.value[many.ids.index("busbar-segment"), k] == pytest.approx(central(alone["busbar-segment"].value), rel=1e-9)
