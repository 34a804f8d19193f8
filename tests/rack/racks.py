"""A small rack in which every check can be made, and how tests change it."""

from __future__ import annotations

from rackloom.rack import check_design, design_with

WHOLE = """\
frame: orv3-hpr
height: 44
slots: {u1: shelf-33kw, u2: shelf-33kw, u3-u4: bbu-15kw, u5-u8: 4 x tray, u9-u10: bbu-15kw}
fixtures: [manifold-orv3]
assemblies:
  tray: {parts: [4 x b200, ubb-2, connectx-7, 2 x uqd-08], card_slot: 80 W, cooling: {plate: coldplate-oam-1kw-pg25, count: 4, case_max: 90 C, drop: 30 kPa, drop_flow: 4 L/min}}
connect:
  - manifold.out[*] -> tray[*].coolant via uqd-08
power:
  feeds: 2 x 415 V
  redundancy: N+1
  sides: {A: u1, B: u2}
  breaker: 63 A
  bus: 49 V
  droop: 1 V
  busbar: {rating: 1400 A, rise: 30 K, resistance: 50 uohm/m, lowest: 46 V}
  fault_current: 20 kA
  ramp: 100 kW/s
  storage: 60 kJ
  swing: 50 %
  swing_period: 2 s
  bridge: 60 s
  whip_length: 3 m
  whip_resistance: 2 mohm/m
coolant:
  fluid: pg25
  supply: 30 C
  flow: 16 L/min
  liquid_share: 85 %
  return_max: 60 C
  cdu: cdu-coolit-chx2000
  racks: 60
  pumps: 1+1
  static: 30 kPa
  facility: 25 C
  manifold_diameter: 40 mm
  hose_diameter: 32 mm
  hose_length: 3 m
  volume: 12 L
  filter_max: 25 um
  glycol_share: 25 %
  ph: 9
  filter: 25 um
  wetted: [copper, SS316]
environment: {air: 25 C, air_max: 35 C, dew_point: 15 C, altitude: 200 m}
"""


def written(tmp_path, text=WHOLE):
    path = tmp_path / "rack.yaml"
    path.write_text(text)
    return str(path)


def checked(tmp_path, *settings, text=WHOLE, case="normal"):
    """The checks of the rack by id, with words of its file set anew."""
    answer = check_design(design_with(written(tmp_path, text), settings), case=case)
    assert answer.ledger.dangling() == []
    return {check.id: check for check in answer.rows}
