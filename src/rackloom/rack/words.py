"""The words of a rack file and the fields of a design that they fill, with the unit each is read in."""

from __future__ import annotations

from collections.abc import Mapping

Words = Mapping[str, tuple[str, str]]  # field -> (word of the file, unit)

ASSEMBLY: Words = {
    "power_w": ("power", "W"), "static_power_w": ("static_power", "W"), "mass_kg": ("mass", "kg"), "card_slot_w": ("card_slot", "W"), "depth_m": ("depth", "m"), "pull_m": ("pull", "m"), "build_hours": ("build", "h"),
}  # fmt: skip
PORTS: Words = {"at_m": ("at", "m"), "spacing_m": ("spacing", "m"), "rate_bytes_per_s": ("rate", "byte/s"), "cage_w": ("cage", "W")}
CABLING: Words = {
    "channel_m": ("channel", "m"), "channel_width_m": ("channel_width", "m"), "channel_depth_m": ("channel_depth", "m"), "base_m": ("base", "m"), "overhead_m": ("overhead", "m"),
    "tray_width_m": ("tray_width", "m"), "tray_height_m": ("tray_height", "m"), "fill_share": ("fill", "1"), "bend_m": ("bend", "m"), "tray_kg_per_m": ("tray_load", "kg/m"),
    "slack_m": ("slack", "m"), "step_m": ("step", "m"),
}  # fmt: skip
STANDING: Words = {
    "frame_kg": ("frame", "kg"), "feet_width_m": ("feet_width", "m"), "feet_depth_m": ("feet_depth", "m"), "floor_pa": ("floor", "Pa"), "foot_kg": ("foot", "kg"),
    "rolling_kg": ("rolling", "kg"), "ramp_deg": ("ramp", "deg"), "door_m": ("door", "m"), "rear_m": ("rear", "m"), "ship_max_kg": ("ship_max", "kg"), "pack_kg": ("pack", "kg"),
    "ship_tilt_deg": ("ship_tilt", "deg"),
}  # fmt: skip
SERVICE: Words = {
    "repair_s": ("repair", "s"), "checkpoint_s": ("checkpoint", "s"), "restart_s": ("restart", "s"), "restock_s": ("restock", "s"), "level_share": ("level", "1"), "aisle_m": ("aisle", "m"),
}  # fmt: skip
PLATES: Words = {
    "case_max_temperature_k": ("case_max", "temperature_k"), "junction_k_per_w": ("junction", "K/W"), "junction_max_temperature_k": ("junction_max", "temperature_k"),
    "drop_pa": ("drop", "Pa"), "drop_flow_m3_per_s": ("drop_flow", "m3/s"),
}  # fmt: skip
BUSBAR: Words = {"rating_a": ("rating", "A"), "rise_k": ("rise", "K"), "resistance_ohm_per_m": ("resistance", "ohm/m"), "lowest_v": ("lowest", "V")}
POWER: Words = {
    "breaker_a": ("breaker", "A"), "bus_v": ("bus", "V"), "droop_v": ("droop", "V"), "fault_current_a": ("fault_current", "A"), "grounding_ohm": ("grounding_resistance", "ohm"),
    "bond_ohm": ("bond_resistance", "ohm"), "ramp_w_per_s": ("ramp", "W/s"), "storage_j": ("storage", "J"), "swing_share": ("swing", "1"),
    "swing_period_s": ("swing_period", "s"), "whip_length_m": ("whip_length", "m"), "whip_ohm_per_m": ("whip_resistance", "ohm/m"), "bridge_s": ("bridge", "s"), "load_w": ("load", "W"),
}  # fmt: skip
COOLANT: Words = {
    "supply_temperature_k": ("supply", "temperature_k"), "rise_k": ("rise", "K"), "return_max_temperature_k": ("return_max", "temperature_k"), "liquid_share": ("liquid_share", "1"),
    "head_pa": ("head", "Pa"), "static_pa": ("static", "Pa"), "facility_temperature_k": ("facility", "temperature_k"), "manifold_diameter_m": ("manifold_diameter", "m"),
    "hose_diameter_m": ("hose_diameter", "m"), "hose_length_m": ("hose_length", "m"), "volume_m3": ("volume", "m3"), "glycol_share": ("glycol_share", "1"), "ph_level": ("ph", "1"),
    "filter_m": ("filter", "m"), "filter_max_m": ("filter_max", "m"), "pressure_max_pa": ("pressure_max", "Pa"),
}  # fmt: skip
ENVIRONMENT: Words = {
    "air_temperature_k": ("air", "temperature_k"),
    "dew_point_temperature_k": ("dew_point", "temperature_k"),
    "altitude_m": ("altitude", "m"),
    "air_max_temperature_k": ("air_max", "temperature_k"),
}


def varying() -> dict[str, str]:
    """What may vary between designs: words with their section -> unit."""
    sections = {"power": POWER, "power.busbar": BUSBAR, "coolant": COOLANT, "environment": ENVIRONMENT, "cabling": CABLING, "standing": STANDING, "service": SERVICE}
    out = {f"{section}.{word}": unit for section, words in sections.items() for word, unit in words.values()}
    return out | {"coolant.flow": "m3/s", "coolant.drop": "Pa"}


SHARES = ("liquid_share", "swing", "glycol_share", "fill", "level")  # of unit 1, and at most the whole
MAY_BE_ZERO = ("power", "static_power", "swing", "storage", "static", "glycol_share", "at", "slack", "base", "channel", "door", "rear", "pack", "ramp")
