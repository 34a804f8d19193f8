"""How fast a model trains or is served on a system, by which strategy, and what limits it."""

from .cases import predict_training_case
from .collectives import collective_seconds
from .estimates import estimate_serving, estimate_training
from .jobs import Candidate, Search, ServingStrategy, Slo, Traffic, TrainingJob, TrainingStrategy
from .search import search_serving, search_training
from .sizing import estimate_need

__all__ = [
    "Candidate", "Search", "ServingStrategy", "Slo", "Traffic", "TrainingJob", "TrainingStrategy", "collective_seconds", "estimate_need", "estimate_serving",
    "estimate_training", "predict_training_case", "search_serving", "search_training",
]  # fmt: skip
