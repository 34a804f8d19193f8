"""One attention block as hardware sees it: its shape, what it keeps of the tokens before, and its FLOPs over them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Attention:
    """Shape of one attention block.

    `kind` is "mha" (a key-value head for each query head), "gqa" (fewer key-value heads), "mla" (keys and values
    compressed into one latent vector, DeepSeek-V2), "sliding" (mha or gqa over the last `window` tokens only), "chunked"
    (mha or gqa over the tokens of its own chunk of `window` tokens only, Llama 4) or "linear" (no softmax: each head adds
    key x value to one matrix, lightning attention, arXiv 2501.08313, section 2.2).
    With `chosen` above 0 a query attends only to so many tokens, which a small indexer of `index_heads` heads of `index_dim` chooses
    among all (DeepSeek Sparse Attention, DeepSeek-V3.2-Exp, section 2.1): the cache holds all of them, and an index key for each.
    With "mla", `head_dim` is `qk_nope_dim + qk_rope_dim`. `window` is 0 where a token sees its whole context.
    """

    kind: str
    heads: int
    kv_heads: int
    head_dim: int
    q_lora_rank: int = 0  # 0: queries are projected in one step
    kv_lora_rank: int = 0
    qk_nope_dim: int = 0
    qk_rope_dim: int = 0
    v_dim: int = 0
    window: int = 0
    chosen: int = 0
    index_heads: int = 0
    index_dim: int = 0

    @property
    def span(self) -> int:
        """Tokens that a query attends to at most: of its window, or those chosen; 0 where it is all of them."""
        return self.window or self.chosen

    @property
    def cache_elements(self) -> int:
        """Elements that one token leaves in the key-value cache of this layer; 0 with linear attention, which keeps a state instead."""
        if self.kind == "linear":
            return 0
        if self.kind == "mla":
            return self.kv_lora_rank + self.qk_rope_dim + self.index_dim
        return self.kv_heads * (self.head_dim + self.v_dim) + self.index_dim

    @property
    def state_elements(self) -> int:
        """Elements of the state of one sequence, however long: a matrix of key size x value size for each head, linear attention only."""
        return self.heads * self.head_dim * self.v_dim if self.kind == "linear" else 0


def kept_elements(attention: Attention, tokens: np.ndarray) -> np.ndarray:
    """Elements that the layer keeps for a sequence of `tokens`: cache up to the window or chunk, and the state."""
    held = np.minimum(tokens, attention.window) if attention.window else tokens
    return attention.cache_elements * held + attention.state_elements


def forward_score_flop(attention: Attention, tokens: np.ndarray) -> np.ndarray:
    """FLOPs over the tokens before, of one token on the way forward, averaged over a sequence of `tokens` (1 or more).

    2 x heads x (size of a query-key head + size of a value head) for each token seen. A token sees half of the sequence on
    average (causal mask), w - w^2 / (2 tokens) of it with a window w or w chosen tokens, half of its chunk with chunks. Linear attention: see `_state_flop`.
    """
    if attention.kind == "linear":
        return np.full_like(tokens, _state_flop(attention))
    if attention.kind == "chunked":
        whole = np.floor(tokens / attention.window) * attention.window
        seen = (whole * attention.window + (tokens - whole) ** 2) / (2.0 * tokens)
    else:
        seen = np.minimum(tokens, attention.span) if attention.span else tokens
        seen = seen * (1.0 - seen / (2.0 * tokens))
    return 2.0 * attention.heads * (attention.head_dim + attention.v_dim) * seen + index_flop(attention, tokens / 2.0)


def index_flop(attention: Attention, tokens: np.ndarray) -> np.ndarray:
    """FLOPs of the indexer of sparse attention for one token over so many before: 2 x heads x size for each; 0 without one."""
    return 2.0 * attention.index_heads * attention.index_dim * tokens


def decode_score_flop(attention: Attention, tokens: np.ndarray) -> np.ndarray:
    """FLOPs over the tokens before, of one token that is generated after `tokens` of them.

    It sees all of them, or its window, or, on average over the places in a chunk, half of its chunk once one is full. Latent
    attention works on the latent vector of every token seen (DeepSeek-V2, arXiv 2405.04434, section 2.1.2).
    """
    if attention.kind == "linear":
        return np.full_like(tokens, _state_flop(attention))
    seen = np.minimum(tokens, attention.span) if attention.span else tokens
    if attention.kind == "chunked":
        seen = np.where(tokens < attention.window, tokens, attention.window / 2.0)
    sizes = 2 * attention.kv_lora_rank + attention.qk_rope_dim if attention.kind == "mla" else attention.head_dim + attention.v_dim
    return 2.0 * attention.heads * sizes * seen + index_flop(attention, tokens)


def _state_flop(attention: Attention) -> float:
    """FLOPs of linear attention for one token: key x value added to the state, and the query times the state.

    arXiv 2501.08313, section 2.2, equations 7 and 8. Kernels that work in blocks do more: table 1 there counts twice this,
    blocks as long as a head is wide, without the mask inside them.
    """
    return 4.0 * attention.state_elements
