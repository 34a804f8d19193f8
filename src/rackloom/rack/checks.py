"""Checks as rows: value, limit, margin, verdict, document, mend. Each is a function of the facts of a rack; arrays pass through."""

from __future__ import annotations

from collections.abc import Callable

from ..ledger import Ledger
from . import checks_air, checks_bus, checks_cable, checks_coolant, checks_frame, checks_mechanics, checks_service, checks_supply, checks_unit, network
from .nouns import Check, Checks
from .rule import Facts, margin_of

Rule = Callable[[Facts, Ledger], Check | list[Check] | None]

RULES: tuple[Rule, ...] = (
    # power
    checks_supply.power_sum, checks_supply.load_firm, checks_supply.module_lost, checks_supply.sharing, checks_supply.paralleling, checks_supply.peak, checks_supply.shelf_connector, checks_supply.shelf_input,
    checks_supply.hold_up, checks_supply.battery, checks_supply.node_supplies, checks_supply.efficiency, checks_supply.ramp,
    checks_bus.busbar, checks_bus.busbar_rise, checks_bus.last_tray, checks_bus.fed, checks_bus.tray_connector, checks_bus.feed_current, checks_bus.whip, checks_bus.phase_balance,
    checks_bus.short_circuit, checks_bus.touch, checks_bus.grounding, checks_bus.sides,
    # cooling
    checks_coolant.supply_temperature, checks_coolant.return_temperature, checks_coolant.coupling_temperature, checks_coolant.flow_rule, checks_coolant.solved, checks_coolant.heat_balance,
    checks_coolant.disconnects, checks_coolant.coupling_drop, checks_coolant.velocity, checks_coolant.branch_spread, checks_coolant.dew_point, checks_coolant.plates,
    checks_unit.unit_heat, checks_unit.unit_flow, checks_unit.unit_head, checks_unit.has_spare_pump, checks_unit.pressures, checks_unit.suction, checks_unit.chemistry,
    checks_unit.ride_time,
    checks_air.air_heat, checks_air.airflow, checks_air.altitude,
    # cables and ports
    checks_cable.reach, checks_cable.stated_length, checks_cable.lanes, checks_cable.rates, checks_cable.breakout, checks_cable.cages, checks_cable.radix, checks_cable.oversubscription,
    checks_cable.bends, checks_cable.channel_fill, checks_cable.tray_fill, checks_cable.rails, checks_cable.lying, checks_cable.published_cables,
    network.fits,
    # the rack as a body, and in service
    checks_mechanics.depth, checks_mechanics.payload, checks_mechanics.shelf_set, checks_mechanics.floor_spread, checks_mechanics.feet, checks_mechanics.tipping, checks_mechanics.shipping,
    checks_service.tray_pull, checks_service.swap_order, checks_service.leak_detection, checks_service.drip_path, checks_service.spares, checks_service.single_source,
    # what stands where, and how far it is known
    checks_frame.height, checks_frame.module_envelope, checks_frame.card_slots, checks_frame.published_power, checks_frame.unknown_power,
    checks_frame.sources,
)  # fmt: skip


def run_checks(facts: Facts, book: Ledger) -> Checks:
    """All checks, worst first: failures by margin, then what cannot be checked, then passes by margin."""
    rows: list[Check] = []
    for rule in RULES:
        found = rule(facts, book)
        rows += found if isinstance(found, list) else [found] if found is not None else []
    order = {"fail": 0, "not checkable": 1, "pass": 2}
    rows.sort(key=lambda check: (order[check.verdict], margin_of(check), check.id))
    return Checks(tuple(rows), book)
