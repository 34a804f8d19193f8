"""The envelope: formulas by hand, years, growth, and the way back to the estimates."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rackloom.draws import central
from rackloom.needs import build_envelope, decode_flop_per_token, find_model, forward_flop_per_token, kv_bytes_at, train_flop_per_token, weight_bytes
from rackloom.performance import estimate_need
from tests.performance.toys import CATALOG, DRAWS, figure, known_system, serving_need, training_need

NAMES = ("h200-hgx", "gb200-nvl72")
GROWTH = figure("growth_per_year", 2.5, "1", 2.0, 3.0)
TRAIN = training_need(tokens=15e12, days=60, model="deepseek-v3")
SERVE = serving_need(model="llama-3.1-405b", growth=GROWTH)


def estimates(draws=None, needs=(TRAIN, SERVE)):
    return {(need.name, name): estimate_need(need, known_system(name), draws=draws, catalog=CATALOG) for need in needs for name in NAMES}


FOUND = estimates()
ENVELOPE = build_envelope({"pretrain": TRAIN, "chat": SERVE}, FOUND, years=range(2026, 2030), catalog=CATALOG)


def value(need, year, quantity, system=""):
    return ENVELOPE.find(need, year, quantity, system).value


def test_years_before_the_start_are_absent():
    assert sorted({row.year for row in ENVELOPE.rows}) == [2027, 2028, 2029]


def test_training_asks_for_tokens_times_flops_over_time():
    """15e12 tokens in 60 days are 2 893 518.5 tokens/s; a need without growth asks the same each year."""
    assert value("pretrain", 2027, "tokens_per_s") == pytest.approx(15e12 / (60 * 86400))
    flop = train_flop_per_token(TRAIN.model, 8192)
    for year in (2027, 2029):
        assert value("pretrain", year, "total_flop_per_s") == pytest.approx(15e12 / (60 * 86400) * flop)
    assert value("pretrain", 2027, "memory_bytes") == pytest.approx(18 * 671e9, rel=1e-3)  # 671 billion parameters


def test_serving_grows():
    """1e5 tokens/s, 2.5 times a year: 6.25e5 after two years."""
    flop = decode_flop_per_token(SERVE.model, 2250) + 4 * forward_flop_per_token(SERVE.model, 2000)
    for year, rate in ((2027, 1e5), (2028, 2.5e5), (2029, 6.25e5)):
        assert value("chat", year, "tokens_per_s") == pytest.approx(rate)
        assert value("chat", year, "total_flop_per_s") == pytest.approx(rate * flop)
        # Little: requests at once = tokens/s x 0.05 s; each holds the cache of 2250 tokens in fp8
        assert value("chat", year, "memory_bytes") == pytest.approx(weight_bytes(SERVE.model, "fp8") + rate * 0.05 * kv_bytes_at(SERVE.model, 2250, 1.0))


def test_accelerators_by_system_grow_with_the_need():
    for name in NAMES:
        assert value("chat", 2028, "accelerators_count", name) == pytest.approx(2.5 * FOUND["chat", name].accelerators)
        assert value("pretrain", 2029, "accelerators_count", name) == pytest.approx(FOUND["pretrain", name].accelerators)


def test_links_keep_messages_to_their_share():
    """At the asked bandwidth the messages of the reference take the stated share of its time on FLOPs and memory."""
    best = max((FOUND["pretrain", name] for name in NAMES), key=lambda e: central(e.tokens_per_s_per_accelerator))
    share = CATALOG.figure("performance-envelope", "communication_share").value
    for tier in ("scale_up", "scale_out"):
        row = ENVELOPE.find("pretrain", 2027, f"{tier}_link_bytes_per_s")
        book = best.ledger
        sent, useful = book.value(f"{best.prefix}.{tier}_traffic_bytes"), book.value(f"{best.prefix}.compute_s") + book.value(f"{best.prefix}.memory_s")
        assert sent == pytest.approx(share * useful * row.value)
        assert row.system == best.system


def test_memory_bandwidth_is_that_of_the_accelerators_at_work():
    """Tokens asked for over tokens of an accelerator = accelerators at work; each moves its bytes of a step in a step's time."""
    row = ENVELOPE.find("pretrain", 2027, "memory_bytes_per_s")
    e = FOUND["pretrain", row.system]
    per_accelerator = e.ledger.value(f"{e.prefix}.memory_traffic_bytes") / e.step_s
    assert row.value == pytest.approx(15e12 / (60 * 86400) / e.tokens_per_s_per_accelerator * per_accelerator)
    peak = known_system(row.system).memory_bytes_per_s.value
    assert per_accelerator < peak


def test_domain_is_the_smallest_that_met_the_need():
    used = {name: FOUND["pretrain", name].ledger.value(f"needs.pretrain.{name}.scale_up_used_count") for name in NAMES}
    assert value("pretrain", 2027, "scale_up_domain_count") == min(used.values())
    assert all(used[name] <= known_system(name).tiers[0].size for name in NAMES)


def test_limits_of_the_site_are_passed_on():
    need = replace(TRAIN, rack_power_limit_w=figure("rack_power_limit_w", 130e3, "W"), coolant_supply_temperature_k=figure("coolant_supply_temperature_k", 313.15, "temperature_k"))
    envelope = build_envelope([need], FOUND.values(), years=[2027], catalog=CATALOG)
    assert envelope.find("pretrain", 2027, "rack_power_limit_w").value == 130e3
    assert envelope.find("pretrain", 2027, "coolant_supply_temperature_k").value == 313.15
    assert ENVELOPE.find("pretrain", 2027, "rack_power_limit_w") is None
    assert envelope.ledger.dangling() == []


def test_a_need_that_nothing_meets_still_asks():
    envelope = build_envelope([TRAIN], [replace(e, fits=False) for e in FOUND.values()], years=[2027], catalog=CATALOG)
    assert {row.quantity for row in envelope.rows} == {"tokens_per_s", "total_flop_per_s", "memory_bytes"}
    assert build_envelope([SERVE], [], years=[2027], catalog=CATALOG).ledger.dangling() == []


def test_every_row_is_in_the_ledger_and_walks_back():
    assert ENVELOPE.ledger.dangling() == []
    assert len({row.key for row in ENVELOPE.rows}) == len(ENVELOPE.rows)
    for row in ENVELOPE.rows:
        assert row.key.startswith(f"envelope.{row.need}.{row.year}.")
        assert row.key.endswith(row.quantity)
        assert ENVELOPE.ledger[row.key].formula
        assert ENVELOPE.ledger.roots_of(row.key) or row.quantity == "scale_up_domain_count"
        assert row.unit == ENVELOPE.ledger[row.key].unit


def test_draws_make_ranges():
    drawn = build_envelope([TRAIN, SERVE], estimates(DRAWS), years=range(2026, 2030), draws=DRAWS, catalog=CATALOG)
    assert [row.key for row in drawn.rows] == [row.key for row in ENVELOPE.rows]
    for row, plain in zip(drawn.rows, ENVELOPE.rows, strict=True):
        assert float(np.atleast_1d(row.value)[0]) == pytest.approx(plain.value, rel=1e-12), row.key
    asked = drawn.find("chat", 2029, "tokens_per_s").value
    assert 4e5 <= asked.min() < asked.max() <= 9e5  # 1e5 x 2 to 3 squared
    assert np.std(drawn.find("chat", 2027, "tokens_per_s").value) == 0.0
    assert drawn.ledger.dangling() == []


def test_training_sequence_is_the_models_where_it_is_shorter():
    short = replace(TRAIN, model=find_model("llama-2-7b"), name="short")
    envelope = build_envelope([short], [], years=[2027], catalog=CATALOG)
    assert envelope.ledger.value("envelope.short.token_flop") == train_flop_per_token(short.model, 4096)
