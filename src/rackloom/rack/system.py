"""What performance sees of a design."""

from __future__ import annotations

from dataclasses import replace

from ..catalog import Catalog, System, make_system
from ..errors import BadInput, Fault
from ..figures import Figure
from .bill import parts_in, pieces
from .nouns import Design


def accelerator_of(design: Design) -> tuple[str, int]:
    """The accelerator of a rack and how many it holds. Raises BadInput for a rack with none or with two kinds."""
    found = pieces(design, "accelerator")
    if len(found) != 1:
        what = f"holds {' and '.join(found)}" if found else "holds no accelerator"
        raise BadInput(Fault(f"rack {design.name} {what}", mend="A rack that is to run a need holds accelerators of one kind."))
    return next(iter(found.items()))


def scale_up_size(design: Design) -> int:
    """Accelerators in one scale-up domain."""
    name, count = accelerator_of(design)
    if design.scale_up == "rack":
        return count
    return sum(number for number, item in parts_in(design, design.scale_up) if item.name == name)


def scale_out_link(design: Design) -> Figure:
    """Link rate per accelerator and direction towards other racks or nodes. Raises BadInput where no card is named."""
    _, accelerators = accelerator_of(design)
    nics = pieces(design, "nic")
    if design.scale_out not in nics:
        what = f"'{design.scale_out}' is not in it" if design.scale_out else "no card is named"
        raise BadInput(Fault(f"rack {design.name} joins no other: {what}", mend=f"Add 'network: {{scale_out: CARD}}' with one of: {', '.join(nics) or 'a card in a tray'}."))
    link = design.catalog.figure(design.scale_out, "link_bytes_per_s")
    ratio = nics[design.scale_out] / accelerators
    if ratio == 1.0:
        return link
    note = f"{nics[design.scale_out]} x {design.scale_out} over {accelerators} accelerators"
    ends = (None, None) if link.low is None or link.high is None else (link.low * ratio, link.high * ratio)
    return replace(link, key=f"design.{design.name}.scale_out_link_bytes_per_s", value=link.value * ratio, low=ends[0], high=ends[1], note=note, others=())


def system_of(design: Design, *, catalog: Catalog | None = None) -> System:
    """The System of a design: its accelerators, scale-up domain and scale-out links. Raises BadInput."""
    name, count = accelerator_of(design)
    return make_system(
        design.name, accelerator=name, accelerators=count, scale_up_size=scale_up_size(design), scale_out_link=scale_out_link(design), catalog=catalog or design.catalog,
        announced=design.status != "shipping",
    )  # fmt: skip
