"""Units as test programs spell them, brought to the units that figures are read in."""

from __future__ import annotations

import re

from ..errors import BadInput
from ..figures import convert, unit_of

# Lower-cased spellings; the OCP specification leaves units free ("volts, seconds, transfers/sec"), and its samples write these.
_WORDS = {
    "volt": "V", "volts": "V", "millivolts": "mV", "amp": "A", "amps": "A", "ampere": "A", "amperes": "A", "watt": "W", "watts": "W", "kilowatt": "kW", "kilowatts": "kW",
    "second": "s", "seconds": "s", "sec": "s", "secs": "s", "millisecond": "ms", "milliseconds": "ms", "msec": "ms", "microsecond": "us", "microseconds": "us", "usec": "us",
    "nanosecond": "ns", "nanoseconds": "ns", "nsec": "ns", "minute": "min", "minutes": "min", "hour": "h", "hours": "h", "hr": "h", "hrs": "h", "byte": "byte", "bytes": "byte",
    "b": "B", "kb": "kB", "mb": "MB", "gb": "GB", "tb": "TB", "kib": "KiB", "mib": "MiB", "gib": "GiB", "bit": "bit", "bits": "bit", "kilogram": "kg", "kilograms": "kg",
    "meter": "m", "meters": "m", "joule": "J", "joules": "J", "pascal": "Pa", "pascals": "Pa", "kpa": "kPa", "hertz": "Hz", "hz": "Hz", "mhz": "MHz", "ghz": "GHz",
    "token": "token", "tokens": "token", "tok": "token", "flop": "FLOP", "flops": "FLOP", "liter": "L", "liters": "L", "litre": "L", "litres": "L", "l": "L",
    "kw": "kW", "w": "W",
}  # fmt: skip
_WHOLE = {
    "": "1", "1": "1", "count": "1", "counts": "1", "ratio": "1", "fraction": "1", "percent": "pct", "%": "pct", "pct": "pct", "lpm": "L/min", "gpm": "gpm", "rpm": "1/min",
    "kbps": "kbit/s", "mbps": "Mbit/s", "gbps": "Gbit/s", "tbps": "Tbit/s", "tflops": "TFLOP/s", "pflops": "PFLOP/s", "gflops": "GFLOP/s", "issue count": "1",
}  # fmt: skip
_TEMPERATURES = {"c": "C", "celsius": "C", "degc": "C", "°c": "C", "deg c": "C", "degrees c": "C", "degrees celsius": "C", "k": "K", "kelvin": "K", "f": "F", "fahrenheit": "F", "degf": "F", "°f": "F"}  # fmt: skip
# Only this much reaches the unit parser: words, small powers, products and quotients. A number raised to numbers would not end.
_SAFE = re.compile(r"^(?:1/)?[A-Za-zµ°]{1,16}[23]?(?:[*/][A-Za-zµ°]{1,16}[23]?){0,4}$")
_RISKY = re.compile(r"[\d)]\s*(?:\*\*|\^)|[()]")
_PER = ("_per_accelerator", "_per_gpu", "_per_chip")


def unit_of_quantity(name: str) -> str | None:
    """The unit that a quantity's name carries, 'tokens_per_s_per_accelerator' included; None when it carries none."""
    for suffix in _PER:
        name = name.removesuffix(suffix)
    try:
        return unit_of(name)
    except ValueError:
        return None


def stem_of(name: str) -> str:
    """A quantity's name without its unit: 'power_load_w' -> 'power_load', 'supply_temperature_k' -> 'supply_temperature'."""
    unit = unit_of_quantity(name)
    if unit is None:
        return name
    if unit == "temperature_k":
        return name.removesuffix("_k")
    words = name.split("_")
    for count in range(len(words) - 1, 0, -1):  # the shortest ending that means the same unit
        if unit_of_quantity("_".join(words[count:])) == unit:
            return "_".join(words[:count])
    return name


def is_safe_text(text: str) -> bool:
    """True for a written quantity that is short and holds no tower of powers, which would keep a unit parser busy for ever."""
    return len(text) <= 80 and not _RISKY.search(text)


def spelled(unit: str) -> str:
    """A unit as figures read it: 'MB/sec' -> 'MB/s', 'Percent' -> 'pct'. Raises ValueError for what is no unit."""
    text = unit.strip()
    low = text.lower()
    if low in _WHOLE:
        return _WHOLE[low]
    text = re.sub(r"\s+per\s+", "/", text).replace("·", "*").replace("^", "").replace(" ", "")
    # A symbol with capitals says which prefix it means (mW, MW): it is kept; words and all-lower-case spellings are looked up.
    text = re.sub(r"[A-Za-zµ]+", lambda word: _word(word[0]), text)
    if not _SAFE.match(text):
        raise ValueError(f"'{unit[:40]}' is not a unit")
    return text


def _word(word: str) -> str:
    if word.isupper() and word in ("B", "KB", "MB", "GB", "TB"):
        return {"KB": "kB"}.get(word, word)
    if len(word) > 3 or word.islower():
        return _WORDS.get(word.lower(), word)
    return word


def to_unit(value: float, unit: str, into: str) -> float:
    """A measured value in the unit that a quantity is kept in.

    Parameters
    ----------
    value : float
    unit : str
        as the file spells it; '' where it says none, which is then taken as a plain number
    into : str
        'W', 'byte/s', ... or 'temperature_k' for a temperature in kelvin

    Raises ValueError with the reason when they do not measure the same thing.
    """
    if into == "temperature_k":
        scale = _TEMPERATURES.get(unit.strip().lower())
        if scale is None:
            raise ValueError(f"'{unit[:40]}' is not a unit of temperature")
        return {"C": value + 273.15, "K": value, "F": (value - 32.0) / 1.8 + 273.15}[scale]
    if _TEMPERATURES.get(unit.strip().lower(), "K") != "K":
        raise ValueError(f"'{unit[:40]}' is a temperature, and a {into} is asked for")
    try:
        return convert(value, spelled(unit), into)
    except BadInput:
        raise ValueError(f"'{unit[:40]}' does not measure the same as {into}") from None
