"""A commented program to start from, around a user's own model and a rack."""

from __future__ import annotations

import os
from pathlib import Path

from ..catalog import load_catalog
from ..errors import BadInput, Fault
from ..needs import find_model, read_model
from ..rack import load_design
from .fields import read_date

_TEXT = """\
# A program of Rackloom: `rackloom plan {file}`. A section that you remove is a stage that is skipped.
# Quantities carry their unit; a range such as "2 to 3.5 /yr" is an uncertain value.
version: 1
as_of: {as_of}            # law, prices and announced parts are read at this date; no clock is

needs:                        # one line a workload: {model_title}
  serve:
    model: {model}
    start: {start}
    rate: 1e5 tok/s           # output tokens a second over all users
    input: 2000               # tokens of a prompt
    output: 500               # tokens of an answer
    ttft_p95: 2 s             # limit of the time to first token
    tpot: 50 ms               # limit of the time per output token
    growth: 1.5 to 3 /yr
  # train: {{model: {model}, tokens: 15e12, within: 90 d, start: 2027-06-01}}

generations:                  # racks with a place in time; `rackloom catalog list` and docs/racks.md name those that ship
  now: {{rack: {rack}, volume_from: {quarter}}}

demand: {{now: 20 racks/quarter}}

supply: {{use: us-2026, enter_as: tray}}        # a preset of ASSUMED offers; give your own with 'offers: offers.xlsx'
line: {{site: houston, use: l11-basic, racks_per_week: 4}}   # an ASSUMED process; set stations, cells, hall_power, shift_hours_per_week

# evaluation: [results/*.jsonl]                 # measured results: OCP test and validation, or cases in YAML
# option: {{racks: 0 to 40, window: 2027-03 to 2028-03, price: 3.9 MUSD}}   # a right to buy, no obligation

# Any figure of the catalogue can be set here; `rackloom catalog show ITEM` lists them with sources.
# assumptions:
#   performance-assumptions.scale_out_efficiency_share: 70 % to 85 %
"""


def new_program(model: str, rack: str, as_of: str, *, beside: Path) -> str:
    """The text of a program for a model (config.json or shipped) and a rack; both are read first. Raises BadInput."""
    try:
        day = read_date(as_of)
    except ValueError as error:
        raise BadInput(Fault(f"--as-of: {error}")) from None
    is_file = model.endswith(".json") or Path(model).exists()
    known = read_model(model) if is_file else find_model(model)
    load_design(rack, catalog=load_catalog())
    written_model = _relative(model, beside) if is_file else model
    written_rack = _relative(rack, beside) if rack.endswith((".yaml", ".yml")) else rack
    title = f"{known.name}, {known.parameters / 1e9:.1f}B parameters, {known.active_parameters / 1e9:.1f}B active"
    return _TEXT.format(
        file=beside.name,
        as_of=day.isoformat(),
        model=written_model,
        model_title=title,
        start=f"{day.year + 1}-Q{(day.month + 2) // 3}",
        rack=written_rack,
        quarter=f"{day.year}-Q{(day.month + 2) // 3}",
    )


def _relative(path: str, beside: Path) -> str:
    return Path(os.path.relpath(path, beside.resolve().parent)).as_posix()
