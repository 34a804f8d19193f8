"""Coolants: against texts and CoolProp, smooth between points, and refused where they are no liquid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rackloom.catalog import coolant_table
from rackloom.errors import OutOfRange
from rackloom.physics import boiling_temperature, coolant_at
from tests.published.load import published

PG, EG = coolant_table("coolant-pg"), coolant_table("coolant-eg")
FIELDS = {"density_kg_per_m3": "D", "cp_j_per_kg_k": "C", "viscosity_pa_s": "V", "conductivity_w_per_m_k": "L"}


@pytest.mark.parametrize("case", published("coolants"), ids=lambda case: case["id"])
def test_published_properties(case):
    found = coolant_at(PG, case["kelvin"], case["share"])
    for field in (*FIELDS, "vapour_pressure_pa"):
        if field in case:
            assert getattr(found, field) == pytest.approx(case[field], rel=case["rel"]), (field, case["source"])


def test_pg25_freezes_where_its_maker_says():
    assert coolant_at(PG, 300.0, 0.25).freezing_temperature_k == pytest.approx(273.15 - 9.6, abs=0.5)  # Airedale DeltaChill manual p.53: -9.6 C
    assert coolant_at(PG, 300.0, 0.0).freezing_temperature_k == pytest.approx(273.15)


@pytest.mark.parametrize(("table", "fluid"), [(PG, "APG"), (EG, "AEG")])
def test_every_mixture_lies_within_one_percent_of_coolprop(table, fluid):
    coolprop = pytest.importorskip("CoolProp.CoolProp")
    kelvin = np.linspace(274.0, 362.0, 12)
    for share in (0.12, 0.22, 0.25, 0.275, 0.42, 0.58):
        found = coolant_at(table, kelvin, share)
        for field, letter in FIELDS.items():
            wanted = coolprop.PropsSI(letter, "T", kelvin, "P", 3e5, f"INCOMP::{fluid}[{share}]")
            assert getattr(found, field) == pytest.approx(wanted, rel=0.001 if share == 0.25 else 0.01), (field, share)


def test_what_is_no_liquid_is_refused_by_name():
    with pytest.raises(OutOfRange, match=r"coolant-pg with 25 % of glycol is frozen at -20.0 C: it freezes at -10.0 C"):
        coolant_at(PG, 253.15, 0.25)
    with pytest.raises(OutOfRange, match=r"with 0 % of glycol is frozen at -1.0 C"):
        coolant_at(PG, np.array([300.0, 272.15]), 0.0)
    with pytest.raises(OutOfRange, match=r"known from 0 to 90 C, not at -5.0 C"):
        coolant_at(PG, 268.15, 0.25)  # still liquid, but beyond the table
    with pytest.raises(OutOfRange, match=r"known from 0 to 90 C, not at 95.0 C"):
        coolant_at(PG, 368.15, 0.25)
    with pytest.raises(OutOfRange, match=r"at 60.0 C boils at the stated pressure"):
        coolant_at(PG, 333.15, 0.25, pressure_pa=15e3)  # water boils at 19.9 kPa at 60 C
    with pytest.raises(OutOfRange, match=r"shares of glycol from 0 to 0.6 by volume, not 25"):
        coolant_at(PG, 300.0, 25.0)
    with pytest.raises(OutOfRange, match=r"a temperature of -5 K is none"):
        coolant_at(PG, -5.0)
    with pytest.raises(OutOfRange):
        coolant_at(PG, float("nan"))
    with pytest.raises(OutOfRange, match="knows where it boils from"):
        boiling_temperature(PG, 101325.0)  # at 100 C, beyond the table


@given(st.floats(1e3, 6.5e4))
def test_boiling_and_vapour_pressure_are_one_curve(pressure):
    assert coolant_at(PG, boiling_temperature(PG, pressure)).vapour_pressure_pa == pytest.approx(pressure, rel=0.002)


@given(st.floats(274.0, 361.0), st.floats(0.0, 0.6))
def test_warmer_is_thinner_and_lighter(kelvin, share):
    cold, warm = coolant_at(PG, kelvin, share), coolant_at(PG, kelvin + 2.0, share)
    assert warm.viscosity_pa_s < cold.viscosity_pa_s
    assert warm.vapour_pressure_pa > cold.vapour_pressure_pa
    if kelvin > 278.0:  # water is densest at 4 C
        assert warm.density_kg_per_m3 < cold.density_kg_per_m3
    assert warm.prandtl < cold.prandtl


@given(st.lists(st.floats(273.2, 363.0), min_size=3, max_size=3), st.floats(0.0, 0.6))
def test_arrays_equal_scalars(kelvin, share):
    together = coolant_at(PG, np.array(kelvin), share)
    for field in (*FIELDS, "vapour_pressure_pa", "freezing_temperature_k"):
        assert getattr(together, field) == pytest.approx([getattr(coolant_at(PG, each, share), field) for each in kelvin], rel=1e-12)
    assert coolant_at(PG, np.array(kelvin)[:, None], np.array([0.1, 0.3])).density_kg_per_m3.shape == (3, 2)
    assert isinstance(coolant_at(PG, kelvin[0], share).density_kg_per_m3, float)
