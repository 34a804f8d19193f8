"""Sections of supply, factory, evaluation and option."""

from __future__ import annotations

from .numbers import number_text
from .tables import Book, Cell, Data, Line, Section, Table, columns, line, share_text, value_of


def supply_section(data: Data, book: Book) -> Section:
    """Cost, content, sources of each generation."""
    supply = data["supply"]
    if not supply:
        return Section("supply", "Supply", skipped=data["skipped"].get("supply", ""))
    chosen = data["answer"]["chosen"]
    tables = [_costs(supply, book), _content(supply, book), _single(supply)]
    if chosen in supply["generations"]:
        tables += [_classes(chosen, supply["generations"][chosen], book), _lines(chosen, supply["generations"][chosen], book), _components(chosen, supply["generations"][chosen])]
    gap = "" if supply["gap_share"] < 0.0005 else f" to a gap of {supply['gap_share']:.1%}".replace("%", " %")
    lead = f"Racks enter as {supply['enter_as']}; cheapest qualified offers, {supply['status']}{gap}."
    return Section("supply", "Supply", lead, tuple(tables), left_out=tuple(supply.get("left_out", ())))


def _costs(supply: Data, book: Book) -> Table:
    rows = []
    for name, entry in supply["generations"].items():
        cost = book.cell(f"supply.{name}.landed_cost_usd")
        cost = Cell(f"at least {cost.text}", cost.key, cost.mark) if entry["cost_is_at_least"] else cost
        cells = [
            book.cell(f"supply.{name}.{key}") for key in ("labour_usd", "duty_usd", "assumed_share", "us_value_share", "us_reach_share", "us_reach_extra_usd", "lead_time_days")
        ]
        trouble = [*(f"short of {short['title']}" for short in entry["shortages"]), *(f"no offer for {part}" for part in entry["unpriced"])]
        rows.append(line(name, cost, *cells, entry["lead_time_part"], "; ".join(trouble) or "none", tone="fail" if trouble else "pass"))
    names = ("generation", "landed cost", "labour", "duty", "rests on assumed prices", "paid in the US", "US reach", "for how much more", "longest lead time", "of", "trouble")
    note = "US reach: share of cost paid in the US if every part with a qualified US offer took it. Prices are assumptions under invented supplier names unless your own table says otherwise."
    return Table("supply", "A rack, landed", columns(*names, right=range(1, 9)), tuple(rows), note, turned=True)


def _content(supply: Data, book: Book) -> Table:
    rows = []
    for name, entry in supply["generations"].items():
        for content in entry["content"]:
            verdict = {True: "✓ passes", False: "✗ fails", None: "? open"}[content["passes"]]
            share = book.cell(content["key"], name="share") if content["key"] else Cell("–")
            made = "made in the US" if content["made_in_us"] else "not made in the US"
            tone = {True: "pass", False: "fail", None: "unknown"}[content["passes"]]
            rows.append(
                line(name, f"{content['level']}: {content['end_product']}", share, share_text(content["threshold"]), made, verdict, content["document"], content["note"], tone=tone)
            )
    names = ("generation", "end product", "share of component cost", "threshold", "place", "verdict", "rule", "note")
    note = "FAR binds federal purchases; for a private buyer it is a yardstick. Tray and rack as end product give different answers: a tray assembled in the US counts whole towards a rack."
    return Table("content", "Domestic content by the FAR component test", columns(*names, right=(2, 3)), tuple(rows), note)


def _single(supply: Data) -> Table:
    rows = [line(name, single["title"], single["part"], single["why"]) for name, entry in supply["generations"].items() for single in entry["single_sources"]]
    return Table("single", "Parts that stand on one source", columns("generation", "part", "item", "why"), tuple(rows))


def _classes(name: str, entry: Data, book: Book) -> Table:
    keys = {cls: f"supply.{name}.classes.{cls}.cost_usd" for cls in entry["classes"]}
    total = value_of(entry["landed_cost_usd"]) or 1.0
    rows = []
    for cls, cost in sorted(entry["classes"].items(), key=lambda item: -(value_of(item[1]) or 0.0)):
        key = keys[cls] if keys[cls] in book.rows else f"supply.{name}.{cls}_usd"
        rows.append(line(cls, book.cell(key), share_text((value_of(cost) or 0.0) / total)))
    return Table("classes", f"Where the money of {name} goes", columns("class", "cost in a rack", "of the landed cost", right=(1, 2)), tuple(rows))


def _lines(name: str, entry: Data, book: Book) -> Table:
    rows = []
    for part in sorted(entry["lines"], key=lambda part: -(value_of(part["cost_usd"]) or 0.0)):
        price = book.cell(part["key"]) if part["key"] in book.rows else Cell("–")
        lead = part["lead_time_days"]
        days = number_text(value_of(lead), "d") if lead is not None else "–"
        cost = number_text(value_of(part["cost_usd"]), "USD")
        rows.append(line(part["title"], f"{part['total']}", part["supplier"], part["country"], share_text(part["share"]), price, cost, days, part["controlled_by"], part["why"]))
    names = ("part", "in a rack", "supplier", "country", "share", "unit price", "cost in a rack", "lead time", "controlled by", "why this supplier")
    return Table("lines", f"Who makes what of {name}", columns(*names, right=(1, 4, 5, 6, 7)), tuple(rows))


def _components(name: str, entry: Data) -> Table:
    rows = []
    for content in entry["content"]:
        for part in content["lines"]:
            rows.append(line(content["level"], part["title"], f"{part['count']}", number_text(value_of(part["cost_usd"]), "USD"), part["origin"], part["counted"], part["why"]))
    names = ("end product", "component", "count", "cost", "origin", "counted", "why")
    return Table("components", f"How the components of {name} are counted", columns(*names, right=(2, 3)), tuple(rows))


def factory_section(data: Data, book: Book) -> Section:
    """Rate, bottleneck and loads."""
    factory = data["factory"]
    if not factory:
        return Section("factory", "Factory", skipped=data["skipped"].get("line", ""))
    rows = []
    for name, entry in factory["generations"].items():
        keys = ("racks_per_week", "target_racks_per_week", "assembly_racks_per_week", "test_racks_per_week", "cycle_time_s", "work_content_hours", "test_hours", "hall_power_w")
        cells = [book.cell(f"factory.{name}.{key}") for key in keys]
        verdict = {True: "✓ makes it", False: "✗ falls short", None: "not asked"}[entry["meets"]]
        tone = {True: "pass", False: "fail", None: ""}[entry["meets"]]
        rows.append(line(name, *cells, f"{value_of(entry['people']):.0f}" if value_of(entry["people"]) is not None else "–", entry["bottleneck"], verdict, tone=tone))
    names = ("generation", "racks a week", "asked", "assembly", "test", "cycle time", "work content", "test hours", "test hall", "people", "bottleneck", "verdict")
    note = "Each generation alone on the line. Operation times, yields and hours are assumptions of the named preset."
    tables = [Table("factory", "The line", columns(*names, right=range(1, 10)), tuple(rows), note, turned=True), _stations(data)]
    return Section("factory", "Factory", tables=tuple(table for table in tables if table.rows), left_out=tuple(factory.get("left_out", ())))


def _stations(data: Data) -> Table:
    chosen = data["answer"]["chosen"]
    entry = data["factory"]["generations"].get(chosen)
    rows: list[Line] = []
    if entry is not None:
        for station in entry["stations"]:
            rows.append(line(f"{station['index']}", ", ".join(station["operations"]), number_text(value_of(station["seconds"]), "s")))
    proof = "proven optimal" if entry and entry["proved"] else "not proven optimal"
    return Table("stations", f"Assembly stations for {chosen}", columns("station", "operations", "load", right=(2,)), tuple(rows), f"Balanced for the least cycle time, {proof}.")


QUANTITIES = {"step_s": "step time", "run_s": "run time", "ttft_s": "TTFT", "tpot_s": "TPOT", "power_w": "power"}


def evaluation_section(data: Data) -> Section:
    """Predicted against measured, worst first."""
    found = data["evaluation"]
    if not found:
        return Section("evaluation", "Evaluation", skipped=data["skipped"].get("evaluation", ""))
    rows = []
    for entry in found["rows"]:
        unit = entry["unit"]
        measured = number_text(entry["measured"], unit, entry.get("measured_low"), entry.get("measured_high"))
        inside = {True: "✓ inside", False: "✗ outside", None: "no interval"}[entry["inside"]]
        error = "–" if entry["error"] is None else f"{entry['error']:+.1%}".replace("%", " %").replace("-", "−")
        predicted = Cell(number_text(value_of(entry["predicted"]), unit, entry.get("predicted_low"), entry.get("predicted_high")), entry["key"])
        tone = {True: "pass", False: "fail", None: ""}[entry["inside"]]
        rows.append(line(entry["id"], QUANTITIES.get(entry["quantity"], entry["quantity"]), predicted, measured, error, inside, entry["source"], entry["grade"], tone=tone))
    names = ("case", "quantity", "predicted", "measured", "error", "80 % interval", "source", "grade")
    table = Table("evaluation", "Predicted against measured, worst first", columns(*names, right=(2, 3, 4)), tuple(rows))
    skipped = tuple(line(entry["id"], entry["quantity"], f"{entry['count']}", entry["reason"]) for entry in found["skipped"])
    tables = [table] + ([Table("evaluation-skipped", "Not compared", columns("first case", "quantity", "rows", "why", right=(2,)), skipped)] if skipped else [])
    lead = f"{found['scored']} figures compared"
    if found["mape"] is not None:
        lead += f"; mean absolute error {found['mape']:.1%}, bias {found['bias']:+.1%}".replace("%", " %").replace("-", "−")
    if found["coverage_80"] is not None:
        lead += f"; the 80 % interval holds {found['coverage_80']:.0%} of them".replace("%", " %")
    return Section("evaluation", "Evaluation", f"{lead}.", tuple(tables), left_out=tuple(found.get("left_out", ())))


def option_section(data: Data, book: Book) -> Section:
    """What the right is worth, and what to do with it."""
    option = data["option"]
    if not option:
        return Section("option", "Option", skipped=data["skipped"].get("option", ""))
    names = {
        "option.value_usd": "worth of the right, all racks", "option.net_value_usd": "less the deposit", "option.value_per_rack_usd": "worth of the right, per rack",
        "option.worth_usd": "what a rack is worth today", "option.price_usd": "price at exercise", "option.exercise_value_per_rack_usd": "exercised today, per rack",
        "option.boundary_usd": "exercise from this worth of a rack, on the first date", "option.exercise_probability_share": "probability that it is used",
        "option.commit_value_usd": "an obligation instead of the right, all racks", "option.regret_usd": "what committing now would throw away",
        "option.decision_share": "share of the draws that agree with the action", "option.simulated_value_per_rack_usd": "the same by simulation, biased low, per rack",
        "option.standard_error_per_rack_usd": "standard error of the simulation, per rack",
    }  # fmt: skip
    rows = [line(words, book.cell(key)) for key, words in names.items() if key in book.rows]
    first = Table("option", f"The right to buy up to {option['racks']:.0f} racks of {option['generation']}", columns("figure", "value", right=(1,)), tuple(rows))
    points = tuple(line(point["date"], "wait whatever it is worth" if point["worth_usd"] is None else number_text(point["worth_usd"], "USD")) for point in option["boundary"])
    second = Table("boundary", "Exercise when a rack is worth at least", columns("date", "worth of a rack", right=(1,)), points)
    lead = f"Today: {option['action']}. {option['why']} {option['measure'][0].upper()}{option['measure'][1:]}."
    return Section("option", "Option", lead, (first, second), left_out=tuple(option.get("left_out", ())))
