"""Time of collectives over tiers of links: alpha-beta formulas, the best algorithm by size, never more than the links carry.

A group lies over the tiers as `ranks`: (8, 4) is 8 accelerators in each of 4 scale-up domains. A message of S bytes is the
whole buffer: what is reduced, what has been gathered in the end, what one rank sends to all.

Hierarchical forms: the inner ranks reduce or gather among themselves while each holds 1/n1 of the buffer for the outer tier;
both tiers are busy at once (the library pipelines the buffer), so their bandwidth terms take the larger, their latencies add.
Formulas: Thakur, Rabenseifner, Gropp 2005, "Optimization of Collective Communication Operations in MPICH" (ring,
recursive doubling and halving); Sanders, Speck, Traff 2009 (double tree). Concurrent groups do not disturb each other here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import numpy as np

from ..catalog import Catalog, System
from ..draws import Number
from ..errors import BadInput, Fault, OutOfRange, Unknown
from ..ledger import Ledger
from .machine import Link, make_links

KINDS = ("all_reduce", "all_gather", "reduce_scatter", "all_to_all", "broadcast", "send_receive")
Ranks = tuple[Number, Number]  # in a scale-up domain, domains


def wire_bytes(kind: str, message_bytes: Number, ranks: Ranks) -> tuple[Number, Number]:
    """Bytes that one accelerator sends over its scale-up and its scale-out link, by an algorithm that sends least [B].

    Without reduction in the switch; the busier direction counts. Floats or arrays of one shape.
    """
    inner, outer = ranks
    size = np.asarray(message_bytes, dtype=float)
    in_share, out_share = 1.0 - 1.0 / np.asarray(inner, dtype=float), 1.0 - 1.0 / np.asarray(outer, dtype=float)
    if kind == "all_reduce":
        return 2.0 * in_share * size, 2.0 * out_share * size / inner
    if kind in ("all_gather", "reduce_scatter"):
        return in_share * size, out_share * size / inner
    if kind == "all_to_all":  # of n1 n2 parts, n1 - 1 stay in the domain, (n2 - 1) n1 leave it
        return in_share * size / outer, out_share * size
    if kind in ("broadcast", "send_receive"):
        return np.where(in_share > 0.0, size, 0.0), np.where(out_share > 0.0, size, 0.0)
    raise Unknown("collective", kind, KINDS, mend=f"Known: {', '.join(KINDS)}.")


def tier_seconds(kind: str, message_bytes: Number, ranks: Ranks, links: Sequence[Link]) -> tuple[Number, Number]:
    """Time on the scale-up and on the scale-out tier [s]; a tier without traffic takes none.

    `group_seconds` puts both together. Floats or arrays that broadcast.
    """
    up, out = links[0], links[-1]
    inner_bytes, outer_bytes = wire_bytes(kind, message_bytes, ranks)
    steps = _STEPS[kind]
    inner = inner_bytes / up.bytes_per_s
    inner_latency = steps(ranks[0]) * up.latency_s
    if kind == "all_reduce":
        inner, inner_latency = _with_switch(np.asarray(message_bytes, dtype=float), ranks[0], up, inner, inner_latency)
    outer = outer_bytes / out.bytes_per_s
    outer_latency = steps(ranks[1]) * out.latency_s
    return inner + inner_latency, outer + outer_latency


def _with_switch(size: Number, ranks: Number, link: Link, plain: Number, latency: Number) -> tuple[Number, Number]:
    """Time and latency of an all-reduce where the switch may sum: each link carries (1 + 1/n) S each way, in two hops."""
    count = np.asarray(ranks, dtype=float)
    rate = np.asarray(link.reduction_bytes_per_s, dtype=float)
    has = (rate > 0.0) & (count > 2.0)
    summed = size * (1.0 + 1.0 / count) / np.where(rate > 0.0, rate, 1.0)
    hops = 2.0 * np.asarray(link.latency_s)
    better = has & (summed + hops < plain + latency)
    return np.where(better, summed, plain), np.where(better, hops, latency)


def _halving(ranks: Number) -> Number:
    return np.ceil(np.log2(np.asarray(ranks, dtype=float)))


def _twice(ranks: Number) -> Number:
    return 2.0 * _halving(ranks)


def _one(ranks: Number) -> Number:
    return np.where(np.asarray(ranks) > 1, 1.0, 0.0)


# Messages one after the other: recursive doubling and halving move no more bytes than a ring, in fewer steps.
_STEPS: Mapping[str, Callable[[Number], Number]] = {
    "all_reduce": _twice, "all_gather": _halving, "reduce_scatter": _halving, "all_to_all": _halving, "broadcast": _halving, "send_receive": _one,
}  # fmt: skip


def group_seconds(kind: str, message_bytes: Number, ranks: Ranks, links: Sequence[Link]) -> tuple[Number, Number]:
    """Time of a collective, split by the tier that it waits for: (scale-up, scale-out) [s]; one of them is the latency alone.

    Both tiers work at once, so the slower one is waited for; the other's latency comes on top (filling the pipeline),
    and the start of the collective.
    """
    inner, outer = tier_seconds(kind, message_bytes, ranks, links)
    fill_inner = _STEPS[kind](ranks[0]) * links[0].latency_s
    fill_outer = _STEPS[kind](ranks[1]) * links[-1].latency_s
    waits_inner = np.asarray(inner >= outer)
    start = np.where(np.asarray(ranks[0]) * np.asarray(ranks[1]) > 1, links[0].start_s, 0.0)
    return np.where(waits_inner, inner + start, np.minimum(inner, fill_inner)), np.where(waits_inner, np.minimum(outer, fill_outer), outer + start)


def lay(group: Number, stride: Number, domain: int) -> Ranks:
    """How a group of ranks that stand `stride` accelerators apart lies over domains: (in a domain, domains).

    Each domain takes the largest part that divides the group, so that all domains hold alike.
    """
    count = np.asarray(group)
    room = np.maximum(domain // np.asarray(stride), 1)
    inner = largest_divisor(count, room)
    return inner, count // inner


def largest_divisor(count: Number, limit: Number) -> np.ndarray:
    """The largest divisor of each `count` that is at most `limit`; integer arrays that broadcast."""
    counts, limits = np.broadcast_arrays(np.asarray(count, dtype=np.int64), np.asarray(limit, dtype=np.int64))
    tops = np.minimum(counts, limits).ravel()
    base = int(tops.max(initial=0)) + 1
    pairs, where = np.unique(counts.ravel() * base + tops, return_inverse=True)
    found = np.array([_divisor(int(pair) // base, int(pair) % base) for pair in pairs], dtype=np.int64)
    return found[where.ravel()].reshape(counts.shape)


@lru_cache(maxsize=65536)
def _divisor(count: int, limit: int) -> int:
    return next(d for d in range(limit, 0, -1) if count % d == 0)


def collective_seconds(kind: str, message_bytes: Number, ranks: int | Sequence[int], system: System, *, catalog: Catalog | None = None, book: Ledger | None = None) -> Number:
    """Time of one collective on a system [s].

    Parameters
    ----------
    kind : str
        all_reduce, all_gather, reduce_scatter, all_to_all, broadcast or send_receive
    message_bytes : float or ndarray
        the whole buffer [B]: reduced, gathered in the end, or sent by one rank to all
    ranks : int or (int, int)
        accelerators of the group, packed into as few scale-up domains as hold it evenly; or (in a domain, domains)
    system : System
        gives the links; the assumptions of `catalog` give their efficiency
    book : Ledger, optional
        where the figures are taken; its draws make the answer an array

    Raises Unknown for a collective that is not known, OutOfRange for a negative message, BadInput for ranks below 1.
    """
    if kind not in KINDS:
        raise Unknown("collective", kind, KINDS, mend=f"Known: {', '.join(KINDS)}.")
    if not np.all(np.asarray(message_bytes) >= 0.0):
        raise OutOfRange("message_bytes is below 0")
    links = make_links(system, book if book is not None else Ledger(), catalog=catalog)
    up, out = group_seconds(kind, message_bytes, _ranks(ranks, links[0].size), links)
    total = np.asarray(up + out)
    return total if total.ndim else float(total)


def _ranks(given: int | Sequence[int], domain: int) -> Ranks:
    if isinstance(given, (int, np.integer)):
        if given < 1:
            raise BadInput(Fault(f"ranks={given}: a group has 1 rank or more"))
        return lay(int(given), 1, domain)
    if len(given) != 2 or min(given) < 1:
        raise BadInput(Fault(f"ranks={tuple(given)}: expected (in a domain, domains), each 1 or more"))
    if given[0] > domain:
        raise BadInput(Fault(f"ranks={tuple(given)}: a domain holds {domain} accelerators"))
    return int(given[0]), int(given[1])
