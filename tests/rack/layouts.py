"""A small layout whose cables were measured by hand, and racks with masses."""

from __future__ import annotations

from rackloom.ledger import Ledger
from rackloom.rack import check_design, design_with
from rackloom.rack.wiring import wires_of

from .racks import written

# orv3: units of 48 mm, chassis 537 mm wide, 1068 mm deep. Ports: leaf at 60 mm, 20 mm apart; node at 400 mm, 30 mm apart.
LAYOUT = """\
frame: orv3
slots: {u2: leaf, u10-u11: 2 x node, rear u20: back}
assemblies:
  leaf: {kind: switch, power: 500 W, ports: {port: {count: 8, at: 60 mm, spacing: 20 mm, rate: 800 Gbit/s, lanes: 8, split: 2, cage: 18 W}}}
  node: {parts: [4 x b200], power: 5 kW, pull: 600 mm, ports: {nic: {count: 2, at: 400 mm, spacing: 30 mm, rate: 800 Gbit/s, lanes: 8, cage: 16 W}}}
  back: {power: 10 W, ports: {port: {count: 1, face: rear, at: 100 mm, rate: 800 Gbit/s, lanes: 8}}}
cabling: {channel: 40 mm, base: 100 mm, overhead: 2.6 m, slack: 0.2 m, step: 0.5 m, reach: {network: 8 m}, channel_width: 60 mm, channel_depth: 80 mm, tray_width: 100 mm,
          tray_height: 50 mm, bend: 100 mm, tray_load: 2 kg/m, fill: 40 %}
cables:
  down: {medium: dac-100g-lane, count: 4, from: node.nic, to: leaf.port}
  up: {medium: osfp-800-sr8, count: 2, from: leaf.port, to: network}
"""


def wires(tmp_path, text=LAYOUT, *words):
    """The lines of a layout by name."""
    design = design_with(written(tmp_path, text), words)
    return {one.line.name: one for one in wires_of(design, Ledger())}


def checks(tmp_path, text=LAYOUT, *words, **more):
    """Checks by id."""
    answer = check_design(design_with(written(tmp_path, text), words), **more)
    assert answer.ledger.dangling() == []
    return {check.id: check for check in answer.rows}
