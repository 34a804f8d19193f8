"""Predictions of published training runs, from their rows in our own form (validation/cases).

A row names model, system, accelerators, precision, strategy and job; `model` is a shipped model's name or the shape of a
GPT (layers, hidden, heads, ffn, vocabulary) where no config of it exists. What a row leaves open is predicted with the
best setting that fits, and the estimate says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..catalog import Catalog, load_catalog
from ..catalog import system as find_system
from ..draws import Draws
from ..errors import BadInput, Fault, nearest
from ..ledger import Ledger
from ..needs.model import Attention, Layer, Model, find_model
from ..needs.need import Estimate
from .estimates import Written, write_training
from .jobs import TrainingJob
from .machine import make_machine
from .runs import Run, settle

KEYS = ("id", "kind", "model", "system", "accelerators", "precision", "strategy", "job", "measured", "source", "grade", "note")
SHAPE = ("name", "layers", "hidden", "heads", "ffn", "vocabulary")
OPEN = ("tp", "pp", "cp", "micro_batch", "interleave", "recompute", "gradients")  # what a row may leave open


def predict_training_case(case: Mapping[str, Any], *, catalog: Catalog | None = None, draws: Draws | None = None) -> Estimate:
    """The estimate of one published training run.

    Raises BadInput for rows that are not of this form, Unknown for models, systems and precisions that are not known.
    """
    known = catalog or load_catalog()
    _check(case)
    model, system = _model(case["model"]), find_system(str(case["system"]), catalog=known)
    job = TrainingJob(int(case["job"]["global_batch"]), int(case["job"]["sequence"]), str(case["precision"]), dropout=bool(case["job"].get("dropout", False)))
    accelerators = int(case["accelerators"])
    given = dict(case.get("strategy") or {})
    product = given.pop("model_parallel", None)
    open_settings = tuple(key for key in OPEN if key not in given)
    name = str(case["id"]).replace(".", "-")
    run = Run(name, model, system, job, accelerators, given, open_settings, product)
    strategy = settle(run, make_machine(system, Ledger(), catalog=known))
    book = Ledger(draws)
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
