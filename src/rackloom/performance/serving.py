"""Time of serving: one prompt's prefill, one decode step, and what a replica with a batch of requests gives.

Prefill and decode share the replica (aggregated). In the time in which a request gets its `output` tokens, each of the
b requests of its group is replaced once, so b prefills come between:

    tpot = decode step + (b - 1) prefill / output;  ttft = prefill + one decode step;
    tokens/s of a replica = batch output / (b prefill + output decode step),  b = batch / dp.

Requests do not queue here. As in training, strategies and machine are floats or arrays that broadcast.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..draws import Number
from ..needs.model import Layer, Model
from .attention import attention_forward, cache_bytes, decode_attention
from .collectives import Ranks, lay
from .jobs import ServingStrategy
from .kernels import product, product_bytes
from .layers import Shares, elementwise_bytes, groups_of, layer_products, other_forward, products_bytes, products_forward
from .machine import Machine
from .parts import Part, message


@dataclass(frozen=True)
class ServeColumns:
    """Serving strategies as numbers or integer arrays of one shape."""

    tp: Number
    dp: Number
    batch: Number

    @property
    def ranks(self) -> Number:
        """Accelerators of one replica."""
        return self.tp * self.dp

    @property
    def group_batch(self) -> Number:
        """Requests of one tensor-parallel group."""
        return np.ceil(self.batch / self.dp)


@dataclass(frozen=True)
class ServeTimes:
    """What a replica gives: times [s], output tokens a second for each accelerator, time of one request's life by cause [s]."""

    prefill_s: Number
    decode_s: Number
    ttft_s: Number
    tpot_s: Number
    tokens_per_s_per_accelerator: Number
    causes: Mapping[str, Number]
    memory_bytes: Number  # bytes that one accelerator moves in the life of a batch
    scale_up_bytes: Number
    scale_out_bytes: Number


def decode_part(machine: Machine, model: Model, strategy: ServingStrategy, c: ServeColumns, context: Number) -> Part:
    """One decode step: every running request gets one token after `context` others."""
    tokens = c.group_batch
    tensor, expert = _ranks(machine, c)
    total = _head(machine, model, tokens, c.tp)
    for layer, count in groups_of(model):
        shares = Shares(tokens, c.tp, c.ranks, c.tp, strategy.precision)
        products = layer_products(model.hidden, layer, shares, machine.imbalance if layer.experts else 1.0, drawn=tokens * c.dp)
        work = products_forward(machine, products, strategy.precision) + other_forward(machine, model.hidden, layer, products, shares)
        cache = decode_attention(machine.kernels, layer.attention, tokens, context, c.tp, strategy.kv_precision)
        read = cache_bytes(layer.attention, tokens, context, c.tp, strategy.kv_precision)
        moved = products_bytes(products, strategy.precision)[0] + elementwise_bytes(model.hidden, layer, shares) + read
        talk = _messages(machine, model, layer, c, tensor, expert, tokens, strategy.precision, 1.0)
        total = total + (Part(work + cache, memory_bytes=moved) + talk).times(float(count))
    return total


def prefill_part(machine: Machine, model: Model, strategy: ServingStrategy, c: ServeColumns, prompt: Number) -> Part:
    """Prefill of one prompt of `prompt` tokens in each group; only the last token needs the head."""
    tensor, expert = _ranks(machine, c)
    total = _head(machine, model, 1.0, c.tp)
    for layer, count in groups_of(model):
        shares = Shares(prompt, c.tp, c.ranks, c.tp, strategy.precision)
        products = layer_products(model.hidden, layer, shares, machine.imbalance if layer.experts else 1.0)
        work = products_forward(machine, products, strategy.precision) + attention_forward(machine.kernels, layer.attention, prompt, prompt, c.tp)
        work = work + other_forward(machine, model.hidden, layer, products, shares)
        moved = products_bytes(products, strategy.precision)[0] + elementwise_bytes(model.hidden, layer, shares)
        talk = _messages(machine, model, layer, c, tensor, expert, prompt, strategy.precision, 1.0 - machine.tensor_overlap)
        total = total + (Part(work, memory_bytes=moved) + talk).times(float(count))
    return total


def _ranks(machine: Machine, c: ServeColumns) -> tuple[Ranks, Ranks]:
    domain = machine.links[0].size
    return lay(c.tp, 1, domain), lay(c.ranks, 1, domain)


def _head(machine: Machine, model: Model, tokens: Number, tp: Number) -> Part:
    width = model.vocabulary / tp
    return Part(product(machine.kernels, "bf16", tokens, width, model.hidden), memory_bytes=product_bytes("bf16", tokens, width, model.hidden))


def _messages(
    machine: Machine, model: Model, layer: Layer, c: ServeColumns, tensor: Ranks, expert: Ranks, tokens: Number, precision: str, shown: Number
) -> Part:  # fmt: skip
    """Messages of one layer: sums over the tensor ranks; with experts over several groups, tokens to them and back."""
    size = 2.0 * tokens * model.hidden
    one = message(machine, "all_reduce", size, tensor, direct=True).waiting(shown)
    if not layer.experts:
        return one.times(2.0)
    alone = np.asarray(np.asarray(c.dp) == 1, dtype=float)  # one group: its ranks hold the experts and sum as for a dense layer
    sent = tokens / c.tp * layer.experts_per_token * model.hidden * machine.imbalance
    there = 1.0 if precision in ("fp8", "fp4") else 2.0
    visits = message(machine, "all_to_all", there * sent, expert) + message(machine, "all_to_all", 2.0 * sent, expert)
    shared = one if layer.shared_dim or layer.ffn_dim else Part()
    return one + one.times(alone) + (visits + shared).times(1.0 - alone)


def serve_times(machine: Machine, model: Model, strategy: ServingStrategy, c: ServeColumns, prompt: Number, answer: Number) -> ServeTimes:
    """What one replica gives for requests of `prompt` and `answer` tokens."""
    prefill = prefill_part(machine, model, strategy, c, prompt)
    decode = decode_part(machine, model, strategy, c, prompt + answer / 2.0)
    b, slow = c.group_batch, machine.software
    life = prefill.times(b) + decode.times(answer)
    prefill_s, decode_s = prefill.seconds * slow, decode.seconds * slow
    rate = b * c.dp * answer / (life.seconds * slow) / c.ranks
    causes = {
        "compute": life.work.compute * slow,
        "memory": life.work.memory * slow,
        "scale_up": life.up_s * slow,
        "scale_out": life.out_s * slow,
        "host": 0.0 * life.seconds,
        "bubble": 0.0 * life.seconds,
    }
    return ServeTimes(
        prefill_s, decode_s, prefill_s + decode_s, decode_s + (b - 1.0) * prefill_s / answer, rate, causes, life.memory_bytes, life.up_bytes, life.out_bytes,
    )  # fmt: skip
