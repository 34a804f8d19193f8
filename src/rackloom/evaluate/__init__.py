"""Predicted against measured: readers of results and of published measurements, the comparison, and how good predictions are in the mean."""

from .compare import Comparison, ComparisonRow, Prediction, Skipped, compare, predict_cases
from .parity import parity_plot
from .published import Published, PublishedRow, read_published
from .racks import RackRow, RackValidation, is_rack_cases, rack_score, rack_validation_data, validate_racks
from .results import Case, Measurement, Results, Run, read_results
from .scores import Score, is_inside
from .validation import ValidatedCase, Validation, row_predictor, validate_cases, validation_data
from .validation_tables import groups_table, rows_table, skipped_table, source_page

__all__ = [
    "Case", "Comparison", "ComparisonRow", "Measurement", "Prediction", "Published", "PublishedRow", "RackRow", "RackValidation", "Results", "Run", "Score", "Skipped", "ValidatedCase", "Validation", "compare",
    "groups_table", "is_inside", "is_rack_cases", "parity_plot", "predict_cases", "rack_score", "rack_validation_data", "read_published", "read_results", "row_predictor", "rows_table", "skipped_table", "source_page", "validate_cases", "validate_racks",
    "validation_data",
]  # fmt: skip
