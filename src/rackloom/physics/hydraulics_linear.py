"""Systems of node pressures: one sparsity pattern, many designs.

The matrix of a network is sum over edges of c_e (u_e u_e^T), u_e = +1 at one end and -1 at the other: symmetric and positive.
A rack's network is nearly a tree, so elimination in the order of least degree fills almost nothing in; done once for the
pattern, each step then runs over all designs. A single network goes to SciPy: banded when narrow, else sparse.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.linalg.lapack import dpbsv
from scipy.sparse import csc_matrix, csr_matrix
from scipy.sparse.csgraph import reverse_cuthill_mckee
from scipy.sparse.linalg import splu

MANY = 12  # designs from which elimination over all of them at once beats one after the other
TIE = 1e-13
FEW = 4  # neighbours up to which a node is eliminated row by row
SMALL = 60_000  # entries up to which a single network's incidence is kept dense
NARROW = 24  # half-bandwidth up to which the banded solver is used


class NodeSystem:
    """Solves for unknown node pressures. `start`, `end` are edge ends among unknown nodes 0..count-1, -1 where fixed."""

    def __init__(self, count: int, start: np.ndarray, end: np.ndarray):
        self.count, self.start, self.end = count, start, end
        both = (start >= 0) & (end >= 0) & (start != end)
        self.ties = np.flatnonzero(both)
        ones = np.ones(len(self.ties))
        graph = csr_matrix((ones, (start[self.ties], end[self.ties])), shape=(count, count))
        self.graph = graph + graph.T
        edges = np.arange(len(start))
        ends, signs = np.concatenate([start, end]), np.concatenate([np.ones(len(start)), -np.ones(len(start))])
        keep = ends >= 0
        loop = np.concatenate([start == end, start == end])
        keep &= ~loop
        self.incidence = csr_matrix((signs[keep], (ends[keep], np.concatenate([edges, edges])[keep])), shape=(count, len(start)))
        # for one small network a dense product is quicker than a sparse one's overhead
        self.dense = self.incidence.toarray() if count * len(start) <= SMALL else None
        self._plan: _Plan | None = None
        self._band: _Band | None = None

    def gather(self, per_edge: np.ndarray) -> np.ndarray:
        """Sum of what leaves each unknown node by its edges: (E, n) to (N, n)."""
        return self.incidence @ per_edge if self.dense is None or per_edge.shape[1] > 1 else self.dense @ per_edge

    def across(self, per_node: np.ndarray) -> np.ndarray:
        """First end less second end of each edge, of what unknown nodes hold: (N, n) to (E, n)."""
        return self.incidence.T @ per_node if self.dense is None or per_node.shape[1] > 1 else self.dense.T @ per_node

    def solve(self, conductance: np.ndarray, right: np.ndarray, last: np.ndarray) -> np.ndarray:
        """Node pressures (N, n) from edge conductances (E, n), right sides (N, n) and the pressures of the step before.

        Each node is tied to its last pressure by TIE of its own conductance: nothing where the pressures settle, and what
        holds the pressures of a part behind closed valves.
        """
        if not self.count:
            return np.zeros_like(right)
        if conductance.shape[1] >= MANY:
            if self._plan is None:
                self._plan = _Plan(self)
            return self._plan.solve(conductance, right, last)
        if self._band is None:
            self._band = _Band(self)
        return np.stack([self._band.solve(conductance[:, k], right[:, k], last[:, k]) for k in range(conductance.shape[1])], axis=1)


class _Band:
    """One network: banded Cholesky in the order of Cuthill and McKee, or sparse LU where the band is wide."""

    def __init__(self, system: NodeSystem):
        n = system.count
        self.order = np.asarray(reverse_cuthill_mckee(csr_matrix(system.graph), symmetric_mode=True), dtype=int)
        rank = np.empty(n, dtype=int)
        rank[self.order] = np.arange(n)
        a, b = np.where(system.start >= 0, rank[system.start], -1), np.where(system.end >= 0, rank[system.end], -1)
        live = a != b
        ties = (a >= 0) & (b >= 0) & live
        self.half = int(np.max(np.abs(a - b)[ties], initial=0))
        self.n, edges = n, np.arange(len(a))
        self.narrow = self.half <= NARROW
        low, high = np.minimum(a, b), np.maximum(a, b)
        if self.narrow:  # upper form: ab[half + i - j, j] = A[i, j]
            flat = [self.half * n + a[(a >= 0) & live], self.half * n + b[(b >= 0) & live], (self.half + low - high)[ties] * n + high[ties]]
            shape = (self.half + 1) * n
            self.diagonal = self.half * n + np.arange(n)
        else:
            pairs = [(a, a, (a >= 0) & live), (b, b, (b >= 0) & live), (a, b, ties), (b, a, ties)]
            pattern = csc_matrix(
                (np.ones(sum(int(k.sum()) for *_, k in pairs)), (np.concatenate([i[k] for i, _, k in pairs]), np.concatenate([j[k] for _, j, k in pairs]))), shape=(n, n)
            )
            pattern.sum_duplicates()
            pattern.sort_indices()
            self.pattern = pattern
            keys = np.repeat(np.arange(n), np.diff(pattern.indptr)) * n + pattern.indices
            flat = [np.searchsorted(keys, j[k] * n + i[k]) for i, j, k in pairs]
            shape = len(keys)
            self.diagonal = np.searchsorted(keys, np.arange(n) * (n + 1))
        which = [edges[(a >= 0) & live], edges[(b >= 0) & live], edges[ties]] + ([] if self.narrow else [edges[ties]])
        signs = np.concatenate([np.full(len(w), 1.0 if k < 2 else -1.0) for k, w in enumerate(which)])
        self.spread = csr_matrix((signs, (np.concatenate(flat), np.concatenate(which))), shape=(shape, len(a)))
        self.dense = self.spread.toarray() if shape * len(a) <= SMALL else None

    def solve(self, conductance: np.ndarray, right: np.ndarray, last: np.ndarray) -> np.ndarray:
        data = self.spread @ conductance if self.dense is None else self.dense @ conductance
        tie = TIE * data[self.diagonal]
        data[self.diagonal] += tie
        right, out = right[self.order] + tie * last[self.order], np.empty(self.n)
        if self.narrow:
            _, solved, failed = dpbsv(data.reshape(self.half + 1, self.n), right, overwrite_ab=True)
            out[self.order] = np.nan if failed else solved
            return out
        matrix = csc_matrix((data, self.pattern.indices, self.pattern.indptr), shape=self.pattern.shape)
        try:
            out[self.order] = splu(matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True}).solve(right)
        except RuntimeError:
            out[:] = np.nan
        return out


class _Plan:
    """Elimination of one node after another, written out once: which entries each step reads and changes."""

    def __init__(self, system: NodeSystem):
        n = system.count
        near: list[set[int]] = [set() for _ in range(n)]
        for e in system.ties:
            i, j = int(system.start[e]), int(system.end[e])
            near[i].add(j)
            near[j].add(i)
        entry: dict[tuple[int, int], int] = {}

        def key(i: int, j: int) -> int:
            return entry.setdefault((min(i, j), max(i, j)), n + len(entry))

        ties = [(int(e), key(int(system.start[e]), int(system.end[e]))) for e in system.ties]
        self.steps: list[tuple[Any, ...]] = []
        left = set(range(n))
        while left:
            k = min(left, key=lambda node: (len(near[node]), node))
            left.discard(k)
            around = sorted(near[k])
            first, second, target = [], [], []
            for x, i in enumerate(around):
                for y in range(x, len(around)):
                    j = around[y]
                    first.append(x)
                    second.append(y)
                    target.append(i if i == j else key(i, j))
                near[i].update(around)
                near[i] -= {i, k}
            places = [key(k, i) for i in around]
            lists = (around, places, first, second, target)
            # plain lists where rows are taken one by one, index arrays where in blocks
            self.steps.append((k, *(lists if len(around) <= FEW else (np.array(each, dtype=int) for each in lists))))
        live = system.start != system.end
        rows: list[int] = []
        cols: list[int] = []
        data: list[float] = []
        for ends in (system.start, system.end):
            keep = np.flatnonzero((ends >= 0) & live)
            rows += [int(end) for end in ends[keep]]
            cols += [int(e) for e in keep]
            data += [1.0] * len(keep)
        rows += [place for _, place in ties]
        cols += [e for e, _ in ties]
        data += [-1.0] * len(ties)
        self.n = n
        self.spread = csr_matrix((data, (rows, cols)), shape=(n + len(entry), len(system.start)))

    def solve(self, conductance: np.ndarray, right: np.ndarray, last: np.ndarray) -> np.ndarray:
        a = self.spread @ conductance
        tie = TIE * a[: self.n]
        a[: self.n] += tie
        b = right + tie * last
        kept: list[np.ndarray | list[np.ndarray] | None] = []
        for k, around, at, first, second, target in self.steps:
            if not len(around):
                kept.append(None)
                continue
            if len(around) <= FEW:  # rows one by one: no copies of blocks
                columns = [a[place] for place in at]
                parts = [each / a[k] for each in columns]
                for x, y, place in zip(first, second, target, strict=True):
                    a[place] -= parts[x] * columns[y]
                for i, share in zip(around, parts, strict=True):
                    b[i] -= share * b[k]
                kept.append(parts)
                continue
            column = a[at]
            shares = column / a[k]
            a[target] -= shares[first] * column[second]
            b[around] -= shares * b[k]
            kept.append(shares)
        for (k, around, *_), shares in zip(reversed(self.steps), reversed(kept), strict=True):
            b[k] /= a[k]
            if shares is None:
                continue
            if isinstance(shares, list):
                for i, share in zip(around, shares, strict=True):
                    b[k] -= share * b[i]
            else:
                b[k] -= np.einsum("ij,ij->j", shares, b[around])
        return b
