"""Line balancing: published optima with proofs by hand, brute force on small lines, laws, and what is refused."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rackloom.errors import BadInput
from rackloom.factory import balance_line
from tests.published.load import published

CASES = published("line_balancing")


def _check(assignment, durations, precedence, cycle_time):
    """An assignment is one: every task once, none before one it follows, no station over the cycle time."""
    where = {str(task): k for k, station in enumerate(assignment) for task in station}
    assert sorted(where) == sorted(durations)
    assert sum(len(station) for station in assignment) == len(durations)
    assert all(where[str(i)] <= where[str(j)] for i, j in precedence)
    assert all(math.fsum(durations[str(task)] for task in station) <= cycle_time * (1 + 1e-9) for station in assignment)


def _named(durations):
    return {str(i): time for i, time in enumerate(durations, start=1)} if isinstance(durations, list) else durations


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_published_optima(case):
    found = balance_line(case["durations"], case["precedence"], cycle_time=case.get("cycle_time"), stations=case.get("stations"))
    reached = found.stations if "cycle_time" in case else found.cycle_time
    assert reached == pytest.approx(case["expected"]), case["why"]
    assert found.proved
    assert found.status == "optimal"
    _check(found.assignment, _named(case["durations"]), case["precedence"], found.cycle_time)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_the_published_witness_reaches_the_optimum(case):
    cycle_time = case.get("cycle_time", case["expected"])
    _check(case["witness"], _named(case["durations"]), case["precedence"], cycle_time)
    assert len(case["witness"]) == case.get("stations", case["expected"])


def _brute(durations, precedence, stations):
    """Least cycle time over so many stations, by trying every assignment."""
    best = math.inf
    for places in itertools.product(range(stations), repeat=len(durations)):
        if all(places[i - 1] <= places[j - 1] for i, j in precedence):
            loads = [0] * stations
            for place, time in zip(places, durations, strict=True):
                loads[place] += time
            best = min(best, max(loads))
    return best


@st.composite
def lines(draw, most=7):
    durations = draw(st.lists(st.integers(0, 20), min_size=1, max_size=most).filter(any))
    pairs = [(i, j) for j in range(1, len(durations) + 1) for i in range(1, j)]
    return durations, draw(st.lists(st.sampled_from(pairs), max_size=8)) if pairs else []


@settings(max_examples=40, deadline=None)
@given(lines(most=6), st.integers(1, 4))
def test_least_cycle_equals_enumeration(line, stations):
    durations, precedence = line
    found = balance_line(durations, precedence, stations=stations)
    assert found.cycle_time == _brute(durations, precedence, stations)
    assert found.proved
    assert len(found.assignment) == stations
    _check(found.assignment, _named(durations), precedence, found.cycle_time)


@settings(max_examples=40, deadline=None)
@given(lines(most=6), st.integers(0, 12))
def test_fewest_stations_equals_enumeration(line, spare):
    durations, precedence = line
    cycle = max(durations) + spare
    found = balance_line(durations, precedence, cycle_time=cycle)
    fewest = next(m for m in range(1, len(durations) + 1) if _brute(durations, precedence, m) <= cycle)
    assert found.stations == fewest
    _check(found.assignment, _named(durations), precedence, cycle)


@settings(max_examples=30, deadline=None)
@given(lines(most=14), st.integers(1, 6))
def test_more_stations_never_lengthen_the_optimum(line, stations):
    durations, precedence = line
    few, more = (balance_line(durations, precedence, stations=m) for m in (stations, stations + 1))
    assert few.bound <= few.cycle_time
    assert few.proved
    assert more.proved
    assert more.cycle_time <= few.cycle_time


@settings(max_examples=30, deadline=None)
@given(lines(most=14), st.integers(1, 6), st.integers(0, 7))
def test_relaxing_precedence_never_worsens_a_proven_optimum(line, stations, index):
    durations, precedence = line
    relaxed = [pair for i, pair in enumerate(precedence) if i != index]
    assert balance_line(durations, relaxed, stations=stations).cycle_time <= balance_line(durations, precedence, stations=stations).cycle_time


@settings(max_examples=20, deadline=None)
@given(lines(most=12), st.integers(1, 5))
def test_both_questions_agree(line, stations):
    """A line that fits in m stations at its least cycle time needs no more than m at that cycle time."""
    durations, precedence = line
    least = balance_line(durations, precedence, stations=stations)
    assert balance_line(durations, precedence, cycle_time=least.cycle_time).stations <= stations


def test_a_stopped_search_says_so_and_bounds_the_optimum():
    # 10 tasks of 7 and 10 of 5 over 6 stations: 120 / 6 = 20, no sum of 7s and 5s in one station is 20 but 5+5+5+5 (7+7+5 = 19), so 20 is out of reach for all
    durations, precedence = [7] * 10 + [5] * 10, []
    stopped = balance_line(durations, precedence, stations=6, limit=0.0)
    whole = balance_line(durations, precedence, stations=6)
    assert stopped.status == "stopped"
    assert not stopped.proved
    assert stopped.bound <= whole.cycle_time <= stopped.cycle_time
    assert whole.proved


def test_indices_by_hand():
    # 4, 3, 2 in three stations: the fullest has 4; sqrt(0 + 1 + 4); 9 / (3 x 4)
    found = balance_line({"a": 4, "b": 3, "c": 2}, [("a", "b"), ("b", "c")], stations=3)
    assert found.assignment == (("a",), ("b",), ("c",))
    assert found.loads == (4.0, 3.0, 2.0)
    assert found.smoothness == pytest.approx(math.sqrt(5.0))
    assert found.efficiency == pytest.approx(0.75)


def test_decimal_times_are_exact():
    # 0.1 + 0.2 fits in 0.3, though not in floats
    assert balance_line([0.1, 0.2], [], cycle_time=0.3).stations == 1
    assert balance_line([1 / 3, 2 / 3, 1.0], [], cycle_time=1.0).stations == 2


def test_the_same_line_gives_the_same_balance():
    durations = {f"t{i}": 3 + (i * 7) % 11 for i in range(20)}
    precedence = [(f"t{i}", f"t{i + 3}") for i in range(17)]
    assert balance_line(durations, precedence, stations=6) == balance_line(durations, precedence, stations=6)


def test_all_faults_are_told_at_once():
    with pytest.raises(BadInput) as caught:
        balance_line({"cut": 3, "drill": -1, "weld": 2, "paint": 2}, [("cut", "weld"), ("weld", "paint"), ("paint", "cut"), ("dril", "cut")], cycle_time=5, stations=2)
    told = str(caught.value)
    assert len(caught.value.faults) == 4
    assert "not both" in told
    assert "'drill': duration -1" in told
    assert "no task 'dril'" in told
    assert "nearest: 'drill'" in told
    assert "cut -> weld -> paint -> cut" in told


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "give either cycle_time or stations"),
        ({"stations": 0}, "stations=0"),
        ({"stations": 2.5}, "stations=2.5"),
        ({"cycle_time": -1.0}, "cycle_time=-1.0"),
        ({"cycle_time": math.nan}, "cycle_time=nan"),
        ({"cycle_time": 2.5}, "task '1' takes 3, longer than the cycle time 2.5"),
    ],
)
def test_bad_questions(arguments, words):
    with pytest.raises(BadInput, match=None) as caught:
        balance_line([3, 2], [], **arguments)
    assert words in str(caught.value)


def test_a_task_that_precedes_itself_is_a_cycle():
    with pytest.raises(BadInput) as caught:
        balance_line({"a": 1}, [("a", "a")], stations=1)
    assert "a -> a" in str(caught.value)


def test_no_tasks():
    with pytest.raises(BadInput) as caught:
        balance_line({}, [], stations=1)
    assert "without tasks" in str(caught.value)


def test_a_task_that_takes_no_time_stands_in_a_station():
    """Found by the law above: a first task of no time was given a place before the first station."""
    found = balance_line([0, 2, 2, 2, 3, 5, 6], [], stations=3)
    assert (found.cycle_time, found.proved) == (7.0, True)
    assert sorted(task for station in found.assignment for task in station) == [str(n) for n in range(1, 8)]
