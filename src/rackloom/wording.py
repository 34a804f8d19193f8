"""What pydantic finds wrong in a file that a person wrote, in that person's words: what, where, the nearest valid thing, the mend."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Protocol, Union, get_args, get_origin

import pydantic
import pydantic.fields

from .errors import Fault, Place, nearest

Path_ = tuple[str | int, ...]


class Document(Protocol):
    """A file that knows where its values stand."""

    def place(self, path: Path_ = (), *, key: bool = False) -> Place:
        """Place of the value at a path, or of its key."""
        ...


_SHAPES: dict[Any, str] = {str: "text", int: "a number", float: "a number", bool: "true or false", list: "a list", dict: "a mapping", NoneType: "nothing"}
_WANTED = {"string": "text", "int": "a whole number", "float": "a number", "bool": "true or false", "list": "a list", "dict": "a mapping"}
_LIMITS = {"greater_than": ("gt", "above"), "greater_than_equal": ("ge", "at least"), "less_than": ("lt", "below"), "less_than_equal": ("le", "at most")}


def shown(value: Any, most: int = 60) -> str:
    """A value as a message shows it, cut to `most` characters."""
    text = str(value)
    return text if len(text) <= most else text[: most - 3] + "..."


class Wrong(ValueError):
    """What a validator finds wrong, with the mend."""

    def __init__(self, what: str, mend: str = ""):
        super().__init__(what)
        self.mend = mend


def mended(fault: Fault) -> Fault:
    """The same fault with a mend: what its text says was expected, where it has none of its own."""
    if fault.mend or fault.nearest:
        return fault
    what, mend = _split(fault.what)
    return replace(fault, what=what, mend=mend or "Correct it here; `rackloom schema` lists what may stand where.")


def _split(text: str) -> tuple[str, str]:
    """ "'132' has no unit: expected a number ..." as what is wrong and what to do."""
    match = re.search(r"[:;] expected (?P<wanted>.+)$", text, re.DOTALL)
    return (text[: match.start()], f"Write {match['wanted'].rstrip('.')}.") if match else (text, "")


@dataclass
class _Spot:
    """Where a location of pydantic leads: a path in the file, and what the models want there."""

    path: Path_ = ()
    value: Any = None
    wants: Any = Any  # annotation
    info: pydantic.fields.FieldInfo | None = None
    owner: Any = None  # the model whose key the last step is
    is_key: bool = False
    misfit: tuple[Path_, Any, Any] | None = None  # the first union whose branch does not fit what was written: path, value, union


def faults_of(model: type[pydantic.BaseModel], value: Any, document: Document, at: Path_, error: pydantic.ValidationError) -> list[Fault]:
    """Every error in words; of a union only the branch that fits what was written, or one fault where none does."""
    kept: list[tuple[_Spot, Any]] = []
    misfits: dict[Path_, _Spot] = {}
    for item in error.errors(include_url=False):
        spot = _spot(model, value, item["loc"])
        if spot.misfit:
            misfits.setdefault(spot.misfit[0], _Spot(*spot.misfit, info=spot.info))
        elif not any(other.path == spot.path and other.misfit is None and other.is_key == spot.is_key and one["type"] == item["type"] for other, one in kept):
            kept.append((spot, item))
    told = [_told(spot, item, document, at) for spot, item in kept]
    for path, spot in misfits.items():
        if not any(other.path[: len(path)] == path for other, _ in kept):
            told.append(_misfit(spot, document, at))
    return told


def _spot(model: Any, value: Any, loc: tuple[str | int, ...]) -> _Spot:
    """Walk a location through the models and the value; steps that name a branch of a union stand in no file."""
    spot = _Spot(value=value, wants=model)
    for step in loc:
        members = _members(spot.wants)
        if step == "[key]":
            spot.is_key = True
            continue
        if len(members) > 1:
            member = next((m for m in members if _label(m) == str(step).partition("[")[0]), members[0])
            if _shape(member) not in ("", _SHAPES.get(type(spot.value), "")) and spot.misfit is None:
                spot.misfit = (spot.path, spot.value, spot.wants)
            spot.wants = member
            continue
        inner, origin = members[0], get_origin(members[0])
        spot.owner = inner
        if _is_model(inner):
            spot.info = next((info for name, info in inner.model_fields.items() if step in (name, info.alias)), None)
            spot.wants = spot.info.annotation if spot.info else Any
        elif origin in (dict, list):
            spot.wants = get_args(inner)[-1]
        spot.path = (*spot.path, step)
        try:
            spot.value = spot.value[step]
        except (KeyError, IndexError, TypeError):
            spot.value = None
    return spot


def _members(annotation: Any) -> list[Any]:
    """The branches of a union without None; the annotation itself where it is none."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, UnionType):
        return [inner for arg in get_args(annotation) if arg is not NoneType for inner in _members(arg)]
    return [annotation]


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, pydantic.BaseModel)


def _label(member: Any) -> str:
    """What pydantic calls a branch of a union, without what stands in brackets."""
    origin = get_origin(member)
    return "literal" if origin is Literal else getattr(origin or member, "__name__", "")


def _shape(member: Any) -> str:
    """What stands in a file for a branch of a union; '' where that cannot be said."""
    if _is_model(member):
        return "a mapping"
    if get_origin(member) is Literal:
        return _SHAPES[type(get_args(member)[0])]
    return _SHAPES.get(get_origin(member) or member, "")


def _name(path: Path_) -> str:
    """What a person calls the thing at a path: its key, or the key of the list in which it stands."""
    return str(next((step for step in reversed(path) if isinstance(step, str)), path[-1] if path else "the file"))


def _is(name: str, value: Any, wanted: str) -> str:
    """ "power: 132 is not a mapping" """
    if value is None:
        return f"{name} is empty"
    if isinstance(value, (dict, list)):
        said = "a mapping" if isinstance(value, dict) else "a list"
    else:
        said = str(value).lower() if isinstance(value, bool) else f"'{shown(value)}'" if isinstance(value, str) else shown(value)
    return f"{name}: {said} is not {wanted}"


def _told(spot: _Spot, item: Any, document: Document, at: Path_) -> Fault:
    """One error of pydantic as a fault with its mend."""
    kind, path, name = item["type"], (*at, *spot.path), _name((*at, *spot.path))
    place, context = document.place(path, key=spot.is_key), item.get("ctx") or {}
    if kind == "extra_forbidden":
        choices = _keys(spot.owner)
        return Fault(f"unknown key '{name}'", document.place(path, key=True), nearest(name, choices), f"Keys here: {', '.join(choices)}." if choices else "Remove it.")
    if kind == "missing":
        return Fault(f"'{name}' is missing", document.place(path[:-1]), mend=f"Add '{name}: {_example(spot.wants, spot.info)}' here.")
    if kind == "literal_error":
        wants = get_args(spot.owner)[0] if spot.is_key else spot.wants
        choices = [str(choice) for member in _members(wants) if get_origin(member) is Literal for choice in get_args(member)]
        what = f"unknown key '{name}'" if spot.is_key else _is(name, spot.value, ("one of " if len(choices) > 1 else "") + str(context.get("expected", ", ".join(choices))))
        return Fault(
            what, place, nearest(name if spot.is_key else spot.value, choices), f"Write one of: {', '.join(choices)}." if len(choices) > 1 else f"Write '{name}: {choices[0]}'."
        )
    if kind.startswith("model_"):
        inner = next((member for member in _members(spot.wants) if _is_model(member)), None)
        return Fault(f"{_is(name, spot.value, 'a mapping')}: expected keys {', '.join(_keys(inner))}", place, mend=f"Write '{name}: {_example(inner)}'.")
    if kind in _LIMITS:
        bound, words = _LIMITS[kind]
        return Fault(_is(name, spot.value, f"{words} {context[bound]:g}"), place, mend=f"Write a number {words} {context[bound]:g}.")
    if kind.partition("_")[0] in _WANTED:
        wanted = _WANTED[kind.partition("_")[0]]
        if wanted == "text" and isinstance(spot.value, (int, float)):
            return Fault(_is(name, spot.value, "text"), place, mend=f"Put it in quotes if it is meant: '{str(spot.value).lower()}'.")
        return Fault(_is(name, spot.value, wanted), place, mend=_write(name, spot))
    wrong = context.get("error")
    message = str(wrong) if wrong is not None else str(item["msg"]).replace("Input should be", "expected")
    what, mend = _split(message[:1].lower() + message[1:])
    return Fault(f"{name}: {what}", place, mend=getattr(wrong, "mend", "") or mend or _write(name, spot))


def _misfit(spot: _Spot, document: Document, at: Path_) -> Fault:
    """A value that fits no branch of a union."""
    path = (*at, *spot.path)
    members = _members(spot.wants)
    shapes = list(dict.fromkeys(_shape(member) for member in members))
    keys = [key for member in members if _is_model(member) for key in _keys(member)]
    what = _is(_name(path), spot.value, " or ".join(shapes)) + (f": expected keys {', '.join(keys)}" if keys and spot.value is not None else "")
    return Fault(what, document.place(path), mend=_write(_name(path), spot))


def _write(name: str, spot: _Spot) -> str:
    """The mend of a value: an example of it, and what the field is."""
    example = _example(spot.wants, spot.info)
    described = (spot.info.description if spot.info is not None else "") or ""
    said = re.sub(r"^'[^']+'(, )?", "", described)
    said = f" ({said})" if said else ""
    if example == "...":
        shapes = dict.fromkeys(_shape(member) or "a value" for member in _members(spot.wants))
        return f"Write {' or '.join(shapes)} after '{name}:'{said}."
    in_list = bool(spot.path) and isinstance(spot.path[-1], int)
    return f"Write '{example}'{said}." if in_list else f"Write '{name}: {example}'{said}."


def _keys(model: Any) -> list[str]:
    """Keys of a model, as they are written in files."""
    return [info.alias or name for name, info in model.model_fields.items()] if _is_model(model) else []


def _example(annotation: Any, info: pydantic.fields.FieldInfo | None = None) -> str:
    """What may be written for an annotation, from its schema's example, its description or its choices; '...' where nothing says."""
    for extra in (*(info.metadata if info is not None else ()), *_metadata(annotation)):
        if isinstance(extra, pydantic.WithJsonSchema) and extra.json_schema and extra.json_schema.get("examples"):
            return str(extra.json_schema["examples"][0])
    quoted = re.search(r"'([^']+)'", (info.description if info is not None else "") or "")
    inner = _members(annotation)[0]
    origin = get_origin(inner)
    if _is_model(inner):
        return _example_of(inner)
    if quoted and ": " in quoted[1] and origin is not dict:  # it describes the mapping around this
        quoted = None
    if origin is Literal:
        return str(get_args(inner)[0])
    if origin is list:
        return f"[{quoted[1] if quoted else _example(get_args(inner)[-1])}]"
    if origin is dict:
        return "{" + (quoted[1] if quoted and ": " in quoted[1] else f"NAME: {_example(get_args(inner)[-1])}") + "}"
    return quoted[1] if quoted else "1" if inner in (int, float) else "..."


def _example_of(model: Any) -> str:
    """A mapping with the keys that must be there, or with the first one that has an example."""
    shown_keys = [(info.alias or name, _example(info.annotation, info)) for name, info in model.model_fields.items() if info.is_required()]
    if not shown_keys:
        fields = [(info.alias or name, _example(info.annotation, info)) for name, info in model.model_fields.items() if get_origin(_members(info.annotation)[0]) is not Literal]
        shown_keys = [next((field for field in fields if field[1] not in ("...", "1", "[...]")), fields[0])]
    return "{" + ", ".join(f"{key}: {example}" for key, example in shown_keys) + "}"


def _metadata(annotation: Any) -> list[Any]:
    """What is attached to an annotation, or to those inside a union."""
    own = list(getattr(annotation, "__metadata__", ()))
    return own + [extra for arg in get_args(annotation) if get_origin(annotation) in (Annotated, Union, UnionType) for extra in _metadata(arg)]
