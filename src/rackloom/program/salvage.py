"""What is sound of a section with faults, so that the rest of it is checked in the same run."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar, get_args, get_origin

import pydantic

from ..rack import RackFile
from ..strict import Strict

FileT = TypeVar("FileT", bound=Strict)


def sound(model: type[FileT], entry: Any, needed: tuple[str, ...] = ()) -> FileT | None:
    """An entry with those of its keys that are sound each by itself, the others absent; None when one of `needed` is not.

    Of a mapping of plain values the sound ones are kept. A rack that stands in the program is kept whatever its faults: it is
    read again, to find them all.
    """
    if not isinstance(entry, dict):
        return None
    kept: dict[str, Any] = {}
    for key, info in model.model_fields.items():
        if key not in entry:
            continue
        wants: Any = Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation
        if key == "rack" and isinstance(entry[key], dict):
            kept[key] = RackFile.model_validate({})
        elif _is_sound(wants, entry[key]):
            kept[key] = _read(wants, entry[key])
        elif get_origin(wants) is dict and isinstance(entry[key], dict):
            inner = get_args(wants)[-1]
            kept[key] = {name: _read(inner, value) for name, value in entry[key].items() if _is_sound(inner, value)}
    if any(key not in kept for key in needed):
        return None
    absent = {key: None for key, info in model.model_fields.items() if info.is_required() and key not in kept}
    return model.model_construct(None, **absent, **kept)


def _read(wants: Any, value: Any) -> Any:
    return pydantic.TypeAdapter(wants).validate_python(value, strict=True)


def _is_sound(wants: Any, value: Any) -> bool:
    try:
        _read(wants, value)
    except pydantic.ValidationError:
        return False
    return True
