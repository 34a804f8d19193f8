"""Estimates of one strategy, with their ledger: speed, memory, what limits, and every number's way back to its sources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from ..catalog import Catalog, System
from ..draws import Draws, Number, central, interval
from ..errors import BadInput, Fault
from ..figures import Figure
from ..ledger import Ledger, Numbers
from ..needs.model import Model, decode_flop_per_token, forward_flop_per_token, train_flop_per_token
from ..needs.need import Estimate
from .columns import Columns, columns_of, micro_batches
from .flops import RULES, flop_per_token
from .goodput import goodput_of
from .jobs import ServingStrategy, Traffic, TrainingJob, TrainingStrategy, as_mapping, base_of, serving_strategy, training_strategy
from .machine import Machine, make_machine
from .memory import serving_memory, training_memory
from .ripeness import GROUPS, group_of
from .serving import ServeColumns, serve_times
from .training import step_times

CAUSES = ("compute", "memory", "scale_up", "scale_out", "host", "bubble")
FLOP_RULE = "useful FLOPs: 2 a weight that a token is multiplied with, attention under its causal mask, backward twice forward, recomputation not counted"
TRAINING_LEFT_OUT = (
    "ranks that are slower than others, beyond a stated start of each step",
    "expert routing beyond one stated imbalance",
    "losses where groups of powers of two leave places of a scale-up domain empty",
    "the host's share of starting kernels where they are too short to hide it",
)
SERVING_LEFT_OUT = (
    "queueing: time to first token is one prompt's prefill and one decode step, without waiting for other prompts",
    "spread of request lengths: every request has the stated tokens",
    "chunked prefill, prefill and decode on separate accelerators, speculative decoding, reuse of prefixes",
    "pipeline parallelism",
)


@dataclass(frozen=True)
class Written:
    """Where an estimate writes: the ledger and the prefix of its rows."""

    book: Ledger
    prefix: str

    def put(self, name: str, value: Number, unit: str, formula: str, inputs: Iterable[str] = (), note: str = "") -> Number:
        """Write one row under the prefix; returns the value."""
        array = np.asarray(value, dtype=float)
        plain: Number = array if array.ndim else float(array)
        return self.book.put(f"{self.prefix}.{name}", plain, unit, formula, inputs, note=note)

    def key(self, name: str) -> str:
        """Key of a row under the prefix."""
        return f"{self.prefix}.{name}"


def prefix_of(name: str, model: Model, system: System) -> str:
    """Prefix of an estimate's rows: needs.NEED.SYSTEM."""
    return f"needs.{name or model.name.replace('.', '-')}.{system.name}"


def take_model(book: Ledger, model: Model) -> tuple[str, ...]:
    """Counts of a model as inputs of the ledger; returns their keys."""
    slug = f"models.{model.name.replace('.', '-')}"
    source = model.source or f"config of {model.name}"
    counts = {"parameters_count": model.parameters, "active_parameters_count": model.active_parameters, "layers_count": len(model.layers)}
    for name, value in counts.items():
        book.take(Figure(f"{slug}.{name}", float(value), "1", source, "A", note="counted from the model's config"))
    return tuple(f"{slug}.{name}" for name in counts)


def estimate_training(
    model: Model, system: System, job: TrainingJob, strategy: TrainingStrategy | Mapping[str, Any], *, draws: Draws | None = None, name: str = "", catalog: Catalog | None = None
) -> Estimate:
    """One training step of a model on a system by one strategy.

    Parameters
    ----------
    model, system, job : Model, System, TrainingJob
        what runs where
    strategy : TrainingStrategy or mapping
        ranks of every kind of parallelism; their product is the number of accelerators
    draws : Draws, optional
        uncertain inputs; the answer's numbers then carry them
    name : str
        name of the need, for the ledger; the model's by default
    catalog : Catalog, optional
        gives the model's assumptions; the shipped one by default

    `fits` is False, and `why_not` says so, where memory does not suffice; times are given all the same.
    Raises BadInput for strategies that do not divide the model, Unknown for a precision that the system does not have.
    """
    s = training_strategy(strategy)
    _check_training(model, job, s)
    book = Ledger(draws)
    written = Written(book, prefix_of(name, model, system))
    machine = make_machine(system, book, catalog=catalog, software_date=job.software_date)
    return write_training(written, machine, model, system, job, s, s.ranks, need=name, catalog=catalog)


def _check_training(model: Model, job: TrainingJob, s: TrainingStrategy) -> None:
    faults = []
    heads = model.layers[0].attention.heads
    experts = max(layer.experts for layer in model.layers)
    if heads % s.tp:
        faults.append(Fault(f"tp={s.tp} does not divide {heads} heads", mend="Choose a divisor."))
    if s.pp * s.interleave > len(model.layers) + 2:
        faults.append(Fault(f"pp={s.pp} x interleave={s.interleave} is more than the {len(model.layers)} layers with embedding and head"))
    if s.ep > 1 and (not experts or experts % s.ep):
        faults.append(Fault(f"ep={s.ep} does not divide {experts} experts"))
    if s.dp * s.micro_batch > job.global_batch:
        faults.append(Fault(f"dp={s.dp} x micro_batch={s.micro_batch} is more than global_batch={job.global_batch}"))
    if faults:
        raise BadInput(faults)


def write_training(
    written: Written, machine: Machine, model: Model, system: System, job: TrainingJob, s: TrainingStrategy, accelerators: int, *, need: str = "",
    catalog: Catalog | None = None,
) -> Estimate:  # fmt: skip
    """As `estimate_training`, into an open ledger and for `accelerators` of which the strategy may leave some idle."""
    c = columns_of(s)
    model_keys = take_model(written.book, model)
    times = step_times(machine, model, job, c)
    flop = written.put(
        "train_flop",
        train_flop_per_token(model, job.sequence),
        "FLOP",
        f"useful FLOPs of a token: 3 (2 weights that it meets + attention over {job.sequence}/2 tokens)",
        model_keys,
    )
    counts = _put_strategy(written, {**as_mapping(s), "micro_batches": int(micro_batches(job, c)), "placed": accelerators})
    seconds = _put_causes(written, machine, times.by_cause(), (*model_keys, *counts), "one step")
    step = written.put("step_s", sum(seconds.values()), "s", "compute + memory + scale-up + scale-out + host + bubble", [written.key(f"{cause}_s") for cause in CAUSES])
    tokens = float(job.global_batch * job.sequence)
    rate = written.put(
        "tokens_per_s_per_accelerator",
        tokens / step / accelerators,
        "token/s",
        f"{tokens:.6g} tokens of a step / step time / accelerators",
        [written.key("step_s"), written.key("placed_accelerators_count")],
    )
    written.put("accelerators_count", float(accelerators), "1", "accelerators that the job is placed on", [written.key("placed_accelerators_count")])
    written.put("flop_utilisation_share", flop * rate / system.flop_per_s[base_of(job.precision)].value, "1", f"useful FLOPs of a token x tokens/s per accelerator / dense {job.precision} data-sheet rate",
                [written.key("train_flop"), written.key("tokens_per_s_per_accelerator"), system.flop_per_s[base_of(job.precision)].key])  # fmt: skip
    kinds = training_memory(model, job, c)
    memory = _put_memory(written, kinds, (*model_keys, *counts))
    _put_traffic(written, times.memory_bytes, times.scale_up_bytes, times.scale_out_bytes, (*model_keys, *counts), "one step")
    _put_rules(written, model, system, job, s, rate)
    spread = _put_spread(written, model, system, job, c, catalog)
    used = max(min(s.tp * s.cp, system.tiers[0].size), min(s.ep, system.tiers[0].size))
    written.put("scale_up_used_count", used, "1", "largest group of tensor, context or expert ranks that the strategy keeps in one scale-up domain", counts)
    fits, why = _fits(machine, memory)
    shares = _put_shares(written, seconds)
    return Estimate(
        need or model.name, system.name, "training", fits, why, float(accelerators), s.tp * s.pp * s.cp, as_mapping(s), rate, memory, shares, max(shares, key=lambda cause: shares[cause]),
        FLOP_RULE, written.book, TRAINING_LEFT_OUT, step_s=step, spread=spread, prefix=written.prefix,
    )  # fmt: skip


def _put_rules(written: Written, model: Model, system: System, job: TrainingJob, s: TrainingStrategy, rate: Number) -> None:
    """Utilisation by each rule of counting FLOPs, so that it can be held against what others publish."""
    peak = system.flop_per_s[base_of(job.precision)]
    for rule, text in RULES.items():
        flop = written.put(f"{rule}_flop", flop_per_token(rule, model, job.sequence, recompute=s.recompute), "FLOP", f"FLOPs of a token by the rule '{rule}': {text}",
                           [written.key("train_flop")])  # fmt: skip
        written.put(f"{rule}_utilisation_share", flop * rate / peak.value, "1", f"FLOPs by the rule '{rule}' x tokens/s per accelerator / dense {job.precision} data-sheet rate",
                    [written.key(f"{rule}_flop"), written.key("tokens_per_s_per_accelerator"), peak.key])  # fmt: skip


def _put_spread(written: Written, model: Model, system: System, job: TrainingJob, c: Columns, catalog: Catalog | None) -> dict[str, float]:
    """How far the step's time spreads by each group of uncertain figures alone: half of its 80 % interval over its central value."""
    draws = written.book.draws
    if draws is None:
        return {}
    found = {}
    for group in GROUPS:
        alone = replace(draws, only=partial(_is_of, group))
        machine = make_machine(system, Numbers(alone), catalog=catalog, software_date=job.software_date)
        step = step_times(machine, model, job, c).step_s
        low, high = interval(step) or (0.0, 0.0)
        found[group] = float(written.put(f"{group}_spread_share", (high - low) / 2.0 / central(step), "1",
                                         f"half of the 80 % interval of the step's time, with only the figures of this group uncertain ({GROUPS[group]})", [written.key("step_s")]))  # fmt: skip
    return found


def _is_of(group: str, key: str) -> bool:
    return group_of(key) == group


def write_goodput(written: Written, model: Model, job: TrainingJob, accelerators: int, catalog: Catalog) -> Number:
    """Share of a run's time that goes into steps, with what it comes from."""
    found = goodput_of(model, job.optimizer, accelerators, catalog, written.book)
    written.put("between_interruptions_s", found.between_interruptions_s, "s", "GPUs x days / interruptions of the published run / ratio / accelerators", found.keys)
    written.put("checkpoint_s", found.checkpoint_s, "s", "weights and optimizer state / (write rate x accelerators)", found.keys)
    between = [written.key("checkpoint_s"), written.key("between_interruptions_s")]
    written.put("between_checkpoints_s", found.between_checkpoints_s, "s", "sqrt(2 x checkpoint x time between interruptions) (Young 1974)", between)
    return written.put("goodput_share", found.share, "1", "1 / (1 + checkpoint / between checkpoints + between checkpoints / (2 between interruptions) + restart / between interruptions)",
                       [*between, written.key("between_checkpoints_s"), *found.keys])  # fmt: skip


def estimate_serving(
    model: Model, system: System, traffic: Traffic, strategy: ServingStrategy | Mapping[str, Any], *, draws: Draws | None = None, name: str = "", catalog: Catalog | None = None
) -> Estimate:
    """One replica that serves a model on a system by one strategy, prefill and decode together.

    Parameters as in `estimate_training`; `traffic` gives tokens of a prompt and an answer. With `rate_tokens_per_s` the
    estimate's `accelerators` carry that rate, else they are one replica.
    Raises BadInput for strategies that do not divide the model, Unknown for a precision that the system does not have.
    """
    s = serving_strategy(strategy)
    _check_serving(model, s)
    book = Ledger(draws)
    written = Written(book, prefix_of(name, model, system))
    machine = make_machine(system, book, catalog=catalog)
    asked = {"input_tokens": traffic.input_tokens, "output_tokens": traffic.output_tokens, "rate_tokens_per_s": traffic.rate_tokens_per_s}
    units = {"rate_tokens_per_s": "token/s"}
    figures = {
        key: Figure(f"{written.prefix}.asked.{key}", value, units.get(key, "token"), "traffic as given", "E", low=value, high=value)
        for key, value in asked.items()
        if value is not None
    }
    return write_serving(written, machine, model, system, figures, s, need=name)


def _check_serving(model: Model, s: ServingStrategy) -> None:
    faults = []
    heads = model.layers[0].attention.heads
    experts = max(layer.experts for layer in model.layers)
    if heads % s.tp:
        faults.append(Fault(f"tp={s.tp} does not divide {heads} heads", mend="Choose a divisor."))
    if s.dp > 1 and not experts:
        faults.append(Fault(f"dp={s.dp}: groups share experts, and this model has none", mend="Replicas of a dense model are counted, not grouped: dp=1."))
    if experts and experts % s.ranks:
        faults.append(Fault(f"tp x dp = {s.ranks} does not divide {experts} experts"))
    if faults:
        raise BadInput(faults)


def write_serving(written: Written, machine: Machine, model: Model, system: System, traffic: Mapping[str, Figure], s: ServingStrategy, *, need: str = "") -> Estimate:
    """As `estimate_serving`, into an open ledger, with the traffic as figures: input_tokens, output_tokens and perhaps rate_tokens_per_s."""
    book = written.book
    prompt, answer = book.take(traffic["input_tokens"]), book.take(traffic["output_tokens"])
    lengths = (traffic["input_tokens"].key, traffic["output_tokens"].key)
    model_keys = (*take_model(book, model), *lengths)
    c = ServeColumns(s.tp, s.dp, s.batch)
    times = serve_times(machine, model, s, c, prompt, answer)
    counts = _put_strategy(written, {**as_mapping(s), "replica": s.ranks})
    written.put("serve_flop", decode_flop_per_token(model, prompt + answer / 2.0) + forward_flop_per_token(model, prompt) * prompt / answer, "FLOP",
                "useful FLOPs of an output token: decode after input + output/2 tokens, and its part of the prefill", model_keys)  # fmt: skip
    inputs = (*machine.kernels.compute_keys, *machine.kernels.memory_keys, *machine.link_keys, *machine.overlap_keys, *machine.software_keys, *model_keys, *counts)
    prefill = written.put("prefill_s", times.prefill_s, "s", "layers of one prompt by the roofline, with their messages", inputs)
    decode = written.put(
        "decode_s", times.decode_s, "s", "layers of one token of each running request: the longer of weights and cache over bandwidth and FLOPs over rate, with messages", inputs
    )
    ttft = written.put("ttft_s", prefill + decode, "s", "prefill of one prompt + one decode step; no queueing", [written.key("prefill_s"), written.key("decode_s")])
    between = [written.key("prefill_s"), written.key("decode_s"), lengths[1], *counts]
    tpot = written.put("tpot_s", times.tpot_s, "s", "decode step + (b - 1) prefill / output tokens; b requests of a group", between)
    rate = written.put(
        "tokens_per_s_per_accelerator",
        times.tokens_per_s_per_accelerator,
        "token/s",
        "batch x output tokens / (b prefill + output tokens x decode step) / accelerators of a replica",
        between,
    )
    seconds = _put_causes(written, machine, times.causes, (*model_keys, *counts), "life of one batch of requests")
    memory = _put_memory(written, serving_memory(model, s, prompt + answer, s.tp, s.dp, s.batch), (*model_keys, *counts))
    _put_traffic(written, times.memory_bytes, times.scale_up_bytes, times.scale_out_bytes, (*model_keys, *counts), "life of one batch of requests")
    written.put("scale_up_used_count", min(s.ranks, system.tiers[0].size), "1", "ranks of a replica that lie in one scale-up domain", counts)
    accelerators: Number = float(s.ranks)
    if "rate_tokens_per_s" in traffic:
        asked = book.take(traffic["rate_tokens_per_s"])
        accelerators = np.ceil(asked / (rate * s.ranks)) * s.ranks
        written.put(
            "accelerators_count",
            accelerators,
            "1",
            "rate / tokens/s of a replica, whole replicas, x accelerators of a replica",
            [traffic["rate_tokens_per_s"].key, written.key("tokens_per_s_per_accelerator"), *counts],
        )
        accelerators = book.value(written.key("accelerators_count"))
    else:
        written.put("accelerators_count", accelerators, "1", "one replica", counts)
    fits, why = _fits(machine, memory)
    shares = _put_shares(written, seconds)
    return Estimate(
        need or model.name, system.name, "serving", fits, why, accelerators, s.ranks, as_mapping(s), rate, memory, shares, max(shares, key=lambda cause: shares[cause]),
        FLOP_RULE, book, SERVING_LEFT_OUT, ttft_s=ttft, tpot_s=tpot, prefix=written.prefix,
    )  # fmt: skip


_COUNTED = {
    "tp": "tensor_ranks_count", "pp": "pipeline_ranks_count", "cp": "context_ranks_count", "dp": "data_ranks_count", "ep": "expert_ranks_count", "micro_batch": "micro_batch_count",
    "interleave": "chunks_count", "batch": "batch_count", "micro_batches": "micro_batches_count", "placed": "placed_accelerators_count", "replica": "replica_accelerators_count",
}  # fmt: skip


def _put_strategy(written: Written, strategy: Mapping[str, object]) -> tuple[str, ...]:
    """The strategy's numbers as rows: what was chosen is an input of what follows."""
    keys = []
    for name, value in strategy.items():
        if name in _COUNTED and isinstance(value, (int, float)):
            formula = "accelerators that the job is given" if name == "placed" else "the strategy: as given, or the fastest one found that fits"
            written.put(_COUNTED[name], float(value), "1", formula)
            keys.append(written.key(_COUNTED[name]))
    return tuple(keys)


def _put_causes(written: Written, machine: Machine, causes: Mapping[str, Number], keys: tuple[str, ...], of: str) -> dict[str, Number]:
    """Time by cause as rows, each with the figures that it rests on."""
    up, out = machine.links[0].keys, machine.links[-1].keys
    work = (*machine.kernels.compute_keys, *machine.kernels.memory_keys, *machine.software_keys)
    told: dict[str, tuple[str, tuple[str, ...]]] = {
        "compute": (f"{of}: kernels whose FLOPs take longer than their bytes, and starts of kernels", (*work, *keys)),
        "memory": (f"{of}: kernels whose bytes take longer than their FLOPs", (*work, *keys)),
        "scale_up": (f"{of}: messages that wait for the scale-up links (start + steps x latency + bytes / rate)", (*up, *machine.overlap_keys, *machine.software_keys, *keys)),
        "scale_out": (f"{of}: messages that wait for the scale-out links (start + steps x latency + bytes / rate)", (*out, *machine.overlap_keys, *machine.software_keys, *keys)),
        "host": (f"{of}: optimizer state and activations on their way to the host's memory and back", (*machine.overlap_keys, *keys)),
        "bubble": (f"{of}: (p - 1) / v micro batches of filling the pipeline, and waiting for its busiest stage", (*work, *machine.link_keys, *machine.overlap_keys, *keys)),
    }
    return {cause: written.put(f"{cause}_s", causes[cause], "s", *told[cause]) for cause in CAUSES}


def _put_shares(written: Written, seconds: Mapping[str, Number]) -> dict[str, float]:
    total = sum(seconds.values())
    keys = [written.key(f"{cause}_s") for cause in CAUSES]
    shares = {cause: written.put(f"{cause}_share", value / total, "1", f"{cause} over all causes", keys) for cause, value in seconds.items()}
    return {cause: central(value) for cause, value in shares.items()}


def _put_memory(written: Written, kinds: Mapping[str, Number], keys: tuple[str, ...]) -> Number:
    for kind, value in kinds.items():
        written.put(f"{kind}_bytes", value, "byte", f"{kind} of the fullest accelerator", keys)
    return written.put("memory_bytes", sum(kinds.values()), "byte", " + ".join(kinds) + " of the fullest accelerator", [written.key(f"{kind}_bytes") for kind in kinds])


def _put_traffic(written: Written, memory: Number, up: Number, out: Number, keys: tuple[str, ...], of: str) -> None:
    written.put("memory_traffic_bytes", memory, "byte", f"{of}: bytes that one accelerator reads and writes", keys)
    written.put("scale_up_traffic_bytes", up, "byte", f"{of}: bytes that one accelerator sends over its scale-up link", keys)
    written.put("scale_out_traffic_bytes", out, "byte", f"{of}: bytes that one accelerator sends over its scale-out link", keys)


def _fits(machine: Machine, memory: Number) -> tuple[bool, str]:
    usable, taken = central(machine.memory_usable_bytes), central(memory)
    if taken <= usable:
        return True, ""
    return False, f"does not fit: {taken / 1e9:.4g} GB of {usable / 1e9:.4g} GB usable memory of an accelerator"
