"""A design written out and read again is the same design, figures included."""

from __future__ import annotations

import pytest
import yaml

from rackloom.draws import central
from rackloom.rack import describe_rack, expand_design, load_design, shipped_designs

OWN = """\
like: gb300-nvl72
slots: {u5-u8: 4 x shelf-33kw, u10-u19: 10 x compute}
assemblies:
  compute: {parts: [4 x b300, 2 x grace], static_power: 250.5 to 475.25 W, mass: 61.125 kg, unknown: [depth]}
power: {feeds: 4 x 415 V, redundancy: N+N, breaker: 63 A, bus: 49.5 V}
coolant: {supply: 33.3 C, liquid_share: 83.7 %}
cables: {extra: {medium: aec-800, count: 3 x 7, from: compute, to: network, length: 2.5 m}}
vary: {coolant.supply: 25 to 45 C, power.bus: 48 to 52 V}
"""


@pytest.mark.parametrize("name", [*shipped_designs(), "own"])
def test_expanded_text_is_read_as_the_same_rack(name, tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(OWN)
    design = load_design(path if name == "own" else name)
    again_path = tmp_path / f"{design.name}-again.yaml"
    again_path.write_text(yaml.safe_dump(expand_design(design), sort_keys=False))
    again = load_design(again_path)
    assert expand_design(again) == expand_design(design)
    assert "like" not in expand_design(design)
    one, two = describe_rack(design, name="x"), describe_rack(again, name="x")
    for row in one.ledger:
        if (
            row.key.startswith("designs.x.")
            and "published_load" not in row.key
            and "published-load" not in row.key
            and "cables_off" not in row.key
            and "published-cables" not in row.key
        ):  # a copy has another name than the published rack
            assert two.ledger.value(row.key) == pytest.approx(central(one.ledger.value(row.key)), rel=1e-12), row.key
    assert [line.item for line in one.bom.lines[1:]] == [line.item for line in two.bom.lines[1:]]
