"""What moved a figure is named by kind: the user's inputs, the law, the rest of the catalogue, or the code."""

from __future__ import annotations

import pytest

from rackloom.catalog import load_catalog
from rackloom.ledger import Ledger, Row
from rackloom.program.explaining import diff_ledgers, kind_of_input


@pytest.mark.parametrize("kind", ["content_rule", "tariff_measure", "hts_line", "tariff_horizon"])
def test_every_item_of_law_in_the_catalogue_counts_as_law(kind):
    items = load_catalog().of_kind(kind)
    assert items
    assert {kind_of_input(Row(f"catalog.{item.name}.min_share", 0.6, "1", sources=("s_x",))) for item in items} == {"law"}


@pytest.mark.parametrize(
    ("key", "source", "expected"),
    [
        ("catalog.gb200.tdp_w", "dps_dev", "catalogue"),
        ("catalog.gb200.tdp_w", "program.yaml:9", "inputs"),
        ("catalog.own-gpu.tdp_w", "own: drawing 7", "inputs"),
        ("program.needs.chat.rate", "program.yaml:4", "inputs"),
        ("design.gb200-nvl72.power.bus", "gb200-nvl72.yaml:43", "catalogue"),
        ("design.mine.power.bus", "mine.yaml:3", "inputs"),
        ("offers.a1-gb200.price_usd", "assumption", "catalogue"),
        ("offers.own.price_usd", "offers.csv:2:4", "inputs"),
        ("preset.line-l11-basic.leak_minutes", "assumption", "catalogue"),
    ],
)
def test_kinds_of_input(key, source, expected):
    assert kind_of_input(Row(key, 1.0, "W", sources=(source,))) == expected


def ledger(power: float, source: str, share: float = 0.65, answer: float | None = None) -> Ledger:
    return Ledger.from_rows(
        [
            Row("catalog.gb200.tdp_w", power, "W", sources=(source,), grade="A"),
            Row("catalog.far-component-2024.min_share", share, "1", sources=("s_far",), grade="C"),
            Row("designs.x.load_w", answer if answer is not None else 2 * power, "W", formula="2 P", inputs=("catalog.gb200.tdp_w",)),
            Row("supply.x.room_share", 1 - share, "1", formula="1 - s", inputs=("catalog.far-component-2024.min_share",)),
        ]
    )


def causes(before: Ledger, after: Ledger) -> dict[str, tuple[str, ...]]:
    return {move.key: move.cause_kinds for move in diff_ledgers(before, after)}


def test_a_figure_set_by_the_program_and_taken_back_is_the_users():
    plain, own = ledger(1200.0, "dps_dev"), ledger(1300.0, "program.yaml:9")
    for before, after in ((plain, own), (own, plain)):
        assert causes(before, after)["designs.x.load_w"] == ("inputs",)


def test_catalogue_law_and_code():
    plain = ledger(1200.0, "dps_dev")
    assert causes(plain, ledger(1250.0, "dps_dev"))["designs.x.load_w"] == ("catalogue",)
    assert causes(plain, ledger(1200.0, "dps_dev", share=0.75))["supply.x.room_share"] == ("law",)
    assert causes(plain, ledger(1200.0, "dps_dev", answer=2500.0)) == {"designs.x.load_w": ("code",)}
    assert diff_ledgers(plain, ledger(1200.0, "dps_dev")) == []
