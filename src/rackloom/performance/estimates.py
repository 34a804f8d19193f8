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
from ..needs.model import Model, train_flop_per_token
from ..needs.need import Estimate
from .columns import Columns, columns_of, micro_batches
from .flops import RULES, flop_per_token
from .goodput import goodput_of
from .jobs import TrainingJob, TrainingStrategy, as_mapping, base_of, training_strategy
from .machine import Machine, make_machine
from .memory import training_memory
from .ripeness import GROUPS, group_of
from .training import step_times

CAUSES = ("compute", "memory", "scale_up", "scale_out", "host", "bubble")
FLOP_RULE = "useful FLOPs: 2 a weight that a token is multiplied with, attention under its causal mask, backward twice forward, recomputation not counted"
TRAINING_LEFT_OUT = (
    "ranks that are slower than others, beyond a stated start of each step",
    "expert routing beyond one stated imbalance",
    "losses where groups of powers of two leave places of a scale-up domain empty",
    "the host's share of starting kernels where they are too short to hide it",
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
    counts = put_strategy(written, {**as_mapping(s), "micro_batches": int(micro_batches(job, c)), "placed": accelerators})
    seconds = put_causes(written, machine, times.by_cause(), (*model_keys, *counts), "one step")
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
    memory = put_memory(written, kinds, (*model_keys, *counts))
    put_traffic(written, times.memory_bytes, times.scale_up_bytes, times.scale_out_bytes, (*model_keys, *counts), "one step")
    _put_rules(written, model, system, job, s, rate)
    spread = _put_spread(written, model, system, job, c, catalog)
    used = max(min(s.tp * s.cp, system.tiers[0].size), min(s.ep, system.tiers[0].size))
    written.put("scale_up_used_count", used, "1", "largest group of tensor, context or expert ranks that the strategy keeps in one scale-up domain", counts)
    fits, why = fits_in(machine, memory)
    shares = put_shares(written, seconds)
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


_COUNTED = {
    "tp": "tensor_ranks_count", "pp": "pipeline_ranks_count", "cp": "context_ranks_count", "dp": "data_ranks_count", "ep": "expert_ranks_count", "micro_batch": "micro_batch_count",
    "interleave": "chunks_count", "batch": "batch_count", "micro_batches": "micro_batches_count", "placed": "placed_accelerators_count", "replica": "replica_accelerators_count",
    "draft": "draft_tokens_count", "prefill_workers": "prefill_replicas_count", "decode_workers": "decode_replicas_count",
    **{f"{pool}_{key}": f"{pool}_{name}" for pool in ("prefill", "decode")
       for key, name in (("tp", "tensor_ranks_count"), ("pp", "pipeline_ranks_count"), ("dp", "data_ranks_count"), ("batch", "batch_count"))},
}  # fmt: skip


def put_strategy(written: Written, strategy: Mapping[str, object]) -> tuple[str, ...]:
    """The strategy's numbers as rows: what was chosen is an input of what follows."""
    keys = []
    for name, value in strategy.items():
        if name in _COUNTED and isinstance(value, (int, float)):
            formula = "accelerators that the job is given" if name == "placed" else "the strategy: as given, or the fastest one found that fits"
            written.put(_COUNTED[name], float(value), "1", formula)
            keys.append(written.key(_COUNTED[name]))
    return tuple(keys)


def put_causes(written: Written, machine: Machine, causes: Mapping[str, Number], keys: tuple[str, ...], of: str) -> dict[str, Number]:
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


def put_shares(written: Written, seconds: Mapping[str, Number]) -> dict[str, float]:
    """Share of each cause as a row; central values."""
    total = sum(seconds.values())
    keys = [written.key(f"{cause}_s") for cause in CAUSES]
    shares = {cause: written.put(f"{cause}_share", value / total, "1", f"{cause} over all causes", keys) for cause, value in seconds.items()}
    return {cause: central(value) for cause, value in shares.items()}


def put_memory(written: Written, kinds: Mapping[str, Number], keys: tuple[str, ...]) -> Number:
    """Memory by kind and in all as rows; the sum [B]."""
    for kind, value in kinds.items():
        written.put(f"{kind}_bytes", value, "byte", f"{kind} of the fullest accelerator", keys)
    return written.put("memory_bytes", sum(kinds.values()), "byte", " + ".join(kinds) + " of the fullest accelerator", [written.key(f"{kind}_bytes") for kind in kinds])


def put_traffic(written: Written, memory: Number, up: Number, out: Number, keys: tuple[str, ...], of: str) -> None:
    """Bytes that one accelerator moves, as rows."""
    written.put("memory_traffic_bytes", memory, "byte", f"{of}: bytes that one accelerator reads and writes", keys)
    written.put("scale_up_traffic_bytes", up, "byte", f"{of}: bytes that one accelerator sends over its scale-up link", keys)
    written.put("scale_out_traffic_bytes", out, "byte", f"{of}: bytes that one accelerator sends over its scale-out link", keys)


def fits_in(machine: Machine, memory: Number) -> tuple[bool, str]:
    """Whether the memory suffices, and by how much not."""
    usable, taken = central(machine.memory_usable_bytes), central(memory)
    if taken <= usable:
        return True, ""
    return False, f"does not fit: {taken / 1e9:.4g} GB of {usable / 1e9:.4g} GB usable memory of an accelerator"
