"""How fast a model trains or is served on a system, by which strategy, and what limits it."""

from .cases import predict_training_case
from .collectives import collective_seconds
from .estimates import estimate_serving, estimate_training
from .flops import RULES, flop_per_token
from .front import FrontPoint, front_training
from .jobs import Candidate, Search, ServingStrategy, Slo, Traffic, TrainingJob, TrainingStrategy
from .predictions import Prediction, predict_row
from .respond import Fit, answer_at, answer_of, fits_of, hypothetical, response_table
from .ripeness import ripe_date
from .rows import NotScored
from .search import search_serving, search_training
from .sizing import estimate_need, training_job
from .support import Support, support_of

__all__ = [
    "RULES", "Candidate", "Fit", "FrontPoint", "NotScored", "Prediction", "Search", "ServingStrategy", "Slo", "Support", "Traffic", "TrainingJob", "TrainingStrategy",
    "answer_at", "answer_of", "collective_seconds", "estimate_need", "estimate_serving", "estimate_training", "fits_of", "flop_per_token", "front_training", "hypothetical", "predict_row", "predict_training_case", "response_table", "ripe_date",
    "search_serving", "search_training", "support_of", "training_job",
]  # fmt: skip
