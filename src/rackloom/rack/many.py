"""Many racks of one shape through every check at once: a design with some of its figures as arrays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from ..catalog import table
from ..draws import Draws, Number
from ..errors import BadInput, Fault, OutOfRange, Unknown
from ..figures import Figure
from ..ledger import Ledger, Row
from .describe import facts_of
from .nouns import Check, Design
from .reliability import reliability_of
from .rule import Facts
from .states import NORMAL
from .words import ASSEMBLY, BUSBAR, CABLING, COOLANT, ENVIRONMENT, PLATES, PORTS, POWER, SERVICE, STANDING, Words

BLOCK = 20_000  # designs at once: bounds memory
_NO_ROW = Row("", 0.0, "")


@dataclass(frozen=True)
class ManyChecks:
    """Checks of n designs. Rows of the arrays are the checks, columns the designs; a margin is NaN where a check cannot be made."""

    ids: tuple[str, ...]
    margin: np.ndarray  # (checks, n)
    value: np.ndarray  # (checks, n)
    limit: np.ndarray  # (checks, n)
    missing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # of the checks that cannot be made
    figures: Mapping[str, np.ndarray] = field(default_factory=dict)  # (n,): load, flow, return, ... by the names of a RackAnswer

    def of(self, check: str) -> np.ndarray:
        """Margins of one check. Raises Unknown."""
        if check not in self.ids:
            raise Unknown("check", check, self.ids)
        return np.asarray(self.margin[self.ids.index(check)])

    @property
    def passes(self) -> np.ndarray:
        """True for the designs that fail no check."""
        return ~np.any(self.margin < -1e-12, axis=0)


class _Varied(Draws):
    """Figures as arrays over designs; the others stay at their central values."""

    def __init__(self, arrays: Mapping[str, np.ndarray]):
        super().__init__(seed=0, count=0)
        object.__setattr__(self, "arrays", dict(arrays))

    def of(self, figure: Figure) -> Number:  # type: ignore[override]
        """The array of a figure, or its central value."""
        arrays: Mapping[str, np.ndarray] = self.__dict__["arrays"]
        return arrays.get(figure.key, figure.value)


class _Quick(Ledger):
    """A ledger of numbers alone: what is asked for by key is there, and no row is worked out."""

    def take(self, figure: Figure) -> Number:
        if figure.key not in self._values:
            self._values[figure.key] = self._number(figure)
            self._rows[figure.key] = _NO_ROW
        return self._values[figure.key]

    def put(self, key: str, value: Number, unit: str, formula: str, inputs: Iterable[str] = (), *, note: str = "", basis: str = "") -> Number:  # noqa: ARG002 - a ledger's signature
        self._values[key] = value
        self._rows[key] = _NO_ROW
        return value


def check_many(design: Design, values: Mapping[str, np.ndarray], *, case: str = NORMAL) -> ManyChecks:
    """Every check of many racks that differ in some figures.

    Parameters
    ----------
    design : Design
        the shape of all of them
    values : mapping
        words of the rack file ('coolant.supply', 'power.load', 'assemblies.compute.power', 'environment.altitude') or figures of the
        catalogue ('gb300.tdp_w') -> ndarray, shape (n,), SI
    case : str
        the state that is looked at

    Returns
    -------
    ManyChecks : margins, values and limits, (checks, n)

    Raises Unknown for a word that the design does not state, BadInput for arrays of unlike length, OutOfRange for a supply
    temperature beyond the table of flow that the design names.
    """
    arrays = {_figure(design, word).key: np.asarray(array, dtype=float) for word, array in values.items()}
    sizes = {array.shape for array in arrays.values()}
    if len(sizes) != 1 or len(next(iter(sizes))) != 1:
        raise BadInput(Fault(f"arrays of shapes {sorted(sizes)}", mend="Give arrays of one length, a value for each design."))
    _check_supply(design, values)
    count = next(iter(sizes))[0]
    blocks = [_block(design, {key: array[first : first + BLOCK] for key, array in arrays.items()}, case) for first in range(0, count, BLOCK)]
    if not blocks:
        raise BadInput(Fault("no designs", mend="Give arrays of one value or more."))
    first = blocks[0]
    joined = [np.concatenate([getattr(block, name) for block in blocks], axis=1) for name in ("margin", "value", "limit")]
    figures = {name: np.concatenate([block.figures[name] for block in blocks]) for name in first.figures}
    return ManyChecks(first.ids, joined[0], joined[1], joined[2], first.missing, figures)


def _block(design: Design, arrays: Mapping[str, np.ndarray], case: str) -> ManyChecks:
    from .checks import run_checks

    book = _Quick(_Varied(arrays))
    facts = facts_of(design, design.name, book, case)
    if design.service.spares:
        facts = replace(facts, reliability=reliability_of(facts, book))
    checks = sorted(run_checks(facts, book).rows, key=lambda check: check.id)
    count = len(next(iter(arrays.values())))
    wide = [np.stack([_row(check, name, count) for check in checks]) for name in ("margin", "value", "limit")]
    missing = {check.id: check.missing for check in checks if check.verdict == "not checkable"}
    return ManyChecks(tuple(check.id for check in checks), wide[0], wide[1], wide[2], missing, _figures(facts, count))


def _row(check: Check, name: str, count: int) -> np.ndarray:
    """One column of a check over the designs; a margin that gives no verdict is NaN."""
    given = getattr(check, name)
    if given is None:
        return np.full(count, np.nan)
    wide = np.broadcast_to(np.asarray(given, dtype=float), (count,))
    return np.where(check.open, np.nan, wide) if name == "margin" else wide


def _figures(facts: Facts, count: int) -> dict[str, np.ndarray]:
    """The main figures of each design."""
    names = {
        "power_load_w": facts.load_w, "power_input_w": facts.input_w, "power_firm_w": facts.firm_w, "power_peak_w": facts.peak_w, "heat_liquid_w": facts.liquid_w,
        "heat_air_w": facts.air_w, "coolant_flow_m3_per_s": facts.flow_m3_per_s, "coolant_return_temperature_k": facts.return_k, "mass_kg": facts.mass_kg,
    }  # fmt: skip
    return {name: np.array(np.broadcast_to(np.asarray(value, dtype=float), (count,))) for name, value in names.items() if value is not None}


def _figure(design: Design, word: str) -> Figure:
    """The figure that a word of the rack file, or a name of the catalogue, stands for."""
    stated = _stated(design)
    if word in stated:
        return stated[word]
    item, _, name = word.partition(".")
    if item in design.catalog.items and (found := design.catalog.items[item].get(name)):
        return found
    known = [f"{item}.{figure}" for figure in design.catalog.items[item].figures] if item in design.catalog.items else []
    raise Unknown("figure", word, [*stated, *known], mend=f"Words that {design.name} states: {', '.join(stated)}; or a figure of the catalogue, 'gb300.tdp_w'.")


def _stated(design: Design) -> dict[str, Figure]:
    """Every figure that the design states, by its word."""
    sections: list[tuple[str, object, Words]] = [
        ("power", design.power, POWER),
        ("power.busbar", design.power.busbar, BUSBAR),
        ("environment", design.environment, ENVIRONMENT),
        ("cabling", design.cabling, CABLING),
        ("standing", design.standing, STANDING),
        ("service", design.service, SERVICE),
    ]
    if design.coolant is not None:
        sections.append(("coolant", design.coolant, COOLANT))
    for name, assembly in design.assemblies.items():
        sections.append((f"assemblies.{name}", assembly, ASSEMBLY))
        if assembly.cooling is not None:
            sections.append((f"assemblies.{name}.cooling", assembly.cooling, PLATES))
        sections += [(f"assemblies.{name}.ports.{group}", ports, PORTS) for group, ports in assembly.ports.items()]
    out = {f"{section}.{word}": figure for section, held, words in sections for key, (word, _) in words.items() if (figure := getattr(held, key)) is not None}
    if design.coolant is not None and design.coolant.flow_m3_per_s is not None:
        out["coolant.flow"] = design.coolant.flow_m3_per_s
    if design.coolant is not None and design.coolant.drop_pa is not None:
        out["coolant.drop"] = design.coolant.drop_pa
    return out


def _check_supply(design: Design, values: Mapping[str, np.ndarray]) -> None:
    """A flow read beyond its table would be too small on the warm side."""
    loop, supply = design.coolant, values.get("coolant.supply")
    for named, suffix in ((loop.flow_table, "m3_per_s"), (loop.drop_table, "pa")) if loop is not None and supply is not None else ():
        if named is None:
            continue
        points, _ = table(design.catalog.item(named[0]), named[1], suffix)
        outside = (np.asarray(supply) < points[0] - 1e-9) | (np.asarray(supply) > points[-1] + 1e-9)
        if np.any(outside):
            worst = float(np.asarray(supply)[outside][0])
            raise OutOfRange(
                f"{int(outside.sum())} supply temperatures, such as {worst - 273.15:.1f} C, lie beyond {named[0]}.{named[1]}, {points[0] - 273.15:g} to {points[-1] - 273.15:g} C"
            )
