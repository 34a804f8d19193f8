"""Which offers to buy from: a mixed-integer program over quantities by part and offer.

First the least shortage (in shares of what is asked, all parts alike), then the least cost at that shortage, so that no
penalty has to be weighed against a price and the program is never infeasible.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import Unfinished
from ..solve import Constraint, Linear, Variable, solve_linear
from .offers import Offer

ORDER_WEEKS = 13.0  # one order a quarter to each supplier: minimum order and multiple apply to it (our convention)
SHORT = 1e-6  # share of a part's need under which a shortage is rounding


@dataclass(frozen=True)
class Want:
    """A part, how many a week, and the offers that may serve it with their landed cost each [USD]."""

    part: str
    per_week: float
    offers: tuple[tuple[Offer, float], ...]


@dataclass(frozen=True)
class Choice:
    """What to buy: pieces a week by (part, offer id); what is short by part; the solver's word on it."""

    bought: Mapping[tuple[str, str], float]
    short: Mapping[str, float]
    status: str
    cost_per_week_usd: float
    bound_usd: float


def choose_offers(wants: tuple[Want, ...], *, order_weeks: float = ORDER_WEEKS, node_limit: int | None = 20_000) -> Choice:
    """The cheapest purchase among those of least shortage.

    Parameters
    ----------
    wants : tuple of Want
        parts with pieces a week [1/wk]; those without offers are short in whole
    order_weeks : float
        weeks that one order covers [wk]; minimum orders and multiples apply to an order
    node_limit : int or None
        branch-and-bound nodes after which the search stops with a bound

    Returns
    -------
    Choice
        a purchase may exceed the need where minimum orders or multiples force it; the surplus is paid

    Capacity of an offer is shared by all parts that it serves. Solved by HiGHS.
    """
    wants = tuple(want for want in wants if want.per_week > 0.0)
    if not wants:
        return Choice({}, {}, "optimal", 0.0, 0.0)
    least = solve_linear(_program(wants, order_weeks, None), node_limit=node_limit)
    allowed = 0.0 if least.objective < SHORT else least.objective
    found = solve_linear(_program(wants, order_weeks, allowed), node_limit=node_limit)
    if not (least.values and found.values):
        raise Unfinished(f"the solver found no purchase of {len(wants)} parts within {node_limit:,} nodes")
    scale = _scale(wants)
    bought = {(want.part, offer.id): want.per_week * found.values[_q(want, offer)] for want in wants for offer, _ in want.offers if found.values[_q(want, offer)] > SHORT}
    short = {want.part: want.per_week * found.values[_s(want)] for want in wants if found.values[_s(want)] > SHORT}
    cost = sum(price * bought.get((want.part, offer.id), 0.0) for want in wants for offer, price in want.offers)
    status = found.status if least.status == "optimal" else least.status
    return Choice(bought, short, status, cost, min(cost, found.bound * scale))


def _q(want: Want, offer: Offer) -> str:
    return f"buy|{want.part}|{offer.id}"


def _s(want: Want) -> str:
    return f"short|{want.part}"


def _scale(wants: tuple[Want, ...]) -> float:
    """Brings the cost of a week near 1e5, so that a part of a ten-millionth of it still weighs more than the solver's tolerances."""
    total = sum(want.per_week * min((cost for _, cost in want.offers), default=0.0) for want in wants)
    return total / 1e5 if total > 0.0 else 1.0


def _program(wants: tuple[Want, ...], order_weeks: float, allowed: float | None) -> Linear:
    """Minimise shortage (`allowed` is None), or cost with no more than the allowed shortage; quantities are shares of a part's need."""
    scale = _scale(wants)
    variables: list[Variable] = []
    rows: list[Constraint] = []
    loads: dict[str, list[tuple[str, float]]] = {}
    limits: dict[str, float] = {}
    for want in wants:
        variables.append(Variable(_s(want), 0.0, 0.0 if allowed == 0.0 else 1.0, cost=1.0 if allowed is None else 0.0))
        terms = [(_s(want), 1.0)]
        for offer, cost in want.offers:
            name = _q(want, offer)
            terms.append((name, 1.0))
            loads.setdefault(offer.id, []).append((name, want.per_week))
            if offer.capacity_per_week is not None:
                limits[offer.id] = offer.capacity_per_week.value
            ordered = want.per_week * order_weeks  # pieces in an order that covers the whole need
            most = 1.0 + (offer.minimum_order + offer.multiple) / ordered
            variables.append(Variable(name, 0.0, most, cost=0.0 if allowed is None else cost * want.per_week / scale))
            _order_rules(want, offer, most, ordered, variables, rows)
        rows.append(Constraint(f"need|{want.part}", tuple(terms), low=1.0))
    for offer_id, limit in limits.items():
        size = max(limit, *(pieces for _, pieces in loads[offer_id]))
        rows.append(Constraint(f"capacity|{offer_id}", tuple((name, pieces / size) for name, pieces in loads[offer_id]), high=limit / size))
    if allowed:
        rows.append(Constraint("least shortage", tuple((_s(want), 1.0) for want in wants), high=allowed * (1.0 + 1e-9)))
    return Linear(tuple(variables), tuple(rows))


def _order_rules(want: Want, offer: Offer, most: float, ordered: float, variables: list[Variable], rows: list[Constraint]) -> None:
    """Nothing or at least the minimum order; whole multiples."""
    name = _q(want, offer)
    if offer.minimum_order > 1.0:
        used = f"use|{want.part}|{offer.id}"
        variables.append(Variable(used, 0.0, 1.0, integer=True))
        rows.append(Constraint(f"at least|{name}", ((name, 1.0), (used, -offer.minimum_order / ordered)), low=0.0))
        rows.append(Constraint(f"only if|{name}", ((name, 1.0), (used, -most)), high=0.0))
    if offer.multiple > 1.0:
        packs = f"packs|{want.part}|{offer.id}"
        variables.append(Variable(packs, 0.0, float(int(most * ordered / offer.multiple) + 1), integer=True))
        rows.append(Constraint(f"whole|{name}", ((name, ordered / offer.multiple), (packs, -1.0)), low=0.0, high=0.0))
