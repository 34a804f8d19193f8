"""Predictions of published training runs, from their rows in our own form (validation/cases).

A row names model, system, accelerators, precision, strategy and job; `model` is a shipped model's name or the shape of a
GPT (layers, hidden, heads, ffn, vocabulary) where no config of it exists. What a row leaves open is predicted with the
best setting that fits, and the estimate says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ..catalog import Catalog, System, load_catalog
from ..catalog import system as find_system
from ..draws import Draws
from ..errors import BadInput, Fault, nearest
from ..ledger import Ledger
from ..needs.model import Attention, Layer, Model, find_model
from ..needs.need import Estimate
from .estimates import Written, write_training
from .jobs import GRADIENTS, RECOMPUTE, TrainingJob, TrainingStrategy, training_strategy
from .machine import Machine, make_machine
from .search import training_grid, training_rates
from .training import COLUMNS, Columns, all_columns

KEYS = ("id", "kind", "model", "system", "accelerators", "precision", "strategy", "job", "measured", "source", "grade", "note")
SHAPE = ("name", "layers", "hidden", "heads", "ffn", "vocabulary")
SPLIT = ("tp", "pp", "cp")  # a row that leaves one of these open is searched over the grid
OPEN = ("micro_batch", "interleave", "recompute", "gradients")


def predict_training_case(case: Mapping[str, Any], *, catalog: Catalog | None = None, draws: Draws | None = None) -> Estimate:
    """The estimate of one published training run.

    Raises BadInput for rows that are not of this form, Unknown for models, systems and precisions that are not known.
    """
    known = catalog or load_catalog()
    _check(case)
    model, system = _model(case["model"]), find_system(str(case["system"]), catalog=known)
    job = TrainingJob(int(case["job"]["global_batch"]), int(case["job"]["sequence"]), str(case["precision"]), dropout=bool(case["job"].get("dropout", False)))
    accelerators = int(case["accelerators"])
    strategy, open_settings = _strategy(case, model, system, job, accelerators, make_machine(system, Ledger(), catalog=known))
    book = Ledger(draws)
    name = str(case["id"]).replace(".", "-")
    machine = make_machine(system, book, catalog=known)
    estimate = write_training(Written(book, f"evaluation.{name}"), machine, model, system, job, strategy, accelerators, need=name)
    said = (f"settings that the row leaves open, taken at the best that fits: {', '.join(open_settings)}",) if open_settings else ()
    return replace(estimate, left_out=(*estimate.left_out, *said))


def _check(case: Mapping[str, Any]) -> None:
    missing = [key for key in ("id", "model", "system", "accelerators", "precision", "job") if not case.get(key)]
    faults = [Fault(f"case '{case.get('id', '')}' does not say {', '.join(missing)}")] if missing else []
    faults += [Fault(f"case '{case.get('id', '')}': unknown key '{key}'", nearest=nearest(key, KEYS), mend=f"Keys: {', '.join(KEYS)}.") for key in case if key not in KEYS]
    job = case.get("job")
    if not missing and not (isinstance(job, Mapping) and job.get("global_batch") and job.get("sequence")):
        faults.append(Fault(f"case '{case['id']}': its job says global_batch and sequence"))
    if faults:
        raise BadInput(faults)


def _model(given: str | Mapping[str, Any]) -> Model:
    if isinstance(given, str):
        return find_model(given)
    missing = [key for key in SHAPE if key not in given]
    if missing:
        raise BadInput(Fault(f"the shape of a model also says {', '.join(missing)}", mend=f"Keys: {', '.join(SHAPE)}."))
    return gpt_model(
        str(given["name"]), layers=int(given["layers"]), hidden=int(given["hidden"]), heads=int(given["heads"]), ffn=int(given["ffn"]), vocabulary=int(given["vocabulary"])
    )


def gpt_model(name: str, *, layers: int, hidden: int, heads: int, ffn: int, vocabulary: int, context: int = 2048) -> Model:
    """A GPT-2 or GPT-3 shape: attention with a key-value head for each head, plain feed-forward, embedding tied to the head.

    Parameters as in Narayanan et al. 2021 (arXiv 2104.04473, equation 2): weights, biases and norms of each layer, token
    and position embeddings.
    """
    attention = Attention("mha", heads, heads, hidden // heads, v_dim=hidden // heads)
    weights = 4 * hidden * hidden + 2 * hidden * ffn
    others = 4 * hidden + ffn + hidden + 4 * hidden  # biases of attention and feed-forward, two norms with scale and shift
    layer = Layer(
        attention, ffn, gated=False, parameters=weights + others, active_parameters=weights + others, attention_parameters=4 * hidden * hidden + 4 * hidden,
        matmul_parameters=weights, norm_parameters=4 * hidden, dense_parameters=2 * hidden * ffn + ffn + hidden,
    )  # fmt: skip
    tables = hidden * (vocabulary + context)
    total = layers * layer.parameters + tables + 2 * hidden
    return Model(name, "GPT", hidden, vocabulary, True, (layer,) * layers, context, total, total, tables, 0, "bf16", source=f"shape of {name} as the case gives it")


def _strategy(case: Mapping[str, Any], model: Model, system: System, job: TrainingJob, accelerators: int, machine: Machine) -> tuple[TrainingStrategy, tuple[str, ...]]:
    """The row's strategy; settings that it leaves open are those of the fastest one that fits."""
    given = dict(case.get("strategy") or {})
    product = given.pop("model_parallel", None)
    if all(key in given for key in SPLIT):
        given.setdefault("dp", accelerators // (given["tp"] * given["pp"] * given["cp"]))
    known = training_strategy(given)
    missing = [key for key in (*SPLIT, *OPEN) if key not in given]
    if not missing:
        return known, ()
    columns = _open(given, product, known, training_grid(model, system, job, accelerators)) if any(key in SPLIT for key in missing) else _variants(known, missing, model)
    if np.asarray(columns.tp).size == 0:
        raise BadInput(Fault(f"case '{case['id']}': no strategy of the grid agrees with what the row says"))
    _, rate, memory = training_rates(machine, model, job, columns, accelerators)
    fits = memory <= float(machine.memory_usable_bytes)
    best = int(np.argmax(np.where(fits, rate, -1.0)) if fits.any() else np.argmin(memory))
    return columns.at(best), tuple(missing)


def _variants(known: TrainingStrategy, missing: list[str], model: Model) -> Columns:
    micro = (1, 2, 4) if "micro_batch" in missing else (known.micro_batch,)
    chunks = tuple(v for v in (1, 2, 3, 4, 6, 8) if v * known.pp <= len(model.layers) + 2 and (v == 1 or known.pp > 1)) if "interleave" in missing else (known.interleave,)
    again = RECOMPUTE if "recompute" in missing else (known.recompute,)
    sums = tuple(GRADIENTS) if "gradients" in missing else (known.gradients,)
    return all_columns([replace(known, micro_batch=m, interleave=v, recompute=r, gradients=g) for m in micro for v in chunks for r in again for g in sums])


def _open(given: Mapping[str, Any], product: int | None, known: TrainingStrategy, grid: Columns) -> Columns:
    """The grid's strategies that agree with what a row says."""
    keep = np.ones(np.asarray(grid.tp).shape, dtype=bool)
    for name in ("tp", "pp", "cp", "dp", "ep", "micro_batch", "interleave"):
        if name in given:
            keep &= np.asarray(getattr(grid, name)) == given[name]
    if product is not None:
        keep &= np.asarray(grid.tp) * np.asarray(grid.pp) * np.asarray(grid.cp) == product
    if "recompute" in given:
        keep &= np.asarray(grid.recompute) == RECOMPUTE.index(known.recompute)
    kept = {name: value[keep] if np.ndim(value := getattr(grid, name)) else value for name in COLUMNS}
    sums = tuple(GRADIENTS.values()) if "gradients" not in given else (GRADIENTS[known.gradients],)
    rows = int(keep.sum())
    wide = {name: np.tile(value, len(sums)) if np.ndim(value) else value for name, value in kept.items()}
    return Columns(**{**wide, "gradient_bytes": np.repeat(np.array(sums), rows)})
