"""A figure: value, unit, basis, source, grade. Units are read at the door; inside, floats are SI.

People write "132 kW", "1.5 L/min", "40 C", "2 to 3.5 /yr", "15e12"; `read_quantity` and `read_range` turn that into
floats in the unit that the reader asks for. A temperature ("40 C") and a temperature difference ("10 K") are different
quantities: ask for "temperature_k" or "K".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from .errors import BadInput, Fault, nearest
from .everyday_units import FACTORS

GRADES = {
    "A": "read in the maker's or authority's own text",
    "B": "careful transcription that names it",
    "C": "press or a single secondary page",
    "D": "estimate by someone named",
    "E": "our assumption",
}

# Only the units of the field, so that a slip such as 'kw' or 'C' for coulomb cannot pass for something else.
_UNITS = """
kilo- = 1e3 = k-
mega- = 1e6 = M-
giga- = 1e9 = G-
tera- = 1e12 = T-
peta- = 1e15 = P-
exa- = 1e18 = E-
milli- = 1e-3 = m-
micro- = 1e-6 = u-
nano- = 1e-9 = n-
kibi- = 1024 = Ki-
mebi- = 1048576 = Mi-
gibi- = 1073741824 = Gi-
tebi- = 1099511627776 = Ti-
meter = [length] = m
gram = [mass] = g
second = [time] = s
ampere = [current] = A
kelvin = [temperature] = K
byte = [information] = B
flop = [operation] = FLOP
token = [token] = tok
rack = [rack] = _ = racks
dollar = [currency] = USD
person = [person]
sample = [sample]
bit = byte / 8 = bit
minute = 60 * second = min
hour = 3600 * second = h
day = 86400 * second = d = days
week = 604800 * second = wk = weeks
year = 365.25 * day = yr = years = y
month = year / 12 = month = months
quarter = year / 4 = quarter = quarters
hertz = 1 / second = Hz
newton = kilogram * meter / second ** 2 = N
pascal = newton / meter ** 2 = Pa
bar = 100000 * pascal = bar
psi = 6894.757293168361 * pascal = psi
joule = newton * meter = J
watt = joule / second = W
watthour = 3600 * joule = Wh
volt = watt / ampere = V
ohm = volt / ampere = ohm
farad = ampere * second / volt = farad
liter = 1e-3 * meter ** 3 = L
gallon = 3.785411784 * liter = gal
gpm = gallon / minute = gpm
foot = 0.3048 * meter = ft
inch = 0.0254 * meter = inch
mile = 1609.344 * meter = mile
sqft = foot ** 2 = sqft
acre = 4046.8564224 * meter ** 2 = acre
cfm = foot ** 3 / minute = cfm
pound = 0.45359237 * kilogram = lb
degree = 0.017453292519943295 = deg
percent = 0.01 = pct
"""

_BARE = {"1", "token", "rack", "person", "sample"}  # counts: a bare number is enough
_EXAMPLES = {
    "W": "132 kW", "V": "50 V", "A": "360 A", "byte": "192 GB", "byte/s": "8 TB/s", "FLOP/s": "2.5 PFLOP/s", "s": "2 s", "d": "90 d",
    "kg": "1360 kg", "m": "1.2 m", "m3/s": "85 L/min", "Pa": "50 psi", "K": "10 K", "temperature_k": "40 C", "USD": "3.9 MUSD",
    "token/s": "2e6 tok/s", "rack/d": "200 racks/quarter", "1": "41 %", "J": "60 J", "1/yr": "2 /yr", "USD/J": "0.07 USD/kWh",
}  # fmt: skip

_NUMBER = r"[-+]?(?:\d[\d_,]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_QUANTITY = re.compile(rf"^\s*(?P<number>{_NUMBER})\s*(?P<unit>.*?)\s*$")
_RANGE = re.compile(rf"^\s*(?P<low>{_NUMBER})\s*(?P<low_unit>[^\d\s].*?)?\s+to\s+(?P<high>{_NUMBER})\s*(?P<unit>.*?)\s*$")
_UNIT = re.compile(r"^(?:1|[A-Za-z]+(?:\*\*[23])?)(?: ?[*/] ?[A-Za-z]+(?:\*\*[23])?){0,5}$")  # nothing that the parser could be made to compute with
_COUNTED = re.compile(r"^\s*(?P<count>[-+]?\d+)\s*x\s+(?P<thing>.+?)\s*$")


@lru_cache(maxsize=1)
def _registry() -> Any:
    import pint  # imported when the first unit is read, so that --help stays quick

    registry: Any = pint.UnitRegistry(None)
    registry.load_definitions(_UNITS.strip().splitlines())
    return registry


def _tidy(unit: str) -> str:
    unit = unit.strip().replace("µ", "u").replace("·", "*").replace("^", "**").replace("$", "USD").replace("%", "pct")
    unit = re.sub(r"\bGbps\b", "Gbit/s", unit)
    unit = re.sub(r"\b([kMGTP]?)b/s\b", r"\1bit/s", unit)
    unit = re.sub(r"(?<=[A-Za-z])([23])\b", r"**\1", unit)  # m3/s -> m**3/s
    unit = re.sub(r"\b(?:tokens|Tok|toks)\b", "token", unit)
    return f"1{unit}" if unit.startswith("/") else unit


def _known_units() -> list[str]:
    return ["W", "kW", "MW", "V", "A", "kg", "m", "mm", "m2", "m3", "s", "ms", "min", "h", "d", "wk", "month", "quarter", "yr", "Pa", "kPa", "bar",
            "psi", "L/min", "gpm", "m3/s", "cfm", "K", "C", "B", "GB", "TB", "GiB", "GB/s", "TB/s", "Gbit/s", "TFLOP/s", "PFLOP/s", "tok/s", "USD",
            "kUSD", "MUSD", "USD/kWh", "racks/quarter", "racks/wk", "J", "kWh", "Hz", "ohm", "%", "L", "lb", "ft", "sqft"]  # fmt: skip


@lru_cache(maxsize=4096)
def _factor(unit: str, into: str) -> float:
    """Multiplier from `unit` to `into`; ValueError with the reason when they do not convert."""
    if unit == into:
        return 1.0
    everyday = FACTORS.get((unit, into))
    return _parsed_factor(unit, into) if everyday is None else everyday


def _parsed_factor(unit: str, into: str) -> float:
    """The multiplier from the units' definitions."""
    registry = _registry()
    try:
        if unit not in ("", "1") and not _UNIT.match(_tidy(unit)):
            raise ValueError(unit)
        given = registry.parse_units(_tidy(unit)) if unit not in ("", "1") else registry.dimensionless
    except Exception as error:  # pint raises a family of its own and tokenizer errors; all mean the same here
        close = nearest(unit, _known_units())
        raise ValueError(f"unknown unit '{unit}'" + (f"; nearest: '{close}'" if close else "")) from error
    wanted = registry.parse_units(_tidy(into)) if into not in ("", "1") else registry.dimensionless
    if given.dimensionality != wanted.dimensionality:
        raise ValueError(f"'{unit}' is not a unit for this")
    return float((1.0 * given).to(wanted).magnitude)


def convert(value: float, unit: str, into: str) -> float:
    """A value in `unit` as a value in `into`; raises BadInput when they measure different things."""
    try:
        return value * _factor(unit, into)
    except ValueError as error:
        raise BadInput(Fault(f"{value:g} {unit}: {error}", mend=f"Expected a unit that converts to {into}.")) from error


def _expected(unit: str) -> str:
    example = _EXAMPLES.get(unit)
    return f"expected a number with a unit, such as '{example}'" if example else f"expected a number with a unit that converts to {unit}"


def _number(text: str) -> float:
    return float(text.replace("_", "").replace(",", ""))


def _scaled(number: float, written: str, unit: str, text: object) -> float:
    text = f"{text:g}" if isinstance(text, float) else text
    if unit == "temperature_k":
        if written == "C":
            return number + 273.15
        if written == "K":
            return number
        raise ValueError(f"'{text}': a temperature is written in C or K, such as '40 C'")
    if unit == "K" and written == "C":
        raise ValueError(f"'{text}': a temperature difference is written in K, such as '10 K'; 'C' is for temperatures")
    if not written:
        if unit in _BARE:
            return number
        raise ValueError(f"'{text}' has no unit: {_expected(unit)}")
    if written == "C":
        raise ValueError(f"'{text}' is a temperature: {_expected(unit)}")
    try:
        return number * _factor(written, unit)
    except ValueError as error:
        raise ValueError(f"'{text}': {error}; {_expected(unit)}") from None


def read_quantity(text: object, unit: str) -> float:
    """A written quantity as a float in `unit`.

    Parameters
    ----------
    text : str or number
        "132 kW", "40 C", "15e12"; a bare number only where `unit` counts things ("1", "token", "rack", ...)
    unit : str
        the unit wanted ("W", "m3/s", "byte/s", "1", ...), or "temperature_k" for a temperature in kelvin

    Raises ValueError with what was expected.
    """
    if isinstance(text, bool) or text is None:
        raise ValueError(f"'{text}' is not a quantity: {_expected(unit)}")
    if isinstance(text, (int, float)):
        return _scaled(float(text), "", unit, text)
    match = _QUANTITY.match(str(text))
    if not match:
        raise ValueError(f"'{text}' is not a quantity: {_expected(unit)}")
    return _scaled(_number(match["number"]), match["unit"], unit, text)


@dataclass(frozen=True)
class Range:
    """A value or a span of values; `low == high` when one value was given."""

    low: float
    high: float

    @property
    def middle(self) -> float:
        """Centre of the span, the value used where one is needed."""
        return 0.5 * (self.low + self.high)


def read_range(text: object, unit: str) -> Range:
    """ "100 to 400 racks/quarter" or a single quantity, in `unit`. Raises ValueError."""
    match = _RANGE.match(text) if isinstance(text, str) else None
    if not match:
        value = read_quantity(text, unit)
        return Range(value, value)
    written = match["unit"]
    low = _scaled(_number(match["low"]), match["low_unit"] or written, unit, text)
    high = _scaled(_number(match["high"]), written, unit, text)
    if low > high:
        raise ValueError(f"'{text}': the first of a range is the smaller one")
    return Range(low, high)


def read_counted(text: object) -> tuple[int, str]:
    """ "10 x compute" -> (10, "compute"); "compute" -> (1, "compute"). Raises ValueError."""
    match = _COUNTED.match(str(text))
    if not match:
        word = str(text).strip()
        if not word:
            raise ValueError("empty: expected '10 x NAME' or 'NAME'")
        return 1, word
    count = int(match["count"])
    if count <= 0:
        raise ValueError(f"'{text}': a count is 1 or more")
    return count, match["thing"]


# Longest suffix first: the unit of a figure stands in its name.
_SUFFIXES = {
    "temperature_k": "temperature_k", "thermal_resistance_k_per_w": "K/W", "flow_m3_per_s_per_w": "m3/s/W", "m3_per_s_per_w": "m3/s/W",
    "kg_per_m3": "kg/m3", "j_per_kg_k": "J/kg/K", "w_per_m_k": "W/m/K", "pa_s": "Pa*s", "bytes_per_s": "byte/s", "flop_per_s": "FLOP/s",
    "bits_per_s": "bit/s", "m3_per_s": "m3/s", "kg_per_s": "kg/s", "m_per_s": "m/s", "usd_per_kwh": "USD/kWh", "usd_per_s": "USD/s",
    "usd_per_h": "USD/h", "usd_per_year": "USD/yr", "usd_per_m2": "USD/m2", "per_year": "1/yr", "per_hour": "1/h", "per_s": "1/s",
    "per_day": "1/d", "per_week": "1/wk", "per_month": "1/month", "per_quarter": "1/quarter", "racks_per_day": "rack/d",
    "racks_per_week": "rack/wk", "racks_per_month": "rack/month", "tokens_per_s": "token/s", "s_per_m": "s/m", "kg_per_m": "kg/m", "ohm_per_m": "ohm/m", "k_per_w": "K/W", "w_per_s": "W/s", "j_per_k": "J/K",
    "ohm_m": "ohm*m", "tokens": "token", "bytes": "byte", "flop": "FLOP", "usd": "USD", "weeks": "wk", "days": "d", "hours": "h",
    "minutes": "min", "months": "month", "years": "yr", "kwh": "kWh", "count": "1", "share": "1", "ratio": "1", "level": "1", "ru": "1",
    "ou": "1", "pa": "Pa", "kg": "kg", "m2": "m2", "m3": "m3", "hz": "Hz", "ohm": "ohm", "deg": "deg", "w": "W", "v": "V", "a": "A",
    "k": "K", "m": "m", "s": "s", "j": "J",
}  # fmt: skip
_ORDERED_SUFFIXES = sorted(_SUFFIXES, key=lambda suffix: -len(suffix))


def unit_of(name: str) -> str:
    """The unit that a field's name carries: unit_of("power_w") == "W". Raises ValueError when it carries none."""
    for suffix in _ORDERED_SUFFIXES:
        if name == suffix or name.endswith("_" + suffix):
            return _SUFFIXES[suffix]
    raise ValueError(f"'{name}' does not say its unit: end the name in one of " + ", ".join(sorted(_SUFFIXES)))


@dataclass(frozen=True)
class Source:
    """Where a figure was read."""

    key: str
    kind: str  # standard, data sheet, measured, paper, regulation, press, third party, estimate, assumption
    title: str
    publisher: str = ""
    date: str = ""
    url: str = ""


@dataclass(frozen=True)
class Figure:
    """A value with its story. `value`, `low` and `high` are in `unit`."""

    key: str  # "catalog.gb200.tdp_w", or the place in a program: "program.needs.chat.rate"
    value: float
    unit: str
    source: str  # key of a Source, or "program.yaml:14"
    grade: str
    basis: str = ""
    low: float | None = None
    high: float | None = None
    note: str = ""
    announced: bool = False
    others: tuple[Figure, ...] = field(default=(), repr=False)  # conflicting figures that the rule passed over
    rule: str = ""  # why this one was picked, where there were others

    def __post_init__(self) -> None:
        if self.grade not in GRADES:
            raise ValueError(f"{self.key}: grade '{self.grade}' is not on the ladder {', '.join(GRADES)}")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"{self.key}: low {self.low:g} is above high {self.high:g}")


def assumption(key: str, value: float, unit: str, *, low: float | None = None, high: float | None = None, source: str = "assumption", note: str = "") -> Figure:
    """A figure of grade E: ours, or the user's own where `source` names the line of the program."""
    return Figure(key, value, unit, source, "E", low=low, high=high, note=note)


def from_range(key: str, span: Range, unit: str, *, source: str, grade: str = "E", note: str = "") -> Figure:
    """A user's own value or range as a figure: what was said is kept as it is, without a spread of our own."""
    return Figure(key, span.middle, unit, source, grade, low=span.low, high=span.high, note=note)
