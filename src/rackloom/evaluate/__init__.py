"""Predicted against measured: readers of results, and the comparison."""

from .compare import Comparison, ComparisonRow, Prediction, Skipped, compare, predict_cases
from .results import Case, Measurement, Results, Run, read_results

__all__ = ["Case", "Comparison", "ComparisonRow", "Measurement", "Prediction", "Results", "Run", "Skipped", "compare", "predict_cases", "read_results"]
