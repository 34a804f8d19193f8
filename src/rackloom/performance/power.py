"""Power and energy of a run: what an estimate's step or batch draws, phase by phase, and what each token costs in joules.

    energy of a step = sum over causes of seconds x watts;  mean power = energy / step;
    J/token = mean power of the unit / its accelerators / (tokens/s of one accelerator).

Tokens are trained tokens, or output tokens of serving at full load. "Unit" is the system's rack or node. Power is that of
equipment (IT); what cooling and supply of the site add is the PUE, named where it enters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ..catalog import Catalog, System, load_catalog
from ..draws import Number, central
from ..errors import BadInput, Fault
from ..figures import Figure
from ..ledger import Ledger, Row
from ..needs.need import Estimate
from .power_caps import accelerator_cap
from .power_phases import PHASE_OF, UnitPower, activity, decode_figures, phase_watts, unit_power

LEFT_OUT = (
    "what is hidden behind computation draws no power of its own; the activity of computation stands for it",
    "spikes of microseconds, and the chip's own smoothing of power",
    "power of switches and storage outside the unit",
    "how much more a cap takes from decode of many requests than of few",
    "a clock that the chip lowers by itself where memory or messages limit it",
    "caps below about 60 % of a chip's limit, where the one published sweep lost speed faster than the law",
)


@dataclass(frozen=True)
class Phase:
    """One cause of time: how long in a step, and what one accelerator and the unit draw in it."""

    cause: str  # compute, memory, scale_up, scale_out, host, bubble
    name: str  # compute, memory, communication, waiting
    seconds: Number
    accelerator_w: Number
    unit_w: Number


@dataclass(frozen=True)
class PowerAnswer:
    """Power of a run. Numbers are floats, or arrays of central value and draws; powers are means over a step unless said.

    `swing_w` is the most less the least that a unit draws over the phases that take time. `rests_on` are the inputs in
    the ledger that J/token comes from; `assumed` says in sentences what was not published.
    """

    system: str
    kind: str
    phases: tuple[Phase, ...]
    accelerator_w: Number
    unit_w: Number
    idle_unit_w: Number  # with no work: accelerators idle, others as they draw in work
    job_w: Number
    swing_w: Number
    joule_per_token: Number
    site_joule_per_token: Number  # x PUE
    tokens_per_s_per_w: Number
    tokens_per_s_per_unit: Number
    tokens_per_s_per_site_mw: Number  # of the site: PUE in it
    tokens_per_s_per_accelerator: Number
    accelerators_per_unit: int
    pue: Number
    pue_key: str
    rests_on: tuple[Row, ...]
    assumed: tuple[str, ...]
    ledger: Ledger = field(repr=False, compare=False)
    prefix: str = ""
    left_out: tuple[str, ...] = LEFT_OUT

    def key(self, name: str) -> str:
        """Key of a row of the run."""
        return f"{self.prefix}.{name}"

    @property
    def assumptions(self) -> tuple[str, ...]:
        """Keys of the inputs of J/token that are our assumptions (grade E)."""
        return tuple(row.key for row in self.rests_on if row.grade == "E")


def power_of(estimate: Estimate, system: System, *, catalog: Catalog | None = None, pue: Figure | None = None) -> PowerAnswer:
    """Power by phase, mean power, swing and J/token of an estimate, as rows of its ledger under its prefix.

    Parameters
    ----------
    estimate : Estimate
        of training or serving; its times by cause are read from its ledger, with their draws
    system : System
        the one that was estimated, with its cap where it has one
    catalog : Catalog, optional
        gives the assumptions (item performance-phase-power); the shipped one by default
    pue : Figure, optional
        power of the site over that of the racks; performance-token-cost.pue_ratio by default

    Raises BadInput for an estimate of another system or cap, or without times by cause, and where neither the accelerator's nor the unit's power is known.
    """
    known, book = catalog or load_catalog(), estimate.ledger
    _check_same(estimate, system)
    seconds = _seconds(estimate)
    unit = unit_power(system, known, book)
    cap, cap_keys = accelerator_cap(system, unit, book) or (None, ())
    requests = _requests_per_accelerator(estimate)
    watts = phase_watts(unit, known, book, requests_per_accelerator=requests, cap_w=cap)
    rows = _Rows(book, estimate.prefix)
    _put_limits(rows, unit, cap, cap_keys)
    phases = tuple(_put_phase(rows, unit, known, cause, seconds[cause], watts[PHASE_OF[cause]], is_capped=bool(cap_keys), is_serving=requests is not None) for cause in PHASE_OF)
    total: Number = sum((phase.seconds for phase in phases), 0.0)
    energy = rows.put("accelerator_step_j", sum((p.seconds * p.accelerator_w for p in phases), 0.0), "J", "sum over causes of seconds x watts of one accelerator",
                      [key for cause in PHASE_OF for key in (f"{cause}_s", f"{cause}_w")])  # fmt: skip
    mean = rows.put("accelerator_w", energy / total, "W", "energy of the causes / their time, one accelerator", ["accelerator_step_j", *(f"{cause}_s" for cause in PHASE_OF)])
    unit_w = rows.put("unit_w", unit.unit_w(mean), "W", f"{unit.accelerators} accelerators + others", ["accelerator_w", "others_w"])
    swing = rows.put("swing_w", _swing(phases), "W", "most less least that a unit draws over the phases that take time", [*(f"{cause}_w" for cause in PHASE_OF)])
    job = rows.put(
        "job_w", unit_w / unit.accelerators * estimate.accelerators, "W", "power of the unit / its accelerators x accelerators of the job", ["unit_w", "accelerators_count"]
    )
    named = known.figure("performance-token-cost", "pue_ratio") if pue is None else pue
    ratio, rate = book.take(named), estimate.tokens_per_s_per_accelerator
    joule = rows.put("joule_per_token", unit_w / unit.accelerators / rate, "J/token", "power of the unit / its accelerators / tokens/s of one: equipment only",
                     ["unit_w", "tokens_per_s_per_accelerator"])  # fmt: skip
    site = rows.put("site_joule_per_token", joule * ratio, "J/token", "J/token of equipment x PUE", ["joule_per_token"], named.key)
    per_w = rows.put("tokens_per_s_per_w", 1.0 / joule, "token/s/W", "1 / J/token of equipment", ["joule_per_token"])
    per_unit = rows.put("tokens_per_s_per_unit", rate * unit.accelerators, "token/s", "tokens/s of one accelerator x accelerators of the unit", ["tokens_per_s_per_accelerator"])
    per_mw = rows.put("tokens_per_s_per_site_mw", 1e6 / site, "token/s/MW", "1e6 / J/token of the site (PUE in it)", ["site_joule_per_token"])
    return PowerAnswer(
        system.name, estimate.kind, phases, mean, unit_w, unit.unit_w(unit.idle_w), job, swing, joule, site, per_w, per_unit, per_mw, rate, unit.accelerators, ratio, named.key,
        tuple(book.roots_of(rows.key("joule_per_token"))), unit.assumed, book, estimate.prefix,
    )  # fmt: skip


def power_trace(answer: PowerAnswer, *, steps: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Power of one unit over time as a square wave, at central values: times [s] and the power [W] that holds from each.

    Each cause is one block of a step, so that the wave has the step's period and the full swing: the worst for supply and
    grid. A real step weaves layers and messages. The last time is the end, with the last power again.
    """
    if steps < 1:
        raise BadInput(Fault(f"a trace of {steps} steps", mend="Ask for 1 or more."))
    blocks = [(central(phase.seconds), central(phase.unit_w)) for phase in answer.phases if central(phase.seconds) > 0.0] * steps
    lengths, powers = (np.array(column, dtype=float) for column in zip(*blocks, strict=True))
    return np.concatenate(([0.0], np.cumsum(lengths))), np.append(powers, powers[-1])


@dataclass(frozen=True)
class _Rows:
    """Where the answer writes; inputs are names under the prefix, then keys of others."""

    book: Ledger
    prefix: str

    def key(self, name: str) -> str:
        return f"{self.prefix}.{name}"

    def put(self, name: str, value: Number, unit: str, formula: str, names: list[str], *keys: str, note: str = "") -> Number:
        array = np.asarray(value, dtype=float)
        plain: Number = array if array.ndim else float(array)
        return self.book.put(self.key(name), plain, unit, formula, [*(self.key(each) for each in names), *keys], note=note)


def _seconds(estimate: Estimate) -> Mapping[str, Number]:
    """Time by cause of an estimate, from its ledger."""
    keys = {cause: f"{estimate.prefix}.{cause}_s" for cause in PHASE_OF}
    missing = [key for key in keys.values() if key not in estimate.ledger]
    if missing or not central(estimate.tokens_per_s_per_accelerator) > 0.0:
        why = f"no row {missing[0]}" if missing else estimate.why_not or "no tokens/s"
        raise BadInput(Fault(f"{estimate.need} on {estimate.system}: no power without times by cause ({why})", mend="Give an estimate that found a strategy, with its own ledger."))
    return {cause: estimate.ledger.value(key) for cause, key in keys.items()}


def _check_same(estimate: Estimate, system: System) -> None:
    """Raise BadInput where the estimate is of another system, or of the system without its cap."""
    if estimate.system != system.name:
        raise BadInput(Fault(f"the estimate of {estimate.need} is of {estimate.system}, not of {system.name}", mend="Give the system that was estimated."))
    for cap in (system.cap_w, system.unit_cap_w):
        if cap is not None and cap.key not in estimate.ledger:
            raise BadInput(
                Fault(f"{estimate.need} on {system.name} was not estimated under the cap {cap.key} of {cap.value:g} W", mend="Estimate on the system that cap_system gave.")
            )


def _requests_per_accelerator(estimate: Estimate) -> Number | None:
    """Requests that run on each accelerator of a replica in serving; None in training, and where the estimate does not tell."""
    keys = [f"{estimate.prefix}.{name}" for name in ("batch_count", "replica_accelerators_count")]
    if estimate.kind != "serving" or not all(key in estimate.ledger for key in keys):
        return None
    batch, accelerators = (estimate.ledger.value(key) for key in keys)
    return batch / accelerators


def _put_limits(rows: _Rows, unit: UnitPower, cap: Number | None, cap_keys: tuple[str, ...]) -> None:
    note = "; ".join(unit.assumed)
    rows.put("limit_w", unit.limit_w, "W", "power limit of one accelerator: published, or its share of the unit's power", [], *unit.limit_keys, note=note)
    rows.put("idle_w", unit.idle_w, "W", "idle share x limit", ["limit_w"], *unit.limit_keys)
    rows.put(
        "others_w",
        unit.others_w,
        "W",
        "what hosts, cards, switches, fans and losses draw: their share x (rating of the unit - limits of its accelerators)",
        [],
        *unit.others_keys,
        note=note,
    )
    if cap is not None:
        rows.put("cap_w", cap, "W", "cap on one accelerator: as set, or (cap on the unit - rating of others) / accelerators", [], *cap_keys)


def _put_phase(rows: _Rows, unit: UnitPower, catalog: Catalog, cause: str, seconds: Number, watts: Number, *, is_capped: bool, is_serving: bool) -> Phase:
    name, names, keys = PHASE_OF[cause], ["idle_w", "limit_w"], [activity(PHASE_OF[cause], catalog).key]
    how = "activity"
    if name == "memory" and is_serving:
        how = "(activity with one request + its rise x log2(requests an accelerator))"
        names += ["batch_count", "replica_accelerators_count"]
        keys = [*(figure.key for figure in decode_figures(catalog)), activity("compute", catalog).key]
    formula = f"one accelerator in {cause} ({name}): idle + {how} x (limit - idle)"
    if is_capped:
        formula, names = f"{formula}, at most the cap", [*names, "cap_w"]
    rows.put(f"{cause}_w", watts, "W", formula, names, *keys)
    return Phase(cause, name, seconds, watts, unit.unit_w(watts))


def _swing(phases: tuple[Phase, ...]) -> Number:
    there = [phase.unit_w for phase in phases if central(phase.seconds) > 0.0]
    high, low = there[0], there[0]
    for each in there[1:]:
        high, low = np.maximum(high, each), np.minimum(low, each)
    return high - low
