"""The rack as a body: sums by hand, and each check seen to pass and to fail."""

from __future__ import annotations

import numpy as np
import pytest

from rackloom.draws import central
from rackloom.errors import BadInput
from rackloom.rack import check_many, design_with, load_design

from .layouts import checks
from .racks import written

# orv3: 48 mm units, 600 x 1068 mm, 1400 kg, braces above 800 kg, 80 kg a set of shelves, ramp of 10 deg
BODY = """\
frame: orv3
slots: {u1: shelf-33kw, u10-u19: 10 x tray, rear u30: box}
assemblies:
  tray: {parts: [4 x b200], power: 5 kW, mass: 40 kg, depth: 800 mm, pull: 700 mm}
  box: {power: 100 W, mass: 20 kg, depth: 200 mm}
  shelf-33kw: {power: 1 W, mass: 30 kg, depth: 788.7 mm}
cabling: {base: 80 mm}
standing: {frame: 150 kg, feet_width: 550 mm, feet_depth: 1000 mm, floor: 12 kPa, foot: 250 kg, rolling: 400 kg, rear: 120 mm, door: 60 mm, ship_max: 800 kg, pack: 100 kg, ship_tilt: 12 deg}
service: {aisle: 1.2 m}
"""


def test_centre_of_gravity_and_tilt_by_hand(tmp_path):
    """Masses at heights 80 mm + (unit - 1/2) 48 mm: shelf 30 kg at 0.104, trays 400 kg at 0.08 + 14 x 0.048 = 0.752 on the mean, box 20 kg at 1.496,
    frame 150 kg at 0.08 + 22 x 0.048 = 1.136: (3.12 + 300.8 + 29.92 + 170.4) / 600 = 0.8404 m.
    Front to rear from the middle: trays -(1.068 - 0.8)/2 = -0.134, shelf -0.13965, box +0.434: (400 x -0.134 - 30 x 0.13965 + 20 x 0.434) / 600 = -0.08185 m.
    To the nearest edge: 0.275 across; 0.5 - 0.0818 along: atan(0.275 / 0.8404) = 18.12 deg.
    """
    rows = checks(tmp_path, BODY)
    assert central(rows["tipping"].value) == pytest.approx(np.degrees(np.arctan(0.275 / 0.8404)), abs=1e-3)
    assert rows["tipping"].verdict == "pass"
    assert rows["shipping-tilt"].verdict == "pass"


def test_floor_and_feet_by_hand(tmp_path):
    """600 kg: 600 g / (0.6 x 1.068) = 9182 Pa. y = -0.08185: front feet 150 (1 + 0.1637) = 174.6 kg. Three feet: x = 0, so 600 / 2."""
    rows = checks(tmp_path, BODY)
    assert central(rows["floor-spread"].value) == pytest.approx(600 * 9.80665 / (0.6 * 1.068))
    assert central(rows["floor-foot"].value) == pytest.approx(150 * (1 + 2 * 0.08185), rel=1e-3)
    assert central(rows["rolling"].value) == pytest.approx(300.0)
    assert {rows[name].verdict for name in ("floor-spread", "floor-foot", "rolling", "shipping-mass", "shelf-set")} == {"pass"}
    assert central(rows["shipping-mass"].value) == pytest.approx(700.0)
    assert central(rows["shelf-set"].value) == 40.0


def test_depth_by_hand(tmp_path):
    """Front trays 800 mm, behind them 120 mm, doors 60 mm: 980 of 1068. A box of 200 mm behind a tray in the same units: 1180."""
    assert (checks(tmp_path, BODY)["depth"].verdict, central(checks(tmp_path, BODY)["depth"].value)) == ("pass", pytest.approx(0.98))
    both = checks(tmp_path, BODY.replace("rear u30: box", "rear u12: box"))["depth"]
    assert (both.verdict, central(both.value)) == ("fail", pytest.approx(1.18))


@pytest.mark.parametrize(
    ("old", "new", "check", "value", "limit"),
    [
        ("depth: 800 mm", "depth: 900 mm", "depth", 1.08, 1.068),  # a tray deeper than the frame allows
        ("mass: 40 kg", "mass: 150 kg", "payload", 1550.0, 1400.0),  # payload over the frame's limit; the frame is no payload
        ("mass: 40 kg", "mass: 90 kg", "shelf-set", 90.0, 80.0),
        ("u10-u19: 10 x tray", "u33-u42: 10 x tray", "tipping", None, 20.0),  # the mass at the top, on a steep ramp
        ("floor: 12 kPa", "floor: 9 kPa", "floor-spread", None, 9000.0),
        ("foot: 250 kg", "foot: 170 kg", "floor-foot", None, 170.0),
        ("rolling: 400 kg", "rolling: 290 kg", "rolling", 300.0, 290.0),
        ("ship_max: 800 kg", "ship_max: 650 kg", "shipping-mass", 700.0, 650.0),
        ("ship_tilt: 12 deg", "ship_tilt: 25 deg", "shipping-tilt", None, 25.0),
        ("aisle: 1.2 m", "aisle: 0.6 m", "tray-pull-tray", 0.7, 0.6),
    ],
)  # fmt: skip
def test_each_fails_on_what_it_is_there_for(tmp_path, old, new, check, value, limit):
    text = BODY.replace(old, new, 1)
    text = text.replace("floor: 12 kPa", "ramp: 20 deg, floor: 12 kPa") if check == "tipping" else text
    row = checks(tmp_path, text)[check]
    assert row.verdict == "fail"
    assert central(row.limit) == pytest.approx(limit)
    if value is not None:
        assert central(row.value) == pytest.approx(value)


def test_a_centre_of_gravity_that_tips_at_ten_degrees(tmp_path):
    """Heavy things on top of a light frame with feet 300 mm apart: 150 mm aside of 1.6 m up is 5.3 degrees."""
    row = checks(tmp_path, BODY.replace("u10-u19: 10 x tray", "u33-u42: 10 x tray").replace("feet_width: 550 mm", "feet_width: 300 mm"))["tipping"]
    assert (row.verdict, central(row.limit)) == ("fail", pytest.approx(10.0))
    assert 4.0 < central(row.value) < 7.0


def test_braces_are_asked_for_above_800_kg(tmp_path):
    heavy = BODY.replace("mass: 40 kg", "mass: 78 kg")
    assert checks(tmp_path, heavy)["brace"].verdict == "not checkable"  # 830 kg, and nobody says whether braces are fitted
    assert checks(tmp_path, heavy, "standing.braced=false")["brace"].verdict == "fail"
    assert "brace" not in checks(tmp_path, heavy, "standing.braced=true")


def test_what_is_not_known_is_named_and_may_still_fail(tmp_path):
    short = BODY.replace("mass: 40 kg, ", "").replace("depth: 800 mm, ", "")
    rows = checks(tmp_path, short)
    assert rows["tipping"].missing == ("mass of tray",)
    assert "depth of tray" in rows["depth"].missing
    assert checks(tmp_path, short.replace("depth: 200 mm", "depth: 1.1 m"))["depth"].verdict == "fail"  # the box alone is too deep
    assert checks(tmp_path, BODY.replace("feet_width: 550 mm, feet_depth: 1000 mm, ", ""))["tipping"].verdict == "not checkable"  # the frame's outside is the best case


def test_things_of_another_pitch_fit_by_their_height(tmp_path):
    """Fifteen switches of 1 RU are 667 mm, fourteen units of 48 mm; 27 of them 1200 mm, 25.003 units, in 24."""
    text = "frame: orv3\nslots: {u1-u20: 20 x tray, u21-u34: 15 x quantum-2-qm9700}\nassemblies: {tray: {parts: [b200], power: 1 W}}\n"
    assert len(load_design(written(tmp_path, text)).slots) == 2
    with pytest.raises(BadInput, match=r"27 x quantum-2-qm9700 take 25 units \(27 x 44\.45 mm at a pitch of 48\.00 mm\), the slot has 24") as caught:
        load_design(written(tmp_path, text.replace("u21-u34: 15 x", "u21-u44: 27 x")))
    assert caught.value.faults[0].place.line == 2
    with pytest.raises(BadInput, match="u45 is above the frame, which has 44 units"):
        load_design(written(tmp_path, text.replace("u21-u34: 15 x", "u21-u45: 27 x")))


def test_many_bodies_at_once_are_each_as_alone(tmp_path):
    design = design_with(written(tmp_path, BODY), [])
    masses, wide = np.array([20.0, 60.0, 120.0]), np.array([0.3, 0.5, 0.6])
    many = check_many(design, {"assemblies.tray.mass": masses, "standing.feet_width": wide})
    for k in range(3):
        alone = checks(tmp_path, BODY, f"assemblies.tray.mass={float(masses[k])!r} kg", f"standing.feet_width={float(wide[k])!r} m")
        for name in ("tipping", "payload", "floor-foot", "rolling", "shelf-set", "floor-spread"):
            assert many.of(name)[k] == pytest.approx(central(alone[name].margin), rel=1e-9), name
