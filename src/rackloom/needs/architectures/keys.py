"""Reading the keys of a config: every fault is noted at its place, and reading goes on, so that all are told at once."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ...errors import Fault, Place, nearest

Locate = Callable[[tuple[str | int, ...], bool], Place | None]

MAX_COUNT = 1_000_000_000  # far above any dimension of a model; keeps a slip from becoming a number too large to mean anything
MAX_LAYERS = 10_000


class Keys:
    """The values of one config. A reader that meets a fault returns a harmless value; `faults` holds what was wrong."""

    def __init__(self, values: Mapping[str, Any], architecture: str, locate: Locate):
        self.values = values
        self.architecture = architecture
        self.locate = locate
        self.faults: list[Fault] = []
        self.bad: set[str] = set()
        self.asked: set[str] = set()
        self._missing: list[tuple[str, str]] = []
        self._inside: list[Keys] = []

    def inside(self, key: str) -> Keys:
        """The keys of a mapping within this one, such as `text_config`; its faults are told with these. A fault where it is no mapping."""
        value = self.values.get(key)
        self.asked.add(key)
        if value is None:
            self.miss(key, "a mapping")
        elif not isinstance(value, Mapping):
            self.wrong(key, value, "expected a mapping")
        found = Keys(value if isinstance(value, Mapping) else {}, self.architecture, lambda path, is_key: self.locate((key, *path), is_key))
        if isinstance(value, Mapping):  # else its missing keys would be told too
            self._inside.append(found)
        return found

    def has(self, key: str) -> bool:
        """True where the key is there and not null."""
        self.asked.add(key)
        return self.values.get(key) is not None

    def count(self, key: str, *, default: int | None = None, low: int = 1, high: int = MAX_COUNT) -> int:
        """A whole number from `low` to `high`; `default` where the key is absent or null, a fault where there is none."""
        if not self.has(key):
            if default is None:
                self.miss(key, "a whole number")
                return max(low, 1)
            return default
        value = self.values[key]
        if isinstance(value, bool) or not isinstance(value, int):
            self.wrong(key, value, f"expected a whole number of {low} or more", _unquoted(value))
        elif value < low:
            self.wrong(key, value, f"expected a whole number of {low} or more", "Take it from the model's published config.json.")
        elif value > high:
            self.wrong(key, value, f"larger than any model has ({high:,})", "Take it from the model's published config.json.")
        else:
            return value
        return max(low, 1)

    def flag(self, key: str, *, default: bool = False) -> bool:
        """true or false; `default` where the key is absent or null."""
        if not self.has(key):
            return default
        value = self.values[key]
        if isinstance(value, bool):
            return value
        self.wrong(key, value, "expected true or false", "Write true or false, without quotes.")
        return default

    def word(self, key: str, allowed: tuple[str, ...], *, default: str) -> str:
        """One of `allowed`; `default` where the key is absent or null."""
        if not self.has(key):
            return default
        value = self.values[key]
        if value in allowed:
            return str(value)
        self.wrong(key, value, f"expected {', '.join(allowed)}")
        return default

    def words(self, key: str, allowed: tuple[str, ...], length: int, of: str) -> tuple[str, ...] | None:
        """A list of `length` words, each one of `allowed`; None where the key is absent or faulty."""
        if not self.has(key):
            return None
        value = self.values[key]
        if not isinstance(value, list):
            self.wrong(key, value, f"expected a list of {', '.join(allowed)}")
            return None
        strange = [(index, word) for index, word in enumerate(value) if word not in allowed]
        for index, word in strange:
            self.bad.add(key)
            self.faults.append(Fault(f"{key}[{index}]: {shown(word)} is not known", self.locate((key, index), False), nearest(word, allowed), f"Known: {', '.join(allowed)}."))
        if of not in self.bad and len(value) != length:
            self.bad.add(key)
            self.faults.append(Fault(f"{key}: {len(value)} entries, while {of} is {length}", self.locate((key,), False), mend="Give one entry for each layer."))
        return None if key in self.bad else tuple(value)

    def choices(self, key: str, allowed: tuple[int, ...], length: int, of: str) -> tuple[int, ...] | None:
        """A list of `length` numbers, each one of `allowed`; None where the key is absent or faulty."""
        if not self.has(key):
            return None
        value = self.values[key]
        if not isinstance(value, list) or any(isinstance(item, bool) or item not in allowed for item in value):
            self.wrong(key, value, f"expected a list of {' and '.join(map(str, allowed))}")
        elif of not in self.bad and len(value) != length:
            self.wrong(key, value, f"{len(value)} entries, while {of} is {length}", "Give one entry for each layer.")
        return None if key in self.bad else tuple(value)

    def indices(self, key: str) -> frozenset[int]:
        """A list of layer numbers, from 0; empty where the key is absent."""
        if not self.has(key):
            return frozenset()
        value = self.values[key]
        if isinstance(value, list) and all(isinstance(item, int) and not isinstance(item, bool) and item >= 0 for item in value):
            return frozenset(value)
        self.wrong(key, value, "expected a list of layer numbers, from 0")
        return frozenset()

    def check(self, holds: bool, keys: tuple[str, ...], what: str, mend: str) -> None:
        """Note a fault at the first of `keys` where a rule between sound keys does not hold."""
        if not holds and not self.bad.intersection(keys):
            self.faults.append(Fault(what, self.locate((keys[0],), False), mend=mend))
            self.bad.add(keys[0])

    def wrong(self, key: str, value: Any, what: str, mend: str = "") -> None:
        """Note that a key's value is not of the form that it should have."""
        self.bad.add(key)
        self.faults.append(Fault(f"{key}: {shown(value)}: {what}", self.locate((key,), False), mend=mend))

    def miss(self, key: str, form: str) -> None:
        """Note that a key is not there; told by `missing`, when all keys that mean something are known."""
        self.bad.add(key)
        self._missing.append((key, form))

    def missing(self) -> list[Fault]:
        """Faults for the keys that are not there, each with a key of the file that looks like it."""
        spare = [key for key in self.values if key not in self.asked]
        faults = []
        for key, form in self._missing:
            close = next(iter(difflib.get_close_matches(key, spare, n=1, cutoff=0.8)), "")
            is_null = key in self.values
            what = f"'{key}' is {'null' if is_null else 'missing'}: {self.architecture} needs it ({form})"
            mend = f"Rename it to '{key}'." if close else "Take it from the model's published config.json."
            faults.append(Fault(what, self.locate((close or key,), bool(close)), close, mend))
        return faults

    def all_faults(self) -> list[Fault]:
        """Everything that was wrong, in the order of the file."""
        within = [fault for keys in self._inside for fault in keys.all_faults()]
        return sorted([*self.faults, *self.missing(), *within], key=lambda fault: (fault.place.line, fault.place.column) if fault.place else (0, 0))


def shown(value: Any) -> str:
    """A value as it would stand in JSON, cut where it is long."""
    words: Mapping[Any, str] = {None: "null", True: "true", False: "false"}
    if value is None or isinstance(value, bool):
        return words[value]
    if isinstance(value, int) and abs(value) >= 10**18:
        return "a number of more than 18 digits"
    text = f"'{value}'" if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _unquoted(value: Any) -> str:
    if isinstance(value, str) and value.strip().lstrip("+-").isascii() and value.strip().lstrip("+-").isdigit():
        return f"Write {value.strip()[:20]} without quotes."
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return f"Write {int(value)}."
    return "Take it from the model's published config.json."


def first_given(keys: Keys, names: Iterable[str]) -> str:
    """The first of several names of one thing that the config uses; the first name where it uses none."""
    names = tuple(names)
    return next((name for name in names if keys.has(name)), names[0])
