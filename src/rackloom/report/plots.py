"""Plots as inline SVG: the envelope against generations by year, and rack elevations with power and heat.

Classes take the page's colours, light or dark; the attributes beside them let the same SVG stand alone as a file.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from .numbers import number_text

COLOURS = ("#3a7cc2", "#c9803a", "#5d9a5d", "#8a6bb8", "#b84a62", "#4a9aa0", "#7a6a4f")
_STANDALONE = "<style>text{font-family:system-ui,'Liberation Sans',Arial,sans-serif;fill:#1a2230}.soft{fill:#55607a}.grid{stroke:#d9dee8}</style><rect width='100%' height='100%' fill='#fff'/>"


@dataclass(frozen=True)
class Band:
    """A quantity over years with its 80 % interval."""

    name: str
    years: tuple[float, ...]
    values: tuple[float, ...]
    lows: tuple[float, ...]
    highs: tuple[float, ...]
    status: str = ""  # announced, assumed; empty when it ships


@dataclass(frozen=True)
class Panel:
    """One small plot: what is asked for (the band drawn grey) against what each generation offers."""

    title: str
    unit: str
    asked: Band
    offered: tuple[Band, ...]


def envelope_plot(panels: Sequence[Panel], *, standalone: bool = False) -> str:
    """Panels side by side, one a need, as one SVG: asked (grey band) and offered by each generation (lines), by year, log scale."""
    names, shade, status = _series(panels)
    width, height, top = 380, 270, 44
    columns = min(3, max(1, len(panels)))
    lines = math.ceil(len(panels) / columns)
    parts = [_legend(names, shade, status)]
    for index, panel in enumerate(panels):
        x, y = (index % columns) * width, top + (index // columns) * height
        parts.append(f'<g transform="translate({x},{y})">{_panel(panel, shade, width, height)}</g>')
    total = top + lines * height
    head = f'<svg xmlns="http://www.w3.org/2000/svg" class="wide" viewBox="0 0 {columns * width} {total}" width="{columns * width}" height="{total}" font-size="12" role="img" aria-label="Envelope against generations by year">'
    return head + (_STANDALONE if standalone else "") + "".join(parts) + "</svg>"


def envelope_figures(panels: Sequence[Panel]) -> str:
    """The same for a page: a legend and one SVG a panel, which flow with its width."""
    names, shade, status = _series(panels)
    keys = ['<li><svg width="24" height="12" aria-hidden="true"><rect width="24" height="12" class="asked" fill="#9aa4b8" fill-opacity="0.45"/></svg>asked by the need</li>']
    for name in names:
        mark = f'<svg width="26" height="12" aria-hidden="true"><line x1="0" y1="6" x2="26" y2="6" {_pen(shade[name], status[name], 2.5)}/></svg>'
        keys.append(f"<li>{mark}{escape(_series_label(name, status[name]))}</li>")
    drawn = "".join(f'<svg viewBox="0 0 380 270" font-size="12" role="img" aria-label="{escape(panel.title)}, by year">{_panel(panel, shade, 380, 270)}</svg>' for panel in panels)
    return f'<ul class="legend">{"".join(keys)}</ul><div class="panels">{drawn}</div>'


def _series(panels: Sequence[Panel]) -> tuple[list[str], dict[str, int], dict[str, str]]:
    """Names in order, their colour's number, their status."""
    status = {band.name: band.status for panel in panels for band in panel.offered}
    return list(status), {name: index % len(COLOURS) for index, name in enumerate(status)}, status


def _series_label(name: str, status: str) -> str:
    return f"{name} ({status})" if status else name


def _pen(shade: int, status: str, width: float) -> str:
    """Stroke of a series: the page's class gives the scheme's colour, the attribute stands where there is no page."""
    return f'class="series-{shade}" stroke="{COLOURS[shade]}" stroke-width="{width}"' + (' stroke-dasharray="6 3"' if status else "")


def _legend(names: Sequence[str], shade: Mapping[str, int], status: Mapping[str, str]) -> str:
    out = ['<rect x="60" y="12" width="22" height="10" fill="#9aa4b8" fill-opacity="0.45"/><text x="88" y="21">asked by the need</text>']
    x = 215.0
    for name in names:
        label = _series_label(name, status[name])
        out.append(f'<line x1="{x}" y1="17" x2="{x + 24}" y2="17" {_pen(shade[name], status[name], 2.5)}/><text x="{x + 30}" y="21">{escape(label)}</text>')
        x += 46 + 6.7 * len(label)
    return "".join(out)


def _panel(panel: Panel, shade: Mapping[str, int], width: int, height: int) -> str:
    left, right, top, bottom = 62, width - 14, 26, height - 34
    bands = [panel.asked, *panel.offered]
    values = [v for band in bands for v in (*band.lows, *band.highs, *band.values) if v > 0 and math.isfinite(v)]
    years = sorted({year for band in bands for year in band.years})
    out = [f'<text x="{left}" y="14" font-weight="600">{escape(panel.title)}</text>']
    if not values or not years:
        return "".join([*out, f'<text x="{left}" y="60" class="soft">nothing to show</text>'])
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    high = max(high, low + 1)
    first, last = years[0], max(years[-1], years[0] + 1)

    def px(year: float) -> float:
        return left + (right - left) * (year - first) / (last - first)

    def py(value: float) -> float:
        return bottom - (bottom - top) * (math.log10(max(value, 10.0**low)) - low) / (high - low)

    for power in range(low, high + 1):
        y = py(10.0**power)
        out.append(f'<line x1="{left}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" class="grid" stroke="#d9dee8"/>')
        out.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end" class="soft" font-size="11">{_tick(10.0**power, panel.unit)}</text>')
    for year in range(math.ceil(first), math.floor(last) + 1):
        out.append(f'<text x="{px(year):.1f}" y="{bottom + 16}" text-anchor="middle" class="soft" font-size="11">{year}</text>')
    out.append(_area(panel.asked, px, py, "#9aa4b8", 0.45))
    out.append(_line(panel.asked, px, py, 'class="asked-line" stroke="#6b7590" stroke-width="1.6"'))
    for band in panel.offered:
        out.append(_line(band, px, py, _pen(shade[band.name], band.status, 2.4)))
    return "".join(out)


def _tick(value: float, unit: str) -> str:
    if unit == "rack":
        return f"{value:,.0f}".replace(",", " ") if value >= 1 else f"{value:g}"
    return escape(number_text(value, unit).replace(".00", "").replace(".0", ""))


def _area(band: Band, px: object, py: object, fill: str, opacity: float) -> str:
    points = [f"{px(x):.1f},{py(y):.1f}" for x, y in zip(band.years, band.highs, strict=True)]  # type: ignore[operator]
    points += [f"{px(x):.1f},{py(y):.1f}" for x, y in zip(reversed(band.years), reversed(band.lows), strict=True)]  # type: ignore[operator]
    return f'<polygon points="{" ".join(points)}" fill="{fill}" fill-opacity="{opacity}"/>'


def _line(band: Band, px: object, py: object, pen: str) -> str:
    points = " ".join(f"{px(x):.1f},{py(y):.1f}" for x, y in zip(band.years, band.values, strict=True) if y > 0)  # type: ignore[operator]
    return f'<polyline points="{points}" fill="none" {pen}/>'


@dataclass(frozen=True)
class Slot:
    """One thing in a rack elevation, at the units it takes."""

    first: float
    last: float
    label: str
    power_w: float | None
    liquid_share: float | None


@dataclass(frozen=True)
class Elevation:
    """A rack seen from the front; `height` in units."""

    name: str
    captions: tuple[str, ...]
    slots: tuple[Slot, ...]
    height: float


UNIT, GUTTER, BODY = 11.0, 22.0, 164.0  # height of a unit, room for its number, width of the rack; px
LETTER = 5.4  # mean width of a letter at the labels' 10.5 px


def elevation_figures(racks: Sequence[Elevation]) -> str:
    """Front elevations that flow with the page. Shade is power, hue is liquid or air; a run of equal things is labelled once."""
    tall = max((rack.height for rack in racks), default=42.0)
    most = max((slot.power_w or 0.0 for rack in racks for slot in rack.slots), default=1.0) or 1.0
    keys = (("liquid", "heat to liquid"), ("air", "heat to air"), ("none", "no power figure"))
    legend = "".join(
        f'<li><svg width="16" height="12" aria-hidden="true"><rect width="16" height="12" class="fill-{kind}" fill-opacity="0.5"/></svg>{label}</li>' for kind, label in keys
    )
    return f'<ul class="legend">{legend}</ul><div class="elevations">{"".join(_elevation(rack, tall, most) for rack in racks)}</div>'


def _elevation(rack: Elevation, tall: float, most: float) -> str:
    base = tall * UNIT + 6
    parts = [f'<rect x="{GUTTER}" y="{base - rack.height * UNIT:.1f}" width="{BODY}" height="{rack.height * UNIT:.1f}" fill="none" class="edge"/>']
    for mark in range(5, int(rack.height) + 1, 5):
        parts.append(f'<text x="{GUTTER - 5}" y="{base - (mark - 0.5) * UNIT + 3.5:.1f}" text-anchor="end" font-size="10" class="soft">{mark}</text>')
    parts += [_run(run, base, most) for run in _runs(rack.slots)]
    parts.append(f'<text x="{GUTTER}" y="{base + 18:.0f}" font-size="13" font-weight="600">{escape(rack.name)}</text>')
    parts += [f'<text x="{GUTTER}" y="{base + 34 + 15 * index:.0f}" class="soft" font-size="11">{escape(caption)}</text>' for index, caption in enumerate(rack.captions)]
    wide, high = GUTTER + BODY + 2, base + 26 + 15 * len(rack.captions)
    return f'<svg viewBox="0 0 {wide:.0f} {high:.0f}" font-size="10.5" role="img" aria-label="Front elevation of {escape(rack.name)}">{"".join(parts)}</svg>'


def _runs(slots: Sequence[Slot]) -> list[list[Slot]]:
    """Neighbours that are the same thing, from the bottom."""
    runs: list[list[Slot]] = []
    for slot in sorted(slots, key=lambda slot: slot.first):
        before = runs[-1][-1] if runs else None
        if before and (before.label, before.power_w, before.liquid_share) == (slot.label, slot.power_w, slot.liquid_share) and slot.first - before.last <= 1.0:
            runs[-1].append(slot)
        else:
            runs.append([slot])
    return runs


def _run(run: Sequence[Slot], base: float, most: float) -> str:
    one, count = run[0], len(run)
    power = number_text(one.power_w, "W") if one.power_w is not None else ""
    share = f", {one.liquid_share:.0%} to liquid" if one.liquid_share is not None and power else ""
    kind = "none" if not power else "liquid" if (one.liquid_share or 0.0) >= 0.5 else "air"
    # No more than half opaque, so that the labels keep their contrast in both schemes.
    opacity = 0.22 if not power else 0.1 + 0.4 * min(1.0, (one.power_w or 0.0) / most)
    top, bottom = base - run[-1].last * UNIT, base - (one.first - 1) * UNIT
    box = f'<rect x="{GUTTER}" y="{top:.1f}" width="{BODY}" height="{bottom - top:.1f}" class="edge fill-{kind}" fill-opacity="{opacity:.2f}"/>'
    # Where one ends and the next begins: ticks at the sides, so that no line runs through the label.
    seams = "".join(f"M{GUTTER} {base - slot.last * UNIT:.1f}h4M{GUTTER + BODY - 4} {base - slot.last * UNIT:.1f}h4" for slot in run[:-1])
    boxes = box + (f'<path d="{seams}" class="edge"/>' if seams else "")
    many = f"{count} × " if count > 1 else ""
    title = f"{many}{one.label}: {power or 'no power figure'}{share}"
    return f"<g><title>{escape(title)}</title>{boxes}{_run_label(run, many, power, base)}</g>"


def _run_label(run: Sequence[Slot], many: str, power: str, base: float) -> str:
    top, bottom = base - run[-1].last * UNIT, base - (run[0].first - 1) * UNIT
    middle = (top + bottom) / 2 + 3.7
    each = f"{power} each" if many and power else power
    left, right = GUTTER + 5, GUTTER + BODY - 5
    if bottom - top >= 2 * UNIT + 6 and each:
        return f'<text x="{left}" y="{middle - 6.5:.1f}">{_cut(many + run[0].label, BODY - 10)}</text><text x="{left}" y="{middle + 6.5:.1f}">{escape(each)}</text>'
    room = BODY - 10 - (LETTER * len(power) + 8 if power else 0)
    figure = f'<text x="{right}" y="{middle:.1f}" text-anchor="end">{escape(power)}</text>' if power else ""
    return f'<text x="{left}" y="{middle:.1f}">{_cut(many + run[0].label, room)}</text>{figure}'


def _cut(text: str, room: float) -> str:
    most = int(room / LETTER)
    for sign in (",", " ("):
        text = text if len(text) <= most else text.partition(sign)[0]
    return escape(text if len(text) <= most else text[: most - 1].rstrip(" ,(") + "…")
