"""The choice of offers against enumeration, and laws of it."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rackloom.supply.choose import Want, choose_offers

from .bills import offer, offers


def made(part, terms):
    """Offers of a part from (price, capacity, minimum, multiple) tuples."""
    rows = [
        offer(part, f"S{index}", "TW", price, id=f"{part}-{index}", **({} if capacity is None else {"capacity": f"{capacity} /wk"}), minimum_order=minimum, multiple=multiple)
        for index, (price, capacity, minimum, multiple) in enumerate(terms)
    ]
    return Want(part, 0.0, tuple((one, one.price_usd.value) for one in offers(*rows)))


def wanted(part, need, terms):
    want = made(part, terms)
    return Want(part, need, want.offers)


def by_enumeration(want):
    """Least shortage, then least cost, over all whole quantities; one order a week."""
    need = round(want.per_week)
    best = None
    ranges = []
    for one, _ in want.offers:
        most = need + int(one.minimum_order) + int(one.multiple)
        limit = most if one.capacity_per_week is None else min(most, int(one.capacity_per_week.value))
        ranges.append([n for n in range(limit + 1) if n == 0 or (n >= one.minimum_order and n % int(one.multiple) == 0)])
    for counts in itertools.product(*ranges):
        short = max(0, need - sum(counts))
        cost = sum(n * price for n, (_, price) in zip(counts, want.offers, strict=True))
        best = min(best, (short, cost)) if best else (short, cost)
    return best


CASES = [
    (10, [(5, None, 0, 1), (4, 6, 0, 1)]),  # 6 of the cheap one, 4 of the other: 44
    (10, [(5, None, 0, 1), (4, None, 25, 1)]),  # 25 at 4 is 100, 10 at 5 is 50: the dear one
    (10, [(9, None, 0, 1), (4, None, 20, 1)]),  # 20 at 4 is 80, 10 at 9 is 90: the surplus is cheaper
    (10, [(5, 4, 0, 1), (6, 3, 0, 1)]),  # 7 of 10 can be had
    (10, [(5, 7, 0, 3), (6, None, 0, 4)]),  # multiples
    (7, [(5, None, 0, 4), (7, 5, 2, 1), (6, 3, 3, 3)]),
    (12, [(3, 5, 6, 1), (8, None, 0, 1)]),  # minimum above capacity: never bought
]


@pytest.mark.parametrize(("need", "terms"), CASES)
def test_equals_enumeration(need, terms):
    want = wanted("p", need, terms)
    choice = choose_offers((want,), order_weeks=1.0)
    short, cost = by_enumeration(want)
    assert choice.status == "optimal"
    assert sum(choice.short.values()) == pytest.approx(short, abs=1e-5)
    assert choice.cost_per_week_usd == pytest.approx(cost, rel=1e-6)
    assert choice.bound_usd == pytest.approx(cost, rel=1e-6)


TERM = st.tuples(st.integers(1, 20), st.one_of(st.none(), st.integers(0, 8)), st.integers(0, 6), st.integers(1, 3))


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 8), st.lists(TERM, min_size=1, max_size=3))
def test_equals_enumeration_on_any_small_case(need, terms):
    want = wanted("p", need, [(price, capacity, minimum, multiple) for price, capacity, minimum, multiple in terms])
    short, cost = by_enumeration(want)
    choice = choose_offers((want,), order_weeks=1.0)
    # enumeration takes whole pieces; with multiples of 1 the program may take parts of a piece, which is never dearer
    whole = all(multiple > 1 for *_, multiple in terms)
    found = sum(choice.short.values())
    assert found <= short + 1e-5
    if whole or (all(minimum <= 1 for _, _, minimum, _ in terms) and all(multiple == 1 for *_, multiple in terms)):
        assert (found, choice.cost_per_week_usd) == (pytest.approx(short, abs=1e-5), pytest.approx(cost, rel=1e-6, abs=1e-6))


@settings(max_examples=30, deadline=None)
@given(st.floats(0.5, 500.0), st.lists(st.tuples(st.floats(1.0, 100.0), st.floats(0.0, 300.0), st.integers(0, 40)), min_size=1, max_size=4), st.floats(0.0, 200.0))
def test_more_capacity_is_never_worse(need, terms, more):
    """Less shortage, or as much at no more cost. (More capacity may well cost more where it fills a shortage.)"""
    tight = choose_offers((wanted("p", need, [(price, capacity, minimum, 1) for price, capacity, minimum in terms]),))
    loose = choose_offers((wanted("p", need, [(price, capacity + more, minimum, 1) for price, capacity, minimum in terms]),))
    before, after = tight.short.get("p", 0.0), loose.short.get("p", 0.0)
    assert after <= before + 1e-5 * need
    if after >= before - 1e-5 * need:
        assert loose.cost_per_week_usd <= tight.cost_per_week_usd * (1.0 + 1e-5) + 1e-6


def test_an_offer_for_two_parts_shares_its_capacity():
    (one,) = offers(offer("kind:cable", "A", "TW", 10, capacity="10 /wk"))
    (dear,) = offers(offer("b", "B", "TW", 15))
    choice = choose_offers((Want("a", 8.0, ((one, 10.0),)), Want("b", 6.0, ((one, 10.0), (dear, 15.0)))))
    # 8 + 6 = 14 wanted, 10 from the shared one: a has nobody else, so b buys 4 elsewhere: 8 x 10 + 2 x 10 + 4 x 15 = 160
    assert choice.short == {}
    assert choice.bought["b", "b-b"] == pytest.approx(4.0, rel=1e-6)
    assert choice.cost_per_week_usd == pytest.approx(160.0, rel=1e-6)


def test_cheap_parts_are_chosen_as_well_as_dear_ones():
    # a 3-dollar clip beside a million-dollar part: a tolerance on the total must not hide it
    clip, gold = wanted("clip", 100.0, [(3.3, None, 0, 1), (3.0, None, 0, 1)]), wanted("gold", 200.0, [(1_000_000, None, 0, 1)])
    choice = choose_offers((clip, gold))
    assert choice.bought.keys() == {("clip", "clip-1"), ("gold", "gold-0")}


def test_nothing_wanted_costs_nothing():
    assert choose_offers(()).cost_per_week_usd == 0.0
