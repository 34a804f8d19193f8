"""What one rack file may say, and what laying it over another does; each fault at its place."""

from __future__ import annotations

import pytest

from rackloom.errors import BadInput
from rackloom.rack import bill_of_materials, load_design


def read(tmp_path, text, name="rack.yaml"):
    path = tmp_path / name
    path.write_text(text)
    return load_design(path)


def faults_of(tmp_path, text):
    with pytest.raises(BadInput) as caught:
        read(tmp_path, text)
    return caught.value.faults


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("coolant: {rise: -5 K}", "is below 0"),
        ("coolant: {rise: 0 K}", "is 0"),
        ("coolant: {flow: 0 L/min}", "is 0"),
        ("coolant: {liquid_share: 150 %}", "is more than the whole"),
        ("coolant: {supply: -300 C}", "is no temperature of a liquid coolant"),
        ("coolant: {supply: 90 to 120 C}", "is no temperature of a liquid coolant"),
        ("power: {bus: 0 V}", "is 0"),
        ("power: {feeds: 4 x 0 V}", "is 0"),
        ("power: {breaker: 0 A}", "is 0"),
        ("power: {load: 0 kW}", "is 0"),
        ("mass: 1e999 kg", "is not finite"),
        ("coolant: {flow: gb200.tdp_w}", "is in W, not in m3/s"),
        ("mass: gb200.memory_bytes", "is in byte, not in kg"),
        ("assemblies: {compute: {power: gb200.memory_bytes}}", "is in byte, not in W"),
        ("assemblies: {compute: {power: gb200.tdp_wat}}", "nearest: 'gb200.tdp_w'"),
        ("connect: [manifold.out -> compute.coolant via h200]", "which is of kind accelerator"),
    ],
)
def test_quantities_that_no_rack_can_have_are_refused(tmp_path, line, words):
    (fault,) = faults_of(tmp_path, f"like: gb200-nvl72\n{line}\n")
    assert words in str(fault)
    assert fault.mend or fault.nearest
    assert (fault.place.line, fault.place.column > 1) == (2, True)


def test_a_part_that_draws_nothing_may_say_so(tmp_path):
    assert read(tmp_path, "like: gb200-nvl72\nassemblies: {compute: {static_power: 0 W}}\n").assemblies["compute"].static_power_w.value == 0.0


def test_faults_of_form_and_of_meaning_are_told_together(tmp_path):
    text = """\
like: gb200-nvl72
colour: red
frame: orv9
slots: {u60: compute, u1-u4: 0 x compute}
assemblies:
  compute: {parts: [4 x gb330]}
  lid: {level: L99}
power: 132
coolant: {rise: -5 K}
"""
    lines = [fault.place.line for fault in faults_of(tmp_path, text)]
    assert sorted(lines) == [2, 3, 4, 4, 6, 7, 8, 9]


def test_what_names_a_faulty_assembly_is_not_blamed(tmp_path):
    faults = faults_of(tmp_path, "frame: orv3\nslots: {u1-u2: 2 x tray}\nassemblies: {tray: {heigth: 1, parts: [4 x b300]}}\nconnect: [feed.out -> tray.power]\n")
    assert [fault.what for fault in faults] == ["unknown key 'heigth'"]


def test_fixtures_of_one_kind_given_together_both_stay(tmp_path):
    totals = bill_of_materials(read(tmp_path, "like: gb200-nvl72\nfixtures: [manifold-nvl72, 2 x manifold-eia]\n")).totals()
    assert (totals["manifold-nvl72"], totals["manifold-eia"]) == (1, 2)
    assert totals["busbar-nvl72"] == totals["nvl72-spine"] == 1  # other kinds stay as they were


def test_an_assembly_named_like_a_kind_is_not_taken_for_parts_of_it(tmp_path):
    # the tray gets one more part of kind 'board'; the assembly that is called 'board' stays
    totals = bill_of_materials(read(tmp_path, "like: gb200-nvl72\nassemblies: {compute: {parts: [board-switch-nvlink]}}\n")).totals()
    assert totals["gb200"] == 72
    assert totals["board-switch-nvlink"] == 18 + 9
    assert "board-compute-2x2" not in totals  # parts of its kind gave way, in the tray and in what the tray holds


def test_parts_replace_their_kind_however_deep(tmp_path):
    totals = bill_of_materials(read(tmp_path, "like: gb200-nvl72\nassemblies: {compute: {parts: [4 x gb300]}}\n")).totals()
    assert (totals["gb300"], totals["grace"], totals.get("gb200")) == (72, 36, None)


def test_units_in_ou_count_in_a_frame_that_counts_in_ou(tmp_path):
    # a battery shelf takes 2 OU (OCP ORv3 BBU shelf Rev 1.1)
    text = "frame: orv3\nslots: {u1-u2: bbu-15kw, u3: tray}\nassemblies: {tray: {parts: [4 x b300]}}\n"
    assert [slot.last for slot in read(tmp_path, text).slots] == [2, 3]
    (fault,) = faults_of(tmp_path, text.replace("u1-u2: bbu-15kw", "u1: bbu-15kw"))
    assert "take 2 units, the slot has 1" in fault.what


def test_figures_of_the_whole_rack_that_stay_though_it_changed_are_named(tmp_path):
    changed = "like: gb300-nvl72\nslots: {u5-u8: 4 x shelf-33kw}\n"
    assert "as in gb300-nvl72, though the rack holds other things: mass, coolant.flow, cables" in read(tmp_path, changed).notes
    own = read(tmp_path, changed + "mass: 1400 kg\ncoolant: {flow: 80 L/min}\ncables: {x: {medium: aec-800, count: 4}}\n").notes
    assert not any("holds other things" in note for note in own)
    assert not any("holds other things" in note for note in read(tmp_path, "like: gb300-nvl72\ncoolant: {supply: 35 C}\n").notes)
