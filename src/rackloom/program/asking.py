"""One model on one system, without a program file: what it asks, how fast it trains by the best strategy, and how sure that is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from ..catalog import Catalog, System, draws_from, load_catalog
from ..catalog import system as find_system
from ..draws import central, interval
from ..errors import BadInput, Fault
from ..figures import Figure, read_quantity
from ..needs import Estimate, Model, Need, find_model, read_model, shipped_models
from ..performance import FrontPoint, Search, Support, estimate_need, front_training, ripe_date, search_training, support_of, training_job

UNDATED = date(2027, 7, 1)  # start of a run on a system whose chip has no date


@dataclass(frozen=True)
class Asked:
    """The answer: the model in brief, and where tokens and a deadline are given, estimate, best strategies, front and support."""

    line: str
    model: Mapping[str, object]
    estimate: Estimate | None
    search: Search | None
    front: tuple[FrontPoint, ...]
    support: Support | None


def model_named(text: str) -> Model:
    """A model from a config file, or a shipped one by name."""
    return find_model(text) if text in shipped_models() else read_model(text)


def brief_of(model: Model) -> dict[str, object]:
    """A model in a few figures."""
    return {"name": model.name, "parameters": model.parameters, "active_parameters": model.active_parameters, "layers": len(model.layers), "context_tokens": model.context}


def ask(
    config: str, *, system: str, tokens: str | None = None, deadline: str | None = None, start: date | None = None, usd_per_accelerator_h: float | None = None,
    catalog: Catalog | None = None, space: str = "usual", progress: Callable[[int, int], None] | None = None,
) -> Asked:  # fmt: skip
    """What one model asks of one system.

    Parameters
    ----------
    config : str
        path of a config.json, or the name of a shipped model
    tokens, deadline : str, optional
        "15e12tok" within "90d": then the fewest accelerators that do it, the best strategies on them, what limits
    start : date, optional
        when the run starts, for how ripe the software is; a year after the chip's by default
    space : str
        which strategies the table looks at: "usual" or "every"

    Raises BadInput for what is missing or wrong, Unknown for systems that are not known.
    """
    known = catalog or load_catalog()
    model = model_named(config)
    on = find_system(system, catalog=known)
    brief = brief_of(model)
    if (tokens is None) != (deadline is None):
        raise BadInput(Fault("--train goes with --deadline", mend="Give both, such as --train 15e12tok --deadline 90d."))
    if tokens is None or deadline is None:
        return Asked(f"{model.name}: {model.parameters / 1e9:.4g} billion parameters, {model.active_parameters / 1e9:.4g} active", brief, None, None, (), None)
    began = start or ripe_date(on, known) or UNDATED
    need = Need(model.name, "training", model, began, tokens=_figure("tokens", tokens, "token"), within_s=_figure("within_s", deadline, "s"))
    estimate = estimate_need(need, on, draws=draws_from(known), catalog=known)
    job = training_job(need, on, known)
    count = round(central(estimate.accelerators))
    search = search_training(model, on, job, accelerators=count, catalog=known, space=space, progress=progress) if count else None
    units = max(1, count // on.accelerators)
    around = (max(1, units // 2), units, 2 * units, 4 * units)
    front = front_training(model, on, job, around, usd_per_accelerator_h=usd_per_accelerator_h, catalog=known) if count else ()
    return Asked(_line(model, on, estimate, need), brief, estimate, search, front, support_of(model, on, job.precision, known))


def _figure(name: str, text: str, unit: str) -> Figure:
    try:
        value = read_quantity(text, unit)
    except ValueError as error:
        option = "--train" if name == "tokens" else "--deadline"
        raise BadInput(Fault(f"{option}: {error}", mend="Such as --train 15e12tok --deadline 90d.")) from None
    if value <= 0.0:
        raise BadInput(Fault(f"{name}: {text} is not above 0"))
    return Figure(f"asked.{name}", value, unit, "the command line", "E", low=value, high=value)


def _line(model: Model, on: System, estimate: Estimate, need: Need) -> str:
    days = need.want("within_s").value / 86400.0
    asked = f"{model.name} on {on.name}, {need.want('tokens').value:.4g} tokens in {days:.4g} d"
    if not estimate.fits:
        return f"NO: {asked}: {estimate.why_not}"
    count, ends = round(central(estimate.accelerators)), interval(estimate.accelerators)
    span = f" ({ends[0]:,.0f} to {ends[1]:,.0f})" if ends else ""
    rate, rates = central(estimate.tokens_per_s_per_accelerator), interval(estimate.tokens_per_s_per_accelerator)
    speeds = f" ({rates[0]:,.0f} to {rates[1]:,.0f})" if rates else ""
    units = count // on.accelerators
    return f"YES: {asked}: {count:,} accelerators{span}, {units:,} units of {on.accelerators}; {rate:,.0f} tok/s each{speeds}; limited by {estimate.limited_by.replace('_', '-')}"
