"""Time of one training step, from layers to the whole: kernels, messages by tier, pipeline bubble, gradients, optimizer, host.

The same formulas serve one strategy under draws and a grid of strategies at central values; see `columns`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..draws import Number
from ..needs.model import Model
from .columns import Columns, micro_batches
from .jobs import TrainingJob
from .machine import Machine
from .memory import kept_activations
from .pipeline import run_stages
from .placement import groups_over
from .sharing import activations_away, gradients_at_the_end, optimizer_part, weights_on_the_way
from .stage import head_pass, layers_pass


@dataclass(frozen=True)
class StepTimes:
    """Time of a step by cause [s] and bytes that one accelerator moves in it [B]."""

    compute_s: Number
    memory_s: Number
    scale_up_s: Number
    scale_out_s: Number
    host_s: Number
    bubble_s: Number
    memory_bytes: Number
    scale_up_bytes: Number
    scale_out_bytes: Number

    @property
    def step_s(self) -> Number:
        """All causes."""
        return self.compute_s + self.memory_s + self.scale_up_s + self.scale_out_s + self.host_s + self.bubble_s

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
    share = 1.0 / c.pp
    forward_s = layers.forward.seconds * share
    backward_s = (layers.inputs.seconds + layers.weights.seconds) * share
    there, back = weights_on_the_way(machine, model, c, where, forward_s, backward_s)
    away = activations_away(machine, kept_activations(model, job, c), c, forward_s + there.waited_s, backward_s + back.waited_s)
    batches = micro_batches(job, c)
    ends = gradients_at_the_end(machine, model, c, where, stages.mean.seconds + away.waited_s) + optimizer_part(machine, model, job, c)
    total = (stages.mean + (stages.between + there + back + away)).times(batches) + ends
    bubble = stages.bubble_s + batches * stages.above_mean_s
    slow = machine.software
    kernels, network = slow * machine.kernel_residual, slow * machine.network_residual
    return StepTimes(
        total.work.compute * kernels, total.work.memory * kernels, total.up_s * network, total.out_s * network, total.host_s * slow + machine.step_start_s, bubble * kernels, total.memory_bytes, total.up_bytes,
        total.out_bytes,
    )  # fmt: skip
