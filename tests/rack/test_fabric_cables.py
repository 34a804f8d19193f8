"""Cables as found against cables as planned, and cages that are split."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rackloom.errors import BadInput
from rackloom.rack.fabric import Port, cables
from rackloom.rack.fabric_cables import misrouted, rewired
from rackloom.rack.fabric_cuts import bisection
from rackloom.rack.fabric_groups import cartridge, dragonfly, torus
from rackloom.rack.fabric_ports import Breakout, Cage, check_breakouts, check_ends, ports_needed
from rackloom.rack.fabric_trees import fat_tree, rail_optimised

NVL72 = cartridge(72, 18, 18, 72, 2, switches_per_tray=2)
RAILS = rail_optimised(32, 8, 64)


def log(fabric):
    return [[cable.near, cable.far] for cable in cables(fabric)]


def swapped(fabric, one, other):
    """The log with the far ends of two cables exchanged; cables by their near ports."""
    rows = log(fabric)
    first, second = (next(row for row in rows if row[0] == port) for port in (one, other))
    first[1], second[1] = second[1], first[1]
    return rows


@settings(deadline=None)  # the first one loads scipy
@given(st.permutations(range(64)), st.lists(st.booleans(), min_size=64, max_size=64))
def test_a_right_log_in_any_order_and_from_both_ends_says_nothing(order, turned):
    rows = log(fat_tree(2, 8, 32))
    assert misrouted(fat_tree(2, 8, 32), [rows[i][::-1] if turned[i] else rows[i] for i in order] + [row[::-1] for row in rows]) == ()


def test_two_nvlink_cables_swapped_between_accelerators():
    """Accelerator 1 has two cables on chip 5 and none on chip 3, accelerator 2 the other way round: they share 16 chips of 18."""
    (found,) = misrouted(NVL72, swapped(NVL72, ("accelerator1", 3), ("accelerator2", 5)))
    assert (found.kind, found.mend) == ("swapped", "swap tray2.switch1 port 1 and tray3.switch1 port 2")
    assert found.lost_links == 0.0  # both stand in one half
    assert found.least_pair_share == pytest.approx(16 / 18)
    assert found.cost == "the worst pair keeps 88.9% of its direct way"


def test_two_nvlink_cables_swapped_across_the_halves():
    """Chip 3 has 35 cables from one half and 37 from the other: 35 can flow, and the same on chip 5."""
    (found,) = misrouted(NVL72, swapped(NVL72, ("accelerator1", 3), ("accelerator40", 5)))
    assert (found.lost_links, found.lost_bytes_per_s) == (2.0, 100e9)
    assert found.cost == "cables of the bisection lost: 2; the worst pair keeps 88.9% of its direct way"


def test_ports_swapped_between_the_same_devices_cost_nothing():
    (found,) = misrouted(NVL72, swapped(NVL72, ("accelerator1", 3), ("accelerator1", 5)))
    assert (found.kind, found.cost) == ("relabelled", "nothing")


def test_cards_of_one_node_swapped_lose_their_rails():
    (found,) = misrouted(RAILS, swapped(RAILS, ("node1.card1", 1), ("node1.card2", 1)))
    assert (found.kind, found.mend) == ("swapped", "swap node1.card1 port 1 and node1.card2 port 1")
    assert sorted(found.wrong_rail) == [(("leaf1.rail1", 1), ("node1.card2", 1)), (("leaf1.rail2", 1), ("node1.card1", 1))]
    assert found.cost.startswith("cables to another rail: 2")
    assert found.least_pair_share == 0.0  # card 1 no longer meets the first cards of other nodes on a leaf


def test_a_ring_of_three_a_moved_and_a_missing_cable_are_three_findings():
    rows = log(RAILS)
    by_port = {row[0]: row for row in rows}
    ring = [by_port[(f"node{n}.card1", 1)] for n in (5, 6, 7)] + [by_port[("node8.card3", 1)]]
    ring[0][1], ring[1][1], ring[2][1] = ring[1][1], ring[2][1], ring[0][1]
    rows.remove(by_port[("node9.card2", 1)])
    by_port[("node8.card3", 1)][1] = Port("leaf1.rail3", 64)  # leaf ports 1 to 32 go down, 33 to 64 up
    rows.remove(by_port[("leaf1.rail3", 64)])
    found = misrouted(RAILS, rows)
    assert [finding.kind for finding in found] == ["relabelled", "moved", "missing"]  # cards of one rail in a ring hang on one leaf still
    assert found[1].mend == "move the end in leaf1.rail3 port 64 to leaf1.rail3 port 8; fit the cable leaf1.rail3 port 64 to spine4 port 24"
    assert found[2].mend == "fit the cable leaf1.rail2 port 9 to node9.card2 port 1"
    assert found[2].lost_links == 1.0
    assert [finding.kind for finding in misrouted(RAILS, rows, whole=False)] == ["relabelled", "moved"]


def test_a_ring_over_rails_is_turned():
    rows = log(RAILS)
    one, two, three = (row for row in rows if row[0].device in ("node3.card1", "node3.card2", "node3.card3"))
    one[1], two[1], three[1] = two[1], three[1], one[1]
    (found,) = misrouted(RAILS, rows, costs=False)
    assert (found.kind, len(found.wrong_rail), found.lost_links) == ("turned", 3, None)
    assert found.mend.count("move the end") == 3


def test_unknown_ports_and_ports_seen_twice():
    rows = log(RAILS)
    rows[0][1] = Port("leaf9.rail1", 1)
    rows[9][1] = Port("leaf1.rail2", 65)
    rows.append([Port("node4.card4", 1), Port("leaf1.rail5", 4)])
    rows.append([Port("x", 1), Port("y", 1)])
    found = misrouted(RAILS, rows)
    assert [finding.kind for finding in found] == ["unknown", "unknown", "twice", "unknown"]
    assert found[0].mend == "leaf9.rail1 port 1: the fabric has no such port; move the end in leaf9.rail1 port 1 to leaf1.rail1 port 1"
    assert "leaf1.rail2 port 65: the fabric has no such port" in found[1].mend
    assert "read node4.card4 port 1 again: it was seen with leaf1.rail4 port 4 and with leaf1.rail5 port 4" in found[2].mend
    assert found[3].mend.endswith("take out the cable x port 1 to y port 1")


def test_two_halves_crossed_host_to_host():
    """A cable between two hosts and one between two leaves: what was planned is host to leaf."""
    tree = fat_tree(2, 8, 16)
    rows = log(tree)
    one, other = rows[0], rows[15]
    one[1], other[0] = other[0], one[1]
    (found,) = misrouted(tree, rows)
    assert found.kind == "swapped"
    assert found.mend in ("swap host16 port 1 and leaf1 port 1", "swap host1 port 1 and leaf4 port 4")
    assert found.lost_links == 1.0


@settings(deadline=None)  # the first one loads scipy
@given(st.data())
def test_the_moves_of_any_muddle_restore_the_plan(data):
    tree = data.draw(st.sampled_from([fat_tree(2, 8, 16), rail_optimised(4, 2, 8), cartridge(6, 6, 6, 6, 2)]))
    rows = log(tree)
    chosen = data.draw(st.lists(st.integers(0, len(rows) - 1), min_size=3, max_size=6, unique=True))
    ends = [(i, data.draw(st.integers(0, 1))) for i in chosen]
    for (i, a), (j, b) in itertools.pairwise(ends):
        rows[i][a], rows[j][b] = rows[j][b], rows[i][a]
    for i in sorted(data.draw(st.lists(st.sampled_from(chosen), max_size=2, unique=True)), reverse=True):
        del rows[i]
    mended = [list(row) for row in rows]
    for found in misrouted(tree, rows, costs=False):
        text = found.mend.removeprefix("the right two devices by other ports: correct the plan, or ")
        for step in text.split("; "):
            first, second = (Port(device, int(number)) for device, number in (part.split(" port ") for part in re.findall(r"\S+ port \d+", step)))
            if step.startswith("move"):
                at = next((index, side) for index, row in enumerate(rows) for side in (0, 1) if row[side] == first)
                mended[at[0]][at[1]] = second
            elif step.startswith("swap"):
                places = [next((index, side) for index, row in enumerate(rows) for side in (0, 1) if row[side] == port) for port in (first, second)]
                mended[places[0][0]][places[0][1]], mended[places[1][0]][places[1][1]] = second, first
            else:
                mended.append([first, second])
    assert misrouted(tree, mended) == ()


@settings(deadline=None)  # the first one loads scipy
@given(st.data())
def test_the_mend_of_any_swap_restores_the_plan(data):
    tree = data.draw(st.sampled_from([fat_tree(2, 8, 16), dragonfly(1, 3, 1), torus([3, 3]), rail_optimised(4, 2, 8)]))
    rows = log(tree)
    i, j = data.draw(st.lists(st.integers(0, len(rows) - 1), min_size=2, max_size=2, unique=True))
    side = data.draw(st.integers(0, 1))
    rows[i][1], rows[j][side] = rows[j][side], rows[i][1]
    (found,) = misrouted(tree, rows)
    assert found.kind in ("swapped", "relabelled")
    if found.kind == "swapped":
        first, second = (Port(device, int(number)) for device, number in (text.split(" port ") for text in found.mend.removeprefix("swap ").split(" and ")))
        trade = {first: second, second: first}
        assert misrouted(tree, [[trade.get(port, port) for port in row] for row in rows]) == ()
    assert found.lost_links >= 0.0 or tree.kind in ("torus", "dragonfly")  # other cables may cross one cut
    assert bisection(rewired(tree, found.expected, found.observed)) == bisection(tree) - found.lost_links


OSFP = Cage("p1", 100e9, 8)


def test_a_twin_port_cage():
    split = Breakout(OSFP, 2)
    assert (split.port_bytes_per_s, split.port_lanes_count, split.ports) == (50e9, 4, ("p1/1", "p1/2"))
    assert Breakout(OSFP).ports == ("p1",)
    assert ports_needed(64, 50e9, OSFP) == (32, split)
    assert ports_needed(65, 50e9, OSFP)[0] == 33
    assert ports_needed(3, 100e9, OSFP) == (3, Breakout(OSFP))
    check_breakouts([split, Breakout(Cage("p2", 100e9, 8), 8)])
    check_ends(split, Breakout(Cage("nic", 50e9, 4)))


@pytest.mark.parametrize(("ask", "says"), [
    (lambda: check_breakouts([Breakout(OSFP, 2), Breakout(OSFP, 4)]), "p1 is split into 2 and again into 4"),
    (lambda: check_breakouts([Breakout(OSFP, 2), Breakout(Cage("p1/1", 50e9, 4), 2)]), "p1/1 is a part of p1, which is split already"),
    (lambda: check_breakouts([Breakout(OSFP, 3)]), r"8 lanes do not split into 3 equal ports\n.*1, 2, 4, 8"),
    (lambda: check_breakouts([Breakout(Cage("p", 0.0, 8))]), "both are above 0"),
    (lambda: check_ends(Breakout(OSFP, 2), Breakout(Cage("nic", 50e9, 8))), r"4 lanes a port, nic has 8(.|\n)*a lane of p1"),
    (lambda: check_ends(Breakout(OSFP, 2), Breakout(Cage("nic", 25e9, 4))), "Set both ends to one speed"),
    (lambda: ports_needed(4, 30e9, OSFP), "do not divide a cage"),
    (lambda: ports_needed(4, 200e9, OSFP), "do not divide a cage"),
    (lambda: ports_needed(4, 100e9 / 3, OSFP), "do not split into 3"),
])  # fmt: skip
def test_what_does_not_match_is_refused(ask, says):
    with pytest.raises(BadInput, match=says):
        ask()
