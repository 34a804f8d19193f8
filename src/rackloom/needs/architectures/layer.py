"""One transformer layer: its shape and its parameters, counted part by part.

Counts follow the weight tensors that the Hugging Face classes of these architectures hold: a projection is
in x out weights (plus out where it has a bias), a norm is as many weights as it scales, and as many again where it shifts.
"""

from __future__ import annotations

from dataclasses import dataclass

from .attention import Attention


@dataclass(frozen=True)
class Layer:
    """One layer: attention, then a dense feed-forward block or a mixture of experts.

    `ffn_dim` is 0 where the layer has experts only; `shared_dim` is the width of all shared experts together. `gated` is
    false where feed-forward has two matrices (up and down) and not three.
    `parameters` counts everything that is stored, `active_parameters` what takes part in one token, and
    `matmul_parameters` the weights of matrices that one token is multiplied with (no norms, biases or sinks).
    """

    attention: Attention
    ffn_dim: int
    experts: int = 0
    experts_per_token: int = 0
    expert_dim: int = 0
    shared_experts: int = 0
    shared_dim: int = 0
    gated: bool = True
    parameters: int = 0
    active_parameters: int = 0
    attention_parameters: int = 0  # projections, their biases, norms inside attention, sinks
    matmul_parameters: int = 0
    norm_parameters: int = 0  # the norms around attention and feed-forward: two, four in Gemma, one in Falcon-7B
    dense_parameters: int = 0
    router_parameters: int = 0
    expert_parameters: int = 0  # one routed expert
    shared_parameters: int = 0  # all shared experts and their gate


@dataclass(frozen=True)
class Block:
    """Weights of a part of a layer: `weights` multiply a token, `others` (biases, norms, sinks) do not."""

    weights: int
    others: int = 0

    @property
    def total(self) -> int:
        """All parameters of the part."""
        return self.weights + self.others


NOTHING = Block(0)


def grouped_attention(hidden: int, shape: Attention, *, qkv_bias: bool = False, output_bias: bool = False, qk_norm: bool = False, sinks: bool = False) -> Block:
    """Query, key, value and output projections of multi-head or grouped-query attention."""
    queries, keys, values = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim, shape.kv_heads * shape.v_dim
    weights = hidden * (queries + keys + values) + shape.heads * shape.v_dim * hidden
    others = (queries + keys + values) * qkv_bias + hidden * output_bias
    others += 2 * shape.head_dim * qk_norm  # one norm for all query heads, one for all key heads
    others += shape.heads * sinks  # a learned logit for each head
    return Block(weights, others)


def latent_attention(hidden: int, shape: Attention, *, bias: bool = False) -> Block:
    """Projections of multi-head latent attention (DeepSeek-V2, arXiv 2405.04434, section 2.1), with the norms on both latents.

    With an indexer (DeepSeek-V3.2) also its queries from their latent, its key with its norm (weights and biases), and one weight for each of its heads.
    """
    queries = shape.heads * shape.head_dim
    rank = shape.q_lora_rank
    query_weights = hidden * rank + rank * queries if rank else hidden * queries
    down = hidden * (shape.kv_lora_rank + shape.qk_rope_dim)
    up = shape.kv_lora_rank * shape.heads * (shape.qk_nope_dim + shape.v_dim)
    out = shape.heads * shape.v_dim * hidden
    norms = rank + shape.kv_lora_rank
    biases = (rank + shape.kv_lora_rank + shape.qk_rope_dim + hidden) * bias
    index = shape.index_heads * shape.index_dim * (rank or hidden) + hidden * (shape.index_dim + shape.index_heads)
    return Block(query_weights + down + up + out + index, norms + biases + 2 * shape.index_dim)


def linear_attention(hidden: int, shape: Attention) -> Block:
    """Lightning attention: query, key, value, output gate and output projections, and one norm over all heads (arXiv 2501.08313, section 2.2)."""
    width = shape.heads * shape.head_dim
    return Block(5 * hidden * width, width)


def feed_forward(hidden: int, width: int, *, bias: bool = False, gated: bool = True) -> Block:
    """A feed-forward block: gate, up and down matrices, or up and down only."""
    ups = 2 if gated else 1
    return Block((ups + 1) * hidden * width, (ups * width + hidden) * bias)


def make_layer(
    hidden: int, attention: Attention, attention_block: Block, *, dense: Block = NOTHING, ffn_dim: int = 0, experts: int = 0, experts_per_token: int = 0,
    expert: Block = NOTHING, expert_dim: int = 0, router: Block = NOTHING, shared: Block = NOTHING, shared_experts: int = 0, shared_dim: int = 0, gated: bool = True,
    norm_parameters: int | None = None,
) -> Layer:  # fmt: skip
    """A Layer with its counts; without `norm_parameters`, two norms of `hidden` weights stand around attention and feed-forward."""
    norms = 2 * hidden if norm_parameters is None else norm_parameters
    always = attention_block.total + norms + dense.total + router.total + shared.total
    return Layer(
        attention, ffn_dim, experts, experts_per_token, expert_dim, shared_experts, shared_dim, gated,
        parameters=always + experts * expert.total,
        active_parameters=always + experts_per_token * expert.total,
        attention_parameters=attention_block.total,
        matmul_parameters=attention_block.weights + dense.weights + router.weights + shared.weights + experts_per_token * expert.weights,
        norm_parameters=norms, dense_parameters=dense.total, router_parameters=router.total, expert_parameters=expert.total,
        shared_parameters=shared.total,
    )  # fmt: skip
