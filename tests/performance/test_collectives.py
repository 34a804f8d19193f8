"""Collectives against their closed forms, and never above what the links carry."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rackloom.errors import BadInput, OutOfRange, Unknown
from rackloom.ledger import Ledger
from rackloom.performance import collective_seconds
from rackloom.performance.collectives import KINDS, group_seconds, largest_divisor, lay, wire_bytes
from rackloom.performance.machine import Link, make_links

from .toys import CATALOG, DRAWS, known_system, toy_system

UP, OUT = Link(8, 100.0, 0.5, 0.0, ()), Link(10**6, 10.0, 2.0, 0.0, ())
LINKS = (UP, OUT)
sizes = st.floats(1.0, 1e12)
groups = st.tuples(st.sampled_from([1, 2, 4, 8]), st.sampled_from([1, 2, 3, 5, 16, 64]))


@pytest.mark.parametrize(
    ("kind", "ranks", "expected"),
    [
        # 1000 bytes over 8 ranks at 100 B/s with 0.5 s a step. All-reduce: 2 x 7/8 x 1000 / 100 = 17.5 s, 2 log2 8 = 6 steps = 3 s.
        ("all_reduce", (8, 1), 17.5 + 3.0),
        # 7/8 x 1000 / 100 = 8.75 s, log2 8 = 3 steps = 1.5 s
        ("all_gather", (8, 1), 8.75 + 1.5),
        ("reduce_scatter", (8, 1), 8.75 + 1.5),
        ("all_to_all", (8, 1), 8.75 + 1.5),
        # 1000 / 100 = 10 s, 3 steps
        ("broadcast", (8, 1), 10.0 + 1.5),
        ("send_receive", (2, 1), 10.0 + 0.5),
        # over 4 domains of one: 2 x 3/4 x 1000 / 10 = 150 s, 2 log2 4 = 4 steps of 2 s
        ("all_reduce", (1, 4), 150.0 + 8.0),
        # 8 ranks in each of 4 domains: the outer tier carries 1000 / 8 for each rank: 2 x 3/4 x 125 / 10 = 18.75 s + 8 s, longer
        # than the inner 20.5 s; the inner steps, 3 s, fill the pipeline
        ("all_reduce", (8, 4), 18.75 + 8.0 + 3.0),
        # outer 3/4 x 125 / 10 = 9.375 + 2 x 2 = 13.375 s over inner 10.25 s, + 1.5 s of inner steps
        ("all_gather", (8, 4), 9.375 + 4.0 + 1.5),
        # of 32 parts 24 leave the domain: 3/4 x 1000 / 10 = 75 s + 4 s, + 1.5 s
        ("all_to_all", (8, 4), 75.0 + 4.0 + 1.5),
    ],
)
def test_closed_forms(kind, ranks, expected):
    assert sum(group_seconds(kind, 1000.0, ranks, LINKS)) == pytest.approx(expected)


def test_the_switch_sums():
    """8 ranks, switch at 60 B/s: (1 + 1/8) x 1000 / 60 = 18.75 s + two hops 1 s, against 17.5 + 3 s: the quicker one is taken."""
    links = (Link(8, 100.0, 0.5, 60.0, ()), OUT)
    assert sum(group_seconds("all_reduce", 1000.0, (8, 1), links)) == pytest.approx(19.75)
    slow = (Link(8, 100.0, 0.5, 50.0, ()), OUT)
    assert sum(group_seconds("all_reduce", 1000.0, (8, 1), slow)) == pytest.approx(20.5)


def test_every_collective_starts_once():
    """3 s of start on top of the 20.5 s above, none for a group of one."""
    links = (Link(8, 100.0, 0.5, 0.0, (), 3.0), Link(10**6, 10.0, 2.0, 0.0, (), 3.0))
    assert sum(group_seconds("all_reduce", 1000.0, (8, 1), links)) == pytest.approx(23.5)
    assert sum(group_seconds("all_reduce", 1000.0, (8, 4), links)) == pytest.approx(18.75 + 8.0 + 3.0 + 3.0)
    assert sum(group_seconds("all_reduce", 1000.0, (1, 1), links)) == 0.0


def test_hierarchy_against_a_measured_run():
    """4 nodes of 8 B200 over 50 GB/s each, all-reduce of 16 GiB: 382 GB/s bus rate measured (stas00/ml-engineering, network/README.md)."""
    bus = 2 * 31 / 32 * 16 * 2**30 / collective_seconds("all_reduce", 16 * 2**30, (8, 4), known_system("b200-hgx"), catalog=CATALOG)
    assert bus == pytest.approx(382e9, rel=0.15)


@given(kind=st.sampled_from(KINDS), size=sizes, ranks=groups)
def test_never_above_the_links(kind, size, ranks):
    """What an accelerator sends over a tier, over the time that the whole takes, is at most that tier's rate."""
    total = float(sum(group_seconds(kind, size, ranks, LINKS)))
    inner, outer = wire_bytes(kind, size, ranks)
    assert float(inner) <= total * UP.bytes_per_s * (1 + 1e-12)
    assert float(outer) <= total * OUT.bytes_per_s * (1 + 1e-12)


@pytest.mark.parametrize("name", ["h100-hgx", "gb200-nvl72", "helios", "mi300x-8"])
@pytest.mark.parametrize("size", [1e3, 1e6, 1e9, 1e12])
def test_bus_rate_of_real_systems_is_below_the_link(name, size):
    """The bus rate of an all-reduce, 2 (n - 1) / n S / t, against the link's rate; a summing switch may reach 2 (n - 1) / (n + 1) of it."""
    system = known_system(name)
    n = system.tiers[0].size
    bus = 2 * (n - 1) / n * size / collective_seconds("all_reduce", size, n, system, catalog=CATALOG)
    bound = 2 * (n - 1) / (n + 1) if system.tiers[0].in_network_reduction else 1.0
    assert 0.0 < bus < bound * system.tiers[0].link_bytes_per_s.value


@given(kind=st.sampled_from(KINDS), size=sizes, more=st.floats(1.0, 10.0), ranks=groups)
def test_a_larger_message_is_never_quicker(kind, size, more, ranks):
    assert sum(group_seconds(kind, size * more, ranks, LINKS)) >= sum(group_seconds(kind, size, ranks, LINKS)) * (1 - 1e-12)


@given(kind=st.sampled_from(KINDS), size=sizes, factor=st.floats(1.0, 10.0), ranks=groups, tier=st.sampled_from([0, 1]), reduction=st.sampled_from([0.0, 60.0]))
def test_a_wider_link_is_never_slower(kind, size, factor, ranks, tier, reduction):
    links = [Link(8, 100.0, 0.5, reduction, ()), OUT]
    wider = list(links)
    wider[tier] = Link(links[tier].size, links[tier].bytes_per_s * factor, links[tier].latency_s, links[tier].reduction_bytes_per_s * factor, ())
    assert sum(group_seconds(kind, size, ranks, wider)) <= sum(group_seconds(kind, size, ranks, links)) * (1 + 1e-12)


def test_arrays_equal_scalars():
    message = np.geomspace(1.0, 1e9, 7)
    inner, outer = np.array([1, 2, 4, 8, 8, 2, 1]), np.array([1, 1, 3, 2, 64, 5, 2])
    for kind in KINDS:
        together = np.add(*group_seconds(kind, message, (inner, outer), LINKS))
        apart = [float(sum(group_seconds(kind, float(m), (int(i), int(o)), LINKS))) for m, i, o in zip(message, inner, outer, strict=True)]
        assert together == pytest.approx(apart, rel=1e-14)


@pytest.mark.parametrize(
    ("group", "stride", "domain", "expected"),
    [(8, 1, 8, (8, 1)), (16, 1, 8, (8, 2)), (16, 4, 8, (2, 8)), (16, 16, 8, (1, 16)), (39, 8, 72, (3, 13)), (16, 8, 72, (8, 2)), (7, 1, 8, (7, 1)), (13, 2, 8, (1, 13))],
)
def test_groups_lie_evenly_over_domains(group, stride, domain, expected):
    """39 ranks 8 apart in domains of 72: 9 would fit, the largest part of 39 that does is 3."""
    inner, outer = lay(group, stride, domain)
    assert (int(inner), int(outer)) == expected


@given(count=st.integers(1, 3000), limit=st.integers(1, 100))
def test_largest_divisor(count, limit):
    found = int(largest_divisor(count, limit))
    assert count % found == 0
    assert found <= limit
    assert not [d for d in range(found + 1, limit + 1) if count % d == 0]


def test_door_takes_ranks_as_number_or_by_tier():
    system = toy_system()
    assert collective_seconds("all_reduce", 1e9, 16, system, catalog=CATALOG) == collective_seconds("all_reduce", 1e9, (8, 2), system, catalog=CATALOG)
    assert isinstance(collective_seconds("all_gather", 1e6, 8, system, catalog=CATALOG), float)
    assert collective_seconds("all_reduce", 0.0, 1, system, catalog=CATALOG) == 0.0


@settings(max_examples=20)
@given(size=st.floats(1e3, 1e10))
def test_draws_start_with_the_central_value(size):
    system = toy_system()
    drawn = collective_seconds("all_reduce", size, (8, 2), system, catalog=CATALOG, book=Ledger(DRAWS))
    assert drawn.shape == (65,)
    assert drawn[0] == collective_seconds("all_reduce", size, (8, 2), system, catalog=CATALOG)
    assert np.std(drawn[1:]) > 0.0


def test_figures_are_in_the_ledger():
    book = Ledger()
    links = make_links(toy_system(reduction=True), book, catalog=CATALOG)
    assert [key for link in links for key in link.keys if key not in book] == []
    assert "catalog.performance-collectives.in_network_efficiency_share" in links[0].keys


def test_bad_input_is_told():
    system = toy_system()
    with pytest.raises(Unknown, match="all_reduce"):
        collective_seconds("all_reduc", 1.0, 2, system)
    with pytest.raises(OutOfRange):
        collective_seconds("all_reduce", -1.0, 2, system)
    for ranks in (0, (9, 1), (1, 2, 3), (0, 2)):
        with pytest.raises(BadInput):
            collective_seconds("all_reduce", 1.0, ranks, system)
