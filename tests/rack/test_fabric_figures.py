"""Figures of networks: counted on what was built, in closed form for many, flows, distances, losses."""

from __future__ import annotations

import itertools
from collections import deque

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rackloom.errors import BadInput, Unknown
from rackloom.rack.fabric import Gear, LinkTier, Strand, cables, weave
from rackloom.rack.fabric_counts import count_cartridge, count_dragonfly, count_dragonfly_plus, count_fat_tree, count_rail_optimised, count_torus
from rackloom.rack.fabric_cuts import bisection, flow_between, hops, lose, without
from rackloom.rack.fabric_figures import measure_fabric
from rackloom.rack.fabric_groups import cartridge, dragonfly, dragonfly_plus, torus
from rackloom.rack.fabric_trees import fat_tree, rail_optimised

GEAR = Gear(1720.0, 17.0)


def same(built, counted, *, cut=True, far=True):
    """Counts of the graph and of the formulas, figure by figure."""
    for name in ("hosts_count", "switches_count", "optics_count", "switch_power_w", "optics_power_w", "power_per_host_w"):
        assert getattr(built, name) == pytest.approx(getattr(counted, name)), name
    for name in ("switches_by_tier", "links_by_tier", "oversubscription_by_tier"):
        ours, theirs = getattr(built, name), getattr(counted, name)
        for tier in {*ours, *theirs}:
            assert ours.get(tier, np.nan) == pytest.approx(theirs.get(tier, np.nan), nan_ok=True) or not (ours.get(tier) or theirs.get(tier)), (name, tier)
    if cut:
        assert built.bisection_links == counted.bisection_links
        assert built.bisection_bytes_per_s == pytest.approx(counted.bisection_bytes_per_s)
    if far:
        assert (built.diameter_hops, built.mean_hops) == (counted.diameter_hops, pytest.approx(counted.mean_hops))


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 150), st.sampled_from([4, 6, 8, 9, 16]), st.sampled_from([1.0, 1.5, 2.0, 3.0]), st.sampled_from([1.0, 2.0]), st.integers(1, 2), st.integers(1, 3))
def test_a_built_tree_has_the_counts_of_the_formula(hosts, radix, ratio, core_ratio, planes, levels):
    counted = count_fat_tree(hosts, radix, levels=levels, oversubscription=ratio, core_oversubscription=core_ratio, planes=planes, gear=GEAR)
    try:
        fabric = fat_tree(levels, radix, hosts, oversubscription=ratio, core_oversubscription=core_ratio, planes=planes)
    except BadInput:
        assert np.isnan(counted.switches_count)
        assert np.isnan(counted.power_per_host_w)
        return
    built = measure_fabric(fabric, GEAR)
    same(built, counted, cut=ratio == core_ratio == 1.0)
    assert built.oversubscription_by_tier["leaf"] <= ratio + 1e-9 or "spine" not in fabric.switches


@settings(deadline=None)  # the first one loads scipy
@given(st.integers(1, 60), st.integers(1, 4), st.sampled_from([8, 12]), st.sampled_from([1.0, 2.0]), st.integers(1, 3))
def test_built_rails_have_the_counts_of_the_formula(nodes, rails, radix, ratio, levels):
    counted = count_rail_optimised(nodes, rails, radix, levels=levels, oversubscription=ratio, gear=GEAR)
    try:
        fabric = rail_optimised(nodes, rails, radix, levels=levels, oversubscription=ratio)
    except BadInput:
        assert np.isnan(counted.hosts_count)
        return
    same(measure_fabric(fabric, GEAR), counted, cut=ratio == 1.0 and (levels > 1 or nodes % 2 == 0))


@settings(deadline=None)  # the first one loads scipy
@given(st.integers(1, 8), st.integers(1, 4), st.sampled_from([1.0, 2.0, 3.0]))
def test_an_even_tree_s_bisection_is_half_of_its_narrowest_tier(half, width, ratio):
    """Even leaves, all full: what the formula says is what flows."""
    hosts = 2 * half * int(ratio) * width
    counted = count_fat_tree(hosts, width * (int(ratio) + 1), oversubscription=ratio, levels=3)
    if not np.isnan(counted.hosts_count) and counted.diameter_hops == 4.0:
        fabric = fat_tree(3, width * (int(ratio) + 1), hosts, oversubscription=ratio)
        assert bisection(fabric) == counted.bisection_links == min(hosts / 2, counted.links_by_tier["leaf-spine"] / 2)


@settings(deadline=None)  # the first one loads scipy
@given(st.integers(1, 4), st.integers(1, 5), st.integers(1, 4), st.integers(1, 10))
def test_built_dragonflies_have_the_counts_of_the_formula(p, a, h, groups):
    groups = min(groups, a * h + 1)
    built, counted = measure_fabric(dragonfly(p, a, h, groups=groups), GEAR), count_dragonfly(p, a, h, groups=groups, gear=GEAR)
    same(built, counted, cut=False, far=False)
    assert built.diameter_hops <= counted.diameter_hops
    if groups % 2 == 0:
        assert built.bisection_links <= counted.bisection_links
    plus, said = measure_fabric(dragonfly_plus(groups, p, 3, a, h), GEAR), count_dragonfly_plus(groups, p, 3, a, h, gear=GEAR)
    same(plus, said, cut=False, far=False)
    if groups % 2 == 0:
        assert plus.bisection_links <= said.bisection_links


def test_balanced_dragonflies_reach_their_closed_form():
    for p, groups in itertools.product((1, 2, 3, 4), (2, 4, 6, 8)):
        if groups <= 2 * p * p + 1:
            assert bisection(dragonfly(p, 2 * p, p, groups=groups)) == count_dragonfly(p, 2 * p, p, groups=groups).bisection_links
        if groups <= p * p + 1:
            assert bisection(dragonfly_plus(groups, p, p, p, p)) == count_dragonfly_plus(groups, p, p, p, p).bisection_links
    for p in (1, 2, 3):
        assert hops(dragonfly(p, 2 * p, p))[0] == count_dragonfly(p, 2 * p, p).diameter_hops == 5.0


@settings(deadline=None)  # the first one loads scipy
@given(st.lists(st.integers(1, 6), min_size=1, max_size=3))
def test_built_tori_have_the_counts_of_the_formula(dims):
    built, counted = measure_fabric(torus(dims), GEAR), count_torus(dims, gear=GEAR)
    same(built, counted, cut=max(dims) % 2 == 0)
    if max(dims) % 2 and max(dims) > 1:
        assert np.isnan(counted.bisection_links)


@pytest.mark.parametrize(("k", "n"), [(4, 1), (4, 2), (4, 3), (6, 2), (8, 2), (8, 3), (16, 2)])
def test_a_k_ary_n_cube_is_cut_in_2_k_to_the_n_less_1(k, n):
    assert bisection(torus([k] * n)) == count_torus([k] * n).bisection_links == 2 * k ** (n - 1)
    assert hops(torus([k] * n))[0] == n * k / 2


@settings(deadline=None)  # the first one loads scipy
@given(st.integers(1, 12), st.sampled_from([(18, 18), (18, 9), (4, 2), (6, 6)]))
def test_a_built_domain_has_the_counts_of_the_formula(accelerators, spread):
    links, chips = spread
    same(measure_fabric(cartridge(accelerators, links, chips, 72, 2), GEAR), count_cartridge(accelerators, links, chips, 72, gear=GEAR))
    assert np.isnan(count_cartridge(73, 18, 18, 72).switches_count)
    assert np.isnan(count_cartridge(72, 18, 12, 72).switches_count)


def test_arrays_are_the_single_ones():
    hosts, radix, ratio = np.array([1, 16, 300, 2048, 5000, 10**6]), np.array([4, 8, 16, 64, 32, 64]), np.array([1.0, 1.0, 2.0, 1.0, 3.0, 1.0])
    many = count_fat_tree(hosts, radix, oversubscription=ratio, gear=GEAR)
    ones = [count_fat_tree(int(h), int(k), oversubscription=float(s), gear=GEAR) for h, k, s in zip(hosts, radix, ratio, strict=True)]
    for name in ("switches_count", "optics_count", "power_per_host_w", "mean_hops", "bisection_links"):
        assert getattr(many, name) == pytest.approx([getattr(one, name) for one in ones], nan_ok=True), name
    grid = count_fat_tree(np.array([64, 512])[:, None], np.array([16, 32, 64]))
    assert np.shape(grid.switches_count) == (2, 3)
    assert np.isnan(count_fat_tree(np.array([0, 10]), 8, oversubscription=np.array([1.0, 0.5])).switches_count).all()
    assert count_torus(np.array([[4, 4, 4], [8, 8, 2]])).bisection_links == pytest.approx([32, 32])
    with pytest.raises(BadInput, match="levels=5"):
        count_fat_tree(8, 8, levels=5)


def test_power_by_hand():
    figures = count_fat_tree(2048, 64, gear=Gear(1000.0, 15.0, optical=("leaf-spine",)))
    assert (figures.optics_count, figures.switch_power_w, figures.optics_power_w) == (4096.0, 96e3, 61440.0)
    assert figures.power_per_host_w == pytest.approx((96e3 + 61440.0) / 2048)
    assert measure_fabric(fat_tree(2, 8, 8)).optics_count is None
    with pytest.raises(Unknown, match="nearest: 'leaf-spine'"):
        count_fat_tree(8, 8, gear=Gear(1.0, 1.0, optical=("leaf-spines",)))


def slow_hops(fabric):
    """Breadth first with a queue, host by host."""
    near: dict[str, set[str]] = {}
    for cable in cables(fabric):
        near.setdefault(cable.near.device, set()).add(cable.far.device)
        near.setdefault(cable.far.device, set()).add(cable.near.device)
    hosts, found = set(fabric.hosts), []
    for host in fabric.hosts:
        steps, left = {host: 0}, deque([host])
        while left:
            here = left.popleft()
            if here in hosts and here != host and not fabric.hosts_forward:
                continue
            for other in sorted(near[here]):
                if other not in steps:
                    steps[other] = steps[here] + 1
                    left.append(other)
        found += [steps[other] for other in fabric.hosts if other != host]
    return max(found), sum(found) / len(found)


@pytest.mark.parametrize("fabric", [
    fat_tree(3, 4, 13), dragonfly(2, 4, 2), dragonfly_plus(6, 2, 3, 3, 2), torus([3, 4]), rail_optimised(9, 3, 8, levels=3, scale_up_bytes_per_s=1e9),
    rail_optimised(4, 2, 8, levels=1, scale_up_bytes_per_s=1e9), cartridge(6, 4, 2, 12, 2), fat_tree(2, 8, 12, planes=2),
], ids=lambda fabric: fabric.kind)  # fmt: skip
def test_distances_are_those_of_a_plain_search(fabric):
    assert hops(fabric) == (slow_hops(fabric)[0], pytest.approx(slow_hops(fabric)[1]))


def least_cut(fabric, left):
    """The least cut by trying every side for every switch; hosts count with their own cables."""
    count, hosts = len(fabric.devices), len(fabric.hosts)
    held, best = fabric.bundles, np.inf
    for sides in itertools.product((0, 1), repeat=count - hosts):
        side = np.array([int(host not in left) for host in range(hosts)] + list(sides))
        best = min(best, held.count[side[held.near] != side[held.far]].sum())
    return best


@given(st.integers(2, 8), st.sampled_from([1.0, 2.0, 3.0]), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_a_flow_is_the_least_cut_by_trying_all(hosts, ratio, random):
    fabric = fat_tree(3, 4, hosts, oversubscription=ratio)
    left = sorted(random.sample(range(hosts), hosts // 2))
    if len(fabric.devices) - hosts <= 12:
        right = [host for host in range(hosts) if host not in left]
        assert flow_between(fabric, left, right) == least_cut(fabric, left)


def test_flows_by_rate_and_their_limits():
    far = dragonfly(2, 4, 2, groups=4, global_bytes_per_s=25e9)
    assert bisection(far, by_bytes=True) == pytest.approx(bisection(far) * 25e9)
    odd = weave("own", ["a", "b"], {"leaf": ["s"]}, {"leaf": 8}, [LinkTier("one", "host", "leaf", 3e9), LinkTier("two", "host", "leaf", 2e9)], [
        Strand(0, np.array([0]), np.array([2]), 1), Strand(1, np.array([1]), np.array([2]), 2),
    ])  # fmt: skip
    assert flow_between(odd, [0], [1], by_bytes=True) == pytest.approx(3e9, rel=1e-3)
    assert flow_between(odd, [0], []) == 0.0
    with pytest.raises(BadInput, match="host1 stands on both sides"):
        flow_between(fat_tree(2, 4, 4), [0, 1], [0])
    assert hops(rail_optimised(4, 2, 8, levels=1))[0] == np.inf
    assert hops(fat_tree(2, 4, 1)) == (0.0, 0.0)


def test_what_is_lost_by_hand():
    nvl72 = cartridge(72, 18, 18, 72, 2, switches_per_tray=2)
    chip = lose(nvl72, switch="tray1.switch1")
    assert (chip.bisection_links, chip.lost_links, chip.hosts_cut_off) == (612.0, 36.0, ())
    assert chip.least_host_share == pytest.approx(17 / 18)
    tree = fat_tree(2, 64, 512)  # 16 leaves, 8 spines, 4 cables between each two
    assert lose(tree, switch="spine1").lost_links == 32.0
    leaf = lose(tree, switch="leaf1")
    assert (leaf.lost_links, len(leaf.hosts_cut_off), leaf.hosts_cut_off[0], leaf.least_host_share) == (32.0, 32, "host1", 1.0)
    cable = lose(tree, port=("spine1", 3))  # leaf1 again
    assert (cable.lost_links, cable.lost_bytes_per_s, cable.hosts_cut_off) == (1.0, 50e9, ())
    assert lose(tree, port=("host1", 1)).hosts_cut_off == ("host1",)
    assert lose(torus([4, 4]), switch="node1.1").lost_links > 0.0


def test_a_cable_taken_out_leaves_its_neighbours():
    tree = fat_tree(2, 64, 512)
    after = without(tree, ports=[("leaf1", 34), ("spine1", 3)])
    assert sorted(set(cables(tree)) - set(cables(after))) == [
        ("leaf-spine", ("leaf1", 34), ("spine1", 2), 50e9), ("leaf-spine", ("leaf1", 35), ("spine1", 3), 50e9),
    ]  # fmt: skip
    assert set(cables(after)) < set(cables(tree))
    with pytest.raises(BadInput, match=r"no cable in port 35 of leaf1"):
        without(after, ports=[("leaf1", 35)])
    with pytest.raises(Unknown, match="nearest: 'spine1'"):
        lose(tree, switch="spine01")
    with pytest.raises(BadInput, match="one of them"):
        lose(tree)


def test_larger_than_a_search_is_none(monkeypatch):
    monkeypatch.setattr("rackloom.rack.fabric_figures.HOPS_CELLS", 10)
    monkeypatch.setattr("rackloom.rack.fabric_figures.FLOW_BUNDLES", 10)
    figures = measure_fabric(fat_tree(2, 8, 32))
    assert (figures.mean_hops, figures.bisection_links, figures.switches_count) == (None, None, 12.0)
