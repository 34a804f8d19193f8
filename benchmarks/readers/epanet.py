"""Networks of EPANET (.inp, versions 2.0 and 2.2) at time 0, in SI. What is not read is refused by name.

Source of the format and of what each keyword does: the EPANET 2.2 user manual (public domain), recalled, no clauses.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import log, pi
from typing import Any

from rackloom.physics import hydraulics_network as hydraulic

from .pandapipes import NotHandled

FOOT, PSI_FT = 0.3048, 1.0 / 0.4333  # EPANET's own feet of water in a psi
DENSITY = 1000.0  # heads do not depend on it
GRAVITY = hydraulic.GRAVITY_M_PER_S2
FLOWS = {
    "CFS": 0.028316846592, "GPM": 6.30901964e-5, "MGD": 0.0438126363889, "IMGD": 0.0526168042, "AFD": 0.01427641, "LPS": 1e-3, "LPM": 1e-3 / 60.0,
    "MLD": 1e3 / 86400.0, "CMH": 1.0 / 3600.0, "CMD": 1.0 / 86400.0, "CMS": 1.0,
}  # fmt: skip
US = {"CFS", "GPM", "MGD", "IMGD", "AFD"}
VISCOSITY = 1.1e-5 * FOOT**2  # m2/s that a relative viscosity of 1 means
OWN_GRAVITY = 32.2 * FOOT  # EPANET's constants hold this one; drops that come from a velocity head are made less by the share
SHARE = GRAVITY / OWN_GRAVITY
HORSEPOWER_W = 8.814 * FOOT**4 * DENSITY * GRAVITY  # its h = 8.814 hp / q, in ft and cfs
POWER = {True: HORSEPOWER_W, False: HORSEPOWER_W / 0.7457}
LEVEL_TOLERANCE_M = 0.0005 * FOOT
SILENT = {"TITLE", "TAGS", "ENERGY", "QUALITY", "SOURCES", "REACTIONS", "MIXING", "REPORT", "COORDINATES", "VERTICES", "LABELS", "BACKDROP", "END", "RULES"}
READ = {"JUNCTIONS", "RESERVOIRS", "TANKS", "PIPES", "PUMPS", "VALVES", "DEMANDS", "STATUS", "PATTERNS", "CURVES", "CONTROLS", "EMITTERS", "TIMES", "OPTIONS"}


@dataclass
class Epanet:
    """A read file: its sections, its options, and what its controls and statuses have set each link to."""

    sections: dict[str, list[list[str]]]
    options: dict[str, str]
    settings: dict[str, str] = field(default_factory=dict)  # link to OPEN, CLOSED or a number
    reversed: set[str] = field(default_factory=set)  # links built from their second node to their first

    @property
    def us(self) -> bool:
        return self.options.get("UNITS", "GPM") in US

    @property
    def flow(self) -> float:
        return FLOWS[self.options.get("UNITS", "GPM")]

    @property
    def length(self) -> float:
        return FOOT if self.us else 1.0

    @property
    def bore(self) -> float:
        return FOOT / 12.0 if self.us else 1e-3

    @property
    def pressure(self) -> float:
        """Metres of water in the file's unit of pressure."""
        return FOOT * PSI_FT if self.us else 1.0

    def rows(self, name: str) -> list[list[str]]:
        return self.sections.get(name, [])


def parse(text: str) -> Epanet:
    """The sections of a file, comments gone, words split; refuses what it does not know."""
    sections: dict[str, list[list[str]]] = {}
    now: list[list[str]] = []
    for line in text.splitlines():
        words = line.split(";")[0].split()
        if not words:
            continue
        if words[0].startswith("["):
            name = words[0].strip("[]").upper()
            full = next((known for known in sorted(READ | SILENT) if known.startswith(name[:5])), name)
            if full not in READ | SILENT:
                raise NotHandled(f"section [{name}]")
            now = sections.setdefault(full, [])
        else:
            now.append(words)
    options = {}
    for words in sections.get("OPTIONS", []):
        options[" ".join(words[:-1]).upper()] = words[-1] if words[0].upper() == "PATTERN" else words[-1].upper()
    if options.get("DEMAND MODEL", "DDA") != "DDA":
        raise NotHandled(f"demand model {options['DEMAND MODEL']}")
    if options.get("UNITS", "GPM") not in FLOWS:
        raise NotHandled(f"units {options['UNITS']}")
    out = Epanet(sections, options)
    out.settings = {words[0]: words[1].upper() for words in out.rows("STATUS")}
    _controls_at_start(out)
    return out


def _seconds(words: list[str]) -> float:
    """A time of EPANET: hours, h:mm[:ss], with a unit or am/pm."""
    parts = [float(part) for part in words[0].split(":")]
    hours = sum(part / 60.0**k for k, part in enumerate(parts))
    unit = words[1].upper() if len(words) > 1 else ""
    if unit.startswith(("AM", "PM")):
        hours = hours % 12.0 + (12.0 if unit.startswith("PM") else 0.0)
    scale = {"SEC": 1.0, "MIN": 60.0, "DAY": 86400.0}.get(unit[:3], 3600.0)
    return hours * scale


def _times(read: Epanet, name: str, default: float) -> float:
    for words in read.rows("TIMES"):
        if " ".join(words[:2]).upper() == name:
            return _seconds(words[2:])
    return default


def multiplier(read: Epanet, name: str | None) -> float:
    """What a pattern multiplies with at time 0; 1 without a pattern of that name."""
    values = [float(value) for words in read.rows("PATTERNS") if words[0] == name for value in words[1:]]
    if not values:
        return 1.0
    step = int(_times(read, "PATTERN START", 0.0) / _times(read, "PATTERN TIMESTEP", 3600.0))
    return values[step % len(values)]


def _controls_at_start(read: Epanet) -> None:
    """Apply the simple controls that hold at time 0 for times and tank levels, in their order."""
    levels = {words[0]: float(words[2]) for words in read.rows("TANKS")}
    clock = _times(read, "START CLOCKTIME", 0.0)
    for words in read.rows("CONTROLS"):
        upper = [word.upper() for word in words]
        link, setting = words[1], upper[2]
        if upper[3:5] == ["AT", "TIME"]:
            holds = _seconds(words[5:]) == 0.0
        elif upper[3:5] == ["AT", "CLOCKTIME"]:
            holds = _seconds(words[5:]) == clock
        elif upper[3:5] == ["IF", "NODE"] and words[5] in levels:
            limit, level = float(words[7]), levels[words[5]]
            holds = level <= limit if upper[6] == "BELOW" else level >= limit
        else:
            continue  # by a junction's pressure: see `pressed`
        if holds:
            read.settings[link] = setting


def pressed(read: Epanet, pressures_m: dict[str, float]) -> bool:
    """Apply the controls that watch a junction's pressure [m of water]; whether any setting changed."""
    tanks = {words[0] for words in read.rows("TANKS") + read.rows("RESERVOIRS")}
    before = dict(read.settings)
    for words in read.rows("CONTROLS"):
        upper = [word.upper() for word in words]
        if upper[3:5] != ["IF", "NODE"] or words[5] in tanks:
            continue
        limit = float(words[7]) * read.pressure
        if (pressures_m[words[5]] < limit) if upper[6] == "BELOW" else (pressures_m[words[5]] > limit):
            read.settings[words[1]] = upper[2]
    return before != read.settings


def network(read: Epanet) -> hydraulic.Network:
    """The file as a network at time 0. Pressures are gauge; head = pressure / (density g) + height."""
    relative = float(read.options.get("VISCOSITY", 1.0))
    kinematic = relative * VISCOSITY if relative > 1e-3 else relative * (FOOT**2 if read.us else 1.0)
    out = hydraulic.Network(DENSITY, kinematic * DENSITY)
    heads = _nodes(read, out)
    stops = _tank_stops(read)
    for words in read.rows("PIPES"):
        _pipe(read, out, words, stops)
    for words in read.rows("PUMPS"):
        _pump(read, out, words, stops)
    for words in read.rows("VALVES"):
        _valve(read, out, words)
    for words in read.rows("EMITTERS"):
        coefficient = float(words[1]) * read.flow / (read.pressure * DENSITY * GRAVITY) ** 0.5
        if float(read.options.get("EMITTER EXPONENT", 0.5)) != 0.5:
            raise NotHandled("an emitter exponent other than 0.5")
        if coefficient > 0.0:
            out.node(f"emitter {words[0]}", height_m=heads[words[0]], pressure_pa=0.0)
            out.resistance(f"emitter {words[0]}", words[0], f"emitter {words[0]}", quadratic_pa_s2_m6=coefficient**-2.0)
    return out


def _nodes(read: Epanet, out: hydraulic.Network) -> dict[str, float]:
    """Add the nodes; their heights by name."""
    default = read.options.get("PATTERN", "1")
    times = float(read.options.get("DEMAND MULTIPLIER", 1.0)) * read.flow
    listed: dict[str, float] = {}
    for words in read.rows("DEMANDS"):
        listed[words[0]] = listed.get(words[0], 0.0) + float(words[1]) * multiplier(read, words[2] if len(words) > 2 else default)
    heights: dict[str, float] = {}
    for words in read.rows("JUNCTIONS"):
        heights[words[0]] = (float(words[1]) if len(words) > 1 else 0.0) * read.length
        own = float(words[2]) * multiplier(read, words[3] if len(words) > 3 else default) if len(words) > 2 else 0.0
        out.node(words[0], height_m=heights[words[0]], demand_m3_s=listed.get(words[0], own) * times)
    for words in read.rows("RESERVOIRS"):
        heights[words[0]] = float(words[1]) * read.length * (multiplier(read, words[2]) if len(words) > 2 else 1.0)
        out.node(words[0], height_m=heights[words[0]], pressure_pa=0.0)
    for words in read.rows("TANKS"):
        heights[words[0]] = float(words[1]) * read.length
        out.node(words[0], height_m=heights[words[0]], pressure_pa=float(words[2]) * read.length * DENSITY * GRAVITY)
    return heights


def _tank_stops(read: Epanet) -> dict[str, int]:
    """Tanks that may not empty (-1) or not fill (+1) further."""
    stops = {}
    for words in read.rows("TANKS"):
        level, low, high = (float(word) * read.length for word in words[2:5])
        overflow = len(words) > 8 and words[8].upper() == "YES"
        if level <= low + LEVEL_TOLERANCE_M:
            stops[words[0]] = -1
        elif level >= high - LEVEL_TOLERANCE_M and not overflow:
            stops[words[0]] = 1
    return stops


def _ends(read: Epanet, words: list[str], stops: dict[str, int], one_way: bool = False) -> dict[str, Any]:
    """Ends of a link, turned where a full or empty tank lets flow only the other way."""
    a, b = words[1], words[2]
    forward = stops.get(a) == 1 or stops.get(b) == -1  # only into an empty tank, only out of a full one
    backward = stops.get(a) == -1 or stops.get(b) == 1
    closed = (forward and backward) or (one_way and backward)
    if backward and not closed:
        read.reversed.add(words[0])
        a, b = b, a
    return {"start": a, "end": b, "one_way": one_way or forward or backward, "closed": closed}


def _pipe(read: Epanet, out: hydraulic.Network, words: list[str], stops: dict[str, int]) -> None:
    name, status = words[0], (words[7].upper() if len(words) > 7 else "OPEN")
    loss = float(words[6]) if len(words) > 6 else 0.0
    if len(words) == 7 and words[6].upper() in ("OPEN", "CLOSED", "CV"):
        loss, status = 0.0, words[6].upper()
    ends = _ends(read, words, stops, status == "CV")
    ends["closed"] |= status != "CV" and read.settings.get(name, status) == "CLOSED"
    length, bore, rough = float(words[3]) * read.length, float(words[4]) * read.bore, float(words[5])
    law = read.options.get("HEADLOSS", "H-W")
    if law == "H-W":
        out.hazen_williams(name, length_m=length, diameter_m=bore, coefficient=rough, loss=loss * SHARE, **ends)
    elif law == "D-W":
        out.pipe(name, length_m=length * SHARE, diameter_m=bore, roughness_m=rough * (FOOT / 1e3 if read.us else 1e-3), loss=loss * SHARE, friction="swamee-jain-dunlop", **ends)
    elif law == "C-M":  # Manning in ft and cfs, rounded as EPANET rounds: V = 1.49/n R^(2/3) S^(1/2), R = d/4, exponent 1.333
        d = bore / FOOT
        r = (4.0 * rough / (1.49 * pi * d**2)) ** 2 * (d / 4.0) ** -1.333 * length / FOOT * FOOT / FOOT**6
        out.resistance(name, quadratic_pa_s2_m6=r * DENSITY * GRAVITY + _loss(loss, bore), **ends)
    else:
        raise NotHandled(f"head loss by {law}")


def _loss(loss: float, bore: float) -> float:
    """Pa s2/m6 of a loss coefficient, with EPANET's constant 0.02517 (ft, cfs)."""
    return 0.02517 * loss / (bore / FOOT) ** 4 / FOOT**5 * DENSITY * GRAVITY


def _curve(read: Epanet, name: str) -> list[tuple[float, float]]:
    points = [(float(words[1]) * read.flow, float(words[2]) * read.length) for words in read.rows("CURVES") if words[0] == name]
    if not points:
        raise NotHandled(f"a curve '{name}' that is not there")
    return points


def _pump(read: Epanet, out: hydraulic.Network, words: list[str], stops: dict[str, int]) -> None:
    name, given = words[0], {words[k].upper(): words[k + 1] for k in range(3, len(words) - 1, 2)}
    ends = _ends(read, words, stops, one_way=True)
    closed = ends.pop("closed")
    ends.pop("one_way")
    speed = float(given.get("SPEED", 1.0))
    if "PATTERN" in given:
        speed = multiplier(read, given["PATTERN"])
    setting = read.settings.get(name, "OPEN")
    if setting == "CLOSED":
        closed = True
    elif setting != "OPEN":
        speed = float(setting)
    if "POWER" in given:
        out.pump(name, work_w=float(given["POWER"]) * POWER[read.us], speed=1.0 if speed > 0.0 else 0.0, closed=closed, **ends)
        return
    if "HEAD" not in given:
        raise NotHandled(f"pump '{name}' without HEAD or POWER")
    points, pa = _curve(read, given["HEAD"]), DENSITY * GRAVITY
    if len(points) == 1:
        q, h = points[0]
        out.pump(name, power=(4.0 / 3.0 * h * pa, h * pa / 3.0 / q**2, 2.0), speed=speed, closed=closed, **ends)
    elif len(points) == 3 and points[0][0] == 0.0:
        (_, h0), (q1, h1), (q2, h2) = points
        m = log((h0 - h2) / (h0 - h1)) / log(q2 / q1)
        out.pump(name, power=(h0 * pa, (h0 - h1) * pa / q1**m, m), speed=speed, closed=closed, **ends)
    else:
        if points[0][0] > 0.0:  # the first line goes on to no flow
            (qa, ha), (qb, hb) = points[:2]
            points = [(0.0, ha + (ha - hb) / (qb - qa) * qa), *points[1:]]
        out.pump(name, flows_m3_s=[q for q, _ in points], lifts_pa=[h * pa for _, h in points], speed=speed, closed=closed, **ends)


def _valve(read: Epanet, out: hydraulic.Network, words: list[str]) -> None:
    name, bore, kind = words[0], float(words[3]) * read.bore, words[4].upper()
    setting = read.settings.get(name, words[5])
    own = float(words[6]) if len(words) > 6 else 0.0
    between = {"start": words[1], "end": words[2]}
    b = _loss(own, bore)
    if setting in ("OPEN", "CLOSED"):
        out.throttle(name, diameter_m=bore, loss=own * SHARE, closed=setting == "CLOSED", **between)
    elif kind == "TCV":
        out.throttle(name, diameter_m=bore, loss=max(float(setting), own) * SHARE, **between)
    elif kind in ("PRV", "PSV"):
        make = out.reducing_valve if kind == "PRV" else out.sustaining_valve
        make(name, pressure_pa=float(setting) * read.pressure * DENSITY * GRAVITY, quadratic_pa_s2_m6=b, **between)
    elif kind == "FCV":
        out.flow_valve(name, flow_m3_s=float(setting) * read.flow, quadratic_pa_s2_m6=b, **between)
    else:
        raise NotHandled(f"a valve of kind {kind}")


def heads(solved: Any, built: hydraulic.Network) -> dict[str, float]:
    """Head of every node [m]."""
    return {name: float(p) / (DENSITY * GRAVITY) + float(built.nodes[name].height_m) for name, p in zip(solved.nodes, solved.pressure_pa, strict=True)}
