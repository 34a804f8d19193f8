"""The network that joins racks, as a rack file asks for it."""

from __future__ import annotations

import pytest

from rackloom.draws import central
from rackloom.errors import BadInput
from rackloom.rack import describe_rack, design_with, load_design

from .layouts import checks
from .racks import WHOLE, written

RAILS = ["network.fabric.kind=rail-optimised", "network.fabric.switch=quantum-2-qm9700", "network.fabric.racks=8"]


def asked(name, *words):
    return describe_rack(design_with(name, words))


def test_a_scalable_unit_of_air_cooled_racks():
    """8 racks of 4 nodes of 8 cards: 256 cards on switches of 64 ports: 8 rails of 32 nodes, one leaf each, 4 spines: 12 switches, 512 cables, 128 across."""
    answer = asked("hgx-h100-air", *RAILS)
    figures = answer.fabric
    assert (figures.hosts_count, figures.switches_by_tier["leaf"], figures.switches_by_tier["spine"]) == (256, 8, 4)
    assert sum(figures.links_by_tier.values()) == 512
    assert figures.bisection_links == 128
    rows = {check.id: check for check in answer.checks}
    assert (rows["fabric-fits"].verdict, rows["fabric-oversubscription"].verdict) == ("pass", "pass")


def test_what_does_not_fit_its_ports_fails():
    rows = {check.id: check for check in asked("hgx-h100-air", *RAILS[:2], "network.fabric.racks=100", "network.fabric.levels=1").checks}
    assert rows["fabric-fits"].verdict == "fail"


def test_an_oversubscribed_network_is_told_unless_it_is_meant():
    words = [*RAILS, "network.fabric.oversubscription=3"]
    assert {check.id: check.verdict for check in asked("hgx-h100-air", *words).checks}["fabric-oversubscription"] == "fail"
    assert {check.id: check.verdict for check in asked("hgx-h100-air", *words, "network.oversubscription=3").checks}["fabric-oversubscription"] == "pass"


def test_power_of_switches_and_optics(tmp_path):
    answer = asked("hgx-h100-air", *RAILS, "network.fabric.optic=osfp-400-sr4")
    assert central(answer.fabric.switch_power_w) == pytest.approx(12 * 1720.0)
    assert central(answer.fabric.optics_power_w) == pytest.approx(2 * 512 * 9.0)


@pytest.mark.parametrize(
    ("kind", "numbers", "hosts"), [("torus", "[4, 4, 4]", 64), ("dragonfly", "[2, 4, 2]", 72), ("dragonfly", "[2, 4, 2, 5]", 40), ("dragonfly+", "[9, 4, 4, 4, 2]", 144)]
)
def test_groups_and_tori_by_their_numbers(tmp_path, kind, numbers, hosts):
    text = WHOLE + f"network: {{fabric: {{kind: {kind}, numbers: {numbers}}}}}\n"
    assert describe_rack(load_design(written(tmp_path, text))).fabric.hosts_count == hosts
    assert checks(tmp_path, text)["fabric-fits"].verdict == "pass"


@pytest.mark.parametrize(
    ("fabric", "said"),
    [
        ("{kind: torus}", "a torus takes 1 to 6 numbers, not 0"), ("{kind: fat-tree, numbers: [3], switch: spectrum-4-sn5600}", "a fat-tree takes no numbers, not 1"),
        ("{kind: fat-tree}", "a fat-tree is built of switches"), ("{kind: fat-tree, switch: connectx-7}", "no switch 'connectx-7'"), ("{kind: fat-tre, switch: connectx-7}", "fat-tre"),
    ],
)  # fmt: skip
def test_bad_networks_are_refused(tmp_path, fabric, said):
    with pytest.raises(BadInput) as caught:
        load_design(written(tmp_path, WHOLE + f"network: {{fabric: {fabric}}}\n"))
    assert any(said in fault.what for fault in caught.value.faults)
