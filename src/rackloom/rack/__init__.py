"""A rack as data: design, power, heat, coolant, mass, cables, checks in every state, bill of materials, and what performance sees of it."""

from .asked import design_with, read_trace
from .bill import bill_of_materials
from .describe import check_design, describe_rack
from .design import design_from, load_design, shipped_designs
from .expand import expand_design
from .file import RackFile
from .many import ManyChecks, check_many
from .nouns import Assembly, Bom, BomLine, Check, Checks, Design, Environment, RackAnswer, SlotUse, Trace
from .states import State, states_of
from .system import system_of

__all__ = [
    "Assembly", "Bom", "BomLine", "Check", "Checks", "Design", "Environment", "ManyChecks", "RackAnswer", "RackFile", "SlotUse", "State", "Trace", "bill_of_materials", "check_design", "check_many",
    "describe_rack", "design_from", "design_with", "expand_design", "load_design", "read_trace", "shipped_designs", "states_of", "system_of",
]  # fmt: skip
