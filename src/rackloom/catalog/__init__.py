"""The catalogue: what is known, with its sources; and the noun System that performance reads."""

from .store import BASES, Catalog, Item, basis_needed, check_catalog, data_folder, load_catalog, pick
from .system import PRECISIONS, System, Tier, make_system, system

__all__ = [
    "BASES", "PRECISIONS", "Catalog", "Item", "System", "Tier", "basis_needed", "check_catalog", "data_folder", "load_catalog", "make_system", "pick", "system",
]  # fmt: skip
