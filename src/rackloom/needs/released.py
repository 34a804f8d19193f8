"""What a lab releases: quantiles by year and response tables, rounded by a policy; and the file that holds it.

Nothing here has a model, a strategy or a count that tells them (`docs/decisions/0011`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol

import numpy as np
import yaml
from pydantic import Field, model_validator

from ..draws import Draws
from ..figures import Figure
from ..ledger import Ledger
from ..reading import read_yaml
from ..strict import Strict, Wrong, build
from .envelope import Envelope, EnvelopeRow
from .response import ResponseTable, rounded

# Quantities of an envelope that a release may hold, and why the others may not (docs/decisions/0011).
RELEASED = ("tokens_per_s", "memory_bytes_per_s", "rack_power_limit_w", "coolant_supply_temperature_k")
WITHHELD: Mapping[str, str] = {
    "total_flop_per_s": "over tokens/s it is the FLOPs of a token, which is the size of the model",
    "memory_bytes": "in training it is 18 bytes x parameters, in serving the weights and the cache of a token",
    "scale_up_domain_count": "it is a count of the strategy, which divides heads, experts or layers",
    "scale_up_link_bytes_per_s": "they are the bytes of one strategy: none says that the model stands on one accelerator",
    "scale_out_link_bytes_per_s": "the same; what links are worth stands in the response table",
    "accelerators_count": "it is worked out by the maker from the response table",
}
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Asks(Protocol):
    """What those who plan racks read of a need, whether its model is known or not."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def start(self) -> date: ...  # noqa: D102
    @property
    def growth_per_year(self) -> Figure | None: ...  # noqa: D102
    @property
    def rack_power_limit_w(self) -> Figure | None: ...  # noqa: D102
    @property
    def coolant_supply_temperature_k(self) -> Figure | None: ...  # noqa: D102


@dataclass(frozen=True)
class ReleasePolicy:
    """How a lab releases: relative step of rounding [-], quantiles [-], years (None: all), released name by need, the system that
    tables are like, and by axis its range (low, high) or, of the domain, its counts."""

    rounding_share: float
    quantiles: tuple[float, ...]
    years: tuple[int, int] | None
    names: Mapping[str, str]
    like: str
    axes: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True)
class ReleasedNeed:
    """One need as released: its name tells nothing, its start is the first day of a month."""

    name: str
    kind: str
    start: date
    table: ResponseTable
    growth_per_year: Figure | None = None
    rack_power_limit_w: Figure | None = None
    coolant_supply_temperature_k: Figure | None = None


@dataclass(frozen=True)
class Released:
    """A release that was read, or is to be written: needs by released name, the envelope's quantiles, the id of its content.

    `like` names the system of the catalogue whose latencies and kernels the tables were made with.
    """

    id: str
    as_of: date
    rounding_share: float
    quantiles: tuple[float, ...]
    like: str
    needs: Mapping[str, ReleasedNeed]
    rows: tuple[Mapping[str, Any], ...] = field(default=())

    @property
    def origin(self) -> str:
        """Where a figure's story ends for those who have only the release."""
        return origin_of(self.id, self.rounding_share)


def origin_of(release_id: str, rounding_share: float) -> str:
    """ "released by the lab, id, rounded to 5 %"."""
    return f"released by the lab, {release_id}, rounded to {100 * rounding_share:.3g} %"


def release_envelope(envelope: Envelope, policy: ReleasePolicy) -> Envelope:
    """Of an envelope what a policy lets out: RELEASED quantities of its needs and years, under released names, rounded.

    Values become the policy's quantiles over the draws (equal ones without draws), each rounded to its relative step;
    temperatures to whole kelvin. Systems, notes and derivations are left behind.
    """
    book = Ledger()
    rows = []
    for row in envelope.rows:
        if row.need not in policy.names or row.quantity not in RELEASED or not _in_years(row.year, policy):
            continue
        name, key = policy.names[row.need], f"released.{policy.names[row.need]}.{row.year}.{row.quantity}"
        array = np.asarray(row.value, dtype=float)
        over = array[1:] if array.ndim and array.size > 1 else array.reshape(-1)
        values = np.array([_coarse(float(np.quantile(over, q)), row.unit, policy.rounding_share) for q in policy.quantiles])
        middle = values[len(values) // 2]
        book.take(Figure(key, float(middle), row.unit, "released by the lab", "D", low=float(values.min()), high=float(values.max())))
        rows.append(EnvelopeRow(name, row.year, row.quantity, row.unit, values, key))
    rows.sort(key=lambda row: (row.need, row.year, RELEASED.index(row.quantity)))
    return Envelope(tuple(rows), book, ("what would tell the model: " + ", ".join(WITHHELD),))


def _in_years(year: int, policy: ReleasePolicy) -> bool:
    return policy.years is None or policy.years[0] <= year <= policy.years[1]


def _coarse(value: float, unit: str, step_share: float) -> float:
    return float(round(value)) if unit == "temperature_k" else rounded(value, step_share)


# --- the file ---------------------------------------------------------------------------------------------------


class TableFile(Strict):
    """A response table as it stands in a release."""

    precision: Literal["tf32", "bf16", "fp8", "fp4"]
    interval_share: Annotated[float, Field(ge=0, lt=3)]
    useful_share: Annotated[float, Field(gt=0, le=1)]
    axes: dict[str, list[Positive]]
    values: dict[str, list[Annotated[float, Field(ge=0, allow_inf_nan=False)]]]


class ReleasedNeedFile(Strict):
    """One need as it stands in a release; figures are [low, middle, high] or one value."""

    kind: Literal["training", "serving"]
    start: str = Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$", description="month in which it starts")
    asked_tokens_per_s: list[Positive] = Field(min_length=3, max_length=3)
    growth_per_year: list[Positive] | None = Field(None, min_length=3, max_length=3)
    rack_power_limit_w: Positive | None = None
    coolant_supply_temperature_k: Positive | None = None
    table: TableFile


class RowFile(Strict):
    """Quantiles of one quantity of one need in one year."""

    need: str
    year: int
    quantity: str
    unit: str
    values: list[Positive]


class ReleasedFile(Strict):
    """released.yaml"""

    version: Literal[1]
    id: str
    as_of: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    rounding_share: Annotated[float, Field(gt=0, le=0.5)]
    quantiles: list[Annotated[float, Field(gt=0, lt=1)]] = Field(min_length=1)
    like: str = Field(description="the system of the catalogue that the systems of the tables are like in all that is no axis")
    needs: dict[str, ReleasedNeedFile]
    envelope: list[RowFile]

    @model_validator(mode="after")
    def _id_is_of_content(self) -> ReleasedFile:
        if (found := id_of(self.model_dump())) != self.id:
            raise Wrong(f"id '{self.id}' is not that of the content, '{found}': the file was changed after it was released", "Ask the lab for the file as it released it.")
        for row in self.envelope:
            if row.need not in self.needs:
                raise Wrong(f"the envelope has a row of '{row.need}', which is no need of this release", f"Its needs: {', '.join(self.needs)}.")
            if row.quantity not in RELEASED:
                raise Wrong(f"the envelope has '{row.quantity}', which no release holds", f"Quantities: {', '.join(RELEASED)}.")
            if len(row.values) != len(self.quantiles):
                raise Wrong(f"{row.need} {row.year} {row.quantity}: {len(row.values)} values for {len(self.quantiles)} quantiles", "Give one for each.")
        return self


def id_of(content: Mapping[str, Any]) -> str:
    """Twelve digits of the hash of a release's content, its id left out."""
    plain = {key: value for key, value in content.items() if key != "id"}
    return hashlib.sha256(json.dumps(_bare(plain), sort_keys=True).encode()).hexdigest()[:12]


def _bare(value: Any) -> Any:
    """Without absent entries, and whole numbers as floats, so that writing and reading give one hash."""
    if isinstance(value, Mapping):
        return {key: _bare(entry) for key, entry in value.items() if entry is not None}
    if isinstance(value, (list, tuple)):
        return [_bare(entry) for entry in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def release_data(envelope: Envelope, needs: Mapping[str, Asks], tables: Mapping[str, ResponseTable], policy: ReleasePolicy, *, as_of: date) -> dict[str, Any]:
    """The content of released.yaml, from an envelope that `release_envelope` made and the tables by need."""
    content: dict[str, Any] = {
        "version": 1, "as_of": as_of.isoformat(), "rounding_share": policy.rounding_share, "quantiles": list(policy.quantiles), "like": policy.like,
        "needs": {policy.names[name]: _need_data(need, tables[name], policy.rounding_share) for name, need in sorted(needs.items(), key=lambda item: policy.names.get(item[0], "")) if name in policy.names},
        "envelope": [
            {"need": row.need, "year": row.year, "quantity": row.quantity, "unit": row.unit, "values": [float(v) for v in np.asarray(row.value).reshape(-1)]} for row in envelope.rows
        ],
    }  # fmt: skip
    return {"version": 1, "id": id_of(content), **{key: value for key, value in content.items() if key != "version"}}


def _need_data(need: Asks, table: ResponseTable, step: float) -> dict[str, Any]:
    out: dict[str, Any] = {"kind": need.kind, "start": f"{need.start:%Y-%m}", "asked_tokens_per_s": _span(table.asked_tokens_per_s, step)}
    if need.growth_per_year is not None:
        out["growth_per_year"] = _span(need.growth_per_year, step)
    if need.rack_power_limit_w is not None:
        out["rack_power_limit_w"] = rounded(need.rack_power_limit_w.value, step)
    if need.coolant_supply_temperature_k is not None:
        out["coolant_supply_temperature_k"] = float(round(need.coolant_supply_temperature_k.value))
    out["table"] = {
        "precision": table.precision, "interval_share": table.interval_share, "useful_share": table.useful_share, "axes": {k: list(v) for k, v in table.axes.items()},
        "values": {name: list(column) for name, column in table.values.items()},
    }  # fmt: skip
    return out


def _span(figure: Figure, step: float) -> list[float]:
    low, high = (figure.value if end is None else end for end in (figure.low, figure.high))
    return [rounded(v, step) for v in (low, figure.value, high)]


def release_text(data: Mapping[str, Any]) -> str:
    """released.yaml as text: short lists on one line."""
    body = yaml.safe_dump(dict(data), sort_keys=False, default_flow_style=None, width=140, allow_unicode=True)
    return f"# Released by a lab: what its needs ask of hardware, rounded. A maker's program says 'envelope: FILE' in place of 'needs'.\n{body}"


def read_released(path: str | Path) -> Released:
    """Read and check a release: strict keys, the id that its content has, whole tables. Raises BadInput at the place."""
    file = build(ReleasedFile, read_yaml(path))
    assert file is not None  # build raises
    return _released(file)


def _released(file: ReleasedFile) -> Released:
    origin = origin_of(file.id, file.rounding_share)
    needs = {name: _need_of(name, raw, origin, file.rounding_share) for name, raw in file.needs.items()}
    rows = tuple(row.model_dump() for row in file.envelope)
    return Released(file.id, date.fromisoformat(file.as_of), file.rounding_share, tuple(file.quantiles), file.like, needs, rows)


def released_of(data: Mapping[str, Any]) -> Released:
    """The release that a content is, as those see it who read its file."""
    return _released(ReleasedFile.model_validate(data))


def _need_of(name: str, raw: ReleasedNeedFile, origin: str, step: float) -> ReleasedNeed:
    def figure(what: str, values: list[float] | float | None, unit: str) -> Figure | None:
        if values is None:
            return None
        low, middle, high = values if isinstance(values, list) else (values, values, values)
        return Figure(f"released.{name}.{what}", middle, unit, origin, "D", low=low, high=high)

    asked = figure("asked_tokens_per_s", raw.asked_tokens_per_s, "token/s")
    assert asked is not None
    t = raw.table
    table = ResponseTable(
        name, raw.kind, t.precision, {k: tuple(v) for k, v in t.axes.items()}, {k: tuple(v) for k, v in t.values.items()}, step, t.interval_share, asked, t.useful_share, origin,
    )  # fmt: skip
    return ReleasedNeed(
        name, raw.kind, date.fromisoformat(f"{raw.start}-01"), table, figure("growth_per_year", raw.growth_per_year, "1"),
        figure("rack_power_limit_w", raw.rack_power_limit_w, "W"), figure("coolant_supply_temperature_k", raw.coolant_supply_temperature_k, "temperature_k"),
    )  # fmt: skip


def envelope_of(released: Released, *, draws: Draws | None = None) -> Envelope:
    """The envelope as the maker's plan shows it: each row a released figure, from the lowest to the highest quantile."""
    book = Ledger(draws)
    rows = []
    for row in released.rows:
        values = sorted(row["values"])
        key = f"released.{row['need']}.{row['year']}.{row['quantity']}"
        span = f"quantiles {', '.join(f'{100 * q:g} %' for q in released.quantiles)}: {', '.join(f'{v:.4g}' for v in values)}"
        value = book.take(Figure(key, values[len(values) // 2], row["unit"], released.origin, "D", low=values[0], high=values[-1], note=span))
        rows.append(EnvelopeRow(row["need"], row["year"], row["quantity"], row["unit"], value, key))
    return Envelope(tuple(rows), book, ("the release holds only what does not tell the model",))
