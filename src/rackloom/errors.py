"""What can go wrong, in one tree, and how it is told.

RackloomError                exit status 3: could not finish
├── BadInput                 exit status 2: faults in what was given, all at once, each with its place
├── OutOfRange               exit status 2: a physics function was asked beyond its validity (also a ValueError)
├── Unknown                  exit status 2: a name that nothing answers to (also a KeyError)
└── Unfinished               exit status 3: what was done is kept, the rest was not reached
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """Where in a file something stands; lines and columns count from 1."""

    file: str
    line: int = 0
    column: int = 0
    text: str = ""  # the line itself, for the caret

    def __str__(self) -> str:
        return ":".join([self.file, *(str(n) for n in (self.line, self.column) if n)])


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: what, where, the nearest valid thing, and the mend."""

    what: str
    place: Place | None = None
    nearest: str = ""
    mend: str = ""

    def __str__(self) -> str:
        head = f"{self.place}: {self.what}" if self.place else self.what
        hints = [f"nearest: '{self.nearest}'."] if self.nearest else []
        hints += [self.mend] if self.mend else []
        hint = " ".join(hints)
        if self.place and self.place.text.strip():
            shown = self.place.text.rstrip()[:160]
            caret = " " * max(0, min(self.place.column, 160) - 1) + "^"
            return f"{head}\n    {shown}\n    {caret} {hint}".rstrip()
        return f"{head}\n    {hint}" if hint else head


class RackloomError(Exception):
    """Base of all errors that Rackloom raises on purpose."""

    status = 3


class BadInput(RackloomError):
    """Faults found in the input before any work started; holds all of them."""

    status = 2

    def __init__(self, faults: Iterable[Fault] | Fault | str):
        if isinstance(faults, str):
            faults = Fault(faults)
        self.faults: tuple[Fault, ...] = (faults,) if isinstance(faults, Fault) else tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class OutOfRange(RackloomError, ValueError):
    """A function was asked outside the range in which its formula holds."""

    status = 2


class Unknown(RackloomError, KeyError):
    """A name that nothing answers to, with the nearest that exists."""

    status = 2

    def __init__(self, kind: str, name: str, choices: Iterable[str], mend: str = ""):
        self.fault = Fault(f"no {kind} '{name}'", nearest=nearest(name, choices), mend=mend)
        super().__init__(str(self.fault))

    def __str__(self) -> str:
        return str(self.fault)


class Unfinished(RackloomError):
    """Work stopped before its end; the message says what is kept and where."""


def nearest(word: object, choices: Iterable[str]) -> str:
    """The closest of `choices` to `word`, or '' when none is close."""
    folded: dict[str, str] = {}
    for choice in choices:
        folded.setdefault(choice.lower(), choice)
    found = difflib.get_close_matches(str(word).lower(), list(folded), n=1, cutoff=0.5)
    return folded[found[0]] if found else ""
