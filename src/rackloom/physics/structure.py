"""A rack as a rigid body on four feet: centre of gravity, tipping, what the floor bears. Statics; each function takes floats or arrays over designs.

Coordinates: x across from the middle of the footprint, y from front to rear from its middle, z up from the floor.
"""

from __future__ import annotations

import numpy as np

from ..draws import Number
from ..errors import OutOfRange
from .guards import not_negative, plain, positive

GRAVITY_M_PER_S2 = 9.80665


def centre_of_gravity(mass_kg: np.ndarray, at_m: np.ndarray) -> np.ndarray:
    """Centre of gravity of masses (..., parts) at places (..., parts, 3) [m], shape (..., 3). Raises OutOfRange where nothing weighs anything."""
    mass = np.asarray(mass_kg, dtype=float)
    total = np.sum(mass, axis=-1)
    if np.any(mass < 0.0) or np.any(total <= 0.0):
        raise OutOfRange("masses are 0 kg or more, and something weighs")
    return np.asarray(np.sum(mass[..., None] * at_m, axis=-2) / total[..., None])


def tipping_angle(centre_m: np.ndarray, width_m: Number, depth_m: Number) -> Number:
    """Smallest tilt of the floor at which a body on a rectangular footprint tips [rad]: atan(distance to the nearest edge / height).

    0 where the centre lies over an edge or beyond it.

    >>> round(float(np.degrees(tipping_angle(np.array([0.0, 0.0, 1.0]), 0.6, 1.2))), 2)  # 0.3 m aside of 1 m
    16.7
    """
    positive(width_m=width_m, depth_m=depth_m)
    x, y, z = (np.asarray(centre_m, dtype=float)[..., k] for k in range(3))
    positive(height_m=plain(z))
    nearest = np.minimum(np.asarray(width_m) / 2.0 - np.abs(x), np.asarray(depth_m) / 2.0 - np.abs(y))
    return plain(np.arctan(np.maximum(nearest, 0.0) / z))


def push_to_tip(mass_kg: Number, centre_m: np.ndarray, width_m: Number, depth_m: Number, at_height_m: Number) -> Number:
    """Smallest horizontal force that tips a body when it is pushed at a height [N]: m g x distance to the nearest edge / height."""
    positive(width_m=width_m, depth_m=depth_m, at_height_m=at_height_m)
    not_negative(mass_kg=mass_kg)
    x, y = (np.asarray(centre_m, dtype=float)[..., k] for k in range(2))
    nearest = np.minimum(np.asarray(width_m) / 2.0 - np.abs(x), np.asarray(depth_m) / 2.0 - np.abs(y))
    return plain(np.asarray(mass_kg) * GRAVITY_M_PER_S2 * np.maximum(nearest, 0.0) / np.asarray(at_height_m))


def foot_loads(mass_kg: Number, centre_m: np.ndarray, width_m: Number, depth_m: Number) -> np.ndarray:
    """Mass on each of four feet at the corners of a footprint [kg], shape (..., 4): front left, front right, rear left, rear right.

    A rigid body on four feet is undetermined by one; the least uneven answer that carries weight and both moments is taken:
    m/4 (1 +- 2x/w)(1 +- 2y/d) without its product, m/4 (1 +- 2x/w +- 2y/d). Feet that would pull are below 0: the body tips or rocks.

    >>> foot_loads(400.0, np.array([0.1, 0.0, 1.0]), 0.5, 1.0).tolist()  # a tenth of a metre to the right
    [60.0, 140.0, 60.0, 140.0]
    """
    positive(width_m=width_m, depth_m=depth_m)
    x, y = (np.asarray(centre_m, dtype=float)[..., k] for k in range(2))
    across, along = 2.0 * x / np.asarray(width_m), 2.0 * y / np.asarray(depth_m)
    signs = ((-1.0, -1.0), (1.0, -1.0), (-1.0, 1.0), (1.0, 1.0))
    quarter = np.asarray(mass_kg, dtype=float) / 4.0
    return np.stack(np.broadcast_arrays(*(quarter * (1.0 + side * across + end * along) for side, end in signs)), axis=-1)


def on_three_feet(mass_kg: Number, centre_m: np.ndarray, width_m: Number, depth_m: Number) -> Number:
    """Largest mass on one foot while one of the others hangs free, as on a step of the floor [kg]: m (1/2 + min(|x|/w, |y|/d)).

    Three feet are determined. With u = 2|x|/w and v = 2|y|/d and the foot at (-1, 1) free (u >= v, else that at (1, -1)), moments
    leave the corner (1, 1) with m (1 + v)/2; no other foot that can hang free leaves more.

    >>> on_three_feet(400.0, np.array([0.0, 0.0, 1.0]), 0.5, 1.0)  # two feet across the diagonal carry it all
    200.0
    """
    positive(width_m=width_m, depth_m=depth_m)
    x, y = (np.abs(np.asarray(centre_m, dtype=float)[..., k]) for k in range(2))
    return plain(np.asarray(mass_kg, dtype=float) * (0.5 + np.minimum(x / np.asarray(width_m), y / np.asarray(depth_m))))


def floor_pressure(mass_kg: Number, width_m: Number, depth_m: Number) -> Number:
    """Mean pressure of a body on its footprint [Pa].

    >>> round(floor_pressure(1360.0, 0.6, 1.068))
    20814
    """
    positive(width_m=width_m, depth_m=depth_m)
    return plain(np.asarray(mass_kg, dtype=float) * GRAVITY_M_PER_S2 / (np.asarray(width_m) * np.asarray(depth_m)))
