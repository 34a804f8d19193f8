"""Checks of the coolant in the rack: temperatures, flow of each branch, couplings, velocities, cold plates."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..catalog import table
from ..draws import Number
from ..figures import Figure
from ..ledger import Ledger
from ..physics import PumpLoss, ThermalMasses, interpolate_table, neighbours, plain, ride_through
from .bill import parts_in, pieces
from .loop import pairs_of
from .nouns import Check, Connection, Design, Plates
from .rule import Ask, Facts, at_least, at_most, not_checkable, on_assumption, smallest, when, where_known, without_network

ABOVE_DEW_K = 2.0  # what practice keeps between the coldest coolant and the dew point, at least
LEAST_HEAT_W = 1e-3  # a rack that draws nothing has its balance too
LONGEST_S = 120.0  # of a transient that is followed
CLOSED_SHARE = 1e-3  # how exactly the solved branches' heat comes back in the return


def supply_temperature(facts: Facts, book: Ledger) -> Check | None:
    """The coolant against the highest inlet temperature of the accelerators."""
    if facts.supply_k is None or facts.design.coolant is None or facts.design.coolant.supply_temperature_k is None:
        return None
    ask = Ask(
        "supply-temperature", "Is the coolant cool enough for the accelerators?", "temperature_k", "NVIDIA DSX Facilities Guide (inlet classes)", "Lower the supply temperature."
    )
    limit = next((figure for name in pieces(facts.design, "accelerator") if (figure := inlet_limit(facts.design, name))), None)
    if limit is None:
        return not_checkable(ask, "highest inlet temperature of the accelerator")
    return at_most(
        ask, facts, book, facts.supply_k, book.take(limit), "supply temperature; limit: highest inlet temperature", [facts.design.coolant.supply_temperature_k.key, limit.key]
    )


def inlet_limit(design: Design, accelerator: str) -> Figure | None:
    """Highest inlet temperature of an accelerator: its own, or that of its maker's class."""
    item = design.catalog.item(accelerator)
    own = item.get("max_inlet_temperature_k")
    if own is not None:
        return own
    rules = design.catalog.item("flow-rules")
    words = item.title.lower()
    if any(word in words for word in ("b200", "b300")):
        return rules.get("blackwell_max_inlet_temperature_k")
    return rules.get("rubin_max_inlet_temperature_k") if "rubin" in words else None


def return_temperature(facts: Facts, book: Ledger) -> list[Check]:
    """The coolant that leaves, all well and after a planned loss, against the highest temperature of coolant and rack."""
    if facts.supply_k is None or facts.design.coolant is None:
        return []
    ask = Ask(
        "return-temperature", "Does the coolant leave below its highest temperature?", "temperature_k", "OCP PG25 guideline (2022); quick disconnects, OCP UQD Rev 1.0",
        "Raise the flow or lower the supply temperature.",
    )  # fmt: skip
    if facts.return_k is None:
        return [not_checkable(ask, "flow at this supply temperature")]
    limits = [facts.design.catalog.item("pg25-limits").get("max_temperature_k"), facts.design.coolant.return_max_temperature_k]
    limits += [facts.design.catalog.items[name].get("max_temperature_k") for _, name in facts.design.fixtures if name in facts.design.catalog.items]  # manifolds
    known = [limit for limit in limits if limit is not None]
    lowest = min(known, key=lambda figure: figure.value)
    limit = smallest([book.take(figure) for figure in known])
    key = f"{facts.prefix}.coolant_return_temperature_k"
    rows = [at_most(ask, facts, book, facts.return_k, limit, "return temperature; limit: highest of coolant and rack", [key, lowest.key])]
    for state in facts.states(electric=False) if facts.loop else []:
        if state == facts.state or facts.loop is None or not facts.loop.states[state].pumps_lost:
            continue
        mine = replace(ask, id=f"return-temperature-{state}", question=f"Does the coolant still leave below its highest temperature{when(facts, state)}?")
        other = facts.key(f"{state}.coolant_return_temperature_k")
        value = plain(facts.loop.return_k[facts.loop.at(state)])
        book.put(other, value, "temperature_k", "supply + heat over rho V cp with the flow that is left", facts.loop.keys)
        rows.append(at_most(mine, facts, book, value, limit, "return temperature; limit: highest of coolant and rack", [other, lowest.key]))
    return rows


def coupling_temperature(facts: Facts, book: Ledger) -> Check | None:
    """The hottest branch against what its couplings stand."""
    ask = Ask(
        "coupling-temperature",
        "Do the couplings stand the hottest coolant that leaves a tray?",
        "temperature_k",
        "OCP UQD Rev 1.0",
        "Raise the flow, or use couplings for hotter coolant.",
    )
    if facts.loop is None:
        return without_network(facts, ask)
    limits = [
        figure for name in dict.fromkeys(branch.coupling for branch in facts.loop.branches) if (figure := coupling_limit(facts.design, name, "max_temperature_k", "temperature_k"))
    ]
    if not limits:
        return not_checkable(ask, "highest temperature of the couplings")
    lowest = min(limits, key=lambda figure: figure.high if figure.high is not None else figure.value)
    top = lowest.high if lowest.high is not None else lowest.value
    outlet = facts.loop.outlet_k[facts.loop.at(facts.state)]
    hottest = np.max(outlet, axis=-1)
    key = facts.key("hottest_branch_temperature_k")
    value = plain(hottest)
    book.take(lowest)
    book.put(key, value, "temperature_k", "supply + heat of a tray over rho V cp of its branch, the hottest", facts.loop.keys)
    return at_most(ask, facts, book, value, top, "hottest branch; limit: highest of the couplings", [key, lowest.key])


def coupling_limit(design: Design, name: str, own: str, family: str) -> Figure | None:
    """A limit of a coupling, its own or that of its family."""
    item = design.catalog.item(name)
    return item.get(own) or (design.catalog.item("uqd-limits").get(family) if name.startswith("uqd") else None)


def flow_rule(facts: Facts, book: Ledger) -> Check | None:
    """The flow that cooling units are qualified to give at this supply temperature, against the flow of the rack."""
    if facts.supply_k is None or facts.design.coolant is None or facts.design.coolant.supply_temperature_k is None:
        return None
    rule = facts.design.catalog.item("cdu-nvidia-selfqual")
    ask = Ask(
        "flow-for-supply", "Is the flow at least that which cooling units are qualified for at this supply temperature?", "m3/s", rule.say("document"),
        "Raise the flow or lower the supply temperature.",
    )  # fmt: skip
    points, figures = table(rule, "flow", "m3_per_s_per_w")
    if facts.flow_m3_per_s is None:
        return not_checkable(ask, "flow at this supply temperature")
    lies = (points[0] - 1e-9 <= np.asarray(facts.supply_k)) & (np.asarray(facts.supply_k) <= points[-1] + 1e-9)
    beyond = f"a rule for this supply temperature; it holds from {points[0] - 273.15:.0f} to {points[-1] - 273.15:.0f} C"
    if not lies.any():
        return not_checkable(ask, beyond)
    needed = facts.liquid_w * interpolate_table(points, [book.take(figure) for figure in figures], facts.supply_k)
    used = [figures[i].key for i in neighbours(points, facts.supply_k)]
    key = facts.key("coolant_rule_flow_m3_per_s")
    book.put(
        key, needed, "m3/s", "heat to the coolant x flow a watt at this supply temperature", [facts.key("heat_liquid_w"), facts.design.coolant.supply_temperature_k.key, *used]
    )
    row = at_most(ask, facts, book, needed, facts.flow_m3_per_s, "flow by the rule; limit: flow of the rack", [key, facts.key("coolant_flow_m3_per_s")], lacking=facts.lacking)
    return where_known(row, lies, beyond)


def solved(facts: Facts, book: Ledger) -> Check | None:
    """The coolant network has a solution; the part that keeps it from one is named."""
    if facts.loop is None:
        return None
    faults = facts.loop.faults
    key = facts.key("network_faults_count")
    book.put(key, len(faults), "1", "; ".join(faults) or "no part keeps the coolant network from a solution", facts.loop.keys)
    margin_key = f"{facts.prefix}.checks.network-solved_margin_ratio"
    book.put(margin_key, -1.0 if faults else 0.0, "1", "0 where the network is solved, else -1", [key])
    question = "Does the coolant network have a solution?" if not faults else f"Does the coolant network have a solution: {'; '.join(faults)}?"
    return Check(
        "network-solved",
        question,
        float(len(faults)),
        0.0,
        "1",
        -1.0 if faults else 0.0,
        "fail" if faults else "pass",
        (),
        "coolant network solved",
        mend="Mend the part that is named." if faults else "",
        key=margin_key,
    )


def heat_balance(facts: Facts, book: Ledger) -> Check | None:
    """What the branches carry away against what the trays put in."""
    ask = Ask("heat-balance", "Do the branches carry away what the trays put into the coolant?", "1", "first law", "Open the branches that are shut.")
    if facts.loop is None or facts.liquid is None or facts.supply_k is None:
        return without_network(facts, ask)
    index = facts.loop.at(facts.state)
    flow = facts.loop.flow_m3_s[index]
    rise = facts.loop.outlet_k[index] - np.asarray(facts.supply_k)[..., None]
    with np.errstate(invalid="ignore"):
        carried = np.sum(np.where(flow > 0.0, flow * rise, 0.0), axis=-1) * np.asarray(facts.liquid.density_kg_per_m3 * facts.liquid.cp_j_per_kg_k)
    away = np.abs(carried - np.asarray(facts.liquid_w)) / np.maximum(np.asarray(facts.liquid_w), LEAST_HEAT_W)
    key = facts.key("heat_balance_share")
    value: Number = plain(np.round(away, 9))
    book.put(key, value, "1", "|sum over branches of rho cp V dT / heat to the coolant - 1|", [*facts.loop.keys, facts.key("heat_liquid_w")])
    return at_most(ask, facts, book, value, CLOSED_SHARE, "what is missing; limit: rounding", [key])


def disconnects(facts: Facts, book: Ledger) -> list[Check]:
    """The flow of each kind of branch against what its coupling is rated for, as solved; in proportion to power where no network is known."""
    rows = []
    for connection in facts.design.connections if facts.flow_m3_per_s is not None else ():
        count = facts.placed.get(connection.target, 0)
        if connection.target_port == "coolant" and connection.via and count:
            rows.append(_disconnect(facts, book, connection))
    return rows


def _disconnect(facts: Facts, book: Ledger, connection: Connection) -> Check:
    tray, via = connection.target, facts.design.catalog.item(connection.via)
    ask = Ask(
        f"disconnect-flow-{tray}", f"Does {connection.via} of a {tray} carry no more than its rated flow?", "m3/s",
        via.say("document") or "OCP UQD Rev 1.0 (rated flow)", "Use the next size, or two pairs a tray.",
    )  # fmt: skip
    rated = via.get("rated_flow_m3_per_s") or via.get("max_flow_m3_per_s")
    if rated is None:
        return not_checkable(ask, f"rated flow of {connection.via}")
    pairs = pairs_of(facts.design, connection)
    key = f"{facts.prefix}.{tray}.flow_m3_per_s"
    if facts.loop is not None:
        most = np.max(facts.loop.of(tray, facts.loop.flow_m3_s[facts.loop.at(facts.state)]), axis=-1) / pairs
        flow = plain(most)
        words, inputs = "largest flow of a branch of its kind, network solved", list(facts.loop.keys)
    else:
        power = f"{facts.prefix}.{tray}.power_w"
        if power not in book or facts.design.power.load_w is not None:
            return not_checkable(ask, f"power, and so the share of the flow, of {tray}")
        flow = facts.flow_m3_per_s * book.value(power) / facts.load_w / pairs if facts.flow_m3_per_s is not None else 0.0
        words, inputs = "flow of the rack in proportion to power", [f"{facts.prefix}.coolant_flow_m3_per_s", power, f"{facts.prefix}.power_load_w"]
    book.put(key, flow, "m3/s", words + (f", over {pairs} pairs" if pairs > 1 else ""), inputs)
    return at_most(ask, facts, book, flow, book.take(rated), "flow of a pair; limit: rated flow", [key, rated.key], lacking=facts.lacking)


def coupling_drop(facts: Facts, book: Ledger) -> Check | None:
    """Two couplings of a branch against what a blind-mate manifold leaves a branch."""
    manifold = next((item for _, name in facts.design.fixtures if (item := facts.design.catalog.items.get(name)) and item.kind == "manifold"), None)
    allowed = manifold.get("branch_pressure_drop_pa") if manifold else None
    ask = Ask(
        "coupling-drop",
        "Do the two couplings of a branch take no more than the manifold leaves it?",
        "Pa",
        manifold.say("document") if manifold else "",
        "Use the next size of coupling.",
    )
    if facts.loop is None:
        return without_network(facts, ask)
    drop = 2.0 * np.max(facts.loop.coupling_pa, axis=-1)
    key = facts.key("coupling_drop_pa")
    value = plain(drop)
    book.put(key, value, "Pa", "2 x (V / Cv)^2 of the branch with the largest, network solved", facts.loop.keys)
    if allowed is None:
        return replace(not_checkable(ask, "drop that the manifold leaves a branch"), value=value, key=key)
    book.take(allowed)
    return at_most(ask, facts, book, value, allowed.high or allowed.value, "drop of the couplings; limit: highest of the band", [key, allowed.key])


def velocity(facts: Facts, book: Ledger) -> list[Check]:
    """Velocity in manifolds and hoses."""
    rules = {
        "manifold-velocity": (
            "manifold",
            facts.loop.manifold_m_s if facts.loop else None,
            facts.design.catalog.figure("manifold-eia", "max_velocity_m_per_s"),
            "OCP rack manifold requirements and qualification v3",
        ),
        "hose-velocity": (
            "hose between rack and unit",
            facts.loop.hose_m_s if facts.loop else None,
            facts.design.catalog.figure("pipe-bands", "velocity_m_per_s"),
            "OCP Modular TCS white paper (sizing of pipes)",
        ),
    }
    rows = []
    for name, (what, speed, limit, document) in rules.items():
        ask = Ask(name, f"Is the coolant in the {what} slow enough?", "m/s", document, "Use a wider bore.")
        if facts.loop is None or speed is None:
            rows += [row for row in (without_network(facts, ask),) if row is not None]
            continue
        key = facts.key(f"{name.replace('-', '_')}_m_per_s")
        book.put(key, plain(speed), "m/s", "flow of the rack over the bore", facts.loop.keys, note=f"assumed: {', '.join(facts.loop.assumed)}" if facts.loop.assumed else "")
        row = at_most(ask, facts, book, plain(speed), book.take(limit), "velocity; limit: highest", [key, limit.key])
        bore = f"{name.partition('-')[0]} diameter"
        rows.append(on_assumption(row, *([f"inner diameter of the {what}"] if bore in facts.loop.assumed else [])))
    return rows


def branch_spread(facts: Facts, book: Ledger) -> Check | None:
    """How evenly the manifolds feed branches of one kind."""
    limit = facts.design.catalog.figure("manifold-orv3", "branch_flow_spread_share")
    ask = Ask(
        "branch-spread",
        "Do branches of one kind get the same flow?",
        "1",
        "OCP ORv3 blind-mate manifold Rev 1.0 (recommended)",
        "Use wider manifolds, reverse the return, or balance the branches.",
    )
    if facts.loop is None:
        return without_network(facts, ask)
    value = facts.loop.spread(facts.state)
    key = facts.key("branch_spread_share")
    book.put(key, value, "1", "largest distance of a branch from the mean of its kind, network solved", facts.loop.keys)
    row = at_most(ask, facts, book, value, book.take(limit), "spread; limit: recommended", [key, limit.key])
    return on_assumption(row, *(word for word in ("manifold diameter", "drop of the trays") if word in facts.loop.assumed))


def dew_point(facts: Facts, book: Ledger) -> Check | None:
    """The coldest coolant against the dew point of the hall."""
    if facts.supply_k is None or facts.design.coolant is None or facts.design.coolant.supply_temperature_k is None:
        return None
    ask = Ask(
        "dew-point",
        f"Is the supply at least {ABOVE_DEW_K:g} K above the dew point of the hall?",
        "temperature_k",
        "practice; ASHRAE TC9.9 (clause not read)",
        "Raise the supply temperature, or dry the air.",
    )
    figure = facts.design.environment.dew_point_temperature_k
    if figure is None:
        return not_checkable(ask, "dew point of the hall ('environment: dew_point:')")
    supply = facts.design.coolant.supply_temperature_k
    return at_least(ask, facts, book, facts.supply_k, book.take(figure) + ABOVE_DEW_K, "supply temperature; limit: dew point and its distance", [supply.key, figure.key])


def plates(facts: Facts, book: Ledger) -> list[Check]:
    """Case and junction of the last plate of a stream, at the flow that the network gives it."""
    rows = []
    for name in facts.placed:
        assembly = facts.design.assemblies.get(name)
        if facts.loop is None or facts.liquid is None or facts.supply_k is None or assembly is None or name not in {branch.place.name for branch in facts.loop.branches}:
            continue
        rows += _plates(facts, book, name, assembly.cooling)
    return rows


def _plates(facts: Facts, book: Ledger, name: str, cooling: Plates | None) -> list[Check]:
    ask = Ask(
        f"case-temperature-{name}",
        f"Does the case of the last plate in a {name} stay below its limit?",
        "temperature_k",
        "cold plate's resistance against flow",
        "Raise the flow, or put fewer plates in series.",
    )
    hot = [(count, item) for count, item in parts_in(facts.design, name) if item.kind == "accelerator"]
    if not hot:
        return []
    item = facts.design.catalog.items.get(cooling.plate) if cooling and cooling.plate else None
    tdp = hot[0][1].get("tdp_w")
    if cooling is None or item is None or tdp is None:
        return [not_checkable(ask, "thermal resistance of its cold plate against flow" if item is None else f"TDP of {hot[0][1].name}")]
    assert facts.loop is not None
    assert facts.liquid is not None
    assert facts.supply_k is not None
    count = cooling.count or hot[0][0]
    branch = np.min(facts.loop.of(name, facts.loop.flow_m3_s[facts.loop.at(facts.state)]), axis=-1)
    each = branch * cooling.series / count
    points, figures = table(item, "case", "thermal_resistance_k_per_w")
    resistance = interpolate_table(points, [book.take(figure) for figure in figures], np.clip(each, points[0], points[-1]))
    watts = book.take(tdp)
    with np.errstate(divide="ignore", invalid="ignore"):
        warmed = (cooling.series - 1) * watts / (facts.liquid.density_kg_per_m3 * facts.liquid.cp_j_per_kg_k * each)
    case = plain(np.where(each > 0.0, facts.supply_k + warmed + resistance * watts, np.inf))  # nothing cools a plate without flow
    key = facts.key(f"{name}.case_temperature_k")
    lies = (points[0] <= np.asarray(each)) & (np.asarray(each) <= points[-1])
    within = bool(lies.reshape(-1)[0])
    inputs = [*facts.loop.keys, tdp.key, *(figures[i].key for i in neighbours(points, np.clip(each, points[0], points[-1])))]
    note = "" if within else "the flow of a plate lies beyond its curve: the nearest point is taken"
    book.put(key, case, "temperature_k", f"supply + {cooling.series - 1} plates before it + R(V) x TDP", inputs, note=note)
    rows = []
    limit = cooling.case_max_temperature_k
    unknown = f"resistance of {item.name} at the flow of a plate"
    if limit is None:
        rows.append(replace(not_checkable(ask, f"highest case temperature of {hot[0][1].name}", *([] if within else [unknown])), value=case, key=key))
    else:
        row = at_most(ask, facts, book, case, book.take(limit), "case of the last plate; limit: highest", [key, limit.key])
        at_least_that = (np.asarray(each) < points[0]) & (np.asarray(row.margin) < 0.0)  # with less flow than its curve has, the case is at least that warm
        rows.append(where_known(row, lies | at_least_that, unknown))
    ride = [_ride(facts, book, name, cooling, plain(each), plain(resistance), watts, inputs)] if np.all(np.asarray(each) > 0.0) else []
    return [*rows, *ride, *_junction(facts, book, name, cooling, case, watts, [key, tdp.key], () if within else (unknown,))]


def _ride(facts: Facts, book: Ledger, name: str, cooling: Plates, each: Number, resistance: Number, watts: Number, inputs: list[str]) -> Check:
    """How long the case stays below its limit when the flow dies: chip, plate and the coolant in it as three masses, followed in time."""
    ask = Ask(
        f"case-ride-{name}",
        f"Does the case in a {name} stay below its limit until another pump runs?",
        "s",
        "NVIDIA DA-12515-001 (failover of pumps)",
        "Shed load when the flow is lost.",
    )
    assert facts.liquid is not None
    assert facts.supply_k is not None
    limit = facts.design.catalog.figure("cdu-nvidia-selfqual", "pump_failover_max_s")
    if cooling.case_max_temperature_k is None:
        return not_checkable(ask, "highest case temperature ('cooling: case_max:')")
    names = ("chip_j_per_k", "plate_j_per_k", "plate_coolant_m3", "chip_k_per_w", "pump_coast_s")
    figures = [facts.design.catalog.figure("rack-assumptions", one) for one in names]
    chip, plate, volume, between, coast = (book.take(figure) for figure in figures)
    capacity = facts.liquid.density_kg_per_m3 * facts.liquid.cp_j_per_kg_k
    wall = np.maximum(np.asarray(resistance) - 0.5 / (capacity * np.asarray(each)), 1e-4)  # from the case to the coolant's mean
    masses = ThermalMasses(chip, plate, volume * capacity, between, wall)
    top = book.take(cooling.case_max_temperature_k)
    found = ride_through(
        masses, PumpLoss(coast), heat_w=watts, supply_temperature_k=facts.supply_k, flow_m3_per_s=each, heat_capacity_j_per_m3_k=capacity, case_limit_temperature_k=top, trace=False,
    )  # fmt: skip
    key = facts.key(f"{name}.case_ride_s")
    seconds = plain(np.minimum(np.asarray(found.seconds), LONGEST_S))
    book.put(
        key,
        seconds,
        "s",
        f"three masses followed in time from the loss of all flow; at most {LONGEST_S:g} s looked at",
        [*inputs, cooling.case_max_temperature_k.key, *(figure.key for figure in figures)],
    )
    row = at_least(ask, facts, book, seconds, book.take(limit), "time until the case is at its limit; limit: failover", [key, limit.key])
    return on_assumption(row, "heat stored in chip and plate, coasting of the pump")


def _junction(facts: Facts, book: Ledger, name: str, cooling: Plates, case: Number, watts: Number, inputs: list[str], lacking: tuple[str, ...]) -> list[Check]:
    if cooling.junction_k_per_w is None or cooling.junction_max_temperature_k is None:
        return []
    ask = Ask(
        f"junction-temperature-{name}",
        f"Does the junction in a {name} stay below its limit?",
        "temperature_k",
        "data sheet of the accelerator",
        "Raise the flow, or lower the power.",
    )
    key = facts.key(f"{name}.junction_temperature_k")
    junction = plain(case + book.take(cooling.junction_k_per_w) * watts)
    book.put(key, junction, "temperature_k", "case + R x TDP", [*inputs, cooling.junction_k_per_w.key])
    limit = cooling.junction_max_temperature_k
    if lacking and np.all(np.isfinite(np.asarray(junction))):
        return [replace(not_checkable(ask, *lacking), value=junction, key=key)]
    return [at_most(ask, facts, book, junction, book.take(limit), "junction; limit: highest", [key, limit.key])]
