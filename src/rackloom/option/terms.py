"""The nouns of the option: what was agreed, what the market is taken to do, and the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from ..draws import Number
from ..errors import BadInput, Fault
from ..figures import Figure, Range
from ..ledger import Ledger

MEASURES: Mapping[str, str] = {
    "real-world": "real-world measure: the worth falls by the stated decline on average; everything is discounted at the stated rate",
    "risk-neutral": "risk-neutral measure: the decline is the yield that the holder of racks earns and the holder of the option does not; the worth drifts at rate less yield",
}
ACTIONS = ("exercise", "wait", "let lapse", "too early")


@dataclass(frozen=True)
class Terms:
    """A right, without obligation, to buy racks at a fixed price within a window. Raises BadInput when it cannot be one."""

    racks: Range  # fewest (if any) and most racks
    window: tuple[date, date]  # first and last day on which it can be exercised, both included
    price_usd: Figure  # per rack, paid at exercise
    deposit_usd: Figure | None  # paid for the right itself, all racks together; not credited against the price
    generation: str  # what may be bought
    as_of: date  # 'today'
    source: str = "program"  # where racks and window were read, such as "program.yaml:21"

    def __post_init__(self) -> None:
        faults = []
        if self.window[1] < self.window[0]:
            faults.append(Fault(f"the window ends on {self.window[1]}, before it begins on {self.window[0]}", mend="Give the earlier date first."))
        if self.racks.low < 0.0 or self.racks.high <= 0.0:
            faults.append(Fault(f"{self.racks.low:g} to {self.racks.high:g} racks", mend="An option is on more than 0 racks."))
        if self.price_usd.value <= 0.0:
            faults.append(Fault(f"a price of {self.price_usd.value:g} USD", mend="A price is above 0."))
        if faults:
            raise BadInput(faults)


@dataclass(frozen=True)
class Market:
    """What a rack is worth to its holder and how that worth is taken to move.

    `worth_usd` is a figure, or a number that another stage computed: then `worth_inputs` are the ledger keys it came from,
    `worth_formula` says how, and `ledger` (when given) holds those rows.
    """

    worth_usd: Figure | Number  # per rack today: cost of the cheapest other way to the same work
    decline_per_year: Figure  # fraction by which the worth falls each year (unit 1)
    volatility: Figure  # of the worth, per root of a year (unit 1)
    rate: Figure  # discount rate a year, as a fraction (unit 1)
    probability_of_delivery: Figure | None = None  # that racks arrive once exercised; nothing is paid when they do not
    measure: str = "real-world"
    worth_formula: str = "cost today of the cheapest other way to the same work, per rack"
    worth_inputs: tuple[str, ...] = ()
    ledger: Ledger | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.measure not in MEASURES:
            raise BadInput(Fault(f"no measure '{self.measure}'", mend=f"Measures: {', '.join(MEASURES)}."))


@dataclass(frozen=True)
class BoundaryPoint:
    """A worth per rack from which on it is better to exercise than to wait, on a date; None where waiting is always better."""

    date: date
    worth_usd: float | None
    key: str = ""


@dataclass(frozen=True)
class OptionValue:
    """What the right is worth today, whether to use it, and on what that rests. Values per rack unless they say otherwise."""

    generation: str
    as_of: date
    window: tuple[date, date]
    action: str  # one of ACTIONS
    why: str
    exercise_now: bool
    racks: float  # to buy if it is exercised: all of them or none, as the payoff is linear in racks
    value_usd: Number  # all racks
    net_value_usd: Number  # all racks, less the deposit
    value_per_rack_usd: Number
    worth_usd: Number
    price_usd: Number
    exercise_value_per_rack_usd: Number  # worth less price, today; below zero when out of the money
    commit_value_usd: Number  # all racks: an obligation to buy on the first date, in place of the right
    regret_usd: Number  # all racks: what committing now would throw away
    boundary: tuple[BoundaryPoint, ...]
    boundary_usd: float | None  # on the first date on which it can still be exercised
    probability_of_exercise: Number
    decision_share: float  # share of the draws in which the action on the central values is also the right one
    simulated_value_per_rack_usd: float | None  # least-squares Monte Carlo, biased low
    standard_error_per_rack_usd: float | None
    standard_error_usd: float | None  # all racks
    methods: tuple[str, ...]
    measure: str
    ledger: Ledger = field(repr=False)
    left_out: tuple[str, ...] = ()
