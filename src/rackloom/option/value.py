"""What an option to buy racks is worth, and whether to use it: the door of this package."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np

from ..draws import Draws, Number, central, probability
from ..errors import OutOfRange
from ..figures import Figure
from ..ledger import Ledger
from .lattice import STEPS, american_option, exercise_boundary
from .simulate import Simulated, simulate_option
from .terms import MEASURES, BoundaryPoint, Market, OptionValue, Terms

DAYS_PER_YEAR = 365.25
BOUNDARY_DATES = 13
BOUNDARY_STEPS = 1500
_MOST_DECLINE = 0.99  # a worth that falls by all of itself within a year leaves nothing to value

LATTICE = "lattice with equal probabilities, smoothed and extrapolated (Cox, Ross, Rubinstein 1979; Jarrow, Rudd 1983; Broadie, Detemple 1996)"
CLOSED = "closed form for one exercise date (Black, Scholes 1973; Merton 1973)"
MONTE_CARLO = "least-squares Monte Carlo, biased low, on fresh paths (Longstaff, Schwartz 2001)"
PAYOFF = "payoff on the last day"

LEFT_OUT = (
    "One uncertain factor: the worth of a rack moves as a geometric process with constant volatility; demand, delivery, tariffs and measured performance do not move on their own.",
    "The value is linear in racks: all or none are bought; no steps of quantity, no limit on what the holder can use, no effect of the order on prices.",
    "The price does not change within the window, and the deposit is not credited against it.",
    "The maker's default costs nothing beyond the racks not delivered; the cost to the maker of granting the option is not valued.",
    "What evaluation of early units will teach before the window opens is not valued.",
)


@dataclass(frozen=True)
class _Inputs:
    """Inputs of the methods as numbers, and the ledger keys they were written under."""

    worth: Number
    price: Number
    discount: Number  # continuously compounded [1/yr]
    dividend: Number
    volatility: Number
    opens: float  # [yr] from as_of; 0 when the window is open
    ends: float
    keys: tuple[str, ...]

    def at_centre(self) -> tuple[float, float, float, float, float]:
        return central(self.worth), central(self.price), central(self.discount), central(self.dividend), central(self.volatility)


def value_option(terms: Terms, market: Market, *, paths: int, seed: int, draws: Draws | None = None, steps: int = STEPS) -> OptionValue:
    """Value of a right to buy racks within a window, and what to do with it today.

    Parameters
    ----------
    terms : Terms
    market : Market
    paths : int
        of the simulation that checks the lattice, 100 or more
    seed : int
        of that simulation
    draws : Draws, optional
        joint draws of the uncertain inputs; all of them go through one lattice at once
    steps : int
        of the finer lattice

    Raises OutOfRange when worth, price, decline or volatility leave the range in which the methods hold.
    """
    book = Ledger(draws)
    over = terms.as_of > terms.window[1]
    inputs = _take(terms, market, book)
    racks = _racks(terms, book)
    if over:
        return _lapsed(terms, market, book, inputs)
    found = american_option("call", inputs.worth, inputs.price, inputs.discount, inputs.dividend, inputs.volatility, inputs.ends, first_exercise=inputs.opens, steps=steps)
    method = PAYOFF if inputs.ends == 0.0 else CLOSED if inputs.opens == inputs.ends else f"{LATTICE}, {found.steps} steps"
    delivered = _delivery(market, book)
    per_rack = book.put("option.value_per_rack_usd", found.value * delivered[0], "USD", f"{method}; times the probability of delivery", (*inputs.keys, *delivered[1]))
    value = book.put("option.value_usd", racks * per_rack, "USD", "racks times value per rack: linear, so all or none", ("option.racks_count", "option.value_per_rack_usd"))
    net = _less_deposit(terms, book, value)
    exercise_value = book.put("option.exercise_value_per_rack_usd", inputs.worth - inputs.price, "USD", "worth less price, today", ("option.worth_usd", "option.price_usd"))
    commit, regret = _commitment(book, inputs, racks, value, delivered)
    chance = book.put("option.exercise_probability_share", found.probability, "1", "share of the lattice's paths on which it is exercised, under the drift stated", inputs.keys)
    boundary = _boundary(terms, inputs, book)
    checked = _simulated(inputs, book, racks, paths, seed)
    at_once = bool(np.asarray(found.exercise_now).reshape(-1)[0])
    action = _action(terms, at_once)
    share = _decision_share(action, found.exercise_now)
    book.put("option.decision_share", share, "1", "share of the draws in which the action on the central values is also right", inputs.keys)
    return OptionValue(
        terms.generation, terms.as_of, terms.window, action, _why(action, terms, inputs, boundary), at_once, racks, value, net, per_rack, inputs.worth, inputs.price, exercise_value,
        commit, regret, boundary, boundary[0].worth_usd, chance, share, checked.value if checked else None, checked.standard_error if checked else None,
        checked.standard_error * racks if checked else None, (method, MONTE_CARLO) if checked else (method,), MEASURES[market.measure], book, LEFT_OUT,
    )  # fmt: skip


def _take(terms: Terms, market: Market, book: Ledger) -> _Inputs:
    """Inputs written down, and the rates and times that follow from them."""
    if market.ledger is not None:
        book.add(market.ledger)
    if isinstance(market.worth_usd, Figure):
        worth = book.put("option.worth_usd", book.take(market.worth_usd), "USD", market.worth_formula, (market.worth_usd.key,))
    else:
        worth = book.put("option.worth_usd", market.worth_usd, "USD", market.worth_formula, market.worth_inputs)
    price = book.put("option.price_usd", book.take(terms.price_usd), "USD", "price of a rack at exercise, as agreed", (terms.price_usd.key,))
    decline, volatility, rate = (book.take(figure) for figure in (market.decline_per_year, market.volatility, market.rate))
    if central(decline) >= 1.0 or central(rate) <= -1.0:
        raise OutOfRange(f"decline {central(decline):g} or rate {central(rate):g} a year: a worth falls by less than all of itself, and a rate is above -100 %.")
    discount = book.put("option.discount_per_year", np.log1p(rate), "1/yr", "ln(1 + rate)", (market.rate.key,))
    fall = -np.log1p(-np.minimum(decline, _MOST_DECLINE))
    if market.measure == "risk-neutral":
        dividend = book.put("option.yield_per_year", fall, "1/yr", "-ln(1 - decline): the decline is the yield", (market.decline_per_year.key,))
    else:
        formula = "ln(1 + rate) - ln(1 - decline): with this yield the worth drifts at ln(1 - decline)"
        dividend = book.put("option.yield_per_year", discount + fall, "1/yr", formula, (market.rate.key, market.decline_per_year.key))
    opens = max((terms.window[0] - terms.as_of).days, 0) / DAYS_PER_YEAR
    ends = max((terms.window[1] - terms.as_of).days, 0) / DAYS_PER_YEAR
    book.put("option.time_to_open_years", opens, "yr", f"days from {terms.as_of} to {terms.window[0]} over {DAYS_PER_YEAR:g}, at least 0")
    book.put("option.time_to_end_years", ends, "yr", f"days from {terms.as_of} to {terms.window[1]} over {DAYS_PER_YEAR:g}, at least 0")
    keys = (
        "option.worth_usd",
        "option.price_usd",
        "option.discount_per_year",
        "option.yield_per_year",
        market.volatility.key,
        "option.time_to_open_years",
        "option.time_to_end_years",
    )
    return _Inputs(worth, price, discount, dividend, volatility, opens, ends, keys)


def _racks(terms: Terms, book: Ledger) -> float:
    note = f"{terms.racks.low:g} to {terms.racks.high:g} racks" if terms.racks.low != terms.racks.high else ""
    agreed = Figure("option.terms.racks_count", terms.racks.high, "rack", terms.source, "A", note=note)
    book.take(agreed)
    return float(book.put("option.racks_count", terms.racks.high, "rack", "the most that the terms allow: the payoff is linear in racks, so all or none", (agreed.key,)))


def _delivery(market: Market, book: Ledger) -> tuple[Number, tuple[str, ...]]:
    if market.probability_of_delivery is None:
        return 1.0, ()
    share = np.clip(book.take(market.probability_of_delivery), 0.0, 1.0)
    return (float(share) if np.ndim(share) == 0 else share), (market.probability_of_delivery.key,)


def _less_deposit(terms: Terms, book: Ledger, value: Number) -> Number:
    if terms.deposit_usd is None:
        return book.put("option.net_value_usd", value, "USD", "value; no deposit", ("option.value_usd",))
    deposit = book.take(terms.deposit_usd)
    return book.put("option.net_value_usd", value - deposit, "USD", "value less deposit", ("option.value_usd", terms.deposit_usd.key))


def _commitment(book: Ledger, inputs: _Inputs, racks: float, value: Number, delivered: tuple[Number, tuple[str, ...]]) -> tuple[Number, Number]:
    """An obligation to buy on the first date, and how much better the right is."""
    held = inputs.worth * np.exp(-inputs.dividend * inputs.opens) - inputs.price * np.exp(-inputs.discount * inputs.opens)
    formula = "racks times probability of delivery times (W exp(-yield t) - K exp(-rate t)), t the first date: an obligation to buy then"
    commit = book.put("option.commit_value_usd", racks * delivered[0] * held, "USD", formula, ("option.racks_count", *inputs.keys, *delivered[1]))
    formula = "value of the right less value of the obligation"
    return commit, book.put("option.regret_usd", value - commit, "USD", formula, ("option.value_usd", "option.commit_value_usd"))


def _boundary(terms: Terms, inputs: _Inputs, book: Ledger) -> tuple[BoundaryPoint, ...]:
    """The worth per rack at which to exercise, on dates spread over what is left of the window; central values."""
    first, last = max(terms.as_of, terms.window[0]), terms.window[1]
    days = sorted({round(share * (last - first).days) for share in np.linspace(0.0, 1.0, BOUNDARY_DATES)})
    dates = [first + timedelta(days=day) for day in days]
    at = np.array([(day - terms.as_of).days / DAYS_PER_YEAR for day in dates])
    _, price, discount, dividend, volatility = inputs.at_centre()
    found = exercise_boundary("call", price, discount, dividend, volatility, inputs.ends, at, first_exercise=inputs.opens, steps=BOUNDARY_STEPS)
    formula = "worth at which exercising equals waiting, on the lattice (Cox, Ross, Rubinstein 1979)"
    points = []
    for day, worth in zip(dates, found, strict=True):
        key = f"option.boundary.{day}.worth_usd" if math.isfinite(worth) else ""
        if key:
            book.put(key, float(worth), "USD", formula if day != last else "the price: on the last day anything above it is taken", inputs.keys[1:])
        points.append(BoundaryPoint(day, float(worth) if key else None, key))
    if points[0].key:
        book.put("option.boundary_usd", float(found[0]), "USD", "boundary on the first date on which it can still be exercised", (points[0].key,))
    return tuple(points)


def _simulated(inputs: _Inputs, book: Ledger, racks: float, paths: int, seed: int) -> Simulated | None:
    """The lattice's check on central values, without the probability of delivery; None on the last day."""
    if inputs.ends == 0.0:
        return None
    checked = simulate_option("call", *inputs.at_centre(), inputs.ends, first_exercise=inputs.opens, paths=paths, seed=seed)
    how = f"{MONTE_CARLO}; {checked.paths} paths, {checked.dates} dates, seed {seed}; before the probability of delivery"
    book.put("option.simulated_value_per_rack_usd", checked.value, "USD", how, inputs.keys)
    book.put("option.standard_error_per_rack_usd", checked.standard_error, "USD", "standard error of that estimate over antithetic pairs", inputs.keys)
    book.put(
        "option.standard_error_usd", racks * checked.standard_error, "USD", "racks times standard error per rack", ("option.racks_count", "option.standard_error_per_rack_usd")
    )
    return checked


def _action(terms: Terms, at_once: bool) -> str:
    if terms.as_of < terms.window[0]:
        return "too early"
    if at_once:
        return "exercise"
    return "let lapse" if terms.as_of >= terms.window[1] else "wait"


def _decision_share(action: str, exercise_now: np.ndarray | bool) -> float:
    if action == "too early":
        return 1.0
    right = np.asarray(exercise_now) if action == "exercise" else ~np.asarray(exercise_now, dtype=bool)
    return probability(right)


def _why(action: str, terms: Terms, inputs: _Inputs, boundary: tuple[BoundaryPoint, ...]) -> str:
    worth, price = central(inputs.worth), central(inputs.price)
    edge = boundary[0].worth_usd
    if action == "too early":
        then = f"exercise then from a worth of {_money(edge)} a rack" if edge is not None else "waiting then is always better until the last day"
        return f"The window opens on {terms.window[0]}; {then}; today it is {_money(worth)}, the price {_money(price)}."
    if action == "exercise":
        return f"A rack is worth {_money(worth)}, {_money(worth - price)} above its price, and waiting is worth no more."
    if action == "let lapse":
        return f"On the last day a rack is worth {_money(worth)}, no more than its price of {_money(price)}."
    when = f"below {_money(edge)}, at which it would pay to exercise today" if edge is not None else "and waiting costs nothing before the last day"
    return f"A rack is worth {_money(worth)}, {when}."


def _money(usd: float) -> str:
    return f"${usd / 1e6:.2f}M" if abs(usd) >= 1e6 else f"${usd:,.0f}"


def _lapsed(terms: Terms, market: Market, book: Ledger, inputs: _Inputs) -> OptionValue:
    """The answer after the last day: a right that is over is worth nothing, whatever racks are worth."""
    nothing = inputs.worth * 0.0
    formula = f"the window ended on {terms.window[1]}"
    per_rack = book.put("option.value_per_rack_usd", nothing, "USD", formula, ("option.time_to_end_years",))
    value = book.put("option.value_usd", nothing, "USD", "racks times value per rack", ("option.racks_count", "option.value_per_rack_usd"))
    net = _less_deposit(replace(terms, deposit_usd=None), book, value)
    exercise_value = book.put(
        "option.exercise_value_per_rack_usd", inputs.worth - inputs.price, "USD", "worth less price, today; it cannot be exercised", ("option.worth_usd", "option.price_usd")
    )
    why = f"The window ended on {terms.window[1]}."
    return OptionValue(
        terms.generation, terms.as_of, terms.window, "let lapse", why, False, 0.0, value, net, per_rack, inputs.worth, inputs.price, exercise_value, nothing, nothing, (), None,
        nothing, 1.0, None, None, None, (formula,), MEASURES[market.measure], book, LEFT_OUT,
    )  # fmt: skip
