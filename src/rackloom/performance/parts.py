"""Time and traffic of a part of a step, and messages as parts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..draws import Number
from .collectives import Ranks, group_seconds, wire_bytes
from .kernels import Seconds
from .machine import Machine

NO_WORK = Seconds()


@dataclass(frozen=True)
class Part:
    """Time and traffic of a part of a step on one accelerator: kernels, waiting for each tier of links, waiting for the host."""

    work: Seconds = NO_WORK
    up_s: Number = 0.0
    out_s: Number = 0.0
    host_s: Number = 0.0
    memory_bytes: Number = 0.0
    up_bytes: Number = 0.0
    out_bytes: Number = 0.0

    def __add__(self, other: Part) -> Part:
        return Part(
            self.work + other.work, self.up_s + other.up_s, self.out_s + other.out_s, self.host_s + other.host_s, self.memory_bytes + other.memory_bytes,
            self.up_bytes + other.up_bytes, self.out_bytes + other.out_bytes,
        )  # fmt: skip

    def times(self, factor: Number) -> Part:
        """The same `factor` times."""
        return Part(
            self.work.times(factor), self.up_s * factor, self.out_s * factor, self.host_s * factor, self.memory_bytes * factor, self.up_bytes * factor, self.out_bytes * factor
        )

    def waiting(self, shown: Number) -> Part:
        """The same messages, of whose time only the share `shown` is waited for; the bytes move all the same."""
        return Part(self.work, self.up_s * shown, self.out_s * shown, self.host_s * shown, self.memory_bytes, self.up_bytes, self.out_bytes)

    @property
    def waited_s(self) -> Number:
        """Time spent waiting for links and host."""
        return self.up_s + self.out_s + self.host_s

    @property
    def seconds(self) -> Number:
        """All of its time."""
        return self.work.total + self.up_s + self.out_s + self.host_s


NOTHING = Part()


def message(machine: Machine, kind: str, size: Number, ranks: Ranks, times: Number = 1.0, *, direct: bool = False) -> Part:
    """`times` collectives of `size` bytes each over a group, one after the other, nothing hidden; `direct` with an inference engine's own kernels."""
    up_s, out_s = group_seconds(kind, size, ranks, machine.links, direct=direct)
    up_bytes, out_bytes = wire_bytes(kind, size, ranks)
    return Part(up_s=up_s * times, out_s=out_s * times, up_bytes=up_bytes * times, out_bytes=out_bytes * times)


def hidden(talk: Part, share: Number, behind_s: Number) -> Part:
    """Messages of which at most `share` hides behind `behind_s` seconds of kernels."""
    took = np.asarray(talk.waited_s)
    covered = np.minimum(share * took, behind_s)
    return talk.waiting(1.0 - covered / np.where(took > 0.0, took, 1.0))


def either(condition: Number, first: Part, second: Part) -> Part:
    """`first` where the condition (0 or 1) holds, else `second`."""
    use = np.asarray(condition, dtype=float)
    return first.times(use) + second.times(1.0 - use)
