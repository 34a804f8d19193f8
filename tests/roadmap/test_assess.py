from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rackloom.draws import Draws
from rackloom.errors import BadInput
from rackloom.figures import Figure
from rackloom.ledger import Ledger
from rackloom.needs import Estimate, Need
from rackloom.roadmap import Generation, assess_generations

AS_OF = date(2026, 11, 22)


@dataclass(frozen=True)
class Rack:
    accelerators: int
    power_load_w: float
    coolant_supply_temperature_k: float | None
    ledger: Ledger = field(repr=False)


def rack(name, accelerators=72, power=130_000.0, coolant=313.15):
    book = Ledger()
    book.put(f"designs.{name}.accelerators_count", float(accelerators), "1", "given")
    book.put(f"designs.{name}.power_load_w", power, "W", "given")
    if coolant is not None:
        book.put(f"designs.{name}.coolant_supply_temperature_k", coolant, "temperature_k", "given")
    return Rack(accelerators, power, coolant, book)


def said(key, value, unit, low=None, high=None):
    return Figure(f"program.{key}", value, unit, "program.yaml:3", "A", low=low, high=high)


def need(name="chat", start=date(2027, 6, 1), **more):
    return Need(name, "training", None, start, tokens=said(f"needs.{name}.tokens", 1e12, "token"), within_s=said(f"needs.{name}.within", 1e6, "s"), **more)


def estimate(need, system, accelerators=7200.0, fits=True, why=""):
    book = Ledger()
    prefix = f"needs.{need}.{system}"
    book.put(f"{prefix}.accelerators_count", accelerators, "1", "given")
    return Estimate(need, system, "training", fits, why, accelerators, 8, {}, 100.0, 1e9, {"compute": 1.0}, "compute", "", book, prefix=prefix)


def assess(needs, generations, rates, *, accelerators=7200.0, racks=None, estimates=None, draws=None):
    given = estimates or {(n.name, g.name): estimate(n.name, g.name, accelerators) for n in needs for g in generations}
    return assess_generations(
        {n.name: n for n in needs}, {g.name: g for g in generations}, given, racks or {g.name: rack(g.name) for g in generations}, rates, as_of=AS_OF, draws=draws
    )


NOW = Generation("now", "gb", date(2027, 1, 1))


def test_a_cell_by_hand():
    """7200 accelerators / 72 = 100 racks; at 10 a week 10 weeks = 70 days from 2027-01-01, that is 2027-03-12.

    2026-11-22 to 2027-01-01 is 8 + 31 + 1 = 40 days, so ready after 110 days; the start 2027-06-01 is
    31 + 28 + 31 + 30 + 31 = 151 days after 2027-01-01, 191 after as_of: slack 81 days.
    Growth 2 a year: 100, 200, 400, 800 racks. Delivered by the end of 2027: 365 / 7 x 10 = 521.43; of 2028 (leap): 731 / 7 x 10.
    """
    answer = assess([need(growth_per_year=said("growth", 2.0, "1/yr"))], [NOW], {"now": 10.0})
    cell = answer.cell("chat", "now")
    assert cell.racks == pytest.approx(100.0)
    assert cell.ready_days == pytest.approx(110.0)
    assert cell.ready_date == date(2027, 3, 12)
    assert cell.slack_days == pytest.approx(81.0)
    assert dict(cell.racks_by_year) == pytest.approx({2027: 100.0, 2028: 200.0, 2029: 400.0, 2030: 800.0})
    assert cell.delivered_by_year[2027] == pytest.approx(3650 / 7)
    assert cell.delivered_by_year[2028] == pytest.approx(7310 / 7)
    assert (cell.meets, cell.probability, cell.reason) == (True, 1.0, "100 racks, 12 weeks before the start")
    assert answer.ledger.dangling() == []
    assert (answer.chosen, answer.verdict, answer.best["chat"], answer.years) == ("now", True, "now", (2027, 2028, 2029, 2030))
    assert answer.ledger.value("roadmap.chat.now.slack_days") == cell.slack_days


def test_late():
    # 100 racks at 4 a week: 25 weeks = 175 days from 2027-01-01, 24 days after 2027-06-01 (151 days): 3.4 weeks late
    cell = assess([need()], [NOW], {"now": 4.0}).cell("chat", "now")
    assert not cell.meets
    assert cell.slack_days == pytest.approx(-24.0)
    assert cell.reason == "late by 3 weeks"


def test_nothing_is_delivered_before_the_date_of_the_program():
    # volume since 2026-10-01, but the first delivery counted is on 2026-11-22: 70 days
    cell = assess([need()], [Generation("now", "gb", date(2026, 10, 1))], {"now": 10.0}).cell("chat", "now")
    assert cell.ready_days == pytest.approx(70.0)


def test_site_limits():
    wanted = need(rack_power_limit_w=said("limit", 130_000.0, "W"), coolant_supply_temperature_k=said("coolant", 318.15, "temperature_k"))
    cell = assess([wanted], [NOW], {"now": 10.0}, racks={"now": rack("now", power=142_000.0)}).cell("chat", "now")
    assert cell.reason == "draws 142 kW of 130 kW; takes coolant up to 40 C, the site gives 45 C"
    assert cell.power_margin_w == pytest.approx(-12_000.0)
    assert cell.coolant_margin_k == pytest.approx(-5.0)
    air = assess([wanted], [NOW], {"now": 10.0}, racks={"now": rack("now", power=40_000.0, coolant=None)}).cell("chat", "now")
    assert air.meets
    assert air.coolant_margin_k is None


def test_does_not_fit_and_no_rate():
    given = {("chat", "now"): estimate("chat", "now", 0.0, fits=False, why="one copy needs 900 GB"), ("chat", "next"): estimate("chat", "next")}
    answer = assess([need()], [NOW, Generation("next", "vr", date(2027, 2, 1))], {"now": 10.0}, estimates=given)
    assert answer.cell("chat", "now").reason == "does not fit: one copy needs 900 GB"
    assert answer.cell("chat", "now").racks is None
    assert answer.cell("chat", "next").reason.startswith("no rate: ")
    assert answer.cell("chat", "next").racks == pytest.approx(100.0)
    assert (answer.best["chat"], answer.verdict, answer.needs_met) == (None, False, {"now": 0, "next": 0})


def test_best_has_the_fewest_racks_and_the_chosen_meets_most():
    early, late = need("early", date(2027, 6, 1)), need("late", date(2028, 6, 1))
    after = Generation("next", "vr", date(2027, 12, 1))
    given = {(n.name, g): estimate(n.name, g, size) for n in (early, late) for g, size in (("now", 7200.0), ("next", 3600.0))}
    answer = assess([early, late], [NOW, after], {"now": 10.0, "next": 10.0}, estimates=given)
    assert dict(answer.best) == {"early": "now", "late": "next"}  # 100 against 50 racks for the late one
    assert (answer.chosen, answer.needs_met, answer.verdict) == ("now", {"now": 2, "next": 1}, True)


def test_ties_go_to_the_earliest_volume():
    sooner = Generation("zeta", "vr", date(2026, 12, 1))
    assert assess([need()], [NOW, sooner], {"now": 10.0, "zeta": 10.0}).chosen == "zeta"


def test_probability_is_the_share_of_draws():
    # rates spread evenly over 4 to 8 a week; in time where 700 / rate <= 151 days, that is rate >= 4.636: in 84.1 % of the span
    draws = Draws(3, 4000)
    rate = draws.of(said("rate", 6.0, "rack/wk", 4.0, 8.0))
    answer = assess([need()], [NOW], {"now": rate}, draws=draws)
    cell = answer.cell("chat", "now")
    assert cell.meets
    assert cell.probability == pytest.approx((8.0 - 700 / 151) / 4.0, abs=0.02)
    assert cell.ready_date < cell.ready_date_late
    assert np.shape(cell.racks_by_year[2027]) in ((), (4001,))


def test_a_line_is_traced_when_its_ledger_is_given():
    made = Ledger()
    made.put("factory.now.racks_per_week", 10.0, "rack/wk", "given")
    one = need()
    answer = assess_generations({"chat": one}, {"now": NOW}, {("chat", "now"): estimate("chat", "now")}, {"now": rack("now")}, {"now": 10.0}, as_of=AS_OF, books=[made])
    assert answer.ledger["roadmap.now.rate_racks_per_week"].inputs == ("factory.now.racks_per_week",)
    assert answer.ledger.dangling() == []


def test_a_draw_without_racks_never_arrives():
    rate = np.array([10.0, 0.0, 10.0])
    cell = assess([need()], [NOW], {"now": rate}).cell("chat", "now")
    assert cell.probability == pytest.approx(0.5)
    assert cell.ready_date_late is None


def test_what_is_missing_is_told_at_once():
    with pytest.raises(BadInput) as caught:
        assess_generations({"chat": need()}, {"now": NOW}, {}, {}, {}, as_of=AS_OF)
    assert len(caught.value.faults) == 2
    with pytest.raises(BadInput, match="without needs"):
        assess_generations({}, {"now": NOW}, {}, {"now": rack("now")}, {}, as_of=AS_OF)


@settings(max_examples=40, deadline=None)
@given(st.floats(0.1, 50.0), st.floats(1.0, 3.0), st.floats(1.0, 1e5))
def test_a_higher_rate_is_never_later(rate, more, accelerators):
    slow = assess([need()], [NOW], {"now": rate}, accelerators=accelerators).cell("chat", "now")
    fast = assess([need()], [NOW], {"now": rate * more}, accelerators=accelerators).cell("chat", "now")
    assert fast.ready_days <= slow.ready_days + 1e-9
    assert fast.meets >= slow.meets
