"""From any figure of a plan to formula and sources, and what moved between two plans and why."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import Unknown
from ..ledger import Ledger, Row, weakest_grade
from ..rack import shipped_designs

DEEP = 12  # levels of a derivation that are shown; deeper ones are named


@dataclass(frozen=True)
class Step:
    """One line of an explanation: how deep, which row, and whether it was already shown above."""

    depth: int
    row: Row
    again: bool = False


@dataclass(frozen=True)
class Explanation:
    """A figure, the steps that lead to it, and the inputs that it rests on."""

    key: str
    steps: tuple[Step, ...]
    roots: tuple[Row, ...]
    weakest: str

    @property
    def assumptions(self) -> tuple[Row, ...]:
        """The inputs that are estimates or assumptions."""
        return tuple(row for row in self.roots if row.grade in ("D", "E"))


def explain_key(ledger: Ledger, key: str) -> Explanation:
    """Walk a figure back to its sources. A unique ending of a key is enough. Raises Unknown with the nearest key."""
    key = find_key(ledger, key)
    steps: list[Step] = []
    shown: set[str] = set()

    def walk(name: str, depth: int) -> None:
        row = ledger[name]
        again = name in shown and bool(row.inputs)
        steps.append(Step(depth, row, again))
        shown.add(name)
        if not again and depth < DEEP:
            for child in row.inputs:
                if child in ledger:
                    walk(child, depth + 1)

    walk(key, 0)
    roots = tuple(ledger.roots_of(key))
    return Explanation(key, tuple(steps), roots, weakest_grade(roots))


def find_key(ledger: Ledger, key: str) -> str:
    """The full key for a key or a unique ending of one."""
    if key in ledger:
        return key
    ends = [name for name in list(ledger.keys()) if name.endswith("." + key)]
    if len(ends) == 1:
        return ends[0]
    mend = f"It ends several keys: {', '.join(ends[:6])}." if ends else "`rackloom explain PLAN` lists the keys."
    raise Unknown("figure", key, ledger.keys(), mend=mend)


@dataclass(frozen=True)
class Move:
    """A figure that moved between two plans, and which inputs moved it."""

    key: str
    unit: str
    before: float | None
    after: float | None
    causes: tuple[str, ...]  # keys of inputs that changed under it
    cause_kinds: tuple[str, ...]  # inputs, catalogue, law, code


def diff_ledgers(before: Ledger, after: Ledger, *, tolerance: float = 1e-9) -> list[Move]:
    """Figures that differ, computed ones first by how much they moved, each with the inputs that moved it."""
    moved_roots = {row.key for side, other in ((before, after), (after, before)) for row in side if not row.formula and _differs(row, other, tolerance)}
    moves = []
    for key in dict.fromkeys([*after.keys(), *before.keys()]):
        old, new = before.row(key), after.row(key)
        if old is not None and new is not None and not _moved(old.value, new.value, tolerance):
            continue
        causes = [row.key for row in (after if new is not None else before).roots_of(key) if row.key in moved_roots]
        kinds = sorted({_kind(cause, before, after) for cause in causes}) or ["inputs" if old is None or new is None else "code"]
        row = new or old
        assert row is not None
        moves.append(Move(key, row.unit, old.value if old else None, new.value if new else None, tuple(causes), tuple(kinds)))
    return sorted(moves, key=lambda move: (not _is_computed(move.key, before, after), -_size(move), move.key))


LAW = ("far-", "baba-", "ftc-", "hts-", "s122-", "s232-", "s301-", "tariff-", "trade-agreements", "chips-48d")  # how items of law are named in the catalogue


def kind_of_input(row: Row) -> str:
    """What an input is: the user's own (`inputs`), law, or the rest of what ships (`catalogue`)."""
    stage, _, rest = row.key.partition(".")
    if stage == "catalog":
        own = any(source.startswith("own:") or ".yaml:" in source for source in row.sources)  # set by a program or a private folder
        return "inputs" if own else "law" if rest.startswith(LAW) else "catalogue"
    if stage == "design":
        return "catalogue" if rest.partition(".")[0] in shipped_designs() else "inputs"
    if stage == "preset" or (stage == "offers" and "assumption" in row.sources):
        return "catalogue"
    return "inputs"


def _kind(cause: str, before: Ledger, after: Ledger) -> str:
    """An input that is the user's own on either side is theirs: they set it, or took their setting back."""
    kinds = sorted(kind_of_input(side[cause]) for side in (before, after) if cause in side)
    return "inputs" if "inputs" in kinds else kinds[0]


def _is_computed(key: str, before: Ledger, after: Ledger) -> bool:
    return any(key in side and bool(side[key].formula) for side in (after, before))


def _differs(row: Row, other: Ledger, tolerance: float) -> bool:
    return row.key not in other or _moved(row.value, other[row.key].value, tolerance) or row.sources != other[row.key].sources


def _moved(old: float, new: float, tolerance: float) -> bool:
    if old == new or (old != old and new != new):
        return False
    return not abs(new - old) <= tolerance * max(abs(old), abs(new))


def _size(move: Move) -> float:
    if move.before is None or move.after is None:
        return -1.0  # appeared or vanished: told after what moved
    scale = max(abs(move.before), abs(move.after))
    return abs(move.after - move.before) / scale if scale else 0.0
