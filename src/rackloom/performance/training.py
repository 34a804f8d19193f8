"""Time of one training step, from layers to the whole: kernels, messages by tier, pipeline bubble, gradients, optimizer, host.

The same formulas serve one strategy under draws and a grid of strategies at central values; see `columns`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from ..draws import Number
from ..needs.model import Model
from .columns import Columns, micro_batches
from .jobs import TrainingJob
from .machine import Machine
from .memory import kept_activations
from .parts import Part
from .pipeline import layers_held, run_stages
from .placement import groups_over
from .sharing import OnTheWay, activations_away, gradients_at_the_end, optimizer_part, weights_on_the_way
from .stage import head_pass, layers_pass


@dataclass(frozen=True)
class StepTimes:
    """A step in its parts; time by cause [s] and bytes that one accelerator moves are summed when they are asked for.

    `each` are the parts of one micro batch on the mean stage, `ends` what comes once; `kernels` and `network` are factors
    on time: what software takes, and what the calibration leaves unexplained.
    """

    each: tuple[Part, ...]
    batches: Number
    ends: Part
    idle_s: Number
    start_s: Number
    kernels: Number
    network: Number
    software: Number

    def _sum(self, of: Callable[[Part], Number]) -> Number:
        return sum((of(part) for part in self.each[1:]), of(self.each[0])) * self.batches + of(self.ends)

    @property
    def compute_s(self) -> Number:
        """Kernels whose FLOPs take longer than their bytes."""
        return self._sum(lambda part: part.work.compute) * self.kernels

    @property
    def memory_s(self) -> Number:
        """Kernels whose bytes take longer than their FLOPs."""
        return self._sum(lambda part: part.work.memory) * self.kernels

    @property
    def scale_up_s(self) -> Number:
        """Waiting for scale-up links."""
        return self._sum(lambda part: part.up_s) * self.network

    @property
    def scale_out_s(self) -> Number:
        """Waiting for scale-out links."""
        return self._sum(lambda part: part.out_s) * self.network

    @property
    def host_s(self) -> Number:
        """Waiting for the host, and the start of the step."""
        return self._sum(lambda part: part.host_s) * self.software + self.start_s

    @property
    def bubble_s(self) -> Number:
        """Filling and emptying the pipeline, and waiting for its busiest stage."""
        return self.idle_s * self.kernels

    @property
    def memory_bytes(self) -> Number:
        """Bytes read and written."""
        return self._sum(lambda part: part.memory_bytes)

    @property
    def scale_up_bytes(self) -> Number:
        """Bytes sent over the scale-up link."""
        return self._sum(lambda part: part.up_bytes)

    @property
    def scale_out_bytes(self) -> Number:
        """Bytes sent over the scale-out link."""
        return self._sum(lambda part: part.out_bytes)

    @property
    def step_s(self) -> Number:
        """All causes."""
        return sum(self.by_cause().values(), 0.0)

    def by_cause(self) -> Mapping[str, Number]:
        """The causes by name."""
        return {
            "compute": self.compute_s, "memory": self.memory_s, "scale_up": self.scale_up_s, "scale_out": self.scale_out_s, "host": self.host_s, "bubble": self.bubble_s,
        }  # fmt: skip


def step_times(machine: Machine, model: Model, job: TrainingJob, c: Columns) -> StepTimes:
    """Time of one step by cause.

    What the busiest stage of a pipeline has above the mean counts as bubble, with the filling and emptying.
    """
    where = groups_over(machine, c)
    layers = layers_pass(machine, model, job, c, where)
    head = head_pass(machine, model, job, c)
    stages = run_stages(machine, model, job, c, where, layers, head)
    on_the_way = weights_on_the_way(machine, model, c, where)
    forward_s, backward_s = layers.forward.seconds, layers.inputs.seconds + layers.weights.seconds
    there, back = on_the_way.behind(forward_s / c.pp, backward_s / c.pp)
    mean_s = stages.mean.seconds + there.waited_s + back.waited_s
    away = activations_away(machine, kept_activations(model, job, c), c, forward_s / c.pp + there.waited_s, backward_s / c.pp + back.waited_s)
    batches = micro_batches(job, c)
    ends = gradients_at_the_end(machine, model, c, where, stages.mean.seconds + away.waited_s) + optimizer_part(machine, model, job, c)
    bubble = stages.bubble_s + batches * (_busiest_s(model, c, on_the_way, forward_s, backward_s, head.whole.seconds, mean_s) - mean_s)
    slow = machine.software
    return StepTimes(
        (stages.mean, stages.between, there, back, away), batches, ends, bubble, machine.step_start_s, slow * machine.kernel_residual, slow * machine.network_residual, slow
    )


def _busiest_s(model: Model, c: Columns, on_the_way: OnTheWay, forward_s: Number, backward_s: Number, head_s: Number, mean_s: Number) -> Number:
    """Time of the busiest stage for one micro batch [s], with what it waits for behind its own passes."""
    stages: list[Number] = []
    for share, head in zip(layers_held(model, c), (0.0, head_s), strict=True):
        waited_s = sum(part.waited_s for part in on_the_way.behind(forward_s * share, backward_s * share))
        stages.append(share * (forward_s + backward_s) + head + waited_s)
    return np.maximum(mean_s, np.where(np.asarray(c.pp) > 1, np.maximum(stages[0], stages[1]), 0.0))
