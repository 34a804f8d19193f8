"""Filling and emptying a pipeline, and waiting for its busiest stage.

With p stages of v chunks each and m micro batches, a step takes m times the busiest stage, and then what one micro
batch needs on all other stages:

* 1F1B: forward and backward of the others, over v (Narayanan et al. 2021, arXiv 2104.04473, section 2.2);
* zero-bubble ZB-H1: forward and backward for inputs less backward for weights of the others (Qi et al. 2023,
  arXiv 2401.10241, section 2.3);
* DualPipe: (p/2 - 1) (F + 2 B - 3 W), B the whole backward, W that for the weights (DeepSeek-V3, arXiv 2412.19437, table 2,
  with forward and backward of two micro batches in the time of both).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..draws import Number
from ..needs.model import Model
from .columns import Columns, yes
from .jobs import DUALPIPE, ZERO_BUBBLE, TrainingJob
from .machine import Machine
from .parts import Part, hidden, message
from .placement import Groups
from .stage import Pass, stage_layers


@dataclass(frozen=True)
class Stages:
    """A pipeline at work on one micro batch: the mean stage, bubble of the whole step [s], messages between stages."""

    mean: Part
    bubble_s: Number
    between: Part


def layers_held(model: Model, c: Columns) -> tuple[Number, Number]:
    """Share of the model's layers on a full stage, and on the last one, which has the head beside them.

    Stages hold whole chunks of layers. Where the layers do not fill all chunks, the ends hold fewer.
    """
    full = stage_layers(model, c)
    missing = full * c.pp - len(model.layers)
    last = full - np.minimum(np.ceil(missing / 2.0), full)
    return np.where(np.asarray(c.pp) > 1, full, 0.0) / len(model.layers), last / len(model.layers)


def busiest_stage_s(model: Model, c: Columns, layers_s: Number, head_s: Number) -> Number:
    """Time of the busiest stage for one micro batch [s]; `layers_s`, `head_s`: all layers, and the head."""
    full, last = layers_held(model, c)
    return np.maximum(full * layers_s, last * layers_s + head_s)


def fill_s(c: Columns, layers: Pass, head: Pass, busiest_s: Number) -> Number:
    """Bubble of a step [s]: one micro batch on the stages other than the busiest one."""
    pp = np.asarray(c.pp, dtype=float)
    forward = layers.forward.seconds + head.forward.seconds
    inputs = layers.inputs.seconds + head.inputs.seconds
    weights = layers.weights.seconds + head.weights.seconds
    whole = forward + inputs + weights
    others = np.maximum(whole - busiest_s, 0.0)
    plain = others / c.interleave
    zero = others * np.maximum(forward + inputs - weights, 0.0) / whole
    dual = np.maximum(pp / 2.0 - 1.0, 0.0) / pp * np.maximum(forward + 2.0 * inputs - weights, 0.0)
    schedule = np.asarray(c.schedule)
    return np.where(schedule == ZERO_BUBBLE, zero, np.where(schedule == DUALPIPE, dual, plain))


def run_stages(machine: Machine, model: Model, job: TrainingJob, c: Columns, where: Groups, layers: Pass, head: Pass) -> Stages:
    """The pipeline of one micro batch. Between stages, messages hide behind other chunks where there are some."""
    whole = layers.whole + head.whole
    mean = whole.times(1.0 / np.asarray(c.pp, dtype=float))
    busiest = busiest_stage_s(model, c, layers.whole.seconds, head.whole.seconds)
    # each tensor rank sends its part; without sequence parallelism the parts are gathered again on the other side (Narayanan et al., section 4.1)
    whole_size = 2.0 * c.micro_batch * job.sequence / c.cp * model.hidden
    sends = np.where(np.asarray(c.pp) > 1, 2.0 * np.asarray(c.interleave), 0.0)
    one = message(machine, "send_receive", whole_size / c.tp, where.stage) + message(machine, "all_gather", whole_size, where.tensor, 1.0 - yes(c.sequence_parallel))
    covered = np.where((np.asarray(c.interleave) > 1) | (np.asarray(c.schedule) == DUALPIPE), machine.pipeline_overlap, 0.0)
    between = hidden(one, covered, mean.seconds).times(sends)
    hops = one.seconds * np.maximum(np.asarray(c.pp, dtype=float) - 1.0, 0.0) * 2.0
    return Stages(mean, fill_s(c, layers, head, busiest) + hops, between)
