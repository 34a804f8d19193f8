"""Machines, systems and needs with round numbers, for arithmetic by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from hypothesis import settings

from rackloom.catalog import System, Tier, load_catalog, system
from rackloom.draws import Draws
from rackloom.figures import Figure
from rackloom.needs import Need, find_model
from rackloom.performance.cases import gpt_model
from rackloom.performance.kernels import Kernels
from rackloom.performance.links import Link
from rackloom.performance.machine import Machine

settings.register_profile("steady", deadline=None)  # a busy machine is no failure
settings.load_profile("steady")

CATALOG = load_catalog()
DRAWS = Draws(7, 64, {"A": 0.01, "B": 0.03, "C": 0.1, "D": 0.2, "E": 0.3}, 2.0)
CHIP = Kernels(
    name="toy", rates_flop_per_s={"bf16": 1e12, "fp8": 2e12}, attention_forward_flop_per_s=1e12, attention_backward_flop_per_s=1e12, memory_bytes_per_s=1e9, launch_s=0.0,
    half_size=0.0, compute_keys=(), memory_keys=(),
)  # fmt: skip
MACHINE = Machine(
    name="toy", kernels=CHIP, memory_usable_bytes=1e12, links=(Link(8, 1e9, 1e-6, 0.0, ("up",)), Link(10**6, 1e8, 1e-5, 0.0, ("out",))), tensor_overlap=0.0, data_overlap=0.0,
    expert_overlap=0.0, pipeline_overlap=0.0, imbalance=1.0, host_bytes_per_s=1e9, older_attention=0.5, eager_gated=2.0, eager_plain=1.0, kernel_residual=1.0, network_residual=1.0, software=1.0, step_start_s=0.0, capacity_keys=(),
    overlap_keys=(), software_keys=(),
)  # fmt: skip
FREE_LINKS = tuple(Link(link.size, 1e30, 0.0, 0.0, link.keys) for link in MACHINE.links)
FAST_MEMORY = replace(MACHINE, kernels=replace(CHIP, memory_bytes_per_s=1e30))
TOY = gpt_model("toy", layers=4, hidden=1024, heads=16, ffn=4096, vocabulary=1000, context=512)


def figure(name: str, value: float, unit: str, low: float | None = None, high: float | None = None) -> Figure:
    """A figure that states its own span, so that its draws stay in it."""
    return Figure(f"test.{name}", value, unit, "test", "E", low=value if low is None else low, high=value if high is None else high)


def toy_system(*, up: float = 450e9, out: float = 50e9, memory: float = 80e9, bandwidth: float = 3e12, domain: int = 8, reduction: bool = False, peak: float = 1e15) -> System:
    """A node of eight accelerators."""
    tiers = (Tier("scale-up", domain, figure("up_bytes_per_s", up, "byte/s"), figure("up_latency_s", 2e-6, "s"), reduction),
             Tier("scale-out", 10**6, figure("out_bytes_per_s", out, "byte/s"), figure("out_latency_s", 8e-6, "s")))  # fmt: skip
    share = {name: figure(f"{name}_efficiency_share", 0.75, "1", 0.7, 0.8) for name in ("bf16", "fp8")}
    rates = {"bf16": figure("bf16_flop_per_s", peak, "FLOP/s"), "fp8": figure("fp8_flop_per_s", 2 * peak, "FLOP/s")}
    return System(
        "toy-8",
        "toy",
        8,
        rates,
        figure("memory_bytes", memory, "byte"),
        figure("memory_bytes_per_s", bandwidth, "byte/s"),
        tiers,
        share,
        figure("memory_efficiency_share", 0.8, "1", 0.75, 0.85),
    )


def training_need(*, tokens: float = 1e12, days: float = 30.0, model: str = "llama-3.1-8b") -> Need:
    """Tokens within days."""
    return Need("pretrain", "training", find_model(model), date(2027, 6, 1), tokens=figure("tokens", tokens, "token"), within_s=figure("within_s", days * 86400.0, "s"))


def serving_need(*, rate: float = 1e5, ttft: float | None = 2.0, tpot: float | None = 0.05, model: str = "llama-3.1-70b", growth: Figure | None = None) -> Need:
    """Requests of 2000 and 500 tokens."""
    return Need(
        "chat", "serving", find_model(model), date(2027, 1, 1), rate_tokens_per_s=figure("rate_tokens_per_s", rate, "token/s"), input_tokens=figure("input_tokens", 2000, "token"),
        output_tokens=figure("output_tokens", 500, "token"), ttft_s=None if ttft is None else figure("ttft_s", ttft, "s"), tpot_s=None if tpot is None else figure("tpot_s", tpot, "s"),
        growth_per_year=growth,
    )  # fmt: skip


def known_system(name: str) -> System:
    """A system of the catalogue."""
    return system(name, catalog=CATALOG)
