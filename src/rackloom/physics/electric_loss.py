"""Efficiency at the real load point, and the chain of losses from a tray to the utility meter. Floats or arrays, SI."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..draws import Number
from ..errors import BadInput, Fault, OutOfRange


@dataclass(frozen=True)
class LossCurve:
    """Loss of a converter as a polynomial of its load, all over its rated output: loss = fixed + linear u + square u^2, u = P / P_rated.

    None of the three is below 0: a converter loses something when idle, more at more load, and its efficiency has one peak.
    `largest_error_share` is how far the fit is from the published efficiencies, at worst (0.001: a tenth of a point).
    """

    fixed_share: float
    linear_share: float
    square_share: float
    least_share: float  # the published points, beyond which nothing is known
    most_share: float
    largest_error_share: float

    def loss_share(self, load_share: Number) -> Number:
        """Loss over rated output."""
        return self.fixed_share + self.linear_share * load_share + self.square_share * load_share**2


def fit_loss_curve(load_shares: Sequence[float], efficiencies: Sequence[float]) -> LossCurve:
    """The loss polynomial closest to published points (load over rated output, efficiency), least squares in efficiency, none of its terms below 0.

    The points of a certificate (80 PLUS) are least efficiencies and no converter's curve: `largest_error_share` shows it, and
    `efficiency_between` goes through them. Raises BadInput for fewer than 3 points or efficiencies outside 0 to 1: one peak figure is no curve.

    >>> curve = fit_loss_curve([0.2, 0.5, 1.0], [0.94, 0.96, 0.955])
    >>> round(float(efficiency_at(curve, 0.7)), 4), curve.largest_error_share < 1e-9
    (0.9597, True)
    """
    from scipy.optimize import nnls  # at first use: scipy takes a second to load

    share, efficiency = _points(load_shares, efficiencies, 3)
    # d eta = -eta^2 / u x d loss: the weight makes an error of loss an error of efficiency
    weight = efficiency**2 / share
    terms = np.stack([np.ones_like(share), share, share**2], axis=1) * weight[:, None]
    found, _ = nnls(terms, share * (1.0 / efficiency - 1.0) * weight)
    fixed, linear, square = (float(value) for value in found)
    error = np.abs(share / (share + fixed + linear * share + square * share**2) - efficiency).max()
    return LossCurve(fixed, linear, square, float(share.min()), float(share.max()), float(error))


def efficiency_at(curve: LossCurve, load_share: Number) -> Number:
    """Efficiency at a load over rated output: u / (u + loss(u)); OutOfRange outside the published points."""
    _inside(load_share, curve.least_share, curve.most_share)
    return load_share / (load_share + curve.loss_share(load_share))


def efficiency_between(load_shares: Sequence[float], efficiencies: Sequence[float], at: Number) -> Number:
    """Efficiency at a load, through the published points exactly: their losses joined by a monotone cubic.

    Fritsch and Carlson, SIAM J. Numer. Anal. 17(2), 1980, as scipy's PchipInterpolator: it makes no peak or dip that the
    points do not have. Raises BadInput for fewer than 2 points, OutOfRange outside them.

    >>> round(float(efficiency_between([0.1, 0.2, 0.5, 1.0], [0.90, 0.94, 0.96, 0.91], 0.5)), 9)
    0.96
    """
    from scipy.interpolate import PchipInterpolator  # at first use, as above

    share, efficiency = _points(load_shares, efficiencies, 2)
    _inside(at, float(share.min()), float(share.max()))
    loss = PchipInterpolator(share, share * (1.0 / efficiency - 1.0))(at)
    return at / (at + loss)


@dataclass(frozen=True)
class Stage:
    """One conversion between the load and the meter. It has an efficiency, or a loss curve with its rated output (of all live units together)."""

    name: str
    efficiency: Number | None = None
    curve: LossCurve | None = None
    rated_w: Number | None = None


@dataclass(frozen=True)
class LossChain:
    """Power at each boundary and what each stage loses; stages in the order in which they were given, from the load to the meter."""

    stages: tuple[str, ...]
    input_w: tuple[Number, ...]  # of each stage; the last is what the meter reads
    loss_w: tuple[Number, ...]
    loss_share: tuple[Number, ...]  # of the metered power
    efficiency: Number  # load over meter


def loss_chain(load_w: Number, stages: Sequence[Stage]) -> LossChain:
    """Carry a load up to the utility meter: each stage's input is its output over its efficiency at that output.

    Energy balance of stages in series. Stages from the load outwards: tray conversion, busbar, shelf, busway, UPS, transformer.
    Raises BadInput for a stage without figures, by name, OutOfRange for one loaded beyond its curve.

    >>> chain = loss_chain(97.0, [Stage("shelf", 0.97), Stage("transformer", 0.99)])
    >>> round(chain.input_w[-1], 4), round(chain.efficiency, 4)
    (101.0101, 0.9603)
    """
    faults = [fault for stage in stages for fault in _stage_faults(stage)]
    if not stages:
        faults.append(Fault("a chain of losses without a stage", mend="Give at least one, from the load to the meter."))
    if faults:
        raise BadInput(faults)
    if np.any(np.asarray(load_w) <= 0.0):
        raise OutOfRange("the load of a chain is above 0 W: without load its efficiency means nothing")
    inputs: list[Number] = []
    losses: list[Number] = []
    power = load_w
    for stage in stages:
        if stage.curve is not None and stage.rated_w is not None:
            try:
                efficiency = efficiency_at(stage.curve, power / stage.rated_w)
            except OutOfRange as error:
                raise OutOfRange(f"stage '{stage.name}': {error}") from None
        else:
            assert stage.efficiency is not None
            efficiency = stage.efficiency
        inputs.append(power / efficiency)
        losses.append(inputs[-1] - power)
        power = inputs[-1]
    return LossChain(tuple(stage.name for stage in stages), tuple(inputs), tuple(losses), tuple(loss / power for loss in losses), load_w / power)


def _stage_faults(stage: Stage) -> list[Fault]:
    if stage.efficiency is None and (stage.curve is None or stage.rated_w is None):
        return [Fault(f"stage '{stage.name}' has neither an efficiency nor a loss curve with its rated output", mend="Give one of them.")]
    if stage.efficiency is not None and stage.curve is not None:
        return [Fault(f"stage '{stage.name}' has an efficiency and a loss curve", mend="Give one of them.")]
    if stage.efficiency is not None and not np.all((np.asarray(stage.efficiency) > 0.0) & (np.asarray(stage.efficiency) <= 1.0)):
        return [Fault(f"stage '{stage.name}' has an efficiency of {np.max(stage.efficiency):g}", mend="Give a share above 0 and at most 1.")]
    return []


def _points(load_shares: Sequence[float], efficiencies: Sequence[float], least: int) -> tuple[np.ndarray, np.ndarray]:
    share, efficiency = np.asarray(load_shares, dtype=float), np.asarray(efficiencies, dtype=float)
    if share.shape != efficiency.shape or share.ndim != 1 or share.size < least:
        raise BadInput(Fault(f"{share.size} loads and {efficiency.size} efficiencies", mend=f"Give {least} or more points; one peak figure is no curve."))
    order = np.argsort(share)
    share, efficiency = share[order], efficiency[order]
    if np.any(share <= 0.0) or np.any(np.diff(share) <= 0.0) or np.any(efficiency <= 0.0) or np.any(efficiency >= 1.0):
        raise BadInput(Fault("points of an efficiency curve out of range", mend="Give loads above 0, each once, and efficiencies between 0 and 1."))
    return share, efficiency


def _inside(value: Number, low: float, high: float) -> None:
    outside = (np.asarray(value) < low * (1.0 - 1e-9)) | (np.asarray(value) > high * (1.0 + 1e-9))
    if np.any(outside):
        worst = np.asarray(value)[outside].ravel()[0] if np.ndim(value) else float(value)
        raise OutOfRange(f"a load of {100 * worst:.4g} % of rated lies outside the published points, {100 * low:g} to {100 * high:g} %")
