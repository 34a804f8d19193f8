"""Which offers to buy from: a mixed-integer program over quantities by part and offer.

First the least shortage (in shares of what is asked, all parts alike), then the least cost at that shortage, so that no
penalty has to be weighed against a price and the program is never infeasible.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..solve.highs import solve_linear
from ..solve.problem import Constraint, Linear, Variable
from .offers import Offer

ORDER_WEEKS = 13.0  # one order a quarter to each supplier: minimum order and multiple apply to it (our convention)
SHORT = 1e-6  # share of a part's need under which a shortage is rounding
_FREE = 1e-9


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
    allowed = max(0.0, least.objective)
    found = solve_linear(_program(wants, order_weeks, 0.0 if allowed < _FREE else allowed), node_limit=node_limit)
    scale = _scale(wants)
    bought = {(want.part, offer.id): max(0.0, found.values[_q(want, offer)]) for want in wants for offer, _ in want.offers}
    bought = {key: pieces for key, pieces in bought.items() if pieces > _FREE}
    short = {want.part: found.values[_s(want)] for want in wants if found.values[_s(want)] > SHORT * want.per_week}
    status = found.status if least.status == "optimal" else least.status
    return Choice(bought, short, status, found.objective * scale, found.bound * scale)


def _q(want: Want, offer: Offer) -> str:
    return f"buy|{want.part}|{offer.id}"


def _s(want: Want) -> str:
    return f"short|{want.part}"


def _scale(wants: tuple[Want, ...]) -> float:
    """Brings the cost of a week near 1, so that the solver's tolerances mean the same for any size."""
    return max(1.0, sum(want.per_week * min((cost for _, cost in want.offers), default=0.0) for want in wants))


def _program(wants: tuple[Want, ...], order_weeks: float, allowed: float | None) -> Linear:
    """Minimise shortage (`allowed` is None), or cost with no more than the allowed shortage."""
    scale = _scale(wants)
    variables: list[Variable] = []
    rows: list[Constraint] = []
    loads: dict[str, list[str]] = {}
    limits: dict[str, float] = {}
    for want in wants:
        high = 0.0 if allowed == 0.0 else want.per_week
        variables.append(Variable(_s(want), 0.0, high, cost=1.0 / want.per_week if allowed is None else 0.0))
        terms = [(_s(want), 1.0)]
        for offer, cost in want.offers:
            name = _q(want, offer)
            terms.append((name, 1.0))
            loads.setdefault(offer.id, []).append(name)
            if offer.capacity_per_week is not None:
                limits[offer.id] = offer.capacity_per_week.value
            most = want.per_week + (offer.minimum_order + offer.multiple) / order_weeks
            variables.append(Variable(name, 0.0, most, cost=0.0 if allowed is None else cost / scale))
            _order_rules(want, offer, name, most, order_weeks, variables, rows)
        rows.append(Constraint(f"need|{want.part}", tuple(terms), low=want.per_week))
    rows += [Constraint(f"capacity|{offer}", tuple((name, 1.0) for name in names), high=limits[offer]) for offer, names in loads.items() if offer in limits]
    if allowed:
        rows.append(Constraint("least shortage", tuple((_s(want), 1.0 / want.per_week) for want in wants), high=allowed * (1.0 + _FREE)))
    return Linear(tuple(variables), tuple(rows))


def _order_rules(want: Want, offer: Offer, name: str, most: float, order_weeks: float, variables: list[Variable], rows: list[Constraint]) -> None:
    """Nothing or at least the minimum order; whole multiples."""
    if offer.minimum_order > 1.0:
        used = f"use|{want.part}|{offer.id}"
        variables.append(Variable(used, 0.0, 1.0, integer=True))
        rows.append(Constraint(f"at least|{name}", ((name, order_weeks), (used, -offer.minimum_order)), low=0.0))
        rows.append(Constraint(f"only if|{name}", ((name, 1.0), (used, -most)), high=0.0))
    if offer.multiple > 1.0:
        packs = f"packs|{want.part}|{offer.id}"
        variables.append(Variable(packs, 0.0, float(int(most * order_weeks / offer.multiple) + 1), integer=True))
        rows.append(Constraint(f"whole|{name}", ((name, order_weeks), (packs, -offer.multiple)), low=0.0, high=0.0))
