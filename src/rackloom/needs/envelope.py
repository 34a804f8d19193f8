"""The envelope: what needs ask of a rack generation, year by year, as ranges.

Of each need, from the year in which it starts and grown by its factor each year after: useful FLOPs a second, memory and
its bandwidth, the scale-up domain, bytes a second on both tiers of links, accelerators by system, and the limits of the site.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from ..catalog import Catalog, load_catalog
from ..draws import Draws, Number, central
from ..figures import Figure
from ..ledger import Ledger
from .model import decode_flop_per_token, forward_flop_per_token, kv_bytes_at, train_flop_per_token, weight_bytes
from .need import Estimate, Need
from .projections import GROWN_FROM, growth_between, projection_item

STATE_BYTES = 18.0  # a parameter in training: weight 2, gradient 4, 32-bit weight and two moments of the optimizer 12
GROWN = GROWN_FROM  # what of a projection a need takes year by year
PROJECTED = " x how much larger the projected model is"
CAUSES = ("compute", "memory", "scale_up", "scale_out", "host", "bubble")
LEFT_OUT = (
    "activations in the memory of training; copies of the weights beyond one in that of serving",
    "demand within a year: each year asks what its start asks",
    "bytes on links and memory are those of the strategy that is fastest today, on the system named with them",
)


@dataclass(frozen=True)
class EnvelopeRow:
    """One quantity that one need asks for in one year; `system` names the one it was worked out on, where there is one."""

    need: str
    year: int
    quantity: str
    unit: str
    value: Number
    key: str
    note: str = ""
    system: str = ""


@dataclass(frozen=True)
class Envelope:
    """All rows, by need and year, with their ledger."""

    rows: tuple[EnvelopeRow, ...]
    ledger: Ledger = field(repr=False, compare=False)
    left_out: tuple[str, ...] = LEFT_OUT

    def find(self, need: str, year: int, quantity: str, system: str = "") -> EnvelopeRow | None:
        """One row, or None; without `system` the first of that quantity."""
        return next((row for row in self.rows if (row.need, row.year, row.quantity) == (need, year, quantity) and system in ("", row.system)), None)


@dataclass(frozen=True)
class Quantiles:
    """One row of an envelope as quantiles; with no draws all are the central value."""

    need: str
    year: int
    quantity: str
    unit: str
    system: str
    values: tuple[float, ...]


def quantiles(envelope: Envelope, shares: tuple[float, ...] = (0.1, 0.5, 0.9)) -> tuple[Quantiles, ...]:
    """Every row of an envelope at these shares of its draws."""
    found = []
    for row in envelope.rows:
        array = np.asarray(row.value, dtype=float).reshape(-1)
        values = np.quantile(array[1:], shares) if array.size > 1 else np.repeat(array[0], len(shares))
        found.append(Quantiles(row.need, row.year, row.quantity, row.unit, row.system, tuple(float(value) for value in values)))
    return tuple(found)


def build_envelope(
    needs: Mapping[str, Need] | Iterable[Need], estimates: Mapping[tuple[str, str], Estimate] | Iterable[Estimate], *, years: Iterable[int], draws: Draws | None = None,
    catalog: Catalog | None = None,
) -> Envelope:  # fmt: skip
    """What the needs ask for in the given years.

    Parameters
    ----------
    needs : Need by name, or Needs
    estimates : Estimate by (need, system), or Estimates
        how known systems run them; those that do not fit are passed over
    years : iterable of int
        calendar years; a year before a need starts has no rows of it
    draws : Draws, optional
        the values then carry them

    Formulas (g: growth to the power of the years since the start; the reference is the fitting system with the most
    tokens a second for each accelerator):
    training FLOP/s = g tokens x FLOPs of a token / time; memory = 18 bytes x parameters;
    serving FLOP/s = g rate x FLOPs of an output token with its part of the prefill; memory = weights + g rate x TPOT x cache of one request;
    a need with a projection: parameters, active parameters (FLOPs and bytes of a token), cache of a token and, in training, tokens
    grow each year as projected;
    memory bandwidth = tokens a second asked for x bytes that the reference moves for a token;
    link bandwidth = bytes that the reference sends / (stated share x its time on FLOPs and memory).
    """
    known = catalog or load_catalog()
    book = Ledger(draws)
    listed = list(needs.values()) if isinstance(needs, Mapping) else list(needs)
    found = list(estimates.values()) if isinstance(estimates, Mapping) else list(estimates)
    span = sorted(set(years))
    rows: list[EnvelopeRow] = []
    for need in listed:
        fitting = [e for e in found if e.need == need.name and e.fits]
        for estimate in fitting:
            book.add(estimate.ledger)
        writer = _NeedRows(need, fitting, book, known)
        for year in span:
            if year >= need.start.year:
                rows += writer.of(year)
    return Envelope(tuple(rows), book)


class _NeedRows:
    """Writes the rows of one need: what does not change with the year once, the rest by year."""

    def __init__(self, need: Need, fitting: list[Estimate], book: Ledger, catalog: Catalog):
        self.need, self.fitting, self.book, self.catalog = need, fitting, book, catalog
        self.best = max(fitting, key=lambda e: central(e.tokens_per_s_per_accelerator), default=None)
        self.base = f"envelope.{need.name}"
        self.inputs = _take_model(book, need)
        self.rows: list[EnvelopeRow] = []
        self.year = 0
        self.growth: Number = 1.0
        self._write_once()

    def _write_once(self) -> None:
        """FLOPs of a token, and tokens a second asked for at the start."""
        need, book, model = self.need, self.book, self.need.model
        if need.kind == "training":
            sequence = self.catalog.figure("performance-training", "sequence_tokens")
            length = np.minimum(book.take(sequence), model.context)
            book.put(
                f"{self.base}.token_flop",
                _plain(train_flop_per_token(model, length)),
                "FLOP",
                "useful FLOPs of a token: 3 x forward, attention under its causal mask",
                (*self.inputs, sequence.key),
            )
            tokens, within = need.want("tokens"), need.want("within_s")
            book.put(f"{self.base}.asked_tokens_per_s", book.take(tokens) / book.take(within), "token/s", "tokens / time", (tokens.key, within.key))
            return
        prompt, answer, rate = need.want("input_tokens"), need.want("output_tokens"), need.want("rate_tokens_per_s")
        read, written = book.take(prompt), book.take(answer)
        flop = decode_flop_per_token(model, read + written / 2.0) + forward_flop_per_token(model, read) * read / written
        book.put(
            f"{self.base}.token_flop",
            _plain(flop),
            "FLOP",
            "useful FLOPs of an output token: decode after input + output/2 tokens, and its part of the prefill",
            (*self.inputs, prompt.key, answer.key),
        )
        book.put(f"{self.base}.asked_tokens_per_s", book.take(rate), "token/s", "output tokens over all users", (rate.key,))

    def of(self, year: int) -> list[EnvelopeRow]:
        """All rows of one year."""
        self.rows, self.year = [], year
        since = year - self.need.start.year
        growth = self.need.growth_per_year
        self.growth = self.book.take(growth) ** since if growth is not None else 1.0
        self.larger, self.larger_keys = self._larger(year)
        asked = [f"{self.base}.asked_tokens_per_s", *([growth.key] if growth is not None else [])]
        more = self.larger["training_tokens"] if self.need.kind == "training" else 1.0
        tokens = self.book.value(f"{self.base}.asked_tokens_per_s") * self.growth * more
        self.put(
            "tokens_per_s",
            tokens,
            "token/s",
            f"tokens/s at the start x growth^{since}{PROJECTED if self.larger_keys and self.need.kind == 'training' else ''}",
            [*asked, *self.larger_keys],
        )
        flop = self.book.value(f"{self.base}.token_flop") * self.larger["active_parameters_count"]
        self.put(
            "total_flop_per_s", tokens * flop, "FLOP/s", f"tokens/s x useful FLOPs of a token{PROJECTED if self.larger_keys else ''}",
            [self.key("tokens_per_s"), f"{self.base}.token_flop", *self.larger_keys], note=self.precision_note(),
        )  # fmt: skip
        self.memory(tokens)
        self.links()
        self.accelerators([*([growth.key] if growth is not None else []), *self.larger_keys], since)
        self.site()
        return self.rows

    def _larger(self, year: int) -> tuple[dict[str, Number], list[str]]:
        """How much larger the need's model is than at the start, by quantity; 1 where the need names no projection."""
        grown: dict[str, Number] = dict.fromkeys(GROWN, 1.0)
        if not self.need.projection or year == self.need.start.year:
            return grown, []
        item, day = projection_item(self.catalog, self.need.projection), date(year, self.need.start.month, min(self.need.start.day, 28))
        keys: list[str] = []
        for quantity in GROWN:
            grown[quantity], used = growth_between(item, quantity, self.need.start, day, self.book)
            keys += [key for key in used if key not in keys]
        return grown, keys

    def key(self, quantity: str) -> str:
        return f"{self.base}.{self.year}.{quantity}"

    def put(self, quantity: str, value: Number, unit: str, formula: str, inputs: Iterable[str], *, note: str = "", system: str = "") -> None:
        key = f"{self.base}.{self.year}.{system}.{quantity}" if quantity == "accelerators_count" else self.key(quantity)
        kept = self.book.put(key, _plain(value), unit, formula, inputs, note=note)
        self.rows.append(EnvelopeRow(self.need.name, self.year, quantity, unit, kept, key, note, system))

    def precision_note(self) -> str:
        native = self.need.model.native_precision
        if self.best is not None and "precision" in self.best.strategy:
            return f"products in {self.best.strategy['precision']}"
        return "products in fp8 where the system has it" if native == "fp8" or self.need.kind == "serving" else "products in bf16"

    def memory(self, tokens: Number) -> None:
        """Memory of the whole job, and what it moves a second."""
        need, model = self.need, self.need.model
        if need.kind == "training":
            self.put(
                "memory_bytes",
                STATE_BYTES * model.parameters * self.larger["parameters_count"],
                "byte",
                "parameters x (weight 2 + gradient 4 + optimizer 12 bytes)",
                [*self.inputs, *self.larger_keys],
            )
        else:
            self.serving_memory(tokens)
        if self.best is None:
            return
        p = self.best.prefix
        per_token = self.book.value(f"{p}.memory_traffic_bytes") / self.spent(self.best) / self.best.tokens_per_s_per_accelerator
        per_token = per_token * self.larger["active_parameters_count"]
        used = [self.key("tokens_per_s"), f"{p}.memory_traffic_bytes", f"{p}.tokens_per_s_per_accelerator", *self.cause_keys(self.best), *self.larger_keys]
        self.put(
            "memory_bytes_per_s",
            tokens * per_token,
            "byte/s",
            "tokens/s x bytes that the reference strategy moves for a token, whole job",
            used,
            note=f"strategy of {self.best.system}",
            system=self.best.system,
        )

    def serving_memory(self, tokens: Number) -> None:
        need, book = self.need, self.book
        tpot = need.tpot_s.key if need.tpot_s is not None else (f"{self.best.prefix}.tpot_s" if self.best is not None else "")
        if not tpot:
            return
        each = book.take(need.tpot_s) if need.tpot_s is not None else book.value(tpot)
        precision = str(self.best.strategy.get("precision", "fp8")) if self.best is not None else "fp8"
        element = 2.0 if precision == "bf16" else 1.0
        prompt, answer = need.want("input_tokens"), need.want("output_tokens")
        context = book.take(prompt) + book.take(answer) / 2.0
        weights = weight_bytes(need.model, precision) * self.larger["parameters_count"]
        value = weights + tokens * each * kv_bytes_at(need.model, context, element) * self.larger["token_cache_bytes"]
        self.put("memory_bytes", value, "byte", f"weights in {precision} + tokens/s x TPOT (requests at once) x cache of input + output/2 tokens",
                 [*self.inputs, self.key("tokens_per_s"), tpot, prompt.key, answer.key, *self.larger_keys])  # fmt: skip

    def links(self) -> None:
        """Scale-up domain, and bytes a second on both tiers, for each accelerator."""
        if self.best is None:
            return
        share = self.catalog.figure("performance-envelope", "communication_share")
        least = min(self.fitting, key=lambda e: central(self.book.value(f"{e.prefix}.scale_up_used_count")))
        key = f"{least.prefix}.scale_up_used_count"
        self.put(
            "scale_up_domain_count",
            self.book.value(key),
            "1",
            "smallest domain that the strategies which meet the need use",
            [key],
            note=f"strategy of {least.system}",
            system=least.system,
        )
        p = self.best.prefix
        useful = self.book.value(f"{p}.compute_s") + self.book.value(f"{p}.memory_s")
        for tier in ("scale_up", "scale_out"):
            sent = self.book.value(f"{p}.{tier}_traffic_bytes")
            self.put(f"{tier}_link_bytes_per_s", sent / (self.book.take(share) * useful), "byte/s", "bytes that an accelerator sends / (share of time that messages may take x time on FLOPs and memory), per direction",
                     [f"{p}.{tier}_traffic_bytes", share.key, f"{p}.compute_s", f"{p}.memory_s"], note=f"strategy of {self.best.system}", system=self.best.system)  # fmt: skip

    def accelerators(self, growth: list[str], since: int) -> None:
        for e in self.fitting:
            self.put(
                "accelerators_count",
                e.accelerators * self.growth * self.larger["active_parameters_count"] * (self.larger["training_tokens"] if self.need.kind == "training" else 1.0),
                "1",
                f"accelerators at the start x growth^{since}{PROJECTED if self.larger_keys else ''}",
                [f"{e.prefix}.accelerators_count", *growth],
                system=e.system,
            )

    def site(self) -> None:
        for quantity, unit, figure in (
            ("rack_power_limit_w", "W", self.need.rack_power_limit_w),
            ("coolant_supply_temperature_k", "temperature_k", self.need.coolant_supply_temperature_k),
        ):
            if figure is not None:
                self.put(quantity, self.book.take(figure), unit, "as the need states it", [figure.key])

    def spent(self, e: Estimate) -> Number:
        return sum((self.book.value(key) for key in self.cause_keys(e)), 0.0)

    def cause_keys(self, e: Estimate) -> list[str]:
        return [f"{e.prefix}.{cause}_s" for cause in CAUSES]


def _take_model(book: Ledger, need: Need) -> tuple[str, ...]:
    slug = f"models.{need.model.name.replace('.', '-')}"
    source = need.model.source or f"config of {need.model.name}"
    counts = {"parameters_count": need.model.parameters, "active_parameters_count": need.model.active_parameters, "layers_count": len(need.model.layers)}
    for name, value in counts.items():
        book.take(Figure(f"{slug}.{name}", float(value), "1", source, "A", note="counted from the model's config"))
    return tuple(f"{slug}.{name}" for name in counts)


def _plain(value: Number) -> Number:
    array = np.asarray(value, dtype=float)
    return array if array.ndim else float(array)
