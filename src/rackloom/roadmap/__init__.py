"""Which generation meets which need, when, and at how many racks."""

from .assess import assess_generations
from .nouns import Generation, Roadmap, RoadmapCell

__all__ = ["Generation", "Roadmap", "RoadmapCell", "assess_generations"]
