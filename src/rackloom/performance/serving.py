"""Time of serving: one step of the engine, and what a replica gives in steady state.

A step does two things at once (continuous batching): each running request gets its next token, and waiting prompts are
read, at most so many tokens of them that the step does not grow too long (chunked prefill). Products see the tokens of
both together. In steady state each of the b requests of a group is replaced once while it gets its `answer` tokens, so that
b x prompt / answer tokens of prompts come with each step; where that is more than a step takes, steps are for prompts and
requests wait. Times between tokens and of whole lives follow; what waiting adds is in `queue`.

Pipeline ranks work on as many groups of requests in turn, each of b / pp; a token passes all stages. Speculative decoding
checks `draft` guesses of a small head in one step; a ServingStrategy says how many are right.

As in training, strategies and machine are floats or arrays that broadcast.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..draws import Number
from ..needs.model import Layer, Model
from .attention import attention_forward, cache_bytes, decode_attention
from .collectives import Ranks, lay
from .jobs import ServingStrategy
from .kernels import ELEMENT_BYTES, Seconds, product, product_bytes
from .layers import SMALL, Product, Shares, attention_products, elementwise_bytes, expert_products, groups_of, layer_products, other_forward, products_bytes, products_forward
from .machine import Machine
from .parts import Part, message

CAUSES = ("compute", "memory", "scale_up", "scale_out", "host", "bubble")


@dataclass(frozen=True)
class ServeColumns:
    """Serving strategies as numbers or integer arrays of one shape."""

    tp: Number
    dp: Number
    batch: Number
    pp: Number = 1

    @property
    def ranks(self) -> Number:
        """Accelerators of one replica."""
        return self.tp * self.dp * self.pp

    @property
    def group_batch(self) -> Number:
        """Requests of one tensor-parallel group."""
        return np.ceil(self.batch / self.dp)


@dataclass(frozen=True)
class Load:
    """What one step of a group does: `decode` requests get a token after `context` others, `prefill` tokens of prompts are read.

    A prompt has `prompt` tokens to read after `cached` ones that need not be read (prefix cache). Numbers or arrays that broadcast.
    """

    decode: Number
    context: Number
    prefill: Number
    prompt: Number
    cached: Number = 0.0


def step_part(machine: Machine, model: Model, strategy: ServingStrategy, c: ServeColumns, load: Load) -> Part:
    """One step of all groups of a replica, from its first layer to its last."""
    guesses = 1.0 + strategy.draft
    total = _layers(machine, model, strategy, c, load, guesses) + _stages(machine, model, c, load.decode * guesses + load.prefill)
    return total + _draft(machine, model, strategy, c, load)


def _layers(machine: Machine, model: Model, strategy: ServingStrategy, c: ServeColumns, load: Load, guesses: float) -> Part:
    """All layers and the head; `guesses` tokens of each running request are checked at once."""
    running, read = load.decode / c.pp, load.prefill / c.pp
    tokens = running * guesses + read
    tensor, expert = _ranks(machine, c)
    total = _head(machine, model, running * guesses + read / load.prompt, c.tp)
    width = c.tp * c.dp
    for layer, count in groups_of(model):
        shares = Shares(tokens, c.tp, width, c.tp, strategy.precision, serving=True)
        products = _products(machine, model, layer, shares, strategy, tokens * c.dp)
        own = len(attention_products(model.hidden, layer.attention, shares))
        apart = ((products[:own], strategy.attention_precision or strategy.precision), (products[own:], strategy.precision))
        work = other_forward(machine, model.hidden, layer, products, shares)
        for some, precision in apart:
            work = work + products_forward(machine, some, precision)
        work = work + decode_attention(machine.kernels, layer.attention, running, load.context, c.tp, strategy.kv_precision, queries=guesses)
        work = work + _read(machine, layer, load, read, c.tp, strategy.kv_precision)
        seen = cache_bytes(layer.attention, running, load.context, c.tp, strategy.kv_precision)
        moved = sum(products_bytes(some, precision)[0] for some, precision in apart) + elementwise_bytes(model.hidden, layer, shares) + seen
        talk = _messages(machine, model, layer, c, tensor, expert, tokens, strategy)
        total = total + (Part(work, memory_bytes=moved) + talk).times(float(count))
    return total


def _products(machine: Machine, model: Model, layer: Layer, shares: Shares, strategy: ServingStrategy, everywhere: Number) -> list[Product]:
    """Products of a layer on the busiest rank; `everywhere` are the tokens of all groups. Experts that are cut see all tokens and lie evenly."""
    if not layer.experts or not strategy.cut_experts:
        return layer_products(model.hidden, layer, shares, machine.imbalance if layer.experts else 1.0, drawn=everywhere)
    plain = layer_products(model.hidden, replace(layer, experts=0), shares, 1.0)
    part = replace(layer, expert_dim=layer.expert_dim / shares.ep)  # type: ignore[arg-type]
    routed = expert_products(model.hidden, part, everywhere * layer.experts_per_token, replace(shares, ep=1), drawn=everywhere)
    return [*plain, Product(shares.tokens / shares.tp, layer.experts, model.hidden), *routed]


def _read(machine: Machine, layer: Layer, load: Load, read: Number, tp: Number, precision: str) -> Seconds:
    """Attention of the prompts' tokens over all before them: of a whole prompt less that of its cached part, in proportion."""
    cached = np.asarray(load.cached, dtype=float)
    whole = attention_forward(machine.kernels, layer.attention, load.prompt + cached, load.prompt + cached, tp, precision=precision)
    before = attention_forward(machine.kernels, layer.attention, np.maximum(cached, 1.0), np.maximum(cached, 1.0), tp, precision=precision).times(np.where(cached > 0.0, 1.0, 0.0))
    share = read / load.prompt
    return Seconds((whole.compute - before.compute) * share, (whole.memory - before.memory) * share)


def _stages(machine: Machine, model: Model, c: ServeColumns, tokens: Number) -> Part:
    """What a pipeline adds: activations from stage to stage, and stages of unlike length (layers do not divide)."""
    pp = np.asarray(c.pp, dtype=float)
    inside = np.asarray(2 * c.tp * c.dp <= machine.links[0].size)
    one = np.ones_like(np.asarray(c.pp))
    return message(machine, "send_receive", 2.0 * tokens / pp * model.hidden / c.tp, (np.where(inside, 2, one), np.where(inside, one, 2)), pp - 1.0)


def stage_ratio(model: Model, pp: Number) -> Number:
    """Layers of the longest stage over those of the mean one."""
    layers = len(model.layers)
    return np.ceil(layers / np.asarray(pp, dtype=float)) * pp / layers


def _draft(machine: Machine, model: Model, strategy: ServingStrategy, c: ServeColumns, load: Load) -> Part:
    """Guesses of a drafting head: as many passes through one layer of the model and its output head, one token of each request."""
    if not strategy.draft:
        return Part()
    last = model.layers[-1]
    running = load.decode / c.pp
    shares = Shares(running, c.tp, c.tp * c.dp, c.tp, strategy.precision)
    products = layer_products(model.hidden, last, shares, machine.imbalance if last.experts else 1.0, drawn=running * c.dp)
    work = products_forward(machine, products, strategy.precision) + other_forward(machine, model.hidden, last, products, shares)
    work = work + decode_attention(machine.kernels, last.attention, running, load.context, c.tp, strategy.kv_precision)
    tensor, expert = _ranks(machine, c)
    talk = _messages(machine, model, last, c, tensor, expert, running, strategy)
    return (Part(work, memory_bytes=products_bytes(products, strategy.precision)[0]) + talk + _head(machine, model, running, c.tp)).times(float(strategy.draft))


def _ranks(machine: Machine, c: ServeColumns) -> tuple[Ranks, Ranks]:
    domain = machine.links[0].size
    return lay(c.tp, 1, domain), lay(c.tp * c.dp, 1, domain)


def _head(machine: Machine, model: Model, tokens: Number, tp: Number) -> Part:
    width = model.vocabulary / tp
    return Part(product(machine.kernels, "bf16", tokens, width, model.hidden), memory_bytes=product_bytes("bf16", tokens, width, model.hidden))


def _messages(machine: Machine, model: Model, layer: Layer, c: ServeColumns, tensor: Ranks, expert: Ranks, tokens: Number, strategy: ServingStrategy) -> Part:
    """Messages of one layer: sums over the tensor ranks; with experts over several groups, tokens to them and back."""
    size = 2.0 * tokens * model.hidden
    one = message(machine, "all_reduce", size, tensor, direct=True)
    if not layer.experts:
        return one.times(2.0)
    alone = np.asarray(np.asarray(c.dp) == 1, dtype=float)  # one group: its ranks hold the experts and sum as for a dense layer
    visited = layer.experts_per_token
    domains = np.asarray(expert[1], dtype=float)
    copies = np.where(domains > 1.0, domains * (1.0 - (1.0 - 1.0 / domains) ** visited), visited)  # a domain gets a token once, however many of its experts it visits
    sent = tokens / c.tp * np.minimum(copies, visited) * model.hidden * machine.imbalance
    shared = one if layer.shared_dim or layer.ffn_dim else Part()
    there = ELEMENT_BYTES[strategy.precision] if strategy.precision in SMALL else 2.0
    if strategy.cut_experts:  # all tokens to all ranks, and their sums back
        whole = tokens * c.dp * model.hidden
        around = message(machine, "all_gather", there * whole, expert) + message(machine, "reduce_scatter", 2.0 * whole, expert)
        return one + one.times(alone) + (around + shared).times(1.0 - alone)
    visits = message(machine, "all_to_all", there * sent, expert) + message(machine, "all_to_all", 2.0 * sent, expert)
    return one + one.times(alone) + (visits + shared).times(1.0 - alone)


def accepted_tokens(strategy: ServingStrategy) -> float:
    """Tokens that one step gives a request: 1 + a + a^2 + ... for `draft` guesses of which each is right with share a if those before it are (Leviathan et al. 2023, arXiv 2211.17192)."""
    return float(sum(strategy.accepted_share**i for i in range(strategy.draft + 1)))
