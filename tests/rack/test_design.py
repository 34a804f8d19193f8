"""Rack files: the acceptance sketch, differences under 'like', and every fault at its place."""

from __future__ import annotations

import pytest
import yaml

from rackloom.catalog import load_catalog
from rackloom.errors import BadInput, Unknown
from rackloom.rack import bill_of_materials, expand_design, load_design, shipped_designs, system_of
from tests.sketches import RACK as SKETCH


def write(tmp_path, text, name="rack.yaml"):
    path = tmp_path / name
    path.write_text(text)
    return path


def test_the_sketch_is_read_as_it_stands(tmp_path):
    design = load_design(write(tmp_path, SKETCH))
    totals = bill_of_materials(design).totals()
    # base 18 compute trays; u5-u8 displace those at u7, u8; u10-u19 hold ten, u9 and u26-u33 keep nine: 19 trays of 4
    assert totals["compute"] == 1 + 10 + 8
    assert totals["b300"] == 4 * 19
    assert "gb300" not in totals
    assert totals["connectx-8"] == 4 * 19  # parts of other kinds stay
    assert totals["shelf-33kw"] == 4 + 4 + 4
    assert design.coolant.supply_temperature_k.value == pytest.approx(313.15)
    assert design.coolant.flow_table == ("gb300-nvl72", "flow")  # not named, so kept
    assert (design.vary["coolant.supply"].low, design.vary["coolant.supply"].high) == pytest.approx((298.15, 318.15))
    assert any("displaces 2 x compute" in note for note in design.notes)
    assert system_of(design).accelerators == 76


@pytest.mark.parametrize("name", shipped_designs())
def test_shipped_designs_load_and_expand_to_an_equal_design(name, tmp_path):
    design = load_design(name)
    again = load_design(write(tmp_path, yaml.safe_dump(expand_design(design), sort_keys=False), f"{name}.yaml"))
    assert bill_of_materials(again).lines == bill_of_materials(design).lines
    assert [(c.source, c.target, c.via) for c in again.connections] == [(c.source, c.target, c.via) for c in design.connections]
    assert again.slots == design.slots
    assert again.height == design.height
    assert again.scale_up == design.scale_up


def test_nvl72_counts_are_the_published_ones():
    # DGX GB200 user guide, hardware: 18 compute trays, 9 switch trays, 72 GPUs, 36 Grace; NVIDIA Base Command Manager: 8 shelves
    totals = bill_of_materials(load_design("gb200-nvl72")).totals()
    assert {name: totals[name] for name in ("compute", "switch", "gb200", "grace", "shelf-33kw")} == {"compute": 18, "switch": 9, "gb200": 72, "grace": 36, "shelf-33kw": 8}
    # AMD Helios page: 72 GPUs, 18 CPUs, 216 NICs, 6 switch trays
    helios = bill_of_materials(load_design("helios")).totals()
    assert {name: helios[name] for name in ("mi455x", "venice-host", "vulcano", "switch")} == {"mi455x": 72, "venice-host": 18, "vulcano": 216, "switch": 6}


def test_totals_are_products_down_the_tree():
    for name in shipped_designs():
        stack = []
        for line in bill_of_materials(load_design(name)).lines:
            del stack[line.depth :]
            above = stack[-1] if stack else 1
            assert line.total == line.quantity * above
            stack.append(line.total)


BASE = """\
frame: orv3
slots: {u1-u2: 2 x tray}
assemblies: {tray: {parts: [4 x b300, grace]}}
network: {scale_out: connectx-7}
"""

FAULTS = [
    (BASE + "colour: red\n", "unknown key 'colour'"),
    (BASE.replace("4 x b300", "4 x b330"), "no part 'b330' in the catalogue"),
    (BASE.replace("4 x b300", "-4 x b300"), "a count is 1 or more"),
    (BASE.replace("u1-u2: 2 x tray", "u1-u2: 2 x trya"), "nearest: 'tray'"),
    (BASE.replace("u1-u2: 2 x tray", "u1-u3: 2 x tray"), "2 x tray take 2 units, the slot has 3"),
    (BASE.replace("u1-u2: 2 x tray", "u44-u45: 2 x tray"), "is above the frame, which has 44 units"),
    (BASE.replace("u1-u2: 2 x tray", "u1-u2: 2 x tray, u2-u3: 2 x tray"), "unit 2 is taken twice"),
    (BASE.replace("u1-u2", "x1"), "is not a slot"),
    (BASE + "power: {bus: 132}\n", "has no unit"),
    (BASE + "power: {load: -5 kW}\n", "is below 0"),
    (BASE + "power: {feeds: 4 x 415 kg}\n", "is not a unit for this"),
    (BASE + "coolant: {fluid: pg52, supply: 40 C}\n", "nearest: 'pg25'"),
    (BASE + "coolant: {supply: 40 kW}\n", "a temperature is written in C or K"),
    (BASE + "connect: [manifold.out -> tray]\n", None),
    (BASE + "connect: [manifold.out -> tary.coolant]\n", "nothing here is called 'tary'"),
    (BASE + "connect: [manifold -> tray.coolantt]\n", "nearest: 'coolant'"),
    (BASE + "connect: [manifold.out -> tray.coolant, manifold.out -> tray.coolant]\n", "is connected twice"),
    (BASE + "connect: [nonsense]\n", "is not a connection"),
    (BASE + "cables: {x: {medium: aec-800, count: 0}}\n", "is not a product of whole numbers"),
    (BASE + "vary: {colour: 1 to 2}\n", "'colour' does not vary"),
    (BASE.replace("assemblies: {tray: {parts: [4 x b300, grace]}}", "assemblies: {tray: {parts: [box]}, box: {parts: [4 x b300, lid]}, lid: {parts: [box]}}"), "contains itself"),
    (BASE.replace("frame: orv3", "frame: orv4"), "nearest: 'orv3'"),
    ("like: gb30-nvl72\n", "nearest: 'gb300-nvl72'"),
    ("title: nothing\nheight: 10\n", "the rack holds nothing"),
    (BASE + "network: {scale_out: connectx-7}\n", "'network' is given twice"),
]


@pytest.mark.parametrize(("text", "words"), FAULTS, ids=[str(words) for _, words in FAULTS])
def test_faults_have_their_place(tmp_path, text, words):
    path = write(tmp_path, text)
    if words is None:
        assert load_design(path).connections[0].target == "tray"
        return
    with pytest.raises(BadInput) as caught:
        load_design(path)
    assert words in str(caught.value)
    assert all(fault.place is None or fault.place.line >= 1 for fault in caught.value.faults)
    assert any(fault.place is not None for fault in caught.value.faults)


def test_faults_are_told_together(tmp_path):
    text = BASE.replace("4 x b300", "4 x b330").replace("u1-u2: 2 x tray", "u1-u3: 2 x tray") + "power: {bus: 132}\nvary: {colour: 1 to 2}\n"
    with pytest.raises(BadInput) as caught:
        load_design(write(tmp_path, text))
    assert len(caught.value.faults) == 4


def test_like_in_a_circle_is_refused(tmp_path):
    write(tmp_path, "like: b.yaml\n", "a.yaml")
    write(tmp_path, "like: a.yaml\n", "b.yaml")
    with pytest.raises(BadInput, match="runs in a circle"):
        load_design(tmp_path / "a.yaml")


def test_an_unknown_name_lists_what_ships():
    with pytest.raises(Unknown, match="gb300-nvl72"):
        load_design("gb300")


def test_a_rack_without_one_kind_of_accelerator_runs_nothing(tmp_path):
    two = load_design(write(tmp_path, BASE.replace("4 x b300, grace", "4 x b300, 4 x h200, connectx-7")))
    with pytest.raises(BadInput, match="holds b300 and h200"):
        system_of(two)
    alone = load_design(write(tmp_path, BASE))
    with pytest.raises(BadInput, match="joins no other"):
        system_of(alone)


def test_private_parts_overlay_the_catalogue(tmp_path):
    parts = tmp_path / "parts"
    parts.mkdir()
    (parts / "x.yaml").write_text('own-gpu: {kind: accelerator, title: own, tdp_w: {value: "900 W", source: "own: drawing 7", grade: A}}\n')
    design = load_design(write(tmp_path, BASE.replace("b300", "own-gpu")), catalog=load_catalog(parts))
    assert bill_of_materials(design).totals()["own-gpu"] == 8
