"""Small wordings of the one-line answer."""

from __future__ import annotations

from ..draws import Number, central, interval


def money_text(usd: float) -> str:
    """$4.1M, $31M, $250k"""
    sign, size = ("-" if usd < 0 else ""), abs(usd)
    for factor, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if size >= factor:
            shown = size / factor
            return f"{sign}${shown:.1f}{letter}" if shown < 10 else f"{sign}${shown:.0f}{letter}"
    return f"{sign}${size:.0f}"


def span_text(value: Number, scale: float) -> str:
    """3.6-4.8: the 80 % interval in units of `scale`, or the value itself where there is none."""
    ends = interval(value) or (central(value), central(value))
    places = 1 if max(abs(end) for end in ends) / scale < 10 else 0
    return "-".join(f"{end / scale:.{places}f}" for end in ends)
