"""Checks of power shelves, supplies and batteries: what they give, together and after a loss, for how long, and how well."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..catalog import Item
from ..draws import Number, central
from ..figures import Figure
from ..ledger import Ledger
from ..physics import battery_seconds, efficiency_between, plain, smooth_trace, square_storage, three_phase_current
from . import power
from .bill import parts_in, placed
from .nouns import Check, Design
from .rule import Ask, Facts, at_least, at_most, largest, not_checkable, suffix, when
from .states import shelves_of, states_of

LEAST_W = 1e-3  # a rack that draws nothing is carried for ever
BEST = 0.95  # of a supply's efficiencies over load, the part of the best point that a rack should keep
PSU_POINTS = ((0.1, "efficiency_at_10pct_share"), (0.2, "efficiency_at_20pct_share"), (0.5, "efficiency_at_50pct_share"), (1.0, "efficiency_at_100pct_share"))


def shelf_items(design: Design) -> dict[str, int]:
    """Shelves in slots by item."""
    return {name: count for name, count in placed(design).items() if power.is_shelf(design, name)}


def power_sum(facts: Facts, book: Ledger) -> Check | None:
    """Everything at its TDP against everything that is installed."""
    if facts.installed_w is None:
        return None
    ask = Ask("power-sum", "Do all shelves together carry everything at its TDP?", "W", "sum over parts", "Add shelves, or take load out.")
    inputs = [facts.key("power_load_w"), facts.key("power_supply_w")]
    return at_most(ask, facts, book, facts.load_w, facts.installed_w, "load; limit: installed output", inputs, lacking=facts.lacking)


def load_firm(facts: Facts, book: Ledger) -> Check | None:
    """The load against what is left after the planned loss."""
    if facts.firm_w is None:
        return None
    ask = Ask(
        "load-firm", f"Do the shelves carry the load after the planned loss ({facts.design.power.redundancy})?", "W", "redundancy as stated in the rack file",
        "Add shelves, or state the redundancy that is meant.",
    )  # fmt: skip
    inputs = [facts.key("power_load_w"), facts.key("power_firm_w")]
    return at_most(ask, facts, book, facts.load_w, facts.firm_w, "load of the rack; limit: supply after the planned loss", inputs, lacking=facts.lacking)


def module_lost(facts: Facts, book: Ledger) -> Check | None:
    """The load with one module of every shelf lost that lives in the state that is looked at."""
    shelves = shelves_of(facts.design)
    if not shelves:
        return None
    ask = Ask("module-lost", "Do the shelves carry the load with one module of each lost?", "W", "power shelf specification (firm output)", "Add a shelf.")
    figures = [facts.design.catalog.item(shelf.name).get("firm_output_w") for shelf in shelves]
    if any(figure is None for figure in figures):
        return not_checkable(ask, "firm output of the shelf with a module lost")
    live = states_of(facts.design)[facts.state].shelves
    firm = [book.take(figure) for figure in figures if figure]
    limit: Number = sum((one for share, one in zip(live, firm, strict=True) if share > 0.0), 0.0)
    inputs = [facts.key("power_load_w"), *dict.fromkeys(f.key for f in figures if f)]
    return at_most(ask, facts, book, facts.load_w, limit, f"load; limit: firm output of {sum(share > 0.0 for share in live)} shelves", inputs, lacking=facts.lacking)


def paralleling(facts: Facts, book: Ledger) -> Check | None:
    """What shelves in parallel are counted for, where the frame says how much that may be."""
    frame = facts.design.frame
    allowed, most = (frame.get("three_sets_w"), frame.get("shelf_sets_count")) if frame else (None, None)
    if facts.installed_w is None or allowed is None or most is None or frame is None:
        return None
    shelves = sum(shelf_items(facts.design).values())
    ask = Ask(
        "shelf-paralleling", "Are shelves in parallel counted for no more than they may give together?", "W", frame.say("document"),
        "Count them for what they may give together, or use larger shelves.",
    )  # fmt: skip
    limit = book.take(allowed) * (1.0 if shelves <= most.value else most.value / shelves)
    words = f"installed output of {shelves} shelves; limit: what {most.value:g} sets may give" + (
        f", x {most.value:g}/{shelves}: more sets than allowed" if shelves > most.value else ""
    )
    return at_most(ask, facts, book, facts.installed_w, limit, words, [facts.key("power_supply_w"), allowed.key])


def sharing(facts: Facts, book: Ledger) -> list[Check]:
    """The fullest shelf in each state, as droop or active sharing spreads the load."""
    if facts.bus is None:
        return []
    bus, rows = facts.bus, []
    for group, states in facts.groups().items():
        state = max(states, key=lambda one: np.nan_to_num(central(bus.fullest_shelf(one)[0]), nan=np.inf))
        which, use = bus.fullest_shelf(state)[1], largest([bus.fullest_shelf(one)[0] for one in states])
        ask = Ask(
            f"shelf-output{suffix(group, facts)}", f"Does the fullest shelf stay within its output{when(facts, state)}?", "1", "busbar solved",
            "Add shelves, or share actively.",
        )  # fmt: skip
        key = facts.key(f"{state}.fullest_shelf_share")
        book.put(key, use, "1", f"output of {which} over what its live modules give; {bus.words}", bus.keys)
        rows.append(at_most(ask, facts, book, use, 1.0, f"use of {which}; limit: all of its output", [key], lacking=facts.lacking))
    return rows


def peak(facts: Facts, book: Ledger) -> Check | None:
    """Short peaks over what the shelves stand for as long as a peak lasts."""
    if facts.installed_w is None:
        return None
    ask = Ask(
        "peak-pulse", "Do the shelves that carry the load ride through its short peaks?", "W", "power shelf specification (pulse load)",
        "Add shelves or storage, or smooth the load.",
    )  # fmt: skip
    ratios = [facts.design.catalog.item(name).get("pulse_ratio") for name in shelf_items(facts.design)]
    if not ratios or any(ratio is None for ratio in ratios) or facts.firm_w is None:
        return not_checkable(ask, "pulse rating of the shelf")
    lowest = min((ratio for ratio in ratios if ratio), key=lambda ratio: ratio.value)
    limit = facts.firm_w * book.take(lowest)
    inputs = [facts.key("power_peak_w"), facts.key("power_firm_w"), lowest.key]
    return at_most(ask, facts, book, facts.peak_w, limit, "peak; limit: firm supply x pulse rating", inputs, lacking=facts.lacking)


def shelf_connector(facts: Facts, book: Ledger) -> list[Check]:
    """A shelf at its full output against what its output connector carries, by how that is cooled."""
    bus = facts.design.power.bus_v
    rows = []
    for name in shelf_items(facts.design) if bus is not None else []:
        item = facts.design.catalog.item(name)
        cooling = facts.design.power.connector_cooling
        ask = Ask(
            f"shelf-connector-{name}", f"Does the output connector of a shelf carry its full output in {cooling}?", "A", item.say("document") or "power shelf specification",
            "Raise the bus voltage, move air over the connector, or use a shelf with a stronger one.",
        )  # fmt: skip
        rating, output = connector_rating(item, cooling), item.figure("output_w")
        if rating is None or bus is None:
            rows.append(not_checkable(ask, f"rating of the output connector of {name}"))
            continue
        current = book.take(output) / book.take(bus)
        key = facts.key(f"{name}.full_output_a")
        book.put(key, current, "A", "full output over the voltage of the bus", [output.key, bus.key])
        rows.append(at_most(ask, facts, book, current, book.take(rating), "current of the shelf; limit: rating of its connector", [key, rating.key]))
    return rows


def shelf_input(facts: Facts, book: Ledger) -> list[Check]:
    """A shelf at its full output against the current of its inlets."""
    spec = facts.design.power
    rows = []
    for name in shelf_items(facts.design) if spec.feed_v is not None else []:
        item = facts.design.catalog.item(name)
        ask = Ask(
            f"shelf-input-{name}", "Do the inlets of a shelf carry its full output?", "A", item.say("document") or "power shelf specification",
            "Raise the voltage of the feeds, or use a shelf with a stronger inlet.",
        )  # fmt: skip
        rating, output, inlets = item.get("input_a"), item.figure("output_w"), item.get("inputs_count")
        if rating is None or spec.feed_v is None:
            rows.append(not_checkable(ask, f"current of an inlet of {name}"))
            continue
        whole = book.take(output) * facts.input_w / np.maximum(np.asarray(facts.load_w), LEAST_W)
        each = plain(whole / (book.take(inlets) if inlets else 1.0))
        current = each / book.take(spec.feed_v) if spec.kind == "dc" else three_phase_current(each, book.take(spec.feed_v))
        key = facts.key(f"{name}.input_a")
        inputs = [output.key, spec.feed_v.key, facts.key("power_input_w"), facts.key("power_load_w"), *([inlets.key] if inlets else [])]
        book.put(key, current, "A", f"full output over efficiency and the voltage of the feed, {'its inlets alike' if inlets else 'one inlet'}", inputs)
        rows.append(at_most(ask, facts, book, current, book.take(rating), "current of an inlet; limit: its rating", [key, rating.key]))
    return rows


def connector_rating(item: Item, cooling: str) -> Figure | None:
    """Rating of a shelf's output connector; in moving air the higher one, where it is published."""
    names = ("connector_moving_air_a", "connector_a", "clip_a") if cooling == "moving air" else ("connector_a", "clip_a")
    return next((figure for name in names if (figure := item.get(name))), None)


def hold_up(facts: Facts, book: Ledger) -> Check | None:
    """The supplies hold the bus until the battery gives."""
    if facts.installed_w is None:
        return None
    ask = Ask(
        "hold-up",
        "Do the supplies hold the bus until the battery gives?",
        "s",
        "power shelf and battery specifications",
        "Use a battery that starts sooner, or supplies with more storage.",
    )
    batteries = _batteries(facts.design)
    if not batteries:
        return not_checkable(ask, "a battery shelf: what bridges a loss of the feed beyond the supplies' own storage is not in the rack")
    start = next((figure for item, _ in batteries if (figure := item.get("start_s"))), None)
    held = next((figure for name in shelf_items(facts.design) if (figure := facts.design.catalog.item(name).get("holdup_s"))), None)
    held = held or facts.design.catalog.item("psu-orv3-48v").get("holdup_s")
    if start is None or held is None:
        return not_checkable(ask, "time in which the battery gives" if start is None else "hold-up of the supplies")
    return at_most(ask, facts, book, book.take(start), book.take(held), "start of the battery; limit: hold-up of the supplies at full load", [start.key, held.key])


def _batteries(design: Design) -> list[tuple[Item, int]]:
    held = [*placed(design).items(), *((name, count) for count, name in design.fixtures)]
    return [(design.catalog.items[name], count) for name, count in held if name in design.catalog.items and design.catalog.items[name].kind == "bbu"]


def battery(facts: Facts, book: Ledger) -> list[Check]:
    """Batteries at the end of their life: their power, and how long they carry the rack."""
    batteries = _batteries(facts.design)
    if not batteries:
        return []
    document = "; ".join(item.say("document") or item.title for item, _ in batteries)
    asks = (
        Ask("bbu-power", "Do the batteries carry the load at the end of their life?", "W", document, "Add battery shelves."),
        Ask("bbu-duration", "Do they carry it for as long as is asked at the end of their life?", "s", document, "Add battery shelves, or ask for less."),
    )
    outputs = [(count, item.get("output_w") or item.get("output_5_plus_0_for_90s_w"), item.get("duration_end_of_life_s")) for item, count in batteries]
    if any(output is None for _, output, _ in outputs):
        return [not_checkable(ask, "output of the battery") for ask in asks]
    total: Number = sum(count * book.take(output) for count, output, _ in outputs if output)
    keys = [output.key for _, output, _ in outputs if output]
    inputs = [facts.key("power_load_w"), *keys]
    rows = [at_most(asks[0], facts, book, facts.load_w, total, "load; limit: output of the batteries", inputs, lacking=facts.lacking)]
    wanted = facts.design.power.bridge_s
    energies = [(count, output, life) for count, output, life in outputs if output and life]
    if wanted is None or len(energies) < len(outputs):
        return [*rows, not_checkable(asks[1], "time that a loss of the feed lasts ('power: bridge:')" if wanted is None else "duration at the end of life")]
    energy: Number = sum(count * book.take(output) * book.take(life) for count, output, life in energies)
    key = facts.key("battery_s")
    lasts = battery_seconds(energy, np.maximum(facts.load_w, LEAST_W), total)
    book.put(
        key,
        lasts,
        "s",
        "energy at the end of life (rated output x its duration) over the load; 0 where the load is above the output",
        [*inputs, *(life.key for _, _, life in energies)],
    )
    return [*rows, at_least(asks[1], facts, book, lasts, book.take(wanted), "seconds that the batteries last; limit: time asked for", [key, wanted.key], lacking=facts.lacking)]


def node_supplies(facts: Facts, book: Ledger) -> list[Check]:
    """Supplies inside a node: the node's power with one of them lost, and with a feed lost where the redundancy says so."""
    rows = []
    for name in placed(facts.design):
        found = [(count, item) for count, item in parts_in(facts.design, name) if item.kind == "psu"] if name in facts.design.assemblies else []
        key = facts.key(f"{name}.power_w")
        for count, item in found:
            kept = count / 2 if facts.design.power.redundancy == "N+N" else count - 1
            lost = "a feed" if facts.design.power.redundancy == "N+N" else "one"
            ask = Ask(
                f"node-supplies-{name}", f"Do the supplies of a {name} carry it with {lost} lost?", "W", item.say("document") or item.title, "Use larger supplies, or more of them."
            )
            output = item.get("output_w")
            if output is None or key not in book:
                rows.append(not_checkable(ask, f"output of {item.name}" if output is None else f"power of a {name}"))
                continue
            rows.append(
                at_most(
                    ask,
                    facts,
                    book,
                    book.value(key),
                    kept * book.take(output),
                    f"power of the {name}; limit: {kept:g} of {count} supplies",
                    [key, output.key],
                    lacking=facts.lacking,
                )
            )
    return rows


def efficiency(facts: Facts, book: Ledger) -> Check | None:
    """Efficiency at the load at which the supplies really run, against the best that they reach."""
    ask = Ask("efficiency", f"Do the supplies run where they keep {BEST:.0%} of their best efficiency?", "1", "efficiency curve of the supplies", "Use fewer or smaller supplies.")
    shelves = shelf_items(facts.design)
    item = facts.design.catalog.item("psu-orv3-48v" if shelves else "psu-titanium")
    points = [(load, figure) for load, name in PSU_POINTS if (figure := item.get(name))]
    if len(points) < 3:
        return not_checkable(ask, f"efficiency of {item.title} against load: only its peak is published")
    installed = node_output(facts.design, book)
    if installed is None:
        return not_checkable(ask, "output of the supplies")
    total, keys = installed
    share = np.clip(np.asarray(facts.load_w) / total, points[0][0], points[-1][0])
    value = efficiency_between([load for load, _ in points], [figure.value for _, figure in points], share)
    best = max(figure.value for _, figure in points)
    key = facts.key("supply_efficiency_share")
    inputs = [facts.key("power_load_w"), *keys, *(figure.key for _, figure in points)]
    for _, figure in points:
        book.take(figure)
    book.put(key, value, "1", "efficiency at load over installed output, through the published points", inputs)
    return at_least(ask, facts, book, value, BEST * best, f"efficiency at the real load; limit: {BEST:.0%} of the best", [key])


def node_output(design: Design, book: Ledger) -> tuple[Number, list[str]] | None:
    """Output of all supplies inside nodes [W], with the keys; None where it is not known."""
    total: Number = 0.0
    keys: list[str] = []
    for name, count in placed(design).items():
        for number, item in parts_in(design, name) if name in design.assemblies else ():
            if item.kind != "psu":
                continue
            output = item.get("output_w")
            if output is None:
                return None
            total = total + count * number * book.take(output)
            keys.append(output.key)
    return (total, keys) if keys else None


def ramp(facts: Facts, book: Ledger) -> list[Check]:
    """Swings of synchronous training against what the site lets a rack do and what its supplies store."""
    spec = facts.design.power
    ask = Ask(
        "ramp-rate", "Does the storage keep the rack's input within the ramp that the site allows?", "J", "energy between load and feed (square_storage, smooth_trace)",
        "Add storage to the supplies, or smooth the load at the accelerators.",
    )  # fmt: skip
    missing = [
        word
        for word, have in (("ramp that the site allows ('power: ramp:')", spec.ramp_w_per_s), ("energy that the supplies store ('power: storage:')", spec.storage_j))
        if have is None
    ]
    needed, inputs, words = _storage_needed(facts, book)
    key = facts.key("swing_storage_j")
    book.put(key, needed, "J", words, inputs)
    if missing or spec.storage_j is None:
        return [replace(not_checkable(ask, *missing), value=needed, key=key)]
    return [at_most(ask, facts, book, needed, book.take(spec.storage_j), "energy needed; limit: energy stored", [key, spec.storage_j.key])]


def _storage_needed(facts: Facts, book: Ledger) -> tuple[Number, list[str], str]:
    spec = facts.design.power
    allowed = book.take(spec.ramp_w_per_s) if spec.ramp_w_per_s is not None else 0.0
    ramp_key = [spec.ramp_w_per_s.key] if spec.ramp_w_per_s is not None else []
    if facts.trace is not None:
        found = smooth_trace(np.array(facts.trace.time_s), np.array(facts.trace.power_w), ramp_w_per_s=float(np.asarray(allowed).reshape(-1)[0]))
        words = "a feed that keeps the ramp" if ramp_key else "a feed held at its mean: no ramp is stated"
        return found.energy_j, ramp_key, f"energy between the load's trace and {words}"
    own = (spec.swing_share, spec.swing_period_s)
    share, period = (figure or facts.design.catalog.figure("rack-assumptions", name) for figure, name in zip(own, ("step_swing_share", "step_period_s"), strict=True))
    swing = book.take(share) * facts.load_w
    words = "square wave of a training step: its fall x its period" + ("" if ramp_key else ", the feed held at its mean: no ramp is stated")
    return square_storage(swing, book.take(period), 0.5, allowed), [share.key, period.key, facts.key("power_load_w"), *ramp_key], words
