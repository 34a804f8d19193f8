"""Time of collectives over tiers of links: the quicker of the algorithms and protocols at hand, never more than the links carry.

A group lies over the tiers as `ranks`: (8, 4) is 8 accelerators in each of 4 scale-up domains. A message of S bytes is the
whole buffer: what is reduced, what has been gathered in the end, what one rank sends to all.

One tier: time = start + steps x hop + min(x / small share, x + switch + 2 sqrt(fill x)), with x = bytes / rate. The first of
the two is a protocol for small messages that sends a flag with each word, at a share of the rate; the second sends chunks, of
which the best size leaves 2 sqrt(fill x) for filling the pipeline. That makes the slow rise of the rate between 0.1 MB and 1 GB.
Steps: a ring takes n - 1, a tree two for each of log2 n levels (a node hears two children), both the other way again for an
all-reduce. Where the switch sums, each link carries (1 + 1/n) S; gathers and scatters gain no rate from it, since a link has
to carry (n - 1)/n S one way whoever sums.
Tiers: both are busy at once (the library cuts the buffer in pieces), so transfers take the larger, latencies add.

Formulas: Thakur, Rabenseifner, Gropp 2005, "Optimization of Collective Communication Operations in MPICH" (ring, doubling);
Sanders, Speck, Traff 2009, "Two-tree algorithms for full bandwidth broadcast, reduction and scan" (trees, best chunk).
Parameters: catalogue item performance-collectives; fit and errors: validation/collectives.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import product

import numpy as np

from ..catalog import Catalog, System
from ..draws import Number
from ..errors import BadInput, Fault, OutOfRange, Unknown
from ..ledger import Ledger
from .links import Link, make_links

KINDS = ("all_reduce", "all_gather", "reduce_scatter", "all_to_all", "broadcast", "send_receive")
_PASSES = {"all_reduce": 2.0, "all_gather": 1.0, "reduce_scatter": 1.0, "broadcast": 1.0}  # of a ring or tree
Ranks = tuple[Number, Number]  # in a scale-up domain, domains
Phase = tuple[Number, Number]  # latency, transfer [s]


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


def _carried(kind: str, size: Number, ranks: Ranks, out: Link) -> tuple[Number, Number]:
    """Bytes that the library's algorithm sends over each link.

    Over more than one domain a ring runs through all ranks, so that a card carries (n - 1)/n of its part and not (n2 - 1)/n2;
    two domains exchange halves. Over rails an all-to-all goes to the right place in its own domain first.
    """
    inner_bytes, outer_bytes = wire_bytes(kind, size, ranks)
    inner, outer = ranks
    if kind in ("all_reduce", "all_gather", "reduce_scatter"):
        whole = _PASSES[kind] * (1.0 - 1.0 / (inner * outer)) * size / inner
        far = outer > (2.0 if kind == "all_reduce" else 1.0)
        return inner_bytes, np.where(far, whole, outer_bytes)
    if kind == "all_to_all" and out.topology == "rail":
        return inner_bytes + (1.0 - 1.0 / inner) * outer_bytes, outer_bytes
    return inner_bytes, outer_bytes


def _ring_steps(ranks: Number) -> Number:
    """Messages one after the other from the first rank to the last: along a ring, or a tree of two children where that is less."""
    return np.minimum(ranks - 1.0, 2.0 * np.ceil(np.log2(ranks)))


def _reach(link: Link, ranks: Number) -> tuple[Number, Number, Number]:
    """What a group gets of a tier: share of the rate for a ring, steps from first to last, share for an all-to-all.

    In a mesh a group has only the cables among its own. In a torus of d dimensions and side k it fills as few dimensions as
    hold it; one that it does not go round has no wrap link, which halves the rate; an all-to-all is held by the bisection,
    which asks k/4 for each dimension (Dally, Towles 2004, "Principles and Practices of Interconnection Networks", chapter 3).
    """
    if link.topology == "mesh":
        share = np.clip((ranks - 1.0) / max(link.size - 1, 1), 1.0 / max(link.size - 1, 1), 1.0)
        return share, _ring_steps(ranks), share
    if not link.topology.startswith("torus"):
        return 1.0, _ring_steps(ranks), 1.0
    dimensions = 2.0 if link.topology == "torus-2d" else 3.0
    side = max(link.size ** (1.0 / dimensions), 2.0)
    used = np.clip(np.ceil(np.log(ranks) / np.log(side) - 1e-9), 1.0, dimensions)
    extent = ranks ** (1.0 / used)
    wraps = extent >= side * (1.0 - 1e-9)
    share = used / dimensions * np.where(wraps, 1.0, 0.5)
    return share, used * (extent - 1.0) * np.where(wraps, 0.5, 1.0), share / np.maximum(used * extent / 4.0, 1.0)


def _stream(seconds: Number, link: Link) -> Number:
    """Time of a transfer that takes `seconds` at the full rate, by the quicker protocol."""
    return seconds + np.minimum(seconds * (1.0 / link.small_share - 1.0), link.switch_s + 2.0 * np.sqrt(link.fill_s * seconds))


def _plain(kind: str, carried: Number, ranks: Number, link: Link, sharing: Number, peers: Number) -> Phase:
    """Latency and transfer of one tier by ring, tree or direct messages; `peers` are those that an all-to-all sends to."""
    several = ranks > 1.0
    share, steps, exchange = _reach(link, np.minimum(ranks, 2.0) if kind == "send_receive" else ranks)
    if kind == "all_to_all":
        latency = np.where(several, link.latency_s + peers * link.peer_s, 0.0)
        rate = link.bytes_per_s * link.all_to_all_share * exchange
    else:
        latency = np.where(several, steps * _PASSES.get(kind, 1.0) * link.latency_s, 0.0)
        rate = link.bytes_per_s * share
    load = sharing * link.oversubscription_ratio if link.topology == "fat-tree" else sharing
    return latency, _stream(carried * load / rate, link)


def _summed(carried_part: Number, ranks: Number, link: Link, sharing: Number) -> Phase:
    """Latency and transfer of an all-reduce where the switch sums: each link carries (1 + 1/n) of its part each way."""
    rate = np.asarray(link.reduction_bytes_per_s, dtype=float)
    can = (rate > 0.0) & (ranks > 2.0)
    seconds = np.where(can, carried_part * (1.0 + 1.0 / ranks) * sharing / np.where(rate > 0.0, rate, 1.0), np.inf)
    latency = np.where(ranks > 1.0, np.maximum(link.reduction_latency_s, 2.0 * link.latency_s), 0.0)
    return latency, seconds + np.where(can, 2.0 * np.sqrt(link.fill_s * np.where(can, seconds, 0.0)), 0.0)


def _direct_seconds(size: Number, ranks: Ranks, link: Link, sharing: Number) -> Number:
    """An inference engine's own all-reduce within a domain: each rank reads all others, or its part of them and then the sums."""
    inner, outer = ranks
    share, _, _ = _reach(link, inner)
    rate = np.asarray(link.bytes_per_s * link.direct_share * share, dtype=float)
    can = (rate > 0.0) & (inner > 1.0) & (outer == 1.0)
    seconds = (inner - 1.0) * size * sharing / np.where(rate > 0.0, rate, 1.0)
    once, twice = seconds + link.latency_s, 2.0 * seconds / inner + 2.0 * link.latency_s
    return np.where(can, link.direct_start_s + np.minimum(once, twice), np.inf)


def group_seconds(
    kind: str, message_bytes: Number, ranks: Ranks, links: Sequence[Link], *, sharing: Number | tuple[Number, Number] = 1.0, direct: bool = False
) -> tuple[Number, Number]:
    """Time of a collective, split by the tier that it waits for: (scale-up, scale-out) [s].

    Parameters
    ----------
    kind : str
        one of KINDS
    message_bytes : float or ndarray
        the whole buffer [B]
    ranks : (float or ndarray, float or ndarray)
        accelerators in a domain, domains; whole numbers
    links : sequence of Link
        the first is the scale-up tier, the last the scale-out tier
    sharing : float, ndarray, or a pair of them (scale-up, scale-out)
        groups that use a link at once, 1 or more: 8 where 8 accelerators send through one card; one number means the scale-out tier
    direct : bool
        an inference engine's own all-reduce kernels within a domain are at hand too

    All arguments broadcast. The tier whose transfer is longer has it and the start of the collective; the other one its latency.
    An empty message and a group of one take no time. Raises Unknown for a kind that is not known.
    """
    size = np.asarray(message_bytes, dtype=float)
    inner, outer = np.asarray(ranks[0], dtype=float), np.asarray(ranks[1], dtype=float)
    up, out = links[0], links[-1]
    shared = sharing if isinstance(sharing, tuple) else (1.0, sharing)
    inner_bytes, outer_bytes = _carried(kind, size, (inner, outer), out)
    if kind != "broadcast" and kind != "send_receive":
        inner_bytes = inner_bytes + up.own_share * size / (inner * outer)
    ups = [_plain(kind, inner_bytes, inner, up, shared[0], inner - 1.0)]
    outs = [_plain(kind, outer_bytes, outer, out, shared[1], (outer - 1.0) * inner)]
    if kind == "all_reduce":
        if np.any(up.reduction_bytes_per_s):
            ups.append(_summed(size, inner, up, shared[0]))
        if np.any(out.reduction_bytes_per_s):
            outs.append(_summed(size / inner, outer, out, shared[1]))
    up_s, out_s = _quickest([_together(one, other, up.start_s) for one, other in product(ups, outs)])
    if direct and kind == "all_reduce":
        own = _direct_seconds(size, (inner, outer), up, shared[0])
        quicker = own < up_s + out_s
        up_s, out_s = np.where(quicker, own, up_s), np.where(quicker, 0.0, out_s)
    busy = (size > 0.0) & (inner * outer > 1.0)
    return np.where(busy, up_s, 0.0), np.where(busy, out_s, 0.0)


def _together(up: Phase, out: Phase, start_s: Number) -> tuple[Number, Number]:
    """Both tiers at once: the longer transfer, both latencies, one start."""
    waits_up = up[1] >= out[1]
    return up[0] + np.where(waits_up, up[1] + start_s, 0.0), out[0] + np.where(waits_up, 0.0, out[1] + start_s)


def _quickest(ways: Sequence[tuple[Number, Number]]) -> tuple[Number, Number]:
    best = ways[0]
    for way in ways[1:]:
        quicker = way[0] + way[1] < best[0] + best[1]
        best = np.where(quicker, way[0], best[0]), np.where(quicker, way[1], best[1])
    return best


def lay(group: Number, stride: Number, domain: int) -> Ranks:
    """How a group of ranks that stand `stride` accelerators apart lies over domains: (in a domain, domains).

    Each domain takes the largest part that divides the group, so that all domains hold alike. Whole numbers that broadcast.
    """
    count = np.asarray(group)
    room = np.maximum(domain // np.asarray(stride), 1)
    inner = largest_divisor(count, room)
    return inner, count // inner


def largest_divisor(count: Number, limit: Number) -> np.ndarray:
    """The largest divisor of each `count` that is at most `limit`; whole numbers, 1 or more, that broadcast.

    A table over the distinct counts and limits, of which a grid has few, so that a large array costs two look-ups an element.
    """
    counts, row = _distinct(count)
    limits, column = _distinct(limit)
    table = np.empty((counts.size, limits.size), dtype=np.int64)
    for index, number in enumerate(counts):
        divisors = _divisors(int(number))
        table[index] = divisors[np.searchsorted(divisors, limits, side="right") - 1]
    return table[row, column]


def _distinct(values: Number) -> tuple[np.ndarray, np.ndarray]:
    """The distinct values, and where each element's stands among them; by marks where the values are small, else by sorting."""
    whole = np.asarray(values, dtype=np.int64)
    top = int(whole.max(initial=0)) + 1
    if top > 4 * whole.size + 4096:
        found, where = np.unique(whole, return_inverse=True)
        return found, where.reshape(whole.shape)
    seen = np.zeros(top, dtype=bool)
    seen[whole] = True
    return np.flatnonzero(seen), (np.cumsum(seen) - 1)[whole]


@lru_cache(maxsize=65536)
def _divisors(count: int) -> np.ndarray:
    """All divisors, in rising order."""
    low = [d for d in range(1, int(count**0.5) + 1) if count % d == 0]
    return np.array(low + [count // d for d in reversed(low) if d * d != count], dtype=np.int64)


def collective_seconds(
    kind: str, message_bytes: Number, ranks: int | Sequence[int], system: System, *, catalog: Catalog | None = None, book: Ledger | None = None,
    sharing: Number | tuple[Number, Number] = 1.0, direct: bool = False,
) -> Number:  # fmt: skip
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
        gives the links; its item in `catalog` may say their topology, the item performance-collectives gives what they lose
    book : Ledger, optional
        where the figures are taken; its draws make the answer an array
    sharing, direct
        as in `group_seconds`: groups that use a link at once, and whether an engine's own all-reduce kernels are at hand

    Raises Unknown for a collective that is not known, OutOfRange for a negative message or a sharing below 1, BadInput for
    ranks below 1 or more in a domain than it holds.
    """
    if kind not in KINDS:
        raise Unknown("collective", kind, KINDS, mend=f"Known: {', '.join(KINDS)}.")
    if not np.all(np.asarray(message_bytes) >= 0.0):
        raise OutOfRange("message_bytes is below 0")
    if not all(np.all(np.asarray(part) >= 1.0) for part in (sharing if isinstance(sharing, tuple) else (sharing,))):
        raise OutOfRange("sharing is below 1: a link carries one group or more")
    links = make_links(system, book if book is not None else Ledger(), catalog=catalog)
    up, out = group_seconds(kind, message_bytes, _ranks(ranks, links[0].size), links, sharing=sharing, direct=direct)
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
