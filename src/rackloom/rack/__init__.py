"""A rack as data: design, power, heat, coolant, mass, cables, checks, bill of materials, and what performance sees of it."""

from .bill import bill_of_materials
from .describe import check_design, describe_rack
from .design import design_from, load_design, shipped_designs
from .expand import expand_design
from .file import RackFile
from .nouns import Assembly, Bom, BomLine, Check, Checks, Design, RackAnswer, SlotUse
from .system import system_of

__all__ = [
    "Assembly", "Bom", "BomLine", "Check", "Checks", "Design", "RackAnswer", "RackFile", "SlotUse", "bill_of_materials", "check_design", "describe_rack", "design_from",
    "expand_design", "load_design", "shipped_designs", "system_of",
]  # fmt: skip
