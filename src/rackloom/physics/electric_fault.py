"""Short circuits and earth faults: what flows, what can be touched, where poles lie against earth. Floats or arrays, SI."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..draws import Number
from ..errors import BadInput, Fault, OutOfRange, nearest

Grounding = Literal["mid-point", "negative-pole", "positive-pole"]
Pole = Literal["none", "positive", "negative"]


def transformer_impedance(rated_va: Number, line_v: Number, impedance_share: Number, r_over_x: Number = 0.0) -> np.ndarray | complex:
    """Impedance of a transformer a phase, seen from the side of `line_v` [ohm, complex]: |Z| = u_k V^2 / S (definition of u_k).

    >>> round(float(abs(transformer_impedance(2.5e6, 415.0, 0.06))) * 1e3, 3)  # milliohm
    4.133
    """
    size = np.asarray(impedance_share * line_v**2 / rated_va)
    return size * (r_over_x + 1j) / np.sqrt(1.0 + np.asarray(r_over_x) ** 2)


def short_circuit(line_v: Number, *impedance_ohm: Number | complex, voltage_factor: Number = 1.0) -> Number:
    """Symmetrical three-phase short-circuit current at a point [A]: I = c V / (sqrt(3) |sum Z|), source, transformer and cables in series a phase.

    `voltage_factor` c is 1 for the nominal voltage; IEC 60909-0 takes up to 1.05 or 1.1 for the largest current (clause not
    read). Contributions of motors and converters are added by the caller. Raises OutOfRange where nothing limits the current.

    >>> round(float(short_circuit(415.0, transformer_impedance(2.5e6, 415.0, 0.06))) / 1e3, 2)  # kA: S / (sqrt(3) V u_k)
    57.97
    """
    total = np.abs(sum((np.asarray(z) for z in impedance_ohm), np.asarray(0.0)))
    if np.any(total <= 0.0):
        raise OutOfRange("a short circuit without impedance: give that of the source, the transformer or the cables")
    return voltage_factor * line_v / (np.sqrt(3.0) * total)


def battery_fault_current(open_v: Number, internal_ohm: Number, path_ohm: Number) -> Number:
    """Steady current of a battery shelf into a short circuit [A]: V / (R_internal + R_path), Ohm's law; its fuse or converter may limit it sooner."""
    total = np.asarray(internal_ohm) + path_ohm
    if np.any(total <= 0.0):
        raise OutOfRange("a battery into a short circuit without resistance: give its internal one and that of the path")
    return open_v / total


def capacitor_fault_peak(start_v: Number, capacitance_f: Number, resistance_ohm: Number, inductance_h: Number) -> Number:
    """Peak current of charged capacitors into a short circuit [A]: the first peak of a series RLC discharge.

    With a = R/2L and w0^2 = 1/(LC): at t* the current is V/(w0 L) e^(-a t*), with
    t* = arccos(a/w0) / sqrt(w0^2 - a^2) when it rings, arccosh(a/w0) / sqrt(a^2 - w0^2) when it does not, 1/a between (textbook solution of L i' + R i + q/C = 0; worked here).

    >>> round(float(capacitor_fault_peak(54.0, 1.0, 1e-3, 1e-7)))  # aperiodic; without inductance V / R = 54 kA
    45075
    """
    for name, value in (("capacitance_f", capacitance_f), ("resistance_ohm", resistance_ohm), ("inductance_h", inductance_h)):
        if np.any(np.asarray(value) <= 0.0):
            raise OutOfRange(f"{name} is above 0")
    a = np.asarray(resistance_ohm) / (2.0 * np.asarray(inductance_h))
    w0 = 1.0 / np.sqrt(np.asarray(inductance_h) * capacitance_f)
    ratio = a / w0
    rings = ratio < 1.0
    wd = np.sqrt(np.abs(1.0 - ratio**2))  # of w0
    near = wd < 1e-6
    angle = np.where(rings, np.arccos(np.minimum(ratio, 1.0)), np.arccosh(np.maximum(ratio, 1.0)))
    late = np.where(near, 1.0, angle / np.where(near, 1.0, wd))  # w0 t*
    return start_v / (w0 * inductance_h) * np.exp(-ratio * late)


def touch_voltage(line_to_earth_v: Number, protective_ohm: Number, rest_of_loop_ohm: Number) -> Number:
    """Voltage of a frame to earth while a live conductor touches it [V]: V x R_PE / (R_PE + R_rest), a divider.

    `protective_ohm` lies between the frame and earth, `rest_of_loop_ohm` in the conductor, the fault and the grounding of the source.

    >>> round(float(touch_voltage(400.0, 0.05, 0.05)), 6), round(float(touch_voltage(400.0, 0.05, 40e3)), 6)  # solid, high resistance
    (200.0, 0.0005)
    """
    if np.any(np.asarray(protective_ohm) < 0.0) or np.any(np.asarray(rest_of_loop_ohm) < 0.0) or np.any(np.asarray(protective_ohm) + rest_of_loop_ohm <= 0.0):
        raise OutOfRange("a fault loop has resistances of 0 or more, and not 0 altogether")
    return line_to_earth_v * protective_ohm / (np.asarray(protective_ohm) + rest_of_loop_ohm)


@dataclass(frozen=True)
class PolesToEarth:
    """Where the two poles lie against earth, and what flows to earth."""

    positive_v: Number
    negative_v: Number  # 0 or below in health
    earth_current_a: Number

    @property
    def highest_v(self) -> Number:
        """What insulation to earth must stand."""
        return np.maximum(np.abs(self.positive_v), np.abs(self.negative_v))


def poles_to_earth(total_v: Number, grounding: Grounding, grounding_ohm: Number, *, fault: Pole = "none", fault_ohm: Number = 0.0) -> PolesToEarth:
    """Voltages of the poles of a high-voltage direct-current supply to earth, in health and with one pole on earth.

    Parameters
    ----------
    total_v : between the poles: 800 for +/-400 V as for 800 V [V]
    grounding : which point is earthed through `grounding_ohm`: the 'mid-point', the 'negative-pole' or the 'positive-pole'
    grounding_ohm : a few milliohm where it is solid (the fault loop), kilohms where it is of high resistance; above 0
    fault : the pole that touches earth, through `fault_ohm`

    One loop: the current is what lies between the earthed point and the faulty pole over both resistances; the other pole then
    lies the whole voltage away from the faulty one. The converter is taken as stiff: with solid grounding it trips or limits
    instead, and the current is the prospective one. Ohm's law; written here.

    >>> sound = poles_to_earth(800.0, "mid-point", 40e3)
    >>> sick = poles_to_earth(800.0, "mid-point", 40e3, fault="positive")
    >>> float(sound.highest_v), float(sick.highest_v), float(sick.earth_current_a)
    (400.0, 800.0, 0.01)
    """
    lies = {"mid-point": 0.5, "negative-pole": 0.0, "positive-pole": 1.0}
    faults = []
    if grounding not in lies:
        faults.append(Fault(f"a grounding '{grounding}'", nearest=nearest(grounding, lies), mend=f"Say one of {', '.join(lies)}; solid or of high resistance is in grounding_ohm."))
    if fault not in ("none", "positive", "negative"):
        faults.append(Fault(f"an earth fault of the pole '{fault}'", mend="Say 'none', 'positive' or 'negative'."))
    if faults:
        raise BadInput(faults)
    if np.any(np.asarray(total_v) <= 0.0) or np.any(np.asarray(grounding_ohm) <= 0.0) or np.any(np.asarray(fault_ohm) < 0.0):
        raise OutOfRange("a voltage between poles and a grounding resistance are above 0, a fault resistance 0 or more")
    share = lies[grounding]  # of the total that the earthed point lies above the negative pole
    if fault == "none":
        return PolesToEarth(total_v * (1.0 - share), -total_v * share + 0.0, 0.0 * total_v)
    above = total_v * ((1.0 if fault == "positive" else 0.0) - share)  # the faulty pole over the earthed point
    current = above / (np.asarray(grounding_ohm) + fault_ohm)
    faulty = current * fault_ohm
    positive = faulty if fault == "positive" else faulty + total_v
    return PolesToEarth(positive, positive - total_v, np.abs(current))
