"""A rack drawn by itself: front, rear and sides as one SVG that stands alone."""

from __future__ import annotations

from html import escape

from ..draws import central
from ..rack import RackAnswer, SlotUse
from .numbers import number_text

UNIT, BODY, GUTTER, GAP, HEAD, FOOT = 14.0, 260.0, 30.0, 34.0, 34.0, 60.0  # px
STYLE = (
    "text{font-family:system-ui,sans-serif;fill:#1d2330}.soft{fill:#5b6475}.edge{fill:none;stroke:#8a93a5;stroke-width:1}"
    ".liquid{fill:#2f6fb3}.air{fill:#c2691d}.none{fill:#9aa3b2}"
)  # fmt: skip


def elevation_svg(answer: RackAnswer) -> str:
    """Elevation of a rack: one view a face that holds something; shade is power, hue is liquid or air."""
    faces = [face for face in ("front", "rear", "side") if face == "front" or any(slot.face == face for slot in answer.slots)]
    most = max((central(slot.power_w) for slot in answer.slots if slot.power_w is not None), default=1.0) or 1.0
    tall, wide = HEAD + answer.height * UNIT + FOOT, GUTTER + len(faces) * (BODY + GAP)
    parts = [f'<text x="{GUTTER}" y="18" font-size="15" font-weight="600">{escape(answer.title)}</text>']
    for index, face in enumerate(faces):
        left = GUTTER + index * (BODY + GAP)
        parts.append(_view(answer, face, left, most))
    notes = (f"{number_text(central(answer.power_load_w), 'W')} load; layout {answer.layout}", f"units of {_pitch(answer)}, counted from the bottom")
    parts += [f'<text x="{GUTTER}" y="{tall - 24 + 15 * index:.0f}" font-size="11" class="soft">{escape(note)}</text>' for index, note in enumerate(notes)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:.0f} {tall:.0f}" width="{wide:.0f}" height="{tall:.0f}" role="img" aria-label="Elevation of {escape(answer.title)}">'
        f'<style>{STYLE}</style><rect width="100%" height="100%" fill="#fff"/>{"".join(parts)}</svg>\n'
    )  # fmt: skip


def _pitch(answer: RackAnswer) -> str:
    return f"{answer.pitch_m * 1e3:.2f} mm".replace(".00", "") if answer.pitch_m else "the frame"


def _view(answer: RackAnswer, face: str, left: float, most: float) -> str:
    base = HEAD + answer.height * UNIT
    parts = [f'<rect x="{left}" y="{HEAD}" width="{BODY}" height="{answer.height * UNIT:.1f}" class="edge"/>']
    if left == GUTTER:
        parts += [
            f'<text x="{left - 5}" y="{base - (mark - 0.5) * UNIT + 4:.1f}" text-anchor="end" font-size="10" class="soft">{mark}</text>'
            for mark in (1, *range(5, answer.height + 1, 5))
        ]
    parts += [_slot(slot, left, base, most) for slot in answer.slots if slot.face == face]
    parts.append(f'<text x="{left}" y="{base + 16:.0f}" font-size="12" font-weight="600">{face}</text>')
    return "".join(parts)


def _slot(slot: SlotUse, left: float, base: float, most: float) -> str:
    power = central(slot.power_w) if slot.power_w is not None else None
    share = central(slot.liquid_share) if slot.liquid_share is not None else 0.0
    kind = "none" if power is None else "liquid" if share >= 0.5 else "air"
    opacity = 0.18 if power is None else 0.12 + 0.4 * min(1.0, power / most)
    top, high = base - slot.last * UNIT, (slot.last - slot.first + 1) * UNIT
    middle = top + high / 2 + 4
    figure = number_text(power, "W") if power is not None else ""
    most_letters = 32 if figure else 42
    label = slot.title if len(slot.title) <= most_letters else slot.title[: most_letters - 1].rstrip(" ,") + "…"
    return (
        f'<g><title>{escape(slot.title)}: {escape(figure or "no power figure")}</title><rect x="{left}" y="{top:.1f}" width="{BODY}" height="{high:.1f}" class="{kind}" fill-opacity="{opacity:.2f}"/>'
        f'<rect x="{left}" y="{top:.1f}" width="{BODY}" height="{high:.1f}" class="edge"/><text x="{left + 6}" y="{middle:.1f}" font-size="11">{escape(label)}</text>'
        f'<text x="{left + BODY - 6}" y="{middle:.1f}" font-size="11" text-anchor="end">{escape(figure)}</text></g>'
    )  # fmt: skip
