"""Published measurements in our own form: what rows have in common is said once, units stand with their figures.

    published: 1
    models:
      gpt-22b: {name: GPT 22B, layers: 48, hidden: 6144, heads: 64, kv_heads: 64, ffn: 24576, vocabulary: 51200, shape_from: ...}
    sources:
      korthikanti_2022:
        title: ...
        address: ...
        publisher: NVIDIA
        grade: B
        common: {system: A100-80GB SXM, scale_up: 8, precision: fp16, sequence: 2048, pp: 1}
        cases:
        - {id: k22-22B-full, model: gpt-22b, accelerators: 8, tp: 8, dp: 1, micro_batch: 4, batch: 4, recompute: full, measured: {step_s: 1.42}}

A case's own word goes before `common`; `null` says that the source does not tell. Reading it gives the rows of the
collectors' form (`published`), which is what predictions take.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import Fault, Place, nearest
from ..figures import GRADES, read_quantity
from ..reading import Document

FORM = "published"
TOP = (FORM, "models", "sources")

SHAPE: Mapping[str, str] = {  # our word -> the collectors'
    "name": "name", "layers": "layers", "dense_layers": "dense_layers", "hidden": "hidden", "heads": "heads", "kv_heads": "kv_heads", "head_dim": "head_dim", "attention": "attention",
    "ffn": "ffn", "vocabulary": "vocab", "experts": "experts", "experts_per_token": "experts_per_token", "shared_experts": "shared_experts", "moe_ffn": "moe_ffn",
    "parameters": "params_b", "shape_from": "arch_source",
}  # fmt: skip
SOURCE: Mapping[str, str] = {"title": "title", "address": "ref", "publisher": "publisher", "licence": "licence", "notes": "notes", "grade": "grade"}
HARDWARE: Mapping[str, str] = {"system": "accelerator", "accelerators": "count", "scale_up": "scale_up_domain", "scale_out": "scale_out_gbps_per_gpu"}
STRATEGY: Mapping[str, str] = {
    "tp": "tp", "pp": "pp", "cp": "cp", "ep": "ep", "dp": "dp", "model_parallel": "model_parallel", "micro_batch": "micro_batch", "batch": "global_batch",
    "accumulation": "grad_accum", "interleave": "interleave", "sequence_parallel": "seq_parallel", "recompute": "recompute", "zero": "zero", "fsdp": "fsdp",
}  # fmt: skip
MEASURED: Mapping[str, str] = {
    "step_s": "seconds_per_iteration", "step_p10_s": "p10", "step_p90_s": "p90", "tokens_per_s": "tokens_per_s_per_gpu", "tflop_per_s": "tflops_per_gpu", "mfu": "mfu", "hfu": "hfu",
    "ttft_s": "ttft_ms", "tpot_s": "tpot_ms", "life_s": "total_s", "time_to_train_min": "time_to_train_min", "accelerator_hours": "gpu_hours", "tokens": "tokens",
}  # fmt: skip
MILLI = ("ttft_s", "tpot_s")  # the collectors write these in ms
SERVED: Mapping[str, str] = {"input_tokens": "isl", "output_tokens": "osl", "engine": "engine", "load": "concurrency"}
PLAIN: Mapping[str, str] = {"precision": "precision", "note": "notes", "recalled": "recalled", "where": "file"}
RECALLED: Mapping[str, str] = {**SHAPE, **HARDWARE, **STRATEGY, **MEASURED, "sequence": "seq"}
COMMON = (*HARDWARE, *STRATEGY, *SERVED, *PLAIN, "model", "sequence")
CASE = ("id", *COMMON, "measured")

Given = tuple[dict[str, Mapping[str, Any]], list[tuple[tuple[str | int, ...], Any]]]


def is_own_form(document: Document) -> bool:
    """Whether a file says that it is of our own form."""
    return FORM in document.value


def rows_of_own_form(document: Document, faults: list[Fault]) -> Given:
    """Sources and rows in the collectors' words, each row with its path in the file; faults are appended."""
    top = document.value
    if top[FORM] != 1:
        faults.append(Fault(f"{FORM}: {top[FORM]} is not known", document.place((FORM,)), mend=f"Write '{FORM}: 1'."))
    _known(document, (), top, TOP, faults)
    models, blocks = _mapping(document, ("models",), top.get("models"), faults), _mapping(document, ("sources",), top.get("sources"), faults)
    shapes = {key: _shape(document, key, shape, faults) for key, shape in models.items()}
    sources: dict[str, Mapping[str, Any]] = {}
    rows: list[tuple[tuple[str | int, ...], Any]] = []
    for key, block in blocks.items():
        at = ("sources", key)
        block = _mapping(document, at, block, faults)
        _known(document, at, block, (*SOURCE, "common", "cases"), faults)
        if not block.get("title") or block.get("grade") not in GRADES:
            faults.append(
                Fault(f"source '{key}' says title and grade ({', '.join(GRADES)})", document.place(at, key=True), mend="A measurement is worth what its source is worth.")
            )
        sources[key] = {theirs: block[ours] for ours, theirs in SOURCE.items() if block.get(ours) is not None}
        common = _mapping(document, (*at, "common"), block.get("common") or {}, faults)
        _known(document, (*at, "common"), common, COMMON, faults)
        cases = block.get("cases")
        if not isinstance(cases, list) or not cases:
            faults.append(Fault(f"source '{key}' has no list of 'cases'", document.place((*at, "cases"), key=True), mend="Add a case, or remove the source."))
            continue
        for index, case in enumerate(cases):
            path = (*at, "cases", index)
            case = _mapping(document, path, case, faults)
            _known(document, path, case, CASE, faults)
            rows.append((path, _row(document, path, key, common | case, shapes, faults)))
    return sources, rows


def _mapping(document: Document, at: tuple[str | int, ...], value: Any, faults: list[Fault]) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    faults.append(Fault(f"'{at[-1]}' is not a mapping", document.place(at), mend="Write 'key: value' lines."))
    return {}


def _known(document: Document, at: tuple[str | int, ...], value: Mapping[str, Any], known: tuple[str, ...], faults: list[Fault]) -> None:
    for key in value:
        if key not in known:
            faults.append(Fault(f"unknown key '{key}'", document.place((*at, key), key=True), nearest=nearest(key, known), mend=f"Keys: {', '.join(known)}."))


def _shape(document: Document, key: str, shape: Any, faults: list[Fault]) -> dict[str, Any]:
    at = ("models", key)
    shape = _mapping(document, at, shape, faults)
    _known(document, at, shape, tuple(SHAPE), faults)
    out = {theirs: shape[ours] for ours, theirs in SHAPE.items() if shape.get(ours) is not None}
    if isinstance(out.get("params_b"), (int, float)):
        out["params_b"] = out["params_b"] / 1e9
    return out


def _row(document: Document, at: tuple[str | int, ...], source: str, case: Mapping[str, Any], shapes: Mapping[str, Any], faults: list[Fault]) -> dict[str, Any]:
    """One case in the collectors' words."""
    key = str(case.get("model") or "")
    if key not in shapes:
        said = f"no model '{key}'" if key else "a case without a model"
        faults.append(Fault(said, _place(document, at, "model"), nearest=nearest(key, shapes) if key else "", mend="Name one of those under 'models'."))
    measured = _mapping(document, (*at, "measured"), case.get("measured") or {}, faults)
    _known(document, (*at, "measured"), measured, tuple(MEASURED), faults)
    row: dict[str, Any] = {"id": case.get("id"), "source": source, "model": {**shapes.get(key, {}), "key": key}}
    if case.get("sequence") is not None:
        row["model"]["seq"] = case["sequence"]
    row["hardware"] = _words(case, HARDWARE)
    if "scale_out_gbps_per_gpu" in row["hardware"]:
        row["hardware"]["scale_out_gbps_per_gpu"] = _gbps(document, at, case["scale_out"], faults)
    row["parallelism"], row["measured"] = _words(case, STRATEGY), _words(measured, MEASURED)
    row["measured"] |= {MEASURED[key]: 1e3 * measured[key] for key in MILLI if isinstance(measured.get(key), (int, float))}
    row |= _words(case, PLAIN) | _words(case, SERVED)
    if isinstance(row.get("recalled"), list):
        row["recalled"] = [RECALLED.get(word, word) for word in row["recalled"]]
    return row


def _words(given: Mapping[str, Any], words: Mapping[str, str]) -> dict[str, Any]:
    return {theirs: given[ours] for ours, theirs in words.items() if given.get(ours) is not None}


def _place(document: Document, at: tuple[str | int, ...], key: str) -> Place:
    """Where a case says a word: in itself, or in what the cases of its source have in common."""
    path = (*at, key)
    return document.place(path if path in document.values else (*at[:2], "common", key))


def _gbps(document: Document, at: tuple[str | int, ...], text: Any, faults: list[Fault]) -> float:
    """A rate of a link, per direction, in Gbit/s."""
    try:
        return read_quantity(text, "byte/s") * 8.0 / 1e9
    except ValueError as error:
        faults.append(Fault(f"scale_out: {error}", _place(document, at, "scale_out"), mend="Such as 400 Gbit/s."))
        return 1.0
