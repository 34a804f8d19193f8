"""Networks as built: published sizes, ports end to end, refusals."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rackloom.catalog import load_catalog
from rackloom.errors import BadInput, Unknown
from rackloom.rack import fabric_groups, fabric_trees
from rackloom.rack.fabric import HOST, LinkTier, Port, Strand, cables, differential_pairs, weave
from rackloom.rack.fabric_cuts import bisection
from rackloom.rack.fabric_groups import cartridge, dragonfly, dragonfly_plus, torus
from rackloom.rack.fabric_sizes import fewest_above, split_ports
from rackloom.rack.fabric_trees import fat_tree, rail_optimised
from tests.published.load import published


def facts(fabric):
    counts = Counter(fabric.tiers[tier].name for tier, count in zip(fabric.bundles.tier, fabric.bundles.count, strict=True) for _ in range(int(count)))
    sizes = {name: len(names) for name, names in fabric.switches.items()}
    trays = {name.split(".")[0] for names in fabric.switches.values() for name in names}
    return {
        **sizes, "hosts": len(fabric.hosts), "switches": sum(sizes.values()), "links": sum(counts.values()), "host_links": counts[HOST], "trays": len(trays),
        "leaf_spine_links": counts["leaf-spine"], "spine_core_links": counts["spine-core"], "bisection": bisection(fabric), "pairs": differential_pairs(fabric),
    }  # fmt: skip


@pytest.mark.parametrize("case", published("network"), ids=lambda case: case["id"])
def test_sizes_as_published(case):
    module = fabric_trees if hasattr(fabric_trees, case["build"]) else fabric_groups
    got = facts(getattr(module, case["build"])(**case["inputs"]))
    assert {name: got[name] for name in case["expected"]} == case["expected"], case["source"]


def test_the_catalogue_s_reference_is_what_is_built():
    item = load_catalog().item("nvl72-network-reference")
    racks = rail_optimised(36, 4, 128, planes=2)
    assert sum(len(names) for names in racks.switches.values()) == item.get("sn5600_per_two_racks_count").value
    assert facts(racks)["host_links"] == 2 * item.get("uplinks_400g_per_rack_count").value
    spine = load_catalog().item("nvl72-spine").get("cables_count").value
    assert differential_pairs(cartridge(72, 18, 18, 72, 2)) == spine == 72 * 18 * 2 * 2


def checked(fabric):
    """Every port is used once, ports of a device run from 1 without gaps, and no switch has more than its radix."""
    ends = [port for cable in cables(fabric) for port in (cable.near, cable.far)]
    assert len(ends) == len(set(ends)) == 2 * fabric.bundles.count.sum()
    used: dict[str, list[int]] = {}
    for device, number in ends:
        used.setdefault(device, []).append(number)
    assert all(sorted(numbers) == list(range(1, len(numbers) + 1)) for numbers in used.values())
    assert all(len(used.get(name, [])) <= fabric.radix[tier] for tier, names in fabric.switches.items() for name in names)
    assert len(set(fabric.devices)) == len(fabric.devices)
    return used


@given(st.integers(1, 120), st.sampled_from([4, 6, 8, 9, 16]), st.sampled_from([1.0, 1.5, 2.0, 3.0]), st.integers(1, 2))
def test_any_tree_can_be_cabled(hosts, radix, ratio, planes):
    try:
        fabric = fat_tree(3, radix, hosts, oversubscription=ratio, planes=planes)
    except BadInput:
        assert radix == 4 or ratio * radix >= 12 or hosts > radix**3 // 8
        return
    used = checked(fabric)
    assert all(len(used[host]) == planes for host in fabric.hosts)
    loads = Counter(cable.far.device for cable in cables(fabric, HOST))
    assert max(loads.values()) - min(loads.values()) <= 1
    reached = {}
    for cable in cables(fabric, "leaf-spine") if "spine" in fabric.switches else ():
        reached.setdefault(cable.near.device, Counter())[cable.far.device] += 1
    assert len({count for spines in reached.values() for count in spines.values()}) <= 1


@given(st.integers(1, 32), st.integers(1, 4), st.sampled_from([8, 12, 16]), st.booleans())
def test_a_card_hangs_on_its_own_rail(nodes, rails, radix, joined):
    fabric = rail_optimised(nodes, rails, radix, levels=3, scale_up_bytes_per_s=450e9 if joined else None)
    checked(fabric)
    for cable in cables(fabric, HOST):
        card = int(cable.near.device.rpartition("card")[2])
        assert rails == 1 or int(cable.far.device.rpartition("rail")[2]) == card
    if joined:
        assert Counter(cable.far.device for cable in cables(fabric, "scale-up")) == {f"node{n + 1}.scale-up": rails for n in range(nodes)}


@given(st.integers(1, 3), st.integers(1, 4), st.integers(1, 3), st.integers(1, 13))
def test_every_pair_of_groups_is_joined_alike(p, a, h, groups):
    if groups > a * h + 1:
        with pytest.raises(BadInput, match="global ports"):
            dragonfly(p, a, h, groups=groups)
        return
    for fabric, switch in ((dragonfly(p, a, h, groups=groups), "router"), (dragonfly_plus(groups, p, 2, a, h), "spine")):
        checked(fabric)
        pairs = Counter(frozenset(port.device.removeprefix(switch).split(".")[0] for port in (cable.near, cable.far)) for cable in cables(fabric, "global"))
        assert len(pairs) == groups * (groups - 1) // 2
        assert set(pairs.values()) <= {a * h // max(groups - 1, 1)}
        ends = Counter(port.device for cable in cables(fabric, "global") for port in (cable.near, cable.far))
        assert max(ends.values(), default=0) <= h


@given(st.lists(st.integers(1, 5), min_size=1, max_size=3))
def test_a_torus_joins_neighbours(dims):
    fabric = torus(dims)
    checked(fabric)
    for cable in cables(fabric):
        one, other = ([int(part) - 1 for part in port.device.removeprefix("node").split(".")] for port in (cable.near, cable.far))
        gaps = [(b - a) % side for a, b, side in zip(one, other, dims, strict=True)]
        assert sorted(gaps)[-1] == 1 == sum(gaps)
    degree = sum(min(side - 1, 2) for side in dims)
    assert set(fabric.ports_used.tolist()) == {degree}


def test_every_accelerator_is_on_every_chip():
    fabric = cartridge(72, 18, 18, 72, 2, switches_per_tray=2)
    checked(fabric)
    assert len({(cable.near.device, cable.far.device) for cable in cables(fabric)}) == 72 * 18
    assert fabric.switches["switch"][-1] == "tray9.switch2"
    assert next(cables(fabric)) == ("host", Port("accelerator1", 1), Port("tray1.switch1", 1), 50e9)


def test_the_fewest_spines_by_trying_all():
    for below in range(1, 20):
        for uplinks in range(1, 13):
            for free in range(uplinks, 16):
                good = [(s, -(-uplinks // s)) for s in range(1, 40) if s * -(-uplinks // s) <= free and below * -(-uplinks // s) <= 24]
                got = tuple(int(part[0]) for part in fewest_above(*(np.array([value]) for value in (uplinks, below, 24, free))))
                assert got == min(good)


def test_ports_of_a_leaf():
    assert [tuple(int(part) for part in split_ports(radix, ratio)) for radix, ratio in ((64, 1.0), (64, 2.0), (64, 3.0), (48, 1.4), (63, 1.0))] == [
        (32, 32), (42, 21), (48, 16), (28, 20), (31, 31),
    ]  # fmt: skip


def test_one_leaf_has_no_spine_and_two_levels_no_core():
    assert list(fat_tree(3, 64, 32).switches) == ["leaf"]
    assert list(fat_tree(1, 64, 64).switches) == ["leaf"]
    assert list(fat_tree(3, 64, 2048).switches) == ["leaf", "spine"]
    assert list(rail_optimised(32, 8, 64, levels=1).switches) == ["leaf"]


@pytest.mark.parametrize(("build", "says"), [
    (lambda: fat_tree(2, 64, 2049), r"2049 hosts do not fit a tree of 2 levels of switches with 64 ports: it holds 2048 at most\n.*3 levels"),
    (lambda: fat_tree(3, 4, 17), "it holds 16 at most"),
    (lambda: fat_tree(1, 8, 9), "a tree of 1 level of switches with 8 ports: it holds 8"),
    (lambda: fat_tree(2, 8, 4, oversubscription=8.0), "a switch keeps no port for both ways"),
    (lambda: fat_tree(2, 8, 4, oversubscription=0.5), "oversubscription=0.5: it is 1 or more"),
    (lambda: fat_tree(4, 8, 0), r"hosts=0: it is 1 or more\nlevels=4"),
    (lambda: rail_optimised(300, 8, 64), "2400 cards do not fit .* it holds 2048"),
    (lambda: rail_optimised(65, 8, 64, levels=1), "it holds 512 at most"),
    (lambda: dragonfly(2, 4, 2, groups=10), "Take at most 9 groups"),
    (lambda: dragonfly(0, 4, 2), "hosts_per_router=0"),
    (lambda: dragonfly_plus(5, 4, 4, 4, 4, radix=7), "a leaf has 8 cables, a spine 8, and a switch 7 ports"),
    (lambda: torus([]), "one side or more"),
    (lambda: cartridge(72, 18, 12, 72, 2), r"18 links do not spread evenly over 12 switches\n.*1, 2, 3, 6, 9, 18"),
    (lambda: cartridge(73, 18, 18, 72, 2), "a switch has 73 cables and 72 ports"),
    (lambda: cartridge(72, 18, 18, 72, 2, switches_per_tray=4), "18 switches do not fill trays of 4"),
])  # fmt: skip
def test_what_does_not_fit_is_refused_with_the_mend(build, says):
    with pytest.raises(BadInput, match=says):
        build()


def test_a_hand_made_fabric_is_held_to_its_ports():
    tier = [LinkTier(HOST, HOST, "leaf", 1.0)]
    with pytest.raises(BadInput, match="leaf has 3 cables and 2 ports"):
        weave("own", ["a", "b", "c"], {"leaf": ["leaf"]}, {"leaf": 2}, tier, [Strand(0, np.arange(3), np.full(3, 3), 1)])
    with pytest.raises(BadInput, match="without a cable"):
        weave("own", ["a"], {"leaf": ["leaf"]}, {"leaf": 2}, tier, [Strand(0, np.arange(1), np.full(1, 1), 0)])
    with pytest.raises(Unknown, match="nearest: 'leaf-spine'"):
        next(cables(fat_tree(2, 8, 8), "leaf-spin"))
