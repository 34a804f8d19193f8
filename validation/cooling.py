"""Cooling against what was published: flow and pressure by supply temperature, cold plates. Few points are fitted, the others predicted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from rackloom.catalog import Catalog, coolant_table, load_catalog
from rackloom.catalog import table as points_of
from rackloom.errors import OutOfRange
from rackloom.figures import convert
from rackloom.physics import FlowLaw, coolant_at, fit_drop, fit_flow_law, fit_plate, plate_resistance, pressure_drop, required_flow, temperature_rise
from validation.markdown import percent, table

PAIR = (25, 40)  # supply temperatures that are fitted [C]
PG25 = 0.25  # share of glycol, by volume
PLATE_LPM = (0.4, 1.0, 2.4)  # flows of the plate with PG25 that are fitted [L/min]
WATER_LPM = (2.0, 5.0)
SHARE = 0.05  # what a prediction may be off, or half of the last printed digit where that is more
HEAD = ("table", "at", "published", "ours", "error", "allowed", "", "inside")


@dataclass(frozen=True)
class Series:
    """A published table: values by an abscissa, both in the units in which they were printed."""

    name: str
    item: str
    figure: str
    suffix: str
    unit: str
    digit: float = 0.0  # of the last printed place


@dataclass(frozen=True)
class Row:
    """One published value with ours, both in the printed unit."""

    series: Series
    at: float
    published: float
    ours: float
    fitted: bool

    @property
    def error(self) -> float:
        """Ours over published, less 1."""
        return self.ours / self.published - 1.0

    @property
    def allowed(self) -> float:
        """What it may be off, as a share of the published value."""
        return max(SHARE, 0.5 * self.series.digit / self.published)

    @property
    def inside(self) -> bool:
        """Off by no more than is allowed."""
        return abs(self.error) <= self.allowed


FLOWS = (
    Series("Vera Rubin NVL72, Max-P, flow", "vr-nvl72", "flow_max_p", "m3_per_s", "L/min", 1.0),
    Series("Vera Rubin NVL72, Max-Q, flow", "vr-nvl72", "flow_max_q", "m3_per_s", "L/min", 1.0),
    Series("NVIDIA CDU self-qualification, flow a kW", "cdu-nvidia-selfqual", "flow", "m3_per_s_per_w", "L/min/kW", 0.1),
)
ESTIMATE = Series("GB300 NVL72, flow (an estimate by others)", "gb300-nvl72", "flow", "m3_per_s", "L/min", 0.1)
DROPS = (
    Series("Vera Rubin NVL72, Max-P, pressure drop", "vr-nvl72", "pressure_drop_max_p", "pa", "psi", 0.1),
    Series("Vera Rubin NVL72, Max-Q, pressure drop", "vr-nvl72", "pressure_drop_max_q", "pa", "psi", 0.1),
)
PLATES = (
    Series("OAM plate of 1 kW, PG25", "coldplate-oam-1kw-pg25", "case", "thermal_resistance_k_per_w", "K/W", 0.0001),
    Series("OAM plate of 1 kW, water", "coldplate-oam-1kw-water", "case", "thermal_resistance_k_per_w", "K/W", 0.0001),
)
_SI = {"L/min": ("m3/s", 1.0), "L/min/kW": ("m3/s", 1e3), "psi": ("Pa", 1.0), "K/W": ("", 1.0)}


def printed(series: Series, catalog: Catalog) -> dict[float, float]:
    """The published values by their abscissa [C, or L/min], in the printed unit."""
    points, figures = points_of(catalog.item(series.item), series.figure, series.suffix)
    si, factor = _SI[series.unit]
    # ten digits: conversion there and back leaves dust in the last ones
    values = [figure.value * factor if not si else convert(figure.value * factor, si, series.unit.removesuffix("/kW")) for figure in figures]
    scale = (lambda x: x - 273.15) if series.unit != "K/W" else (lambda x: convert(x, "m3/s", "L/min"))
    return {round(float(scale(x)), 9): float(f"{value:.10g}") for x, value in zip(points, values, strict=True)}


def flow_laws(tables: Sequence[Mapping[float, float]], pair: tuple[float, float]) -> list[FlowLaw]:
    """A law for each table from its values at two supply temperatures.

    The first is a rack's, with the exponent of a plate whose flow carries the heat (1); it tells the ceiling, the limit of
    the case less what the plate holds back at any flow. The maker's other tables are of such chips too: they take that
    ceiling, and tell their exponent.
    """
    kelvin = (pair[0] + 273.15, pair[1] + 273.15)
    first = fit_flow_law(kelvin, (tables[0][pair[0]], tables[0][pair[1]]), exponent=1.0)
    ceiling = float(first.ceiling_temperature_k)
    return [first, *(fit_flow_law(kelvin, (each[pair[0]], each[pair[1]]), ceiling_temperature_k=ceiling) for each in tables[1:])]


def flow_rows(tables: Sequence[Mapping[float, float]], series: Sequence[Series], pair: tuple[float, float] = PAIR) -> list[Row]:
    """Every value of every table of flow, the fitted ones too."""
    laws = flow_laws(tables, pair)
    return [
        Row(each, at, value, float(required_flow(law, at + 273.15)), at in pair)
        for each, points, law in zip(series, tables, laws, strict=True)
        for at, value in points.items()
    ]  # fmt: skip


def drop_rows(
    flows: Mapping[float, float], drops: Mapping[float, float], series: Series, pair: tuple[float, float] = PAIR, *, at_flows: Mapping[float, float] | None = None
) -> list[Row]:
    """Pressure drop at the published flow, or at flows given, of PG25 at the supply temperature; the law goes through two of the values."""
    at = np.array(list(drops))
    liquid = coolant_at(coolant_table(), at + 273.15, PG25)
    is_fitted = np.isin(at, pair)
    density, viscosity = np.asarray(liquid.density_kg_per_m3), np.asarray(liquid.viscosity_pa_s)
    published_flow, drop = np.array([flows[t] for t in at]), np.array(list(drops.values()))
    law = fit_drop(published_flow[is_fitted], drop[is_fitted], density[is_fitted], viscosity[is_fitted])
    flow = published_flow if at_flows is None else np.array([at_flows[t] for t in at])
    ours = np.asarray(pressure_drop(law, flow, density, viscosity))
    return [Row(series, float(t), float(p), float(o), bool(f)) for t, p, o, f in zip(at, drop, ours, is_fitted, strict=True)]


def plate_rows(points: Mapping[float, float], series: Series, fitted: Sequence[float], *, exponent: float | None = None) -> tuple[list[Row], float]:
    """Resistance of a plate at each published flow, and the exponent of its law."""
    flow = np.array([convert(x, "L/min", "m3/s") for x in fitted])
    law = fit_plate(flow, np.array([points[x] for x in fitted]), exponent=exponent)
    rows = [Row(series, at, value, float(plate_resistance(law, convert(at, "L/min", "m3/s"))), at in fitted) for at, value in points.items()]
    return rows, float(law.exponent)


def all_rows(catalog: Catalog) -> dict[str, list[Row]]:
    """Every row of the page by its section."""
    flows = [printed(each, catalog) for each in FLOWS]
    drops = [drop_rows(flows[i], printed(each, catalog), each) for i, each in enumerate(DROPS)]
    plate, exponent = plate_rows(printed(PLATES[0], catalog), PLATES[0], PLATE_LPM)
    water, _ = plate_rows(printed(PLATES[1], catalog), PLATES[1], WATER_LPM, exponent=exponent)
    return {"flow": flow_rows(flows, FLOWS), "pressure": [row for rows in drops for row in rows], "plates": [*plate, *water]}


def worst(rows: Sequence[Row]) -> float:
    """The largest error of the predicted rows, over what is allowed."""
    return max(abs(row.error) / row.allowed for row in rows if not row.fitted)


def pair_rows(catalog: Catalog) -> list[tuple[str, ...]]:
    """For each pair of supply temperatures that could have been fitted: the worst of each table, over what is allowed."""
    flows, drops = [printed(each, catalog) for each in FLOWS], [printed(each, catalog) for each in DROPS]
    out = []
    for pair in combinations(flows[0], 2):
        cells = [*(_worst_flow(flows, each, pair) for each in FLOWS), *(_worst_drop(flows[i], drops[i], each, pair) for i, each in enumerate(DROPS))]
        inside = all(cell is not None and cell <= 1.0 for cell in cells)
        out.append((f"{pair[0]:g}, {pair[1]:g}", *("no law" if cell is None else f"{cell:.2f}" for cell in cells), "yes" if inside else "no"))
    return out


def _worst_flow(flows: Sequence[Mapping[float, float]], series: Series, pair: tuple[float, float]) -> float | None:
    try:
        return worst([row for row in flow_rows(flows, FLOWS, pair) if row.series is series])
    except OutOfRange:  # a law through two rounded values may end below a temperature of the table
        return None


def _worst_drop(flows: Mapping[float, float], drops: Mapping[float, float], series: Series, pair: tuple[float, float]) -> float | None:
    try:
        return worst(drop_rows(flows, drops, series, pair))
    except OutOfRange:  # or grow with a power of the flow that no part has
        return None


def chained_rows(catalog: Catalog) -> list[Row]:
    """Pressure from the supply temperature alone, at our own flows: what a design without published flows gets."""
    flows = [printed(each, catalog) for each in FLOWS]
    ours = flow_rows(flows, FLOWS)
    out: list[Row] = []
    for i, each in enumerate(DROPS):
        at_flows = {row.at: row.ours for row in ours if row.series is FLOWS[i]}
        out += drop_rows(flows[i], printed(each, catalog), each, at_flows=at_flows)
    return out


def _cells(row: Row) -> tuple[str, ...]:
    at = f"{row.at:g} L/min" if row.series.unit == "K/W" else f"{row.at:g} C"
    ours = f"{row.ours:.3g}" if row.series.unit != "L/min" else f"{row.ours:.1f}"
    inside = "" if row.fitted else "yes" if row.inside else "no"
    return (
        row.series.name,
        at,
        f"{row.published:g} {row.series.unit}",
        ours,
        "" if row.fitted else percent(row.error, sign=True),
        "" if row.fitted else percent(row.allowed),
        "fitted" if row.fitted else "predicted",
        inside,
    )


def _told(rows: Sequence[Row]) -> str:
    held = [row for row in rows if not row.fitted]
    return f"Fitted: {len(rows) - len(held)} values. Predicted: {len(held)}, of which {sum(row.inside for row in held)} are inside; the worst is at {worst(rows):.2f} of what is allowed."


def _balance(catalog: Catalog) -> str:
    """The one cooling unit whose sheet gives heat, flow and both temperatures of a side."""
    unit = catalog.item("cdu-stulz-scr14103", "cdu")
    heat, flow, supply, back = (unit.figure(name).value for name in ("heat_w", "flow_m3_per_s", "tcs_supply_temperature_k", "tcs_return_temperature_k"))
    water = coolant_at(coolant_table(), 0.5 * (supply + back), 0.0)
    ours = float(temperature_rise(heat, flow, float(water.density_kg_per_m3), float(water.cp_j_per_kg_k)))
    return f"{unit.title}: {heat / 1e3:g} kW in {flow * 3600:.1f} m3/h of water at {0.5 * (supply + back) - 273.15:g} C warm it by {ours:.2f} K; its sheet says {back - supply:g} K ({percent(ours / (back - supply) - 1.0, sign=True)})."


def page(catalog: Catalog | None = None) -> str:
    """The whole of cooling.md."""
    catalog = catalog or load_catalog()
    rows = all_rows(catalog)
    flows = [printed(each, catalog) for each in FLOWS]
    laws = flow_laws(flows, PAIR)
    ceiling = float(laws[0].ceiling_temperature_k) - 273.15
    said = "; ".join(f"{each.name}: exponent {float(law.exponent):.2f}" for each, law in zip(FLOWS, laws, strict=True))
    estimate = flow_rows([flows[0], printed(ESTIMATE, catalog)], (FLOWS[0], ESTIMATE))[len(flows[0]) :]
    pairs = pair_rows(catalog)
    chained = chained_rows(catalog)
    held = [row for row in chained if not row.fitted]
    parts = [
        "# Cooling, predicted against published",
        "Written by `make validate`. Error is ours over published, less 1. A predicted value may be off by 5 %, or by half of the last printed digit where that is more. "
        "No value that is predicted enters a fit; but all of them lay open while the forms of the laws, and the pair of temperatures, were chosen.",
        "## Flow by supply temperature",
        f"Fitted at {PAIR[0]} and {PAIR[1]} C. Required flow is a plate's law turned round, V = a / (ceiling - T_supply)^n. Max-P is fitted with n = 1, as of a plate whose flow "
        f"carries the heat, and tells the ceiling, {ceiling:.1f} C; the maker's other tables take that ceiling and tell their own n: six values, six parameters. {said}.",
        table(HEAD, [_cells(row) for row in rows["flow"]]), _told(rows["flow"]),
        "The same for an estimate that others made of GB300 NVL72 (grade D: no measurement, not counted):", table(HEAD, [_cells(row) for row in estimate]),
        "## Pressure drop by supply temperature",
        f"Of the whole rack at its published flow, PG25 at the supply temperature; dp = a V^m rho^(m-1) mu^(2-m) is fitted at {PAIR[0]} and {PAIR[1]} C, each operating point by itself.",
        table(HEAD, [_cells(row) for row in rows["pressure"]]), _told(rows["pressure"]),
        f"At our own flow in place of the published one, so from the supply temperature alone, {sum(row.inside for row in held)} of {len(held)} are inside; the worst is off by "
        f"{percent(max(abs(row.error) for row in held))}: errors of flow come back about doubled.",
        "## Had other temperatures been fitted",
        "The worst predicted value of each table, over what is allowed (at most 1.00 is inside). The tables are rounded to one or two digits, so that a law through two values carries their rounding to the others; 'no law': the two give one that no plate or part has.",
        table(("fitted at [C]", "Max-P flow", "Max-Q flow", "CDU flow", "Max-P pressure", "Max-Q pressure", "all inside"), pairs),
        f"{sum(row[-1] == 'yes' for row in pairs)} of {len(pairs)} pairs put every value inside.",
        "## Cold plates",
        f"Resistance from case to coolant at the inlet, R = base + slope V^-n. PG25: fitted at {', '.join(f'{x:g}' for x in PLATE_LPM)} L/min. Water: the exponent of PG25, fitted at "
        f"{' and '.join(f'{x:g}' for x in WATER_LPM)} L/min. The points are read off a chart by others.",
        table(HEAD, [_cells(row) for row in rows["plates"]]), _told(rows["plates"]),
        "## A cooling unit's balance", _balance(catalog),
        "Pressure drops of plates, curves of pumps, and exchangers away from their rating: nobody publishes points of them in what was read, so none is compared.",
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"
