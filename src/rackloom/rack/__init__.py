"""A rack as data: design, power, heat, coolant, mass, cables, checks in every state, bill of materials, and what performance sees of it."""

from .against import Change, Comparison, compare_racks
from .asked import design_with, read_trace
from .bill import bill_of_materials
from .build_nouns import BuildSheet, Operation, PartSource
from .cable_facts import Seen, read_cable_log
from .describe import check_design, describe_rack
from .design import design_from, load_design, shipped_designs
from .expand import expand_design
from .file import RackFile
from .many import ManyChecks, check_many
from .map_nouns import CableRun, CutLine
from .nouns import Assembly, Bom, BomLine, Check, Checks, Design, Environment, RackAnswer, SlotUse, Trace
from .reliability_nouns import FailureLine, JobLine, Reliability, SpareLine
from .states import State, states_of
from .system import system_of

__all__ = [
    "Assembly",
    "Bom",
    "BomLine",
    "BuildSheet",
    "CableRun",
    "Change",
    "Check",
    "Checks",
    "Comparison",
    "CutLine",
    "Design",
    "Environment",
    "FailureLine",
    "JobLine",
    "ManyChecks",
    "Operation",
    "PartSource",
    "RackAnswer",
    "RackFile",
    "Reliability",
    "Seen",
    "SlotUse",
    "SpareLine",
    "State",
    "Trace",
    "bill_of_materials",
    "check_design",
    "check_many",
    "compare_racks",
    "describe_rack",
    "design_from",
    "design_with",
    "expand_design",
    "load_design",
    "read_cable_log",
    "read_trace",
    "shipped_designs",
    "states_of",
    "system_of",
]  # fmt: skip
