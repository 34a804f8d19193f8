"""Factors of everyday units, as pint gives them (a test holds them equal), so that a command that meets no other unit need not import it."""

from __future__ import annotations

FACTORS: dict[tuple[str, str], float] = {
    ("%", "1"): 0.01, ("/d", "1/d"): 1.0, ("/h", "1/h"): 1.0, ("/month", "1/month"): 1.0, ("/wk", "1/wk"): 1.0, ("/yr", "1/yr"): 1.0, ("kA", "A"): 1000.0,
    ("EFLOP/s", "FLOP/s"): 1e+18, ("PFLOP/s", "FLOP/s"): 1000000000000000.0, ("TFLOP/s", "FLOP/s"): 1000000000000.0, ("GHz", "Hz"): 1000000000.0, ("kJ/kg/K", "J/kg/K"): 1000.0,
    ("bar", "Pa"): 100000.0, ("kPa", "Pa"): 1000.0, ("psi", "Pa"): 6894.757293168361, ("mPa*s", "Pa*s"): 0.001, ("MUSD", "USD"): 1000000.0, ("kUSD", "USD"): 1000.0,
    ("MUSD/yr", "USD/yr"): 1000000.0, ("MW", "W"): 1000000.0, ("kW", "W"): 1000.0, ("GB", "byte"): 1000000000.0, ("GiB", "byte"): 1073741824.0, ("MiB", "byte"): 1048576.0,
    ("TB", "byte"): 1000000000000.0, ("GB/s", "byte/s"): 1000000000.0, ("Gbit/s", "byte/s"): 125000000.0, ("TB/s", "byte/s"): 1000000000000.0,
    ("Tbit/s", "byte/s"): 125000000000.0, ("days", "d"): 1.0, ("months", "d"): 30.4375, ("week", "d"): 7.0, ("weeks", "d"): 7.0, ("years", "d"): 365.25,
    ("lb", "kg"): 0.45359237, ("inch", "m"): 0.0254, ("km", "m"): 1000.0, ("mile", "m"): 1609.344, ("mm", "m"): 0.001, ("um", "m"): 1e-06, ("acre", "m2"): 4046.8564224,
    ("sqft", "m2"): 0.09290304, ("L", "m3"): 0.001, ("mL", "m3"): 1e-06, ("L/min", "m3/s"): 1.6666666666666667e-05, ("cfm", "m3/s"): 0.00047194744320000004,
    ("m3/h", "m3/s"): 0.0002777777777777778, ("L/min/kW", "m3/s/W"): 1.6666666666666667e-08, ("cfm/kW", "m3/s/W"): 4.7194744320000007e-07, ("h", "min"): 60.0,
    ("months", "month"): 1.0, ("racks/month", "rack/month"): 1.0, ("racks/quarter", "rack/wk"): 0.07665982203969883, ("racks/wk", "rack/wk"): 1.0, ("d", "s"): 86400.0,
    ("min", "s"): 60.0, ("ms", "s"): 0.001, ("us", "s"): 1e-06, ("yr", "s"): 31557600.0, ("ns/m", "s/m"): 1e-09, ("tok", "token"): 1.0, ("tok/s", "token/s"): 1.0,
    ("weeks", "wk"): 1.0, ("years", "yr"): 1.0,
}  # fmt: skip
