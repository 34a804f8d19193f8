"""Fits what models will ask to dated public configs: writes the catalogue's projection and the page that shows it."""

from __future__ import annotations

from datetime import date

from rackloom.catalog import Catalog, Item, load_catalog
from rackloom.needs import find_model, kv_bytes_at, model_day, shipped_models
from rackloom.needs.projections import FIRST, QUANTITIES, UNITS
from rackloom.needs.trend import Observed, Trend, fit_trend, frontier
from validation.markdown import table

AT = date(2026, 1, 1)
SERVED_SINCE = date(2025, 1, 1)  # the year before, tokens grew 50 times: that start is no trend
RECENT_YEARS = 2.0  # before the last observation; ranges hold the line through these alone too
CONTEXT = 10_000  # tokens at which the cache of one token is counted
HEAD = """# What frontier models ask, by year: fitted by validation/projections.py (`make validate`) to the dated public configs of catalog/data/models,
# and to observations.yaml for tokens. Level at the reference date and growth a year, each as an 80 % interval. Edit in your own catalogue folder,
# or under 'assumptions:' of a program.
"""


HALVING = (
    '{value: "0.7 yr to 2.5 yr", source: assumption, grade: E, note: "in which the slope of every trend halves after the reference date. Tokens of one provider grew 50 times '
    'in a year and 7 times in the next: halved in about a year; sizes of models kept their slope for longer"}'
)


def observations(catalog: Catalog) -> dict[str, tuple[Observed, ...]]:
    """Those at the frontier, by quantity: sizes from shipped configs, tokens from what their makers published."""
    rows = [(name, day, find_model(name)) for name in shipped_models() if (day := model_day(name)) >= FIRST]
    sizes = {
        "parameters_count": lambda m: float(m.parameters), "active_parameters_count": lambda m: float(m.active_parameters),
        "token_cache_bytes": lambda m: float(kv_bytes_at(m, CONTEXT, 2.0)) / CONTEXT, "context_tokens": lambda m: promised.get(m.name, float(m.context)),
    }  # fmt: skip
    promised = {item.say("model"): item.figure("context_tokens").value for item in catalog.of_kind("observation") if item.name.startswith("context-")}
    found = {name: frontier([Observed(n, day, float(m.parameters), value(m)) for n, day, m in rows]) for name, value in sizes.items()}
    trained = [item for item in catalog.of_kind("observation") if item.name.startswith("trained-")]
    at_frontier = {each.name for each in found["parameters_count"]}
    found["training_tokens"] = tuple(
        sorted((_observed(item, "training_tokens") for item in trained if item.say("model") in at_frontier), key=lambda each: each.day)
    )  # of the models that the other quantities are fitted to: choosing by the tokens themselves would keep only those that had many
    served = [_observed(item, "served_day_tokens") for item in catalog.of_kind("observation") if item.name.startswith("served-")]
    found["served_day_tokens"] = frontier([each for each in served if each.day >= SERVED_SINCE])
    return found


def _observed(item: Item, quantity: str) -> Observed:
    value = item.figure(quantity).value
    return Observed(item.name, date.fromisoformat(item.say("date")), value, value)


def trends(catalog: Catalog) -> dict[str, Trend]:
    """A trend for each quantity."""
    return {quantity: fit_trend(seen, AT, recent_years=RECENT_YEARS) for quantity, seen in observations(catalog).items()}


def figures(catalog: Catalog | None = None) -> str:
    """The whole of the catalogue's projections.yaml."""
    lines = [HEAD, "projection-frontier:", "  kind: projection", "  title: the largest models that are published, and one large provider's tokens", f'  reference_date: "{AT}"']
    lines.append(f"  trend_halving_s: {HALVING}")
    for quantity, trend in trends(catalog or load_catalog()).items():
        source, unit = "source: own_projection, grade: E", " byte" if UNITS.get(quantity) == "byte" else ""
        level = [f'"{value:.4g}{unit}"' if unit else f"{value:.4g}" for value in (trend.level, trend.level_low, trend.level_high)]
        lines.append(f"  {quantity}: {{value: {level[0]}, low: {level[1]}, high: {level[2]}, {source}, note: our fit through {len(trend.through)} observations}}")
        stem = quantity.rpartition("_")[0]
        lines.append(f"  {stem}_growth_ratio: {{value: {trend.growth:.4g}, low: {trend.growth_low:.4g}, high: {trend.growth_high:.4g}, {source}, note: a year}}")
    return "\n".join(lines) + "\n"


def page(catalog: Catalog | None = None) -> str:
    """The whole of projections.md."""
    known = catalog or load_catalog()
    found = trends(known)
    rows = [
        [
            QUANTITIES[name],
            str(len(t.through)),
            f"{t.level:.3g} ({t.level_low:.3g} to {t.level_high:.3g})",
            f"{t.growth:.2f} ({t.growth_low:.2f} to {t.growth_high:.2f})",
            f"{t.recent_level:.3g}, {t.recent_growth:.2f}" if t.recent_level else "too few",
        ]
        for name, t in found.items()
    ]
    parts = [
        "# What frontier models ask, by year",
        f"Written by `make validate`. A line by least squares through the logarithms; level on {AT} for one more model (80 %), growth a year (80 %), which is damped after that "
        f"date (needs/projections.py). Both ranges are widened to hold the line through the last {RECENT_YEARS:g} years alone, which stands beside them. At the frontier is what has at "
        "least half of the size of the largest before it. Sizes and caches are counted from the shipped configs, contexts too but where makers promise less than the config allows "
        "(MiniMax); tokens of pretraining are of the same models; tokens a day are what one provider (Google) published since 2025: from May 2024 to May 2025 they grew 50 times.",
        table(["quantity", "observations", f"level on {AT}", "growth a year", "of the last years"], rows),
    ]
    for name, t in found.items():
        parts += [f"## {QUANTITIES[name][0].upper()}{QUANTITIES[name][1:]}", table(["observed", "month", "value", "line"], [_row(each, t) for each in t.through])]
    return "\n\n".join(parts) + "\n"


def _row(each: Observed, trend: Trend) -> list[str]:
    line = trend.level * trend.growth ** ((each.day - trend.at).days / 365.25)
    return [each.name, f"{each.day:%Y-%m}", f"{each.value:.4g}", f"{line:.4g}"]
