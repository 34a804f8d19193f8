"""Work beyond one request: conversations of several turns, reinforcement learning, spare accelerators in a scale-up domain."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np

from ..draws import Number
from ..errors import BadInput, Fault
from .jobs import Traffic


def conversation(first_tokens: float, next_tokens: float, answer_tokens: float, turns: int, *, kept_share: float = 1.0, host_share: float = 0.0) -> Traffic:
    """The mean request of conversations of `turns` turns, all turns alike often.

    Parameters
    ----------
    first_tokens, next_tokens : float
        tokens of the first message, with what stands before it, and of each further one
    answer_tokens : float
        tokens of each answer
    kept_share : float
        share of what a turn has read and written that the prefix cache still holds at the next one
    host_share : float
        share of this that lies in the host's memory

    Turn k reads first + (k - 1) (next + answer) tokens, of which all but the last message were there before:
    input = first + (T - 1) / 2 (next + answer); hits = kept ((T - 1) / T first + (T - 1) (T - 2) / (2 T) (next + answer) + (T - 1) / T answer).
    Raises BadInput for no turn.
    """
    if turns < 1:
        raise BadInput(Fault(f"turns={turns}: a conversation has 1 or more"))
    mean, before = turns_of(first_tokens, next_tokens, answer_tokens, turns)
    return Traffic(float(mean), answer_tokens, hit_share=float(kept_share * before / mean), hit_host_share=host_share)


def turns_of(first_tokens: Number, next_tokens: Number, answer_tokens: Number, turns: Number) -> tuple[Number, Number]:
    """Tokens of a mean prompt, and those of them that were there at the turn before, as in `conversation`."""
    grown = next_tokens + answer_tokens
    mean = first_tokens + (turns - 1) / 2.0 * grown
    return mean, (turns - 1) / turns * (first_tokens + answer_tokens) + (turns - 1) * (turns - 2) / (2.0 * turns) * grown


@dataclass(frozen=True)
class RlStep:
    """One step of reinforcement learning: seconds of its parts and of the whole, and how accelerators are split (the same number where they take turns)."""

    rollout_s: Number
    training_s: Number
    sync_s: Number
    step_s: Number
    rollout_accelerators: float
    training_accelerators: float
    limited_by: str


def rl_step(
    *, sequences: float, prompt_tokens: float, answer_tokens: float, accelerators: int, rollout_tokens_per_s: Number, training_tokens_per_s: Number, weight_bytes: float,
    sync_bytes_per_s: Number, tpot_s: Number = 0.0, longest_tokens: float = 0.0, apart: bool = True, unit: int = 1,
) -> RlStep:  # fmt: skip
    """One step in which `sequences` answers are written by the newest weights and then learned from.

    Parameters
    ----------
    sequences, prompt_tokens, answer_tokens : float
        of one step, in the mean
    accelerators, unit : int
        in all; pools are whole units
    rollout_tokens_per_s, training_tokens_per_s : Number
        output tokens of serving, tokens of training, a second for each accelerator (of the estimates of both)
    weight_bytes, sync_bytes_per_s : float, Number
        new weights go to the rollouts once a step, at this rate for each accelerator of theirs
    tpot_s, longest_tokens : Number, float
        the longest answer of a step ends no sooner than its tokens one after the other
    apart : bool
        rollouts and training on pools of their own, a step apart from each other (asynchronous): the longer sets the pace. Else they
        take turns on all accelerators.

    Apart, the split is the one of whole units with the shortest step. Raises BadInput where no split exists.
    """
    written, learned = sequences * answer_tokens, sequences * (prompt_tokens + answer_tokens)
    tail = np.asarray(tpot_s) * longest_tokens
    if not apart:
        rollout, training = np.maximum(written / (rollout_tokens_per_s * accelerators), tail), learned / (training_tokens_per_s * accelerators)
        sync = weight_bytes / (sync_bytes_per_s * accelerators)
        return RlStep(rollout, training, sync, rollout + training + sync, accelerators, accelerators, "rollouts" if _first(rollout) > _first(training) else "training")
    units = accelerators // unit
    if units < 2:
        raise BadInput(Fault(f"{accelerators} accelerators in units of {unit} do not make two pools", mend="Let them take turns (apart=False), or give more."))
    best: RlStep | None = None
    for own in range(1, units):
        pool, rest = float(own * unit), float((units - own) * unit)
        sync = weight_bytes / (sync_bytes_per_s * pool)
        rollout, training = np.maximum(written / (rollout_tokens_per_s * pool), tail) + sync, learned / (training_tokens_per_s * rest)
        step = np.maximum(rollout, training)
        if best is None or _first(step) < _first(best.step_s):
            best = RlStep(rollout - sync, training, sync, step, pool, rest, "rollouts" if _first(rollout) > _first(training) else "training")
    assert best is not None
    return best


def _first(value: Number) -> float:
    return float(np.asarray(value).reshape(-1)[0])


@dataclass(frozen=True)
class Spares:
    """A scale-up domain with spares: shares of the domain's accelerators at work, in the mean; of time at full strength; and what one failure takes.

    `lost_count` accelerators stop at one failure until it is repaired, `lost_without_spare_count` where no spare stands by.
    """

    working_share: Number
    full_share: Number
    lost_count: int
    lost_without_spare_count: int
    working_share_without_spares: Number


def spare_domain(domain: int, used: int, replica: int, *, failures_per_s: Number, repair_s: Number, together: int = 1) -> Spares:
    """Spare accelerators in a scale-up domain, such as 64 of 72.

    Parameters
    ----------
    domain, used : int
        accelerators of the domain, and those at work while all is well; the others stand by
    replica : int
        accelerators of one replica or one part of a job that fails as a whole
    failures_per_s, repair_s : Number
        of one accelerator, with what it takes with it; time until it works again
    together : int
        accelerators that one failure takes: those of a tray that is drawn

    Groups of `together` fail one by one: u = failures x repair / (1 + failures x repair) of the time each. With k of n groups down,
    min(used, domain - k together) accelerators are left, of which whole replicas work (binomial over k). A spare takes over at once.
    Raises BadInput where more are used than there are.
    """
    if not 0 < used <= domain or replica < 1 or together < 1 or domain % together:
        raise BadInput(Fault(f"{used} of {domain} accelerators, replicas of {replica}, {together} together", mend="Use no more than there are; groups divide the domain."))
    down = np.asarray(failures_per_s, dtype=float) * together * repair_s
    down = down / (1.0 + down)
    groups = domain // together

    def share(most: int) -> Number:
        left = [min(most, domain - k * together) // replica * replica / domain for k in range(groups + 1)]
        return sum(_chance(groups, k, down) * each for k, each in enumerate(left))

    spare = (domain - used) // together
    full = sum(_chance(groups, k, down) for k in range(spare + 1))
    hit = -(-together // replica) * replica
    return Spares(share(used), full, 0 if spare else min(hit, used), min(hit, domain), share(domain))


def _chance(groups: int, k: int, down: Number) -> Number:
    return comb(groups, k) * down**k * (1.0 - down) ** (groups - k)
