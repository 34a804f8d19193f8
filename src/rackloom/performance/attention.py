"""Time of attention over its scores: whole sequences (training, prefill) and one new token over a cache (decode).

Whole sequences: each unit (SM, CU) takes tiles of 128 queries of one head and walks along the keys that they see. A score
costs its FLOPs at the rate of the products inside attention and, since the exponentials of newer chips did not grow with
their matrix units (FlashAttention-4, arXiv 2603.05451), some cycles of the unit. The last tiles, which see most keys under a
causal mask, leave other units idle. Backward takes 2.5 times the FLOPs (the scores are computed again) at a lower rate.

Decode reads the keys and values that a token sees, with a unit that walks along some of them at least; latent attention (MLA) reads one latent vector for all heads and
multiplies each query with it, so that many heads are bound by FLOPs.
"""

from __future__ import annotations

import numpy as np

from ..draws import Number
from ..needs.architectures.attention import Attention, decode_score_flop, forward_score_flop, index_flop
from .kernels import ELEMENT_BYTES, SCORE_FLOP_128, Kernels, Seconds, joined, roofline

QUERY_TILE, KEY_TILE = 128.0, 128.0
BACKWARD_FLOP = 2.5  # over forward: five products in place of two
# Bytes a score of unfused attention: write scores 2; mask and softmax 4; dropout 5; read for values 2. Back: values 4, dropout 5, softmax 6, scores 4.
UNFUSED_FORWARD_BYTES, UNFUSED_BACKWARD_BYTES = 13.0, 19.0


def kv_split(attention: Attention, tp: Number) -> Number:
    """Over how many of the tp ranks the key-value heads can be split; the latent vector cannot."""
    return np.minimum(tp, 1 if attention.kind == "mla" else attention.kv_heads)


def score_flop(attention: Attention, sequence: Number, *, halved: bool = True) -> Number:
    """FLOPs of attention over its scores for one token forward, averaged over a sequence; all heads.

    2 x heads x (size of a query-key head + size of a value head) x tokens seen; a token sees half of the sequence on
    average where the kernel skips what the mask hides (`halved`).
    """
    length = np.asarray(sequence, dtype=float)
    if halved or attention.kind == "linear":
        return forward_score_flop(attention, length)
    return 2.0 * attention.heads * (attention.head_dim + attention.v_dim) * length


def _seen(attention: Attention, sequence: Number) -> Number:
    """Keys that a query attends to, averaged over a sequence."""
    length = np.asarray(sequence, dtype=float)
    return (forward_score_flop(attention, length) - index_flop(attention, length / 2.0)) / (2.0 * attention.heads * (attention.head_dim + attention.v_dim))


def _index_s(chip: Kernels, attention: Attention, tokens: Number, context: Number) -> Number:
    """Time in which the indexer of sparse attention scores all tokens before, whole on each rank, in 8 bits where the chip has them [s]; 0 without one."""
    return np.asarray(tokens * index_flop(attention, np.asarray(context, dtype=float)) / chip.rate("fp8" if "fp8" in chip.rates_flop_per_s else "bf16"))


def attention_forward(chip: Kernels, attention: Attention, tokens: Number, sequence: Number, tp: Number, *, fused: Number | bool = True, precision: str = "bf16") -> Seconds:
    """Attention over its scores, forward: fused into one kernel, or with the scores written to memory. Its start is apart.

    tokens: of the sequences of this rank; sequence: tokens of each; tp: ranks that share the heads. Floats or arrays that
    broadcast. `precision` is that of queries, keys and values.
    """
    quick = _fused_s(chip, attention, tokens, sequence, tp, 1.0, precision)
    if fused is True:
        return joined(quick, _moved_bytes(attention, tokens, tp, precision) / chip.memory_bytes_per_s, chip.units.join) if chip.units is not None else Seconds(quick, 0.0)
    return _unfused(chip, attention, tokens, sequence, tp, fused, quick, (1.0, UNFUSED_FORWARD_BYTES))


def attention_backward(chip: Kernels, attention: Attention, tokens: Number, sequence: Number, tp: Number, *, fused: Number | bool = True) -> Seconds:
    """Attention over its scores, backward: five products in place of two where fused (the scores are computed again), else four."""
    slower = BACKWARD_FLOP * chip.attention_forward_flop_per_s / chip.attention_backward_flop_per_s
    quick = _fused_s(chip, attention, tokens, sequence, tp, slower, "bf16")
    if fused is True:
        return Seconds(quick, 0.0)
    return _unfused(chip, attention, tokens, sequence, tp, fused, quick, (2.0, UNFUSED_BACKWARD_BYTES))


def _unfused(chip: Kernels, attention: Attention, tokens: Number, sequence: Number, tp: Number, fused: Number | bool, quick: Number, work: tuple[float, float]) -> Seconds:
    """`quick` where fused; elsewhere the products over all scores and the scores' way to memory and back."""
    passes, score_bytes = work
    compute = passes * tokens * score_flop(attention, sequence, halved=False) / tp / chip.rate("bf16")
    memory = score_bytes * tokens * sequence * attention.heads / tp / chip.memory_bytes_per_s
    return Seconds(np.where(fused, quick, compute), np.where(fused, 0.0, memory))


def _fused_s(chip: Kernels, attention: Attention, tokens: Number, sequence: Number, tp: Number, factor: Number, precision: str) -> Number:
    """Time of fused attention on the units [s], `factor` times that of forward, with the indexer's of sparse attention. Linear attention is products with a state."""
    index_s = factor * _index_s(chip, attention, tokens, np.asarray(sequence, dtype=float) / 2.0)
    if attention.kind == "linear":
        return np.asarray(factor * tokens * score_flop(attention, sequence) / tp / chip.rate("bf16"))
    if chip.units is None:
        width = 2.0 * attention.heads * (attention.head_dim + attention.v_dim)
        return np.asarray(factor * tokens * width * _seen(attention, sequence) / tp / chip.attention_forward_flop_per_s + index_s)
    units = chip.units
    softmax_s = units.softmax_cycles / units.clock_hz  # of one unit, as everything here
    flop_s = units.count / chip.attention_forward_flop_per_s - softmax_s / SCORE_FLOP_128
    if precision != "bf16":
        flop_s = flop_s * (chip.rate("bf16") / chip.rate(precision))
    row_s = factor * QUERY_TILE * (2.0 * (attention.head_dim + attention.v_dim) * flop_s + softmax_s)  # a tile's queries by one key
    length = np.asarray(sequence, dtype=float)
    widest = np.minimum(length, attention.span) if attention.span else length
    keys = np.ceil(widest / KEY_TILE) * KEY_TILE if attention.span else length
    mean = _seen(attention, length) + (KEY_TILE if attention.span else 0.5 * KEY_TILE)  # tiles on the edges of the mask are computed whole
    tiles = tokens / length * np.ceil(length / QUERY_TILE) * (attention.heads / tp)
    return np.asarray(tiles / units.count * (row_s * mean + factor * units.tile_s) + units.chain_share * row_s * (keys + KEY_TILE) + index_s)


def _moved_bytes(attention: Attention, tokens: Number, tp: Number, precision: str) -> Number:
    """Queries, keys and values read, results written in 16 bits [B]."""
    heads = attention.heads / tp
    pairs = heads if attention.kind == "mla" else attention.kv_heads / kv_split(attention, tp)
    return tokens * (ELEMENT_BYTES[precision] * (heads * attention.head_dim + pairs * (attention.head_dim + attention.v_dim)) + 2.0 * heads * attention.v_dim)


def decode_attention(
    chip: Kernels, attention: Attention, tokens: Number, context: Number, tp: Number, kv_precision: str, *, queries: float = 1.0
) -> Seconds:  # fmt: skip
    """Attention of one new token of each of `tokens` requests over a cache of `context` tokens; its start is apart.

    kv_precision: in which the cache lies; queries: new tokens of a request that are looked at together (speculative decoding),
    which read the cache once. Floats or arrays that broadcast.
    """
    rate = chip.attention_forward_flop_per_s
    if ELEMENT_BYTES[kv_precision] == 1.0 and "fp8" in chip.rates_flop_per_s:  # products in the type that the cache lies in
        rate = rate * (chip.rate("fp8") / chip.rate("bf16"))
    flop_s = queries * (decode_flop(attention, tokens, context, tp) / rate + _index_s(chip, attention, tokens, context))
    bytes_s = cache_bytes(attention, tokens, context, tp, kv_precision) / (chip.memory_bytes_per_s * chip.cache_read_share)
    if chip.units is None:
        return roofline(flop_s, bytes_s)
    units = chip.units
    seen = 0.0 if attention.kind == "linear" else np.minimum(context, attention.span) if attention.span else context
    visits = tokens * (1.0 if attention.kind == "mla" else attention.kv_heads / kv_split(attention, tp))  # a unit takes one request and key-value head
    unit_s = units.walk_s * np.minimum(seen, units.walk_depth) + units.visit_s * visits / units.count
    return joined(flop_s, bytes_s, units.join) + Seconds(unit_s, 0.0)


def cache_bytes(attention: Attention, tokens: Number, context: Number, tp: Number, kv_precision: str) -> Number:
    """Bytes of cache that the attention of `tokens` new tokens reads on one rank [B]; of sparse attention the index keys
    of all tokens, whole on each rank, and the rest of those chosen.
    """
    seen = np.minimum(context, attention.span) if attention.span else context
    state = 2.0 * attention.state_elements / tp  # read and written
    values = (attention.cache_elements - attention.index_dim) * seen / kv_split(attention, tp)
    return tokens * ELEMENT_BYTES[kv_precision] * (values + attention.index_dim * context + state)


def decode_flop(attention: Attention, tokens: Number, context: Number, tp: Number) -> Number:
    """FLOPs of the attention of `tokens` new tokens on one rank, without an indexer's; latent attention works on the latent vector itself."""
    seen = np.asarray(context, dtype=float)
    return tokens * (decode_score_flop(attention, seen) - index_flop(attention, seen)) / tp
