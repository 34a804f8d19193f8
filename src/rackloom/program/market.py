"""What a rack under option is worth today: the price of the other racks that do the same work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..draws import Draws, Number, central
from ..errors import BadInput, Fault
from ..ledger import Ledger
from ..needs import Estimate
from ..option import Market
from ..rack import RackAnswer
from ..supply import Sourcing

if TYPE_CHECKING:
    from .load import Program


def market_of(program: Program, racks: Mapping[str, RackAnswer], estimates: Mapping[tuple[str, str], Estimate], sourcing: Sourcing | None, draws: Draws | None) -> Market:
    """Worth of a rack = work of it over work of the other one, times the other one's price.

    Work is the geometric mean over the needs that both carry of tokens/s per rack. Raises BadInput where there is no
    price to compare with.
    """
    spec = program.option
    assert spec is not None
    book = Ledger(draws)
    price, price_key = _other_price(program, sourcing, book)
    ratio_key = _work_ratio(program, racks, estimates, book)
    ratio = book.value(ratio_key)
    return Market(
        ratio * price, spec.decline_share, spec.volatility_share, spec.rate_share, worth_formula=f"work of a rack of {spec.generation} over one of {spec.against}, times the price of the latter",
        worth_inputs=(ratio_key, price_key), ledger=book,
    )  # fmt: skip


def _other_price(program: Program, sourcing: Sourcing | None, book: Ledger) -> tuple[Number, str]:
    spec = program.option
    assert spec is not None
    if spec.against_price_usd is not None:
        return book.take(spec.against_price_usd), spec.against_price_usd.key
    key = f"supply.{spec.against}.landed_cost_usd"
    if sourcing is None or key not in sourcing.ledger:
        mend = "Add 'against_price: 3.9 MUSD' to the option, or a 'supply:' section, whose landed cost is then used."
        raise BadInput(Fault(f"the option has no price of {spec.against} to compare with", mend=mend))
    book.add(sourcing.ledger)
    return book.value(key), key


def _work_ratio(program: Program, racks: Mapping[str, RackAnswer], estimates: Mapping[tuple[str, str], Estimate], book: Ledger) -> str:
    spec = program.option
    assert spec is not None
    key = "option.work_ratio"
    logs: list[Number] = []
    inputs: list[str] = []
    for need in program.asks:
        pair = [estimates.get((need, name)) for name in (spec.generation, spec.against)]
        if any(e is None or not e.fits or central(e.tokens_per_s_per_accelerator) <= 0.0 for e in pair):
            continue
        rates = []
        for name, estimate in zip((spec.generation, spec.against), pair, strict=True):
            assert estimate is not None
            book.add(estimate.ledger)
            book.add(racks[name].ledger)
            rates.append(estimate.tokens_per_s_per_accelerator * racks[name].accelerators)
            inputs += [f"{estimate.prefix}.tokens_per_s_per_accelerator", f"designs.{name}.accelerators_count"]
        logs.append(np.log(rates[0] / rates[1]))
    if not logs:
        book.put(key, 1.0, "1", "no need that both carry: taken as equal", note="with needs in the program, the work of both racks is compared")
        return key
    mean = sum(logs[1:], start=logs[0]) / len(logs)
    book.put(key, np.exp(mean), "1", f"geometric mean over {len(logs)} needs of tokens/s per rack, {spec.generation} over {spec.against}", inputs)
    return key
