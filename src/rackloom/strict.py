"""Strict models of files that people write: every fault at its place, with the nearest valid key and the mend."""

from __future__ import annotations

from typing import TypeVar

import pydantic

from .errors import BadInput, Fault
from .reading import Document, Path_
from .wording import Wrong, faults_of, mended

__all__ = ["Strict", "Wrong", "build", "mended"]

ModelT = TypeVar("ModelT", bound=pydantic.BaseModel)


class Strict(pydantic.BaseModel):
    """Base of everything that is read from a file: frozen, no unknown keys, no silent conversions."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True)


def build(model: type[ModelT], document: Document, at: Path_ = (), faults: list[Fault] | None = None) -> ModelT | None:
    """Validate the value at a path of a document as `model`.

    With `faults` given, faults are appended there and None is returned; without, BadInput is raised.
    """
    value = document.value
    for step in at:
        value = value[step]
    try:
        return model.model_validate(value)
    except pydantic.ValidationError as error:
        found = faults_of(model, value, document, tuple(at), error)
    found = sorted(dict.fromkeys(found), key=lambda fault: (fault.place.line, fault.place.column) if fault.place else (0, 0))
    if faults is None:
        raise BadInput(found)
    faults.extend(found)
    return None
