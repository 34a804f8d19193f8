"""Small files of published measurements, and predictions made up for them."""

from __future__ import annotations

from rackloom.performance import Prediction

SCHEMA = """\
schema: 1
collected: 2026-11
sources:
  one: {title: "First (2024)", ref: "https://example.org/one", publisher: Someone, licence: MIT}
  two: {title: Second}
models:
  small: &small {name: Small, layers: 4, hidden: 256, heads: 4, kv_heads: 4, ffn: 1024, vocab: 1000}
rows:
- {id: a, source: one, model: {<<: *small, key: small, seq: 2048}, hardware: {accelerator: H100-80GB SXM, count: 8, scale_up_domain: 8}, precision: bf16, parallelism: {tp: 1, dp: 8, global_batch: 64}, measured: {seconds_per_iteration: 2.0, mfu: 0.4}}
- {id: b, source: one, model: {<<: *small, hidden: 512, key: small}, hardware: {accelerator: H100-80GB SXM, count: 8}, precision: bf16, parallelism: {tp: 2}, measured: {tokens_per_s_per_gpu: 1000}}
- {id: c, source: two, model: {<<: *small, key: small}, hardware: {accelerator: A100, count: 8}, measured: {tflops_per_gpu: 100}, verified: false}
"""


def prediction(value: float, measured: float, **other) -> Prediction:
    """A prediction with an interval of 10 % to either side."""
    made = {
        "quantity": "seconds_per_iteration", "low": 0.9 * value, "high": 1.1 * value, "kind": "dense", "machine": "hopper", "model": "Small", "system": "H100-80GB SXM",
        "open_settings": (), "notes": (),
    }  # fmt: skip
    return Prediction(**{**made, "value": value, "measured": measured, **other})
