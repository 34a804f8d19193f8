"""Heat exchangers of coolant distribution units by effectiveness and transfer units. Floats or arrays, SI.

Counterflow, as in a plate exchanger: effectiveness = (1 - e^-x) / (1 - C e^-x), x = NTU (1 - C), C = C_min / C_max
(Kays and London, Compact Heat Exchangers; clause not read).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..draws import Number
from .guards import not_negative, plain, positive, refuse


def effectiveness_counterflow(transfer_units: Number, capacity_ratio: Number) -> Number:
    """Heat passed over the most that could be [-]: of `transfer_units` = UA / C_min and `capacity_ratio` = C_min / C_max in 0 to 1.

    >>> round(effectiveness_counterflow(2.5, 1.0), 4)  # NTU / (1 + NTU) where both sides carry alike
    0.7143
    """
    not_negative(transfer_units=transfer_units)
    units, ratio = np.broadcast_arrays(np.asarray(transfer_units, dtype=float), np.asarray(capacity_ratio, dtype=float))
    refuse((ratio < 0.0) | (ratio > 1.0), ratio, lambda c: f"capacity_ratio={c:g}: the smaller capacity rate over the larger lies in 0 to 1")
    alike = ratio >= 1.0
    spread = np.where(alike, 1.0, 1.0 - ratio)
    gone = -np.expm1(-units * spread)  # keeps its digits where the sides carry all but alike
    return plain(np.where(alike, units / (1.0 + units), gone / (spread + ratio * gone)))


def transfer_units_for(effectiveness: Number, capacity_ratio: Number) -> Number:
    """NTU at which a counterflow exchanger has an effectiveness [-], the inverse of the above; the effectiveness lies in 0 to below 1."""
    share, ratio = np.broadcast_arrays(np.asarray(effectiveness, dtype=float), np.asarray(capacity_ratio, dtype=float))
    refuse((share < 0.0) | (share >= 1.0), share, lambda e: f"effectiveness={e:g}: it lies in 0 to below 1; more area would not reach this, raise a flow or the approach")
    refuse((ratio < 0.0) | (ratio > 1.0), ratio, lambda c: f"capacity_ratio={c:g}: the smaller capacity rate over the larger lies in 0 to 1")
    alike = ratio >= 1.0
    spread = np.where(alike, 1.0, 1.0 - ratio)
    return plain(np.where(alike, share / (1.0 - share), np.log1p(share * spread / (1.0 - share)) / spread))


@dataclass(frozen=True)
class Exchange:
    """What an exchanger does."""

    heat_w: Number
    hot_outlet_temperature_k: Number
    cold_outlet_temperature_k: Number
    effectiveness: Number


def exchange(conductance_w_per_k: Number, hot_w_per_k: Number, cold_w_per_k: Number, hot_inlet_temperature_k: Number, cold_inlet_temperature_k: Number) -> Exchange:
    """Heat and outlet temperatures of a counterflow exchanger of conductance UA between two capacity rates rho cp V, all above 0."""
    positive(conductance_w_per_k=conductance_w_per_k, hot_w_per_k=hot_w_per_k, cold_w_per_k=cold_w_per_k)
    least, most = np.minimum(hot_w_per_k, cold_w_per_k), np.maximum(hot_w_per_k, cold_w_per_k)
    share = effectiveness_counterflow(conductance_w_per_k / least, least / most)
    heat = share * least * (np.asarray(hot_inlet_temperature_k, dtype=float) - cold_inlet_temperature_k)
    return Exchange(plain(heat), plain(hot_inlet_temperature_k - heat / hot_w_per_k), plain(cold_inlet_temperature_k + heat / cold_w_per_k), share)


@dataclass(frozen=True)
class CduRating:
    """What a coolant distribution unit is rated for, and how its exchanger takes other flows.

    The approach is the coolant supplied to racks less the facility water that comes in. The conductance at other flows is
    1 / UA = (hot_share f_hot^-e + cold_share f_cold^-e + the wall's rest) / UA_rated, f a flow over that of the rating:
    shares and exponent are the exchanger's own (its maker's, or an assumption that says so).
    """

    heat_w: Number
    approach_k: Number
    hot_w_per_k: Number  # rho cp V of the racks' side at the rating
    cold_w_per_k: Number  # of the facility's side
    hot_share: Number  # of the whole resistance, at the rating
    cold_share: Number
    exponent: Number  # of the film against flow; 0 leaves UA as rated


def rated_conductance(rating: CduRating) -> Number:
    """UA that the rating implies [W/K].

    At an approach a the racks return at a + Q / C_hot above the facility's inlet, so that effectiveness = Q / (C_min (a + Q / C_hot)).
    Raises OutOfRange for a rating that no exchanger has: its effectiveness would be 1 or more.
    """
    positive(heat_w=rating.heat_w, approach_k=rating.approach_k, hot_w_per_k=rating.hot_w_per_k, cold_w_per_k=rating.cold_w_per_k)
    least, most = np.minimum(rating.hot_w_per_k, rating.cold_w_per_k), np.maximum(rating.hot_w_per_k, rating.cold_w_per_k)
    share = rating.heat_w / (least * (rating.approach_k + rating.heat_w / rating.hot_w_per_k))
    return plain(transfer_units_for(share, least / most) * least)


def conductance(rating: CduRating, hot_flow_ratio: Number = 1.0, cold_flow_ratio: Number = 1.0) -> Number:
    """UA at flows over those of the rating [W/K]; both ratios are above 0."""
    positive(hot_flow_ratio=hot_flow_ratio, cold_flow_ratio=cold_flow_ratio)
    wall = np.asarray(1.0 - np.asarray(rating.hot_share) - rating.cold_share, dtype=float)
    refuse(
        (wall < -1e-12) | (np.asarray(rating.hot_share) < 0.0) | (np.asarray(rating.cold_share) < 0.0),
        wall,
        lambda w: f"the shares of resistance leave {w:g} for the wall: each is 0 or more and they sum to at most 1",
    )
    resistance = rating.hot_share * hot_flow_ratio**-rating.exponent + rating.cold_share * cold_flow_ratio**-rating.exponent + np.maximum(wall, 0.0)
    return plain(rated_conductance(rating) / resistance)


def capacity_at(rating: CduRating, approach_k: Number, hot_flow_ratio: Number = 1.0, cold_flow_ratio: Number = 1.0) -> Number:
    """Heat that a unit takes at an approach and at flows over those of its rating [W].

    Solved from Q = e C_min (a + Q / C_hot): Q = e C_min a / (1 - e C_min / C_hot). It is in proportion to the approach:
    ratings at 3, 4 and 5 K compare only after this. The racks' return is left free: with less flow on their side it warms, and
    the exchanger passes more, not less; `capacity_within` holds it. inf where the racks' side carries the less and the
    effectiveness is 1 to the last digit.
    """
    positive(approach_k=approach_k)
    hot, cold = rating.hot_w_per_k * hot_flow_ratio, rating.cold_w_per_k * cold_flow_ratio
    least, most = np.minimum(hot, cold), np.maximum(hot, cold)
    share = effectiveness_counterflow(conductance(rating, hot_flow_ratio, cold_flow_ratio) / least, least / most)
    left = 1.0 - share * least / hot
    with np.errstate(divide="ignore"):
        return plain(np.where(left > 0.0, share * least * approach_k / np.where(left > 0.0, left, 1.0), np.inf))


def capacity_within(rating: CduRating, approach_k: Number, rise_k: Number, hot_flow_ratio: Number = 1.0, cold_flow_ratio: Number = 1.0) -> Number:
    """Heat that a unit takes at an approach without warming the racks' coolant by more than a rise [W]: what is left with a pump lost.

    The lesser of what the exchanger passes and of what the flow carries, Q = rho cp V dT; `hot_flow_ratio` is the flow left over
    that of the rating (`flow_ratio_after_loss`), the rise that to the highest return that racks, coolant or couplings allow.
    """
    positive(rise_k=rise_k)
    return plain(np.minimum(capacity_at(rating, approach_k, hot_flow_ratio, cold_flow_ratio), rating.hot_w_per_k * hot_flow_ratio * np.asarray(rise_k, dtype=float)))


def approach_for(rating: CduRating, heat_w: Number, hot_flow_ratio: Number = 1.0, cold_flow_ratio: Number = 1.0) -> Number:
    """Approach at which a unit takes a heat at flows over those of its rating [K]: the supply temperature is the facility's plus this."""
    not_negative(heat_w=heat_w)
    return plain(np.asarray(heat_w, dtype=float) / capacity_at(rating, 1.0, hot_flow_ratio, cold_flow_ratio))
