"""Response tables: rounding, reading, refusals; and the table against the direct answer."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rackloom.catalog import system
from rackloom.draws import Draws, central, interval
from rackloom.errors import BadInput
from rackloom.figures import Figure
from rackloom.needs import AXES, ResponseTable, axis_values, estimate_from_table, look_up, rounded
from rackloom.performance import answer_at, answer_of, estimate_need, hypothetical, response_table
from rackloom.program import load_program, read_policy

ROOT = Path(__file__).resolve().parents[2]
AXIS = {"compute_flop_per_s": (1e15, 8e15), "memory_bytes_per_s": (2e12, 16e12), "memory_bytes": (1e11, 4e11), "scale_up_link_bytes_per_s": (9e11,), "scale_up_domain_count": (72.0,), "scale_out_link_bytes_per_s": (5e10, 1e11)}  # fmt: skip


def table_of(speed, **changes) -> ResponseTable:
    """A training table whose tokens/s are a function of the place."""
    import itertools

    values = tuple(speed(dict(zip(AXIS, place, strict=True))) for place in itertools.product(*AXIS.values()))
    asked = Figure("released.x.asked_tokens_per_s", 1e6, "token/s", "released by the lab, abc", "D", low=1e6, high=1e6)
    whole = ResponseTable("x", "training", "fp8", AXIS, {"tokens_per_s_per_accelerator": values}, 0.05, 0.2, asked, 0.5, "released by the lab, abc, rounded to 5 %")
    return replace(whole, **changes)


@given(st.floats(1e-6, 1e18), st.sampled_from([0.01, 0.05, 0.25]))
def test_rounding_is_off_by_half_a_step_at_most_and_keeps_no_more(value, step):
    got = rounded(value, step)
    assert abs(math.log(got / value)) <= math.log1p(step) / 2 + 1e-3
    assert rounded(got, step) == got
    power = math.log(got) / math.log1p(step)
    assert abs(power - round(power)) < 0.06  # a power of 1 + step, to four digits


def test_nothing_stays_nothing():
    assert rounded(0.0, 0.05) == 0.0


@settings(deadline=None)
@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_a_product_of_powers_is_read_exactly(a, b, c):
    """Multilinear in logs: a law that is a power on each axis comes back at any place."""

    def law(at):
        return at["compute_flop_per_s"] ** 0.7 * at["memory_bytes_per_s"] ** 0.2 * at["scale_out_link_bytes_per_s"] ** 0.1

    table = table_of(law)
    at = {name: axis[0] for name, axis in AXIS.items()}
    for name, share in (("compute_flop_per_s", a), ("memory_bytes_per_s", b), ("scale_out_link_bytes_per_s", c)):
        low, high = AXIS[name]
        at[name] = low * (high / low) ** share
    assert look_up(table, at)["tokens_per_s_per_accelerator"] == pytest.approx(law(at), rel=1e-7)


def test_beside_a_point_where_nothing_fits_nothing_fits():
    table = table_of(lambda at: 0.0 if at["memory_bytes"] == 1e11 else 500.0)
    assert not estimate_from_table(table, system("gb200-nvl72")).fits
    assert look_up(table, {**axis_values(system("gb200-nvl72"), "fp8"), "memory_bytes": 4e11})["tokens_per_s_per_accelerator"] == pytest.approx(500.0)


def test_a_system_outside_is_refused_by_axis_with_range_and_nearest():
    with pytest.raises(BadInput) as refused:
        estimate_from_table(table_of(lambda at: 500.0), system("h200-hgx"))
    told = str(refused.value)
    assert "scale_up_domain_count 8 1 is outside" in told
    assert "72 to 72 1; nearest: 72" in told
    assert "scale_up_link_bytes_per_s" in told, "all axes at once"
    assert "compute_flop_per_s" not in told, "an axis that holds it is not named"


def test_a_precision_that_the_system_does_not_have_is_refused():
    with pytest.raises(BadInput, match="has no fp8"):
        estimate_from_table(table_of(lambda at: 500.0), system("a100-hgx"))


def test_accelerators_are_whole_units_and_the_story_ends_at_the_release():
    draws = Draws(3, 256)
    found = estimate_from_table(table_of(lambda at: 500.0), system("gb200-nvl72"), draws=draws)
    assert central(found.accelerators) == math.ceil(1e6 / (500.0 * 0.5) / 72) * 72
    low, high = interval(found.tokens_per_s_per_accelerator)
    assert low == pytest.approx(500 / 1.2, rel=0.03)
    assert high == pytest.approx(500 * 1.2, rel=0.03)
    assert not found.ledger.dangling()
    sources = {row.sources[0] for row in found.ledger.roots_of(f"{found.prefix}.tokens_per_s_per_accelerator") if row.key.startswith("released.")}
    assert sources == {"released by the lab, abc, rounded to 5 %"}
    assert found.strategy == {}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"axes": {**AXIS, "memory_bytes": (4e11, 1e11)}}, "do not rise"),
        ({"axes": {k: v for k, v in AXIS.items() if k != "memory_bytes"}}, "no axis 'memory_bytes'"),
        ({"values": {"tokens_per_s_per_accelerator": (1.0,)}}, "1 values of tokens_per_s_per_accelerator, its axes have 16 points"),
        ({"values": {"tokens_per_s_per_accelerator": (math.nan,) * 16}}, "not finite"),
    ],
)
def test_a_broken_table_is_refused(changes, told):
    with pytest.raises(BadInput, match=told):
        table_of(lambda at: 1.0, **changes)


@lru_cache(maxsize=1)
def first():
    """The lab of examples/first: program, policy, its need, the system its tables are like, its table."""
    program = load_program(ROOT / "examples/first/program.yaml")
    policy = read_policy(ROOT / "examples/first/release.yaml", program)
    like, need = system(policy.like, catalog=program.catalog), program.needs["chat"]
    estimate = estimate_need(need, like, catalog=program.catalog)
    return program, policy, need, like, response_table(need, like, axes=policy.axes, estimate=estimate, rounding_share=policy.rounding_share, catalog=program.catalog)


def test_forty_random_systems_are_within_the_rounding_and_five_percent_of_the_direct_answer():
    program, policy, need, like, table = first()
    rng = np.random.default_rng(5)
    for _ in range(40):
        at = {name: float(np.exp(rng.uniform(np.log(axis[0]), np.log(axis[-1])))) for name, axis in table.axes.items()}
        at["scale_up_domain_count"] = float(rng.choice(table.axes["scale_up_domain_count"]))
        on, catalog = hypothetical(like, at, table.precision, program.catalog)
        direct, told = answer_of(need, on, catalog)[0], central(estimate_from_table(table, on).tokens_per_s_per_accelerator)
        assert direct > 0.0
        assert abs(told / direct - 1.0) <= policy.rounding_share + 0.05, at


def test_a_hypothetical_system_with_the_figures_of_its_like_is_its_like():
    """Nothing but the six axes changes: power limit, age of software and shares of kernels are those of the system that it is like."""
    program, _, chat, like, _ = first()
    pretrain = load_program(ROOT / "examples/frontier/program.yaml").needs["pretrain"]
    for need in (chat, pretrain):
        at = axis_values(like, "fp8")
        assert answer_at(need, like, at, program.catalog) == pytest.approx(answer_of(need, like, program.catalog), rel=1e-9)


def test_a_hypothetical_system_stands_where_it_was_put():
    program, _, _, like, table = first()
    at = {name: axis[len(axis) // 2] for name, axis in table.axes.items()}
    assert axis_values(hypothetical(like, at, "fp8", program.catalog)[0], "fp8") == pytest.approx(at)
    assert tuple(table.axes) == tuple(AXES)


def test_more_of_anything_is_never_slower_on_the_table_beyond_its_rounding():
    *_, table = first()
    speeds = np.array(table.values["tokens_per_s_per_accelerator"]).reshape([len(axis) for axis in table.axes.values()])
    for axis in range(speeds.ndim):
        assert np.all(np.diff(np.log(speeds), axis=axis) >= -2 * math.log1p(table.rounding_share))
    assert speeds.max() > 1.5 * speeds.min(), "the table says something"
