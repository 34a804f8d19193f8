"""Each stage's section: its tables and plots from the plan's plain data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from . import supply_tables
from .numbers import number_text
from .plots import Band, Elevation, Panel, Slot, elevation_figures, envelope_figures
from .rack_tables import drawings, states_table
from .tables import Book, Cell, Data, Line, Plot, Section, Table, columns, line, note_list, share_text, value_of


def sections(data: Data, book: Book) -> list[Section]:
    """Needs, envelope, racks, roadmap, supply, factory, evaluation, option."""
    return [
        needs_section(data, book), envelope_section(data, book), racks_section(data, book), roadmap_section(data, book), supply_tables.supply_section(data, book),
        supply_tables.factory_section(data, book), supply_tables.evaluation_section(data), supply_tables.option_section(data, book),
    ]  # fmt: skip


def needs_section(data: Data, book: Book) -> Section:
    """What each workload asks, and how each generation runs it."""
    if not data["needs"]:
        return Section("needs", "Needs", skipped=data["skipped"].get("needs", ""))
    asked, ran = [], []
    for name, need in data["needs"].items():
        model = need["model"]
        what = need["released"] if model is None else f"{model['name']}, {model['parameters'] / 1e9:.0f} B ({model['active_parameters'] / 1e9:.0f} B active)"
        words = ", ".join(f"{label} {_figure_text(figure)}" for label, figure in need["asks"].items())
        asked.append(line(name, need["kind"], what, need["start"], _plain_words(words)))
        for system, estimate in need["estimates"].items():
            ran.append(_estimate_line(name, system, estimate, book))
    first = Table("needs-asked", "What is asked", columns("need", "kind", "model", "from", "asks"), tuple(asked))
    names = ("need", "generation", "fits", "accelerators", "tok/s per accelerator", "step or TTFT", "run or TPOT", "J/token", "memory each", "limited by", "strategy")
    second = Table(
        "needs-estimates",
        "How each generation runs it",
        columns(*names, right=(3, 4, 5, 6, 7, 8)),
        tuple(ran),
        "Output tokens for serving, all tokens for training. The strategy is the fastest that fits and meets the limits, at central values.",
    )
    left = note_list(*(estimate["left_out"] for need in data["needs"].values() for estimate in need["estimates"].values()))
    return Section("needs", "Needs", tables=(first, second), left_out=left)


_WORDS = {
    "within_s": "within",
    "rate_tokens_per_s": "rate",
    "input_tokens": "input",
    "output_tokens": "output",
    "ttft_s": "TTFT at most",
    "tpot_s": "TPOT at most",
    "growth_per_year": "growth",
}


def _plain_words(text: str) -> str:
    for field_name, word in _WORDS.items():
        text = text.replace(field_name, word)
    return text


def _figure_text(figure: Mapping[str, Any]) -> str:
    low, high = figure.get("low"), figure.get("high")
    if low is not None and high is not None and low != high:
        return _as_written(f"{number_text(low, figure['unit'])} to {number_text(high, figure['unit'])}")
    return _as_written(number_text(figure["value"], figure["unit"]))


def _as_written(text: str) -> str:
    """Without the noughts that nobody wrote: "3.50" is "3.5"."""
    return re.sub(r"(\.\d*?)0+(?!\d)", lambda found: found[1].removesuffix("."), text)


def _estimate_line(need: str, system: str, estimate: Data, book: Book) -> Line:
    prefix = estimate["prefix"]
    if not estimate["fits"]:
        return line(need, system, f"no: {estimate['why_not']}", "–", "–", "–", "–", "–", "–", "–", "–", tone="fail")
    if not estimate["strategy"]:  # read from a released table, which has no strategy
        known = [
            book.cell(f"{prefix}.{key}") if estimate[name] is not None else Cell("–")
            for name, key in (("accelerators", "accelerators_count"), (SPEED, SPEED), ("ttft_s", "ttft_s"), ("tpot_s", "tpot_s"))
        ]
        return line(need, system, "yes", *known, "–", "–", "not released", "not released", tone="pass")
    training = estimate["kind"] == "training"
    strategy = _strategy_words(estimate["strategy"])
    keys = ("step_s", "run_s") if training else ("ttft_s", "tpot_s")
    cells = [book.cell(f"{prefix}.{key}") for key in ("accelerators_count", "tokens_per_s_per_accelerator", *keys)]
    cells += [book.cell(f"{prefix}.joule_per_token") if estimate.get("power") else Cell("–"), book.cell(f"{prefix}.memory_bytes")]
    return line(
        need, system, "yes", *cells, f"{estimate['limited_by'].replace('_', '-')} {estimate['shares'].get(estimate['limited_by'], 0):.0%}".replace("%", " %"), strategy, tone="pass"
    )


SPEED = "tokens_per_s_per_accelerator"


def _strategy_words(strategy: Data) -> str:
    """A strategy in words: of training what is other than usual; of serving ranks, batch and precision, prefill and decode with how many of each."""
    if "prefill" in strategy:
        pools = " + ".join(f"{strategy[f'{pool}_workers']} x {pool} ({_ranks_words(strategy[pool])})" for pool in ("prefill", "decode"))
        return f"{pools}, {strategy['decode']['precision']}"
    if "kv_precision" in strategy:
        return f"{_ranks_words(strategy)}, {strategy['precision']}"
    shown = {key: value for key, value in strategy.items() if value not in (1, "none", False) or key in ("tp", "pp")}
    return ", ".join(f"{key.upper() if len(key) == 2 else key.replace('_', ' ')} {value}" for key, value in shown.items() if value is not True)


def _ranks_words(strategy: Data) -> str:
    ranks = [f"{key.upper()} {strategy[key]}" for key in ("tp", "pp", "dp") if strategy[key] != 1] or ["TP 1"]
    return f"{' '.join(ranks)}, batch {strategy['batch']}" + (f", {strategy['draft']} guesses" if strategy["draft"] else "")


ENVELOPE_NAMES = {
    "tokens_per_s": "tokens a second", "total_flop_per_s": "useful compute", "memory_bytes": "memory", "memory_bytes_per_s": "memory bandwidth", "scale_up_domain_count": "scale-up domain",
    "scale_up_link_bytes_per_s": "scale-up per accelerator", "scale_out_link_bytes_per_s": "scale-out per accelerator", "rack_power_limit_w": "rack power limit",
    "coolant_supply_temperature_k": "coolant supply",
}  # fmt: skip


def envelope_section(data: Data, book: Book) -> Section:
    """What a generation must offer, by year."""
    rows = data["envelope"].get("rows", [])
    if not rows:
        return Section("envelope", "Envelope", skipped=data["skipped"].get("needs", ""))
    years = sorted({row["year"] for row in rows})
    plain = [row for row in rows if row["quantity"] in ENVELOPE_NAMES]
    lines = []
    for need in dict.fromkeys(row["need"] for row in plain):
        for quantity in dict.fromkeys(row["quantity"] for row in plain if row["need"] == need):
            by_year = {row["year"]: row for row in plain if row["need"] == need and row["quantity"] == quantity}
            cells = [book.cell(by_year[year]["key"]) if year in by_year else Cell("–") for year in years]
            lines.append(line(need, ENVELOPE_NAMES[quantity], *cells))
    names = ("need", "asks for", *(str(year) for year in years))
    table = Table(
        "envelope",
        "What the needs ask of a generation, by year",
        columns(*names, right=range(2, 2 + len(years))),
        tuple(lines),
        "80 % intervals. Links are what keeps communication within its stated share of the time.",
    )
    panels = envelope_panels(data)
    plots = (
        (
            Plot(
                envelope_figures(panels),
                "Racks of the chosen generation that each need asks for by year (grey, with its 80 % interval) against racks delivered by each generation. Logarithmic; dashed: announced or assumed.",
            ),
        )
        if panels
        else ()
    )
    return Section("envelope", "Envelope", tables=(table,), plots=plots, left_out=tuple(data["envelope"].get("left_out", ())))


def envelope_panels(data: Data) -> list[Panel]:
    """One panel a need: racks asked for by year (the chosen generation's) against racks delivered by each generation."""
    roadmap = data["roadmap"]
    if not roadmap:
        return []
    chosen = data["answer"]["chosen"]
    panels = []
    for need in data["needs"]:
        cells = [cell for cell in roadmap["cells"] if cell["need"] == need and cell["fits"] and cell["racks_by_year"]]
        asked = next((cell for cell in cells if cell["generation"] == chosen), cells[0] if cells else None)
        if asked is None:
            continue
        offered = tuple(_delivered(data, cell) for cell in cells if cell["delivered_by_year"])
        panels.append(
            Panel(
                f"{need}: racks of {asked['generation']} asked, racks delivered",
                "rack",
                _band(asked["generation"], asked["racks_by_year"]),
                tuple(band for band in offered if band.years),
            )
        )
    return panels


def _delivered(data: Data, cell: Data) -> Band:
    band = _band(cell["generation"], {year: value for year, value in cell["delivered_by_year"].items() if (value_of(value) or 0.0) > 0.0})
    status = data["designs"].get(cell["generation"], {}).get("status", "")
    return Band(band.name, band.years, band.values, band.lows, band.highs, "" if status == "shipping" else status)


def _band(name: str, by_year: Mapping[str, Any]) -> Band:
    years = sorted(by_year, key=int)
    entries = [by_year[year] for year in years]
    values = tuple(float(value_of(entry) or 0.0) for entry in entries)
    lows = tuple(float(entry["low"]) if isinstance(entry, Mapping) and entry.get("low") is not None else v for entry, v in zip(entries, values, strict=True))
    highs = tuple(float(entry["high"]) if isinstance(entry, Mapping) and entry.get("high") is not None else v for entry, v in zip(entries, values, strict=True))
    return Band(name, tuple(float(year) for year in years), values, lows, highs)


def racks_section(data: Data, book: Book) -> Section:
    """Figures, checks, elevation and bill of each rack."""
    racks = data["designs"]
    if not racks:
        return Section("racks", "Racks", skipped=data["skipped"].get("generations", ""))
    names = ("generation", "rack", "status", "accelerators", "load", "firm supply", "peak", "heat to coolant", "heat to air", "coolant flow", "supply", "return", "mass", "cables")
    rows = []
    for name, rack in racks.items():
        keys = (
            "power_load_w",
            "power_firm_w",
            "power_peak_w",
            "heat_liquid_w",
            "heat_air_w",
            "coolant_flow_m3_per_s",
            "coolant_supply_temperature_k",
            "coolant_return_temperature_k",
        )
        mass = book.cell(f"designs.{name}.mass_kg")
        mass = Cell(f"at least {mass.text}", mass.key, mass.mark) if rack["mass_is_at_least"] and mass.key else mass
        count = f"{rack['accelerators']} {rack['accelerator']}"
        rows.append(
            line(
                name,
                rack["title"],
                rack["status"],
                Cell(count, f"designs.{name}.accelerators_count"),
                *(book.cell(f"designs.{name}.{key}") for key in keys),
                mass,
                book.cell(f"designs.{name}.cables_count"),
            )
        )
    figures = Table(
        "racks",
        "Racks",
        columns(*names, right=range(3, 14)),
        tuple(rows),
        "Power at the busbar; firm supply is what the stated redundancy leaves. A dash: nobody publishes enough to say.",
        turned=True,
    )
    return Section(
        "racks",
        "Racks",
        tables=(figures, _checks(data, book), states_table(data), _unknowns(data), _bills(data)),
        plots=(_elevations(data),),
        drawings=drawings(data),
        left_out=note_list(*(rack["left_out"] for rack in racks.values())),
    )


def _checks(data: Data, book: Book) -> Table:
    order = {"fail": 0, "not checkable": 1, "pass": 2}
    rows = []
    for name, rack in data["designs"].items():
        for check in rack["checks"]:
            margin = value_of(check["margin"])
            cells = [name, check["question"], _quantity(check["value"], check["unit"]), _quantity(check["limit"], check["unit"])]
            said = (
                book.cell(check["key"], name="margin")
                if check["key"] in book.rows and check["unit"] != "temperature_k"
                else Cell("–" if margin is None else f"{margin * 100:+.1f} K".replace("-", "−"), check["key"])
            )
            verdict = {"pass": "✓ pass", "fail": "✗ fail", "not checkable": "? not checkable"}[check["verdict"]]
            more = f"missing: {', '.join(check['missing'])}" if check["verdict"] == "not checkable" else check["mend"]
            document = f"{check['document']} ({check['clause']})" if check["document"] else ""
            tone = {"pass": "pass", "fail": "fail", "not checkable": "unknown"}[check["verdict"]]
            rows.append(((order[check["verdict"]], margin or 0.0), line(*cells, said if margin is not None else "–", verdict, more, document, tone=tone)))
    rows.sort(key=lambda entry: entry[0])
    names = ("generation", "question", "value", "limit", "margin", "verdict", "what is missing, or the mend", "document")
    return Table("checks", "Checks, worst first", columns(*names, right=(2, 3, 4)), tuple(row for _, row in rows))


def _quantity(entry: Any, unit: str) -> str:
    if entry is None:
        return "–"
    if isinstance(entry, Mapping):
        return number_text(entry["value"], unit, entry.get("low"), entry.get("high"))
    return number_text(float(entry), unit)


def _unknowns(data: Data) -> Table:
    rows = [line(name, rack["layout"], "; ".join(rack["unknown"]) or "nothing", "; ".join(rack["notes"])) for name, rack in data["designs"].items()]
    return Table("unknown", "What public facts leave open", columns("generation", "layout", "unknown", "notes"), tuple(rows))


def _bills(data: Data) -> Table:
    rows = []
    for name, rack in data["designs"].items():
        for entry in rack["bom"]["lines"]:
            indent = "  " * entry["depth"]
            rows.append(line(name, f"{indent}{entry['title']}", entry["level"], entry["item"], f"{entry['quantity']}", f"{entry['total']}"))
    return Table("bom", "Bill of materials, indented", columns("generation", "part", "level", "item", "in its parent", "in the rack", right=(4, 5)), tuple(rows))


def _elevations(data: Data) -> Plot:
    drawn = []
    for name, rack in data["designs"].items():
        slots = [Slot(s["first"], s["last"], s["title"], value_of(s["power_w"]), value_of(s["liquid_share"])) for s in rack["slots"] if s.get("face", "front") == "front"]
        captions = (f"{number_text(value_of(rack['power_load_w']), 'W')} load", f"{number_text(value_of(rack['heat_air_w']), 'W')} to air", f"layout {rack['layout']}")
        drawn.append(Elevation(name, captions, tuple(slots), float(rack["height"])))
    return Plot(
        elevation_figures(drawn),
        "Front elevations. Stronger colour: more power in that unit. Numbers at the left count units from the bottom. A layout marked 'assumed' has published counts and our positions.",
    )


def roadmap_section(data: Data, book: Book) -> Section:
    """Which generation meets which need, when."""
    roadmap = data["roadmap"]
    if not roadmap:
        return Section("roadmap", "Roadmap", skipped=data["skipped"].get("needs", ""))
    rows, by_year = [], []
    years = sorted({year for cell in roadmap["cells"] for year in cell["racks_by_year"]}, key=int)
    for cell in roadmap["cells"]:
        prefix = f"roadmap.{cell['need']}.{cell['generation']}"
        best = " ★" if roadmap["best"].get(cell["need"]) == cell["generation"] else ""
        verdict = "✓ meets" if cell["meets"] else "✗ does not"
        cells = [book.cell(f"{prefix}.racks_count"), book.cell(f"{prefix}.ready_days"), book.cell(f"{prefix}.slack_days")] if cell["fits"] else ["–", "–", "–"]
        rows.append(line(cell["need"], f"{cell['generation']}{best}", verdict, *cells, share_text(cell["probability"]), cell["reason"], tone="pass" if cell["meets"] else "fail"))
        if cell["fits"] and cell["racks_by_year"]:
            needed = [book.cell(f"{prefix}.racks_{year}_count") if year in cell["racks_by_year"] else Cell("–") for year in years]
            by_year.append(line(cell["need"], cell["generation"], *needed))
    names = ("need", "generation", "verdict", "racks at the start", "ready, days from today", "slack", "likelihood", "why")
    first = Table(
        "roadmap",
        "Which generation meets which need, when",
        columns(*names, right=(3, 4, 5, 6)),
        tuple(rows),
        "★ best for the need. 'Today' is the program's as_of. Racks arrive at the rate of demand or line, whichever is less, one need at a time.",
    )
    second = Table("roadmap-years", "Racks that each need asks for, by year", columns("need", "generation", *years, right=range(2, 2 + len(years))), tuple(by_year))
    return Section("roadmap", "Roadmap", tables=(first, second), left_out=tuple(roadmap.get("left_out", ())))
