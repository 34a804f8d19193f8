"""Numbers as people read them: the field's units, and the digits that the interval allows."""

from __future__ import annotations

import math

_PREFIXED = {"W": "W", "byte": "B", "byte/s": "B/s", "FLOP/s": "FLOP/s", "FLOP": "FLOP", "token/s": "tok/s", "token": "tok", "J": "J", "Hz": "Hz", "Pa": "Pa"}
_COUNTED = ("token/s", "token")  # thousands of these are said in full
_PREFIXES = ((1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"))
_PLAIN = {
    "m3/s": (60e3, "L/min"), "m3/s/W": (60e6, "L/min/kW"), "temperature_k": (1.0, "°C"), "K": (1.0, "K"), "rack/wk": (1.0, "racks/wk"), "rack": (1.0, "racks"), "d": (1.0, "d"),
    "kg": (1.0, "kg"), "m": (1.0, "m"), "V": (1.0, "V"), "A": (1.0, "A"), "h": (1.0, "h"), "wk": (1.0, "wk"), "1/yr": (1.0, "/yr"), "m2": (1.0, "m²"), "month": (1.0, "months"),
}  # fmt: skip
THIN = " "  # between thousands, and between number and unit; the page makes it one that does not break


def place_for(value: float, low: float | None, high: float | None) -> int:
    """Decimal place of the last digit shown, negative for tens, hundreds, ...: a tenth to a third of the interval's half-width.

    Without an interval three significant digits are shown; never more than four.
    """
    has_span = low is not None and high is not None and high > low
    half = (high - low) / 2.0 if has_span else 0.0  # type: ignore[operator]
    size = max(abs(value), half)
    if size == 0.0 or not math.isfinite(size):
        return 0
    most = 3 - math.floor(math.log10(size))
    return min(most, -math.floor(math.log10(half / 3.0))) if has_span else most - 1


def rounded(value: float, place: int) -> str:
    """A number rounded to a decimal place, without exponent, thousands set apart."""
    if not math.isfinite(value):
        return "∞" if value > 0 else ("−∞" if value < 0 else "n/a")
    text = f"{round(value, place) + 0.0:,.{max(place, 0)}f}"
    text = text[1:] if text.startswith("-") and not text.strip("-0.,") else text  # no minus before a rounded nought
    return text.replace(",", THIN).replace("-", "−")


def scale_of(value: float, unit: str) -> tuple[float, str]:
    """Factor and unit in which a value of an SI unit reads well."""
    size = abs(value)
    if unit in _PREFIXED:
        for factor, prefix in _PREFIXES:
            if unit in _COUNTED and prefix == "k":
                continue
            if size >= factor * 0.9995 or (factor == 1.0 and (size == 0.0 or unit in ("byte", "token", "FLOP"))):
                return 1.0 / factor, prefix + _PREFIXED[unit]
        return 1e9, "n" + _PREFIXED[unit]
    if unit == "s":
        for factor, name in ((86400.0, "d"), (3600.0, "h"), (1.0, "s"), (1e-3, "ms")):
            if size >= factor * (2.0 if name == "d" else 1.0):
                return 1.0 / factor, name
        return 1e6, "µs"
    if unit == "1":
        return 1.0, ""
    return _PLAIN.get(unit, (1.0, unit))


def number_text(value: float | None, unit: str, low: float | None = None, high: float | None = None, *, name: str = "", span: bool = True) -> str:
    """A figure for a reader: "187 kW (171–204)", "$4.1M (3.6–4.8)", "41 %". None reads "unknown"."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "unknown"
    has_span = low is not None and high is not None and high - low > 1e-4 * max(abs(value), abs(high))
    if unit == "1" and (name.endswith("share") or name.endswith("probability") or name.endswith("margin")):
        factor, after, before = 100.0, f"{THIN}%", ""
    elif unit == "USD":
        factor, after, before = _money(value)
    elif unit == "temperature_k":
        shift = 273.15
        text = f"{value - shift:.1f}".rstrip("0").rstrip(".").replace("-", "−")
        return f"{text}{THIN}°C" + (f" ({low - shift:.0f}–{high - shift:.0f})" if has_span and span and low is not None and high is not None else "")
    else:
        factor, word = scale_of(max(abs(value), (high - low) / 2.0 if has_span and low is not None and high is not None else 0.0), unit)
        after, before = (f"{THIN}{word}" if word else ""), ""
    if unit == "1" and not has_span and float(value).is_integer() and abs(value) < 1e7 and factor == 1.0:
        return f"{int(value):,}".replace(",", THIN).replace("-", "−")
    sign = "−" if value < 0 and before else ""
    place = place_for(value * factor, low * factor if has_span and low is not None else None, high * factor if has_span and high is not None else None)
    digits = rounded(abs(value) * factor if before else value * factor, place)
    if not has_span and "." in digits and (factor == 100.0 or unit == "1" or float(digits.replace(THIN, "").replace("−", "-")).is_integer()):
        digits = digits.rstrip("0").rstrip(".")
    head = f"{sign}{before}{digits}{after}"
    if not (has_span and span):
        return head
    ends = (rounded((low or 0.0) * factor, place), rounded((high or 0.0) * factor, place))
    return f"{head} ({(' to ' if ends[0].startswith('−') else '–').join(ends)})"


def _money(value: float) -> tuple[float, str, str]:
    size = abs(value)
    for factor, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if size >= factor:
            return 1.0 / factor, letter, "$"
    return 1.0, "", "$"


def field_text(name: str, entry: object, unit: str) -> str:
    """A value of plan.json: a plain number or {"value", "low", "high"}."""
    if isinstance(entry, dict):
        return number_text(entry.get("value"), unit, entry.get("low"), entry.get("high"), name=name)
    if entry is None:
        return "unknown"
    if isinstance(entry, (int, float)) and not isinstance(entry, bool):
        return number_text(float(entry), unit, name=name)
    return str(entry)
