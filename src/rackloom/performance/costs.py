"""What a million tokens cost, term by term.

For one accelerator with its part of the unit: price C, life L [yr], rate r [1/yr], tokens/s R, utilisation u.

    capital = C / L;  finance = C r / (1 - (1 + r)^-L) - C / L   (an annuity pays both);  other = C x share a year
    energy = J/token x PUE x price of power, exactly;  idle energy = idle W x PUE x price x (1 - u) / (u R)
    a yearly term over tokens of a year: u R x 365.25 d

No price of hardware is assumed: without one the answer is the energy alone, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ..catalog import Catalog, load_catalog
from ..draws import Number, central
from ..errors import BadInput, Fault
from ..figures import Figure
from ..ledger import Ledger
from .power import PowerAnswer

YEAR_S = 365.25 * 86400.0
KWH_J = 3.6e6
MILLION = 1e6
ITEM = "performance-token-cost"
UNITS: Mapping[str, str] = {
    "capital_usd_per_accelerator": "USD", "life_s": "s", "finance_rate_per_year": "1/yr", "utilisation_share": "1", "power_price_usd_per_kwh": "USD/kWh", "other_share_per_year": "1/yr",
}  # fmt: skip
LEFT_OUT = (
    "checkpoints, failures and restarts, unless utilisation has them in it",
    "taxes, subsidies, resale value",
    "buildings and land, unless they are in the price per accelerator",
)
WITHOUT_CAPITAL = "price of the hardware: none was given, so that capital, finance and other yearly cost are absent"


@dataclass(frozen=True)
class TokenCost:
    """Cost of a million tokens [USD] and its terms by name: energy, idle_energy and, with a price of hardware, capital, finance, other."""

    usd_per_million_tokens: Number
    terms: Mapping[str, Number]
    is_whole: bool  # False where no price of hardware was given
    ledger: Ledger = field(repr=False, compare=False)
    left_out: tuple[str, ...] = LEFT_OUT


def annuity_per_year(rate_per_year: Number, years: Number) -> Number:
    """Yearly payment for each dollar borrowed: r / (1 - (1 + r)^-n); 1 / n without interest [1/yr]."""
    rate, life = np.asarray(rate_per_year, dtype=float), np.asarray(years, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(rate > 0.0, rate / -np.expm1(-life * np.log1p(rate)), 1.0 / life)
    return found if found.ndim else float(found)


def token_cost(
    power: PowerAnswer, *, capital_usd_per_accelerator: Figure | float | None = None, life_s: Figure | float | None = None, finance_rate_per_year: Figure | float | None = None,
    utilisation_share: Figure | float | None = None, power_price_usd_per_kwh: Figure | float | None = None, other_share_per_year: Figure | float | None = None,
    catalog: Catalog | None = None,
) -> TokenCost:  # fmt: skip
    """USD for a million tokens of a run, each term a row under the run's prefix in a ledger of the answer's own.

    Parameters
    ----------
    power : PowerAnswer
        power of the run, with its PUE
    capital_usd_per_accelerator : Figure or float, optional
        price of the unit over its accelerators, with whatever else is to be paid back [USD]; there is no default
    life_s, finance_rate_per_year, utilisation_share, power_price_usd_per_kwh, other_share_per_year : Figure or float, optional
        life [s], rate [1/yr], share of hours in which tokens are made, price of power [USD/kWh], other yearly cost over the
        price [1/yr]; assumptions of the item performance-token-cost by default

    Raises BadInput for a life, utilisation or price of power that is not above 0, and for a negative rate, share or price.
    """
    known, book = catalog or load_catalog(), Ledger(power.ledger.draws)
    book.add(power.ledger)  # a copy: the same run can be asked at several prices
    asked = {
        "life_s": life_s, "finance_rate_per_year": finance_rate_per_year, "utilisation_share": utilisation_share, "power_price_usd_per_kwh": power_price_usd_per_kwh,
        "other_share_per_year": other_share_per_year,
    }  # fmt: skip
    figures = {name: _figure(power, name, value) or known.figure(ITEM, name) for name, value in asked.items()}
    price = _figure(power, "capital_usd_per_accelerator", capital_usd_per_accelerator)
    _check(figures, price)
    n = {name: book.take(figure) for name, figure in figures.items()}
    keys = {name: figure.key for name, figure in figures.items()}
    per_j = n["power_price_usd_per_kwh"] / KWH_J
    terms: dict[str, Number] = {}

    def put(name: str, value: Number, formula: str, *inputs: str) -> None:
        array = np.asarray(value, dtype=float)
        terms[name] = book.put(power.key(f"{name}_usd_per_million_tokens"), array if array.ndim else float(array), "USD", formula, inputs)

    put("energy", MILLION * power.site_joule_per_token * per_j, "1e6 x J/token of the site x price of power", power.key("site_joule_per_token"), keys["power_price_usd_per_kwh"])
    busy = n["utilisation_share"]
    idle = power.idle_unit_w / power.accelerators_per_unit * power.pue * per_j
    put("idle_energy", MILLION * idle * (1.0 - busy) / (busy * power.tokens_per_s_per_accelerator), "1e6 x idle power x PUE x price of power x (1 - u) / (u x tokens/s of one accelerator)",
        power.key("idle_w"), power.key("others_w"), power.pue_key, power.key("tokens_per_s_per_accelerator"), keys["power_price_usd_per_kwh"], keys["utilisation_share"])  # fmt: skip
    if price is not None:
        capital, years = book.take(price), n["life_s"] / YEAR_S
        yearly = MILLION / (busy * power.tokens_per_s_per_accelerator * YEAR_S)
        tokens = (power.key("tokens_per_s_per_accelerator"), keys["utilisation_share"])
        put("capital", yearly * capital / years, "1e6 x price / life / tokens of a year", price.key, keys["life_s"], *tokens)
        put("finance", yearly * capital * (annuity_per_year(n["finance_rate_per_year"], years) - 1.0 / years), "1e6 x price x (annuity - 1 / life) / tokens of a year; annuity r / (1 - (1 + r)^-life)",
            price.key, keys["life_s"], keys["finance_rate_per_year"], *tokens)  # fmt: skip
        put("other", yearly * capital * n["other_share_per_year"], "1e6 x price x other yearly share / tokens of a year", price.key, keys["other_share_per_year"], *tokens)
    total = book.put(power.key("usd_per_million_tokens"), sum(terms.values()), "USD", " + ".join(terms), [power.key(f"{name}_usd_per_million_tokens") for name in terms],
                     note="" if price else WITHOUT_CAPITAL)  # fmt: skip
    return TokenCost(total, terms, price is not None, book, LEFT_OUT if price else (WITHOUT_CAPITAL, *LEFT_OUT))


def _figure(power: PowerAnswer, name: str, value: Figure | float | None) -> Figure | None:
    """A term as it was given; None where it was not."""
    if value is None or isinstance(value, Figure):
        return value
    return Figure(power.key(f"asked.{name}"), float(value), UNITS[name], "as given", "E", low=float(value), high=float(value))


def _check(figures: Mapping[str, Figure], price: Figure | None) -> None:
    faults = []
    for name, figure in {**figures, **({"capital_usd_per_accelerator": price} if price else {})}.items():
        positive = name in ("life_s", "utilisation_share", "power_price_usd_per_kwh")
        if figure.value < 0.0 or (positive and central(figure.value) == 0.0):
            faults.append(Fault(f"{name} is {figure.value:g} {figure.unit}", mend=f"Give a value {'above' if positive else 'of at least'} 0."))
        if name == "utilisation_share" and figure.value > 1.0:
            faults.append(Fault(f"{name} is {figure.value:g}", mend="A share is at most 1."))
    if faults:
        raise BadInput(faults)
