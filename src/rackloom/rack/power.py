"""Power of a rack: what its parts draw, what its shelves give, what comes out as heat. Ledger rows under 'designs.NAME.'."""

from __future__ import annotations

import numpy as np

from ..catalog import Item
from ..draws import Number
from ..figures import Figure
from ..ledger import Ledger
from ..physics import Stage, loss_chain, plain
from .bill import parts_in, pieces, placed
from .nouns import Design, SlotUse
from .states import State, shelves_of

CONSUMERS = ("accelerator", "host", "nic", "switch")  # kinds whose power must be known for a sum over parts to be whole


def power_figure(item: Item) -> Figure | None:
    """What a part draws at load: its TDP, or its largest stated draw."""
    return next((figure for name in ("tdp_w", "max_w", "power_w") if (figure := item.get(name))), None)


def assembly_power(design: Design, name: str, book: Ledger) -> tuple[Number, tuple[str, ...], tuple[str, ...]]:
    """Power of one thing in a slot at load: the sum of what is known [W], its inputs, and the consumers whose power is not published."""
    assembly = design.assemblies.get(name)
    if assembly is not None and assembly.power_w is not None:
        return book.take(assembly.power_w), (assembly.power_w.key,), ()
    total: Number = 0.0
    inputs: list[str] = []
    missing: list[str] = []
    for count, item in parts_in(design, name):
        figure = power_figure(item)
        if figure is None:
            if item.kind in CONSUMERS:
                missing.append(f"power of {item.name}")
            continue
        sockets = item.get("sockets_count")
        total = total + count * (book.take(sockets) if sockets else 1.0) * book.take(figure)
        inputs += [figure.key, *([sockets.key] if sockets else [])]
    if assembly is not None and assembly.static_power_w is not None:
        total = total + book.take(assembly.static_power_w)
        inputs.append(assembly.static_power_w.key)
    elif assembly is not None and not inputs:
        missing.append(f"power of {assembly.title}")
    return total, tuple(dict.fromkeys(inputs)), tuple(missing)


def is_shelf(design: Design, name: str) -> bool:
    """True for what feeds the busbar as long as the rack runs."""
    return _kind(design, name) == "power_shelf"


def is_load(design: Design, name: str) -> bool:
    """True for what draws power: neither shelf nor battery, which gives for seconds and is no supply."""
    return _kind(design, name) not in ("power_shelf", "bbu")


def draws_power(design: Design, name: str) -> bool:
    """True where a figure of power is known of a thing or of its parts."""
    assembly = design.assemblies.get(name)
    own = assembly is not None and (assembly.power_w is not None or assembly.static_power_w is not None)
    return own or any(power_figure(item) is not None for _, item in parts_in(design, name))


def _kind(design: Design, name: str) -> str:
    item = design.catalog.items.get(name)
    return item.kind if item is not None and name not in design.assemblies else ""


def load(design: Design, prefix: str, book: Ledger) -> tuple[Number, tuple[str, ...]]:
    """Load of the whole rack [W] and what is missing of its parts."""
    inputs: list[str] = []
    words: list[str] = []
    missing: list[str] = []
    total: Number = 0.0
    for name, count in placed(design).items():
        if not is_load(design, name):
            continue
        power, keys, lacking = assembly_power(design, name, book)
        missing += lacking
        # without all of its parts it is no power of that thing, yet what is known of it counts for the least that the rack draws
        key = f"{prefix}.{name}.{'known_power_w' if lacking else 'power_w'}"
        note = f"at least: without {', '.join(lacking)}" if lacking else ""
        book.put(key, power, "W", f"one {name}: sum of its parts at their TDP or largest draw, and what is drawn beside them", keys, note=note)
        total = total + count * power
        inputs.append(key)
        words.append(f"{count} x {name}")
    if design.power.load_w is not None:
        stated = design.power.load_w
        value = book.take(stated)
        note = f"not summed over parts: {', '.join(dict.fromkeys(missing))} not published" if missing else "stated in the rack file, in place of the sum over parts"
        book.put(f"{prefix}.power_load_w", value, "W", "load stated for the whole rack", [stated.key], note=note, basis="load, at the busbar")
        return value, tuple(dict.fromkeys(missing))
    note = f"at least: {', '.join(dict.fromkeys(missing))} not published" if missing else ""
    book.put(f"{prefix}.power_load_w", total, "W", " + ".join(words) or "nothing draws power", inputs, note=note, basis="load, at the busbar")
    return total, tuple(dict.fromkeys(missing))


def supply(design: Design, prefix: str, book: Ledger, state: State | None = None) -> tuple[Number | None, Number | None]:
    """Installed output of the shelves, and what is left of it by the stated redundancy, or in a state with shelves lost [W]; None without shelves."""
    shelves = {name: count for name, count in placed(design).items() if is_shelf(design, name)}
    shelves |= {name: shelves.get(name, 0) + count for count, name in design.fixtures if is_shelf(design, name)}
    if not shelves:
        return None, None
    items = {name: design.catalog.item(name) for name in shelves}
    outputs = {name: item.figure("output_w") for name, item in items.items()}
    words = " + ".join(f"{count} x {name}" for name, count in shelves.items())
    installed: Number = sum(count * book.take(outputs[name]) for name, count in shelves.items())
    book.put(f"{prefix}.power_supply_w", installed, "W", f"{words}, all modules", [f.key for f in outputs.values()], basis="supply, installed")
    if state is not None and min(state.shelves, default=1.0) < 1.0:
        placed_at = shelves_of(design)
        firm = sum((share * book.take(outputs[shelf.name]) for share, shelf in zip(state.shelves, placed_at, strict=True)), 0.0)
        inputs, words = [f.key for f in outputs.values()], f"{words}, {state.text}"
    elif design.power.redundancy == "N+N":
        firm, inputs, words = installed / 2.0, [f"{prefix}.power_supply_w"], "half of the shelves carry the rack (N+N)"
    elif design.power.redundancy == "N+1":
        firms = {name: item.get("firm_output_w") or outputs[name] for name, item in items.items()}
        largest = max(outputs, key=lambda name: outputs[name].value)
        if all(item.get("firm_output_w") for item in items.values()):
            firm, words = sum(count * book.take(firms[name]) for name, count in shelves.items()), f"{words}, one module of each lost (N+1)"
        else:
            firm, words = installed - book.take(outputs[largest]), f"{words}, less one {largest} (N+1 by shelf: the modules of a shelf are not published)"
        inputs = [f.key for f in firms.values()]
    else:
        firm, inputs, words = installed, [f"{prefix}.power_supply_w"], "no redundancy (N)"
    book.put(f"{prefix}.power_firm_w", firm, "W", words, inputs, basis="supply, after the planned loss")
    return installed, firm


def input_power(design: Design, prefix: str, book: Ledger, load_w: Number) -> Number:
    """Power drawn from the feeds [W]: load over the efficiency of the conversion."""
    shelves = any(is_shelf(design, slot.name) for slot in design.slots)
    figure = design.catalog.figure("psu-orv3-48v", "peak_efficiency_share") if shelves else design.catalog.figure("psu-titanium", "efficiency_at_50pct_share")
    value = load_w / book.take(figure)
    for name in placed(design) if not shelves else ():  # what has supplies of its own draws this from its cords
        key = f"{prefix}.{name}.power_w"
        if key in book:
            book.put(
                f"{prefix}.{name}.input_power_w",
                book.value(key) / book.take(figure),
                "W",
                "its power over conversion efficiency",
                [key, figure.key],
                basis="load, at its inlets",
                note="peak efficiency: the best case",
            )
    book.put(
        f"{prefix}.power_input_w",
        value,
        "W",
        "load over conversion efficiency",
        [f"{prefix}.power_load_w", figure.key],
        basis="load, at the feeds",
        note="peak efficiency: the best case",
    )
    return value


def utility(design: Design, prefix: str, book: Ledger, load_w: Number, input_w: Number, *, bus_loss_w: Number) -> Number:
    """Power at the utility's meter [W]: busbar, supplies, UPS and transformer in series."""
    ups, transformer = (design.catalog.figure("power-chain", name) for name in ("ups_efficiency_share", "transformer_efficiency_share"))
    lost = np.where(np.isfinite(np.asarray(bus_loss_w)), bus_loss_w, 0.0)
    load = np.maximum(np.asarray(load_w, dtype=float), 1e-9)
    stages = [
        Stage("busbar", load / (load + lost)),
        Stage("supplies", load / np.maximum(np.asarray(input_w), load)),
        Stage("UPS", book.take(ups)),
        Stage("transformer", book.take(transformer)),
    ]
    chain = loss_chain(load, stages)
    shares = ", ".join(f"{name} {100 * float(np.asarray(share).reshape(-1)[0]):.1f} %" for name, share in zip(chain.stages, chain.loss_share, strict=True))
    inputs = [f"{prefix}.power_load_w", f"{prefix}.power_input_w", ups.key, transformer.key]
    return book.put(
        f"{prefix}.power_utility_w", plain(chain.input_w[-1]), "W", f"load carried through each stage's losses; lost of it: {shares}", inputs, basis="load, at the utility's meter"
    )


def peak(design: Design, prefix: str, book: Ledger, load_w: Number) -> Number:
    """Short peak [W]: accelerators over their TDP for microseconds to milliseconds, the rest at load."""
    ratio = design.catalog.figure("power-transients", "gpu_spike_ratio")
    accelerators: Number = 0.0
    inputs = [f"{prefix}.power_load_w", ratio.key]
    for name, count in pieces(design, "accelerator").items():
        tdp = design.catalog.item(name).get("tdp_w")
        if tdp is None:
            value = load_w * book.take(ratio)
            return book.put(
                f"{prefix}.power_peak_w", value, "W", "load times the spike ratio", inputs, basis="peak", note=f"whole load spiked: TDP of {name} not published; an upper figure"
            )
        accelerators = accelerators + count * book.take(tdp)
        inputs.append(tdp.key)
    value = load_w + (book.take(ratio) - 1.0) * accelerators
    return book.put(f"{prefix}.power_peak_w", value, "W", "load + (spike ratio - 1) x accelerators x TDP", inputs, basis="peak")


def slot_uses(design: Design, prefix: str, book: Ledger, liquid_share: Number) -> tuple[SlotUse, ...]:
    """What stands where, one entry a thing, with its power where it is known."""
    out = []
    for slot in design.slots:
        key = f"{prefix}.{slot.name}.power_w"
        power = book.value(key) if key in book else None
        title = design.assemblies[slot.name].title if slot.name in design.assemblies else design.catalog.items[slot.name].title
        tall = (slot.last - slot.first + 1) / slot.count
        cooled = slot.name in {connection.target for connection in design.connections if connection.target_port == "coolant"}
        for index in range(slot.count):
            first = slot.first + index * tall
            out.append(SlotUse(first, first + tall - 1, slot.name, title, power, liquid_share if cooled else 0.0, slot.face))
    return tuple(out)


def tray_powers(design: Design, prefix: str, book: Ledger, load_w: Number) -> tuple[dict[str, Number], str, list[str]]:
    """What one of each thing that draws power draws [W], in words, with the keys.

    Where the load is stated for the whole rack, things whose parts are known keep their part and the others share what is
    left; where all are known they share the load as their parts do.
    """
    loads = {name: count for name, count in placed(design).items() if is_load(design, name)}
    keys = {name: f"{prefix}.{name}.power_w" for name in loads if f"{prefix}.{name}.power_w" in book}
    known: dict[str, Number] = {name: book.value(key) for name, key in keys.items()}
    total: Number = sum((loads[name] * value for name, value in known.items()), 0.0)
    others = [name for name in loads if name not in known]
    if design.power.load_w is None:
        if others:
            return {}, "the power of some things is not published", []
        return known, "things at their own power", list(keys.values())
    inputs = [f"{prefix}.power_load_w", *keys.values()]
    if not others:
        return {name: load_w * value / np.where(np.asarray(total) > 0.0, total, 1.0) for name, value in known.items()}, "the load shared as the things' own power is", inputs
    left = (load_w - total) / sum(loads[name] for name in others)
    short, even = np.asarray(left) <= 0.0, load_w / sum(loads.values())
    if np.all(short):
        return dict.fromkeys(loads, even), "the load spread evenly: their power is not published", [f"{prefix}.power_load_w"]
    if np.any(short):
        known, left = {name: np.where(short, even, value) for name, value in known.items()}, np.where(short, even, left)
    return known | dict.fromkeys(others, left), f"what is left of the load spread evenly over {', '.join(others)}, whose power is not published", inputs
