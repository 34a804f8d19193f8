"""Cost of a million tokens: the annuity, each term by hand, laws, and what is said without a price."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rackloom.errors import BadInput
from rackloom.needs import find_model
from rackloom.performance import TrainingJob, estimate_training, power_of, token_cost
from rackloom.performance.costs import YEAR_S, annuity_per_year

from .toys import DRAWS, figure, known_system

SYSTEM = known_system("h100-hgx")
GIVEN = {
    "capital_usd_per_accelerator": 30e3, "life_s": 5 * YEAR_S, "finance_rate_per_year": 0.08, "utilisation_share": 0.6, "power_price_usd_per_kwh": 0.07, "other_share_per_year": 0.05,
}  # fmt: skip


def power(draws=None, pue: float = 1.2):
    estimate = estimate_training(find_model("llama-3.1-8b"), SYSTEM, TrainingJob(128, 8192), {"dp": 8, "zero": 3}, draws=draws)
    return power_of(estimate, SYSTEM, pue=figure("pue_ratio", pue, "1"))


POWER = power()


def usd(**changes) -> float:
    return token_cost(POWER, **{**GIVEN, **changes}).usd_per_million_tokens


def test_the_annuity_of_a_textbook():
    """100 000 at 6 % over 30 yearly payments: 7264.89 each."""
    assert 1e5 * annuity_per_year(0.06, 30.0) == pytest.approx(7264.89, abs=0.005)
    assert annuity_per_year(0.0, 4.0) == 0.25
    assert annuity_per_year(np.array([0.0, 1e-9]), 4.0) == pytest.approx([0.25, 0.25])


def test_terms_by_hand():
    cost = token_cost(POWER, **GIVEN)
    tokens_a_year = 0.6 * POWER.tokens_per_s_per_accelerator * YEAR_S / 1e6
    assert cost.terms["energy"] == pytest.approx(1e6 * POWER.joule_per_token * 1.2 * 0.07 / 3.6e6, rel=1e-14)
    assert cost.terms["capital"] == pytest.approx(30e3 / 5.0 / tokens_a_year)
    assert cost.terms["capital"] + cost.terms["finance"] == pytest.approx(30e3 * 0.08 / (1.0 - 1.08**-5) / tokens_a_year)
    assert cost.terms["other"] == pytest.approx(0.05 * 30e3 / tokens_a_year)
    idle_kwh = POWER.idle_unit_w / 8 / 1e3 * 0.4 * 365.25 * 24 * 1.2
    assert cost.terms["idle_energy"] == pytest.approx(idle_kwh * 0.07 / tokens_a_year)
    assert cost.usd_per_million_tokens == pytest.approx(sum(cost.terms.values()))
    assert cost.is_whole
    assert cost.ledger.dangling() == []


def test_without_a_price_it_is_energy_alone_and_says_so():
    cost = token_cost(power())
    assert set(cost.terms) == {"energy", "idle_energy"}
    assert not cost.is_whole
    assert "none was given" in cost.left_out[0]
    assert "none was given" in cost.ledger[f"{POWER.prefix}.usd_per_million_tokens"].note


@given(name=st.sampled_from(["capital_usd_per_accelerator", "finance_rate_per_year", "power_price_usd_per_kwh", "other_share_per_year"]), factor=st.floats(1.0, 5.0))
def test_what_is_dearer_costs_more(name, factor):
    assert usd(**{name: GIVEN[name] * factor}) >= usd() * (1.0 - 1e-12)


@given(low=st.floats(0.05, 1.0), high=st.floats(0.05, 1.0))
def test_cost_falls_with_utilisation(low, high):
    low, high = sorted((low, high))
    assert usd(utilisation_share=high) <= usd(utilisation_share=low) * (1.0 + 1e-12)


def test_cost_rises_with_pue_and_falls_with_life():
    assert token_cost(power(pue=1.5), **GIVEN).usd_per_million_tokens > usd()
    assert usd(life_s=6 * YEAR_S) < usd()


def test_one_run_at_two_prices():
    dear, cheap = (token_cost(POWER, **{**GIVEN, "power_price_usd_per_kwh": price}).terms["energy"] for price in (0.2, 0.1))
    assert dear == pytest.approx(2.0 * cheap)
    assert f"{POWER.prefix}.usd_per_million_tokens" not in POWER.ledger


def test_figures_and_draws():
    cost = token_cost(power(DRAWS), capital_usd_per_accelerator=figure("capital", 30e3, "USD", 25e3, 35e3))
    assert np.asarray(cost.usd_per_million_tokens).shape == (65,)
    assert "test.capital" in {row.key for row in cost.ledger.roots_of(f"{POWER.prefix}.usd_per_million_tokens")}


@pytest.mark.parametrize(("name", "value", "says"), [("life_s", 0.0, "life_s is 0"), ("utilisation_share", 1.5, "at most 1"), ("finance_rate_per_year", -0.1, "of at least 0"),
                                                     ("power_price_usd_per_kwh", 0.0, "above 0"), ("capital_usd_per_accelerator", -1.0, "capital_usd_per_accelerator is -1")])  # fmt: skip
def test_what_cannot_be_is_refused(name, value, says):
    with pytest.raises(BadInput, match=says):
        token_cost(power(), **{**GIVEN, name: value})
