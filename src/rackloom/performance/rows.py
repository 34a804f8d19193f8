"""Published measurements as their collectors write them down, read into runs: model, system, job, strategy.

A row names what it ran on in the words of its source. What it says decides; what it does not say is settled by stated
rules (below, each with its reason) or left open, and open settings are taken at the fastest that fits (`runs`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from ..catalog import Catalog, Item, System, make_system
from ..errors import RackloomError
from ..figures import Figure
from ..needs.model import Model, find_model, shipped_models
from .flops import RULES, flop_per_token
from .jobs import RECOMPUTE, TrainingJob, base_of
from .runs import Run
from .shapes import model_of_shape, model_of_size

# How a source counts the FLOPs that it publishes, as its own text says; the rule of Megatron for all others.
FLOP_RULES: Mapping[str, str] = {"megatron_lm_2021": "megatron_recomputed", "llm_foundry": "llm_foundry"}
PRECISIONS = (("nvfp4", "nvfp4"), ("mxfp4", "mxfp4"), ("fp4", "fp4"), ("mxfp8", "mxfp8"), ("fp8", "fp8"), ("tf32", "tf32"), ("fp32", "tf32"), ("bf16", "bf16"), ("fp16", "bf16"))
GENERATIONS: Mapping[str, str] = {
    "v100": "volta", "a100": "ampere", "a800": "ampere", "l40s": "ada", "h100": "hopper", "h800": "hopper", "h200": "hopper", "h20": "hopper", "gh200": "hopper", "b200": "blackwell",
    "gb200": "blackwell", "b300": "blackwell", "gb300": "blackwell", "vr200": "rubin", "tpu": "tpu", "mi250x": "cdna", "mi300x": "cdna", "mi325x": "cdna", "mi350x": "cdna", "mi355x": "cdna",
    "trainium2": "trainium", "trainium3": "trainium", "gaudi3": "gaudi", "gaudi2": "gaudi",
}  # fmt: skip
DEFAULT_SEQUENCE = 4096


class NotScored(RackloomError):
    """A row that no prediction answers to, and why."""


@dataclass(frozen=True)
class Reading:
    """A row as a run, and how its figure compares: `quantity`, `measured` in it, and notes on what was settled how."""

    run: Run
    quantity: str
    measured: float
    machine: str
    notes: tuple[str, ...] = field(default=())


def read_row(row: Mapping[str, Any], source: Mapping[str, Any], catalog: Catalog) -> Reading:
    """A row of a training file as a run. Raises NotScored where it says too little, or names what is not known."""
    hardware, parallelism = row.get("hardware") or {}, row.get("parallelism") or {}
    notes: list[str] = []
    model = model_of_row(row.get("model") or {}, notes)
    accelerator = find_accelerator(str(hardware.get("accelerator", "")), catalog)
    system = system_of_row(str(row.get("id", "")), hardware, accelerator, catalog, notes)
    precision = precision_of_row(str(row.get("precision", "bf16")))
    sequence = int((row.get("model") or {}).get("seq") or min(model.context, DEFAULT_SEQUENCE))
    count = int(hardware.get("count") or 0)
    if count < 1:
        raise NotScored("the row does not say on how many accelerators it ran")
    practice = Practice.of(row, source, precision)
    given, open_settings = _strategy(parallelism, practice, str(row.get("notes") or "").lower())
    if not model.is_moe and "ep" in open_settings:
        open_settings.remove("ep")
    batch = _batch(parallelism, given, open_settings, count, notes)
    year = year_told(f"{row.get('source', '')}; {source.get('title', '')} {source.get('ref', '')}".replace("_", " "))
    job = TrainingJob(batch, sequence, precision, software_date=date(year, 7, 1) if year else None, dropout=practice.dropout, eager=practice.eager)
    run = Run(str(row.get("id", "")), model, system, job, count, given, tuple(open_settings), parallelism.get("model_parallel"))
    quantity, measured = _measured(row, model, sequence, system, precision, notes)
    return Reading(run, quantity, measured, generation_of(accelerator), tuple(notes))


def year_told(text: str) -> int | None:
    """The latest year that a title, reference or key tells: 2021, 2024-12, 202412, that of an arXiv number or of a round of MLPerf; None where it tells none."""
    rounds = [2020 + int(number) for number in re.findall(r"mlperf[^;]*?\bv(\d)\.\d", text, re.IGNORECASE)]  # MLPerf's round 5 was in 2025, its round 1 in 2021
    plain = [int(year) for year in re.findall(r"(?<!\d)(20[12]\d)(?=\D|[01]\d(?!\d)|$)", text)]
    papers = [2000 + int(year) for year in re.findall(r"(?<![\d.])([12]\d)(?:0[1-9]|1[0-2])\.\d{5}", text)]
    return max(plain + papers + rounds, default=None)


def generation_of(accelerator: Item) -> str:
    """The generation of an accelerator, as groups are named: ampere, hopper, blackwell, tpu, cdna, ..."""
    first = accelerator.name.split("-")[0]
    return GENERATIONS.get(first, first)


def find_accelerator(text: str, catalog: Catalog) -> Item:
    """The catalogue's accelerator whose name's words all occur in the text; the one with most words. Raises NotScored."""
    words = set(re.findall(r"[a-z0-9]+", text.lower()))
    words |= {word.removesuffix("gb") for word in words}  # "h100-96" is called "H100-96GB"
    fits = [item for item in catalog.of_kind("accelerator") if set(item.name.split("-")) <= words]
    if not fits:
        raise NotScored(f"no accelerator of the catalogue is called '{text}'")
    return max(fits, key=lambda item: (len(item.name.split("-")), item.name))


def system_of_row(name: str, hardware: Mapping[str, Any], accelerator: Item, catalog: Catalog, notes: list[str]) -> System:
    """Accelerators in their scale-up domain, with the scale-out link that the row states, else the one usual for them."""
    like = next((item for item in catalog.of_kind("system") if item.say("accelerator") == accelerator.name and item.get("scale_out_link_bytes_per_s")), None)
    domain = int(hardware.get("scale_up_domain") or accelerator.figure("scale_up_domain_count").value)
    rate = hardware.get("scale_out_gbps_per_gpu")
    if rate:
        link = Figure(f"rows.{name.replace('.', '-')}.scale_out_link_bytes_per_s", float(rate) * 1e9 / 8.0, "byte/s", "the row", "B", basis="per direction")
    elif like is not None:
        link = like.figure("scale_out_link_bytes_per_s")
        notes.append(f"scale-out link not stated: {link.value * 8e-9:.0f} Gbit/s taken, as of {like.name}")
    else:
        link = catalog.figure("performance-training", "scale_out_link_bytes_per_s")
        notes.append(f"scale-out link not stated: {link.value * 8e-9:.0f} Gbit/s assumed")
    return make_system(
        accelerator.name, accelerator=accelerator.name, accelerators=domain, scale_up_size=domain, scale_out_link=link, catalog=catalog, announced=accelerator.announced
    )


def precision_of_row(text: str) -> str:
    """The precision that a row's words name. Raises NotScored."""
    named = next((value for word, value in PRECISIONS if word in text.lower()), None)
    if named is None:
        raise NotScored(f"precision '{text}' is not known")
    return named


def model_of_row(given: Mapping[str, Any], notes: list[str]) -> Model:
    """A shipped model by name where its shape agrees, else the shape as the row gives it, else one of the size."""
    name = str(given.get("name") or given.get("key") or "")
    plain = name.lower().replace("_", "-").replace(" ", "-")
    if plain in shipped_models():
        found = find_model(plain)
        same = {"layers": len(found.layers), "hidden": found.hidden, "heads": found.layers[0].attention.heads}
        if all(given.get(key) in (None, value) for key, value in same.items()):
            return found
    if given.get("layers") and given.get("hidden"):
        return model_of_shape(given, notes)
    if given.get("params_b"):
        notes.append("only a size is given: shape by MaxText's rule of scaling")
        return model_of_size(name, float(given["params_b"]), int(given.get("vocab") or 32000))
    raise NotScored(f"the shape of model '{name}' is not given")


@dataclass(frozen=True)
class Practice:
    """What frameworks of a row's time and kind do, where the row does not say.

    fp16 is the practice of Megatron and its kin until 2022: attention that writes its scores, dropout, whole optimizer
    state on each replica, nothing hidden. A row with `zero` is of FSDP or DeepSpeed: kernels one by one unless the row or
    its source's date (2024 and later) speaks of a compiler; PyTorch's attention; tensor parallelism without overlap unless
    "async".
    """

    attention: str = "fused"
    dropout: bool = False
    zero: int = 1
    tensor_overlap: bool = True
    data_overlap: bool = True
    eager: bool = False

    @classmethod
    def of(cls, row: Mapping[str, Any], source: Mapping[str, Any], precision: str) -> Practice:
        """The practice that a row's precision, settings and notes speak of."""
        said = f"{row.get('notes') or ''}".lower()
        told = f"{source.get('title', '')} {source.get('ref', '')}".replace("_", " ")
        parallelism = row.get("parallelism") or {}
        if str(row.get("precision", "")).startswith("fp16"):
            return cls("unfused", True, 0, False, False)
        if "tpu" in str((row.get("hardware") or {}).get("accelerator", "")).lower():
            return cls(zero=3)
        if "zero" in parallelism or "fsdp" in parallelism:
            late = (year_told(told) or 0) >= 2024
            eager = "no compile" in said or not (late or "compile" in said or precision != "bf16")
            return cls("older", zero=3, tensor_overlap="async" in said, eager=eager)
        return cls()


def _strategy(parallelism: Mapping[str, Any], practice: Practice, said: str) -> tuple[dict[str, Any], list[str]]:
    """Settings as stated or as practice has them, and the names of those left open."""
    given: dict[str, Any] = {
        "attention": practice.attention, "tensor_overlap": practice.tensor_overlap, "data_overlap": practice.data_overlap, "zero": practice.zero,
    }  # fmt: skip
    open_settings: list[str] = []
    for key in ("tp", "pp", "cp", "ep", "dp", "micro_batch", "interleave", "zero"):
        value = parallelism.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and (value >= 1 or key == "zero"):
            given[key] = value
    if isinstance(parallelism.get("fsdp"), int):
        given["zero"] = 3
        if parallelism["fsdp"] > 1:
            given["dp"] = given.get("dp", 1) * parallelism["fsdp"]
    if "dualpipe" in said:
        given["schedule"] = "dualpipe"
    if isinstance(parallelism.get("seq_parallel"), bool):
        given["sequence_parallel"] = parallelism["seq_parallel"]
    elif practice.attention == "unfused":
        given["sequence_parallel"] = False  # Megatron has it since May 2022
    recompute = {"minimal": "selective"}.get(str(parallelism.get("recompute")), parallelism.get("recompute"))
    if recompute == "selective" and given["zero"] == 3:
        recompute = "operators"  # FSDP frameworks choose by operator
    if recompute in ("none", "selective", "operators", "full"):
        given["recompute"] = recompute
    for key in ("tp", "pp", "micro_batch", "recompute"):
        if key not in given:
            open_settings.append(key)
    split_open = parallelism.get("model_parallel") is not None and ("tp" not in given or "pp" not in given)
    if "cp" not in given and (split_open or ("tp" in open_settings and "pp" in open_settings)):
        open_settings.append("cp")
    if "ep" not in given:
        open_settings.append("ep")
    if "tp" not in given and "dp" not in given and "zero" not in parallelism and practice.attention != "unfused":
        open_settings.append("zero")  # nothing is told of how the model is spread
    if "interleave" not in given and given.get("pp", 2) > 1 and "schedule" not in given:
        open_settings.append("interleave")
    open_settings.append("gradients")
    return given, open_settings


def _batch(parallelism: Mapping[str, Any], given: dict[str, Any], open_settings: list[str], count: int, notes: list[str]) -> int:
    """Sequences of a step; where they are not stated, one micro batch on each replica, times the steps that gradients are gathered over."""
    stated = parallelism.get("global_batch")
    tp, pp, cp = (int(given.get(key, 1)) for key in ("tp", "pp", "cp"))
    replicas = int(given.get("dp") or max(1, count // (tp * pp * cp)))
    micro = given.get("micro_batch")
    if micro and pp > 1 and (not stated or micro * replicas == stated):
        del given["micro_batch"]  # a local batch, which the pipeline cuts into micro batches of a size not told
        open_settings.append("micro_batch")
        notes.append("the batch of a replica is stated, its micro batches are not")
    if stated:
        return int(stated)
    notes.append("batch of a step not stated")
    steps = int(parallelism.get("grad_accum") or 1)
    return replicas * int(micro or 1) * steps


def _measured(row: Mapping[str, Any], model: Model, sequence: int, system: System, precision: str, notes: list[str]) -> tuple[str, float]:
    """What is compared: seconds of a step, else tokens/s, else FLOP/s or utilisation turned into tokens/s by the source's rule."""
    measured = row.get("measured") or {}
    for quantity in ("seconds_per_iteration", "tokens_per_s_per_gpu"):
        if isinstance(measured.get(quantity), (int, float)):
            return quantity, float(measured[quantity])
    rule = FLOP_RULES.get(str(row.get("source")), "megatron")
    peak = system.flop_per_s[base_of(precision)].value if base_of(precision) in system.flop_per_s else 0.0
    rates = {"tflops_per_gpu": 1e12, "mfu": peak}
    for quantity, unit in rates.items():
        if isinstance(measured.get(quantity), (int, float)) and unit:
            notes.append(f"{quantity} turned into tokens/s by the rule '{rule}': {RULES[rule]}")
            return "tokens_per_s_per_gpu", float(measured[quantity]) * unit / float(flop_per_token(rule, model, sequence))
    recompute = (row.get("parallelism") or {}).get("recompute")
    if isinstance(measured.get("hfu"), (int, float)) and peak and recompute in RECOMPUTE:
        notes.append(f"hfu turned into tokens/s by the rule 'hardware': {RULES['hardware']}")
        return "tokens_per_s_per_gpu", float(measured["hfu"]) * peak / float(flop_per_token("hardware", model, sequence, recompute=recompute))
    raise NotScored("no step time, tokens/s or FLOP/s is given")
