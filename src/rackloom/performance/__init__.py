"""How fast a model trains or is served on a system, by which strategy, what limits it, and what power and money it takes."""

from .cases import predict_training_case
from .collectives import collective_seconds
from .costs import TokenCost, token_cost
from .estimates import estimate_training
from .flops import RULES, flop_per_token
from .front import FrontPoint, front_training
from .jobs import Candidate, Disaggregated, Search, ServingStrategy, Slo, Traffic, TrainingJob, TrainingStrategy
from .power import PowerAnswer, power_of, power_trace
from .power_caps import cap_system, operating_points
from .predictions import Prediction, predict_row
from .respond import Fit, answer_at, answer_of, fits_of, hypothetical, response_table
from .ripeness import ripe_date
from .rows import NotScored
from .search import search_training
from .serving_estimates import estimate_serving
from .serving_search import search_serving
from .sizing import estimate_need, search_need, training_job
from .support import Support, support_of
from .workloads import RlStep, Spares, conversation, rl_step, spare_domain

__all__ = [
    "RULES", "Candidate", "Disaggregated", "Fit", "FrontPoint", "NotScored", "PowerAnswer", "Prediction", "RlStep", "Search", "ServingStrategy", "Slo", "Spares", "Support", "TokenCost", "Traffic", "TrainingJob", "TrainingStrategy", "answer_at", "answer_of", "cap_system", "collective_seconds", "conversation", "estimate_need", "estimate_serving", "estimate_training", "fits_of", "flop_per_token", "front_training", "hypothetical", "operating_points", "power_of", "power_trace", "predict_row", "predict_training_case", "response_table", "ripe_date", "rl_step", "search_need", "search_serving", "search_training", "spare_domain", "support_of", "token_cost", "training_job",
]  # fmt: skip
