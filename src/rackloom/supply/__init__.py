"""Supply: offers, the law of duties and content at work, sourcing, domestic content."""

from .content import content_rules, domestic_content
from .nouns import Component, Content, ContentLine, ContentRule, Shortage, SingleSource, SourcedLine, Sourcing, Supplied
from .offers import Offer, read_offers
from .presets import load_supply_preset, read_preset, supply_presets
from .sourcing import plan_sourcing

__all__ = [
    "Component", "Content", "ContentLine", "ContentRule", "Offer", "Shortage", "SingleSource", "SourcedLine", "Sourcing", "Supplied", "content_rules", "domestic_content",
    "load_supply_preset", "plan_sourcing", "read_offers", "read_preset", "supply_presets",
]  # fmt: skip
