"""Systems from data sheets."""

from __future__ import annotations

import pytest

from rackloom.catalog import load_catalog, make_system, system
from rackloom.errors import BadInput, Unknown

CATALOG = load_catalog()


def test_gb200_nvl72():
    """72 GPUs, NVLink 5 at 900 GB/s, one 400 Gbit/s card each, 2.5/5/10 PFLOP/s, 186 GB at 8 TB/s (NVIDIA's user guide and tables)."""
    rack = system("gb200-nvl72")
    assert (rack.accelerator, rack.accelerators, rack.announced) == ("gb200", 72, False)
    assert {name: figure.value for name, figure in rack.flop_per_s.items()} == {"tf32": 1.25e15, "bf16": 2.5e15, "fp8": 5e15, "fp4": 1e16}
    assert (rack.memory_bytes.value, rack.memory_bytes_per_s.value) == (pytest.approx(186e9), pytest.approx(8e12))
    assert [(tier.name, tier.size, tier.link_bytes_per_s.value) for tier in rack.tiers] == [("scale-up", 72, 900e9), ("scale-out", 1_000_000, 50e9)]
    assert rack.tiers[0].in_network_reduction
    assert not rack.tiers[1].in_network_reduction
    assert rack.power_w is not None
    assert rack.power_w.value == 120e3
    assert rack.power_w.basis == "load"
    assert rack.compute_efficiency["bf16"].key == "catalog.gb200.bf16_efficiency_share"
    assert rack.compute_efficiency["fp4"].key == "catalog.performance-assumptions.fp4_efficiency_share"


@pytest.mark.parametrize("name", [item.name for item in CATALOG.of_kind("system")])
def test_every_system_can_be_made(name):
    made = system(name, catalog=CATALOG)
    assert made.accelerators >= 8
    assert made.tiers[0].size <= made.tiers[1].size
    assert made.tiers[0].link_bytes_per_s.value > made.tiers[1].link_bytes_per_s.value
    assert all(0.0 < figure.value < 1.0 for figure in (*made.compute_efficiency.values(), made.memory_efficiency))
    rates = [made.flop_per_s[name].value for name in ("tf32", "bf16", "fp8", "fp4") if name in made.flop_per_s]
    assert rates == sorted(rates)


def test_tiers_and_precisions():
    rack = system("gb200-nvl72", catalog=CATALOG)
    assert [rack.tier_for(ranks).name for ranks in (1, 72, 73, 2_000_000)] == ["scale-up", "scale-up", "scale-out", "scale-out"]
    assert rack.best_precision() == "fp4"
    assert rack.best_precision(("bf16", "fp8")) == "fp8"
    assert system("a100-hgx", catalog=CATALOG).best_precision(("bf16", "fp8")) == "bf16"


def test_announced_systems_say_so():
    assert {item.name for item in CATALOG.of_kind("system") if system(item.name, catalog=CATALOG).announced} == {"vr-nvl72", "helios"}


def test_unknown_system_names_the_nearest():
    with pytest.raises(Unknown, match="nearest: 'gb200-nvl72'"):
        system("gb200-nvl27", catalog=CATALOG)


def test_a_link_for_both_directions_is_refused():
    out = CATALOG.figure("gb200-nvl72", "scale_out_link_bytes_per_s")
    with pytest.raises(BadInput, match="both directions"):
        make_system("mine", accelerator="trainium3", accelerators=64, scale_up_size=64, scale_out_link=out, catalog=CATALOG)


def test_missing_figures_are_named():
    out = CATALOG.figure("gb200-nvl72", "scale_out_link_bytes_per_s")
    with pytest.raises(Unknown, match=r"tpu7x\.memory_bytes_per_s"):
        make_system("mine", accelerator="tpu7x", accelerators=64, scale_up_size=9216, scale_out_link=out, catalog=CATALOG)


def test_a_sparse_rate_is_no_rate(tmp_path):
    (tmp_path / "mine.yaml").write_text('gb200:\n  fp4_flop_per_s: {value: "20 PFLOP/s", basis: sparse, source: "own: brochure", grade: C}\n')
    assert set(system("gb200-nvl72", catalog=load_catalog(tmp_path)).flop_per_s) == {"tf32", "bf16", "fp8"}
