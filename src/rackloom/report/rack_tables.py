"""What the report shows of racks in every state: a table of states, and the drawings of power and coolant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .numbers import number_text
from .tables import Table, columns, line


def states_table(data: Mapping[str, Any]) -> Table:
    """Every state of every rack that has more than one, solved."""
    names = ("generation", "case", "what is lost", "borne by design", "largest segment", "between", "lowest tray", "fullest shelf", "coolant flow", "return")
    rows = []
    for name, rack in data["designs"].items():
        for state in rack["states"] if len(rack["states"]) > 1 else ():
            fed = state["trays_fed"]
            tone = "fail" if state["planned"] and not fed else ""
            cells = (
                _told(state["segment_a"], "A") if fed else "no supply", state["segment"] if fed else "", _told(state["lowest_tray_v"], "V") if fed else "no supply",
                _told(state["fullest_shelf_share"], "1") if fed else "no supply", _told(state["coolant_flow_m3_per_s"], "m3/s"), _told(state["coolant_return_temperature_k"], "temperature_k"),
            )  # fmt: skip
            rows.append(line(name, state["name"], state["text"], "yes" if state["planned"] or state["name"] == "normal" else "no", *cells, tone=tone))
    note = "Busbar and coolant network solved in each state. A shelf's use is its output over what its live modules give; above 1 it is overloaded. A dash: not known, or nothing flows."
    return Table("states", "Every state", columns(*names, right=(4, 6, 7, 8, 9)), tuple(rows), note=note)


def drawings(data: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The power one-line and the coolant network of each rack, as text under a title."""
    out = []
    for name, rack in data["designs"].items():
        for title, key in (("power one-line", "one_line"), ("coolant network", "network")):
            if rack[key]:
                out.append((f"{name}: {title}", "\n".join(rack[key])))
    return tuple(out)


def _told(entry: Any, unit: str) -> str:
    if entry is None:
        return "–"
    if isinstance(entry, Mapping):
        return number_text(entry["value"], unit, entry.get("low"), entry.get("high"))
    return number_text(float(entry), unit)
