"""How fast a model trains or is served on a system, by which strategy, and what limits it."""

from .cases import predict_training_case
from .collectives import collective_seconds
from .estimates import estimate_training
from .flops import RULES, flop_per_token
from .front import FrontPoint, front_training
from .jobs import Candidate, Disaggregated, Search, ServingStrategy, Slo, Traffic, TrainingJob, TrainingStrategy
from .predictions import Prediction, predict_row
from .ripeness import ripe_date
from .rows import NotScored
from .search import search_training
from .serving_estimates import estimate_serving
from .serving_search import search_serving
from .sizing import estimate_need, training_job
from .support import Support, support_of

__all__ = [
    "RULES", "Candidate", "Disaggregated", "FrontPoint", "NotScored", "Prediction", "Search", "ServingStrategy", "Slo", "Support", "Traffic", "TrainingJob", "TrainingStrategy",
    "collective_seconds", "estimate_need", "estimate_serving", "estimate_training", "flop_per_token", "front_training", "predict_row", "predict_training_case", "ripe_date",
    "search_serving", "search_training", "support_of", "training_job",
]  # fmt: skip
