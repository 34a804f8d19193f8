"""A design written out whole: what a rack file says with everything that 'like' brings in."""

from __future__ import annotations

from typing import Any

from ..figures import Figure, Range
from .nouns import Assembly, Design

_UNITS = {"W": "W", "kg": "kg", "A": "A", "V": "V", "m": "m", "m3/s": "m3/s", "K": "K", "1": "", "temperature_k": "K"}


def expand_design(design: Design) -> dict[str, Any]:
    """The keys of a rack file without 'like'; reading it again gives an equal design."""
    coolant, power = design.coolant, design.power
    out: dict[str, Any] = {
        "title": design.title, "status": design.status, "frame": design.frame.name if design.frame else None, "height": design.height, "layout": design.layout,
        "slots": {f"u{slot.first}-u{slot.last}": f"{slot.count} x {slot.name}" for slot in design.slots}, "fixtures": [f"{count} x {name}" for count, name in design.fixtures],
        "assemblies": {name: _assembly(assembly) for name, assembly in design.assemblies.items()}, "connect": [connection.text for connection in design.connections],
        "power": _kept({"feeds": _feeds(design), "redundancy": power.redundancy, "breaker": _text(power.breaker_a), "bus": _text(power.bus_v), "load": _text(power.load_w)}),
        "cables": {cable.name: _kept({"medium": cable.medium, "count": cable.count_text, "from": cable.source, "to": cable.target, "length": _text(cable.length_m)}) for cable in design.cables},
        "network": _kept({"scale_out": design.scale_out or None, "scale_up": design.scale_up}), "mass": _text(design.mass_kg),
        "vary": {name: f"{span.low!r} to {span.high!r} {_vary_unit(name)}" for name, span in design.vary.items()}, "unknown": list(design.unknown), "notes": list(design.notes),
    }  # fmt: skip
    if coolant is not None:
        flow = ".".join(coolant.flow_table) if coolant.flow_table else _text(coolant.flow_m3_per_s)
        out["coolant"] = _kept(
            {
                "fluid": coolant.fluid or None,
                "supply": _text(coolant.supply_temperature_k),
                "rise": _text(coolant.rise_k),
                "return_max": _text(coolant.return_max_temperature_k),
                "liquid_share": _text(coolant.liquid_share),
                "flow": flow,
            }
        )
    return _kept(out)


def _assembly(assembly: Assembly) -> dict[str, Any]:
    return _kept(
        {
            "level": assembly.level, "kind": assembly.kind, "title": assembly.title, "height": assembly.height, "parts": [f"{count} x {name}" for count, name in assembly.parts],
            "power": _text(assembly.power_w), "static_power": _text(assembly.static_power_w), "mass": _text(assembly.mass_kg), "unknown": list(assembly.unknown),
        }
    )  # fmt: skip


def _kept(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in (None, [], {}, "")}


def _feeds(design: Design) -> str | None:
    return f"{design.power.feeds} x {_text(design.power.feed_v)}" if design.power.feeds and design.power.feed_v else None


def _vary_unit(name: str) -> str:
    return {"coolant.supply": "K", "coolant.rise": "K", "power.bus": "V"}[name]


def _text(figure: Figure | Range | None) -> str | None:
    """A figure of the catalogue by its name, an own value as it can be read back."""
    if figure is None:
        return None
    if isinstance(figure, Figure) and figure.key.startswith("catalog."):
        return figure.key.removeprefix("catalog.")
    assert isinstance(figure, Figure)
    unit = _UNITS[figure.unit]
    if figure.low is not None and figure.high is not None and figure.low != figure.high:
        return f"{figure.low!r} to {figure.high!r} {unit}".strip()
    return f"{figure.value!r} {unit}".strip()
