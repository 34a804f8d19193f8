"""The catalogue: what is known, with its sources; and the noun System that performance reads."""

from .coolants import coolant_table
from .law import duty_measures, far_threshold, horizon, hts_line, in_force
from .spreads import draws_from
from .store import BASES, Catalog, Item, basis_needed, check_catalog, data_folder, load_catalog, pick
from .system import PRECISIONS, System, Tier, make_system, system
from .tables import table, tables

__all__ = [
    "BASES", "PRECISIONS", "Catalog", "Item", "System", "Tier", "basis_needed", "check_catalog", "coolant_table", "data_folder", "draws_from",
    "duty_measures", "far_threshold", "horizon", "hts_line", "in_force", "load_catalog", "make_system", "pick", "system", "table", "tables",
]  # fmt: skip
