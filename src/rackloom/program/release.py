"""The door `make_release`: a lab's program and its policy in, what others may know of its needs out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, field_validator, model_validator

from ..catalog import system as find_system
from ..errors import BadInput, Fault, RackloomError, nearest
from ..figures import Range
from ..needs import (
    AXES,
    Envelope,
    Estimate,
    Released,
    ReleasePolicy,
    build_envelope,
    find_model,
    release_data,
    release_envelope,
    release_text,
    released_of,
    shipped_models,
)
from ..performance import Fit, fits_of, response_table
from ..rack import system_of
from ..reading import read_yaml
from ..strict import Strict, Wrong, build
from .fields import quantity
from .load import Program
from .plan import YEARS_AHEAD, draws_of, estimate_needs
from .save import write_text

if TYPE_CHECKING:
    Share = Range
    Compute = Range
    Bandwidth = Range
    Memory = Range
else:
    Share = quantity("1", "5 %", "a share", span=False)
    Compute = quantity("FLOP/s", "2 to 8 PFLOP/s", "a range of dense FLOPs a second, of one accelerator")
    Bandwidth = quantity("byte/s", "4 to 16 TB/s", "a range of bytes a second, of one accelerator")
    Memory = quantity("byte", "180 to 450 GB", "a range of memory, of one accelerator")


def _years(value: object) -> tuple[int, int]:
    parts = str(value).split(" to ")
    if not 1 <= len(parts) <= 2 or not all(part.isdigit() and len(part) == 4 for part in parts) or parts[-1] < parts[0]:
        raise ValueError(f"'{value}' is not a span of years: expected '2027 to 2029'")
    return int(parts[0]), int(parts[-1])


Years = Annotated[tuple[int, int], BeforeValidator(_years), WithJsonSchema({"type": "string", "examples": ["2027 to 2029"]})]


class AxesFile(Strict):
    """What a maker may choose; systems inside these ranges can be estimated from the release."""

    compute: Compute = Field(description="dense FLOPs a second of large products, in the precision that the need runs in")
    memory_bandwidth: Bandwidth = Field(description="bytes a second that large kernels reach")
    memory: Memory
    scale_up_link: Bandwidth = Field(description="bytes a second of an accelerator and direction within the scale-up domain")
    scale_up_domain: list[Annotated[int, Field(ge=1)]] = Field(min_length=1, description="accelerators in the scale-up domain, each that the table knows")
    scale_out_link: Bandwidth = Field(description="bytes a second of an accelerator and direction between domains")


class PolicyFile(Strict):
    """A lab's policy of release."""

    version: Literal[1] = 1
    rounding: Share = Field(description="relative step: each value becomes the nearest power of 1 + this")
    quantiles: list[Share] = Field(min_length=1, description="quantiles of the envelope, such as [10 %, 50 %, 90 %]")
    years: Years | None = Field(None, description="years of the envelope; all when absent")
    needs: dict[str, str] = Field(default_factory=dict, description="needs to release and the names under which others see them; all, as need-1, need-2, when absent")
    like: str = Field("gb200-nvl72", description="the system of the catalogue that the systems of the tables are like in all else")
    axes: AxesFile

    @field_validator("rounding")
    @classmethod
    def _coarse_enough(cls, value: Range) -> Range:
        if not 0.01 <= value.low <= 0.5:
            raise Wrong(f"rounding of {100 * value.low:g} % is not from 1 % to 50 %", "5 % is usual; a finer one tells more.")
        return value

    @model_validator(mode="after")
    def _sound(self) -> PolicyFile:
        shares = [q.low for q in self.quantiles]
        if any(not 0.0 < q < 1.0 for q in shares) or shares != sorted(set(shares)):
            raise Wrong("quantiles rise from above 0 to below 100 %", "Such as [10 %, 50 %, 90 %].")
        if len(set(self.needs.values())) != len(self.needs):
            raise Wrong("two needs are released under one name", "Give each a name of its own.")
        same = [name for name, shown in self.needs.items() if name == shown]
        if same:
            raise Wrong(f"need '{same[0]}' is released under its own name, which may tell what it is", f"Give it another, such as '{same[0]}: need-1'.")
        return self


def read_policy(path: str | Path, program: Program) -> ReleasePolicy:
    """Read a policy for a program. Raises BadInput: unknown keys, needs that the program does not have, a system that the catalogue does not."""
    document = read_yaml(path)
    file = build(PolicyFile, document)
    assert file is not None  # build raises
    faults = [
        Fault(f"no need '{name}' in {program.file}", document.place(("needs", name), key=True), nearest=nearest(name, program.needs), mend=f"Its needs: {', '.join(program.needs)}.")
        for name in file.needs if name not in program.needs
    ]  # fmt: skip
    try:
        find_system(file.like, catalog=program.catalog)
    except RackloomError as error:
        faults.append(replace(getattr(error, "fault", None) or Fault(str(error)), place=document.place(("like",))))
    if faults:
        raise BadInput(faults)
    names = dict(file.needs) or {name: f"need-{index}" for index, name in enumerate(sorted(program.needs), 1)}
    a = file.axes
    ranges = {"compute_flop_per_s": a.compute, "memory_bytes_per_s": a.memory_bandwidth, "memory_bytes": a.memory, "scale_up_link_bytes_per_s": a.scale_up_link, "scale_out_link_bytes_per_s": a.scale_out_link}  # fmt: skip
    axes = {name: tuple(float(n) for n in sorted(set(a.scale_up_domain))) if name == "scale_up_domain_count" else (ranges[name].low, ranges[name].high) for name in AXES}
    return ReleasePolicy(file.rounding.low, tuple(q.low for q in file.quantiles), file.years, names, file.like, axes)


@dataclass(frozen=True)
class Release:
    """What a lab lets out: the text of the file, the release as others read it, and how many shipped models would fit each need's table."""

    text: str
    released: Released
    fits: Mapping[str, Fit]


def lab_envelope(program: Program, like: str = "", *, effort: str = "quick") -> tuple[Envelope, Mapping[tuple[str, str], Estimate]]:
    """The envelope as the lab itself sees it, on the program's generations, or on a system of the catalogue where it has none or one is named.

    Raises BadInput for a program without needs.
    """
    if not program.needs:
        raise BadInput(Fault(f"{program.file} has no needs whose envelope could be told", mend="Add 'needs:' with models; a maker's program has 'envelope:' instead."))
    systems = [find_system(like, catalog=program.catalog)] if like else [replace(system_of(d, catalog=program.catalog), name=name) for name, d in program.designs.items()]
    draws = draws_of(program, effort)
    estimates = estimate_needs(program.needs, systems or [find_system("gb200-nvl72", catalog=program.catalog)], program.catalog, draws)
    starts = [need.start.year for need in program.needs.values()]
    return build_envelope(program.needs, estimates, years=range(min(starts), max(starts) + YEARS_AHEAD + 1), catalog=program.catalog, draws=draws), estimates


def make_release(program: Program, policy: ReleasePolicy, *, effort: str = "quick", progress: Callable[[str, int, int], None] | None = None) -> Release:
    """All that the lab releases by a policy: the rounded envelope and a response table for each need; and what it would tell.

    Raises BadInput where a need does not run on the system that the tables are like.
    """
    envelope, estimates = lab_envelope(program, policy.like, effort=effort)
    like = find_system(policy.like, catalog=program.catalog)
    chosen = {name: program.needs[name] for name in policy.names}
    tables = {}
    for name, need in chosen.items():
        tell = (lambda done, total, name=name: progress(f"table of {name}", done, total)) if progress else None
        tables[name] = response_table(
            need, like, axes=policy.axes, rounding_share=policy.rounding_share, estimate=estimates[name, like.name], name=policy.names[name], catalog=program.catalog, progress=tell
        )
    data = release_data(release_envelope(envelope, policy), chosen, tables, policy, as_of=program.as_of)
    models = [find_model(name) for name in shipped_models()]
    fits = {}
    for name, need in chosen.items():
        tell = (lambda done, total, name=name: progress(f"attack on {name}", done, total)) if progress else None
        fits[policy.names[name]] = fits_of(tables[name], need, like, models, catalog=program.catalog, progress=tell)
    return Release(release_text(data), released_of(data), fits)


def write_release(made: Release, path: str | Path) -> Path:
    """Write released.yaml beside and move it into place; raises BadInput rather than write over what is not a release."""
    target = Path(path)
    refuse_other_file(target)
    write_text(target, made.text)
    return target


def refuse_other_file(target: Path) -> None:
    """Raise BadInput where a file is there that is not a release, such as a program."""
    if not target.exists():
        return
    try:
        value: Any = read_yaml(target).value
    except RackloomError:
        value = None
    if not isinstance(value, dict) or "id" not in value or "rounding_share" not in value:
        raise BadInput(Fault(f"'{target}' is there and is not a release", mend="Give another name with --out, such as --out released.yaml."))


__all__ = ["AxesFile", "PolicyFile", "Release", "lab_envelope", "make_release", "read_policy", "refuse_other_file", "write_release"]
