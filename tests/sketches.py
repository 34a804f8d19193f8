"""The two files of the design that must work as they stand: a program, and a rack of differences."""

PROGRAM = """\
as_of: 2026-11-22
needs:
  pretrain: {model: configs/moe.json, tokens: 15e12, within: 90 d, start: 2027-06-01}
  chat: {model: llama-3.1-405b, rate: 2e6 tok/s, input: 2000, output: 500, ttft_p95: 2 s, growth: 2 to 3.5 /yr}
generations:
  now: {rack: gb300-nvl72, volume_from: 2026-Q4}
  next: {rack: racks/next.yaml, volume_from: 2027-Q4}
demand: {now: 200 racks/quarter, next: 100 to 400 racks/quarter}
supply: {use: us-2026, offers: offers.xlsx, enter_as: tray}
line: {site: houston, use: l11-basic, racks_per_week: 40}
evaluation: [results/*.jsonl]
option: {racks: 0 to 400, window: 2027-03 to 2028-03, price: 3.9 MUSD}
"""

RACK = """\
like: gb300-nvl72   # differences only; `rackloom design --expand` prints all
slots: {u5-u8: 4 x shelf-33kw, u10-u19: 10 x compute}
assemblies:
  compute: {level: L10, parts: [4 x b300, 2 x grace], unknown: [mass]}
connect:
  - manifold.out[*] -> compute[*].coolant via uqd-04
power: {feeds: 4 x 415 V, redundancy: N+N}
coolant: {fluid: pg25, supply: 40 C}
vary: {coolant.supply: 25 to 45 C}
"""
