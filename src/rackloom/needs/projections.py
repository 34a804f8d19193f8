"""What models that do not exist yet will ask: sizes by year as ranges, fitted to dated public configs, and a model made larger.

Each quantity is level x growth^e(t), t years since the reference date. No trend of years goes on for ever: after the reference date
its slope halves every H years (a damped trend, Gardner and McKenzie 1985, "Forecasting Trends in Time Series"),

    e(t) = H / ln 2 x (1 - 2^(-t / H)) for t > 0,   e(t) = t before.

Level, growth and H are figures of the catalogue's projection (kind 'projection'), the first two fitted by
`validation/projections.py`, all open to a user's own values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from ..catalog import Catalog, Item, load_catalog
from ..draws import Draws, Number
from ..errors import BadInput, Fault, OutOfRange
from ..figures import Figure
from ..ledger import Ledger
from .model import Model, read_model
from .trend import YEAR_DAYS, years_between

YEAR_S = YEAR_DAYS * 86400.0

FIRST = date(2022, 1, 1)  # nothing older is fitted
FARTHEST_YEARS = 6.0  # beyond the reference date
QUANTITIES: Mapping[str, str] = {
    "parameters_count": "parameters in all", "active_parameters_count": "parameters that a token meets", "token_cache_bytes": "cache of one token in 16 bits, in a context of 10 000 tokens",
    "context_tokens": "longest context", "training_tokens": "tokens of pretraining", "served_day_tokens": "tokens a day of one large provider, read and written, all products",
}  # fmt: skip
GROWN_FROM = ("parameters_count", "active_parameters_count", "token_cache_bytes", "training_tokens")  # what of a projection the years of a need take
UNITS: Mapping[str, str] = {"token_cache_bytes": "byte", "context_tokens": "token", "training_tokens": "token", "served_day_tokens": "token"}
# What a larger hidden size takes with it, and what holds the number of experts, in the words of config.json.
WIDE = ("hidden_size", "num_attention_heads", "intermediate_size", "moe_intermediate_size", "shared_expert_intermediate_size", "q_lora_rank")
EXPERTS = ("n_routed_experts", "num_local_experts", "num_experts")
STEP = {"hidden_size": 128, "intermediate_size": 128, "moe_intermediate_size": 128, "shared_expert_intermediate_size": 128, "q_lora_rank": 128}


@dataclass(frozen=True)
class Projection:
    """What a model of a day is expected to be; Numbers carry the ranges where draws are given. Tokens, bytes for each token, counts."""

    day: date
    parameters_count: Number
    active_parameters_count: Number
    token_cache_bytes: Number
    context_tokens: Number
    training_tokens: Number
    served_day_tokens: Number
    ledger: Ledger


def projection_item(catalog: Catalog, name: str = "frontier") -> Item:
    """The catalogue's projection of that name. Raises Unknown."""
    return catalog.item(f"projection-{name}", "projection")


def reference_day(item: Item) -> date:
    """The date that a projection's levels are of."""
    return date.fromisoformat(item.say("reference_date"))


def project(day: date, *, catalog: Catalog | None = None, draws: Draws | None = None, name: str = "frontier") -> Projection:
    """What a model of a day asks, by level and growth of the catalogue's projection.

    Raises OutOfRange for days before the observations or more than FARTHEST_YEARS after the reference date, Unknown for a
    projection that the catalogue does not have.
    """
    item = projection_item(catalog or load_catalog(), name)
    at = reference_day(item)
    book = Ledger(draws)
    halving = item.figure("trend_halving_s")
    since = effective_years(item, day, book.take(halving))
    found: dict[str, Number] = {}
    for quantity, words in QUANTITIES.items():
        level, growth = item.figure(quantity), growth_figure(item, quantity)
        key = f"projections.{name}.{day.isoformat()}.{quantity}"
        found[quantity] = book.put(
            key,
            evenly(level, book.take(level)) * evenly(growth, book.take(growth)) ** since,
            UNITS.get(quantity, "1"),
            f"{words}: level at {at} x growth^e, e years of the damped trend until {day}",
            (level.key, growth.key, halving.key),
        )
    return Projection(day, **found, ledger=book)


def effective_years(item: Item, day: date, halving_s: Number) -> Number:
    """Years of undamped growth from the reference date to a day [yr]. Raises OutOfRange beyond what is known."""
    at = reference_day(item)
    since = years_between(at, day)
    if day < FIRST or since > FARTHEST_YEARS:
        raise OutOfRange(f"{day} is not between {FIRST} and {FARTHEST_YEARS:g} years after {at}: nothing that is known reaches so far")
    if since <= 0.0:
        return since
    halving = np.asarray(halving_s, dtype=float) / YEAR_S
    years = halving / np.log(2.0) * (1.0 - 2.0 ** (-since / halving))
    return years if years.ndim else float(years)


def evenly(figure: Figure, drawn: Number) -> Number:
    """Draws of a wide span put evenly on a scale of ratios, where they were even in the value: half of them lie below the root of low x high."""
    array = np.array(drawn, dtype=float)
    if array.ndim == 0 or figure.low is None or figure.high is None or not 0.0 < figure.low < figure.high:
        return drawn
    share = (array[1:] - figure.low) / (figure.high - figure.low)
    array[1:] = figure.low * (figure.high / figure.low) ** np.clip(share, 0.0, 1.0)
    return array


def growth_between(item: Item, quantity: str, start: date, day: date, book: Ledger) -> tuple[Number, tuple[str, ...]]:
    """Factor by which a quantity of a projection grows from one day to another, and the keys that it rests on."""
    growth, halving = growth_figure(item, quantity), item.figure("trend_halving_s")
    held = book.take(halving)
    years = effective_years(item, day, held) - effective_years(item, start, held)
    return evenly(growth, book.take(growth)) ** years, (growth.key, halving.key)


def growth_figure(item: Item, quantity: str) -> Figure:
    """Growth a year of one quantity of a projection."""
    return item.figure(f"{quantity.rpartition('_')[0]}_growth_ratio")


def scaled_model(config: Mapping[str, Any] | Model, *, active_ratio: float, parameters_ratio: float | None = None, context: int | None = None) -> Model:
    """A model of the same family made larger: its config with more and wider layers, and more experts.

    Parameters
    ----------
    config : mapping
        values of a Hugging Face config.json with the usual names (hidden_size, num_hidden_layers, ...)
    active_ratio : float
        parameters that a token meets, over those of the config; layers and width each grow by its cube root
    parameters_ratio : float, optional
        parameters in all over those of the config, by the number of experts; as `active_ratio` where it is None, and for dense models
    context : int, optional
        the longest context; the config's own by default

    Heads keep their size, layers, heads and experts are whole, widths multiples of 128: the answer is near what was asked, not at it.
    Raises BadInput for configs without these names, ratios below 0.01, or a dense model that is to grow other than its active part.
    """
    if isinstance(config, Model):
        raise BadInput(Fault("a model is made larger from its config.json", mend="Give the values of the config, not the model that was read."))
    old, base = dict(config), read_model(config)
    whole = active_ratio if parameters_ratio is None else parameters_ratio
    if min(active_ratio, whole) < 0.01:
        raise BadInput(Fault(f"active_ratio={active_ratio:g}, parameters_ratio={whole:g}: 0.01 or more"))
    experts = next((key for key in EXPERTS if old.get(key)), None)
    if experts is None and abs(whole / active_ratio - 1.0) > 1e-9:
        raise BadInput(Fault(f"parameters_ratio={whole:g} with active_ratio={active_ratio:g}: a model without experts grows in both alike"))
    missing = [key for key in ("hidden_size", "num_hidden_layers", "num_attention_heads") if not isinstance(old.get(key), int)]
    if missing:
        raise BadInput(Fault(f"the config does not say {', '.join(missing)}", mend="Models are made larger from configs with these names."))
    side = active_ratio ** (1.0 / 3.0)
    new = {**old, "num_hidden_layers": max(1, round(old["num_hidden_layers"] * side))}
    new.setdefault("head_dim", base.layers[0].attention.head_dim) if base.layers[0].attention.kind not in ("mla",) else None
    groups = int(old.get("num_key_value_heads") or 1)
    for key in WIDE:
        if isinstance(old.get(key), int) and old[key] > 0:
            step = STEP.get(key, groups if groups < old["num_attention_heads"] else 1)
            new[key] = max(step, round(old[key] * side / step) * step)
    if groups == old["num_attention_heads"] and "num_key_value_heads" in old:
        new["num_key_value_heads"] = new["num_attention_heads"]
    if isinstance(new.get("layer_types"), list):
        new["layer_types"] = [new["layer_types"][i % len(old["layer_types"])] for i in range(new["num_hidden_layers"])]
    if experts is not None:
        _set_experts(new, old, experts, base, whole)
    if context is not None:
        new["max_position_embeddings"] = context
    return read_model(new, name=f"{base.name}-x{active_ratio:g}")


def _set_experts(new: dict[str, Any], old: Mapping[str, Any], key: str, base: Model, ratio: float) -> None:
    """The number of experts with which the whole has the parameters that were asked, in steps of 8 (of 1 where there are few)."""
    trial = read_model(new)
    each = trial.expert_parameters / old[key]
    wanted = (ratio * base.parameters - (trial.parameters - trial.expert_parameters)) / each
    groups = int(old.get("n_group") or 1)
    step = max(8 if old[key] >= 32 else 1, groups)
    new[key] = max(step, int(np.round(wanted / step)) * step)
    chosen = int(old.get("num_experts_per_tok") or 1)
    if new[key] < chosen:
        raise BadInput(Fault(f"{new[key]} experts are fewer than the {chosen} that a token visits", mend="Ask for more parameters in all."))
