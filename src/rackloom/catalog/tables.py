"""Tables of the catalogue: figures of one item whose names carry the abscissa, so that each keeps its own source.

`NAME_at_<x><kind>_SUFFIX`, as in `density_at_20c_kg_per_m3` or `case_at_0p4lpm_thermal_resistance_k_per_w`; in a name 'p'
is the decimal point. Kinds of abscissa: `c` temperature in degrees Celsius, `lpm` flow in L/min, `pct` load in percent,
`v` voltage in volts.
"""

from __future__ import annotations

import re

import numpy as np

from ..errors import BadInput, Fault, Unknown
from ..figures import Figure, convert
from .store import Item

_ABSCISSA = re.compile(r"^(?P<name>.+)_at_(?P<x>\d+(?:p\d+)?)(?P<kind>c|lpm|pct|v)_(?P<suffix>.+)$")


def table(item: Item, name: str, unit_suffix: str) -> tuple[np.ndarray, tuple[Figure, ...]]:
    """The points of a table, sorted by abscissa.

    Parameters
    ----------
    item : Item
        the item whose figures are gathered
    name, unit_suffix : str
        what stands before `_at_` and after the abscissa: `table(pg25, "density", "kg_per_m3")`

    Returns
    -------
    abscissa : ndarray, shape (points,)
        in SI: temperature [K], flow [m3/s], load [-], voltage [V]
    figures : tuple of Figure, one a point, in the same order

    Raises Unknown when the item has no such table (naming those it has), BadInput when its points mix kinds of abscissa.

    Take each figure into a ledger, then interpolate: `np.interp(x, abscissa, [central(book.take(f)) for f in figures])`.
    """
    points: list[tuple[float, Figure]] = []
    kinds: set[str] = set()
    for key, figure in item.figures.items():
        match = _ABSCISSA.match(key)
        if match and match["name"] == name and match["suffix"] == unit_suffix:
            kinds.add(match["kind"])
            points.append((_si(float(match["x"].replace("p", ".")), match["kind"]), figure))
    if not points:
        raise Unknown(
            f"table of {item.name}", f"{name}, {unit_suffix}", [f"{a}, {b}" for a, b in tables(item)], mend="Add its points with their sources to a folder named under 'catalog:'."
        )
    if len(kinds) > 1:
        raise BadInput(Fault(f"{item.name}: points of '{name}' mix abscissae ({', '.join(sorted(kinds))})", mend="Give each kind of abscissa a name of its own."))
    points.sort(key=lambda point: point[0])
    return np.array([x for x, _ in points]), tuple(figure for _, figure in points)


def tables(item: Item) -> list[tuple[str, str]]:
    """Name and unit suffix of each table that an item has, in file order."""
    found = [(match["name"], match["suffix"]) for key in item.figures if (match := _ABSCISSA.match(key))]
    return list(dict.fromkeys(found))


def _si(x: float, kind: str) -> float:
    """An abscissa as written in a name, in SI."""
    if kind == "c":
        return x + 273.15
    return {"lpm": convert(x, "L/min", "m3/s"), "pct": x / 100.0, "v": x}[kind]
