"""Parity plots: predicted against measured on log axes, a panel for each quantity, as one SVG that stands alone.

The diagonal is a prediction that came true; the dashed lines are 20 % off it. Each group has a colour and a shape, each
point its name, figures and error as a tooltip. Colours follow the reader's scheme, light or dark.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape

from .validation import ValidatedCase
from .validation_tables import digits, percent, quantity_words

COLOURS = ("#3a7cc2", "#c9803a", "#5d9a5d", "#8a6bb8", "#c2506a", "#3f969c", "#8c7a52")  # at least 3:1 against both grounds
STYLE = (
    "<style>text{font-family:system-ui,'Liberation Sans',Arial,sans-serif;fill:#1a2230}.ground{fill:#fff}.grid{stroke:#d9dee8}.soft{fill:#55607a}.rule{stroke:#55607a}"
    "@media(prefers-color-scheme:dark){text{fill:#e6eaf2}.ground{fill:#12161f}.grid{stroke:#2c3444}.soft{fill:#a6b0c4}.rule{stroke:#a6b0c4}}</style>"
)
WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 470, 440, 74, 30, 14, 48
OFF = 1.2  # the dashed lines
EDGE, LEAST = 0.08, 0.9  # decades beside the outermost points, and least in all, so that two ticks stand on each axis
LEGEND_LINE = 20


def parity_plot(cases: Sequence[ValidatedCase], group_of: Callable[[ValidatedCase], str], *, title: str = "Predicted against measured") -> str:
    """The plot of all scored rows, coloured by group; "" where there is none."""
    scored = [case for case in cases if case.prediction is not None]
    if not scored:
        return ""
    names = list(dict.fromkeys(group_of(case) for case in scored))
    quantities = list(dict.fromkeys(case.quantity for case in scored))
    width, head = WIDTH * max(1, len(quantities)), 34 + LEGEND_LINE * math.ceil(len(names) / (2 * max(1, len(quantities))))
    panels = []
    for index, quantity in enumerate(quantities):
        drawn = _panel([case for case in scored if case.quantity == quantity], quantity, {name: number for number, name in enumerate(names)}, group_of)
        panels.append(f'<g transform="translate({index * WIDTH},{head})">{drawn}</g>')
    size = f'viewBox="0 0 {width} {head + HEIGHT}" width="{width}" height="{head + HEIGHT}"'
    start = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-size="12" role="img" aria-label="{escape(title)}">{STYLE}<rect width="100%" height="100%" class="ground" fill="#fff"/>'
    return (
        start
        + f'<text x="14" y="20" font-weight="600" font-size="14">{escape(title)}<tspan font-weight="400" font-size="12" dx="12">dashed: 20 % off</tspan></text>'
        + _legend(names, width)
        + "".join(panels)
        + "</svg>\n"
    )


def _legend(names: Sequence[str], width: int) -> str:
    columns = max(1, width // (WIDTH // 2))
    out = []
    for number, name in enumerate(names):
        x, y = 20 + (number % columns) * (width / columns), 40 + (number // columns) * LEGEND_LINE
        out.append(f'{_mark(number, x, y)}<text x="{x + 10:.0f}" y="{y + 4:.0f}">{escape(name)}</text>')
    return "".join(out)


def _panel(cases: Sequence[ValidatedCase], quantity: str, number_of: dict[str, int], group_of: Callable[[ValidatedCase], str]) -> str:
    values = [value for case in cases if case.prediction for value in (case.prediction.value, case.prediction.measured)]
    low, high = math.log10(min(values)) - EDGE, math.log10(max(values)) + EDGE
    spread = max(0.0, LEAST - (high - low)) / 2.0
    low, high = low - spread, high + spread
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM

    def px(value: float) -> float:
        return LEFT + (right - LEFT) * (math.log10(value) - low) / (high - low)

    def py(value: float) -> float:
        return bottom - (bottom - TOP) * (math.log10(value) - low) / (high - low)

    out = [f'<text x="{LEFT}" y="18" font-weight="600">{escape(quantity_words(quantity))}</text>']
    for tick in ticks(10.0**low, 10.0**high):
        x, y, word = px(tick), py(tick), f"{tick:,g}"
        out.append(f'<path d="M{x:.1f} {TOP}V{bottom}M{LEFT} {y:.1f}H{right}" class="grid" stroke="#d9dee8"/>')
        out.append(f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle" class="soft" font-size="11">{word}</text>')
        out.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end" class="soft" font-size="11">{word}</text>')
    first, last = 10.0**low, 10.0**high
    out.append(f'<path d="M{px(first):.1f} {py(first):.1f}L{px(last):.1f} {py(last):.1f}" class="rule" stroke="#55607a"/>')
    for factor in (OFF, 1.0 / OFF):
        start, end = max(first, first / factor), min(last, last / factor)
        line = f"M{px(start):.1f} {py(start * factor):.1f}L{px(end):.1f} {py(end * factor):.1f}"
        out.append(f'<path d="{line}" class="rule" stroke="#55607a" stroke-dasharray="5 4" stroke-opacity="0.6"/>')
    for case in cases:
        if case.prediction is not None:
            told = f"{case.id}: {digits(case.prediction.measured)} measured, {digits(case.prediction.value)} predicted, {percent(case.error, sign=True)}"
            mark = _mark(number_of[group_of(case)], px(case.prediction.measured), py(case.prediction.value))
            out.append(f"<g><title>{escape(told)}</title>{mark}</g>")
    out.append(f'<text x="{(LEFT + right) / 2:.0f}" y="{bottom + 36}" text-anchor="middle">measured</text>')
    out.append(f'<text transform="translate(14,{(TOP + bottom) / 2:.0f}) rotate(-90)" text-anchor="middle">predicted</text>')
    return "".join(out)


def ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 times powers of ten between two values above 0; powers of ten alone over three decades and more."""
    steps = (1.0,) if high / low >= 1e3 else (1.0, 2.0, 5.0)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [float(f"{step}e{power}") for power in powers for step in steps if low <= float(f"{step}e{power}") <= high]


def _mark(number: int, x: float, y: float) -> str:
    """A group's mark: its colour, and its shape where the colours come round again."""
    colour, shape = COLOURS[number % len(COLOURS)], (number // len(COLOURS)) % 3
    pen = f'fill="{colour}" fill-opacity="0.55" stroke="{colour}"'
    if shape == 1:
        return f'<rect x="{x - 3.5:.1f}" y="{y - 3.5:.1f}" width="7" height="7" {pen}/>'
    if shape == 2:
        return f'<path d="M{x:.1f} {y - 4.5:.1f}l4.5 8h-9z" {pen}/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.8" {pen}/>'
