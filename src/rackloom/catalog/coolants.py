"""Tables of coolants in the catalogue, as arrays that physics reads."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from ..errors import BadInput, Fault, Place
from ..physics.coolant import ICE_K, CoolantTable
from .store import Catalog, Item, load_catalog

_GRIDS = ("density_kg_per_m3", "cp_j_per_kg_k", "viscosity_pa_s", "conductivity_w_per_m_k")


def coolant_table(name: str = "coolant-pg", *, catalog: Catalog | None = None) -> CoolantTable:
    """A table of properties by temperature and share of glycol.

    Parameters
    ----------
    name : str
        'coolant-pg' (propylene glycol; share 0 is water) or 'coolant-eg'; its item tells source and grade
    catalog : Catalog, optional

    Raises Unknown for a name that is none, BadInput for a table whose rows and columns do not fit its axes.
    """
    return _read(name) if catalog is None else _table(catalog.item(name, "coolant_table"))


@lru_cache(maxsize=8)
def _read(name: str) -> CoolantTable:
    return _table(load_catalog().item(name, "coolant_table"))


def _table(item: Item) -> CoolantTable:
    celsius, share = _numbers(item, "celsius"), _numbers(item, "glycol_share")
    density, cp, viscosity, conductivity = (_numbers(item, key, (len(celsius), len(share))) for key in _GRIDS)
    vapour, freezing = _numbers(item, "water_vapour_pressure_pa", (len(celsius),)), _numbers(item, "freezing_kelvin", (len(share),))
    return CoolantTable(item.name, celsius + ICE_K, share, density, cp, viscosity, conductivity, vapour, freezing)


def _numbers(item: Item, key: str, shape: tuple[int, ...] | None = None) -> np.ndarray:
    """A text of the item as numbers of a shape; an axis (no shape) ascends and has at least the four points of a cubic."""
    raw: Any = item.text.get(key)
    file, _, line = item.place.rpartition(":")
    place = Place(file, int(line)) if line.isdigit() else None
    try:
        found = np.array(raw, dtype=float)
    except (TypeError, ValueError):
        raise BadInput(Fault(f"{item.name}: '{key}' is not a table of numbers", place, mend="Write rows of numbers of one length.")) from None
    if shape is None and (found.ndim != 1 or len(found) < 4 or np.any(np.diff(found) <= 0.0)):
        raise BadInput(Fault(f"{item.name}: '{key}' does not ascend, or has fewer than four points", place, mend="Sort it, and add points."))
    if shape is not None and found.shape != shape:
        raise BadInput(Fault(f"{item.name}: '{key}' has the shape {found.shape}, its axes say {shape}", place, mend="Give a row a temperature and a column a share."))
    return found
