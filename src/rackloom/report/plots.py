"""Plots as inline SVG: the envelope against generations by year, and rack elevations with power and heat.

Colours are CSS variables of the page, with fallbacks so that the same SVG stands alone as a file.
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
    announced: bool = False


@dataclass(frozen=True)
class Panel:
    """One small plot: what is asked for (the band drawn grey) against what each generation offers."""

    title: str
    unit: str
    asked: Band
    offered: tuple[Band, ...]


def envelope_plot(panels: Sequence[Panel], *, standalone: bool = False) -> str:
    """Panels side by side, one a need: asked (grey band) and offered by each generation (lines), by year, log scale."""
    names = list(dict.fromkeys(band.name for panel in panels for band in panel.offered))
    colour = {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(names)}
    width, height, top = 380, 270, 56
    columns = min(3, max(1, len(panels)))
    lines = math.ceil(len(panels) / columns)
    parts = [_legend(names, colour, {b.name for p in panels for b in p.offered if b.announced})]
    for index, panel in enumerate(panels):
        x, y = (index % columns) * width, top + (index // columns) * height
        parts.append(f'<g transform="translate({x},{y})">{_panel(panel, colour, width, height)}</g>')
    total = top + lines * height
    head = f'<svg xmlns="http://www.w3.org/2000/svg" class="wide" viewBox="0 0 {columns * width} {total}" width="{columns * width}" height="{total}" font-size="12" role="img" aria-label="Envelope against generations by year">'
    return head + (_STANDALONE if standalone else "") + "".join(parts) + "</svg>"


def _legend(names: Sequence[str], colour: Mapping[str, str], announced: set[str]) -> str:
    out = ['<rect x="60" y="12" width="22" height="10" fill="#9aa4b8" fill-opacity="0.45"/><text x="88" y="21">asked by the need</text>']
    x = 215.0
    for name in names:
        dash = ' stroke-dasharray="6 3"' if name in announced else ""
        label = f"{name} (announced)" if name in announced else name
        out.append(f'<line x1="{x}" y1="17" x2="{x + 24}" y2="17" stroke="{colour[name]}" stroke-width="2.5"{dash}/><text x="{x + 30}" y="21">{escape(label)}</text>')
        x += 44 + 6.6 * len(label)
    return "".join(out)


def _panel(panel: Panel, colour: Mapping[str, str], width: int, height: int) -> str:
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
    out.append(_line(panel.asked, px, py, "#6b7590", 1.6))
    for band in panel.offered:
        out.append(_line(band, px, py, colour[band.name], 2.4))
    return "".join(out)


def _tick(value: float, unit: str) -> str:
    if unit == "rack":
        return f"{value:,.0f}".replace(",", " ") if value >= 1 else f"{value:g}"
    return escape(number_text(value, unit).replace(".00", "").replace(".0", ""))


def _area(band: Band, px: object, py: object, fill: str, opacity: float) -> str:
    points = [f"{px(x):.1f},{py(y):.1f}" for x, y in zip(band.years, band.highs, strict=True)]  # type: ignore[operator]
    points += [f"{px(x):.1f},{py(y):.1f}" for x, y in zip(reversed(band.years), reversed(band.lows), strict=True)]  # type: ignore[operator]
    return f'<polygon points="{" ".join(points)}" fill="{fill}" fill-opacity="{opacity}"/>'


def _line(band: Band, px: object, py: object, stroke: str, width: float) -> str:
    points = " ".join(f"{px(x):.1f},{py(y):.1f}" for x, y in zip(band.years, band.values, strict=True) if y > 0)  # type: ignore[operator]
    dash = ' stroke-dasharray="6 3"' if band.announced else ""
    return f'<polyline points="{points}" fill="none" stroke="{stroke}" stroke-width="{width}"{dash}/>'


@dataclass(frozen=True)
class Slot:
    """One thing in a rack elevation, at the units it takes."""

    first: float
    last: float
    label: str
    power_w: float | None
    liquid_share: float | None


def elevation_plot(racks: Sequence[tuple[str, str, Sequence[Slot], float]]) -> str:
    """Front elevations side by side: (name, caption, slots, height in units). Shade is power, hue is liquid or air."""
    width, unit, top = 236, 9.0, 58
    tall = max((height for *_, height in racks), default=42.0)
    most = max((slot.power_w or 0.0 for *_, slots, _ in racks for slot in slots), default=1.0) or 1.0
    parts = [_elevation_legend()]
    for index, (name, caption, slots, height) in enumerate(racks):
        x0 = index * width + 34
        base = top + tall * unit
        parts.append(
            f'<text x="{x0}" y="{base + 18:.0f}" font-weight="600">{escape(name)}</text><text x="{x0}" y="{base + 34:.0f}" class="soft" font-size="11">{escape(caption)}</text>'
        )
        parts.append(f'<rect x="{x0}" y="{base - height * unit:.1f}" width="180" height="{height * unit:.1f}" fill="none" stroke="#7a859c"/>')
        for mark in range(5, int(height) + 1, 5):
            parts.append(f'<text x="{x0 - 5}" y="{base - (mark - 1) * unit - 1:.1f}" text-anchor="end" font-size="9" class="soft">{mark}</text>')
        for slot in slots:
            parts.append(_slot(slot, x0, base, unit, most))
    total = top + tall * unit + 46
    wide = max(1, len(racks)) * width + 10
    return f'<svg xmlns="http://www.w3.org/2000/svg" class="wide" viewBox="0 0 {wide} {total:.0f}" width="{wide}" height="{total:.0f}" font-size="12" role="img" aria-label="Rack elevations with power and heat">{"".join(parts)}</svg>'


def _elevation_legend() -> str:
    keys = (("#2f6fb5", "heat to liquid"), ("#c0562f", "heat to air"), ("#8b93a5", "power unknown"))
    out = []
    for index, (fill, label) in enumerate(keys):
        x = 34 + index * 130
        out.append(f'<rect x="{x}" y="12" width="14" height="12" fill="{fill}" fill-opacity="0.75"/><text x="{x + 20}" y="22" font-size="11">{label}</text>')
    out.append('<text x="34" y="42" class="soft" font-size="11">Stronger colour: more power in that unit. Numbers at the left count units from the bottom.</text>')
    return "".join(out)


def _slot(slot: Slot, x0: float, base: float, unit: float, most: float) -> str:
    y = base - slot.last * unit
    tall = (slot.last - slot.first + 1) * unit
    if slot.power_w is None:
        fill, opacity = "#8b93a5", 0.3
    else:
        fill = "#2f6fb5" if (slot.liquid_share or 0.0) >= 0.5 else "#c0562f"
        opacity = 0.12 + 0.7 * min(1.0, slot.power_w / most)
    power = number_text(slot.power_w, "W") if slot.power_w is not None else "power unknown"
    share = f", {slot.liquid_share:.0%} to liquid" if slot.liquid_share is not None and slot.power_w is not None else ""
    text = ""
    if tall >= 8.5:
        text = f'<text x="{x0 + 5}" y="{y + tall / 2 + 3:.1f}" font-size="8.5">{escape(slot.label[:24])}</text><text x="{x0 + 175}" y="{y + tall / 2 + 3:.1f}" font-size="8.5" text-anchor="end">{escape(power if slot.power_w is not None else "?")}</text>'
    return f'<g><title>{escape(slot.label)}: {escape(power + share)}</title><rect x="{x0}" y="{y:.1f}" width="180" height="{tall:.1f}" fill="{fill}" fill-opacity="{opacity:.2f}" stroke="#7a859c" stroke-width="0.5"/>{text}</g>'
