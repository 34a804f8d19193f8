"""The power one-line and the coolant network of a rack as lines of text, with the figures of the state that is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from ..draws import Number, central
from .states import Place, cdu_of, pumps_of, side_of

if TYPE_CHECKING:
    from .bus import Bus
    from .loop import Loop
    from .rule import Facts


def draw_power(facts: Facts) -> tuple[str, ...]:
    """Feeds, shelves, busbar and trays from the top; each run of like neighbours is one line with its span."""
    bus, spec = facts.bus, facts.design.power
    if bus is None:
        return ()
    feed = f"{spec.feeds} x {spec.feed_v.value:g} V {spec.kind.upper()}" if spec.feeds and spec.feed_v else "feeds not stated"
    state = bus.states[facts.state]
    lines = [f"{feed} -> {_kw(facts.input_w)} in; {len(bus.shelves)} shelves -> busbar at {_at(bus.flow.voltage_v[bus.at(facts.state)], 0):.2f} V; {state.text}"]
    index = bus.at(facts.state)
    if not np.isfinite(_at(bus.flow.voltage_v[index], 0)):
        return (f"{feed} -> {_kw(facts.input_w)} asked for; {len(bus.shelves)} shelves: no solution, the busbar cannot carry this load; {state.text}",)
    nodes = list(enumerate(bus.nodes))[::-1]
    segment = np.atleast_1d(bus.flow.segment_current_a[index])
    for _, group in groupby(nodes, key=lambda pair: pair[1].name):
        run = list(group)
        lines += _run(facts, bus, index, run)
        below = run[-1][0] - 1
        if below >= 0:
            amperes = _at(segment, below)
            lines.append(f"      | {abs(amperes):,.0f} A {'up' if amperes > 0 else 'down'}")
    return tuple(lines)


def _run(facts: Facts, bus: Bus, index: int, run: Sequence[tuple[int, Place]]) -> list[str]:
    places = [place for _, place in run]
    ends = f"u{places[-1].first}-u{int(places[0].last)}"
    if places[0] in bus.shelves:
        out = []
        for place in places:
            shelf = bus.shelves.index(place)
            live = bus.states[facts.state].shelves[shelf]
            power = _at(bus.flow.shelf_power_w[index], shelf)
            side = side_of(facts.design, place)
            told = "lost" if live == 0.0 else f"{power / 1e3:.1f} of {live * _at(bus.limit_w, shelf) / 1e3:.1f} kW"
            out.append(f"  {_unit(place):>4} ={place.name}= {('feed ' + side + ', ') if side else ''}{told}")
        return out
    k = run[0][0]
    low = min(_at(bus.flow.tray_voltage_v[index], j) for j, _ in run)
    each = _at(bus.load_w, k)
    return [f"  {ends:>9} {len(run)} x {places[0].name}: {each / 1e3:.2f} kW each, lowest at {low:.2f} V"]


def draw_coolant(facts: Facts) -> tuple[str, ...]:
    """Unit, hoses, manifolds and branches; each run of like branches is one line with the span of its flows and outlets."""
    loop = facts.loop
    if loop is None or facts.supply_k is None:
        return ()
    unit, pumps = cdu_of(facts.design), pumps_of(facts.design)
    index = loop.at(facts.state)
    total = _lpm(loop.given_m3_s[index])
    back = central(loop.return_k[index])
    source = f"{unit.title}{_pumps(pumps)}" if unit else "the row's unit (not stated)"
    returned = f"{back - 273.15:.1f} C back" if np.isfinite(back) else "nothing comes back"
    lines = [
        f"{source}: {total:.0f} L/min at {central(facts.supply_k) - 273.15:.1f} C out, {returned}; loop drop {central(loop.needed_pa) / 1e3:.0f} kPa, "
        f"foot of the supply manifold at {central(loop.supply_pa) / 1e3:.0f} kPa gauge; {loop.states[facts.state].text}"
    ]
    order = list(enumerate(loop.branches))[::-1]
    for (_, _), group in groupby(order, key=lambda pair: (pair[1].place.name, pair[1].coupling)):
        run = list(group)
        lines.append(_branches(loop, index, run))
    return tuple(lines)


def _pumps(pumps: tuple[int, int] | None) -> str:
    return f", pumps {pumps[0]}+{pumps[1]}" if pumps else ""


def _branches(loop: Loop, index: int, run: Sequence[tuple[int, object]]) -> str:
    ks = [k for k, _ in run]
    places = [loop.branches[k].place for k in ks]
    flows = [_at(loop.flow_m3_s[index], k) * 6e4 for k in ks]
    outs = [_at(loop.outlet_k[index], k) - 273.15 for k in ks]
    hot = f"out at {_span(outs, 1)} C" if all(np.isfinite(outs)) else "some without flow"
    first = loop.branches[ks[0]]
    ends = f"u{places[-1].first}-u{int(places[0].last)}"
    pairs = f"{first.pairs} x " if first.pairs > 1 else ""
    return f"  {ends:>9} {len(ks)} x {places[0].name} via {pairs}{first.coupling}: {_span(flows, 2)} L/min each, {_at(loop.heat_w, ks[0]) / 1e3:.2f} kW, {hot}"


def _span(values: Sequence[float], digits: int) -> str:
    low, high = min(values), max(values)
    return f"{low:.{digits}f}" if f"{low:.{digits}f}" == f"{high:.{digits}f}" else f"{low:.{digits}f} to {high:.{digits}f}"


def _at(values: np.ndarray, part: int) -> float:
    """The central value of one part, parts on the last axis."""
    return float(np.asarray(values)[..., part].reshape(-1)[0])


def _unit(place: Place) -> str:
    return f"u{place.first}"


def _kw(value: Number) -> str:
    return f"{central(value) / 1e3:.0f} kW"


def _lpm(value: Number) -> float:
    return central(value) * 6e4
