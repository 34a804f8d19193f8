"""How often a rack stops: failures of its parts by published rates, interruptions of a job by a published record, spares, time that is useful."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..catalog import Catalog, Item
from ..draws import Number
from ..ledger import Ledger
from ..physics import Rate, availability, best_checkpoint, checkpointed_share, plain, rate_of, spares_needed, stock_level
from .bill import bill_of_materials
from .nouns import Design
from .reliability_nouns import FailureLine, JobLine, Reliability, SpareLine
from .rule import Facts

RECORD = "reliability-llama-3-405b"
HOURS_A_YEAR = 8766.0
HOURS_A_DAY = 24.0
NODE_GPUS = 8.0  # of a node of the record
JOBS = (1, 100, 1000)  # racks of a job
# kind of a part -> causes of the record that are its own, and how many of it the record had for each GPU
RECORDED = {
    "nic": (("nic_count",), 1.0), "host": (("cpu_count", "system_memory_count", "server_chassis_count", "io_expansion_board_count"), 1.0 / NODE_GPUS),
    "psu": (("power_supply_count",), 1.0 / NODE_GPUS), "power_shelf": (("power_supply_count",), 1.0 / NODE_GPUS),
}  # fmt: skip
OPTIC_PARTS = ("reliability-laser", "reliability-photodetector", "reliability-transceiver-dsp", "reliability-laser-driver", "reliability-tia")
QUIET = ("frame", "chassis", "board_envelope", "cold_plate", "coldplate_set", "tray_chassis", "pdu", "busbar")  # what carries, and hardly fails


def record_rate(catalog: Catalog, causes: Iterable[str] = ("unplanned_count",)) -> Rate:
    """Interruptions by accelerator and hour of the published run, from its counts, with the exact 80 % interval."""
    item = catalog.item(RECORD)
    hours = item.figure("gpus_count").value * item.figure("duration_days").value * HOURS_A_DAY
    return rate_of(sum(item.figure(name).value for name in causes), hours)


def part_rate(catalog: Catalog, item: Item, book: Ledger) -> tuple[Number, list[str], str] | None:
    """Failures of one part by year, the keys and in words; None where nobody publishes one."""
    if item.kind == "accelerator":
        figure = catalog.figure("reliability-gpu-permanent", "failures_per_year")
        return book.take(figure), [figure.key], "GPUs that fail for good, an estimate"
    if item.kind == "storage":
        figure = catalog.figure("reliability-ssd-boot", "failures_per_year")
        return book.take(figure), [figure.key], "boot SSDs of a fleet"
    if item.get("module_w") is not None and "fibre" in item.say("medium"):
        figures = [catalog.figure(name, "failures_per_hour") for name in OPTIC_PARTS]
        return (
            2.0 * HOURS_A_YEAR * sum(np.asarray(book.take(figure)) for figure in figures),
            [figure.key for figure in figures],
            "two modules: laser, driver, photodetector, amplifier, processor",
        )
    if item.kind in RECORDED:
        causes, each = RECORDED[item.kind]
        record = catalog.item(RECORD)
        figures = [record.figure(name) for name in (*causes, "gpus_count", "duration_days")]
        for figure in figures:
            book.take(figure)
        hours = record.figure("gpus_count").value * record.figure("duration_days").value * HOURS_A_DAY
        return rate_of(sum(figure.value for figure in figures[: len(causes)]), hours * each).value * HOURS_A_YEAR, [figure.key for figure in figures], "counts of the Llama 3 run"
    return None


def reliability_of(facts: Facts, book: Ledger) -> Reliability:
    """Failures, availability, interruptions, spares and useful time; rows of the ledger stand under 'designs.NAME.reliability.'.

    The rate of the rack's parts is 'at least': what has no published rate is named and not in it. Interruptions of a job are the published record's,
    by accelerator and hour, whatever the hardware: another machine has another rate.
    """
    design = facts.design
    lines, missing = _failures(design, facts, book)
    total = plain(sum((np.asarray(line.failures_per_year) for line in lines), np.zeros(())))
    rate_key = facts.key("reliability.failures_per_year")
    book.put(rate_key, total, "1/yr", "sum over parts of pieces x failures a year", [line.key for line in lines], note=f"at least: without {', '.join(missing)}" if missing else "")
    up: Number | None = None
    service = design.service
    if service.repair_s is not None:
        up = availability(np.asarray(total) / (HOURS_A_YEAR * 3600.0), book.take(service.repair_s))
        book.put(facts.key("reliability.availability_share"), up, "1", "1 / (1 + failures x time to repair): any failed part stops the rack", [rate_key, service.repair_s.key])
    accelerators = sum(line.total for line in bill_of_materials(design).lines if line.kind == "accelerator" and line.level == "part")
    return Reliability(lines, tuple(missing), total, up, _jobs(facts, book, accelerators), _useful(facts, book, accelerators), _spares(facts, book, lines))


def _failures(design: Design, facts: Facts, book: Ledger) -> tuple[tuple[FailureLine, ...], list[str]]:
    """Each part with a published rate, and the parts without one."""
    totals: dict[str, int] = {}
    for line in bill_of_materials(design).lines:
        if line.level == "part":
            totals[line.item] = totals.get(line.item, 0) + line.total
    lines, missing = [], []
    for name, count in totals.items():
        item = design.catalog.items.get(name)
        found = part_rate(design.catalog, item, book) if item is not None else None
        if item is None or found is None:
            if item is None or item.kind not in QUIET:
                missing.append(name)
            continue
        each, keys, words = found
        key = facts.key(f"reliability.{name}.failures_per_year")
        rate = plain(count * np.asarray(each))
        book.put(key, rate, "1/yr", f"{count} x {words}", keys)
        lines.append(FailureLine(name, item.title, count, plain(each), rate, key))
    return tuple(lines), missing


def _jobs(facts: Facts, book: Ledger, accelerators: int) -> tuple[JobLine, ...]:
    """Mean time between interruptions of jobs of so many racks."""
    catalog = facts.design.catalog
    found = record_rate(catalog)
    figures = [catalog.figure(RECORD, name) for name in ("unplanned_count", "gpus_count", "duration_days")]
    for figure in figures:
        book.take(figure)
    sizes = sorted({*JOBS, *([facts.design.service.racks] if facts.design.service.racks else [])})
    out = []
    for racks in sizes if accelerators else ():
        hours = [1.0 / (rate * accelerators * racks) for rate in (found.value, found.high, found.low)]
        key = facts.key(f"reliability.job_{racks}_hours")
        words = f"GPUs x days / unplanned interruptions of the Llama 3 run, over {racks} x {accelerators} accelerators"
        book.put(key, hours[0], "h", words, [figure.key for figure in figures], note=f"80 % interval of the count: {hours[1]:.3g} to {hours[2]:.3g} h")
        out.append(JobLine(racks, racks * accelerators, hours[0], hours[1], hours[2], key))
    return tuple(out)


def _useful(facts: Facts, book: Ledger, accelerators: int) -> Number | None:
    """Share of a job's time that is useful, with checkpoints at their best interval; None where the rack file does not say enough."""
    service = facts.design.service
    if service.racks is None or service.checkpoint_s is None or service.restart_s is None or not accelerators:
        return None
    between = 3600.0 / (record_rate(facts.design.catalog).value * accelerators * service.racks)
    writes = book.take(service.checkpoint_s)
    share = checkpointed_share(best_checkpoint(writes, between), writes, book.take(service.restart_s), between)
    book.put(
        facts.key("reliability.useful_share"), share, "1", f"checkpoints at their best interval, job of {service.racks} racks (Daly's exact form)",
        [facts.key(f"reliability.job_{service.racks}_hours"), service.checkpoint_s.key, service.restart_s.key],
    )  # fmt: skip
    return share


def _spares(facts: Facts, book: Ledger, lines: tuple[FailureLine, ...]) -> tuple[SpareLine, ...]:
    """Spares by part: asked for while one is on order, needed for the level, on site."""
    service = facts.design.service
    if service.racks is None or service.restock_s is None or service.level_share is None:
        return ()
    years = np.asarray(book.take(service.restock_s)) / (HOURS_A_YEAR * 3600.0)
    level = book.take(service.level_share)
    out = []
    for line in lines:
        demand = plain(np.asarray(line.failures_per_year) * service.racks * years)
        key = facts.key(f"reliability.{line.part}.demand_count")
        book.put(key, demand, "1", f"failures of {service.racks} racks while a spare is on order", [line.key, service.restock_s.key])
        stock = service.spares.get(line.part)
        there = stock_level(float(stock), demand) if stock is not None else None
        out.append(SpareLine(line.part, demand, spares_needed(demand, level), stock, there, key))
    return tuple(out)
