"""A design written out whole: what a rack file says with everything that 'like' brings in."""

from __future__ import annotations

from typing import Any

from ..figures import Figure, Range
from .nouns import Assembly, Cable, Coolant, Design, Slot
from .outfit import Cabling, FabricSpec, Service
from .words import ASSEMBLY, BUSBAR, CABLING, COOLANT, ENVIRONMENT, PLATES, PORTS, POWER, SERVICE, STANDING, Words, varying

_UNITS = {"1": "", "temperature_k": "K"}


def expand_design(design: Design) -> dict[str, Any]:
    """The keys of a rack file without 'like'; reading it again gives an equal design."""
    return _kept({
        "title": design.title, "status": design.status, "frame": design.frame.name if design.frame else None, "height": design.height, "layout": design.layout,
        "slots": {_place(slot): f"{slot.count} x {slot.name}" for slot in design.slots}, "fixtures": [f"{count} x {name}" for count, name in design.fixtures],
        "assemblies": {name: _assembly(assembly) for name, assembly in design.assemblies.items()}, "connect": [connection.text for connection in design.connections],
        "power": _power(design), "coolant": _coolant(design.coolant) if design.coolant else None,
        "environment": _kept({"code": design.environment.code} | _figures(design.environment, ENVIRONMENT)),
        "cables": {cable.name: _cable(cable) for cable in design.cables}, "cabling": _cabling(design.cabling),
        "standing": _kept(_figures(design.standing, STANDING)) | ({} if design.standing.braced is None else {"braced": design.standing.braced}), "service": _service(design.service),
        "network": _kept({"fabric": _fabric(design.fabric), "scale_out": design.scale_out or None, "scale_up": design.scale_up, "oversubscription": design.oversubscription if design.oversubscription != 1.0 else None}), "mass": _text(design.mass_kg),
        "vary": {name: f"{span.low!r} to {span.high!r} {_vary_unit(name)}" for name, span in design.vary.items()}, "unknown": list(design.unknown), "notes": list(design.notes),
    })  # fmt: skip


def _place(slot: Slot) -> str:
    return ("" if slot.face == "front" else f"{slot.face} ") + f"u{slot.first}-u{slot.last}"


def _power(design: Design) -> dict[str, Any]:
    power = design.power
    plain = {
        "feeds": _feeds(design), "kind": power.kind, "redundancy": power.redundancy, "sides": {side: ", ".join(f"u{unit}" for unit in units) for side, units in power.sides.items()},
        "breaker_rated": power.breaker_rated, "sharing": power.sharing, "connector_cooling": power.connector_cooling, "grounding": power.grounding,
    }  # fmt: skip
    return _kept(plain | _figures(power, POWER) | {"busbar": _figures(power.busbar, BUSBAR)})


def _coolant(coolant: Coolant) -> dict[str, Any]:
    flow = ".".join(coolant.flow_table) if coolant.flow_table else _text(coolant.flow_m3_per_s)
    drop = ".".join(coolant.drop_table) if coolant.drop_table else _text(coolant.drop_pa)
    plain = {
        "fluid": coolant.fluid, "flow": flow, "drop": drop, "cdu": coolant.cdu, "racks": coolant.racks if coolant.racks != 1 else None,
        "pumps": f"{coolant.pumps[0]}+{coolant.pumps[1]}" if coolant.pumps else None, "pump_feeds": dict(coolant.pump_feeds), "manifold_return": coolant.manifold_return,
        "wetted": list(coolant.wetted),
    }  # fmt: skip
    return _kept(plain | _figures(coolant, COOLANT))


def _assembly(assembly: Assembly) -> dict[str, Any]:
    plain = {
        "level": assembly.level, "kind": assembly.kind, "title": assembly.title, "height": assembly.height, "connectors": assembly.connectors if assembly.connectors != 1 else None, "parts": [f"{count} x {name}" for count, name in assembly.parts],
        "unknown": list(assembly.unknown), "mating": assembly.mating, "ports": _ports(assembly),
    }  # fmt: skip
    cooling = assembly.cooling
    plates = {"plate": cooling.plate, "count": cooling.count, "series": cooling.series} | _figures(cooling, PLATES) if cooling else {}
    return _kept(plain | _figures(assembly, ASSEMBLY) | {"cooling": _kept(plates)})


def _cable(cable: Cable) -> dict[str, Any]:
    ends = {"from": _end(cable.source, cable.source_port), "to": _end(cable.target, cable.target_port)}
    own = {"route": cable.route, "map": cable.map, "split": cable.split, "loop": cable.loop}
    usual = {"route": "channel", "map": "order", "split": 1, "loop": False}
    return _kept(
        {"medium": cable.medium, "count": cable.count_text, **ends, "length": _text(cable.length_m)}
        | {k: v for k, v in own.items() if v != usual[k]}
        | {"links": list(cable.links)}
    )


def _fabric(spec: FabricSpec | None) -> dict[str, Any]:
    if spec is None:
        return {}
    usual = FabricSpec(spec.kind)
    return {"kind": spec.kind} | {key: list(value) if isinstance(value, tuple) else value for key, value in vars(spec).items() if value != getattr(usual, key)}


def _end(thing: str, port: str) -> str:
    return f"{thing}.{port}" if port else thing


def _cabling(cabling: Cabling) -> dict[str, Any]:
    side = {} if cabling.side == "left" else {"side": cabling.side}
    return _kept(side | _figures(cabling, CABLING) | {"reach": {name: _text(figure) for name, figure in cabling.reach_m.items()}})


def _service(service: Service) -> dict[str, Any]:
    plain = {"racks": service.racks, "spares": dict(service.spares), "drip": service.drip}
    sensors = {} if service.leak_sensors is None else {"leak_sensors": list(service.leak_sensors)}
    return _kept(plain | _figures(service, SERVICE)) | sensors


def _ports(assembly: Assembly) -> dict[str, Any]:
    usual = {"face": "front", "lanes": None, "split": 1}
    out = {}
    for name, group in assembly.ports.items():
        own = {key: getattr(group, key) for key, value in usual.items() if getattr(group, key) != value}
        out[name] = {"count": group.count} | own | _figures(group, PORTS)
    return out


def _figures(section: object, words: Words) -> dict[str, Any]:
    """What a section states of its figures, in the words of the file."""
    return _kept({word: _text(getattr(section, key)) for key, (word, _) in words.items()})


def _kept(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in (None, [], {}, "")}


def _feeds(design: Design) -> str | None:
    return f"{design.power.feeds} x {_text(design.power.feed_v)}" if design.power.feeds and design.power.feed_v else None


def _vary_unit(name: str) -> str:
    unit = varying()[name]
    return _UNITS.get(unit, unit)


def _text(figure: Figure | Range | None) -> str | None:
    """A figure of the catalogue by its name, an own value as it can be read back."""
    if figure is None:
        return None
    if isinstance(figure, Figure) and figure.key.startswith("catalog."):
        return figure.key.removeprefix("catalog.")
    assert isinstance(figure, Figure)
    unit = _UNITS.get(figure.unit, figure.unit)
    if figure.low is not None and figure.high is not None and figure.low != figure.high:
        return f"{figure.low!r} to {figure.high!r} {unit}".strip()
    return f"{figure.value!r} {unit}".strip()
