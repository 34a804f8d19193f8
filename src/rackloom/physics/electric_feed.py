"""Feeds: currents of phases and neutral, balance, breakers, drop along a whip. Floats or arrays, SI."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..draws import Number
from ..errors import BadInput, Fault, OutOfRange, nearest

PHASES = ("A", "B", "C")
CONNECTIONS = ("AN", "BN", "CN", "AB", "BC", "CA", "ABC")
BREAKERS = {"nec-80": 0.8, "nec-100": 1.0, "iec": 1.0}  # share of the rating that a continuous load may take


@dataclass(frozen=True)
class PhaseCurrents:
    """Currents of the three lines and the neutral of a feed."""

    line_a: np.ndarray  # (..., 3), of A, B, C
    neutral_a: Number  # fundamental; triplen harmonics of converters would add to it
    unbalance_share: Number  # largest distance of a line from the mean of the three, over that mean; 0 without load


def single_phase_current(power_w: Number, volts: Number, power_factor: Number = 1.0) -> Number:
    """Current of a single-phase (or, at power factor 1, direct-current) load [A]: I = P / (V pf), the definition of real power."""
    if np.any(np.asarray(volts) <= 0.0) or np.any(np.asarray(power_factor) <= 0.0) or np.any(np.asarray(power_factor) > 1.0):
        raise OutOfRange("a voltage is above 0, a power factor above 0 and at most 1")
    return power_w / (volts * power_factor)


def phase_currents(power_w: np.ndarray, connections: Sequence[str], line_v: Number, power_factor: Number = 1.0) -> PhaseCurrents:
    """Currents of a three-phase feed whose loads hang on it in any way: phasors, one displacement angle for all.

    Parameters
    ----------
    power_w : (..., loads), real power that each draws [W]; a lost PSU draws 0
    connections : a word a load: 'AN', 'BN', 'CN' line to neutral, 'AB', 'BC', 'CA' line to line, 'ABC' a balanced three-phase load
    line_v : line to line [V], of shape (...) or a float; line to neutral is that over sqrt(3)
    power_factor : displacement, lagging; above 0, at most 1

    Phasor sums of a symmetrical system (Glover, Overbye, Sarma, Power System Analysis and Design, 6th ed., sections 2.5 and
    2.6; text not read here). A PSU between two lines draws sqrt(3) times less current than one of the same power from a line
    to neutral, and its current leads that of the line's own phase by 30 degrees.

    >>> six = phase_currents(np.full(6, 5500.0), ["AN", "BN", "CN"] * 2, 415.0)
    >>> six.line_a.round(2), round(float(six.neutral_a), 9)
    (array([45.91, 45.91, 45.91]), 0.0)
    """
    power = np.asarray(power_w, dtype=float)
    faults = [
        Fault(f"a load connected as '{word}'", nearest=nearest(word, CONNECTIONS), mend=f"Say one of {', '.join(CONNECTIONS)}.") for word in connections if word not in CONNECTIONS
    ]
    if power.ndim == 0 or power.shape[-1] != len(connections):
        faults.append(Fault(f"{len(connections)} connections for powers of shape {power.shape}", mend="Give one connection for each load of the last axis."))
    if faults:
        raise BadInput(faults)
    single_phase_current(1.0, line_v, power_factor)  # refuses what no feed has
    volts, factor = np.asarray(line_v, dtype=float)[..., None], np.asarray(power_factor, dtype=float)[..., None]
    turn = np.exp(-1j * (2.0 * np.pi / 3.0 * np.arange(3) + np.arccos(factor)))  # of a current in phase with A, B, C, lagging by the power factor
    line = np.zeros((*np.broadcast_shapes(power.shape[:-1], volts.shape[:-1], factor.shape[:-1]), 3), dtype=complex)
    neutral = np.zeros(line.shape[:-1], dtype=complex)
    for index, word in enumerate(connections):
        watts = power[..., index, None]
        if word == "ABC":
            line = line + watts / (np.sqrt(3.0) * volts * factor) * turn
        elif word.endswith("N"):
            k = PHASES.index(word[0])
            amperes = (watts * np.sqrt(3.0) / (volts * factor) * turn[..., k : k + 1])[..., 0]
            line[..., k] += amperes
            neutral = neutral + amperes
        else:
            k, to = PHASES.index(word[0]), PHASES.index(word[1])
            amperes = (watts / (volts * factor) * turn[..., k : k + 1] * np.exp(1j * np.pi / 6.0))[..., 0]
            line[..., k] += amperes
            line[..., to] -= amperes
    sizes = np.abs(line)
    mean = sizes.mean(axis=-1)
    unbalance = np.abs(sizes - mean[..., None]).max(axis=-1) / np.where(mean > 0.0, mean, 1.0)
    return PhaseCurrents(sizes, np.abs(neutral), unbalance)


def spread_over_phases(count: int, *, line_to_line: bool = False, first: int = 0) -> tuple[str, ...]:
    """Connections of single-phase units put on the phases in turn: A, B, C, A ... (or AB, BC, CA ...), beginning at `first`."""
    words = ("AB", "BC", "CA") if line_to_line else ("AN", "BN", "CN")
    return tuple(words[(first + index) % 3] for index in range(count))


def breaker_continuous(rating_a: Number, kind: Literal["nec-80", "nec-100", "iec"], *, derating_share: Number = 1.0) -> Number:
    """Current that a breaker carries continuously [A].

    'nec-80': a standard breaker at a NEC site, sized at 125 % of a continuous load (three hours or more), so it carries 80 %
    of its rating; 'nec-100': an assembly listed for 100 % of its rating (NFPA 70, 210.20(A) and 215.3; clauses not read);
    'iec': its rated current at its reference ambient (IEC 60898-1, IEC 60947-2; clauses not read). `derating_share` is what
    the maker leaves in a warmer ambient or among neighbours.

    >>> breaker_continuous(60.0, "nec-80")
    48.0
    """
    if kind not in BREAKERS:
        raise BadInput(Fault(f"a breaker of kind '{kind}'", nearest=nearest(kind, BREAKERS), mend=f"Say one of {', '.join(BREAKERS)}."))
    if np.any(np.asarray(derating_share) <= 0.0) or np.any(np.asarray(derating_share) > 1.0):
        raise OutOfRange("derating leaves a share above 0 and at most 1 of a breaker's rating")
    return BREAKERS[kind] * rating_a * derating_share


def smallest_breaker(current_a: float, ratings_a: Sequence[float], kind: Literal["nec-80", "nec-100", "iec"], *, derating_share: float = 1.0) -> float:
    """The smallest of the ratings on offer that carries a continuous current [A]; OutOfRange where none does."""
    for rating in sorted(ratings_a):
        if breaker_continuous(rating, kind, derating_share=derating_share) >= current_a:
            return rating
    raise OutOfRange(f"{current_a:g} A continuously is more than the largest breaker on offer carries: split the load over more feeds")


def whip_drop(current_a: Number, length_m: Number, ohm_per_m: Number, reactance_ohm_per_m: Number = 0.0, power_factor: Number = 1.0, *, phases: Literal[1, 3] = 3) -> Number:
    """Voltage drop along a whip [V]: k I L (r cos phi + x sin phi); k is sqrt(3) line to line of three phases, 2 of one phase or direct current.

    The first-order drop of a short line (the angle between its ends neglected). `ohm_per_m` is of one conductor, hot.

    >>> round(float(whip_drop(48.0, 10.0, 0.00124)), 3)  # 10 m at 1.24 mohm/m
    1.031
    """
    if phases not in (1, 3):
        raise OutOfRange("a whip has 1 or 3 phases; direct current counts as 1")
    angle = np.arccos(power_factor)
    return (np.sqrt(3.0) if phases == 3 else 2.0) * current_a * length_m * (ohm_per_m * np.cos(angle) + reactance_ohm_per_m * np.sin(angle))
